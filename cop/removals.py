"""What was erased, who has confirmed it, and where it may still be: for people. Reads only."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cop import copies, erasing, forgetting, forgotten, judging, traces, trust
from cop.config import Site
from cop.erasing import HIDE, Erasure
from cop.model import EntryId, OrganisationId, RecordId, WriterId, iso_time
from cop.trust import Organisation

GONE, WAITS, KEPT = "gone", "waits", "kept"


@dataclass(frozen=True)
class Confirmed:
    """An installation that says that it has done it."""

    name: str  # of its organisation
    writer: str  # its key, hex
    when: str  # ISO, as its clock said
    texts: int  # how many it destroyed


@dataclass(frozen=True)
class Removal:
    """One erasure; the keys of `cop erasures --json`."""

    erasure: str  # entry id, hex
    asked_by: str
    when: str  # ISO, as their clock said
    reason: str
    state: str  # GONE, WAITS for a person here, or KEPT: somebody said no, and what they wrote of it is here
    part_gone: bool  # something of it is gone here, whatever is kept
    records: tuple[str, ...]  # ids
    fields: tuple[str, ...]  # () for whole records
    ours: bool  # waits, and something of it is ours
    title: str  # of what waits, for the people who decide; "" for what is gone
    confirmed: tuple[Confirmed, ...]
    said_no: tuple[str, ...]  # organisations that wrote something of it, and keep that, A to Z
    not_heard: tuple[str, ...]  # members of whom nothing says that they have done it or said no, A to Z
    copies: tuple[str, ...]  # bundles that were written before, and may still be there
    places: tuple[str, ...]  # files of others in shared places that still hold it, as far as we know
    written_again: tuple[str, ...]  # fields that somebody filled in since
    untrue: bool  # what it left of a text is not what stood there, as we saw when it came


@dataclass
class Removals:
    """Everything that was ever asked, and what is left to do here."""

    removals: list[Removal] = field(default_factory=list)
    files_left: list[str] = field(default_factory=list)  # content files with unsaved edits that hold erased text
    texts: int = 0  # texts of the log that were erased here


@dataclass(frozen=True)
class No:
    """What our organisation asked for, and who said no and keeps it."""

    told: Erasure
    records: tuple[RecordId, ...]
    names: tuple[str, ...]  # of organisations, A to Z


def noes(db: sqlite3.Connection) -> list[No]:
    """Of all that our organisation asked for, what somebody keeps; newest first."""
    view = _View(db)
    found = []
    for one in forgotten.all_erasures(db)[::-1]:
        if one.entry_id in view.noes and view.parties.owner(one.writer) == view.parties.ours:
            names = view.names_of(view.keepers(one)[0])
            found += [No(one, tuple(sorted(forgotten.records_of(db, one))), names)] if names else []
    return found


def removals(site: Site, db: sqlite3.Connection) -> Removals:
    """What `cop erasures` tells, newest first."""
    view = _View(db)
    found = [view.told(one) for one in forgotten.all_erasures(db) if not one.keeps]
    return Removals(found[::-1], traces.files_left(site, db), forgotten.count(db))


class _View:
    """What is read once for all of them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.network = trust.members(db)
        self.names = trust.names(db, self.network)
        self.parties = judging.parties_of(db)
        self.waiting: dict[EntryId, list[forgetting.Request]] = {}
        for request in forgetting.waiting(db):
            self.waiting.setdefault(request.told.entry_id, []).append(request)
        self.receipts = _receipts(db)
        self.noes: dict[EntryId, set[OrganisationId]] = {}
        for one in forgotten.all_erasures(db):
            for kept in one.keeps if one.entry_id not in self.network.apart else ():
                self.noes.setdefault(kept, set()).add(self.parties.owner(one.writer))
        self.copies = copies.all_there(db)
        self.untrue = {row[0] for row in db.execute("SELECT entry_id FROM local_erase_untrue")}

    def told(self, one: Erasure) -> Removal:
        """All that is known of one erasure."""
        rows = self.db.execute(
            "SELECT DISTINCT record_id, what FROM view_erasure WHERE entry_id = ? ORDER BY 1", [one.entry_id]
        ).fetchall()
        waits = self.waiting.get(one.entry_id, [])
        records = tuple(sorted({row[0] for row in rows} | one.records))
        keepers, is_all = self.keepers(one)
        confirmed = tuple(self._confirmed(one, keepers))
        done = any(row[1] != HIDE for row in rows)
        kept = bool(keepers) and self._is_kept_here(one)
        return Removal(
            erasure=one.entry_id.hex(),
            asked_by=self._name(one.writer),
            when=iso_time(one.claimed_time),
            reason=one.reason,
            state=WAITS if waits else GONE if done and not kept else KEPT,
            part_gone=done,
            records=records,
            fields=tuple(sorted(one.fields)),
            ours=any(request.ours for request in waits),
            title=next((forgetting.title_before(self.db, request.record_id) for request in waits), ""),
            confirmed=confirmed,
            said_no=self.names_of(keepers),
            not_heard=() if is_all else self._not_heard(one, keepers),
            copies=tuple(self._copies(one)),
            places=tuple(self._places(one)),
            written_again=tuple(sorted(self._again(one, records))),
            untrue=one.entry_id in self.untrue,
        )

    def _name(self, writer: WriterId) -> str:
        owner = self.parties.owner(writer)
        return self.names.get(owner, Organisation.of_key(owner)).name

    def keepers(self, one: Erasure) -> tuple[set[OrganisationId], bool]:
        """Who said no to it and keeps what they wrote, and whether that is all there is."""
        return forgetting.keepers(self.db, one, self.noes.get(one.entry_id, ()))

    def names_of(self, organisations: Iterable[OrganisationId]) -> tuple[str, ...]:
        """Their names, A to Z."""
        names = (self.names.get(key, Organisation.of_key(key)).name for key in organisations)
        return tuple(sorted(names, key=str.casefold))

    def _is_kept_here(self, one: Erasure) -> bool:
        """True if something that it asks for is held here, and neither hidden nor to be destroyed."""
        query = (
            "SELECT 1 FROM log_item JOIN log_payload USING (item_number) WHERE (record_id IN (SELECT record_id"
            " FROM view_erase_record JOIN log_entry USING (entry_number) WHERE entry_id = ?1) OR payload_hash IN"
            " (SELECT payload_hash FROM view_erase_payload AS named JOIN log_entry ON log_entry.entry_number"
            " = named.entry_number WHERE entry_id = ?1)) AND payload_hash NOT IN"
            " (SELECT payload_hash FROM view_erasure WHERE entry_id = ?1) LIMIT 1"
        )
        return self.db.execute(query, [one.entry_id]).fetchone() is not None

    def _confirmed(self, one: Erasure, keepers: Collection[OrganisationId]) -> Iterator[Confirmed]:
        """Who has destroyed it. Whoever said no has destroyed no more than what others wrote of it."""
        for writer, when, texts in self.receipts.get(one.entry_id, []):
            if writer in self.network.writers and self.parties.owner(writer) not in keepers:
                yield Confirmed(self._name(writer), writer.hex(), iso_time(when), texts)

    def _not_heard(self, one: Erasure, keepers: Collection[OrganisationId]) -> tuple[str, ...]:
        done = {self.network.writers.get(writer, b"") for writer, _, _ in self.receipts.get(one.entry_id, [])}
        done |= {*keepers}
        done.add(self.parties.owner(one.writer))
        done.add(self.parties.ours)
        return self.names_of(key for key in self.network.organisations if key not in done)

    def _numbers(self, one: Erasure) -> list[int]:
        rows = self.db.execute(
            "SELECT DISTINCT entry_number FROM log_item JOIN view_erasure USING (payload_hash, record_id) WHERE entry_id = ?",
            [one.entry_id],
        )
        return [row[0] for row in rows]

    def _copies(self, one: Erasure) -> Iterator[str]:
        row = self.db.execute("SELECT received_time FROM log_entry WHERE entry_id = ?", [one.entry_id]).fetchone()
        before = [copy for copy in self.copies if copy.made_time <= row[0]]
        yield from (copy.path for copy in copies.that_may_hold(before, self._numbers(one)))

    def _places(self, one: Erasure) -> Iterator[str]:
        """Files in shared places in which it stands; ours are written anew at the next visit."""
        rows = self.db.execute(
            "SELECT DISTINCT place, name FROM view_erasure JOIN log_item USING (payload_hash, record_id)"
            " JOIN local_place_item USING (item_number) JOIN local_place_file USING (file_number) WHERE entry_id = ?"
            " ORDER BY 1, 2",
            [one.entry_id],
        )
        yield from (f"{place.rstrip('/')}/{name}" for place, name in rows)

    def _again(self, one: Erasure, records: tuple[RecordId, ...]) -> Iterator[str]:
        for record_id in records if one.fields else ():
            view = forgetting.shown(self.db, record_id)
            yield from (name for name in one.fields if view and name in view.fields)


def _receipts(db: sqlite3.Connection) -> dict[EntryId, list[tuple[WriterId, int, int]]]:
    """Per erasure, who has confirmed it, when by their clock, and how many texts were destroyed there."""
    found: dict[EntryId, dict[WriterId, tuple[int, int]]] = {}
    for entry in forgotten.receipts(db):
        for entry_id, texts in erasing.received(entry).items():
            of = found.setdefault(entry_id, {})
            of[entry.writer] = entry.claimed_time, texts + of.get(entry.writer, (0, 0))[1]
    return {entry_id: [(writer, *told) for writer, told in of.items()] for entry_id, of in found.items()}


def summary(db: sqlite3.Connection) -> list[Mapping[str, Any]]:
    """What waits for a person here: for `cop status --json`."""
    return [
        {
            "record": one.record_id,
            "title": forgetting.title_before(db, one.record_id),
            "fields": sorted(one.told.fields) if one.is_part else [],
            "reason": one.told.reason,
            "erasure": one.told.entry_id.hex(),
        }
        for one in forgetting.waiting(db)
    ]
