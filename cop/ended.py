"""What an end date that people wrote does when pages are made, by the reader's day: it closes, or nobody sees it."""

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

from pyroaring import BitMap

from cop.fields import RecordType


def is_over(until: object, today: date) -> bool:
    """True after the last day of a date; a month or a year lasts until its end.

    >>> is_over("2026-11", date(2026, 11, 30)), is_over("2026-11-29T18:00", date(2026, 11, 30)), is_over("", date.max)
    (False, True, False)
    """
    day = until[:10] if isinstance(until, str) else ""
    return day[:4].isdigit() and day < today.isoformat()[: len(day)]


def is_hidden(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True for somebody whose consent to be listed has ended."""
    return type_name == "person" and is_over(fields.get("consent_until"), today)


def hidden(db: sqlite3.Connection, today: date) -> list[str]:
    """The ids of all records that are hidden."""
    until = "json_extract(fields, '$.consent_until')"
    rows = db.execute(
        f"SELECT record_id, {until} FROM records WHERE type = 'person' AND {until} IS NOT NULL ORDER BY 1"
    )
    return [record_id for record_id, day in rows if is_over(day, today)]


def is_closed(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True for an opportunity after its closing date: it leaves the list, and its page stays."""
    return type_name == "opportunity" and is_over(fields.get("closes"), today)


def still_open(db: sqlite3.Connection, record_type: RecordType, today: date) -> BitMap | None:
    """The numbers of the records that the list shows; None if records of this kind never close."""
    if record_type.name != "opportunity":
        return None
    rows = db.execute(
        "SELECT number FROM records WHERE type = ? AND (date = '' OR substr(date, 1, 10) >= substr(?, 1, length(date)))",
        (record_type.name, today.isoformat()),
    )
    return BitMap(number for (number,) in rows)
