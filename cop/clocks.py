"""How the clocks of a place run, as calendar files say it (VTIMEZONE, RFC 5545 section 3.6.5).

The `icalendar` library can do this too, but up to version 7.3 it puts each change in spring an hour late: it writes
what the new clock shows, where the standard wants what the old clock would have shown.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

_STEP = timedelta(days=7)  # no zone changes its clocks twice within a week
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ENOUGH = 3  # years in a row that make a rule


@dataclass(frozen=True)
class _Change:
    """What happens when clocks are changed."""

    before: timedelta  # from UTC
    after: timedelta
    name: str  # such as BST

    @property
    def is_summer(self) -> bool:
        """True if the clocks are put forward: what calendar programs call daylight time, whatever a law calls it."""
        return self.after > self.before


@lru_cache(maxsize=256)
def described(name: str, first: int, last: int) -> Timezone:
    """The clocks of a time zone, right from the year `first` to the year `last`."""
    zone = ZoneInfo(name)
    begin, end = datetime(first - 1, 1, 1, tzinfo=UTC), datetime(last + 2, 1, 1, tzinfo=UTC)
    changes: dict[_Change, list[datetime]] = defaultdict(list)
    for at in _changes(zone, begin, end):
        before, after = (at - timedelta(seconds=1)).astimezone(zone), at.astimezone(zone)
        change = _Change(_offset(before), _offset(after), after.tzname() or name)
        changes[change].append(at.replace(tzinfo=None) + change.before)
    found = Timezone()
    found.add("tzid", name)
    rules = [_rule(onsets) for onsets in changes.values()]
    if len(rules) != 2 or not all(rules):  # two rules go on for ever and say all; else the beginning has to be said
        now = begin.astimezone(zone)
        still = _Change(_offset(now), _offset(now), now.tzname() or name)
        found.add_component(_component(still, [now.replace(tzinfo=None)], None))
    for (change, onsets), rule in zip(changes.items(), rules, strict=True):
        found.add_component(_component(change, onsets, rule))
    return found


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The first second after each change, in UTC."""
    at = begin
    while at < end:
        later = at + _STEP
        if _looks(zone, at) != _looks(zone, later):
            yield _bisected(zone, at, later)
        at = later


def _looks(zone: ZoneInfo, at: datetime) -> tuple[timedelta, str | None]:
    moment = at.astimezone(zone)
    return _offset(moment), moment.tzname()


def _bisected(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    before = _looks(zone, early)
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
        early, late = (middle, late) if _looks(zone, middle) == before else (early, middle)
    return late


def _rule(onsets: Sequence[datetime]) -> vRecur | None:
    """The yearly rule of these moments, if there is one: the shape that every calendar program knows."""
    first = onsets[0]
    years = [one.year for one in onsets]
    same = {(one.month, one.weekday(), one.time()) for one in onsets}
    if len(onsets) < _ENOUGH or len(same) > 1 or years != list(range(first.year, first.year + len(years))):
        return None
    weeks = {(one.day - 1) // 7 + 1 for one in onsets}
    position = -1 if all((one + _STEP).month != one.month for one in onsets) else weeks.pop() if len(weeks) == 1 else 0
    weekday = _WEEKDAYS[first.weekday()]
    return vRecur({"freq": "YEARLY", "bymonth": first.month, "byday": f"{position}{weekday}"}) if position else None


def _component(change: _Change, onsets: Sequence[datetime], rule: vRecur | None) -> TimezoneStandard | TimezoneDaylight:
    component = TimezoneDaylight() if change.is_summer else TimezoneStandard()
    component.add("tzname", change.name)
    component.add("tzoffsetfrom", change.before)
    component.add("tzoffsetto", change.after)
    component.add("dtstart", onsets[0])
    if rule:
        component.add("rrule", rule)
    elif len(onsets) > 1:
        component.add("rdate", list(onsets[1:]))
    return component
