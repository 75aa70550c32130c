"""Somebody sits on the line between two partners and forges, swaps, repeats, drops and delays what goes by.

The answers that an honest server gave are real ones; each test says what was done to them on their way.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from cop import frontier, log, partners, repeats, sync, views, wire
from cop.errors import CameBefore, CopError, NotReachable, Refused
from cop.holding import Holding
from cop.model import OWN, PARTNERS, PUBLIC
from cop.report import Report
from cop.signing import Signer
from cop.transports import partly_known
from cop.transports.http import CONTENT_TYPE, PATH, HttpTransport, Proof
from tests.commands import WAIT_SECONDS, serving
from tests.lines import Between
from tests.network import NOW, Line, Place, assert_same_views, befriend, places, read_by_anyone, store

NEVER_TRUE = bytes(16)


@dataclass
class Message:
    """A request or an answer, as it goes by."""

    start: str  # its first line
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    def without(self, *names: str) -> "Message":
        return Message(self.start, [pair for pair in self.headers if pair[0].lower() not in names], self.body)

    def saying(self, body: bytes) -> "Message":
        """Another body, with a length that fits it."""
        kept = self.without("content-length")
        return Message(kept.start, [*kept.headers, ("content-length", str(len(body)))], body)

    def as_bytes(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def read_message(connection: socket.socket) -> Message | None:
    """One message; None where the line ends. Both sides tell the length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    start, *lines = head.decode().split("\r\n")
    message = Message(start, [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in lines])
    length = int(message.header("content-length") or 0)
    chunked = message.header("transfer-encoding") == "chunked"
    while len(body) < length or (chunked and not body.endswith(b"0\r\n\r\n")):
        body += connection.recv(65536)
    message.body = body
    return message


@dataclass
class Liar:
    """Passes on what comes, and does something to it."""

    address: str  # of the honest server
    to_question: Callable[[Message], Message] = lambda message: message
    to_answer: Callable[[Message], Message] = lambda message: message
    seen: list[tuple[Message, Message]] = field(default_factory=list)  # questions, and the true answers

    def ask(self, question: Message) -> Message:
        """What the honest server says to it."""
        host, port = self.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=WAIT_SECONDS) as server:
            server.sendall(question.as_bytes())
            answer = read_message(server)
        assert answer is not None
        return answer

    def handle(self, client: socket.socket) -> None:
        while (question := read_message(client)) is not None:
            answer = self.ask(self.to_question(question))
            self.seen.append((question, answer))
            client.sendall(self.to_answer(answer).as_bytes())


def run(one: Place, other: Place, address: str, *, proof: bool = True) -> Report:
    """As `cop sync`, in this process."""
    transport = HttpTransport(address, Proof(one.signer, partly_known(one.db), other.organisation) if proof else None)
    try:
        return sync.run(one.side, one.partner(other), transport, NOW, lambda done, of: None)
    finally:
        transport.close()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    return one, other


@contextmanager
def between(server: Place, **what: Callable[[Message], Message]) -> Iterator[tuple[Liar, str]]:
    with serving(server) as address:
        liar = Liar(address, **what)
        with Between(liar.handle) as line:
            yield liar, line.address


def in_step_over(one: Place, other: Place, address: str) -> None:
    """The line is honest again: what was done before has broken nothing."""
    run(one, other, address)
    run(one, other, address)
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
    views.refresh(other.site, other.db)  # waits for the server, which may be at it
    assert_same_views([one, other])


NEWS = {"title": "News that matter"}

# -- answers

Change = Callable[[Message], Message]
BENT_ANSWERS: dict[str, Change] = {
    "nothing new": lambda answer: Message("HTTP/1.1 204 No Content", answer.headers).saying(b""),
    "nothing new, unsigned": lambda answer: Message("HTTP/1.1 204 No Content", []),
    "no signature": lambda answer: answer.without("signature", "signature-input"),
    "no digest": lambda answer: answer.without("content-digest"),
    "another body, the same digest": lambda answer: answer.saying(answer.body[:-1] + b"\0"),
    "another body, no digest": lambda answer: answer.saying(answer.body + b"\0").without("content-digest"),
    "an empty body": lambda answer: answer.saying(b""),
    "another status": lambda answer: Message("HTTP/1.1 203 OK", answer.headers, answer.body),
    "another key": lambda answer: Message(
        answer.start, [(n, re.sub('keyid="[^"]+"', 'keyid="AAAAAAAAAAA"', v)) for n, v in answer.headers], answer.body
    ),
    "less covered": lambda answer: Message(
        answer.start, [(n, v.replace('"signature";req ', "").replace(' "signature";req', "")) for n, v in answer.headers], answer.body
    ),
    "only its status covered": lambda answer: Message(
        answer.start, [(n, re.sub(r"c=\([^)]*\)", 'c=("@status")', v)) for n, v in answer.headers], answer.body
    ),
}  # fmt: skip


@pytest.mark.parametrize("bent", BENT_ANSWERS, ids=lambda name: name.replace(" ", "-"))
def test_a_bent_answer_is_refused_and_never_taken_for_being_in_step(pair: tuple[Place, Place], bent: str) -> None:
    one, other = pair
    with between(other) as (liar, address):
        run(one, other, address)
        other.change(None, NEWS)
        before = one.entry_ids()
        for change in (None, {"title": "Ours"}):  # a question, and a message
            if change:
                one.change(None, change)
                before = one.entry_ids()
            liar.to_answer = BENT_ANSWERS[bent]
            with pytest.raises(CopError):
                run(one, other, address)
            assert one.entry_ids() == before
        liar.to_answer = lambda answer: answer
        in_step_over(one, other, address)


def test_an_old_answer_fits_no_new_question(pair: tuple[Place, Place]) -> None:
    """Both kinds: “nothing new”, and one with news. Each is true, signed by the partner, and of yesterday."""
    one, other = pair
    with between(other) as (liar, address):
        run(one, other, address)
        run(one, other, address)
        one.change(None, {"title": "Ours"})
        run(one, other, address)
        old = [answer for _, answer in liar.seen]
        assert {answer.start.split()[1] for answer in old} == {"204", "200"}
        other.change(None, NEWS)
        before = one.entry_ids()
        for answer in old:
            liar.to_answer = lambda _, answer=answer: answer  # type: ignore[misc]
            with pytest.raises(CopError):
                run(one, other, address)
            assert one.entry_ids() == before
        liar.to_answer = lambda answer: answer
        in_step_over(one, other, address)


def test_the_true_answer_of_another_organisation_is_refused(pair: tuple[Place, Place], tmp_path: Path) -> None:
    """The line leads to another partner of ours, who answers truly and signs."""
    one, other = pair
    third = Place(tmp_path / "third", "Knowle West Media")
    befriend(one, third)
    befriend(other, third)
    third.change(None, NEWS)
    before = one.entry_ids()
    with serving(third) as address:
        for _ in range(2):
            with pytest.raises(CopError):
                run(one, other, address)
            assert one.entry_ids() == before
        in_step_over(one, third, address)


def test_an_answer_that_a_stranger_signs_is_refused(pair: tuple[Place, Place], tmp_path: Path) -> None:
    """It asks on our behalf at its own server, and passes that off as the partner's answer."""
    one, other = pair
    stranger = Place(tmp_path / "stranger", "Somebody Else")
    stranger.change(None, NEWS)
    before = one.entry_ids()
    with serving(stranger) as address, between(other) as (liar, line):
        liar.address = address
        with pytest.raises(CopError):
            run(one, other, line)
        assert one.entry_ids() == before


# -- questions


def test_an_old_request_that_comes_again_changes_nothing(pair: tuple[Place, Place]) -> None:
    one, other = pair
    with between(other) as (liar, address):
        one.change(None, NEWS)
        run(one, other, address)
        run(one, other, address)
        one.change(None, {"title": "Later"})
        run(one, other, address)
        views.refresh(other.site, other.db)
        held = other.entry_ids()
        shown = other.digest()
        for question, _ in list(liar.seen) * 2:
            liar.ask(question)
        views.refresh(other.site, other.db)
        assert (other.entry_ids(), other.digest()) == (held, shown)
        in_step_over(one, other, address)


def test_a_message_that_comes_again_is_refused_and_told_of_nowhere(pair: tuple[Place, Place]) -> None:
    """So that nobody on the line can make a partner look as if it had just been heard from."""
    one, other = pair
    with between(other) as (liar, address):
        one.change(None, NEWS)
        run(one, other, address)
        other.change(None, NEWS)
        run(one, other, address)
        run(one, other, address)
        seen = [(question, answer.start.split()[1]) for question, answer in liar.seen]
        assert [question.start.split()[0] for question, _ in seen] == ["POST", "POST", "GET", "GET"]
        before = told_at(other)
        again = [liar.ask(question) for question, _ in seen]
        assert [answer.start.split()[1] for answer in again] == ["409", "409", "409", "204"]
        assert b"came here before" in again[0].body
        assert told_at(other) == before
        in_step_over(one, other, address)


def told_at(place: Place) -> list[tuple[object, ...]]:
    """What a site says of its exchanges."""
    query = "SELECT number, time, counts FROM local_exchange UNION ALL SELECT 0, heard_time, report FROM local_partner"
    return [tuple(row) for row in place.db.execute(query)]


def test_a_message_for_one_partner_is_refused_by_another(pair: tuple[Place, Place], tmp_path: Path) -> None:
    """The other two know and trust whoever signed it, and the one who passes it on may be a partner too."""
    one, other = pair
    third = Place(tmp_path / "third", "Knowle West Media")
    befriend(one, third)
    befriend(other, third)
    third.change(None, {"title": "For partners"}, audience=PARTNERS)
    with between(other) as (liar, address), serving(third) as elsewhere:
        one.change(None, NEWS)
        run(one, other, address)
        run(one, other, address)
        held, before = third.entry_ids(), told_at(third)
        liar.address = elsewhere
        for question, _ in list(liar.seen):
            answer = liar.ask(question)
            assert answer.start.split()[1] == "421" and b"meant for somebody else" in answer.body
        assert (third.entry_ids(), told_at(third)) == (held, before)
        with pytest.raises(Refused, match="another organisation"):
            run(one, other, address)
        assert (third.entry_ids(), told_at(third)) == (held, before)


def test_a_message_that_was_held_back_counts_once_when_it_comes(pair: tuple[Place, Place]) -> None:
    one, other = pair
    held_back: list[Message] = []

    def nowhere(question: Message) -> Message:
        held_back.append(question)
        raise OSError("The line is cut.")

    with between(other) as (liar, address):
        run(one, other, address)
        late = one.change(None, NEWS)
        liar.to_question = nowhere
        with pytest.raises(NotReachable):
            run(one, other, address)
        assert late not in {item.record_id for entry in other.entries() for item in entry.items}
        liar.to_question = lambda question: question
        first = held_back[0]
        assert [liar.ask(first).start.split()[1] for _ in range(3)] == ["200", "409", "409"]
        assert other.view(late).fields["title"] == NEWS["title"]
        in_step_over(one, other, address)


def test_after_a_cut_line_everything_is_signed_anew(pair: tuple[Place, Place]) -> None:
    """The message had arrived, and only the answer was lost: what follows is no repetition."""
    one, other = pair
    lost: list[Message] = []

    def losing(answer: Message) -> Message:
        if len(lost) < 2:
            lost.append(answer)
            raise OSError("The line is cut.")
        return answer

    with between(other, to_answer=losing) as (liar, address):
        one.change(None, NEWS)
        assert run(one, other, address).equal
        assert len(lost) == 2
        assert not [answer for _, answer in liar.seen if answer.start.split()[1] == "409"]
        nonces = [re.findall('nonce="([^"]+)"', question.header("signature-input")) for question, _ in liar.seen]
        assert len({nonce for (nonce,) in nonces}) == len(liar.seen)


def test_a_line_that_was_let_go_between_two_messages_is_no_repetition(pair: tuple[Place, Place]) -> None:
    """`http.client` finds out only by sending; the message may have arrived all the same."""
    one, other = pair
    with between(other) as (liar, address):
        transport = HttpTransport(address, Proof(one.signer, partly_known(one.db), other.organisation))
        asked = wire.pack(wire.Message(one.signer.public, one.organisation, NEVER_TRUE, points={}))
        assert transport.exchange(asked)
        lost: list[Message] = []

        def losing(answer: Message) -> Message:
            if not lost:
                lost.append(answer)
                raise OSError("The line is cut.")
            return answer

        liar.to_answer = losing
        assert transport.exchange(asked) and lost
        assert [answer.start.split()[1] for _, answer in liar.seen] == ["200", "200", "200"]
        transport.close()


def test_a_question_that_is_asked_again_later_gets_only_what_is_public(pair: tuple[Place, Place]) -> None:
    one, other = pair
    with between(other) as (liar, address):
        run(one, other, address)
        run(one, other, address)
        question, answer = liar.seen[-1]
        assert question.start.startswith("GET") and answer.start.split()[1] == "204"
        public = other.change(None, NEWS)
        other.change(None, {"title": "For partners"}, audience=PARTNERS)
        told = wire.unpack(liar.ask(question).body, one.signer, Holding(one.db))
        assert {item.record_id for entry in told.entries for item in entry.items} == {public}
        assert not told.sealed
        in_step_over(one, other, address)


def test_only_the_newest_requests_are_remembered(pair: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = pair
    monkeypatch.setattr(repeats, "MAX_KEPT", 3)
    for nonce in "abcd":
        repeats.take(one.db, other.signer.public, nonce)
    for nonce in "bcd":
        with pytest.raises(CameBefore):
            repeats.take(one.db, other.signer.public, nonce)
    repeats.take(one.db, one.signer.public, "d")
    assert one.db.execute("SELECT count(*) FROM local_request").fetchone()[0] == 3


BENT_QUESTIONS: dict[str, Change] = {
    "another body, the same digest": lambda q: q.saying(q.body[:-1] + b"\0") if q.body else q,
    "no signature": lambda q: q.without("signature", "signature-input"),
    "no digest": lambda q: q.without("content-digest"),
    "another question": lambda q: Message(q.start.replace("?", "?A", 1), q.headers, q.body),
    "another receiver": lambda q: Message(
        q.start, [(n, re.sub('tag="[^"]+"', 'tag="AAAA"', v)) for n, v in q.headers], q.body
    ),
    "no receiver": lambda q: Message(q.start, [(n, re.sub(';tag="[^"]+"', "", v)) for n, v in q.headers], q.body),
    "another method": lambda q: Message(q.start.replace("POST", "PUT").replace("GET", "PUT"), q.headers, q.body),
    "somebody else's key": lambda q: Message(
        q.start, [(n, re.sub('keyid="[^"]+"', 'keyid="' + "A" * 43 + '"', v)) for n, v in q.headers], q.body
    ),
}  # fmt: skip


@pytest.mark.parametrize("bent", BENT_QUESTIONS, ids=lambda name: name.replace(" ", "-"))
def test_a_bent_question_brings_nothing_false_and_gives_nothing_away(pair: tuple[Place, Place], bent: str) -> None:
    one, other = pair
    secret = other.change(None, {"title": "For partners"}, audience=PARTNERS)
    with between(other, to_question=BENT_QUESTIONS[bent]) as (liar, address):
        one.change(None, NEWS)
        true = one.entry_ids() | other.entry_ids()
        for _ in range(2):
            with suppress(CopError):
                assert run(one, other, address).equal == (one.entry_ids() == other.entry_ids())
        assert other.entry_ids() <= true
        if all(BENT_QUESTIONS[bent](question) != question for question, _ in liar.seen):
            assert not any(b"For partners" in payload for payload in one.payloads().values())
        liar.to_question = lambda question: question
        in_step_over(one, other, address)
    assert one.view(secret).fields["title"] == "For partners"


def test_requests_that_come_late_and_twice_do_no_harm(pair: tuple[Place, Place]) -> None:
    """Each is held back until the next one has come, and goes to the server before it and after it."""
    one, other = pair
    held: list[Message] = []
    with between(other) as (liar, address):

        def late(question: Message) -> Message:
            for old in held[-2:]:
                liar.ask(old)
            held.append(question)
            liar.ask(question)
            return question

        liar.to_question = late
        for at in range(4):
            one.change(None, {"title": f"Ours {at}"})
            other.change(None, {"title": f"Theirs {at}"})
            with suppress(CopError):
                run(one, other, address)
        liar.to_question = lambda question: question
        in_step_over(one, other, address)


def test_two_lines_that_are_swapped_are_noticed(pair: tuple[Place, Place]) -> None:
    """Two runs at the same time; each gets the answer to the other's question."""
    one, other = pair
    other.change(None, NEWS)
    waiting = threading.Barrier(2)
    answers: list[Message] = []
    with between(other) as (liar, address):

        def swapped(answer: Message) -> Message:
            answers.append(answer)
            waiting.wait(WAIT_SECONDS)
            return next(one_answer for one_answer in answers if one_answer is not answer)

        liar.to_answer = swapped
        asked = wire.pack(wire.Message(one.signer.public, one.organisation, NEVER_TRUE, points={}))
        proof = Proof(one.signer, lambda start: other.signer.public, other.organisation)
        failed: list[str] = []

        def ask() -> None:
            try:
                HttpTransport(address, proof).exchange(asked)
            except CopError as error:
                failed.append(str(error))

        runs = [threading.Thread(target=ask) for _ in range(2)]
        for each in runs:
            each.start()
        for each in runs:
            each.join(WAIT_SECONDS)
        assert len(failed) == 2
        liar.to_answer = lambda answer: answer
        in_step_over(one, other, address)


# -- who gets what


def asked_for(signer: Signer, organisation: bytes) -> bytes:
    return wire.pack(wire.Message(signer.public, organisation, NEVER_TRUE, points={}, room=wire.MAX_ROOM))


def test_anybody_may_ask_and_gets_what_is_public_with_what_proves_it(pair: tuple[Place, Place]) -> None:
    one, other = pair
    public = other.change(None, NEWS)
    other.change(None, {"title": "For partners"}, audience=PARTNERS)
    other.change(None, {"title": "Ours alone"}, audience=OWN)
    before = other.entry_ids()
    nobody = Signer(bytes(31) + b"\1")
    with serving(other) as address:
        for claimed in (nobody.public, one.signer.public):  # whom it says it comes from proves nothing
            data = wire.pack(wire.Message(claimed, one.organisation, NEVER_TRUE, points={}, room=wire.MAX_ROOM))
            body = requests.post(address + PATH, data=data, headers={"Content-Type": CONTENT_TYPE}, timeout=60).content
            told = wire.unpack(body, nobody, Holding(None))
            audiences = {item.audience for entry in told.entries for item in entry.items}
            assert audiences == {0}, "no entry that is for partners only"
            assert not any(b"For partners" in p or b"Ours alone" in p for p in told.payloads)
            assert {entry.writer for entry in told.entries if entry.kind == "writer"} >= {other.signer.public}
            assert public in {item.record_id for entry in told.entries for item in entry.items}
            assert b"For partners" not in body
            for reader in (one.signer, nobody):  # nothing sealed to anyone, either
                assert len(wire.unpack(body, reader, Holding(None)).payloads) == len(told.payloads)
    assert other.entry_ids() == before


def test_a_partners_signed_question_gets_what_is_for_partners(pair: tuple[Place, Place]) -> None:
    one, other = pair
    secret = other.change(None, {"title": "For partners"}, audience=PARTNERS)
    other.change(None, {"title": "Ours alone"}, audience=OWN)
    with serving(other) as address:
        run(one, other, address)
        run(one, other, address)
    assert one.view(secret).fields["title"] == "For partners"
    assert not any(b"Ours alone" in payload for payload in one.payloads().values())
    views.refresh(other.site, other.db)  # the server may not have come to it
    assert one.digest() == other.digest()


@pytest.mark.parametrize(
    ("audiences", "requests"), [((PUBLIC,), 1), ((PARTNERS,), 2), ((PUBLIC, PARTNERS, OWN), 2), ((OWN,), 2)]
)
def test_news_for_partners_wait_until_the_partner_has_proved_itself(
    pair: tuple[Place, Place], audiences: tuple[int, ...], requests: int
) -> None:
    """Which costs a request where there are such news, and only there."""
    one, other = pair
    one.sync(other)
    one.sync(other)
    wrote = {audience: one.change(None, NEWS, audience=audience) for audience in audiences}
    last = log.last_number(other.db)
    line = Line(other)
    assert one.sync(other, line).equal and line.requests == requests
    first = wire.unpack(line.messages[0], other.signer, Holding(other.db, lambda number: number > last))
    told = {item.record_id for entry in first.entries for item in entry.items}
    assert told == {record_id for audience, record_id in wrote.items() if audience == PUBLIC}
    assert not first.sealed
    assert one.entry_ids() == other.entry_ids()
    if PARTNERS in wrote:
        assert other.view(wrote[PARTNERS]).fields == NEWS


def test_a_stranger_at_the_address_of_a_partner_hears_of_public_records_only(
    pair: tuple[Place, Place], tmp_path: Path
) -> None:
    one, other = pair
    stranger = Place(tmp_path / "stranger", "Somebody Else")
    with between(other) as (liar, address), serving(stranger) as elsewhere:
        run(one, other, address)
        public = one.change(None, NEWS)
        one.change(None, {"title": "For partners"}, audience=PARTNERS)
        honest, liar.address = liar.address, elsewhere
        liar.seen.clear()
        with pytest.raises(CopError):
            run(one, other, address)
        messages = [wire.unpack(question.body, stranger.signer, Holding(other.db)) for question, _ in liar.seen]
        records = {item.record_id for told in messages for entry in told.entries for item in entry.items}
        assert messages and records == {public}
        liar.address = honest
        in_step_over(one, other, address)


@pytest.mark.parametrize("lacking_asks", [True, False])
def test_a_text_for_partners_that_is_lacking_comes_though_both_hold_the_same(
    pair: tuple[Place, Place], lacking_asks: bool
) -> None:
    """It is named to nobody before they are known, so the first question does not ask for it."""
    one, other = pair
    secret = one.change(None, {"title": "For partners"}, audience=PARTNERS)
    texts = [payload for payload in one.payloads().values() if b"For partners" not in payload]
    store(other, one.entries(), texts)
    store(one, other.entries(), other.payloads().values())
    for place, partner in ((one, other), (other, one)):
        partners.keep_agreed(place.db, place.partner(partner), frontier.frontier_hash(place.db))
    asking, asked = (other, one) if lacking_asks else (one, other)
    line = Line(asked)
    assert asking.sync(asked, line).equal
    (wanted,) = (payload_hash for payload_hash, payload in one.payloads().items() if b"For partners" in payload)
    assert wanted not in b"".join(read_by_anyone(message) for message in line.messages[:2])
    assert other.view(secret).fields["title"] == "For partners"
    assert asking.sync(asked).requests == 1
