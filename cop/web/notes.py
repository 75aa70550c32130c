"""What organisations add to an entry from where they are, shown beside the common text."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cop.fields import TYPES
from cop.plain import shortened
from cop.web import dates, labels
from cop.web.language import apart
from cop.web.links import record_address
from cop.web.named_by import NamedBy
from cop.web.words import comma

SHOWN = 5
MAX_WORDS = 300  # characters of a note on the page of its entry
_NOTE = TYPES["note"]


@dataclass(frozen=True)
class Note:
    """One note."""

    title: str
    lang: str
    target: str
    meta: str  # whose it is, and when
    text: str


@dataclass(frozen=True)
class Notes:
    """Those of one entry."""

    notes: tuple[Note, ...]
    all_words: str  # "12 notes", "" if all are shown
    all_query: Mapping[str, str | Sequence[str]]


def of_record(db: sqlite3.Connection, named_by: NamedBy) -> Notes | None:
    """The notes about a record, from A to Z; None if there are none."""
    found, about = named_by.notes(SHOWN + 1), named_by.about
    if not found:
        return None
    marks = ", ".join("?" * len(about))
    sql = f"SELECT sum(n) FROM facet_counts WHERE type = ? AND name = 'about' AND value IN ({marks})"
    count = db.execute(sql, (_NOTE.name, *about)).fetchone()[0]
    more = labels.counted(_NOTE, count) if len(found) > SHOWN else ""
    return Notes(tuple(_note(db, one) for one in found[:SHOWN]), more, {"about": about})


def _note(db: sqlite3.Connection, row: sqlite3.Row) -> Note:
    first = db.execute(
        "SELECT organisation FROM history WHERE record_id = ? ORDER BY position LIMIT 1", (row["record_id"],)
    ).fetchone()
    text = db.execute("SELECT text FROM records WHERE record_id = ?", (row["record_id"],)).fetchone()[0]
    who = apart(first[0]) if first and first[0] else ""
    when = dates.words(row["date"]) if row["date"] else ""
    return Note(
        title=row["title"],
        lang=row["language"],
        target=record_address(_NOTE.name, row["slug"]),
        meta=comma([part for part in (who, when) if part]),
        text=row["summary"] or shortened(" ".join(text.split()), MAX_WORDS),
    )
