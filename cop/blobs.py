"""The bytes of attachments on the disk: `data/blobs/<first 2 hex>/<sha256>`, each written once and never changed.

What is not whole yet lies beside it, in a file that ends in `.part`, and goes on where it stopped. Knows no record.
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cop import files
from cop.config import Site

PIECE_BYTES = 65_536  # read at a time
_PART = ".part"


def folder(site: Site) -> Path:
    """Where attachments lie."""
    return folder_beside(site.site_db)


def folder_beside(site_db: Path) -> Path:
    """Likewise, for who knows only the published database."""
    return site_db.parent / "blobs"


def path_of(root: Path, sha256: str) -> Path:
    """Where the bytes with this hash lie, if they are held."""
    return root / sha256[:2] / sha256


def holds(root: Path, sha256: str) -> bool:
    """True if these bytes are here, whole."""
    return path_of(root, sha256).is_file()


def hash_of(file: BinaryIO, most: int) -> tuple[str, int]:
    """SHA-256 and size of what is left of a file; of one with more than `most` bytes, of a little more than these."""
    digest, size = hashlib.sha256(), 0
    while size <= most and (piece := file.read(PIECE_BYTES)):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def keep(root: Path, file: BinaryIO, most: int) -> tuple[str, int]:
    """Store the bytes of an open file, unless they are here already. Returns hash and size.

    One that has more than `most` bytes, or none, is not stored: the size tells. Raises: OSError.
    """
    sha256, size = hash_of(file, most)
    if 0 < size <= most and not holds(root, sha256):
        file.seek(0)
        target = path_of(root, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = root / f"new-{os.getpid()}"  # apart from what comes from partners at the same time
        if _copy(file, copy, most) != (sha256, size):
            copy.unlink()
            raise OSError(errno.EBUSY, "somebody writes into it just now")
        files.put_in_place(copy, target)
        _mark(root)
    return sha256, size


def _copy(file: BinaryIO, target: Path, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with files.writing(target) as copy:
        while size <= most and (piece := file.read(PIECE_BYTES)):
            copy.write(piece)
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _mark(root: Path) -> None:
    """The time of the folder says when something came: pages that say what is held are made anew then."""
    with suppress(OSError):
        os.utime(root)


def state(root: Path | str) -> str:
    """Another one whenever another attachment is held."""
    try:
        return str(os.stat(root).st_mtime_ns)  # noqa: PTH116 - asked for every reader, and a Path takes longer
    except OSError:
        return ""


def pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file from `start` to before `end`, a piece at a time."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE_BYTES, end - start))):
            start += len(piece)
            yield piece


class Part:
    """An attachment on its way here. `sender` keeps apart what several send at once."""

    def __init__(self, root: Path, sha256: str, sender: str = "") -> None:
        self._root, self._sha256 = root, sha256
        target = path_of(root, sha256)
        self.path = target.with_name(f"{sha256}{'.' + sender if sender else ''}{_PART}")

    @property
    def length(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def add(self, pieces: Iterator[bytes], room: int) -> int:
        """Put pieces behind what is there, and flush; never more than `room` bytes. Returns how many were left over."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self.path, flags, 0o666), "ab") as file:
            try:
                for piece in pieces:
                    file.write(piece[:room])
                    if len(piece) > room:
                        return len(piece) - room
                    room -= len(piece)
            finally:  # what came before the line was cut counts
                file.flush()
                os.fsync(file.fileno())
        return 0

    def finish(self) -> bool:
        """Make it an attachment if it has the right hash; else throw it away. Returns whether it has."""
        with self.path.open("rb") as file:
            fits = hash_of(file, self.length)[0] == self._sha256
        if not fits:
            self.drop()
            return False
        files.put_in_place(self.path, path_of(self._root, self._sha256))
        _mark(self._root)
        return True

    def drop(self) -> None:
        """Begin anew next time."""
        self.path.unlink(missing_ok=True)


def tidy(root: Path, wanted: frozenset[str]) -> None:
    """Throw away beginnings of attachments that no record names any more."""
    for path in root.glob(f"*/*{_PART}") if root.is_dir() else ():
        if path.name.partition(".")[0] not in wanted:
            path.unlink(missing_ok=True)


def destroy(root: Path, sha256: str) -> None:
    """Take these bytes away for good, with beginnings of them that are on their way."""
    target = path_of(root, sha256)
    for path in (target, *target.parent.glob(f"{sha256}*{_PART}")):
        path.unlink(missing_ok=True)
    if root.is_dir():
        _mark(root)
