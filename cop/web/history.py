"""What happened to a record, in plain words."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cop import erasing
from cop.fields import BY_COMMAND, FOLDERS, SAME_AS, TYPES
from cop.same_as import KIND
from cop.web import cards, credits, facts, happened, labels, looks, marking, removed
from cop.web.asked import Asked
from cop.web.language import N_, _, apart, ngettext
from cop.web.links import history_address, record_address
from cop.web.lists import Pager
from cop.web.render import Answer
from cop.web.words import listed
from cop.web.works import find, renamed
from cop.withdrawal import NO_REASON

PER_PAGE = 20
MAX_HELPERS = 200
MAX_NAMED = 5  # fields that the sentence names
_KINDS = {
    "withdraw": N_("%(who)s withdrew it: it is no longer shown."),
    "endorse": N_("%(who)s looked at it and stands behind it."),
}
_ERASED = N_("%(who)s removed text for good: it cannot be brought back.")
_TO_ERASE = N_("%(who)s asked to remove text. It is hidden until people have decided.")
_SAME_AS = {  # by what was done with the other entry, and whether it is here
    (True, True): N_("%(who)s said that this is the same as “%(title)s”."),
    (True, False): N_("%(who)s said that this is the same as another entry."),
    (False, True): N_("%(who)s said that this is not the same as “%(title)s”."),
    (False, False): N_("%(who)s said that this is not the same as another entry."),
}


@dataclass(frozen=True)
class Change:
    """One field before and after."""

    label: str
    pieces: tuple[marking.Piece, ...]
    ours: bool  # in words of the site, not in the text of the record


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    moment: happened.Moment
    sentence: str
    why: str
    took_part: str
    notes: tuple[str, ...]  # differences settled, others at the same time, who is credited
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class HistoryPage:
    """What the template of the history shows."""

    heading: str
    title: str
    lang: str
    target: str
    here: str  # the address of this page
    list_label: str
    list_target: str
    steps: tuple[Step, ...]  # newest first
    people: tuple[str, ...]  # as they are credited, A to Z
    organisations: tuple[str, ...]  # A to Z
    looks: looks.Looks
    pager: Pager
    template: ClassVar[str] = "cop_history.html"


def history(asked: Asked, folder: str, slug: str) -> Answer:
    """/<folder>/<slug>/history"""
    record_type = FOLDERS[folder]
    row = find(asked.db, record_type, slug)
    if row is None:
        return renamed(asked.db, record_type, slug, "/history")
    page = asked.page()
    rows = asked.db.execute(
        f"SELECT {happened.COLUMNS}, entry_id FROM history WHERE record_id = ? ORDER BY position DESC LIMIT ? OFFSET ?",
        (row["record_id"], PER_PAGE + 1, (page - 1) * PER_PAGE),
    ).fetchall()
    earlier = {"page": str(page + 1)} if len(rows) > PER_PAGE else None
    return HistoryPage(
        heading=_("What happened here"),
        title=row["title"],
        lang=row["language"],
        target=record_address(row["type"], row["slug"]),
        here=history_address(row["type"], row["slug"]),
        list_label=labels.plural(record_type),
        list_target=f"/{record_type.folder}",
        steps=tuple(_step(asked.db, row["type"], one) for one in rows[:PER_PAGE]),
        people=_people(row),
        organisations=_organisations(asked.db, row["record_id"]),
        looks=looks.of_record(asked.db, row, asked.today),
        pager=Pager("", {"page": str(page - 1)} if page > 1 else None, earlier),
    )


def _people(row: sqlite3.Row) -> tuple[str, ...]:
    fields = cards.loads(row["fields"])
    credited = [field.name for field in TYPES[row["type"]].fields if field.kind == "people" and fields.get(field.name)]
    return tuple(sorted({one for name in credited for one in credits.words_of(fields[name])}, key=str.casefold))


def _organisations(db: sqlite3.Connection, record_id: str) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT DISTINCT organisation FROM history WHERE record_id = ? AND organisation <> ''"
        " ORDER BY organisation COLLATE NOCASE LIMIT ?",
        (record_id, MAX_HELPERS),
    )
    return tuple(name for (name,) in rows)


def _step(db: sqlite3.Connection, type_name: str, row: sqlite3.Row) -> Step:
    patch, before = cards.loads(row["patch"]), _lists(cards.loads(row["before"]))
    why = row["why"] or (patch.get("withdrawn") if row["kind"] == "withdraw" else "")
    shown = {name: value for name, value in patch.items() if name not in BY_COMMAND}
    told = _same_as(db, row, patch.get(SAME_AS)) or _sentence(type_name, row, patch, before)
    notes = list(_notes(type_name, row, patch, before))
    if row["kind"] == erasing.KIND and not patch:
        reason, waits = removed.reason(db, row["entry_id"])
        told, notes = _(_TO_ERASE if waits else _ERASED, who=happened.who(row)), [reason] if reason else []
    return Step(
        moment=happened.moment(row),
        sentence=told,
        why=why if isinstance(why, str) and why != NO_REASON else "",
        took_part=row["took_part"],
        notes=tuple(notes),
        changes=tuple(change(type_name, name, before.get(name, []), value) for name, value in shown.items()),
    )


def _same_as(db: sqlite3.Connection, row: sqlite3.Row, told: object) -> str:
    """What somebody said of this and another entry; "" if that is not what this step is about."""
    if row["kind"] != KIND:
        return ""
    words = told if _is_set_change(told) and isinstance(told, dict) else {"added": [], "removed": []}
    same = bool(words["added"]) or not words["removed"]
    ids = json.dumps([one for one in words["added"] or words["removed"] if isinstance(one, str)])
    sql = "SELECT title FROM records WHERE record_id IN (SELECT value FROM json_each(?)) ORDER BY record_id LIMIT 1"
    other = db.execute(sql, (ids,)).fetchone()
    return _(_SAME_AS[same, other is not None], who=happened.who(row), title=apart(other["title"]) if other else "")


def _lists(values: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: value for name, value in values.items() if isinstance(value, list)}


def _sentence(type_name: str, row: sqlite3.Row, patch: Mapping[str, Any], before: Mapping[str, list[Any]]) -> str:
    who = happened.who(row)
    if told := _KINDS.get(row["kind"]):
        return _(told, who=who)
    if row["kind"] not in ("change", erasing.KIND):
        kind = apart(row["kind"])
        return _("%(who)s did something that this version of cop does not know (%(kind)s).", who=who, kind=kind)
    if row["position"] == 1:
        return _("%(who)s added it.", who=who)
    if not patch:
        return _("%(who)s changed something that this copy does not show.", who=who)
    if set(patch) == {"withdrawn"}:
        return _("%(who)s showed it again.", who=who)
    if not before and {"title", "label"} & patch.keys():
        return _("%(who)s added it as well.", who=who)
    names = [labels.field_label(TYPES.get(type_name), name) for name in patch]
    more = len(names) - MAX_NAMED + 1
    shown = [*names[:-more], ngettext("%(num)s more", "%(num)s more", more)] if more > 1 else names
    return _("%(who)s changed: %(fields)s.", who=who, fields=listed(shown))


def _notes(
    type_name: str, row: sqlite3.Row, patch: Mapping[str, Any], before: Mapping[str, list[Any]]
) -> Iterator[str]:
    record_type = TYPES.get(type_name)
    for name, values in before.items():
        if len(values) > 1:
            label = labels.field_label(record_type, name)
            count = len(values)
            yield ngettext(
                "There was %(num)s answer for “%(field)s”. This settled it.",
                "There were %(num)s answers for “%(field)s”. This settled it.",
                count,
                field=label,
            )
    beside = facts.from_json(row["beside"])
    for name in (one for one in beside if isinstance(one, str)) if isinstance(beside, list) else ():
        label = labels.field_label(record_type, name)
        yield _("Others changed “%(field)s” as well, before anybody could see both.", field=label)
    for name in patch:
        field = record_type.field(name) if record_type else None
        if field and field.kind == "people" and (new := _newly(patch[name], before.get(name, []))):
            yield _("Credited with it: %(people)s.", people=listed([apart(one) for one in new[:MAX_NAMED]]))


def _newly(value: Any, before: Sequence[Any]) -> list[str]:
    """People who are named now and were not before."""
    known = {one for old in before for one in credits.words_of(old)}
    return [one for one in credits.words_of(value) if one and one not in known] if value else []


def change(type_name: str, name: str, before: Sequence[Any], value: Any) -> Change:
    label, ours = labels.field_label(TYPES.get(type_name), name), facts.is_ours(type_name, name)
    if _is_set_change(value):
        before, value = [value["removed"]], value["added"]
    out = [told for told in (facts.in_words(type_name, name, one) for one in before) if told]
    new = facts.in_words(type_name, name, value)
    if len(out) == 1 and isinstance(value, str) and not ours:
        return Change(label, marking.pieces(out[0], new), ours)
    taken = [marking.Piece(marking.OUT, one) for one in out if one != new]
    kept = marking.SAME if new in out else marking.IN  # of several answers one may have been taken
    return Change(label, (*taken, *([marking.Piece(kept, new)] if new else [])), ours)


def _is_set_change(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"added", "removed"}
        and all(isinstance(v, list) for v in value.values())
    )
