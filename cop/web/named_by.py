"""Which other records name a record, such as by being part of it, under its address of now or an earlier one."""

import json
import sqlite3
from collections.abc import Iterable

from cop.fields import TYPES
from cop.filing import MENTIONS, NAMES, WAS, mention
from cop.web.cards import COLUMNS

_SAMPLE = 200  # records under one value that are looked at
_ONCE = "SELECT value FROM facets WHERE number = (SELECT number FROM records WHERE record_id = ?) AND name = ? LIMIT 20"


class NamedBy:
    """The records that name one record. Most are named by none: one question finds that out for all fields together."""

    def __init__(self, db: sqlite3.Connection, row: sqlite3.Row) -> None:
        self._db, self._row = db, row
        self.addresses = [row["slug"], *(value for (value,) in db.execute(_ONCE, (row["record_id"], WAS)))]
        self._mentions = [mention(row["type"], slug) for slug in self.addresses]
        self.about = [f"{TYPES[row['type']].folder}/{slug}" for slug in self.addresses]
        asked = (row["type"], *self.addresses, *self._mentions, *self.about)
        self._fields = {name for (name,) in db.execute(_fields(len(self.addresses)), asked)}

    def in_field(self, name: str, limit: int) -> list[sqlite3.Row]:
        """Those of its own kind that name it in this field."""
        return self._filed([self._row["type"]], name, self.addresses, limit)

    def first_in_field(self, name: str) -> sqlite3.Row | None:
        """The first of them from A to Z."""
        return next(iter(self.in_field(name, 1)), None)

    def in_text(self, limit: int) -> list[sqlite3.Row]:
        """Those whose text links to it."""
        return self._filed(TYPES, MENTIONS, self._mentions, limit)

    def notes(self, limit: int) -> list[sqlite3.Row]:
        """The notes about it."""
        return self._filed(["note"], "about", self.about, limit)

    def _filed(self, types: Iterable[str], name: str, values: Iterable[str], limit: int) -> list[sqlite3.Row]:
        return filed(self._db, types, name, values, limit) if name in self._fields else []


def _fields(count: int) -> str:
    """Asks for the fields in which any record names one of so many addresses."""
    held = f"FROM facets WHERE type IN ({{}}) AND name IN ({{}}) AND value IN ({', '.join('?' * count)})"
    return (
        f"SELECT DISTINCT name {held.format('?', _quoted(NAMES))}"
        f" UNION ALL SELECT '{MENTIONS}' WHERE EXISTS (SELECT 1 {held.format(_quoted(TYPES), _quoted([MENTIONS]))})"
        f" UNION ALL SELECT 'about' WHERE EXISTS (SELECT 1 {held.format(_quoted(['note']), _quoted(['about']))})"
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def filed(
    db: sqlite3.Connection, types: Iterable[str], name: str, values: Iterable[str], limit: int
) -> list[sqlite3.Row]:
    """Records of some kinds that stand under any of these values of a facet, from A to Z."""
    sql = (
        f"SELECT number, {COLUMNS} FROM records WHERE number IN (SELECT number FROM facets WHERE type IN"
        " (SELECT value FROM json_each(?)) AND name = ? AND value IN (SELECT value FROM json_each(?)) LIMIT ?)"
        " ORDER BY title COLLATE NOCASE, record_id LIMIT ?"
    )
    return db.execute(sql, (json.dumps(list(types)), name, json.dumps(list(values)), _SAMPLE, limit)).fetchall()
