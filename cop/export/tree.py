"""A copy in a folder. Only what changed is written again, and until all of it is there the old copy stays as it was."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from cop import amounts, files
from cop.errors import CopError
from cop.export import manifest
from cop.export.making import Made
from cop.export.manifest import Held, Manifest
from cop.signing import sha256

PART = ".cop-part"  # folder for what is not yet in place


@dataclass
class Written:
    """What became of an export; the keys of `cop export static --json`."""

    files: int = 0  # in the copy
    bytes: int = 0  # of all of them
    written: int = 0  # files that are new or changed
    bytes_written: int = 0
    removed: int = 0  # files that were there before
    lacking: int = 0  # attachments that are not held here

    def count(self, held: Held) -> None:
        """One more file of the copy."""
        self.files, self.bytes = self.files + 1, self.bytes + held.size


@dataclass
class Tree:
    """The folder of a copy, while one writes it."""

    root: Path
    before: Manifest
    now: dict[str, Held] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)  # names of what waits in PART, by number


def opened(root: Path) -> Tree:
    """The folder, which is new, empty or holds a copy. Raises: CopError."""
    if root.exists() and not root.is_dir():
        raise CopError(f"{root} is a file.", hint="Name a folder, or a file that ends in .zip.")
    listed = root / manifest.NAME
    if not listed.exists() and root.exists() and any(one.name != PART for one in root.iterdir()):
        raise CopError(f"{root} holds other files, and no copy.", hint="Name a new folder. Nothing was changed.")
    if listed.exists() and listed.stat().st_size > manifest.MAX_BYTES:
        raise CopError(f"{listed} is too large for a list of files.", hint="Write the copy to a new folder.")
    return Tree(root, manifest.read(listed.read_bytes()) if listed.exists() else {})


def write(tree: Tree, made: Iterable[Made]) -> Written:
    """Write what changed beside the old copy, then put it in place, then take away what is gone."""
    told = Written()
    with explained(tree.root), _alone(tree.root):
        tree.before = opened(tree.root).before  # another run may have ended meanwhile
        for one in made:
            _take(tree, told, one)
        if hasattr(os, "sync"):  # once, not for each of thousands
            os.sync()
        _put_in_place(tree, told)
    return told


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """The folder PART, empty, for one run at a time. Nothing is left in it, however the run ends. Raises: CopError."""
    part = root / PART
    part.mkdir(parents=True, exist_ok=True)
    lock = FileLock(part / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise CopError(f"Another cop is writing the copy in {root} just now.", hint="Wait until it is done.") from None
    try:
        for left in part.glob("[0-9]*"):  # of a run that was killed
            left.unlink()
        yield
    finally:
        shutil.rmtree(part, ignore_errors=True)
        lock.release()


def _take(tree: Tree, told: Written, one: Made) -> None:
    name, old, held = one.place.file, tree.before.get(one.place.file), held_of(one)
    tree.now[name] = held
    told.count(held)
    if held == old and size_of(tree.root / name) == held.size:
        return
    part = tree.root / PART / str(len(tree.parts))
    if one.source is not None:
        shutil.copyfile(one.source, part)
    else:
        part.write_bytes(one.data or b"")
    tree.parts.append(name)
    told.written, told.bytes_written = told.written + 1, told.bytes_written + held.size


def held_of(one: Made) -> Held:
    """Hash and size of a file."""
    if one.source is not None:  # an attachment is called by its hash
        return Held(one.place.address.split("/")[2], one.source.stat().st_size)
    return Held(sha256(one.data or b"").hex(), len(one.data or b""))


def size_of(path: Path) -> int:
    """Bytes of a file, -1 if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _put_in_place(tree: Tree, told: Written) -> None:
    """New files first, the first page last: whatever stops us, what a page leads to is there."""
    order = sorted(
        range(len(tree.parts)), key=lambda at: (tree.parts[at] in tree.before, tree.parts[at] == "index.html", at)
    )
    for at in order:
        path = _inside(tree.root, tree.parts[at])
        path.parent.mkdir(parents=True, exist_ok=True)
        (tree.root / PART / str(at)).replace(path)
    gone = [name for name in tree.before if name not in tree.now]
    if tree.parts or gone or not tree.before:
        files.replace(tree.root / manifest.NAME, manifest.write(tree.now))
    for name in gone:
        _inside(tree.root, name).unlink(missing_ok=True)
        told.removed += 1
    for folder in sorted({str(Path(name).parent) for name in gone}, reverse=True):
        _remove_if_empty(tree.root, tree.root / folder)


def _inside(root: Path, name: str) -> Path:
    """Where a file of the copy lies. Raises: CopError if somebody made a folder of it lead elsewhere."""
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise CopError(f"{path.parent} leads out of {root}.", hint="Write the copy to a new folder.")
    return path


def _remove_if_empty(root: Path, folder: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """What the system says of a disk or a stick, in words, with what to do."""
    try:
        yield
    except OSError as error:
        room = "" if error.errno != errno.ENOSPC else _room(root)
        raise CopError(f"{_what(error, root)}{room}", hint=_HINTS.get(error.errno or 0, _AGAIN)) from error


_AGAIN = "Is the stick or disk still there? Then run the same command again: it goes on from what is there."
_HINTS = {
    errno.ENOSPC: "Make room, or name another place. What was there before is as it was.",
    errno.EROFS: "Is it locked? Some sticks have a switch. Or name another place.",
    errno.EACCES: "Name a place where you may write.",
    errno.ENOENT: "Is there such a folder, and is the stick there? Then run the same command again.",
}


def _what(error: OSError, root: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"There is no more room in {root}."
    if error.errno == errno.EROFS:
        return f"Nothing can be written to {root}."
    return f"The copy in {root} could not be written: {error.strerror or error}."


def _room(root: Path) -> str:
    try:
        return f" {amounts.size(shutil.disk_usage(root).free)} are free."
    except OSError:
        return ""
