"""What the log says of erasures, in tables that are quick to ask: what they name, and what is never taken in again.

Written by `log` and `judging` only.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cop import entry as entries
from cop import erasing
from cop.erasing import Erasure
from cop.instead import Named
from cop.model import PUBLIC, Entry, Erased, PayloadHash, RecordId
from cop.verdicts import Verdict

_OF_RECORDS = " IN (SELECT value FROM json_each(?))"


def index(db: sqlite3.Connection, number: int, entry: Entry) -> None:
    """Note what an entry of kind `erase` names, and that the views of these records are older than the log now."""
    told = erasing.read(entry)
    if told is None:
        return
    db.executemany(
        "INSERT OR IGNORE INTO view_erase_payload VALUES (?, ?)", ((one, number) for one in sorted(told.payloads))
    )
    db.executemany(
        "INSERT OR IGNORE INTO view_erase_record VALUES (?, ?)", ((one, number) for one in sorted(told.records))
    )
    db.execute(
        "INSERT INTO local_stale (record_id) SELECT record_id FROM log_item WHERE payload_hash IN"
        " (SELECT payload_hash FROM view_erase_payload WHERE entry_number = ?1)"
        " UNION SELECT record_id FROM view_erase_record WHERE entry_number = ?1",
        [number],
    )


def refused(db: sqlite3.Connection, hashes: Iterable[PayloadHash]) -> set[PayloadHash]:
    """Those of these payloads that were erased here and are never taken in again."""
    query = "SELECT 1 FROM local_erased WHERE payload_hash = ?"
    return {one for one in hashes if db.execute(query, [one]).fetchone()} if is_any(db) else set()


def is_any(db: sqlite3.Connection) -> bool:
    """True if anything was ever erased here."""
    return db.execute("SELECT 1 FROM local_erased LIMIT 1").fetchone() is not None


def undecided(db: sqlite3.Connection) -> int:
    """How many requests of others wait for a person here."""
    query = (
        "SELECT count(*) FROM (SELECT DISTINCT entry_id, record_id FROM view_erasure WHERE what = ?"
        " AND entry_id NOT IN (SELECT entry_id FROM local_erase_decision))"
    )
    return int(db.execute(query, [erasing.HIDE]).fetchone()[0])


def count(db: sqlite3.Connection) -> int:
    """How many texts of the log were erased here."""
    query = "SELECT count(DISTINCT payload_hash) FROM log_item JOIN local_erased USING (payload_hash)"
    return int(db.execute(query).fetchone()[0])


def named(db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> dict[RecordId, dict[PayloadHash, list[Named]]]:
    """Per record and payload, the erasures that count for it."""
    found: dict[RecordId, dict[PayloadHash, list[Named]]] = {}
    rows = db.execute(
        "SELECT record_id, payload_hash, entry_id, what, own, received_time, data, signature,"
        " entry_id IN local_erase_untrue FROM view_erasure"
        f" JOIN log_entry USING (entry_id) WHERE record_id{_OF_RECORDS} ORDER BY 1, 2, 3",
        [json.dumps(record_ids)],
    )
    for record_id, payload_hash, entry_id, what, own, received_time, data, signature, untrue in rows:
        told = erasure(data, signature)
        erased = Erased(entry_id, told.writer, told.claimed_time, received_time, told.reason, what == erasing.HIDE)
        one = Named(Verdict(entry_id, what, bool(own)), erased, bool(untrue))
        found.setdefault(record_id, {}).setdefault(payload_hash, []).append(one)
    return found


@lru_cache(maxsize=2000)
def erasure(data: bytes, signature: bytes) -> Erasure:
    """What an entry of that kind says, from its bytes in the log."""
    told = erasing.read(entries.read(data, signature))
    assert told is not None
    return told


def all_erasures(db: sqlite3.Connection) -> list[Erasure]:
    """Everything that was ever asked, in the order of arrival."""
    return [erasure(*row) for row in db.execute(_ALL, [erasing.KIND])]


_ALL = "SELECT data, signature FROM log_entry WHERE kind <> 'change' AND kind = ? ORDER BY entry_number"


def receipts(db: sqlite3.Connection) -> list[Entry]:
    """Everything that was ever confirmed."""
    return [entries.read(*row) for row in db.execute(_ALL, [erasing.RECEIPT])]


def of_record(db: sqlite3.Connection, record_id: RecordId) -> Mapping[Erasure, str]:
    """The erasures that count for a record or parts of it, and what they do: 'destroy' or 'hide'."""
    rows = db.execute(
        "SELECT data, signature, min(what) FROM view_erasure JOIN log_entry USING (entry_id)"
        " WHERE record_id = ? GROUP BY entry_id ORDER BY entry_number",
        [record_id],
    )
    return {erasure(row[0], row[1]): row[2] for row in rows}


def records_of(db: sqlite3.Connection, told: Erasure) -> set[RecordId]:
    """The records that an erasure is about, whether it counts or not."""
    query = "SELECT record_id FROM log_item WHERE payload_hash = ?"
    return {row[0] for one in told.payloads for row in db.execute(query, [one])} | told.records


def destroyed_by_their_own(db: sqlite3.Connection) -> set[PayloadHash]:
    """Payloads that whoever wrote them had destroyed."""
    rows = db.execute("SELECT payload_hash FROM view_erasure WHERE (what, own) = (?, 1)", [erasing.DESTROY])
    return {row[0] for row in rows}


@dataclass(frozen=True)
class Removed:
    """An erasure, and a record of which it took something that was public."""

    record_id: RecordId
    is_part: bool
    told: Erased


def removed(db: sqlite3.Connection) -> list[Removed]:
    """What was taken out of public records, or is hidden, in the order of arrival."""
    rows = db.execute(
        "SELECT record_id, min(what), received_time, data, signature FROM view_erasure JOIN log_entry USING (entry_id)"
        " WHERE EXISTS (SELECT 1 FROM log_item WHERE log_item.payload_hash = view_erasure.payload_hash"
        " AND log_item.record_id = view_erasure.record_id AND audience = ?)"
        " GROUP BY entry_id, record_id ORDER BY entry_number, record_id",
        [PUBLIC],
    )
    found = []
    for record_id, what, received_time, data, signature in rows:
        told = erasure(data, signature)
        waits = what == erasing.HIDE
        erased = Erased(told.entry_id, told.writer, told.claimed_time, received_time, told.reason, waits)
        found.append(Removed(record_id, record_id not in told.records, erased))
    return found
