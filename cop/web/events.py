"""Which events are to come, always open or past, and how a list shows one."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from cop import ended
from cop.site_schema import EVENT_IS_CALL, EVENT_IS_OPEN, EVENT_LAST
from cop.web import cards, gathering, series
from cop.web.cards import Card, Slip

MAX_SERIES = 500  # of which the next date is looked for
Narrowed = tuple[str, list[str]]  # a condition on `number`, and its values
ALL: Narrowed = ("1", [])


@dataclass(frozen=True)
class Event:
    """An event in a list."""

    card: Card
    slip: Slip | None
    offers: tuple[str, ...]  # such as "Step-free"
    unstated: str  # one sentence, or ""


# Which of the three an event is. An index answers for it, see site_schema.py.
_OPEN = f"({EVENT_IS_OPEN} = 1)"
_OVER = "number IN (SELECT value FROM json_each(:over))"  # those that ended earlier today
_COMING = f"({EVENT_IS_OPEN} = 0 AND {EVENT_LAST} >= :today AND NOT {_OVER})"
_PAST = f"({EVENT_IS_OPEN} = 0 AND {EVENT_LAST} < :today)"
# by the index of dates: a few are enough
_NEWEST_PAST = f"(((+{EVENT_IS_OPEN} = 0 AND +{EVENT_LAST} < :today) OR {_OVER}) AND date < :later)"


def coming(
    db: sqlite3.Connection,
    today: date,
    narrowed: Narrowed = ALL,
    limit: int = -1,
    offset: int = 0,
    *,
    now: datetime | None = None,
) -> tuple[Event, ...]:
    """The next events, soonest first; a series by its next date, so that one that began long ago pushes nothing away."""
    next_dates = json.dumps(_next_dates(db, today, narrowed, now))
    order = """coalesce(json_extract(:next, '$."' || number || '"'), date), title"""
    return _select(db, _COMING, order, today, limit, narrowed, offset, now=now, known={"next": next_dates})


def _next_dates(db: sqlite3.Connection, today: date, narrowed: Narrowed, now: datetime | None) -> dict[int, str]:
    """When each series that goes on takes place next, by its number."""
    condition, values = _named(narrowed)
    sql = f"SELECT number, fields FROM records WHERE type = 'event' AND ends <> '' AND {_COMING} AND {condition}"
    found = db.execute(f"{sql} LIMIT {MAX_SERIES}", {**_moment(db, today, now), **values})
    following = ((row["number"], series.at_next(cards.loads(row["fields"]), today, now)) for row in found)
    return {number: str(fields.get("start") or "") for number, fields in following}


def open_calls(db: sqlite3.Connection, today: date, limit: int) -> tuple[Event, ...]:
    """Calls without a closing date."""
    return _select(db, f"{_OPEN} AND {EVENT_IS_CALL}", "title COLLATE NOCASE", today, limit)


def without_date(
    db: sqlite3.Connection, today: date, narrowed: Narrowed, limit: int, offset: int = 0
) -> tuple[Event, ...]:
    """Calls that are open, then events of which no date is known."""
    return _select(db, _OPEN, f"{EVENT_IS_CALL} DESC, title COLLATE NOCASE", today, limit, narrowed, offset)


def past(
    db: sqlite3.Connection,
    today: date,
    limit: int,
    narrowed: Narrowed = ALL,
    offset: int = 0,
    *,
    now: datetime | None = None,
) -> tuple[Event, ...]:
    """Past events, newest first."""
    return _select(db, _NEWEST_PAST, "date DESC, title", today, limit, narrowed, offset, now=now)


def count_coming(db: sqlite3.Connection, today: date, now: datetime | None = None) -> int:
    """How many events are to come and will take place."""
    going = "coalesce(json_extract(fields, '$.status'), '') <> 'cancelled'"
    sql = f"SELECT count(*) FROM records WHERE type = 'event' AND {_COMING} AND {going}"
    return int(db.execute(sql, _moment(db, today, now)).fetchone()[0])


def _moment(db: sqlite3.Connection, today: date, now: datetime | None) -> dict[str, str]:
    """What the conditions above ask for."""
    over = json.dumps(ended.events(db, today, now))
    return {"today": today.isoformat(), "later": (today + timedelta(days=2)).isoformat(), "over": over}


def with_a_day(db: sqlite3.Connection, today: date, narrowed: Narrowed, limit: int) -> list[sqlite3.Row]:
    """Events whose day is known, for calendars: those to come first, soonest first; then the newest of the past."""
    condition, values = _named(narrowed)
    coming = f"({EVENT_LAST} >= :today)"
    return db.execute(
        f"SELECT * FROM records WHERE type = 'event' AND length(date) >= 10 AND {condition}"
        f" ORDER BY {coming} DESC, CASE WHEN {coming} THEN date END, date DESC, record_id LIMIT {limit}",
        {"today": today.isoformat(), **values},
    ).fetchall()


def orders(db: sqlite3.Connection, today: date) -> dict[str, list[int]]:
    """Numbers of events as they follow each other if they are to come, have no date, or are past: for copies."""
    known = {"today": today.isoformat(), "next": json.dumps(_next_dates(db, today, ALL, None))}
    by = {
        "coming": (f"{EVENT_IS_OPEN} = 0", """coalesce(json_extract(:next, '$."' || number || '"'), date), title"""),
        "undated": (_OPEN, f"{EVENT_IS_CALL} DESC, title COLLATE NOCASE"),
        "past": (f"{EVENT_IS_OPEN} = 0", "date DESC, title"),
    }
    sql = "SELECT number FROM records WHERE type = 'event' AND {} ORDER BY {}"
    return {name: [row[0] for row in db.execute(sql.format(*one), known)] for name, one in by.items()}


def last_days(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """When each event that has a date is over; "2018~~~~~~" comes after every day of 2018."""
    sql = f"SELECT number, {EVENT_LAST} FROM records WHERE type = 'event' AND {EVENT_IS_OPEN} = 0 ORDER BY number"
    return [(number, last) for number, last in db.execute(sql)]


def are_any(db: sqlite3.Connection) -> bool:
    """True if this copy knows of any event."""
    return db.execute("SELECT 1 FROM records WHERE type = 'event' LIMIT 1").fetchone() is not None


def counts(
    db: sqlite3.Connection, today: date, narrowed: Narrowed, now: datetime | None = None
) -> tuple[int, int, int]:
    """How many events are to come, are open or have no date, and are over."""
    condition, values = _named(narrowed)
    moment = _moment(db, today, now) | values

    def count(state: str) -> int:
        sql = f"SELECT count(*) FROM records WHERE type = 'event' AND {state} AND {condition}"
        return int(db.execute(sql, moment).fetchone()[0])

    return count(_COMING), count(_OPEN), count(_PAST) + count(_OVER)


def _select(
    db: sqlite3.Connection,
    state: str,
    order: str,
    today: date,
    limit: int,
    narrowed: Narrowed = ALL,
    offset: int = 0,
    *,
    now: datetime | None = None,
    known: Mapping[str, str] | None = None,
) -> tuple[Event, ...]:
    condition, values = _named(narrowed)
    sql = f"SELECT {cards.COLUMNS} FROM records WHERE type = 'event' AND {state} AND {condition} ORDER BY {order}"
    found = db.execute(f"{sql} LIMIT {limit} OFFSET {offset}", {**_moment(db, today, now), **values, **(known or {})})
    return tuple(event(row, today, now) for row in found)


def _named(narrowed: Narrowed) -> tuple[str, dict[str, str]]:
    """The same condition with named places, so that it can stand beside :today."""
    pieces = narrowed[0].split("?")
    names = [f"v{at}" for at in range(len(pieces) - 1)]
    sql = "".join(piece + f":{name}" for piece, name in zip(pieces, names, strict=False)) + pieces[-1]
    return sql, dict(zip(names, narrowed[1], strict=True))


def event(row: sqlite3.Row | Mapping[str, Any], today: date, now: datetime | None = None) -> Event:
    """One row of `records` as an event in a list; a series with its next date."""
    return shown(row, series.at_next(cards.loads(row["fields"]), today, now))


def shown(row: sqlite3.Row | Mapping[str, Any], fields: Mapping[str, Any]) -> Event:
    """One row of `records` as an event in a list, with the fields as they are for one of its times."""
    card = replace(cards.card(row, fields), states=cards.states(row["conflicts"], fields))
    return Event(card, cards.slip(fields), gathering.offers(fields), gathering.unstated(fields))


def in_months(db: sqlite3.Connection, first: date, last: date, narrowed: Narrowed, limit: int) -> list[sqlite3.Row]:
    """Events that may take place between two days, as far as their first and last day tell."""
    condition, values = _named(narrowed)
    return db.execute(
        f"SELECT {cards.COLUMNS}, number FROM records WHERE type = 'event' AND length(date) >= 7 AND {condition}"
        f" AND substr(date, 1, 10) <= :last AND {EVENT_LAST} >= :first"
        f" ORDER BY date DESC, record_id LIMIT {limit}",
        {"first": first.isoformat(), "last": last.isoformat(), **values},
    ).fetchall()
