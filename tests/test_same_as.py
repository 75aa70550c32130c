"""Two records about the same thing: whoever says so, in whatever order it arrives, and whoever takes it back."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import same_as, verification
from cop.errors import CopError, WrongUsage
from cop.fields import SAME_AS
from cop.model import OWN, PARTNERS, PUBLIC
from cop.same_as import Told, told
from tests.conftest import Cop, Folder
from tests.network import (
    NOW,
    Place,
    as_text,
    assert_same_views,
    forge,
    item_of,
    network,
    places,
    steady,
    store,
    sync_all,
)
from tests.test_views_property import arrive

A, B, C = RECORDS = ("a" * 26, "b" * 25 + "e", "c" * 25 + "i")
LINK, APART, EDIT, SYNC = "link", "apart", "edit", "sync"
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
a_pair = st.sampled_from(list(combinations(RECORDS, 2)))
step = st.tuples(st.integers(0, 2), st.sampled_from([LINK, LINK, APART, EDIT, SYNC]), a_pair, st.integers(0, 2))


def link(place: Place, one: str, other: str, why: str = "") -> None:
    same_as.say(place.site, place.db, place.signer, one, other, same=True, why=why, now=NOW)


def apart(place: Place, one: str, other: str, why: str = "") -> None:
    same_as.say(place.site, place.db, place.signer, one, other, same=False, why=why, now=NOW)


def linked(place: Place, record_id: str) -> list[str]:
    value = place.view(record_id, PUBLIC).fields.get(SAME_AS, [])
    assert isinstance(value, list)
    return [str(one) for one in value]


@contextmanager
def three(seed: int, more: int = 0) -> Iterator[list[Place]]:
    """Places that all hold three records, and observers that hold nothing yet."""
    with tempfile.TemporaryDirectory() as folder, steady(seed):
        found = network(Path(folder), 3 + more)
        sync_all(found)
        for at, record_id in enumerate(RECORDS):
            found[at].change(record_id, {"title": f"Power {at}", "credits": [{"name": f"Person {at}"}]})
        sync_all(found[:3])
        try:
            yield found
        finally:
            for place in found:
                place.close()


def play(found: Sequence[Place], steps: Sequence[tuple[int, str, tuple[str, str], int]]) -> None:
    for at, what, (one, other), whom in steps:
        place = found[at]
        if what == SYNC and found[whom] is not place:
            place.sync(found[whom])
        elif what == EDIT:
            place.change(one, {"summary": f"{place.name} {at} {whom}"})
        elif what in (LINK, APART):
            with suppress(CopError):  # somebody said so already, or they are linked through others
                (link if what == LINK else apart)(place, one, other)


def assert_both_sides_agree(place: Place) -> None:
    for one, other in combinations(RECORDS, 2):
        assert (other in linked(place, one)) == (one in linked(place, other))


@few
@given(st.lists(step, min_size=2, max_size=20), st.integers(0, 2**32))
def test_whatever_is_said_at_once_all_see_the_same_and_both_pages_agree(
    steps: list[tuple[int, str, tuple[str, str], int]], seed: int
) -> None:
    with three(seed) as found:
        play(found, steps)
        sync_all(found, rounds=5)
        assert_same_views(found)
        said = [told(place.db) for place in found]
        assert said == said[:1] * 3
        for place in found:
            assert_both_sides_agree(place)
            assert verification.verify(place.site, place.db).problems == []
        for record_id in RECORDS:  # no text and no credit went
            assert set(found[0].view(record_id).fields) >= {"title", "credits"}


@few
@given(st.lists(step, min_size=2, max_size=15), st.integers(0, 2**32))
def test_every_order_of_arrival_gives_the_same_links(
    steps: list[tuple[int, str, tuple[str, str], int]], seed: int
) -> None:
    with three(seed, more=2) as found:
        writers, observers = found[:3], found[3:]
        play(writers, steps)
        sync_all(writers, rounds=5)
        for number, observer in enumerate(observers):
            arrive(observer, writers[0].entries(), writers[0].payloads(), random.Random(seed + number))
        assert_same_views([writers[0], *observers])
        assert [told(place.db) for place in observers] == [told(writers[0].db)] * 2


@few
@given(a_pair, st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**32))
def test_who_saw_a_link_may_take_it_back_whoever_made_it(
    pair: tuple[str, str], made_by: int, undone_by: int, seed: int
) -> None:
    with three(seed) as found:
        link(found[made_by], *pair)
        sync_all(found)
        assert all(linked(place, pair[0]) == [pair[1]] for place in found)
        apart(found[undone_by], *pair)
        sync_all(found)
        for place in found:
            assert linked(place, pair[0]) == linked(place, pair[1]) == []
            assert told(place.db) == Told(frozenset(), frozenset([frozenset(pair)]))
        assert_same_views(found)


# -- one thing at a time


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Place]]:
    found = network(tmp_path, 2)
    for record_id in RECORDS:
        found[0].change(record_id, {"title": f"Power {record_id[0]}", "slug": f"power-{record_id[0]}"})
    sync_all(found)
    yield found
    for place in found:
        place.close()


def test_a_link_is_one_entry_for_both_records_and_shows_on_both_pages(pair: list[Place]) -> None:
    before = pair[0].entry_ids()
    link(pair[0], A, B, "One guide, found twice")
    (new,) = [entry for entry in pair[0].entries() if entry.entry_id not in before]
    assert (new.kind, [item.record_id for item in new.items]) == ("same-as", [A, B])
    rows = {row["record_id"]: row for row in pair[0].public()["records"]}
    assert f'"{SAME_AS}": ["{B}"]' in str(rows[A]["fields"]) and f'"{SAME_AS}": ["{A}"]' in str(rows[B]["fields"])
    assert {rows[A]["slug"], rows[B]["slug"]} == {"power-a", "power-b"}
    told_why = [row["why"] for row in pair[0].public()["history"] if row["kind"] == "same-as"]
    assert told_why == ["One guide, found twice"] * 2


def test_of_three_linked_records_each_link_is_taken_back_alone(pair: list[Place]) -> None:
    one, other = pair
    link(one, A, B)
    link(one, B, C)
    sync_all(pair)
    with pytest.raises(WrongUsage, match="linked through others") as refused:
        apart(other, A, C)
    assert refused.value.hint == f"cop same-as {A} {B} --undo or cop same-as {B} {C} --undo"
    apart(other, A, B)
    sync_all(pair)
    assert [linked(one, record_id) for record_id in RECORDS] == [[], [C], [B]]
    apart(one, A, C)  # now nothing leads from one to the other
    assert told(one.db).apart == {frozenset((A, B)), frozenset((A, C))}


def test_a_link_and_a_no_that_did_not_see_each_other_leave_the_link(pair: list[Place]) -> None:
    link(pair[0], A, B)
    apart(pair[1], A, B)
    sync_all(pair)
    assert [linked(place, A) for place in pair] == [[B], [B]]
    assert told(pair[0].db) == Told(frozenset([frozenset((A, B))]), frozenset())
    apart(pair[0], A, B)  # who sees both has the last word
    sync_all(pair)
    assert [linked(place, A) for place in pair] == [[], []]


def test_what_a_removed_member_said_does_not_count(pair: list[Place]) -> None:
    link(pair[1], A, B)
    apart(pair[1], B, C)
    sync_all(pair)
    assert linked(pair[0], A) == [B] and told(pair[0].db).apart
    pair[0].remove(pair[1], hide=True)
    assert linked(pair[0], A) == [] and told(pair[0].db) == Told()
    assert_same_views(pair[:1])
    pair[0].accept(pair[1])
    assert linked(pair[0], A) == [B]


def test_saying_it_twice_or_of_one_record_is_refused(pair: list[Place]) -> None:
    link(pair[0], A, B)
    before = pair[0].entry_ids()
    for say, error in ((link, "linked already"), (lambda p, a, b: link(p, a, a), "two names of one record")):
        with pytest.raises(CopError, match=error):
            say(pair[0], A, B)
    apart(pair[0], A, B)
    with pytest.raises(CopError, match="said so already"):
        apart(pair[0], A, B)
    with pytest.raises(CopError, match="Nothing of this record is held here"):
        link(pair[0], A, "d" * 25 + "m")
    assert len(pair[0].entry_ids() - before) == 1


def test_who_sees_only_one_of_the_two_learns_nothing_of_the_other(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(A, {"title": "Open"})
    one.change(B, {"title": "Between us"}, audience=PARTNERS)
    one.change(C, {"title": "Ours"}, audience=OWN)
    link(one, A, B)
    link(one, A, C)
    sync_all([one, other])
    for place in (one, other):
        assert B not in as_text(place.public()) and C not in as_text(place.public())
    assert told(one.db).same == {frozenset((A, B)), frozenset((A, C))}
    assert told(other.db).same == {frozenset((A, B))}
    apart(other, A, B)
    apart(one, A, C)
    sync_all([one, other])
    assert told(one.db) == Told(frozenset(), frozenset([frozenset((A, B)), frozenset((A, C))]))


def test_words_that_are_no_ids_and_a_link_on_one_side_only_harm_nothing(pair: list[Place]) -> None:
    one, other = pair
    other.change(A, added={SAME_AS: ("<b>x</b>", "../../etc", B)}, kind="same-as")
    other.change(A, {SAME_AS: {"a": [1]}}, kind="same-as")
    sync_all(pair)
    assert told(one.db) == Told(frozenset([frozenset((A, B))]), frozenset())
    assert_same_views(pair)
    apart(one, A, B)
    assert told(one.db).same == frozenset()


def test_a_cop_that_does_not_know_links_keeps_and_passes_them_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, old, far = places(tmp_path, 3)
    for a, b in ((one, old), (old, far)):
        a.accept(b)
        b.accept(a)
    for record_id in (A, B):
        one.change(record_id, {"title": f"Power {record_id[0]}"})
    link(one, A, B)
    with monkeypatch.context() as earlier:
        for module in ("entry", "imprint"):
            earlier.setattr(f"cop.{module}.KINDS", frozenset({"change", "withdraw", "writer", "organisation"}))
        old.sync(one)
        assert linked(old, A) == [] and old.published(A)
        old.change(A, {"summary": "Written beside it"})
        far.sync(old)
    sync_all([one, old, far])
    for place in (one, far):
        assert linked(place, A) == [B] and place.view(A).fields["summary"] == "Written beside it"


def test_a_forged_link_by_a_stranger_is_not_stored(pair: list[Place], tmp_path: Path) -> None:
    from cop.patch import Patch, new_payload

    stranger = places(tmp_path / "else", 1)[0]
    payload = new_payload(Patch("post", added={SAME_AS: (B,)}))
    store(pair[0], [forge(stranger.signer, [item_of(A, payload)], kind="same-as")], [payload])
    assert linked(pair[0], A) == [] and told(pair[0].db) == Told()


# -- content files and commands


def test_content_files_keep_quiet_about_links_and_lose_none(folder: Folder) -> None:
    one, other = folder.write("posts/a.md", "---\ntitle: A\n---\n"), folder.write("posts/b.md", "---\ntitle: B\n---\n")
    folder.load()
    a, b = folder.id_of("posts/a.md"), folder.id_of("posts/b.md")
    same_as.say(folder.site, folder.db, folder.signer, a, b, same=True, why="", now=NOW)
    out = folder.check_out()
    assert (list(out.written), list(out.kept), out.unchanged) == ([], [], 2)
    assert "same" not in one.read_text() + other.read_text()
    folder.write("posts/a.md", one.read_text().replace("title: A", "title: Another"))
    folder.load()
    assert folder.view("posts/a.md").fields[SAME_AS] == [b]
    folder.write("posts/b.md", other.read_text().replace("title: B", f"title: B\nsame_as: {a}"))
    (refused,) = folder.load().refused
    assert "said with a command" in refused.reason and "cop same-as ONE OTHER" in refused.hint


def test_commands_propose_link_and_take_apart(cop: Cop) -> None:
    for name, url in (("cube", "https://www.powercube.net/"), ("power-cube", "http://powercube.net#top")):
        cop.write(f"resources/{name}.md", f"---\ntitle: {name} of power\nurl: {url}\n---\n")
    cop("load")
    first = cop("duplicates")
    assert "Why: the same link." in first.output and "cop same-as resources/cube resources/power-cube" in first.output
    (found,) = cop.json("duplicates")
    assert found["reasons"] == ["link"] and [one["address"] for one in found["records"]] == [
        "resources/cube", "resources/power-cube",
    ]  # fmt: skip
    said = cop("same-as", "resources/cube", "resources/power-cube", "--why", "One site")
    assert "now point to each other" in said.output
    assert cop.json("duplicates") == []
    assert cop("same-as", "resources/cube", "power-cube").exit_code == 1
    assert "said it is the same as “power-cube of power” (One site)" in cop("history", "resources/cube").output
    assert cop("same-as", "resources/cube", "power-cube", "--undo").exit_code == 0
    assert cop.json("duplicates") == []  # nobody is asked again
    assert "Nothing looks as if it was there twice." in cop("duplicates").output
    assert cop("same-as", "resources/cube", "power-cube").exit_code == 0
