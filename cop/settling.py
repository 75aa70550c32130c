"""Settling a difference: a person's save that names every version as its parent."""

import sqlite3

from cop import log, merge, trust, views
from cop.config import Site
from cop.errors import WrongUsage
from cop.merge import History
from cop.model import Patch, RecordId, Value, Version
from cop.patch import reason
from cop.publish import title_of
from cop.signing import Signer

MIN_ID = 4  # characters of a version's id that people have to type


def resolve(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    record_id: RecordId,
    *,
    field: str,
    take: str,
    now: int,
    why: str = "",
) -> tuple[str, Value]:
    """Take one of several answers. Returns the record's title and the value. Raises: WrongUsage."""
    writers = trust.members(db).writers
    revisions = merge.accepted(log.revisions(db, record_id), writers)
    view = merge.merge(revisions)
    if view is None or field not in view.conflicts:
        raise WrongUsage(f"There is no difference to settle in “{field}” of this record.", hint="cop conflicts")
    chosen = _chosen(view.conflicts[field], take)
    audience = chosen.revision.audience
    heads = tuple(r.payload_hash for r in History(r for r in revisions if r.audience == audience).heads())
    change = log.Change(record_id, heads, Patch(view.type, {field: chosen.value}, why=reason(why)), audience)
    log.write(db, signer, "change", [change], claimed_time=now)
    views.refresh(site, db)
    return title_of(view.fields), chosen.value


def _chosen(versions: tuple[Version, ...], take: str) -> Version:
    alike = [v for v in versions if len(take) >= MIN_ID and v.revision.payload_hash.hex().startswith(take.lower())]
    if len(alike) != 1:
        ids = ", ".join(version.revision.payload_hash.hex()[:12] for version in versions)
        raise WrongUsage(f"“{take}” is none of the answers.", hint=f"Their ids are: {ids}")
    return alike[0]
