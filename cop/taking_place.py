"""On which days, and at what times, an event takes place: its series worked out, with all exceptions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Literal

from cop import wall_clocks
from cop.occasions import YEARS, Occasion, Occasions, Point, at_clock_of, day_of
from cop.recurring import Rule

FOR_EVER = "9999-12-31"
_FREQUENCIES: Mapping[str, Literal[0, 1, 2]] = {"year": 0, "month": 1, "week": 2}  # as dateutil numbers them


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
        if first <= day_of(one.to) <= last and one.day not in gone and (stood := planned(when, one.day)):
            found.append(_occasion(when, one.to, one.place, stood))
    return sorted(found, key=lambda occasion: (day_of(occasion.start), str(occasion.start)))


def moved_occasions(when: Occasions) -> list[Occasion]:
    """Every moved date that was one of the series."""
    gone = {day_of(one) for one in when.without}
    found = ((one, planned(when, one.day)) for one in {one.day: one for one in when.moved}.values())
    return [_occasion(when, one.to, one.place, stood) for one, stood in found if stood and one.day not in gone]


def following(when: Occasions, today: date, now: datetime | None = None) -> Occasion | None:
    """The first time that is not over, or None. With the moment `now`, what ended earlier today is over."""
    if not when.is_series:
        once = _occasion(when, when.start)
        return once if day_of(when.end or when.start) >= today and not _has_ended(once, now) else None
    for days in (31, 400, 365 * YEARS):  # the next one is near, as a rule
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
    found = between(when, date.min, _years_on(day_of(when.start), YEARS)) or [_occasion(when, when.start)]
    return max(day_of(one.end or one.start) for one in found).isoformat()


def _occasion(when: Occasions, start: Point, place: str = "", instead_of: Point | None = None) -> Occasion:
    start = (
        wall_clocks.shown(start) if isinstance(start, datetime) else start
    )  # a series may come to an hour that is skipped
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


def planned(when: Occasions, day: date) -> Point | None:
    """The time of a series on that day before any exception; None if there is none."""
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
