"""What goes back in one turn of an exchange: what the partner lacks, as far as it fits one message, and what we ask for.

A turn: each side says what it holds and sends what the other lacks. `receiving` takes in what comes, `sync` and
`answering` take the turns. A question of 16 bytes, a frontier hash, asks only whether there is anything new.
"""

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import chain

from cop import choosing, currency, frontier, partners, read_back, sealing, wire
from cop.counting import changes_in
from cop.holding import NOTHING, Holding
from cop.identity import Side, own_organisation
from cop.model import OWN, PARTNERS, PUBLIC, Entry, PayloadHash, WriterId
from cop.settings import own_writer
from cop.signing import sha256
from cop.wire import Message


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
    if own_writer(db) not in to.points:  # what vouches for us goes first: till that arrives, we count as strangers
        first = set(read_back.vouching_for(db, own_writer(db)))
        numbers = sorted(numbers, key=lambda number: number not in first)
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
    numbers = going.numbers if widest > PUBLIC else choosing.open_to_all(db, going.numbers)
    room = to.room if to else wire.CHUNK_BYTES
    without = currency.replaced(db, choosing.front(db, numbers, room)) if to and to.current else frozenset()
    entries, held, taken = choosing.chunk(db, numbers, widest, room, without)
    asked = [payload_hash for payload_hash in (to.wanted if to else ()) if payload_hash not in given]
    answered = choosing.answer_wanted(db, asked, widest)
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
        left=choosing.bytes_of(db, numbers[taken:]),
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
    # CROSS JOIN: begin with the few that are missing, not with every payload there is
    rows = db.execute(
        "SELECT payload_hash FROM local_missing CROSS JOIN log_item USING (item_number) WHERE audience <= ?"
        " GROUP BY 1 ORDER BY random() LIMIT ?",
        [widest, wire.MAX_WANTED],
    )
    return tuple(row[0] for row in rows)


def _lacks_narrower(db: sqlite3.Connection) -> bool:
    """True if payloads are missing that a stranger is not asked for."""
    query = "SELECT 1 FROM local_missing JOIN log_item USING (item_number) WHERE audience = ? LIMIT 1"
    return db.execute(query, [PARTNERS]).fetchone() is not None
