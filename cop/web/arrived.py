"""When the last exchange brought something, and which records have reached this copy since then."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyroaring import BitMap

from cop.web.asked import read_meta

_LONGEST_EXCHANGE = timedelta(minutes=10)  # what others sent within this time of the newest came with the same one


@dataclass(frozen=True)
class Arrived:
    """What the last exchange brought, and all that was saved after it."""

    since: str  # when the newest changes of other organisations began to reach this copy: UTC, or "" if none ever did
    numbers: BitMap  # of records


_kept: dict[tuple[object, ...], Arrived] = {}


def last_exchange(db: sqlite3.Connection) -> Arrived:
    """Looked up once for each state of the copy, because every list asks."""
    meta = read_meta(db)
    key = meta.get("digest", ""), meta.get("as_of", ""), meta.get("organisation", ""), _file(db)
    if key in _kept:
        return _kept[key]
    found = _look(db, meta.get("organisation", ""))
    if key[0]:
        _kept.clear()
        _kept[key] = found
    return found


def _file(db: sqlite3.Connection) -> tuple[str, int]:
    """Which file it is: one that was made anew may count its records otherwise."""
    path = next((row[2] for row in db.execute("PRAGMA database_list") if row[1] == "main"), "")
    return path, Path(path).stat().st_ino if path else 0


def _look(db: sqlite3.Connection, ours: str) -> Arrived:
    since = _since(db, ours)
    if not since:
        return Arrived("", BitMap())
    return Arrived(since, BitMap(row[0] for row in db.execute("SELECT number FROM records WHERE seen >= ?", (since,))))


def _since(db: sqlite3.Connection, ours: str) -> str:
    others = "FROM history WHERE organisation <> ?"
    newest = db.execute(f"SELECT seen {others} AND seen <> '' ORDER BY seen DESC LIMIT 1", (ours,)).fetchone()
    if newest is None:
        return ""
    try:
        earliest = datetime.fromisoformat(newest["seen"]).astimezone(UTC) - _LONGEST_EXCHANGE
    except (ValueError, OverflowError):
        return str(newest["seen"])
    first = db.execute(f"SELECT min(seen) {others} AND seen >= ?", (ours, earliest.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return str(first.fetchone()[0])
