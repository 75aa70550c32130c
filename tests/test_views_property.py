"""Random histories of several writers: everyone who has everything sees the same, and nothing anyone wrote is lost."""

import os
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import log, read_back, views
from cop.merge import BODY
from cop.model import OWN, PARTNERS, PUBLIC, Entry, Patch, Revision
from tests.network import NOW, Place, assert_same_views, network, steady, sync_all

MANY = int(os.environ.get("COP_EXAMPLES", "300"))  # of `pytest -m slow`
few = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
many = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))

TITLES = ("Ways to share power", "Sharing power", "Awoodda la wadaago", "مشاركة السلطة", "<b>x</b>")
TOPICS = ("power", "remote-co-production", "evaluation")
SLUGS = ("power", "power-2", "Power", "power-3")
PARAGRAPHS = ("Meet early.\n\n", "Pay people.\n\n", "Say who decides.\n\n", "Listen.\n\n")

step = st.one_of(
    st.tuples(st.just("title"), st.sampled_from(TITLES)),
    st.tuples(st.just("summary"), st.sampled_from(["one", "two", None])),
    st.tuples(st.just("place"), st.sampled_from(["Bristol", "Wenlock"])),
    st.tuples(st.just("start"), st.sampled_from(["2026-12-01", "2027"])),
    st.tuples(st.just("slug"), st.sampled_from(SLUGS)),
    st.tuples(st.just("odd field"), st.sampled_from([1, 1.5, True, {"a": [None]}, ["x"]])),
    st.tuples(st.just("add topic"), st.sampled_from(TOPICS)),
    st.tuples(st.just("drop topic"), st.sampled_from(TOPICS)),
    st.tuples(st.just("paragraph"), st.tuples(st.integers(0, 3), st.sampled_from(["Yes.\n\n", "No.\n\n", ""]))),
    st.tuples(st.just("withdraw"), st.sampled_from(["it is old", None])),
    st.tuples(st.just("meeting_link"), st.sampled_from(["https://a.example/", "https://b.example/"])),
    st.tuples(st.just("sync"), st.integers(0, 4)),
    st.tuples(st.just("rename"), st.sampled_from(["Caafi", "Wenlock"])),
)
history = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), step), min_size=1, max_size=25)
RECORDS = ("a" * 25 + "a", "b" * 25 + "e", "c" * 25 + "i")  # three records that all places know from the start


@contextmanager
def some_places(count: int, seed: int) -> Iterator[list[Place]]:
    with tempfile.TemporaryDirectory() as folder, steady(seed):
        found = network(Path(folder), count)
        sync_all(found)
        try:
            yield found
        finally:
            for place in found:
                place.close()


def act(found: Sequence[Place], at: int, record: int, what: str, value: object) -> None:
    """One step of a history."""
    place, record_id = found[at % len(found)], RECORDS[record]
    if what == "sync":
        other = found[int(str(value)) % len(found)]
        if other is not place:
            place.sync(other)
    elif what == "rename":
        place.rename(f"{value} {at}")
    elif what == "add topic":
        place.change(record_id, type_name="event", added={"topics": (str(value),)})
    elif what == "drop topic":
        place.change(record_id, type_name="event", removed={"topics": (str(value),)})
    elif what == "paragraph":
        position, text = value  # type: ignore[misc]
        place.change(record_id, {BODY: "".join(_with(place, record_id, position, text))}, type_name="event")
    elif what == "withdraw":
        place.change(record_id, {"withdrawn": value}, type_name="event", kind="withdraw")  # type: ignore[dict-item]
    else:
        audience = PARTNERS if what == "meeting_link" else PUBLIC
        place.change(record_id, {what: value}, type_name="event", audience=audience)  # type: ignore[dict-item]


def _with(place: Place, record_id: str, position: int, text: str) -> list[str]:
    view = views.current_view(place.db, record_id)
    body = view.fields.get(BODY) if view else None
    paragraphs = [p + "\n\n" for p in str(body).split("\n\n") if p] if body else list(PARAGRAPHS)
    paragraphs[position % max(len(paragraphs), 1) :][:1] = [text]
    return [*paragraphs[:position], text, *paragraphs[position + 1 :]]


def play(count: int, steps: Sequence[tuple[int, int, tuple[str, object]]], seed: int) -> None:
    """One history from beginning to end, then everyone with everyone."""
    with some_places(count, seed) as found:
        for at, record, (what, value) in steps:
            act(found, at, record, what, value)
        sync_all(found, rounds=5)
        entries = [place.entry_ids() for place in found]
        assert all(ids == entries[0] for ids in entries)
        assert_same_views(found)
        for place in found:
            assert_nothing_lost(place)


def assert_nothing_lost(place: Place) -> None:
    """Every current value that a person wrote is shown, or stands in a conflict. Reckoned without `merge.History`."""
    for record_id in RECORDS:
        revisions = read_back.revisions(place.db, record_id)
        for audience in (PUBLIC, PARTNERS, OWN):
            same = [r for r in revisions if r.audience == audience]
            view = place.view(record_id) if same else None
            for name, heads in _current(same).items():
                assert view is not None
                shown = [v.value for v in view.conflicts[name]] if name in view.conflicts else [view.fields.get(name)]
                for revision in heads:
                    assert revision.patch is not None
                    value = revision.patch.fields[name]
                    if name == BODY and name not in view.conflicts:
                        assert name in view.checks or value == view.fields.get(name) or len(heads) > 1
                    else:
                        assert value in shown, (name, value, shown)


def _current(revisions: Iterable[Revision]) -> dict[str, list[Revision]]:
    """Per field, the patches that no later patch of that field was made from."""
    by_hash = {r.payload_hash: r for r in revisions}

    def before(revision: Revision) -> set[bytes]:
        seen: set[bytes] = set()
        waiting = list(revision.parents)
        while waiting:
            payload_hash = waiting.pop()
            if payload_hash in by_hash and payload_hash not in seen:
                seen.add(payload_hash)
                waiting += by_hash[payload_hash].parents
        return seen

    found: dict[str, list[Revision]] = {}
    names = {name for r in by_hash.values() if r.patch for name in r.patch.fields}
    for name in names:
        touching = [r for r in by_hash.values() if r.patch and name in r.patch.fields]
        passed = set().union(*(before(r) for r in touching))
        found[name] = [r for r in touching if r.payload_hash not in passed]
    return found


@few
@given(st.integers(3, 5), history, st.integers(0, 2**32))
def test_whoever_has_everything_sees_the_same_and_nothing_is_lost(
    count: int, steps: list[tuple[int, int, tuple[str, object]]], seed: int
) -> None:
    play(count, steps, seed)


@pytest.mark.slow
@many
@given(st.integers(3, 5), history, st.integers(0, 2**32))
def test_many_histories_end_in_the_same_view(
    count: int, steps: list[tuple[int, int, tuple[str, object]]], seed: int
) -> None:
    play(count, steps, seed)


def arrive(observer: Place, entries: Sequence[Entry], payloads: dict[bytes, bytes], source: random.Random) -> None:
    """Entries in any order and in batches of any size, their payloads with them or later, some twice."""
    late = dict[bytes, bytes]()
    waiting = list(entries)
    source.shuffle(waiting)
    while waiting:
        size = source.choice([1, 2, 3, 10])
        batch, waiting = waiting[:size], waiting[size:]
        named = {item.payload_hash for one in batch for item in one.items}
        now = {h: payloads[h] for h in named if h in payloads and source.random() < 0.7}
        late |= {h: payloads[h] for h in named if h in payloads and h not in now}
        log.append(observer.db, batch + batch[:1], now, received_time=NOW, received_from="")
        if source.random() < 0.5:
            views.refresh(observer.site, observer.db)
    log.append(observer.db, [], late, received_time=NOW, received_from="")
    views.refresh(observer.site, observer.db)


def watch(steps: Sequence[tuple[int, int, tuple[str, object]]], seed: int) -> None:
    """Two observers that get the same entries, each in an order of its own."""
    with some_places(5, seed) as found:
        writers, observers = found[:3], found[3:]
        for at, record, (what, value) in steps:
            act(writers, at, record, what, value)
        sync_all(writers, rounds=5)
        entries, payloads = writers[0].entries(), writers[0].payloads()
        for number, observer in enumerate(observers):
            arrive(observer, entries, payloads, random.Random(seed + number))
        assert observers[0].db.execute("SELECT count(*) FROM local_gap").fetchone()[0] == 0
        assert observers[0].db.execute("SELECT count(*) FROM local_missing").fetchone()[0] == 0
        assert_same_views([writers[0], *observers])


@few
@given(history, st.integers(0, 2**32))
def test_every_order_of_arrival_gives_the_same_view(
    steps: list[tuple[int, int, tuple[str, object]]], seed: int
) -> None:
    watch(steps, seed)


@pytest.mark.slow
@many
@given(history, st.integers(0, 2**32))
def test_many_orders_of_arrival_give_the_same_view(steps: list[tuple[int, int, tuple[str, object]]], seed: int) -> None:
    watch(steps, seed)


def test_a_new_record_never_takes_the_number_of_one_that_changes_with_it(tmp_path: Path) -> None:
    (one,) = network(tmp_path, 1)
    one.change(RECORDS[0], {"title": "First"})
    changes = [log.Change(record_id, (), Patch("post", {"title": "Both"}), PUBLIC) for record_id in RECORDS[1::-1]]
    log.write(one.db, one.signer, "change", changes, claimed_time=NOW)
    views.refresh(one.site, one.db)
    assert {row["record_id"] for row in one.public()["records"]} == set(RECORDS[:2])


Step = Callable[[Place], object]


def test_views_after_each_append_equal_a_rebuild_from_nothing(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    steps: list[Step] = [
        lambda p: p.change(RECORDS[0], {"title": "One", "slug": "power"}, added={"topics": ("power",)}),
        lambda p: p.change(RECORDS[1], {"title": "Two", "slug": "power"}),
        lambda p: p.change(RECORDS[2], {"title": "Three", "slug": "power-2"}),
        lambda p: p.change(RECORDS[0], {"slug": "else"}, removed={"topics": ("power",)}),
        lambda p: p.change(RECORDS[2], {"slug": "power"}),
        lambda p: p.change(RECORDS[1], {"withdrawn": "old"}, kind="withdraw"),
        lambda p: p.change(RECORDS[1], {"withdrawn": None}),
        lambda p: p.rename("Another name"),
        lambda p: p.remove(other),
        lambda p: p.accept(other),
    ]
    for do in steps:
        do(one)
        assert_same_views([one])
