"""Buddies: who offers, who wishes, and whom people here brought together.

Offers and wishes stand in the entries of people who chose to be listed. A pair stands in a table of this computer
alone: it is no entry of the log, so no sync, bundle, page or copy can ever hold it.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from cop.database import writing
from cop.errors import WrongUsage
from cop.model import RecordId
from cop.views import current_view

MAX_NOTE = 500  # characters


@dataclass(frozen=True)
class Person:
    """Somebody who is listed, and wishes or offers to be a buddy, or is one."""

    record_id: RecordId
    name: str
    slug: str
    organisation: str
    offer: str
    wish: str


@dataclass(frozen=True)
class Pair:
    """Two people whom somebody here brought together."""

    one: str  # names; somebody who is no longer listed has none
    other: str
    note: str
    since: int  # seconds UTC


def people(db: sqlite3.Connection) -> list[Person]:
    """Everybody who is listed here, A to Z."""
    rows = db.execute("SELECT record_id, title, slug FROM view_record WHERE type = 'person' AND state = ''")
    found = [_person(db, *row) for row in rows.fetchall()]
    return sorted(found, key=lambda one: (one.name.casefold(), one.record_id))


def _person(db: sqlite3.Connection, record_id: RecordId, name: str, slug: str) -> Person:
    view = current_view(db, record_id)
    fields = view.fields if view else {}
    told = (str(fields.get(field) or "").strip() for field in ("organisation", "buddy_offer", "buddy_wish"))
    return Person(record_id, name, slug, *told)


def open_wishes(db: sqlite3.Connection) -> tuple[list[Person], list[Person]]:
    """Who offers to be a buddy, and who wishes for one and has none yet."""
    paired = {record_id for row in db.execute("SELECT one, other FROM local_pair") for record_id in row}
    everybody = people(db)
    offers = [one for one in everybody if one.offer]
    return offers, [one for one in everybody if one.wish and one.record_id not in paired]


def bring_together(db: sqlite3.Connection, one: RecordId, other: RecordId, note: str, now: int) -> tuple[str, str]:
    """Remember that two people are buddies. Returns their names. Raises: WrongUsage."""
    names = _names(db, one, other)
    with writing(db):
        db.execute(
            "INSERT INTO local_pair VALUES (?, ?, ?, ?) ON CONFLICT (one, other) DO UPDATE SET note = excluded.note",
            [*sorted([one, other]), note[:MAX_NOTE], now],
        )
    return names


def take_apart(db: sqlite3.Connection, one: RecordId, other: RecordId) -> tuple[str, str]:
    """Forget a pair. Returns their names. Raises: WrongUsage if they are none."""
    with writing(db):
        gone = db.execute("DELETE FROM local_pair WHERE one = ? AND other = ?", sorted([one, other])).rowcount
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that no byte of it is left beside the file
    if not gone:
        raise WrongUsage("These two are no buddies here.", hint="cop buddies")
    return _title(db, one), _title(db, other)


def _names(db: sqlite3.Connection, one: RecordId, other: RecordId) -> tuple[str, str]:
    if one == other:
        raise WrongUsage("That is one person.", hint="Name two people: cop buddies pair people/… people/…")
    listed = {person.record_id: person.name for person in people(db)}
    for record_id in (one, other):
        if record_id not in listed:
            raise WrongUsage(f"“{_title(db, record_id)}” is nobody who is listed here.", hint="cop list person")
    return listed[one], listed[other]


def pairs(db: sqlite3.Connection) -> Iterator[Pair]:
    """Every pair of this computer, the oldest first."""
    for one, other, note, since in db.execute("SELECT * FROM local_pair ORDER BY since, one, other").fetchall():
        yield Pair(_title(db, one), _title(db, other), note, since)


def _title(db: sqlite3.Connection, record_id: RecordId) -> str:
    row = db.execute("SELECT title FROM view_record WHERE record_id = ?", [record_id]).fetchone()
    return str(row[0]) if row else ""
