"""Checks everything again, from the bytes up: signatures, hashes, chains, payloads and views. Reads only."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from cop import blobs, forgotten, imprint, markdown, publish, site_tables, trust, views
from cop import entry as entries
from cop.config import Site
from cop.errors import CopError
from cop.lacking import lacking
from cop.model import Entry
from cop.origin import Origin
from cop.progress import Progress, no_progress
from cop.read_back import revisions_of, split_hashes
from cop.redone import Redone, private_row, redo
from cop.signing import sha256
from cop.site_schema import open_site

BATCH = 500
MOST_PROBLEMS = 50  # more say nothing new


@dataclass
class Verified:
    """What `cop verify` found; the keys of its JSON."""

    entries: int = 0
    payloads: int = 0
    erased: int = 0  # texts of the log that were destroyed on purpose
    records: int = 0
    problems: list[str] = field(default_factory=list)  # whole sentences
    digest: str = ""


def verify(site: Site, db: sqlite3.Connection, progress: Progress = no_progress) -> Verified:
    """Check the whole store and the whole site."""
    found = Verified()
    for problem in islice(_problems(site, db, found, progress), MOST_PROBLEMS):
        found.problems.append(problem)
    found.digest = imprint.network_digest(db)
    return found


def _problems(site: Site, db: sqlite3.Connection, found: Verified, progress: Progress) -> Iterator[str]:
    for row in db.execute("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"The file {site.store_db} is damaged: {row[0]}."
    yield from _check_entries(db, found)
    yield from _check_heads(db)
    yield from _check_payloads(db, found)
    yield from _check_views(site, db, found, progress)
    yield from _check_files(site)


def _check_files(site: Site) -> Iterator[str]:
    for one in lacking(site).held:
        path = blobs.path_of(blobs.folder(site), one.sha256)
        with path.open("rb") as file:
            if blobs.hash_of(file, path.stat().st_size)[0] != one.sha256:
                yield f"{one.name} of “{one.title}” is damaged. Delete {path}, and it comes again with the next sync."


def _check_entries(db: sqlite3.Connection, found: Verified) -> Iterator[str]:
    for row in db.execute("SELECT * FROM log_entry ORDER BY entry_number"):
        found.entries += 1
        name = f"Entry {row['entry_number']}"
        try:
            entry = entries.parse(row["data"], row["signature"])
        except CopError as error:
            yield f"{name} is damaged: {error}"
            continue
        if _columns(entry) != tuple(row[column] for column in _COLUMNS):
            yield f"{name} is filed under something else than it says."
        if not _has_previous(db, entry):
            yield f"{name} does not follow on the entry it names."
        if _items(db, row["entry_number"]) != [
            (i.record_id, i.parents, i.payload_hash, i.size, i.audience) for i in entry.items
        ]:
            yield f"{name} lists other records than its signed bytes."


_COLUMNS = ("entry_id", "writer", "sequence", "previous", "kind", "claimed_time")


def _columns(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, column) for column in _COLUMNS)


def _has_previous(db: sqlite3.Connection, entry: Entry) -> bool:
    """True if the chain goes on, or is known to have a gap here."""
    if entry.sequence == 1:
        return True
    if db.execute("SELECT 1 FROM local_gap WHERE entry_id = ?", [entry.entry_id]).fetchone():
        return True
    before = db.execute("SELECT writer, sequence FROM log_entry WHERE entry_id = ?", [entry.previous]).fetchone()
    return before is not None and tuple(before) == (entry.writer, entry.sequence - 1)


def _items(db: sqlite3.Connection, number: int) -> list[tuple[Any, ...]]:
    rows = db.execute(
        "SELECT record_id, parents, payload_hash, size, audience FROM log_item WHERE entry_number = ? ORDER BY position",
        [number],
    )
    return [(row[0], split_hashes(row[1]), row[2], row[3], row[4]) for row in rows]


def _check_heads(db: sqlite3.Connection) -> Iterator[str]:
    """Heads are the entries without a gap that no other such entry follows."""
    complete = {row[0]: row[1] for row in db.execute("SELECT entry_id, previous FROM log_entry")}
    for row in db.execute("SELECT entry_id FROM local_gap"):
        complete.pop(row[0], None)
    heads = {row[0] for row in db.execute("SELECT entry_id FROM local_head")}
    if heads != set(complete) - set(complete.values()):
        yield "The list of last entries does not fit the log."


def _check_payloads(db: sqlite3.Connection, found: Verified) -> Iterator[str]:
    query = "SELECT item_number, payload_hash, size, payload FROM log_item JOIN log_payload USING (item_number)"
    for number, payload_hash, size, payload in db.execute(query):
        found.payloads += 1
        if len(payload) != size or sha256(payload) != payload_hash:
            yield f"Change {number} is not what its entry says."
    found.erased = forgotten.count(db)
    for row in db.execute(
        "SELECT item_number FROM log_payload JOIN log_item USING (item_number) JOIN local_erased USING (payload_hash)"
    ):
        yield f"Change {row[0]} was erased, and its text is here again. Delete data/site.db, then: cop load"


def _check_views(site: Site, db: sqlite3.Connection, found: Verified, progress: Progress) -> Iterator[str]:
    """Merge and lay out every record again, and compare."""
    network = trust.members(db)
    names = trust.names(db, network)
    origin = views.origin_of(site, db, network, names)
    record_ids = [row[0] for row in db.execute("SELECT DISTINCT record_id FROM log_item ORDER BY 1")]
    public = open_site(site.site_db)
    shown = public.execute("SELECT count(*) FROM records").fetchone()[0]
    for at in range(0, len(record_ids), BATCH):
        batch = record_ids[at : at + BATCH]
        histories = revisions_of(db, batch)
        redone = [redo(record_id, histories.get(record_id, []), origin) for record_id in batch]
        yield from _compare(db, public, redone, origin)
        found.records += len(batch)
        shown -= sum(one.public is not None for one in redone)
        progress(found.records, len(record_ids))
    public.close()
    if shown:
        yield f"The site has {abs(shown)} {'more' if shown > 0 else 'fewer'} records than the log gives."


def _compare(
    db: sqlite3.Connection, public: sqlite3.Connection, redone: Sequence[Redone], origin: Origin
) -> Iterator[str]:
    laid_out = markdown.render_all(one.body for one in redone)
    for one, rendered in zip(redone, laid_out, strict=True):
        row = db.execute("SELECT * FROM view_record WHERE record_id = ?", [one.record_id]).fetchone()
        if row is None or tuple(row) != private_row(one):
            yield f"The view of record {one.record_id} does not fit the log."
        if one.public is not None:
            expected = publish.published(one.record_id, one.public, one.revisions, rendered, origin, one.standing)
            if not site_tables.holds(public, expected):
                yield f"The page of record {one.record_id} does not fit the log."
