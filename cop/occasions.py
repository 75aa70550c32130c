"""When an event takes place, as its fields say it: days, or moments on the clocks of its place; once, repeating, and with
exceptions. `taking_place` works out the dates, `fitting` checks what people write.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cop import recurring
from cop.recurring import Rule

Point = date | datetime  # a day, or a moment: with its time zone, or without if nobody wrote one

MOST_DATES = 200  # in also_on and not_on
MOST_MOVED = 50
YEARS = 50  # within which a series is worked out
_FIRST_YEAR = 1970
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Moved:
    """One date of a series that is at another time."""

    day: date  # on which it would have been
    to: Point
    place: str  # "" is the place of the series


@dataclass(frozen=True)
class Occasion:
    """One time that an event takes place."""

    start: Point
    end: Point | None
    place: str = ""  # if it is another than usual
    instead_of: Point | None = None  # where in the series it stood before it was moved


@dataclass(frozen=True)
class Occasions:
    """All times that an event takes place."""

    start: Point  # of the first time
    end: Point | None  # likewise; a day is the last day; None: nobody wrote it
    rule: Rule | None = None
    also: tuple[Point, ...] = ()
    without: tuple[Point, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def is_series(self) -> bool:
        """True if there may be more than one time."""
        return self.rule is not None or bool(self.also)


def occasions(fields: Mapping[str, Any]) -> Occasions | None:
    """When the event with these fields takes place; None if no day is known. What does not fit is left out."""
    zone = named_zone(fields.get("timezone"))
    start = point(fields.get("start"), zone)
    if start is None:
        return None
    start, end = _span(start, point(fields.get("end"), zone))
    also = _points(fields.get("also_on"), start, zone)
    rule = _rule(fields.get("repeats"), start) if zone or not _is_offset_only(start) else None
    moved = tuple(_moved(fields.get("moved"), start, zone)) if rule or also else ()
    without = (
        tuple(at_clock_of(day_of(one), start) for one in _points(fields.get("not_on"), start, zone)) if rule else ()
    )
    return Occasions(start, end, rule, tuple(one for one in also if one != start), without, moved)


def _is_offset_only(start: Point) -> bool:
    """True if somebody wrote 18:00+01:00 and no time zone: at which time it is in winter, nobody knows."""
    return isinstance(start, datetime) and start.tzinfo is not None


def _span(start: Point, end: Point | None) -> tuple[Point, Point | None]:
    """Both of one kind: where only one has a time of day, whole days are what is known for sure."""
    if end is None or isinstance(start, datetime) == isinstance(end, datetime):
        return (start, None) if end is None or not _in_order(start, end) else (start, end)
    first, last = day_of(start), day_of(end)
    return (first, last) if last > first else (start, None)


def _in_order(start: Point, end: Point) -> bool:
    try:
        return end >= start
    except TypeError:  # only one of the two has a zone
        return False


def _rule(value: object, start: Point) -> Rule | None:
    try:
        rule = recurring.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if rule is None or not recurring.fits(rule, day_of(start)) or day_of(start).year < _FIRST_YEAR:
        return None
    if rule.until and rule.until.year > day_of(start).year + YEARS:
        return Rule(rule.unit, rule.every, rule.weekdays, rule.position)
    return None if rule.until and rule.until < day_of(start) else rule


def _points(value: object, start: Point, zone: tzinfo | None) -> tuple[Point, ...]:
    texts = value[:MOST_DATES] if isinstance(value, list) else []
    found = [at_clock_of(one, start) for one in (point(text, zone) for text in texts) if one is not None]
    same_kind = {one for one in found if alike(one, start)}
    return tuple(sorted(same_kind, key=lambda one: (day_of(one), str(one))))


def _moved(value: object, start: Point, zone: tzinfo | None) -> Iterator[Moved]:
    for entry in value[:MOST_MOVED] if isinstance(value, list) else []:
        if isinstance(entry, Mapping):
            day, to = point(entry.get("date"), zone), point(entry.get("to"), zone)
            place = entry.get("place")
            if day is not None and to is not None and alike(to := at_clock_of(to, start), start):
                yield Moved(day_of(day), to, place if isinstance(place, str) else "")


def alike(one: Point, other: Point) -> bool:
    """True if both are days, or moments with a time zone, or moments without."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one.tzinfo is None) == (other.tzinfo is None)
    return isinstance(one, datetime) == isinstance(other, datetime)


@cache
def zone_names() -> frozenset[str]:
    """All time zones that this computer knows."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}


@cache
def _zone(name: str) -> tzinfo | None:
    if name in ("UTC", "Etc/UTC", "Zulu"):
        return UTC
    return ZoneInfo(name) if name in zone_names() else None


def named_zone(name: object) -> tzinfo | None:
    """The time zone of that name, such as Europe/London; None if there is none."""
    return _zone(name) if isinstance(name, str) and len(name) < 40 else None


def point(value: object, zone: tzinfo | None) -> Point | None:
    """A date as it stands in a record; None for a year, a month or no date at all.

    >>> point("2026-07", None), point("2026-07-01", None)
    (None, datetime.date(2026, 7, 1))
    """
    text = value if isinstance(value, str) else ""
    try:
        if "T" not in text:
            return date.fromisoformat(text) if _DAY.fullmatch(text) else None
        moment = datetime.fromisoformat(text).replace(microsecond=0)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=zone)
        return moment.astimezone(zone or UTC)
    except (ValueError, OverflowError):
        return None


def has_clock_only(value: object) -> bool:
    """True for a time of day without a time zone.

    >>> has_clock_only("2026-12-10T18:00"), has_clock_only("2026-12-10T18:00+01:00"), has_clock_only("2026-12-10")
    (True, False, False)
    """
    found = point(value, None)
    return isinstance(found, datetime) and found.tzinfo is None


def day_of(one: Point) -> date:
    """The day on the clocks of its place."""
    return one.date() if isinstance(one, datetime) else one


def at_clock_of(one: Point, start: Point) -> Point:
    """A day at the time of day of `start`; what has a time of its own stays."""
    if isinstance(one, datetime) or not isinstance(start, datetime):
        return one
    return datetime.combine(one, start.time(), start.tzinfo)
