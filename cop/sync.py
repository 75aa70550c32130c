"""Exchanging with a partner over a line: the turns of one sync.

What goes in a turn is for `turns` and `composing`, what comes for `receiving`; the carriers are in `transports`.
"""

import sqlite3
import time
from dataclasses import asdict

from cop import catching_up, currency, exchanges, frontier, log, partners, stale, status, trust, wire
from cop.composing import Composed, Plan, Telling, compose
from cop.counting import changes_in, count_changes, named
from cop.database import writing
from cop.errors import NotKnown
from cop.holding import NotRebuilt
from cop.identity import Side, own_organisation
from cop.model import OWN, PARTNERS, Entry
from cop.partners import Partner
from cop.progress import Progress, no_progress
from cop.receiving import Received, receive, take_restored
from cop.report import Report
from cop.transports.base import LineCut, Transport
from cop.turns import Exchange, after_cut, first_message, is_partner, next_message, read, refused
from cop.wire import Message

MAX_TURNS = 100_000
_LISTENING = Composed(b"")  # we send nothing: another message of the same answer comes


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
    exchange = Exchange(side, partner, transport, now, progress, Report(partner.name))
    with catching_up.bringing_up_to_date(side.site, side.db, pages):
        theirs = _turns(exchange, currency.chosen(side.db))
        _remember(side.db, exchange, theirs)
    _finish(exchange)
    exchange.report.seconds = round(time.monotonic() - started, 3)
    return exchange.report


def _turns(exchange: Exchange, history: str) -> Message | None:
    """Take turns until neither has anything for the other; the partner's last message."""
    db, theirs = exchange.side.db, None
    exchange.current, exchange.lacked = history != currency.ALL, currency.not_here(db)
    going = first_message(exchange)
    for _ in range(MAX_TURNS):
        theirs, going, done = _turn(exchange, going)
        if done and exchange.current and history == currency.LATER and currency.left_out(db):
            exchange.current, done = False, False
            currency.want_all(db)
            going = next_message(exchange, theirs)
        if done:
            break
    return theirs


def _turn(exchange: Exchange, going: Composed) -> tuple[Message | None, Composed, bool]:
    """One message there and back. Returns theirs, our next one, and whether there is nothing left to do."""
    db = exchange.side.db
    try:
        line, follows, exchange.follows = exchange.transport, exchange.follows, False
        answer = line.following() if follows else line.exchange(going.body)
        theirs = read(exchange, answer) if answer or not going.is_question else None
    except LineCut as error:
        return None, after_cut(exchange, going, error), False
    except NotKnown:  # a question names our key in short, a message in full, and brings who vouched for it
        if not going.is_question or not trust.is_vouched_for(db):
            raise
        return None, next_message(exchange, None), False
    except NotRebuilt:
        if exchange.whole:
            raise
        exchange.whole = True
        return None, next_message(exchange, None), False
    if not is_partner(exchange, theirs):
        if going.has_points:
            raise refused(exchange.partner)
        return (
            None,
            next_message(exchange, None),
            False,
        )  # one of their computers that we never heard of says who it is then
    if theirs is None:
        exchange.report.equal, exchange.agreed = True, going.body
        return None, going, True
    came = receive(exchange.side, theirs, exchange.partner.name, exchange.now, current=exchange.current)
    _count(exchange, going, theirs, came)
    return theirs, *_what_next(exchange, going, theirs, came)


def _what_next(exchange: Exchange, going: Composed, theirs: Message, came: Received) -> tuple[Composed, bool]:
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
    following = next_message(exchange, theirs)
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


def _count(exchange: Exchange, going: Composed, theirs: Message, came: Received) -> None:
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


def _finish(exchange: Exchange) -> None:
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


def _remember(db: sqlite3.Connection, exchange: Exchange, theirs: Message | None) -> None:
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
    exchange = Exchange(side, partner, transport, 0, no_progress, report)
    asking = compose(side, None, Plan(), Telling(room=wire.MAX_ROOM, looks=True), receiver=b"")
    theirs = read(exchange, transport.exchange(asking.body))
    if not is_partner(exchange, theirs):
        raise refused(partner)
    owners = trust.admissible(side.db, theirs.entries).writers
    new = [e for e in theirs.entries if e.writer in owners and not log.holds(side.db, e.entry_id)]
    going = next_message(exchange, theirs)
    report.received = count_changes(new) + theirs.left_changes
    widest = OWN if partner.organisation == own_organisation(side.db) else PARTNERS
    report.sent = changes_in(side.db, going.lacked, widest)
    report.refused = len([e for e in theirs.entries if e.writer not in owners])
    report.bytes_in, report.bytes_out = transport.bytes_in + theirs.left // 4, len(going.body) + going.left // 4
    report.requests, report.equal = transport.requests, not (new or going.gives or theirs.more)
    return report
