"""When the last exchange brought something, and which records have reached this copy since then."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyroaring import BitMap

from cop.web.asked import read_meta
from cop.web.kept import Kept

_LONGEST_EXCHANGE = timedelta(minutes=10)  # what others sent within this time of the newest came with the same one


@dataclass(frozen=True)
class Arrived:
    """What the last exchange brought, and all that was saved after it."""

    since: str  # when the newest changes of other organisations began to reach this copy: UTC, or "" if none ever did
    numbers: BitMap  # of records


def _look(db: sqlite3.Connection) -> Arrived:
    since = _since(db, read_meta(db).get("organisation", ""))
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


last_exchange = Kept(_look)  # looked up once for each state of the copy, because every list asks
