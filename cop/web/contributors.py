"""A picture of who contributes: organisations of communities and of universities, side by side.

Counted are organisations and entries, never people, and no organisation stands in front of another.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from cop import facet_sets, filing
from cop.fields import ORGANISATION_KINDS, TYPES
from cop.web import labels
from cop.web.language import _, ngettext, number

SIDES = ("community", "university")
OTHERS = "others"
NOT_KNOWN = "not known"
ROW = 52  # pixels
_HEAD = 28  # pixels above the first bars
_LONGEST = 34  # per cent of the width, so that a number fits beside it


@dataclass(frozen=True)
class Bar:
    """What both sides did, for one kind of entry. Positions are in per cent of the width."""

    label: str
    y: int
    start: float  # where the bar of the first side begins
    first: float  # how long it is
    second: float
    end: float  # where the bar of the other side ends
    counts: tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A line of the table: both sides and all others."""

    label: str
    counts: tuple[str, ...]


@dataclass(frozen=True)
class Contributors:
    """The picture, and the table behind it."""

    bars: tuple[Bar, ...]
    height: int
    description: str
    rows: tuple[Row, ...]
    others: str  # who else there is, in words, or ""


def contributors(db: sqlite3.Connection) -> Contributors:
    """Read and draw it."""
    kinds = _kinds(db)
    organisations: dict[str, set[str]] = {}
    entries: dict[str, dict[str, BitMap]] = {}
    for type_name in TYPES:
        for name, records in facet_sets.of_facet(db, type_name, filing.CONTRIBUTOR).items():
            kind = kinds.get(name, NOT_KNOWN)
            side = kind if kind in SIDES else OTHERS
            organisations.setdefault(kind, set()).add(name)
            by_side = entries.setdefault(type_name, {})
            by_side[side] = by_side.get(side, BitMap()) | records
    count_of = {kind: len(names) for kind, names in organisations.items()}
    counted = {name: {side: len(records) for side, records in sides.items()} for name, sides in entries.items()}
    named = sorted(((labels.plural(TYPES[name]), counts) for name, counts in counted.items()), key=lambda one: one[0])
    return Contributors(
        bars=tuple(_bars(named)),
        height=_HEAD + ROW * len(named),
        description=_description(count_of),
        rows=(_row(_("How many organisations"), count_of), *(_row(*one) for one in named)) if named else (),
        others=_others(count_of),
    )


def _kinds(db: sqlite3.Connection) -> dict[str, str]:
    """What kind of organisation stands behind a name; nothing for a name that two kinds go by."""
    found: dict[str, set[str]] = {}
    for name, kind in db.execute("SELECT name, kind FROM members"):
        found.setdefault(name[: filing.MAX_VALUE], set()).add(kind)
    return {
        name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1 and kinds <= set(ORGANISATION_KINDS)
    }


def _bars(named: Iterable[tuple[str, Mapping[str, int]]]) -> list[Bar]:
    rows = list(named)
    most = max((counts.get(side, 0) for _label, counts in rows for side in SIDES), default=0) or 1
    bars = []
    for at, (label, counts) in enumerate(rows):
        first, second = (round(_LONGEST * counts.get(side, 0) / most, 1) for side in SIDES)
        told = (number(counts.get(SIDES[0], 0)), number(counts.get(SIDES[1], 0)))
        bars.append(Bar(label, _HEAD + at * ROW, round(50 - first, 1), first, second, round(50 + second, 1), told))
    return bars


def _row(label: str, counts: Mapping[str, int]) -> Row:
    sides = [counts.get(side, 0) for side in SIDES]
    return Row(label, tuple(map(number, (*sides, sum(counts.values()) - sum(sides)))))


def _description(count_of: Mapping[str, int]) -> str:
    community, university = (count_of.get(side, 0) for side in SIDES)
    return _(
        "For each kind of entry, a bar to the one side for community organisations (%(community)s) and a bar to the other for "
        "universities (%(university)s). The longer the bar, the more entries they added or changed.",
        community=community,
        university=university,
    )


def _others(count_of: Mapping[str, int]) -> str:
    """The other kinds of organisations, A to Z, and those whose kind nobody has told."""
    kinds = sorted((labels.choice(kind), kind) for kind in count_of if kind not in (*SIDES, NOT_KNOWN))
    told = [_("%(kind)s: %(count)s", kind=label, count=count_of[kind]) for label, kind in kinds]
    unknown = count_of.get(NOT_KNOWN, 0)
    if unknown:
        told.append(ngettext("%(num)s whose kind is not known", "%(num)s whose kind is not known", unknown))
    return ". ".join(told)
