"""What stands at the top of the page of an event, and beside it: state, time, offers, roles, papers."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from cop import attachments, occasions, taking_place
from cop.asking import is_blank
from cop.fields import ROLES, TYPES
from cop.web import cards, dates, facts, gathering, labels, series
from cop.web.asked import Asked
from cop.web.language import N_, _, apart, lookup, ngettext
from cop.web.words import comma, listed, sentences, size

# shown at the top or beside the text, and not again among the facts
TOLD = frozenset({
    "start", "end", "timezone", "timezone_basis", "repeats", "status", "status_note", "moved_from", "may_upset", "place",
    "booking", "papers_out",
})  # fmt: skip
_PAPERS = ("agenda", "minutes", "papers", "papers_easy_read")
ROLES_TO_FILL = ("chair", "notes", "quiet-voices")
ROLE_WORDS = {
    "chair": N_("Chairs"),
    "co-chair": N_("Chairs as well"),
    "notes": N_("Takes notes"),
    "quiet-voices": N_("Listens for quiet voices"),
}
MAX_BEFORE = 3  # earlier times of which the page says who did what


@dataclass(frozen=True)
class Notice:
    """Something that readers must not miss."""

    heading: str
    text: Markup
    is_bad: bool  # it will not take place


@dataclass(frozen=True)
class Turn:
    """Who did what at one time."""

    heading: str
    roles: tuple[tuple[str, Markup], ...]  # role and names


@dataclass(frozen=True)
class EventTop:
    """Everything that only the page of an event has."""

    notices: tuple[Notice, ...]
    clock: str  # what is not known of the time zone
    offset: str  # how far the clocks of the place are from UTC
    where: Markup
    offers: tuple[str, ...]
    unstated: str
    booking: str
    ask: tuple[facts.Part, ...]  # whom to ask; none if nobody wrote it
    turns: tuple[Turn, ...]
    papers: Markup  # when they came out, and how large they are together


def top(fields: Mapping[str, Any], asked: Asked) -> EventTop:
    """The page of an event, as far as it differs from others."""
    following = series.next_time(fields, asked.today, asked.now)
    shown = series.at(fields, following) if following else fields
    moved = series.moved_date(fields, following) if following and following.instead_of else fields
    return EventTop(
        notices=tuple(_notices(moved)),
        clock=_clock(fields),
        offset=_offset_words(shown, fields),
        where=sentences([_text(shown, "place"), _format(fields)]),
        offers=gathering.offers(fields),
        unstated="" if is_off(fields, asked) else gathering.unstated(fields),
        booking=str(fields.get("booking") or ""),
        ask=tuple(_whom_to_ask(asked.db, fields)),
        turns=tuple(_turns(fields.get("roles"), asked.today)),
        papers=sentences(list(_papers(fields))),
    )


def is_off(fields: Mapping[str, Any], asked: Asked) -> bool:
    """True if nobody can come any more: it is cancelled, or over. Then nothing is asked for, and no calendar offered."""
    when = occasions.occasions(fields)
    is_over = when is not None and taking_place.following(when, asked.today, asked.now) is None
    return is_over or fields.get("status") == "cancelled"


def _whom_to_ask(db: sqlite3.Connection, fields: Mapping[str, Any]) -> Iterator[facts.Part]:
    """Those whom the event names for it, else those who run it."""
    for name in ("contact_role", "organisers"):
        field = TYPES["event"].field(name)
        if field and not is_blank(fields.get(name)):
            yield from facts.show(facts.Links(db), field, fields[name])
            return


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return apart(value.strip().removesuffix(".")) if isinstance(value, str) and value else ""


def _format(fields: Mapping[str, Any]) -> str:
    value = fields.get("format")
    return labels.choice(value) if isinstance(value, str) and value else ""


def state(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """In plain words, for programs: that it is cancelled or moved, from when to when, and why; nothing else."""
    return tuple(one.text.striptags() for one in _changes(fields))


def _notices(fields: Mapping[str, Any]) -> Iterator[Notice]:
    yield from _changes(fields)
    if upset := _text(fields, "may_upset"):
        yield Notice(_("This may upset you"), Markup(upset), False)


def _changes(fields: Mapping[str, Any]) -> Iterator[Notice]:
    why = _text(fields, "status_note")
    if fields.get("status") == "cancelled":
        said = sentences([_("This event will not take place"), why])
        yield Notice(_("Cancelled"), said, True)
    elif fields.get("status") == "moved" or fields.get("moved_from"):
        yield Notice(_("Moved"), sentences([_moved(fields), why]), False)


def _moved(fields: Mapping[str, Any]) -> str:
    now = comma([part for part in (cards.event_when(fields), _text(fields, "place")) if part])
    if was := dates.span(fields.get("moved_from"), None, fields.get("timezone")):
        return _("It was to be on %(was)s. Now it is on %(now)s", was=was, now=now)
    return _("The date is no longer what it was. Now it is on %(now)s", now=now)


def _clock(fields: Mapping[str, Any]) -> str:
    """What is not known of the time zone."""
    start = occasions.point(fields.get("start"), occasions.named_zone(fields.get("timezone")))
    if not isinstance(start, datetime):
        return ""
    if start.tzinfo is None:
        return _("Nobody wrote down in which time zone this is. Please ask if you live elsewhere.")
    if fields.get("timezone_basis") != "of-the-site":
        return ""
    return _("Nobody wrote down the time zone: it is that of the group who added the event.")


def _offset_words(shown: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """How far the clocks of the place are from UTC at that time."""
    start = occasions.point(shown.get("start"), occasions.named_zone(fields.get("timezone")))
    if not isinstance(start, datetime) or start.tzinfo is None:
        return ""
    return _("Clocks there are at %(offset)s on that day.", offset=_offset(start))


def _offset(moment: datetime) -> str:
    """How far from UTC the clocks are.

    >>> _offset(datetime.fromisoformat("2026-07-01T18:00+05:30")), _offset(datetime.fromisoformat("2026-07-01T18:00Z"))
    ('UTC+5:30', 'UTC')
    """
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "") if minutes else "UTC"


# -- who does what


def _turns(roles: object, today: date) -> Iterator[Turn]:
    """Those to come, and then those who did it last, so that roles can go round."""
    by_day: dict[str, list[Mapping[str, Any]]] = {}
    for one in roles if isinstance(roles, list) else []:
        if isinstance(one, Mapping) and one.get("name"):
            when = dates.read(one.get("date"))
            by_day.setdefault(when.first.isoformat() if when else "", []).append(one)
    coming = sorted(day for day in by_day if not day or day >= today.isoformat())
    for at, day in enumerate(coming):
        heading = _("Who does what on %(day)s", day=dates.words(day)) if day else _("Who does what")
        yield Turn(heading, tuple(_roles(by_day[day], ROLES_TO_FILL if at == 0 else ())))
    for day in sorted(set(by_day) - set(coming), reverse=True)[:MAX_BEFORE]:
        yield Turn(_("Who did what on %(day)s", day=dates.words(day)), tuple(_roles(by_day[day], ())))


def _roles(people: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> Iterator[tuple[str, Markup]]:
    names: dict[str, list[str]] = {role: [] for role in wanted}
    for one in people:
        names.setdefault(str(one.get("role") or ""), []).append(str(one["name"]))
    for role in sorted(names, key=lambda role: ROLES.index(role) if role in ROLES else len(ROLES)):
        found = [apart(name) for name in sorted(names[role], key=str.casefold)]
        yield lookup(ROLE_WORDS.get(role, "")) or role, Markup(listed(found)) if found else Markup()


# -- papers


def _papers(fields: Mapping[str, Any]) -> Iterator[str]:
    values = (fields.get(name) for name in _PAPERS)
    sizes = [one.size for value in values for one in attachments.in_value(value)]
    if sizes:
        yield ngettext("%(num)s file, %(size)s", "%(num)s files, %(size)s in all", len(sizes), size=size(sum(sizes)))
    out, start = dates.read(fields.get("papers_out")), dates.read(fields.get("start"))
    if out:
        yield _("Out since %(day)s", day=out.words())
    if out and out.day and start and start.day and start.first > out.first:
        days = (start.first - out.first).days
        yield ngettext("%(num)s day before the event", "%(num)s days before the event", days)
