"""Which content files may have changed: names, sizes and times only. Nothing is opened, so this stays quick."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cop.errors import WrongUsage

SUFFIXES = (".md", ".markdown")
COARSE_NS = 2_000_000_000  # FAT keeps times to two seconds
FINE_NS = 50_000_000


@dataclass(frozen=True)
class Scan:
    """What a look at the content folder found."""

    candidates: tuple[str, ...]  # paths below content/ to be read: new, or of another size or time, in order
    unchanged: int  # files that need not be opened
    missing: tuple[str, ...]  # saved before and not there now
    odd: tuple[tuple[str, str], ...]  # path and reason: folders named like a file, links out of the folder
    started_ns: int  # when the look began


def scan(db: sqlite3.Connection, content: Path, *, ids_wanted: bool) -> Scan:
    """Compare the whole content folder with what was saved last."""
    started = time.time_ns()
    known = {row[0]: row for row in db.execute("SELECT path, size, mtime_ns, checked_ns, has_id FROM local_file")}
    candidates: list[str] = []
    odd: list[tuple[str, str]] = []
    unchanged = 0
    for path, entry, problem in _walk(content):
        row = known.pop(path, None)
        if problem:
            odd.append((path, problem))
        elif row is not None and _is_unchanged(row, entry.stat(), ids_wanted):
            unchanged += 1
        else:
            candidates.append(path)
    return Scan(tuple(sorted(candidates)), unchanged, tuple(sorted(known)), tuple(odd), started)


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
            found += [f"{below.as_posix()}/{inner}" for inner, _, problem in _walk(path) if not problem]
        elif path.is_file():
            found.append(below.as_posix())
        else:
            raise WrongUsage(f"There is no file {path}.", hint="cop status")
    return Scan(tuple(sorted(found)), 0, (), (), started)


def _is_unchanged(row: sqlite3.Row, stat: os.stat_result, ids_wanted: bool) -> bool:
    _, size, mtime_ns, checked_ns, has_id = row
    if stat.st_size != size or stat.st_mtime_ns != mtime_ns or (ids_wanted and not has_id):
        return False
    # changed again in the same tick of the file system's clock, it would look the same
    tick = FINE_NS if mtime_ns % 1_000_000_000 else COARSE_NS
    return bool(mtime_ns + tick < checked_ns)


def _walk(content: Path) -> Iterator[tuple[str, os.DirEntry[str], str]]:
    """Path, entry and problem ('' if none) of everything named like a content file."""
    folders = [("", str(content))]
    while folders:
        prefix, folder = folders.pop()
        try:
            listing = os.scandir(folder)
        except FileNotFoundError:
            continue
        with listing:
            for entry in listing:
                if entry.name.startswith("."):
                    continue
                path = prefix + entry.name
                named = entry.name.endswith(SUFFIXES)
                if entry.is_symlink():
                    if named:
                        yield path, entry, "this is a link to another place"
                elif entry.is_dir():
                    if named:
                        yield path, entry, "this is a folder, named like a file"
                    folders.append((f"{path}/", entry.path))
                elif named:
                    yield path, entry, "" if entry.is_file() else "this is no ordinary file"
