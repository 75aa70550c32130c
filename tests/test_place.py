"""Meeting in a shared folder, with everything that sticks, network shares and cloud services do to files."""

import errno
import os
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import addresses, exchange, exchanges, identity, invitations, partners, place, schema, wire
from cop.cli.reports import lines
from cop.errors import CopError, NotReachable, Refused, WrongUsage
from cop.model import PARTNERS, PUBLIC
from cop.place import memory, state
from cop.place.names import FileName, parse, publisher_of, sort_out, state_path
from cop.place.state import State
from cop.place.visit import MAX_STRANGERS, arrive
from cop.report import carrier_of, remarks
from cop.signing import Signer
from cop.standing import Lacking
from cop.transports.folder import FolderCarrier
from tests.carriers import LateFolder, data_files, files_in, visit, visit_folder, web_server
from tests.network import NOW, Place, assert_same_views, befriend, network, places, steady, store
from tests.test_sync import big

MANY = int(os.environ.get("COP_EXAMPLES", "100"))  # of `pytest -m slow`
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
many = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = network(tmp_path, 2)
    return one, other


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "share"
    path.mkdir()
    return path


def assert_in_step(one: Place, other: Place) -> None:
    assert one.entry_ids() == other.entry_ids() and one.payloads() == other.payloads()
    assert_same_views([one, other])


def settle(folder: Path, *found: Place, rounds: int = 3) -> None:
    for _ in range(rounds):
        for one in found:
            visit_folder(one, folder)


def assert_settles(folder: Path, one: Place, other: Place) -> None:
    """After some visits, in this order, both hold and show the same."""
    settle(folder, one, other)
    assert_in_step(one, other)


# -- names


def test_a_name_says_who_wrote_what_and_is_fit_for_every_disk() -> None:
    name = FileName("0123456789abcdef" * 2, 12, "e", "ab" * 12)
    assert name.path == f"cop1/{'0123456789abcdef' * 2}/000012-e-{'ab' * 12}.cop"
    assert parse(name.publisher, name.path.split("/")[-1]) == name
    assert not set(name.path) & set('<>:"\\|?*') and name.path == name.path.lower()


@pytest.mark.parametrize(
    "ending",
    [" (1).cop", " - Copy.cop", ".sync-conflict-20261122-101010-ABCDEF7.cop", " (conflicted copy 2026-11-22).cop",
     ".cop (1)", "(2).cop", " - Kopie (3).cop"],
)  # fmt: skip
def test_a_copy_by_another_name_is_another_name_of_the_file(ending: str) -> None:
    path = f"cop1/{'A' * 32}/000012-E-{'AB' * 12}{ending}"
    assert list(sort_out({path: 5}).files.items()) == [(FileName("a" * 32, 12, "e", "ab" * 12), {path: 5})]


@pytest.mark.parametrize(
    "path",
    [f"cop1/{'a' * 32}/000012-e-{'b' * 24}.cop.part", f"cop1/{'a' * 32}/~000012-e-{'b' * 24}.cop", "readme.txt",
     f"cop1/{'a' * 32}/000012-x-{'b' * 24}.cop", f"cop1/{'a' * 31}/000012-e-{'b' * 24}.cop", "cop1/x/state.cop",
     f"cop1/{'a' * 32}/000012-e-{'b' * 24}/x.cop", f"cop1/{'a' * 32}/12-e-{'b' * 24}.cop", "cop1", ".DS_Store",
     f"cop1/{'a' * 32}/000012-e-{'b' * 24}.cop.tmp", f"other/{'a' * 32}/000012-e-{'b' * 24}.cop"],
)  # fmt: skip
def test_files_that_are_not_ours_are_left_alone(path: str) -> None:
    assert not sort_out({path: 5})


# -- who was there


def test_a_visit_says_who_has_not_been_there_read_or_accepted_us(tmp_path: Path, folder: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    one.change(None, {"title": "A"})
    told = visit_folder(one, folder)
    assert (told.absent, told.unread, told.yet_to_accept) == ([other.name], {}, [])
    visit_folder(other, folder)
    one.change(None, {"title": "B"})
    told = visit_folder(one, folder)
    assert (told.absent, told.unread, told.yet_to_accept) == ([], {}, [other.name])
    said = "\n".join(lines(told, Lacking(True, ())))
    assert f"{other.name} has not accepted you yet, as far as we know. Send them: cop invite" in said
    other.accept(one)
    visit_folder(other, folder)
    told = visit_folder(one, folder)
    assert (told.absent, told.unread, told.yet_to_accept) == ([], {}, [])
    one.change(None, {"title": "C"})
    visit_folder(one, folder)
    told = visit_folder(one, folder)
    assert list(told.unread) == [other.name]
    assert f"{other.name} has not read yet what we left there before." in "\n".join(lines(told, Lacking(True, ())))
    assert_settles(folder, other, one)


# -- what cloud services do


def test_a_copy_is_used_if_the_file_itself_is_missing_or_damaged(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"}, audience=PARTNERS)
    visit_folder(one, folder)
    for at, path in enumerate(data_files(folder)):
        path.with_name(f"{path.stem} (1).cop").write_bytes(path.read_bytes())
        path.write_bytes(path.read_bytes()[:-1]) if at % 2 else path.unlink()
    report = visit_folder(other, folder)
    assert report.files_waiting == 0
    assert_settles(folder, one, other)


def test_a_copy_with_other_bytes_is_not_used(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    visit_folder(one, folder)
    for path in data_files(folder):
        path.with_name(f"{path.stem} - Copy.cop").write_bytes(b"something else")
    assert visit_folder(other, folder).files_waiting == 0
    assert_settles(folder, one, other)


def test_empty_placeholders_are_waited_for(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    whole = files_in(folder)
    for name in whole:
        (folder / name).write_bytes(b"")
    report = visit_folder(other, folder)
    assert report.received == 0 and report.files_waiting == 1  # the payloads are looked at once their entries came
    assert remarks(report) == ["1 file is not whole yet; tried again next time."]
    for name, data in whole.items():
        (folder / name).write_bytes(data)
    assert visit_folder(other, folder).files_waiting == 0
    assert_settles(folder, one, other)


def test_half_a_file_of_any_length_does_no_harm(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"}, audience=PARTNERS)
    visit_folder(one, folder)
    whole = files_in(folder)
    before = other.entry_ids()
    for cut in range(0, max(map(len, whole.values())), 37):
        for name, data in whole.items():
            (folder / name).write_bytes(data[: min(cut, len(data) - 1)])
        assert visit_folder(other, folder).files_waiting == 1
        assert other.entry_ids() == before
    for name, data in whole.items():
        (folder / name).write_bytes(data)
    assert_settles(folder, one, other)


def test_flipped_bits_are_noticed_and_the_writer_writes_again(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    source = random.Random(1)
    for path in (p for p in folder.rglob("*.cop") if p.is_file()):
        data = bytearray(path.read_bytes())
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        path.write_bytes(data)
    assert visit_folder(other, folder).files_waiting == 1
    visit_folder(one, folder)  # reads the complaint, looks again, and writes anew
    assert_settles(folder, other, one)
    assert visit_folder(other, folder).files_waiting == 0


def test_a_state_that_is_late_half_or_forged_does_no_harm(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    visit_folder(one, folder)
    path = folder / "cop1" / one.signer.public.hex()[:32] / "state.cop"
    first = path.read_bytes()
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    now = path.read_bytes()
    for data in (b"", now[:50], b"\xff" * 500, b"\x80", now[:-1], now + b"x", first):
        path.write_bytes(data)
        assert visit_folder(other, folder).received in (0, 1)
    path.unlink()
    assert_settles(folder, one, other)
    assert path.exists()


def test_a_state_signed_by_somebody_else_is_left_out(pair: tuple[Place, Place]) -> None:
    one, other = pair
    told = state.State(one.signer.public, one.organisation, bytes(16), files=(), wanted=(bytes(32),))
    publisher = one.signer.public.hex()[:32]
    assert state.unpack(state.pack(told, one.signer), publisher) == told
    packed = state.pack(told, one.signer)
    for data, where in (
        (state.pack(told, other.signer), publisher),
        (packed, other.signer.public.hex()[:32]),
        (packed[:-1] + bytes([packed[-1] ^ 1]), publisher),
    ):
        with pytest.raises(Refused):
            state.unpack(data, where)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_state_or_refused(data: bytes) -> None:
    from cop import cbor

    for sent in (data, cbor.encode([data, bytes(64)])):
        with pytest.raises(Refused):
            state.unpack(sent, "a" * 32)


# -- places that are not there


def test_a_folder_that_does_not_exist_is_never_made(pair: tuple[Place, Place], tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", pair[0].site.root / "cop.toml"):
        with pytest.raises(NotReachable, match="no folder") as failed:
            visit_folder(pair[0], path)
        assert failed.value.hint
    assert not (tmp_path / "nothing").exists()


def test_a_folder_that_is_empty_while_unmounted_is_left_empty(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    settle(folder, one, other)
    held = folder.rename(folder.with_name("held"))
    folder.mkdir()
    (folder / "README.txt").write_text("This is where the stick goes.")
    for place_ in pair:
        with pytest.raises(NotReachable, match="is empty, and it was not before") as failed:
            visit_folder(place_, folder)
        assert "cop partner add" in failed.value.hint
    assert list(files_in(folder)) == ["README.txt"]
    (folder / "README.txt").unlink()
    folder.rmdir()
    held.rename(folder)
    assert visit_folder(one, folder).sent == 0


def test_an_emptied_folder_is_filled_again_once_somebody_says_so(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    settle(folder, one, other)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    partners.set_address(one.db, one.partner(other), str(folder))
    visit_folder(one, folder)
    listing = sort_out(FolderCarrier(str(folder)).list())
    data = [(folder / name.path).read_bytes() for name in listing.files if name.kind == "e"]
    there = {e.entry_id for one_file in data for e in wire.unpack(one_file, one.signer).entries}
    assert there == one.entry_ids()


def fails(monkeypatch: pytest.MonkeyPatch, code: int, when: Callable[[str], bool]) -> None:
    """Let opening a file for writing fail."""
    plain_open = os.open

    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_WRONLY and when(str(path)):
            raise OSError(code, os.strerror(code))
        return plain_open(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", opened)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EIO])
def test_a_place_that_cannot_be_written_is_named_and_what_came_is_kept(
    pair: tuple[Place, Place], folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "A"})
    visit_folder(one, folder)
    before = files_in(folder)
    fails(monkeypatch, code, lambda path: path.startswith(str(folder)))
    report = visit_folder(other, folder)
    assert report.received == 1 and os.strerror(code) in report.not_written and str(folder) in report.not_written
    assert "could be left there" in "\n".join(lines(report, Lacking(True, ())))
    assert exchanges.recent(other.db)[0].error == report.not_written
    assert files_in(folder) == before and other.view(record_id)
    monkeypatch.undo()
    assert_settles(folder, other, one)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_disk_that_is_full_midway_leaves_nothing_half_written(
    pair: tuple[Place, Place], folder: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    one, other = pair
    settle(folder, one, other)
    big(one, 30)
    count = [0]

    def full(path: str) -> bool:
        count[0] += path.startswith(str(folder))
        return count[0] >= at

    before = files_in(folder)
    plain_write = os.fsync

    def fsync(descriptor: int) -> None:
        if count[0] >= at - 1 and str(folder) in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain_write(descriptor)

    fails(monkeypatch, errno.ENOSPC, full)
    monkeypatch.setattr(os, "fsync", fsync)
    assert "No space left" in visit_folder(one, folder).not_written
    monkeypatch.undo()
    now = files_in(folder)
    assert {name: now[name] for name in before} == before and not [name for name in now if name.endswith(".part")]
    assert_settles(folder, one, other)


def test_a_link_or_a_pipe_in_the_folder_is_neither_followed_nor_waited_for(
    pair: tuple[Place, Place], folder: Path, tmp_path: Path
) -> None:
    one, other = pair
    visit_folder(one, folder)
    (tmp_path / "private").write_text("keep")
    theirs = folder / "cop1" / one.signer.public.hex()[:32]
    os.mkfifo(theirs / f"000009-e-{'0' * 24}.cop")
    (theirs / f"000010-e-{'0' * 24}.cop").symlink_to(tmp_path / "private")
    (folder / "cop1" / ("f" * 32)).symlink_to(theirs)
    ours = folder / "cop1" / other.signer.public.hex()[:32]
    ours.symlink_to(tmp_path)
    with pytest.raises(Refused, match="leads somewhere else"):
        visit_folder(other, folder)
    ours.unlink()
    ours.mkdir()
    (ours / "state.cop.part").symlink_to(tmp_path / "private")
    assert visit_folder(other, folder).not_written
    assert_settles(folder, other, one)
    assert (tmp_path / "private").read_text() == "keep"


# -- what vanished


def test_what_is_ours_and_vanished_is_written_again(pair: tuple[Place, Place], folder: Path, tmp_path: Path) -> None:
    one, other = pair
    settle(folder, one, other)
    one.change(None, {"title": "A"}, audience=PARTNERS)
    before = set(data_files(folder))
    visit_folder(one, folder)
    for path in set(data_files(folder)) - before:
        path.unlink()
    assert visit_folder(one, folder).sent == 1
    assert_settles(folder, other, one)


def test_what_is_ours_and_lost_its_bytes_is_written_again(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    for path in data_files(folder):
        path.write_bytes(b"")
    visit_folder(one, folder)
    assert_settles(folder, other, one)


def test_what_another_wrote_and_vanished_is_written_by_whoever_holds_it(tmp_path: Path, folder: Path) -> None:
    one, other, third = network(tmp_path, 3)
    one.change(None, {"title": "A"}, audience=PARTNERS)
    settle(folder, one, other)
    for path in (folder / "cop1" / one.signer.public.hex()[:32]).iterdir():
        path.unlink()
    visit_folder(other, folder)
    visit_folder(third, folder)
    assert one.entry_ids() <= third.entry_ids() and set(one.payloads()) <= set(third.payloads())


def test_only_payloads_vanished_and_come_again(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"}, audience=PARTNERS)
    visit_folder(one, folder)
    for path in data_files(folder, "p"):
        path.unlink()
    assert_settles(folder, other, one)


def test_payloads_that_vanished_are_written_again_without_being_asked_for(
    pair: tuple[Place, Place], folder: Path
) -> None:
    one, other = pair
    secret = one.change(None, {"title": "A"}, audience=PARTNERS)
    visit_folder(one, folder)
    for path in data_files(folder, "p"):
        path.unlink()
    assert visit_folder(one, folder).sent == 0
    visit_folder(other, folder)
    assert other.view(secret).fields["title"] == "A"


def test_a_file_that_the_listing_shows_late_is_not_written_twice(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    visit_folder(other, folder)
    before = files_in(folder)

    class Late(FolderCarrier):
        def list(self) -> dict[str, int]:
            return {name: size for name, size in super().list().items() if "state" in name}

    for place_ in pair:
        visit(place_, Late(str(folder)))
    assert {name for name in files_in(folder) if "state" not in name} == {n for n in before if "state" not in n}


# -- who may have what


def test_what_a_newcomer_lacks_is_sealed_for_it_once(tmp_path: Path, folder: Path) -> None:
    one, other, newcomer = places(tmp_path, 3)
    befriend(one, other)
    secret = one.change(None, {"title": "For partners"}, audience=PARTNERS)
    settle(folder, one, other)
    befriend(one, newcomer)
    for place_ in (newcomer, one, other, newcomer, one, other):
        visit_folder(place_, folder)
    assert newcomer.view(secret).fields["title"] == "For partners"
    assert len(data_files(folder, "w")) == 1
    assert_same_views([one, other, newcomer])


def test_somebody_who_asks_for_ever_does_not_fill_the_place(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    settle(folder, one, other)
    payload_hash = next(iter(one.payloads()))
    reached = ((one.signer.public, 999_999), (other.signer.public, 999_999))
    told = state.State(
        other.signer.public, other.organisation, bytes(16), publishers=reached, wanted=(payload_hash, bytes(32))
    )
    path = folder / "cop1" / other.signer.public.hex()[:32] / "state.cop"
    for _ in range(4):
        path.write_bytes(state.pack(told, other.signer))
        visit_folder(one, folder)
    assert len(data_files(folder, "w")) == 1


def test_strangers_get_no_answers(pair: tuple[Place, Place], folder: Path, tmp_path: Path) -> None:
    one, _ = pair
    stranger = Place(tmp_path / "stranger", "Somebody")
    stranger.accept(one)
    one.change(None, {"title": "For partners"}, audience=PARTNERS)
    for place_ in (one, stranger, one, stranger, one):
        visit_folder(place_, folder)
    assert not [p for p in data_files(folder, "w") if one.signer.public.hex()[:32] in str(p)]
    assert not any(b"For partners" in payload for payload in stranger.payloads().values())


def test_a_file_that_makes_no_sense_is_counted_and_the_others_are_read(pair: tuple[Place, Place], folder: Path) -> None:
    from cop.place.names import name_for

    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    for number, data in enumerate((b"nonsense", b"\x28\xb5\x2f\xfd" + b"\xff" * 50), 90):
        (folder / name_for(one.signer.public, number, "e", data).path).write_bytes(data)
    report = visit_folder(other, folder)
    assert report.files_unreadable == 2 and report.received == 1
    assert visit_folder(other, folder).files_unreadable == 0  # said once


def test_an_entry_that_follows_another_log_does_not_keep_out_what_lies_beside_it(
    pair: tuple[Place, Place], folder: Path
) -> None:
    from cop.place.names import name_for
    from tests.network import forge

    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    wrong = forge(one.signer, sequence=9, previous=other.entries()[0].entry_id)  # follows an entry of another log
    data = wire.pack(wire.Message(one.signer.public, one.organisation, bytes(32), entries=(wrong,)))
    (folder / name_for(one.signer.public, 0, "e", data).path).write_bytes(data)
    one.change(None, {"title": "B"})
    visit_folder(one, folder)
    report = visit_folder(other, folder)
    assert (report.files_unreadable, report.received, report.waiting) == (0, 2, 0)
    assert not other.db.execute("SELECT 1 FROM local_head WHERE entry_id = ?", [wrong.entry_id]).fetchone()


# -- backups, forks, and runs at the same time


def test_a_restored_backup_uses_numbers_again_without_harm(
    pair: tuple[Place, Place], folder: Path, tmp_path: Path
) -> None:
    one, other = pair
    visit_folder(one, folder)
    copy = one.copied(tmp_path / "copy")
    one.change(None, {"title": "Before the disk broke"})
    settle(folder, one, other)
    copy.change(None, {"title": "From the backup"})
    before = files_in(folder)
    settle(folder, copy, other)
    now = files_in(folder)
    assert all(now[name] == data for name, data in before.items() if "state" not in name)
    assert_in_step(copy, other)
    settle(folder, one, other)
    assert one.entry_ids() == other.entry_ids()


def test_a_lost_store_gets_everything_back_from_the_place(
    pair: tuple[Place, Place], folder: Path, tmp_path: Path
) -> None:
    one, _ = pair
    copy = one.copied(tmp_path / "copy")
    secret = one.change(None, {"title": "A"}, audience=PARTNERS)
    visit_folder(one, folder)
    assert visit_folder(copy, folder).restored == 1
    visit_folder(one, folder)  # the copy goes on under a key of its own
    assert copy.view(secret).fields["title"] == "A"
    assert_in_step(one, copy)


def test_a_run_killed_before_it_could_remember_goes_on(
    pair: tuple[Place, Place], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    plain = memory.remember
    left = [0]

    def killed(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return plain(*arguments, **named)

    for place_ in (one, other, one, other):
        for steps in range(12):
            left[0] = steps
            monkeypatch.setattr(memory, "remember", killed)
            try:
                visit_folder(place_, folder)
            except KeyboardInterrupt:
                monkeypatch.undo()
                continue
            monkeypatch.undo()
            break
    assert_settles(folder, one, other)


# -- order of arrival


def test_payloads_that_arrive_before_their_entries_are_not_lost(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    big(one, 40)
    visit_folder(one, folder)
    files = data_files(folder)
    held = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    order = [*(p for p in files if "-p-" in p.name), *reversed([p for p in files if "-e-" in p.name])]
    for path in order:
        path.write_bytes(held[path])
        visit_folder(other, folder)
    assert one.entry_ids() <= other.entry_ids() and set(one.payloads()) <= set(other.payloads())
    assert not data_files(folder, "w")


def deliver(count: int, edits: list[tuple[int, int, bool]], visits: list[int], seed: int) -> None:
    """Places that see each other's files late and in any order; in the end all arrives."""
    with tempfile.TemporaryDirectory() as made, steady(seed) as source:
        found = places(Path(made), count)
        for other in found[1:]:
            befriend(found[0], other)  # the others are members through the first, whose word may come last
        folder = Path(made) / "share"
        folder.mkdir()
        arrived: list[dict[str, bool]] = [{} for _ in found]
        records = ["a" * 25 + "a", "b" * 25 + "e"]
        try:
            for at, who in enumerate(visits):
                who %= count
                if at < len(edits):
                    writer, record, partners_only = edits[at]
                    audience = PARTNERS if partners_only else PUBLIC
                    found[writer % count].change(records[record], {"summary": str(at)}, audience=audience)
                visit(found[who], LateFolder(folder, found[who], source, arrived[who], 0.4))
            for _ in range(6):
                for who, place_ in enumerate(found):
                    visit(place_, LateFolder(folder, place_, source, arrived[who], 1.0))
            for place_ in found[1:]:
                assert place_.entry_ids() == found[0].entry_ids() and place_.payloads() == found[0].payloads()
            assert_same_views(found)
        finally:
            for place_ in found:
                place_.close()


edits = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.booleans()), max_size=12)
visits = st.lists(st.integers(0, 3), max_size=25)


@few
@given(edits, visits, st.integers(0, 2**32))
def test_files_that_appear_late_and_in_any_order_all_arrive(
    edits: list[tuple[int, int, bool]], visits: list[int], seed: int
) -> None:
    deliver(3, edits, visits, seed)


@pytest.mark.slow
@many
@given(edits, visits, st.integers(0, 2**32))
def test_files_that_appear_late_and_in_any_order_all_arrive_at_length(
    edits: list[tuple[int, int, bool]], visits: list[int], seed: int
) -> None:
    deliver(4, edits, visits, seed)


def test_who_comes_in_by_a_later_file_is_not_said_to_be_turned_away(tmp_path: Path, folder: Path) -> None:
    """Folders are read by key; whoever vouches for a writer may come after it."""
    for at in range(4):
        middle, *found = places(tmp_path / str(at), 3)
        for place_ in found:
            befriend(middle, place_)
        (folder / str(at)).mkdir()
        settle(folder / str(at), middle, found[0], middle)
        report = visit_folder(found[1], folder / str(at))
        assert report.refused == 0
        assert middle.entry_ids() <= found[1].entry_ids()


def test_a_stranger_is_told_of_once(pair: tuple[Place, Place], folder: Path, tmp_path: Path) -> None:
    stranger = Place(tmp_path / "stranger", "Somebody")
    stranger.change(None, {"title": "A"})
    visit_folder(stranger, folder)
    assert [visit_folder(pair[0], folder).refused for _ in range(3)] == [len(stranger.entries()), 0, 0]


# -- addresses, and who is met where


def test_a_web_server_that_is_no_cop_is_read_if_it_holds_a_place(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    visit_folder(one, folder)
    with web_server(folder) as address:
        partners.set_address(other.db, other.partner(one), address)
        (meeting,) = exchange.meetings(partners.all_partners(other.db))
        assert exchange.preview(other.side, meeting).received == 1
        report = exchange.run(other.side, meeting, NOW, lambda done, of: None)
    assert (report.received, report.sent) == (1, 0)
    with web_server(folder.parent) as address:
        partners.set_address(other.db, other.partner(one), address)
        (meeting,) = exchange.meetings(partners.all_partners(other.db))
        for use in (
            lambda: exchange.run(other.side, meeting, NOW, print),
            lambda: exchange.preview(other.side, meeting),
        ):
            with pytest.raises(NotReachable, match=address):
                use()


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("http://a.example/", "http://a.example"),
        ("https://a.example/cop", "https://a.example/cop"),
        ("s3://bucket/folder/", "s3://bucket/folder"),
        ("gs://bucket", "gs://bucket"),
        ("az://account/container", "az://account/container"),
        ("/media/stick/our folder/", "/media/stick/our folder"),
        ("file:///media/stick/our%20folder", "/media/stick/our folder"),
        ("/media/../media/stick", "/media/stick"),
    ],
)
def test_addresses_of_every_kind(given_: str, kept: str) -> None:
    assert addresses.check_address(given_) == kept


def test_a_path_is_kept_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert addresses.check_address("./share") == str(tmp_path / "share")
    assert addresses.check_address(".") == str(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert addresses.check_address("~/share") == str(tmp_path / "share")


@pytest.mark.parametrize("wrong", ["", "nonsense", "ftp://x/y", "http:// x", "s3://", "http://", "a\nb/c", "x:y"])
def test_what_is_no_address_is_said_to_be_none(wrong: str) -> None:
    with pytest.raises(WrongUsage):
        addresses.check_address(wrong)


def test_an_invitation_cannot_choose_one_of_our_folders(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, _ = pair
    told = invitations.own_invitation(one.db, one.name, "community", str(tmp_path))
    assert invitations.parse_invitation(told.text()).address == ""


def test_partners_in_one_place_are_met_in_one_go(tmp_path: Path, folder: Path) -> None:
    one, other, third = network(tmp_path, 3)
    third.change(None, {"title": "A"})
    for met in (other, third):
        partners.set_address(one.db, one.partner(met), str(folder))
    visit_folder(third, folder)
    (meeting,) = exchange.meetings(partners.all_partners(one.db))
    assert set(meeting.name.split(" and ")) == {other.name, third.name}
    report = exchange.run(one.side, meeting, NOW, lambda done, of: None)
    assert (report.received, report.by, report.partner) == (1, {third.name: 1}, meeting.name)
    assert carrier_of(report, third.name) == "" == carrier_of(report, "Somebody else")
    assert carrier_of(replace(report, partners=[other.name]), third.name) == "", (
        "one alone is met there, and may know nothing of it"
    )
    heard = {p.name: p.heard_time for p in partners.all_partners(one.db)}
    assert heard == {other.name: 0, third.name: NOW}


def test_a_preview_says_what_would_move_and_moves_nothing(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    other.change(None, {"title": "B"})
    visit_folder(one, folder)
    before = files_in(folder), other.entry_ids()
    report = place.preview(other.side, partners.all_partners(other.db), FolderCarrier(str(folder)))
    assert (report.received, report.sent) == (1, 1) and report.bytes_in > 100 < report.bytes_out
    assert (files_in(folder), other.entry_ids()) == before
    done = visit_folder(other, folder)
    assert (done.received, done.sent) == (1, 1)


def test_an_invitation_is_found_in_a_place_by_name(tmp_path: Path, folder: Path) -> None:
    one, other, newcomer = places(tmp_path, 3)
    befriend(one, other)
    settle(folder, one, other)
    told = exchange.invitation_at(newcomer.side, str(folder), one.name.upper())
    assert (told.organisation, told.phrase()) == (one.organisation, one.invitation().phrase())
    with pytest.raises(WrongUsage, match=f"There: .*{other.name}"):
        exchange.invitation_at(newcomer.side, str(folder), "Nobody")


def test_a_visit_to_a_place_stands_among_the_last_exchanges_after_its_failure(
    pair: tuple[Place, Place], folder: Path
) -> None:
    one, other = pair
    exchanges.remember(other.db, one.organisation, exchanges.ASKED, {"error": "The stick is not in."}, NOW)
    one.change(None, {"title": "On the stick"})
    settle(folder, one, other, rounds=1)
    last, failed = exchanges.recent(other.db)
    assert (last.name, last.direction, last.counts["received"], last.error) == (one.name, exchanges.ASKED, 1, "")
    assert failed.error


def test_what_strangers_say_of_themselves_is_small_or_left_out(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    settle(folder, one, other)
    for number in range(40):
        stranger = Signer(bytes([number]) * 32)
        publisher = publisher_of(stranger.public)
        names = [FileName(publisher, n, "e", f"{n:024x}") for n in range(3000 if number % 2 else 1)]
        told = State(stranger.public, bytes(32), bytes(16), files=tuple((name, 5) for name in names))
        path = folder / state_path(publisher)
        path.parent.mkdir()
        path.write_bytes(state.pack(told, stranger))
    found = arrive(one.side, FolderCarrier(str(folder)), [], NOW, lambda done, of: None).states
    members = {publisher_of(place_.signer.public) for place_ in pair}
    others = [told for publisher, told in found.items() if publisher not in members]
    assert members <= set(found) and 0 < len(others) <= MAX_STRANGERS
    assert all(len(told.files) == 1 for told in others)


def test_names_of_files_are_not_looked_at_unless_their_publisher_signed_them(pair: tuple[Place, Place]) -> None:
    one, other = pair
    publisher = publisher_of(one.signer.public)
    told = State(one.signer.public, one.organisation, bytes(16), files=((FileName(publisher, 1, "e", "ab" * 12), 5),))
    with mock.patch.object(state, "_read") as read, pytest.raises(Refused):
        state.unpack(state.pack(told, other.signer), publisher)
    assert not read.called


def test_two_copied_folders_do_not_replace_each_others_word(
    pair: tuple[Place, Place], folder: Path, tmp_path: Path
) -> None:
    one, other = pair
    settle(folder, one, other)
    copy = one.copied(tmp_path / "copy")
    partners.set_address(copy.db, copy.partner(other), str(folder))
    (meeting,) = exchange.meetings([copy.partner(other)])
    one.change(None, {"title": "In the first folder"})
    copy.change(None, {"title": "In the copy"})
    settle(folder, one, rounds=1)
    side, word = copy.side, folder / state_path(publisher_of(one.signer.public))
    before = word.read_bytes()
    for _ in range(2):  # as in one run of `cop sync --every`
        report = exchange.run(side, meeting, NOW, lambda done, of: None)
        assert word.read_bytes() == before
        one.change(None, {"title": "More"})
        settle(folder, one, rounds=1)
        before = word.read_bytes()
    assert (folder / state_path(publisher_of(identity.ensure(copy.site, copy.db, NOW).public))).exists()
    assert not report.restored
    copy.close()


def test_a_visit_that_brings_only_texts_says_so(pair: tuple[Place, Place], folder: Path) -> None:
    one, other = pair
    settle(folder, one, other)
    before = one.entry_ids()
    one.change(None, {"title": "Its entry came another way"})
    store(other, [entry for entry in one.entries() if entry.entry_id not in before], [])
    settle(folder, one, rounds=1)
    report = visit_folder(other, folder)
    assert (report.received, report.texts) == (0, 1)


def test_an_older_store_gets_the_tables(tmp_path: Path) -> None:
    db = schema.open_store(tmp_path / "store.db")
    memory.remember(db, "place", "cop1/x/y", 5)
    assert memory.files(db, "place")["cop1/x/y"].size == 5
    db.close()


def test_errors_of_a_place_are_errors_people_can_read(pair: tuple[Place, Place], tmp_path: Path) -> None:
    partners.set_address(pair[0].db, pair[0].partner(pair[1]), str(tmp_path / "gone"))
    (meeting,) = exchange.meetings(partners.all_partners(pair[0].db))
    with pytest.raises(CopError) as failed:
        exchange.run(pair[0].side, meeting, NOW, lambda done, of: None)
    assert failed.value.exit_code == 3
