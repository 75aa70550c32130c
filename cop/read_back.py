"""What reads the log back: the histories of records, and what its entries say of who is who."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cop import entry as entries
from cop import erasing, forgotten, instead
from cop import patch as patches
from cop.errors import Refused
from cop.log import TELLS_WHO
from cop.model import Entry, Patch, PayloadHash, RecordId, Revision, WriterId
from cop.votes import KIND as ENDORSE

HASH_BYTES = 32
MAX_KEPT_BYTES = 2000  # of a statement; most take 300


def revisions(db: sqlite3.Connection, record_id: RecordId) -> list[Revision]:
    """The history of one record, in the order it arrived here."""
    return revisions_of(db, [record_id]).get(record_id, [])


_REVISIONS = """
    SELECT record_id, payload_hash, parents, audience, payload, writer, entry_id, kind, claimed_time, received_time
    FROM log_item JOIN log_entry USING (entry_number) LEFT JOIN log_payload USING (item_number)
    WHERE record_id IN (SELECT value FROM json_each(?))
    ORDER BY item_number
"""


def revisions_of(
    db: sqlite3.Connection, record_ids: Sequence[RecordId], *, hidden: bool = False
) -> dict[RecordId, list[Revision]]:
    """The histories of several records, each in the order it arrived here, without what was erased.

    With `hidden`, what others asked to remove and nobody has decided about is in them as well.
    """
    found, named = signed_of(db, record_ids), forgotten.named(db, record_ids)
    for record_id, history in found.items():
        if record_id in named or any(one.kind in erasing.NO_REVISIONS for one in history):
            found[record_id] = instead.applied(history, named.get(record_id, {}), hidden=hidden)
    return found


def signed_of(db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> dict[RecordId, list[Revision]]:
    """The same, with everything that is held as it was signed. For what decides about erasing, not for showing."""
    found: dict[RecordId, list[Revision]] = {}
    for row in db.execute(_REVISIONS, [json.dumps(record_ids)]):
        record_id, payload_hash, parents, audience, payload, writer, entry_id, kind, claimed, received = row
        vote = kind == ENDORSE  # it changes nothing: like kinds that are not known here, it only links what it names
        known = kind in entries.KINDS and not vote  # what other kinds mean for a record, a newer cop knows
        counts = known and kind not in erasing.NO_REVISIONS
        patch = _patch_or_none(payload) if known or vote else None
        found.setdefault(record_id, []).append(
            Revision(
                payload_hash,
                split_hashes(parents),
                audience,
                None if vote else patch,
                writer,
                entry_id,
                kind,
                claimed,
                received,
                payload is not None,
                counts,
                patch if vote else None,
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
        f"SELECT 1 FROM log_entry WHERE entry_number > ? AND {TELLS_WHO} LIMIT 1",
        [after],
    ).fetchone() is not None  # fmt: skip


def statements(db: sqlite3.Connection) -> Iterator[Entry]:
    """Entries that say who is who: kinds `writer` and `organisation`."""
    rows = db.execute(f"SELECT data, signature FROM log_entry WHERE {TELLS_WHO} ORDER BY entry_number")
    for data, signature in rows:
        yield (_statement if len(data) <= MAX_KEPT_BYTES else entries.read)(data, signature)


def vouching_for(db: sqlite3.Connection, writer: WriterId) -> list[int]:
    """Entries (their `entry_number`) in which an organisation may vouch for a writer."""
    rows = db.execute(f"SELECT entry_number, data, signature FROM log_entry WHERE {TELLS_WHO} AND kind = 'writer'")
    return [number for number, data, signature in rows if entries.read(data, signature).extra.get("writer") == writer]


@lru_cache(maxsize=2000)
def _statement(data: bytes, signature: bytes) -> Entry:
    """Every exchange asks several times who is who, and these entries never change."""
    return entries.read(data, signature)
