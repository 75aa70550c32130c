"""Saving what somebody wrote in a form: an entry made from what the form showed, so that two people lose nothing.

What they did not touch stays as it is, whoever changes it meanwhile, and so does all that a form cannot show. Where two
touched the same field, both answers stand side by side until somebody settles it.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cop import checkout, log, merge, occasions, patch, planning, read_back, settings, shared_words, trust, views
from cop.config import Site
from cop.database import writing
from cop.errors import CopError
from cop.fields import BY_COMMAND, widest
from cop.log import Change
from cop.model import OWN, PARTNERS, Patch, PayloadHash, RecordId, RecordView, Revision, Value
from cop.planning import Sides
from cop.publish import short_address, title_of
from cop.reading import hash_file
from cop.shared_words import Unfit
from cop.signing import Signer


@dataclass(frozen=True)
class Opened:
    """A record as somebody has it before them."""

    record_id: RecordId
    view: RecordView
    revisions: tuple[Revision, ...]  # those that count
    seen: tuple[PayloadHash, ...]  # the heads that it was read from


@dataclass(frozen=True)
class Edit:
    """What somebody wants a record to say."""

    record_id: RecordId
    type: str
    values: Mapping[str, Value]  # of the fields that they touched; None empties one
    seen: tuple[PayloadHash, ...] = ()  # the heads that they saw; none for a new record
    share: int = 0  # the audience of a new record: 0 public, 1 partners, 2 own


@dataclass(frozen=True)
class Saved:
    """What came of it."""

    record_id: RecordId
    is_changed: bool  # False if it says that already
    others: bool  # somebody else changed the record meanwhile
    differing: tuple[str, ...]  # fields that they touched and that somebody else answered differently meanwhile
    kept: tuple[str, ...]  # content files with unsaved edits, which were not written


def opened(db: sqlite3.Connection, record_id: RecordId, seen: tuple[PayloadHash, ...] | None = None) -> Opened | None:
    """A record as it is now, or as it was at the heads `seen`; None if nothing of it is held, or not all of these."""
    revisions = tuple(merge.accepted(read_back.revisions(db, record_id), trust.members(db)))
    if seen is None:
        view = merge.merge(revisions)
        return Opened(record_id, view, revisions, view.heads) if view else None
    if not seen or not set(seen) <= {revision.payload_hash for revision in revisions}:
        return None
    view = merge.merge(planning.up_to(revisions, seen))
    return Opened(record_id, view, revisions, seen) if view else None


def narrow(known: Opened) -> frozenset[str]:
    """The fields of a record that do not go to everybody."""
    sides = planning.at_base(known.revisions, known.seen)
    return frozenset(name for audience in (PARTNERS, OWN) for name in sides[audience][0])


def save(
    site: Site, db: sqlite3.Connection, signer: Signer, edit: Edit, *, now: int, why: str = "", person: str = ""
) -> Saved:
    """Sign what somebody wrote, and let its content file follow. The same again is saved once. Raises: CopError."""
    why, person = shared_words.said(why, person, site.config.timezone)
    with writing(db):
        known = opened(db, edit.record_id)
        others = known is not None and set(known.seen) != set(edit.seen)
        changes = plan(site, db, edit)
        made = [replace(one, patch=replace(one.patch, why=why, person=person)) for one in changes]
        new = [one for one in made if not _is_known(db, one)]
        if new and not edit.seen and read_back.revisions(db, edit.record_id):
            raise CopError("There is an entry like this already.", hint="Open the form again.")
        if new:
            log.write(db, signer, "change", new, claimed_time=now)
    views.refresh(site, db)
    written = checkout.check_out(site, db, [edit.record_id]) if changes else None
    view = views.current_view(db, edit.record_id)
    differing = tuple(name for name in edit.values if view and name in view.conflicts)
    return Saved(edit.record_id, bool(changes), others, differing, tuple(written.kept if written else ()))


def plan(site: Site, db: sqlite3.Connection, edit: Edit) -> list[Change]:
    """The changes that an edit means, one an audience; none if nothing changes. Raises: Unfit, CopError."""
    before, share = _before(db, edit)
    values = {name: value for name, value in edit.values.items() if name not in BY_COMMAND}
    after = {audience: dict(fields) for audience, (fields, _heads) in before.items()}
    audiences = {name: _audience(edit.type, name, before, share) for name in values}
    for name, value in values.items():
        for audience in [a for a in after if name in after[a]] if value is None else [audiences[name]]:
            after[audience][name] = value
        for audience in range(widest(edit.type, name)):  # as it stands where an older version of cop wrote it
            after[audience].pop(name, None)
    fields = {name: value for audience in sorted(after) for name, value in after[audience].items() if value is not None}
    if not title_of(fields):
        raise Unfit(edit.type, (shared_words.Problem("title", "it has no title", "Write a few words here."),))
    after[share] |= _filled_in(site, edit, fields)
    audiences |= {name: _audience(edit.type, name, before, share) for name in fields}
    if problems := tuple(shared_words.problems_of(edit.type, fields, values, audiences, site.config.timezone)):
        raise Unfit(edit.type, problems)
    made = [(a, patch.difference(edit.type, before[a][0], _without_blanks(after[a]))) for a in sorted(after)]
    return [Change(edit.record_id, before[a][1], one, a) for a, one in made if not one.changes_nothing]


def _before(db: sqlite3.Connection, edit: Edit) -> tuple[Sides, int]:
    """Per audience, what they saw, and its heads; and the audience of the record."""
    if not edit.seen:
        return planning.NOTHING, edit.share
    known = opened(db, edit.record_id, edit.seen)
    if known is None or known.view.type != edit.type:
        raise CopError("This form belongs to a state of the entry that is not here.", hint="Open the entry again.")
    share = min(revision.audience for revision in known.revisions if revision.patch)
    return planning.at_base(known.revisions, edit.seen), share


def _audience(type_name: str, name: str, before: Sides, share: int) -> int:
    """Who may receive a field: as few as now; if it is new, as few as the record and the table of fields say."""
    held = [audience for audience, (fields, _) in before.items() if name in fields]
    return max(widest(type_name, name), max(held, default=share))


def _filled_in(site: Site, edit: Edit, fields: Mapping[str, Value]) -> dict[str, Value]:
    """What nobody has to write: the short address of a new record, and the time zone of a time without one."""
    zone = site.config.timezone
    made: dict[str, Value] = {}
    if not edit.seen and "slug" not in fields:
        made["slug"] = short_address(title_of(fields)) or None
    if (
        edit.type == "event"
        and zone
        and "timezone" not in fields
        and occasions.has_clock_only(edit.values.get("start"))
    ):
        made |= {"timezone": zone, "timezone_basis": planning.OF_THE_SITE}
    elif edit.values.get("timezone") and fields.get("timezone_basis") == planning.OF_THE_SITE:
        made["timezone_basis"] = None
    return made


def _without_blanks(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}


def _is_known(db: sqlite3.Connection, change: Change) -> bool:
    """True if we saved just that already: somebody pressed the button twice."""
    ours = settings.own_writer(db)
    return any(
        revision.writer == ours and set(revision.parents) == set(change.parents) and _same(revision.patch, change.patch)
        for revision in read_back.revisions(db, change.record_id)
        if revision.audience == change.audience
    )


def _same(one: Patch | None, other: Patch) -> bool:
    return one is not None and (one.type, one.fields, one.added, one.removed) == (
        other.type, other.fields, other.added, other.removed
    )  # fmt: skip


def unsaved_file(site: Site, db: sqlite3.Connection, record_id: RecordId) -> str:
    """The content file of a record, if it has edits that were not saved: "content/posts/a.md", else ""."""
    row = db.execute("SELECT path, file_hash FROM local_file WHERE record_id = ?", [record_id]).fetchone()
    if row is None or not (site.content / row["path"]).is_file():
        return ""
    return f"content/{row['path']}" if hash_file(site.content / row["path"]) != row["file_hash"] else ""
