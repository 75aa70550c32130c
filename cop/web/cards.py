"""A record in a list: read from `records`, shown the same everywhere."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, ClassVar

from markupsafe import Markup

from cop import ending
from cop.fields import DESCRIPTION, FOLDERS, LINK, TITLE, TYPES
from cop.filing import gaps
from cop.web import dates, labels, looks, series
from cop.web.language import N_, Speaking, _, apart, lookup, spoken
from cop.web.links import history_address, record_address
from cop.web.words import comma, sentences

_ABOUT = "json_extract(records.fields, '$.about')"
_KINDS = " ".join(f"WHEN '{folder}' THEN '{one.name}'" for folder, one in FOLDERS.items() if one.name != "person")
# The title of what a note is about. Not of people: they may no longer wish to be listed
_ABOUT_TITLE = f"""(SELECT other.title FROM records AS other WHERE records.type = 'note'
    AND other.type = CASE substr({_ABOUT}, 1, instr({_ABOUT}, '/') - 1) {_KINDS} END
    AND other.slug = substr({_ABOUT}, instr({_ABOUT}, '/') + 1))"""
COLUMNS = (
    "record_id, records.type, slug, title, summary, language, date, changed, looked_at, conflicts, fields,"
    f" {_ABOUT_TITLE} AS about_title"
)
_READ = ("type", "slug", "title", "summary", "language", "date", "looked_at", "conflicts", "fields", "about_title")
_FIELDS = _READ.index("fields")
MAX_KEPT = 4000  # characters of fields
# By arrival in this copy. Among what came together the writers' clocks decide, but none can say that it is later than that.
# What has one moment, such as all of a first load, stands from A to Z. Each order has its index in `site_schema`
NEWEST = "seen DESC, min(changed, seen) DESC, title COLLATE NOCASE, record_id"
OLDEST = "seen, min(changed, seen), title COLLATE NOCASE, record_id"


@dataclass(frozen=True)
class Card:
    """What a list shows of one record."""

    target: str  # its address from the top of the site
    history: str  # likewise, of what happened to it
    title: str
    lang: str  # language code of title and summary, or ""
    meta: Markup  # kind, who, when
    summary: str
    states: tuple[str, ...]  # such as "Newer edition exists"
    gap: str  # an invitation to help, or ""


@dataclass(frozen=True)
class CardsPage:
    """A plain list of records."""

    heading: str
    lead: str
    cards: tuple[Card, ...]
    nothing: str
    template: ClassVar[str] = "cop_cards.html"


@dataclass(frozen=True)
class Slip:
    """The small calendar sheet beside an event."""

    iso: str
    top: str
    large: str
    below: str


def loads(text: str) -> dict[str, Any]:
    """The fields of a row; partners may have sent anything, so only a JSON object counts."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def cards(rows: Iterable[sqlite3.Row], *, with_type: bool = False) -> tuple[Card, ...]:
    """Rows of `records` (see COLUMNS) as cards."""
    today, speaking = date.today(), spoken()
    read = ((tuple(row[name] for name in _READ), with_type, today, speaking, speaking.words) for row in rows)
    found = ((_card if len(one[0][_FIELDS]) <= MAX_KEPT else _card.__wrapped__)(*one) for one in read)
    return tuple(one for one in found if one)


# The newest stand in many lists, so they are kept: under all that they are made of.
@lru_cache(maxsize=1000)
def _card(
    values: tuple[str, ...], with_type: bool, today: date, _speaking: Speaking, _words: NullTranslations
) -> Card | None:
    row = dict(zip(_READ, values, strict=True))
    fields = loads(row["fields"])
    if ending.is_hidden(row["type"], fields, today):
        return None
    return card(row, as_now(row["type"], fields), with_type=with_type)


def as_now(type_name: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a record as they are today: of an event that repeats, those of its next date."""
    return series.at_next(fields, date.today()) if type_name == "event" else fields


def card(row: sqlite3.Row | Mapping[str, str], fields: Mapping[str, Any], *, with_type: bool = False) -> Card:
    """One row of `records`, with its fields, as a card; with the kind of record where a list mixes them."""
    meta = meta_line(row["type"], row["date"], fields, row["about_title"] or "")
    if with_type:
        meta = sentences([labels.type_label(row["type"]), meta])
    return Card(
        target=record_address(row["type"], row["slug"]),
        history=history_address(row["type"], row["slug"]),
        title=row["title"] or _("Without a title"),
        lang=row["language"],
        meta=meta,
        summary=row["summary"] or _text(fields.get("purpose")),
        states=(*_ends(row["type"], fields), *states(row["conflicts"], fields), looks.in_short(row["looked_at"])),
        gap=gap(row["type"], fields),
    )


def meta_line(type_name: str, day: str, fields: Mapping[str, Any], about: str = "") -> Markup:
    """Kind, who and when, as far as known: "Guidance. NIHR, 2021". For a note also the title of what it is about."""
    if type_name == "event":
        return sentences([_kind(fields), event_when(fields), _apart(fields.get("place"))])
    if type_name == "person":
        told = [_labelled("person", name, _apart(fields.get(name))) for name in ("buddy_offer", "buddy_wish")]
        offers = _labelled("person", "offers", _names(fields.get("offers")))
        return sentences([_apart(fields.get("organisation")), offers, *told])
    people = _names(fields.get("authors")) or _apart(fields.get("publisher")) or _names(fields.get("organisers"))
    when = dates.words(day) if day else _("no year") if type_name == "resource" and people else ""
    if type_name == "opportunity" and when:
        when = _("closes %(day)s", day=when)
    if type_name == "training":
        when = _apart(fields.get("next_date"))
    first = _("About “%(title)s”", title=apart(about)) if about else _kind(fields) or _apart(fields.get("tradition"))
    parts = [part for part in (people, when) if part]
    if type_name == "opportunity" and not people:  # "closes" begins no sentence
        first, parts = comma([part for part in (first, when) if part]), []
    return sentences([first, comma(parts), _labelled("opportunity", "pay", _apart(fields.get("pay")))])


def _labelled(type_name: str, name: str, value: str) -> str:
    """A value that says nothing without the name of its field."""
    label = labels.field_label(TYPES[type_name], name)
    return _("%(field)s: %(value)s", field=label, value=value) if value else ""


def event_when(fields: Mapping[str, Any]) -> str:
    """When an event is, and how sure that is."""
    when = dates.span(fields.get("start"), fields.get("end"), fields.get("timezone"))
    if again := series.rule_words(fields.get("repeats")):
        when = comma([when, again]) if when else ""
    if when and fields.get("date_basis") == "inferred":
        return _("%(when)s (the date is our reading)", when=when)
    return when or _("No date")


def slip(fields: Mapping[str, Any]) -> Slip | None:
    """The calendar sheet of an event that has a date."""
    when = dates.read(fields.get("start"))
    if when is None:
        return None
    iso, year = str(fields["start"]), str(when.year)
    if not when.month:
        return Slip(iso, _("Year"), year, "")
    if not when.day:
        return Slip(iso, year, dates.part(when.first, "LLL"), "")
    return Slip(iso, dates.part(when.first, "LLL y"), str(when.day), dates.part(when.first, "EEE"))


GAPS = {
    TITLE: N_("Title not known. Do you know it?"),
    LINK: N_("No link known. Do you know one?"),
    DESCRIPTION: N_("Nobody has described this yet. Can you?"),
}


def gap(type_name: str, fields: Mapping[str, Any]) -> str:
    """The first thing that is missing from a record, as a question."""
    return lookup(GAPS.get(next(gaps(type_name, fields), ""), ""))


def _ends(type_name: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    closed = [_("Closed")] if ending.is_closed(type_name, fields, date.today()) else []
    wanted = [_("Wanted")] if fields.get("wanted") is True else []
    no_degree = fields.get("no_degree_needed") is True
    return (*closed, *wanted, *([labels.field_label(TYPES[type_name], "no_degree_needed")] if no_degree else []))


def states(conflicts: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader should know before opening it, in a few words each."""
    states = []
    if _text(fields.get("superseded_by")):
        states.append(_("A newer edition exists"))
    if fields.get("status") in ("moved", "cancelled"):
        states.append(labels.choice(str(fields["status"])))
    if conflicts not in ("", "[]"):
        states.append(_("Two answers, not yet settled"))
    return tuple(states)


def _kind(fields: Mapping[str, Any]) -> str:
    kind = fields.get("kind")
    return labels.choice(kind) if isinstance(kind, str) and kind else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _apart(value: object) -> str:
    return apart(value) if isinstance(value, str) and value else ""


def _names(value: object) -> str:
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    shown = comma([apart(name) for name in names[:3]])
    return _("%(names)s and others", names=shown) if len(names) > 3 else shown
