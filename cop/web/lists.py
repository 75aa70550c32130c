"""Lists of records that readers can narrow: facets with counts, words to look for, order, pages of twenty."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cop.fields import TYPES, RecordType, facets
from cop.search import numbers
from cop.web import labels
from cop.web.asked import Asked
from cop.web.cards import COLUMNS, Card, cards
from cop.web.language import _, lookup
from cop.web.links import FEED, citation_files
from cop.web.narrow import Facet, Option, Wanted, facet_list, narrowed, parameter, value_labels

PAGE_SIZE = 20
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
    query: Mapping[str, str | Sequence[str]]  # what narrows the list
    feed: str  # address of its feed
    files: tuple[tuple[str, str], ...]  # name and address of the same list for other programs
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


def total(db: sqlite3.Connection, want: Wanted) -> int:
    """How many records are wanted."""
    condition, values = narrowed(want)
    row = db.execute(f"SELECT count(*) FROM records WHERE type = ? AND {condition}", (want.record_type.name, *values))
    return int(row.fetchone()[0])


def rows(db: sqlite3.Connection, want: Wanted, limit: int, offset: int) -> list[sqlite3.Row]:
    """One page of the wanted records, in the wanted order."""
    condition, values = narrowed(want)
    source, first = "records", []
    order = ORDERS[want.order]
    if want.found is not None and want.order in ("", "best"):
        source, first, order = "records JOIN json_each(?) AS found ON found.value = number", [want.found], "found.key"
    sql = f"SELECT {COLUMNS} FROM {source} WHERE records.type = ? AND {condition} ORDER BY {order} LIMIT ? OFFSET ?"
    return db.execute(sql, (*first, want.record_type.name, *values, limit, offset)).fetchall()


def filters(db: sqlite3.Connection, want: Wanted) -> tuple[Filter, ...]:
    """The choices in force, each with the way back."""
    found = [Filter(_("Words"), want.words, want.query(q=""))] if want.words else []
    for name, chosen in want.chosen.items():
        field = want.record_type.field(name)
        if field:
            names = value_labels(db, field, chosen)
            found += [Filter(lookup(field.label), names[value], want.without(name, value)) for value in chosen]
    return tuple(found)


def pager(want: Wanted, count: int) -> Pager:
    """Where this page stands among its neighbours."""
    first, last = (want.page - 1) * PAGE_SIZE + 1, min(want.page * PAGE_SIZE, count)
    return Pager(
        _("%(first)s to %(last)s of %(total)s", first=first, last=last, total=count) if last >= first else "",
        want.query(page=str(want.page - 1)) if want.page > 1 and first <= count else None,
        want.query(page=str(want.page + 1)) if last < count else None,
    )


def list_page(asked: Asked, type_name: str) -> ListPage:
    """The list of one kind of record."""
    record_type = TYPES[type_name]
    want = wanted(asked, record_type)
    count = total(asked.db, want)
    everything = total(asked.db, Wanted(record_type, "", None, {}, "", 1)) if want.query() else count
    found = rows(asked.db, want, PAGE_SIZE, (want.page - 1) * PAGE_SIZE)
    things = labels.counted(record_type, everything)
    return ListPage(
        heading=labels.plural(record_type),
        lead=lookup(record_type.lead),
        target=f"/{record_type.folder}",
        words=want.words,
        facets=facet_list(asked.db, want),
        prominent=type_name == "resource",
        filters=filters(asked.db, want),
        count=_("%(num)s of %(things)s", num=count, things=things) if want.chosen or want.words else things,
        orders=_orders(want),
        cards=cards(found),
        pager=pager(want, count),
        start=(want.page - 1) * PAGE_SIZE + 1,
        query=want.query(),
        feed=f"/{record_type.folder}{FEED}",
        files=citation_files("/resources") if type_name == "resource" else (),
    )


def _orders(want: Wanted) -> tuple[Option, ...]:
    known = {"": _("Newest first")} if want.record_type.sort != "title" else {}
    if want.found is not None:
        known = {"best": _("Best match first")}
    known |= {"title": _("Title, A to Z"), "added": _("Newly added first")}
    return tuple(Option(value, label, "", value == want.order) for value, label in known.items())
