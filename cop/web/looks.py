"""Who looked at a record, as its page and its line in a list say it: side by side, each with its day, and growing old."""

import sqlite3
from dataclasses import dataclass
from datetime import date

from cop.web import happened
from cop.web.language import _

OLD_DAYS = 365  # after which a page says how long ago it was
MOST = 50  # organisations that a page names


@dataclass(frozen=True)
class Look:
    """One organisation that looked at it."""

    who: str
    moment: happened.Moment
    is_old: bool
    why: str  # in its words, or ""
    person: str  # who of them, named as they wish, or ""


@dataclass(frozen=True)
class Looks:
    """What a page says of that."""

    now: tuple[Look, ...]  # at the very text that it shows; A to Z
    earlier: tuple[Look, ...]  # at an earlier one
    waits: bool  # a newer text waits to be looked at


def of_record(db: sqlite3.Connection, row: sqlite3.Row, today: date) -> Looks:
    """The newest word of each organisation on a row of `records`."""
    rows = db.execute(
        "SELECT * FROM looked_at WHERE record_id = ? ORDER BY shown DESC, claimed DESC, entry_id", (row["record_id"],)
    ).fetchall()
    newest: dict[str, sqlite3.Row] = {}
    for one in rows:
        newest.setdefault(one["organisation"], one)
    found = sorted(newest.values(), key=lambda one: one["organisation"].casefold())[:MOST]
    return Looks(
        tuple(look(one, today) for one in found if one["shown"]),
        tuple(look(one, today) for one in found if not one["shown"]),
        bool(row["waits"]),
    )


def look(row: sqlite3.Row, today: date) -> Look:
    """One row of `looked_at`."""
    moment = happened.moment(row)
    return Look(happened.who(row), moment, _is_old(moment.iso[:10], today), row["why"], row["person"])


def _is_old(day: str, today: date) -> bool:
    try:
        return (today - date.fromisoformat(day)).days > OLD_DAYS
    except ValueError:
        return False


def in_short(looked_at: str) -> str:
    """What a list says of it."""
    return _("Looked at") if looked_at else _("Not yet looked at")
