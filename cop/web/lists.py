"""Lists of records that readers can narrow: facets with counts, words to look for, order, pages of twenty."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from cop.fields import TYPES, RecordType, facets
from cop.number_sets import NumberSet
from cop.search import numbers
from cop.web.asked import Asked
from cop.web.cards import COLUMNS, Card, cards
from cop.web.narrow import Facet, Option, Wanted, facet_list, parameter, selected, value_labels

PAGE_SIZE = 20
FEW = 1000  # records that are put in order in a moment
LEADS = {
    "resource": "Guidance, toolkits, reports and more about doing research together. Each has a short summary in plain words.",
    "post": "Longer pieces to read, by people in communities and universities.",
    "organisation": "Everybody who is named in this collection, from A to Z. Being named does not mean that they stand behind it.",
    "word": "What words mean, according to whom. Where meanings differ they stand side by side, and none is the main one.",
    "principle": "Principles of working together, from different traditions. They do not always agree, and we have not made them agree.",
    "checklist": "Questions to ask. Tick them here or on paper: nothing that you tick is kept or sent.",
    "project": "What people are doing together.",
    "technique": "Ways to decide, to listen and to share power, with who tried them and how it went.",
    "opportunity": "Paid roles, courses and calls.",
    "training": "Courses, for all who do research together.",
    "page": "Pages about this collection.",
}
ORDERS = {
    "": "date DESC, title COLLATE NOCASE, record_id",
    "title": "title COLLATE NOCASE, record_id",
    "added": "added DESC, record_id",
    "best": "date DESC, record_id",  # by how well it fits, where there are words to fit
}


@dataclass(frozen=True)
class Filter:
    """A choice that is in force, and the query without it."""

    label: str
    value: str
    query: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Pager:
    """Where we are in a long list."""

    text: str
    previous: Mapping[str, str | Sequence[str]] | None
    next: Mapping[str, str | Sequence[str]] | None


@dataclass(frozen=True)
class ListPage:
    """What the template of a list shows."""

    heading: str
    lead: str
    target: str
    words: str
    facets: tuple[Facet, ...]
    prominent: bool  # facets beside the list, or folded above it
    filters: tuple[Filter, ...]
    count: str  # "24 of 209 resources"
    orders: tuple[Option, ...]
    cards: tuple[Card, ...]
    pager: Pager
    start: int  # number of the first card
    template: ClassVar[str] = "cop_list.html"


def wanted(asked: Asked, record_type: RecordType) -> Wanted:
    """Read what the reader chose; anything else in the address is left alone."""
    chosen = {}
    for field in facets()[record_type.name]:
        values = tuple(dict.fromkeys(asked.texts(parameter(field.name))))
        if any(values):
            chosen[field.name] = tuple(value for value in values if value)
    words, order = asked.text("q"), asked.text("sort")
    found = numbers(asked.db, words)
    if order not in ORDERS or (order == "best" and found is None):
        order = ""
    return Wanted(record_type, words, None if found is None else json.dumps(found), chosen, order, asked.page())


def total(db: sqlite3.Connection, record_type: RecordType) -> int:
    """How many records of a kind there are."""
    row = db.execute(
        "SELECT n FROM facet_counts WHERE type = ? AND name = '' AND value = ''", (record_type.name,)
    ).fetchone()
    return int(row[0]) if row else 0


def rows(db: sqlite3.Connection, want: Wanted, limit: int, offset: int) -> list[sqlite3.Row]:
    """One page of the wanted records, in the wanted order."""
    numbers = _numbers(db, want, selected(db, want), limit, offset)
    sql = f"SELECT number, {COLUMNS} FROM records WHERE number IN (SELECT value FROM json_each(?))"
    found = {row["number"]: row for row in db.execute(sql, [json.dumps(numbers)])}
    return [found[number] for number in numbers if number in found]


def _numbers(db: sqlite3.Connection, want: Wanted, chosen: NumberSet | None, limit: int, offset: int) -> Sequence[int]:
    """Their numbers. Whole rows are read of few only, because they are long and lie far apart."""
    order, kind, part = ORDERS[want.order], want.record_type.name, slice(offset, offset + limit)
    every = f"SELECT number FROM records WHERE type = ? ORDER BY {order}"
    if chosen is None:
        return [row[0] for row in db.execute(f"{every} LIMIT ? OFFSET ?", (kind, limit, offset))]
    if want.found is not None and want.order in ("", "best"):
        return [number for number in json.loads(want.found) if number in chosen][part]
    if len(chosen) > FEW:  # so many that enough of them come along soon, in the order of all
        fitting = (number for (number,) in db.execute(every, (kind,)) if number in chosen)
        return list(islice(fitting, part.start, part.stop))
    few = f"SELECT number FROM records WHERE number IN (SELECT value FROM json_each(?)) ORDER BY {order}"
    return [row[0] for row in db.execute(few, (json.dumps(list(chosen)),))][part]


def filters(db: sqlite3.Connection, want: Wanted) -> tuple[Filter, ...]:
    """The choices in force, each with the way back."""
    found = [Filter("Words", want.words, want.query(q=""))] if want.words else []
    for name, chosen in want.chosen.items():
        field = want.record_type.field(name)
        if field:
            names = value_labels(db, field, chosen)
            found += [Filter(field.label, names[value], want.without(name, value)) for value in chosen]
    return tuple(found)


def pager(want: Wanted, count: int) -> Pager:
    """Where this page stands among its neighbours."""
    first, last = (want.page - 1) * PAGE_SIZE + 1, min(want.page * PAGE_SIZE, count)
    return Pager(
        f"{first:,} to {last:,} of {count:,}" if last >= first else "",
        want.query(page=str(want.page - 1)) if want.page > 1 and first <= count else None,
        want.query(page=str(want.page + 1)) if last < count else None,
    )


def list_page(asked: Asked, type_name: str) -> ListPage:
    """The list of one kind of record."""
    record_type = TYPES[type_name]
    want = wanted(asked, record_type)
    chosen = selected(asked.db, want)
    everything = total(asked.db, record_type)
    count = everything if chosen is None else len(chosen)
    found = rows(asked.db, want, PAGE_SIZE, (want.page - 1) * PAGE_SIZE)
    noun = (record_type.label if everything == 1 else record_type.plural).lower()
    narrowed_to = f"{count:,} of {everything:,} {noun}" if want.chosen or want.words else f"{count:,} {noun}"
    return ListPage(
        heading=record_type.plural,
        lead=LEADS.get(type_name, ""),
        target=f"/{record_type.folder}",
        words=want.words,
        facets=facet_list(asked.db, want),
        prominent=type_name == "resource",
        filters=filters(asked.db, want),
        count=narrowed_to,
        orders=_orders(want),
        cards=cards(found),
        pager=pager(want, count),
        start=(want.page - 1) * PAGE_SIZE + 1,
    )


def _orders(want: Wanted) -> tuple[Option, ...]:
    known = {"": "Newest first"} if want.record_type.sort != "title" else {}
    if want.found is not None:
        known = {"best": "Best match first"}
    known |= {"title": "Title, A to Z", "added": "Newly added first"}
    return tuple(Option(value, label, "", value == want.order) for value, label in known.items())
