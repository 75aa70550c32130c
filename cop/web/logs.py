"""What happened in a project and what changed: a table on its page, and a file for a report."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cop.fields import TYPES
from cop.web import dates, facts
from cop.web.asked import Asked
from cop.web.cards import loads
from cop.web.render import Document
from cop.web.works import find

COLUMNS = ("date", "who", "what", "changed")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would work them out


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    when: str
    who: str
    what: str
    changed: str


def steps(value: object) -> tuple[Step, ...]:
    """The log of a project, as it was written, dates in words."""
    return tuple(
        Step(dates.words(one["date"]) if one["date"] else "", *(one[name] for name in COLUMNS[1:]))
        for one in _rows(value)
    )


def _rows(value: object) -> list[dict[str, str]]:
    entries = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    rows = [_row(entry) for entry in entries]
    return [row for row in rows if any(row.values())]


def _row(entry: Mapping[str, Any]) -> dict[str, str]:
    # somebody who writes a text alone means what happened
    return {
        name: facts.in_words("", name, entry.get(name, entry.get("text") if name == "what" else None))
        for name in COLUMNS
    }


def as_csv(asked: Asked, slug: str) -> Document | None:
    """/projects/<slug>/log.csv"""
    row = find(asked.db, TYPES["project"], slug)
    found = _rows(loads(row["fields"]).get("log")) if row else []
    if row is None or not found:
        return None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_plain(one[name]) for name in COLUMNS] for one in found)
    return Document("\ufeff" + out.getvalue(), "text/csv", f"{slug}.csv", row["changed"])


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
