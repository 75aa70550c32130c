"""Entries and patches as bytes: signed exactly, read strictly, and nothing hostile gets past the door as a crash."""

import contextlib
import random

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cop import cbor, entry, patch, signing
from cop.errors import BadSignature, CopError, Refused, TooLarge
from cop.model import Item, Patch
from cop.signing import Signer, sha256
from tests.network import NOW, forge, item_of

SIGNER = Signer(bytes(range(32)))
RECORD = "a" * 26
PAYLOAD = patch.encode(Patch("post", {"title": "T"}, {"topics": ("power",)}, {"topics": ("x",)}), bytes(16))
ITEM = item_of(RECORD, PAYLOAD, parents=[sha256(b"parent")])


def resigned(**said: object) -> entry.Entry:
    """An entry in which some parts say something else, with a right signature."""
    content = {"v": 1, "w": SIGNER.public, "n": 1, "p": b"", "t": NOW, "k": "change", "i": [], "x": {}} | said
    data = cbor2.dumps({key: value for key, value in content.items() if value is not ...}, canonical=True)
    return entry.parse(data, SIGNER.sign(signing.ENTRY, data))


def test_an_entry_keeps_exactly_the_bytes_that_were_signed() -> None:
    made = forge(SIGNER, [ITEM], extra={"future": [1, b"\0", {"a": None}]})
    read = entry.parse(made.data, made.signature)
    assert read == made and read.entry_id == sha256(made.data)
    assert read.items == (ITEM,) and read.extra["future"] == [1, b"\0", {"a": None}]


def test_parts_we_do_not_know_stay_in_the_bytes() -> None:
    read = resigned(future={"x": 1}, k="poll", i=[[bytes(16), [], bytes(32), 9, 0, "more"]])
    assert b"future" in read.data and read.kind == "poll" and read.items[0].size == 9


def test_bytes_in_another_order_are_kept_as_they_came() -> None:
    content = {"x": {}, "i": [], "k": "change", "t": NOW, "p": b"", "n": 1, "w": SIGNER.public, "v": 1}
    data = cbor2.dumps(content)
    assert entry.parse(data, SIGNER.sign(signing.ENTRY, data)).data == data != cbor.encode(content)


def test_any_changed_byte_of_an_entry_is_refused() -> None:
    made = forge(SIGNER, [ITEM], extra={"a": 1})
    source = random.Random(1)
    for at in range(len(made.data)):
        bent = made.data[:at] + bytes([made.data[at] ^ (1 << source.randrange(8))]) + made.data[at + 1 :]
        with pytest.raises(Refused):
            entry.parse(bent, made.signature)
    for at in range(64):
        signature = made.signature[:at] + bytes([made.signature[at] ^ 1]) + made.signature[at + 1 :]
        with pytest.raises(BadSignature):
            entry.parse(made.data, signature)
    for signature in (b"", b"x", made.signature[:-1], made.signature + b"\0"):
        with pytest.raises(BadSignature):
            entry.parse(made.data, signature)


def test_a_signature_for_another_purpose_does_not_fit() -> None:
    made = forge(SIGNER)
    with pytest.raises(BadSignature):
        entry.parse(made.data, SIGNER.sign(signing.CERTIFICATE, made.data))


def test_the_key_that_fits_every_signature_is_refused() -> None:
    identity = b"\x01" + bytes(31)
    with pytest.raises(BadSignature):
        signing.verify(signing.ENTRY, identity, b"anything", identity + bytes(32))


BIG = patch.MAX_PAYLOAD_BYTES
WRONG: list[dict[str, object]] = [
    {"v": 2}, {"v": None}, {"v": ...}, {"w": b"x"}, {"w": "x" * 32}, {"w": ...}, {"n": 0}, {"n": -1}, {"n": 2**62}, {"n": True},
    {"n": 1.0}, {"n": "1"}, {"n": 2}, {"n": 2, "p": b"x"}, {"p": bytes(32)}, {"p": None}, {"t": "now"}, {"t": 2**63 - 1}, {"t": 1.5},
    {"k": ""}, {"k": "x" * 41}, {"k": 5}, {"k": b"change"}, {"i": None}, {"i": {}}, {"i": [[]]}, {"i": [5]}, {"i": [[1, 2, 3, 4, 5]]},
    {"i": [[bytes(15), [], bytes(32), 1, 0]]}, {"i": [[bytes(16), [b""], bytes(32), 1, 0]]}, {"i": [[bytes(16), {}, bytes(32), 1, 0]]},
    {"i": [[bytes(16), [], bytes(31), 1, 0]]}, {"i": [[bytes(16), [], bytes(32), -1, 0]]}, {"i": [[bytes(16), [], bytes(32), BIG + 1, 0]]},
    {"i": [[bytes(16), [], bytes(32), 1, -1]]}, {"i": [[bytes(16), [], bytes(32), True, 0]]}, {"i": [[bytes(16), [], bytes(32), 1.0, 0]]},
    {"i": [[bytes(16), [], bytes(32), 1, 0]] * 1001}, {"i": [[bytes(16), [bytes(32)] * 1001, bytes(32), 1, 0]]},
    {"i": [[bytes(16), [], bytes(32), BIG, 0]] * 5}, {"x": {1: 2}}, {"x": {"a": float("nan")}}, {"x": {"a": 2**64}}, {"x": {"a": -(2**64)}},
    {"x": cbor2.CBORTag(0, "2026-01-01T00:00:00Z")}, {"x": cbor2.CBORTag(999, 1)}, {"x": cbor2.undefined}, {"x": "y" * 1_000_001},
]  # fmt: skip


@pytest.mark.parametrize("said", WRONG, ids=lambda said: repr(said)[:60])
def test_entries_that_make_no_sense_are_refused(said: dict[str, object]) -> None:
    with pytest.raises(Refused):
        resigned(**said)


@pytest.mark.parametrize("said", [{"x": None}, {"x": []}, {"x": ...}, {"t": -(2**62)}, {"t": 2**62 - 1}], ids=repr)
def test_odd_entries_are_harmless(said: dict[str, object]) -> None:
    assert resigned(**said).extra == {}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"\x9f" * 500)
@example(b"\x81" * 5000 + b"\x00")
@example(b"\xa1" * 5000)
@example(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff")
@example(b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff")
@example(b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff")
@example(b"\x62\xff\xfe")
@example(b"\xa2\x61a\x01\x61a\x02")
@example(b"\xa1\x80\x01")
@example(b"\x00\x00")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (lambda: cbor.decode(data, "It"), lambda: patch.decode(bytes(16) + data), lambda: patch.decode(data)):
        with contextlib.suppress(CopError):
            read()
    with pytest.raises(Refused):
        entry.parse(data, bytes(64))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.text(),
    st.dictionaries(st.text(), plain, max_size=4),
    st.dictionaries(st.text(), st.lists(st.text()).map(tuple), max_size=2),
)
def test_reading_a_payload_gives_the_patch_back(
    kind: str, fields: dict[str, object], words: dict[str, tuple[str, ...]]
) -> None:
    made = Patch(kind, fields, words, words)  # type: ignore[arg-type]
    payload = patch.encode(made, bytes(16))
    assert patch.decode(payload) == made
    assert patch.encode(patch.decode(payload), bytes(16)) == payload


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["title", "topics", "body", "odd"]), plain, max_size=4),
       st.dictionaries(st.sampled_from(["title", "topics", "body", "odd"]), plain, max_size=4))  # fmt: skip
def test_a_difference_names_only_what_changed(before: dict[str, object], after: dict[str, object]) -> None:
    made = patch.difference("post", before, after)  # type: ignore[arg-type]
    assert patch.difference("post", before, before).changes_nothing  # type: ignore[arg-type]
    assert made.changes_nothing == (made.names() == [])
    for name in made.names():
        assert before.get(name) != after.get(name) or type(before.get(name)) is not type(after.get(name))


def test_payloads_and_entries_have_a_largest_size() -> None:
    with pytest.raises(TooLarge):
        patch.new_payload(Patch("post", {"body": "x" * patch.MAX_PAYLOAD_BYTES}))
    with pytest.raises(TooLarge):
        entry.read(b"x" * (entry.MAX_ENTRY_BYTES + 1), b"")


def test_no_name_title_or_address_stands_in_an_entry() -> None:
    payload = patch.new_payload(Patch("post", {"title": "Hodan's story", "slug": "hodans-story"}))
    made = forge(SIGNER, [Item(patch.record_id_of("posts/hodan", b""), (), sha256(payload), len(payload), 0)])
    assert b"odan" not in made.data and b"post" not in made.data


def test_the_same_patch_twice_has_two_hashes() -> None:
    made = Patch("post", {"title": "T"})
    assert sha256(patch.new_payload(made)) != sha256(patch.new_payload(made))


def test_a_signer_never_shows_its_seed() -> None:
    assert SIGNER.seed.hex() not in repr(SIGNER) and repr(SIGNER.seed) not in repr(SIGNER)
