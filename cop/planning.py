"""What saving a content file means: decides, and changes nothing. `worktree` carries it out.

Each file knows its base: the heads it was last saved or written from. What a file says now, less what its base says,
is the patch, and the base is its parents.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cop import content, erasing, judging, merge, occasions, patch, read_back, settings, stale, trust
from cop.config import Site
from cop.content import ContentFile
from cop.fields import BY_COMMAND, is_set
from cop.log import Change
from cop.merge import History
from cop.model import OWN, PARTNERS, PUBLIC, Patch, PayloadHash, RecordId, Revision, Value
from cop.reading import FileRead, Problem, read_one
from cop.refusals import refusal


@dataclass(frozen=True)
class Plan:
    """What saving one file would do."""

    file: FileRead
    record_id: RecordId
    changes: tuple[Change, ...]  # at most one an audience; none if nothing changed
    kept_base: tuple[PayloadHash, ...]  # heads of audiences that do not change
    is_new: bool
    old_path: str  # where the file lay before, or ""

    @property
    def keeps_back(self) -> bool:
        """True if others had the record, and are to see it no more."""
        return any(change.patch.fields.get("withdrawn") == KEPT_BACK for change in self.changes)

    @property
    def narrowed(self) -> list[str]:
        """Fields that go to fewer than before: whoever had them keeps them."""
        taken: set[str] = set()
        found: set[str] = set()
        for change in sorted(self.changes, key=lambda one: one.audience):  # the widest first
            fields = change.patch.fields
            found |= {name for name, value in fields.items() if value is not None and name in taken}
            taken |= {name for name, value in fields.items() if value is None}
        return sorted(found - {"slug"})


_KNOWN = "SELECT path, record_id, file_hash, base, has_id FROM local_file"


def plan_all(
    site: Site, db: sqlite3.Connection, batch: Iterable[FileRead], missing: set[str], claimed: dict[RecordId, str]
) -> tuple[list[Plan], list[Problem]]:
    plans, problems = [], []
    for file in sorted(batch, key=_has_no_id):  # an id that is written down goes before one that is remembered
        if file.problem or file.content is None:
            problems += [file.problem] if file.problem else []
            continue
        if problem := refusal(file.content, site.config.timezone, stale.today()):
            problems.append(problem)
            continue
        plan = _plan(site, db, file, file.content, missing, claimed)
        if isinstance(plan, Problem):
            problems.append(plan)
        else:
            plans.append(plan)
            claimed[plan.record_id] = file.path
            missing.discard(plan.old_path)
    return plans, problems


def _has_no_id(file: FileRead) -> bool:
    return not (file.content and file.content.written_id)


def _plan(
    site: Site,
    db: sqlite3.Connection,
    file: FileRead,
    says: ContentFile,
    missing: set[str],
    claimed: dict[RecordId, str],
) -> Plan | Problem:
    """Decide what saving one file means. Reads the store, changes nothing."""
    row: sqlite3.Row | None = db.execute(f"{_KNOWN} WHERE path = ?", [file.path]).fetchone()
    record_id = id_of(db, says) if says.written_id else row["record_id"] if row else ""
    old_path = ""
    if row and not says.written_id and row["has_id"] and record_id in claimed:
        row, record_id = None, ""  # that record's file was renamed, and this is a new one in its place
    elif not (row and row["record_id"] == record_id):
        row = _elsewhere(db, file, record_id, missing)
        record_id = record_id or (row["record_id"] if row else "")
        old_path = row["path"] if row else ""
    if not record_id:
        return _new(file, says, site.config.timezone)
    if erased := _erased(db, file, says, record_id):
        return erased
    other = claimed.get(record_id) or (old_path if row and old_path and _still_stands_for(site, db, row) else "")
    if other and other != file.path:
        return _copied(says, other)
    same = row and row["file_hash"] == file.file_hash and not says.has_files
    if row and same and content.record_type(row["path"]).name == says.type:
        return Plan(file, record_id, (), read_back.split_hashes(row["base"]), False, old_path)
    base = read_back.split_hashes(row["base"]) if row else None
    return _changes(db, file, says, record_id, base, old_path, site.config.timezone)


def _new(file: FileRead, says: ContentFile, timezone: str) -> Plan:
    """A record that nobody knows yet."""
    record_id, changes = _made(says, timezone)
    return Plan(file, record_id, changes, (), True, "")


def new_record(says: ContentFile, timezone: str) -> tuple[Change, ...]:
    """The same of one that stands in no file, such as one that came by a form."""
    return _made(says, timezone)[1]


def _made(says: ContentFile, timezone: str) -> tuple[RecordId, tuple[Change, ...]]:
    after = _by_audience(says, NOTHING, timezone)
    made = [(audience, patch.difference(says.type, {}, fields)) for audience, fields in after.items() if fields]
    record_id = patch.new_record_id()
    return record_id, tuple(Change(record_id, (), one, audience) for audience, one in made if not one.changes_nothing)


def _elsewhere(db: sqlite3.Connection, file: FileRead, record_id: RecordId, missing: set[str]) -> sqlite3.Row | None:
    """The file under another name: by its id, or by its bytes if it has none."""
    if record_id:
        row: sqlite3.Row | None = db.execute(f"{_KNOWN} WHERE record_id = ?", [record_id]).fetchone()
        return row
    same = db.execute(f"{_KNOWN} WHERE file_hash = ?", [file.file_hash])
    gone = [row for row in same if row["path"] in missing]
    return gone[0] if len(gone) == 1 else None


def id_of(db: sqlite3.Connection, says: ContentFile) -> RecordId:
    """The record that a file with an id stands for."""
    organisation = settings.read(db, "organisation")
    return patch.record_id_of(says.written_id, organisation if isinstance(organisation, bytes) else b"")


def _still_stands_for(site: Site, db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """True if the file that a record was saved from is there and has not become another record's."""
    if not (site.content / row["path"]).is_file():
        return False
    found = read_one(site.content, row["path"]).content
    if found is None:
        return True
    return id_of(db, found) == row["record_id"] if found.written_id else not row["has_id"]


def copied(db: sqlite3.Connection | None, files: Iterable[ContentFile]) -> Iterator[Problem]:
    """Which of these files have the id of another one, as `cop load` would tell; nothing need be saved yet."""
    by_id: dict[str, list[ContentFile]] = {}
    for file in files:
        if file.written_id:
            by_id.setdefault(id_of(db, file) if db else file.written_id, []).append(file)
    for record_id, alike in by_id.items():
        if len(alike) > 1:
            first = _saved_or_first(db, record_id, [file.path for file in alike])
            yield from (_copied(file, first) for file in alike if file.path != first)


def _saved_or_first(db: sqlite3.Connection | None, record_id: RecordId, paths: Sequence[str]) -> str:
    """The file that the record was saved from, else the first one."""
    row = db.execute(f"{_KNOWN} WHERE record_id = ?", [record_id]).fetchone() if db else None
    return row["path"] if row and row["path"] in paths else paths[0]


def _copied(says: ContentFile, other: str) -> Problem:
    reason = f"it has the same id as content/{other}; was it copied from there?"
    hint = f"To make it a record of its own, delete the line “id: {says.written_id}”. Then: cop load"
    return Problem(f"content/{says.path}", says.id_line, reason, hint)


_LEFT = "SELECT 1 FROM local_forget WHERE (kind, what) = ('record', ?)"


def _erased(db: sqlite3.Connection, file: FileRead, says: ContentFile, record_id: RecordId) -> Problem | None:
    """Why a file is not saved that would bring back what was erased; None if it would not."""
    path = f"content/{file.path}"
    dead = judging.dead(db, record_id)
    if dead == erasing.HIDE:
        hint = f"Decide first. Remove it: cop erase {record_id} --confirm. Keep it: cop erase {record_id} --keep"
        return Problem(
            path, says.id_line, "somebody asked to remove this entry, and it is hidden until you decide", hint
        )
    if dead:
        hint = (
            f"Delete the file. If it is something new, delete the line “id: {says.written_id}” instead. Then: cop load"
        )
        return Problem(path, says.id_line, "this entry was erased for good", hint)
    if db.execute(_LEFT, [record_id]).fetchone() is None:
        return None
    for name in sorted(judging.erased_fields(db, record_id) & says.fields.keys()):
        line = says.body_line if name == merge.BODY else says.lines.get(name, 1)
        return Problem(path, line, f"“{name}” of this entry was erased", "Take it out of this file. Then: cop load")
    return None


def _changes(
    db: sqlite3.Connection,
    file: FileRead,
    says: ContentFile,
    record_id: RecordId,
    base: tuple[PayloadHash, ...] | None,
    old_path: str,
    timezone: str,
) -> Plan:
    """The patches that lead from the base of a file to what it says, one an audience."""
    history = read_back.revisions_of(db, [record_id], hidden=True).get(record_id, [])  # as the file was written
    shown = history if base is not None else merge.accepted(history, trust.members(db))
    before = at_base(shown, base)
    after = _by_audience(says, before, timezone)
    changes: list[Change] = []
    kept: list[PayloadHash] = []
    kinds = {r.patch.type for r in history if r.patch and r.payload_hash in (base or ())}
    for audience in (PUBLIC, PARTNERS, OWN):
        old, heads = before[audience]
        made = patch.difference(says.type, old, after[audience])
        if made.changes_nothing and old and kinds and says.type not in kinds:  # the file was moved to another folder
            said_again = sorted(name for name in old if not is_set(says.type, name))[:1]
            made = Patch(says.type, {name: old[name] for name in said_again})
        if not made.changes_nothing:
            changes.append(Change(record_id, heads if base is not None else (), made, audience))
        else:
            kept += heads
    return Plan(file, record_id, tuple(changes), tuple(kept), not history, old_path)


OF_THE_SITE = "of-the-site"  # a time zone that nobody wrote down
KEPT_BACK = "kept back as a draft"  # why others do not see a record that was shared before


Sides = dict[int, tuple[dict[str, Value], tuple[PayloadHash, ...]]]


NOTHING: Sides = {PUBLIC: ({}, ()), PARTNERS: ({}, ()), OWN: ({}, ())}


def up_to(history: Iterable[Revision], base: Sequence[PayloadHash]) -> list[Revision]:
    """The revisions that a base was made of, whoever may receive them."""
    known = list(history)
    sides = (History(r for r in known if r.audience == audience) for audience in (PUBLIC, PARTNERS, OWN))
    return [revision for side in sides for revision in side.up_to(base)]


def at_base(history: Sequence[Revision], base: tuple[PayloadHash, ...] | None) -> Sides:
    """Per audience, the fields as the file last had them, and their heads. Without a base, what is shown now.

    What somebody wrote who was removed since counts in a base, since the file was written from it, and is not shown.
    """
    sides: Sides = {}
    for audience in (PUBLIC, PARTNERS, OWN):
        same = History(r for r in history if r.audience == audience)
        known = same.revisions if base is None else same.up_to(base)
        view = merge.merge(known)
        heads = {revision.payload_hash for revision in same.revisions}
        held = (view.heads if view else ()) if base is None else tuple(h for h in base if h in heads)
        sides[audience] = (dict(view.fields) if view else {}, held)
    return sides


def _by_audience(says: ContentFile, before: Sides, timezone: str) -> dict[int, dict[str, Value]]:
    """The fields of a file, by who may receive them. What only `cop` sets stays as it was."""
    after: dict[int, dict[str, Value]] = {PUBLIC: {}, PARTNERS: {}, OWN: {}}
    for name, value in says.fields.items():
        after[says.audience(name)][name] = value
    had = [name for old, _ in before.values() for name in old]
    if "slug" not in says.fields and not had:
        after[says.share]["slug"] = content.slug_from_path(says.path) or None
    for audience, (old, _) in before.items():
        for name in ("slug", *BY_COMMAND):
            if name in old and name not in says.fields and old[name] != KEPT_BACK:
                after[says.share if name == "slug" else audience][name] = old[name]
    if says.share == OWN:
        after |= {audience: _kept_back(before[audience][0]) for audience in (PUBLIC, PARTNERS)}
    if says.type == "event" and "timezone" not in says.fields and occasions.has_clock_only(says.fields.get("start")):
        after[says.audience("start")] |= _zone(says, before, timezone)
    return after


def _kept_back(shared: Mapping[str, Value]) -> dict[str, Value]:
    """What others have of a record that is for ourselves from now on: it is hidden, and stays as it was for whoever changes it."""
    return {"withdrawn": KEPT_BACK, **shared} if shared else {}


def _zone(says: ContentFile, before: Sides, timezone: str) -> dict[str, Value]:
    """The time zone of an event that does not say it: the one it had at this very time, else that of this site."""
    for old, _ in before.values():
        if old.get("start") == says.fields["start"]:
            return {
                name: old[name] for name in ("timezone", "timezone_basis") if old.get("timezone_basis") == OF_THE_SITE
            }
    return {"timezone": timezone, "timezone_basis": OF_THE_SITE} if timezone else {}
