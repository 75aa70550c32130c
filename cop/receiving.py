"""What a message of a partner brings in: entries of writers we know, their texts, and what we had lost ourselves.

Each message is stored whole or not at all, so a cut line leaves nothing half done and the next exchange goes on where
this one stopped.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from cop import currency, erasing, identity, judging, log, settings, trust
from cop.counting import count_changes
from cop.database import writing
from cop.identity import Side, own_organisation
from cop.model import OWN, PARTNERS, Entry, Members, OrganisationId, WriterId
from cop.wire import Message

UNTOLD = "restored"  # name of a setting


@dataclass
class Received:
    """What came of one message."""

    changes: int = 0  # changes of records that were new here
    entries: int = 0
    payloads: int = 0
    texts: int = 0  # of these payloads, those of changes that were known before
    refused: dict[WriterId, int] = field(default_factory=dict)  # entries of writers we do not know
    by: dict[OrganisationId, int] = field(default_factory=dict)  # changes per organisation that made them
    apart: int = 0  # changes of those who left, were removed or ended: kept, not shown
    erased: int = 0  # texts that were not taken, because they were erased here
    erasures: int = 0  # entries that ask for something to be erased
    restored: int = 0  # entries that this installation had written and lost
    renewed: bool = False  # it goes on under another key since then


def receive(side: Side, message: Message, received_from: str, now: int, *, current: bool = False) -> Received:
    """Store what a message brings of writers we know; count the rest. `current`: we asked for current texts only.

    The views are not redone: see `catching_up`.
    """
    owners = trust.admissible(side.db, message.entries).writers
    known = [entry for entry in message.entries if entry.writer in owners]
    refused: dict[WriterId, int] = {}
    for entry in message.entries:
        if entry.writer not in owners:
            refused[entry.writer] = refused.get(entry.writer, 0) + 1
    own = own_organisation(side.db)
    with writing(side.db):  # what is to be destroyed is gone when this is stored
        appended = log.append(
            side.db,
            known,
            log.by_hash(message.payloads),
            received_time=now,
            received_from=received_from,
            sealed=log.by_hash(message.sealed),
            own=log.by_hash(message.own),
            ours=[writer for writer, owner in owners.items() if owner == own],
        )
        judging.take_in(side.db, appended.entries)
    came = Received(0, len(appended.entries), appended.payloads, appended.filled, refused)
    came.erased = appended.erased
    came.erasures = sum(entry.kind == erasing.KIND for entry in appended.entries)
    _count(came, appended.entries, trust.members(side.db), own)
    if current:
        currency.leave_out(side.db, appended.entries, message.replaced)
    _look_back(side.db, appended.entries)
    if appended.entries or appended.payloads:
        _go_on_if_restored(side, appended.entries, came, now)
    return came


def _count(came: Received, new: Iterable[Entry], network: Members, ours: OrganisationId) -> None:
    """Count changes by who made them; those of writers who are no members any more are kept apart."""
    for entry in new:
        # nobody gets to read what others keep to themselves
        changes = count_changes([entry], OWN if network.writers.get(entry.writer) == ours else PARTNERS)
        if not network.counts(entry.writer, entry.entry_id):
            came.apart += changes
        else:
            owner = network.writers[entry.writer]
            came.changes += changes
            came.by[owner] = came.by.get(owner, 0) + changes


def _look_back(db: sqlite3.Connection, new: Iterable[Entry]) -> None:
    """Fetch older texts after all where these entries need them."""
    if currency.left_out(db):
        currency.want_again(db, sorted({item.record_id for entry in new for item in entry.items}))


def _go_on_if_restored(side: Side, new: Iterable[Entry], came: Received, now: int) -> None:
    """Count entries of ours that came back. Whoever lost some may have been copied: it goes on as another writer."""
    came.restored = sum(entry.writer == settings.own_writer(side.db) for entry in new)
    if came.restored:
        came.renewed = identity.renew_writer(side.site, side.db, now) is not None
        count, renewed = _untold(side.db)
        with writing(side.db):
            told = json.dumps([count + came.restored, renewed or came.renewed])
            settings.keep(side.db, UNTOLD, told)


def _untold(db: sqlite3.Connection) -> tuple[int, bool]:
    kept = settings.read(db, UNTOLD)
    count, renewed = json.loads(kept) if isinstance(kept, str) else (0, False)
    return count, renewed


def take_restored(db: sqlite3.Connection) -> tuple[int, bool]:
    """How many entries of ours came back, and whether we go on under another key: since a report last told it.

    It is kept until then, for the exchange that brought them may have broken off, or was begun by a partner.
    """
    found = _untold(db)
    if found[0]:
        with writing(db):
            settings.keep(db, UNTOLD, None)
    return found
