"""What a partner lacks, by a few points a writer."""

import random
from pathlib import Path

import pytest

from cop import frontier, log
from tests.network import NOW, Place, network, next_entry, store


def grow(place: Place, count: int) -> None:
    """Entries without records: only their order matters here."""
    for _ in range(count):
        log.write(place.db, place.signer, "change", [], claimed_time=NOW)


def lacks(place: Place, points: frontier.Points, **named: object) -> set[bytes]:
    numbers = frontier.lacking(place.db, points, **named)  # type: ignore[arg-type]
    found = {row[0]: row[1] for row in place.db.execute("SELECT entry_number, entry_id FROM log_entry")}
    return {found[number] for number in numbers}


@pytest.fixture
def pair(tmp_path: Path) -> list[Place]:
    one, other = network(tmp_path, 2)
    one.sync(other)
    return [one, other]


@pytest.mark.parametrize("more", [1, 2, 3, 7, 8, 9, 63, 64, 65, 200])
def test_exactly_what_is_lacking_is_found_in_one_trip(pair: list[Place], more: int) -> None:
    one, other = pair
    grow(one, more)
    assert lacks(one, frontier.own_points(other.db)) == one.entry_ids() - other.entry_ids()
    assert lacks(other, frontier.own_points(one.db)) == set()
    assert len(frontier.own_points(one.db)[one.signer.public]) < 12


def test_who_has_nothing_lacks_everything(pair: list[Place]) -> None:
    assert lacks(pair[0], {}) == pair[0].entry_ids()
    assert lacks(pair[0], {}, without=[pair[0].signer.public]) == {
        e.entry_id for e in pair[0].entries() if e.writer != pair[0].signer.public
    }


def test_points_of_writers_we_never_heard_of_do_no_harm(pair: list[Place]) -> None:
    points = {**frontier.own_points(pair[0].db), b"x" * 32: [(5, b"12345678")], b"": [(-1, b"")]}
    assert lacks(pair[0], points) == set()


def test_each_entry_stands_behind_the_one_it_follows(pair: list[Place]) -> None:
    one, other = pair
    grow(one, 40)
    new = [e for e in one.entries() if not log.holds(other.db, e.entry_id)]
    random.Random(1).shuffle(new)
    for entry in new:
        store(other, [entry])
    numbers = frontier.lacking(other.db, {})
    rows = {r[0]: (r[1], r[2]) for r in other.db.execute("SELECT entry_number, entry_id, previous FROM log_entry")}
    seen = {b""}
    for number in numbers:
        assert rows[number][1] in seen
        seen.add(rows[number][0])
    assert len(numbers) == len(rows)


def test_a_fork_is_lacking_in_both_directions(pair: list[Place]) -> None:
    one, other = pair
    left, right = next_entry(one, branch=1), next_entry(one, branch=2)
    store(one, [left])
    store(other, [right])
    assert left.entry_id in lacks(one, frontier.own_points(other.db))
    assert right.entry_id in lacks(other, frontier.own_points(one.db))
    store(one, [right])
    assert lacks(one, frontier.own_points(other.db)) >= {left.entry_id}


def test_entries_behind_a_gap_are_passed_on_once(pair: list[Place]) -> None:
    one, other = pair
    grow(one, 3)
    last = one.entries()[-1]
    store(other, [last])
    assert last.entry_id in lacks(other, {})
    told = frontier.apart(other.db)
    assert not frontier.lacking(other.db, frontier.own_points(other.db), apart=told)
    assert frontier.frontier_hash(one.db) != frontier.frontier_hash(other.db)


def test_the_hash_is_the_same_whatever_the_order_of_arrival(pair: list[Place]) -> None:
    one, other = pair
    grow(one, 5)
    for entry in reversed(one.entries()):
        store(other, [entry])
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
