"""A folder that partners share: a network share, a stick, or a folder that a cloud service copies to everyone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cop import files
from cop.errors import NotReachable, NotThere, Refused, TooLarge

ROOT = "cop1"
MAX_DEPTH = 2  # cop1/<publisher>/<file>
_PART = ".part"


class FolderCarrier:
    """Files below one folder. The folder itself is never made: it may be a stick that is not in."""

    read_only = False
    can_list = True

    def __init__(self, address: str) -> None:
        self.address = address
        self.bytes_in = self.bytes_out = self.requests = 0
        self._root = Path(address)
        self._had_files = False

    def list(self) -> dict[str, int]:
        """Names below `cop1/` with their sizes. Raises: NotReachable."""
        self.requests += 1
        try:
            if not self._root.is_dir():
                raise NotReachable(
                    f"There is no folder {self.address}.", hint="Is the stick in? Is the network share connected?"
                )
            found = dict(self._below(ROOT, MAX_DEPTH))
        except OSError as error:
            raise self._failed("cannot be read", error) from error
        self._had_files = bool(found)
        return found

    def _below(self, name: str, depth: int) -> Iterator[tuple[str, int]]:
        try:
            found = sorted(os.scandir(self._root / name), key=lambda one: one.name)
        except FileNotFoundError:  # nobody has written here yet, or somebody has just tidied up
            return
        for one in found:
            below = f"{name}/{one.name}"
            if one.is_dir(follow_symlinks=False) and depth > 1:
                yield from self._below(below, depth - 1)
            elif one.is_file(follow_symlinks=False) and not one.name.endswith(_PART):
                yield below, one.stat(follow_symlinks=False).st_size

    def read(self, name: str, most: int) -> bytes:
        """One file. Raises: NotThere, NotReachable, TooLarge."""
        self.requests += 1
        path = self._path(name)
        try:
            data = _read_plain_file(path, most)
        except FileNotFoundError as error:
            raise NotThere(f"{path} is not there.") from error
        except OSError as error:
            if (self._root / ROOT).is_dir():  # one bad file; the others may be fine
                raise NotThere(f"{path} cannot be read ({error.strerror or error}).") from error
            raise self._failed("cannot be read", error) from error
        self.bytes_in += len(data)
        if len(data) > most:
            raise TooLarge(f"{path} has more than {most:,} bytes.")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, whole or not at all. Raises: NotReachable."""
        self.requests += 1
        path = self._path(name)
        try:
            if not (self._root / (ROOT if self._had_files else ".")).is_dir():  # the stick was pulled out meanwhile
                raise FileNotFoundError(2, "The folder is gone")
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent.is_symlink() or path.parent.parent.is_symlink():
                raise Refused(f"{path.parent} leads somewhere else. Nothing was written.", hint="Take the link away.")
            files.replace(path, data)
        except OSError as error:
            raise self._failed("cannot be written", error) from error
        self.bytes_out += len(data)

    def delete(self, name: str) -> None:
        """Take a file away. Raises: NotReachable."""
        self.requests += 1
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed("cannot be written", error) from error

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or parts[0] != ROOT or ".." in parts or "\\" in name:
            raise Refused(f"“{name}” is no name of a file in a shared folder.")
        return self._root.joinpath(*parts)

    def _failed(self, what: str, error: OSError) -> NotReachable:
        return NotReachable(
            f"{self.address} {what} ({error.strerror or error}). What came and went before is kept.",
            hint="Is the stick in, is there room, and may you write there? It is safe to run again.",
        )


def _read_plain_file(path: Path, most: int) -> bytes:
    """At most one byte more than `most`. Whoever shares the folder may have put a link or a pipe there."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(2, "No plain file", str(path))
        return file.read(most + 1)
