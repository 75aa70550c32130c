"""Lists of records that readers can narrow: facets with counts, words to look for, order, pages of twenty."""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import ClassVar

from cop.fields import NEW, TYPES, Field, RecordType
from cop.remembered import once
from cop.search import numbers
from cop.web import labels
from cop.web.arrived import last_exchange
from cop.web.asked import Asked
from cop.web.cards import COLUMNS, Card, cards
from cop.web.language import _, lookup
from cop.web.links import FEED, citation_files
from cop.web.narrow import (
    EXCHANGE,
    NEW_DAYS,
    Counter,
    Facet,
    Option,
    Wanted,
    facet_list,
    fields_of,
    parameter,
    value_labels,
)

PAGE_SIZE = 20
FEW = 2000  # records: so many are put in order at once
ORDERS = {
    "": "date DESC, title COLLATE NOCASE, record_id",
    "oldest": "(date = ''), date, title COLLATE NOCASE, record_id",
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
    empty: str  # what belongs here, for when nothing does yet
    target: str
    kind: str  # of its records
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
    address: Mapping[str, str | Sequence[str]]  # likewise, with the page: one plain address for each state of a list
    feed: str  # address of its feed
    files: tuple[tuple[str, str], ...]  # name and address of the same list for other programs
    template: ClassVar[str] = "cop_list.html"


def wanted(asked: Asked, record_type: RecordType) -> Wanted:
    """Read what the reader chose; anything else in the address is left alone."""
    exchange = last_exchange(asked.db).since
    chosen = {field.name: values for field in fields_of(record_type) if (values := _chosen(asked, field, exchange))}
    words, order = asked.text("q"), asked.text("sort")
    found = numbers(asked.db, words, record_type.name)
    if order not in ORDERS or (order == "best" and found is None):
        order = ""
    told = None if found is None else json.dumps(found)
    return Wanted(record_type, words, told, chosen, order, asked.page(), asked.today, exchange)


def _chosen(asked: Asked, field: Field, exchange: str) -> tuple[str, ...]:
    """The values of one facet that stand in the address, in an order of their own."""
    values = {value for value in asked.texts(parameter(field.name)) if value}
    if field is NEW:
        values &= {*map(str, NEW_DAYS), *([EXCHANGE] if exchange else [])}
    return tuple(sorted(values))


def rows(db: sqlite3.Connection, want: Wanted, limit: int, offset: int) -> list[sqlite3.Row]:
    """One page of the wanted records, in the wanted order."""
    numbers = Counter(db, want).wanted()
    if numbers is not None and want.found is not None and want.order in ("", "best"):
        best = [number for number in json.loads(want.found) if number in numbers]
        return _these(db, best[offset : offset + limit])
    everything = once(partial(_in_order, db, want), "order", want.record_type.name, want.order)
    if numbers is None:
        return _these(db, everything[offset : offset + limit])
    if len(numbers) <= FEW:
        places = once(partial(_places, everything), "places", want.record_type.name, want.order)
        return _these(db, sorted(numbers, key=places.__getitem__)[offset : offset + limit])
    wanted = (number for number in everything if number in numbers)  # of many, some are soon found
    return _these(db, list(islice(wanted, offset, offset + limit)))


def _in_order(db: sqlite3.Connection, want: Wanted) -> "array[int]":
    """The numbers of all records of that kind, in the wanted order."""
    sql = f"SELECT number FROM records WHERE type = ? ORDER BY {ORDERS[want.order]}"
    return array("q", (number for (number,) in db.execute(sql, [want.record_type.name])))


def _places(everything: "array[int]") -> "array[int]":
    """Where each number stands in an order."""
    places = array("q", bytes(8 * (max(everything, default=0) + 1)))
    for place, number in enumerate(everything):
        places[number] = place
    return places


def _these(db: sqlite3.Connection, numbers: Sequence[int]) -> list[sqlite3.Row]:
    sql = f"SELECT {COLUMNS} FROM json_each(?) AS found CROSS JOIN records ON number = found.value ORDER BY found.key"
    return db.execute(sql, [json.dumps(list(numbers))]).fetchall()


def filters(db: sqlite3.Connection, want: Wanted) -> tuple[Filter, ...]:
    """The choices in force, each with the way back."""
    found = [Filter(_("Words"), want.words, want.query(q=""))] if want.words else []
    for name, chosen in want.chosen.items():
        field = next(field for field in fields_of(want.record_type) if field.name == name)
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


def shares(counts: Iterable[int], page: int, size: int = PAGE_SIZE) -> list[tuple[int, int]]:
    """How many of each of several lists stand on a page, and after how many, if they follow on each other.

    >>> shares((25, 0, 30), 1), shares((25, 0, 30), 2)
    ([(20, 0), (0, 0), (0, 0)], [(5, 20), (0, 0), (15, 0)])
    """
    first, found = (page - 1) * size, []
    for count in counts:
        begin, end = (min(max(at, 0), count) for at in (first, first + size))
        found.append((end - begin, begin))
        first -= count
    return found


def list_page(asked: Asked, type_name: str) -> ListPage:
    """The list of one kind of record."""
    record_type = TYPES[type_name]
    want = wanted(asked, record_type)
    counter = Counter(asked.db, want)
    count = counter.total()
    want = replace(
        want, page=min(want.page, max(1, -(-count // PAGE_SIZE)))
    )  # behind the last page stands the last one
    found = rows(asked.db, want, PAGE_SIZE, (want.page - 1) * PAGE_SIZE)
    things = labels.counted(record_type, counter.everything())
    return ListPage(
        heading=labels.plural(record_type),
        lead=lookup(record_type.lead),
        empty=lookup(record_type.empty),
        target=f"/{record_type.folder}",
        kind=type_name,
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
        address=want.query(page=str(want.page) if want.page > 1 else ""),
        feed=f"/{record_type.folder}{FEED}",
        files=citation_files("/resources") if type_name == "resource" else (),
    )


def _orders(want: Wanted) -> tuple[Option, ...]:
    known = {"": _("Newest first")} if want.record_type.sort != "title" else {}
    if want.found is not None:
        known = {"best": _("Best match first")}
    if want.record_type.sort != "title":
        known |= {"oldest": _("Oldest first")}
    known |= {"title": _("Title, A to Z"), "added": _("Newly added first")}
    return tuple(Option(value, label, "", value == want.order) for value, label in known.items())
