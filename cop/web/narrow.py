"""Narrowing a list: what a reader chose, the condition it makes, and the facets with their counts."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import and_

from pyroaring import BitMap

from cop import ended, facet_sets
from cop.fields import NAMED, NEW, Field, RecordType, facets
from cop.filing import ADDED, NOT_STATED
from cop.web import facts, labels
from cop.web.arrived import last_exchange
from cop.web.language import _, lookup, ngettext, number

OPEN_OPTIONS = 6  # of a facet; more are folded away
MAX_OPTIONS = 300
PARAMETERS = {
    "topics": "topic", "languages": "language", "organisers": "organiser", "open_access": "cost",
    NAMED.name: "organisation", "access_provided": "access", "join_methods": "join", "costs_covered": "covered",
}  # fmt: skip
_FIRST = {
    name: at
    for at, name in enumerate(
        (
            *("access_provided", "join_methods", "costs_covered"),
            *("topics", "kind", "tradition", "audience", "languages", "format", "open_access", "year", "new", "help"),
        )
    )
}
_FACETS = {
    name: sorted(fields, key=lambda field: _FIRST.get(field.name, len(_FIRST))) for name, fields in facets().items()
}
NEW_DAYS = (7, 30, 365)
EXCHANGE = "exchange"  # since the last exchange that brought something, in the address


@dataclass(frozen=True)
class Wanted:
    """Which records, in which order."""

    record_type: RecordType
    words: str
    found: str | None  # JSON list of the numbers of records with these words, best first; None without words
    chosen: Mapping[str, tuple[str, ...]]  # field name to values, in the order of `fields_of`: any of them will do
    order: str
    page: int
    today: date
    exchange: str = ""  # when the last exchange brought something, UTC

    def query(self, **changes: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
        """The plain query string for this list, with changes; "" takes a part away. Always in the same order."""
        parts: dict[str, str | Sequence[str]] = {"q": self.words}
        parts |= {parameter(name): values for name, values in self.chosen.items()}
        return {name: value for name, value in (parts | {"sort": self.order} | changes).items() if value}

    def without(self, name: str, value: str) -> dict[str, str | Sequence[str]]:
        """The query string without one filter."""
        left = [one for one in self.chosen[name] if one != value]
        return self.query(**{parameter(name): left})

    @property
    def narrows(self) -> bool:
        """True if this is less than the whole list."""
        return bool(self.chosen) or self.found is not None


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


def fields_of(record_type: RecordType) -> Sequence[Field]:
    """What its list can be narrowed by, in the order of pages and addresses."""
    return _FACETS[record_type.name]


def narrowed(want: Wanted) -> tuple[str, list[str]]:
    """The condition on `records` that says which are wanted, as SQL and its values."""
    clauses, values = ["1"], []
    for name, chosen in want.chosen.items():
        if name == NEW.name:
            clause, given = _new(want, chosen)
            clauses.append(clause)
            values += given
            continue
        for one in [[value] for value in chosen] if _wants_every(want.record_type, name) else [chosen]:
            clauses.append(
                "EXISTS (SELECT 1 FROM facets WHERE facets.type = ? AND facets.name = ? AND facets.number = records.number"
                f" AND facets.value IN ({', '.join('?' * len(one))}))"
            )
            values += [want.record_type.name, name, *one]
    if want.found is not None:
        clauses.append("records.number IN (SELECT value FROM json_each(?))")
        values.append(want.found)
    return " AND ".join(clauses), values


def _wants_every(record_type: RecordType, name: str) -> bool:
    """True if records must have every chosen value, and not just one of them."""
    field = record_type.field(name)
    return field is not None and field.every


def _new(want: Wanted, chosen: Sequence[str]) -> tuple[str, list[str]]:
    """Added within some days, or reached this copy since the last exchange, or either."""
    days = [int(one) for one in chosen if one != EXCHANGE]
    clauses = ["records.seen >= ?"] if EXCHANGE in chosen else []
    values = [want.exchange] if EXCHANGE in chosen else []
    if days:
        clauses.append(
            "EXISTS (SELECT 1 FROM facets WHERE facets.type = ? AND facets.name = ? AND facets.number = records.number"
            " AND facets.value >= ?)"
        )
        values += [want.record_type.name, ADDED, _since(want.today, max(days))]
    return f"({' OR '.join(clauses)})", values


def _since(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()


class Counter:
    """Counts how many records each further choice would leave, with sets of numbers that stand ready in `site.db`."""

    def __init__(self, db: sqlite3.Connection, want: Wanted, within: BitMap | None = None) -> None:
        self._db, self._want = db, want
        self._chosen = {name: self._of(name, values) for name, values in want.chosen.items()}
        if want.found is not None:
            self._chosen[""] = self._any_of("type", [want.record_type.name]) & BitMap(json.loads(want.found))
        if within is not None:  # the page shows no others, whatever is chosen
            self._chosen["within"] = within
        self.open = ended.still_open(db, want.record_type, want.today)
        if self.open is not None:
            self._chosen["open"] = self.open

    def wanted(self, leave_out: str = "-") -> BitMap | None:
        """The records that all choices leave, or all but one; None if nothing was chosen."""
        sets = [numbers for name, numbers in self._chosen.items() if name != leave_out]
        return reduce(and_, sets) if sets else None

    def everything(self) -> int:
        """How many records the list shows before any choice."""
        return everything(self._db, self._want.record_type) if self.open is None else len(self.open)

    def total(self, leave_out: str = "-") -> int:
        """How many records are wanted, or would be without what was chosen of one facet."""
        numbers = self.wanted(leave_out=leave_out)
        return everything(self._db, self._want.record_type) if numbers is None else len(numbers)

    def counts(self, name: str) -> dict[str, int]:
        """Per value of a facet, how many records it and all other choices would leave."""
        if name == NAMED.name:  # nobody wants all of them to choose from
            others = self.wanted(leave_out=name)
            return {one: _both(self._any_of(name, [one]), others) for one in self._want.chosen.get(name, ())}
        others = self.wanted(leave_out="-" if _wants_every(self._want.record_type, name) else name)
        if name == NEW.name:
            choices = [*map(str, NEW_DAYS), *([EXCHANGE] if self._want.exchange else [])]
            return {one: _both(self._any_of(name, [one]), others) for one in choices}
        if others is not None:
            sets = facet_sets.of_facet(self._db, self._want.record_type.name, name)
            return {value: _both(numbers, others) for value, numbers in sets.items()}
        sql = "SELECT value, n FROM facet_counts WHERE type = ? AND name = ?"
        return dict(self._db.execute(sql, (self._want.record_type.name, name)).fetchall())

    def _of(self, name: str, values: Sequence[str]) -> BitMap:
        if _wants_every(self._want.record_type, name):
            return reduce(and_, (self._any_of(name, [value]) for value in values))
        return self._any_of(name, values)

    def _any_of(self, name: str, values: Sequence[str]) -> BitMap:
        if name == NEW.name:
            return BitMap.union(BitMap(), *(self._new(one) for one in values))
        if name == NAMED.name:
            return facet_sets.of_names(self._db, self._want.record_type.name, values)
        return BitMap.union(BitMap(), *facet_sets.of_values(self._db, self._want.record_type.name, name, values))

    def _new(self, value: str) -> BitMap:
        if value == EXCHANGE:
            return self._any_of("type", [self._want.record_type.name]) & last_exchange(self._db).numbers
        since = _since(self._want.today, int(value))
        return BitMap.union(BitMap(), *facet_sets.from_value(self._db, self._want.record_type.name, ADDED, since))


def _both(numbers: BitMap, others: BitMap | None) -> int:
    return len(numbers) if others is None else numbers.intersection_cardinality(others)


def everything(db: sqlite3.Connection, record_type: RecordType) -> int:
    """How many records of that kind there are."""
    row = db.execute("SELECT n FROM facet_counts WHERE type = ? AND name = 'type'", (record_type.name,)).fetchone()
    return row[0] if row else 0


def facet_list(db: sqlite3.Connection, want: Wanted, within: BitMap | None = None) -> tuple[Facet, ...]:
    """Every facet of the list with counts: how many records each further choice would leave, of those `within`."""
    counter = Counter(db, want, within)
    return tuple(one for one in (facet(db, want, counter, field) for field in fields_of(want.record_type)) if one)


def facet(db: sqlite3.Connection, want: Wanted, counter: Counter, field: Field) -> Facet | None:
    """One facet with its counts, None if there is nothing to choose."""
    chosen = want.chosen.get(field.name, ())
    found = counter.counts(field.name)
    counts = {value: count for value, count in found.items() if count}
    if field is NEW:  # a choice that leaves the list as it is says nothing
        whole = counter.total(leave_out=NEW.name)
        counts = {value: count for value, count in counts.items() if count < whole}
    counts |= {one: found.get(one, 0) for one in chosen}
    if not counts:
        return None
    names = value_labels(db, field, counts)
    ordered = sorted(counts, key=lambda value: _order(field, value, counts[value], names[value], value in chosen))
    options = tuple(
        Option(value, names[value], number(counts[value]), value in chosen) for value in ordered[:MAX_OPTIONS]
    )
    open_count = max(OPEN_OPTIONS, len(chosen))
    folded = options[open_count:] if len(options) > open_count + 2 else ()
    shown = options[:open_count] if folded else options
    more = ngettext("%(num)s more", "%(num)s more", len(folded))
    return Facet(parameter(field.name), lookup(field.label), shown, folded, more)


def _order(field: Field, value: str, count: int, label: str, chosen: bool) -> tuple[object, ...]:
    if field is NEW:
        return (0 if value == EXCHANGE else int(value),)
    if field.kind == "number":
        return (not chosen, value == NOT_STATED, [-ord(character) for character in value])
    return (not chosen, value == NOT_STATED, -count, label.casefold())


def value_labels(db: sqlite3.Connection, field: Field, values: Mapping[str, object] | Sequence[str]) -> dict[str, str]:
    """What readers see for the values of a facet."""
    names = dict(_labels(db, field, values))
    return names | {value: lookup(labels.NOT_STATED) for value in values if value == NOT_STATED}


def _labels(
    db: sqlite3.Connection, field: Field, values: Mapping[str, object] | Sequence[str]
) -> Iterator[tuple[str, str]]:
    if field.to == "topic":
        topics = facts.topics(db)
        yield from (
            (value, (topics[value].text if value in topics else "") or labels.choice(value)) for value in values
        )
    elif field.to:
        sql = "SELECT slug, title FROM records WHERE type = ? AND slug IN (SELECT value FROM json_each(?))"
        titles = dict(db.execute(sql, (field.to, json.dumps(list(values)))).fetchall())
        yield from ((value, titles.get(value) or labels.choice(value)) for value in values)
    elif field.kind == "record":
        links = facts.Links(db)
        yield from ((value, links.by_address(value).text) for value in values)
    elif field.name == "languages":
        yield from ((value, labels.language(value)) for value in values)
    elif field is NEW:
        yield from ((value, _new_label(value)) for value in values)
    elif field.kind == "flag":
        yield from ((value, _("Yes") if value == "True" else _("No")) for value in values)
    elif field.kind == "choice" or field.name == "audience":
        yield from ((value, labels.choice(value)) for value in values)
    else:
        yield from ((value, labels.chosen(field, value)) for value in values)


def _new_label(value: str) -> str:
    if value == EXCHANGE:
        return _("New or changed since the last exchange")
    return _("Last %(days)s days", days=int(value))
