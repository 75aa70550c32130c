"""Keeps what becomes of payloads in step with the log: which are hidden, and which are destroyed at once.

Destroys them in `store.db` in the transaction in which it is decided. What is to be done outside of that, `local_forget`
says and `forgetting` does.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence

from cop import attachments, erasing, forgotten, instead, read_back, settings, trust, verdicts, vouching
from cop import patch as patches
from cop.database import writing
from cop.erasing import DESTROY, HIDE, SPENT, Erasure
from cop.errors import Refused
from cop.model import OWN, Entry, EntryId, PayloadHash, RecordId
from cop.verdicts import Authors, Parties, Signed

FORGET = "forget"  # name of a setting: `views` leaves no byte of what was taken down
_Row = tuple[PayloadHash, EntryId, RecordId, str, int]  # of `view_erasure`


def take_in(db: sqlite3.Connection, new: Iterable[Entry]) -> None:
    """Decide about what these entries bring, or speak of. Part of the transaction in which they are stored."""
    new = list(new)
    if not _is_any(db):
        return
    touched = {item.record_id for entry in new for item in entry.items}
    asked = [entry.entry_id for entry in new if entry.kind == erasing.KIND]
    judge(db, sorted({*_targeted_of(db, touched), *_targeted_by(db, asked)}))


def judge_stale(db: sqlite3.Connection) -> None:
    """Decide about all records whose views are older than the log: whatever was stored, and by whom."""
    if _is_any(db):
        rows = db.execute("SELECT DISTINCT record_id FROM local_stale").fetchall()
        judge(db, _targeted_of(db, {row[0] for row in rows}))


def judge_all(db: sqlite3.Connection) -> None:
    """Decide about everything anew, because others are members than before."""
    if _is_any(db):
        judge(db, _targeted_of(db, None))


def _is_any(db: sqlite3.Connection) -> bool:
    return (
        db.execute("SELECT 1 FROM view_erase_payload UNION ALL SELECT 1 FROM view_erase_record LIMIT 1").fetchone()
        is not None
    )


_TARGETED = (
    "SELECT record_id FROM view_erase_payload JOIN log_item USING (payload_hash) UNION"
    " SELECT record_id FROM view_erase_record WHERE record_id IN (SELECT record_id FROM log_item)"
)


def _targeted_of(db: sqlite3.Connection, among: Collection[RecordId] | None) -> list[RecordId]:
    if among is not None and not among:
        return []
    found = (row[0] for row in db.execute(f"SELECT DISTINCT record_id FROM ({_TARGETED}) ORDER BY 1"))
    return [one for one in found if among is None or one in among]


def _targeted_by(db: sqlite3.Connection, asked: Sequence[EntryId]) -> list[RecordId]:
    query = (
        "SELECT record_id FROM view_erase_payload AS named JOIN log_item USING (payload_hash)"
        " JOIN log_entry ON log_entry.entry_number = named.entry_number WHERE entry_id = ?1 UNION"
        " SELECT record_id FROM view_erase_record JOIN log_entry USING (entry_number) WHERE entry_id = ?1"
    )
    return [row[0] for one in asked for row in db.execute(query, [one])]


def judge(db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> None:
    """Decide about these records, and destroy what is to be destroyed."""
    if not record_ids:
        return
    ids = json.dumps(record_ids)
    with writing(db):
        after = set(_decided(db, ids))
        before = {
            tuple(row)
            for row in db.execute(
                "SELECT payload_hash, entry_id, record_id, what, own FROM view_erasure"
                " WHERE record_id IN (SELECT value FROM json_each(?))",
                [ids],
            )
        }
        if after != before:
            _keep(db, before - after, after - before)
            _take_back(db, {row[0] for row in before if row[3] == DESTROY} - {row[0] for row in after})
        _destroy(db, sorted(row for row in after if row[3] == DESTROY))
        _to_confirm(db, {row[1] for row in after if _is_done(row)} - {row[1] for row in before if _is_done(row)})


def _is_done(row: _Row) -> bool:
    return row[3] in (DESTROY, SPENT)


def _to_confirm(db: sqlite3.Connection, done: Iterable[EntryId]) -> None:
    """What an erasure asks for may be gone already, or may never have been here: its receipt says so, too."""
    rows = [[entry_id] for entry_id in sorted(done)]
    db.executemany("INSERT OR IGNORE INTO local_forget (kind, what) VALUES ('receipt', ?)", rows)


def _keep(db: sqlite3.Connection, gone: set[_Row], new: set[_Row]) -> None:
    db.executemany(
        "DELETE FROM view_erasure WHERE (payload_hash, entry_id, record_id) = (?, ?, ?)", (row[:3] for row in gone)
    )
    db.executemany("INSERT INTO view_erasure VALUES (?, ?, ?, ?, ?)", sorted(new))
    changed = sorted({row[2] for row in gone | new})
    db.executemany("INSERT INTO local_stale (record_id) VALUES (?)", ((one,) for one in changed))
    settings.keep(db, FORGET, 1)


def _take_back(db: sqlite3.Connection, hashes: Iterable[PayloadHash]) -> None:
    """What was destroyed for somebody whose word turned out not to count, such as a thief's, may come in again."""
    for payload_hash in hashes:
        db.execute("DELETE FROM local_erased WHERE payload_hash = ?", [payload_hash])
        db.execute(
            "INSERT OR IGNORE INTO local_missing SELECT item_number FROM log_item WHERE payload_hash = ? AND size > 0"
            " AND audience < ? AND item_number NOT IN (SELECT item_number FROM log_payload)",
            [payload_hash, OWN],
        )


def _decided(db: sqlite3.Connection, ids: str) -> Iterable[_Row]:
    parties = parties_of(db)
    by_payload, by_record = _naming(db, ids)
    for record_id, signed in _signed(db, ids).items():
        for payload_hash in signed:
            naming = {one.entry_id: one for one in (*by_payload.get(payload_hash, ()), *by_record.get(record_id, ()))}
            about = verdicts.texts(payload_hash, signed) if naming else ()
            for one in verdicts.verdicts(about, naming.values(), parties):
                yield payload_hash, one.erasure, record_id, one.what, int(one.own)


def parties_of(db: sqlite3.Connection) -> Parties:
    """Who is who, as far as it matters for erasing."""
    ours, network = settings.read(db, "organisation"), trust.members(db)
    confirmed = db.execute("SELECT entry_id FROM local_erase_decision WHERE what = ?", [DESTROY])
    return Parties(
        {**vouching.certified(read_back.statements(db)), **network.writers},  # the latter knows who goes on for whom
        frozenset(network.writers),
        ours if isinstance(ours, bytes) else b"",
        frozenset(row[0] for row in confirmed),
        network.apart,
    )


def texts_of(db: sqlite3.Connection, record_id: RecordId) -> dict[PayloadHash, set[Authors]]:
    """Per payload of a record, who signed what it goes with."""
    signed = _signed(db, json.dumps([record_id])).get(record_id, {})
    return {payload_hash: verdicts.texts(payload_hash, signed) for payload_hash in signed}


def _signed(db: sqlite3.Connection, ids: str) -> dict[RecordId, dict[PayloadHash, list[Signed]]]:
    """Per record and payload, all items that name it, be it as another record's."""
    found: dict[RecordId, dict[PayloadHash, list[Signed]]] = {}
    rows = db.execute(
        "SELECT mine.record_id, payload_hash, writer, kind, item.parents FROM log_item AS item"
        " JOIN log_entry USING (entry_number) JOIN (SELECT DISTINCT record_id, payload_hash FROM log_item"
        " WHERE record_id IN (SELECT value FROM json_each(?))) AS mine USING (payload_hash)",
        [ids],
    )
    for record_id, payload_hash, writer, kind, parents in rows:
        one = Signed(writer, kind, read_back.split_hashes(parents))
        found.setdefault(record_id, {}).setdefault(payload_hash, []).append(one)
    return found


def _naming(db: sqlite3.Connection, ids: str) -> tuple[dict[PayloadHash, list[Erasure]], dict[RecordId, list[Erasure]]]:
    """The erasures that name payloads of these records, and those that name the records."""
    by_payload: dict[PayloadHash, list[Erasure]] = {}
    by_record: dict[RecordId, list[Erasure]] = {}
    rows = db.execute(
        "SELECT payload_hash, data, signature FROM view_erase_payload JOIN log_entry USING (entry_number)"
        " WHERE payload_hash IN (SELECT payload_hash FROM log_item WHERE record_id IN (SELECT value FROM json_each(?)))",
        [ids],
    )
    for payload_hash, data, signature in rows:
        by_payload.setdefault(payload_hash, []).append(forgotten.erasure(data, signature))
    rows = db.execute(
        "SELECT record_id, data, signature FROM view_erase_record JOIN log_entry USING (entry_number)"
        " WHERE record_id IN (SELECT value FROM json_each(?))",
        [ids],
    )
    for record_id, data, signature in rows:
        by_record.setdefault(record_id, []).append(forgotten.erasure(data, signature))
    return by_payload, by_record


def _destroy(db: sqlite3.Connection, rows: Iterable[_Row]) -> None:
    """Take the bytes out of the log, for good. What is held of them outside is noted down in the same breath."""
    for payload_hash, entry_id, record_id, _, _ in rows:
        known = db.execute("SELECT 1 FROM local_erased WHERE payload_hash = ?", [payload_hash]).fetchone()
        held = db.execute(
            "SELECT item_number, payload FROM log_item JOIN log_payload USING (item_number) WHERE payload_hash = ?",
            [payload_hash],
        ).fetchall()
        if known and not held:
            continue
        if held and not _is_true(db, payload_hash, entry_id, held[0][1]):
            db.execute("INSERT OR IGNORE INTO local_erase_untrue VALUES (?)", [entry_id])
        items = [
            [row[0]] for row in db.execute("SELECT item_number FROM log_item WHERE payload_hash = ?", [payload_hash])
        ]
        for table in ("log_payload", "local_missing", "local_left_out"):
            db.executemany(f"DELETE FROM {table} WHERE item_number = ?", items)
        db.execute("INSERT OR IGNORE INTO local_erased VALUES (?)", [payload_hash])
        blobs = {sha256 for row in held for sha256 in _files_in(row[1])}
        for kind, what in (("record", record_id), ("store", ""), *(("blob", one) for one in sorted(blobs))):
            db.execute("INSERT OR IGNORE INTO local_forget (kind, what) VALUES (?, ?)", [kind, what])
        db.execute(
            "INSERT INTO local_forget (kind, what, count) VALUES ('receipt', ?, ?)"
            " ON CONFLICT (kind, what) DO UPDATE SET count = count + excluded.count",
            [entry_id, int(bool(held))],
        )
        settings.keep(db, FORGET, 1)


def _is_true(db: sqlite3.Connection, payload_hash: PayloadHash, entry_id: EntryId, payload: bytes) -> bool:
    """True if what an erasure leaves of a text stood in it: only who still holds it can tell."""
    rows = db.execute(
        "SELECT payload FROM log_item JOIN log_payload USING (item_number) JOIN log_entry USING (entry_number)"
        " WHERE entry_id = ? AND parents = ?",
        [entry_id, payload_hash],
    ).fetchall()
    try:
        whole = patches.decode(payload)
        return all(instead.is_part_of(patches.decode(row[0]), whole) for row in rows)
    except Refused:
        return not rows


def _files_in(payload: bytes) -> Iterable[str]:
    try:
        patch = patches.decode(payload)
    except Refused:
        return ()
    return [one.sha256 for value in patch.fields.values() for one in attachments.in_value(value)]


def dead(db: sqlite3.Connection, record_id: RecordId) -> str:
    """'destroy' or 'hide' if a record was erased, or asked to be, as a whole, and nobody kept any text of it; else ''."""
    row = db.execute(
        "SELECT min(what) FROM view_erasure JOIN log_entry USING (entry_id)"
        " JOIN view_erase_record USING (record_id, entry_number) WHERE record_id = ?1"
        " AND NOT EXISTS (SELECT 1 FROM log_item JOIN log_payload USING (item_number) WHERE record_id = ?1"
        " AND payload_hash NOT IN (SELECT payload_hash FROM view_erasure WHERE record_id = ?1))",
        [record_id],
    ).fetchone()
    return DESTROY if row[0] == SPENT else row[0] or ""


def erased_fields(db: sqlite3.Connection, record_id: RecordId) -> frozenset[str]:
    """The fields of a record that were erased here at some time."""
    return frozenset(
        name for told, what in forgotten.of_record(db, record_id).items() if what != HIDE for name in told.fields
    )
