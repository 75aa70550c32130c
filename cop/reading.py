"""Content files from the disk: each is opened once, its size capped while it is read. Writes nothing."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cop import content
from cop.content import ContentFile
from cop.errors import BadContent
from cop.workers import map_in_processes

MANY = 300  # from here on files are read by all processors


@dataclass(frozen=True)
class Problem:
    """A content file that was left out, and what to do about it."""

    path: str  # below the site folder
    line: int
    reason: str
    hint: str


@dataclass(frozen=True)
class FileRead:
    """A content file as it lay on the disk."""

    path: str  # below content/
    size: int
    mtime_ns: int
    file_hash: bytes
    content: ContentFile | None
    problem: Problem | None


def read_all(folder: Path, paths: Sequence[str]) -> Iterator[FileRead]:
    one = partial(read_one, folder)
    if len(paths) < MANY:
        return map(one, paths)
    return map_in_processes(one, paths, partial(_unreadable, folder), processes=os.cpu_count() or 1)


def read_one(folder: Path, path: str) -> FileRead:
    """Read one file; its size is capped while reading."""
    try:
        with (folder / path).open("rb") as file:
            stat = os.fstat(file.fileno())
            data = file.read(content.MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        problem = Problem(f"content/{path}", 1, "it went away while it was read", "Is it there now? Then: cop load")
        return FileRead(path, 0, 0, b"", None, problem)
    except OSError as error:
        problem = Problem(f"content/{path}", 1, f"it cannot be opened ({error.strerror})", "Check who may read it.")
        return FileRead(path, 0, 0, b"", None, problem)
    parsed: ContentFile | None = None
    bad: Problem | None = None
    try:
        parsed = content.read(data, path)
    except BadContent as error:
        reason = error.reason.replace(f"{len(data):,}", f"{stat.st_size:,}")  # of the whole file, not what was read
        bad = Problem(error.path, error.line, reason, error.hint)
    return FileRead(path, stat.st_size, stat.st_mtime_ns, hash_bytes(data), parsed, bad)


def _unreadable(folder: Path, path: str) -> FileRead:
    problem = Problem(f"content/{path}", 1, "reading it took too long", "Make its front matter simpler.")
    return FileRead(path, 0, 0, b"", None, problem)


def hash_file(path: Path) -> bytes:
    """Likewise, of a file on the disk; b"" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hash_bytes(file.read(content.MAX_FILE_BYTES + 1))
    except OSError:
        return b""


def hash_bytes(data: bytes) -> bytes:
    """What tells one state of a file from another, 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()
