"""/agreement: what the organisations of this network agreed on, who signed it, and what it asks for."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from cop import fields, terms
from cop.publish import PROPOSED
from cop.web import cards, dates, facts, happened, labels, looks, record
from cop.web.asked import Asked
from cop.web.language import _, apart, ngettext
from cop.web.links import body, history_address
from cop.web.words import listed


@dataclass(frozen=True)
class Role:
    """Who does something, and from when to when."""

    role: str
    who: str
    when: str


@dataclass(frozen=True)
class Signatures:
    """Who signed one version."""

    day: str  # of the version
    names: str
    is_shown: bool


@dataclass(frozen=True)
class AgreementPage:
    """What the template shows."""

    heading: str
    lang: str
    summary: str
    html: Markup
    is_proposed: bool  # not enough have signed any version
    looks: looks.Looks | None  # None: nobody has written an agreement
    rule: str  # when an entry counts as published
    asked: str  # names of whose votes count, "" for all members
    together: tuple[str, ...]
    alone: tuple[str, ...]
    roles: tuple[Role, ...]
    differences: tuple[record.Difference, ...]  # where two versions in force do not say the same
    versions: tuple[Signatures, ...]  # newest first
    changed: happened.LastChange | None
    history_target: str
    template: ClassVar[str] = "cop_agreement.html"


def agreement(asked: Asked) -> AgreementPage:
    """/agreement"""
    row = asked.db.execute("SELECT * FROM records WHERE record_id = ?", (terms.RECORD_ID,)).fetchone()
    if row is None or row["type"] != fields.AGREEMENT:
        return AgreementPage(
            _("What we agreed on"), "", "", Markup(), False, None, rule_in_words(terms.Terms()), "",
            (), (), (), (), (), None, "",
        )  # fmt: skip
    found = cards.loads(row["fields"])
    read = terms.read(found)
    return AgreementPage(
        heading=row["title"],
        lang=row["language"],
        summary=row["summary"],
        html=Markup(body(row["html"], depth=1)),
        is_proposed=row["waits"] == PROPOSED,
        looks=looks.of_record(asked.db, row, asked.today),
        rule=rule_in_words(read),
        asked=listed([apart(party.name) for party in read.parties]) if read.publishing != fields.NO_RULE else "",
        together=tuple(_texts(found.get("together"))),
        alone=tuple(_texts(found.get("alone"))),
        roles=tuple(_roles(found.get("roles"))),
        differences=tuple(record.differences(asked.db, row, _names(row["conflicts"]))),
        versions=tuple(_versions(asked.db)),
        changed=happened.last_change(asked.db, row["record_id"], row["changed"]),
        history_target=history_address(row["type"], row["slug"]),
    )


def rule_in_words(read: terms.Terms) -> str:
    """When an entry counts as published."""
    if read.publishing == fields.NO_RULE:
        return _("Every entry is shown at once. It says whether somebody has looked at it.")
    if read.publishing == fields.STEWARDS:
        return _("An entry counts as published once the organisations that look after it have looked at it.")
    if read.publishing == fields.EACH_KIND and read.kinds:
        return ngettext(
            "An entry counts as published once %(num)s organisation of each of these kinds has looked at it: %(kinds)s.",
            "An entry counts as published once %(num)s organisations of each of these kinds have looked at it: %(kinds)s.",
            read.least,
            kinds=listed([labels.choice(kind) for kind in read.kinds]),
        )
    return ngettext(
        "An entry counts as published once %(num)s organisation has looked at it.",
        "An entry counts as published once %(num)s organisations have looked at it.",
        read.least,
    )


def _names(value: str) -> list[str]:
    return [name for name in json.loads(value) if isinstance(name, str)]


def _texts(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, str) and one.strip():
            yield one


def _roles(value: object) -> Iterator[Role]:
    """Who does it now, and who did it before: newest first."""
    rows = [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
    for one in sorted(rows, key=lambda one: str(one.get("since") or ""), reverse=True):
        role, who = _word(one, "role") or _word(one, "text"), _word(one, "who")
        if role or who:
            yield Role(role, who, _span(_word(one, "since"), _word(one, "until")))


def _word(entry: Mapping[str, Any], name: str) -> str:
    return facts.in_words("", name, entry.get(name))


def _span(since: str, until: str) -> str:
    if since and until:
        return _("%(since)s to %(until)s", since=dates.words(since), until=dates.words(until))
    if until:
        return _("until %(until)s", until=dates.words(until))
    return _("since %(since)s", since=dates.words(since)) if since else ""


def _versions(db: sqlite3.Connection) -> Iterator[Signatures]:
    """Every version that somebody signed."""
    rows = db.execute(
        "SELECT l.organisation, l.shown, l.position, h.claimed, h.seen FROM looked_at AS l"
        " LEFT JOIN history AS h USING (record_id, position) WHERE l.record_id = ?"
        " ORDER BY l.position DESC, l.organisation COLLATE NOCASE",
        (terms.RECORD_ID,),
    ).fetchall()
    by: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        by.setdefault(row["position"], []).append(row)
    for found in by.values():
        day = happened.moment(found[0]).day if found[0]["claimed"] else ""
        names = listed(list(dict.fromkeys(apart(one["organisation"]) for one in found)))
        yield Signatures(day, names, any(one["shown"] for one in found))
