"""One month of events: a small calendar, and the same as a list by day. Whatever narrows the list narrows the month."""

import calendar
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global
from pyroaring import BitMap

from cop import occasions
from cop.occasions import Occasion
from cop.web import cards, dates, series
from cop.web.events import ALL, Event, Narrowed, in_months, shown
from cop.web.language import _, current, locale, ngettext, number

FIRST, LAST = (1970, 1), (2100, 12)
MAX_EVENTS = 300  # of one month
MAX_COUNTED = 5000  # likewise, for the numbers beside the choices
LONG = 14  # days; what lasts longer stands below the days
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_DAY = {"en": "EEEE d MMMM"}
Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Cell:
    """One day of the small calendar."""

    number: str
    anchor: str  # of the first event of this day in the list; "" without events
    label: str  # for those who hear the page
    is_today: bool


@dataclass(frozen=True)
class Sheet:
    """The small calendar."""

    caption: str
    weekdays: tuple[tuple[str, str], ...]  # short and whole
    weeks: tuple[tuple[Cell | None, ...], ...]  # None: a day of another month
    query: Query  # of this month's page
    before: tuple[str, Query] | None  # name and query of the month before
    after: tuple[str, Query] | None


@dataclass(frozen=True)
class Day:
    """The events that begin on one day, or go on from the month before."""

    anchor: str
    heading: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Month:
    """What takes place in one month."""

    month: tuple[int, int]
    sheet: Sheet
    days: tuple[Day, ...]
    loose: tuple[Event, ...]  # for weeks on end, or some time in that month
    is_cut: bool  # there was more than fits


@dataclass(frozen=True)
class _Once:
    """One time of one event within the month."""

    first: date  # both within the month
    last: date
    event: Event
    order: str


def read(text: str) -> tuple[int, int] | None:
    """Year and month of an address; None if it names no month that there is a page for.

    >>> read("2026-11"), read("2026-13"), read("")
    ((2026, 11), None, None)
    """
    found = _MONTH.fullmatch(text) if text.isascii() else None
    year, month = (int(found[1]), int(found[2])) if found else (0, 0)
    return (year, month) if 1 <= month <= 12 and FIRST <= (year, month) <= LAST else None


def moved_by(month: tuple[int, int], by: int) -> tuple[int, int] | None:
    """The month that many months later; None beyond what there are pages for.

    >>> moved_by((2026, 11), 2), moved_by((2026, 1), -1), moved_by((2100, 12), 1)
    ((2027, 1), (2025, 12), None)
    """
    count = month[0] * 12 + month[1] - 1 + by
    there = (count // 12, count % 12 + 1)
    return there if FIRST <= there <= LAST else None


def build(db: sqlite3.Connection, month: tuple[int, int], today: date, narrowed: Narrowed, query: Query) -> Month:
    """Everything that takes place in a month. `query` is what else narrows the list."""
    first, last = _ends(month)
    rows = _rows(db, month, narrowed, MAX_EVENTS + 1)
    times, loose = [], []
    for row in rows[:MAX_EVENTS]:
        fields = cards.loads(row["fields"])
        found = list(_times(row, fields, first, last))
        times += [one for one in found if (one.last - one.first).days < LONG]
        loose += [one.event for one in found if (one.last - one.first).days >= LONG]
        if _is_loose(row, first):
            loose.append(shown(row, fields))
    times = sorted(times, key=lambda one: (one.first, one.order))
    days = tuple(_days(times))
    return Month(month, _sheet(month, times, today, query), days, tuple(loose), len(rows) > MAX_EVENTS)


def numbers(db: sqlite3.Connection, month: tuple[int, int]) -> BitMap:
    """The events of a month, before anything narrows it."""
    first, last = _ends(month)
    rows = ((row, cards.loads(row["fields"])) for row in _rows(db, month, ALL, MAX_COUNTED))
    return BitMap(row["number"] for row, fields in rows if _is_loose(row, first) or any(_spans(fields, first, last)))


def _ends(month: tuple[int, int]) -> tuple[date, date]:
    return date(*month, 1), date(*month, calendar.monthrange(*month)[1])


def _rows(db: sqlite3.Connection, month: tuple[int, int], narrowed: Narrowed, limit: int) -> list[sqlite3.Row]:
    first, last = _ends(month)
    return in_months(db, first - timedelta(days=1), last + timedelta(days=1), narrowed, limit)


def _is_loose(row: sqlite3.Row, first: date) -> bool:
    """True if no more than the month is known."""
    return str(row["date"]) == f"{first:%Y-%m}"


def _times(row: sqlite3.Row, fields: Mapping[str, Any], first: date, last: date) -> Iterator[_Once]:
    for one, begins, ends in _spans(fields, first, last):
        event = shown(row, series.at(fields, one))
        yield _Once(max(begins, first), min(ends, last), event, f"{one.start} {row['title']}")


def _spans(fields: Mapping[str, Any], first: date, last: date) -> Iterator[tuple[Occasion, date, date]]:
    """The times that touch the days from `first` to `last`, each with its first and last day."""
    when = occasions.occasions(fields)
    if when is None:
        return
    length = (occasions.day_of(when.end or when.start) - occasions.day_of(when.start)).days
    earliest = date.fromordinal(max(1, first.toordinal() - length))
    for one in occasions.between(when, earliest, last):
        begins, ends = occasions.day_of(one.start), _last_day(one)
        if ends >= first:
            yield one, begins, ends


def _last_day(one: Occasion) -> date:
    """The last day; what ends at midnight does not reach into the next."""
    last = occasions.day_of(one.end or one.start)
    begins = occasions.day_of(one.start)
    at_midnight = isinstance(one.end, datetime) and one.end.time() == time()
    return last - timedelta(days=1) if at_midnight and last > begins else last


def _days(times: Sequence[_Once]) -> Iterator[Day]:
    by_day: dict[date, list[Event]] = {}
    for one in times:
        by_day.setdefault(one.first, []).append(one.event)
    for day, events in by_day.items():
        yield Day(f"d{day.day}", dates.part(day, _DAY.get(current(), "full")), tuple(events))


def _sheet(month: tuple[int, int], times: Sequence[_Once], today: date, query: Query) -> Sheet:
    begins = _first_weekday(current())
    names = locale().days["format"]  # of "stand-alone" Babel gives those of whichever language asked first
    order = [(begins + at) % 7 for at in range(7)]
    weeks = calendar.Calendar(begins).monthdatescalendar(*month)
    # a column has room for six letters
    shown = "abbreviated" if max(map(len, names["abbreviated"].values())) <= 6 else "short"
    return Sheet(
        caption=_name(month),
        weekdays=tuple((names[shown][day], names["wide"][day]) for day in order),
        weeks=tuple(
            tuple(_cell(day, times, today) if day.month == month[1] else None for day in week) for week in weeks
        ),
        query=_query(month, query),
        before=_neighbour(month, -1, query),
        after=_neighbour(month, 1, query),
    )


def _cell(day: date, times: Sequence[_Once], today: date) -> Cell:
    here = [one for one in times if one.first <= day <= one.last]
    began = max((one.first for one in here), default=None)
    count = ngettext("%(num)s event", "%(num)s events", len(here))
    label = _("%(day)s: %(events)s", day=dates.part(day, "long"), events=count)
    return Cell(number(day.day), f"d{began.day}" if began else "", label, day == today)


def _neighbour(month: tuple[int, int], by: int, query: Query) -> tuple[str, Query] | None:
    there = moved_by(month, by)
    return (_name(there), _query(there, query)) if there else None


def _name(month: tuple[int, int]) -> str:
    return dates.part(date(*month, 1), "LLLL y")


def _query(month: tuple[int, int], query: Query) -> Query:
    return {**query, "month": f"{month[0]:04d}-{month[1]:02d}"}


@cache
def _first_weekday(code: str) -> int:
    """On which day weeks begin where most people speak this language; 0 is Monday."""
    likely = get_global("likely_subtags").get(code, code)
    return Locale.parse("en_GB" if code == "en" else likely).first_week_day
