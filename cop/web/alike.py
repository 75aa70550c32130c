"""The desk's page on what may be there twice: pairs of entries, why, and buttons to say what they are."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cop import about, duplicates, identity, same_as
from cop.duplicates import Candidate, Proposal
from cop.errors import CopError, WrongUsage
from cop.model import RecordId
from cop.patch import is_record_id
from cop.proposing import name_of, proposals
from cop.web import at_desk, dates
from cop.web.at_desk import See, Visit
from cop.web.door import Served
from cop.web.language import N_, _, lookup, ngettext
from cop.web.links import record_address
from cop.web.lists import Pager
from cop.web.words import listed

PER_PAGE = 10  # pairs
TARGET = "/desk/duplicates"
_DONE = {
    "same": N_("Their pages point to each other now. Partners follow at the next exchange."),
    "apart": N_("They stay two. Nobody is asked again."),
}
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
    ids: str  # of both, for the form
    problem: str  # why nothing was said of them
    typed: str


@dataclass(frozen=True)
class AlikePage:
    """What the template shows."""

    heading: str
    lead: str
    pairs: tuple[Pair, ...]
    pager: Pager
    done: str  # what was just said
    notice: str  # why nothing was, if the pair is no longer in the list
    can_act: bool
    status: int = 200
    target: ClassVar[str] = TARGET
    template: ClassVar[str] = "cop_desk_duplicates.html"


_kept: dict[Path, tuple[tuple[int, ...], list[Proposal]]] = {}  # per store: its state, and what was found then


def to_compare(visit: Visit) -> AlikePage:
    """/desk/duplicates."""
    return _page(visit, at_desk.page_number(visit))


def say(visit: Visit) -> at_desk.Answer:
    """Say that two are the same, or that they are not."""
    form, site = visit.form, visit.served.site
    is_same = form.pressed("same", "apart") == "same"
    try:
        one, other = _both(form.text("pair"))
        signer = identity.ensure(site, visit.db, visit.now)
        told = {"why": form.text("why"), "person": visit.person}
        same_as.say(site, visit.db, signer, one, other, same=is_same, now=visit.now, **told)
    except CopError as error:
        return _page(visit, None, at_desk.told(error))
    return See(TARGET, {"done": "same" if is_same else "apart"})


def _both(typed: str) -> tuple[RecordId, RecordId]:
    """The two entries that a form is about. Raises: WrongUsage."""
    ids = typed.split()
    if len(ids) != 2 or not all(map(is_record_id, ids)):
        raise WrongUsage("This does not say which two are meant.", hint="Press one of the buttons of the page.")
    return ids[0], ids[1]


def _page(visit: Visit, number: int | None, problem: str = "") -> AlikePage:
    """One page of the list, without a number the one with the pair that a form is about."""
    served, db, pair = visit.served, visit.db, visit.form.text("pair")
    found = _found(served, db)
    at = next((at for at, one in enumerate(found) if _ids(one) == pair), None)
    number = number or (at or 0) // PER_PAGE + 1
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
        pairs=tuple(_pair(visit, one, problem if _ids(one) == pair else "") for one in found[begin:end]),
        pager=Pager(
            "",
            {"page": str(number - 1)} if number > 1 else None,
            {"page": str(number + 1)} if len(found) > end else None,
        ),
        done=lookup(_DONE.get(visit.args.get("done", ""), "")),
        notice=problem if at is None else "",
        can_act=visit.session is not None,
        status=422 if problem else 200,
    )


def _ids(proposal: Proposal) -> str:
    return f"{proposal.one.record_id} {proposal.other.record_id}"


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


def _pair(visit: Visit, proposal: Proposal, problem: str) -> Pair:
    one, other = proposal.one, proposal.other
    return Pair(
        both=(_one(one), _one(other)),
        why=listed([lookup(_REASONS[reason]) for reason in proposal.reasons]),
        names=f"{name_of(visit.db, one)} {name_of(visit.db, other)}",
        ids=_ids(proposal),
        problem=problem,
        typed=visit.form.text("why") if problem else "",
    )


def _one(one: Candidate) -> One:
    return One(one.title, dates.words(one.date) if one.date else "", record_address(one.type, one.slug))
