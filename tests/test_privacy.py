"""What is not public: never in `site.db`, never sent in plain to strangers; what is ours alone never leaves."""

import contextlib
from pathlib import Path

import pytest

from cop import answering, cbor, devices, log, patch, sealing, signing, views, wire
from cop.errors import CopError, Refused
from cop.model import OWN, PARTNERS, PUBLIC, Patch
from tests.network import (
    NOW,
    Line,
    Place,
    assert_same_views,
    befriend,
    item_of,
    network,
    next_entry,
    places,
    read_by_anyone,
    store,
)
from tests.test_devices import carried

EVENT = """---
title: Coffee morning
contact: SecretContact
meeting_link: https://secret-link.example/join
place: Bristol
note: SecretNote
booking: SecretBooking
share_fields: {note: own, booking: partners}
---

Everyone is welcome.
"""
DRAFT = "---\ntitle: SecretDraft\ndraft: true\n---\n\nSecretText\n"
PARTNERS_ONLY = "---\ntitle: SecretPlan\nshare: partners\n---\n\nSecretMinutes\n"
OWN_ONLY = "---\ntitle: SecretDiary\nshare: own\n---\n\nSecretPages\n"
FOR_PARTNERS = (b"secret-link", b"SecretBooking", b"SecretPlan", b"SecretMinutes")
OURS = (b"SecretContact", b"SecretNote", b"SecretDraft", b"SecretText", b"SecretDiary", b"SecretPages")

SECRETS = (*FOR_PARTNERS, *OURS)


def opened(message: bytes, signer: signing.Signer) -> tuple[bytes, ...]:
    """All that the holder of a key reads of a message."""
    read = wire.unpack(message, signer)
    return (*read.payloads, *read.sealed)


def fill(place: Place) -> None:
    place.write("events/coffee.md", EVENT)
    place.write("posts/draft.md", DRAFT)
    place.write("posts/plan.md", PARTNERS_ONLY)
    place.write("posts/diary.md", OWN_ONLY)
    place.load()


def plain(line: Line) -> bytes:
    """All that travelled, as anyone on the line could read it."""
    return b"".join(read_by_anyone(message, line.other) for message in line.messages)


def test_site_db_holds_what_is_public_and_nothing_else(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    fill(one)
    one.sync(other)
    for place in (one, other):
        shown = place.bytes_of("site.db")
        assert b"Everyone is welcome" in shown
        for secret in (*FOR_PARTNERS, *OURS):
            assert secret not in shown, secret


def test_partners_read_what_is_for_partners_and_nobody_on_the_line_does(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    fill(one)
    line = Line(other)
    one.sync(other, line)
    held = b"".join(other.payloads().values())
    assert all(secret in held for secret in FOR_PARTNERS)
    assert not any(secret in held for secret in OURS)
    assert not any(secret in plain(line) for secret in (*FOR_PARTNERS, *OURS))


@pytest.mark.parametrize("asking", [True, False])
def test_strangers_get_what_is_public_only(tmp_path: Path, asking: bool) -> None:
    one, stranger = places(tmp_path, 2)
    stranger.accept(one)
    if not asking:
        one.accept(stranger)
        one.remove(stranger)
    fill(one)
    line = Line(one)
    stranger.sync(one, line)
    stranger.sync(one, line)
    held = b"".join(stranger.payloads().values())
    assert b"Everyone is welcome" in held
    for secret in (*FOR_PARTNERS, *OURS):
        assert secret not in held and secret not in plain(line)


def test_someone_who_gives_himself_out_as_a_partner_can_open_nothing(tmp_path: Path) -> None:
    one, friend, thief = places(tmp_path, 3)
    befriend(one, friend)
    one.sync(friend)
    fill(one)
    message = wire.Message(friend.signer.public, friend.organisation, bytes(32), points={})
    claimed = answering.answer(one.side, wire.pack(message), NOW).body
    assert not any(secret in payload for payload in opened(claimed, friend.signer) for secret in SECRETS)
    answer = answering.answer(one.side, wire.pack(message), NOW, friend.signer.public).body
    assert not any(secret in read_by_anyone(answer) for secret in SECRETS)
    assert not any(secret in payload for payload in opened(answer, thief.signer) for secret in FOR_PARTNERS)
    got = b"".join(opened(answer, friend.signer))
    assert all(secret in got for secret in FOR_PARTNERS) and not any(secret in got for secret in OURS)


def test_asking_for_a_payload_by_its_hash_does_not_open_it(tmp_path: Path) -> None:
    one, friend, stranger = places(tmp_path, 3)
    befriend(one, friend)
    fill(one)
    one.sync(friend)
    everything = tuple(one.payloads())
    for asker, may in ((friend, FOR_PARTNERS), (stranger, ())):
        message = wire.Message(asker.signer.public, asker.organisation, bytes(32), wanted=everything)
        answer = answering.answer(one.side, wire.pack(message), NOW, asker.signer.public).body
        got = b"".join(opened(answer, asker.signer))
        assert not any(secret in got for secret in OURS)
        assert all((secret in got) == (secret in may) for secret in FOR_PARTNERS)


def test_announcing_anothers_payload_as_public_does_not_bring_it_out(tmp_path: Path) -> None:
    """A partner knows the hash and size of what is ours alone: they stand in the entry."""
    one, friend = network(tmp_path, 2)
    fill(one)
    one.sync(friend)
    secret = next(payload for payload in one.payloads().values() if b"SecretDiary" in payload)
    store(one, [next_entry(friend, [item_of(patch.new_record_id(), secret, audience=PUBLIC)])])
    wanted = (signing.sha256(secret),)
    message = wire.pack(wire.Message(friend.signer.public, friend.organisation, bytes(32), wanted=wanted))
    answer = answering.answer(one.side, message, NOW, friend.signer.public).body
    assert secret not in opened(answer, friend.signer)
    assert b"SecretDiary" not in one.bytes_of("site.db")


def test_narrowing_a_record_hides_it_at_partners_too(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.write("posts/open.md", "---\ntitle: SoonHidden\ntopics: [power]\n---\n\nSoonHiddenText\n")
    one.load()
    one.sync(other)
    assert any(row["title"] == "SoonHidden" for row in other.public()["records"])
    file = one.site.content / "posts/open.md"
    file.write_text(file.read_text().replace("title:", "share: own\ntitle:"))
    one.load()
    one.sync(other)
    for place in (one, other):
        assert not any(row["title"] == "SoonHidden" for row in place.public()["records"])
        assert b"SoonHidden" not in place.bytes_of("site.db")
    record_id = next(row[0] for row in one.db.execute("SELECT record_id FROM local_file"))
    assert one.view(record_id).fields["title"] == "SoonHidden"
    assert_same_views([one, other])


def test_widening_a_record_shows_it(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    file = one.write("posts/plan.md", PARTNERS_ONLY)
    one.load()
    one.sync(other)
    file.write_text(file.read_text().replace("share: partners\n", ""))
    one.load()
    one.sync(other)
    assert any(row["title"] == "SecretPlan" for row in other.public()["records"])


@pytest.mark.parametrize("name", ["contact", "meeting_link"])
@pytest.mark.parametrize("where", ["fields", "added"])
def test_a_private_field_in_a_public_payload_is_not_shown(tmp_path: Path, name: str, where: str) -> None:
    """Another program, or an older cop, may have put it there."""
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Meeting"}, type_name="event")
    if where == "fields":
        one.change(record_id, {name: "https://SecretByMistake.example/"}, type_name="event")
        other.sync(one)
        other.change(record_id, {name: "https://SecretToo.example/"}, type_name="event", parents=())  # a conflict, too
    else:
        one.change(record_id, {}, added={name: ("SecretByMistake",)}, removed={name: ("SecretToo",)}, type_name="event")
    other.sync(one)
    for place in (one, other):
        assert b"Secret" not in place.bytes_of("site.db")


def test_withdrawing_takes_a_record_out_of_site_db(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Withdrawn", "body": "GoneText"})
    one.sync(other)
    one.change(record_id, {"withdrawn": "old"}, kind="withdraw")
    one.sync(other)
    for place in (one, other):
        assert place.published(record_id) is None and b"GoneText" not in place.bytes_of("site.db")


# -- sealing


def test_only_receivers_open_a_sealed_part() -> None:
    one, other, third = (signing.Signer(bytes([at]) * 32) for at in range(3))
    sealed = sealing.seal([one.public, other.public], b"content")
    assert sealing.unseal(one, sealed) == sealing.unseal(other, sealed) == b"content"
    assert sealing.unseal(third, sealed) is None
    assert b"content" not in sealed and sealing.seal([one.public], b"content") != sealing.seal([one.public], b"content")


def test_keys_that_are_nobodys_are_left_out() -> None:
    one = signing.Signer(bytes(32))
    assert sealing.unseal(one, sealing.seal([bytes(32), b"\xff" * 32, b"short", one.public], b"content")) == b"content"
    assert sealing.unseal(one, sealing.seal([bytes(32)], b"content")) is None


def test_any_changed_byte_of_a_sealed_part_is_refused_or_not_for_us() -> None:
    one = signing.Signer(bytes(32))
    sealed = sealing.seal([one.public], b"content")
    for at in range(len(sealed)):
        with contextlib.suppress(CopError):
            assert sealing.unseal(one, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]) is None


def test_a_sealed_part_that_makes_no_sense_is_refused() -> None:
    one = signing.Signer(bytes(32))
    for said in ({}, [], {"keys": 1, "box": b""}, {"keys": [], "box": ""}):
        with pytest.raises(Refused):
            sealing.unseal(one, cbor.encode(said))
    assert sealing.unseal(one, cbor.encode({"keys": [1, None, b"", "x"], "box": b""})) is None


def test_audiences_from_tomorrow_are_shown_to_nobody_and_sent_to_nobody(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    payload = patch.new_payload(Patch("post", {"title": "SecretOfTomorrow"}))
    store(one, [next_entry(one, [item_of(patch.new_record_id(), payload, audience=OWN + 5)])], [payload])
    one.sync(other)
    assert b"SecretOfTomorrow" not in b"".join(other.payloads().values())
    assert b"SecretOfTomorrow" not in one.bytes_of("site.db")


def test_what_is_our_own_stays_so_when_a_member_announces_it_as_public(tmp_path: Path) -> None:
    """Our second computer sends our own text; it must not stand for the item that somebody made up."""
    one, hostile = network(tmp_path, 2)
    fill(one)
    secret = next(payload for payload in one.payloads().values() if b"SecretDiary" in payload)
    store(one, [next_entry(hostile, [item_of(patch.new_record_id(), secret, audience=PUBLIC)])])
    log.append(one.db, [], {}, received_time=NOW, received_from="x", sealed=log.by_hash([secret]))
    views.refresh(one.site, one.db)
    assert b"SecretDiary" not in one.bytes_of("site.db")


def test_our_own_text_fills_nothing_that_a_partner_announced_for_partners(tmp_path: Path) -> None:
    """A partner names the hash of our own text in a record of its own. Our second computer wants it, our first has it."""
    one, hostile = network(tmp_path, 2)
    laptop = carried(one, tmp_path / "laptop")
    request = devices.new(laptop.site, NOW)
    laptop._open()
    devices.add(one.site, one.db, one.signer, request, NOW)
    laptop.sync(hostile)
    hostile.sync(one)
    laptop.sync(hostile)
    laptop.accept(one)
    laptop.sync(one)
    one.change(None, {"title": "SecretOfOurs"}, audience=OWN)
    one.sync(hostile)
    secret = next(payload for payload in one.payloads().values() if b"SecretOfOurs" in payload)
    store(hostile, [next_entry(hostile, [item_of(patch.new_record_id(), secret, audience=PARTNERS)])])
    for _ in range(2):
        hostile.sync(laptop)
        laptop.sync(one)
        hostile.sync(one)
    assert secret in laptop.payloads().values(), "our own second computer has it"
    assert secret not in hostile.payloads().values()


def test_a_public_text_is_given_though_a_member_announces_it_as_its_own(tmp_path: Path) -> None:
    one, hostile, reader = network(tmp_path, 3)
    record_id = one.change(None, {"title": "For all"})
    payload = next(payload for payload in one.payloads().values() if b"For all" in payload)
    store(one, [next_entry(hostile, [item_of(patch.new_record_id(), payload, audience=OWN)])], [payload])
    assert reader.sync(one).waiting == 0
    assert reader.published(record_id)
