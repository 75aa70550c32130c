"""The imprint of `site.db`: whose copy it is, who the members are, what was removed, and how new it all is.

Where some of that changes, or another day begins, records are shown otherwise though nobody changed them: they are marked.
"""

import json
import sqlite3
from collections.abc import Mapping
from io import BytesIO

from cop import blobs, cutoffs, ended, forgotten, judging, marks, settings, site_tables, stale, terms, trust, verdicts
from cop.config import Site
from cop.database import writing
from cop.entry import KINDS
from cop.model import Members, WriterId, iso_time
from cop.origin import Origin
from cop.redone import ENDED
from cop.signing import sha256


def describe(
    site: Site,
    db: sqlite3.Connection,
    public: sqlite3.Connection,
    names: Mapping[bytes, trust.Organisation],
    origin: Origin,
) -> None:
    """Say what this copy is, who the members are, and what was removed."""
    told = {**_about_us(site), **_about_copy(db)}
    members = [_member(key, one) for key, one in names.items()]
    removed = [_removed(one, origin) for one in forgotten.removed(db)]
    with writing(public):
        site_tables.describe(public, told, members, removed)
    with writing(db):
        settings.keep(db, "shown_as", site.config.shown_as)
    public.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file alone is the whole site


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
    waiting = db.execute("SELECT count(*) FROM view_waiting WHERE NOT shown").fetchone()[0]
    return {"as_of": iso_time(newest or 0), "digest": network_digest(db), "waiting": str(waiting)}


def network_digest(db: sqlite3.Connection) -> str:
    """A hash over everything the members share, hex. The same wherever the same entries are held."""
    rows = db.execute("SELECT digest FROM view_record WHERE digest <> x'' ORDER BY record_id")
    return sha256(b"".join(row[0] for row in rows)).hex()


def _member(key: bytes, organisation: trust.Organisation) -> dict[str, str]:
    return {
        "organisation": key.hex(), "name": organisation.name, "kind": organisation.kind, "url": organisation.url
    }  # fmt: skip


def _removed(one: forgotten.Removed, origin: Origin) -> dict[str, object]:
    told = one.told
    return {
        "entry_id": told.entry_id.hex(),
        "record_id": one.record_id,
        "organisation": origin.names.get(origin.network.writers.get(told.writer, b""), ""),
        "part": int(one.is_part),
        "reason": told.reason,
        "state": "waits" if told.waits else "gone",
        "claimed": iso_time(told.claimed_time),
        "seen": iso_time(told.received_time),
    }


def mark_if_others(db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin) -> bool:
    """Mark what to redo because `site.db` is new or another store's, or because others are members than before.

    Returns whether anything of that changed.
    """
    network = {
        writer.hex(): [origin.names[one], origin.kinds[one], *_ends(db, origin.network, writer)]
        for writer, one in origin.network.writers.items()
    }
    told = json.dumps(network, sort_keys=True)
    store = _store_id(db)
    seen_by = [
        store,
        sorted(KINDS),
        sorted(network.items()),
        sorted(origin.network.writers.items()),
        sorted(origin.names.items()),
        sorted(origin.kinds.items()),
        *origin.rules,
        verdicts.EDITION,
    ]
    views_of = sha256(repr(seen_by).encode()).hex()
    before = settings.read(db, "views_of")
    known = site_tables.setting(public, "views_of") == before
    if known and before == views_of:
        return False
    with writing(public):
        if site_tables.setting(public, "store") != store:  # else what stands there stays up until it is redone
            site_tables.clear(public)
        names = {"views_of": views_of, "store": store}
        site_tables.tell(public, names)
    rules = repr((sorted(KINDS), origin.rules))  # what is new here may be about any record
    same_rules = rules == settings.read(db, "views_rules")
    with writing(db):
        stale.mark_records_of(db, _others(db, network) if known and before and same_rules else None)
        stale.mark(db, terms.RECORD_ID)  # how many must sign the agreement depends on who is a member, whoever wrote it
        settings.keep(db, "views_rules", rules)
        settings.keep(db, "views_of", views_of)
        settings.keep(db, "views_network", told)
    return True


def _ends(db: sqlite3.Connection, network: Members, writer: WriterId) -> list[str]:
    """Up to where a writer counts, if not for ever, and whether these entries are here."""
    several = sorted(network.cutoffs.get(writer, ()), key=sorted)
    return [f"{sorted((n, one.hex()) for n, one in ends)} {cutoffs.is_known(db, ends)}" for ends in several]


def _store_id(db: sqlite3.Connection) -> str:
    """What no other store has: its first entry."""
    row = db.execute("SELECT entry_id FROM log_entry ORDER BY entry_number LIMIT 1").fetchone()
    return row[0].hex() if row else ""


def _others(db: sqlite3.Connection, network: Mapping[str, list[str]]) -> list[str] | None:
    """Writers (hex) who came, went or are called something else since the views were made; None if that is not known."""
    told = settings.read(db, "views_network")
    if not isinstance(told, str):
        return None
    before: dict[str, list[str]] = json.loads(told)
    return [writer for writer in {**before, **network} if before.get(writer) != network.get(writer)]


def mark_if_another_day(db: sqlite3.Connection, public: sqlite3.Connection, origin: Origin) -> None:
    """Mark what is shown until a day, if that day may have come; or gone back, where a clock was wrong."""
    if stale.are_of(db, origin.today):
        return
    over = ended.with_consents(public)
    taken_down = bool(ended.hidden(public, origin.today))
    hidden = db.execute("SELECT record_id FROM view_record WHERE type = 'person' AND state = ?", [ENDED])
    with writing(db):
        marks = [[record_id] for record_id in (*over, *(row[0] for row in hidden.fetchall()))]
        db.executemany("INSERT INTO local_stale (record_id) VALUES (?)", marks)
        settings.keep(db, "views_day", origin.today.isoformat())
        if taken_down:
            settings.keep(db, judging.FORGET, 1)
