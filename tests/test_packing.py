"""Entries travel packed, and come out as the bytes that were signed, or not at all."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import choosing, entry, frontier, patch, wire
from cop.errors import CopError
from cop.holding import NOTHING, Holding, NotRebuilt
from cop.model import PARTNERS, PUBLIC, Patch
from cop.packing import pack
from cop.signing import sha256
from cop.unpacking import unpack
from tests.network import NOW, Line, Place, forge, item_of, network, store

TEXT = "\n\n".join(f"Paragraph {at} says something about research that is done together." for at in range(30))


def news(one: Place, other: Place) -> tuple[list[entry.Entry], dict[bytes, bytes], set[int]]:
    """What the other lacks: entries, all public payloads, and their numbers."""
    numbers = frontier.lacking(one.db, frontier.own_points(other.db))
    entries, (open_, _, _), _ = choosing.chunk(one.db, numbers, PUBLIC, 10**7)
    return entries, {sha256(payload): payload for payload in open_}, set(numbers)


def assert_comes_out(one: Place, other: Place) -> int:
    """Pack what the other lacks, unpack it there; returns how many bytes of texts travelled."""
    entries, payloads, lacked = news(one, other)
    packed = pack(entries, payloads, Holding(one.db, lacked.__contains__))
    found = unpack(packed, Holding(other.db))
    assert found.entries == [(one_.data, one_.signature) for one_ in entries]
    assert {sha256(payload) for payload in found.payloads} == payloads.keys()
    return len(packed.texts)


def test_an_edit_of_a_long_text_travels_as_its_difference(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Long", "body": TEXT})
    one.sync(other)
    one.change(record_id, {"body": TEXT.replace("Paragraph 7 says", "Paragraph seven tells")})
    assert assert_comes_out(one, other) < 120 < len(TEXT) // 10


EDITS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["title", "body", "summary"]),
        st.text(max_size=30),
        st.sampled_from([PUBLIC, PUBLIC, PARTNERS]),
    ),
    max_size=8,
)


@given(EDITS, EDITS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_was_edited_comes_out_as_it_was_signed(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[int, str, str, int]],
    after: list[tuple[int, str, str, int]],
) -> None:
    one, other = network(tmp_path_factory.mktemp("packing"), 2)
    ids = [patch.new_record_id() for _ in range(4)]
    for at, name, text, audience in before:
        one.change(ids[at], {name: text}, audience=audience)
    one.sync(other)
    for at, name, text, audience in after:
        one.change(ids[at], {name: text}, audience=audience)
    assert_comes_out(one, other)


def test_entries_with_parts_of_tomorrow_travel_whole(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    payload = patch.new_payload(Patch("post", {"title": "T"}))
    last = one.db.execute("SELECT sequence, entry_id FROM local_head WHERE writer = ?", [one.signer.public]).fetchone()
    plain = forge(one.signer, [item_of(patch.new_record_id(), payload)], sequence=last[0] + 1, previous=last[1])
    from cop import cbor, signing

    data = cbor.encode({**cbor.decode(plain.data, "an entry"), "tomorrow": [1, 2, 3]})
    store(one, [entry.parse(data, one.signer.sign(signing.ENTRY, data))], [payload])
    assert_comes_out(one, other)
    one.sync(other)
    assert data in {row[0] for row in other.db.execute("SELECT data FROM log_entry")}


def test_a_text_that_the_receiver_has_not_is_asked_for_whole(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Long", "body": TEXT})
    one.sync(other)
    one.change(record_id, {"body": TEXT + "\n\nMore."})
    entries, payloads, lacked = news(one, other)
    packed = pack(entries, payloads, Holding(one.db, lacked.__contains__))
    with pytest.raises(NotRebuilt):
        unpack(packed, NOTHING)
    with other.db:  # as after a fault, or an erasure that only they know of
        other.db.execute("DELETE FROM log_payload WHERE length(payload) > 500")
    for asking, answering in ((one, other), (other, one)):
        line = Line(answering)
        report = asking.sync(answering, line)
        assert report.equal and line.requests <= 4
    assert other.view(record_id).fields["body"] == TEXT + "\n\nMore."


def test_packed_entries_that_were_altered_are_refused_or_true(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Long", "body": TEXT})
    one.sync(other)
    for text in ("a", "b"):
        one.change(record_id, {"body": TEXT + text})
        one.change(None, {"title": text})
    entries, payloads, lacked = news(one, other)
    message = wire.Message(
        one.signer.public, one.organisation, bytes(16), entries=tuple(entries), payloads=tuple(payloads.values())
    )
    data = wire.pack(message, b"", Holding(one.db, lacked.__contains__))
    import zstandard

    from cop.unpacking import decompress

    plain, source, true = decompress(data), random.Random(1), one.entry_ids()
    for at in range(len(plain)):
        bent = plain[:at] + bytes([plain[at] ^ (1 << source.randrange(8))]) + plain[at + 1 :]
        try:
            found = wire.unpack(zstandard.ZstdCompressor().compress(bent), other.signer, Holding(other.db))
        except CopError:
            continue
        assert {one_.entry_id for one_ in found.entries} <= true
    assert NOW
