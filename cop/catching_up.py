"""How far the views follow an exchange before its report: all of them if that is quick, else what the report needs.

Nobody should wait for the pages of a first copy before they may take the stick out or go. What is left over stands in
`local_stale`, and whatever shows records next brings it up to date first.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

from cop import cbor, log, read_back, stale
from cop.config import Site
from cop.fields import TYPES
from cop.model import RecordId
from cop.patch import SALT_BYTES
from cop.progress import Progress
from cop.read_back import HASH_BYTES

AT_ONCE = 50  # records: their pages take a tenth of a second
_TYPE_BYTES = 40
_TYPES = tuple(cbor.encode("type") + cbor.encode(name) for name in TYPES)
_ATTACHMENT = cbor.encode("sha256")  # a key of every attachment


@contextmanager
def bringing_up_to_date(site: Site, db: sqlite3.Connection, progress: Progress) -> Iterator[None]:
    """Redo views once everything has come, or as much as came before it broke off."""
    before = log.last_number(db)
    try:
        yield
    finally:
        if read_back.tells_who_is_who(db, before) or _at_once(db):
            from cop import views  # late: most exchanges bring nothing that has to be laid out before their report

            views.refresh(site, db, progress, _at_once)


def _at_once(db: sqlite3.Connection) -> list[RecordId]:
    return stale.records(db) if stale.count(db) <= AT_ONCE else urgent(db)


def urgent(db: sqlite3.Connection) -> list[RecordId]:
    """Of the records that are behind, those that a report may have to speak of.

    They may have more than one answer, name an attachment, or be of a kind that we do not know.
    """
    rows = db.execute(
        "SELECT record_id, payload_hash, parents, audience, substr(payload, ?, ?), instr(payload, ?) FROM log_item"
        " LEFT JOIN log_payload USING (item_number) WHERE record_id IN (SELECT record_id FROM local_stale)"
        " ORDER BY record_id",
        [SALT_BYTES + 1, _TYPE_BYTES, _ATTACHMENT],
    )
    return [record_id for record_id, history in groupby(rows, itemgetter(0)) if _is_urgent(list(history))]


def _is_urgent(history: list[Any]) -> bool:
    """`history`: rows of (record, payload hash, parents, audience, first bytes of the patch, attachment or 0)."""
    replaced = {row[2] for row in history}
    unknown = any(not _is_of_known_type(row[4]) for row in history if row[4] is not None or row[1] not in replaced)
    return unknown or any(row[5] for row in history) or not _is_one_line(history)


def _is_of_known_type(start: bytes | None) -> bool:
    """True if a patch begins with a kind that we know, as those do that any cop wrote."""
    return start is not None and start[1:].startswith(_TYPES)


def _is_one_line(history: list[Any]) -> bool:
    """True if each change was made from the one before: then no field has two answers."""
    parents = {(row[1], row[3]): row[2] for row in history}
    audiences = {audience for _, audience in parents}
    later = [parent for parent in parents.values() if parent]
    return (
        len(parents) - len(later) == len(audiences) == 1
        and all(len(parent) == HASH_BYTES for parent in later)
        and len(set(later)) == len(later)
    )
