"""What an end date that people wrote does, by the calendar of whoever reads: something closes, or nobody sees it. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

_DAY = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")


def is_over(until: object, today: date) -> bool:
    """True after the last day of a date; a month or a year lasts until its end.

    >>> is_over("2026-11", date(2026, 11, 30)), is_over("2026-11-29T18:00", date(2026, 11, 30)), is_over("", date.max)
    (False, True, False)
    """
    day = until[:10] if isinstance(until, str) else ""
    return day[:4].isdigit() and day < today.isoformat()[: len(day)]


def is_unlisted(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True for somebody who did not agree to be listed, or whose consent has ended."""
    if type_name != "person":
        return False
    return not str(fields.get("consent") or "").strip() or is_over(fields.get("consent_until"), today)


def is_hidden(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True, in a copy that nobody keeps up to date, for a record or a contact detail in it whose consent has ended."""
    return (type_name == "person" and is_over(fields.get("consent_until"), today)) or any(
        isinstance(one, dict) and one.get("detail") and is_over(one.get("until"), today)
        for one in _many(fields.get("consents"))
    )


def days(consents: object) -> list[dict[str, Any]]:
    """What readers get of consents: until when something is shown. Who said so of which detail is not theirs to know.

    >>> days([{"who": "Jo", "detail": "jo@example.org", "until": "2027-01-31"}, {"until": "2026"}, "x"])
    [{'until': '2027-01-31', 'detail': True}, {'until': '2026'}]
    """
    ends = [(one, str(one.get("until") or "")[:10]) for one in _many(consents) if isinstance(one, dict)]
    return [
        {"until": until, "detail": True} if one.get("detail") else {"until": until}
        for one, until in ends
        if _DAY.fullmatch(until)
    ]


def in_a_year(today: date) -> str:
    """The same day of the next year."""
    same = (today.month, today.day) != (2, 29)
    return f"{today.year + 1}{today.isoformat()[4:]}" if same else f"{today.year + 1}-02-28"


def is_closed(type_name: str, fields: Mapping[str, Any], today: date) -> bool:
    """True for an opportunity after its closing date: it leaves the list, and its page stays."""
    return type_name == "opportunity" and is_over(fields.get("closes"), today)


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else []
