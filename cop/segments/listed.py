"""Which files make up the newest state of a saved copy, and how that moves on when entries change. Pure.

There are two ways to the newest state. A new reader takes the base, cut into as many files as the copy is large, and the
steps after it. Whoever saved version V takes the steps after V only; steps from before the base stay for that. Whoever
fits neither takes those files of the base that differ from what they hold (they compare sums), and the steps after it.
See docs/decisions/saved-copies.md.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cop.segments import edits
from cop.segments import rows as rows_of
from cop.segments.rows import Row, Rows

FORMAT = 1
MOST_CUTS = 5  # the base has up to 2 to the power of this many files
FILE_CHARACTERS = 400_000  # of text in one file of a base, about: 50 to 100 KB packed
SINGLE = 8  # newest steps that stay as they are, for readers who update often
TWICE = 2  # older ones are joined so that each is at least this many times as large as the next
FOURTH = 4  # a new base is made when the steps after it are more than this part of it
SMALL = 40_000  # bytes of steps that are never a reason for a new base


@dataclass(frozen=True)
class Segment:
    """A file."""

    sha256: str
    size: int  # bytes
    check: int = 0  # of a file of the base: `rows.check` of its entries


@dataclass(frozen=True)
class Step:
    """A file that brings a copy from any version from `since` on, but before `upto`, to `upto`."""

    since: int
    upto: int
    segment: Segment
    edits: Segment | None = None  # a smaller file that does the same for who has just the version `since`

    @property
    def files(self) -> tuple[Segment, ...]:
        """One or both."""
        return (self.segment, self.edits) if self.edits else (self.segment,)


@dataclass(frozen=True)
class Listed:
    """The newest state of a copy."""

    version: int
    state: str  # of the site and the day that it was made from
    day: str  # ISO, of what it shows
    count: int  # entries
    of: int  # entries that there are
    check: int  # `rows.check` of all of them
    base_version: int
    base: tuple[Segment, ...]  # in each the entries whose mark ends in its number; as many as a power of two
    steps: tuple[Step, ...] = ()  # oldest first
    line: str = ""  # versions count within one line only
    removed: str = ""  # tells which entries were removed for good: then nothing from before may stay
    about: Mapping[str, str] | None = None  # what else a reader is told

    @property
    def files(self) -> tuple[Segment, ...]:
        """Every file, those from before the base included."""
        return self.base + tuple(one for step in self.steps for one in step.files)

    @property
    def total(self) -> int:
        """Bytes that a new reader takes."""
        return sum(one.size for one in self.base) + sum(step.files[-1].size for step in self.after_base())

    def after_base(self) -> Iterator[Step]:
        """The steps that a new reader takes."""
        return (step for step in self.steps if step.upto > self.base_version)


Load = Callable[[str], bytes]  # a file by its name


@dataclass(frozen=True)
class Moved:
    """A newer list, and the files that it names and that are not there yet."""

    listed: Listed
    files: Mapping[str, bytes]


def begun(rows: Rows, told: Listed) -> Moved:
    """The first state, or a new base. `told` says what is not of files."""
    cut = _cut(rows)
    files = [rows_of.packed(part) for part in cut]
    base = tuple(_segment(data, part) for data, part in zip(files, cut, strict=True))
    return Moved(replace(told, base=base, base_version=told.version), {rows_of.name(one): one for one in files})


def held(listed: Listed, load: Load) -> dict[str, Row]:
    """The entries of a state."""
    found: dict[str, Row] = {}
    for segment in (*listed.base, *(step.segment for step in listed.after_base())):
        found = rows_of.applied(found, rows_of.read(load(segment.sha256)))
    return found


def moved(listed: Listed, rows: Rows, told: Listed, load: Load) -> Moved:
    """The list after entries changed: what was gone before is in no file of it."""
    before = held(listed, load)
    changed = [row for key, row in rows.items() if before.get(key) != row]
    gone = before.keys() - rows.keys()
    told = replace(told, version=listed.version, line=listed.line)
    if not changed and not gone:
        return Moved(replace(told, base=listed.base, base_version=listed.base_version, steps=listed.steps), {})
    files = _Files(load)
    base = tuple(files.without(gone, one, check=True) for one in listed.base)
    steps = [_without(gone, step, files) for step in listed.steps]
    segment, marks = files.added(changed, map(rows_of.mark, gone)), sorted(map(rows_of.mark, gone))
    few = files.edited([(before.get(row.key), row) for row in changed], marks)
    step = Step(listed.version, listed.version + 1, segment, few if few.size < segment.size else None)
    steps = _joined([*steps, step], files)
    told = replace(told, version=listed.version + 1, base=base, base_version=listed.base_version, steps=tuple(steps))
    if _is_long(told):
        fresh = begun(rows, told)
        told, files.made = fresh.listed, {**files.made, **fresh.files}
    told = replace(told, steps=_worth_keeping(told))
    return Moved(told, {name: data for name, data in files.made.items() if name in {one.sha256 for one in told.files}})


def struck(listed: Listed, keys: Iterable[str], load: Load) -> Moved:
    """The list without some entries, at once. Whoever makes the next one finds that the site is in another state."""
    before, named = held(listed, load), set(keys)
    rows = {key: row for key, row in before.items() if key not in named}
    told = replace(listed, state="", count=len(rows), check=rows_of.check(rows.values()))
    return moved(listed, rows, told, load)


def _without(gone: Iterable[str], step: Step, files: "_Files") -> Step:
    """The same step without what is gone. Its file of edits goes with it: they may say what was gone, too."""
    segment = files.without(gone, step.segment)
    return step if segment == step.segment else replace(step, segment=segment, edits=None)


def _is_long(listed: Listed) -> bool:
    after = sum(step.segment.size for step in listed.after_base())
    return after > max(sum(one.size for one in listed.base) // FOURTH, SMALL)


def _worth_keeping(listed: Listed) -> tuple[Step, ...]:
    """The steps without the oldest ones that nobody new takes, if all together cost more than half of the base."""
    steps, most = list(listed.steps), max(sum(one.size for one in listed.base) // 2, SMALL)
    while sum(step.segment.size for step in steps) > most and steps[0].upto <= listed.base_version:
        steps.pop(0)
    return tuple(steps)


class _Files:
    """Reads files, and keeps those that are new."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.made: dict[str, bytes] = {}

    def read(self, segment: Segment) -> rows_of.Read:
        return rows_of.read(self.made.get(segment.sha256) or self._load(segment.sha256))

    def added(self, rows: Iterable[Row], gone: Iterable[int] = (), *, check: bool = False) -> Segment:
        rows = list(rows)
        data = rows_of.packed(rows, gone)
        self.made[rows_of.name(data)] = data
        return _segment(data, rows if check else ())

    def edited(self, pairs: Iterable[tuple[Row | None, Row]], gone: list[int]) -> Segment:
        """A file for who has the entries as they were."""
        told = [(before and edits.edit(before, row)) or list(row) for before, row in pairs]
        data = rows_of.as_bytes([*sorted(told, key=lambda one: str(one[0])), *gone])
        self.made[rows_of.name(data)] = data
        return _segment(data)

    def without(self, gone: Iterable[str], segment: Segment, *, check: bool = False) -> Segment:
        """The same file without what is gone: no byte of it stays behind."""
        keys, told = set(gone), self.read(segment)
        if not any(row.key in keys for row in told.rows):
            return segment
        return self.added([row for row in told.rows if row.key not in keys], told.gone, check=check)


def _segment(data: bytes, rows: Iterable[Row] = ()) -> Segment:
    return Segment(rows_of.name(data), len(data), rows_of.check(rows))


def _joined(steps: list[Step], files: _Files) -> list[Step]:
    """Fewer steps: of the older ones, each is at least TWICE as large as the next, so there are few of them."""
    older, newest = steps[:-SINGLE], steps[-SINGLE:]
    while len(older) > 1 and older[-2].segment.size < TWICE * older[-1].segment.size:
        later, earlier = older.pop(), older.pop()
        one, other = files.read(earlier.segment), files.read(later.segment)
        again = {rows_of.mark(row.key) for row in other.rows}
        gone = (one.gone | other.gone) - again
        kept = rows_of.applied({row.key: row for row in one.rows}, other)
        older.append(Step(earlier.since, later.upto, files.added(kept.values(), gone)))
    return [*older, *newest]


def _cut(rows: Rows) -> list[list[Row]]:
    """The entries in as many parts as a power of two, by the end of their marks."""
    wanted = sum(len(row.html) for row in rows.values()) // FILE_CHARACTERS
    count = 1 << min(MOST_CUTS, wanted.bit_length())
    parts: list[list[Row]] = [[] for _ in range(count)]
    for row in rows.values():
        parts[rows_of.mark(row.key) % count].append(row)
    return parts


# -- as a file


def to_json(listed: Listed) -> bytes:
    """The list as it is kept and sent."""
    told: dict[str, Any] = {"format": FORMAT, **{name: getattr(listed, name) for name in _PLAIN}}
    told["bytes"] = listed.total
    told["base"] = [[one.sha256, one.size, one.check] for one in listed.base]
    told["steps"] = [
        [s.since, s.upto, *(part for one in s.files for part in (one.sha256, one.size))] for s in listed.steps
    ]
    told["about"] = dict(listed.about or {})
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


_PLAIN = ("version", "state", "day", "count", "of", "check", "base_version", "line", "removed")


def from_json(data: bytes) -> Listed | None:
    """The list that was kept; None if it is damaged or of another version of this program."""
    try:
        told = json.loads(data)
        base = tuple(Segment(str(name), int(size), int(check)) for name, size, check in told["base"])
        steps = tuple(_read_step(*one) for one in told["steps"])
        plain = {name: told[name] for name in _PLAIN}
    except (ValueError, TypeError, KeyError):
        return None
    return Listed(**plain, base=base, steps=steps, about=told.get("about")) if told.get("format") == FORMAT else None


def _read_step(since: int, upto: int, name: str, size: int, edits_name: str = "", edits_size: int = 0) -> Step:
    return Step(
        int(since), int(upto), Segment(name, int(size)), Segment(edits_name, int(edits_size)) if edits_name else None
    )
