"""An organisation says that it looked at a record and stands behind its text, or takes that back; and what waits for it.

What that means for readers, `endorsing` and `terms` work out from the entries.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cop import endorsing, identity, log, merge, read_back, shared_words, terms, trust, views, votes
from cop.config import Site
from cop.database import writing
from cop.endorsing import Standing
from cop.errors import ChangedMeanwhile, CopError, WrongUsage
from cop.fields import AGREEMENT, BY_COMMAND, TYPES
from cop.model import PUBLIC, OrganisationId, Patch, PayloadHash, RecordId, RecordView, Revision, iso_time
from cop.origin import Origin
from cop.publish import base_slug, title_of
from cop.reading import hash_file
from cop.signing import Signer
from cop.terms import Need

BATCH = 500  # records read at once


@dataclass(frozen=True)
class Looked:
    """What an organisation stands behind now."""

    record_id: RecordId
    type: str
    slug: str
    title: str
    text: str  # the start of what names this very text: hex
    changed: str  # UTC, when its last change was made, as the writer's clock said
    changed_by: str  # name of the organisation that made it


@dataclass(frozen=True)
class Waiting:
    """A record with a text that not enough organisations have looked at."""

    record_id: RecordId
    type: str
    slug: str
    title: str
    is_shown: bool  # readers see an earlier text
    looked_at: tuple[str, ...]  # names of who looked at the newest text
    by_us: bool  # we did
    unsettled: tuple[str, ...]  # fields with more than one answer: nobody can look at that
    changed: tuple[str, ...]  # fields in which the newest text differs from what is shown
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class _Record:
    """The public side of one record, as we see it."""

    record_id: RecordId
    view: RecordView | None
    revisions: list[Revision]
    ours: tuple[PayloadHash, ...]  # our votes that nothing of ours took the place of
    standing: Standing

    def stands_behind(self, organisation: OrganisationId) -> bool:
        """True if the organisation looked at this very text."""
        return self.standing.newest is not None and organisation in self.standing.newest.organisations


def look_at(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    record_ids: Sequence[RecordId],
    *,
    why: str,
    now: int,
    person: str = "",
    seen: frozenset[PayloadHash] | None = None,
) -> list[Looked]:
    """Say that our organisation stands behind these records as they read now: all of them or none.

    `seen` are the heads of the one record that somebody had before their eyes. Raises: CopError, WrongUsage,
    ChangedMeanwhile.
    """
    patch, ours = _told(site, why, person), identity.own_organisation(db)
    with writing(db):
        origin = origin_of(site, db)
        found = list(_records(db, list(dict.fromkeys(record_ids)), origin, ours))
        for one in found:
            if seen is not None and seen != frozenset(_heads(one)):
                raise ChangedMeanwhile("Somebody changed this while you were looking at it.", hint="Look at it again.")
            _check(site, db, one, ours)
        _say(db, signer, [(one, (*_heads(one), *one.ours)) for one in found], patch, now)
    views.refresh(site, db)
    return [_looked(one, origin) for one in found]


def _told(site: Site, why: str, person: str) -> Patch:
    """What is said with a vote. Raises: WrongUsage, and Unfit for a phone number."""
    why, person = shared_words.said(why, person, site.config.timezone)
    return Patch("", why=why, person=person)


def not_looked_at(site: Site, db: sqlite3.Connection) -> list[RecordId]:
    """Everything public that we could look at and have not looked at as it reads now; by kind and title."""
    rows = db.execute(
        "SELECT record_id FROM view_record WHERE state IN ('', 'waiting') AND type IN (SELECT value FROM json_each(?))"
        " ORDER BY type, title COLLATE NOCASE, record_id",
        [json.dumps([name for name in TYPES if name != AGREEMENT])],
    ).fetchall()
    ours = identity.own_organisation(db)
    records = _records(db, [row[0] for row in rows], origin_of(site, db), ours)
    return [one.record_id for one in records if not _why_not(one) and not one.stands_behind(ours)]


def take_back(
    site: Site, db: sqlite3.Connection, signer: Signer, record_id: RecordId, *, why: str, now: int, person: str = ""
) -> str:
    """Say that we stand behind no text of a record any more. Returns its title. Raises: CopError, WrongUsage."""
    if record_id == terms.RECORD_ID:
        raise WrongUsage(
            "A signature under the agreement is not taken back: nobody could rely on it then.",
            hint="Write a version that you would sign, and ask the others to sign it, too: docs/agreement.md",
        )
    patch, ours = _told(site, why, person), identity.own_organisation(db)
    with writing(db):
        (one,) = _records(db, [record_id], origin_of(site, db), ours)
        title = title_of(one.view.fields) if one.view else record_id
        if not one.ours:
            raise CopError(
                f"Your organisation has not said that it stands behind “{title}”.", hint="cop endorse --waiting"
            )
        _say(db, signer, [(one, one.ours)], patch, now)
    views.refresh(site, db)
    return title


def waiting(site: Site, db: sqlite3.Connection) -> list[Waiting]:
    """What waits to be looked at before it counts as published; the agreement first, then by kind and title."""
    rows = db.execute(
        "SELECT record_id FROM view_waiting JOIN view_record USING (record_id)"
        " ORDER BY record_id <> ?, type, title COLLATE NOCASE, record_id",
        [terms.RECORD_ID],
    ).fetchall()
    origin, ours = origin_of(site, db), identity.own_organisation(db)
    return [_waiting(one, origin, ours) for one in _records(db, [row[0] for row in rows], origin, ours) if one.view]


def count(db: sqlite3.Connection) -> int:
    """How many records that is."""
    return int(db.execute("SELECT count(*) FROM view_waiting").fetchone()[0])


def _waiting(one: _Record, origin: Origin, ours: OrganisationId) -> Waiting:
    assert one.view is not None
    standing, view = one.standing, one.view
    before = standing.counted[0].view.fields if standing.counted else {}
    differing = [name for name in {**before, **view.fields} if before.get(name) != view.fields.get(name)]
    is_agreement = one.record_id == terms.RECORD_ID
    looked_at = standing.newest.organisations if standing.newest else ()
    return Waiting(
        one.record_id,
        view.type,
        base_slug(one.record_id, view.fields),
        title_of(view.fields),
        bool(standing.counted),
        tuple(sorted((origin.names.get(name, "") for name in looked_at), key=str.casefold)),
        ours in looked_at,
        tuple(sorted(view.conflicts)),
        tuple(sorted(set(differing) - BY_COMMAND)),
        terms.needs_of_agreement(origin.voters, standing) if is_agreement else terms.needs(origin.rules, standing),
    )


@dataclass(frozen=True)
class ToRead:
    """One record as its newest text stands, for somebody who may stand behind it."""

    waiting: Waiting
    counts: RecordView | None  # the text that readers see, None if they see none of it
    newest: RecordView
    why_not: str  # why nobody can stand behind it now, "" if one can


def to_read(site: Site, db: sqlite3.Connection, record_id: RecordId) -> ToRead | None:
    """One record to look at; None if nothing public of it is here."""
    origin, ours = origin_of(site, db), identity.own_organisation(db)
    (one,) = _records(db, [record_id], origin, ours)
    if one.view is None or one.view.type not in TYPES:
        return None
    why_not = _why_not(one)
    counts = one.standing.counted[0].view if one.standing.counted else None
    return ToRead(_waiting(one, origin, ours), counts, one.view, why_not[0] if why_not else "")


def origin_of(site: Site, db: sqlite3.Connection) -> Origin:
    """Who counts, and what the agreement in force asks for."""
    network = trust.members(db)
    return views.origin_of(site, db, network, trust.names(db, network))


def _records(
    db: sqlite3.Connection, record_ids: Sequence[RecordId], origin: Origin, ours: OrganisationId
) -> Iterator[_Record]:
    for at in range(0, len(record_ids), BATCH):
        batch = record_ids[at : at + BATCH]
        histories = read_back.revisions_of(db, batch)
        for record_id in batch:
            yield _record(record_id, histories.get(record_id, []), origin, ours)


def _record(record_id: RecordId, history: Iterable[Revision], origin: Origin, ours: OrganisationId) -> _Record:
    revisions = merge.accepted([one for one in history if one.audience == PUBLIC], origin.network)
    view = merge.merge(revisions)
    found = Standing(None)
    if view:
        found = terms.standing(record_id, view, revisions, origin.network, origin.rules, origin.voters)
    cast = [vote for vote in votes.cast(revisions, origin.network) if vote.organisation == ours and vote.current]
    return _Record(record_id, view, revisions, tuple(dict.fromkeys(v.revision.payload_hash for v in cast)), found)


def _heads(one: _Record) -> tuple[PayloadHash, ...]:
    return one.view.heads if one.view else ()


def _check(site: Site, db: sqlite3.Connection, one: _Record, ours: OrganisationId) -> None:
    """Raises: CopError for a record that nobody can look at now."""
    title = title_of(one.view.fields) if one.view else one.record_id
    if why_not := _why_not(one):
        raise CopError(f"“{title}”: {why_not[0]}", hint=why_not[1])
    if path := _unsaved(site, db, one.record_id):
        raise CopError(f"“{title}”: content/{path} has edits that are not saved yet.", hint="cop load")
    if one.stands_behind(ours):
        raise CopError(
            f"Your organisation looked at this text of “{title}” already.", hint=f"cop history {one.record_id}"
        )


def _why_not(one: _Record) -> tuple[str, str] | None:
    """Why nobody can look at a record now, and what to do; None if one can."""
    if one.view is None:
        return "readers see nothing of it, so there is nothing to stand behind.", "cop list"
    if one.view.type not in TYPES or not title_of(one.view.fields):
        return "this copy cannot show it.", "Update cop, or give it a title."
    if one.view.type == AGREEMENT and one.record_id != terms.RECORD_ID:
        return "this is not the agreement of the network.", "cop agreement"
    if one.view.fields.get("withdrawn") is not None:
        return "it is hidden.", f"To show it again: cop withdraw {one.record_id} --undo"
    if one.view.conflicts.keys() - BY_COMMAND:
        return (
            "it has more than one answer to something. Settle that first, so that it is clear what you stand behind.",
            "cop conflicts",
        )
    return None


def _unsaved(site: Site, db: sqlite3.Connection, record_id: RecordId) -> str:
    """The content file of a record, if it says something else than what is stored; else ""."""
    for path, file_hash in db.execute("SELECT path, file_hash FROM local_file WHERE record_id = ?", [record_id]):
        file = site.content / path
        if file.is_file() and hash_file(file) != file_hash:
            return str(path)
    return ""


def _say(
    db: sqlite3.Connection,
    signer: Signer,
    named: Sequence[tuple[_Record, tuple[PayloadHash, ...]]],
    told: Patch,
    now: int,
) -> None:
    patches = [(one.record_id, names, replace(told, type=one.view.type if one.view else "")) for one, names in named]
    changes = [log.Change(record_id, names, patch, PUBLIC) for record_id, names, patch in patches]
    if changes:
        log.write(db, signer, votes.KIND, changes, claimed_time=now)


def _looked(one: _Record, origin: Origin) -> Looked:
    assert one.view is not None
    last = max((r for r in one.revisions if r.counts), key=lambda r: (r.claimed_time, r.entry_id))
    text = endorsing.words_of(one.view).hex()[:12]
    return Looked(
        one.record_id,
        one.view.type,
        base_slug(one.record_id, one.view.fields),
        title_of(one.view.fields),
        text,
        iso_time(last.claimed_time),
        origin.name(last),
    )
