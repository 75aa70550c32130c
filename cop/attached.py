"""Which files content files name, and whether they are as they were when last saved or written.

A file named in a content file must lie in the content folder itself; nothing is followed out of it. One that did not
change is not read again: size and time tell, as for content files.
"""

import os
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cop import blobs
from cop.attachments import MAX_BYTES
from cop.config import Site
from cop.scan import is_unchanged

SAVE = "Mend the line or put the file there. Then: cop load"


class Unfit(Exception):
    """Why a file cannot be taken in, and what to do about it."""

    def __init__(self, reason: str, hint: str = SAVE) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


@dataclass(frozen=True)
class Known:
    """A file that a content file names, as it was when last saved or written."""

    written: str
    file: str  # below content/
    name: str  # what the record calls it
    size: int
    mtime_ns: int
    checked_ns: int
    sha256: str

    @property
    def key(self) -> str:
        """As that of its attachment."""
        return f"{self.sha256}/{self.name}"

    def is_unchanged(self, found: os.stat_result) -> bool:
        """True if size and time say that it need not be read again."""
        return is_unchanged(self.size, self.mtime_ns, self.checked_ns, found)


def known_files(db: sqlite3.Connection, path: str) -> list[Known]:
    """What a content file named when it was last saved or written."""
    rows = db.execute(
        "SELECT written, file, name, size, mtime_ns, checked_ns, sha256 FROM local_attachment WHERE path = ?", [path]
    )
    return [Known(*row) for row in rows]


def remember(db: sqlite3.Connection, path: str, files: Sequence[Known], old_path: str = "") -> None:
    """Keep the state in which attachments were saved or written."""
    db.executemany("DELETE FROM local_attachment WHERE path = ?", [[path], [old_path]])
    db.executemany(
        "INSERT INTO local_attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ([path, one.written, one.file, one.name, one.size, one.mtime_ns, one.checked_ns, one.sha256] for one in files),
    )


def is_changed(site: Site, db: sqlite3.Connection, path: str) -> bool:
    """True if a file that a content file names is another one than was saved. One that is gone is not changed."""
    return any(hash_now(site, known) not in ("", known.sha256) for known in known_files(db, path))


def hash_now(site: Site, known: Known) -> str:
    """The hash of a file as it lies there, "" if it is gone or cannot be read."""
    try:
        with open_plain(site.content, known.file) as file:
            unchanged = known.is_unchanged(os.fstat(file.fileno()))
            return known.sha256 if unchanged else blobs.hash_of(file, MAX_BYTES)[0]
    except (Unfit, OSError, ValueError):
        return ""


def open_plain(root: Path, below: str) -> BinaryIO:
    """A plain file below the content folder, no part of whose path is a link. Raises: Unfit, OSError."""
    path = root
    for part in below.split("/"):
        path = path / part
        if path.is_symlink():
            raise Unfit(f"content/{path.relative_to(root).as_posix()} is a link", "Put the file itself there.")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unfit(f"content/{below} is no ordinary file")
    return os.fdopen(descriptor, "rb")
