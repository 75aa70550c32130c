"""The side that is asked: what it answers to a message, and what it remembers of that."""

import sqlite3
from dataclasses import dataclass, field, replace

from cop import exchanges, frontier, partners, repeats, wire
from cop.composing import Plan, Telling, audience_of, compose, plan, wanted
from cop.counting import count_changes, named
from cop.database import writing
from cop.errors import Refused
from cop.holding import NOTHING, Holding, NotRebuilt
from cop.identity import Side
from cop.model import OrganisationId, WriterId
from cop.receiving import Received, receive
from cop.wire import Message


@dataclass(frozen=True)
class Following:
    """Where an answer of several messages stands."""

    message: Message  # what is answered; what it brought is stored
    sender: WriterId  # who has proved to have sent it
    sent: frozenset[int]  # entries that went, by their numbers here


@dataclass(frozen=True)
class Answer:
    """Our answer to a message, and what happened, for the people on this side."""

    body: bytes  # empty: nothing is new
    partner: str = ""
    received: Received = field(default_factory=Received)
    sent: int = 0  # changes
    following: Following | None = None  # another message follows: see `follow`


def answer(side: Side, data: bytes, now: int, sender: WriterId = b"", nonce: str = "") -> Answer:
    """Answer a partner's message. `sender` has proved to have sent it; b"" is anybody.

    `nonce` is what makes it unlike any other of theirs, on a line where it may come again. Raises: CameBefore, Refused.
    """
    if len(data) == frontier.STATE_BYTES:
        return _answer_question(side, data, now, sender, nonce)
    try:
        message = wire.unpack(data, side.signer, Holding(side.db))
    except NotRebuilt:
        return Answer(compose(side, None, Plan(), Telling(whole=True), receiver=b"").body)
    if sender and message.writer != sender:
        raise Refused("A message was signed by another than it names as its writer. Nothing of it was stored.")
    owner = partners.owner_of(side.db, sender, message.entries)  # proved, not what the message claims
    if owner and nonce:
        repeats.take(side.db, sender, nonce)
    came = receive(side, message, partners.name_of(side.db, owner), now)
    return _answer_message(side, message, came, now, sender, owner)


def follow(side: Side, following: Following, now: int) -> Answer:
    """The next message of an answer to somebody who takes several."""
    owner = partners.owner_of(side.db, following.sender)
    return _answer_message(side, following.message, Received(), now, following.sender, owner, following.sent)


def _answer_message(
    side: Side,
    message: Message,
    came: Received,
    now: int,
    sender: WriterId,
    owner: OrganisationId,
    already: frozenset[int] = frozenset(),
) -> Answer:
    db = side.db
    going = plan(db, message, already=already)
    equal = message.state == frontier.frontier_hash(db) and not message.wanted and not wanted(db)
    by_base = bool(message.base) and message.points is None and going.holding is not NOTHING
    telling = Telling(
        points=not equal and (message.more or not by_base),
        unwelcome=tuple(came.refused),
        report={"changes": came.changes + came.apart, "refused": sum(came.refused.values())},
    )
    composed = compose(side, message, going, telling, receiver=sender, train=message.several)
    frontier.remember(db)
    going_out = (e for e in composed.entries if e.writer not in message.unwelcome)
    sent = 0 if message.looks else count_changes(going_out, audience_of(db, sender))
    following = None
    if composed.follows:
        rest = replace(message, entries=(), payloads=(), sealed=(), own=(), wanted=())
        following = Following(rest, sender, already.union(composed.numbers))
    answer = Answer(composed.body, partners.name_of(db, owner), came, sent, following)
    if owner and (equal or message.points is not None):
        _keep_points(db, owner, frontier.own_points(db) if equal else message.points or {})
    if owner and not message.looks:
        in_step = not (composed.more or message.more or message.unwelcome or came.refused)
        _remember(db, owner, answer, now, in_step=in_step)
    return answer


def _answer_question(side: Side, state: bytes, now: int, sender: WriterId, nonce: str) -> Answer:
    """Nothing, if we hold the same; else what is public of what came after we both held the same, or what we hold.

    Whoever saw a question once can ask it again, later and for ever, so it gets what anybody may have. What is for
    partners goes to the message that follows.
    """
    db = side.db
    owner = partners.owner_of(db, sender)
    if state == frontier.frontier_hash(db) and not wanted(db):
        if owner:
            _keep_points(db, owner, frontier.own_points(db))
        return Answer(b"")
    if owner and nonce:
        repeats.take(db, sender, nonce)
    asking = Message(sender, b"", state, base=state, room=wire.MAX_ROOM)
    going = plan(db, asking)
    composed = compose(side, asking, going, Telling(points=going.holding is NOTHING), receiver=b"")
    frontier.remember(db)
    answer = Answer(
        composed.body, partners.name_of(db, owner), sent=count_changes(composed.entries, audience_of(db, sender))
    )
    if sender:
        _remember(db, owner, answer, now, in_step=bool(composed.entries) and not composed.more)
    return answer


def _keep_points(db: sqlite3.Connection, organisation: OrganisationId, points: frontier.Points) -> None:
    """What a partner says that it holds: a bundle for it begins there."""
    for partner in partners.all_partners(db):
        if partner.organisation == organisation and partners.points(db, partner) != points:
            with writing(db):  # not before: most questions change nothing, and must not wait for whoever writes
                partners.keep_points(db, partner, points)


def _remember(db: sqlite3.Connection, organisation: OrganisationId, answer: Answer, now: int, *, in_step: bool) -> None:
    """Keep how this exchange went, and that a partner will hold what we hold once our answer arrives.

    Should it not arrive, our next sync finds out and tells what we hold instead: that costs a trip, nothing else.
    """
    came = answer.received
    happened = {"received": came.changes, "sent": answer.sent, "refused": sum(came.refused.values())}
    told = {**happened, "by": named(db, came.by), "apart": came.apart, "texts": came.texts}
    with writing(db):
        partners.keep_report(db, organisation, happened, now)
        exchanges.remember(db, organisation, exchanges.ANSWERED, told, now)
        for partner in partners.all_partners(db):
            if in_step and partner.organisation == organisation:
                partners.keep_agreed(db, partner, frontier.frontier_hash(db))
