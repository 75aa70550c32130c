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

_AROUND_IT = ("history", "conflicts", "looked_at", "files")  # tables about a record
_Filed = tuple[str, str, str, int]  # a row of `facets`: kind of record, name, value, number of the record


def clear(public: sqlite3.Connection) -> None:
    """Take every record out."""
    for name in ("facets", "facet_counts", "facet_sets", *_AROUND_IT, "records"):
        public.execute(f"DELETE FROM {name}")
    search_index.clear(public)


def replace(
    public: sqlite3.Connection, record_ids: Sequence[RecordId], published: Iterable[PublicRecord], counting: Counting
) -> None:
    """Put `published` in place of what stands under `record_ids`; an id without a published record leaves the site.

    Of `records` and `facets` only what differs is written: each of their indexes would be written anew in another place.
    """
    following = public.execute("SELECT coalesce(max(number), 0) + 1 FROM records").fetchone()[0]
    before, filed = _take_out(public, record_ids, counting)
    records = list(published)
    for at, record in enumerate(records, following):
        _go_on(record.row, before.get(record.row["record_id"]), at)
    now = {(r.row["type"], *facet, r.row["number"]) for r in records for facet in r.facets}
    _unfile(public, filed - now)
    _put_records(public, before, records)
    add_facets(public, sorted(now - filed))
    _insert(public, "history", [row for record in records for row in record.history])
    _insert(public, "conflicts", [row for record in records for row in record.conflicts])
    _insert(public, "looked_at", [row for record in records for row in record.looks])
    _insert(public, "files", [row for record in records for row in record.files])
    search_index.add(public, [(record.row, record.facets) for record in records], counting)
    asked = {(r.row["type"], r.row["base_slug"]) for r in records}
    _tell_apart(public, asked | {(row["type"], row["base_slug"]) for row in before.values()})


def _take_out(
    public: sqlite3.Connection, record_ids: Sequence[RecordId], counting: Counting
) -> tuple[dict[RecordId, sqlite3.Row], set[_Filed]]:
    """Take out what is written anew with every change. Returns the rows of `records` and of `facets`, which stay as yet."""
    ids = json.dumps(record_ids)
    rows = public.execute("SELECT * FROM records WHERE record_id IN (SELECT value FROM json_each(?))", [ids]).fetchall()
    facets = public.execute(
        "SELECT type, name, value, number FROM facets WHERE number IN (SELECT value FROM json_each(?))",
        [json.dumps([row["number"] for row in rows])],
    ).fetchall()
    search_index.remove(public, rows, facets, counting)
    for name in _AROUND_IT:
        public.execute(f"DELETE FROM {name} WHERE record_id IN (SELECT value FROM json_each(?))", [ids])
    return {row["record_id"]: row for row in rows}, {tuple(facet) for facet in facets}


def _go_on(row: dict[str, Any], before: sqlite3.Row | None, number: int) -> None:
    """A record that was here keeps its number, and its address if it still asks for that."""
    row["number"] = before["number"] if before else number
    if before and (before["type"], before["base_slug"]) == (row["type"], row["base_slug"]):
        row["slug"] = before["slug"]


def _put_records(
    public: sqlite3.Connection, before: Mapping[RecordId, sqlite3.Row], records: Sequence[PublicRecord]
) -> None:
    rows = [record.row for record in records]
    gone = before.keys() - {row["record_id"] for row in rows}
    public.executemany("DELETE FROM records WHERE record_id = ?", [[record_id] for record_id in gone])
    _insert(public, "records", [row for row in rows if row["record_id"] not in before])
    for row in rows:
        old = before.get(row["record_id"])
        changed = [name for name in row if old is not None and old[name] != row[name]]
        if changed:
            values = ", ".join(f"{name} = :{name}" for name in changed)
            public.execute(f"UPDATE records SET {values} WHERE number = :number", row)


def _unfile(public: sqlite3.Connection, facets: set[_Filed]) -> None:
    """Take records out of facets that they lost."""
    gone = sorted(facets)
    public.executemany("DELETE FROM facets WHERE (type, name, value, number) = (?, ?, ?, ?)", gone)
    _count(public, [facet[:3] for facet in gone], -1)
    facet_sets.update(public, gone, add=False)


def _insert(public: sqlite3.Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of our own making, with the same columns each: every load writes some, and starting sqlite-utils takes longer."""
    if rows:
        columns = ", ".join(rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        public.executemany(f"INSERT INTO {name} ({columns}) VALUES ({values})", rows)


def add_facets(public: sqlite3.Connection, facets: Sequence[_Filed]) -> None:
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
