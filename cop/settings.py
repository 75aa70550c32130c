"""What this installation remembers about itself, by name, in `store.db`; never synced."""

import sqlite3

from cop.errors import CopError
from cop.model import Value, WriterId


def read(db: sqlite3.Connection, name: str) -> Value | bytes:
    """A setting of this installation, or None."""
    row = db.execute("SELECT value FROM local_setting WHERE name = ?", [name]).fetchone()
    return row[0] if row else None


def keep(db: sqlite3.Connection, name: str, value: object) -> None:
    """Keep a setting of this installation."""
    db.execute(
        "INSERT INTO local_setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, value]
    )


def own_writer(db: sqlite3.Connection) -> WriterId:
    """The writer of this installation. Raises: CopError before `cop init`."""
    writer = read(db, "writer")
    if not isinstance(writer, bytes):
        raise CopError(
            "This folder has not been set up yet.", hint="cop init --name 'Our organisation' --kind community"
        )
    return writer
