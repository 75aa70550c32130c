"""People who chose to be listed, and everybody who is credited on a work, from A to Z."""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from cop.fields import TYPES
from cop.web import called, lists
from cop.web.asked import Asked
from cop.web.cards import Card, cards
from cop.web.kept import Kept
from cop.web.language import _, lookup
from cop.web.links import record_address

MAX_LISTED = 1000
MAX_NAMES = 5000
_CREDITED = f"""
    SELECT one.value AS name FROM records, json_each(records.fields, '$.authors') AS one
    WHERE records.type IN ('post', 'resource', 'page') AND one.type = 'text'
    UNION
    SELECT CASE WHEN one.type = 'object' THEN json_extract(one.value, '$.name') END
    FROM records, json_each(records.fields, '$.credits') AS one
    LIMIT {MAX_NAMES}"""


@dataclass(frozen=True)
class Letter:
    """Names that begin alike."""

    letter: str
    names: tuple[tuple[str, str], ...]  # and the address of an organisation, "" if it is none that has a page


@dataclass(frozen=True)
class PeoplePage:
    """What the template of the page about people shows."""

    heading: str
    empty: str
    target: str
    cards: tuple[Card, ...]
    filters: tuple[lists.Filter, ...]  # such as the organisation whose page led here
    letters: tuple[Letter, ...]
    template: ClassVar[str] = "cop_people.html"


def people(asked: Asked) -> PeoplePage:
    """/people"""
    want = lists.wanted(asked, TYPES["person"])
    shown, filters = cards(lists.rows(asked.db, want, MAX_LISTED, 0)), lists.filters(asked.db, want)
    return PeoplePage(
        _("People"), lookup(TYPES["person"].empty), "/people", shown, filters, () if filters else _letters(asked.db)
    )


def _read_letters(db: sqlite3.Connection) -> tuple[Letter, ...]:
    organisations = called.organisations(db)
    names = {name.strip() for (name,) in db.execute(_CREDITED) if isinstance(name, str) and name.strip()}
    letters: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names, key=str.casefold):
        letters.setdefault(_first(name), []).append((name, _address(organisations, name)))
    return tuple(Letter(letter, tuple(members)) for letter, members in letters.items())


_letters = Kept(_read_letters)


def _address(organisations: called.Addresses, name: str) -> str:
    slug = organisations.get(name, "")
    return record_address("organisation", slug) if slug else ""


def _first(name: str) -> str:
    return next((character.upper() for character in name if character.isalnum()), "#")
