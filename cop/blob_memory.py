"""What we remember of exchanging attachments: what we and a partner held then, and what came wrongly."""

import sqlite3

from cop.database import writing
from cop.model import OrganisationId

MAX_WRONG = 3  # times that a partner may send wrong bytes, until it has other news


def given_up(db: sqlite3.Connection, source: bytes) -> set[str]:
    """What this partner, or place, has given wrongly so often that asking again would only cost."""
    query = "SELECT sha256 FROM local_blob_wrong WHERE source = ? AND times >= ?"
    return {row[0] for row in db.execute(query, [source, MAX_WRONG])}


def keep_wrong(db: sqlite3.Connection, source: bytes, sha256: str) -> None:
    """Count that what a partner, or place, gave was not what its record says."""
    with writing(db):
        db.execute(
            "INSERT INTO local_blob_wrong VALUES (?, ?, 1)"
            " ON CONFLICT (source, sha256) DO UPDATE SET times = times + 1",
            [source, sha256],
        )


def talk(db: sqlite3.Connection, organisation: OrganisationId) -> bytes:
    row = db.execute("SELECT state FROM local_blob_talk WHERE organisation = ?", [organisation]).fetchone()
    return bytes(row[0]) if row else b""


def keep_talk(db: sqlite3.Connection, organisation: OrganisationId, state: bytes) -> None:
    with writing(db):
        db.execute("INSERT OR REPLACE INTO local_blob_talk VALUES (?, ?)", [organisation, state])
