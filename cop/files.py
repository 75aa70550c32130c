"""Writing files so that a crash leaves the old content or the new, never half of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cop.errors import CopError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def replace(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Put `data` at `path`: write beside it, flush to the disk, rename, flush the folder."""
    try:
        _write_part(path, data, mode).replace(path)
    except OSError:
        with suppress(OSError):  # a full stick needs the room
            path.with_name(f"{path.name}.part").unlink()
        raise
    _flush_folder(path.parent)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A new file at `path`, for as much as one writes; it appears only when all of it is on the disk."""
    part = path.with_name(f"{path.name}.part")
    with _opened(part) as file:
        _alone(file, path)
        try:
            file.truncate(0)  # what a run left that was stopped
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:  # while it is locked: the next one may not begin to write into it before
                part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)  # whatever stood at `path` before still does
            raise
    if fcntl is None:  # Windows: an open file keeps its name
        part.replace(path)
    _flush_folder(path.parent)


def _opened(part: Path) -> BinaryIO:
    """A file, made if it is missing. What is there is not emptied before it is known that nobody else writes it."""
    new = not part.exists()
    try:
        part.touch()
        return part.open("r+b")
    except OSError:
        if new:
            part.unlink(missing_ok=True)
        raise


def _alone(file: BinaryIO, path: Path) -> None:
    """Raises: CopError if another process writes the same file; on Windows the system sees to that."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CopError(f"Another cop is writing {path} just now.", hint="Wait until it is done.") from None
    except OSError:  # some network disks know no locks
        return


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """Like `replace` for many files at once. Each file is old or new after a crash; one flush serves them all."""
    parts = {path: _write_part(path, data, None, flush=not hasattr(os, "sync")) for path, data in contents.items()}
    if parts and hasattr(os, "sync"):
        os.sync()
    for path, part in parts.items():
        part.replace(path)
    for folder in {path.parent for path in parts}:
        _flush_folder(folder)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file that is whole and flushed its name."""
    part.replace(path)
    _flush_folder(path.parent)


def _write_part(path: Path, data: bytes, mode: int | None, *, flush: bool = True) -> Path:
    part = path.with_name(f"{path.name}.part")
    no_link = getattr(os, "O_NOFOLLOW", 0)  # in a shared folder, somebody may have put one there
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | no_link, mode if mode is not None else 0o666)
    with os.fdopen(descriptor, "wb") as file:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        elif mode is None and path.exists():
            part.chmod(path.stat().st_mode & 0o7777)
        file.write(data)
        file.flush()
        if flush:
            os.fsync(descriptor)
    return part


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
