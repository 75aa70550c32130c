"""From a file of another program to content files: each written once, and never over anything that is there."""

import importlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from cop import content, files, writeback
from cop.config import Site
from cop.errors import BadContent, CopError, WrongUsage
from cop.fields import TYPES
from cop.importing.drafts import Draft, Known, Unread
from cop.model import RecordId
from cop.progress import Progress, no_progress
from cop.publish import short_address, title_of
from cop.schema import open_store

READERS = {".bib": "bibtex", ".ris": "ris", ".json": "csl", ".csv": "table", ".ics": "ics"}  # modules of this package
MAX_BYTES = 20_000_000  # of a file
MOST = 20_000  # entries of one file
_ID_LINE = re.compile(rb"^id: *([a-z2-7]{26})\s*$", re.MULTILINE)
_HEAD_BYTES = 1000  # of a content file, in which its id stands
_Read = Callable[[str, Known], Iterator[Draft | Unread]]


@dataclass
class Taken:
    """What became of a file; the keys of `cop import --json`."""

    entries: int = 0
    written: list[str] = field(default_factory=list)  # content files, below the site folder
    already: int = 0  # entries that are here, or were here before
    refused: list[dict[str, object]] = field(default_factory=list)
    remarks: list[dict[str, object]] = field(default_factory=list)
    kept: Mapping[str, int] = field(default_factory=Counter)  # fields that no page shows, and in how many entries
    left_out: Mapping[str, int] = field(default_factory=Counter)  # what was not taken, and of how many entries


@dataclass
class _Run:
    """One import, and what it has seen so far."""

    site: Site
    name: str  # of the file
    db: sqlite3.Connection | None  # None: nothing was ever loaded
    taken: Taken = field(default_factory=Taken)
    seen: dict[RecordId, str] = field(default_factory=dict)  # titles of the entries of this file
    files: dict[Path, bytes] = field(default_factory=dict)  # to be written
    kept: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def take_in(
    site: Site, path: Path, *, type_name: str = "resource", dry_run: bool = False, progress: Progress = no_progress
) -> Taken:
    """Write a content file for each entry that is not here yet. `progress` is told lines: each is read, then written.

    Raises: CopError if the file cannot be read, and then nothing is written.
    """
    read, text = _reader(path), _text(path)
    lines = text.count("\n") + 1
    run = _Run(site, path.name, open_store(site.store_db) if site.store_db.exists() else None)
    for one in read(text, Known(path.name, _topics(site), type_name)):
        _look(run, one)
        progress(one.line, 2 * lines)
    if not run.taken.entries:
        raise CopError(f"There are no entries in {path}.", hint="Is it the right file?")
    for done, (file, data) in enumerate(run.files.items(), 1):
        if not dry_run:
            file.parent.mkdir(parents=True, exist_ok=True)
            files.replace(file, data)
        progress(lines + lines * done // len(run.files), 2 * lines)
    run.taken.written = [file.relative_to(site.root).as_posix() for file in run.files]
    run.taken.kept, run.taken.left_out = dict(run.kept.most_common()), dict(run.left_out.most_common())
    return run.taken


def _reader(path: Path) -> _Read:
    module = READERS.get(path.suffix.lower())
    if module is None:
        raise WrongUsage(f"{path} is no file that can be imported.", hint=f"Its name must end in {', '.join(READERS)}.")
    read: _Read = importlib.import_module(f"cop.importing.{module}").read
    return read


def _text(path: Path) -> str:
    """The letters of a file. Raises: CopError."""
    try:
        size, data = path.stat().st_size, b""
        if size <= MAX_BYTES:
            data = path.read_bytes()
    except OSError as error:
        raise CopError(f"{path} cannot be read: {error.strerror}.", hint="Is the name right?") from error
    if size > MAX_BYTES:
        raise CopError(f"{path} is too large ({size:,} bytes).", hint=f"At most {MAX_BYTES:,} at a time. Split it.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CopError(f"{path}, line {line}: a letter is not in UTF-8.", hint="Save the file as UTF-8.") from error


def _topics(site: Site) -> frozenset[str]:
    return frozenset(path.stem for path in (site.content / TYPES["topic"].folder).glob("**/*.md"))


def _look(run: _Run, one: Draft | Unread) -> None:
    """Plan what becomes of one entry."""
    run.taken.entries += 1
    if run.taken.entries > MOST:
        raise CopError(f"{run.name} has more than {MOST:,} entries.", hint="Split it.")
    if isinstance(one, Unread):
        _refuse(run, one)
        return
    title = title_of(dict(one.fields))
    if run.seen.setdefault(one.record_id, title) != title:  # such as two chapters with the DOI of their book
        one = replace(one, mark=f"{one.mark}\0{title}")
        run.seen[one.record_id] = title
    place = _place(run, one, title)
    if place is None:
        run.taken.already += 1
        return
    _plan(run, one, place)


def _plan(run: _Run, one: Draft, place: Path) -> None:
    data = writeback.new_file(TYPES[one.type], one.record_id, one.fields).encode()
    try:
        content.read(data, place.relative_to(run.site.content).as_posix())
    except BadContent as error:
        _refuse(run, Unread(one.line, error.reason, error.hint))
        return
    run.files[place] = data
    run.kept.update(one.kept)
    run.left_out.update(one.left_out)
    title = title_of(dict(one.fields))
    run.taken.remarks += [{"path": run.name, "line": one.line, "reason": f"“{title}”: {told}"} for told in one.remarks]


def _refuse(run: _Run, one: Unread) -> None:
    run.taken.refused.append({"path": run.name, "line": one.line, "reason": one.reason, "hint": one.hint})


def _place(run: _Run, one: Draft, title: str) -> Path | None:
    """A free name for a content file; None if the entry is here, also if people changed, hid or erased it since."""
    if run.db and run.db.execute("SELECT 1 FROM log_item WHERE record_id = ?", [one.record_id]).fetchone():
        return None
    folder, base = run.site.content / TYPES[one.type].folder, short_address(title) or one.record_id
    for number in count(1):
        path = folder / (f"{base}.md" if number == 1 else f"{base}-{number}.md")
        there = run.files.get(path) or _head(path)
        if not there:
            return path
        found = _ID_LINE.search(there)
        if found and found[1].decode() == one.record_id:
            return None
    raise AssertionError("count() has no end")


def _head(path: Path) -> bytes:
    """The beginning of a content file; b"" if there is none of that name."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES) or b"-"
    except FileNotFoundError:
        return b""
    except OSError:  # a folder, or something that nobody may read: the name is taken
        return b"-"
