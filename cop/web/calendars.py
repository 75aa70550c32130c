"""Calendar files: one event, all events (narrowed like their list), those on a topic, those of an organisation."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cop import calendars, occasions, taking_place
from cop.asking import is_asked
from cop.calendars import CalendarEvent, CalendarFile
from cop.fields import TYPES
from cop.plain import shortened
from cop.web import called, cards, event_page, events, facts, labels, lists, narrow, series
from cop.web.asked import Asked, read_meta
from cop.web.language import _, lookup
from cop.web.links import record_address, rel
from cop.web.render import Answer, Document
from cop.web.words import comma
from cop.web.works import find, renamed

CALENDAR = "/events.ics"  # also behind the address of a topic or an organisation
MAX_EVENTS = 300  # in one file
MAX_DESCRIPTION = 3000  # characters
_CONTENT_TYPE = "text/calendar"
_EVENT = TYPES["event"]
_TOLD = ("Getting there and getting in", "Joining by phone or video", "Costs and payment", "Care and safety")
_GROUPS = [
    tuple(field for field in _EVENT.fields if field.name == "booking"),
    *(tuple(field for field in _EVENT.fields if field.group == heading) for heading in _TOLD),
]


def all_events(asked: Asked) -> Answer:
    """/events.ics; whatever narrows the list narrows the calendar."""
    want = lists.wanted(asked, _EVENT)
    chosen = [one.value for one in lists.filters(asked.db, want)]
    page = f"/{rel('/', '/events', want.query(sort=''))}"
    return _several(asked, comma([labels.plural(_EVENT), *chosen]), page, narrow.narrowed(want), "events")


def on_topic(asked: Asked, slug: str) -> Answer:
    """/topics/<topic>/events.ics, also before the topic has any event."""
    row = find(asked.db, TYPES["topic"], slug)
    narrowed = _filed("topics", [slug])
    if row is None and not _exist(asked.db, narrowed):
        return renamed(asked.db, TYPES["topic"], slug, CALENDAR)
    title = row["title"] if row else labels.choice(slug)
    return _several(asked, _("Events: %(about)s", about=title), record_address("topic", slug), narrowed, slug)


def of_organisation(asked: Asked, slug: str) -> Answer:
    """/organisations/<organisation>/events.ics: events that it runs, under any of its names."""
    row = find(asked.db, TYPES["organisation"], slug)
    if row is None:
        return renamed(asked.db, TYPES["organisation"], slug, CALENDAR)
    narrowed = _filed("organisers", _names(row))
    return _several(
        asked, _("Events: %(about)s", about=row["title"]), record_address("organisation", slug), narrowed, slug
    )


def one_event(asked: Asked, slug: str) -> Answer:
    """/events/<event>.ics, if its day is known."""
    row = find(asked.db, _EVENT, slug)
    if row is None:
        return renamed(asked.db, _EVENT, slug, ".ics")
    found = _events(asked, [row])
    page = record_address("event", row["slug"])
    return _document(asked, row["title"], page, found, row["slug"]) if found else None


def beside(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any]) -> str:
    """The address of the calendar that belongs to the page of a record, "" if there is none."""
    address = record_address(row["type"], row["slug"])
    if row["type"] == "event":
        return f"{address}.ics" if occasions.occasions(fields) else ""
    if row["type"] == "organisation" and _exist(db, _filed("organisers", _names(row))):
        return address + CALENDAR
    return ""


def _names(row: sqlite3.Row) -> list[str]:
    return called.names(row["title"], cards.loads(row["fields"]))


def _filed(name: str, values: list[str]) -> tuple[str, list[str]]:
    marks = ", ".join("?" * len(values))
    sql = f"number IN (SELECT number FROM facets WHERE type = 'event' AND name = ? AND value IN ({marks}))"
    return sql, [name, *values]


def _exist(db: sqlite3.Connection, narrowed: tuple[str, list[str]]) -> bool:
    return db.execute(f"SELECT 1 FROM records WHERE {narrowed[0]} LIMIT 1", narrowed[1]).fetchone() is not None


def _several(asked: Asked, name: str, page: str, narrowed: tuple[str, list[str]], file_name: str) -> Document:
    rows = events.with_a_day(asked.db, asked.today, narrowed, MAX_EVENTS)
    return _document(asked, name, page, _events(asked, rows), file_name)


def _document(asked: Asked, name: str, page: str, found: tuple[CalendarEvent, ...], file_name: str) -> Document:
    meta = read_meta(asked.db)
    site = meta.get("title") or "Research as Equals"
    file = CalendarFile(
        name=f"{site}: {name}",
        description=_("Events whose day is known. What was not stated, please ask."),
        address=asked.top + page,
        events=found,
    )
    return Document(calendars.write(file, asked.today), _CONTENT_TYPE, f"{file_name}.ics")


def _events(asked: Asked, rows: Sequence[sqlite3.Row]) -> tuple[CalendarEvent, ...]:
    marks = ", ".join("?" * len(rows))
    counted = f"SELECT record_id, count(*) - 1 FROM history WHERE record_id IN ({marks}) GROUP BY record_id"
    changes = dict(asked.db.execute(counted, [row["record_id"] for row in rows]).fetchall())
    found = (_event(asked, row, changes.get(row["record_id"], 0)) for row in rows)
    return tuple(one for one in found if one)


def _event(asked: Asked, row: sqlite3.Row, changes: int) -> CalendarEvent | None:
    fields = cards.loads(row["fields"])
    when = occasions.occasions(fields)
    if when is None:
        return None
    cancelled = fields.get("status") == "cancelled"
    title = row["title"] or _("Without a title")
    address = asked.top + record_address("event", row["slug"])
    return CalendarEvent(
        record_id=row["record_id"],
        changes=changes,
        added=_moment(row["added"]),
        changed=_moment(row["changed"]),
        title=_("Cancelled: %(title)s", title=title) if cancelled else title,  # not every calendar shows the state
        description=_description(row, fields, address, fields),
        place=_place(fields),
        address=address,
        state=calendars.CANCELLED
        if cancelled
        else calendars.TENTATIVE
        if _is_open(row, fields)
        else calendars.CONFIRMED,
        topics=tuple(labels.choice(one) for one in _texts(fields.get("topics"))),
        when=when,
        moved=tuple(
            _description(row, fields, address, series.moved_date(fields, one))
            for one in taking_place.moved_occasions(when)
        ),
    )


def _is_open(row: sqlite3.Row, fields: Mapping[str, Any]) -> bool:
    """True if the date is not settled: it can still move, is our reading, or there are two answers."""
    two = facts.from_json(row["conflicts"])
    unsettled = isinstance(two, list) and bool({"start", "end", "timezone"}.intersection(map(str, two)))
    return unsettled or fields.get("date_flexible") is True or fields.get("date_basis") == "inferred"


def _place(fields: Mapping[str, Any]) -> str:
    place, form = fields.get("place"), fields.get("format")
    if isinstance(place, str) and place:
        return place
    return labels.choice(form) if form in ("online", "phone") else ""


def _description(row: sqlite3.Row, fields: Mapping[str, Any], address: str, at_that_time: Mapping[str, Any]) -> str:
    """What a person needs to decide whether to come, as far as it is known, and where to read more."""
    notices = "\n".join(f"{one}." for one in event_page.state(at_that_time))
    parts = [notices, row["summary"], "\n".join(_about_the_date(fields)), *_facts(fields)]
    text = "\n\n".join(part for part in parts if part)
    return f"{shortened(text, MAX_DESCRIPTION)}\n\n{address}"


def _about_the_date(fields: Mapping[str, Any]) -> Iterator[str]:
    if fields.get("date_basis") == "inferred":
        yield _("The date is our reading.")
    if isinstance(fields.get("date_note"), str):
        yield fields["date_note"]
    if again := fields.get("repeats"):
        yield _("It takes place %(often)s.", often=facts.in_words("event", "repeats", again))


def _facts(fields: Mapping[str, Any]) -> Iterator[str]:
    unstated = []
    for members in _GROUPS:
        said = [(field, facts.in_words("event", field.name, fields.get(field.name))) for field in members]
        yield "\n".join(_fact(lookup(field.label), text) for field, text in said if text)
        unstated += [lookup(field.label) for field, text in said if not text and is_asked(_EVENT, field, fields)]
    if unstated:
        yield _("Not stated, please ask: %(what)s.", what="; ".join(unstated))


def _fact(label: str, text: str) -> str:
    return f"{label} {text}" if label.endswith(("?", "؟")) else f"{label}: {text}"


def _moment(iso: str) -> datetime:
    try:
        return datetime.fromisoformat(iso).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)][:20] if isinstance(value, list) else []
