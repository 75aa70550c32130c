"""The desk's page on events to come: what their files do not state yet, and what waits with them."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import ClassVar

from cop import checking
from cop.reading import Problem
from cop.web import dates
from cop.web.door import Served
from cop.web.language import _, lookup, ngettext
from cop.web.links import record_address
from cop.web.lists import Pager

PER_PAGE = 10  # events
MOST = 100  # files that wait


@dataclass(frozen=True)
class Waits:
    """One event of which something is missing."""

    title: str
    target: str  # its page, "" if it is not published
    path: str  # of the file in which to write it
    when: str
    count: str  # "19 things are not stated"
    missing: tuple[tuple[str, str], ...]  # name of the field in the file, and what it means


@dataclass(frozen=True)
class WaitingPage:
    """What the template shows."""

    heading: str
    lead: str
    events: tuple[Waits, ...]
    pager: Pager
    problems: tuple[Problem, ...]  # files that wait until something is mended or answered
    target: ClassVar[str] = "/desk/events"
    template: ClassVar[str] = "cop_desk_events.html"


def waiting_page(served: Served, _db: sqlite3.Connection, number: int = 1) -> WaitingPage:
    """/desk/events."""
    found = checking.check_events(served.site, date.today())
    begin, end = (number - 1) * PER_PAGE, number * PER_PAGE
    shown = found.events[begin:end]
    published = _published(served.site.site_db, [PurePosixPath(one.path).stem for one in shown])
    return WaitingPage(
        heading=_("Events: what is missing"),
        lead=_(
            "What people ask first, and your files do not say yet. You can publish without it: then the page says that "
            "it is not stated."
        ),
        events=tuple(_waits(one, published) for one in shown),
        pager=Pager(
            "",
            {"page": str(number - 1)} if number > 1 else None,
            {"page": str(number + 1)} if len(found.events) > end else None,
        ),
        problems=found.problems[:MOST],
    )


def _published(site_db: Path, slugs: list[str]) -> frozenset[str]:
    """Those of the short addresses at which an event is published."""
    if not site_db.exists():
        return frozenset()
    with closing(sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True)) as db:
        sql = "SELECT slug FROM records WHERE type = 'event' AND slug IN (SELECT value FROM json_each(?))"
        return frozenset(slug for (slug,) in db.execute(sql, (json.dumps(slugs),)))


def _waits(one: checking.EventWaits, published: frozenset[str]) -> Waits:
    slug = PurePosixPath(one.path).stem
    target = record_address("event", slug) if slug in published else ""
    when = dates.span(one.next, None, "") if one.next else _("No day yet")
    missing = tuple((field.name, lookup(field.label)) for field in one.missing)
    count = ngettext("%(num)s thing is not stated", "%(num)s things are not stated", len(missing))
    return Waits(one.title, target, one.path, when, count, missing)
