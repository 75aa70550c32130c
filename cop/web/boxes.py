"""What lies on the desk, in one table: a new page of the desk is a line here and a route in `desk`.

Each line has a name, an address, a sentence about it, and where something can wait there, a function that counts it.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from cop import checking, contributions, forgotten, looking, status, trust
from cop.sessions import Session
from cop.web import alike
from cop.web.asked import MenuLink
from cop.web.door import Served
from cop.web.language import N_, _, apart, lookup

FEW = 2000  # records: in more, looking for what waits takes seconds, and the start page does not do it
Count = Callable[[Served, sqlite3.Connection, int], int | None]  # the last is the time now; None: not counted


@dataclass(frozen=True)
class Box:
    """A page of the desk."""

    label: str
    target: str
    about: str
    count: Count | None = None


@dataclass(frozen=True)
class Waits:
    """A line of the first page of the desk."""

    label: str
    target: str
    about: str
    count: int | None


def _conflicts(_served: Served, db: sqlite3.Connection, _now: int) -> int:
    return status.conflict_count(db) + len(status.merged_by_machine(db))


def _inbox(_served: Served, db: sqlite3.Connection, _now: int) -> int:
    return contributions.count(db)


def _removals(_served: Served, db: sqlite3.Connection, _now: int) -> int:
    return forgotten.undecided(db)


def _to_look_at(_served: Served, db: sqlite3.Connection, _now: int) -> int:
    return looking.count(db)


def _few(db: sqlite3.Connection) -> bool:
    return int(db.execute("SELECT count(*) FROM view_record").fetchone()[0]) <= FEW


def _events(served: Served, db: sqlite3.Connection, _now: int) -> int | None:
    return len(checking.check_events(served.site, date.today()).events) if _few(db) else None


def _duplicates(served: Served, db: sqlite3.Connection, _now: int) -> int | None:
    return alike.count(served, db) if _few(db) else None


WAITING: tuple[Box, ...] = (
    Box(N_("What people sent"), "/desk/inbox", N_("New things, corrections, questions, and requests for removal."), _inbox),
    Box(N_("Differences to settle"), "/desk/conflicts", N_("Where partners answered the same question differently."), _conflicts),
    Box(N_("What waits to be looked at"), "/desk/endorse", N_("Where your agreement asks for more than one pair of eyes."), _to_look_at),
    Box(N_("Events: what is missing"), "/desk/events", N_("What people ask first, and nobody has written down yet."), _events),
    Box(N_("What may be there twice"), "/desk/duplicates", N_("You say whether they are the same."), _duplicates),
    Box(N_("Requests to remove something"), "/desk/removals", N_("Partners ask for it. It is hidden until you decide."), _removals),
)  # fmt: skip
WORK: tuple[Box, ...] = (
    Box(N_("Change something"), "/desk/find", N_("Find an entry, and change or withdraw it.")),
    Box(
        N_("Write down what somebody told you"),
        "/desk/told",
        N_("By phone, on paper or face to face. It is marked as passed on."),
    ),
    Box(N_("Write something new"), "/desk/new", N_("A resource, an event, a post, and more.")),
)
TOGETHER: tuple[Box, ...] = (
    Box(N_("Exchange with partners"), "/desk/sync", N_("Whom you exchange with, and what came of it.")),
    Box(N_("Invite a partner"), "/desk/invite", N_("Your invitation, to hand to another organisation.")),
    Box(N_("Buddies"), "/desk/buddies", N_("Who would be a buddy, who would like one, and who has whom.")),
    Box(N_("Who is at the desk"), "/desk/people", N_("Who has signed in, and how to end that.")),
)
START = Box(N_("The desk"), "/desk", "")


def links(path: str) -> tuple[MenuLink, ...]:
    """The menu, for the page at `path`."""
    return tuple(
        MenuLink(lookup(one.label), one.target, _current(path, one.target))
        for one in (START, *WAITING, *WORK, *TOGETHER)
    )


def _current(path: str, target: str) -> str:
    if path == target:
        return "page"
    return "true" if target != START.target and path.startswith(f"{target}/") else ""


def counted(group: tuple[Box, ...], served: Served, db: sqlite3.Connection, now: int) -> tuple[Waits, ...]:
    """What lies there now."""
    return tuple(
        Waits(lookup(one.label), one.target, lookup(one.about), one.count(served, db, now) if one.count else None)
        for one in group
    )


def in_vain(db: sqlite3.Connection) -> str:
    """Why what is done at this computer reaches nobody, in words; "" if it does."""
    if trust.is_ended(db):
        return _("Your organisation has ended this computer. What you do here counts nowhere. To go on: cop device new")
    if not trust.is_vouched_for(db):
        return _(
            "Your organisation has not vouched for this computer yet. What you do here stays here until it does."
            " On its first computer, say cop device add with the line that cop device new printed here."
        )
    return ""


def who(session: Session | None) -> str:
    """Who is at the desk, in words."""
    if session is None:
        return _("You can read here. To do something, sign in.")
    if not session.person:
        return _("You have signed in without a name.")
    return _("You have signed in as %(name)s.", name=apart(session.person))
