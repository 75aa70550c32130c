"""Messages: capped before anything is unpacked, and the same bytes mean the same everywhere."""

import contextlib
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cop import cbor, patch, sealing, unpacking, wire
from cop.errors import CopError, Refused, TooLarge
from cop.model import Patch
from cop.signing import Signer, sha256
from tests.network import forge, item_of

ONE, OTHER = Signer(bytes(32)), Signer(b"\1" * 32)
PAYLOAD = patch.encode(Patch("post", {"title": "T"}), bytes(16))
ENTRY = forge(ONE, [item_of("a" * 26, PAYLOAD)])
STATE = sha256(b"x")[:16]
MESSAGE = wire.Message(
    ONE.public, OTHER.public, STATE, STATE, {ONE.public: [(1, b"12345678")]}, b"87654321", (ENTRY,), (PAYLOAD,),
    (), (), (sha256(b"y"),), (OTHER.public,), more=True, left=9, room=100_000, whole=True, current=True, replaced=b"123456", looks=True, report={"changes": 3},
)  # fmt: skip


def test_a_message_is_read_as_it_was_written() -> None:
    assert wire.unpack(wire.pack(MESSAGE), OTHER) == MESSAGE
    bare = wire.Message(ONE.public, OTHER.public, bytes(16))
    assert wire.unpack(wire.pack(bare), OTHER) == bare
    empty = wire.Message(ONE.public, OTHER.public, bytes(16), points={})
    assert wire.unpack(wire.pack(empty), OTHER).points == {}


def test_a_message_that_only_says_where_we_stand_is_small() -> None:
    assert len(wire.pack(wire.Message(ONE.public, OTHER.public, sha256(b"x")))) < 200


def test_sealed_payloads_are_read_by_their_receiver_only() -> None:
    data = wire.pack(MESSAGE, sealing.seal([OTHER.public], cbor.encode([b"secret"])))
    assert wire.unpack(data, OTHER).sealed == (b"secret",)
    assert wire.unpack(data, ONE).sealed == ()
    assert wire.unpack(data, ONE).payloads == wire.unpack(data, OTHER).payloads == (PAYLOAD,)


def test_parts_of_tomorrow_are_passed_over() -> None:
    content = {"v": 1, "writer": ONE.public, "organisation": OTHER.public, "state": bytes(32), "blobs": [{"a": b"x"}]}
    assert wire.unpack(zstandard.ZstdCompressor().compress(cbor.encode(content)), ONE).writer == ONE.public


@pytest.mark.parametrize("declared", [True, False])
def test_a_message_that_grows_without_end_is_stopped(declared: bool) -> None:
    data = zstandard.ZstdCompressor(level=3, write_content_size=declared).compress(bytes(unpacking.MAX_TEXT_BYTES + 1))
    assert len(data) < 10_000
    with pytest.raises(TooLarge):
        unpacking.decompress(data)
    with pytest.raises(TooLarge):
        wire.unpack(data, ONE)
    with pytest.raises(TooLarge):
        wire.unpack(bytes(wire.MAX_BODY_BYTES + 1), ONE)


def test_any_changed_byte_is_refused_or_leaves_every_entry_true() -> None:
    data = wire.pack(MESSAGE)
    plain = unpacking.decompress(data)
    source = random.Random(2)
    for at in range(len(data)):
        _true(data[:at] + bytes([data[at] ^ (1 << source.randrange(8))]) + data[at + 1 :])
        _true(data[:at])
    for at in range(len(plain)):
        bent = plain[:at] + bytes([plain[at] ^ (1 << source.randrange(8))]) + plain[at + 1 :]
        _true(zstandard.ZstdCompressor().compress(bent))


def _true(data: bytes) -> None:
    try:
        message = wire.unpack(data, OTHER)
    except CopError:
        return
    assert all(entry == ENTRY for entry in message.entries)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    for body in (data, zstandard.ZstdCompressor().compress(data)):
        with pytest.raises(Refused):
            wire.unpack(body, ONE)


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=6,
)
parts = st.sampled_from(["v", "writer", "organisation", "state", "points", "entries", "payloads", "wanted", "unwelcome",
                         "sealed", "more", "report"])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(parts, junk, max_size=3))
def test_any_parts_are_read_or_refused(said: dict[str, object]) -> None:
    content = {"v": 1, "writer": ONE.public, "organisation": OTHER.public, "state": bytes(32)} | said
    with contextlib.suppress(CopError):
        wire.unpack(zstandard.ZstdCompressor().compress(cbor.encode(content)), ONE)


def test_more_points_than_anyone_needs_are_passed_over() -> None:
    many = {ONE.public: [(at, b"12345678") for at in range(wire.MAX_POINTS + 1)]}
    read = wire.unpack(wire.pack(wire.Message(ONE.public, OTHER.public, bytes(16), points=many)), OTHER)
    assert read.points is not None and len(read.points[ONE.public]) == wire.MAX_POINTS


def test_a_few_bytes_that_stand_for_millions_of_values_are_refused() -> None:
    lists = cbor.encode([[]] * 2_000_000)
    with pytest.raises(Refused):
        wire.unpack(zstandard.ZstdCompressor().compress(lists), ONE)


def test_one_entry_many_times_is_read_once() -> None:
    message = wire.Message(ONE.public, OTHER.public, bytes(16), entries=(ENTRY,) * 3000)
    assert len(wire.unpack(wire.pack(message), OTHER).entries) == 1
    with pytest.raises(TooLarge):
        wire.unpack(wire.pack(wire.Message(ONE.public, OTHER.public, bytes(16), entries=(ENTRY,) * 5000)), OTHER)
