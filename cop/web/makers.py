"""The threads that make pages. Python runs one of them at a time and hands over dearly, so there are few; and what takes long
has its own, so that no page waits for a search or for a list of all sources, nor for Datasette's tables.

Three threads for every page took a quarter more processor time for each than one (benchmarks/README.md, Pages).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, TypeVar
from weakref import WeakKeyDictionary

from cop.remembered import Memory, remembering
from cop.web.watch import FileId, file_id

Line = Literal["pages", "searches", "files"]
_Made = TypeVar("_Made")


class Maker:
    """One thread with a connection of its own to one of Datasette's databases."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cop-page")
        self._db: sqlite3.Connection | None = None
        self._file: FileId | None = None  # the file that `_db` reads
        self._version = 0  # of its content
        self._memory: Memory = {}

    async def make(self, datasette: Any, database: str, read: Callable[[sqlite3.Connection], _Made]) -> _Made:
        """What `read` makes of the database, once its turn has come."""
        run = partial(self._run, datasette, database, read)
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _run(self, datasette: Any, database: str, read: Callable[[sqlite3.Connection], _Made]) -> _Made:
        file = file_id(datasette.databases[database].path)
        if self._db is None or file not in (None, self._file):  # another took its place
            if self._db is not None:
                self._db.close()
            self._db, self._file, self._memory = _open(datasette, database), file, {}
        with self._one_state(self._db):
            return read(self._db)

    @contextmanager
    def _one_state(self, db: sqlite3.Connection) -> Iterator[None]:
        """All questions of one page see the same state, even while a load writes; and what was read of it before."""
        db.execute("BEGIN")
        try:
            version = db.execute("PRAGMA data_version").fetchone()[0]  # within: from here on nothing changes
            if version != self._version:
                self._version, self._memory = version, {}
            with remembering(self._memory):
                yield
        finally:
            db.rollback()


_makers: WeakKeyDictionary[Any, dict[Line, Maker]] = WeakKeyDictionary()


def maker(datasette: Any, line: Line) -> Maker:
    """Who makes the pages of this kind."""
    known = _makers.setdefault(datasette, {})
    if line not in known:
        known[line] = Maker()
    return known[line]


def _open(datasette: Any, database: str) -> sqlite3.Connection:
    db: sqlite3.Connection = datasette.databases[database].connect()
    datasette._prepare_connection(db, database)  # as Datasette does for its own threads
    db.text_factory = (
        str  # all text in it is ours, and a function of Python's for each value takes a tenth of a page's time
    )
    return db
