"""Lost laptops, lost keys, and partners that leave or are removed: what they wrote before keeps its place and its credit."""

import random
from pathlib import Path

import pytest

from cop import (
    belonging,
    devices,
    exchanges,
    frontier,
    log,
    partings,
    partners,
    read_back,
    status,
    trust,
    verification,
    views,
)
from cop.errors import CopError, WrongUsage
from cop.model import OWN, PARTNERS
from cop.partners import Partner
from tests.commands import at, cop, free_port, ran, serving
from tests.network import NOW, Place, assert_same_views, befriend, network, places, sync_all
from tests.test_devices import carried


def titles(place: Place) -> list[str]:
    """What readers see, A to Z."""
    views.refresh(place.site, place.db)
    return sorted(str(row["title"]) for row in place.public()["records"])


def laptop_of(one: Place, folder: Path) -> Place:
    """A second computer of an organisation, with a key of its own."""
    copy = carried(one, folder)
    line = devices.new(copy.site, NOW)
    copy._open()
    devices.add(one.site, one.db, one.signer, line, NOW)
    return copy


def end(one: Place, laptop: Place, *, take_in: bool = False) -> None:
    """`cop device end`"""
    found = devices.find(one.db, laptop.signer.public.hex()[:8])
    devices.end(one.site, one.db, one.signer, found, NOW, take_in=take_in)
    views.refresh(one.site, one.db)


def around(*everyone: Place) -> None:
    """Everybody meets everybody, twice."""
    for _ in range(2):
        sync_all(list(everyone))


# -- a laptop that was lost


def test_a_lost_laptop_counts_up_to_its_end(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    laptop = laptop_of(one, tmp_path / "laptop")
    around(one, other)
    before = laptop.change(None, {"title": "Before"})
    laptop.sync(other)
    around(one, other)
    end(one, laptop)
    around(one, other)
    laptop.change(None, {"title": "By the thief"})
    laptop.change(before, {"title": "Before, changed by the thief"})
    other.sync(laptop)
    for place in (one, other):
        around(one, other)
        assert titles(place) == ["Before"]
    assert other.entry_ids() == one.entry_ids(), "it is kept, and passed on"
    assert_same_views([one, other])
    assert not verification.verify(other.site, other.db).problems
    [_, ended] = devices.devices(one.db)
    assert ended.ended and ended.apart == 2


def with_an_ended_laptop(folder: Path) -> tuple[Place, Place, Place]:
    """An organisation, its partner, and its laptop, which had been in step with the partner and was ended since."""
    one, other = network(folder, 2)
    laptop = laptop_of(one, folder / "laptop")
    around(one, other)
    laptop.sync(other)
    end(one, laptop)
    around(one, other)
    return one, other, laptop


def test_a_lost_laptop_gets_nothing_that_is_for_partners(tmp_path: Path) -> None:
    one, other, laptop = with_an_ended_laptop(tmp_path)
    secret = other.change(None, {"title": "For partners"}, audience=PARTNERS)
    own = one.change(None, {"title": "Our own"}, audience=OWN)
    laptop.sync(other)
    around(one, other)
    assert [views.current_view(laptop.db, record) for record in (secret, own)] == [None, None]
    assert one.view(secret).fields["title"] == "For partners"
    assert laptop.signer.public not in partners.receivers(other.db)


def test_a_thief_that_goes_on_from_an_old_copy_does_not_count(tmp_path: Path) -> None:
    """Entries with numbers that the end lets count, but beside the log that it knew."""
    one, other = network(tmp_path, 2)
    laptop = laptop_of(one, tmp_path / "laptop")
    around(one, other)
    laptop.sync(other)
    old = laptop.copied(tmp_path / "old")
    for number in range(3):
        laptop.change(None, {"title": f"Honest {number}"})
    laptop.sync(other)
    around(one, other)
    end(one, laptop)
    log.write(old.db, old.signer, "change", [log.Change("t" * 25 + "a", (), _patch("Forged"), 0)], claimed_time=NOW)
    around(one, other)
    log.append(other.db, *_all_of(old), received_time=NOW, received_from="")
    around(one, other)
    for place in (one, other):
        assert titles(place) == ["Honest 0", "Honest 1", "Honest 2"]
    assert_same_views([one, other])


def _patch(title: str) -> object:
    from cop.model import Patch

    return Patch("post", {"title": title})


def _all_of(place: Place) -> tuple[list[object], dict[bytes, bytes]]:
    from cop import entry

    rows = place.db.execute("SELECT data, signature FROM log_entry ORDER BY entry_number").fetchall()
    payloads = [row[0] for row in place.db.execute("SELECT payload FROM log_payload")]
    return [entry.parse(*row) for row in rows], log.by_hash(payloads)


def test_what_came_of_a_laptop_after_its_end_can_be_let_in(tmp_path: Path) -> None:
    one, other, laptop = with_an_ended_laptop(tmp_path)
    laptop.change(None, {"title": "Honest after all"})
    other.sync(laptop)
    around(one, other)
    assert titles(one) == titles(other) == []
    with pytest.raises(WrongUsage):
        end(one, laptop)
    end(one, laptop, take_in=True)
    around(one, other)
    assert titles(one) == titles(other) == ["Honest after all"]
    laptop.change(None, {"title": "And again"})
    other.sync(laptop)
    assert titles(other) == ["Honest after all"]


def test_a_laptop_without_the_organisations_key_cannot_end_another(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    laptop = laptop_of(one, tmp_path / "laptop")
    around(one, other)
    laptop.sync(other)
    with pytest.raises(CopError) as refused:
        end(laptop, one)
    assert "backup" in refused.value.hint
    forged = {"organisation": one.organisation, "writer": one.signer.public, "last": [[one.signer.public, []]],
              "signature": laptop.signer.sign(b"", b""), "replaces": []}  # fmt: skip
    log.write(laptop.db, laptop.signer, "writer-end", [], claimed_time=NOW, extra=forged)
    one.change(None, {"title": "Ours"})
    other.sync(laptop)
    around(one, other)
    assert titles(other) == ["Ours"] and one.signer.public in trust.members(other.db).present


def test_a_replaced_end_cannot_be_said_again_by_somebody_else(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    laptop = laptop_of(one, tmp_path / "laptop")
    around(one, other)
    laptop.sync(other)
    end(one, laptop)
    first = read_back.statements(one.db)
    loose = next(e for e in first if e.kind == "writer-end")
    around(one, other)
    laptop.change(None, {"title": "Honest"})
    other.sync(laptop)
    around(one, other)
    end(one, laptop, take_in=True)
    around(one, other)
    log.write(other.db, other.signer, "writer-end", [], claimed_time=NOW, extra=loose.extra)
    around(one, other)
    assert titles(one) == titles(other) == ["Honest"]


# -- partners that are removed, or leave


def test_what_a_removed_partner_wrote_before_stays_with_its_name(tmp_path: Path) -> None:
    a, b, c = network(tmp_path, 3)
    before = c.change(None, {"title": "Before"})
    around(a, b, c)
    for place in (a, b):
        place.remove(c)
    c.change(before, {"title": "After"})
    c.change(None, {"title": "New"})
    around(a, b)
    log.append(a.db, *_all_of(c), received_time=NOW, received_from="")
    around(a, b)
    for place in (a, b):
        assert titles(place) == ["Before"]
        changes = [row["organisation"] for row in place.public()["history"]]
        assert changes == [c.name], "the credit stays"
        assert status.kept_apart(place.db, c.organisation) == 2
    assert_same_views([a, b])
    a.accept(c)
    b.accept(c)
    around(a, b)
    assert titles(a) == titles(b) == ["After", "New"]


def test_partners_that_removed_somebody_at_different_times_show_the_same(tmp_path: Path) -> None:
    a, b, c = network(tmp_path, 3)
    c.change(None, {"title": "First"})
    around(a, b, c)
    a.remove(c)
    c.change(None, {"title": "Second"})
    b.sync(c)
    b.remove(c)
    around(a, b)
    assert titles(a) == titles(b) == ["First", "Second"]
    assert_same_views([a, b])


def test_somebody_known_through_a_removed_partner_alone_stays_with_what_it_wrote(tmp_path: Path) -> None:
    a, b, c = places(tmp_path, 3)
    befriend(a, b)
    befriend(b, c)
    c.change(None, {"title": "From C"})
    b.sync(c)
    a.sync(b)
    a.remove(b)
    assert titles(a) == ["From C"] and c.organisation not in trust.members(a.db).organisations
    befriend(a, c)
    c.change(None, {"title": "Later"})
    a.sync(c)
    assert titles(a) == ["From C", "Later"] and not trust.members(a.db).cutoffs.get(c.signer.public)


@pytest.mark.parametrize("hide", [False, True])
def test_what_came_through_a_member_stays_when_that_member_removes_who_wrote_it(tmp_path: Path, hide: bool) -> None:
    """A hub knows two others that never met. What one of them wrote until the hub ended with it stays at the other."""
    hub, reader, writer = places(tmp_path, 3)
    befriend(hub, reader)
    befriend(hub, writer)
    record = writer.change(None, {"title": "Museum piece"})
    around(hub, reader, writer)
    assert titles(reader) == ["Museum piece"]
    hub.remove(writer, hide=hide)
    writer.change(record, {"title": "After the end"})
    around(hub, reader)
    writer.change(None, {"title": "Later still"})
    assert titles(hub) == ([] if hide else ["Museum piece"])
    assert titles(reader) == ["Museum piece"]
    [name] = [row["organisation"] for row in reader.public()["history"]]
    assert name == writer.name
    if not hide:
        assert_same_views([hub, reader])
        assert hub.digest() == reader.digest()


def test_one_may_leave_come_back_and_leave_again_before_everybody_was_told(tmp_path: Path) -> None:
    one, other, newcomer = places(tmp_path, 3)
    befriend(one, other)
    partings.leave(one.db, one.signer, NOW)
    befriend(one, newcomer)
    assert len(partings.leave(one.db, one.signer, NOW)) == 1
    told = {partner.organisation for partner in partners.to_be_told(one.db)}
    assert told == {other.organisation, newcomer.organisation}


def test_what_came_through_a_member_stays_when_that_member_leaves(tmp_path: Path) -> None:
    hub, reader, writer = places(tmp_path, 3)
    befriend(hub, reader)
    befriend(hub, writer)
    writer.change(None, {"title": "Museum piece"})
    around(hub, reader, writer)
    partings.leave(hub.db, hub.signer, NOW)
    reader.sync(hub)
    assert titles(reader) == ["Museum piece"]


def test_leaving_takes_everything_along_and_leaves_everything_there(tmp_path: Path) -> None:
    a, b, c = network(tmp_path, 3)
    ids = {place: place.change(None, {"title": f"By {place.name}"}) for place in (a, b, c)}
    around(a, b, c)
    assert partings.leave(c.db, c.signer, NOW) == sorted([a.name, b.name], key=str.casefold)
    log.append(b.db, *_all_of(c), received_time=NOW, received_from="")
    c.change(ids[c], {"title": "After we left"})
    log.append(b.db, *_all_of(c), received_time=NOW, received_from="")
    a.change(ids[a], {"title": "After they left"})
    around(a, b)
    assert titles(b) == titles(a) == sorted(["After they left", f"By {b.name}", f"By {c.name}"])
    assert c.organisation not in trust.members(b.db).organisations
    assert c.name in {row["organisation"] for row in b.public()["history"]}
    assert_same_views([a, b])
    assert titles(c) == sorted([f"By {a.name}", f"By {b.name}", "After we left"])
    assert not verification.verify(c.site, c.db).problems
    with pytest.raises(WrongUsage):
        partings.leave(c.db, c.signer, NOW)
    for place in (a, b):
        c.accept(place)
        place.accept(c)
    around(a, b, c)
    assert titles(a) == titles(b) == titles(c) == sorted(["After they left", f"By {b.name}", "After we left"])
    assert_same_views([a, b, c])


# -- a key that was lost


def test_a_lost_key_is_replaced_once_more_than_half_of_the_others_say_so(tmp_path: Path) -> None:
    a, b, c, lost = network(tmp_path, 4)
    lost.change(None, {"title": "Under the old key"})
    around(a, b, c, lost)
    old = lost.organisation
    [new] = places(tmp_path / "again", 1)
    said = []
    for place in (a, b):
        partner = next(p for p in partners.all_partners(place.db) if p.organisation == old)
        partings.replace_key(place.db, place.signer, partner, new.invitation(), NOW)
        around(a, b, c)
        said.append(partings.votes(c.db, old, new.organisation))
        known = trust.members(c.db).organisations
        assert (old in known) == (place is a)
    assert [(one.given, one.others, one.enough) for one in said] == [(1, 3, False), (2, 3, True)]
    lost.change(None, {"title": "By whoever has the old key"})
    log.append(a.db, *_all_of(lost), received_time=NOW, received_from="")
    for place in (a, b):
        new.accept(place)
    around(a, b, c)
    around(a, b, new)
    new.change(None, {"title": "Under the new key"})
    around(a, b, new)
    around(a, b, c)
    for place in (a, b, c, new):
        assert titles(place) == ["Under the new key", "Under the old key"], place.name
    assert {row["organisation"] for row in c.public()["history"]} == {new.name}
    assert_same_views([a, b, c, new])


def test_a_thief_cannot_outvote_the_others_with_members_of_its_own(tmp_path: Path) -> None:
    a, b, lost, *puppets = places(tmp_path, 6)
    for one, other in ((a, b), (a, lost), (b, lost), *((lost, puppet) for puppet in puppets)):
        befriend(one, other)
    around(a, b, lost)
    for puppet in puppets:
        around(lost, puppet)
    around(a, b, lost)
    [new] = places(tmp_path / "again", 1)
    for place in (a, b):
        partner = next(p for p in partners.all_partners(place.db) if p.organisation == lost.organisation)
        partings.replace_key(place.db, place.signer, partner, new.invitation(), NOW)
    around(a, b)
    assert partings.votes(a.db, lost.organisation, new.organisation).enough
    known = trust.members(a.db).organisations
    assert new.organisation in known and lost.organisation not in known
    for puppet in puppets:
        mine = Partner(a.organisation, a.name, "community", "")
        partners.say(puppet.db, puppet.signer, a.organisation, "succeeded", NOW, last={}, successor=puppet.organisation)
        log.append(b.db, *_all_of(puppet), received_time=NOW, received_from="")
        assert mine.organisation in trust.members(b.db).organisations, "one vote is not enough, nor are puppets"


def test_the_order_of_statements_makes_no_difference(tmp_path: Path) -> None:
    a, b, c, d = network(tmp_path, 4)
    laptop = laptop_of(b, tmp_path / "laptop")
    around(a, b, c, d)
    laptop.sync(a)
    around(a, b, c, d)
    end(b, laptop)
    a.remove(c)
    partings.leave(d.db, d.signer, NOW)
    log.append(b.db, *_all_of(d), received_time=NOW, received_from="")
    around(a, b)
    statements = list(read_back.statements(a.db))
    whole = belonging.members_of(statements, a.organisation)
    source = random.Random(0)
    for _ in range(200):
        source.shuffle(statements)
        assert belonging.members_of(statements, a.organisation) == whole


# -- the commands


def test_the_commands_say_what_happens(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    laptop = laptop_of(one, tmp_path / "laptop")
    around(one, other, third)
    laptop.sync(other)
    laptop.change(None, {"title": "From the laptop"})
    laptop.sync(other)
    around(one, other, third)
    key = laptop.signer.public.hex()
    assert "Nothing was changed" in cop(one, "device", "end", key[:10], code=2)
    assert "What it wrote until now counts: 1 entry." in cop(one, "device", "end", key[:10], "--yes")
    assert "is the start of no one" in cop(one, "device", "end", "zzzzzz", code=2)
    assert "at least 6 signs" in cop(one, "device", "end", key[:4], code=2)
    assert "(ended)" in cop(one, "device", "list")
    around(one, other, third)
    laptop.sync(other)
    assert "cop device new" in cop(laptop, "status", code=0)
    assert "stays, with their name" in cop(third, "partner", "remove", other.name)
    assert "Nothing was changed" in cop(one, "partner", "leave", code=2)
    left = cop(one, "partner", "leave", "--yes")
    assert "You have left" in left and "1 record" in left


def test_who_leaves_tells_everybody_with_the_next_sync(tmp_path: Path) -> None:
    one, other, folder_only = network(tmp_path, 3)
    around(one, other, folder_only)
    for place in (one, folder_only):
        (tmp_path / "meeting").mkdir(exist_ok=True)
        at(other, place, str(tmp_path / "meeting"))
        at(place, other, str(tmp_path / "meeting"))
    with serving(one) as address, serving(other) as others_address:
        at(other, one, address)
        at(one, other, others_address)
        cop(other, "sync")
        told = ran(other, "partner", "leave", "--yes")
        assert "cop sync." in told.stderr and one.organisation not in trust.members(other.db).organisations
        assert f"{one.name}: " in cop(other, "sync", one.name)
        assert "Nothing was changed" not in cop(other, "sync")
        assert "no partner to exchange with" in cop(other, "sync", code=2), "everybody has been told"
        assert "left the network" in cop(one, "sync", other.name, code=2)
        assert "Has left the network" in cop(one, "partner", "list")
        assert other.name not in cop(one, "sync", folder_only.name, code=3)
    assert other.organisation not in trust.members(one.db).organisations


def test_everybody_keeps_the_name_they_told(tmp_path: Path) -> None:
    one, other, far = places(tmp_path, 3)
    befriend(one, other)
    befriend(other, far)
    around(one, other)
    around(other, far)
    one.sync(other)
    assert partners.name_of(one.db, far.organisation) == far.name, "a member through others"
    partings.leave(one.db, one.signer, NOW)
    partners.were_told(one.db, partners.to_be_told(one.db))
    exchanges.remember(one.db, other.organisation, exchanges.ANSWERED, {"received": 2}, NOW)
    exchanges.remember(one.db, b"\1" * 32, exchanges.ANSWERED, {"received": 2}, NOW)
    assert [row.name for row in exchanges.recent(one.db)[:2]] == [partners.STRANGER, other.name]


def test_who_replaces_a_key_is_told_to_go_on_with_that(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    (new,) = places(tmp_path / "new", 1)
    line = new.invitation().text()
    told = cop(one, "partner", "replace", other.name, line, code=2)
    assert f"cop partner replace '{other.name}' {line} --yes" in told and "cop join" not in told
    assert "Once it is the same: cop join INVITATION --yes" in cop(one, "join", line, code=2)


def test_who_leaves_and_cannot_reach_a_partner_is_told_so(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    at(other, one, f"http://127.0.0.1:{free_port()}")
    cop(other, "partner", "leave", "--yes")
    for _ in range(2):
        assert f"       {one.name}: last heard " in cop(other, "sync", code=3)


def test_whoever_is_not_known_any_more_hears_that_and_no_alarm(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    with serving(other) as address:
        at(one, other, address)
        cop(one, "sync")
        partings.remove(other.db, other.signer, partners.find(other.db, one.name), NOW)
        told = ran(one, "sync")
        assert "something on the way" not in told.stderr + told.stdout


def test_a_new_computer_that_a_partner_has_not_heard_of_is_told_what_to_do(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    with serving(other) as address:
        at(one, other, address)
        cop(one, "sync")
        laptop = carried(one, tmp_path / "laptop")
        line = devices.new(laptop.site, NOW)
        laptop._open()
        laptop.db.execute("UPDATE local_partner SET agreed = ?", [frontier.frontier_hash(laptop.db)])
        devices.add(one.site, one.db, one.signer, line, NOW)
        assert "Then say cop sync on your first one" in cop(laptop, "sync", code=4)
        cop(one, "sync")
        told = cop(laptop, "sync", code=0)
        assert other.name in told and trust.is_vouched_for(laptop.db)


def test_a_replaced_key_is_counted_in_words(tmp_path: Path) -> None:
    a, b, _c, lost = network(tmp_path, 4)
    around(a, lost)
    [new] = places(tmp_path / "again", 1)
    new.rename(lost.name)
    line = new.invitation().text()
    assert "has had all along" in cop(a, "partner", "replace", lost.name, lost.invitation().text(), "--yes", code=2)
    told = cop(a, "partner", "replace", lost.name, line, "--yes")
    assert "1 of 3 other organisations say so; it takes more than half" in told
    around(a, b)
    told = cop(b, "partner", "replace", lost.name, line, "--yes")
    assert f"{lost.name} goes on under its new key: 2 of 3 other organisations say so" in told


def test_an_ended_laptop_is_told_so_by_whatever_it_saves_or_sends(tmp_path: Path) -> None:
    one, other, laptop = with_an_ended_laptop(tmp_path)
    with serving(other) as address:
        at(laptop, other, address)
        laptop.write("posts/late.md", "# Written late\n")
        assert "ended this computer" not in ran(laptop, "load").stderr, "it does not know yet"
        for command in (["sync"], ["load"], ["load", "--json"], ["sync", "--json"]):
            told = ran(laptop, *command)
            assert told.returncode == 0 and told.stderr.count("has ended this computer") == 1, command
            assert "counts nowhere. To go on: cop device new" in told.stderr
    told = ran(laptop, "endorse", "posts/late")
    assert told.returncode == 1 and "stands behind" not in told.stdout and "counts nowhere" in told.stderr
    assert "Try:   cop device new" in told.stderr
    assert "ended this computer" not in ran(one, "load").stderr, "who ended it goes on"


def test_a_second_computer_is_told_that_the_first_must_vouch_for_it(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    copy = carried(one, tmp_path / "laptop")
    line = devices.new(copy.site, NOW)
    copy._open()
    copy.write("posts/early.md", "# Written early\n")
    assert "cop device add LINE" in ran(copy, "device", "list").stderr
    with serving(other) as address:
        at(copy, other, address)
        assert "has not vouched for this computer yet" in cop(copy, "status")
        cop(copy, "load")
        told = cop(copy, "sync", code=5)
        assert "They turned away" in told and "accept their invitation" not in told
        assert "has not vouched for this computer yet" in told and "On your first computer, say: cop device add" in told
        devices.add(one.site, one.db, one.signer, line, NOW)
        one.sync(other)
        assert "vouched" not in cop(copy, "sync") + cop(copy, "status")


def test_content_files_are_to_be_brought_up_to_date_only_if_texts_came(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    record_id = other.change(None, {"title": "Tea", "slug": "tea"})
    with serving(other) as address:
        at(one, other, address)
        assert "cop checkout" in cop(one, "sync")
        cop(one, "checkout")
        cop(other, "endorse", record_id)
        told = cop(one, "sync")
        assert "1 change came" in told and "cop checkout" not in told, told
        assert "Changed since" not in cop(one, "status")
        other.change(record_id, {"title": "Tea and talk"})
        assert "cop checkout" in cop(one, "sync")


def test_who_was_removed_is_told_that_nobody_there_sees_what_they_write(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    around(one, other)
    with serving(other) as address:
        at(one, other, address)
        assert "Both hold the same now." in cop(one, "sync")
        cop(other, "partner", "remove", one.name)
        one.write("posts/late.md", "# Written late\n")
        cop(one, "load")
        for _ in range(2):
            told = cop(one, "sync")
            assert f"{other.name} has ended the exchange with you and does not show what you write" in told, told
            assert "hold the same" not in told
        other.accept(one)
        told = cop(one, "sync")
        assert "has ended" not in told and "Both hold the same now." in told, told
    assert titles(other) == ["Written late"]


@pytest.mark.parametrize("first", ["middle", "far"])
def test_who_leaves_keeps_what_came_through_others_and_coming_back_brings_them_back(tmp_path: Path, first: str) -> None:
    """Whose key sorts first decided once whether the records of those behind a partner stayed."""
    for attempt in range(100):
        one, middle, far = places(tmp_path / str(attempt), 3)
        if (middle.organisation < far.organisation) == (first == "middle"):
            break
    befriend(one, middle)
    befriend(middle, far)
    far.change(None, {"title": "From far away"})
    around(middle, far)
    one.sync(middle)
    assert titles(one) == ["From far away"]
    partings.leave(one.db, one.signer, NOW)
    assert titles(one) == ["From far away"]
    middle.sync(one)
    far.change(None, {"title": "Later"})
    befriend(one, middle)
    for _ in range(3):
        middle.sync(far)
        one.sync(middle)
    assert titles(one) == titles(far) == ["From far away", "Later"]
    assert one.digest() == far.digest()


def test_whose_words_are_shown_no_longer_because_a_partner_ended_with_them_is_told(tmp_path: Path) -> None:
    one, hub, far = places(tmp_path, 3)
    befriend(one, hub)
    befriend(hub, far)
    far.change(None, {"title": "Before"})
    around(hub, far)
    one.sync(hub)
    hub.remove(far)
    with serving(hub) as address:
        partners.set_address(one.db, one.partner(hub), address)
        said = cop(one, "sync", code=0)
        assert f"{far.name} is no member of the network any more: a partner has ended with it, or it left." in said
        assert "is no member" not in cop(one, "sync", code=0)
    assert titles(one) == ["Before"]
