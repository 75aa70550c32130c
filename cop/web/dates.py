"""Dates in plain words of the page's language, for any precision: 2018, 2018-02, 2018-12-05, 2018-12-05T18:00+00:00."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global
from babel.dates import format_date, get_timezone_location

from cop.web.language import _, current, locale, tag

_MONTH = "LLLL y"  # patterns of CLDR: https://unicode.org/reports/tr35/tr35-dates.html#Date_Format_Patterns
_WEEKDAY = {"en": "EEEE d MMMM y"}  # without CLDR's comma, because a comma and the time follow
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?)?)?$")


@dataclass(frozen=True)
class When:
    """A date as somebody wrote it, of the precision they gave."""

    year: int
    month: int  # 0: not given
    day: int  # 0: not given
    clock: datetime | None  # with its zone, if a time was given with one
    time: str  # "18:00" or ""

    @property
    def first(self) -> date:
        """The first day that it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The last day that it can mean."""
        if self.day:
            return self.first
        month = self.month or 12
        return (date(self.year + month // 12, month % 12 + 1, 1) if self.year < 9999 else date.max) - timedelta(days=1)

    def words(self) -> str:
        """Such as 5 December 2018, February 2018 or 2018."""
        if not self.month:
            return str(self.year)
        return part(self.first, "long" if self.day else _MONTH)

    def month_words(self) -> str:
        """Such as December 2018, or 2018."""
        return part(self.first, _MONTH) if self.month else str(self.year)

    def with_weekday(self) -> str:
        """Such as Thursday 10 December 2026."""
        return part(self.first, _WEEKDAY.get(current(), "full"))


def part(day: date, pattern: str) -> str:
    """A day, or a part of it, by a pattern of CLDR or the name of one."""
    return format_date(day, pattern, locale=locale())


def read(value: object) -> When | None:
    """Read a date that anyone may have written; None if it is none."""
    found = _DATE.match(str(value).strip()) if isinstance(value, str | int) else None
    if not found:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups()[:5])
    try:
        date(year, month or 1, day or 1)
        zone = _zone(found[6])
        time = f"{found[4]}:{found[5]}" if found[4] else ""
        clock = datetime(year, month, day, hour, minute, tzinfo=zone) if time and zone else None
    except ValueError:  # a 31 June
        return None
    if found[2] == "00" or found[3] == "00":
        return None
    return When(year, month, day, clock, time)


def _zone(written: str | None) -> timezone | None:
    if not written:
        return None
    if written == "Z":
        return UTC
    sign = -1 if written[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(written[1:3]), minutes=int(written[-2:])))


def words(value: object) -> str:
    """A date in words; what is no date is shown as it was written.

    >>> words("2018-12-05"), words("2018-02"), words(2018), words("soon")
    ('5 December 2018', 'February 2018', '2018', 'soon')
    """
    return _words(value, tag()) if isinstance(value, str | int) else str(value)


@lru_cache(maxsize=8192, typed=True)
def _words(value: str | int, _tag: str) -> str:
    when = read(value)
    return str(value) if when is None else _timed(when.words(), when.time)


def _timed(day: str, time: str) -> str:
    return _("%(day)s, %(time)s", day=day, time=time) if time else day


def moment(value: str) -> str:
    """A claimed time (UTC) in words, to the minute.

    >>> moment("2026-11-19T10:12:00Z")
    '19 November 2026, 10:12'
    """
    return words(value) if value else _("at an unknown time")


def span(start: object, end: object, zone_name: object) -> str:
    """From when to when, in words, with the time zone if there is a time.

    >>> span("2026-12-10T18:00+00:00", "2026-12-10T20:00+00:00", "Europe/London")
    'Thursday 10 December 2026, 18:00 to 20:00 (London time)'
    >>> span("2026-12-10T18:00+00:00", "2026-12-11T20:00+00:00", "Europe/London")
    'Thursday 10 December 2026, 18:00 to Friday 11 December 2026, 20:00 (London time)'
    >>> span("2018-11-23", "2018-12-05", "")
    '23 November 2018 to 5 December 2018'
    """
    first, last = _local(read(start), zone_name), _local(read(end), zone_name)
    if first is None:
        return words(start) if start else ""
    text = _timed(first.with_weekday() if first.time else first.words(), first.time)
    until = _until(first, last)
    text = _("%(start)s to %(end)s", start=text, end=until) if until else text
    zone = _zone_words(first, zone_name) if first.time else ""
    return f"{text} ({zone})" if zone else text


def _until(first: When, last: When | None) -> str:
    if last is None:
        return ""
    if (last.year, last.month, last.day) != (first.year, first.month, first.day):
        return _timed(last.with_weekday() if last.day and first.time else last.words(), last.time)
    return last.time if last.time != first.time else ""


def _local(when: When | None, zone_name: object) -> When | None:
    """The same moment on the clocks of the place."""
    zone = _named(zone_name)
    if when is None or when.clock is None or zone is None:
        return when
    try:
        there = when.clock.astimezone(zone)
    except OverflowError:
        return when
    return When(there.year, there.month, there.day, there, f"{there:%H:%M}")


def _named(zone_name: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(zone_name) if isinstance(zone_name, str) and zone_name else None
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _zone_words(when: When, zone_name: object) -> str:
    if isinstance(zone_name, str) and zone_name:
        return _("%(zone)s time", zone=_city(zone_name, tag()))
    return f"{when.clock:%Z}" if when.clock else ""


@lru_cache(maxsize=1000)
def _city(zone_name: str, _tag: str) -> str:
    """What people call a time zone, such as London; its name where it is called after no place.

    >>> _city("Europe/London", ""), _city("America/Argentina/Buenos_Aires", ""), _city("Etc/GMT+3", "")
    ('London', 'Buenos Aires', 'Etc/GMT+3')
    """
    if _named(zone_name) is None or "/" not in zone_name or zone_name.startswith("Etc/"):
        return zone_name
    known = locale().time_zones
    cities = (known.get(name, {}).get("city") for name in _also_called(zone_name))
    # where nobody translated it, Babel keeps the continent's part: "Argentina/Buenos Aires"
    found = next(filter(None, cities), "") or get_timezone_location(zone_name, locale=locale(), return_city=True)
    return found.rpartition("/")[2]


def _also_called(zone_name: str) -> list[str]:
    """The name of a time zone, and its older ones: CLDR files the cities under those."""
    older = get_global("zone_aliases").items()
    return [zone_name, *(old for old, now in older if now == zone_name)]
