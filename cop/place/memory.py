"""What this installation remembers of the files in a place, and so which of its entries and payloads stand there.

Forgetting any of it is safe: files are then read, or entries written, once more.
"""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cop.database import writing
from cop.model import PARTNERS, Entry, PayloadHash, WriterId

DONE = b""


@dataclass(frozen=True)
class Known:
    """A file that was read or written here."""

    file_number: int
    size: int  # bytes
    seen: bytes  # DONE, or what must change before it is read again


def files(db: sqlite3.Connection, place: str) -> dict[str, Known]:
    """Everything that is remembered of a place, by name."""
    rows = db.execute("SELECT name, file_number, size, seen FROM local_place_file WHERE place = ?", [place])
    return {row[0]: Known(row[1], row[2], row[3]) for row in rows}


def remember(
    db: sqlite3.Connection,
    place: str,
    name: str,
    size: int,
    *,
    seen: bytes = DONE,
    entries: Iterable[Entry] = (),
    payloads: Iterable[PayloadHash] = (),
    answered: Iterable[tuple[WriterId, PayloadHash]] = (),
) -> Known:
    """Note a file and what stands in it, as far as it is held here."""
    with writing(db):
        number = db.execute(
            "INSERT INTO local_place_file (place, name, size, seen) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (place, name) DO UPDATE SET size = excluded.size, seen = excluded.seen RETURNING file_number",
            [place, name, size, seen],
        ).fetchone()[0]
        db.executemany(
            "INSERT OR IGNORE INTO local_place_entry SELECT ?, entry_number FROM log_entry WHERE entry_id = ?",
            ((number, entry.entry_id) for entry in entries),
        )
        db.executemany(
            "INSERT OR IGNORE INTO local_place_item SELECT ?, item_number FROM log_item WHERE payload_hash = ?",
            ((number, payload_hash) for payload_hash in payloads),
        )
        db.executemany(
            "INSERT OR IGNORE INTO local_place_answer VALUES (?, ?, ?)",
            ((number, writer, payload_hash) for writer, payload_hash in answered),
        )
    return Known(number, size, seen)


def forget(db: sqlite3.Connection, known: Iterable[Known]) -> None:
    """Files that are not there any more, or not whole."""
    with writing(db):
        db.executemany(
            "DELETE FROM local_place_file WHERE file_number = ?", [[one.file_number] for one in known]
        )  # the rest goes with it


def has_entries(db: sqlite3.Connection, known: Known) -> bool:
    """True if anything in a file of entries was stored here."""
    query = "SELECT 1 FROM local_place_entry WHERE file_number = ? LIMIT 1"
    return db.execute(query, [known.file_number]).fetchone() is not None


def entries_not_there(db: sqlite3.Connection, place: str) -> list[int]:
    """Entries (their `entry_number`) that stand in no file of a place."""
    rows = db.execute(
        "SELECT entry_number FROM log_entry WHERE entry_number NOT IN (SELECT entry_number FROM local_place_entry"
        " JOIN local_place_file USING (file_number) WHERE place = ?) ORDER BY entry_number",
        [place],
    )
    return [row[0] for row in rows]


def payloads_not_there(db: sqlite3.Connection, place: str) -> list[PayloadHash]:
    """Payloads that we hold and partners may have, and that stand in no file of a place."""
    rows = db.execute(
        "SELECT payload_hash FROM log_item JOIN log_payload USING (item_number) WHERE audience <= ?"
        " AND item_number NOT IN (SELECT item_number FROM local_place_item JOIN local_place_file USING (file_number)"
        " WHERE place = ?) ORDER BY item_number",
        [PARTNERS, place],
    )
    return list(dict.fromkeys(row[0] for row in rows))


def unknown_payloads(db: sqlite3.Connection, hashes: Collection[PayloadHash]) -> bool:
    """True if one of these belongs to no entry that is held here."""
    query = "SELECT 1 FROM log_item WHERE payload_hash = ? LIMIT 1"
    return any(db.execute(query, [one]).fetchone() is None for one in hashes)


def is_answered(db: sqlite3.Connection, place: str, writer: WriterId, payload_hash: PayloadHash) -> bool:
    """True if a file of ours in this place was written because this writer lacked this payload."""
    row = db.execute(
        "SELECT 1 FROM local_place_answer JOIN local_place_file USING (file_number)"
        " WHERE place = ? AND writer = ? AND payload_hash = ?",
        [place, writer, payload_hash],
    ).fetchone()
    return row is not None


def files_with(db: sqlite3.Connection, place: str, payload_hash: PayloadHash) -> list[str]:
    """Names of the files in a place in which a payload stands, as far as we could read them."""
    rows = db.execute(
        "SELECT DISTINCT name FROM log_item JOIN local_place_item USING (item_number)"
        " JOIN local_place_file USING (file_number) WHERE payload_hash = ? AND place = ?",
        [payload_hash, place],
    )
    return [row[0] for row in rows]


def files_with_erased(db: sqlite3.Connection, place: str) -> list[str]:
    """Names of the files in a place in which something stands that was erased here."""
    rows = db.execute(
        "SELECT DISTINCT name FROM log_item JOIN local_erased USING (payload_hash) JOIN local_place_item USING (item_number)"
        " JOIN local_place_file USING (file_number) WHERE place = ? ORDER BY name",
        [place],
    )
    return [row[0] for row in rows]
