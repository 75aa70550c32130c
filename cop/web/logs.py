"""What happened in a project and what changed: a table on its page with who took part over all, and files for a report."""

import csv
import io
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cop import small_groups
from cop.fields import TYPES
from cop.plain import shortened
from cop.web import dates, facts
from cop.web.asked import Asked
from cop.web.cards import loads
from cop.web.language import _, number
from cop.web.render import Document
from cop.web.words import comma
from cop.web.works import find

COLUMNS = ("date", "who", "what", "changed", "took_part", "about")
MOST_LINKS = 10  # of one step
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would work them out


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    when: str
    roles: str  # who took part, by role
    who: str  # likewise, in a sentence
    what: str
    changed: str
    about: tuple[facts.Part, ...]  # records that it led to, or came from


@dataclass(frozen=True)
class Sum:
    """One role, over the whole log."""

    role: str
    times: str
    people: str


def steps(db: sqlite3.Connection, value: object) -> tuple[Step, ...]:
    """The log of a project, as it was written, dates in words."""
    links = facts.Links(db)
    return tuple(_step(row, links) for row in _rows(value))


def _step(row: Mapping[str, str], links: facts.Links) -> Step:
    about = tuple(links.by_address(one) for one in row["about"].split(", ") if one)
    when = dates.words(row["date"]) if row["date"] else ""
    return Step(when, row["took_part"], row["who"], row["what"], row["changed"], about)


def sums(value: object) -> tuple[Sum, ...]:
    """Who took part over all. Only groups in which nobody can be recognised are counted."""
    rows = [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
    return tuple(
        Sum(facts.in_words("", "role", one.get("role")), number(_whole(one.get("times"))), _people(one)) for one in rows
    )


def _people(row: Mapping[str, Any]) -> str:
    people = _whole(row.get("people"))
    if people < small_groups.LEAST:
        return _("not counted")
    return _("at least %(num)s", num=number(people)) if row.get("at_least") else number(people)


def _whole(value: object) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else 0


def _rows(value: object) -> list[dict[str, str]]:
    entries = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    rows = [_row(entry) for entry in entries]
    return [row for row in rows if any(row.values())]


def _row(entry: Mapping[str, Any]) -> dict[str, str]:
    # somebody who writes a text alone means what happened
    row = {
        name: facts.in_words("", name, entry.get(name, entry.get("text") if name == "what" else None))
        for name in COLUMNS[:4]
    }
    about = entry.get("about")
    named = [one for one in (about if isinstance(about, list) else [about]) if isinstance(one, str) and one.strip()]
    roles = [group.role for group in small_groups.groups(entry)]
    addresses = [one.strip().removeprefix("content/").removesuffix(".md").strip("/") for one in named[:MOST_LINKS]]
    return row | {"took_part": ", ".join(roles), "about": ", ".join(addresses)}


def as_csv(asked: Asked, slug: str) -> Document | None:
    """/projects/<slug>/log.csv"""
    row, fields = _project(asked, slug)
    found = _rows(fields.get("log"))
    if row is None or not found:
        return None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_plain(one[name]) for name in COLUMNS] for one in found)
    return Document("\ufeff" + out.getvalue(), "text/csv", f"{slug}.csv", row["changed"])


def as_text(asked: Asked, slug: str) -> Document | None:
    """/projects/<slug>/log.txt: plain text, to be put into a report."""
    row, fields = _project(asked, slug)
    found = steps(asked.db, fields.get("log"))
    if row is None or not found:
        return None
    parts = [
        str(row["title"]),
        _("What happened, and what changed"),
        *("\n".join(_told(one, asked.top)) for one in found),
    ]
    if counted := sums(fields.get(small_groups.SUMS)):
        lines = [f"- {one.role} ({_times(one)})" for one in counted]
        parts.append("\n".join([_("Who took part, over all"), *lines]))
    return Document("\n\n".join(parts) + "\n", "text/plain", f"{slug}.txt", row["changed"])


def _project(asked: Asked, slug: str) -> tuple[sqlite3.Row | None, dict[str, Any]]:
    row = find(asked.db, TYPES["project"], slug)
    return row, loads(row["fields"]) if row else {}


def _told(one: Step, top: str) -> Iterator[str]:
    yield one.when or _("No date")
    if who := comma([part for part in (one.roles, one.who) if part]):
        yield _("Who took part: %(who)s", who=who)
    yield from (text for text in (one.what,) if text)
    if one.changed:
        yield _("What changed: %(what)s", what=one.changed)
    for part in one.about:
        address = f" <{top}{part.target}>" if part.target and top else ""
        yield _("See: %(title)s", title=shortened(part.text, 200)) + address


def _times(one: Sum) -> str:
    return _("steps: %(times)s, people: %(people)s", times=one.times, people=one.people)


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
