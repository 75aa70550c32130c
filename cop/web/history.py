"""What happened to a record, in plain words."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cop.fields import FOLDERS, TYPES
from cop.web import cards, dates, facts, labels
from cop.web.asked import Asked
from cop.web.language import N_, _, apart, ngettext
from cop.web.links import record_address
from cop.web.render import Answer
from cop.web.words import listed
from cop.web.works import find, renamed

MAX_CHANGES = 500  # shown on one page; the newest
_KINDS = {
    "withdraw": N_("%(who)s withdrew it: it is no longer shown."),
    "erase": N_("%(who)s removed text for good: it cannot be brought back."),
    "endorse": N_("%(who)s looked at it and stands behind it."),
    "same-as": N_("%(who)s said that this is the same as another entry."),
}


@dataclass(frozen=True)
class Change:
    """One field before and after."""

    label: str
    before: str
    after: str
    ours: bool  # in words of the site, not in the text of the record


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    iso: str
    day: str
    sentence: str
    seen: str  # when it reached this copy, if that was on another day
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class HistoryPage:
    """What the template of the history shows."""

    heading: str
    title: str
    lang: str
    target: str
    list_label: str
    list_target: str
    steps: tuple[Step, ...]  # newest first
    helpers: tuple[str, ...]  # organisations, A to Z
    cut: bool
    template: ClassVar[str] = "cop_history.html"


def history(asked: Asked, folder: str, slug: str) -> Answer:
    """/<folder>/<slug>/history"""
    record_type = FOLDERS[folder]
    row = find(asked.db, record_type, slug)
    if row is None:
        return renamed(asked.db, record_type, slug, "/history")
    rows = asked.db.execute(
        "SELECT * FROM history WHERE record_id = ? ORDER BY position DESC LIMIT ?", (row["record_id"], MAX_CHANGES + 1)
    ).fetchall()
    steps = list(_steps(row["type"], list(reversed(rows[:MAX_CHANGES]))))
    return HistoryPage(
        heading=_("What happened here"),
        title=row["title"],
        lang=row["language"],
        target=record_address(row["type"], row["slug"]),
        list_label=labels.plural(record_type),
        list_target=f"/{record_type.folder}",
        steps=tuple(reversed(steps)),
        helpers=tuple(sorted({one["organisation"] for one in rows if one["organisation"]}, key=str.casefold)),
        cut=len(rows) > MAX_CHANGES,
    )


def _steps(type_name: str, rows: list[sqlite3.Row]) -> Iterator[Step]:
    """Oldest first, so that each change knows what stood there before."""
    known: dict[str, Any] = {}
    for row in rows:
        patch = cards.loads(row["patch"])
        changes = tuple(_change(type_name, name, known.get(name), value) for name, value in patch.items())
        yield Step(
            iso=row["claimed"],
            day=dates.words(row["claimed"][:10]) if row["claimed"] else _("At an unknown time"),
            sentence=_sentence(type_name, row, patch),
            seen=dates.words(row["seen"][:10]) if row["seen"][:10] != row["claimed"][:10] else "",
            changes=changes,
        )
        known |= {name: _after(known.get(name), value) for name, value in patch.items()}


def _sentence(type_name: str, row: sqlite3.Row, patch: Mapping[str, Any]) -> str:
    who = apart(row["organisation"]) if row["organisation"] else _("Somebody")
    if told := _KINDS.get(row["kind"]):
        return _(told, who=who)
    if row["kind"] != "change":
        kind = apart(row["kind"])
        return _("%(who)s did something that this version of cop does not know (%(kind)s).", who=who, kind=kind)
    if row["position"] == 1:
        return _("%(who)s added it.", who=who)
    if not patch:
        return _("%(who)s changed something that this copy does not show.", who=who)
    names = [labels.field_label(TYPES.get(type_name), name) for name in patch]
    shown = [*names[:4], ngettext("%(num)s more", "%(num)s more", len(names) - 4)] if len(names) > 5 else names
    return _("%(who)s changed: %(fields)s.", who=who, fields=listed(shown))


def _change(type_name: str, name: str, before: Any, value: Any) -> Change:
    if _is_set_change(value):
        before, value = value.get("removed") or [], value.get("added") or []
    label = labels.field_label(TYPES.get(type_name), name)
    told = [facts.in_words(type_name, name, one) for one in (before, value)]
    return Change(label, told[0], told[1], facts.is_ours(type_name, name))


def _after(before: Any, value: Any) -> Any:
    if not _is_set_change(value):
        return value
    old = before if isinstance(before, list) else []
    return [one for one in old if one not in value["removed"]] + list(value["added"])


def _is_set_change(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"added", "removed"}
        and all(isinstance(v, list) for v in value.values())
    )
