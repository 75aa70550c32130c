"""Events that take place more than once, in words: how they repeat, which dates moved, what comes next."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from cop import occasions, recurring
from cop.occasions import Occasion, Point
from cop.web import dates

AHEAD = 6  # dates of a series that its page lists
_YEARS_AHEAD = 2


def rule_words(text: object) -> str:
    """How it repeats, with the last day in words; "" if it does not.

    >>> rule_words("every week until 2027-06-30")
    'every week until 30 June 2027'
    """
    try:
        rule = recurring.parse(text) if isinstance(text, str) else None
    except ValueError:
        return str(text)
    if rule is None:
        return ""
    said = recurring.words(replace(rule, until=None))
    return f"{said} until {dates.words(rule.until.isoformat())}" if rule.until else said


def moved_words(entry: object) -> str:
    """One moved date, such as "24 December 2026: now 17 December 2026, 18:00, Library"."""
    if not isinstance(entry, Mapping):
        return str(entry)
    place = entry.get("place")
    to = ", ".join(filter(None, [dates.words(entry.get("to", "")), place if isinstance(place, str) else ""]))
    return f"{dates.words(entry.get('date', ''))}: now {to}"


def ahead(fields: Mapping[str, Any], today: date) -> tuple[str, ...]:
    """The next dates of a series, in words."""
    when = occasions.occasions(fields)
    if when is None or not when.is_series:
        return ()
    found = occasions.between(when, today, date(min(today.year + _YEARS_AHEAD, 9999), 12, 31))
    return tuple(_words(one, fields) for one in found[:AHEAD])


def at_next(fields: Mapping[str, Any], today: date) -> Mapping[str, Any]:
    """The fields of a series as they are for its next date; others as they are."""
    when = occasions.occasions(fields)
    following = occasions.following(when, today) if when and when.is_series else None
    if following is None:
        return fields
    place = {"place": following.place} if following.place else {}
    return {**fields, "start": _iso(following.start), "end": _iso(following.end), **place}


def _words(one: Occasion, fields: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, [dates.span(_iso(one.start), _iso(one.end), fields.get("timezone")), one.place]))


def _iso(one: Point | None) -> str | None:
    if one is None:
        return None
    return one.isoformat(timespec="minutes") if isinstance(one, datetime) else one.isoformat()
