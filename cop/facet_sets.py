"""For each facet value of `site.db` the set of records under it, so that counting a choice of several takes microseconds.

The sets are roaring bitmaps of `records.number`. `site_tables` keeps them in step with the table `facets`.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from pyroaring import BitMap

from cop.fields import NAMED, facets
from cop.filing import ADDED, CONTRIBUTOR
from cop.remembered import once

_KEPT = {
    # there are too many names, and too few records under most of them
    name: {"type", ADDED, CONTRIBUTOR, *(field.name for field in fields)} - {NAMED.name}
    for name, fields in facets().items()
}


def update(public: sqlite3.Connection, rows: Iterable[tuple[str, str, str, int]], *, add: bool) -> None:
    """Put numbers into the sets of their facets, or take them out: kind of record, name, value, number."""
    changes: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for type_name, name, value, number in rows:
        if name in _KEPT.get(type_name, ()):
            changes[type_name, name, value].append(number)
    before = _sets(public, changes)
    for key, numbers in changes.items():
        held, changed = before.get(key, BitMap()), BitMap(numbers)
        _write(public, key, held | changed if add else held - changed)


def _sets(public: sqlite3.Connection, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], BitMap]:
    sql = "SELECT numbers FROM facet_sets WHERE (type, name, value) = (?, ?, ?)"
    found = ((key, public.execute(sql, key).fetchone()) for key in keys)
    return {key: BitMap.deserialize(row[0]) for key, row in found if row}


def _write(public: sqlite3.Connection, key: tuple[str, str, str], numbers: BitMap) -> None:
    if numbers:
        public.execute("INSERT OR REPLACE INTO facet_sets VALUES (?, ?, ?, ?)", (*key, numbers.serialize()))
    else:
        public.execute("DELETE FROM facet_sets WHERE (type, name, value) = (?, ?, ?)", key)


def of_facet(db: sqlite3.Connection, type_name: str, name: str) -> Mapping[str, BitMap]:
    """Every value of a facet with the records under it."""
    return once(partial(_read, db, type_name, name), "facet", type_name, name)


def _read(db: sqlite3.Connection, type_name: str, name: str) -> Mapping[str, BitMap]:
    rows = db.execute("SELECT value, numbers FROM facet_sets WHERE type = ? AND name = ?", (type_name, name))
    return {value: BitMap.deserialize(numbers) for value, numbers in rows}


def of_values(db: sqlite3.Connection, type_name: str, name: str, values: Sequence[str]) -> list[BitMap]:
    """The records under each of some values of a facet."""
    held = of_facet(db, type_name, name)
    return [held[value] for value in values if value in held]


def of_names(db: sqlite3.Connection, type_name: str, names: Sequence[str]) -> BitMap:
    """The records that name one of these organisations."""
    sql = "SELECT number FROM facets WHERE type = ? AND name = ? AND value IN (SELECT value FROM json_each(?))"
    return BitMap(number for (number,) in db.execute(sql, (type_name, NAMED.name, json.dumps(names))))


def from_value(db: sqlite3.Connection, type_name: str, name: str, first: str) -> list[BitMap]:
    """The records under each value of a facet from `first` on."""
    return [numbers for value, numbers in of_facet(db, type_name, name).items() if value >= first]


def of_kinds(db: sqlite3.Connection, name: str, values: Sequence[str]) -> dict[str, dict[str, BitMap]]:
    """The records under some values of a facet that several kinds of record have: value to kind to numbers."""
    held = {kind: of_facet(db, kind, name) for kind in _KEPT}
    return {value: {kind: sets[value] for kind, sets in held.items() if value in sets} for value in values}


def everywhere(db: sqlite3.Connection, name: str, value: str) -> BitMap:
    """The records of all kinds under a value."""
    return BitMap.union(BitMap(), *(numbers for kind in _KEPT for numbers in of_values(db, kind, name, [value])))


def counts(db: sqlite3.Connection, name: str, some: BitMap) -> dict[str, int]:
    """Per value of a facet, how many of some records stand under it; no value without any."""
    found: dict[str, int] = defaultdict(int)
    for kind in _KEPT:
        for value, numbers in of_facet(db, kind, name).items():
            if count := numbers.intersection_cardinality(some):
                found[value] += count
    return dict(found)
