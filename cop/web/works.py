"""How a work stands to others: editions, the same name, related by topic."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cop import ending
from cop.fields import SAME_AS, TYPES, RecordType
from cop.filing import WAS
from cop.web import dates, facts, labels
from cop.web import related as related_
from cop.web.cards import COLUMNS, CardsPage, cards, loads
from cop.web.language import _
from cop.web.links import record_address
from cop.web.named_by import NamedBy
from cop.web.render import Moved
from cop.web.words import comma

RELATED = 5
MAX_ONCE = 20  # records that once had the same address
MAX_EDITIONS = 10
MAX_PARTS = 30


@dataclass(frozen=True)
class Edition:
    """An older or newer edition of a work."""

    title: str
    lang: str
    when: str  # its date, to tell it from others of the same name
    target: str


@dataclass(frozen=True)
class Mention:
    """A record that has to do with this one, such as by a link to it."""

    kind: str
    title: str
    lang: str
    target: str


def find(db: sqlite3.Connection, record_type: RecordType, slug: str) -> sqlite3.Row | None:
    """The record at an address."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM records WHERE type = ? AND slug = ? ORDER BY record_id LIMIT 1", (record_type.name, slug)
    ).fetchone()
    return None if row is None or _hidden(row) else row


def _hidden(row: sqlite3.Row) -> bool:
    return ending.is_hidden(row["type"], loads(row["fields"]), date.today())


def renamed(db: sqlite3.Connection, record_type: RecordType, slug: str, below: str = "") -> Moved | CardsPage | None:
    """Where a record is that was asked for by its id or at an address that it once had."""
    rows = db.execute(
        f"SELECT {COLUMNS} FROM records WHERE record_id = ? AND type = ? AND slug <> ?", (slug, record_type.name, slug)
    ).fetchall()
    rows = [row for row in rows or _once_at(db, record_type, slug) if not _hidden(row)]
    if len(rows) == 1:
        return Moved(record_address(rows[0]["type"], rows[0]["slug"]) + below)
    lead = _("This address has stood for more than one thing. Which of them are you looking for?")
    return CardsPage(_("More than one thing stood here"), lead, cards(rows), "") if rows else None


def _once_at(db: sqlite3.Connection, record_type: RecordType, slug: str) -> list[sqlite3.Row]:
    """Records that asked for this address before, or that were told apart by a number from others that did."""
    was = f"SELECT {COLUMNS} FROM records WHERE number IN (SELECT number FROM facets WHERE type = ? AND name = ? AND value = ?)"
    order = f" ORDER BY title COLLATE NOCASE, record_id LIMIT {MAX_ONCE}"
    rows = db.execute(was + order, (record_type.name, WAS, slug)).fetchall()
    numbered = re.fullmatch(r"(.+)-\d+", slug)
    if rows or not numbered:
        return rows
    asked = f"{was} UNION SELECT {COLUMNS} FROM records WHERE type = ? AND base_slug = ?{order}"
    return db.execute(asked, (record_type.name, WAS, numbered[1], record_type.name, numbered[1])).fetchall()


def edition(db: sqlite3.Connection, slug: object, row: sqlite3.Row) -> Edition | None:
    """The edition that a field names, if it is here."""
    other = _named(db, TYPES[row["type"]], slug)
    return _dated(other) if other else None


def _named(db: sqlite3.Connection, record_type: RecordType, slug: object) -> sqlite3.Row | None:
    """The record that a field names, under its address of now or an earlier one that only it had."""
    if not isinstance(slug, str) or not slug:
        return None
    found = find(db, record_type, slug)
    once = _once_at(db, record_type, slug) if found is None else []
    return once[0] if len(once) == 1 else found


def editions(db: sqlite3.Connection, row: sqlite3.Row, forward: str, back: str, named_by: NamedBy) -> list[Edition]:
    """The editions that follow in one direction, the next one first. Either side may name the other."""
    found: dict[str, sqlite3.Row] = {row["record_id"]: row}
    at: sqlite3.Row | None = row
    while at is not None and len(found) <= MAX_EDITIONS:
        naming = named_by if at is row else NamedBy(db, at)
        other = _named(db, TYPES[at["type"]], loads(at["fields"]).get(forward)) or naming.first_in_field(back)
        at = None if other is None or other["record_id"] in found else other
        if at is not None:
            found[at["record_id"]] = at
    return [_dated(one) for one in list(found.values())[1:]]


def neighbour(db: sqlite3.Connection, row: sqlite3.Row, *, later: bool) -> Edition | None:
    """The post that stands before or after this one in their list, newest first; None at its ends and for other records."""
    if row["type"] != "post" or not row["date"]:
        return None
    at, named = (row["date"], row["title"], row["record_id"]), "(title COLLATE NOCASE, record_id)"
    same, sign, order = ("<", ">", "date, title COLLATE NOCASE DESC, record_id DESC") if later else (">", "<", "")
    order = order or "date DESC, title COLLATE NOCASE, record_id"
    found = f"SELECT {COLUMNS} FROM records WHERE type = 'post' AND date"
    other = (
        db.execute(f"{found} = ? AND {named} {same} (?, ?) ORDER BY {order} LIMIT 1", at).fetchone()
        or db.execute(f"{found} {sign} ? AND date <> '' ORDER BY {order} LIMIT 1", at[:1]).fetchone()
    )
    return _dated(other) if other else None


def parts(row: sqlite3.Row, named_by: NamedBy) -> list[Edition]:
    """The works that say they are part of this one."""
    return [_dated(one) for one in named_by.in_field("part_of", MAX_PARTS) if one["record_id"] != row["record_id"]]


def forms(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any], named_by: NamedBy) -> list[Mention]:
    """The same in other forms, such as Easy Read or another language; either side may name the other."""
    named = [_named(db, TYPES[row["type"]], slug) for slug in fields.get("same_as_in") or []][:MAX_PARTS]
    naming = named_by.in_field("same_as_in", MAX_PARTS)
    found = {one["record_id"]: one for one in (*named, *naming) if one}
    return [_form(one) for one in found.values() if one["record_id"] != row["record_id"]]


def _form(row: sqlite3.Row) -> Mention:
    form = loads(row["fields"]).get("form")
    spoken = labels.language(row["language"]) if row["language"] else ""
    told = comma([part for part in (labels.choice(form) if isinstance(form, str) else "", spoken) if part])
    return Mention(
        told or labels.type_label(row["type"]), row["title"], row["language"], record_address(row["type"], row["slug"])
    )


def same(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any]) -> list[Mention]:
    """The records that people said are about the same thing, directly or through others, from A to Z."""
    found: dict[str, sqlite3.Row] = {row["record_id"]: row}
    waiting = [fields]
    while waiting and len(found) <= MAX_PARTS:
        named = waiting.pop(0).get(SAME_AS)
        ids = [one for one in named if isinstance(one, str) and one not in found] if isinstance(named, list) else []
        if not ids:
            continue
        sql = f"SELECT {COLUMNS} FROM records WHERE record_id IN (SELECT value FROM json_each(?)) ORDER BY record_id"
        new = [one for one in db.execute(sql, (json.dumps(ids[:MAX_PARTS]),)) if not _hidden(one)]
        found |= {one["record_id"]: one for one in new}
        waiting += [loads(one["fields"]) for one in new]
    others = [one for record_id, one in found.items() if record_id != row["record_id"]][:MAX_PARTS]
    return [_mention(one) for one in sorted(others, key=lambda one: (one["title"].casefold(), one["record_id"]))]


def mentions(row: sqlite3.Row, named_by: NamedBy) -> list[Mention]:
    """The records whose text links to this one."""
    return [_mention(one) for one in named_by.in_text(MAX_PARTS) if one["record_id"] != row["record_id"]]


def _mention(row: sqlite3.Row) -> Mention:
    kind = labels.type_label(row["type"])
    return Mention(kind, row["title"], row["language"], record_address(row["type"], row["slug"]))


def _dated(row: sqlite3.Row) -> Edition:
    when = dates.words(row["date"]) if row["date"] else _("no date")
    return Edition(row["title"], row["language"], when, record_address(row["type"], row["slug"]))


def same_name(db: sqlite3.Connection, row: sqlite3.Row, known: Sequence[Edition | Mention]) -> list[Edition]:
    """Other works with the same title, which may or may not be the same work."""
    same = [_dated(one) for one in facts.titled(db, row["type"], row["title"]) if one["record_id"] != row["record_id"]]
    return [one for one in same if one.target not in {other.target for other in known}]


def related(db: sqlite3.Connection, row: sqlite3.Row, topics: object) -> list[Edition]:
    """Records on the same topics, the nearest first."""
    found = related_.related(db, row, topics, RELATED)
    times = Counter(one["title"] for one in found)
    editions = [_dated(one) for one in found]  # their dates tell those of one name apart
    return [one if times[one.title] > 1 else replace(one, when="") for one in editions]
