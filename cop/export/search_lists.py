"""How a copy without a server narrows and orders its lists: the records under each facet, and their orders."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from datetime import date

from cop import facet_sets, plain
from cop.export.search_records import AS_CARDS
from cop.export.shards import coded, shard, steps
from cop.fields import FOLDERS, NAMED, NEW, TYPES, Field, RecordType
from cop.filing import ADDED, NOT_STATED
from cop.search_index import FILTERS
from cop.web import events, labels
from cop.web.arrived import last_exchange
from cop.web.language import lookup
from cop.web.lists import ORDERS
from cop.web.narrow import EXCHANGE, NEW_DAYS, fields_of, parameter, value_labels

EVENT = TYPES["event"]
LISTS = {folder: one for folder, one in FOLDERS.items() if one.name in AS_CARDS}


def list_files(db: sqlite3.Connection, left_out: Collection[int], today: date) -> Iterator[tuple[str, bytes]]:
    """The files `f` (what searches are narrowed by), `f-…` (facets of a kind), `n-…` and `o-…-…` (its orders)."""
    out = frozenset(left_out)
    yield shard("f", {name: _for_search(db, name, out) for name in FILTERS})
    for one in (*LISTS.values(), EVENT):
        yield shard(f"f-{one.name}", _of_kind(db, one, out))
        yield shard(f"n-{one.name}", _named(db, one, out))
    for name, numbers in events.orders(db, today).items():
        yield shard(f"o-event-{name}", coded(number for number in numbers if number not in out))
    for one in LISTS.values():
        yield from (shard(f"o-{one.name}-{name or 'newest'}", _order(db, one, name, out)) for name in ORDERS)


def _for_search(db: sqlite3.Connection, name: str, out: frozenset[int]) -> dict[str, object]:
    """Label of the facet, then its values, what they are called, and their records of all kinds."""
    rows = db.execute("SELECT DISTINCT value, number FROM facets WHERE name = ? ORDER BY value, number", (name,))
    held = _grouped(((value, number) for value, number in rows), out)
    if name == "type":
        every = dict.fromkeys([*held, *TYPES])  # an address may name a kind of which there is nothing
        return {"values": [[one, labels.type_label(one), _plural(one), steps(held.get(one, ()))] for one in every]}
    field = TYPES["resource"].field(name)
    assert field is not None  # all of FILTERS are fields of resources
    shown = value_labels(db, field, list(held))
    label = labels.field_label(TYPES["resource"], name)
    return {
        "label": label,
        "values": [[value, plain.allowed(shown[value]), steps(numbers)] for value, numbers in held.items()],
    }


def _plural(type_name: str) -> str:
    return labels.plural(TYPES[type_name]) if type_name in TYPES else labels.choice(type_name)


def _grouped(rows: Iterator[tuple[str, int]], out: frozenset[int]) -> dict[str, list[int]]:
    held: dict[str, list[int]] = {}
    for value, number in rows:
        if number not in out:
            held.setdefault(value, []).append(number)
    return held


def _of_kind(db: sqlite3.Connection, kind: RecordType, out: frozenset[int]) -> dict[str, object]:
    """All facets of a kind of record in their order, and what changes with the day."""
    facets = [_facet(db, kind, field, out) for field in fields_of(kind)]
    days, those = facet_sets.of_facet(db, kind.name, ADDED), _those(db, kind, out)
    return {
        "all": steps(those),
        "facets": facets,
        "added": [[day, steps(n for n in days[day] if n not in out)] for day in sorted(days)],
        "exchange": steps(n for n in last_exchange(db).numbers if n not in out),
        "sort": kind.sort,
        "things": _things(kind, len(those)),
        **({"closes": _closes(db)} if kind.name == "opportunity" else {}),
        **({"days": events.last_days(db)} if kind is EVENT else {}),
    }


def _things(kind: RecordType, most: int) -> list[str]:
    """How many there are, in words. Only of opportunities there may be fewer on another day."""
    fewest = 0 if kind.name == "opportunity" else most
    return [labels.counted(kind, count) for count in range(fewest, most + 1)]


def _facet(db: sqlite3.Connection, kind: RecordType, field: Field, out: frozenset[int]) -> dict[str, object]:
    told: dict[str, object] = {"name": parameter(field.name), "label": lookup(field.label)}
    if field is NAMED:
        return told | {"how": "named"}
    if field is NEW:
        values = [*map(str, NEW_DAYS), EXCHANGE]
        shown = value_labels(db, field, values)
        return told | {"how": "new", "values": [[value, shown[value]] for value in values]}
    sets = facet_sets.of_facet(db, kind.name, field.name)
    held = {value: [n for n in sets[value] if n not in out] for value in sorted(sets)}
    shown = value_labels(db, field, [value for value in held if held[value]])
    ordered = _ordered(field, shown)
    how = "number" if field.kind == "number" else "every" if field.every else ""
    return told | {
        "how": how,
        "values": [[value, plain.allowed(shown[value]), steps(held[value])] for value in ordered],
    }


def _ordered(field: Field, shown: Mapping[str, str]) -> list[str]:
    """Values as they follow each other if equally many records stand under them; what nobody said comes last."""
    if field.kind == "number":
        return sorted(shown, key=lambda value: (value == NOT_STATED, [-ord(sign) for sign in value]))
    return sorted(shown, key=lambda value: (value == NOT_STATED, shown[value].casefold()))


def _those(db: sqlite3.Connection, kind: RecordType, out: frozenset[int]) -> list[int]:
    rows = db.execute("SELECT number FROM records WHERE type = ? ORDER BY number", (kind.name,))
    return [number for (number,) in rows if number not in out]


def _closes(db: sqlite3.Connection) -> list[tuple[int, str]]:
    rows = db.execute(
        "SELECT number, substr(date, 1, 10) FROM records WHERE type = 'opportunity' AND date <> '' ORDER BY 1"
    )
    return [(number, day) for number, day in rows]


def _named(db: sqlite3.Connection, kind: RecordType, out: frozenset[int]) -> dict[str, str]:
    """Organisations and the records that name them: many, and needed only by lists that their pages lead to."""
    sql = "SELECT value, number FROM facets WHERE type = ? AND name = ? ORDER BY value, number"
    rows = ((value, number) for value, number in db.execute(sql, (kind.name, NAMED.name)))
    return {value: steps(numbers) for value, numbers in _grouped(rows, out).items()}


def _order(db: sqlite3.Connection, kind: RecordType, name: str, out: frozenset[int]) -> str:
    rows = db.execute(f"SELECT number FROM records WHERE type = ? ORDER BY {ORDERS[name]}", (kind.name,))
    return coded(number for (number,) in rows if number not in out)
