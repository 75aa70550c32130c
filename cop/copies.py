"""Copies of the collection that left this folder, on sticks or elsewhere: what was erased since may still be in them.

An installation keeps its own list. It says where a copy was written, never where it was carried.
"""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cop.database import writing
from cop.errors import WrongUsage

BUNDLE = "bundle"
EXPORT = "export"  # of the site, for readers
BACKUP = "backup"


@dataclass(frozen=True)
class Copy:
    """One copy, as far as we know still there."""

    kind: str
    path: str
    receiver: str  # name of the partner it is for, "" for anyone
    made_time: int  # seconds UTC
    first_entry: int
    last_entry: int


def register(
    db: sqlite3.Connection, kind: str, path: Path | str, receiver: str, numbers: Collection[int], now: int
) -> None:
    """Note that a copy with these entries (`entry_number`) was written. One at the same path is taken to be replaced.

    `path` is a string if it is the address of an object store.
    """
    first, last = (min(numbers), max(numbers)) if numbers else (0, -1)
    with writing(db):
        db.execute(
            "INSERT INTO local_copy (kind, path, receiver, made_time, first_entry, last_entry) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (kind, path) DO UPDATE SET receiver = excluded.receiver, made_time = excluded.made_time,"
            " first_entry = excluded.first_entry, last_entry = excluded.last_entry, gone_time = 0",
            [kind, path if isinstance(path, str) else str(path.absolute()), receiver, now, first, last],
        )


def register_export(db: sqlite3.Connection, target: str, now: int) -> None:
    """Note that a copy of the site is being written to a path or an address: anything that was in it may stand there."""
    register(db, EXPORT, target if "://" in target else Path(target), "", (0, last_entry(db)), now)


def last_entry(db: sqlite3.Connection) -> int:
    """The newest `entry_number`, 0 if there is none."""
    return int(db.execute("SELECT coalesce(max(entry_number), 0) FROM log_entry").fetchone()[0])


def destroyed(db: sqlite3.Connection, path: Path, now: int) -> None:
    """Take a copy off the list, because somebody says that it is destroyed. Raises: WrongUsage if it is not on it."""
    with writing(db):
        done = db.execute(
            "UPDATE local_copy SET gone_time = ? WHERE path IN (?, ?) AND gone_time = 0",
            [now, str(path), str(path.absolute())],
        )
    if not done.rowcount:
        raise WrongUsage(f"There is no such copy on the list: {path}", hint="cop erasures")


def all_there(db: sqlite3.Connection) -> list[Copy]:
    """Those that were not said to be destroyed, the oldest first."""
    rows = db.execute(
        "SELECT kind, path, receiver, made_time, first_entry, last_entry FROM local_copy WHERE gone_time = 0 ORDER BY number"
    )
    return [Copy(*row) for row in rows]


def that_may_hold(copies: Sequence[Copy], numbers: Collection[int]) -> list[Copy]:
    """Those that may hold one of these entries (`entry_number`)."""
    return [one for one in copies if any(one.first_entry <= number <= one.last_entry for number in numbers)]
