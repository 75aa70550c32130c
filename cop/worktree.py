"""Content files into the log. The way back is `checkout`.

Files that may have changed are read (`reading`), what saving each means is decided (`planning`), and then it is done. A
file that is gone is reported, never taken as a wish to delete.
"""

import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from cop import attached, attaching, content, files, log, ready_copies, saved_files, views
from cop.checking import Named, named_by, remarks_on, remarks_on_leads
from cop.config import Site
from cop.database import writing
from cop.errors import CopError
from cop.model import PayloadHash, RecordId
from cop.patch import explained
from cop.planning import Plan, plan_all
from cop.progress import Progress, no_progress
from cop.reading import FileRead, Problem, hash_bytes, hash_file, read_all
from cop.scan import Scan, look_at, scan
from cop.shared_words import said
from cop.signing import Signer

_logger = logging.getLogger(__name__)
BATCH = 1000  # files saved in one transaction
LOCK_SECONDS = 600
MOST_REMARKS = 10_000  # that a report keeps; the others are counted


@dataclass
class LoadReport:
    """What `cop load` did, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    missing: tuple[str, ...] = ()
    refused: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()  # about files that were taken
    more_remarks: int = 0
    entries: int = 0
    seconds: float = 0.0


def changed_paths(site: Site, db: sqlite3.Connection) -> tuple[list[str], Scan]:
    """Files with unsaved edits, and the look at the folder that found them."""
    found = scan(db, site.content, ids_wanted=False)
    hashes = {row[0]: row[1] for row in db.execute("SELECT path, file_hash FROM local_file")}
    unsaved = [
        path
        for path in found.candidates
        if hash_file(site.content / path) != hashes.get(path)
        or (path in found.attached and attached.is_changed(site, db, path))
    ]
    return unsaved, found


def load(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    *,
    now: int,
    paths: Sequence[Path] = (),
    found: Scan | None = None,
    dry_run: bool = False,
    why: str = "",
    progress: Progress = no_progress,
) -> LoadReport:
    """Save what changed in the content files into the log and bring the site up to date.

    `found` is a look at the content folder that was just taken; else one is taken now, or `paths` are read. One bad
    file never stops the others. May be killed at any time; the next load goes on. Two loads at once take turns.
    `why` is saved with every change. Raises: WrongUsage if it is too long, Unfit.
    """
    why, _ = said(why, "", site.config.timezone)
    with content_lock(site):
        return _load(site, db, signer, now, paths, found, dry_run, why, progress)


@contextmanager
def content_lock(site: Site) -> Iterator[None]:
    """Only one `cop` at a time reads and writes the content files. Raises: CopError."""
    site.store_db.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(site.store_db.with_name("content.lock"), timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise CopError(
            "Another cop is busy with this site.", hint="Wait until it is done, then run it again."
        ) from error


def _load(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    now: int,
    paths: Sequence[Path],
    found: Scan | None,
    dry_run: bool,
    why: str,
    progress: Progress,
) -> LoadReport:
    started = time.monotonic()
    found = found or (
        look_at(site.content, paths) if paths else scan(db, site.content, ids_wanted=site.config.write_ids)
    )
    report = LoadReport(unchanged=found.unchanged)
    problems = [Problem(f"content/{odd.path}", 1, odd.reason, odd.hint) for odd in found.odd]
    remarks: list[Problem] = []
    named: list[Named] = []
    missing = set(found.missing)
    claimed: dict[RecordId, str] = {}
    grown: dict[str, int] = {}
    narrowed: list[RecordId] = []
    done = 0
    for batch in _batches(read_all(site.content, found.candidates)):
        taken = attaching.take_in(site, db, batch, keep=not dry_run)
        plans, bad = plan_all(site, db, taken.files, missing, claimed)
        problems += [*taken.problems, *bad]
        remarks += [remark for file in taken.files if file.content for remark in remarks_on(file.content)]
        remarks += [told for plan in plans for told in _told_narrower(plan)]
        narrowed += [plan.record_id for plan in plans if plan.narrowed]
        named += [named_by(file.content) for file in taken.files if file.content]
        if not dry_run:
            report.entries += _save(site, db, signer, plans, now, why, found.started_ns, taken.known)
            grown |= _add_ids(site, db, plans) if site.config.write_ids else {}
        _count(report, plans)
        done += len(batch)
        progress(done, len(found.candidates))
    if not dry_run:
        views.refresh(site, db, progress)
        _take_out_of_copies(site, db, narrowed)
    leads = remarks_on_leads(site, db, named)
    remarks += islice(leads, max(MOST_REMARKS - len(remarks), 0))
    report.more_remarks = sum(1 for _ in leads)
    report.missing = tuple(sorted(missing))
    report.refused = tuple(sorted(problems, key=lambda problem: problem.path))
    remarks = [_as_it_lies_now(remark, grown.get(remark.path.removeprefix("content/"), 0)) for remark in remarks]
    report.remarks = tuple(sorted(remarks, key=lambda remark: (remark.path, remark.line)))
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _take_out_of_copies(site: Site, db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> None:
    """Copies that readers can take hold no field any longer that goes to fewer now."""
    if record_ids:
        query = "SELECT type, slug FROM view_record WHERE record_id IN (SELECT value FROM json_each(?))"
        saved_files.strike(site.site_db, db.execute(query, [json.dumps(record_ids)]).fetchall())
        ready_copies.forget(ready_copies.folder_beside(site.site_db))


def _told_narrower(plan: Plan) -> Iterator[Problem]:
    """What goes to fewer than before is not unsaid."""
    path = f"content/{plan.file.path}"
    if plan.keeps_back:
        reason = "it was shared before; partners hide it from now on, and keep what they have"
        yield Problem(path, 1, reason, "To destroy it everywhere: cop erase")
        return
    if "title" in plan.narrowed:
        reason = "it was shared with more before, and stands in their copies"
        yield Problem(path, 1, reason, f"To destroy it everywhere: cop erase {path}")
        return
    for name in plan.narrowed:
        line = plan.file.content.lines.get(name, 1) if plan.file.content else 1
        reason = f"“{name}” was shared with more before, and stands in the history of this entry and in copies that others took"
        yield Problem(path, line, reason, f"To destroy it everywhere: cop erase {path} --field {name}")


def _as_it_lies_now(remark: Problem, grown: int) -> Problem:
    """With the line on which people find it, now that `id:` was added on top. The --- above that stays where it is."""
    only_id = grown == 1  # else the file had no --- either
    return remark if remark.line == 1 and only_id else replace(remark, line=remark.line + grown)


def _count(report: LoadReport, plans: Iterable[Plan]) -> None:
    for plan in plans:
        report.added += plan.is_new
        report.changed += bool(plan.changes) and not plan.is_new
        report.unchanged += not plan.changes
        report.moved += bool(plan.old_path)


def _batches(files_read: Iterator[FileRead]) -> Iterator[list[FileRead]]:
    while batch := list(islice(files_read, BATCH)):
        yield batch


def _save(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    plans: Sequence[Plan],
    now: int,
    why: str,
    checked_ns: int,
    taken: Mapping[str, Sequence[attached.Known]],
) -> int:
    """Write entries and what we know of the files, together."""
    changes = [replace(change, patch=explained(change.patch, why)) for plan in plans for change in plan.changes]
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
            attached.remember(db, plan.file.path, taken.get(plan.file.path, ()), plan.old_path)
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


def _add_ids(site: Site, db: sqlite3.Connection, plans: Iterable[Plan]) -> dict[str, int]:
    """Add the line `id: …` to files without one, unless they changed again under our hands. By how many lines each grew."""
    contents: dict[Path, tuple[Plan, bytes]] = {}
    grown: dict[str, int] = {}
    for plan in plans:
        if plan.file.content and not plan.file.content.written_id:
            path = site.content / plan.file.path
            data = path.read_bytes() if path.is_file() else b""
            if hash_bytes(data) == plan.file.file_hash:
                contents[path] = (plan, with_id := content.with_id(data, plan.record_id))
                grown[plan.file.path] = len(with_id.splitlines()) - len(data.splitlines())
    try:
        files.replace_all({
            path: data for path, (plan, data) in contents.items() if hash_bytes(data) != plan.file.file_hash
        })  # fmt: skip
    except OSError as error:  # a full or a read-only disk: the ids stay in the store, and the next load tries again
        _logger.warning("The lines “id: …” could not be added to the content files (%s).", error.strerror)
        return {}
    with writing(db):
        for path, (plan, data) in contents.items():
            stat = path.stat()
            if stat.st_size != len(data):  # somebody saved it in between: the next load sees that
                continue
            db.execute(
                "UPDATE local_file SET size = ?, mtime_ns = ?, checked_ns = ?, file_hash = ?, has_id = 1 WHERE path = ?",
                [stat.st_size, stat.st_mtime_ns, time.time_ns(), hash_bytes(data), plan.file.path],
            )
    return grown
