"""A fault at every single step: each write, flush and rename; each n-th byte of a line; and everything at once.

After each fault what was there before is still whole, and doing it again completes.
"""

import builtins
import contextlib
import errno
import io
import json
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cop import bundle, bundle_frames, checkout, frontier, identity, status, verification, worktree
from cop.errors import CopError
from tests.carriers import files_in, visit_folder
from tests.commands import WAIT_SECONDS, at, cop, ran, serving, started
from tests.lines import Between, answering
from tests.network import NOW, Place, assert_same_views, befriend, network, places
from tests.test_sync import big

FAULTS = (errno.ENOSPC, errno.EIO)
MOST_STEPS = 400


class Disk:
    """Counts what is done to files below some folders, and fails at the n-th step.

    Opening for writing, each write, flush to the disk, rename and making of a folder is a step. Databases are not
    counted: SQLite has its own calls, and `test_kill` kills those.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *below: Path) -> None:
        self.left, self.error, self.after = 0, errno.EIO, False
        self.failed = ""
        self.below = [str(path) for path in below]
        plain_open, plain_fdopen, os_open, os_replace = io.open, os.fdopen, os.open, os.replace
        os_fsync, os_mkdir, os_sync = os.fsync, os.mkdir, os.sync
        descriptors: dict[int, str] = {}

        def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
            if not isinstance(file, int) and mode not in ("r", "rb"):
                self.step("open", file)
            found = plain_open(file, mode, *rest, **named)
            return _Counted(found, self, file) if mode not in ("r", "rb") and self.counts(file) else found

        def open_descriptor(path: Any, flags: int, mode: int = 0o777, **named: Any) -> int:
            if flags & os.O_CREAT:
                self.step("open", path)
            found = os_open(path, flags, mode, **named)
            descriptors[found] = str(path)
            return found

        def opened_descriptor(descriptor: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
            found = plain_fdopen(descriptor, mode, *rest, **named)
            path = descriptors.get(descriptor, "")
            return _Counted(found, self, path) if mode not in ("r", "rb") and self.counts(path) else found

        def fsync(descriptor: int) -> None:
            path = descriptors.get(descriptor) or str(Path(f"/proc/self/fd/{descriptor}").resolve())
            self.step("fsync", path)
            os_fsync(descriptor)

        def renamed(source: Any, target: Any, **named: Any) -> None:
            self.step("rename", target, lambda: os_replace(source, target, **named))

        def make_folder(path: Any, mode: int = 0o777, **named: Any) -> None:
            if not Path(path).exists():
                self.step("mkdir", path)
            os_mkdir(path, mode, **named)

        def flush_all() -> None:
            os_sync()

        monkeypatch.setattr(io, "open", opened)
        monkeypatch.setattr(builtins, "open", opened)
        for name, put in (
            ("open", open_descriptor), ("fdopen", opened_descriptor), ("fsync", fsync), ("replace", renamed),
            ("mkdir", make_folder), ("sync", flush_all),
        ):  # fmt: skip
            monkeypatch.setattr(os, name, put)

    def counts(self, path: object) -> bool:
        text = str(path)
        return (
            any(text.startswith(folder) for folder in self.below) and ".db" not in text and not text.endswith(".lock")
        )

    def step(self, what: str, path: object, act: Callable[[], object] = lambda: None) -> None:
        """One step; the n-th fails, before it was done or after."""
        if not self.counts(path):
            act()
            return
        self.left -= 1
        if self.left == 0 and not self.after:
            self._fail(what, path)
        act()
        if self.left == 0:
            self._fail(what, path)

    def _fail(self, what: str, path: object) -> None:
        self.failed = f"{what} {path}"
        raise OSError(self.error, os.strerror(self.error), str(path))

    @contextmanager
    def failing(self, step: int, error: int, *, after: bool = False) -> Iterator[None]:
        self.left, self.error, self.after, self.failed = step, error, after, ""
        try:
            yield
        finally:
            self.left = 0


class _Counted:
    """A file whose writes are steps."""

    def __init__(self, file: Any, disk: Disk, path: object) -> None:
        self._file, self._disk, self._path = file, disk, path

    def write(self, data: Any) -> int:
        self._disk.step("write", self._path)
        return self._file.write(data)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def every_step(
    disk: Disk,
    act: Callable[[], object],
    check: Callable[[str], object],
    allowed: tuple[type[Exception], ...] = (CopError,),
) -> int:
    """Fail at step 1, 2, 3, … until it gets through; `check` looks at what is left each time. Returns how many failed."""
    for step in range(1, MOST_STEPS):
        with disk.failing(step, FAULTS[step % 2], after=step % 3 == 0):
            try:
                act()
            except allowed as error:
                assert str(error), disk.failed
        if not disk.failed:
            return step - 1
        check(disk.failed)
    raise AssertionError("this never gets through")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = network(tmp_path, 2)
    return one, other


def test_a_bundle_that_fails_at_any_step_leaves_the_one_before(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    big(one, 30)
    stick = tmp_path / "stick"
    stick.mkdir()
    path = stick / "news.cop"
    bundle.create(one.side, path, None, full=True, now=NOW)
    before = path.read_bytes()
    one.change(None, {"title": "New"})
    disk = Disk(monkeypatch, stick)
    whole: list[bytes] = []

    def check(failed: str) -> None:
        data = path.read_bytes()
        assert data == before or bundle_frames.show(path).entries == len(one.entries()), failed
        assert list(stick.iterdir()) == [path], failed
        whole.append(data)

    failed = every_step(disk, lambda: bundle.create(one.side, path, None, full=True, now=NOW), check)
    assert failed >= 6 and before in whole
    bundle.apply(other.side, path, NOW)
    assert {entry.entry_id for entry in one.entries()} <= other.entry_ids()


def test_a_visit_to_a_shared_folder_that_fails_at_any_step_harms_nothing(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    share = tmp_path / "share"
    share.mkdir()
    visit_folder(other, share)
    visit_folder(one, share)
    theirs = {name: data for name, data in files_in(share).items() if other.signer.public.hex()[:32] in name}
    big(one, 20)
    disk = Disk(monkeypatch, share)

    def check(failed: str) -> None:
        now = files_in(share)
        assert {name: now.get(name) for name in theirs} == theirs, failed
        assert status.waiting(other.db) == 0
        visit_folder(other, share)  # what is half there harms nobody
        theirs.update({n: d for n, d in files_in(share).items() if other.signer.public.hex()[:32] in n})
        one.change(None, {"title": f"After {failed}"})

    assert every_step(disk, lambda: visit_folder(one, share), check) >= 8
    for place in (one, other, one, other):
        assert visit_folder(place, share).files_unreadable == 0
    assert one.entry_ids() == other.entry_ids()
    assert not [name for name in files_in(share) if name.endswith(".part")]
    assert_same_views(pair)


def test_a_load_that_fails_at_any_step_saves_everything_once_in_the_end(
    pair: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair
    texts = {f"posts/{name}.md": f"---\ntitle: Post {name}\n---\n\nText of {name}.\n" for name in "abcdef"}
    for path, text in texts.items():
        one.write(path, text)
    disk = Disk(monkeypatch, one.site.content)

    def check(failed: str) -> None:
        for path, text in texts.items():
            now = (one.site.content / path).read_text("utf-8")
            assert now == text or "\nid: " in now, failed
            assert text.split("---\n")[-1] in now, failed
        assert not one.db.in_transaction

    failed = every_step(disk, lambda: worktree.load(one.site, one.db, one.signer, now=NOW), check, (CopError, OSError))
    assert failed >= 6
    again = one.load()
    assert (again.added, again.changed) == (0, 0)
    assert sorted(str(row["title"]) for row in one.public()["records"]) == [f"Post {name}" for name in "abcdef"]
    assert all((one.site.content / path).read_text().count("\nid: ") == 1 for path in texts)
    assert verification.verify(one.site, one.db).problems == []


def test_a_checkout_that_fails_at_any_step_never_leaves_half_a_file(
    pair: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    for name in "abc":
        one.write(f"posts/{name}.md", f"---\ntitle: Post {name}\n---\n\nText.\n")
    one.load()
    ids = [str(row["record_id"]) for row in one.public()["records"]]
    other.sync(one)
    for record_id in ids:
        other.change(record_id, {"body": "\n".join(["Another text."] * 50)})
    other.change(None, {"title": "A new one", "slug": "new"})
    one.sync(other)
    before = {path: path.read_text() for path in (one.site.content / "posts").glob("*.md")}
    disk = Disk(monkeypatch, one.site.content)

    def check(failed: str) -> None:
        for path, text in before.items():
            now = path.read_text()
            assert now == text or now.count("Another text.") == 50, failed

    act = lambda: checkout.check_out(one.site, one.db)  # noqa: E731
    steps = every_step(disk, act, check, (CopError, OSError))
    assert steps >= 5, disk.failed
    assert not list(one.site.content.rglob("*.part"))
    assert all(path.read_text().count("Another text.") == 50 for path in before)
    assert "A new one" in (one.site.content / "posts/new.md").read_text()
    # a file that was written just before the fault counts as edited: saving it says what the log says already
    one.load()
    assert all(one.view(record_id).fields["body"].count("Another text.") == 50 for record_id in ids)
    assert not one.view(ids[0]).conflicts and verification.verify(one.site, one.db).problems == []


# -- lines that break anywhere


def cutting_both_ways(address: str, cut: Callable[[], tuple[int, int]]) -> Callable[[socket.socket], None]:
    """A proxy that closes both ends after so many bytes of questions, or of answers."""
    host, port = address.removeprefix("http://").split(":")

    def handle(client: socket.socket) -> None:
        out, back = cut()
        with socket.create_connection((host, int(port)), timeout=WAIT_SECONDS) as server:
            ends = (client, server)
            there = threading.Thread(target=_pass_on, args=[client, server, out, ends], daemon=True)
            there.start()
            _pass_on(server, client, back, ends)
            there.join(WAIT_SECONDS)

    return handle


def _pass_on(source: socket.socket, target: socket.socket, room: int, ends: tuple[socket.socket, ...]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data[:room])
            room -= len(data)
            if room <= 0:
                break
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


EVERYTHING = 10**9


@pytest.mark.parametrize("way", ["questions", "answers"])
def test_a_line_cut_at_every_nth_byte_loses_nothing(pair: tuple[Place, Place], way: str) -> None:
    one, other = pair
    big(one, 12)
    big(other, 12)
    room = [EVERYTHING]
    with serving(other) as address:
        cut = (lambda: (room[0], EVERYTHING)) if way == "questions" else (lambda: (EVERYTHING, room[0]))
        with Between(cutting_both_ways(address, cut)) as line:
            for part in range(25):
                at(one, other, line.address)
                one.change(None, {"title": f"Ours {part}"})
                other.change(None, {"title": f"Theirs {part}"})
                held = one.entry_ids(), other.entry_ids()
                room[0] = 1 + part * (40 if part < 12 else 8_000)
                with contextlib.suppress(CopError):
                    _sync(one, other, line.address)
                assert held[0] <= one.entry_ids() and held[1] <= other.entry_ids()
                assert status.waiting(one.db) == status.waiting(other.db) == 0
            room[0] = EVERYTHING
            assert "Both hold the same now." in cop(one, "sync")
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
    assert_same_views(pair)


def _sync(one: Place, other: Place, address: str) -> None:
    from cop import sync
    from cop.transports import partly_known
    from cop.transports.http import HttpTransport, Proof

    transport = HttpTransport(address, Proof(one.signer, partly_known(one.db), other.organisation))
    try:
        sync.run(one.side, one.partner(other), transport, NOW, lambda done, of: None)
    finally:
        transport.close()


def test_a_line_that_cuts_three_of_ten_connections_anywhere_gets_there(pair: tuple[Place, Place]) -> None:
    one, other = pair
    big(one, 25)
    big(other, 25)
    source = random.Random(30)

    def cut() -> tuple[int, int]:
        broken = source.random() < 0.3
        rooms = source.randrange(1, 300_000), source.randrange(1, 300_000)
        return rooms if broken else (EVERYTHING, EVERYTHING)

    with serving(other) as address, Between(cutting_both_ways(address, cut)) as line:
        at(one, other, line.address)
        runs = 0
        while frontier.frontier_hash(one.db) != frontier.frontier_hash(other.db):
            runs += 1
            assert runs < 20, "it does not get there"
            done = ran(one, "sync")
            assert done.returncode in (0, 3), done.stderr
    assert_same_views(pair)


@pytest.mark.parametrize("is_question", [True, False])
def test_an_answer_cut_within_its_headers_is_asked_for_again(pair: tuple[Place, Place], is_question: bool) -> None:
    one, other = pair
    rooms: list[int] = []
    with serving(other) as address:
        _sync(one, other, address)
        with Between(cutting_both_ways(address, lambda: (EVERYTHING, rooms.pop() if rooms else EVERYTHING))) as line:
            for room in range(100, 400, 17):  # up to the date, nothing tells it from a guest network
                if not is_question:
                    one.change(None, {"title": f"News {room}"})
                rooms[:] = [room]
                _sync(one, other, line.address)
                assert not rooms and frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db), room


def test_a_site_that_is_busy_is_called_busy(pair: tuple[Place, Place]) -> None:
    one, other = pair
    with Between(answering(b"busy", "application/x-cop", "503 Service Unavailable")) as line:
        at(one, other, line.address)
        told = cop(one, "sync", code=3)
    assert f"{other.name} at {line.address} is busy. What came before is kept." in told
    assert "cut" not in told and "Wait a few minutes" in told


def test_a_guest_network_in_the_middle_is_named_and_afterwards_all_goes_on(pair: tuple[Place, Place]) -> None:
    one, other = pair
    record_id = other.change(None, {"title": "News"})
    with serving(other) as address:
        at(one, other, address)
        one.change(None, {"title": "Ours"})
        with Between(answering(b"<html><title>Log in to our WiFi</title></html>")) as portal:
            at(one, other, portal.address)
            said = cop(one, "sync", code=3)
            assert "On a guest network, log in with a browser first." in said
        at(one, other, address)
        assert "Both hold the same now." in cop(one, "sync")
    assert one.view(record_id).fields["title"] == "News"
    assert_same_views(pair)


# -- everything at once


def test_two_syncs_a_load_and_a_served_site_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    one, other, third = places(tmp_path, 3)
    for friend in (other, third):
        befriend(one, friend)
        big(friend, 10)
    for name in range(40):
        one.write(f"posts/{name:02}.md", f"---\ntitle: Post {name:02}\n---\n\nText *{name}*.\n")
    with serving(other) as at_other, serving(third) as at_third:
        at(one, other, at_other)
        at(one, third, at_third)
        with serving(one) as address:
            at(other, one, address)
            for name in range(40, 80):
                one.write(f"posts/{name:02}.md", f"---\ntitle: Post {name:02}\n---\n\nText *{name}*.\n")
            commands = [(one, "sync", other.name), (one, "sync", third.name), (one, "load"), (other, "sync", one.name)]
            runs = [started(place, *words) for place, *words in commands * 2]
            for run in runs:
                out, told = run.communicate(timeout=WAIT_SECONDS)
                assert run.returncode == 0, (run.args, out, told)
                assert "Traceback" not in told
        cop(one, "load")
        for _ in range(2):
            for friend in (other, third):
                cop(one, "sync", friend.name)
    found = [one, other, third]
    for place in found:
        place.signer = identity.ensure(place.site, place.db, NOW)
        titles = {str(row["title"]) for row in place.public()["records"]}
        assert {f"Post {name:02}" for name in range(80)} | {f"Record {name}" for name in range(10)} == titles
        assert verification.verify(place.site, place.db).problems == []
        assert not place.db.execute("SELECT count(*) FROM local_gap").fetchone()[0]
        assert json.loads(cop(place, "status", "--json"))["digest"] == one.digest()
    assert len({frozenset(place.entry_ids()) for place in found}) == 1
    writers = {entry.writer for entry in one.entries()}
    assert len(writers) == 3, "nobody went on as another writer"
    assert_same_views(found)
