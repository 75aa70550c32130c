"""A record in a list: read from `records`, shown the same everywhere."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cop.web import dates, labels, series
from cop.web.links import history_address, record_address

COLUMNS = "record_id, records.type, slug, title, summary, language, date, changed, conflicts, fields"


@dataclass(frozen=True)
class Card:
    """What a list shows of one record."""

    target: str  # its address from the top of the site
    history: str  # likewise, of what happened to it
    title: str
    lang: str  # language code of title and summary, or ""
    dir: str
    meta: str  # kind, who, when
    summary: str
    states: tuple[str, ...]  # such as "Newer edition exists"
    gap: str  # an invitation to help, or ""


@dataclass(frozen=True)
class Slip:
    """The small calendar sheet beside an event."""

    iso: str
    top: str
    large: str
    below: str


def loads(text: str) -> dict[str, Any]:
    """The fields of a row; partners may have sent anything, so only a JSON object counts."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def cards(rows: Iterable[sqlite3.Row], *, with_type: bool = False) -> tuple[Card, ...]:
    """Rows of `records` (see COLUMNS) as cards."""
    return tuple(card(row, with_type=with_type) for row in rows)


def card(row: sqlite3.Row, *, with_type: bool = False) -> Card:
    """One row of `records` as a card; with the kind of record where a list mixes them."""
    fields = loads(row["fields"])
    meta = meta_line(row["type"], row["date"], fields)
    if with_type:
        meta = ". ".join(filter(None, [labels.type_label(row["type"]), meta]))
    return Card(
        target=record_address(row["type"], row["slug"]),
        history=history_address(row["type"], row["slug"]),
        title=row["title"] or "Without a title",
        lang=row["language"],
        dir=labels.direction(row["language"]),
        meta=meta,
        summary=row["summary"],
        states=_states(row["conflicts"], fields),
        gap=gap(row["type"], fields),
    )


def meta_line(type_name: str, date: str, fields: Mapping[str, Any]) -> str:
    """Kind, who and when, as far as known: "Guidance. NIHR, 2021"."""
    if type_name == "event":
        return ". ".join(filter(None, [_kind(fields), event_when(fields), _text(fields.get("place"))]))
    people = _names(fields.get("authors")) or _text(fields.get("publisher")) or _names(fields.get("organisers"))
    when = dates.words(date) if date else "no year" if type_name == "resource" and people else ""
    who_when = ", ".join(filter(None, [people, when]))
    return ". ".join(filter(None, [_kind(fields) or _text(fields.get("tradition")), who_when]))


def event_when(fields: Mapping[str, Any]) -> str:
    """When an event is, and how sure that is."""
    when = dates.span(fields.get("start"), fields.get("end"), fields.get("timezone"))
    note = " (the date is our reading)" if when and fields.get("date_basis") == "inferred" else ""
    again = series.rule_words(fields.get("repeats"))
    return when + note + (f", {again}" if again else "") if when else "No date"


def slip(fields: Mapping[str, Any]) -> Slip | None:
    """The calendar sheet of an event that has a date."""
    when = dates.read(fields.get("start"))
    if when is None:
        return None
    iso, year = str(fields["start"]), str(when.year)
    if not when.month:
        return Slip(iso, "Year", year, "")
    month = dates.MONTHS[when.month - 1][:3]
    if not when.day:
        return Slip(iso, year, month, "")
    return Slip(iso, f"{month} {year}", str(when.day), dates.WEEKDAYS[when.first.weekday()][:3])


def gap(type_name: str, fields: Mapping[str, Any]) -> str:
    """What is missing from a resource, as a question."""
    if type_name != "resource":
        return ""
    if not _text(fields.get("title")):
        return "Title not known. Do you know it?"
    if not _text(fields.get("url")):
        return "No link known. Do you know one?"
    return ""


def _states(conflicts: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    states = []
    if _text(fields.get("superseded_by")):
        states.append("A newer edition exists")
    if fields.get("status") in ("moved", "cancelled"):
        states.append(labels.choice(str(fields["status"])))
    if conflicts not in ("", "[]"):
        states.append("Two answers, not yet settled")
    return tuple(states)


def _kind(fields: Mapping[str, Any]) -> str:
    kind = fields.get("kind")
    return labels.choice(kind) if isinstance(kind, str) and kind else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> str:
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
