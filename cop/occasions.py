"""When an event takes place: days, or moments on the clocks of its place; once, repeating, and with exceptions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import chain
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cop import recurring, wall_clocks
from cop.recurring import Rule

Point = date | datetime  # a day, or a moment: with its time zone, or without if nobody wrote one

MOST_DATES = 200  # in also_on and not_on
MOST_MOVED = 50
FOR_EVER = "9999-12-31"
_FIRST_YEAR, _YEARS = 1970, 50  # within which a series is worked out
_FREQUENCIES: Mapping[str, Literal[0, 1, 2]] = {"year": 0, "month": 1, "week": 2}  # as dateutil numbers them
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
    if rule.until and rule.until.year > day_of(start).year + _YEARS:
        return Rule(rule.unit, rule.every, rule.weekdays, rule.position)
    return None if rule.until and rule.until < day_of(start) else rule


def _points(value: object, start: Point, zone: tzinfo | None) -> tuple[Point, ...]:
    texts = value[:MOST_DATES] if isinstance(value, list) else []
    found = [at_clock_of(one, start) for one in (point(text, zone) for text in texts) if one is not None]
    same_kind = {one for one in found if _like(one, start)}
    return tuple(sorted(same_kind, key=lambda one: (day_of(one), str(one))))


def _moved(value: object, start: Point, zone: tzinfo | None) -> Iterator[Moved]:
    for entry in value[:MOST_MOVED] if isinstance(value, list) else []:
        if isinstance(entry, Mapping):
            day, to = point(entry.get("date"), zone), point(entry.get("to"), zone)
            place = entry.get("place")
            if day is not None and to is not None and _like(to := at_clock_of(to, start), start):
                yield Moved(day_of(day), to, place if isinstance(place, str) else "")


def _like(one: Point, other: Point) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one.tzinfo is None) == (other.tzinfo is None)
    return isinstance(one, datetime) == isinstance(other, datetime)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


@cache
def _zone(name: str) -> tzinfo | None:
    if name in ("UTC", "Etc/UTC", "Zulu"):
        return UTC
    return ZoneInfo(name) if name in _zones() else None


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


# -- checking what people write


class DoesNotFit(ValueError):
    """What does not fit together, in which field, and what would."""

    def __init__(self, name: str, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.name, self.reason, self.hint = name, reason, hint


def check(fields: Mapping[str, Any]) -> None:
    """Check that each time is one, and the dates of a series against each other. Raises: DoesNotFit."""
    check_clocks(fields, named_zone(fields.get("timezone")))
    name = next((name for name in ("repeats", "also_on", "not_on", "moved") if fields.get(name)), "")
    if not name:
        return
    when = occasions(fields)
    if when is None:
        raise DoesNotFit(name, "the day of the first time is missing", "Add a line such as: start: 2026-12-08T18:00")
    if fields.get("repeats"):
        _check_rule(fields, when)
    zone = named_zone(fields.get("timezone"))
    also = [point(text, zone) for text in fields.get("also_on") or []]
    if not all(one is not None and _like(at_clock_of(one, when.start), when.start) for one in also):
        hint = "Write days, or moments like “start”: with a time zone if it has one, without if it has none."
        raise DoesNotFit("also_on", "one of these is not written like “start”", hint)
    for name, days in (("not_on", [day_of(one) for one in when.without]), ("moved", [one.day for one in when.moved])):
        given = fields.get(name) or []
        wrong = next((day for day in days if _stood(when, day) is None), None)
        if wrong or len(days) != len(given):
            day = wrong.isoformat() if wrong else "one of these"
            raise DoesNotFit(
                name, f"{day} is no date of this series", "Write days on which it would take place otherwise."
            )


def check_clocks(fields: Mapping[str, Any], zone: tzinfo | None) -> None:
    """Check that the clocks of the place show each time, and show it once. Raises: DoesNotFit."""
    if zone is None:
        return
    for name, text in _times(fields):
        if found := wall_clocks.wrong(text, zone):
            raise DoesNotFit(name, *found)


def _times(fields: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from ((name, fields.get(name)) for name in ("start", "end"))
    yield from (("also_on", text) for text in fields.get("also_on") or [])
    yield from (("moved", one.get("to")) for one in fields.get("moved") or [] if isinstance(one, Mapping))


def _check_rule(fields: Mapping[str, Any], when: Occasions) -> None:
    if isinstance(when.start, datetime) and when.start.tzinfo is not None and not named_zone(fields.get("timezone")):
        hint = "Add a line such as: timezone: Europe/London. Else nobody knows the time when clocks change."
        raise DoesNotFit("repeats", "the time zone is missing", hint)
    if when.rule is None:
        hint = "The line “start” must be the first of its days, not after its end. No month may be too short for it."
        raise DoesNotFit("repeats", f"it does not begin on {day_of(when.start).isoformat()}", hint)


# -- working a series out


def between(when: Occasions, first: date, last: date) -> list[Occasion]:
    """The times that begin from `first` to `last`, soonest first."""
    gone = {day_of(one) for one in when.without}
    moved = {one.day: one for one in when.moved}
    found = []
    also = (one for one in when.also if first <= day_of(one) <= last)
    for start in dict.fromkeys(chain(_by_rule(when, first, last), also)):  # what is said twice takes place once
        if day_of(start) not in gone and day_of(start) not in moved:
            found.append(_occasion(when, start))
    for one in moved.values():
        if first <= day_of(one.to) <= last and one.day not in gone and (stood := _stood(when, one.day)):
            found.append(_occasion(when, one.to, one.place, stood))
    return sorted(found, key=lambda occasion: (day_of(occasion.start), str(occasion.start)))


def moved_occasions(when: Occasions) -> list[Occasion]:
    """Every moved date that was one of the series."""
    gone = {day_of(one) for one in when.without}
    found = ((one, _stood(when, one.day)) for one in {one.day: one for one in when.moved}.values())
    return [_occasion(when, one.to, one.place, stood) for one, stood in found if stood and one.day not in gone]


def following(when: Occasions, today: date, now: datetime | None = None) -> Occasion | None:
    """The first time that is not over, or None. With the moment `now`, what ended earlier today is over."""
    if not when.is_series:
        once = _occasion(when, when.start)
        return once if day_of(when.end or when.start) >= today and not _has_ended(once, now) else None
    for days in (31, 400, 365 * _YEARS):  # the next one is near, as a rule
        found = between(when, today, today + min(timedelta(days), date.max - today))
        if going := next((one for one in found if not _has_ended(one, now)), None):
            return going
    return None


def _has_ended(one: Occasion, now: datetime | None) -> bool:
    """True if a time of end was written, with a time zone, and is over; a day lasts until its end."""
    end = one.end
    return now is not None and isinstance(end, datetime) and end.tzinfo is not None and end <= now


def last_day(when: Occasions) -> str:
    """The last day on which it takes place; FOR_EVER if nobody wrote when it ends."""
    if when.rule and not when.rule.until and not when.rule.times:
        return FOR_EVER
    found = between(when, date.min, _years_on(day_of(when.start), _YEARS)) or [_occasion(when, when.start)]
    return max(day_of(one.end or one.start) for one in found).isoformat()


def _occasion(when: Occasions, start: Point, place: str = "", instead_of: Point | None = None) -> Occasion:
    if when.end is None:
        return Occasion(start, None, place, instead_of)
    if isinstance(start, datetime) and isinstance(when.start, datetime) and isinstance(when.end, datetime):
        # two hours last two hours, whatever the clocks do meanwhile
        return Occasion(start, _later(start, _length(when.start, when.end)), place, instead_of)
    return Occasion(start, day_of(start) + (day_of(when.end) - day_of(when.start)), place, instead_of)


def _length(start: datetime, end: datetime) -> timedelta:
    return end - start if start.tzinfo is None else end.astimezone(UTC) - start.astimezone(UTC)


def _later(start: datetime, length: timedelta) -> datetime:
    return start + length if start.tzinfo is None else (start.astimezone(UTC) + length).astimezone(start.tzinfo)


def _stood(when: Occasions, day: date) -> Point | None:
    every = chain(_by_rule(when, day, day), (one for one in when.also if day_of(one) == day))
    return next(iter(every), None)


def _by_rule(when: Occasions, first: date, last: date) -> Iterator[Point]:
    """The first time and those of the rule, without exceptions."""
    if when.rule is None:
        if first <= day_of(when.start) <= last:
            yield when.start
        return
    for day in _days(when.rule, day_of(when.start), first, last):
        yield at_clock_of(day, when.start)


def _days(rule: Rule, start: date, first: date, last: date) -> Iterator[date]:
    from dateutil.rrule import MO, rrule, weekday  # late: a command that needs no dates must start in a blink

    begin = start
    if rule.unit == "week" and not rule.times and first > start:  # every week since 1970 need not be gone through
        step = 7 * rule.every
        begin = start + timedelta(days=max(0, (first - start).days // step - 1) * step)
    days = [weekday(day, rule.position) if rule.position else weekday(day) for day in rule.weekdays]
    found = rrule(
        _FREQUENCIES[rule.unit],
        dtstart=datetime.combine(begin, time()),
        interval=rule.every,
        byweekday=days or None,
        wkst=MO,
        count=rule.times or None,
        until=datetime.combine(min(last, rule.until or last), time()) if not rule.times else None,
    )
    for one in found:
        if one.date() > last:
            return
        if one.date() >= first:
            yield one.date()


def _years_on(day: date, years: int) -> date:
    return date(min(day.year + years, 9999), 12, 31)
