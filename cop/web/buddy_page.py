"""The desk's page on buddies: who offers, who wishes, and the pairs that this computer alone knows of."""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from cop import buddies
from cop.buddies import Pair, Person
from cop.model import iso_time
from cop.web import dates
from cop.web.door import Served
from cop.web.language import _
from cop.web.links import record_address
from cop.web.words import listed

MOST = 200  # people or pairs


@dataclass(frozen=True)
class Somebody:
    """Somebody who offers or wishes."""

    name: str
    target: str
    organisation: str
    words: str
    slug: str


@dataclass(frozen=True)
class Together:
    """A pair, as the page shows it."""

    names: str
    since: str
    note: str


@dataclass(frozen=True)
class BuddyPage:
    """What the template shows."""

    heading: str
    offers: tuple[Somebody, ...]
    wishes: tuple[Somebody, ...]
    pairs: tuple[Together, ...]
    template: ClassVar[str] = "cop_desk_buddies.html"


def buddy_page(_served: Served, db: sqlite3.Connection) -> BuddyPage:
    """/desk/buddies."""
    offers, wishes = buddies.open_wishes(db)
    return BuddyPage(
        heading=_("Buddies"),
        offers=tuple(_somebody(one, one.offer) for one in offers[:MOST]),
        wishes=tuple(_somebody(one, one.wish) for one in wishes[:MOST]),
        pairs=tuple(_together(one) for one in list(buddies.pairs(db))[:MOST]),
    )


def _somebody(one: Person, words: str) -> Somebody:
    return Somebody(one.name, record_address("person", one.slug), one.organisation, words, one.slug)


def _together(pair: Pair) -> Together:
    names = [name or _("somebody who is no longer listed") for name in (pair.one, pair.other)]
    return Together(listed(names), dates.words(iso_time(pair.since)[:10]), pair.note)
