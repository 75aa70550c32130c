"""A few records of each kind that belong to a topic, an organisation or a project, with the way to all of them."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cop.fields import NAMED, OF_PROJECT, TYPES, RecordType
from cop.web import called, labels, lists, narrow
from cop.web.asked import Asked
from cop.web.cards import Card, cards
from cop.web.language import _, number

SHOWN = 5  # records of one kind
_PLACE = {name: at for at, name in enumerate(("project", "event", "opportunity", "training", "post", "resource"))}


@dataclass(frozen=True)
class Section:
    """Records of one kind."""

    type_name: str
    label: str
    count: str
    cards: tuple[Card, ...]
    all_words: str  # "All 26 resources on this topic"
    all_target: str  # the list of that kind, "" if everything is shown
    all_query: Mapping[str, str | Sequence[str]]


def section(
    record_type: RecordType,
    count: int,
    rows: Iterable[sqlite3.Row],
    every: str,
    query: Mapping[str, str | Sequence[str]],
) -> Section:
    """What is shown of one kind; `every` says of what, with a place for how many things there are."""
    shown = cards(rows)
    told = every % {"things": labels.counted(record_type, count)}
    target = f"/{record_type.folder}" if count > len(shown) else ""
    return Section(record_type.name, labels.plural(record_type), number(count), shown, told, target, query)


def of_record(
    asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any], addresses: Sequence[str]
) -> tuple[Section, ...]:
    """What names an organisation, or is part of a project; nothing for other records.

    `addresses` are the short address of the record and those that it once had.
    """
    if row["type"] == "organisation":
        return tuple(_named(asked, NAMED.name, called.names(row["title"], fields), _("All %(things)s that name it")))
    if row["type"] == "project":
        return tuple(_named(asked, OF_PROJECT.name, addresses, _("All %(things)s of this project")))
    return ()


def _named(asked: Asked, name: str, values: Sequence[str], every: str) -> Iterator[Section]:
    for record_type in sorted(TYPES.values(), key=lambda one: _PLACE.get(one.name, len(_PLACE))):
        if record_type.name != "topic" and any(field.name == name for field in narrow.fields_of(record_type)):
            want = narrow.Wanted(record_type, "", None, {name: tuple(values)}, "", 1, asked.today)
            count = narrow.Counter(asked.db, want).total()
            if count:
                rows = lists.rows(asked.db, want, SHOWN, 0)
                yield section(record_type, count, rows, every, want.query())
