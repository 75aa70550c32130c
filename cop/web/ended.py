"""Which records of a list are still open on the day of its reader."""

import sqlite3
from datetime import date

from pyroaring import BitMap

from cop.fields import RecordType


def still_open(db: sqlite3.Connection, record_type: RecordType, today: date) -> BitMap | None:
    """The numbers of the records that the list shows; None if records of this kind never close."""
    if record_type.name != "opportunity":
        return None
    rows = db.execute(
        "SELECT number FROM records WHERE type = ? AND (date = '' OR substr(date, 1, 10) >= substr(?, 1, length(date)))",
        (record_type.name, today.isoformat()),
    )
    return BitMap(number for (number,) in rows)
