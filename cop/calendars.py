"""Calendar files (iCalendar, RFC 5545 and RFC 7986) for phones, Outlook and others. Values in, text out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, repeat
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vDuration, vRecur

from cop import __version__
from cop.clocks import described
from cop.occasions import Occasion, Occasions, Point, day_of
from cop.plain import lines, one_line
from cop.recurring import Rule
from cop.taking_place import moved_occasions

CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
MOST_ZONES = 40  # described in one file; times in others are given in UTC
_YEARS_AHEAD = 10  # for which a file describes the clocks of a series without an end
_EARLIEST, _LATEST = 1970, 2100  # years between which clocks are described
_REFRESH = timedelta(hours=12)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class CalendarEvent:
    """One event, with all its times."""

    record_id: str
    changes: int  # how often it was changed since it was added
    added: datetime  # UTC
    changed: datetime  # UTC
    title: str
    description: str
    place: str
    address: str  # whole address of its page
    state: str  # CONFIRMED, TENTATIVE or CANCELLED
    topics: tuple[str, ...]
    when: Occasions
    moved: tuple[str, ...] = ()  # descriptions of the dates that moved, in the order of `moved_occasions`


@dataclass(frozen=True)
class CalendarFile:
    """A calendar to save or to subscribe to."""

    name: str
    description: str
    address: str  # whole address of the page that shows the same
    events: tuple[CalendarEvent, ...]


def write(file: CalendarFile, today: date) -> str:
    """The calendar as text, lines folded and ended as RFC 5545 section 3.1 says."""
    calendar = Calendar()
    calendar.add("prodid", f"-//cop//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for name, text in (("name", file.name), ("description", file.description)):
        calendar.add(name, one_line(text))
    calendar.add("x-wr-calname", one_line(file.name))  # what Outlook, Google and Apple read instead
    calendar.add("x-wr-caldesc", one_line(file.description))
    calendar.add("url", file.address)
    calendar.add("refresh-interval", vDuration(_REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(_REFRESH))
    clocks = _Clocks(file.events, today)
    for zone in clocks.described():
        calendar.add_component(zone)
    head, end, nothing = str(calendar.to_ical(), "utf-8").rpartition("END:VCALENDAR")
    return "".join([head, *(_text(one, repr(one.when), clocks) for one in file.events), end, nothing])


def uid(record_id: str) -> str:
    """What tells an event from all others: the same in every copy, wherever it moves to."""
    return f"{record_id}@cop"


@lru_cache(maxsize=1000)  # folding lines takes most of the time, and programs ask for the same again and again
def _text(one: CalendarEvent, _spelt_out: str, clocks: "_Clocks") -> str:
    # `_spelt_out` tells moments apart that count as equal, such as 18:00 in London and in UTC
    return "".join(str(component.to_ical(), "utf-8") for component in _components(one, clocks))


def _components(one: CalendarEvent, clocks: "_Clocks") -> Iterator[Event]:
    when = one.when
    first = _event(one, Occasion(when.start, when.end), clocks)
    if when.rule:
        first.add("rrule", vRecur(_rule(when.rule, when.start)))
    for name, points in (("rdate", when.also), ("exdate", when.without)):
        if points:
            _add_points(first, name, [clocks.shown(point) for point in points])
    yield first
    for moved, description in zip(moved_occasions(when), chain(one.moved, repeat(one.description)), strict=False):
        yield _event(replace(one, description=description), moved, clocks)


def _event(one: CalendarEvent, occasion: Occasion, clocks: "_Clocks") -> Event:
    event = Event()
    event.add("uid", uid(one.record_id))
    if occasion.instead_of is not None:
        event.add("recurrence-id", clocks.shown(occasion.instead_of))
    event.add("dtstamp", one.changed)  # a file that is published, not sent: when it last changed (section 3.8.7.2)
    event.add("created", one.added)
    event.add("last-modified", one.changed)
    event.add("sequence", one.changes)
    event.add("dtstart", clocks.shown(occasion.start))
    if (end := _end(occasion)) is not None:
        event.add("dtend", clocks.shown(end))
    event.add("summary", one_line(one.title))
    for name, text in (("description", lines(one.description)), ("location", one_line(occasion.place or one.place))):
        if text:
            event.add(name, text)
    event.add("url", one.address)
    event.add("status", one.state)
    if not isinstance(occasion.start, datetime):
        event.add("transp", "TRANSPARENT")  # a day on which something is on does not make a person busy all day
    if one.topics:
        event.add("categories", [one_line(topic) for topic in one.topics])
    return event


def _end(occasion: Occasion) -> Point | None:
    """The end as calendar files want it: the day after the last day. None if nobody wrote it, or if it is the start."""
    start, end = occasion.start, occasion.end
    if not isinstance(start, datetime):
        last = day_of(end or start)
        return last + timedelta(days=1) if last < date.max else None
    return end if isinstance(end, datetime) and end != start else None


def _add_points(event: Event, name: str, points: Sequence[Point]) -> None:
    """Dates of a series; those in another zone than the first stand on a line of their own."""
    zones: dict[str, list[Point]] = {}
    for point in points:
        zones.setdefault(str(getattr(point, "tzinfo", None)), []).append(point)
    for same in zones.values():
        event.add(name, same, parameters={} if isinstance(same[0], datetime) else {"VALUE": "DATE"})


def _rule(rule: Rule, start: Point) -> dict[str, Any]:
    found: dict[str, Any] = {"freq": {"week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}[rule.unit]}
    if rule.every > 1:
        found["interval"] = rule.every
    if rule.weekdays:
        found["byday"] = [f"{rule.position or ''}{_WEEKDAYS[day]}" for day in rule.weekdays]
    if rule.times:
        found["count"] = rule.times
    if rule.until:
        found["until"] = _until(rule.until, start)
    return found


def _until(last: date, start: Point) -> Point:
    """The last moment that counts, in UTC if the series has a time zone (RFC 5545 section 3.3.10)."""
    if not isinstance(start, datetime):
        return last
    moment = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=start.tzinfo)
    return moment.astimezone(UTC) if start.tzinfo else moment


# -- clocks


class _Clocks:
    """Which time zones a file describes, and how its moments are given. Equal if they describe the same zones."""

    def __init__(self, events: Iterable[CalendarEvent], today: date) -> None:
        self._years: dict[str, tuple[int, int]] = {}
        for one in events:
            for point in _points(one.when, today):
                self._note(point)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Clocks) and self._years.keys() == other._years.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self._years))

    def _note(self, point: Point) -> None:
        name = _zone_name(point)
        if not name or not (name in self._years or len(self._years) < MOST_ZONES):
            return
        first, last = self._years.get(name, (point.year, point.year))
        self._years[name] = (min(first, point.year), max(last, point.year))

    def described(self) -> list[Timezone]:
        """The clocks of each zone, from the first year that matters to the last."""
        return [described(name, first, last) for name, (first, last) in sorted(self._years.items())]

    def shown(self, point: Point) -> Point:
        """A moment on the clocks of its zone if the file describes them, else in UTC."""
        if not isinstance(point, datetime) or point.tzinfo is None:
            return point
        # what the clock shows for the second time when it is put back cannot be said in a zone (section 3.3.5)
        known = _zone_name(point) in self._years and not point.fold
        return point if known else point.astimezone(UTC)


def _points(when: Occasions, today: date) -> Iterator[Point]:
    yield from (when.start, *when.also, *(one.to for one in when.moved))
    if when.end:
        yield when.end
    if when.rule and isinstance(when.start, datetime):
        last = when.rule.until.year if when.rule.until else max(when.start.year, today.year) + _YEARS_AHEAD
        yield when.start.replace(year=min(last, _LATEST), month=1, day=1)


def _zone_name(point: Point) -> str:
    zone = point.tzinfo if isinstance(point, datetime) and _EARLIEST <= point.year <= _LATEST else None
    return zone.key if isinstance(zone, ZoneInfo) else ""
