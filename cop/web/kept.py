"""What takes a look at every record is read once, and kept for as long as the copy is the same and the day lasts."""

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from cop.web.asked import read_meta

_Found = TypeVar("_Found")
_TELLS_APART = ("digest", "as_of", "organisation")  # one copy from another


class Kept(Generic[_Found]):
    """Reads something from a whole copy; asked again about the same copy on the same day, it has it still."""

    def __init__(self, read: Callable[[sqlite3.Connection], _Found], today: Callable[[], date] = date.today) -> None:
        self._read, self._today = read, today
        self._kept: dict[tuple[object, ...], _Found] = {}

    def __call__(self, db: sqlite3.Connection) -> _Found:
        """What `read` finds in this copy. Consent ends with a day, and changes no digest."""
        meta = read_meta(db)
        key = *(meta.get(name, "") for name in _TELLS_APART), _file(db), self._today()
        if key in self._kept:
            return self._kept[key]
        found = self._read(db)
        self._kept.clear()
        if meta.get("digest"):  # else nothing tells this copy from another
            self._kept[key] = found
        return found


def _file(db: sqlite3.Connection) -> tuple[str, int]:
    """Which file it is: one that was made anew may count its records otherwise."""
    path = next((row[2] for row in db.execute("PRAGMA database_list") if row[1] == "main"), "")
    return path, Path(path).stat().st_ino if path else 0
