"""Which records have views that are older than the log: the marks in `local_stale`, one for each change.

And whether something is left to do outside the log after texts were erased in it. Every command asks both, so this imports little.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import date

from cop.model import RecordId


def today() -> date:
    """The day here, by which it is decided what has ended."""
    return date.today()


def are_of(db: sqlite3.Connection, day: date) -> bool:
    """True if the views were made on that day, or looked through then for what has ended."""
    row = db.execute("SELECT value FROM local_setting WHERE name = 'views_day'").fetchone()
    return row is not None and row[0] == day.isoformat()


def is_any(db: sqlite3.Connection) -> bool:
    """True if there is such a record, or there may be one because another day has begun."""
    if not are_of(db, today()):
        return True
    return db.execute("SELECT 1 FROM local_stale LIMIT 1").fetchone() is not None


def traces_are_left(db: sqlite3.Connection) -> bool:
    """True if something of what was erased in the log is still to be cleaned up outside of it: see `traces`."""
    return db.execute("SELECT 1 FROM local_forget LIMIT 1").fetchone() is not None


def count(db: sqlite3.Connection) -> int:
    """How many records are behind."""
    return int(db.execute("SELECT count(DISTINCT record_id) FROM local_stale").fetchone()[0])


def records(db: sqlite3.Connection) -> list[RecordId]:
    """The records that are behind, the longest first."""
    rows = db.execute("SELECT record_id FROM local_stale GROUP BY record_id ORDER BY min(mark)")
    return [row[0] for row in rows]


def newest_mark(db: sqlite3.Connection) -> int | None:
    """The newest mark: what is redone from here on holds everything up to it. None: nothing is behind."""
    mark: int | None = db.execute("SELECT max(mark) FROM local_stale").fetchone()[0]
    return mark


def mark_records_of(db: sqlite3.Connection, writers: Sequence[str] | None) -> None:
    """Mark the records that these writers (hex) touched; all records for None."""
    if writers is None:
        db.execute("INSERT INTO local_stale (record_id) SELECT DISTINCT record_id FROM log_item")
        return
    db.executemany(
        "INSERT INTO local_stale (record_id) SELECT DISTINCT record_id FROM log_item JOIN log_entry USING (entry_number)"
        " WHERE writer = ?",
        ([bytes.fromhex(writer)] for writer in writers),
    )


def mark(db: sqlite3.Connection, record_id: RecordId) -> None:
    """Mark one record, if it is here."""
    db.execute(
        "INSERT INTO local_stale (record_id) SELECT DISTINCT record_id FROM log_item WHERE record_id = ?", [record_id]
    )


def done(db: sqlite3.Connection, record_ids: Sequence[RecordId], mark: int) -> None:
    """These records were redone with everything up to a mark. What was changed since then stays marked."""
    db.execute(
        "DELETE FROM local_stale WHERE mark <= ? AND record_id IN (SELECT value FROM json_each(?))",
        [mark, json.dumps(record_ids)],
    )
