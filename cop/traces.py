"""What is left of destroyed texts outside the log: content files, attachments, the published database, what SQLite keeps.

`local_forget` says what is still to be done, so that a run that was killed, or a file that somebody has open, is not
forgotten. Unsaved edits are never destroyed: they are told of instead.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from cop import (
    attached,
    blobs,
    checkout,
    contributions,
    erasing,
    files,
    judging,
    log,
    merge,
    read_back,
    ready_copies,
    settings,
    stale,
    trust,
    views,
    writeback,
)
from cop.attached import Known
from cop.attachments import in_fields
from cop.config import Site
from cop.database import writing, written_anew
from cop.errors import CopError
from cop.identity import Side
from cop.model import RecordId, RecordView, Value
from cop.reading import FileRead, hash_bytes, hash_file, read_one
from cop.worktree import content_lock, keep_file

RECORD, BLOB, RECEIPT, STORE = "record", "blob", "receipt", "store"  # kinds of rows in `local_forget`
_MOST_IN_A_RECEIPT = 5000
_GONE = "\0"  # a value that no field has


def files_left(site: Site, db: sqlite3.Connection) -> list[str]:
    """Content files that hold erased text still, because they have unsaved edits."""
    return [
        f"content/{row['path']}"
        for record_id in _left(db, RECORD)
        for row in _rows(db, record_id)
        if (site.content / row["path"]).is_file()
    ]


def refuse_unsaved(site: Site, db: sqlite3.Connection, record_id: RecordId) -> None:
    """Raises CopError if content files of a record have edits that were not saved: nobody's words are destroyed unseen."""
    for row in _rows(db, record_id):
        if _is_edited(site, db, row):
            raise CopError(
                f"content/{row['path']} has unsaved edits. Nothing was erased.",
                hint="Save them first: cop load. Or put them back as they were: delete the file, then cop checkout",
            )


def clean(side: Side, now: int) -> None:
    """Do what is still to be done. Does nothing if nothing is; what cannot be done now is tried again the next time."""
    site, db = side.site, side.db
    if not stale.traces_are_left(db):
        return
    with content_lock(site):
        for record_id in _left(db, RECORD):
            if _clean_files(site, db, record_id, now):
                _done(db, RECORD, record_id)
    views.refresh(site, db)
    ready_copies.forget(ready_copies.folder_beside(site.site_db))
    for sha256 in _left(db, BLOB):
        _clean_blob(site, db, sha256)
        _done(db, BLOB, sha256)
    _write_receipts(side, now)
    if written_anew(db):
        _done(db, STORE, "")


def _left(db: sqlite3.Connection, kind: str) -> list[str]:
    return [row[0] for row in db.execute("SELECT what FROM local_forget WHERE kind = ? ORDER BY what", [kind])]


def _done(db: sqlite3.Connection, kind: str, what: str) -> None:
    with writing(db):
        db.execute("DELETE FROM local_forget WHERE (kind, what) = (?, ?)", [kind, what])


def _rows(db: sqlite3.Connection, record_id: RecordId) -> list[sqlite3.Row]:
    return db.execute("SELECT * FROM local_file WHERE record_id = ?", [record_id]).fetchall()


def _is_edited(site: Site, db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    path = site.content / row["path"]
    if not path.is_file():
        return False
    return hash_file(path) != row["file_hash"] or attached.is_changed(site, db, row["path"])


def _clean_files(site: Site, db: sqlite3.Connection, record_id: RecordId, now: int) -> bool:
    """Take erased text out of the content files of a record. Returns False if one has unsaved edits."""
    rows = _rows(db, record_id)
    view = views.current_view(db, record_id)
    with writing(db):
        contributions.forget_about(db, record_id, whole=view is None, now=now)
    names = judging.erased_fields(db, record_id)
    for row in rows:
        path = site.content / row["path"]
        path.with_name(f"{path.name}.part").unlink(missing_ok=True)  # of a `cop` that was killed
        if _is_edited(site, db, row):
            if view is None or not _holds_none(site, row["path"], view, names):
                return False
        elif view is None:
            _remove(site, db, row["path"])
        elif "slug" in names and "slug" not in view.fields:  # the file is named after what was erased
            _remove(site, db, row["path"])
            checkout.check_out_within(site, db, [record_id])
        elif path.is_file():
            _write_anew(site, db, row, view, names)
    return True


def _remove(site: Site, db: sqlite3.Connection, below: str) -> None:
    """Take a content file away, with its attachments, unless another content file names these."""
    for known in attached.known_files(db, below):
        _remove_beside(site, db, below, known)
    (site.content / below).unlink(missing_ok=True)
    with writing(db):
        db.execute("DELETE FROM local_file WHERE path = ?", [below])
        db.execute("DELETE FROM local_attachment WHERE path = ?", [below])


def _remove_beside(site: Site, db: sqlite3.Connection, below: str, known: Known) -> None:
    others = db.execute("SELECT 1 FROM local_attachment WHERE file = ? AND path <> ?", [known.file, below]).fetchone()
    path = site.content / known.file
    if others is None and attached.hash_now(site, known) == known.sha256:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # there is something else in that folder; it may be named after what was erased
            path.parent.rmdir()


def _write_anew(site: Site, db: sqlite3.Connection, row: sqlite3.Row, view: RecordView, names: frozenset[str]) -> None:
    """The same file without what was erased. What others wrote there since stays, and so does its base."""
    path, below = site.content / row["path"], row["path"]
    before = path.read_bytes()
    staying = {one.key for _, one in in_fields(view.type, view.fields)}
    known = attached.known_files(db, below)
    kept = [one for one in known if one.key in staying]
    for one in known:
        if one not in kept:
            _remove_beside(site, db, below, one)
    after = writeback.changed_bytes(before, dict.fromkeys(names, _GONE), _still(view, names, kept))
    if after != before:
        files.replace(path, after)
    if not _holds_none(site, below, view, names):  # such as a title that stood in the text
        files.replace(path, _as_new(db, row["record_id"], view, kept))
    _remember(site, db, row, kept)


def _still(view: RecordView, names: frozenset[str], kept: list[Known]) -> Mapping[str, Value]:
    """What stands in these fields now: somebody may have filled them in since."""
    written = checkout.written_fields(view, {one.key: one.written for one in kept})
    return {name: written[name] for name in names if name in written}


def _as_new(db: sqlite3.Connection, record_id: RecordId, view: RecordView, kept: list[Known]) -> bytes:
    revisions = merge.accepted(read_back.revisions(db, record_id), trust.members(db))
    return checkout.new_text(record_id, revisions, view, {one.key: one.written for one in kept}).encode()


def _holds_none(site: Site, below: str, view: RecordView, names: frozenset[str]) -> bool:
    """True if a content file says nothing in the fields that were erased, and that are empty since."""
    says = read_one(site.content, below).content
    return says is None or not any(name in says.fields and name not in view.fields for name in names)


def _remember(site: Site, db: sqlite3.Connection, row: sqlite3.Row, kept: list[Known]) -> None:
    path = site.content / row["path"]
    found, data = path.stat(), path.read_bytes()
    file = FileRead(row["path"], found.st_size, found.st_mtime_ns, hash_bytes(data), None, None)
    base = read_back.split_hashes(row["base"])
    with writing(db):
        keep_file(db, file, row["record_id"], base, time.time_ns(), has_id=bool(row["has_id"]))
        attached.remember(db, row["path"], kept)


def _clean_blob(site: Site, db: sqlite3.Connection, sha256: str) -> None:
    """Take an attachment away, unless a text that is held names it, or it is our mark."""
    named = db.execute("SELECT 1 FROM log_payload WHERE instr(payload, ?) LIMIT 1", [sha256.encode()]).fetchone()
    if named is None and sha256 != site.config.mark.sha256:
        blobs.destroy(blobs.folder(site), sha256)


def _write_receipts(side: Side, now: int) -> None:
    """Confirm what others wanted erased, once nothing of it is left here: it goes with the next exchange."""
    db = side.db
    with writing(db):
        own = settings.own_writer(db)
        rows = list(_to_confirm(db))
        others = {entry_id: count for entry_id, writer, count in rows if writer != own}
        if others:
            log.write(db, side.signer, erasing.RECEIPT, [], claimed_time=now, extra=erasing.receipt(others))
        db.executemany("DELETE FROM local_forget WHERE (kind, what) = (?, ?)", ((RECEIPT, row[0]) for row in rows))


def _to_confirm(db: sqlite3.Connection) -> Iterator[tuple[bytes, bytes, int]]:
    """Erasures that are done here: entry id, writer, texts that were destroyed."""
    rows = db.execute(
        "SELECT entry_id, writer, local_forget.count FROM local_forget JOIN log_entry ON entry_id = what"
        " WHERE local_forget.kind = ? AND NOT EXISTS (SELECT 1 FROM view_erasure JOIN local_forget AS open"
        " ON open.kind = ? AND open.what = record_id WHERE view_erasure.entry_id = log_entry.entry_id)"
        " AND NOT EXISTS (SELECT 1 FROM view_erasure WHERE entry_id = log_entry.entry_id AND what = ?) LIMIT ?",
        [RECEIPT, RECORD, erasing.HIDE, _MOST_IN_A_RECEIPT],
    )
    return (tuple(row) for row in rows)
