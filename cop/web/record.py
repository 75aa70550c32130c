"""The page of one record, of any kind."""

import re
import sqlite3
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from cop import ending, small_groups
from cop.fields import AGREEMENT, FOLDERS, TYPES, RecordType
from cop.web import (
    calendars,
    cards,
    cited,
    citing,
    credits,
    dates,
    event_page,
    facts,
    happened,
    labels,
    logs,
    looks,
    notes,
    removed,
    rotating,
    sections,
    series,
    sides,
    works,
)
from cop.web.asked import Asked
from cop.web.language import _, lookup, ngettext
from cop.web.links import OWN_PAGES, body, citation_files, history_address, record_address
from cop.web.named_by import NamedBy
from cop.web.reaching import Reaching, reaching
from cop.web.render import Answer, Moved
from cop.web.script import SCRIPT_PATH
from cop.web.words import comma
from cop.web.works import find, renamed
from cop.withheld import NOT_SHOWN

Row = Any  # of `records`: by the names of its columns
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)


@dataclass(frozen=True)
class Version:
    """One of the answers that came in for a field."""

    organisation: str
    text: str
    ours: bool  # in words of the site
    when: str
    shown: bool


@dataclass(frozen=True)
class Difference:
    """A field with more than one answer."""

    heading: str
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class RecordPage:
    """What the template of a record shows."""

    type: str
    type_label: str
    list_label: str
    list_target: str
    heading: str
    lang: str
    meta: str
    summary: str
    html: Markup
    slip: cards.Slip | None
    when: str
    event: event_page.EventTop | None
    last: tuple[rotating.Last, ...]  # who did what the last time, in other events of the same people
    ahead: series.Ahead
    calendar: str  # address of the calendar file of an event, or of the events of an organisation
    is_off: bool  # an event to which nobody can come any more
    groups: tuple[facts.Group, ...]
    unstated: int
    withheld: bool  # a phone number or e-mail address is not shown
    differences: tuple[Difference, ...]
    checks: str
    sides: tuple[sides.Side, ...]  # what differs, side by side
    looks: looks.Looks
    record_id: str
    items: tuple[str, ...]  # questions of a checklist
    script: str  # address of the script that keeps answers to them, or ""
    same: tuple[works.Mention, ...]  # what people said is about the same thing
    newer: tuple[works.Edition, ...]  # the next one first
    older: tuple[works.Edition, ...]  # likewise
    same_name: tuple[works.Edition, ...]
    whole: works.Edition | None  # that it is part of
    parts: tuple[works.Edition, ...]
    mentions: tuple[works.Mention, ...]
    forms: tuple[works.Mention, ...]  # the same in other forms
    notes: notes.Notes | None  # of organisations, beside the common text
    later: works.Edition | None  # the next post
    earlier: works.Edition | None
    log: tuple[logs.Step, ...]  # of a project
    log_sums: tuple[logs.Sum, ...]
    log_file: str
    closed: bool
    related: tuple[works.Edition, ...]
    sections: tuple[sections.Section, ...]  # what names an organisation, or is part of a project
    credits: tuple[credits.Credits, ...]
    contents: tuple[tuple[str, str], ...]  # id and text of the headings of a long text
    gap: str
    reach: Reaching
    cite: Markup
    cite_files: tuple[tuple[str, str], ...]  # name and address of the citation for programs
    cite_tags: tuple[tuple[str, str], ...]  # for the head of the page
    added: str
    changed: happened.LastChange
    history_count: str
    history_target: str
    row_target: str  # the same as a row of the tables
    template: ClassVar[str] = "cop_record.html"


def record(asked: Asked, folder: str, slug: str) -> Answer:
    """The page of one record: /resources/<slug>, or by its id."""
    record_type = FOLDERS[folder]
    if record_type.name == "page" and slug in OWN_PAGES:
        return Moved(f"/{slug}")
    if record_type.name == AGREEMENT:  # there is one
        return Moved(f"/{folder}")
    row = find(asked.db, record_type, slug)
    return build(asked, row) if row else renamed(asked.db, record_type, slug) or removed.gone(asked.db, slug)


def build(asked: Asked, row: Row) -> RecordPage:
    """One row of `records` as its page."""
    db, record_type = asked.db, TYPES[row["type"]]
    fields = cards.loads(row["fields"])
    resource, is_cited = record_type.name == "resource", record_type.name in cited.CITED
    two = facts.from_json(row["conflicts"])
    two_names = [name for name in two if isinstance(name, str)] if isinstance(two, list) else []
    event = record_type.name == "event"
    named_by = NamedBy(db, row)
    newer = works.editions(db, row, "superseded_by", "supersedes", named_by)
    older = works.editions(db, row, "supersedes", "superseded_by", named_by)
    whole = works.edition(db, fields.get("part_of"), row)
    beside = {"superseded_by": newer, "supersedes": older, "part_of": whole}  # shown beside the facts, if they are here
    told = {name for name, found in beside.items() if found} | (event_page.TOLD if event else set())
    shown = series.at_next(fields, asked.today, asked.now) if event else fields
    facts_of = {name: value for name, value in fields.items() if name not in told}
    groups = facts.groups(db, record_type, facts_of, two_names)
    is_off = event and event_page.is_off(fields, asked)
    if is_off:
        groups = facts.stated(groups)
    html, contents = with_contents(body(row["html"]))
    next_to = sides.sides(db, row, fields)
    same = tuple(works.same(db, row, fields))
    known = {edition.target for edition in (*newer, *older)} | {one.target for one in same}
    related = works.related(db, row, fields.get("topics"))
    changes = db.execute("SELECT count(*) FROM history WHERE record_id = ?", (row["record_id"],)).fetchone()[0]
    return RecordPage(
        type=record_type.name,
        type_label=lookup(record_type.label),
        list_label=labels.plural(record_type),
        list_target=f"/{record_type.folder}",
        heading=row["title"] or _("Without a title"),
        lang=row["language"],
        meta=cards.meta_line(row["type"], row["date"], fields) if not event else "",
        summary="" if next_to and record_type.name == "principle" else row["summary"],  # then it is one of the sides
        html=html,
        slip=cards.slip(shown) if event else None,
        when=cards.event_when(shown) if event else "",
        event=event_page.top(fields, asked) if event else None,
        last=rotating.last(db, row, fields, asked.today),
        ahead=series.ahead(fields, asked.today) if event else series.Ahead(),
        calendar="" if is_off else calendars.beside(db, row, fields),
        is_off=is_off,
        groups=tuple(groups),
        unstated=sum(len(group.unstated) + sum(not fact.parts for fact in group.facts) for group in groups),
        withheld=any(NOT_SHOWN in row[name] for name in ("fields", "html")),
        differences=tuple(differences(db, row, two_names)),
        checks=_checks(record_type, row["checks"]),
        sides=next_to,
        looks=looks.of_record(db, row, asked.today),
        record_id=row["record_id"],
        items=tuple(questions(fields.get("items"))),
        script=SCRIPT_PATH if record_type.name == "checklist" else "",
        same=same,
        newer=tuple(newer),
        older=tuple(older),
        same_name=tuple(works.same_name(db, row, (*newer, *older, *same))),
        whole=whole,
        parts=tuple(works.parts(row, named_by)),
        mentions=tuple(works.mentions(row, named_by)),
        forms=tuple(works.forms(db, row, fields, named_by)),
        notes=notes.of_record(db, named_by),
        later=works.neighbour(db, row, later=True),
        earlier=works.neighbour(db, row, later=False),
        log=logs.steps(db, fields.get("log")) if record_type.name == "project" else (),
        log_sums=logs.sums(fields.get(small_groups.SUMS)),
        log_file=f"{record_address('project', row['slug'])}/log",
        closed=ending.is_closed(record_type.name, fields, asked.today),
        related=tuple(one for one in related if one.target not in known),
        sections=sections.of_record(asked, row, fields, named_by.addresses),
        credits=credits.of_record(record_type, fields),
        contents=contents,
        reach=reaching(fields) if resource else Reaching(),
        gap=cards.gap(row["type"], fields),
        cite=cited.cite(row, fields, asked) if is_cited else Markup(),
        cite_files=citation_files(record_address(row["type"], row["slug"])) if is_cited and not asked.copied else (),
        cite_tags=citing.tags(asked, row, fields) if is_cited else (),
        added=dates.words(row["added"][:10]),
        changed=happened.last_change(db, row["record_id"], row["changed"]),
        history_count=labels.changes(changes),
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


def differences(db: sqlite3.Connection, row: sqlite3.Row, names: list[str]) -> list[Difference]:
    """The fields of a row of `records` for which more than one answer came in."""
    found = []
    for name in names:
        rows = db.execute(
            "SELECT * FROM conflicts WHERE record_id = ? AND field = ? ORDER BY organisation COLLATE NOCASE, claimed, version",
            (row["record_id"], name),
        ).fetchall()
        versions = tuple(
            Version(
                organisation=one["organisation"] or _("Somebody"),
                text=facts.in_words(row["type"], name, facts.from_json(one["value"])) or _("Nothing: it was taken out"),
                ours=facts.is_ours(row["type"], name),
                when=dates.moment(one["claimed"][:16]),
                shown=bool(one["shown"]),
            )
            for one in rows
        )
        label = labels.field_label(TYPES[row["type"]], name)
        heading = ngettext(
            "%(num)s answer came in for “%(field)s”",
            "%(num)s answers came in for “%(field)s”",
            len(versions),
            field=label,
        )
        found.append(Difference(heading, versions))
    return found


def _checks(record_type: RecordType, checks: str) -> str:
    names = facts.from_json(checks)
    words = (
        [labels.field_label(record_type, name) for name in names if isinstance(name, str)]
        if isinstance(names, list)
        else []
    )
    return comma(words)


def questions(value: object) -> list[str]:
    """Those of a checklist."""
    entries = value if isinstance(value, list) else []
    return [facts.in_words("", "text", entry.get("text") if isinstance(entry, dict) else entry) for entry in entries]
