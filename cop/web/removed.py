"""What was removed for good: a list for everybody, and the page of an entry that is gone. Neither says what it was.

An entry that is gone answers at its id only. An old address is often the name of a person: to answer at it would say
that there once was something about them.
"""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from cop.fields import TYPES
from cop.web import happened
from cop.web.asked import Asked
from cop.web.language import N_, _, apart, lookup
from cop.web.links import record_address
from cop.web.lists import Pager

PER_PAGE = 50
REASONS = {
    "asked": N_("The person it is about asked for it."),
    "personal": N_("It held personal details."),
    "rights": N_("It was about somebody else’s rights."),
    "mistake": N_("It was there by mistake."),
    "other": N_("For another reason."),
}
_GONE = "SELECT * FROM removed WHERE record_id = ? AND part = 0 ORDER BY state, seen LIMIT 1"


@dataclass(frozen=True)
class Removal:
    """One thing that was removed."""

    moment: happened.Moment
    sentence: str
    reason: str
    title: str  # of the entry of which a part was removed; "" if nothing is left
    lang: str
    target: str


@dataclass(frozen=True)
class RemovedPage:
    """What the template of the list shows."""

    heading: str
    removals: tuple[Removal, ...]
    pager: Pager
    target: ClassVar[str] = "/removed"
    template: ClassVar[str] = "cop_removed.html"


@dataclass(frozen=True)
class GonePage:
    """What the template of an entry that is gone shows."""

    heading: str
    removal: Removal
    waits: bool
    template: ClassVar[str] = "cop_gone.html"
    status: ClassVar[int] = 410


def removed(asked: Asked) -> RemovedPage:
    """/removed, newest first."""
    page = asked.page()
    rows = asked.db.execute(
        "SELECT * FROM removed ORDER BY seen DESC, entry_id, record_id LIMIT ? OFFSET ?",
        (PER_PAGE + 1, (page - 1) * PER_PAGE),
    ).fetchall()
    return RemovedPage(
        heading=_("What was removed"),
        removals=tuple(_removal(asked.db, row) for row in rows[:PER_PAGE]),
        pager=Pager(
            "",
            {"page": str(page - 1)} if page > 1 else None,
            {"page": str(page + 1)} if len(rows) > PER_PAGE else None,
        ),
    )


def gone(db: sqlite3.Connection, record_id: str) -> GonePage | None:
    """The page of an entry that was removed as a whole; None if this is none."""
    row = db.execute(_GONE, (record_id,)).fetchone()
    if row is None:
        return None
    waits = row["state"] == "waits"
    heading = _("This is hidden for now") if waits else _("This was removed")
    return GonePage(heading, _removal(db, row), waits)


def reason(db: sqlite3.Connection, entry_id: str) -> tuple[str, bool]:
    """Why something was removed, in words, and whether that waits for a person to decide."""
    row = db.execute("SELECT reason, state FROM removed WHERE entry_id = ? LIMIT 1", (entry_id,)).fetchone()
    return (_in_words(row["reason"]), row["state"] == "waits") if row else ("", False)


def _in_words(code: str) -> str:
    return lookup(REASONS.get(code, REASONS["other"]))


def _removal(db: sqlite3.Connection, row: sqlite3.Row) -> Removal:
    left = db.execute(
        "SELECT type, slug, title, language FROM records WHERE record_id = ?", (row["record_id"],)
    ).fetchone()
    shown = left if left is not None and left["type"] in TYPES else None
    return Removal(
        happened.moment(row),
        _sentence(row),
        _in_words(row["reason"]),
        shown["title"] if shown else "",
        shown["language"] if shown else "",
        record_address(shown["type"], shown["slug"]) if shown else "",
    )


def _sentence(row: sqlite3.Row) -> str:
    who = apart(row["organisation"]) if row["organisation"] else _("Somebody")
    if row["state"] == "waits" and row["part"]:
        return _("%(who)s asked to remove a part of an entry. It is hidden until people have decided.", who=who)
    if row["state"] == "waits":
        return _("%(who)s asked to remove an entry. It is hidden until people have decided.", who=who)
    if row["part"]:
        return _("%(who)s removed a part of an entry for good.", who=who)
    return _("%(who)s removed an entry for good.", who=who)
