"""Tells one state of the published database from another, for who keeps something that was made of it."""

import os
import sqlite3
import threading
import time
from datetime import date
from pathlib import Path

from datasette import database as datasette_database

from cop import blobs, ready_copies

State = tuple[object, ...]
FileId = tuple[int, int]


def file_id(path: str | None) -> FileId | None:
    """Tells one file from another at the same place; None if it is none, or not there now."""
    try:
        stat = os.stat(path) if path else None  # noqa: PTH116 - a Path takes half as long again
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino) if stat else None


class Watch:
    """Looks at one `site.db`. All calls come from one thread."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._blobs = str(blobs.folder_beside(path))
        self._ready = str(ready_copies.folder_beside(path) / ready_copies.LIST)
        self._db: sqlite3.Connection | None = None
        self._file: FileId | None = None  # the file that `_db` reads
        self._opened = 0

    def state(self) -> State | None:
        """Equal as long as nothing changed, within an hour of one day; None while it cannot be told.

        Every reader waits for this, so it does with three looks at the disk and one question: some 10 microseconds.
        """
        try:
            stat = os.stat(self._path)  # noqa: PTH116 - a Path takes half as long again
            if self._db is None or self._file != (stat.st_dev, stat.st_ino):
                self._db = self._open((stat.st_dev, stat.st_ino))
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
        except (OSError, sqlite3.Error):  # it is gone, or being put in place
            return None
        return (
            self._opened,
            version,
            stat.st_size,
            stat.st_mtime_ns,
            blobs.state(self._blobs),
            ready_copies.state(self._ready),
            date.today(),
            time.time() // 3600,
        )

    def _open(self, file: FileId) -> sqlite3.Connection:
        """Open it, not the one before. While one is open here, no other file gets its number, even if it is deleted."""
        # it must not wait: this runs between the answers to all other readers
        db = sqlite3.connect(
            f"{Path(self._path).absolute().as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
        db.execute("PRAGMA data_version").fetchone()
        if self._file not in (None, file):
            _reopen_everywhere()
        if self._db is not None:
            self._db.close()
        self._file = file
        self._opened += 1
        return db


def _reopen_everywhere() -> None:
    """Datasette's threads each keep a connection for ever; after `site.db` was deleted they would read the old one on."""
    datasette_database.connections = threading.local()
