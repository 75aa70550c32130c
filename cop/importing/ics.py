"""Reads a calendar (iCalendar, RFC 5545) as Outlook, Google and phones write it. Who was invited is never taken."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import nh3
from icalendar import Calendar

from cop import recurring
from cop.errors import CopError
from cop.importing.drafts import Draft, Known, Unread
from cop.model import Value
from cop.occasions import Point, day_of
from cop.plain import lines, one_line
from cop.publish import short_address
from cop.recurring import MOST_TIMES, Rule

_READ = frozenset(
    {"UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "LOCATION", "DESCRIPTION", "URL", "STATUS", "CLASS", "CATEGORIES", "RRULE",
     "RDATE", "EXDATE", "RECURRENCE-ID", "CONFERENCE", "X-GOOGLE-CONFERENCE"}
)  # fmt: skip
_OF_THE_PROGRAM = frozenset({"DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "TRANSP", "PRIORITY", "COMMENT"})
_UNITS = {"WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_DAY = re.compile(r"([+-]?\d)?([A-Z]{2})")
_BREAKS = re.compile(r"<br\s*/?>|</(?:p|div|li)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_WEB = re.compile(r"https?://\S+", re.IGNORECASE)
_NOT_SAID = "it repeats in a way that cop has no words for. Only its first date was taken: add others under also_on"


_Event = Mapping[str, Any]  # properties by their names


@dataclass(frozen=True)
class _Series:
    """All that a calendar says of one event."""

    first: _Event
    line: int
    others: Sequence[_Event]  # single dates that differ


def read(text: str, known: Known) -> Iterator[Draft | Unread]:
    """The events of a calendar, and those that cannot be read. Raises: CopError if it is none."""
    starts = [text.count("\n", 0, found.start()) + 1 for found in re.finditer(r"^BEGIN:VEVENT\s*$", text, re.MULTILINE)]
    try:
        calendars = Calendar.from_ical(text, multiple=True)
        events = [one for calendar in calendars for one in calendar.walk("VEVENT")]
    except (ValueError, IndexError, RecursionError) as error:
        raise CopError(
            f"{known.file} is no calendar: {one_line(str(error))[:200]}.", hint="Let your program write it anew."
        ) from None
    for one in _together(events, starts):
        try:
            yield _draft(one, known)
        except (
            ValueError,
            KeyError,
            AttributeError,
            OverflowError,
            TypeError,
        ):  # what icalendar says of a date that is none
            yield Unread(
                one.line, "the dates of this event cannot be read", "Mend it in your calendar, and import it again."
            )


def _together(events: Sequence[_Event], starts: Sequence[int]) -> Iterator[_Series]:
    """Each event with the single dates that are told apart from it."""
    found: dict[str, list[tuple[_Event, int]]] = {}
    for at, (event, line) in enumerate(zip(events, starts, strict=False)):
        found.setdefault(str(event.get("UID") or at), []).append((event, line))
    for members in found.values():
        first = next((one for one in members if "RECURRENCE-ID" not in one[0]), members[0])
        yield _Series(*first, [one for one, _ in members if one is not first[0]])


def _draft(one: _Series, known: Known) -> Draft | Unread:
    event, title = one.first, one_line(str(one.first.get("SUMMARY") or ""))
    if not title:
        return Unread(one.line, "this event has no name", "Give it one in your calendar, and import it again.")
    if "DTSTART" not in event:
        return Unread(one.line, f"“{title}” has no date", "Give it one in your calendar, and import it again.")
    start = _at(event, "DTSTART")
    words = [one_line(str(word)) for word in _categories(event)]
    series, remarks = _series(one, start)
    fields: dict[str, Value] = {
        "title": title,
        **_when(event, start),
        **series,
        "place": one_line(str(event.get("LOCATION") or "")),
        "url": _address(event, "URL"),
        "meeting_link": _address(event, "X-GOOGLE-CONFERENCE") or _address(event, "CONFERENCE"),
        "status": "cancelled" if str(event.get("STATUS")).upper() == "CANCELLED" else "",
        "topics": sorted({slug for slug in map(short_address, words) if slug in known.topics}),
        "keywords": [word for word in words if short_address(word) not in known.topics],
        "source": known.file,
        "share": "own" if str(event.get("CLASS")).upper() in ("PRIVATE", "CONFIDENTIAL") else "",
        "body": _text(str(event.get("DESCRIPTION") or "")),
    }
    fields = {name: value for name, value in fields.items() if value}
    mark = str(event.get("UID") or f"{title}\0{start}")
    kept = ("keywords",) if "keywords" in fields else ()
    return Draft("event", fields, mark, one.line, kept=kept, left_out=_left_out(event), remarks=remarks)


def _categories(event: _Event) -> list[object]:
    said = event.get("CATEGORIES", [])
    return [word for one in (said if isinstance(said, list) else [said]) for word in one.cats]


def _address(event: _Event, name: str) -> str:
    said = event.get(name, "")
    written = one_line(str(said[0] if isinstance(said, list) and said else said))
    return written if _WEB.fullmatch(written) else ""


def _left_out(event: _Event) -> tuple[str, ...]:
    names = (str(name).upper() for name in event)
    return tuple(
        name for name in names if name not in _READ and name not in _OF_THE_PROGRAM and not name.startswith("X-")
    )


def _text(written: str) -> str:
    """The description as Markdown: some programs write HTML, and a line that ends ends here, too."""
    if _TAG.search(written):
        written = html.unescape(nh3.clean(_BREAKS.sub("\n", written), tags=set()))
    return re.sub(r"(?<=\S)\n(?=\S)", "  \n", lines(written).strip())


# -- dates


def _at(event: _Event, name: str) -> Point:
    """A day or a moment. Raises: ValueError if it is neither."""
    found = event[name].dt
    if not isinstance(found, date):
        raise ValueError(f"{name} is no date")
    return found


def _when(event: _Event, start: Point) -> dict[str, Value]:
    end = _at(event, "DTEND") if "DTEND" in event else start + event["DURATION"].dt if "DURATION" in event else None
    if end is not None and not isinstance(end, datetime):
        end -= timedelta(days=1)  # a calendar names the day after the last
    return {
        "start": _written(start, start),
        "end": _written(end, start) if end is not None and end != start else "",
        "timezone": _zone(start),
    }


def _zone(start: Point) -> str:
    zone = start.tzinfo if isinstance(start, datetime) else None
    return str(getattr(zone, "key", "") or "") if zone is not None else ""


def _written(one: Point, start: Point) -> str:
    """A day or a moment, on the clocks of the start. Of a moment without a named zone how far it is from UTC."""
    if not isinstance(one, datetime):
        return one.isoformat()
    if isinstance(start, datetime) and start.tzinfo is not None and one.tzinfo is not None:
        one = one.astimezone(start.tzinfo)
    plain = one.replace(tzinfo=None) if _zone(start) else one
    return plain.isoformat(timespec="minutes")


def _series(one: _Series, start: Point) -> tuple[dict[str, Value], tuple[str, ...]]:
    """How it repeats, with all exceptions, and what cannot be said."""
    event, rule = one.first, _rule(one.first, start)
    cancelled = [other for other in one.others if str(other.get("STATUS")).upper() == "CANCELLED"]
    moved = [other for other in one.others if other not in cancelled and _differs(other, start)]
    found: dict[str, Value] = {
        "repeats": recurring.words(rule) if rule else "",
        "also_on": [_written(point, start) for point in _points(event, "RDATE")],
        "not_on": [
            day_of(point).isoformat()
            for point in [*_points(event, "EXDATE"), *(_at(other, "RECURRENCE-ID") for other in cancelled)]
        ],
        "moved": [_moved(other, start) for other in moved],
    }
    if "RRULE" in event and rule is None:
        return {name: value for name, value in found.items() if name == "also_on"}, (_NOT_SAID,)
    return found, ()


def _points(event: _Event, name: str) -> list[Point]:
    said = event.get(name, [])
    return [point.dt for one in (said if isinstance(said, list) else [said]) for point in one.dts]


def _differs(other: _Event, start: Point) -> bool:
    return "RECURRENCE-ID" in other and "DTSTART" in other and type(_at(other, "DTSTART")) is type(start)


def _moved(other: _Event, start: Point) -> Value:
    place = one_line(str(other.get("LOCATION") or ""))
    day, to = day_of(_at(other, "RECURRENCE-ID")).isoformat(), _written(_at(other, "DTSTART"), start)
    return {"date": day, "to": to} | ({"place": place} if place else {})


def _rule(event: _Event, start: Point) -> Rule | None:
    """The rule of a series, if cop has words for it."""
    said: dict[str, list[Any]] = dict(event.get("RRULE", {}))
    said.pop("WKST", None)
    first = day_of(start)
    if said.pop("BYMONTHDAY", [first.day]) != [first.day] or said.pop("BYMONTH", [first.month]) != [first.month]:
        return None
    days = [found for one in said.pop("BYDAY", []) if (found := _DAY.fullmatch(str(one)))]
    positions = Counter(int(found[1] or 0) for found in days)
    unit = _UNITS.get(str(said.pop("FREQ", [""])[0]), "")
    until, times = said.pop("UNTIL", [None])[0], int(said.pop("COUNT", [0])[0])
    rule = Rule(
        unit=unit,
        every=int(said.pop("INTERVAL", [1])[0]),
        weekdays=tuple(sorted(_DAYS[found[2]] for found in days)),
        position=next(iter(positions), 0),
        until=_last(until, start),
        times=times,
    )
    odd = said or not unit or len(positions) > 1 or times > MOST_TIMES
    return None if odd or not _is_sayable(rule, first) else rule


def _last(until: object, start: Point) -> date | None:
    """The last day on the clocks of the series; the one before if the time of the event is later than the last moment."""
    if not isinstance(until, datetime) or not isinstance(start, datetime):
        return day_of(until) if isinstance(until, date) else None
    local = until.astimezone(start.tzinfo) if until.tzinfo and start.tzinfo else until
    return local.date() - timedelta(days=local.time() < start.time())


def _is_sayable(rule: Rule, first: date) -> bool:
    try:
        return recurring.parse(recurring.words(rule)) == rule and recurring.fits(rule, first)
    except (ValueError, StopIteration):
        return False
