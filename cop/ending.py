"""What an end date that people wrote does, by the calendar of whoever reads: something closes, or nobody sees it. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any


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


def is_closed(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True for an opportunity after its closing date: it leaves the list, and its page stays."""
    return type_name == "opportunity" and is_over(fields.get("closes"), today)
