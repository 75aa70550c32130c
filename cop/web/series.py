"""Events that take place more than once, in words: how they repeat, which dates moved, what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cop import occasions, recurring, taking_place
from cop.occasions import Occasion, Occasions, Point
from cop.recurring import Rule
from cop.web import dates
from cop.web.language import N_, _, apart, locale, ngettext
from cop.web.words import comma, listed

AHEAD = 6  # dates of a series that its page lists
MAX_LATER = 100  # likewise, folded below them
_YEARS_AHEAD = 2
_POSITIONS = {
    0: N_("%(often)s on %(day)s"),
    1: N_("%(often)s on the first %(day)s"),
    2: N_("%(often)s on the second %(day)s"),
    3: N_("%(often)s on the third %(day)s"),
    4: N_("%(often)s on the fourth %(day)s"),
    -1: N_("%(often)s on the last %(day)s"),
}


def rule_words(text: object) -> str:
    """How it repeats; "" if it does not.

    >>> rule_words("every 2 weeks on Tuesday and Thursday until 2027-06-30")
    'every 2 weeks on Tuesday and Thursday until 30 June 2027'
    """
    try:
        rule = recurring.parse(text) if isinstance(text, str) else None
    except ValueError:
        return str(text)
    if rule is None:
        return ""
    often = _on_days(_often(rule), rule)
    if rule.until:
        return _("%(often)s until %(day)s", often=often, day=dates.words(rule.until.isoformat()))
    return (
        ngettext("%(often)s, %(num)s time", "%(often)s, %(num)s times", rule.times, often=often)
        if rule.times
        else often
    )


def _often(rule: Rule) -> str:
    if rule.unit == "week":
        return ngettext("every week", "every %(num)s weeks", rule.every)
    if rule.unit == "month":
        return ngettext("every month", "every %(num)s months", rule.every)
    return ngettext("every year", "every %(num)s years", rule.every)


def _on_days(often: str, rule: Rule) -> str:
    if not rule.weekdays:
        return often
    names = [locale().days["format"]["wide"][day] for day in rule.weekdays]
    return _(_POSITIONS[rule.position], often=often, day=listed(names))


def moved_words(entry: object) -> str:
    """One moved date, such as "24 December 2026: now 17 December 2026, 18:00, Library"."""
    if not isinstance(entry, Mapping):
        return str(entry)
    place = entry.get("place")
    to = comma([dates.words(entry.get("to", "")), *([place] if isinstance(place, str) and place else [])])
    return _("%(day)s: now %(to)s", day=dates.words(entry.get("date", "")), to=to)


@dataclass(frozen=True)
class Ahead:
    """The next dates of a series, in words."""

    soon: tuple[str, ...] = ()
    later: tuple[str, ...] = ()  # folded away
    more: str = ""  # "and 10 more"; "" if nobody knows how many are left


def ahead(fields: Mapping[str, Any], today: date) -> Ahead:
    """The next dates of a series; of one without an end only those that are near."""
    when = occasions.occasions(fields)
    if when is None or not when.is_series:
        return Ahead()
    found = taking_place.between(when, today, date(min(today.year + _YEARS_AHEAD, 9999), 12, 31))
    soon = tuple(_words(one, fields) for one in found[:AHEAD])
    left = len(found) - AHEAD
    if left <= 0 or not _has_end(when):
        return Ahead(soon)
    later = tuple(_words(one, fields) for one in found[AHEAD : AHEAD + MAX_LATER])
    return Ahead(soon, later, ngettext("and %(num)s more", "and %(num)s more", left))


def _has_end(when: Occasions) -> bool:
    """True if a last date was written: then it is known how many are left."""
    return when.rule is None or bool(when.rule.until or when.rule.times)


def at_next(fields: Mapping[str, Any], today: date, now: datetime | None = None) -> Mapping[str, Any]:
    """The fields of a series as they are for its next date; others as they are."""
    following = next_time(fields, today, now)
    return at(fields, following) if following else fields


def next_time(fields: Mapping[str, Any], today: date, now: datetime | None = None) -> Occasion | None:
    """The next date of a series; None if there is none."""
    when = occasions.occasions(fields)
    return taking_place.following(when, today, now) if when and when.is_series else None


def at(fields: Mapping[str, Any], one: Occasion) -> Mapping[str, Any]:
    """The fields of an event as they are for one of its times."""
    place = {"place": one.place} if one.place else {}
    moved = {"moved_from": _iso(one.instead_of), "status": "moved"} if one.instead_of else {}
    if fields.get("status") == "cancelled":
        moved = {}
    return {**fields, "start": _iso(one.start), "end": _iso(one.end), **place, **moved}


def moved_date(fields: Mapping[str, Any], one: Occasion) -> Mapping[str, Any]:
    """The fields of an event as they are for one of its times that moved: nothing of the other times."""
    return {**at({**fields, "place": None}, one), "repeats": None}


def _words(one: Occasion, fields: Mapping[str, Any]) -> str:
    when = dates.span(_iso(one.start), _iso(one.end), fields.get("timezone"))
    return comma([when, apart(one.place)]) if one.place else when


def _iso(one: Point | None) -> str | None:
    if one is None:
        return None
    return one.isoformat(timespec="minutes") if isinstance(one, datetime) else one.isoformat()
