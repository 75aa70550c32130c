"""A site folder on a second computer, with and without its keys, and current texts before older ones."""

import contextlib
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cop import currency, devices, identity, log, partings, signing, standing, status, trust, views
from cop.cli import reports
from cop.errors import CopError, NotReachable, Refused, WrongUsage
from cop.model import OWN, PARTNERS
from tests.desk_browser import Browser, served
from tests.network import NOW, FaultyLine, Line, Place, assert_same_views, befriend, network, places, store, sync_all


def carried(place: Place, folder: Path) -> Place:
    """The site folder copied to another computer, which has none of its keys."""
    place.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(place.site.root, folder / "site")
    copy = object.__new__(Place)
    copy.site = replace(place.site, root=folder / "site", keys=folder / "keys")
    return copy


@pytest.mark.parametrize("news", [False, True])
@pytest.mark.parametrize("before", [0, 150])
def test_a_computer_that_a_partner_never_heard_of_says_who_it_is(tmp_path: Path, news: bool, before: int) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    for at in range(before):  # more than one message holds
        one.change(None, {"title": f"Written first {at}", "body": random.Random(at).randbytes(10_000).hex()})
    copy = carried(one, tmp_path / "laptop")
    copy.site = replace(copy.site, keys=one.site.keys)
    copy._open()
    identity.renew_writer(copy.site, copy.db, NOW)
    copy.signer = identity.ensure(copy.site, copy.db, NOW)
    if not before:
        one.change(None, {"title": "By the first"})
        other.sync(one)  # now both hold what the second never held
    copy.change(None, {"title": "By the second"})
    if news:
        other.change(None, {"title": "By the partner"})
    assert other.sync(copy).equal
    assert other.entry_ids() == copy.entry_ids() and other.payloads() == copy.payloads()


def test_a_folder_on_another_computer_writes_once_the_first_vouches_for_it(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    shared = one.change(None, {"title": "Shared", "summary": "old"})
    sync_all([one, other])
    copy = carried(one, tmp_path / "laptop")
    with pytest.raises(CopError) as refused:
        identity.open_installation(copy.site, NOW)
    assert "cop device new" in refused.value.hint
    line = devices.new(copy.site, NOW)
    copy._open()
    assert not trust.is_vouched_for(copy.db)
    own = copy.change(None, {"title": "From the second laptop"})
    copy.change(shared, {"summary": "new"})
    one.change(shared, {"title": "Shared power"})
    assert copy.published(own), "its own readers see it"
    copy.sync(other)
    assert not other.published(own), "nobody knows that laptop yet"
    devices.add(one.site, one.db, one.signer, line, NOW)
    for _ in range(2):
        sync_all([one, other])
        copy.sync(other)
    assert trust.is_vouched_for(copy.db)
    sync_all([one, other])
    assert other.published(own) and other.view(shared).fields == {"title": "Shared power", "summary": "new"}
    assert_same_views([one, other, copy])
    assert [one_.here for one_ in devices.devices(copy.db)] == [True, False]


def test_a_copy_beside_the_keys_goes_on_at_once(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    copy = one.copied(tmp_path / "copy")
    writer = copy.signer.public
    assert devices.new(copy.site, NOW) == ""
    copy._open()
    assert copy.signer.public != writer and trust.is_vouched_for(copy.db)
    one.change(None, {"title": "On the first"})
    copy.change(None, {"title": "On the copy"})
    for place in (one, copy, one):
        assert not place.sync(other).restored, "there never was a fork"
    assert_same_views([one, other, copy])


def test_two_computers_of_one_organisation_exchange_what_is_their_own_too(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    copy = carried(one, tmp_path / "laptop")
    line = devices.new(copy.site, NOW)
    copy._open()
    devices.add(one.site, one.db, one.signer, line, NOW)
    copy.sync(other)
    befriend(one, other)
    with pytest.raises(WrongUsage):
        one.accept(one)
    copy.accept(one)
    secret = one.change(None, {"title": "Diary"}, audience=OWN)
    draft = one.change(None, {"title": "For partners"}, audience=PARTNERS)
    other.sync(one)
    report = copy.sync(other)
    assert (report.waiting, report.waiting_own) == (1, 1)
    said = "\n".join(reports.lines(report, standing.Lacking(True, ())))
    assert "1 change for ourselves only is on another of our computers." in said and "not here yet" not in said
    copy.sync(one)
    assert copy.view(secret).fields["title"] == "Diary" and copy.view(draft).fields["title"] == "For partners"
    partings.remove(copy.db, copy.signer, copy.partner(one), NOW)
    views.refresh(copy.site, copy.db)
    assert copy.view(draft).fields["title"] == "For partners", "ending the exchange does not end the organisation"


@pytest.mark.parametrize("text", ["", "cop1:abc", "copdevice1:", "copdevice1:%%%", "copdevice1:g1ggTPRXgA", "x" * 5000])
def test_lines_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    (one,) = network(tmp_path, 1)
    with pytest.raises(CopError):
        devices.add(one.site, one.db, one.signer, text, NOW)


def test_a_line_of_another_organisation_or_with_anothers_key_is_refused(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    with pytest.raises(WrongUsage):
        devices.add(one.site, one.db, one.signer, devices.request(other.signer, other.organisation), NOW)
    from cop import cbor
    from cop.devices import PREFIX, read_request

    forged = cbor.encode([one.organisation, one.signer.public, other.signer.sign(signing.DEVICE, one.organisation)])
    import base64

    with pytest.raises(Refused):
        read_request(PREFIX + base64.urlsafe_b64encode(forged).decode().rstrip("="))


# -- current texts first


def edited(tmp_path: Path) -> tuple[Place, Place, str]:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Text", "body": "First words. " * 30})
    for at in range(5):
        one.change(record_id, {"body": f"Words of edit {at}. " * 30})
    return one, other, record_id


def test_a_newcomer_gets_current_texts_first_and_older_ones_after(tmp_path: Path) -> None:
    one, other, record_id = edited(tmp_path)
    line = Line(one)
    report = other.sync(one, line)
    assert report.left_out == 0 and report.waiting == 0
    assert other.payloads().keys() == one.payloads().keys()
    first = Place(tmp_path / "newcomer", "Newcomer")
    befriend(first, one)
    came: list[int] = []

    class Watching(Line):
        def _answer(self, message: bytes) -> bytes:
            came.append(len(first.payloads()))
            return super()._answer(message)

    first.sync(one, Watching(one))
    assert len(set(came)) > 2, "the older ones came in a turn of their own"
    assert first.payloads().keys() >= one.payloads().keys()
    assert first.view(record_id).fields == one.view(record_id).fields


def test_a_light_copy_leaves_older_texts_out_and_shows_the_same(tmp_path: Path) -> None:
    one, other, record_id = edited(tmp_path)
    currency.choose(other.db, currency.NONE)
    report = other.sync(one)
    assert (report.left_out, report.waiting, report.equal, report.texts) == (4, 0, True, 0)
    assert len(other.payloads()) == len(one.payloads()) - 4
    assert other.digest() == one.digest()
    assert other.sync(one).requests == 1, "and does not ask for them again"
    third = Place(tmp_path / "third", "Third")
    befriend(third, other)
    third.sync(other)
    assert third.view(record_id).fields == one.view(record_id).fields, "it passes on what it holds"
    currency.choose(other.db, currency.ALL)
    report = other.sync(one)
    assert (report.received, report.texts, report.left_out) == (0, 4, 0)
    assert "  4 texts of earlier changes came." in reports.lines(report, standing.Lacking(True, ()))
    assert other.payloads().keys() >= one.payloads().keys()


def test_a_light_copy_fetches_an_older_text_when_merging_needs_it(tmp_path: Path) -> None:
    one, light, third = network(tmp_path, 3)
    body = "One.\n\nTwo.\n\nThree.\n"
    record_id = one.change(None, {"title": "Text"})
    one.change(record_id, {"body": body})
    sync_all([one, third])
    one.change(record_id, {"body": body.replace("One", "First")})
    currency.choose(light.db, currency.NONE)
    light.sync(one)
    assert currency.left_out(light.db) == 1
    third.change(record_id, {"body": body.replace("Three", "Last")})
    sync_all([one, third])
    for _ in range(2):
        light.sync(one)
    assert status.waiting(light.db) == 0
    assert light.view(record_id).fields["body"] == "First.\n\nTwo.\n\nLast.\n"
    assert light.digest() == one.digest()


def test_a_relay_that_lacks_a_current_text_does_not_make_a_light_copy_give_it_up(tmp_path: Path) -> None:
    one, relay, light = network(tmp_path, 3)
    sync_all([one, relay])
    record_id = one.change(None, {"title": "Current news"})
    entries = [e for e in one.entries() if not log.holds(relay.db, e.entry_id)]
    store(relay, entries)  # without the payload
    currency.choose(light.db, currency.NONE)
    assert light.sync(relay).left_out == 0
    light.sync(one)
    assert light.view(record_id).fields["title"] == "Current news"


def test_what_is_our_own_comes_though_a_partner_carried_the_news_first(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    copy = carried(one, tmp_path / "laptop")
    line = devices.new(copy.site, NOW)
    copy._open()
    devices.add(one.site, one.db, one.signer, line, NOW)
    befriend(one, other)
    secret = one.change(None, {"title": "Diary"}, audience=OWN)
    one.change(None, {"title": "News"})
    one.sync(other)
    copy.sync(other)
    copy.accept(one)
    copy.sync(one)
    assert copy.view(secret).fields["title"] == "Diary"
    assert not any(b"Diary" in payload for payload in other.payloads().values())


def test_older_texts_follow_after_a_first_exchange_that_broke_off(tmp_path: Path) -> None:
    one, _, _ = edited(tmp_path)
    newcomer = Place(tmp_path / "newcomer", "Newcomer")
    befriend(newcomer, one)
    for lost in range(2, 6):
        with contextlib.suppress(NotReachable):
            newcomer.sync(one, FaultyLine(one, lose_question=lost))
    assert newcomer.sync(one).left_out == 0
    assert newcomer.payloads().keys() >= one.payloads().keys()


async def test_the_desk_of_a_computer_that_does_not_count_says_so_on_every_page(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    copy = carried(one, tmp_path / "laptop")
    line = devices.new(copy.site, NOW)
    copy._open()
    views.refresh(copy.site, copy.db)
    assert "vouched" not in (await Browser(served(one)).get("/desk")).text
    for path in ("/desk", "/desk/endorse", "/cy/desk/sync"):
        assert "cop device add" in (await Browser(served(copy)).get(path)).text
    devices.add(one.site, one.db, one.signer, line, NOW)
    sync_all([one, other])
    copy.sync(other)
    assert "cop device add" not in (await Browser(served(copy)).get("/desk")).text
    (laptop,) = [found for found in devices.devices(one.db) if not found.here]
    devices.end(one.site, one.db, one.signer, laptop, NOW)
    sync_all([one, other])
    copy.sync(other)
    told = await Browser(served(copy)).get("/desk/endorse")
    assert "Your organisation has ended this computer. What you do here counts nowhere." in told.text
    assert "counts nowhere" not in (await Browser(served(copy)).get("/resources")).text
