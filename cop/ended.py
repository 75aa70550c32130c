"""Which records of the published database have ended on the day of a reader."""

import json
import sqlite3
from datetime import UTC, date, datetime, timedelta

from pyroaring import BitMap

from cop import occasions, taking_place
from cop.ending import is_hidden
from cop.fields import RecordType
from cop.site_schema import CONSENT_UNTIL, CONSENTS, EVENT_IS_OPEN, EVENT_LAST, WITH_CONSENT

MOST_EVENTS = 1000  # of one day


def hidden(db: sqlite3.Connection, today: date) -> list[str]:
    """The ids of all records that are hidden, before the next refresh takes them or a contact detail out."""
    rows = db.execute(
        f"SELECT record_id, type, {CONSENT_UNTIL}, json_quote({CONSENTS}) FROM records WHERE {WITH_CONSENT} ORDER BY 1"
    )
    return [
        record_id
        for record_id, type_name, until, consents in rows
        if is_hidden(type_name, {"consent_until": until, "consents": json.loads(consents)}, today)
    ]


def with_consents(db: sqlite3.Connection) -> list[str]:
    """The ids of all records that show something only until somebody's consent ends."""
    return [row[0] for row in db.execute(f"SELECT record_id FROM records WHERE {WITH_CONSENT}")]


def still_open(db: sqlite3.Connection, record_type: RecordType, today: date) -> BitMap | None:
    """The numbers of the records that the list shows; None if records of this kind never close."""
    if record_type.name != "opportunity":
        return None
    rows = db.execute(
        "SELECT number FROM records WHERE type = ? AND (date = '' OR substr(date, 1, 10) >= substr(?, 1, length(date)))",
        (record_type.name, today.isoformat()),
    )
    return BitMap(number for (number,) in rows)


def the_hour() -> datetime:
    """The hour that it is. What is kept of pages is made anew with it, and by it an event is over on its last day."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def events(db: sqlite3.Connection, today: date, now: datetime | None) -> list[int]:
    """The numbers of events whose last day is not over, and that ended before `now`."""
    rows = db.execute(
        f"SELECT number, fields FROM records WHERE type = 'event' AND {EVENT_IS_OPEN} = 0"
        f" AND {EVENT_LAST} BETWEEN ? AND ? LIMIT {MOST_EVENTS}",
        (today.isoformat(), (today + timedelta(days=1)).isoformat()),  # elsewhere tomorrow may have begun
    ).fetchall()
    return [number for number, fields in rows if now and _is_over(json.loads(fields), today, now)]


def _is_over(fields: object, today: date, now: datetime) -> bool:
    when = occasions.occasions(fields) if isinstance(fields, dict) else None
    return when is not None and taking_place.following(when, today, now) is None
