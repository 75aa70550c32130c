"""Hiding a record and showing it again: a signed statement, nothing is taken out of the log."""

import sqlite3

from cop import log, merge, read_back, shared_words, terms, trust, views
from cop.config import Site
from cop.errors import CopError
from cop.merge import History
from cop.model import Patch, RecordId
from cop.publish import title_of
from cop.signing import Signer

NO_REASON = "no reason given"


def withdraw(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    record_id: RecordId,
    *,
    why: str,
    undo: bool,
    now: int,
    person: str = "",
) -> str:
    """Hide a record, or with `undo` show it again. Returns its title. Raises: CopError if it is so already, Unfit."""
    why, person = shared_words.said(why, person, site.config.timezone)
    network = trust.members(db)
    revisions = merge.accepted(read_back.revisions(db, record_id), network)
    view = merge.merge(revisions)
    if view is None:
        raise CopError("Nothing of this record is held here.", hint="cop sync")
    if record_id == terms.RECORD_ID and not undo:
        raise CopError(
            "Nobody hides the agreement of the network.", hint="Write another version, and ask the others to sign it."
        )
    if (view.fields.get("withdrawn") is None) == undo:
        raise CopError(
            f"“{title_of(view.fields)}” is {'shown' if undo else 'hidden'} already.", hint="cop history " + record_id
        )
    audience = min(revision.audience for revision in revisions if revision.patch)
    heads = tuple(r.payload_hash for r in History(r for r in revisions if r.audience == audience).heads())
    patch = Patch(view.type, {"withdrawn": None if undo else why or NO_REASON}, why=why if undo else "", person=person)
    log.write(
        db, signer, "change" if undo else "withdraw", [log.Change(record_id, heads, patch, audience)], claimed_time=now
    )
    views.refresh(site, db)
    keep_in_step(db, record_id, b"".join(view.heads))
    return title_of(view.fields)


def keep_in_step(db: sqlite3.Connection, record_id: RecordId, before: bytes) -> None:
    """What only commands set stands in no content file, so that counts as written from the new heads."""
    db.execute(
        "UPDATE local_file SET base = (SELECT heads FROM view_record WHERE record_id = ?1)"
        " WHERE record_id = ?1 AND base = ?2",
        [record_id, before],
    )
