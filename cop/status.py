"""What stands open here: for `cop status`. Reads only."""

import json
import sqlite3
from typing import Any

from cop import log, merge, partners, trust, views
from cop.config import Site
from cop.entry import KINDS
from cop.fields import TYPES
from cop.model import iso_time
from cop.worktree import changed_paths

Report = dict[str, Any]


def status_of(site: Site, db: sqlite3.Connection) -> Report:
    """The report of `cop status --json`; its keys do not change."""
    unsaved, found = changed_paths(site, db)
    return {
        "organisation": site.config.name,
        "writer": log.own_writer(db).hex(),
        "records": record_counts(db),
        "entries": _count(db, "SELECT count(*) FROM log_entry"),
        "unsaved": [f"content/{path}" for path in unsaved],
        "missing": [f"content/{path}" for path in found.missing],
        "behind": _behind(db, {*unsaved, *found.missing}),
        "conflicts": conflicts(db),
        "checks": _checks(db),
        "waiting": waiting(db),
        "not_understood": not_understood(db),
        "partners": [partner.summary() for partner in partners.all_partners(db)],
        "digest": views.network_digest(db),
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
    return _count(db, "SELECT count(*) FROM local_gap") + _count(db, "SELECT count(*) FROM local_missing")


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
        " AND state <> 'withdrawn' ORDER BY path"
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
        view = merge.merge(r for r in log.revisions(db, record_id) if r.writer in network.writers)
        for name in view.conflicts if view else ():
            values = [
                {
                    "id": version.revision.payload_hash.hex(),
                    "value": version.value,
                    "organisation": names[network.writers[version.revision.writer]].name,
                    "claimed": iso_time(version.revision.claimed_time),
                }
                for version in view.conflicts[name]  # type: ignore[union-attr]
            ]
            found.append({"record": record_id, "title": title, "field": name, "values": values})
    return found


def _checks(db: sqlite3.Connection) -> list[Report]:
    rows = db.execute("SELECT record_id, title, checks FROM view_record WHERE checks <> '[]' ORDER BY 1")
    return [{"record": row[0], "title": row[1], "fields": json.loads(row[2])} for row in rows]
