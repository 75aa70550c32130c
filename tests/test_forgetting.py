"""Erasing: what is erased is gone everywhere, what others made stays, and nothing brings it back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from cop import (
    accepting,
    bundle,
    checkout,
    contributions,
    copies,
    erasing,
    forgetting,
    forgotten,
    instead,
    judging,
    log,
    looking,
    merge,
    partings,
    read_back,
    removals,
    status,
    traces,
    verdicts,
    verification,
    views,
    votes,
    worktree,
)
from cop.cli import cli
from cop.contributions import ADD, CORRECT, Sent
from cop.erasing import DESTROY, HIDE, SPENT, Erasure
from cop.errors import CopError, WrongUsage
from cop.instead import Named
from cop.model import OWN, PARTNERS, PUBLIC, Erased, Patch, Revision
from cop.signing import sha256
from cop.verdicts import Parties, Signed, Verdict
from tests.carriers import data_files, visit_folder
from tests.conftest import Cop
from tests.desk_browser import Browser, signed_in
from tests.network import NOW, Place, as_text, assert_same_views, befriend, network, site_tables, sync_all
from tests.test_desk import Asking, served
from tests.test_pages import check

SECRET = "Zebulon Quastrick"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Place]]:
    found = network(tmp_path, 2)
    sync_all(found)
    yield found
    for place in found:
        place.close()


def clean(*places: Place) -> None:
    for place in places:
        traces.clean(place.side, NOW)


def all_bytes(place: Place) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(place.site.root.rglob("*")) if path.is_file())


def test_a_field_is_gone_in_all_versions_and_the_rest_stays(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": "Meeting", "summary": SECRET, "body": "One.\n"})
    one.change(record, {"summary": f"{SECRET}, again", "body": "Two.\n"})
    one.change(record, {"summary": "nothing"})
    sync_all(two)
    heads = one.heads(record)
    forgetting.erase(one.side, record, field="summary", reason="personal", now=NOW)
    assert dict(one.view(record).fields) == {"title": "Meeting", "body": "Two.\n"}
    assert one.heads(record) == heads
    sync_all(two)
    clean(*two)
    sync_all(two)
    for place in two:
        assert SECRET.encode() not in all_bytes(place)
        assert verification.verify(place.site, place.db).problems == []
    assert one.digest() == other.digest()
    assert_same_views(two)


def test_a_simultaneous_edit_of_another_field_survives(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": "Meeting", "summary": SECRET, "body": "One.\n"})
    sync_all(two)
    forgetting.erase(one.side, record, field="summary", reason="asked", now=NOW)
    other.change(record, {"title": "Meeting in May", "topics": None}, added={"topics": ("power",)})
    sync_all(two)
    for place in two:
        view = place.view(record)
        assert dict(view.fields) == {"title": "Meeting in May", "body": "One.\n", "topics": ["power"]}
        assert not view.conflicts and not view.checks


def test_a_whole_record_is_gone_and_its_id_is_never_used_again(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": SECRET})
    sync_all(two)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    one.change(record, {"summary": SECRET})
    sync_all(two)
    clean(*two)
    for place in two:
        assert SECRET.encode() not in all_bytes(place)
        row = place.db.execute("SELECT state FROM view_record WHERE record_id = ?", [record]).fetchone()
        assert row["state"] == "erased"
        assert verification.verify(place.site, place.db).problems == []
    assert_same_views(two)


def test_what_others_wrote_is_hidden_at_once_and_waits(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": SECRET})
    sync_all(two)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(two)
    assert one.published(record) is None and other.published(record) is None
    assert SECRET.encode() not in all_bytes(other)
    assert [request.ours for request in forgetting.waiting(one.db)] == [True]
    assert forgetting.title_before(one.db, record) == SECRET
    assert_same_views(two)


def test_a_file_that_is_written_while_a_part_is_hidden_takes_nothing_from_who_wrote_it(tmp_path: Path) -> None:
    one, other, third = found = network(tmp_path, 3)
    record = one.change(None, {"title": "Meeting", "summary": "Ours", "body": "One.\n"}, type_name="post")
    sync_all(found)
    forgetting.erase(third.side, record, field="summary", reason="rights", now=NOW)
    sync_all(found)
    report = checkout.check_out(other.site, other.db, [record])
    assert report.waiting and not report.written and not list(other.site.content.rglob("*.md"))
    forgetting.keep(one.side, record, NOW)
    sync_all(found)
    [written] = checkout.check_out(other.site, other.db, [record]).written
    path = other.site.root / written
    assert "summary: Ours" in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace("One.", "Two."), "utf-8")
    worktree.load(other.site, other.db, other.signer, now=NOW)
    sync_all(found)
    assert (one.view(record).fields["summary"], one.view(record).fields["body"]) == ("Ours", "Two.")


def test_whoever_wrote_it_may_agree(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": SECRET, "summary": "stays"})
    sync_all(two)
    forgetting.erase(other.side, record, field="title", reason="rights", now=NOW)
    sync_all(two)
    assert one.view(record).fields == {"summary": "stays"}
    forgetting.confirm(one.side, record, NOW)
    assert not forgetting.waiting(one.db)
    sync_all(two)
    clean(*two)
    for place in two:
        assert SECRET.encode() not in all_bytes(place)
        assert place.view(record).fields == {"summary": "stays"}
    assert_same_views(two)


def test_whoever_wrote_it_may_keep_it(tmp_path: Path) -> None:
    found = network(tmp_path, 3)
    one, other, third = found
    record = one.change(None, {"title": "Ours"})
    sync_all(found)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(found)
    assert third.published(record) is None
    assert len(forgetting.waiting(third.db)) == 1
    assert forgetting.keep(one.side, record, NOW)
    sync_all(found)
    assert third.published(record) and one.published(record)
    assert not forgetting.waiting(third.db)
    assert third.digest() == one.digest()


def test_an_old_bundle_does_not_bring_it_back(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    record = one.change(None, {"title": SECRET})
    sync_all(two)
    bundle.create(other.side, tmp_path / "old.cop", None, full=True, now=NOW)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    applied = bundle.apply(one.side, tmp_path / "old.cop", NOW)
    assert applied.erased == 1
    clean(one)
    assert SECRET.encode() not in all_bytes(one)
    assert forgotten.count(one.db) == 1


# -- whose erasure counts: pure

A, B, C = (letter.encode() * 32 for letter in "abc")  # writers, and the organisations behind them
WHO = Parties({writer: writer.upper() for writer in (A, B, C)}, {A, B}, C.upper())


def asks(writer: bytes, name: str = "e", **more: object) -> Erasure:
    return replace(Erasure(sha256(name.encode()), writer, NOW), **more)  # type: ignore[arg-type]


def decided(authors: set[bytes], *naming: Erasure, who: Parties = WHO) -> list[tuple[str, bool]]:
    return [(one.what, one.own) for one in verdicts.verdicts([frozenset(authors)], naming, who)]


def test_own_words_are_destroyed_everywhere_at_once() -> None:
    assert decided({A}, asks(A)) == [(DESTROY, True)]
    assert decided({C}, asks(C)) == [(DESTROY, True)], "also by somebody who is no member any more"


def test_what_others_ask_for_is_hidden_and_waits() -> None:
    assert decided({A}, asks(B)) == [(HIDE, False)]
    assert decided({A}, asks(B), who=replace(WHO, ours=B.upper())) == [(DESTROY, False)]
    assert decided({A}, asks(B), who=replace(WHO, confirmed={asks(B).entry_id})) == [(DESTROY, False)]


def test_what_somebody_asks_who_is_no_member_does_not_count() -> None:
    assert decided({A}, asks(C), who=replace(WHO, ours=A.upper())) == []


def test_whoever_wrote_it_can_say_no_to_a_request_and_nobody_else() -> None:
    request = asks(B)
    no = asks(A, "no", keeps=frozenset({request.entry_id}))
    assert decided({A}, request, no) == []
    assert decided({A}, request, replace(no, writer=B)) == [(HIDE, False)]
    assert decided({A}, request, no, asks(B, "again")) == [(HIDE, False)]
    assert decided({A}, asks(A), asks(A, "no", keeps=frozenset({asks(A).entry_id}))) == [(DESTROY, True)]


def test_who_claims_the_text_of_another_can_neither_destroy_nor_free_it() -> None:
    assert decided({A, B}, asks(B)) == [(HIDE, False)]
    assert decided({A, B}, asks(B), asks(A, "no", keeps=frozenset({asks(B).entry_id}))) == [(HIDE, False)]


def test_what_anybody_signed_as_an_erasure_is_read_or_left() -> None:
    odd = {
        "payloads": [b"short", 3, A],
        "records": [b"x", None, bytes(16)],
        "fields": ["a", 4],
        "reason": "he is a thief",
    }
    entry = log.entries.read(log.entries.encode(A, 1, b"", erasing.KIND, [], NOW, odd), bytes(64))
    told = erasing.read(entry)
    assert told is not None
    assert (told.payloads, told.records, told.fields, told.reason) == ({A}, {"a" * 26}, {"a"}, "other")


def whats(authors: set[bytes], *naming: Erasure, who: Parties = WHO) -> dict[bytes, str]:
    return {one.erasure: one.what for one in verdicts.verdicts([frozenset(authors)], naming, who)}


def test_what_is_destroyed_anyway_waits_for_nobody() -> None:
    own, others = asks(A, "own"), asks(B, "others")
    for order in permutations([own, others]):
        assert whats({A}, *order) == {own.entry_id: DESTROY, others.entry_id: SPENT}
    asked = [asks(B, name, fields=frozenset({name})) for name in ("title", "summary")]
    mine = asks(A, "own", fields=frozenset({"title"}))
    assert [whats({A}, mine, *asked)[one.entry_id] for one in asked] == [SPENT, HIDE]
    assert [whats({A}, own, *asked)[one.entry_id] for one in asked] == [SPENT, SPENT]


def test_who_says_yes_asks_nothing_of_others() -> None:
    request = asks(B)
    yes = asks(A, "yes", agrees=frozenset({request.entry_id}))
    assert whats({A}, request, yes) == {request.entry_id: DESTROY, yes.entry_id: DESTROY}
    assert whats({C}, request, yes) == {request.entry_id: HIDE}
    assert whats({A, C}, request, yes) == {request.entry_id: HIDE}
    assert whats({A, B}, request, yes) == {request.entry_id: DESTROY}, "all who say that they wrote it want it gone"
    assert whats({C}, request, yes, who=replace(WHO, ours=A.upper())) == {request.entry_id: DESTROY}


def test_votes_and_what_was_left_of_a_text_are_nobodys() -> None:
    text, left = sha256(b"text"), sha256(b"left")
    signed = {text: [Signed(A, "change", ())], left: [Signed(B, erasing.KIND, (text,))]}
    assert verdicts.texts(left, signed) == {frozenset({A})}
    assert verdicts.texts(left, {left: signed[left]}) == {frozenset({B})}, "until that text is here"
    signed[vote := sha256(b"vote")] = [Signed(C, votes.KIND, (left,))]
    signed[again := sha256(b"again")] = [Signed(C, votes.KIND, (vote,))]
    assert verdicts.texts(vote, signed) == verdicts.texts(again, signed) == {frozenset({A})}
    lie = [*signed[left], Signed(C, "change", ())]
    assert verdicts.texts(left, {**signed, left: lie}) == {frozenset({B, C})}


# -- what stands in the place of what was erased: pure


def revision(
    name: str, fields: dict[str, str] | None, *parents: str, kind: str = "change", entry: bytes = A
) -> Revision:
    patch = None if fields is None else Patch("post", fields)
    hashes = tuple(sha256(one.encode()) for one in parents)
    return Revision(sha256(name.encode()), hashes, PUBLIC, patch, A, entry, kind, NOW, NOW)


def named(entry: bytes, what: str = DESTROY, *, own: bool = True) -> list[Named]:
    return [Named(Verdict(entry, what, own), Erased(entry, B, NOW, NOW, "asked", what == HIDE))]


def read(history: list[Revision], erased: dict[str, list[Named]]) -> dict[str, object] | None:
    by_hash = {sha256(name.encode()): some for name, some in erased.items()}
    view = merge.merge(instead.applied(history, by_hash))
    return dict(view.fields) if view else None


def test_what_is_left_is_read_in_the_place_of_what_was_destroyed() -> None:
    history = [
        revision("1", None),
        revision("2", {"summary": "later"}, "1"),
        revision("left", {"title": "T", "summary": "S"}, "1", kind="erase", entry=B),
    ]
    assert read(history, {"1": named(B)}) == {"title": "T", "summary": "later"}
    assert read(history[:2], {"1": named(B)}) == {"summary": "later"}
    assert read(history, {}) == {"summary": "later"}, "what was left means nothing if the erasure does not count"


def test_of_two_erasures_of_one_text_only_what_both_leave_is_left() -> None:
    history = [
        revision("1", None),
        revision("x", {"title": "T", "body": "B"}, "1", kind="erase", entry=B),
        revision("y", {"title": "T", "summary": "S"}, "1", kind="erase", entry=C),
    ]
    for order in permutations(history):
        assert read(list(order), {"1": named(B) + named(C)}) == {"title": "T"}


def test_what_was_left_can_be_erased_again() -> None:
    history = [
        revision("1", None),
        revision("x", None, "1", kind="erase", entry=B),
        revision("y", {"title": "T"}, "x", kind="erase", entry=C),
    ]
    assert read(history, {"1": named(B), "x": named(C)}) == {"title": "T"}
    assert read(history, {"1": named(B), "x": named(A)}) is None


def test_a_circle_of_them_ends() -> None:
    history = [
        revision("1", None),
        revision("x", {"title": "T"}, "1", "y", kind="erase", entry=B),
        revision("y", {"title": "T"}, "x", kind="erase", entry=B),
    ]
    assert read(history, {"1": named(B), "x": named(B), "y": named(B)}) is None


def test_who_decides_about_a_request_sees_what_is_left_after_an_earlier_erasure() -> None:
    history = [revision("1", None), revision("x", {"title": "T"}, "1", kind="erase", entry=B)]
    both = {sha256(b"1"): named(B) + named(C, HIDE, own=False), sha256(b"x"): named(C, HIDE, own=False)}
    assert instead.applied(history, both)[0].patch is None
    assert instead.applied(history, both, hidden=True)[0].patch == history[1].patch


def names(history: list[Revision], *asked: Named) -> tuple[bytes, str]:
    """Whose name stands at what is read of the first text."""
    shown = instead.applied(history, {sha256(b"1"): list(asked)})
    return shown[0].writer, shown[0].kind


def test_what_somebody_else_leaves_of_a_text_stands_under_the_name_of_who_wrote_it() -> None:
    left = revision("x", {"title": "T"}, "1", kind="erase", entry=B)
    held = [revision("1", {"title": "T", "body": "B"}), left]
    gone = [revision("1", None), left]
    waits, done = named(B, HIDE, own=False), named(B, own=False)
    assert names(held, *waits) == names(gone, *done) == (A, "change")
    assert instead.applied(held, {sha256(b"1"): waits})[0].erased[0].waits
    assert instead.applied(held, {sha256(b"1"): waits}, hidden=True)[0].patch == held[0].patch


def test_nobody_puts_words_into_the_mouth_of_another_by_erasing() -> None:
    lie = revision("x", {"title": "We are thieves"}, "1", kind="erase", entry=B)
    assert names([revision("1", {"title": "T"}), lie], *named(B, HIDE, own=False)) == (B, "erase")
    seen = replace(named(B, own=False)[0], untrue=True)
    assert names([revision("1", None), lie], seen) == (B, "erase"), "as we saw before it was destroyed"
    again = revision("y", {"title": "We are liars"}, "x", kind="erase", entry=C)
    more = {sha256(b"1"): named(B, own=False), sha256(b"x"): named(C, HIDE, own=False)}
    true = replace(lie, patch=Patch("post", {"title": "T"}))
    assert instead.applied([revision("1", None), true, again], more)[0].writer == B
    both = revision("y", {"title": "T"}, "1", kind="erase", entry=C)
    assert names([revision("1", None), true, both], seen, *named(C, own=False)) == (A, "change")


# -- the order in which things arrive


@settings(max_examples=6)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(tmp_path_factory: pytest.TempPathFactory, order: object) -> None:
    one, other, third, newcomer = network(tmp_path_factory.mktemp("order"), 4)
    entries, payloads = _story(one, other)
    some = list(entries)
    order.shuffle(some)  # type: ignore[attr-defined]
    for at, arrived in enumerate((entries, some)):
        place = (third, newcomer)[at]
        for entry in arrived:
            held = {
                item.payload_hash: payloads[item.payload_hash] for item in entry.items if item.payload_hash in payloads
            }
            log.append(place.db, [entry], held, received_time=NOW, received_from="x")
            judging.take_in(place.db, [entry])
        views.refresh(place.site, place.db)
    assert _as_shown(third) == _as_shown(newcomer)
    assert _decided(third) == _decided(newcomer)
    assert len(forgetting.waiting(third.db)) == 2, "what nobody who wrote it has agreed to"
    for place in (one, other, third, newcomer):
        place.close()


def _as_shown(place: Place) -> dict[str, tuple[object, ...]]:
    rows = place.db.execute("SELECT record_id, state, digest, conflicts FROM view_record WHERE type <> 'member'")
    return {row[0]: tuple(row)[1:] for row in rows}


def _decided(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """What becomes of which text, and what is to be confirmed."""
    erasures = place.db.execute("SELECT * FROM view_erasure ORDER BY payload_hash, entry_id, record_id")
    receipts = place.db.execute("SELECT what FROM local_forget WHERE kind = 'receipt' ORDER BY what")
    return {"erasures": [tuple(row) for row in erasures], "receipts": [tuple(row) for row in receipts]}


def _story(one: Place, other: Place) -> tuple[list[log.Entry], dict[bytes, bytes]]:
    """Two write, erase, ask, agree and say no."""
    kept: dict[bytes, bytes] = {}
    records = [one.change(None, {"title": f"T {at}", "summary": SECRET, "body": "B"}) for at in range(7)]
    one.sync(other)
    for record in records[:6]:
        other.change(record, {"body": "C"})
    one.sync(other)
    look(other, *records[4:6], records[0])
    look(one, records[5])
    one.sync(other)
    kept |= one.payloads() | other.payloads()
    forgetting.erase(one.side, records[0], field="summary", reason="asked", now=NOW)
    forgetting.erase(one.side, records[1], reason="asked", now=NOW)
    forgetting.erase(other.side, records[2], field="title", reason="rights", now=NOW)
    forgetting.erase(other.side, records[3], reason="rights", now=NOW)
    forgetting.erase(one.side, records[4], reason="asked", now=NOW)
    for place in (one, other):
        forgetting.erase(place.side, records[5], reason="asked", now=NOW)
    forgetting.erase(other.side, records[6], field="summary", reason="asked", now=NOW)
    one.sync(other)
    forgetting.keep(one.side, records[3], NOW)
    forgetting.confirm(other.side, records[4], NOW)
    forgetting.confirm(one.side, records[6], NOW)
    one.change(records[0], {"title": "again"})
    one.sync(other)
    return one.entries(), kept | one.payloads() | other.payloads()


# -- what happens on the disk


def test_a_kill_between_the_log_and_the_files_is_made_good(two: list[Place], monkeypatch: pytest.MonkeyPatch) -> None:
    one = two[0]
    file = one.write("posts/a.md", f"---\ntitle: A\nsummary: {SECRET}\n---\n")
    one.load()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(views, "refresh", lambda *given: None)
        patched.setattr(traces, "_clean_files", _killed)
        forgetting.erase(one.side, _only(one), field="summary", reason="asked", now=NOW)
    assert SECRET in file.read_text()
    clean(one)
    assert SECRET.encode() not in all_bytes(one)


def _killed(*_: object) -> bool:
    raise KeyboardInterrupt


def _only(place: Place) -> str:
    return str(place.db.execute("SELECT record_id FROM local_file").fetchone()[0])


def test_unsaved_edits_are_never_destroyed(two: list[Place]) -> None:
    one = two[0]
    file = one.write("posts/a.md", f"---\ntitle: A\nsummary: {SECRET}\n---\n")
    one.load()
    record = _only(one)
    text = file.read_text() + "\nMine, not saved yet.\n"
    file.write_text(text)
    for field in ("", "summary"):
        with pytest.raises(CopError, match="unsaved edits"):
            forgetting.erase(one.side, record, field=field, reason="asked", now=NOW)
    assert file.read_text() == text and one.view(record).fields["summary"] == SECRET


def test_at_a_partner_unsaved_edits_stay_and_do_not_bring_it_back(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": "A", "summary": SECRET, "slug": "a"})
    sync_all(two)
    other.write("posts/a.md", f"---\nid: {record}\ntitle: A\nsummary: {SECRET}\n---\n")
    other.load()
    file = other.write("posts/a.md", f"---\nid: {record}\ntitle: A, mended\nsummary: {SECRET}\n---\n")
    forgetting.erase(one.side, record, field="summary", reason="asked", now=NOW)
    sync_all(two)
    clean(other)
    assert traces.files_left(other.site, other.db) == ["content/posts/a.md"]
    assert "mended" in file.read_text()

    report = worktree.load(other.site, other.db, other.signer, now=NOW)
    assert [problem.reason for problem in report.refused] == ["“summary” of this entry was erased"]
    file.write_text(file.read_text().replace(f"summary: {SECRET}\n", ""))
    other.load()
    clean(other)
    assert not traces.files_left(other.site, other.db)
    assert other.view(record).fields["title"] == "A, mended" and SECRET.encode() not in all_bytes(other)


def test_an_old_content_file_does_not_bring_an_entry_back(two: list[Place]) -> None:
    one = two[0]
    file = one.write("posts/a.md", f"---\ntitle: {SECRET}\n---\n")
    one.load()
    old = file.read_text()
    forgetting.erase(one.side, _only(one), reason="asked", now=NOW)
    assert not file.exists()
    file.write_text(old)

    (problem,) = worktree.load(one.site, one.db, one.signer, now=NOW).refused
    assert problem.reason == "this entry was erased for good" and "delete the line" in problem.hint


def test_a_shared_folder_keeps_no_byte_of_it_and_all_of_the_rest(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    folder = tmp_path / "share"
    folder.mkdir()
    record = one.change(None, {"title": SECRET})
    stays = one.change(None, {"title": "Stays"})
    visit_folder(one, folder)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    visit_folder(one, folder)
    assert len(data_files(folder, "p") + data_files(folder, "w")) > 0
    visit_folder(other, folder)
    assert other.view(stays).fields["title"] == "Stays"
    assert status.waiting(other.db) == 0
    assert other.digest() == one.digest()


def test_what_is_for_partners_or_ours_alone_is_erased_too(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": "Open"})
    one.change(record, {"note": SECRET}, audience=PARTNERS)
    one.change(record, {"contact": SECRET}, audience=OWN)
    sync_all(two)
    for name in ("note", "contact"):
        forgetting.erase(one.side, record, field=name, reason="personal", now=NOW)
    sync_all(two)
    clean(*two)
    for place in two:
        assert SECRET.encode() not in all_bytes(place)
        assert dict(place.view(record).fields) == {"title": "Open"}
    assert_same_views(two)


def test_a_text_that_is_missing_is_not_waited_for_once_it_was_erased(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": SECRET})
    entries = one.entries()
    log.append(other.db, entries, {}, received_time=NOW, received_from="x")
    assert status.waiting(other.db) == 1
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    sync_all(two)
    assert status.waiting(other.db) == 0


def test_what_old_texts_hold_that_are_not_here_is_not_guessed(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": "A", "summary": SECRET})
    other = two[1]
    log.append(other.db, one.entries(), {}, received_time=NOW, received_from="x")
    with pytest.raises(CopError, match="older texts"):
        forgetting.erase(other.side, record, field="summary", reason="asked", now=NOW)
    with pytest.raises(WrongUsage, match="no “place”"):
        forgetting.erase(one.side, record, field="place", reason="asked", now=NOW)
    with pytest.raises(WrongUsage):
        forgetting.erase(one.side, record, reason="because I say so", now=NOW)


def test_what_a_partner_asks_after_it_was_removed_hides_nothing(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record = one.change(None, {"title": "Ours"})
    sync_all([one, other])
    one.remove(other)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    log.append(one.db, other.entries(), other.payloads(), received_time=NOW, received_from="x")
    views.refresh(one.site, one.db)
    assert one.published(record)
    one.accept(other)
    assert one.published(record) is None and len(forgetting.waiting(one.db)) == 1


def test_what_a_stolen_laptop_asks_does_not_count_once_it_is_ended() -> None:
    parties = Parties({A: b"O", B: b"O"}, {A, B}, b"O", apart={asks(B).entry_id})
    assert verdicts.verdicts([frozenset({A})], [asks(B)], parties) == []


def test_a_text_that_was_destroyed_for_nobody_comes_in_again(two: list[Place], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    record = one.change(None, {"title": "Ours"})
    sync_all(two)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(verdicts, "verdicts", lambda *given: [])
        judging.judge_all(other.db)
        assert (status.waiting(other.db), forgotten.is_any(other.db)) == (1, False)


def test_other_fields_keep_their_older_versions_and_conflicts(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": "A", "summary": SECRET, "body": "One.\n\nTwo.\n"})
    sync_all(two)
    one.change(record, {"title": "B", "body": "One!\n\nTwo.\n"})
    other.change(record, {"title": "C", "body": "One.\n\nTwo!\n"})
    sync_all(two)
    forgetting.erase(one.side, record, field="summary", reason="asked", now=NOW)
    sync_all(two)
    for place in two:
        view = place.view(record)
        assert sorted(str(version.value) for version in view.conflicts["title"]) == ["B", "C"]
        assert view.fields["body"] == "One!\n\nTwo!\n", "the text they share is still there to merge from"


def test_who_says_something_else_while_erasing_is_found_out(two: list[Place], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    record = one.change(None, {"title": "We are equal", "summary": SECRET})
    sync_all(two)
    with monkeypatch.context() as patched:
        patched.setattr(instead, "without", lambda patch, names: replace(patch, fields={"title": "We decide"}))
        forgetting.erase(one.side, record, field="summary", reason="mistake", now=NOW)
    sync_all(two)
    assert removals.removals(other.site, other.db).removals[0].untrue
    assert other.digest() == one.digest()


def writers_named(place: Place, record: str) -> list[str]:
    """Who wrote the changes that readers find in the history."""
    rows = [row for row in place.public()["history"] if row["record_id"] == record]
    return [str(row["organisation"]) for row in rows if row["patch"] != "{}"]


@pytest.mark.parametrize("decide", [forgetting.keep, forgetting.confirm, None])
def test_history_names_who_wrote_what_is_left_and_not_who_asked(tmp_path: Path, decide: Any) -> None:
    found = one, other, _third = network(tmp_path, 3)
    record = one.change(None, {"title": "Reading room", "summary": SECRET, "body": "All of us."})
    sync_all(found)
    forgetting.erase(other.side, record, field="summary", reason="asked", now=NOW)
    sync_all(found)
    if decide:
        decide(one.side, record, NOW)
    sync_all(found)
    if decide is not forgetting.keep:  # else the whole text is to be had from its writer
        found.append(late := Place(tmp_path / "late", "Late", "university"))
        befriend(other, late)
        late.sync(other)
    for place in found:
        assert writers_named(place, record) == [one.name], place.name
        assert verification.verify(place.site, place.db).problems == []
        place.close()


def test_who_left_other_words_of_a_text_is_named_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = one, other, third = network(tmp_path, 3)
    record = one.change(None, {"title": "We are equal", "summary": SECRET})
    sync_all(found)
    with monkeypatch.context() as patched:
        patched.setattr(instead, "without", lambda patch, names: replace(patch, fields={"title": "We decide"}))
        forgetting.erase(other.side, record, field="summary", reason="mistake", now=NOW)
    sync_all(found)
    forgetting.confirm(third.side, record, NOW)
    for place in found:
        assert writers_named(place, record) == [other.name], place.name
        place.close()


def test_what_an_erasure_leaves_of_nothing_is_read_by_nobody(two: list[Place]) -> None:
    one, other = two
    for record in ("b" * 26, one.change(None, {"title": "We are equal"})):
        change = log.Change(record, (), Patch("post", {"title": SECRET}), PUBLIC)
        log.write(one.db, one.signer, erasing.KIND, [change], claimed_time=NOW, extra={})
    views.refresh(one.site, one.db)
    sync_all(two)
    assert other.digest() == one.digest()
    for place in two:
        assert SECRET not in as_text(site_tables(place.site.site_db))


# -- entries that several wrote


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Place]]:
    found = network(tmp_path, 4)
    sync_all(found)
    yield found
    for place in found:
        place.close()


def settle(found: list[Place]) -> None:
    for _ in range(2):
        sync_all(found)
        clean(*found)


def assert_over(found: list[Place], *texts: str) -> None:
    """Nothing waits, everybody has confirmed everything, and nothing of it is left."""
    for place in found:
        assert forgetting.waiting(place.db) == [] and forgotten.undecided(place.db) == 0
        for told in removals.removals(place.site, place.db).removals:
            assert (told.state, told.not_heard) == ("gone", ()), place.name
        for text in texts:
            assert text.encode() not in all_bytes(place)
        assert verification.verify(place.site, place.db).problems == []
    assert_same_views(found)


def test_once_everybody_who_wrote_it_agreed_nothing_waits_anywhere(four: list[Place]) -> None:
    one, other, *_ = four
    record = one.change(None, {"title": SECRET})
    sync_all(four)
    other.change(record, {"body": f"{SECRET}, too"})
    sync_all(four)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    sync_all(four)
    assert [len(forgetting.waiting(place.db)) for place in four] == [0, 1, 1, 1]
    assert forgetting.confirm(other.side, record, NOW)
    settle(four)
    assert_over(four, SECRET)


def test_a_yes_makes_no_new_work_for_others(four: list[Place]) -> None:
    one, other, third, last = four
    record = one.change(None, {"title": SECRET})
    for place in (other, third):
        sync_all(four)
        place.change(record, {"summary" if place is other else "body": SECRET})
    sync_all(four)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    sync_all(four)
    forgetting.confirm(other.side, record, NOW)
    settle(four)
    assert [len(forgetting.waiting(place.db)) for place in four] == [0, 0, 1, 1]
    assert not forgetting.confirm(last.side, record, NOW), "it wrote nothing"
    forgetting.confirm(third.side, record, NOW)
    settle(four)
    assert_over(four, SECRET)


def look(place: Place, *records: str, why: str = "Good.") -> None:
    looking.look_at(place.site, place.db, place.signer, records, why=why, now=NOW)


def test_a_vote_goes_with_the_text_and_asks_nobody(four: list[Place]) -> None:
    one, other, third, _ = four
    record = one.change(None, {"title": SECRET})
    sync_all(four)
    look(other, record, why=f"{SECRET} is right.")
    look(third, record)
    sync_all(four)
    outcome = forgetting.erase(one.side, record, reason="rights", now=NOW)
    assert (outcome.destroyed, outcome.hidden) == (3, 0)
    settle(four)
    assert_over(four, SECRET)


def test_what_is_kept_is_kept_with_its_votes(four: list[Place]) -> None:
    one, other, third, last = four
    record = one.change(None, {"title": "Ours"})
    sync_all(four)
    look(other, record)
    sync_all(four)
    forgetting.erase(third.side, record, reason="rights", now=NOW)
    sync_all(four)
    assert [request.ours for request in forgetting.waiting(other.db)] == [False], "looking at it is not writing it"
    assert forgetting.keep(one.side, record, NOW)
    sync_all(four)
    (told,) = removals.removals(third.site, third.db).removals
    assert (told.said_no, told.not_heard) == ((one.name,), ()), "nobody will ever confirm what is kept"
    for place in (one, other, last):
        assert place.published(record) and not forgetting.waiting(place.db)
        assert "Good." in as_text(place.public())


def test_a_vote_on_what_two_wrote_goes_with_the_first_that_goes(four: list[Place]) -> None:
    one, other, third, _ = four
    record = one.change(None, {"title": SECRET})
    sync_all(four)
    one.change(record, {"summary": "A"})
    other.change(record, {"body": "B"})
    sync_all(four)
    look(third, record, why=SECRET)
    sync_all(four)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    sync_all(four)
    assert SECRET not in as_text(other.public())
    assert forgetting.keep(other.side, record, NOW)
    settle(four)
    for place in four:
        assert SECRET.encode() not in all_bytes(place) and not forgetting.waiting(place.db)


def test_whoever_asked_learns_who_said_no(four: list[Place]) -> None:
    one, other, third, _ = four
    record = one.change(None, {"title": "Ours"})
    sync_all(four)
    other.change(record, {"body": SECRET})
    sync_all(four)
    forgetting.erase(third.side, record, reason="rights", now=NOW)
    sync_all(four)
    forgetting.keep(one.side, record, NOW)
    settle(four)
    for place in four:
        (told,) = removals.removals(place.site, place.db).removals
        assert told.said_no == (one.name,) and one.name not in told.not_heard
    forgetting.confirm(other.side, record, NOW)
    settle(four)
    (told,) = (told for told in removals.removals(third.site, third.db).removals if told.said_no)
    assert (told.asked_by, told.state, told.said_no) == (third.name, "gone", (one.name,))
    forgetting.erase(one.side, record, reason="mistake", now=NOW)
    settle(four)
    assert_over(four, SECRET)
    assert not any(told.said_no for told in removals.removals(third.site, third.db).removals), "they keep nothing now"


def test_all_of_them_may_ask_at_the_same_time(four: list[Place]) -> None:
    one, other, *_ = four
    record = one.change(None, {"title": SECRET})
    sync_all(four)
    other.change(record, {"body": SECRET})
    sync_all(four)
    for place in (one, other):
        forgetting.erase(place.side, record, reason="asked", now=NOW)
    settle(four)
    assert_over(four, SECRET)


def test_of_two_requests_for_fields_of_one_text_both_are_met_and_the_rest_stays(four: list[Place]) -> None:
    one, other, third, _ = four
    record = one.change(None, {"title": SECRET, "summary": f"{SECRET}, too", "body": "Stays\n"})
    sync_all(four)
    forgetting.erase(other.side, record, field="title", reason="asked", now=NOW)
    forgetting.erase(third.side, record, field="summary", reason="asked", now=NOW)
    sync_all(four)
    assert forgetting.confirm(one.side, record, NOW)
    settle(four)
    assert_over(four, SECRET)
    assert dict(one.view(record).fields) == {"body": "Stays\n"}


def test_what_its_writer_erased_of_it_meanwhile_does_not_lose_the_rest(four: list[Place]) -> None:
    one, other, *_ = four
    record = one.change(None, {"title": SECRET, "summary": "Goes as well", "body": "Stays\n"})
    sync_all(four)
    forgetting.erase(other.side, record, field="title", reason="asked", now=NOW)
    forgetting.erase(one.side, record, field="summary", reason="asked", now=NOW)
    sync_all(four)
    assert forgetting.confirm(one.side, record, NOW)
    settle(four)
    assert_over(four, SECRET)
    assert dict(one.view(record).fields) == {"body": "Stays\n"}


def test_what_was_left_for_somebody_else_goes_with_the_rest(four: list[Place]) -> None:
    one, other, *_ = four
    record = one.change(None, {"title": SECRET, "summary": SECRET})
    sync_all(four)
    forgetting.erase(other.side, record, field="summary", reason="asked", now=NOW)
    sync_all(four)
    forgetting.confirm(one.side, record, NOW)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    settle(four)
    assert_over(four, SECRET)


# -- who has done it, and where it may still be


def test_partners_confirm_by_themselves_and_once(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": SECRET})
    sync_all(two)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    (told,) = removals.removals(one.site, one.db).removals
    assert (told.state, told.not_heard) == ("gone", (other.name,))
    for _ in range(3):
        sync_all(two)
        clean(*two)
    (told,) = removals.removals(one.site, one.db).removals
    assert [(one.name, one.texts) for one in told.confirmed] == [(other.name, 1)] and told.not_heard == ()
    assert one.entry_ids() == other.entry_ids()
    count = "SELECT count(*) FROM log_entry WHERE kind = 'receipt'"
    assert one.db.execute(count).fetchone()[0] == 1


def test_nobody_confirms_what_still_waits(two: list[Place]) -> None:
    one, other = two
    record = one.change(None, {"title": "Ours"})
    sync_all(two)
    other.change(record, {"summary": "theirs"})
    sync_all(two)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(two)
    clean(*two)
    assert removals.removals(one.site, one.db).removals[0].confirmed == ()
    assert forgetting.title_before(one.db, record) == "Ours"
    forgetting.confirm(one.side, record, NOW)
    sync_all(two)
    assert [one.name for one in removals.removals(other.site, other.db).removals[1].confirmed] == [one.name]


def test_what_was_kept_of_an_entry_can_be_edited_in_its_file(two: list[Place]) -> None:
    one, other = two
    one.write("posts/a.md", "---\ntitle: Ours\n---\n")
    one.load()
    record = _only(one)
    sync_all(two)
    other.change(record, {"summary": "theirs"})
    sync_all(two)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(two)
    clean(*two)
    assert forgetting.keep(one.side, record, NOW)
    assert one.view(record).fields["title"] == "Ours"
    file = one.site.content / "posts/a.md"
    if not file.exists():  # it held their words as well
        checkout.check_out(one.site, one.db, [record])
    file.write_text(file.read_text().replace("Ours", "Ours, mended"))
    one.load()
    sync_all(two)
    assert one.view(record).fields["title"] == "Ours, mended"


def test_bundles_written_before_are_listed_until_somebody_destroys_them(two: list[Place], tmp_path: Path) -> None:
    one = two[0]
    record = one.change(None, {"title": SECRET})
    bundle.create(one.side, tmp_path / "before.cop", None, full=True, now=NOW - 1)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    bundle.create(one.side, tmp_path / "after.cop", None, full=True, now=NOW + 1)
    (told,) = removals.removals(one.site, one.db).removals
    assert told.copies == (str(tmp_path / "before.cop"),)
    copies.destroyed(one.db, tmp_path / "before.cop", NOW)
    assert removals.removals(one.site, one.db).removals[0].copies == ()
    with pytest.raises(WrongUsage):
        copies.destroyed(one.db, tmp_path / "nowhere.cop", NOW)


def test_what_is_filled_in_again_is_told(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": "A", "summary": SECRET})
    forgetting.erase(one.side, record, field="summary", reason="asked", now=NOW)
    one.change(record, {"summary": "again"})
    assert removals.removals(one.site, one.db).removals[0].written_again == ("summary",)


def test_verify_finds_what_should_be_gone(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": SECRET})
    number, payload = one.db.execute(
        "SELECT item_number, payload FROM log_payload JOIN log_item USING (item_number) WHERE record_id = ?", [record]
    ).fetchone()
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    one.db.execute("INSERT INTO log_payload VALUES (?, ?)", [number, payload])
    problems = verification.verify(one.site, one.db).problems
    assert any("erased" in problem for problem in problems)


# -- on the command line and on pages


def test_the_commands(cop: Cop) -> None:
    cop.write(
        "people/maria.md", "---\ntitle: Maria Example\nsummary: Likes tea\nconsent: Said so\nconsent_until: 2090\n---\n"
    )
    cop("load")
    assert cop("erase", "people/maria").exit_code == 2
    assert cop("erase", "people/maria", "--reason", "asked", input="n\n").exit_code == 1
    assert cop("erase", "people/maria", "--reason", "asked", "--keep").exit_code == 2
    assert cop("erase", "people/maria", "--keep").exit_code == 1
    result = cop("erase", "people/maria", "--field", "summary", "--reason", "personal", "--yes")
    assert "“summary” of “Maria Example” is gone here: 1 text destroyed." in result.output
    told = cop.json("erase", "people/maria", "--reason", "asked", "--yes")
    assert (told["destroyed"], told["hidden"]) == (1, 0), "the other one was destroyed before"
    assert cop("erase", told["record"], "--reason", "asked", "--yes").exit_code == 1
    assert "Reason: the person it is about asked for it." in cop("erasures").output
    found = cop.json("erasures")
    assert [one["state"] for one in found["removals"]] == ["gone", "gone"] and found["texts"] == 2
    assert cop("status").exit_code == 0
    assert "2 texts were erased" in cop("verify").output


@pytest.mark.asyncio
async def test_the_desk_says_what_waits(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record = one.change(None, {"title": "<b>Ours</b>", "summary": "of us"})
    whole = one.change(None, {"title": "Whole"})
    sync_all([one, other])
    forgetting.erase(other.side, record, field="summary", reason="rights", now=NOW)
    forgetting.erase(other.side, whole, reason="personal", now=NOW)
    sync_all([one, other])
    datasette = served(one)
    await datasette.invoke_startup()
    page = check((await Asking(datasette).get("/desk/removals")).text).text
    assert "2 requests wait for you." in page and "<b>Ours</b>" in page and f"{other.name} asks for it." in page
    part = check((await Asking(datasette).get(f"/desk/removals/{record}")).text).text
    assert "of us" in part and "A part of it: Summary" in part and f"cop erase {record} --confirm" in part
    assert "What would go" in part and "To decide, sign in." in part and "Yes, remove it for good" not in part
    hidden = await Asking(datasette).get(f"/posts/{whole}")
    assert hidden.status_code == 410 and "This is hidden for now" in hidden.text
    history = check((await Asking(datasette).get(f"/posts/{record}/history")).text).text
    assert "asked to remove text" in history and "of us" not in history
    page = check((await Asking(datasette).get(f"/posts/{record}")).text).text
    assert f"by {one.name}" in page and f"by {other.name}" not in page
    forgetting.confirm(one.side, whole, NOW)
    gone = await Asking(datasette).get(f"/posts/{whole}")
    assert gone.status_code == 410 and "This was removed" in gone.text and "It held personal details." in gone.text
    listed = check((await Asking(datasette).get("/removed")).text).text
    assert "removed an entry for good" in listed and "Whole" not in listed
    missing = await Asking(datasette).get("/posts/never-was")
    assert missing.status_code == 404 and re.search("removed", missing.text)
    for place in (one, other):
        place.close()


async def test_people_decide_at_the_desk_once_they_have_read_it(tmp_path: Path) -> None:
    found = one, other = network(tmp_path, 2)
    goes, stays = one.change(None, {"title": "Goes", "body": "All of it.\n"}), one.change(None, {"title": "Stays"})
    sync_all(found)
    for record in (goes, stays):
        forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(found)
    browser = await signed_in(one, "Hodan")
    page = await browser.get(f"/desk/removals/{goes}")
    told = check(page.text).text
    assert "All of it." in told and "It was about somebody else’s rights." in told and other.name in told
    assert "is destroyed everywhere" in told and "shown again everywhere" in told
    seen = page.value("seen")
    unread = await browser.post(f"/desk/removals/{goes}", seen=seen, do="yes")
    assert unread.status == 422 and "Tick the box" in check(unread.text).text and len(forgetting.waiting(one.db)) == 2
    one.change(goes, {"body": "More of it.\n"})
    changed = await browser.post(f"/desk/removals/{goes}", seen=seen, do="yes", read="1")
    assert changed.status == 409 and "More of it." in check(changed.text).text and len(forgetting.waiting(one.db)) == 2
    gone = await browser.post(f"/desk/removals/{goes}", seen=changed.value("seen"), do="yes", read="1")
    assert "What your organisation wrote of it goes at every partner" in check(gone.text).text
    seen = (await browser.get(f"/desk/removals/{stays}")).value("seen")
    kept = await browser.post(f"/desk/removals/{stays}", seen=seen, do="no")
    assert "It is shown again." in check(kept.text).text and one.published(stays)
    late = await browser.post(f"/desk/removals/{stays}", seen=seen, do="yes", read="1")
    assert late.status == 409 and "Somebody else was faster and chose already." in check(late.text).text
    assert (await browser.get(f"/desk/removals/{stays}")).status == 404 and one.published(stays)
    sync_all(found)
    clean(*found)
    assert b"All of it." not in all_bytes(other)
    listed = check((await (await signed_in(other)).get("/desk/removals")).text).text
    assert f"{one.name} said no and keeps it." in listed and stays in listed
    for place in found:
        place.close()


async def test_who_sent_it_reads_that_it_was_taken_away(two: list[Place]) -> None:
    one = two[0]
    token = contributions.take(one.db, Sent(ADD, "resource", {"title": SECRET}), NOW)
    item = contributions.by_token(one.db, token)
    assert item
    record = accepting.accept(one.site, one.db, one.signer, item.number, now=NOW).record_id
    browser = Browser(served(one))
    await browser.datasette.invoke_startup()
    assert "It is in use" in (await browser.get(f"/add/sent/{token}")).text
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    told = check((await browser.get(f"/add/sent/{token}")).text).text
    assert "It was taken away" in told and "It was removed for good" in told
    assert "in use" not in told and SECRET not in told


async def test_who_sent_a_correction_reads_that_the_entry_was_taken_away_and_when(two: list[Place]) -> None:
    one = two[0]
    record = one.change(None, {"title": "Canary"})
    sent = Sent(CORRECT, "post", {"summary": SECRET}, record_id=record, base=one.heads(record))
    token = contributions.take(one.db, sent, NOW)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    assert contributions.by_number(one.db, 1).state == contributions.GONE and contributions.count(one.db) == 0
    browser = await signed_in(one)
    told = check((await browser.get(f"/add/sent/{token}")).text).text
    assert "It was taken away" in told and "22 November 2026" in told and "1970" not in told and "not used" not in told
    late = await browser.post("/desk/inbox", item="1", do="accept")
    assert late.status == 409 and "was removed for good" in check(late.text).text and "in use" not in late.text


async def test_nobody_decides_without_having_signed_in(tmp_path: Path) -> None:
    found = one, other = network(tmp_path, 2)
    record = one.change(None, {"title": "Ours"})
    sync_all(found)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(found)
    browser = Browser(served(one))
    await browser.datasette.invoke_startup()
    answer = await browser.post(f"/desk/removals/{record}", do="yes", read="1", seen="")
    assert answer.status in (401, 403) and len(forgetting.waiting(one.db)) == 1
    for place in found:
        place.close()


def test_nobody_waits_for_an_organisation_that_has_left(tmp_path: Path) -> None:
    found = one, other, third = network(tmp_path, 3)
    record = one.change(None, {"title": SECRET})
    sync_all(found)
    partings.leave(third.db, third.signer, NOW)
    third.sync(one)
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    assert removals.removals(one.site, one.db).removals[0].not_heard == (other.name,)
    for place in found:
        place.close()


def cop_at(place: Place, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--site", str(place.site.root), *words], env={"COP_KEYS": str(place.site.keys)})


def test_after_a_no_nobody_is_told_that_it_is_gone(tmp_path: Path) -> None:
    found = one, asking, third = network(tmp_path, 3)
    record = one.change(None, {"title": "A canary", "summary": SECRET})
    sync_all(found)
    third.change(record, {"food": "Third’s own words"})
    sync_all(found)
    forgetting.erase(asking.side, record, reason="asked", now=NOW)
    sync_all(found)
    forgetting.keep(third.side, record, NOW)
    forgetting.confirm(one.side, record, NOW)
    sync_all(found)
    clean(*found)
    sync_all(found)
    for place, here in ((third, "The rest is gone here."), (one, "Gone here.")):  # one had agreed to all of it
        told = next(part for part in cop_at(place, "erasures").stdout.split("\n\n") if f", {asking.name}: " in part)
        assert f"{third.name} said no and keeps what they wrote of it.\n  {here}" in told
        assert third.name not in told.partition("Confirmed by")[2]
    late = cop_at(third, "erase", record, "--confirm", "--yes")
    assert late.exit_code == 1 and f"cop erase {record} --reason" in late.stderr and "said no" in late.stderr
    done = cop_at(third, "erase", record, "--reason", "asked", "--yes").stdout
    assert "1 text destroyed" in done and "others" not in done and "somebody else" not in done
    sync_all(found)
    clean(*found)
    told = cop_at(third, "erasures").stdout
    assert "keeps" not in told and "The rest" not in told
    for place in found:
        place.close()


def test_who_decides_can_read_it_on_the_command_line(tmp_path: Path) -> None:
    found = one, other = network(tmp_path, 2)
    record = one.change(None, {"title": "Ours", "summary": SECRET})
    sync_all(found)
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all(found)

    def cop(*words: str) -> Result:
        return cop_at(one, *words)

    part = one.change(None, {"title": "Of parts", "summary": "One of them"})
    sync_all(found)
    forgetting.erase(other.side, part, field="summary", reason="rights", now=NOW)
    sync_all(found)
    assert "Somebody asks to remove: summary of Of parts. That is hidden until you decide" in cop("status").stdout
    assert "Somebody asks to remove: Ours. That is hidden until you decide" in cop("status").stdout
    assert f"cop show {record} --hidden" in cop("show", record).stderr
    assert f"Read it: cop show {record} --hidden" in cop("erasures").stdout
    assert SECRET in cop("show", record, "--hidden").stdout
    result = cop("erase", record, "--confirm", "--yes")
    assert result.stdout == "It is gone here. What we wrote of it goes at every partner, at the next sync.\n"
    assert cop("show", record, "--hidden").exit_code == 1
    for place in found:
        place.close()


def test_somebody_who_comes_later_never_gets_it(two: list[Place], tmp_path: Path) -> None:
    one, _ = two
    record = one.change(None, {"title": SECRET})
    forgetting.erase(one.side, record, reason="asked", now=NOW)
    late = Place(tmp_path / "late", "Late", "university")
    befriend(one, late)
    late.sync(one)
    assert status.waiting(late.db) == 0 and forgotten.count(late.db) == 1
    assert read_back.revisions(late.db, record)[0].erased
    late.close()
