"""Changes of records as people count them, and who made them.

Who is who is no news, so it is left out; so is what erases, which is told of by itself.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from cop import trust
from cop.erasing import NO_REVISIONS
from cop.log import WHO_IS_WHO
from cop.model import OWN, Entry, OrganisationId

CHANGES_TEXT = frozenset({"change", "withdraw"})  # kinds of entries after which a content file may be behind
NO_CHANGES = frozenset({*WHO_IS_WHO, *NO_REVISIONS})  # kinds of entries


def changes_in(db: sqlite3.Connection, numbers: Iterable[int], widest: int = OWN) -> int:
    """How many changes of records these entries (`entry_number`) hold that somebody of audience `widest` can read."""
    query = (
        "SELECT count(*) FROM log_item JOIN log_entry USING (entry_number)"
        " WHERE kind NOT IN (SELECT value FROM json_each(?)) AND entry_number IN (SELECT value FROM json_each(?))"
        " AND audience <= ?"
    )
    return int(db.execute(query, [json.dumps(sorted(NO_CHANGES)), json.dumps(list(numbers)), widest]).fetchone()[0])


def texts_came(db: sqlite3.Connection, after: int) -> bool:
    """True if any entry of others behind this number changes what a record says, not only what is said of it."""
    kinds = json.dumps(sorted(CHANGES_TEXT))
    query = (
        "SELECT 1 FROM log_entry WHERE entry_number > ? AND received_from <> ''"
        " AND kind IN (SELECT value FROM json_each(?)) LIMIT 1"
    )
    return db.execute(query, [after, kinds]).fetchone() is not None


def count_changes(entries: Iterable[Entry], widest: int = OWN) -> int:
    """Changes of records, as people count them: those that somebody of audience `widest` can read."""
    return sum(item.audience <= widest for entry in entries if entry.kind not in NO_CHANGES for item in entry.items)


def named(db: sqlite3.Connection, by: Mapping[OrganisationId, int]) -> dict[str, int]:
    """Changes per organisation, under the names of those that are members."""
    names = trust.names(db, trust.members(db)) if any(by.values()) else {}
    return {names[owner].name: changes for owner, changes in by.items() if changes and owner in names}
