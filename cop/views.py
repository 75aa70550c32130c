"""Keeps the views in step with the log: `site.db` for readers, `view_record` in `store.db` for the command line.

`refresh()` redoes the records that new entries touch and gives what a rebuild from nothing would give. It may be
killed at any time and goes on at the next call.
"""

import json
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice

from cop import blobs, ended, log, markdown, marks, merge, publish, search_index, site_tables, stale, trust
from cop.config import Site
from cop.entry import KINDS
from cop.markdown import Rendered
from cop.model import OWN, RecordId, RecordView, iso_time
from cop.progress import Progress, no_progress
from cop.publish import Origin
from cop.redone import ENDED, Redone, private_row, redo
from cop.schema import open_site, writing
from cop.signing import sha256

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
        log.set_setting(db, "views_of", None)
    refresh(site, db, progress)


def origin_of(network: trust.Members, names: Mapping[bytes, trust.Organisation]) -> Origin:
    """What it takes to say who made a change."""
    called = {key: organisation.name for key, organisation in names.items()}
    kinds = {key: organisation.kind for key, organisation in names.items()}
    return Origin(network.writers, called, kinds, stale.today())


def _refresh(
    site: Site, db: sqlite3.Connection, public: sqlite3.Connection, progress: Progress, choose: Choose
) -> None:
    network = trust.members(db)
    names = trust.names(db, network)
    origin = origin_of(network, names)
    others = _mark_if_others(db, public, origin)
    _mark_if_another_day(db, public, origin)
    if others or log.setting(db, "shown_as") != site.config.shown_as or not site_tables.setting(public, "title"):
        _describe(site, db, public, names)
    while (mark := stale.newest_mark(db)) is not None and (chosen := choose(db)):
        _redo(db, public, origin, chosen, progress)
        _describe(site, db, public, names)
        with writing(db):  # last: whoever is stopped before it does all of this again
            stale.done(db, chosen, mark)


def _describe(
    site: Site, db: sqlite3.Connection, public: sqlite3.Connection, names: Mapping[bytes, trust.Organisation]
) -> None:
    """Say what this copy is and who the members are."""
    with writing(public):
        site_tables.describe(
            public, {**_about_us(site), **_about_copy(db)}, [_member(key, one) for key, one in names.items()]
        )
    with writing(db):
        log.set_setting(db, "shown_as", site.config.shown_as)
    public.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file alone is the whole site


def _mark_if_others(db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin) -> bool:
    """Mark what to redo because `site.db` is new or another store's, or because others are members than before.

    Returns whether anything of that changed.
    """
    network = {writer.hex(): [origin.names[one], origin.kinds[one]] for writer, one in origin.writers.items()}
    told = json.dumps(network, sort_keys=True)
    store = _store_id(db)
    seen_by = [
        store,
        sorted(KINDS),
        sorted(origin.writers.items()),
        sorted(origin.names.items()),
        sorted(origin.kinds.items()),
    ]
    views_of = sha256(repr(seen_by).encode()).hex()
    before = log.setting(db, "views_of")
    known = site_tables.setting(public, "views_of") == before
    if known and before == views_of:
        return False
    with writing(public):
        if site_tables.setting(public, "store") != store:  # else what stands there stays up until it is redone
            site_tables.clear(public)
        names = {"views_of": views_of, "store": store}
        site_tables.tell(public, names)
    with writing(db):
        stale.mark_records_of(db, _others(db, network) if known and before else None)
        log.set_setting(db, "views_of", views_of)
        log.set_setting(db, "views_network", told)
    return True


def _mark_if_another_day(db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin) -> None:
    """Mark those who were to be listed until a day, if that day may have come; or gone back, where a clock was wrong."""
    if stale.are_of(db, origin.today):
        return
    over = ended.hidden(public, origin.today)
    hidden = db.execute("SELECT record_id FROM view_record WHERE type = 'person' AND state = ?", [ENDED])
    with writing(db):
        marks = [[record_id] for record_id in (*over, *(row[0] for row in hidden.fetchall()))]
        db.executemany("INSERT INTO local_stale (record_id) VALUES (?)", marks)
        log.set_setting(db, "views_day", origin.today.isoformat())


def _store_id(db: sqlite3.Connection) -> str:
    """What no other store has: its first entry."""
    row = db.execute("SELECT entry_id FROM log_entry ORDER BY entry_number LIMIT 1").fetchone()
    return row[0].hex() if row else ""


def _others(db: sqlite3.Connection, network: Mapping[str, list[str]]) -> list[str] | None:
    """Writers (hex) who came, went or are called something else since the views were made; None if that is not known."""
    told = log.setting(db, "views_network")
    if not isinstance(told, str):
        return None
    before: dict[str, list[str]] = json.loads(told)
    return [writer for writer in {**before, **network} if before.get(writer) != network.get(writer)]


def _redo(
    db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin, behind: list[RecordId], progress: Progress
) -> None:
    """Merge, lay out and write records, batch by batch; laying out runs ahead in processes of its own."""
    waiting: deque[list[Redone]] = deque()

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
        _write(db, public, origin, batch, rendered, counting, last=done + BATCH >= len(behind))
        progress(min(done + BATCH, len(behind)), len(behind))


def _merged(db: sqlite3.Connection, record_ids: list[RecordId], origin: Origin) -> list[Redone]:
    histories = log.revisions_of(db, record_ids)
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
        publish.published(redone.record_id, redone.public, redone.revisions, rendered, origin)
        for redone, rendered in zip(batch, laid_out, strict=True)
        if redone.public is not None
    ]
    with writing(public):
        site_tables.replace(public, [redone.record_id for redone in batch], published, counting)
        counting.write(public, last=last)
    with writing(db):
        _move_bases(db, batch)
        db.executemany("INSERT OR REPLACE INTO view_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(private_row, batch))


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


def _about_us(site: Site) -> dict[str, str]:
    config = site.config
    about = {"title": config.title, "organisation": config.name, "kind": config.kind, "url": config.url}
    look = f"{config.look.day} {config.look.night}"
    if config.mark.data:
        blobs.keep(blobs.folder(site), BytesIO(config.mark.data), marks.MAX_BYTES * 2)
    mark = config.mark
    picture = f"{mark.sha256} {mark.ending} {mark.width} {mark.height}" if mark.data else ""
    about |= {"mark": picture, "mark_text": config.mark_text.strip()}
    return {**about, "language": config.language, "languages": " ".join(config.languages), "look": look}


def _about_copy(db: sqlite3.Connection) -> dict[str, str]:
    newest = db.execute("SELECT max(received_time) FROM log_entry").fetchone()[0]
    return {"as_of": iso_time(newest or 0), "digest": network_digest(db)}


def _member(key: bytes, organisation: trust.Organisation) -> dict[str, str]:
    return {
        "organisation": key.hex(), "name": organisation.name, "kind": organisation.kind, "url": organisation.url
    }  # fmt: skip


def network_digest(db: sqlite3.Connection) -> str:
    """A hash over everything the members share, hex. The same wherever the same entries are held."""
    rows = db.execute("SELECT digest FROM view_record WHERE digest <> x'' ORDER BY record_id")
    return sha256(b"".join(row[0] for row in rows)).hex()


def current_view(db: sqlite3.Connection, record_id: RecordId, widest: int = OWN) -> RecordView | None:
    """One record as this installation sees it, computed now."""
    writers = trust.members(db).writers
    return merge.merge(merge.accepted(log.revisions(db, record_id), writers), widest)
