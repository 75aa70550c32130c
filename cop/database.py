"""How our SQLite files are opened and written to. Their tables stand in `schema` (store.db) and `site_schema` (site.db)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APPLICATION_ID = 0x636F7031  # "cop1", of store.db; that of site.db is the next
BUSY_SECONDS = 30


def connect(path: Path) -> sqlite3.Connection:
    """Open a file of ours, empty if it is new."""
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    db.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "journal_mode = WAL"):
        db.execute(f"PRAGMA {pragma}")
    return db


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction that takes the write lock at once; nested calls join the outer one."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def make_tables(db: sqlite3.Connection, statements: str, application_id: int) -> None:
    """Make tables, and mark the file as ours."""
    # executescript would commit on its own; within one transaction a kill leaves the file as it was
    for statement in _split(statements):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {application_id}")


def _split(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def written_anew(db: sqlite3.Connection) -> bool:
    """Leave no byte of what was deleted. False if that has to wait, as while somebody reads.

    `secure_delete` is not enough: when SQLite moves rows from page to page, parts of them stay in the room between.
    """
    try:
        db.execute("VACUUM")
    except sqlite3.OperationalError:  # somebody writes, or there is no room on the disk
        return False
    return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
