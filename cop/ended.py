"""Which records of the published database have ended on the day of a reader."""

import sqlite3
from datetime import date

from pyroaring import BitMap

from cop.ending import is_over
from cop.fields import RecordType


def hidden(db: sqlite3.Connection, today: date) -> list[str]:
    """The ids of all records that are hidden, before the next refresh takes them out."""
    until = "json_extract(fields, '$.consent_until')"
    rows = db.execute(
        f"SELECT record_id, {until} FROM records WHERE type = 'person' AND {until} IS NOT NULL ORDER BY 1"
    )
    return [record_id for record_id, day in rows if is_over(day, today)]


def still_open(db: sqlite3.Connection, record_type: RecordType, today: date) -> BitMap | None:
    """The numbers of the records that the list shows; None if records of this kind never close."""
    if record_type.name != "opportunity":
        return None
    rows = db.execute(
        "SELECT number FROM records WHERE type = ? AND (date = '' OR substr(date, 1, 10) >= substr(?, 1, length(date)))",
        (record_type.name, today.isoformat()),
    )
    return BitMap(number for (number,) in rows)
