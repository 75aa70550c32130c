"""What happens to laptops and sticks in real life, as people meet it: by commands, with what they are told."""

import itertools
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cop import bundle, patch, read_back, status, trust, verification, views
from cop.merge import History
from cop.model import Patch
from cop.report import RESTORED
from tests.carriers import visit_folder
from tests.commands import at, cop, report, serving
from tests.network import (
    NAMES,
    NOW,
    Place,
    assert_same_views,
    befriend,
    item_of,
    network,
    next_entry,
    places,
    store,
    sync_all,
)

YEAR = 365 * 86_400


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    return one, other


def post(title: str) -> str:
    return f"---\ntitle: {title}\n---\n\nText of {title}.\n"


def copy_of(one: Place, folder: Path) -> Place:
    """The site folder and the keys of one laptop on another."""
    one.close()  # SQLite loses its locks where a file is read beside it in the same process
    shutil.copytree(one.site.root, folder / "site")
    shutil.copytree(one.site.keys, folder / "keys")
    copy = object.__new__(Place)
    copy.site = replace(one.site, root=folder / "site", keys=folder / "keys")
    copy._open()
    one._open()
    return copy


def titles(place: Place) -> set[str]:
    return {str(row["title"]) for row in place.public()["records"]}


def digest(place: Place) -> str:
    return str(json.loads(cop(place, "status", "--json"))["digest"])


# -- copies and backups


def test_a_site_folder_that_was_copied_and_is_used_on_both_laptops(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.write("posts/before.md", post("Before"))
    cop(one, "load")
    second = copy_of(one, tmp_path / "second laptop")
    one.write("posts/first.md", post("On the first laptop"))
    second.write("posts/second.md", post("On the second laptop"))
    said = []
    with serving(other) as address:
        for laptop in (one, second):
            at(laptop, other, address)
            cop(laptop, "load")
        for laptop in (one, second, one, second):
            said.append(cop(laptop, "sync"))
    assert [RESTORED.split(".")[0] in text for text in said] == [False, True, True, False]
    for place in (one, second, other):
        assert titles(place) == {"Before", "On the first laptop", "On the second laptop"}
        cop(place, "verify")
    assert digest(one) == digest(second) == digest(other)
    assert one.entry_ids() == second.entry_ids() == other.entry_ids()


def test_a_copied_folder_is_noticed_and_named_when_only_sticks_go_between(
    pair: tuple[Place, Place], tmp_path: Path
) -> None:
    one, other = pair
    cop(one, "load")
    second = copy_of(one, tmp_path / "second laptop")
    one.write("posts/first.md", post("On the first laptop"))
    second.write("posts/second.md", post("On the second laptop"))
    for laptop in (one, second):
        cop(laptop, "load")
        cop(laptop, "bundle", "create", str(tmp_path / "there.cop"))
        said = cop(other, "bundle", "apply", str(tmp_path / "there.cop"))
        assert f"1 change by {one.name}." in said and RESTORED.split(".")[0] not in said
    cop(other, "bundle", "create", str(tmp_path / "back.cop"))
    for laptop in (one, second):
        said = " ".join(cop(laptop, "bundle", "apply", str(tmp_path / "back.cop")).split())
        assert RESTORED in said and f"1 change by {one.name}, carried by {other.name}." in said
    assert digest(one) == digest(second) == digest(other)


def test_a_laptop_that_came_back_from_an_old_backup_and_was_used_before_it_synced(
    pair: tuple[Place, Place], tmp_path: Path
) -> None:
    one, other = pair
    one.write("posts/old.md", post("Old"))
    cop(one, "load")
    backup = copy_of(one, tmp_path / "backup")
    one.write("posts/lost.md", post("Written after the backup"))
    cop(one, "load")
    with serving(other) as address:
        at(one, other, address)
        cop(one, "sync")
        one.close()  # and the laptop is gone
        at(backup, other, address)
        backup.write("posts/new.md", post("Written before it synced"))
        cop(backup, "load")
        said = cop(backup, "sync")
        cop(backup, "sync")
    assert RESTORED in " ".join(said.split())
    for place in (backup, other):
        assert titles(place) == {"Old", "Written after the backup", "Written before it synced"}
        cop(place, "verify")
    assert digest(backup) == digest(other)
    cop(backup, "checkout")
    assert "Written after the backup" in "".join(path.read_text() for path in backup.site.content.rglob("*.md"))


# -- sticks


def test_sticks_in_the_wrong_order_twice_and_18_months_late(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    sticks = []
    record_id = one.change(None, {"title": "Title 0"})
    for month in range(4):
        one.change(record_id, {"title": f"Title {month + 1}"})
        one.change(None, {"title": f"Month {month}"})
        sticks.append(tmp_path / f"month {month}.cop")
        cop(one, "bundle", "create", str(sticks[-1]), "--for", other.name)
    for stick in (sticks[3], sticks[0], sticks[3], sticks[2], sticks[1], sticks[0]):
        told = json.loads(cop(other, "bundle", "apply", str(stick), "--json"))
        assert told["whole"] and told["waiting"] == 0
    assert "0 changes came" in cop(other, "bundle", "apply", str(sticks[0]))
    assert other.view(record_id).fields["title"] == "Title 4" and not other.view(record_id).conflicts
    other.change(record_id, {"title": "Settled here"})
    bundle.apply(other.side, sticks[1], NOW + YEAR * 3 // 2)
    assert other.view(record_id).fields["title"] == "Settled here"
    back = tmp_path / "back.cop"
    cop(other, "bundle", "create", str(back))
    cop(one, "bundle", "apply", str(back))
    for place in pair:
        cop(place, "verify")
    assert_same_views(pair)


def test_sticks_that_build_on_each_other_in_every_order(tmp_path: Path) -> None:
    """Each holds only what is new since the one before; the reader says what it waits for, and ends with everything."""
    one, other = network(tmp_path, 2)
    one.sync(other)
    one.sync(other)
    sticks = []
    for month in range(3):
        one.change(None, {"title": f"Month {month}"})
        sticks.append(tmp_path / f"{month}.cop")
        bundle.create(one.side, sticks[-1], one.partner(other), full=False, now=NOW)
        from cop import frontier, partners

        partners.keep_points(one.db, one.partner(other), frontier.own_points(one.db))  # as if it had arrived
    for number, order in enumerate(itertools.permutations(sticks)):
        reader = other.copied(tmp_path / f"reader {number}")
        for stick in order:
            assert bundle.apply(reader.side, stick, NOW).whole
        assert {f"Month {month}" for month in range(3)} <= titles(reader)
        assert status.waiting(reader.db) == 0
        assert verification.verify(reader.site, reader.db).problems == []
        assert one.entry_ids() == reader.entry_ids()
        assert_same_views([one, reader])
        reader.close()


def test_twelve_partners_with_one_way_sticks_edit_one_record(tmp_path: Path) -> None:
    """Nobody ever meets: each stick goes one way, to somebody at random. No software writes a change."""
    found = [Place(tmp_path / str(number), f"Partner {number:02}", "community") for number in range(12)]
    for one, two in itertools.pairwise(found):
        befriend(one, two)
    source = random.Random(12)
    record_id = found[0].change(None, {"title": "One record"}, added={"topics": ("power",)})
    edits, last = 1, {}
    stick = tmp_path / "stick.cop"
    for turn in range(150):
        giver, taker = source.sample(found, 2)
        if turn % 3 == 0:
            giver.change(record_id, {"summary" if turn % 2 else f"note {giver.name}": f"Edit {edits}"})
            edits += 1
            last[giver.name] = edits
        bundle.create(giver.side, stick, None, full=True, now=NOW)
        bundle.apply(taker.side, stick, NOW)
    for _ in range(2):
        for giver in found:
            bundle.create(giver.side, stick, None, full=True, now=NOW)
            for taker in found:
                bundle.apply(taker.side, stick, NOW)
    for place in found:
        changes = place.db.execute("SELECT count(*) FROM log_entry WHERE kind = 'change'").fetchone()[0]
        assert changes == edits, "a machine wrote a change"
        assert place.entry_ids() == found[0].entry_ids()
    assert_same_views(found[:3])
    assert len({place.digest() for place in found}) == 1
    found[5].change(record_id, {"summary": "Settled by a person"})
    bundle.create(found[5].side, stick, None, full=True, now=NOW)
    for place in found:
        bundle.apply(place.side, stick, NOW)
        assert place.view(record_id).fields["summary"] == "Settled by a person"
        assert not place.view(record_id).conflicts


# -- clocks


def test_clocks_in_1970_and_2050_and_jumping_back_decide_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, third = network(tmp_path, 3)
    record_id = one.change(None, {"title": "Today"})
    sync_all([one, other, third])
    for clock, place, title in (
        (2_540_000_000, one, "In 2050"),
        (5, other, "In 1970"),
        (NOW, third, "Now"),
        (1, one, "Back"),
    ):
        monkeypatch.setattr("tests.network.NOW", clock)
        place.change(record_id, {"title": title})
        sync_all([one, other, third])
        for reader in (one, other, third):
            assert reader.view(record_id).fields["title"] == title, "who saved last is not whose clock is ahead"
    assert_same_views([one, other, third])
    for place in (one, other, third):
        cop(place, "status")
        cop(place, "history", record_id)


# -- an old version in the middle


def test_an_old_cop_between_two_newer_ones_passes_everything_on_and_counts_it(tmp_path: Path) -> None:
    """New to it are a field, a type of record, a kind of entry, and parts of an entry and of an item."""
    new, old, newer = places(tmp_path, 3)
    befriend(new, old)
    befriend(old, newer)
    known = new.change(None, {"title": "A post", "field of tomorrow": {"deep": [1, {"x": None}]}})
    dance = patch.encode(Patch("dance", {"title": "A dance", "steps": [1, 2]}), bytes(16))
    vote = patch.encode(Patch("post", {"title": "Not to be shown"}), bytes(range(16)))
    future = next_entry(new, [item_of(patch.new_record_id(), dance)], future={"a": [b"\0", 1]})
    store(new, [future], [dance])
    poll = next_entry(new, [item_of(known, vote, parents=new.heads(known))], kind="poll")
    store(new, [poll], [vote])
    with serving(old) as address:
        for place in (new, newer):
            at(place, old, address)
            told = report(place)
        assert told["not_understood"] == 2, "one type and one kind"
        cop(new, "sync")
    for place in (old, newer):
        assert {(e.data, e.signature) for e in new.entries()} <= {(e.data, e.signature) for e in place.entries()}
        assert {dance, vote} <= set(place.payloads().values())
        assert json.loads(cop(place, "status", "--json"))["not_understood"] == 2
        assert "2 items need a newer cop" in cop(place, "status")
        assert place.view(known).fields["field of tomorrow"] == {"deep": [1, {"x": None}]}
        assert place.view(known).fields["title"] == "A post"
    old.change(known, {"summary": "Edited by the old one"})
    sync_all([new, old, newer])
    assert newer.view(known).fields["field of tomorrow"] == {"deep": [1, {"x": None}]}
    assert_same_views([new, old, newer])


# -- partings


def test_a_partner_that_was_removed_while_offline_goes_on_writing(tmp_path: Path) -> None:
    """What it writes is kept apart, the same everywhere and whatever came first; readmitting brings it in."""
    for number, removed_first in enumerate((True, False)):
        a, b, c = network(tmp_path / str(number), 3)
        sync_all([a, b, c])
        before = c.change(None, {"title": "Before"})
        sync_all([a, b, c])
        for place in (a, b):  # c is offline
            place.remove(c)
        later = c.change(None, {"title": "Later"})
        if removed_first:
            a.sync(b)
        share = tmp_path / str(number) / "share"
        share.mkdir()
        visit_folder(c, share)
        bundle.create(c.side, share / "c.cop", None, full=True, now=NOW)
        assert bundle.apply(a.side, share / "c.cop", NOW).refused == 0
        visit_folder(b, share)
        sync_all([a, b])
        assert a.entry_ids() == b.entry_ids()
        for place in (a, b):
            assert read_back.revisions(place.db, later), "kept"
            assert not place.published(later), "not shown"
            assert place.published(before), "what came before stays"
            assert c.organisation not in trust.members(place.db).organisations
        assert_same_views([a, b])
        for place in (a, b):
            place.accept(c)
        sync_all([a, b])
        sync_all([a, b, c])
        for place in (a, b, c):
            assert place.published(later) and place.published(before)
        assert a.entry_ids() == b.entry_ids() == c.entry_ids()
        assert_same_views([a, b, c])


def test_what_a_removed_partner_writes_is_told_in_words(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    with serving(one) as address:
        at(other, one, address)
        cop(other, "sync")
        cop(one, "partner", "remove", other.name)
        other.change(None, {"title": "Goes on"})
        cop(other, "sync", code=0)
    assert "Goes on" not in titles(one)
    invitation = json.loads(cop(other, "invite", "--json"))["invitation"]
    cop(one, "join", invitation, "--yes")
    with serving(other) as address:
        at(one, other, address)
        assert "Both hold the same now." in cop(one, "sync")
    assert "Goes on" in titles(one) and NAMES[1] in cop(one, "partner", "list")
    assert_same_views(pair)


def test_an_edit_of_a_copy_names_the_heads_it_saw(tmp_path: Path) -> None:
    """Two copies of one installation that settle the same conflict each write one change, and nothing more."""
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "A"})
    one.sync(other)
    one.change(record_id, {"title": "B"})
    other.change(record_id, {"title": "C"})
    one.sync(other)
    copy = one.copied(tmp_path / "copy")
    one.change(record_id, {"title": "Settled"})
    copy.change(record_id, {"title": "Settled"})
    for place in (one, copy, one, copy):
        place.sync(other)
    for place in (one, other, copy):
        assert place.view(record_id).fields["title"] == "Settled" and not place.view(record_id).conflicts
        assert len(History(read_back.revisions(place.db, record_id)).heads()) == 2
        views.refresh(place.site, place.db)
    assert_same_views([one, other, copy])
