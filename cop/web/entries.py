"""The desk's pages to find an entry, whoever may see it, and to choose what kind of new one to write."""

import json
import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from cop.fields import TYPES
from cop.web import labels
from cop.web.at_desk import Visit
from cop.web.language import N_, _, lookup

MOST_FOUND = 50
STATES = {
    "withdrawn": N_("Withdrawn: readers do not see it."),
    "partners": N_("For partners only."),
    "own": N_("For your organisation only."),
    "ended": N_("Its consent has ended: readers do not see it."),
    "waiting": N_("It waits until enough organisations have looked at it."),
    "untitled": N_("It has no title: readers do not see it."),
}


@dataclass(frozen=True)
class Found:
    """An entry that can be changed."""

    title: str
    kind: str
    note: str
    target: str


@dataclass(frozen=True)
class FindPage:
    """What the template of /desk/find shows."""

    heading: str
    query: str
    found: tuple[Found, ...]
    more: bool
    template: ClassVar[str] = "cop_desk_find.html"


@dataclass(frozen=True)
class NewPage:
    """What the template of /desk/new shows."""

    heading: str
    kinds: tuple[tuple[str, str], ...]  # label and address
    template: ClassVar[str] = "cop_desk_new.html"


def find(visit: Visit) -> FindPage:
    """Entries whose title or address has what was typed: all that are held, published or not."""
    typed = " ".join(visit.args.get("q", "").split())[:200]
    rows = _like(visit.db, typed.rstrip("/").rpartition("/")[2]) if typed else []
    return FindPage(
        _("Change something"), typed, tuple(_found(row) for row in rows[:MOST_FOUND]), len(rows) > MOST_FOUND
    )


def _like(db: sqlite3.Connection, typed: str) -> list[sqlite3.Row]:
    pattern = "".join(f"\\{one}" if one in "\\%_" else one for one in typed)
    return db.execute(
        "SELECT record_id, type, slug, title, state FROM view_record"
        " WHERE type IN (SELECT value FROM json_each(?)) AND (title LIKE ? ESCAPE '\\' OR slug LIKE ? ESCAPE '\\' OR record_id = ?)"
        " ORDER BY title COLLATE NOCASE, record_id LIMIT ?",
        [json.dumps(sorted(TYPES)), f"%{pattern}%", f"%{pattern}%", typed, MOST_FOUND + 1],
    ).fetchall()


def _found(row: sqlite3.Row) -> Found:
    kind, note = labels.type_label(row["type"]), lookup(STATES.get(row["state"], ""))
    return Found(row["title"] or _("Without a title"), kind, note, f"/desk/edit/{row['record_id']}")


def new(_visit: Visit) -> NewPage:
    """Which kinds of entries there are."""
    kinds = tuple((lookup(one.label), f"/desk/new/{name}") for name, one in TYPES.items())
    return NewPage(_("Write something new"), tuple(sorted(kinds, key=lambda one: one[0].casefold())))
