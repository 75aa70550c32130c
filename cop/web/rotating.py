"""Who did what last in the other events of the same people, so that roles can go round."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from cop.fields import ROLES
from cop.web import cards, dates
from cop.web.event_page import ROLE_WORDS
from cop.web.language import apart, lookup
from cop.web.links import record_address
from cop.web.words import listed

LOOKED_AT = 30  # earlier events
_EARLIER = f"""
    SELECT {cards.COLUMNS} FROM records WHERE number IN (
        SELECT number FROM facets WHERE type = 'event' AND name = 'organisers'
        AND value IN (SELECT value FROM json_each(?)))
    AND date <> '' AND substr(date, 1, 10) < ? AND record_id <> ?
    AND coalesce(json_extract(fields, '$.roles'), json_extract(fields, '$.chair')) IS NOT NULL
    ORDER BY date DESC, record_id LIMIT {LOOKED_AT}"""


@dataclass(frozen=True)
class Last:
    """Who did one thing the last time, and at which event."""

    role: str  # in words of the page
    names: Markup
    when: str
    title: str
    lang: str
    target: str


def last(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any], today: date) -> tuple[Last, ...]:
    """For each role the newest earlier event that names somebody, of any organisation that runs this one."""
    organisers = fields.get("organisers")
    if row["type"] != "event" or not isinstance(organisers, list):
        return ()
    values = json.dumps([one for one in organisers if isinstance(one, str)])
    found: dict[str, tuple[str, Last]] = {}
    for earlier in db.execute(_EARLIER, (values, today.isoformat(), row["record_id"])):
        for day, role, names in _roles(cards.loads(earlier["fields"]), earlier["date"], today):
            if role not in found or day > found[role][0]:
                found[role] = day, _last(earlier, role, names, day)
    return tuple(found[role][1] for role in ROLES if role in found)


def _roles(fields: Mapping[str, Any], start: str, today: date) -> Iterator[tuple[str, str, list[str]]]:
    """Day, role and names, as far as the day is over; those without a day of their own did it at the start."""
    told: dict[tuple[str, str], list[str]] = {}
    for name, role in (("roles", ""), ("chair", "chair")):
        people = fields.get(name)
        for one in people if isinstance(people, list) else []:
            if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                when = dates.read(one.get("date")) or dates.read(start)
                if when and when.first < today:
                    told.setdefault((when.first.isoformat(), role or str(one.get("role") or "")), []).append(
                        one["name"]
                    )
    yield from ((day, role, names) for (day, role), names in told.items() if role in ROLES)


def _last(row: sqlite3.Row, role: str, names: list[str], day: str) -> Last:
    shown = Markup(listed([apart(name) for name in sorted(set(names), key=str.casefold)]))
    return Last(
        lookup(ROLE_WORDS[role]),
        shown,
        dates.words(day),
        row["title"],
        row["language"],
        record_address("event", row["slug"]),
    )
