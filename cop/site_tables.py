"""Writes the tables of `site.db`. Used by `views` and `imprint` only; knows nothing of the log."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cop import facet_sets, publish, search_index
from cop.model import RecordId
from cop.publish import PublicRecord
from cop.search_index import Counting

_OF_A_RECORD = ("history", "conflicts", "looked_at", "files", "records")


def clear(public: sqlite3.Connection) -> None:
    """Take every record out."""
    for name in ("facets", "facet_counts", "facet_sets", *_OF_A_RECORD):
        public.execute(f"DELETE FROM {name}")
    search_index.clear(public)


def replace(
    public: sqlite3.Connection, record_ids: Sequence[RecordId], published: Iterable[PublicRecord], counting: Counting
) -> None:
    """Put `published` in place of what stands under `record_ids`; an id without a published record leaves the site."""
    following = public.execute("SELECT coalesce(max(number), 0) + 1 FROM records").fetchone()[0]
    before = _remove(public, record_ids, counting)  # after the look at numbers: records that stay keep theirs
    records = list(published)
    for at, record in enumerate(records, following):
        record.row["number"] = before[record.row["record_id"]][0] if record.row["record_id"] in before else at
    _insert(public, "records", [record.row for record in records])
    _insert(public, "history", [row for record in records for row in record.history])
    _insert(public, "conflicts", [row for record in records for row in record.conflicts])
    _insert(public, "looked_at", [row for record in records for row in record.looks])
    _insert(public, "files", [row for record in records for row in record.files])
    search_index.add(public, [(record.row, record.facets) for record in records], counting)
    add_facets(public, [(r.row["type"], *facet, r.row["number"]) for r in records for facet in sorted(r.facets)])
    asked = {(r.row["type"], r.row["base_slug"]) for r in records}
    _tell_apart(public, asked | {(type_name, slug) for _, type_name, slug in before.values()})


def _insert(public: sqlite3.Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of our own making, with the same columns each: every load writes some, and starting sqlite-utils takes longer."""
    if rows:
        columns = ", ".join(rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        public.executemany(f"INSERT INTO {name} ({columns}) VALUES ({values})", rows)


def _remove(
    public: sqlite3.Connection, record_ids: Sequence[RecordId], counting: Counting
) -> dict[RecordId, tuple[int, str, str]]:
    """Take records out. Returns number, kind and asked address of those that were in."""
    ids = json.dumps(record_ids)
    rows = public.execute("SELECT * FROM records WHERE record_id IN (SELECT value FROM json_each(?))", [ids]).fetchall()
    numbers = json.dumps([row["number"] for row in rows])
    facets = public.execute(
        "DELETE FROM facets WHERE number IN (SELECT value FROM json_each(?)) RETURNING type, name, value, number",
        [numbers],
    ).fetchall()
    _count(public, [tuple(facet[:3]) for facet in facets], -1)
    facet_sets.update(public, [tuple(facet) for facet in facets], add=False)
    search_index.remove(public, rows, facets, counting)
    for name in _OF_A_RECORD:
        public.execute(f"DELETE FROM {name} WHERE record_id IN (SELECT value FROM json_each(?))", [ids])
    return {row["record_id"]: (row["number"], row["type"], row["base_slug"]) for row in rows}


def add_facets(public: sqlite3.Connection, facets: Sequence[tuple[str, str, str, int]]) -> None:
    """File records under their facets: kind of record, name, value, number of the record."""
    public.executemany("INSERT INTO facets VALUES (?, ?, ?, ?)", facets)
    _count(public, [facet[:3] for facet in facets], 1)
    facet_sets.update(public, facets, add=True)


def _count(public: sqlite3.Connection, facets: Iterable[tuple[str, ...]], sign: int) -> None:
    """Keep `facet_counts` in step, so that no reader waits for counting."""
    counts = Counter(facets)
    public.executemany(
        "INSERT INTO facet_counts VALUES (?, ?, ?, ?) ON CONFLICT (type, name, value) DO UPDATE SET n = n + excluded.n",
        ((*facet, sign * n) for facet, n in counts.items()),
    )
    if sign < 0:
        public.executemany("DELETE FROM facet_counts WHERE (type, name, value, n) = (?, ?, ?, 0)", counts)


def _tell_apart(public: sqlite3.Connection, asked: set[tuple[str, str]]) -> None:
    """Give every record an address of its own where several ask for the same."""
    also = {(type_name, slug) for type_name, base in asked if (slug := _without_number(base))}
    wrong = public.execute(
        "SELECT type, base_slug FROM records JOIN (SELECT value ->> 0 AS t, value ->> 1 AS s FROM json_each(?))"
        " ON type = t AND base_slug = s GROUP BY 1, 2 HAVING count(*) > 1 OR max(slug) <> base_slug ORDER BY 1, 2",
        [json.dumps(sorted(asked | also))],
    ).fetchall()
    for type_name, slug in wrong:
        rows = public.execute(
            "SELECT record_id, slug FROM records WHERE type = ? AND base_slug = ?", [type_name, slug]
        ).fetchall()
        wanted = json.dumps([f"{slug}-{at}" for at in range(2, len(rows) + 1)])
        taken = public.execute(
            "SELECT base_slug FROM records WHERE type = ? AND base_slug IN (SELECT value FROM json_each(?))",
            [type_name, wanted],
        ).fetchall()
        given = publish.numbered_slugs(slug, [row["record_id"] for row in rows], [row[0] for row in taken])
        public.executemany("UPDATE records SET slug = ? WHERE record_id = ?", [(s, r) for r, s in given.items()])


def _without_number(slug: str) -> str:
    match = re.fullmatch(r"(.+)-\d+", slug)
    return match.group(1) if match else ""


def setting(public: sqlite3.Connection, name: str) -> str:
    """What `meta` says under a name, or ''."""
    row = public.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return row[0] if row else ""


def describe(
    public: sqlite3.Connection,
    told: Mapping[str, str],
    members: Sequence[Mapping[str, str]],
    removed: Sequence[Mapping[str, object]],
) -> None:
    """Set what the pages say about this copy, who the members are, and what was removed."""
    tell(public, told)
    for name, rows in (("members", members), ("removed", removed)):
        public.execute(f"DELETE FROM {name}")
        _insert(public, name, rows)


def tell(public: sqlite3.Connection, told: Mapping[str, str]) -> None:
    """Set what `meta` says under some names; others stay."""
    keep = "ON CONFLICT (name) DO UPDATE SET value = excluded.value"  # its place, so that two copies stay alike
    public.executemany(f"INSERT INTO meta VALUES (?, ?) {keep}", told.items())


def holds(public: sqlite3.Connection, record: PublicRecord) -> bool:
    """True if `site.db` shows a record just so, whatever its number and the address it was given."""
    record_id = record.row["record_id"]
    row = public.execute("SELECT * FROM records WHERE record_id = ?", [record_id]).fetchone()
    if row is None or any(row[name] != value for name, value in record.row.items() if name not in ("number", "slug")):
        return False
    facets = public.execute("SELECT name, value FROM facets WHERE number = ?", [row["number"]])
    same_facets = {tuple(facet) for facet in facets} == record.facets
    return same_facets and all(
        sorted(map(_sorted, public.execute(f"SELECT * FROM {name} WHERE record_id = ?", [record_id])))
        == sorted(map(_sorted, rows))
        for name, rows in (
            ("history", record.history),
            ("conflicts", record.conflicts),
            ("looked_at", record.looks),
            ("files", record.files),
        )
    )


def _sorted(row: Mapping[str, object] | sqlite3.Row) -> list[tuple[str, str]]:
    return sorted((name, str(row[name])) for name in row.keys())  # noqa: SIM118 - a sqlite3.Row iterates over values
