"""Where one sync stands, and what it says next: our messages, and whether theirs may be believed.

The turns themselves are in `sync`; what goes into a message is for `composing`.
"""

from dataclasses import dataclass, field, replace

from cop import currency, frontier, log, partners, settings, trust, wire
from cop.composing import Composed, Plan, Telling, compose, plan, wanted
from cop.counting import count_changes
from cop.errors import Refused
from cop.holding import Holding
from cop.identity import Side
from cop.model import PayloadHash, WriterId
from cop.partners import Partner
from cop.progress import Progress
from cop.report import Report
from cop.transports.base import LineCut, SiteBusy, Transport
from cop.wire import Message

MAX_INTRODUCTION = 20  # entries that say who we are
MAX_CUTS = 5  # of the line, one after the other, before we give up


@dataclass
class Exchange:
    """What one sync has to remember from turn to turn."""

    side: Side
    partner: Partner
    transport: Transport
    now: int
    progress: Progress
    report: Report
    already: set[int] = field(default_factory=set)  # entries sent, and not turned away
    turned_away: set[int] = field(default_factory=set)  # entries that the partner did not take: nothing to lean on
    vain: set[int] = field(default_factory=set)  # turned away by a partner that has learnt nothing since
    state: bytes = b""  # what the partner held when it last told
    given: set[PayloadHash] = field(default_factory=set)
    unwelcome: set[WriterId] = field(default_factory=set)
    room: int = field(default_factory=lambda: wire.MAX_ROOM)
    whole: bool = False  # what comes and goes must not lean on what the other holds
    current: bool = False  # we want current texts only, as yet
    agreed: bytes = b""  # the frontier hash at which both hold the same now
    cuts: int = 0  # since anything last got through
    follows: bool = False  # the partner's last message says that another stands behind it
    lacking: int = 0  # entries that the partner lacked when it last told
    lacked: int = 0  # texts that were not here before this exchange, of changes that were known
    unanswered: dict[int, int] = field(default_factory=dict)  # changes per entry that went before the line was cut


def first_message(exchange: Exchange) -> Composed:
    """A question, if nothing is new here; else what is new since we last held the same; else what we hold."""
    side = exchange.side
    db, agreed = side.db, partners.agreed(side.db, exchange.partner)
    if agreed == frontier.frontier_hash(db) and not wanted(db) and not currency.left_out(db):
        return Composed(agreed, is_question=True)
    base = agreed if frontier.position(db, agreed) is not None else b""
    if not base and not partners.points(db, exchange.partner):
        return _introducing(exchange)
    return next_message(exchange, Message(b"", b"", b"", base=base, room=wire.MAX_ROOM), base=base)


def _introducing(exchange: Exchange) -> Composed:
    """The first message to somebody we never met: who we are, so that both may hold the same after its answer."""
    db = exchange.side.db
    rows = db.execute(
        f"SELECT entry_number FROM log_entry WHERE writer = ? AND {log.TELLS_WHO} ORDER BY entry_number LIMIT ?",
        [settings.own_writer(db), MAX_INTRODUCTION],
    )
    telling = replace(_telling(exchange), points=True)
    return compose(exchange.side, None, Plan(tuple(row[0] for row in rows)), telling, receiver=b"")


def next_message(exchange: Exchange, to: Message | None, base: bytes = b"") -> Composed:
    """Our next message; without a base it tells what we hold. On a line that was cut, it is smaller.

    Until the partner has proved to be there, whoever stands at its address gets what is public, and the rest follows.
    """
    db = exchange.side.db
    to = to and replace(to, room=min(to.room, exchange.room))
    going = plan(db, to, already=exchange.already, whole=exchange.whole) if to else Plan()
    going = replace(going, numbers=tuple(number for number in going.numbers if number not in exchange.vain))
    telling = replace(_telling(exchange), points=not base, base=base)
    return compose(exchange.side, to, going, telling, receiver=exchange.transport.partner, given=exchange.given)


def _telling(exchange: Exchange) -> Telling:
    return Telling(
        unwelcome=tuple(exchange.unwelcome),
        room=exchange.room,
        whole=exchange.whole,
        current=exchange.current,
        several=exchange.transport.several,
    )


def read(exchange: Exchange, answer: bytes) -> Message:
    """What a partner answered, as far as it stands by what we hold. Raises: NotRebuilt, Refused."""
    side = exchange.side
    return wire.unpack(answer, side.signer, Holding(side.db))


def after_cut(exchange: Exchange, going: Composed, error: LineCut) -> Composed:
    """Ask again, for less at a time. What came is stored, and what went is found out by telling what we hold."""
    exchange.cuts += 1
    busy = isinstance(error, SiteBusy)
    if exchange.cuts > MAX_CUTS:
        raise _gave_up(exchange, busy=busy)
    changes = (count_changes([entry]) for entry in going.entries)
    exchange.unanswered.update(zip(going.numbers, changes, strict=True))
    exchange.room = exchange.room if busy else max(exchange.room // 4, wire.MIN_ROOM)
    return next_message(exchange, None)


def _gave_up(exchange: Exchange, *, busy: bool) -> LineCut:
    partner, where = exchange.partner, exchange.partner.address
    if busy:
        text, hint = f"{partner.name} at {where} is busy.", "Wait a few minutes, then run it again."
        return SiteBusy(f"{text} What came before is kept.", hint=f"{hint} It goes on where it stopped.")
    return LineCut(
        f"The line to {partner.name} at {where} was cut {exchange.cuts} times. What came before is kept.",
        hint="Safe to run again: it goes on where it stopped.",
    )


def is_partner(exchange: Exchange, theirs: Message | None) -> bool:
    """True if the partner itself answered, with a key that it vouched for."""
    db, partner, answered = exchange.side.db, exchange.partner, exchange.transport.partner
    owners = trust.admissible(db, theirs.entries if theirs else ()).writers
    vouched = owners.get(answered) == partner.organisation or answered == partners.inviting_writer(db, partner)
    return vouched and (theirs is None or (theirs.writer, theirs.organisation) == (answered, partner.organisation))


def refused(partner: Partner) -> Refused:
    """What is said where somebody else answers at a partner's address."""
    return Refused(
        f"The address of {partner.name} answers as another organisation. Nothing was stored.",
        hint=f"Ask {partner.name} for a new invitation, then: cop join INVITATION",
    )
