"""Narrowing a list: what a reader chose, the condition it makes, and the facets with their counts."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cop.fields import Field, RecordType, facets
from cop.web import labels
from cop.web.language import lookup, ngettext, number

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


def narrowed(want: Wanted, leave_out: str = "") -> tuple[str, list[str]]:
    """The condition on `number` that says which records are wanted, as SQL and its values."""
    clauses, values = ["1"], []
    for name, chosen in want.chosen.items():
        if name != leave_out:
            marks = ", ".join("?" * len(chosen))
            clauses.append(f"number IN (SELECT number FROM facets WHERE type = ? AND name = ? AND value IN ({marks}))")
            values += [want.record_type.name, name, *chosen]
    if want.found is not None:
        clauses.append("number IN (SELECT value FROM json_each(?))")
        values.append(want.found)
    return " AND ".join(clauses), values


def facet_list(db: sqlite3.Connection, want: Wanted) -> tuple[Facet, ...]:
    """Every facet of the list with counts: how many records each further choice would leave."""
    fields = sorted(facets()[want.record_type.name], key=lambda field: _FIRST.get(field.name, len(_FIRST)))
    return tuple(one for one in (facet(db, want, field) for field in fields) if one)


def facet(db: sqlite3.Connection, want: Wanted, field: Field) -> Facet | None:
    """One facet with its counts, None if there is nothing to choose."""
    condition, values = narrowed(want, leave_out=field.name)
    if values:
        sql = f"SELECT value, count(*) FROM facets WHERE type = ? AND name = ? AND {condition} GROUP BY value"
    else:
        sql = "SELECT value, n FROM facet_counts WHERE type = ? AND name = ?"
    chosen = want.chosen.get(field.name, ())
    counts = dict(db.execute(sql, (want.record_type.name, field.name, *values)).fetchall())
    counts |= {value: counts.get(value, 0) for value in chosen}
    names = value_labels(db, field, counts)
    ordered = sorted(counts, key=lambda value: _order(field, value, counts[value], names[value], value in chosen))
    options = tuple(
        Option(value, names[value], number(counts[value]), value in chosen) for value in ordered[:MAX_OPTIONS] if value
    )
    if not options:
        return None
    open_count = max(OPEN_OPTIONS, len(chosen))
    folded = options[open_count:] if len(options) > open_count + 2 else ()
    shown = options[:open_count] if folded else options
    more = ngettext("%(num)s more", "%(num)s more", len(folded))
    return Facet(parameter(field.name), lookup(field.label), shown, folded, more)


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
