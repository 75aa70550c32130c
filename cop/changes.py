"""What each change of a record replaced, for people who read its history. Pure: no database, no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

from cop import merge
from cop.merge import BODY, History
from cop.model import Revision, Value

MAX_TEXT = 500  # characters of a value that the history shows
MAX_CHANGED = 2000  # likewise, of the paragraphs in which a long text was changed
MAX_COMPARED = 250_000  # pairs of paragraphs; of larger texts only the equal beginning and end are left out
MAX_LOOKED_UP = 200  # changes of one record, with others beside them, of which we work out what they replaced
_RUN_UP = 100  # characters of an endless paragraph that stay in front of the first difference
_LEFT_OUT = "…"


@dataclass(frozen=True)
class Step:
    """One change, in the order of the history."""

    revision: Revision
    before: dict[
        str, list[Value]
    ]  # field to what its writer saw there: more than one value was a difference, now settled
    beside: tuple[str, ...]  # fields that others changed as well, without having seen this change or being seen by it


def steps(history: History) -> Iterator[Step]:
    """The readable changes of a record, each behind those it was made from."""
    current: dict[str, list[Revision]] = {}  # per field, the last changes so far that no other came after
    looked_up = 0
    for revision in history.in_order():
        assert revision.patch is not None
        names = list(revision.patch.fields)
        beside = {name: _beside(history, current.get(name, ()), revision) for name in names}
        before = {name: _values(name, current.get(name, ())) for name in names}
        if any(beside.values()) or len(before.get(BODY, ())) > 1:  # what the walk so far says is not what they saw
            looked_up += 1
            before = _seen(history, revision, names) if looked_up <= MAX_LOOKED_UP else {}
        for name in names:
            current[name] = [*beside[name], revision]
        differing = (name for name in names if _values(name, beside[name]) not in ([], _values(name, [revision])))
        yield Step(revision, {name: values for name, values in before.items() if values}, tuple(sorted(differing)))


def _beside(history: History, others: Sequence[Revision], revision: Revision) -> list[Revision]:
    return [other for other in others if not history.is_before(other, revision)]


def _values(name: str, revisions: Sequence[Revision]) -> list[Value]:
    """The different values that changes gave a field; one that took it away gave none."""
    found: list[Value] = []
    for value in (revision.patch.fields.get(name) for revision in revisions if revision.patch):
        if value is not None and value not in found:
            found.append(value)
    return found


def _seen(history: History, revision: Revision, names: Sequence[str]) -> dict[str, list[Value]]:
    """What the record said to the person who made a change."""
    view = merge.merge(history.up_to(revision.parents))
    if view is None:
        return {}
    found: dict[str, list[Value]] = {name: [view.fields[name]] for name in names if name in view.fields}
    for name in set(names) & view.conflicts.keys():
        found[name] = [version.value for version in view.conflicts[name] if version.value is not None]
    return found


def cut(value: Value, limit: int = MAX_TEXT) -> Value:
    """A value for the history: long texts end early."""
    return value[:limit] + _LEFT_OUT if isinstance(value, str) and len(value) > limit else value


def both_cut(before: Value, after: Value) -> tuple[Value, Value]:
    """A value before and after; of long texts only the paragraphs that differ.

    >>> long = "Same. " * 100
    >>> both_cut(long + "\\n\\nOne.\\n\\nEnd.", long + "\\n\\nTwo.\\n\\nEnd.")
    ('…\\n\\nOne.\\n\\n…', '…\\n\\nTwo.\\n\\n…')
    """
    if not isinstance(before, str) or not isinstance(after, str) or max(len(before), len(after)) <= MAX_TEXT:
        return cut(before), cut(after)
    sides = _differing(before.split("\n\n"), after.split("\n\n"))
    if max(map(len, sides)) > MAX_CHANGED:
        sides = _from_first_difference(*sides)
    return cut(sides[0], MAX_CHANGED), cut(sides[1], MAX_CHANGED)


def _differing(before: list[str], after: list[str]) -> tuple[str, str]:
    """The paragraphs that are not the same on both sides; a sign stands for those that are."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    middle = [side[start : len(side) - end] for side in (before, after)]
    kept: tuple[list[str], list[str]] = ([], [])
    for same, one, other in _runs(*middle):
        for side, part in zip(kept, (one, other), strict=True):
            side.extend([_LEFT_OUT] if same else part)
    first, last = [_LEFT_OUT] * bool(start), [_LEFT_OUT] * bool(end)
    return "\n\n".join([*first, *kept[0], *last]), "\n\n".join([*first, *kept[1], *last])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many members are the same from the start."""
    return sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(one, other, strict=False)))


def _runs(one: list[str], other: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    if len(one) * len(other) > MAX_COMPARED:
        yield False, one, other
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        yield tag == "equal", one[i1:i2], other[j1:j2]


def _from_first_difference(one: str, other: str) -> tuple[str, str]:
    start = _alike(one, other) - _RUN_UP
    if start <= 0:
        return one, other
    start = one.find(" ", start, start + _RUN_UP) + 1 or start
    return _LEFT_OUT + one[start:], _LEFT_OUT + other[start:]
