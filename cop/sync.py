"""Exchanging with a partner over a line: the turns of one sync.

What goes in a turn is for `composing`, what comes for `receiving`; the carriers are in `transports`.
"""

import sqlite3
import time
from dataclasses import asdict, dataclass, field, replace

from cop import catching_up, currency, exchanges, frontier, log, partners, settings, stale, status, trust, wire
from cop.composing import Composed, Plan, Telling, compose, plan, wanted
from cop.counting import changes_in, count_changes, named
from cop.database import writing
from cop.errors import NotKnown, Refused
from cop.holding import Holding, NotRebuilt
from cop.identity import Side, own_organisation
from cop.model import OWN, PARTNERS, Entry, PayloadHash, WriterId
from cop.partners import Partner
from cop.progress import Progress, no_progress
from cop.receiving import Received, receive, take_restored
from cop.report import Report
from cop.transports.base import LineCut, SiteBusy, Transport
from cop.wire import Message

MAX_TURNS = 100_000
MAX_INTRODUCTION = 20  # entries that say who we are
_LISTENING = Composed(b"")  # we send nothing: another message of the same answer comes
MAX_CUTS = 5  # of the line, one after the other, before we give up


@dataclass
class _Exchange:
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


def run(
    side: Side,
    partner: Partner,
    transport: Transport,
    now: int,
    progress: Progress,
    pages: Progress = no_progress,
) -> Report:
    """Exchange with one partner until neither has anything for the other, then bring the pages up to date.

    `progress` is told bytes, `pages` is told records. Raises: NotReachable, Refused.
    """
    started = time.monotonic()
    exchange = _Exchange(side, partner, transport, now, progress, Report(partner.name))
    with catching_up.bringing_up_to_date(side.site, side.db, pages):
        theirs = _turns(exchange, currency.chosen(side.db))
        _remember(side.db, exchange, theirs)
    _finish(exchange)
    exchange.report.seconds = round(time.monotonic() - started, 3)
    return exchange.report


def _turns(exchange: _Exchange, history: str) -> Message | None:
    """Take turns until neither has anything for the other; the partner's last message."""
    db, theirs = exchange.side.db, None
    exchange.current, exchange.lacked = history != currency.ALL, currency.not_here(db)
    going = _first(exchange)
    for _ in range(MAX_TURNS):
        theirs, going, done = _turn(exchange, going)
        if done and exchange.current and history == currency.LATER and currency.left_out(db):
            exchange.current, done = False, False
            currency.want_all(db)
            going = _compose(exchange, theirs)
        if done:
            break
    return theirs


def _first(exchange: _Exchange) -> Composed:
    """A question, if nothing is new here; else what is new since we last held the same; else what we hold."""
    side = exchange.side
    db, agreed = side.db, partners.agreed(side.db, exchange.partner)
    if agreed == frontier.frontier_hash(db) and not wanted(db) and not currency.left_out(db):
        return Composed(agreed, is_question=True)
    base = agreed if frontier.position(db, agreed) is not None else b""
    if not base and not partners.points(db, exchange.partner):
        return _introducing(exchange)
    return _compose(exchange, Message(b"", b"", b"", base=base, room=wire.MAX_ROOM), base=base)


def _introducing(exchange: _Exchange) -> Composed:
    """The first message to somebody we never met: who we are, so that both may hold the same after its answer."""
    db = exchange.side.db
    rows = db.execute(
        f"SELECT entry_number FROM log_entry WHERE writer = ? AND {log.TELLS_WHO} ORDER BY entry_number LIMIT ?",
        [settings.own_writer(db), MAX_INTRODUCTION],
    )
    telling = replace(_telling(exchange), points=True)
    return compose(exchange.side, None, Plan(tuple(row[0] for row in rows)), telling, receiver=b"")


def _compose(exchange: _Exchange, to: Message | None, base: bytes = b"") -> Composed:
    """Our next message; without a base it tells what we hold. On a line that was cut, it is smaller.

    Until the partner has proved to be there, whoever stands at its address gets what is public, and the rest follows.
    """
    db = exchange.side.db
    to = to and replace(to, room=min(to.room, exchange.room))
    going = plan(db, to, already=exchange.already, whole=exchange.whole) if to else Plan()
    going = replace(going, numbers=tuple(number for number in going.numbers if number not in exchange.vain))
    telling = replace(_telling(exchange), points=not base, base=base)
    return compose(exchange.side, to, going, telling, receiver=exchange.transport.partner, given=exchange.given)


def _telling(exchange: _Exchange) -> Telling:
    return Telling(
        unwelcome=tuple(exchange.unwelcome),
        room=exchange.room,
        whole=exchange.whole,
        current=exchange.current,
        several=exchange.transport.several,
    )


def _turn(exchange: _Exchange, going: Composed) -> tuple[Message | None, Composed, bool]:
    """One message there and back. Returns theirs, our next one, and whether there is nothing left to do."""
    db = exchange.side.db
    try:
        line, follows, exchange.follows = exchange.transport, exchange.follows, False
        answer = line.following() if follows else line.exchange(going.body)
        theirs = _read(exchange, answer) if answer or not going.is_question else None
    except LineCut as error:
        return None, _after_cut(exchange, going, error), False
    except NotKnown:  # a question names our key in short, a message in full, and brings who vouched for it
        if not going.is_question or not trust.is_vouched_for(db):
            raise
        return None, _compose(exchange, None), False
    except NotRebuilt:
        if exchange.whole:
            raise
        exchange.whole = True
        return None, _compose(exchange, None), False
    if not _is_partner(exchange, theirs):
        if going.has_points:
            raise _refused(exchange.partner)
        return (
            None,
            _compose(exchange, None),
            False,
        )  # one of their computers that we never heard of says who it is then
    if theirs is None:
        exchange.report.equal, exchange.agreed = True, going.body
        return None, going, True
    came = receive(exchange.side, theirs, exchange.partner.name, exchange.now, current=exchange.current)
    _count(exchange, going, theirs, came)
    return theirs, *_what_next(exchange, going, theirs, came)


def _what_next(exchange: _Exchange, going: Composed, theirs: Message, came: Received) -> tuple[Composed, bool]:
    """Our next message, and whether it need not be sent."""
    db, report = exchange.side.db, exchange.report
    news = came.entries or came.payloads or set(came.refused) - exchange.unwelcome or theirs.whole > exchange.whole
    exchange.whole = exchange.whole or theirs.whole
    members = set(trust.admissible(db, ()).writers)
    exchange.unwelcome = (exchange.unwelcome | set(came.refused)) - members
    if theirs.whole:
        exchange.already.difference_update(going.numbers)
    report.equal, exchange.agreed = theirs.state == frontier.frontier_hash(db), theirs.state
    exchange.follows = theirs.follows and exchange.transport.several
    if exchange.follows:
        return _LISTENING, False
    following = _compose(exchange, theirs)
    if came.entries or came.payloads or len(following.lacked) < exchange.lacking:
        exchange.cuts, exchange.room = 0, min(2 * exchange.room, wire.MAX_ROOM)
    exchange.lacking = len(following.lacked)
    if report.equal or theirs.points is not None:
        report.sent += sum(n for number, n in exchange.unanswered.items() if number not in following.lacked)
        exchange.unanswered.clear()
    asks_more = following.asks and not going.asks  # as once the partner has proved who it is
    more = theirs.more or (going.asks and came.payloads) or asks_more
    if report.equal and not following.gives and not more:
        return following, True
    return following, going.has_points and not following.gives and not news and not asks_more


def _read(exchange: _Exchange, answer: bytes) -> Message:
    side = exchange.side
    return wire.unpack(answer, side.signer, Holding(side.db))


def _after_cut(exchange: _Exchange, going: Composed, error: LineCut) -> Composed:
    """Ask again, for less at a time. What came is stored, and what went is found out by telling what we hold."""
    exchange.cuts += 1
    busy = isinstance(error, SiteBusy)
    if exchange.cuts > MAX_CUTS:
        raise _gave_up(exchange, busy=busy)
    changes = (count_changes([entry]) for entry in going.entries)
    exchange.unanswered.update(zip(going.numbers, changes, strict=True))
    exchange.room = exchange.room if busy else max(exchange.room // 4, wire.MIN_ROOM)
    return _compose(exchange, None)


def _gave_up(exchange: _Exchange, *, busy: bool) -> LineCut:
    partner, where = exchange.partner, exchange.partner.address
    if busy:
        text, hint = f"{partner.name} at {where} is busy.", "Wait a few minutes, then run it again."
        return SiteBusy(f"{text} What came before is kept.", hint=f"{hint} It goes on where it stopped.")
    return LineCut(
        f"The line to {partner.name} at {where} was cut {exchange.cuts} times. What came before is kept.",
        hint="Safe to run again: it goes on where it stopped.",
    )


def _is_partner(exchange: _Exchange, theirs: Message | None) -> bool:
    """True if the partner itself answered, with a key that it vouched for."""
    db, partner, answered = exchange.side.db, exchange.partner, exchange.transport.partner
    owners = trust.admissible(db, theirs.entries if theirs else ()).writers
    vouched = owners.get(answered) == partner.organisation or answered == partners.inviting_writer(db, partner)
    return vouched and (theirs is None or (theirs.writer, theirs.organisation) == (answered, partner.organisation))


def _refused(partner: Partner) -> Refused:
    return Refused(
        f"The address of {partner.name} answers as another organisation. Nothing was stored.",
        hint=f"Ask {partner.name} for a new invitation, then: cop join INVITATION",
    )


def _count(exchange: _Exchange, going: Composed, theirs: Message, came: Received) -> None:
    """Add one turn to the report, and to what was sent before."""
    db, report = exchange.side.db, exchange.report
    sent = zip(going.numbers, going.entries, strict=True)
    turned_away = {number for number, entry in sent if entry.writer in theirs.unwelcome}
    held = set(going.numbers) - turned_away
    exchange.already |= held
    exchange.turned_away = (exchange.turned_away | turned_away) - held
    exchange.vain = exchange.vain | turned_away if theirs.state == exchange.state else set()
    exchange.state = theirs.state
    exchange.given |= going.payloads
    report.received += came.changes
    report.texts += came.texts
    report.sent += _went(going, theirs)
    report.refused += sum(came.refused.values())
    report.apart += came.apart
    report.erasures += came.erasures
    report.erased += came.erased
    report.partner_lacks = len(exchange.turned_away)
    for name, changes in named(db, came.by).items():
        report.by[name] = report.by.get(name, 0) + changes
    moved = exchange.transport.bytes_in + exchange.transport.bytes_out
    exchange.progress(moved, moved + (theirs.left + going.left) // 4)  # what is packed has about a quarter of its size


def _went(going: Composed, theirs: Message) -> int:
    """How many of our changes were new to the partner. It tells; if not, all that it did not turn away."""
    went, told = count_changes(_welcome(going, theirs)), theirs.report.get("changes")
    return max(0, min(went, told)) if isinstance(told, int) else went


def _welcome(going: Composed, theirs: Message) -> list[Entry]:
    return [] if theirs.whole else [entry for entry in going.entries if entry.writer not in theirs.unwelcome]


def _finish(exchange: _Exchange) -> None:
    db, report, transport = exchange.side.db, exchange.report, exchange.transport
    report.bytes_in, report.bytes_out, report.requests = transport.bytes_in, transport.bytes_out, transport.requests
    status.count_open_ends(db, report)
    report.left_out, report.pages_waiting = currency.left_out(db), stale.count(db)
    report.texts = min(report.texts, exchange.lacked)  # the others were left out and fetched within this exchange
    report.restored, report.renewed = take_restored(db)
    happened = {"received": report.received, "sent": report.sent, "refused": report.refused}
    with writing(db):
        partners.keep_report(db, exchange.partner.organisation, happened, exchange.now)
        exchanges.remember(db, exchange.partner.organisation, exchanges.ASKED, asdict(report), exchange.now)


def _remember(db: sqlite3.Connection, exchange: _Exchange, theirs: Message | None) -> None:
    """Keep what the next sync, or a bundle, can start from. Somebody may have saved something here meanwhile."""
    partner, equal = exchange.partner, exchange.report.equal
    with writing(db):
        partners.keep_agreed(db, partner, exchange.agreed if equal else b"")
        if equal and exchange.agreed == frontier.frontier_hash(db):
            frontier.remember(db)
            partners.keep_points(db, partner, frontier.own_points(db))
        elif theirs is not None and theirs.points is not None:
            partners.keep_points(db, partner, theirs.points)


def preview(side: Side, partner: Partner, transport: Transport) -> Report:
    """What a sync would move, as far as the partner tells; nothing is stored or sent. Raises: NotReachable, Refused."""
    report = Report(partner.name)
    exchange = _Exchange(side, partner, transport, 0, no_progress, report)
    asking = compose(side, None, Plan(), Telling(room=wire.MAX_ROOM, looks=True), receiver=b"")
    theirs = _read(exchange, transport.exchange(asking.body))
    if not _is_partner(exchange, theirs):
        raise _refused(partner)
    owners = trust.admissible(side.db, theirs.entries).writers
    new = [e for e in theirs.entries if e.writer in owners and not log.holds(side.db, e.entry_id)]
    going = _compose(exchange, theirs)
    report.received = count_changes(new) + theirs.left_changes
    widest = OWN if partner.organisation == own_organisation(side.db) else PARTNERS
    report.sent = changes_in(side.db, going.lacked, widest)
    report.refused = len([e for e in theirs.entries if e.writer not in owners])
    report.bytes_in, report.bytes_out = transport.bytes_in + theirs.left // 4, len(going.body) + going.left // 4
    report.requests, report.equal = transport.requests, not (new or going.gives or theirs.more)
    return report
