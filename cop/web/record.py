"""The page of one record, of any kind."""

import re
import sqlite3
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from cop.fields import FOLDERS, TYPES, RecordType
from cop.web import cards, dates, facts, labels, works
from cop.web.asked import Asked
from cop.web.links import OWN_PAGES, body, history_address, outside, record_address
from cop.web.render import Answer, Moved
from cop.web.works import find

_WHEN = frozenset({"start", "end", "timezone"})  # an event says these in words at the top
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)


@dataclass(frozen=True)
class Version:
    """One of the answers that came in for a field."""

    organisation: str
    text: str
    when: str
    shown: bool


@dataclass(frozen=True)
class Difference:
    """A field with more than one answer."""

    label: str
    number: str  # "Two"
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Variant:
    """One meaning or wording, as one source gives it."""

    heading: str
    text: str
    source: str
    href: str


@dataclass(frozen=True)
class RecordPage:
    """What the template of a record shows."""

    type: str
    type_label: str
    list_label: str
    list_target: str
    heading: str
    lang: str
    dir: str
    meta: str
    summary: str
    html: Markup
    slip: cards.Slip | None
    when: str
    groups: tuple[facts.Group, ...]
    unstated: int
    differences: tuple[Difference, ...]
    checks: str
    variants: tuple[Variant, ...]
    items: tuple[str, ...]
    newer: works.Edition | None
    older: works.Edition | None
    same_name: tuple[works.Edition, ...]
    related: tuple[works.Edition, ...]
    credits: tuple[tuple[str, tuple[str, ...]], ...]
    contents: tuple[tuple[str, str], ...]  # id and text of the headings of a long text
    gap: str
    read_at: str  # address of the work itself
    cite: str
    added: str
    changed: str
    history_count: str
    history_target: str
    row_target: str  # the same as a row of the tables
    template: ClassVar[str] = "cop_record.html"


def renamed(db: sqlite3.Connection, record_type: RecordType, slug: str, below: str = "") -> Moved | None:
    """Where a record is that was asked for by its id."""
    row = db.execute("SELECT type, slug FROM records WHERE record_id = ?", (slug,)).fetchone()
    if row is None or row["type"] != record_type.name or row["slug"] == slug:
        return None
    return Moved(record_address(row["type"], row["slug"]) + below)


def record(asked: Asked, folder: str, slug: str) -> Answer:
    """The page of one record: /resources/<slug>, or by its id."""
    record_type = FOLDERS[folder]
    if record_type.name == "page" and slug in OWN_PAGES:
        return Moved(f"/{slug}")
    row = find(asked.db, record_type, slug)
    return build(asked, row) if row else renamed(asked.db, record_type, slug)


def build(asked: Asked, row: sqlite3.Row) -> RecordPage:
    """One row of `records` as its page."""
    db, record_type = asked.db, TYPES[row["type"]]
    fields = cards.loads(row["fields"])
    two = facts.from_json(row["conflicts"])
    two_names = [name for name in two if isinstance(name, str)] if isinstance(two, list) else []
    event = record_type.name == "event"
    told = _WHEN if event and cards.slip(fields) else frozenset()
    facts_of = {name: value for name, value in fields.items() if name not in told}
    groups = facts.groups(db, record_type, facts_of, two_names)
    html, contents = with_contents(body(row["html"]))
    newer, older = works.edition(db, fields.get("superseded_by"), row), works.edition(db, fields.get("supersedes"), row)
    changes = db.execute("SELECT count(*) FROM history WHERE record_id = ?", (row["record_id"],)).fetchone()[0]
    return RecordPage(
        type=record_type.name,
        type_label=record_type.label,
        list_label=record_type.plural,
        list_target=f"/{record_type.folder}",
        heading=row["title"] or "Without a title",
        lang=row["language"],
        dir=labels.direction(row["language"]),
        meta=cards.meta_line(row["type"], row["date"], fields) if not event else "",
        summary=row["summary"],
        html=html,
        slip=cards.slip(fields) if event else None,
        when=cards.event_when(fields) if event else "",
        groups=tuple(groups),
        unstated=sum(len(group.unstated) + sum(not fact.parts for fact in group.facts) for group in groups),
        differences=tuple(_differences(db, row, two_names)),
        checks=_checks(record_type, row["checks"]),
        variants=tuple(_variants(fields.get("variants"))),
        items=tuple(_items(fields.get("items"))),
        newer=newer,
        older=older,
        same_name=tuple(works.same_name(db, row, (newer, older))),
        related=tuple(works.related(db, row, fields.get("topics"))),
        credits=tuple(_credits(record_type, fields)),
        contents=contents,
        read_at=outside(fields.get("url")) if record_type.name == "resource" else "",
        gap=cards.gap(row["type"], fields),
        cite=works.cite(row, fields, asked) if record_type.name == "resource" else "",
        added=dates.words(row["added"][:10]),
        changed=dates.words(row["changed"][:10]),
        history_count=labels.count(changes, "change", "changes"),
        history_target=history_address(row["type"], row["slug"]),
        row_target=f"/site/records/{row['number']}",
    )


def with_contents(html: str) -> tuple[Markup, tuple[tuple[str, str], ...]]:
    """A body with an id on each heading, and the list of these ids with their words."""
    found: list[tuple[str, str]] = []

    def numbered(heading: re.Match[str]) -> str:
        found.append((f"part-{len(found) + 1}", Markup(heading[1]).striptags()))
        return f'<h2 id="{found[-1][0]}">{heading[1]}</h2>'

    return Markup(_HEADING.sub(numbered, html)), tuple(found)


def _differences(db: sqlite3.Connection, row: sqlite3.Row, names: list[str]) -> list[Difference]:
    found = []
    for name in names:
        rows = db.execute(
            "SELECT * FROM conflicts WHERE record_id = ? AND field = ? ORDER BY organisation COLLATE NOCASE, claimed, version",
            (row["record_id"], name),
        ).fetchall()
        versions = tuple(
            Version(
                organisation=one["organisation"] or "Somebody",
                text=facts.in_words(row["type"], name, facts.from_json(one["value"])) or "Nothing: it was taken out",
                when=dates.moment(one["claimed"][:16]),
                shown=bool(one["shown"]),
            )
            for one in rows
        )
        label = labels.field_label(TYPES[row["type"]], name)
        found.append(Difference(label, labels.number_word(len(versions)), versions))
    return found


def _checks(record_type: RecordType, checks: str) -> str:
    names = facts.from_json(checks)
    words = (
        [labels.field_label(record_type, name) for name in names if isinstance(name, str)]
        if isinstance(names, list)
        else []
    )
    return ", ".join(words)


def _variants(value: object) -> list[Variant]:
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    found = []
    for entry in entries:
        parts = {key: facts.in_words("", key, one) for key, one in entry.items()}
        source, year = parts.get("source", ""), parts.get("year", "")
        heading = parts.get("label") or ", ".join(filter(None, [source, year])) or "Source not stated"
        text = parts.get("text") or parts.get("difference", "")
        found.append(Variant(heading, text, source if parts.get("label") else "", outside(entry.get("url"))))
    return found


def _items(value: object) -> list[str]:
    entries = value if isinstance(value, list) else []
    return [facts.in_words("", "text", entry.get("text") if isinstance(entry, dict) else entry) for entry in entries]


def _credits(record_type: RecordType, fields: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    people_fields = [field for field in record_type.fields if field.kind == "people" and fields.get(field.name)]
    ordered = sorted(people_fields, key=lambda field: field.name != "credits")
    return [(field.label, tuple(facts.people(fields[field.name]))) for field in ordered]
