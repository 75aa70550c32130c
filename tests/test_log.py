"""The log: what is stored is exactly what was signed, all of it or nothing, and nothing in it is ever changed."""

import sqlite3
from pathlib import Path

import pytest

from cop import frontier, log, patch, schema, settings, status
from cop.database import writing
from cop.errors import CopError
from cop.model import OWN, PUBLIC, Patch
from tests.network import NOW, Place, forge, item_of, network, next_entry, places, store


def count(place: Place, table: str) -> int:
    return int(place.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def pair(tmp_path: Path) -> list[Place]:
    return network(tmp_path, 2)


def test_entries_are_stored_as_exact_bytes_with_their_payloads_apart(pair: list[Place]) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "Apart"})
    one.change(record_id, {"summary": "Two"})
    one.sync(other)
    mine = [e for e in one.entries() if e.writer == one.signer.public]
    theirs = [e for e in other.entries() if e.writer == one.signer.public]
    assert [(e.data, e.signature) for e in mine] == [(e.data, e.signature) for e in theirs]
    last = mine[-1]
    assert b"Two" not in last.data and any(b"Two" in payload for payload in one.payloads().values())
    item = last.items[0]
    assert item.parents and one.payloads()[item.payload_hash][:16] != bytes(16)


def test_appending_twice_is_safe(pair: list[Place]) -> None:
    one, other = pair
    one.change(None, {"title": "T"})
    entries, payloads = one.entries(), one.payloads()
    first = log.append(other.db, entries, payloads, received_time=NOW, received_from="x")
    before = [count(other, table) for table in ("log_entry", "log_item", "log_payload", "local_missing", "local_gap")]
    second = log.append(other.db, [*entries, *entries], payloads, received_time=NOW, received_from="x")
    assert len(first.entries) == len(entries)
    assert (second.entries, second.known, second.payloads) == ((), 2 * len(entries), 0)
    assert before == [count(other, t) for t in ("log_entry", "log_item", "log_payload", "local_missing", "local_gap")]


def test_all_of_it_or_nothing(pair: list[Place], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = pair
    for at in range(5):
        one.change(None, {"title": f"T{at}"})
    before = other.entry_ids()
    plain, calls = log._extend_heads, []

    def fails_late(db: sqlite3.Connection, entry: log.Entry) -> None:
        calls.append(entry)
        if len(calls) == 5:
            raise OSError("the disk is full")
        plain(db, entry)

    monkeypatch.setattr(log, "_extend_heads", fails_late)
    with pytest.raises(OSError, match="full"):
        log.append(other.db, one.entries(), one.payloads(), received_time=NOW, received_from="x")
    assert other.entry_ids() == before and not other.db.in_transaction
    monkeypatch.undo()
    store(other, one.entries(), one.payloads().values())
    assert one.entry_ids() <= other.entry_ids()


@pytest.mark.parametrize("table", ["log_entry", "log_item"])
def test_the_log_refuses_changes_and_deletions(pair: list[Place], table: str) -> None:
    one, _ = pair
    one.change(None, {"title": "T"})
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET entry_number = 99"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            one.db.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        one.db.execute("UPDATE log_payload SET payload = x'00'")


def test_a_gap_is_stored_and_closed_by_what_comes_later(pair: list[Place]) -> None:
    one, other = pair
    one.sync(other)
    for at in range(6):
        one.change(None, {"title": f"T{at}"})
    new = [e for e in one.entries() if not log.holds(other.db, e.entry_id)]
    store(other, new[3:], one.payloads().values())
    assert count(other, "local_gap") == 3
    before = frontier.own_points(other.db)[one.signer.public][0]
    assert before[0] < new[0].sequence
    store(other, [new[1], new[0], new[2]], one.payloads().values())
    assert count(other, "local_gap") == 0
    assert frontier.own_points(other.db)[one.signer.public][0] == (new[-1].sequence, new[-1].entry_id[:8])


def test_a_fork_is_stored_with_both_ends(pair: list[Place]) -> None:
    one, other = pair
    one.sync(other)
    left, right = next_entry(one, note=1), next_entry(one, note=2)
    assert left.sequence == right.sequence and left.entry_id != right.entry_id
    for place, order in ((one, [left, right]), (other, [right, left])):
        store(place, order)
        heads = place.db.execute("SELECT entry_id FROM local_head WHERE writer = ?", [one.signer.public]).fetchall()
        assert {row[0] for row in heads} == {left.entry_id, right.entry_id}
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
    one.change(None, {"title": "Goes on"})
    one.sync(other)
    assert one.entry_ids() == other.entry_ids()


def test_an_entry_that_follows_another_log_stays_behind_a_gap(pair: list[Place]) -> None:
    one, other = pair
    one.sync(other)
    head = [e for e in one.entries() if e.writer == one.signer.public][-1]
    forged = forge(other.signer, sequence=head.sequence + 1, previous=head.entry_id)
    store(one, [forged])
    strange = forge(other.signer, sequence=head.sequence + 2, previous=one.entries()[0].entry_id)
    store(one, [strange])
    assert count(one, "local_gap") == 2 and status.waiting(one.db) == 0, "nothing is waited for"
    assert other.sync(one).equal and {forged.entry_id, strange.entry_id} <= other.entry_ids(), "everyone holds the same"


def test_payloads_that_come_later_fill_what_was_announced(pair: list[Place]) -> None:
    one, other = pair
    one.sync(other)
    record_id = one.change(None, {"title": "Late"})
    store(other, one.entries()[-1:])
    assert count(other, "local_missing") == 1 and other.published(record_id) is None
    store(other, [], one.payloads().values())
    assert count(other, "local_missing") == 0 and other.published(record_id) is not None


def test_payloads_nobody_announced_are_not_stored(pair: list[Place]) -> None:
    one, _ = pair
    before = len(one.payloads())
    store(one, [], [b"x" * 100, b""])
    assert len(one.payloads()) == before


def test_an_announcement_of_the_wrong_size_is_never_waited_for_once_the_payload_is_known(pair: list[Place]) -> None:
    one, other = pair
    one.sync(other)
    payload = patch.new_payload(Patch("post", {"title": "T"}))
    lie = next_entry(other, [item_of(patch.new_record_id(), payload, size=5)])
    store(one, [lie])
    assert count(one, "local_missing") == 1
    store(one, [], [payload])
    assert count(one, "local_missing") == 0 and payload not in one.payloads().values()


def test_what_is_ours_alone_elsewhere_is_not_waited_for(pair: list[Place]) -> None:
    one, other = pair
    one.change(None, {"title": "Ours"}, audience=OWN)
    store(other, one.entries())
    rows = other.db.execute("SELECT audience FROM local_missing JOIN log_item USING (item_number)").fetchall()
    assert all(row[0] < OWN for row in rows)


def test_large_saves_are_split_into_entries_that_fit(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    changes = [log.Change(patch.new_record_id(), (), Patch("post", {"title": f"T{at}"}), PUBLIC) for at in range(2500)]
    written = log.write(one.db, one.signer, "change", changes, claimed_time=NOW)
    assert [len(e.items) for e in written] == [1000, 1000, 500]
    large = [log.Change(patch.new_record_id(), (), Patch("post", {"note": "x" * 400_000}), PUBLIC) for _ in range(5)]
    assert [len(e.items) for e in log.write(one.db, one.signer, "change", large, claimed_time=NOW)] == [2, 2, 1]
    sequences = [e.sequence for e in one.entries()]
    assert sequences == list(range(1, len(sequences) + 1))


def test_the_store_is_opened_safely_and_newer_ones_are_refused(tmp_path: Path) -> None:
    db = schema.open_store(tmp_path / "store.db")
    assert [
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "secure_delete", "foreign_keys")
    ] == [2, 1, 1]
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(CopError, match="newer"):
        schema.open_store(tmp_path / "store.db")


def test_a_nested_write_joins_the_outer_one(tmp_path: Path) -> None:
    db = schema.open_store(tmp_path / "store.db")
    with pytest.raises(ZeroDivisionError), writing(db):
        with writing(db):
            settings.keep(db, "a", 1)
        raise ZeroDivisionError
    assert settings.read(db, "a") is None
