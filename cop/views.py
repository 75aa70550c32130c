"""Keeps the views in step with the log: `site.db` for readers, `view_record` in `store.db` for the command line.

`refresh()` redoes the records that new entries touch and gives what a rebuild from nothing would give. It may be
killed at any time and goes on at the next call.
"""

import json
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from cop import (
    agreement,
    imprint,
    judging,
    markdown,
    merge,
    publish,
    read_back,
    saved_files,
    search_index,
    settings,
    site_tables,
    stale,
    trust,
)
from cop.config import Site
from cop.database import writing, written_anew
from cop.markdown import Rendered
from cop.model import OWN, Members, RecordId, RecordView
from cop.origin import Origin
from cop.progress import Progress, no_progress
from cop.redone import Redone, private_row, redo, waiting_row
from cop.site_schema import open_site

BATCH = 500  # records written in one transaction
MANY = 300  # from here on texts are laid out by all processors
LOCK_SECONDS = 600
Choose = Callable[[sqlite3.Connection], list[RecordId]]  # of the records whose views are behind


def refresh(site: Site, db: sqlite3.Connection, progress: Progress = no_progress, choose: Choose | None = None) -> None:
    """Bring the views up to date with the log: all, or those of the records that `choose` names of what is behind."""
    from filelock import FileLock  # late: an exchange that brings nothing refreshes nothing

    site.site_db.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(site.site_db.with_name("views.lock"), timeout=LOCK_SECONDS):
        public = open_site(site.site_db)
        try:
            _refresh(site, db, public, progress, choose or stale.records)
        finally:
            public.close()


def rebuild(site: Site, db: sqlite3.Connection, progress: Progress = no_progress) -> None:
    """Throw the views away and compute them from the log."""
    with writing(db):
        settings.keep(db, "views_of", None)
    refresh(site, db, progress)


def origin_of(
    site: Site, db: sqlite3.Connection, network: Members, names: Mapping[bytes, trust.Organisation]
) -> Origin:
    """What it takes to say who made a change, and whether it counts as published."""
    called = {key: organisation.name for key, organisation in names.items()}
    kinds = {key: organisation.kind for key, organisation in names.items()}
    return agreement.with_rules(db, Origin(network, called, kinds, stale.today(), site.config.timezone))


def _refresh(
    site: Site, db: sqlite3.Connection, public: sqlite3.Connection, progress: Progress, choose: Choose
) -> None:
    network = trust.members(db)
    names = trust.names(db, network)
    origin = origin_of(site, db, network, names)
    others = imprint.mark_if_others(db, public, origin)
    (judging.judge_all if others else judging.judge_stale)(db)
    imprint.mark_if_another_day(db, public, origin)
    if others or settings.read(db, "shown_as") != site.config.shown_as or not site_tables.setting(public, "title"):
        imprint.describe(site, db, public, names, origin)
    while (mark := stale.newest_mark(db)) is not None and (chosen := choose(db)):
        hidden = _redo(db, public, origin, chosen, progress)
        saved_files.strike(site.site_db, hidden)
        imprint.describe(site, db, public, names, origin)
        with writing(db):  # last: whoever is stopped before it does all of this again
            stale.done(db, chosen, mark)
    if settings.read(db, judging.FORGET) and not stale.count(db):
        _forget(site, db, public)


def _forget(site: Site, db: sqlite3.Connection, public: sqlite3.Connection) -> None:
    """Leave no byte of what was taken down: the index of words keeps what was taken out of it until it is packed anew."""
    saved_files.forget(site.site_db)
    with writing(public):
        search_index.pack(public)
    done = written_anew(public)
    with writing(db):  # while somebody reads, what was there before stays beside it: then the next time
        settings.keep(db, judging.FORGET, None if done else 1)


def _redo(
    db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin, behind: list[RecordId], progress: Progress
) -> list[tuple[str, str]]:
    """Merge, lay out and write records, batch by batch; laying out runs ahead in processes of its own.

    Returns type and short address of those that readers saw before and see no more.
    """
    waiting: deque[list[Redone]] = deque()
    hidden: list[tuple[str, str]] = []

    def texts() -> Iterator[str]:
        for at in range(0, len(behind), BATCH):
            waiting.append(_merged(db, behind[at : at + BATCH], origin))
            yield from [redone.body for redone in waiting[-1]]

    processes = (os.cpu_count() or 1) if len(behind) >= MANY else 1
    laid_out = markdown.render_all(texts(), processes=processes)
    counting = search_index.Counting()
    with writing(public):
        search_index.recount(public)
    for done in range(0, len(behind), BATCH):
        first = next(laid_out)  # this fills `waiting`
        batch = waiting.popleft()
        rendered = [first, *islice(laid_out, len(batch) - 1)]
        hidden += _seen(public, [redone.record_id for redone in batch if redone.public is None])
        _write(db, public, origin, batch, rendered, counting, last=done + BATCH >= len(behind))
        progress(min(done + BATCH, len(behind)), len(behind))
    return hidden


def _seen(public: sqlite3.Connection, record_ids: list[RecordId]) -> list[tuple[str, str]]:
    query = "SELECT type, slug FROM records WHERE record_id IN (SELECT value FROM json_each(?))"
    return [tuple(row) for row in public.execute(query, [json.dumps(record_ids)])] if record_ids else []


def _merged(db: sqlite3.Connection, record_ids: list[RecordId], origin: Origin) -> list[Redone]:
    histories = read_back.revisions_of(db, record_ids)
    return [redo(record_id, histories.get(record_id, []), origin) for record_id in record_ids]


def _write(
    db: sqlite3.Connection,
    public: sqlite3.Connection,
    origin: Origin,
    batch: Sequence[Redone],
    laid_out: Sequence[Rendered],
    counting: search_index.Counting,
    *,
    last: bool,
) -> None:
    published = [
        publish.published(redone.record_id, redone.public, redone.revisions, rendered, origin, redone.standing)
        for redone, rendered in zip(batch, laid_out, strict=True)
        if redone.public is not None
    ]
    with writing(public):
        site_tables.replace(public, [redone.record_id for redone in batch], published, counting)
        counting.write(public, last=last)
    with writing(db):
        _move_bases(db, batch)
        db.executemany("INSERT OR REPLACE INTO view_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(private_row, batch))
        _write_waiting(db, batch)


def _write_waiting(db: sqlite3.Connection, batch: Sequence[Redone]) -> None:
    ids = json.dumps([redone.record_id for redone in batch])
    db.execute("DELETE FROM view_waiting WHERE record_id IN (SELECT value FROM json_each(?))", [ids])
    db.executemany("INSERT INTO view_waiting VALUES (?, ?)", filter(None, map(waiting_row, batch)))


def _move_bases(db: sqlite3.Connection, batch: Sequence[Redone]) -> None:
    """Where a record reads as before, its content file counts as written from the new heads.

    Two organisations that loaded the same file have a head each that says the same. An edit of either is an edit of both.
    """
    ids = json.dumps([redone.record_id for redone in batch])
    before = {
        row["record_id"]: row
        for row in db.execute(
            "SELECT record_id, digest, heads FROM view_record WHERE record_id IN (SELECT value FROM json_each(?))",
            [ids],
        )
    }
    for redone in batch:
        row, view = before.get(redone.record_id), redone.everything
        if row is None or view is None or view != redone.shared:
            continue
        heads = b"".join(view.heads)
        if heads != row["heads"] and redone.shared and publish.digest(redone.record_id, redone.shared) == row["digest"]:
            db.execute(
                "UPDATE local_file SET base = ? WHERE record_id = ? AND base = ?",
                [heads, redone.record_id, row["heads"]],
            )


def current_view(db: sqlite3.Connection, record_id: RecordId, widest: int = OWN) -> RecordView | None:
    """One record as this installation sees it, computed now."""
    network = trust.members(db)
    return merge.merge(merge.accepted(read_back.revisions(db, record_id), network), widest)
