"""Events: to come, always open, past."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from cop.fields import TYPES
from cop.web import cards, dates, lists, narrow, series
from cop.web.address import subscribing
from cop.web.asked import Asked
from cop.web.cards import Card, Slip
from cop.web.language import _
from cop.web.links import rel

MAX_SHOWN = 200  # of events to come and of calls


@dataclass(frozen=True)
class Event:
    """An event in a list."""

    card: Card
    slip: Slip | None
    access: str


@dataclass(frozen=True)
class Month:
    """Events of one month, or of a year if no more is known."""

    heading: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class EventsPage:
    """What the template of the list of events shows."""

    heading: str
    lead: str
    target: str
    words: str
    facets: tuple[narrow.Facet, ...]
    filters: tuple[lists.Filter, ...]
    months: tuple[Month, ...]
    open: tuple[Event, ...]
    past: tuple[Event, ...]
    pager: lists.Pager
    query: Mapping[str, str | Sequence[str]]  # what narrows the list
    subscribe: str  # address for calendar programs, "" if they cannot reach this copy
    template: ClassVar[str] = "cop_events.html"


# Which of the three an event is. `date` is its start as written, of any precision: "2018" is compared as a year.
_END = "coalesce(nullif(ends, ''), json_extract(fields, '$.end'), date)"
_CALL = "coalesce(json_extract(fields, '$.kind'), '') = 'call'"
# a call "in 2019" was meant for that year; one that began on a day and has no end goes on
_OPEN = f"(date = '' OR ({_CALL} AND json_extract(fields, '$.end') IS NULL AND length(date) >= 10))"
_COMING = f"(NOT {_OPEN} AND substr({_END}, 1, 10) >= substr(:today, 1, length(substr({_END}, 1, 10))))"
_PAST = f"(NOT {_OPEN} AND NOT {_COMING})"


# a series that began long ago does not push away what is next
_SOONEST = "CASE WHEN ends <> '' THEN max(date, :today) ELSE date END, title"


def coming(db: sqlite3.Connection, today: date, limit: int = MAX_SHOWN) -> tuple[Event, ...]:
    """The next events, soonest first."""
    return _select(db, _COMING, _SOONEST, today, limit)


def open_calls(db: sqlite3.Connection, today: date, limit: int) -> tuple[Event, ...]:
    """Calls without a closing date."""
    return _select(db, f"{_OPEN} AND {_CALL}", "title COLLATE NOCASE", today, limit)


def past(db: sqlite3.Connection, today: date, limit: int) -> tuple[Event, ...]:
    """Past events, newest first."""
    return _select(db, _PAST, "date DESC, title", today, limit)


def count_coming(db: sqlite3.Connection, today: date) -> int:
    """How many events are to come."""
    sql = f"SELECT count(*) FROM records WHERE type = 'event' AND {_COMING}"
    return int(db.execute(sql, {"today": today.isoformat()}).fetchone()[0])


def with_a_day(db: sqlite3.Connection, today: date, narrowed: tuple[str, list[str]], limit: int) -> list[sqlite3.Row]:
    """Events whose day is known, for calendars: those to come first, soonest first; then the newest of the past."""
    condition, values = _named(narrowed)
    coming = f"({_END} >= :today)"
    return db.execute(
        f"SELECT * FROM records WHERE type = 'event' AND length(date) >= 10 AND {condition}"
        f" ORDER BY {coming} DESC, CASE WHEN {coming} THEN date END, date DESC, record_id LIMIT {limit}",
        {"today": today.isoformat(), **values},
    ).fetchall()


def _select(
    db: sqlite3.Connection,
    state: str,
    order: str,
    today: date,
    limit: int,
    *,
    narrowed: tuple[str, list[str]] = ("1", []),
    offset: int = 0,
) -> tuple[Event, ...]:
    condition, values = _named(narrowed)
    sql = f"SELECT {cards.COLUMNS} FROM records WHERE type = 'event' AND {state} AND {condition} ORDER BY {order}"
    found = db.execute(f"{sql} LIMIT {limit} OFFSET {offset}", {"today": today.isoformat(), **values})
    events = tuple(event(row, today) for row in found)
    return tuple(sorted(events, key=_next_start)) if state == _COMING else events


def _next_start(event: Event) -> str:
    """What is to come stands by its next date, not by the first of its series."""
    return event.slip.iso if event.slip else ""


def _named(narrowed: tuple[str, list[str]]) -> tuple[str, dict[str, str]]:
    """The same condition with named places, so that it can stand beside :today."""
    pieces = narrowed[0].split("?")
    names = [f"v{at}" for at in range(len(pieces) - 1)]
    sql = "".join(piece + f":{name}" for piece, name in zip(pieces, names, strict=False)) + pieces[-1]
    return sql, dict(zip(names, narrowed[1], strict=True))


def event(row: sqlite3.Row, today: date) -> Event:
    """One row of `records` as an event in a list; a series with its next date."""
    fields = series.at_next(cards.loads(row["fields"]), today)
    access = "" if fields.get("venue_access") or fields.get("join_methods") else _("Access: not stated, please ask.")
    card = replace(cards.card(row), meta=cards.meta_line("event", row["date"], fields))
    return Event(card, cards.slip(fields), access)


def events(asked: Asked) -> EventsPage:
    """The list of events, by what is to come, always open and past."""
    db, today = asked.db, asked.today
    want = lists.wanted(asked, TYPES["event"])
    narrowed = narrow.narrowed(want)
    condition, values = _named(narrowed)
    past_count = db.execute(
        f"SELECT count(*) FROM records WHERE type = 'event' AND {_PAST} AND {condition}",
        {"today": today.isoformat(), **values},
    ).fetchone()[0]
    first_page = want.page == 1
    size = lists.PAGE_SIZE
    offset = (want.page - 1) * size
    to_come = _select(db, _COMING, _SOONEST, today, MAX_SHOWN, narrowed=narrowed) if first_page else ()
    return EventsPage(
        heading=_("Events"),
        lead=_(
            "Meetings, courses and calls. For each one we say what it costs, how to get in and how to join from home. "
            "Where we do not know, we say so."
        ),
        target="/events",
        words=want.words,
        facets=narrow.facet_list(db, want),
        filters=lists.filters(db, want),
        months=tuple(_months(to_come)),
        open=_select(db, _OPEN, f"{_CALL} DESC, title COLLATE NOCASE", today, MAX_SHOWN, narrowed=narrowed)
        if first_page
        else (),
        past=_select(db, _PAST, "date DESC, title", today, size, narrowed=narrowed, offset=offset),
        pager=lists.pager(want, past_count),
        query=want.query(sort=""),
        subscribe=subscribing(f"{asked.top}/{rel('/', '/events.ics', want.query(sort=''))}"),
    )


def _months(events: tuple[Event, ...]) -> list[Month]:
    months: dict[str, list[Event]] = {}
    for one in events:
        when = dates.read(one.slip.iso) if one.slip else None
        months.setdefault(when.month_words() if when else "", []).append(one)
    return [Month(heading, tuple(members)) for heading, members in months.items()]
