"""The rules of one turn of an exchange: what a message brings in, and what goes back. `sync` has the turns of one sync.

A turn: each side says what it holds and sends what the other lacks, as far as it fits one message. Each message is
stored whole or not at all, so a cut line leaves nothing half done and the next sync goes on where this one stopped.
A question of 16 bytes, a frontier hash, asks only whether there is anything new.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from cop import currency, frontier, identity, log, partners, sealing, trust, wire
from cop.config import Site
from cop.holding import NOTHING, Holding
from cop.model import OWN, PARTNERS, PUBLIC, Entry, OrganisationId, PayloadHash, WriterId
from cop.schema import writing
from cop.signing import Signer, sha256
from cop.wire import Message

UNTOLD = "restored"  # name of a setting

QUIET_KINDS = frozenset({"writer", "organisation"})  # who is who: not counted as news for people


@dataclass
class Received:
    """What came of one message."""

    changes: int = 0  # changes of records that were new here
    entries: int = 0
    payloads: int = 0
    texts: int = 0  # of these payloads, those of changes that were known before
    refused: dict[WriterId, int] = field(default_factory=dict)  # entries of writers we do not know
    by: dict[OrganisationId, int] = field(default_factory=dict)  # changes per organisation that made them
    apart: int = 0  # changes of organisations that were removed: kept, not shown
    restored: int = 0  # entries that this installation had written and lost
    renewed: bool = False  # it goes on under another key since then


@dataclass(frozen=True)
class Side:
    """This installation, in an exchange."""

    site: Site
    db: sqlite3.Connection
    signer: Signer


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
    came = Received(0, len(appended.entries), appended.payloads, appended.filled, refused)
    _count(came, appended.entries, trust.members(side.db).writers)
    if current:
        currency.leave_out(side.db, appended.entries, message.replaced)
    _look_back(side.db, appended.entries)
    if appended.entries or appended.payloads:
        _go_on_if_restored(side, appended.entries, came, now)
    return came


def _count(came: Received, new: Iterable[Entry], owners: Mapping[WriterId, OrganisationId]) -> None:
    """Count changes by who made them; those of writers who are no members any more are kept apart."""
    for entry in new:
        changes, owner = count_changes([entry]), owners.get(entry.writer)
        if owner is None:
            came.apart += changes
        else:
            came.changes += changes
            came.by[owner] = came.by.get(owner, 0) + changes


def named(db: sqlite3.Connection, by: Mapping[OrganisationId, int]) -> dict[str, int]:
    """Changes per organisation, under the names of those that are members."""
    names = trust.names(db, trust.members(db)) if any(by.values()) else {}
    return {names[owner].name: changes for owner, changes in by.items() if changes and owner in names}


def _look_back(db: sqlite3.Connection, new: Iterable[Entry]) -> None:
    """Fetch older texts after all where these entries need them."""
    if currency.left_out(db):
        currency.want_again(db, sorted({item.record_id for entry in new for item in entry.items}))


def _go_on_if_restored(side: Side, new: Iterable[Entry], came: Received, now: int) -> None:
    """Count entries of ours that came back. Whoever lost some may have been copied: it goes on as another writer."""
    came.restored = sum(entry.writer == log.own_writer(side.db) for entry in new)
    if came.restored:
        came.renewed = identity.renew_writer(side.site, side.db, now) is not None
        count, renewed = _untold(side.db)
        with writing(side.db):
            told = json.dumps([count + came.restored, renewed or came.renewed])
            log.set_setting(side.db, UNTOLD, told)


def _untold(db: sqlite3.Connection) -> tuple[int, bool]:
    kept = log.setting(db, UNTOLD)
    count, renewed = json.loads(kept) if isinstance(kept, str) else (0, False)
    return count, renewed


def take_restored(db: sqlite3.Connection) -> tuple[int, bool]:
    """How many entries of ours came back, and whether we go on under another key: since a report last told it.

    It is kept until then, for the exchange that brought them may have broken off, or was begun by a partner.
    """
    found = _untold(db)
    if found[0]:
        with writing(db):
            log.set_setting(db, UNTOLD, None)
    return found


def changes_in(db: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """How many changes of records these entries (`entry_number`) hold."""
    query = (
        "SELECT count(*) FROM log_item JOIN log_entry USING (entry_number) WHERE kind NOT IN ('writer', 'organisation')"
        " AND entry_number IN (SELECT value FROM json_each(?))"
    )
    return int(db.execute(query, [json.dumps(list(numbers))]).fetchone()[0])


def count_changes(entries: Iterable[Entry]) -> int:
    """Changes of records, as people count them."""
    return sum(len(entry.items) for entry in entries if entry.kind not in QUIET_KINDS)


@dataclass(frozen=True)
class Plan:
    """What a partner lacks and what our message may lean on."""

    numbers: tuple[int, ...] = ()  # entries, in the order in which they can be stored
    holding: Holding = NOTHING


def plan(db: sqlite3.Connection, to: Message, *, already: Collection[int] = (), whole: bool = False) -> Plan:
    """What the sender of a message lacks, by the state we both held, else by the points that it tells.

    `already` are entries sent before in this exchange; they are never sent twice. `whole`: lean on nothing.
    """
    whole = whole or to.whole
    position = frontier.position(db, to.base) if to.base and to.points is None else None
    if position is not None:
        numbers = frontier.since(db, position, without=[entry.entry_id for entry in to.entries])
        return Plan(
            tuple(n for n in numbers if n not in already), _leaning(db, whole, lambda number: number > position)
        )
    if to.points is None:
        return Plan()
    numbers = frontier.lacking(db, to.points, apart=to.apart, without=to.unwelcome)
    lacks = set(numbers) - set(already)
    return Plan(tuple(n for n in numbers if n not in already), _leaning(db, whole, lacks.__contains__))


def _leaning(db: sqlite3.Connection, whole: bool, lacks: Callable[[int], bool]) -> Holding:
    return NOTHING if whole else Holding(db, lacks)


@dataclass(frozen=True)
class Composed:
    """A message ready to go."""

    body: bytes
    is_question: bool = False  # it only asks whether there is anything new, and may be answered by nothing
    entries: tuple[Entry, ...] = ()
    numbers: tuple[int, ...] = ()  # of these entries here
    payloads: frozenset[PayloadHash] = frozenset()  # sent because they were asked for
    has_points: bool = False  # it says what we hold
    asks: bool = False  # it asks for payloads
    gives: bool = False  # there is something in it that the partner lacks
    left: int = 0  # about how many bytes are to follow
    more: bool = False  # the partner lacks more than this; some of it may not be for everybody
    follows: bool = False  # another message stands behind it, in the same answer
    lacked: frozenset[int] = frozenset()  # every entry that the partner lacks, in this message or to follow


@dataclass(frozen=True)
class Telling:
    """What a message says about its sender, besides what it brings."""

    points: bool = True
    base: bytes = b""
    unwelcome: tuple[WriterId, ...] = ()
    room: int = wire.CHUNK_BYTES
    whole: bool = False
    current: bool = False
    several: bool = False
    looks: bool = False
    report: dict[str, int] = field(default_factory=dict)


def compose(
    side: Side,
    to: Message | None,
    going: Plan,
    telling: Telling,
    *,
    receiver: WriterId,
    given: Collection[PayloadHash] = (),
    train: bool = False,
) -> Composed:
    """The next message for whoever sent `to`: what we hold, and what they lack, sealed to `receiver` if not public.

    Who has not proved to be the receiver (b"") gets what is public. `given` are payloads sent before in this exchange;
    they are never sent twice. `train`: what does not fit follows in the same answer.
    """
    db = side.db
    widest = audience_of(db, receiver)
    numbers = going.numbers if widest > PUBLIC else wire.open_to_all(db, going.numbers)
    room = to.room if to else wire.CHUNK_BYTES
    without = currency.replaced(db, wire.front(db, numbers, room)) if to and to.current else frozenset()
    entries, held, taken = wire.chunk(db, numbers, widest, room, without)
    asked = [payload_hash for payload_hash in (to.wanted if to else ()) if payload_hash not in given]
    answered = wire.answer_wanted(db, asked, widest)
    secret = wire.secret([*held[PARTNERS], *answered[PARTNERS]], [*held[OWN], *answered[OWN]])
    more = taken < len(going.numbers) or (widest == PUBLIC and _lacks_narrower(db))
    message = Message(
        writer=side.signer.public,
        organisation=own_organisation(db),
        state=frontier.frontier_hash(db),
        base=telling.base,
        points=frontier.own_points(db) if telling.points else None,
        apart=frontier.apart(db) if telling.points else b"",
        entries=tuple(entries),
        payloads=(*held[PUBLIC], *answered[PUBLIC]),
        wanted=wanted(db, widest),
        unwelcome=telling.unwelcome,
        more=more,
        left=wire.bytes_of(db, numbers[taken:]),
        left_changes=changes_in(db, numbers[taken:]) if to and to.looks else 0,
        room=telling.room,
        whole=telling.whole,
        current=telling.current,
        several=telling.several,
        follows=train and 0 < taken < len(numbers),
        replaced=currency.shorts(without, entries),
        looks=telling.looks,
        report=telling.report,
    )
    sealed = sealing.seal([receiver], secret) if secret else b""
    return Composed(
        wire.pack(message, sealed, going.holding),
        entries=tuple(entries),
        numbers=tuple(numbers[:taken]),
        payloads=frozenset(map(sha256, chain(*answered))),
        has_points=telling.points,
        asks=bool(message.wanted),
        gives=bool(entries or message.payloads or secret),
        left=message.left,
        more=more,
        follows=message.follows,
        lacked=frozenset(going.numbers),
    )


def own_organisation(db: sqlite3.Connection) -> OrganisationId:
    """Our organisation's key."""
    organisation = log.setting(db, "organisation")
    return organisation if isinstance(organisation, bytes) else b""


def audience_of(db: sqlite3.Connection, receiver: WriterId) -> int:
    """The narrowest audience that a receiver belongs to. A stranger gets what is public."""
    owner = partners.owner_of(db, receiver)
    if not owner:
        return PUBLIC
    return OWN if owner == own_organisation(db) else PARTNERS


def wanted(db: sqlite3.Connection, widest: int = PARTNERS) -> tuple[bytes, ...]:
    """Payloads that we know of and do not hold, of audience `widest` and wider.

    Of many, others each time: a partner may have only the last of them.
    """
    rows = db.execute(
        "SELECT payload_hash FROM local_missing JOIN log_item USING (item_number) WHERE audience <= ?"
        " GROUP BY 1 ORDER BY random() LIMIT ?",
        [widest, wire.MAX_WANTED],
    )
    return tuple(row[0] for row in rows)


def _lacks_narrower(db: sqlite3.Connection) -> bool:
    """True if payloads are missing that a stranger is not asked for."""
    query = "SELECT 1 FROM local_missing JOIN log_item USING (item_number) WHERE audience = ? LIMIT 1"
    return db.execute(query, [PARTNERS]).fetchone() is not None


def partner_name(db: sqlite3.Connection, organisation: OrganisationId) -> str:
    """How we call an organisation in reports."""
    known = [p.name for p in partners.all_partners(db) if p.organisation == organisation]
    return known[0] if known else "someone we do not know"
