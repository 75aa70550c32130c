"""What stands open here: for `cop status`. Reads only."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from cop import (
    differences,
    lacking,
    merge,
    read_back,
    settings,
    standing,
    trust,
    vouching,
)
from cop.config import Site
from cop.counting import changes_in
from cop.entry import KINDS
from cop.fields import TYPES
from cop.model import OWN, OrganisationId, iso_time

Report = dict[str, Any]


def status_of(site: Site, db: sqlite3.Connection, unsaved: Sequence[str], missing: Sequence[str]) -> Report:
    """The report of `cop status --json`; its keys do not change.

    `unsaved` and `missing` are paths below content/, as `worktree.changed_paths` finds them.
    """
    from cop import contributions, removals, traces  # late, all: an exchange, which counts what waits, lays nothing out
    from cop.imprint import network_digest

    return {
        "organisation": site.config.name,
        "writer": settings.own_writer(db).hex(),
        "ended": trust.is_ended(db),
        "vouched": trust.is_vouched_for(db),
        "records": record_counts(db),
        "entries": _count(db, "SELECT count(*) FROM log_entry"),
        "unsaved": [f"content/{path}" for path in unsaved],
        "missing": [f"content/{path}" for path in missing],
        "behind": _behind(db, {*unsaved, *missing}),
        "conflicts": conflicts(db),
        "checks": merged_by_machine(db),
        "removals": removals.summary(db),
        "erased_in": traces.files_left(site, db),
        "inbox": contributions.count(db),
        "to_look_at": _count(db, "SELECT count(*) FROM view_waiting"),
        "waiting": waiting(db),
        "waiting_own": waiting_own(db),
        "waiting_by": waiting_by(db),
        "not_understood": not_understood(db),
        "attachments": lacking.report(site),
        "partners": standing.partner_summaries(db),
        "heard": standing.heard_json(db),
        "digest": network_digest(db),
    }


def _count(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


def record_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Records that are not withdrawn, per kind."""
    query = "SELECT type, count(*) FROM view_record WHERE state <> 'withdrawn' GROUP BY type"
    counts = {row[0]: row[1] for row in db.execute(query)}
    return {name: counts[name] for name in TYPES if name in counts}


def conflict_count(db: sqlite3.Connection) -> int:
    """Fields with more than one answer."""
    rows = db.execute("SELECT conflicts FROM view_record WHERE conflicts <> '[]'")
    return sum(len(json.loads(row[0])) for row in rows)


def waiting(db: sqlite3.Connection) -> int:
    """Entries whose earlier ones have not arrived, and changes announced and not here yet."""
    return _count(db, "SELECT count(*) FROM local_gap WHERE previous NOT IN (SELECT entry_id FROM log_entry)") + _count(
        db, "SELECT count(*) FROM local_missing"
    )


class OpenEnds(Protocol):
    """What a report of an exchange tells of what is not settled."""

    conflicts: int
    waiting: int
    waiting_own: int
    not_understood: int


def count_open_ends(db: sqlite3.Connection, report: OpenEnds) -> None:
    """Put into a report what stands open after an exchange."""
    report.conflicts, report.not_understood = conflict_count(db), not_understood(db)
    report.waiting, report.waiting_own = waiting(db), waiting_own(db)


def waiting_own(db: sqlite3.Connection) -> int:
    """Those of `waiting` that are for ourselves only: another of our computers has them, and no partner does."""
    return _count(
        db, f"SELECT count(*) FROM local_missing CROSS JOIN log_item USING (item_number) WHERE audience = {OWN}"
    )


def waiting_by(db: sqlite3.Connection) -> list[str]:
    """Who wrote the changes that are announced and not here yet, A to Z: members only."""
    rows = db.execute(
        "SELECT DISTINCT writer FROM local_missing JOIN log_item USING (item_number) JOIN log_entry USING (entry_number)"
    )
    network = trust.members(db)
    names = trust.names(db, network)
    return sorted({names[owner].name for (writer,) in rows if (owner := network.writers.get(writer))}, key=str.casefold)


def kept_apart(db: sqlite3.Connection, organisation: OrganisationId) -> int:
    """Changes by an organisation that are here and not shown, because it is no member, or they came after its end."""
    network = trust.members(db)
    owners = {**vouching.certified(read_back.statements(db)), **network.writers}
    theirs = {writer for writer, owner in owners.items() if owner == organisation}
    if theirs and theirs <= network.present.keys():
        return 0
    rows = db.execute("SELECT writer, entry_id, entry_number FROM log_entry").fetchall()
    return changes_in(db, [number for w, id_, number in rows if w in theirs and not network.counts(w, id_)])


def not_understood(db: sqlite3.Connection) -> int:
    """Entries and records of kinds that this cop does not know: kept and passed on."""
    kinds = json.dumps(sorted(KINDS))
    query = "SELECT count(*) FROM log_entry WHERE kind <> 'change' AND kind NOT IN (SELECT value FROM json_each(?))"
    unknown: int = db.execute(query, [kinds]).fetchone()[0]
    return unknown + _count(
        db, "SELECT count(*) FROM view_record WHERE state IN ('unknown', 'unreadable') AND type <> 'member'"
    )


def _behind(db: sqlite3.Connection, apart_from: set[str]) -> list[str]:
    """Content files whose record has moved on in the log."""
    rows = db.execute(
        "SELECT path FROM local_file JOIN view_record USING (record_id) WHERE base <> heads"
        " AND state NOT IN ('withdrawn', 'erased') AND heads <> x'' ORDER BY path"  # without heads: all of it is kept apart
    )
    return [f"content/{row[0]}" for row in rows if row[0] not in apart_from]


def conflicts(db: sqlite3.Connection) -> list[Report]:
    """Every field with more than one current value, with all values."""
    network = trust.members(db)
    names = trust.names(db, network)
    found: list[Report] = []
    for record_id, title in db.execute(
        "SELECT record_id, title FROM view_record WHERE conflicts <> '[]' ORDER BY 1"
    ).fetchall():
        view = merge.merge(merge.accepted(read_back.revisions(db, record_id), network))
        for name in view.conflicts if view else ():
            values = [
                {
                    "id": version.revision.payload_hash.hex(),
                    "value": version.value,
                    "organisation": names[network.writers[version.revision.writer]].name,
                    "claimed": iso_time(version.revision.claimed_time),
                    "person": version.revision.patch.person if version.revision.patch else "",
                    "why": version.revision.patch.why if version.revision.patch else "",
                }
                for version in view.conflicts[name]  # type: ignore[union-attr]
            ]
            both = differences.together(view.type, name, [one["value"] for one in values])  # type: ignore[union-attr]
            found.append(
                {"record": record_id, "title": title, "field": name, "values": values, "both": both is not None}
            )
    return found


def merged_by_machine(db: sqlite3.Connection) -> list[Report]:
    """Records with fields that a person should look at, because changes of two people were put together in them."""
    rows = db.execute("SELECT record_id, title, checks FROM view_record WHERE checks <> '[]' ORDER BY 1")
    return [{"record": row[0], "title": row[1], "fields": json.loads(row[2])} for row in rows]
