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

from cop import occasions, remembered, taking_place
from cop.occasions import Occasion
from cop.site_schema import EVENT_LAST
from cop.web import cards, dates, series
from cop.web.events import ALL, Event, Narrowed, in_months, shown
from cop.web.language import _, current, locale, ngettext, number
from cop.web.lists import Pager, shares

FIRST, LAST = (1970, 1), (2100, 12)
AHEAD = 36  # months from now: up to there one leads to the next, so that a robot or a copy comes to an end
MAX_EVENTS = 1000  # of one month
PAGE_SIZE = 60  # likewise, on one page
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
    page: int  # of the list, on which that event stands
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
    page: int
    pager: Pager
    is_cut: bool  # there was more than is looked at


@dataclass(frozen=True)
class _Once:
    """One time of one event within the month."""

    first: date  # both within the month
    last: date
    row: sqlite3.Row
    fields: Mapping[str, Any]  # as they are for this time

    @property
    def order(self) -> str:
        """By which it stands among others of its day."""
        return f"{self.fields['start']} {self.row['title']}"

    @property
    def event(self) -> Event:
        """As a list shows it."""
        return shown(self.row, self.fields)


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


def held(db: sqlite3.Connection, today: date) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last month that one comes to by going on from another: there are events between them."""
    query = f"SELECT min(nullif(substr(date, 1, 7), '')), max({EVENT_LAST}) FROM records WHERE type = 'event'"
    first, last = remembered.once(lambda: db.execute(query).fetchone(), "months")
    now, far = (today.year, today.month), moved_by((today.year, today.month), AHEAD) or LAST
    begins = read(str(first)) or read(f"{str(first)[:4]}-01") or now
    ends = read(str(last)[:7]) or read(f"{str(last)[:4]}-12") or now
    return min(begins, now), min(max(ends, moved_by(now, 12) or now), far)


def build(
    db: sqlite3.Connection, month: tuple[int, int], today: date, narrowed: Narrowed, query: Query, page: int = 1
) -> Month:
    """Everything that takes place in a month, or one page of it. `query` is what else narrows the list."""
    rows = _rows(db, month, narrowed, MAX_EVENTS + 1)
    times, loose = _found(rows[:MAX_EVENTS], *_ends(month))
    (many, begin), (rest, after) = shares((len(times), len(loose)), page, PAGE_SIZE)
    there = _query(month, query)
    return Month(
        month,
        _sheet(month, times, today, query, held(db, today)),
        tuple(_days(times[begin : begin + many])),
        tuple(one.event for one in loose[after : after + rest]),
        page,
        Pager(
            "",
            {**there, "page": str(page - 1)} if page > 1 and many + rest else None,
            {**there, "page": str(page + 1)} if page * PAGE_SIZE < len(times) + len(loose) else None,
        ),
        len(rows) > MAX_EVENTS,
    )


def _found(rows: Sequence[sqlite3.Row], first: date, last: date) -> tuple[list[_Once], list[_Once]]:
    """What takes place on days of the month, in their order; and for weeks on end, or on a day not yet known."""
    times, loose = [], []
    for row in rows:
        fields = cards.loads(row["fields"])
        found = list(_times(row, fields, first, last))
        times += [one for one in found if (one.last - one.first).days < LONG]
        loose += [one for one in found if (one.last - one.first).days >= LONG]
        if _is_loose(row, first):
            loose.append(_Once(first, last, row, fields))
    return sorted(times, key=lambda one: (one.first, one.order)), loose


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
        yield _Once(max(begins, first), min(ends, last), row, series.at(fields, one))


def _spans(fields: Mapping[str, Any], first: date, last: date) -> Iterator[tuple[Occasion, date, date]]:
    """The times that touch the days from `first` to `last`, each with its first and last day."""
    when = occasions.occasions(fields)
    if when is None:
        return
    length = (occasions.day_of(when.end or when.start) - occasions.day_of(when.start)).days
    earliest = date.fromordinal(max(1, first.toordinal() - length))
    times = ((one, occasions.day_of(one.start), _last_day(one)) for one in taking_place.between(when, earliest, last))
    touching = [(one, begins, ends) for one, begins, ends in times if ends >= first]
    begun = [one for one in touching if one[1] < first]  # of a series whose times overlap, the last one goes on
    yield from (*begun[-1:], *(one for one in touching if one[1] >= first))


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


def _sheet(
    month: tuple[int, int],
    times: Sequence[_Once],
    today: date,
    query: Query,
    among: tuple[tuple[int, int], tuple[int, int]],
) -> Sheet:
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
        before=_neighbour(month, -1, query, among),
        after=_neighbour(month, 1, query, among),
    )


def _cell(day: date, times: Sequence[_Once], today: date) -> Cell:
    here = [one for one in times if one.first <= day <= one.last]
    began = max((one.first for one in here), default=None)
    page = 1 + next((at for at, one in enumerate(times) if one.first == began), 0) // PAGE_SIZE
    count = ngettext("%(num)s event", "%(num)s events", len(here))
    label = _("%(day)s: %(events)s", day=dates.part(day, "long"), events=count)
    return Cell(number(day.day), f"d{began.day}" if began else "", page, label, day == today)


def _neighbour(
    month: tuple[int, int], by: int, query: Query, among: tuple[tuple[int, int], tuple[int, int]]
) -> tuple[str, Query] | None:
    there = moved_by(month, by)
    return (_name(there), _query(there, query)) if there and among[0] <= there <= among[1] else None


def _name(month: tuple[int, int]) -> str:
    return dates.part(date(*month, 1), "LLLL y")


def _query(month: tuple[int, int], query: Query) -> Query:
    return {**query, "month": f"{month[0]:04d}-{month[1]:02d}"}


@cache
def _first_weekday(code: str) -> int:
    """On which day weeks begin where most people speak this language; 0 is Monday."""
    likely = get_global("likely_subtags").get(code, code)
    return Locale.parse("en_GB" if code == "en" else likely).first_week_day
