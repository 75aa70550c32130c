"""An answer of several messages: one request for much, each message checked and stored by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import frontier, views, wire
from cop.errors import CopError, NotReachable, Refused
from cop.transports import several
from cop.transports.base import LineCut
from cop.transports.several import Parts, part
from tests.network import Line, Place, assert_same_views, befriend, places
from tests.test_in_between import Message, between, in_step_over, run
from tests.test_sync import big

MESSAGES = 4


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """The second holds enough for an answer of MESSAGES messages."""
    one, other = places(tmp_path, 2)
    befriend(one, other)
    with mock.patch.object(wire, "MAX_ROOM", 100_000):
        big(other, 25)
        yield one, other


def test_much_comes_in_one_request(pair: tuple[Place, Place]) -> None:
    one, other = pair
    line = Line(other)
    report = one.sync(other, line)
    assert (report.received, report.equal, line.requests) == (25, True, 1)
    assert len(line.messages) == 1 + MESSAGES  # our question, and the messages of its answer
    assert_same_views(pair)


def test_much_goes_both_ways(pair: tuple[Place, Place]) -> None:
    one, other = pair
    big(one, 26)
    report = one.sync(other)
    assert (report.received, report.sent, report.equal) == (25, 26, True)
    assert_same_views(pair)


@pytest.mark.parametrize("at", range(MESSAGES))
def test_what_came_before_the_line_broke_is_kept(pair: tuple[Place, Place], at: int) -> None:
    one, other = pair

    class Cut(Line):
        def following(self) -> bytes:
            if len(self.messages) > at + 1:
                raise NotReachable("The line broke.")
            return super().following()

    if at < MESSAGES - 1:
        with pytest.raises(NotReachable):
            one.sync(other, Cut(other))
    views.refresh(one.site, one.db)
    assert (len(one.public()["records"]) > 0) == (at < MESSAGES - 1)
    assert one.sync(other).equal
    assert_same_views(pair)


def test_a_cut_line_is_asked_again_for_the_rest(pair: tuple[Place, Place]) -> None:
    one, other = pair

    class CutOnce(Line):
        cut = False

        def following(self) -> bytes:
            if not self.cut:
                self.cut = True
                raise LineCut("The line broke.")
            return super().following()

    line = CutOnce(other)
    report = one.sync(other, line)
    assert report.equal and line.cut and line.requests == 2
    assert_same_views(pair)


def test_a_partner_that_takes_one_message_at_a_time_gets_that(pair: tuple[Place, Place]) -> None:
    one, other = pair

    class Older(Line):
        several = False

        def following(self) -> bytes:
            raise AssertionError("it was not asked for")

    line = Older(other)
    assert one.sync(other, line).equal
    assert line.requests >= MESSAGES
    assert_same_views(pair)


# -- over HTTP, with somebody in between

Parted = list[tuple[dict[str, str], bytes]]


def content(answer: Message) -> bytes:
    """The content of an answer that came in chunks (RFC 9112 section 7.1)."""
    if answer.header("transfer-encoding") != "chunked":
        return answer.body
    found, rest = b"", answer.body
    while rest:
        size, rest = rest.split(b"\r\n", 1)
        found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return found


def parted(answer: Message) -> Parted:
    parts, found = Parts(iter([content(answer)])), []
    while (one := parts.next()) is not None:
        found.append(one)
    return found


def changing(change: Callable[[Parted], Parted]) -> Callable[[Message], Message]:
    """Do something to the parts of each answer that has several."""

    def to_answer(answer: Message) -> Message:
        if answer.header("content-type") != several.CONTENT_TYPE:
            return answer
        return answer.without("transfer-encoding").saying(b"".join(part(*one) for one in change(parted(answer))))

    return to_answer


def bent(message: bytes) -> bytes:
    return message[:-1] + bytes([message[-1] ^ 1])


CHANGES: dict[str, Callable[[Parted], Parted]] = {
    "nothing": lambda parts: parts,
    "the first only": lambda parts: parts[:1],
    "without the second": lambda parts: parts[:1] + parts[2:],
    "the other way round": lambda parts: parts[::-1],
    "each twice": lambda parts: [one for one in parts for _ in range(2)],
    "the second is bent": lambda parts: [(head, bent(body) if at == 1 else body) for at, (head, body) in enumerate(parts)],
    "heads changed places": lambda parts: [
        (parts[at - 1][0], body) for at, (_, body) in enumerate(parts)
    ],
    "no heads": lambda parts: [({}, body) for _, body in parts],
    "empty": lambda parts: [],
    "an empty message": lambda parts: [(parts[0][0], b"")],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_somebody_in_between_breaks_nothing(tmp_path: Path, change: str) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    big(other, 150, size=40_000)
    seen: list[int] = []

    def noting(parts: Parted) -> Parted:
        seen.append(len(parts))
        return CHANGES[change](parts)

    with between(other, to_answer=changing(noting)) as (liar, address):
        try:
            run(one, other, address)
        except CopError as error:
            assert change != "nothing", error
        assert seen and seen[0] > 1, "the answer was one message: this tests nothing"
        held = one.entry_ids()
        liar.to_answer = lambda answer: answer
        in_step_over(one, other, address)
    assert held <= one.entry_ids()


def test_a_true_part_of_another_answer_is_not_taken(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    big(other, 150, size=40_000)
    kept: list[Parted] = []

    def older(parts: Parted) -> Parted:
        kept.append(parts)
        return kept[0]

    with between(other, to_answer=changing(older)) as (_, address):
        third = Place(tmp_path / "third", "Third", "community")
        befriend(third, other)
        run(third, other, address)
        with pytest.raises(Refused, match="does not prove"):
            run(one, other, address)
    assert frontier.frontier_hash(one.db) != frontier.frontier_hash(other.db)


# -- the form


@given(
    st.lists(st.tuples(st.dictionaries(st.sampled_from(["Signature", "Content-Digest"]), st.sampled_from(["c=:x:", "a"])),
                       st.binary(max_size=50)), max_size=5),
    st.integers(1, 40),
)  # fmt: skip
def test_parts_come_back_as_they_were_however_they_are_cut_into_pieces(parts: Parted, size: int) -> None:
    data = b"".join(part(*one) for one in parts)
    reading = Parts(data[at : at + size] for at in range(0, len(data), size))
    assert [reading.next() for _ in parts] == parts
    assert reading.next() is None and reading.is_done()


@given(st.binary(max_size=200))
def test_any_bytes_are_parts_or_refused(data: bytes) -> None:
    reading = Parts(iter([data]))
    try:
        while reading.next() is not None:
            pass
    except Refused:
        return


def test_lengths_are_capped_before_anything_is_read() -> None:
    with pytest.raises(Refused, match="bytes at a time"):
        Parts(iter([b"\xff\xff\xff\xff"])).next()
