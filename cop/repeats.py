"""Which requests of partners were taken in already, so that somebody on the line cannot make one count twice.

Only those of writers whom we know: what a stranger sends stores nothing and gets what is public. Clocks decide nothing,
so what tells a repetition is the nonce under the signature, and not an age.
"""

import sqlite3

from cop.database import writing
from cop.errors import CameBefore
from cop.model import WriterId

MAX_KEPT = 10_000  # requests


def take(db: sqlite3.Connection, writer: WriterId, nonce: str) -> None:
    """Remember a request before anything is done with it. Raises: CameBefore, if it was here."""
    with writing(db):
        row = db.execute("INSERT OR IGNORE INTO local_request (writer, nonce) VALUES (?, ?)", [writer, nonce])
        if not row.rowcount:
            raise CameBefore("This message came here before. Nothing of it was stored again.")
        db.execute("DELETE FROM local_request WHERE number <= ?", [(row.lastrowid or 0) - MAX_KEPT])
