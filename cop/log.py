"""The log in `store.db`: the one function that lets anything in, and what reads it back.

Everything new enters through `append()`: own edits, a partner's entries, a bundle. It verifies first.
"""

import json
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cop import entry as entries
from cop import patch as patches
from cop.errors import CopError, Refused
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
    Revision,
    Value,
    WriterId,
)
from cop.schema import writing
from cop.signing import Signer, sha256

HASH_BYTES = 32
MAX_BATCH_BYTES = 1_000_000  # of payloads in one entry of our own
WHO_IS_WHO = ("writer", "organisation")  # kinds of entries that say who is a member
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
    """
    new: list[Entry] = []
    known = stored = 0
    partners = {**payloads, **(sealed or {})}
    brought = (payloads, partners, {**partners, **(own or {})})
    with writing(db):
        for entry in received:
            if holds(db, entry.entry_id):
                known += 1
                continue
            expected = OWN if entry.writer in ours else OWN - 1
            stored += _insert(db, entry, brought, expected, received_time, received_from)
            _extend_heads(db, entry)
            new.append(entry)
            if entry.kind in WHO_IS_WHO:  # the views of records that it does not name may be others from now on
                set_setting(db, "views_day", None)
        filled = _fill_missing(db, brought)
    return Appended(tuple(new), known, stored + filled, filled)


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
    first = db.execute("SELECT coalesce(max(item_number), 0) + 1 FROM log_item").fetchone()[0]
    db.executemany(
        "INSERT INTO log_item VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (first + at, number, at, i.record_id, b"".join(i.parents), i.payload_hash, i.size, i.audience)
            for at, i in enumerate(entry.items)
        ),
    )
    db.executemany("INSERT INTO local_stale (record_id) VALUES (?)", ((item.record_id,) for item in entry.items))
    found = [_payload_for(item, brought) for item in entry.items]
    held = [(first + at, payload) for at, payload in enumerate(found) if payload]
    missing = [
        (first + at,)
        for at, item in enumerate(entry.items)
        if item.size and item.audience <= expected and not found[at]
    ]
    db.executemany("INSERT INTO log_payload VALUES (?, ?)", held)
    db.executemany("INSERT INTO local_missing VALUES (?)", missing)
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


def revisions(db: sqlite3.Connection, record_id: RecordId) -> list[Revision]:
    """The history of one record, in the order it arrived here."""
    return revisions_of(db, [record_id]).get(record_id, [])


_REVISIONS = """
    SELECT record_id, payload_hash, parents, audience, payload, writer, entry_id, kind, claimed_time, received_time
    FROM log_item JOIN log_entry USING (entry_number) LEFT JOIN log_payload USING (item_number)
    WHERE record_id IN (SELECT value FROM json_each(?))
    ORDER BY item_number
"""


def revisions_of(db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> dict[RecordId, list[Revision]]:
    """The histories of several records, each in the order it arrived here."""
    found: dict[RecordId, list[Revision]] = {}
    for row in db.execute(_REVISIONS, [json.dumps(record_ids)]):
        record_id, payload_hash, parents, audience, payload, writer, entry_id, kind, claimed, received = row
        known = kind in entries.KINDS  # what other kinds mean for a record, a newer cop knows
        found.setdefault(record_id, []).append(
            Revision(
                payload_hash,
                split_hashes(parents),
                audience,
                _patch_or_none(payload) if known else None,
                writer,
                entry_id,
                kind,
                claimed,
                received,
                payload is not None,
                known,
            )
        )
    return found


def _patch_or_none(payload: bytes | None) -> Patch | None:
    if payload is None:
        return None
    try:
        return patches.decode(payload)
    except Refused:  # a partner signed something that no cop can read: kept and passed on, shown nowhere
        return None


def split_hashes(joined: bytes) -> tuple[PayloadHash, ...]:
    """Hashes that were stored end to end."""
    return tuple(joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))


def tells_who_is_who(db: sqlite3.Connection, after: int) -> bool:
    """True if an entry behind this number says who is who: then others may be members than before."""
    return db.execute(
        "SELECT 1 FROM log_entry WHERE entry_number > ? AND kind <> 'change' AND kind IN ('writer', 'organisation') LIMIT 1",
        [after],
    ).fetchone() is not None  # fmt: skip


def statements(db: sqlite3.Connection) -> Iterator[Entry]:
    """Entries that say who is who: kinds `writer` and `organisation`."""
    rows = db.execute(
        "SELECT data, signature FROM log_entry WHERE kind <> 'change' AND kind IN ('writer', 'organisation')"
        " ORDER BY entry_number"
    )
    for data, signature in rows:
        yield entries.read(data, signature)


def setting(db: sqlite3.Connection, name: str) -> Value | bytes:
    """A setting of this installation, or None."""
    row = db.execute("SELECT value FROM local_setting WHERE name = ?", [name]).fetchone()
    return row[0] if row else None


def set_setting(db: sqlite3.Connection, name: str, value: object) -> None:
    """Keep a setting of this installation."""
    db.execute(
        "INSERT INTO local_setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, value]
    )


def own_writer(db: sqlite3.Connection) -> WriterId:
    """The writer of this installation. Raises: CopError before `cop init`."""
    writer = setting(db, "writer")
    if not isinstance(writer, bytes):
        raise CopError(
            "This folder has not been set up yet.", hint="cop init --name 'Our organisation' --kind community"
        )
    return writer
