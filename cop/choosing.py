"""What of the log goes into one message: entries and texts that its receiver lacks and may have, as far as they fit.

Reads the log. How a message is written and read is in `wire`.
"""

import json
import sqlite3
from collections.abc import Container, Iterable, Sequence

from cop import entry
from cop.model import PUBLIC, Entry, PayloadHash
from cop.signing import sha256
from cop.wire import CHUNK_BYTES, MAX_ENTRIES

FRONT_SHARE = 10  # what was replaced is left out, so a message may reach further than its size says
Payloads = tuple[list[bytes], list[bytes], list[bytes]]  # by audience: PUBLIC, PARTNERS, OWN


def chunk(
    db: sqlite3.Connection,
    numbers: Sequence[int],
    widest: int,
    room: int = CHUNK_BYTES,
    without: Container[PayloadHash] = (),
) -> tuple[list[Entry], Payloads, int]:
    """Entries from the front of `numbers` that fit one message, with the payloads a receiver may have.

    `widest` is the narrowest audience the receiver belongs to, `without` are payloads that it does not want. Returns
    entries, payloads by audience, and how many of `numbers` were taken.
    """
    entries: list[Entry] = []
    held: Payloads = ([], [], [])
    size = 0
    for number in numbers:
        if size >= room or len(entries) == MAX_ENTRIES:
            break
        row = db.execute("SELECT data, signature FROM log_entry WHERE entry_number = ?", [number]).fetchone()
        entries.append(entry.read(row[0], row[1]))
        size += len(row[0])
        for payload, audience in _payloads(db, "entry_number = ?", [number]):
            if audience <= widest and (not without or sha256(payload) not in without):
                held[audience].append(payload)
                size += len(payload)
    return entries, held, len(entries)


def bytes_of(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """About how many bytes these entries (`entry_number`) and their public payloads have, before packing."""
    query = "SELECT total(size) FROM log_item WHERE audience = ? AND entry_number IN (SELECT value FROM json_each(?))"
    return int(db.execute(query, [PUBLIC, json.dumps(list(numbers))]).fetchone()[0]) if numbers else 0


def open_to_all(db: sqlite3.Connection, numbers: Sequence[int]) -> tuple[int, ...]:
    """Entries for somebody who is no member: those with something public, and those that say who is who."""
    rows = db.execute(
        "SELECT value FROM json_each(?) WHERE coalesce((SELECT min(audience) FROM log_item WHERE entry_number = value), ?) = ?",
        [json.dumps(list(numbers)), PUBLIC, PUBLIC],
    )
    return tuple(row[0] for row in rows)


def front(db: sqlite3.Connection, numbers: Sequence[int], room: int) -> Sequence[int]:
    """As many of these entries as `chunk` may take at most."""
    size = taken = 0
    while taken < min(len(numbers), MAX_ENTRIES) and size < room:
        query = "SELECT total(size) FROM log_item WHERE entry_number = ? AND audience = ?"
        size += int(db.execute(query, [numbers[taken], PUBLIC]).fetchone()[0]) // FRONT_SHARE
        taken += 1
    return numbers[:taken]


def _payloads(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterable[tuple[bytes, int]]:
    query = f"SELECT payload, audience FROM log_item JOIN log_payload USING (item_number) WHERE {condition}"
    return ((row[0], row[1]) for row in db.execute(query, values))


def answer_wanted(db: sqlite3.Connection, wanted: Iterable[PayloadHash], widest: int) -> Payloads:
    """Payloads that a partner asks for and may have, by audience. About one message full."""
    held: Payloads = ([], [], [])
    size = 0
    for payload_hash in wanted:
        for payload, audience in _payloads(db, "payload_hash = ? ORDER BY audience LIMIT 1", [payload_hash]):
            if audience <= widest and size < CHUNK_BYTES:
                held[audience].append(payload)
                size += len(payload)
    return held
