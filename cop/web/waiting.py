"""The desk's page on events to come: what their files do not state yet, and what waits with them."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from cop import checking
from cop.reading import Problem
from cop.web import dates
from cop.web.door import Served
from cop.web.language import _, lookup, ngettext

MOST = 100  # events on the page


@dataclass(frozen=True)
class Waits:
    """One event of which something is missing."""

    title: str
    path: str  # of the file in which to write it
    when: str
    missing: tuple[tuple[str, str], ...]  # name of the field in the file, and what it means


@dataclass(frozen=True)
class WaitingPage:
    """What the template shows."""

    heading: str
    lead: str
    events: tuple[Waits, ...]
    more: str  # "3 more", or ""
    problems: tuple[Problem, ...]  # files that wait until something is mended or answered
    template: ClassVar[str] = "cop_desk_events.html"


def waiting_page(served: Served, _db: sqlite3.Connection) -> WaitingPage:
    """/desk/events."""
    found = checking.check_events(served.site, date.today())
    left = len(found.events) - MOST
    return WaitingPage(
        heading=_("Events: what is missing"),
        lead=_(
            "What people ask first, and your files do not say yet. You can publish without it: then the page says that "
            "it is not stated."
        ),
        events=tuple(_waits(one) for one in found.events[:MOST]),
        more=ngettext("and %(num)s more", "and %(num)s more", left) if left > 0 else "",
        problems=found.problems[:MOST],
    )


def _waits(one: checking.EventWaits) -> Waits:
    when = dates.span(one.next, None, "") if one.next else _("No day yet")
    return Waits(one.title, one.path, when, tuple((field.name, lookup(field.label)) for field in one.missing))
