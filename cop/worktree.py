"""Content files into the log. The way back is `checkout`.

Each file knows its base: the heads it was last saved or written from. What a file says now, less what its base says,
is the patch, and the base is its parents. A file that is gone is reported, never taken as a wish to delete.
"""

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from cop import content, files, log, merge, patch, views
from cop.config import Site
from cop.content import ContentFile
from cop.errors import BadContent
from cop.fields import is_set
from cop.log import Change
from cop.merge import History
from cop.model import OWN, PARTNERS, PUBLIC, Patch, PayloadHash, RecordId, Revision, Value
from cop.scan import Scan, look_at, scan
from cop.schema import writing
from cop.signing import Signer

_logger = logging.getLogger(__name__)
BATCH = 1000  # files saved in one transaction
MANY = 300  # from here on files are read by all processors


@dataclass(frozen=True)
class Problem:
    """A content file that was left out, and what to do about it."""

    path: str  # below the site folder
    line: int
    reason: str
    hint: str


@dataclass(frozen=True)
class FileRead:
    """A content file as it lay on the disk."""

    path: str  # below content/
    size: int
    mtime_ns: int
    file_hash: bytes
    content: ContentFile | None
    problem: Problem | None


@dataclass(frozen=True)
class Plan:
    """What saving one file would do."""

    file: FileRead
    record_id: RecordId
    changes: tuple[Change, ...]  # at most one an audience; none if nothing changed
    kept_base: tuple[PayloadHash, ...]  # heads of audiences that do not change
    is_new: bool
    old_path: str  # where the file lay before, or ""


@dataclass
class LoadReport:
    """What `cop load` did, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    missing: tuple[str, ...] = ()
    refused: tuple[Problem, ...] = ()
    entries: int = 0
    seconds: float = 0.0


def changed_paths(site: Site, db: sqlite3.Connection) -> tuple[list[str], Scan]:
    """Files with unsaved edits, and the look at the folder that found them."""
    found = scan(db, site.content, ids_wanted=False)
    hashes = {row[0]: row[1] for row in db.execute("SELECT path, file_hash FROM local_file")}
    unsaved = [path for path in found.candidates if _hash_file(site.content / path) != hashes.get(path)]
    return unsaved, found


def _hash_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hash_bytes(file.read(content.MAX_FILE_BYTES + 1))
    except OSError:
        return b""


def hash_bytes(data: bytes) -> bytes:
    """What tells one state of a file from another, 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def load(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    *,
    now: int,
    paths: Sequence[Path] = (),
    found: Scan | None = None,
    dry_run: bool = False,
    progress: views.Progress = views.no_progress,
) -> LoadReport:
    """Save what changed in the content files into the log and bring the site up to date.

    `found` is a look at the content folder that was just taken; else one is taken now, or `paths` are read. One bad file never stops the others. May be killed at any time; the next load goes on.
    """
    started = time.monotonic()
    found = found or (
        look_at(site.content, paths) if paths else scan(db, site.content, ids_wanted=site.config.write_ids)
    )
    report = LoadReport(unchanged=found.unchanged)
    problems = [Problem(f"content/{odd.path}", 1, odd.reason, odd.hint) for odd in found.odd]
    missing = set(found.missing)
    claimed: dict[RecordId, str] = {}
    done = 0
    for batch in _batches(_read_all(site.content, found.candidates)):
        plans, bad = _plan_all(site, db, batch, missing, claimed)
        problems += bad
        if not dry_run:
            report.entries += _save(site, db, signer, plans, now, found.started_ns)
        _count(report, plans)
        done += len(batch)
        progress(done, len(found.candidates))
    if not dry_run:
        views.refresh(site, db, progress)
    report.missing = tuple(sorted(missing))
    report.refused = tuple(sorted(problems, key=lambda problem: problem.path))
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _count(report: LoadReport, plans: Iterable[Plan]) -> None:
    for plan in plans:
        report.added += plan.is_new
        report.changed += bool(plan.changes) and not plan.is_new
        report.unchanged += not plan.changes
        report.moved += bool(plan.old_path)


def _batches(files_read: Iterator[FileRead]) -> Iterator[list[FileRead]]:
    while batch := list(islice(files_read, BATCH)):
        yield batch


def _read_all(folder: Path, paths: Sequence[str]) -> Iterator[FileRead]:
    read_one = partial(_read, folder)
    if len(paths) < MANY:
        return map(read_one, paths)
    from cop.workers import map_in_processes  # late: needed for large loads only

    return map_in_processes(read_one, paths, partial(_unreadable, folder), processes=os.cpu_count() or 1)


def _read(folder: Path, path: str) -> FileRead:
    """Read one file; its size is capped while reading."""
    try:
        with (folder / path).open("rb") as file:
            stat = os.fstat(file.fileno())
            data = file.read(content.MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        problem = Problem(f"content/{path}", 1, "it went away while it was read", "Is it there now? Then: cop load")
        return FileRead(path, 0, 0, b"", None, problem)
    except OSError as error:
        problem = Problem(f"content/{path}", 1, f"it cannot be opened ({error.strerror})", "Check who may read it.")
        return FileRead(path, 0, 0, b"", None, problem)
    parsed: ContentFile | None = None
    bad: Problem | None = None
    try:
        parsed = content.read(data, path)
    except BadContent as error:
        reason = error.reason.replace(f"{len(data):,}", f"{stat.st_size:,}")  # of the whole file, not what was read
        bad = Problem(error.path, error.line, reason, error.hint)
    return FileRead(path, stat.st_size, stat.st_mtime_ns, hash_bytes(data), parsed, bad)


def _unreadable(folder: Path, path: str) -> FileRead:
    problem = Problem(f"content/{path}", 1, "reading it took too long", "Make its front matter simpler.")
    return FileRead(path, 0, 0, b"", None, problem)


_KNOWN = "SELECT path, record_id, file_hash, base, has_id FROM local_file"


def _plan_all(
    site: Site, db: sqlite3.Connection, batch: Iterable[FileRead], missing: set[str], claimed: dict[RecordId, str]
) -> tuple[list[Plan], list[Problem]]:
    plans, problems = [], []
    for file in sorted(batch, key=_has_no_id):  # an id that is written down goes before one that is remembered
        if file.problem or file.content is None:
            problems += [file.problem] if file.problem else []
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
    record_id = patch.record_id_of(says.written_id) if says.written_id else row["record_id"] if row else ""
    old_path = ""
    if row and not says.written_id and row["has_id"] and record_id in claimed:
        row, record_id = None, ""  # that record's file was renamed, and this is a new one in its place
    elif not (row and row["record_id"] == record_id):
        row = _elsewhere(db, file, record_id, missing)
        record_id = record_id or (row["record_id"] if row else "")
        old_path = row["path"] if row else ""
    if not record_id:
        return _new(file, says)
    other = claimed.get(record_id) or (old_path if row and old_path and _still_stands_for(site, row) else "")
    if other and other != file.path:
        return _copied(file, says, other)
    if row and row["file_hash"] == file.file_hash and content.record_type(row["path"]).name == says.type:
        return Plan(file, record_id, (), log.split_hashes(row["base"]), False, old_path)
    return _changes(db, file, says, record_id, log.split_hashes(row["base"]) if row else None, old_path)


def _new(file: FileRead, says: ContentFile) -> Plan:
    """A record that nobody knows yet."""
    after = _by_audience(says, _NOTHING)
    made = [(audience, patch.difference(says.type, {}, fields)) for audience, fields in after.items() if fields]
    record_id = patch.new_record_id()
    changes = [Change(record_id, (), one, audience) for audience, one in made if not one.changes_nothing]
    return Plan(file, record_id, tuple(changes), (), True, "")


def _elsewhere(db: sqlite3.Connection, file: FileRead, record_id: RecordId, missing: set[str]) -> sqlite3.Row | None:
    """The file under another name: by its id, or by its bytes if it has none."""
    if record_id:
        row: sqlite3.Row | None = db.execute(f"{_KNOWN} WHERE record_id = ?", [record_id]).fetchone()
        return row
    same = db.execute(f"{_KNOWN} WHERE file_hash = ?", [file.file_hash])
    gone = [row for row in same if row["path"] in missing]
    return gone[0] if len(gone) == 1 else None


def _still_stands_for(site: Site, row: sqlite3.Row) -> bool:
    """True if the file that a record was saved from is there and has not become another record's."""
    if not (site.content / row["path"]).is_file():
        return False
    found = _read(site.content, row["path"]).content
    if found is None:
        return True
    return patch.record_id_of(found.written_id) == row["record_id"] if found.written_id else not row["has_id"]


def _copied(file: FileRead, says: ContentFile, other: str) -> Problem:
    reason = f"it has the same id as content/{other}; was it copied from there?"
    hint = f"To make it a record of its own, delete the line “id: {says.written_id}”. Then: cop load"
    return Problem(f"content/{file.path}", says.id_line, reason, hint)


def _changes(
    db: sqlite3.Connection,
    file: FileRead,
    says: ContentFile,
    record_id: RecordId,
    base: tuple[PayloadHash, ...] | None,
    old_path: str,
) -> Plan:
    """The patches that lead from the base of a file to what it says, one an audience."""
    history = log.revisions(db, record_id)
    before = _at_base(history, base)
    after = _by_audience(says, before)
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


Sides = dict[int, tuple[dict[str, Value], tuple[PayloadHash, ...]]]


_NOTHING: Sides = {PUBLIC: ({}, ()), PARTNERS: ({}, ()), OWN: ({}, ())}


def _at_base(history: Sequence[Revision], base: tuple[PayloadHash, ...] | None) -> Sides:
    """Per audience, the fields as the file last had them, and their heads. Without a base, what the log shows now."""
    sides: Sides = {}
    for audience in (PUBLIC, PARTNERS, OWN):
        same = History(r for r in history if r.audience == audience)
        known = same.revisions if base is None else same.up_to(base)
        view = merge.merge(known)
        heads = {revision.payload_hash for revision in same.revisions}
        held = (view.heads if view else ()) if base is None else tuple(h for h in base if h in heads)
        sides[audience] = (dict(view.fields) if view else {}, held)
    return sides


def _by_audience(says: ContentFile, before: Sides) -> dict[int, dict[str, Value]]:
    """The fields of a file, by who may receive them. What only `cop` sets stays as it was."""
    after: dict[int, dict[str, Value]] = {PUBLIC: {}, PARTNERS: {}, OWN: {}}
    for name, value in says.fields.items():
        after[says.audience(name)][name] = value
    had = [name for old, _ in before.values() for name in old]
    if "slug" not in says.fields and not had:
        after[says.share]["slug"] = content.slug_from_path(says.path) or None
    for audience, (old, _) in before.items():
        for name in ("slug", "withdrawn"):
            if name in old and name not in says.fields:
                after[says.share if name == "slug" else audience][name] = old[name]
    return after


def _save(site: Site, db: sqlite3.Connection, signer: Signer, plans: Sequence[Plan], now: int, checked_ns: int) -> int:
    """Write entries and what we know of the files, together; then add ids to files that have none."""
    changes = [change for plan in plans for change in plan.changes]
    with writing(db):
        entries = log.write(db, signer, "change", changes, claimed_time=now) if changes else ()
        hashes = iter([item.payload_hash for entry in entries for item in entry.items])
        for plan in plans:
            base = (*plan.kept_base, *(next(hashes) for _ in plan.changes))
            has_id = bool(plan.file.content and plan.file.content.written_id)
            if plan.old_path:
                owned = [plan.old_path, plan.record_id]
                db.execute("DELETE FROM local_file WHERE path = ? AND record_id = ?", owned)
            keep_file(db, plan.file, plan.record_id, base, checked_ns, has_id)
    if site.config.write_ids:
        _add_ids(site, db, plans)
    return len(entries)


def keep_file(
    db: sqlite3.Connection,
    file: FileRead,
    record_id: RecordId,
    base: Iterable[PayloadHash],
    checked_ns: int,
    has_id: bool,
) -> None:
    """Remember the state in which a file was saved or written."""
    db.execute(
        "INSERT OR REPLACE INTO local_file VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.path, file.size, file.mtime_ns, checked_ns, file.file_hash, record_id, b"".join(sorted(base)), has_id
        ],
    )  # fmt: skip


def _add_ids(site: Site, db: sqlite3.Connection, plans: Iterable[Plan]) -> None:
    """Add the line `id: …` to files without one, unless they changed again under our hands."""
    contents: dict[Path, tuple[Plan, bytes]] = {}
    for plan in plans:
        if plan.file.content and not plan.file.content.written_id:
            path = site.content / plan.file.path
            data = path.read_bytes() if path.is_file() else b""
            if hash_bytes(data) == plan.file.file_hash:
                contents[path] = (plan, content.with_id(data, plan.record_id))
    try:
        files.replace_all({
            path: data for path, (plan, data) in contents.items() if hash_bytes(data) != plan.file.file_hash
        })  # fmt: skip
    except OSError as error:  # a full or a read-only disk: the ids stay in the store, and the next load tries again
        _logger.warning("The lines “id: …” could not be added to the content files (%s).", error.strerror)
        return
    with writing(db):
        for path, (plan, data) in contents.items():
            stat = path.stat()
            db.execute(
                "UPDATE local_file SET size = ?, mtime_ns = ?, checked_ns = ?, file_hash = ?, has_id = 1 WHERE path = ?",
                [stat.st_size, stat.st_mtime_ns, time.time_ns(), hash_bytes(data), plan.file.path],
            )
