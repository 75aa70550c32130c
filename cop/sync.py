"""Exchanging with a partner: the rules of one turn, and the turns of one sync. Carriers are in `transports`.

A turn: each side says what it holds and sends what the other lacks, as far as it fits one message. Each message is
stored whole or not at all, so a cut line leaves nothing half done and the next sync goes on where this one stopped.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from cop import cbor, frontier, log, partners, sealing, status, trust, views, wire
from cop.config import Site
from cop.errors import Refused
from cop.model import OWN, PARTNERS, PUBLIC, Entry, OrganisationId, PayloadHash, WriterId
from cop.signing import Signer, sha256
from cop.transports.base import Transport
from cop.wire import Message

MAX_TURNS = 100_000
Progress = Callable[[int], None]  # changes that came and went so far
QUIET_KINDS = frozenset({"writer", "organisation"})  # who is who: not counted as news for people


@dataclass
class Received:
    """What came of one message."""

    changes: int = 0  # changes of records that were new here
    entries: int = 0
    payloads: int = 0
    refused: dict[WriterId, int] = field(default_factory=dict)  # entries of writers we do not know
    by: dict[OrganisationId, int] = field(default_factory=dict)  # changes per organisation that made them


@dataclass(frozen=True)
class Side:
    """This installation, in an exchange."""

    site: Site
    db: sqlite3.Connection
    signer: Signer


def receive(side: Side, message: Message, received_from: str, now: int) -> Received:
    """Store what a message brings of writers we know; count the rest."""
    network = trust.admissible(side.db, message.entries)
    known = [entry for entry in message.entries if entry.writer in network.writers]
    refused: dict[WriterId, int] = {}
    for entry in message.entries:
        if entry.writer not in network.writers:
            refused[entry.writer] = refused.get(entry.writer, 0) + 1
    payloads = log.by_hash(message.payloads)
    appended = log.append(side.db, known, payloads, received_time=now, received_from=received_from)
    came = Received(count_changes(appended.entries), len(appended.entries), appended.payloads, refused)
    for entry in appended.entries:
        owner = network.writers[entry.writer]
        came.by[owner] = came.by.get(owner, 0) + count_changes([entry])
    if appended.entries or appended.payloads:
        views.refresh(side.site, side.db)
    return came


def count_changes(entries: Iterable[Entry]) -> int:
    """Changes of records, as people count them."""
    return sum(len(entry.items) for entry in entries if entry.kind not in QUIET_KINDS)


@dataclass(frozen=True)
class Composed:
    """A message ready to go."""

    body: bytes
    entries: tuple[Entry, ...]
    numbers: tuple[int, ...]  # of these entries here
    payloads: frozenset[PayloadHash]  # sent because they were asked for
    has_points: bool  # it says what we hold
    asks: bool  # it asks for payloads
    gives: bool  # there is something in it that the partner lacks


def compose(
    side: Side,
    to: Message | None,
    *,
    points: bool,
    already: Collection[int] = (),
    given: Collection[PayloadHash] = (),
    unwelcome: Iterable[WriterId] = (),
    report: dict[str, int] | None = None,
) -> Composed:
    """The next message for whoever sent `to`: what we hold, and what they lack, sealed where it is not public.

    `already` are entries, and `given` payloads, sent before in this exchange; they are never sent twice.
    """
    db = side.db
    widest, key = audience_of(db, to)
    lacking = frontier.lacking(db, to.points, without=to.unwelcome) if to and to.points is not None else []
    numbers = [number for number in lacking if number not in already]
    entries, open_, closed, taken = wire.chunk(db, numbers, widest)
    asked = [payload_hash for payload_hash in (to.wanted if to else ()) if payload_hash not in given]
    asked_open, asked_closed = wire.answer_wanted(db, asked, widest)
    payloads, secret = [*open_, *asked_open], [*closed, *asked_closed]
    message = Message(
        writer=side.signer.public,
        organisation=own_organisation(db),
        state=frontier.frontier_hash(db),
        points=frontier.own_points(db) if points else None,
        entries=tuple(entries),
        payloads=tuple(payloads),
        wanted=wanted(db),
        unwelcome=tuple(unwelcome),
        more=taken < len(numbers),
        report=report or {},
    )
    body = wire.pack(message, sealing.seal([key], cbor.encode(secret)) if secret else b"")
    return Composed(
        body,
        tuple(entries),
        tuple(numbers[:taken]),
        frozenset(map(sha256, [*asked_open, *asked_closed])),
        has_points=points,
        asks=bool(message.wanted),
        gives=bool(entries or payloads or secret),
    )


def own_organisation(db: sqlite3.Connection) -> OrganisationId:
    """Our organisation's key."""
    organisation = log.setting(db, "organisation")
    return organisation if isinstance(organisation, bytes) else b""


def audience_of(db: sqlite3.Connection, to: Message | None) -> tuple[int, WriterId]:
    """What the sender of a message may have, and the key to seal it to. A stranger gets what is public."""
    if to is None:
        return PUBLIC, b""
    owner = trust.members(db).writers.get(to.writer)
    if owner is None:
        return PUBLIC, to.writer
    return (OWN if owner == own_organisation(db) else PARTNERS), to.writer


def wanted(db: sqlite3.Connection) -> tuple[bytes, ...]:
    """Payloads that we know of and do not hold; of many, others each time: a partner may have only the last of them."""
    rows = db.execute(
        "SELECT payload_hash FROM local_missing JOIN log_item USING (item_number) GROUP BY 1 ORDER BY random() LIMIT ?",
        [wire.MAX_WANTED],
    )
    return tuple(row[0] for row in rows)


def answer(side: Side, data: bytes, now: int) -> tuple[bytes, dict[str, Any]]:
    """Our answer to a partner's message, and what happened, for the people on this side. Raises: Refused."""
    message = wire.unpack(data, side.signer)
    partner = partner_name(side.db, message.organisation)
    came = receive(side, message, partner, now)
    equal = message.state == frontier.frontier_hash(side.db) and not message.wanted and not wanted(side.db)
    counts = {"changes": came.changes, "refused": sum(came.refused.values())}
    going = compose(side, message, points=not equal, unwelcome=came.refused, report=counts)
    happened = {"received": came.changes, "sent": count_changes(going.entries), "refused": counts["refused"]}
    if message.organisation in came.by:  # their own signature is on it; anybody may claim to be them
        partners.keep_report(side.db, message.organisation, happened, now)
    return going.body, {"partner": partner, **happened}


def partner_name(db: sqlite3.Connection, organisation: OrganisationId) -> str:
    """How we call an organisation in reports."""
    known = [p.name for p in partners.all_partners(db) if p.organisation == organisation]
    return known[0] if known else "someone we do not know"


@dataclass
class Report:
    """What one sync did; the keys of `cop sync --json`."""

    partner: str
    received: int = 0  # changes of records that came
    sent: int = 0  # changes of records that went
    bytes_in: int = 0
    bytes_out: int = 0
    requests: int = 0
    conflicts: int = 0  # fields with more than one answer, after the exchange
    waiting: int = 0  # changes announced and not here yet
    not_understood: int = 0
    partner_lacks: int = 0  # entries they turned away, because they do not know who wrote them
    refused: int = 0  # entries we turned away, likewise
    by: dict[str, int] = field(default_factory=dict)  # changes that came, per organisation that made them
    equal: bool = False  # both hold the same entries now
    seconds: float = 0.0


def run(side: Side, partner: partners.Partner, transport: Transport, now: int, progress: Progress) -> Report:
    """Exchange with one partner until neither has anything for the other. Raises: NotReachable, Refused."""
    started = time.monotonic()
    report = Report(partner.name)
    already: set[int] = set()
    given: set[PayloadHash] = set()
    unwelcome: set[WriterId] = set()
    going = compose(side, None, points=partners.agreed(side.db, partner) != frontier.frontier_hash(side.db))
    for _ in range(MAX_TURNS):
        theirs = wire.unpack(transport.exchange(going.body), side.signer)
        _check_is(theirs, partner)
        came = receive(side, theirs, partner.name, now)
        _count(side.db, report, going, theirs, came)
        progress(report.received + report.sent)
        already.update(going.numbers)
        given |= going.payloads
        report.equal = theirs.state == frontier.frontier_hash(side.db)
        news = came.entries or came.payloads or set(came.refused) - unwelcome
        unwelcome = (unwelcome | set(came.refused)) - set(trust.members(side.db).writers)
        told_all = going.has_points
        going = compose(side, theirs, points=True, already=already, given=given, unwelcome=unwelcome)
        more = theirs.more or (going.asks and came.payloads)
        if report.equal and not going.gives and not more:
            break
        if told_all and not going.gives and not news:
            break
    _finish(side.db, report, partner, theirs, transport, now)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def preview(side: Side, partner: partners.Partner, transport: Transport) -> Report:
    """What a sync would move, as far as the partner tells; nothing is stored or sent. Raises: NotReachable, Refused."""
    report = Report(partner.name)
    theirs = wire.unpack(transport.exchange(compose(side, None, points=True).body), side.signer)
    _check_is(theirs, partner)
    network = trust.admissible(side.db, theirs.entries)
    new = [e for e in theirs.entries if e.writer in network.writers and not log.holds(side.db, e.entry_id)]
    going = compose(side, theirs, points=True)
    report.received, report.sent = count_changes(new), count_changes(going.entries)
    report.refused = len([e for e in theirs.entries if e.writer not in network.writers])
    report.bytes_in, report.bytes_out = transport.bytes_in, len(going.body)
    report.requests, report.equal = transport.requests, not (new or going.gives or theirs.more)
    return report


def _check_is(theirs: Message, partner: partners.Partner) -> None:
    if theirs.organisation != partner.organisation:
        raise Refused(
            f"The address of {partner.name} answers as another organisation. Nothing was stored.",
            hint=f"Ask {partner.name} for a new invitation, then: cop join INVITATION",
        )


def _count(db: sqlite3.Connection, report: Report, going: Composed, theirs: Message, came: Received) -> None:
    """Add one turn to the report."""
    names = trust.names(db, trust.members(db)) if came.by else {}
    report.received += came.changes
    report.sent += count_changes(e for e in going.entries if e.writer not in theirs.unwelcome)
    report.refused += sum(came.refused.values())
    report.partner_lacks += theirs.report.get("refused", 0)
    for organisation, changes in came.by.items():
        if changes and organisation in names:
            name = names[organisation].name
            report.by[name] = report.by.get(name, 0) + changes


def _finish(
    db: sqlite3.Connection, report: Report, partner: partners.Partner, theirs: Message, transport: Transport, now: int
) -> None:
    report.bytes_in, report.bytes_out, report.requests = transport.bytes_in, transport.bytes_out, transport.requests
    report.conflicts = status.conflict_count(db)
    report.waiting, report.not_understood = status.waiting(db), status.not_understood(db)
    happened = {"received": report.received, "sent": report.sent, "refused": report.refused}
    partners.keep_report(db, partner.organisation, happened, now)
    if report.equal:
        partners.keep_agreed(db, partner, theirs.state)
    if theirs.state == frontier.frontier_hash(db):
        partners.keep_points(db, partner, frontier.own_points(db))
    elif theirs.points is not None:
        partners.keep_points(db, partner, theirs.points)
