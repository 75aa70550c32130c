"""Narrowing a list: what a reader chose, the condition it makes, and the facets with their counts."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from cop import number_sets
from cop.fields import Field, RecordType, facets
from cop.number_sets import NumberSet
from cop.web import labels

OPEN_OPTIONS = 6  # of a facet; more are folded away
MAX_OPTIONS = 300
PARAMETERS = {"topics": "topic", "languages": "language", "organisers": "organiser"}  # others are named as the field
_FIRST = {name: at for at, name in enumerate(("topics", "kind", "tradition", "audience", "languages", "format"))}


@dataclass(frozen=True)
class Wanted:
    """Which records, in which order."""

    record_type: RecordType
    words: str
    found: str | None  # JSON list of the numbers of records with these words, best first; None without words
    chosen: Mapping[str, tuple[str, ...]]  # field name to values: any of them will do
    order: str
    page: int

    def query(self, **changes: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
        """The plain query string for this list, with changes; "" takes a part away."""
        parts: dict[str, str | Sequence[str]] = {"q": self.words, "sort": self.order}
        parts |= {parameter(name): values for name, values in self.chosen.items()}
        return {name: value for name, value in (parts | changes).items() if value}

    def without(self, name: str, value: str) -> dict[str, str | Sequence[str]]:
        """The query string without one filter."""
        left = [one for one in self.chosen[name] if one != value]
        return self.query(**{parameter(name): left})


@dataclass(frozen=True)
class Option:
    """One value that readers can narrow a list by."""

    value: str
    label: str
    count: str
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """One field that readers can narrow a list by."""

    parameter: str
    label: str
    options: tuple[Option, ...]
    folded: tuple[Option, ...]
    more: str  # "8 more"


def parameter(name: str) -> str:
    """The name of a field in the address."""
    return PARAMETERS.get(name, name)


def narrowed(want: Wanted) -> tuple[str, list[str]]:
    """The condition on `number` that says which records are wanted, as SQL and its values."""
    clauses, values = ["1"], []
    for name, chosen in want.chosen.items():
        if chosen:
            marks = ", ".join("?" * len(chosen))
            clauses.append(f"number IN (SELECT number FROM facets WHERE type = ? AND name = ? AND value IN ({marks}))")
            values += [want.record_type.name, name, *chosen]
    if want.found is not None:
        clauses.append("number IN (SELECT value FROM json_each(?))")
        values.append(want.found)
    return " AND ".join(clauses), values


def selected(db: sqlite3.Connection, want: Wanted, leave_out: str = "") -> NumberSet | None:
    """The wanted records; None for all of that kind."""
    parts = [
        _members(db, want.record_type.name, name, chosen) for name, chosen in want.chosen.items() if name != leave_out
    ]
    if want.found is not None:
        parts += [number_sets.of(json.loads(want.found)), _members(db, want.record_type.name, "", ("",))]
    return reduce(and_, parts) if parts else None


def _members(db: sqlite3.Connection, type_name: str, name: str, values: Sequence[str]) -> NumberSet:
    """The records with any of these values."""
    rows = db.execute(
        "SELECT block, bits FROM facet_numbers WHERE type = ? AND name = ?"
        f" AND value IN ({', '.join('?' * len(values))})",
        (type_name, name, *values),
    )
    blocks: dict[int, int] = {}
    for at, bits in rows:
        blocks[at] = blocks.get(at, 0) | number_sets.from_bytes(bits)
    return NumberSet(blocks)


def facet_list(db: sqlite3.Connection, want: Wanted) -> tuple[Facet, ...]:
    """Every facet of the list with counts: how many records each further choice would leave."""
    fields = sorted(facets()[want.record_type.name], key=lambda field: _FIRST.get(field.name, len(_FIRST)))
    return tuple(one for one in (facet(db, want, field) for field in fields) if one)


def _counts(db: sqlite3.Connection, want: Wanted, field: Field) -> dict[str, int]:
    """How many of the wanted records have each value; choices of the same field do not count, for any of them will do."""
    asked = (want.record_type.name, field.name)
    chosen = selected(db, want, leave_out=field.name)
    if chosen is None:
        return dict(db.execute("SELECT value, n FROM facet_counts WHERE type = ? AND name = ?", asked).fetchall())
    counts: dict[str, int] = {}
    for value, at, bits in db.execute(
        "SELECT value, block, bits FROM facet_numbers WHERE type = ? AND name = ?", asked
    ):
        if (among := chosen.blocks.get(at)) and (count := (number_sets.from_bytes(bits) & among).bit_count()):
            counts[value] = counts.get(value, 0) + count
    return counts


def facet(db: sqlite3.Connection, want: Wanted, field: Field) -> Facet | None:
    """One facet with its counts, None if there is nothing to choose."""
    chosen = want.chosen.get(field.name, ())
    counts = _counts(db, want, field)
    counts |= {value: counts.get(value, 0) for value in chosen}
    names = value_labels(db, field, counts)
    ordered = sorted(counts, key=lambda value: _order(field, value, counts[value], names[value], value in chosen))
    options = tuple(
        Option(value, names[value], f"{counts[value]:,}", value in chosen) for value in ordered[:MAX_OPTIONS] if value
    )
    if not options:
        return None
    open_count = max(OPEN_OPTIONS, len(chosen))
    folded = options[open_count:] if len(options) > open_count + 2 else ()
    shown = options[:open_count] if folded else options
    return Facet(parameter(field.name), field.label, shown, folded, f"{len(folded)} more")


def _order(field: Field, value: str, count: int, label: str, chosen: bool) -> tuple[object, ...]:
    if field.kind == "number":
        return (not chosen, [-ord(character) for character in value])
    return (not chosen, -count, label.casefold())


def value_labels(db: sqlite3.Connection, field: Field, values: Mapping[str, object] | Sequence[str]) -> dict[str, str]:
    """What readers see for the values of a facet."""
    if field.name == "topics":
        titles = dict(db.execute("SELECT slug, title FROM records WHERE type = 'topic'").fetchall())
        return {value: titles.get(value) or labels.choice(value) for value in values}
    if field.name == "languages":
        return {value: labels.language(value) for value in values}
    if field.kind == "choice" or field.name == "audience":
        return {value: labels.choice(value) for value in values}
    return {value: value for value in values}
