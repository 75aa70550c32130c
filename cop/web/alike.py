"""The desk's page on what may be there twice: pairs of entries, why, and the commands that say what they are."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cop import about, duplicates
from cop.duplicates import Candidate, Proposal
from cop.proposing import name_of, proposals
from cop.web import dates
from cop.web.door import Served
from cop.web.language import N_, _, lookup, ngettext
from cop.web.links import record_address
from cop.web.lists import Pager
from cop.web.words import listed

PER_PAGE = 10  # pairs
_REASONS = {
    duplicates.DOI: N_("the same DOI"),
    duplicates.ISBN: N_("the same ISBN"),
    duplicates.LINK: N_("the same link"),
    duplicates.TITLE: N_("the same title"),
    duplicates.NEAR_TITLE: N_("nearly the same title"),
    duplicates.DATE: N_("the same date"),
}


@dataclass(frozen=True)
class One:
    """One of two entries."""

    title: str
    when: str  # "" if nobody wrote it
    target: str


@dataclass(frozen=True)
class Pair:
    """Two entries that may be the same."""

    both: tuple[One, One]
    why: str
    names: str  # of both, for a command


@dataclass(frozen=True)
class AlikePage:
    """What the template shows."""

    heading: str
    lead: str
    pairs: tuple[Pair, ...]
    pager: Pager
    target: ClassVar[str] = "/desk/duplicates"
    template: ClassVar[str] = "cop_desk_duplicates.html"


_kept: dict[Path, tuple[tuple[int, ...], list[Proposal]]] = {}  # per store: its state, and what was found then


def alike_page(served: Served, db: sqlite3.Connection, number: int = 1) -> AlikePage:
    """/desk/duplicates."""
    found = _found(served, db)
    begin, end = (number - 1) * PER_PAGE, number * PER_PAGE
    return AlikePage(
        heading=_("What may be there twice"),
        lead=ngettext(
            "%(num)s pair may be the same. You say whether it is: nothing is joined by machine.",
            "%(num)s pairs may be the same. You say which of them are: nothing is joined by machine.",
            len(found),
        )
        if found
        else _("Nothing looks as if it was there twice."),
        pairs=tuple(_pair(db, one) for one in found[begin:end]),
        pager=Pager(
            "",
            {"page": str(number - 1)} if number > 1 else None,
            {"page": str(number + 1)} if len(found) > end else None,
        ),
    )


def count(served: Served, db: sqlite3.Connection) -> int:
    """How many pairs wait for somebody to say what they are."""
    return len(_found(served, db))


def _found(served: Served, db: sqlite3.Connection) -> list[Proposal]:
    """Looking through many records takes seconds, so what was found is kept until anything changes."""
    store, state = served.site.store_db, about.state(db)
    kept = _kept.get(store)
    if kept is None or kept[0] != state:
        kept = _kept[store] = (state, proposals(db, served.site.site_db))
    return kept[1]


def _pair(db: sqlite3.Connection, proposal: Proposal) -> Pair:
    both = proposal.one, proposal.other
    why = listed([lookup(_REASONS[reason]) for reason in proposal.reasons])
    return Pair((_one(both[0]), _one(both[1])), why, " ".join(name_of(db, one) for one in both))


def _one(one: Candidate) -> One:
    return One(one.title, dates.words(one.date) if one.date else "", record_address(one.type, one.slug))
