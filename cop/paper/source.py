"""The published database that a book is made from, and the language of the words around its records."""

import sqlite3
from pathlib import Path

from cop.errors import CopError
from cop.languages import OWN_NAMES
from cop.web import asked
from cop.web.offered import from_meta


def opened(site_db: Path) -> sqlite3.Connection:
    """The published database, to be read. Raises: CopError."""
    if not site_db.exists():
        raise CopError("There is nothing to copy yet.", hint="cop load")
    db = sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("BEGIN")  # all of a book shows the same state, even while a load writes
    return db


def spoken_for(db: sqlite3.Connection, language: str) -> tuple[str, str]:
    """The language for the words around the records, and the site's own."""
    own = from_meta(asked.read_meta(db)).own
    base = language.partition("-")[0]
    return (base if base in OWN_NAMES else own), own
