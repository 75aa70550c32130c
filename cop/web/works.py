"""How a work stands to others: editions, the same name, related by topic; and how to cite it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cop.fields import TYPES, RecordType
from cop.web import dates, facts
from cop.web.asked import Asked
from cop.web.language import _, apart
from cop.web.links import outside, record_address
from cop.web.render import Moved
from cop.web.words import listed

RELATED = 5
_SAMPLE = 200  # records of one topic that are looked at for "related": enough to find five
_ON_TOPIC = "SELECT * FROM (SELECT number AS other, ? AS same FROM facets WHERE type = ? AND name = 'topics' AND value = ? LIMIT ?)"
MAX_TOPICS = 10  # of one record that are looked at for "related"; SQLite joins at most 500 parts


@dataclass(frozen=True)
class Edition:
    """An older or newer edition of a work."""

    title: str
    lang: str
    when: str  # its date, to tell it from others of the same name
    target: str


def find(db: sqlite3.Connection, record_type: RecordType, slug: str) -> sqlite3.Row | None:
    """The record at an address."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM records WHERE type = ? AND slug = ? ORDER BY record_id LIMIT 1", (record_type.name, slug)
    ).fetchone()
    return row


def renamed(db: sqlite3.Connection, record_type: RecordType, slug: str, below: str = "") -> Moved | None:
    """Where a record is that was asked for by its id."""
    row = db.execute("SELECT type, slug FROM records WHERE record_id = ?", (slug,)).fetchone()
    if row is None or row["type"] != record_type.name or row["slug"] == slug:
        return None
    return Moved(record_address(row["type"], row["slug"]) + below)


def edition(db: sqlite3.Connection, slug: object, row: sqlite3.Row) -> Edition | None:
    """The edition that a field names, if it is here."""
    if not isinstance(slug, str) or not slug:
        return None
    other = find(db, TYPES[row["type"]], slug)
    return _dated(other) if other else None


def _dated(row: sqlite3.Row) -> Edition:
    when = dates.words(row["date"]) if row["date"] else _("no date")
    return Edition(row["title"], row["language"], when, record_address(row["type"], row["slug"]))


def same_name(db: sqlite3.Connection, row: sqlite3.Row, known: Sequence[Edition | None]) -> list[Edition]:
    """Other works with the same title, which may or may not be the same work."""
    same = [_dated(one) for one in facts.titled(db, row["type"], row["title"]) if one["record_id"] != row["record_id"]]
    return [one for one in same if one not in known]


def related(db: sqlite3.Connection, row: sqlite3.Row, topics: object) -> list[Edition]:
    """Records that share most topics, of the same kind first. A sample of each topic, so that large ones stay quick."""
    wanted = [topic for topic in topics if isinstance(topic, str)][:MAX_TOPICS] if isinstance(topics, list) else []
    if not wanted:
        return []
    pieces, values = [], []
    for type_name in TYPES:
        for topic in wanted if type_name != "topic" else ():
            pieces.append(_ON_TOPIC)
            values += [type_name == row["type"], type_name, topic, _SAMPLE]
    rows = db.execute(
        "SELECT type, slug, title, language FROM records JOIN (SELECT other, same, count(*) AS shared FROM"
        f" ({' UNION ALL '.join(pieces)}) WHERE other <> ? GROUP BY other ORDER BY shared DESC, same DESC, other LIMIT ?)"
        " ON other = number ORDER BY shared DESC, same DESC, title",
        (*values, row["number"], RELATED),
    )
    return [Edition(one["title"], one["language"], "", record_address(one["type"], one["slug"])) for one in rows]


def cite(row: sqlite3.Row, fields: dict[str, Any], asked: Asked) -> Markup:
    """A plain line to cite a work, whatever is known of it."""
    names = [name for name in fields.get("authors") or [] if isinstance(name, str)]
    publisher = fields.get("publisher")
    year = dates.words(row["date"]) if row["date"] else _("no date")
    who = listed(names)
    first = who or (publisher if isinstance(publisher, str) else "")
    title = fields.get("title") or f"[{row['title']}]"
    parts = [f"{first} ({year}) {title}." if first else f"{title} ({year})."]
    if who and isinstance(publisher, str):
        parts.append(f"{publisher}.")
    if href := outside(fields.get("url")):
        parts.append(f"{href}.")
    read = _(
        "Read on %(day)s in the copy of %(copied)s.",
        day=dates.words(asked.today.isoformat()),
        copied=dates.words(_copy_day(asked)),
    )
    return Markup(" ").join([apart(" ".join(parts)), read])


def _copy_day(asked: Asked) -> str:
    found = asked.db.execute("SELECT value FROM meta WHERE name = 'as_of'").fetchone()
    return str(found[0])[:10] if found and found[0] else asked.today.isoformat()
