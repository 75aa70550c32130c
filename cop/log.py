"""The log in `store.db`: the one function that lets anything in. `read_back` reads it.

Everything new enters through `append()`: own edits, a partner's entries, a bundle. It verifies first.
"""

import sqlite3
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cop import entry as entries
from cop import forgotten, settings
from cop import patch as patches
from cop.database import writing
from cop.model import (
    OWN,
    PARTNERS,
    PUBLIC,
    Entry,
    EntryId,
    Item,
    Patch,
    PayloadHash,
    RecordId,
    WriterId,
)
from cop.signing import Signer, sha256

MAX_BATCH_BYTES = 1_000_000  # of payloads in one entry of our own
WHO_IS_WHO = ("writer", "organisation", "writer-end")  # kinds of entries that say who is a member
TELLS_WHO = "kind <> 'change' AND kind IN ('writer', 'organisation', 'writer-end')"  # the same in SQL, by the index
Brought = Sequence[Mapping[PayloadHash, bytes]]  # by audience: the payloads that may stand for such items


@dataclass(frozen=True)
class Change:
    """What one save does to one record, before it is signed."""

    record_id: RecordId
    parents: tuple[PayloadHash, ...]
    patch: Patch
    audience: int


@dataclass(frozen=True)
class Appended:
    """What `append` did."""

    entries: tuple[Entry, ...]  # new ones, in the order stored
    known: int  # entries that were already here
    payloads: int  # payloads stored, for new and for older entries
    filled: int  # of these, those for older entries
    erased: int = 0  # payloads that were not stored, because they were erased here


def append(
    db: sqlite3.Connection,
    received: Iterable[Entry],
    payloads: Mapping[PayloadHash, bytes],
    *,
    received_time: int,
    received_from: str,
    sealed: Mapping[PayloadHash, bytes] | None = None,
    own: Mapping[PayloadHash, bytes] | None = None,
    ours: Container[WriterId] = (),
) -> Appended:
    """Store verified entries and the payloads they name; all of it or nothing.

    `received` comes from `entry.parse`, which has checked each signature; `payloads` are filed under the SHA-256 of
    their bytes (`by_hash`), and so are `sealed` ones, which came for our eyes only: they never stand for something public,
    whatever an entry says, and `own` ones for nothing that anybody else may have. Of the writers `ours` we expect also
    what is their own. Known entries are skipped, so appending twice is safe. A fork and a gap are stored, not refused.
    What was erased here is left at the door, whoever brings it.
    """
    new: list[Entry] = []
    known = stored = 0
    partners = {**payloads, **(sealed or {})}
    brought: Brought = (payloads, partners, {**partners, **(own or {})})
    with writing(db):
        erased = forgotten.refused(db, brought[OWN])
        if erased:
            brought = [{one: some[one] for one in some.keys() - erased} for some in brought]
        for entry in received:
            if holds(db, entry.entry_id):
                known += 1
                continue
            expected = OWN if entry.writer in ours else OWN - 1
            stored += _insert(db, entry, brought, expected, received_time, received_from)
            _extend_heads(db, entry)
            new.append(entry)
            if entry.kind in WHO_IS_WHO:  # the views of records that it does not name may be others from now on
                settings.keep(db, "views_day", None)
        filled = _fill_missing(db, brought)
    return Appended(tuple(new), known, stored + filled, filled, len(erased))


def by_hash(payloads: Iterable[bytes]) -> dict[PayloadHash, bytes]:
    """Payloads under the hash of what they really are."""
    return {sha256(payload): payload for payload in payloads}


def last_number(db: sqlite3.Connection) -> int:
    """The number of the entry that arrived last here; 0 if there is none."""
    return int(db.execute("SELECT coalesce(max(entry_number), 0) FROM log_entry").fetchone()[0])


def holds(db: sqlite3.Connection, entry_id: EntryId) -> bool:
    """True if the entry is in the log."""
    return db.execute("SELECT 1 FROM log_entry WHERE entry_id = ?", [entry_id]).fetchone() is not None


def _insert(
    db: sqlite3.Connection,
    entry: Entry,
    brought: Brought,
    expected: int,
    received_time: int,
    received_from: str,
) -> int:
    """Store one entry with its payloads; those up to the audience `expected` are missing if they did not come."""
    row = (entry.entry_id, entry.writer, entry.sequence, entry.previous, entry.kind, entry.claimed_time)
    number = db.execute(
        "INSERT INTO log_entry (entry_id, writer, sequence, previous, kind, claimed_time, received_time, received_from,"
        " data, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*row, received_time, received_from, entry.data, entry.signature],
    ).lastrowid
    assert number is not None
    first = db.execute("SELECT coalesce(max(item_number), 0) + 1 FROM log_item").fetchone()[0]
    db.executemany(
        "INSERT INTO log_item VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (first + at, number, at, i.record_id, b"".join(i.parents), i.payload_hash, i.size, i.audience)
            for at, i in enumerate(entry.items)
        ),
    )
    db.executemany("INSERT INTO local_stale (record_id) VALUES (?)", ((item.record_id,) for item in entry.items))
    forgotten.index(db, number, entry)
    found = [_payload_for(item, brought) for item in entry.items]
    held = [(first + at, payload) for at, payload in enumerate(found) if payload]
    missing = [
        (first + at,)
        for at, item in enumerate(entry.items)
        if item.size and item.audience <= expected and not found[at]
    ]
    db.executemany("INSERT INTO log_payload VALUES (?, ?)", held)
    db.executemany(
        "INSERT INTO local_missing SELECT item_number FROM log_item WHERE item_number = ?"
        " AND payload_hash NOT IN (SELECT payload_hash FROM local_erased)",
        missing,
    )
    return len(held)


def _payload_for(item: Item, brought: Brought) -> bytes | None:
    payload = brought[min(item.audience, OWN)].get(item.payload_hash, b"")
    return payload if len(payload) == item.size > 0 else None


def _fill_missing(db: sqlite3.Connection, brought: Brought) -> int:
    """Store payloads that older entries were waiting for."""
    filled = 0
    for payload_hash, payload in brought[OWN].items():
        widest = next(audience for audience in (PUBLIC, PARTNERS, OWN) if payload_hash in brought[audience])
        rows = db.execute(
            "SELECT item_number, size, record_id FROM log_item WHERE payload_hash = ? AND audience >= ?"
            " AND (item_number IN local_missing OR item_number IN local_left_out)",
            [payload_hash, widest],
        ).fetchall()
        for item_number, size, record_id in rows:
            db.execute("DELETE FROM local_missing WHERE item_number = ?", [item_number])
            db.execute("DELETE FROM local_left_out WHERE item_number = ?", [item_number])
            if len(payload) == size:  # else the announcement was not true, and no payload will ever fit it
                db.execute("INSERT INTO local_stale (record_id) VALUES (?)", [record_id])
                db.execute("INSERT INTO log_payload VALUES (?, ?)", [item_number, payload])
                filled += 1
    return filled


def _extend_heads(db: sqlite3.Connection, entry: Entry) -> None:
    """Keep the list of last entries held without a gap."""
    if entry.previous and not _goes_on(db, entry):
        db.execute("INSERT INTO local_gap VALUES (?, ?)", [entry.entry_id, entry.previous])
        return
    waiting = [(entry.entry_id, entry.previous, entry.writer, entry.sequence)]
    while waiting:
        entry_id, previous, writer, sequence = waiting.pop()
        db.execute("DELETE FROM local_gap WHERE entry_id = ?", [entry_id])
        db.execute("DELETE FROM local_head WHERE entry_id = ?", [previous])
        children = db.execute(
            "SELECT entry_id, log_entry.previous, writer, sequence FROM local_gap JOIN log_entry USING (entry_id)"
            " WHERE local_gap.previous = ? AND writer = ? AND sequence = ?",
            [entry_id, writer, sequence + 1],
        ).fetchall()
        if children:
            waiting += [tuple(child) for child in children]
        else:
            db.execute("INSERT OR IGNORE INTO local_head VALUES (?, ?, ?)", [entry_id, writer, sequence])


def _goes_on(db: sqlite3.Connection, entry: Entry) -> bool:
    """True if what the entry follows is held, with everything before it.

    One that names an entry of another log, or of another place in its own, stays behind a gap for ever, so that it
    makes no difference which of the two arrives first.
    """
    row = db.execute("SELECT writer, sequence FROM log_entry WHERE entry_id = ?", [entry.previous]).fetchone()
    if row is not None and tuple(row) != (entry.writer, entry.sequence - 1):
        return False
    gap = db.execute("SELECT 1 FROM local_gap WHERE entry_id = ?", [entry.previous]).fetchone()
    return row is not None and gap is None


def write(
    db: sqlite3.Connection,
    signer: Signer,
    kind: str,
    changes: Sequence[Change],
    *,
    claimed_time: int,
    extra: Mapping[str, object] | None = None,
) -> tuple[Entry, ...]:
    """Sign what we change ourselves and append it: one entry, or several where 1,000 records or 1 MB are exceeded."""
    written: list[Entry] = []
    with writing(db):
        for batch in _batches(changes) or [{}]:
            sequence, previous = _last(db, signer.public)
            entry = entries.sign(
                signer,
                sequence=sequence + 1,
                previous=previous,
                kind=kind,
                items=[_item(change, payload) for payload, change in batch.items()],
                claimed_time=claimed_time,
                extra=extra or {},
            )
            append(db, [entry], by_hash(batch), received_time=claimed_time, received_from="")
            written.append(entry)
    return tuple(written)


def _batches(changes: Iterable[Change]) -> list[dict[bytes, Change]]:
    """Changes by payload, in batches that fit one entry. Salts make every payload different."""
    batches: list[dict[bytes, Change]] = []
    room = 0
    for change in changes:
        payload = patches.new_payload(change.patch)
        if len(payload) > room or len(batches[-1]) == entries.MAX_ITEMS:
            batches.append({})
            room = MAX_BATCH_BYTES
        batches[-1][payload] = change
        room -= len(payload)
    return batches


def _item(change: Change, payload: bytes) -> Item:
    return Item(change.record_id, change.parents, sha256(payload), len(payload), change.audience)


def _last(db: sqlite3.Connection, writer: WriterId) -> tuple[int, EntryId]:
    row = db.execute(
        "SELECT sequence, entry_id FROM local_head WHERE writer = ? ORDER BY sequence DESC, entry_id LIMIT 1", [writer]
    ).fetchone()
    return (row[0], row[1]) if row else (0, b"")
