"""Which texts are current, and which were replaced: a newcomer may take the current ones first, or only those."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence

from cop import read_back, settings
from cop.database import writing
from cop.holding import SHORT_PAYLOAD
from cop.merge import History
from cop.model import PUBLIC, Entry, PayloadHash, RecordId, Revision
from cop.votes import KIND as ENDORSE

NONE, LATER, ALL = "none", "later", "all"  # what of the history we fetch: `cop sync --history`


def replaced(db: sqlite3.Connection, numbers: Sequence[int]) -> frozenset[PayloadHash]:
    """Public payloads of these entries (`entry_number`) that no view needs any more."""
    rows = db.execute(
        "SELECT record_id FROM log_item WHERE record_id IN (SELECT record_id FROM log_item"
        " WHERE entry_number IN (SELECT value FROM json_each(?))) AND audience = ? GROUP BY 1 HAVING count(*) > 1",
        [json.dumps(list(numbers)), PUBLIC],
    )
    histories = read_back.revisions_of(db, [row[0] for row in rows])
    return frozenset(payload_hash for history in histories.values() for payload_hash in _replaced(history))


def _replaced(revisions: Iterable[Revision]) -> set[PayloadHash]:
    """Payloads of one record whose fields all have later values. Where people disagree, everything is needed."""
    history = History(revision for revision in revisions if revision.audience == PUBLIC)
    if len(history.heads()) > 1 or any(revision.patch is None for revision in history.revisions):
        return set()
    unneeded = {revision.payload_hash for revision in history.revisions}
    names = {name for revision in history.revisions if revision.patch for name in revision.patch.names()}
    for name in names:
        touching = [r for r in history.revisions if r.patch and name in r.patch.names()]
        sets = any(r.patch and name not in r.patch.fields for r in touching)
        unneeded -= {r.payload_hash for r in (touching if sets else history.last(touching))}
    return unneeded


def shorts(hashes: Collection[PayloadHash], entries: Iterable[Entry]) -> bytes:
    """How a message names payloads of these entries that it leaves out: the starts of their hashes, end to end."""
    return b"".join(i.payload_hash[:SHORT_PAYLOAD] for one in entries for i in one.items if i.payload_hash in hashes)


def leave_out(db: sqlite3.Connection, new: Iterable[Entry], replaced: bytes) -> None:
    """Stop waiting for texts of these entries that were left out as `replaced`, because we asked for current ones."""
    told = {replaced[at : at + SHORT_PAYLOAD] for at in range(0, len(replaced), SHORT_PAYLOAD)}
    hashes = [item.payload_hash for one in new for item in one.items if item.payload_hash[:SHORT_PAYLOAD] in told]
    items = (
        "SELECT item_number FROM local_missing JOIN log_item USING (item_number)"
        " WHERE payload_hash = ? AND audience = ?"
    )
    with writing(db):
        for payload_hash in hashes:
            db.execute(f"INSERT OR IGNORE INTO local_left_out {items}", [payload_hash, PUBLIC])
            db.execute(f"DELETE FROM local_missing WHERE item_number IN ({items})", [payload_hash, PUBLIC])


def want_again(db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> None:
    """Wait again for older texts of records that need them.

    Merging several last changes needs what they came from, and a text that somebody looked at may be older than the newest.
    """
    histories = read_back.revisions_of(db, record_ids)
    split = [
        record_id
        for record_id, history in histories.items()
        if len(History(history).heads()) > 1 or any(one.kind == ENDORSE for one in history)
    ]
    _want(
        db, "SELECT item_number FROM log_item WHERE record_id IN (SELECT value FROM json_each(?))", [json.dumps(split)]
    )


def want_all(db: sqlite3.Connection) -> None:
    """Wait again for everything that was left out."""
    _want(db, "SELECT item_number FROM log_item", [])


def _want(db: sqlite3.Connection, items: str, values: Sequence[object]) -> None:
    left_out = f"SELECT item_number FROM local_left_out WHERE item_number IN ({items})"
    with writing(db):
        db.execute(f"INSERT OR IGNORE INTO local_missing {left_out}", values)
        db.execute("DELETE FROM local_left_out WHERE item_number IN (SELECT item_number FROM local_missing)")


def not_here(db: sqlite3.Connection) -> int:
    """How many texts of known changes are not held: those we wait for, and those we left out."""
    return left_out(db) + int(db.execute("SELECT count(*) FROM local_missing").fetchone()[0])


def left_out(db: sqlite3.Connection) -> int:
    """How many older texts we chose not to fetch."""
    return int(db.execute("SELECT count(*) FROM local_left_out").fetchone()[0])


def choose(db: sqlite3.Connection, history: str) -> None:
    """Remember what of older texts to fetch: NONE, LATER or ALL."""
    with writing(db):
        settings.keep(db, "history", history)
        if history == ALL:
            want_all(db)


def chosen(db: sqlite3.Connection) -> str:
    """What of older texts to fetch: as chosen, else current texts first for a new copy."""
    history = settings.read(db, "history")
    if isinstance(history, str):
        return history
    if left_out(db):  # a first exchange that broke off
        return LATER
    others = db.execute("SELECT 1 FROM log_entry WHERE received_from <> '' LIMIT 1").fetchone()
    return ALL if others else LATER
