"""Which content files may have changed: names, sizes and times only. Nothing is opened, so this stays quick."""

import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cop.errors import WrongUsage

SUFFIXES = (".md", ".markdown")
COARSE_NS = 2_000_000_000  # FAT keeps times to two seconds
FINE_NS = 50_000_000
_UNSHOWN = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]")  # the last: bytes that are no UTF-8, as Python shows them


@dataclass(frozen=True)
class Odd:
    """Something in the content folder that is no file to read, and what to do about it."""

    path: str  # below content/
    reason: str
    hint: str


@dataclass(frozen=True)
class Scan:
    """What a look at the content folder found."""

    candidates: tuple[str, ...]  # paths below content/ to be read: new, or of another size or time, in order
    unchanged: int  # files that need not be opened
    missing: tuple[str, ...]  # saved before and not there now
    odd: tuple[Odd, ...]  # folders named like a file, links out of the folder
    started_ns: int  # when the look began
    attached: frozenset[str] = frozenset()  # candidates that name a file which may have changed


def scan(db: sqlite3.Connection, content: Path, *, ids_wanted: bool) -> Scan:
    """Compare the whole content folder with what was saved last."""
    started = time.time_ns()
    known = {row[0]: row for row in db.execute("SELECT path, size, mtime_ns, checked_ns, has_id FROM local_file")}
    candidates: list[str] = []
    odd: list[Odd] = []
    unchanged = 0
    for found in _walk(content):
        if isinstance(found, Odd):
            known.pop(found.path, None)
            odd.append(found)
            continue
        path, entry = found
        row = known.pop(path, None)
        stat = _stat(entry) if row else None
        if row is None or (stat and not _is_unchanged(row, stat, ids_wanted)):
            candidates.append(path)
        elif stat:
            unchanged += 1
        else:
            known[path] = row
    missing = sorted(_not_withdrawn(db, known))
    attached = _with_changed_files(db, content) - {*known, *(one.path for one in odd)}
    also = attached - set(candidates)
    candidates += also
    unchanged -= len(also)
    return Scan(tuple(sorted(candidates)), unchanged, tuple(missing), tuple(odd), started, frozenset(attached))


def _with_changed_files(db: sqlite3.Connection, content: Path) -> set[str]:
    """Content files that name a file which is gone, or of another size or time."""
    rows = db.execute(
        "SELECT path, file, a.size, a.mtime_ns, a.checked_ns FROM local_attachment AS a JOIN local_file USING (path)"
    )
    found = set()
    for path, file, size, mtime_ns, checked_ns in rows:
        try:
            unchanged = is_unchanged(size, mtime_ns, checked_ns, (content / file).lstat())
        except OSError:
            unchanged = False
        if not unchanged:
            found.add(path)
    return found


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except FileNotFoundError:  # it vanished since the folder was listed
        return None


def _not_withdrawn(db: sqlite3.Connection, known: Iterable[str]) -> set[str]:
    """A file that is gone is no news once its record was hidden."""
    gone = set(known)
    if not gone:
        return gone
    hidden = db.execute("SELECT path FROM local_file JOIN view_record USING (record_id) WHERE state = 'withdrawn'")
    return gone - {row[0] for row in hidden}


def look_at(content: Path, paths: Sequence[Path]) -> Scan:
    """Take just the named files, whatever their size and time. Raises: WrongUsage."""
    started = time.time_ns()
    found = []
    for path in paths:
        try:
            below = path.resolve().relative_to(content.resolve())
        except ValueError as error:
            raise WrongUsage(f"{path} is not in {content}.", hint="cop load") from error
        if path.is_dir():
            inside = [one for one in _walk(path) if not isinstance(one, Odd)]
            found += [(below / inner).as_posix() for inner, _ in inside]
        elif path.is_file() and not path.name.lower().endswith(SUFFIXES):
            raise WrongUsage(f"{path} is no content file.", hint=f"Content files end in {' or '.join(SUFFIXES)}.")
        elif path.is_file():
            found.append(below.as_posix())
        else:
            raise WrongUsage(f"There is no file {path}.", hint="cop status")
    return Scan(tuple(sorted(found)), 0, (), (), started)


def _is_unchanged(row: sqlite3.Row, stat: os.stat_result, ids_wanted: bool) -> bool:
    _, size, mtime_ns, checked_ns, has_id = row
    return not (ids_wanted and not has_id) and is_unchanged(size, mtime_ns, checked_ns, stat)


def is_unchanged(size: int, mtime_ns: int, checked_ns: int, stat: os.stat_result) -> bool:
    """True if a file need not be read again, by its size and time."""
    if stat.st_size != size or stat.st_mtime_ns != mtime_ns:
        return False
    # changed again in the same tick of the file system's clock, it would look the same
    tick = FINE_NS if mtime_ns % 1_000_000_000 else COARSE_NS
    return bool(mtime_ns + tick < checked_ns)


def every_file(content: Path) -> tuple[list[str], list[Odd]]:
    """All content files, below the content folder, and what people should know of besides."""
    found = list(_walk(content))
    return sorted(one[0] for one in found if isinstance(one, tuple)), [one for one in found if isinstance(one, Odd)]


def _walk(content: Path) -> Iterator[tuple[str, os.DirEntry[str]] | Odd]:
    """Path and entry of everything named like a content file, and what else people should know of."""
    folders = [("", str(content))]
    while folders:
        prefix, folder = folders.pop()
        try:
            listing = os.scandir(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = f"this folder cannot be opened ({error.strerror})"
            yield Odd(prefix.rstrip("/"), reason, "Check who may read it.")
            continue
        with listing:
            for entry in listing:
                if entry.name.startswith("."):
                    continue
                odd = _odd(prefix, entry)
                if odd:
                    yield odd
                elif _is_named(entry) and not entry.is_dir(follow_symlinks=False):
                    yield prefix + entry.name, entry
                if entry.is_dir(follow_symlinks=False) and not _UNSHOWN.search(entry.name):
                    folders.append((f"{prefix}{entry.name}/", entry.path))


def _is_named(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES)


def _odd(prefix: str, entry: os.DirEntry[str]) -> Odd | None:
    path, named = prefix + entry.name, _is_named(entry)
    is_folder = Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()
    if not (named or is_folder):
        return None
    if _UNSHOWN.search(entry.name):
        shown = prefix + _UNSHOWN.sub("�", entry.name)
        return Odd(shown, "its name has characters that cannot be shown", "Give it another name.")
    if entry.is_symlink():
        return Odd(path, "this is a link to another place", "Put what it leads to here instead.")
    if is_folder and named:
        return Odd(path, "this is a folder, named like a file", "Give it another name.")
    if named and not entry.is_file():
        return Odd(path, "this is no ordinary file", "Move it elsewhere.")
    return None
