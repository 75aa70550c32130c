"""Meanings and wordings that differ, side by side: by year, then from A to Z. None of them is the main one."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cop.web import cards, facts
from cop.web.language import _
from cop.web.links import outside, record_address
from cop.web.words import comma

MOST = 50  # records that say of themselves that they differ from this one
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")


@dataclass(frozen=True)
class Side:
    """One meaning or wording, as one source gives it."""

    heading: str  # who says it, and when
    name: str  # what they call it, if another name
    text: str
    lang: str  # of the text, "" for that of the record
    tradition: str
    source: str
    differs_from: str
    target: str  # address of the record that has it
    href: str  # address outside


def sides(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any]) -> tuple[Side, ...]:
    """Everything that is known to be said about a word or a principle; () if it is only one principle."""
    found = [_variant(entry) for entry in _entries(fields.get("variants"))]
    if row["type"] == "principle":
        found += [_record(other) for other in _linked(db, row, fields)]
        found = [_record(row, here=True), *found] if found else []
    return tuple(sorted(found, key=_order))


def _order(side: Side) -> tuple[str, str, str]:
    year = _YEAR.search(" ".join((side.heading, side.source, side.tradition)))
    return (year[0] if year else "9999", side.heading.casefold(), side.text)


def _entries(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _variant(entry: Mapping[str, Any]) -> Side:
    parts = {key: facts.in_words("", key, one) for key, one in entry.items()}
    tradition, source, year = (parts.get(key, "") for key in ("tradition", "source", "year"))
    said = comma([part for part in (source or tradition, year) if part])
    return Side(
        heading=said or _("Source not stated"),
        name=parts.get("label", ""),
        text=parts.get("text") or parts.get("difference", ""),
        lang=parts.get("language", ""),
        tradition=tradition if source else "",
        source="",
        differs_from=parts.get("differs_from", ""),
        target="",
        href=outside(entry.get("url")),
    )


def _record(row: sqlite3.Row, *, here: bool = False) -> Side:
    fields = cards.loads(row["fields"])
    tradition, source = (facts.in_words("principle", key, fields.get(key)) for key in ("tradition", "source"))
    return Side(
        heading=tradition or source or _("Source not stated"),
        name=row["title"],
        text=row["summary"],
        lang=row["language"],
        tradition="",
        source=source if tradition else "",
        differs_from="",  # those that it names stand beside it; what it says in words is among the facts
        target="" if here else record_address(row["type"], row["slug"]),
        href="",
    )


def _linked(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any]) -> Iterator[sqlite3.Row]:
    """Principles that this one names as different, or that name this one."""
    named = fields.get("differs_from")
    yield from db.execute(
        "SELECT * FROM records WHERE type = 'principle' AND record_id <> ? AND (slug = ?"
        " OR json_extract(fields, '$.differs_from') = ?) ORDER BY record_id LIMIT ?",
        (row["record_id"], named if isinstance(named, str) else "", row["slug"], MOST),
    )
