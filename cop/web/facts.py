"""The values of a record as readers see them. A value of an unexpected kind is shown as plain text, never an error."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cop import attachments, blobs
from cop.asking import is_asked
from cop.fields import FOLDERS, TYPES, Field, RecordType, grouped
from cop.filing import ORGANISATIONS
from cop.remembered import once
from cop.web import called, credits, dates, labels, series, words
from cop.web.language import _, lookup
from cop.web.links import outside, record_address, shown_as, without_scheme

CREDITS = "Credits"  # shown beside the text, not among the facts
FEW_BLANKS = 2  # with fewer, a blank stands in a line of its own; more are named together, or they drown the rest
_ONE_EACH = frozenset({"link_reports"})  # whose texts have commas of their own
_LONG = 60  # characters; a list with a longer text is shown one below the other


@dataclass(frozen=True)
class Part:
    """One value, and where it leads."""

    text: str
    target: str = ""  # inside the site
    href: str = ""  # outside
    ours: bool = False  # words of the site, such as a choice or a date
    lang: str = ""  # language of the text, if it is known and may be another than that of the record


@dataclass(frozen=True)
class Fact:
    """One line of the table of facts."""

    name: str
    label: str
    parts: tuple[Part, ...]  # none: not stated, please ask
    one_below_the_other: bool = False
    two_answers: bool = False


@dataclass(frozen=True)
class Group:
    """Facts under one heading."""

    heading: str
    facts: tuple[Fact, ...]
    unstated: tuple[str, ...]  # labels of what nobody has stated, unless each stands among the facts


class Links:
    """Finds the records that a value names."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def is_held(self, sha256: str) -> bool:
        """True if an attachment is in this copy."""
        file = next((row[2] for row in self._db.execute("PRAGMA database_list") if row[1] == "main"), "")
        return bool(file) and blobs.holds(blobs.folder_beside(Path(file)), sha256)

    def by_slug(self, type_name: str, slugs: Iterable[str]) -> dict[str, Part]:
        """Slug to title and address, for those that exist."""
        wanted = list(slugs)[:100]
        if type_name == "topic":
            known = topics(self._db)
            return {slug: known[slug] for slug in wanted if slug in known}
        rows = self._db.execute(
            f"SELECT slug, title, language FROM records WHERE type = ? AND slug IN ({_marks(wanted)})",
            (type_name, *wanted),
        )
        return {slug: Part(title, record_address(type_name, slug), lang=language) for slug, title, language in rows}

    def by_address(self, address: str) -> Part:
        """The record at an address such as resources/guidance-2021, or the address if it is not here."""
        folder, _slash, slug = address.partition("/")
        found = self.by_slug(FOLDERS[folder].name, [slug]) if folder in FOLDERS else {}
        return found.get(slug, Part(address))

    def organisation(self, name: str) -> str:
        """Address of the organisation of that title, or that goes by that name; "" if there is none."""
        by_name = called.organisations(self._db)
        slug = by_name.get(name) or by_name.get(name.strip(), "")
        if name in by_name and not slug:  # two go by it
            slug = next((one["slug"] for one in titled(self._db, "organisation", name)), "")
        return record_address("organisation", slug) if slug else ""


def topics(db: sqlite3.Connection) -> Mapping[str, Part]:
    """Every topic by its slug: most pages name some, and there are few."""
    return once(partial(_read_topics, db), "topics")


def _read_topics(db: sqlite3.Connection) -> Mapping[str, Part]:
    rows = db.execute("SELECT slug, title, language FROM records WHERE type = 'topic'")
    return {slug: Part(title, record_address("topic", slug), lang=language) for slug, title, language in rows}


def titled(db: sqlite3.Connection, type_name: str, title: str) -> list[sqlite3.Row]:
    """Records of exactly that title, the first thirty."""
    # the plus keeps SQLite to the index of titles
    return db.execute(
        "SELECT record_id, type, slug, title, language, date FROM records"
        " WHERE type = ? AND title = ? COLLATE NOCASE AND title = ? ORDER BY +date, record_id LIMIT 30",
        (type_name, title, title),
    ).fetchall()


def groups(
    db: sqlite3.Connection, record_type: RecordType, fields: Mapping[str, Any], two: Sequence[str]
) -> list[Group]:
    """Everything to be shown in the table of facts. `two` names the fields with two answers."""
    links = Links(db)
    found = []
    for heading, members in grouped(record_type).items():
        facts = [] if heading == CREDITS else list(_facts(links, record_type, members, fields, two))
        stated = tuple(fact for fact in facts if fact.parts or fact.two_answers)
        blank = tuple(fact.label for fact in facts if fact not in stated)
        if stated and len(blank) < FEW_BLANKS:
            found.append(Group(lookup(heading), tuple(facts), ()))
        elif facts:
            found.append(Group(lookup(heading), stated, blank))
    return found


def stated(groups: Iterable[Group]) -> list[Group]:
    """Only what somebody has stated, where it is too late to ask."""
    found = (replace(one, facts=tuple(fact for fact in one.facts if fact.parts), unstated=()) for one in groups)
    return [one for one in found if one.facts]


def _facts(
    links: Links, record_type: RecordType, members: Iterable[Field], fields: Mapping[str, Any], two: Sequence[str]
) -> Iterator[Fact]:
    for field in members:
        parts = tuple(show(links, field, fields.get(field.name)))
        if parts or (is_asked(record_type, field, fields) and _asks(record_type, field)):
            below = (
                field.kind == "entries"
                or field.name in _ONE_EACH
                or (field.name != "topics" and len(parts) > 1 and any(len(part.text) > _LONG for part in parts))
            )
            yield Fact(field.name, lookup(field.label), parts, below, field.name in two)


def _asks(record_type: RecordType, field: Field) -> bool:
    if field.name == "licence":
        return record_type.name == "resource"
    return record_type.asks


def show(links: Links, field: Field, value: object) -> Iterator[Part]:
    """One value as text and links; nothing for a blank."""
    if value is None or value == "" or value == [] or value == {}:
        return
    if field.kind == "people":
        yield from (Part(one.words) for one in credits.people(value))
    elif field.kind == "entries":
        yield from (Part(_entry(entry)) for entry in _many(value))
    elif field.kind in attachments.KINDS:
        yield from (_file(links, field, one) for one in _many(value))
    elif field.kind == "record":
        yield from (links.by_address(_plain(one)) for one in _many(value))
    elif field.to:
        yield from _by_slug(links, field.to, value)
    elif field.name in ORGANISATIONS:
        yield from (Part(_plain(one), links.organisation(_plain(one))) for one in _many(value))
    else:
        yield from _told_apart([_part(field, one) for one in _many(value)])


def _told_apart(parts: Sequence[Part]) -> Iterator[Part]:
    """Links to several pages of one host, each with as much of its address as tells it from the others."""
    hosts = Counter(part.text for part in parts if part.href)
    longer = Counter(without_scheme(part.href) for part in parts)
    for part in parts:
        if hosts[part.text] < 2 or not part.href:
            yield part
        else:
            short = without_scheme(part.href)
            yield replace(part, text=short if longer[short] < 2 else part.href)


def _part(field: Field, value: object) -> Part:
    if field.kind == "flag" and isinstance(value, bool):
        return Part(_plain(value), ours=True)
    if field.kind in ("date", "dates"):
        return Part(dates.words(value), ours=True)
    if field.kind == "repeats":
        return Part(series.rule_words(value), ours=True)
    if field.kind == "moves":
        return Part(series.moved_words(value))
    if field.name == "languages":
        return Part(labels.language(_plain(value)), ours=True)
    if field.kind == "choice" or field.name == "audience" or value in field.choices:
        return Part(labels.choice(_plain(value)), ours=True)
    if href := outside(value):
        return Part(shown_as(href), href=href)
    return Part(_plain(value))


def _file(links: Links, field: Field, value: object) -> Part:
    """An attachment with its kind and size; where it is not here, that is said."""
    one = attachments.parse(value)
    if one is None:
        named = value.get("title") or value.get("file") if isinstance(value, dict) else value
        return _part(field, named)
    if not links.is_held(one.sha256):
        return Part(_("%(file)s, not in this copy", file=one.words(words.size)))
    return Part(one.words(words.size), f"/files/{one.sha256}/{quote(one.name, safe='')}")


def _by_slug(links: Links, type_name: str, value: object) -> Iterator[Part]:
    slugs = [_plain(one) for one in _many(value)]
    found = links.by_slug(type_name, slugs)
    for slug in slugs:
        if slug in found:
            yield found[slug]
        elif type_name == "topic":
            yield Part(labels.choice(slug), record_address("topic", slug))
        else:
            yield Part(slug)


def _entry(value: object) -> str:
    """One of several small tables in a field, what stands first before the rest: "Planning: 3 peer researchers"."""
    if not isinstance(value, dict):
        return _plain(value)
    named = sorted(value.items(), key=lambda pair: pair[0] != "stage")  # a case says at which stage, then who
    texts = (dates.words(one) if name == "when" else _plain(one) for name, one in named)
    first, *rest = [text for text in texts if text] or [""]
    return f"{first}: {'; '.join(rest)}" if rest else first


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _plain(value: object) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    return ", ".join(_plain(one) for one in value) if isinstance(value, list) else ""


def in_words(type_name: str, name: str, value: object) -> str:
    """A value as one line of text, as for the history and for two answers."""
    record_type = TYPES.get(type_name)
    field = record_type.field(name) if record_type else None
    if isinstance(value, dict) and set(value) == {"added", "removed"}:
        return _plain(value)
    if field is None or field.kind in ("people", "entries"):
        named = field is not None and field.kind == "people"
        return "; ".join(
            [one.words for one in credits.people(value)] if named else [_plain(one) for one in _many(value)]
        )
    if field.kind in attachments.KINDS:
        found = [(attachments.parse(one), one) for one in _many(value)]
        return "; ".join(known.words(words.size) if known else _plain(one) for known, one in found)
    return ", ".join(_part(field, one).href or _part(field, one).text for one in _many(value) if one not in (None, ""))


def is_ours(type_name: str, name: str) -> bool:
    """True if `in_words` gives words of the site for this field, not the text of the record."""
    record_type = TYPES.get(type_name)
    field = record_type.field(name) if record_type else None
    return field is not None and (
        field.kind in ("flag", "date", "dates", "repeats", "choice") or name in ("languages", "audience")
    )


def from_json(text: str) -> object:
    """A JSON value of a row, or None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
