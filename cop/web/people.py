"""People who chose to be listed, and everybody who is credited on a work, from A to Z."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import ClassVar

from cop.fields import TYPES
from cop.web import called, lists
from cop.web.asked import Asked
from cop.web.cards import Card, cards
from cop.web.kept import Kept
from cop.web.language import _, lookup
from cop.web.links import record_address
from cop.web.narrow import Counter

MAX_NAMES = 5000
NAMES_ON_A_PAGE = 300
_CREDITED = f"""
    SELECT one.value AS name FROM records, json_each(records.fields, '$.authors') AS one
    WHERE records.type IN ('post', 'resource', 'page') AND one.type = 'text'
    UNION
    SELECT CASE WHEN one.type = 'object' THEN json_extract(one.value, '$.name') END
    FROM records, json_each(records.fields, '$.credits') AS one
    LIMIT {MAX_NAMES}"""


@dataclass(frozen=True)
class Named:
    """One name that somebody is credited by."""

    name: str
    target: str  # address of an organisation, "" if it is none that has a page
    letter: str  # with which it begins


@dataclass(frozen=True)
class Letter:
    """Where the names with one letter begin."""

    letter: str
    anchor: str
    query: Mapping[str, str] | None  # of the page on which it begins; None if it is this one


@dataclass(frozen=True)
class PeoplePage:
    """What the template of the page about people shows."""

    heading: str
    empty: str
    target: str
    is_first: bool  # of the pages of this list
    cards: tuple[Card, ...]
    filters: tuple[lists.Filter, ...]  # such as the organisation whose page led here
    letters: tuple[Letter, ...]
    groups: tuple[tuple[str, str, tuple[Named, ...]], ...]  # letter, anchor, names on this page
    pager: lists.Pager
    template: ClassVar[str] = "cop_people.html"


def people(asked: Asked) -> PeoplePage:
    """/people: those who chose to be listed, then, from the last page of those, every name that is credited."""
    want, size = lists.wanted(asked, TYPES["person"]), lists.PAGE_SIZE
    filters = lists.filters(asked.db, want)
    names = () if filters else _names(asked.db)
    before = max(0, -(-Counter(asked.db, want).total() // size) - 1)  # pages without names
    pages = before + max(1, -(-len(names) // NAMES_ON_A_PAGE))
    begin = (want.page - 1 - before) * NAMES_ON_A_PAGE
    shown = names[begin : begin + NAMES_ON_A_PAGE] if begin >= 0 else ()
    return PeoplePage(
        heading=_("People"),
        empty=lookup(TYPES["person"].empty),
        target="/people",
        is_first=want.page == 1,
        cards=cards(lists.rows(asked.db, want, size, (want.page - 1) * size)),
        filters=filters,
        letters=tuple(_letters(names, before, want.page)),
        groups=tuple((key, _anchor(key), tuple(group)) for key, group in groupby(shown, attrgetter("letter"))),
        pager=lists.Pager(
            "",
            want.query(page=str(want.page - 1)) if 1 < want.page <= pages else None,
            want.query(page=str(want.page + 1)) if want.page < pages else None,
        ),
    )


def _letters(names: Sequence[Named], before: int, here: int) -> Iterator[Letter]:
    """Every letter once, with the page on which it begins."""
    firsts = {one.letter: at for at, one in reversed(list(enumerate(names)))}
    for letter, at in sorted(firsts.items(), key=itemgetter(1)):
        page = before + 1 + at // NAMES_ON_A_PAGE
        query = {"page": str(page)} if page > 1 else {}
        yield Letter(letter, _anchor(letter), None if page == here else query)


def _anchor(letter: str) -> str:
    return f"letter-{ord(letter[0]):x}"


def _read_names(db: sqlite3.Connection) -> tuple[Named, ...]:
    organisations = called.organisations(db)
    names = {name.strip() for (name,) in db.execute(_CREDITED) if isinstance(name, str) and name.strip()}
    found = (Named(name, _address(organisations, name), _first(name)) for name in names)
    return tuple(sorted(found, key=lambda one: (one.letter, one.name.casefold(), one.name)))


_names = Kept(_read_names)


def _address(organisations: called.Addresses, name: str) -> str:
    slug = organisations.get(name, "")
    return record_address("organisation", slug) if slug else ""


def _first(name: str) -> str:
    return next((character.upper() for character in name if character.isalnum()), "#")
