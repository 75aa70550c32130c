"""Records from the log as content files: the one door back. Never over unsaved edits."""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cop import attached, beside, files, lacking, merge, read_back, trust, writeback
from cop.config import Site
from cop.database import writing
from cop.fields import BY_COMMAND, SHARES, TYPES
from cop.merge import History
from cop.model import PayloadHash, RecordId, RecordView, Revision, Value
from cop.planning import id_of
from cop.publish import base_slug
from cop.reading import FileRead, hash_bytes, read_one
from cop.scan import Scan, scan
from cop.worktree import content_lock, keep_file

SHARE_FIELDS = "share_fields"
Names = Mapping[str, str]  # key of an attachment: how the content file names it
NO_NAMES: Names = {}


@dataclass
class CheckoutReport:
    """Paths below the site folder."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # they have unsaved edits
    waiting: list[str] = field(
        default_factory=list
    )  # not written: somebody asks to remove a part, and nobody has decided
    covered: list[str] = field(default_factory=list)  # what we keep to ourselves covers what others changed
    unchanged: int = 0


def check_out(site: Site, db: sqlite3.Connection, record_ids: Sequence[RecordId] = ()) -> CheckoutReport:
    """Write records as content files: the named ones, or every record that readers or partners can see."""
    with content_lock(site):
        return check_out_within(site, db, record_ids)


def check_out_within(site: Site, db: sqlite3.Connection, record_ids: Sequence[RecordId]) -> CheckoutReport:
    """The same, for who holds the lock of the content folder already."""
    report, folder = CheckoutReport(), _Folder(site, db)
    network = trust.members(db)
    wanted = record_ids or _that_may_differ(folder)
    if not record_ids:
        report.unchanged = _shown_count(db) - len(wanted)
    for record_id in wanted:
        revisions = merge.accepted(read_back.revisions(db, record_id), network)
        view = merge.merge(revisions)
        if view is not None and view.type in TYPES:
            _check_out_one(folder, record_id, revisions, view, report)
    return report


@dataclass
class _Folder:
    """The content folder, looked through once, and only if something depends on it."""

    site: Site
    db: sqlite3.Connection

    @cached_property
    def found(self) -> Scan:
        """What may not be as it was saved."""
        return scan(self.db, self.site.content, ids_wanted=False)

    @cached_property
    def unsaved(self) -> dict[RecordId, Path]:
        """Files that are not saved under their name, by the record they stand for: renamed ones, or of a run that was killed."""
        saved = {row[0] for row in self.db.execute("SELECT path FROM local_file")}
        found: dict[RecordId, Path] = {}
        for path in self.found.candidates:
            says = read_one(self.site.content, path).content if path not in saved else None
            if says is not None and says.written_id:
                found[id_of(self.db, says)] = self.site.content / path
        return found


_MAY_DIFFER = """
    SELECT DISTINCT record_id FROM view_record AS v LEFT JOIN local_file AS f USING (record_id) WHERE v.state <> 'withdrawn'
    AND (f.path IS NULL OR f.base <> v.heads OR f.path IN (SELECT value FROM json_each(?1))
         OR f.path IN (SELECT path FROM local_attachment) OR record_id IN (SELECT value FROM json_each(?2)))
    ORDER BY record_id
"""


def _that_may_differ(folder: _Folder) -> list[RecordId]:
    """Records with no file, with news since it was written, with a file that may have changed, or with attachments.

    Of all others the log need not be read: what their files were written from is what is shown.
    """
    paths = [*folder.found.candidates, *folder.found.missing]
    with_files = lacking.records_with_files(folder.site.site_db)
    return [row[0] for row in folder.db.execute(_MAY_DIFFER, [json.dumps(paths), json.dumps(with_files)])]


def _shown_count(db: sqlite3.Connection) -> int:
    found: int = db.execute("SELECT count(*) FROM view_record WHERE state <> 'withdrawn'").fetchone()[0]
    return found


def _check_out_one(
    folder: _Folder, record_id: RecordId, revisions: Sequence[Revision], view: RecordView, report: CheckoutReport
) -> None:
    site, db = folder.site, folder.db
    row = db.execute("SELECT path, file_hash, base FROM local_file WHERE record_id = ?", [record_id]).fetchone()
    there = row is not None and (site.content / row["path"]).is_file()
    unsaved = None if there else folder.unsaved.get(record_id)
    path = site.content / row["path"] if row else unsaved or _free_path(site, record_id, view)
    data = path.read_bytes() if there else None
    shown = f"content/{(path if data is not None else unsaved or path).relative_to(site.content).as_posix()}"
    below = path.relative_to(site.content).as_posix()
    if data is None:
        is_edited = unsaved is not None and unsaved.read_bytes() != new_text(record_id, revisions, view).encode()
    else:
        is_edited = hash_bytes(data) != row["file_hash"] or attached.is_changed(site, db, below)
    if is_edited:
        report.kept.append(shown)
    elif data is None and any(one.waits for revision in revisions for one in revision.erased):
        report.waiting.append(shown)  # a file without the hidden part would say, when saved, that we took it out
    elif (
        data is not None
        and row["base"] == b"".join(view.heads)
        and not beside.could_put(site, db, below, view.type, view.fields)
    ):
        report.unchanged += 1
    else:
        before = beside.names_in(db, below)
        put = beside.put_beside(site, db, below, view.type, view.fields)
        after = {one.key: one.written for one in put}
        text = (
            new_text(record_id, revisions, view, after).encode()
            if data is None
            else _changed_text(data, row["base"], revisions, view, (before, after))
        )
        if text != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(path, text)
            report.written.append(shown)
        base = _base(row["base"] if row else b"", revisions, view)
        if text == data and base != view.heads:
            report.covered.append(shown)
        _remember(site, db, path, record_id, base, put)


def new_text(record_id: RecordId, revisions: Sequence[Revision], view: RecordView, names: Names = NO_NAMES) -> str:
    """The text of a new content file."""
    narrow = _narrow(revisions, view)
    fields = {**written_fields(view, names), **({SHARE_FIELDS: narrow} if narrow else {})}
    return writeback.new_file(TYPES[view.type], record_id, fields, _share(revisions))


def _changed_text(
    data: bytes, base: bytes, revisions: Sequence[Revision], view: RecordView, names: tuple[Names, Names]
) -> bytes:
    """The file with the record's changes since its base; byte order mark and line ends stay."""
    heads = read_back.split_hashes(base)
    known = [r for audience in (0, 1, 2) for r in History(x for x in revisions if x.audience == audience).up_to(heads)]
    old = merge.merge(known)
    narrow = _narrow(known, old) if old else {}
    before = {**(written_fields(old, names[0]) if old else {}), SHARE_FIELDS: narrow or None}
    after = {**written_fields(view, names[1]), SHARE_FIELDS: {**narrow, **_narrow(revisions, view)} or None}
    return writeback.changed_bytes(data, before, after)


def _base(old: bytes, revisions: Sequence[Revision], view: RecordView) -> tuple[PayloadHash, ...]:
    """What the file counts as written from: the heads, but for news that a narrower answer covers.

    Whoever saves the file has not seen these. As part of its base they would be overwritten without a word.
    """
    heads: list[PayloadHash] = []
    for audience in range(len(SHARES)):
        same = [revision for revision in revisions if revision.audience == audience]
        held = merge.merge(same)
        fields = held.fields if held else {}
        covered = any(view.fields.get(name) != value for name, value in fields.items() if value is not None)
        known = {revision.payload_hash for revision in same}.intersection(read_back.split_hashes(old))
        heads += known if covered else held.heads if held else ()
    return tuple(sorted(heads))


def _share(revisions: Iterable[Revision]) -> int:
    return min(revision.audience for revision in revisions if revision.patch)


def _narrow(revisions: Sequence[Revision], view: RecordView) -> dict[str, Value]:
    """What stands behind `share_fields:`: fields that must not go to all who get the record when the file is loaded again."""
    share, kind = _share(revisions), TYPES[view.type]
    narrow: dict[str, Value] = {}
    for audience in range(share + 1, len(SHARES)):
        held = merge.merge(r for r in revisions if r.audience == audience)
        for name in held.fields if held else ():
            field = kind.field(name)
            if (field is None or SHARES.index(field.share) < audience) and name not in {"slug", *BY_COMMAND}:
                narrow[name] = SHARES[audience]
    return dict(sorted(narrow.items()))


def written_fields(view: RecordView, names: Names) -> dict[str, Value]:
    """What of a record a content file says; the rest only commands set."""
    fields = beside.as_written(view.type, view.fields, names)
    return {name: value for name, value in fields.items() if name not in BY_COMMAND}


def _free_path(site: Site, record_id: RecordId, view: RecordView) -> Path:
    folder, slug = site.content / TYPES[view.type].folder, base_slug(record_id, view.fields)
    path = folder / f"{slug}.md"
    return folder / f"{slug}-{record_id}.md" if path.exists() else path


def _remember(
    site: Site,
    db: sqlite3.Connection,
    path: Path,
    record_id: RecordId,
    base: tuple[PayloadHash, ...],
    put: Sequence[attached.Known],
) -> None:
    stat, data = path.stat(), path.read_bytes()
    below = path.relative_to(site.content).as_posix()
    file = FileRead(below, stat.st_size, stat.st_mtime_ns, hash_bytes(data), None, None)
    with writing(db):
        keep_file(db, file, record_id, base, time.time_ns(), has_id=True)
        attached.remember(db, below, put)
