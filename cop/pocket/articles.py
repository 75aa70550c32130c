"""The records of one file, each as an `<article>` that stands for itself: not made from the day, nor from its neighbours."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from cop import plain
from cop.export.search_records import until_of
from cop.fields import TYPES, RecordType
from cop.pocket import unseen
from cop.pocket.within import Choice, Within, key_of, within
from cop.web import cards, credits, facts, logs, record, sides
from cop.web.language import _, apart, current, lookup, marked
from cop.web.templating import TEMPLATES

SECTIONS = (*(name for name in TYPES if name != "topic"), "topic")  # of the document, in their order
_DIGITS = str.maketrans("0123456789", "9876543210")
_IN_META = frozenset({"kind", "year", "date"})  # stand below the title, of dates the one that its list is ordered by
_HEADING = re.compile(r"<(/?)h([2-6])>")
_COLUMNS = "records.number, text, html, other_words, keywords, checks"


@dataclass(frozen=True)
class Article:
    """One record of the document."""

    key: str  # its address without the first slash: "resources/guide"; the id of the element
    section: int  # place of its kind in SECTIONS
    sort: str  # order in the section, by UTF-16 code units as in a browser
    html: str  # the whole `<article>`


@dataclass(frozen=True)
class _Line:
    """One line of what is known about a record."""

    label: str
    parts: tuple[Markup, ...]


def articles(db: sqlite3.Connection, choice: Choice, today: date | None = None) -> Iterator[Article]:
    """Every record of the file, in the order of the document; call it inside `speaking`, with rows by name.

    Raises: CopError if nothing fits the choice.
    """
    yield from of(db, within(db, choice, today))


def of(db: sqlite3.Connection, inside: Within) -> Iterator[Article]:
    """Likewise, once it is known what is in the file."""
    order = sorted(
        (SECTIONS.index(row["type"]), sort_of(row["type"], row["date"], row["title"]), row["slug"], row["number"])
        for row in db.execute("SELECT number, type, slug, date, title FROM records")
        if row["number"] in inside.numbers
    )
    sql = f"SELECT {_COLUMNS}, {cards.COLUMNS} FROM records WHERE number = ?"
    for section, sort, _slug, number in order:
        row = db.execute(sql, (number,)).fetchone()
        yield Article(key_of(row["type"], row["slug"]), section, sort, article(db, row, inside))


def sort_of(type_name: str, day: str, title: str) -> str:
    """The newest first where a kind has dates, else from A to Z.

    >>> sort_of("post", "2019-05", "On tea") < sort_of("post", "2018", "All about cups") < sort_of("post", "", "")
    True
    """
    dated = TYPES[type_name].sort != "title"
    first = (day.translate(_DIGITS) or "~") if dated else ""
    # beyond the first 65,536 signs, browsers order by halves of signs
    return f"{first}\t{''.join(min(one, chr(0xFFFF)) for one in title.casefold()[:80])}"


def article(db: sqlite3.Connection, row: sqlite3.Row, inside: Within) -> str:
    """One row of `records` as HTML."""
    record_type, fields = TYPES[row["type"]], cards.loads(row["fields"])
    two = facts.from_json(row["conflicts"])
    names = [name for name in two if isinstance(name, str)] if isinstance(two, list) else []
    topics, body = unseen.topics_of(fields), Markup(_HEADING.sub(_deeper, inside.body(row["html"])))
    filed = unseen.Filed(row, topics, body)
    above = _IN_META & {"kind", record_type.sort}
    shown = {name: value for name, value in fields.items() if name not in above}
    lines, unstated = _known(facts.groups(db, record_type, shown, names), inside, filed)
    made = TEMPLATES.get_template("_cop_article.html").render(
        key=key_of(row["type"], row["slug"]),
        title=row["title"] or _("Without a title"),
        attrs=Markup() if row["language"] == current() else marked(row["language"]),
        meta=cards.meta_line(row["type"], row["date"], fields, row["about_title"] or ""),
        states=cards.states(row["conflicts"], fields),
        summary=row["summary"],
        differences=record.differences(db, row, names),
        topics=topics,
        day=row["date"],
        until=until_of(row["type"], fields),
        body=body,
        sides=sides.sides(db, row, fields),
        log=logs.steps(db, fields.get("log")) if record_type.name == "project" else (),
        items=record.questions(fields.get("items")),
        lines=[*_wider(db, record_type, fields, inside), *lines, *_credits(record_type, fields)],
        unstated=unstated,
        unseen=filed.rest(),
        inside=inside,
    )
    return plain.allowed(made).strip() + "\n"


def _deeper(heading: re.Match[str]) -> str:
    """Headings of a text stand below the title of its record, which is an h3."""
    return f"<{heading[1]}h{min(int(heading[2]) + 2, 6)}>"


def _known(groups: Iterable[facts.Group], inside: Within, filed: unseen.Filed) -> tuple[list[_Line], str]:
    """All that people filled in, each label once, and what nobody has stated."""
    lines: dict[str, tuple[Markup, ...]] = {}
    unstated: list[str] = []
    for group in groups:
        unstated += group.unstated
        for fact in group.facts:
            if not fact.parts:
                unstated.append(fact.label)
            else:
                shown = (_part(one, inside, filed) for one in fact.parts)
                lines[fact.label] = (*lines.get(fact.label, ()), *shown)
    return [_Line(label, parts) for label, parts in lines.items()], " · ".join(unstated)


def _wider(
    db: sqlite3.Connection, record_type: RecordType, fields: Mapping[str, Any], inside: Within
) -> Iterator[_Line]:
    """Which topic a topic is part of: its page shows that above the title, so it is no fact."""
    if (field := record_type.field("parent")) and fields.get("parent"):
        parts = tuple(facts.show(facts.Links(db), field, fields["parent"]))
        yield _Line(lookup(field.label), tuple(inside.anchor(one.target, one.text, marked(one.lang)) for one in parts))


def _credits(record_type: RecordType, fields: Mapping[str, Any]) -> Iterator[_Line]:
    for one in credits.of_record(record_type, fields):
        yield _Line(one.heading, tuple(apart(who.words) for who in one.people))


def _part(part: facts.Part, inside: Within, filed: unseen.Filed) -> Markup:
    if part.href:
        return Markup('<a href="{}">{}</a>').format(part.href, part.text)
    # What is attached is not in the file; its name and size are
    if part.target and not part.target.startswith("/files/"):
        return inside.anchor(part.target, part.text, marked(part.lang) if part.lang not in ("", current()) else "")
    if part.ours:
        return escape(part.text)
    counts = filed.shown(part.text)
    return Markup('<bdi class="{}">{}</bdi>').format(counts, part.text) if counts else apart(part.text)
