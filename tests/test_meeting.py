"""Partners who meet: invitations as text, picture, file and bundle; finding each other nearby; going on quietly."""

import itertools
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from filelock import Timeout

from cop import (
    about,
    amounts,
    bundle,
    bundle_frames,
    cbor,
    exchanges,
    invitations,
    meeting,
    nearby,
    partings,
    partners,
    patch,
    qr_code,
    standing,
    status,
)
from cop.cli import cli, every, near, reports
from cop.cli.common import bar_line
from cop.cli.every import Teller, alone, go_on
from cop.errors import CopError, NotReachable, Refused
from cop.exchange import Meeting, meetings
from cop.model import OWN, PARTNERS
from cop.partners import Partner
from cop.report import NOT_RENEWED, RESTORED, PlaceReport, Report
from cop.signing import sha256
from tests.carriers import visit_folder, web_server
from tests.commands import COP, WAIT_SECONDS, serving, started
from tests.commands import cop as command
from tests.lines import Between, cutting
from tests.network import NOW, Place, befriend, item_of, next_entry, places, store

ZEROCONF = pytest.importorskip("zeroconf")
LOOPBACK = ["127.0.0.1"]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Place]]:
    found = places(tmp_path, 2)
    yield found
    for one in found:
        one.close()


def run(place: Place, *arguments: str, **options: Any) -> Result:
    """A command in this process: stdout and stderr apart, no terminal."""
    given = ["--site", str(place.site.root), *arguments]
    return CliRunner(env={"COP_KEYS": str(place.site.keys)}).invoke(cli, given, catch_exceptions=False, **options)


def partners_of(place: Place) -> list[str]:
    return [p.name for p in partners.all_partners(place.db)]


# --- cop invite


def test_scripts_find_the_line_alone_on_stdout_and_no_picture(two: list[Place]) -> None:
    done = run(two[0], "invite")
    assert re.fullmatch(r"cop1:[\w-]+\n", done.stdout)
    assert "█" not in done.stderr and "Both must see the same" in done.stderr
    told = json.loads(run(two[0], "invite", "--json", "--qr").output)
    assert set(told) == {"invitation", "phrase"} and told["invitation"] == done.stdout.strip()


def test_the_picture_goes_to_stderr_when_asked_for_and_fits_80_columns(two: list[Place]) -> None:
    done = run(two[0], "invite", "--qr", "--address", "https://partners.example.org/a-long-address")
    assert re.fullmatch(r"cop1:[\w-]+\n", done.stdout)
    lines = [line for line in done.stderr.splitlines() if "█" in line]
    assert len(lines) > 30 and all(len(line) <= 80 for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="terminals are something else there")
def test_on_a_terminal_the_picture_comes_by_itself(two: list[Place]) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    environment = {**os.environ, "COP_KEYS": str(two[0].site.keys), "TERM": "xterm"}
    for options, shown in (([], True), (["--no-qr"], False)):
        command_line = [*COP, "--site", str(two[0].site.root), "invite", *options]
        process = subprocess.Popen(command_line, env=environment, stdout=theirs, stderr=theirs, stdin=theirs)
        seen = b""
        while b"this computer only" not in seen:
            seen += os.read(ours, 65536)
        assert process.wait(WAIT_SECONDS) == 0
        assert b"cop1:" in seen and ("▀" in seen.decode("utf-8", "replace")) is shown
    os.close(ours)
    os.close(theirs)


def test_a_narrow_terminal_gets_a_sentence_instead_of_a_broken_picture(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    done = run(two[0], "invite", "--qr")
    assert "█" not in done.stderr and "/desk/invite" in done.stderr


def test_the_picture_says_the_line(two: list[Place]) -> None:
    """Blocks and SVG have the same modules as the code of that line, with four light ones around it."""
    import segno

    text = two[0].invitation().text()
    expected = [
        [bool(m) for m in row] for row in segno.make_qr(text, error="l", boost_error=False).matrix_iter(border=4)
    ]
    upper = {"█": (False, False), "▀": (False, True), "▄": (True, False), " ": (True, True)}
    shown: list[list[bool]] = []
    for line in qr_code.terminal_lines(text):
        shown += [[upper[c][0] for c in line], [upper[c][1] for c in line]]
    assert shown[: len(expected)] == expected and not any(shown[-1])
    picture = qr_code.svg(text, "A title").decode()
    assert "<title>A title</title>" in picture
    assert not re.search(r"style|script|class=|href", picture)


# --- cop join


def test_join_takes_the_line_out_of_a_text_file_however_it_was_saved(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    line = other.invitation().text()
    wrapped = "\n> ".join(line[at : at + 60] for at in range(0, len(line), 60))
    mail = f"Dear all,\n\nhere is our invitation:\n\n{line}\n\nThanks, Bob\n"
    even = line.ljust(len(line) // 20 * 20)  # its last piece is as long as the others
    narrow = "\n".join(even[at : at + len(line) // 5 + 1] for at in range(0, len(line), len(line) // 5 + 1))
    texts = [f"{narrow}\n\nThanks\n".encode(), f"{narrow}\nThanks\n".encode(), line.encode(), mail.encode(), mail.replace("\n", "\r\n").encode(), mail.encode("utf-16"),
             f"\ufeff{line}".encode(), f"> {wrapped}\n\nThanks\n".encode()]  # fmt: skip
    for at, data in enumerate(texts):
        file = tmp_path / f"{at}.txt"
        file.write_bytes(data)
        assert meeting.read(str(file)).invitation == other.invitation(), data
    (tmp_path / "none.txt").write_text("Dear all")
    with pytest.raises(Refused, match="holds no invitation"):
        meeting.read(str(tmp_path / "none.txt"))
    with pytest.raises(Refused, match="damaged"):
        meeting.read("no-such-file.txt")
    done = run(one, "join", str(tmp_path / "1.txt"), "--yes")
    assert done.exit_code == 0 and partners_of(one) == [other.name]


def test_joining_from_a_bundle_accepts_its_maker_and_takes_it_in(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    other.change(None, {"title": "On a stick"})
    stick = tmp_path / "news.cop"
    bundle.create(other.side, stick, None, full=True, now=NOW)
    refused = run(one, "join", str(stick))
    assert refused.exit_code == 2 and partners_of(one) == []
    assert "The bundle holds 1 change, " in refused.stderr and other.invitation().phrase() in refused.stderr
    done = run(one, "join", str(stick), "--yes")
    assert done.exit_code == 0, done.output
    assert f"{other.name}: 1 change came, 0 entries were here already." in done.stdout
    assert "On a stick" in {row["title"] for row in one.public()["records"]}
    assert [(e.direction, e.counts["received"]) for e in exchanges.recent(one.db)] == [("bundle", 1)]
    run(one, "partner", "add", other.name, "http://192.168.1.7:8001")
    run(one, "join", str(stick), "--yes")  # no address in it: the one we know stays
    assert one.partner(other).address == "http://192.168.1.7:8001"


def rewritten(path: Path, **changed: object) -> None:
    """The same bundle with another start."""
    data = path.read_bytes()
    size = int.from_bytes(data[13:17], "big")
    header = cbor.decode(data[49 : 49 + size], "x")
    assert isinstance(header, dict)
    content = cbor.encode({name: value for name, value in {**header, **changed}.items() if value is not None})
    path.write_bytes(data[:13] + len(content).to_bytes(4, "big") + sha256(content) + content + data[49 + size :])


def test_a_bundle_of_the_first_cop_is_read_and_asks_for_the_line_instead(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    stick = tmp_path / "old.cop"
    bundle.create(other.side, stick, None, full=True, now=NOW)
    rewritten(stick, invitation=None)
    assert bundle_frames.show(stick).invitation == ""
    done = run(one, "join", str(stick), "--yes")
    assert done.exit_code == 4 and "holds no invitation" in done.stderr and "cop invite" in done.stderr
    one.accept(other)
    assert bundle.apply(one.side, stick, NOW).whole


def test_a_bundle_with_the_invitation_of_somebody_else_is_refused(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    stick = tmp_path / "news.cop"
    bundle.create(other.side, stick, None, full=True, now=NOW)
    rewritten(stick, invitation=one.invitation().text())
    assert "of somebody else" in run(one, "join", str(stick), "--yes").stderr
    rewritten(stick, invitation="cop1:" + "x" * 5000)
    assert bundle_frames.show(stick).invitation == ""


def test_join_says_how_much_there_is_and_works_when_nobody_answers(two: list[Place]) -> None:
    one, other = two
    other.change(None, {"title": "Public"})
    other.change(None, {"title": "Between us"}, audience=PARTNERS)
    other.change(None, {"title": "Our own"}, audience=OWN)
    other.close()
    with serving(other) as address:
        line = invitations.at_address(_invitation(other), address).text()
        done = run(one, "join", line, "--yes")
        told = about.ask(address)
    assert told is not None and told.records == 1
    assert re.search(r"They hold 1 record, about [\d,]+ bytes to fetch: cop sync", done.stderr), done.stderr
    again = run(one, "join", line, "--yes")  # nobody answers any more
    assert again.exit_code == 0 and "They hold" not in again.stderr
    other._open()


def _invitation(place: Place) -> invitations.Invitation:
    place._open()
    try:
        return place.invitation()
    finally:
        place.close()


# --- what a site says about itself


def test_about_counts_public_things_only(two: list[Place]) -> None:
    one = two[0]
    before = about.describe(one.site, one.db)
    one.change(None, {"title": "Secret" * 100}, audience=PARTNERS)
    one.change(None, {"title": "Secret" * 100}, audience=OWN)
    assert about.describe(one.site, one.db) == before
    one.change(None, {"title": "Public" * 100})
    after = about.describe(one.site, one.db)
    assert (after.records, after.changes - before.changes) == (before.records + 1, 1)
    assert 600 < after.bytes - before.bytes < 800 and after.newest


@pytest.mark.parametrize("data", [
    b"", b"[]", b"<html>", b"\xff", b"[" * 5000, b'{"name": 1}',
    b'{"name":"a","kind":"b","newest":"","records":-1,"changes":0,"bytes":0}',
    b'{"name":"a","kind":"b","newest":"","records":true,"changes":0,"bytes":0}',
    b'{"name":"a","kind":"b","newest":"","records":1e99,"changes":0,"bytes":0}',
    b'{"name":"a","kind":"b","newest":"","records":1,"changes":0,"bytes":' + b"9" * 40 + b"}",
], ids=str)  # fmt: skip
def test_an_answer_that_says_nothing_useful_is_no_error(data: bytes) -> None:
    assert about.parse(data) is None


def test_an_answer_round_trips() -> None:
    told = about.About("Caafi Health", "community", 412, 900, 300_000, "2026-11-22T09:14:00Z")
    assert about.parse(about.format_answer(told).encode()) == told
    assert told.in_words() == "412 records, about 100 KB to fetch"


# --- nearby: the pure parts


def announced(place: Place, *, name: str = "", host: str = "192.168.1.7", port: int = 8001) -> nearby.Found:
    told = nearby.properties(place.organisation, name or place.name)
    found = nearby.read({key.encode(): value.encode() for key, value in told.items()}, [host], port)
    assert found is not None
    return found


def test_an_announcement_says_key_format_and_name_and_fits() -> None:
    told = nearby.properties(b"\xab" * 32, "é" * 200)
    assert set(told) == {"key", "format", "name"}
    assert told["key"] == "ab" * 8
    assert all(len(f"{key}={value}".encode()) <= 255 for key, value in told.items())


@pytest.mark.parametrize("told", [
    {}, {b"key": b"ab"}, {b"key": b"zz" * 8, b"format": b"1"}, {b"key": b"ab" * 8, b"format": b"2"},
    {b"key": b"ab" * 8}, {b"key": None, b"format": b"1"}, {b"key": b"\xff" * 16, b"format": b"1"},
], ids=str)  # fmt: skip
def test_what_is_no_announcement_of_ours_is_passed_over(told: dict[bytes, bytes | None]) -> None:
    assert nearby.read(told, ["192.168.1.7"], 8001) is None


def test_addresses_of_an_announcement_come_in_the_order_to_try() -> None:
    told: dict[bytes, bytes | None] = {b"key": b"ab" * 8, b"format": b"1", b"name": b"A\x1b[31m\nB"}
    found = nearby.read(told, ["fe80::1", "2001:db8::1", "nonsense", "224.0.0.1", "0.0.0.0", "192.168.1.7"], 80)
    assert found is not None
    assert found.addresses == ("http://192.168.1.7:80", "http://[2001:db8::1]:80")
    assert found.name == "A[31mB"
    assert nearby.read(told, ["192.168.1.7"], None) is None
    assert nearby.read(told, ["fe80::1"], 80) is None


def test_partners_are_told_from_others_by_their_key(tmp_path: Path) -> None:
    one, other, third, own = places(tmp_path, 4)
    befriend(own, one)
    befriend(own, other)
    impostor = announced(third, name=one.name)
    around = nearby.match(
        [announced(one), announced(one, host="192.168.1.8"), impostor, announced(own)],
        partners.all_partners(own.db),
        own.organisation,
    )
    assert [(p.name, len(found)) for p, found in around.partners] == [(one.name, 2)]
    assert around.others == (impostor,)


def test_who_is_near_and_not_accepted_is_named_and_never_asked(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(nearby, "browse", lambda **_: [announced(other)])
    befriend(one, Place(one.site.root.parent / "third", "Third"))
    done = run(one, "sync", "--nearby")
    assert done.exit_code == 3
    assert f"{other.name} is near but not accepted. If you know them: cop join INVITATION" in done.stderr
    assert "No partner was found on the local network within 5 seconds. (1 other site is near.)" in done.stderr
    assert "cop serve --host 0.0.0.0" in done.stderr


def test_a_port_that_does_not_answer_is_told_with_the_sentence_about_the_firewall(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    befriend(one, other)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(nearby, "browse", lambda **_: [announced(other, host="127.0.0.1", port=port)])
    done = run(one, "sync", "--nearby")
    assert done.exit_code == 3
    assert f"{other.name} is near, but port {port} there does not answer." in done.stderr
    assert done.stderr.count("firewall") == 1
    told = json.loads(run(one, "sync", "--nearby", "--json").stdout)
    assert told[0]["exit_code"] == 3 and other.name in told[0]["heard"]


def test_a_partner_nearby_is_exchanged_with_where_it_is_and_its_address_stays(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    befriend(one, other)
    other.change(None, {"title": "Next door"})
    other.close()
    with serving(other) as address:
        other._open()
        here = announced(other, host="127.0.0.1", port=int(address.rpartition(":")[2]))
        stranger = nearby.Found("0" * 16, "Nobody", ("http://192.0.2.1:1",), 1)
        monkeypatch.setattr(nearby, "browse", lambda **_: [here, stranger])
        stored = one.partner(other).address
        told = json.loads(run(one, "sync", "--nearby", "--json").stdout)
        assert told[0]["partner"] == other.name and told[0]["received"] == 1
        assert told[1] == {"near": "Nobody", "key": "0" * 16, "accepted": False}
        assert one.partner(other).address == stored != address
        one.db.execute("UPDATE local_partner SET address = ''")
        assert f"{other.name} is near, at {address}" in run(one, "sync", "--nearby").stderr
        assert one.partner(other).address == address


def test_somebody_who_announces_a_partners_key_gets_nothing_and_is_not_remembered(
    two: list[Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    befriend(one, other)
    one.db.execute("UPDATE local_partner SET address = ''")
    impostor = Place(tmp_path / "impostor", other.name)
    impostor.close()
    with serving(impostor) as address:
        fake = announced(other, host="127.0.0.1", port=int(address.rpartition(":")[2]))
        monkeypatch.setattr(nearby, "browse", lambda **_: [fake])
        done = run(one, "sync", "--nearby")
    assert done.exit_code == 4 and "answers as another organisation" in done.stderr
    assert one.partner(other).address == ""


def test_old_files_of_a_partner_shown_by_somebody_near_do_not_count_as_the_partner(
    two: list[Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    befriend(one, other)
    old = tmp_path / "old"
    old.mkdir()
    for place in (one, other, one):
        visit_folder(place, old)
    other.change(None, {"title": "New since then"})
    with web_server(old) as address:
        fake = announced(other, host="127.0.0.1", port=int(address.rpartition(":")[2]))
        monkeypatch.setattr(nearby, "browse", lambda **_: [fake])
        done = run(one, "sync", "--nearby")
    assert done.exit_code == 3 and "answers, but not as cop does" in done.stderr
    assert "Both hold the same now" not in done.stdout


def test_old_files_of_a_partner_where_it_answered_before_do_not_count_until_its_address_is_given_anew(
    two: list[Place], tmp_path: Path
) -> None:
    one, other = two
    befriend(one, other)
    files, target = tmp_path / "files", [""]
    files.mkdir()
    other.close()
    with Between(lambda client: cutting(target[0], [10**9])(client)) as line, serving(other) as target[0]:
        command(one, "partner", "add", other.name, line.address)
        assert "Both hold the same now." in command(one, "sync")
        other._open()
        for place in (one, other, one):
            visit_folder(place, files)
        with web_server(files) as target[0]:
            assert "answers, but not as cop does" in command(one, "sync", code=3)
            assert "answers, but not as cop does" in command(one, "sync", "--dry-run", code=3)
            command(one, "partner", "add", other.name, line.address)
            assert "Both hold the same now." in command(one, "sync")


@pytest.mark.parametrize("fake_first", [True, False])
def test_a_partner_is_met_although_somebody_else_announces_its_key(
    two: list[Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_first: bool
) -> None:
    one, other = two
    befriend(one, other)
    one.db.execute("UPDATE local_partner SET address = ''")
    impostor = Place(tmp_path / "impostor", other.name)
    told = announced(other)
    impostor.close()
    other.close()
    with serving(impostor) as wrong, serving(other) as right:
        order = [wrong, right] if fake_first else [right, wrong]
        found = [replace(told, addresses=(where,), port=int(where.rpartition(":")[2])) for where in order]
        monkeypatch.setattr(nearby, "browse", lambda **_: found)
        watch = near.Watch(one.side, lambda: partners.current(one.db), 120)
        assert [[met.address, *met.elsewhere] for met in meetings(watch())] == [order]
        done = run(one, "sync", "--nearby")
    assert done.exit_code == 0 and f"{other.name}: 0 changes came, 0 went." in done.stdout
    assert [met.address for met in partners.current(one.db)] == [right]


def test_every_interval_looks_around_once_and_meets_who_is_near_then(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    befriend(one, other)
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        heard: list[list[nearby.Found]] = [[], [announced(other, host="127.0.0.1", port=port)], []]
        looks: list[int] = []
        monkeypatch.setattr(nearby, "browse", lambda: [looks.append(1), heard[len(looks) - 1]][1])
        clock = Clock(7)
        watch = near.Watch(one.side, lambda: partners.current(one.db), 120, clock)
        found = []
        for _ in range(6):
            found.append([(met.organisation, met.address) for met in watch()])
            clock.wait(60)
    here = [(other.organisation, f"http://127.0.0.1:{port}")]
    assert found == [[], [], here, here, [], []] and len(looks) == 3


# --- nearby: on the loopback interface, with real sockets


def test_two_on_one_network_find_each_other_and_say_goodbye(two: list[Place]) -> None:
    one, other = two
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        announcement = nearby.Announcement(other.organisation, other.signer.public, other.name, LOOPBACK, port)
        announcement.start(LOOPBACK)
        try:
            key = other.organisation.hex()[: nearby.KEY_DIGITS]

            def is_there(found: Any) -> bool:
                return any(site.key == key for site in found)

            found = [site for site in nearby.browse(20, enough=is_there, interfaces=LOOPBACK) if site.key == key]
            assert found == [nearby.Found(key, other.name, (f"http://127.0.0.1:{port}",), port)]
            assert nearby.reachable(found) == [f"http://127.0.0.1:{port}"]
            befriend(one, other)
            around = nearby.match(found, partners.all_partners(one.db), one.organisation)
            assert [p.name for p, _ in around.partners] == [other.name]
        finally:
            announcement.stop()
            announcement.stop()  # twice is safe
    assert nearby.reachable(found) == []
    started = time.monotonic()
    assert not [site for site in nearby.browse(1, interfaces=LOOPBACK) if site.key == key]
    assert time.monotonic() - started < 10


def test_only_who_listens_for_others_announces_itself() -> None:
    assert nearby.own_hosts("127.0.0.1") == nearby.own_hosts("::1") == nearby.own_hosts("localhost") == []
    assert nearby.own_hosts("192.168.1.7") == ["192.168.1.7"]
    assert all(not host.startswith("127.") for host in nearby.own_hosts("0.0.0.0"))


def test_cop_serve_announces_the_organisation_unless_the_extra_is_missing(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cop.cli import serve

    made = serve._announcement(two[0].site, ["192.168.1.7"], 8001)
    assert made is not None
    made.stop()  # it was never started
    monkeypatch.setattr(nearby, "is_available", lambda: False)
    assert serve._announcement(two[0].site, ["192.168.1.7"], 8001) is None


def test_without_the_extra_there_is_a_hint_and_no_traceback(two: list[Place], monkeypatch: pytest.MonkeyPatch) -> None:
    befriend(*two)
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    done = run(two[0], "sync", "--nearby")
    assert done.exit_code == 1 and "-m pip install zeroconf" in done.stderr
    assert not nearby.is_available()


# --- cop sync --every


class Clock:
    """Goes on by as much as somebody waits; stops the loop after so many waits."""

    def __init__(self, waits: int) -> None:
        self.now, self.waits, self.left = 0.0, [0.0] * 0, waits

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def partner(name: str) -> Meeting:
    return Meeting("http://x.test", (Partner(name.encode(), name, "community", "http://x.test"),))


def loop(clock: Clock, everyone: list[Meeting], exchange: Any, tell: Any = lambda *_: None) -> None:
    with pytest.raises(KeyboardInterrupt):
        go_on(120, lambda: everyone, exchange, tell, clock, clock.wait)


def test_the_loop_asks_at_the_interval_and_less_often_where_nobody_answers() -> None:
    clock, asked = Clock(60), []

    def exchange(one: Meeting) -> Report:
        asked.append((one.name, clock.now))
        if one.name == "silent":
            raise NotReachable("x")
        return Report(one.name)

    loop(clock, [partner("there"), partner("silent")], exchange)
    assert [at for name, at in asked if name == "there"][:4] == [0, 120, 240, 360]
    assert [at for name, at in asked if name == "silent"][:5] == [0, 240, 720, 1680, 2640]
    assert max(clock.waits) <= every.MOST_SLEEP_SECONDS


def test_a_run_that_takes_longer_than_the_interval_is_followed_by_the_next_and_not_by_two() -> None:
    clock, spans = Clock(20), []

    def exchange(one: Meeting) -> Report:
        began = clock.now
        clock.now += 500
        spans.append((began, clock.now))
        return Report(one.name)

    loop(clock, [partner("slow")], exchange)
    assert all(later[0] - earlier[1] == 120 for earlier, later in itertools.pairwise(spans))


def test_somebody_who_joins_meanwhile_is_exchanged_with_soon() -> None:
    clock, everyone, asked = Clock(10), [partner("old")], []

    def exchange(one: Meeting) -> Report:
        asked.append((one.name, clock.now))
        if len(everyone) == 1:
            everyone.append(partner("new"))
        return Report(one.name)

    loop(clock, everyone, exchange)
    assert dict(reversed(asked))["new"] <= 120


def test_only_what_moved_is_told_and_a_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell, them = Teller(as_json=False, local_time=lambda: "17:13"), partner("Caafi Health")
    tell(Report("Caafi Health"), them, 60)
    assert capsys.readouterr() == ("", "")
    tell(Report("Caafi Health", received=3, sent=1), them, 60)
    assert capsys.readouterr().out == "17:13  Caafi Health: 3 came, 1 went.\n"
    tell(NotReachable("It cannot be reached."), them, 1800)
    tell(NotReachable("It cannot be reached."), them, 3600)
    assert capsys.readouterr().err == "17:13  Caafi Health: It cannot be reached. Next try in 30 minutes.\n"
    tell(Report("Caafi Health"), them, 60)
    assert capsys.readouterr().out == "17:13  Caafi Health answers again. Nothing new.\n"
    as_json = Teller(as_json=True)
    as_json(Report("Caafi Health", sent=1), them, 60)
    as_json(CopError("x", hint="y"), them, 60)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["partner"], line.get("sent"), line.get("error")) for line in lines] == [
        ("Caafi Health", 1, None),
        ("Caafi Health", None, "x"),
    ]


@pytest.mark.parametrize("where", ["exchange", "whom"])
@pytest.mark.parametrize(
    "failure", [sqlite3.OperationalError("database is locked"), Timeout("data/views.lock"), NotReachable("It is away.")]
)
def test_the_loop_tells_of_a_round_that_failed_and_goes_on(failure: Exception, where: str) -> None:
    clock, failures, told = Clock(20), {where: failure}, list[tuple[Any, Any]]()

    def fail_once(at: str) -> None:
        if at in failures:
            raise failures.pop(at)

    def whom() -> list[Meeting]:
        fail_once("whom")
        return [partner("there")]

    def exchange(one: Meeting) -> Report:
        fail_once("exchange")
        return Report(one.name)

    with pytest.raises(KeyboardInterrupt):
        go_on(120, whom, exchange, lambda outcome, one, again: told.append((outcome, one)), clock, clock.wait)
    (first, met), *later = told
    assert isinstance(first, CopError) and (met is None) == (where == "whom")
    assert ("Another cop is busy" in str(first)) != isinstance(failure, CopError)
    assert later and all(isinstance(outcome, Report) for outcome, _ in later)


def test_a_mistake_of_ours_still_ends_the_loop() -> None:
    with pytest.raises(sqlite3.OperationalError):
        go_on(120, lambda: [partner("there")], lambda _: sqlite3.connect(":memory:").execute("SELECT x"), print)


def test_why_nobody_can_be_met_is_told_once_until_somebody_is(capsys: pytest.CaptureFixture[str]) -> None:
    tell, failure = Teller(as_json=False, local_time=lambda: "17:13"), CopError("The local network cannot be used.")
    tell(failure, None, 60)
    tell(failure, None, 60)
    assert capsys.readouterr().err == "17:13  The local network cannot be used. Next try in 1 minute.\n"
    tell(Report("Caafi Health"), partner("Caafi Health"), 60)
    tell(failure, None, 60)
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report("Caafi Health", received=1, restored=1, renewed=True), RESTORED),
        (Report("Caafi Health", restored=1), NOT_RENEWED),
        (
            Report("Caafi Health", apart=2),
            "2 by those who left, were removed, or whose computer was ended (kept apart, not shown).",
        ),
        (Report("Caafi Health", texts=1), "1 text of earlier changes came."),
    ],
)
def test_the_loop_tells_what_is_more_than_a_number_of_changes(
    report: Report, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Teller(as_json=False)(report, partner("Caafi Health"), 60)
    assert capsys.readouterr().out.endswith(f"{said}\n")


def test_a_second_loop_says_so_and_ends(two: list[Place]) -> None:
    befriend(*two)
    with alone(two[0].site):
        done = run(two[0], "sync", "--every", "15m")
    assert done.exit_code == 1 and "Another `cop sync --every`" in done.stderr
    with alone(two[0].site):
        pass  # the lock was given back


@pytest.mark.parametrize(
    "options",
    [["--every", "1s"], ["--every", "often"], ["--every", "15m", "--dry-run"]],
)
def test_what_every_cannot_mean_is_wrong_usage(two: list[Place], options: list[str]) -> None:
    befriend(*two)
    done = run(two[0], "sync", *options)
    assert done.exit_code == 2 and "Try:" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl+C is sent in another way there")
def test_a_real_loop_exchanges_lets_others_sync_beside_it_and_ends_well_with_ctrl_c(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    other.change(None, {"title": "While you waited"})
    other.close()
    with serving(other) as address:
        one.db.execute("UPDATE local_partner SET address = ?", [address])
        one.close()
        process = started(one, "sync", "--every", "1m")
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert re.fullmatch(rf"\d\d:\d\d  {other.name}: 1 came, \d+ went\.\n", line), line
            command(one, "sync")
            assert "Another" in command(one, "sync", "--every", "1m", code=1)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=WAIT_SECONDS)
        finally:
            process.kill()
        assert process.returncode == 0 and "Traceback" not in told and "Stop it with Ctrl+C" in told
    one._open()
    other._open()


# --- who was heard, and through whom


def test_who_was_heard_through_whom_follows_the_way_the_news_took(tmp_path: Path) -> None:
    one, middle, far = places(tmp_path, 3)
    befriend(one, middle)
    befriend(middle, far)
    far.change(None, {"title": "From afar"})
    middle.sync(far)
    one.sync(middle)
    told = standing.heard_json(one.db)
    assert told[middle.name] == {"last_heard": "2026-11-22T09:14:00Z", "through": ""}
    assert told[far.name] == {"last_heard": "2026-11-22T09:14:00Z", "through": middle.name}
    assert one.name not in told
    listed = json.loads(run(one, "partner", "list", "--json").stdout)
    assert [(p["name"], p["through"], p["last_heard"]) for p in listed] == [(middle.name, "", "2026-11-22T09:14:00Z")]
    assert set(listed[0]) >= {"name", "kind", "address", "key", "last_heard", "last_exchange"}
    assert f"Member {far.name}: last heard " in (said := run(one, "status").stdout)
    assert f", through {middle.name}." in said
    assert json.loads(run(one, "status", "--json").stdout)["heard"] == told


def test_joining_somebody_who_was_removed_says_what_is_shown_again(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    other.change(None, {"title": "Before"})
    one.sync(other)
    line = other.invitation().text()
    assert "kept apart" not in run(one, "join", line, "--yes").output
    one.remove(other)
    other.change(None, {"title": "After"})
    bundle_of(other, one)
    done = run(one, "join", line, "--yes")
    assert "1 change of theirs was here, kept apart. It is shown from now on." in done.stdout
    one.remove(other, hide=True)
    assert "2 changes of theirs were here, kept apart" in run(one, "join", line, "--yes").stdout
    assert "Before" in (listed := run(one, "list").stdout) and "After" in listed


def bundle_of(maker: Place, reader: Place) -> None:
    """Carry everything from one to the other."""
    path = maker.site.root.parent / "stick.cop"
    bundle.create(maker.side, path, None, full=True, now=NOW)
    bundle.apply(reader.side, path, NOW)


def test_status_says_who_wrote_what_is_not_here_yet(tmp_path: Path) -> None:
    one, other, far = places(tmp_path, 3)
    befriend(one, other)
    befriend(other, far)
    for place in (other, far):
        store(one, place.entries(), place.payloads().values())
    store(one, [next_entry(far, [item_of(patch.new_record_id(), b"never sent")])])
    assert f"1 change not here yet (by {far.name}); more with a later exchange or stick." in run(one, "status").stdout
    assert status.waiting_by(one.db) == [far.name]


def test_several_partners_in_one_place_all_hold_the_same() -> None:
    for names, who in ((["A", "B"], "All"), (["A"], "Both")):
        told = reports.lines(PlaceReport(" and ".join(names), partners=names, equal=True), standing.Lacking(True, ()))
        assert f"  {who} hold the same now." in told


def test_a_renamed_partner_is_listed_and_found_by_its_new_name_and_by_the_old(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    old = other.name
    one.sync(other)
    other.rename("Another Name")
    one.sync(other)
    assert "Another Name (" in run(one, "partner", "list").stdout
    assert partners.find(one.db, "another name") == partners.find(one.db, old)
    told = standing.heard_json(one.db)
    assert set(told) == {"Another Name"} and told["Another Name"]["through"] == ""


def test_two_partners_of_one_name_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    one, other, third = places(tmp_path, 3)
    befriend(one, other)
    befriend(one, third)
    third.rename(other.name)
    one.sync(third)
    one.sync(other)
    names = [p.name for p in partners.current(one.db)]
    assert names == sorted(f"{other.name} (key {p.organisation.hex()[:8]})" for p in (other, third))
    assert partners.find(one.db, names[0]).organisation in (other.organisation, third.organisation)


# --- reports


def test_what_a_partner_lacks_is_told_with_whose_it_is_and_what_to_do(tmp_path: Path) -> None:
    one, other, third = places(tmp_path, 3)
    one.accept(other)
    told = "\n".join(
        reports.lines(Report(other.name, partner_lacks=3), standing.why_lacking(one.db, one.partner(other)))
    )
    assert "They turned away 3 entries" in told and "has not accepted you yet" in told and "cop invite" in told
    other.accept(one)
    befriend(one, third)
    one.sync(other)
    third.rename("Hill Charity")
    one.sync(third)
    other.remove(third) if any(p.name == third.name for p in partners.all_partners(other.db)) else None
    why = standing.why_lacking(one.db, one.partner(other))
    assert why == standing.Lacking(True, ())  # we accepted them, so they are members for our partner, too
    partners.say(other.db, other.signer, third.organisation, "remove", NOW)
    one.sync(other)
    why = standing.why_lacking(one.db, one.partner(other))
    assert why == standing.Lacking(True, ("Hill Charity",))
    told = "\n".join(reports.lines(Report(other.name, partner_lacks=1), why))
    assert "They turned away 1 entry, probably of Hill Charity" in told


def test_a_dry_run_says_sizes_and_moves_nothing(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    befriend(one, other)
    for at in range(20):
        other.change(None, {"title": f"Number {at}", "body": f"Text {at} " * 300})
    stick = tmp_path / "news.cop"
    bundle.create(other.side, stick, None, full=True, now=NOW)
    before = one.entry_ids()
    done = run(one, "bundle", "apply", str(stick), "--dry-run")
    assert (
        re.search(r": 20 changes would come \(about \d+ KB\), \d+ entr", done.stdout)
        and "Nothing was stored." in done.stdout
    )
    assert json.loads(run(one, "bundle", "apply", str(stick), "--dry-run", "--json").stdout)["bytes"] > 40_000
    other.close()
    with serving(other) as address:
        one.db.execute("UPDATE local_partner SET address = ?", [address])
        done = run(one, "sync", "--dry-run")
    other._open()
    assert re.search(r": 20 changes would come \(about \d+ KB\), \d would go", done.stdout), done.stdout
    assert "Nothing was moved." in done.stdout
    assert one.entry_ids() == before and exchanges.recent(one.db) == []


def test_a_failure_is_told_with_when_we_last_heard_of_them(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    one.db.execute("UPDATE local_partner SET address = ?", [f"http://127.0.0.1:{port}"])
    done = run(one, "sync")
    assert done.exit_code == 3 and f"{other.name}: last heard not yet." in done.stderr
    assert exchanges.recent(one.db)[0].error
    run(one, "sync")
    assert len(exchanges.recent(one.db)) == 1  # the same failure again takes no second line


# --- what is remembered of exchanges


def test_turns_of_one_exchange_count_as_one_and_quiet_ones_leave_no_trace(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    key = other.organisation
    for at in range(3):
        exchanges.remember(one.db, key, exchanges.ANSWERED, {"received": 2, "sent": 1, "by": {"A": 2}}, NOW + at)
    exchanges.remember(one.db, key, exchanges.ANSWERED, {"received": 0, "sent": 0}, NOW + 5)
    (kept,) = exchanges.recent(one.db)
    assert (kept.counts["received"], kept.counts["sent"], kept.counts["by"], kept.time) == (6, 3, {"A": 6}, NOW + 2)
    exchanges.remember(one.db, key, exchanges.ANSWERED, {"received": 1}, NOW + 5000)
    assert len(exchanges.recent(one.db)) == 2
    for at in range(5):
        exchanges.remember(one.db, key, exchanges.ASKED, {"received": 0, "sent": 0}, NOW + 6000 + at)
    assert [e.time for e in exchanges.recent(one.db)] == [NOW + 6004, NOW + 5000, NOW + 2]


def test_strangers_cannot_push_partners_out_of_the_list(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    exchanges.remember(one.db, other.organisation, exchanges.ASKED, {"received": 1}, NOW)
    for at in range(50):
        exchanges.remember(one.db, bytes([at]) * 32, exchanges.ANSWERED, {"refused": 1}, NOW + 1000 * at)
    assert [(e.name, e.counts.get("refused", 0)) for e in exchanges.recent(one.db)] == [
        ("someone we do not know", 50),
        (other.name, 0),
    ]


def test_the_last_twenty_are_kept_with_numbers_and_words_only(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    for at in range(30):
        happened = {"received": at + 1, "nonsense": object(), "partner": "x", "sent": "many"}
        exchanges.remember(one.db, other.organisation, exchanges.ASKED, happened, NOW + at)
    found = exchanges.recent(one.db)
    assert [e.counts for e in found] == [{"received": at} for at in range(30, 10, -1)]


# --- progress


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 200])
@pytest.mark.parametrize("of", [0, 1, 7, 6_000_000])
def test_a_bar_is_never_wider_than_the_terminal(columns: int, of: int) -> None:
    for done in (0, 1, of // 2, of):
        assert len(bar_line("Taking in news.cop", done, of, 30, columns, in_bytes=True)) < columns


def test_time_left_is_told_once_it_can_be_guessed() -> None:
    assert "left" not in bar_line("x", 1, 100, 1.0, 80, in_bytes=False)
    assert bar_line("x", 50, 100, 20.0, 80, in_bytes=False).endswith("50 of 100, about 20 seconds left")
    assert bar_line("x", 1_200_000, 6_000_000, 5, 80, in_bytes=True).endswith("1.2 of 6.0 MB, about 20 seconds left")
    assert bar_line("x", 1234, 0, 30, 80, in_bytes=False) == "x 1,234 so far"
    assert amounts.seconds_left(5, 5, 10) is None


@pytest.mark.parametrize("name", ["amounts", "schedule", "exchanges", "cli.common", "cli.reports", "web.door"])
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    import doctest
    import importlib

    found = doctest.testmod(importlib.import_module(f"cop.{name}"))
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("localhost", "localhost")]
)
def test_the_address_that_serve_names_opens_on_this_computer(host: str, shown: str) -> None:
    from cop.cli import serve

    with socket.create_server((host, 0)) as listening:
        assert serve._to_show(host, listening) == f"http://{shown}:{listening.getsockname()[1]}"


def test_joining_somebody_who_has_left_does_not_say_that_what_is_apart_is_shown(two: list[Place]) -> None:
    one, other = two
    befriend(one, other)
    one.sync(other)
    partings.leave(other.db, other.signer, NOW)
    other.change(None, {"title": "After they left"})
    bundle_of(other, one)
    done = run(one, "join", other.invitation().text(), "--yes")
    assert "1 change of theirs stays apart until they say that they are back." in done.stdout
    assert "After they left" not in run(one, "list").stdout


@pytest.mark.parametrize(
    "address", ["http://a.example\nPhrase: one two three", "http://a.example b", "http://a\u202eb"]
)
def test_an_address_that_could_pass_for_a_phrase_is_no_address(two: list[Place], address: str) -> None:
    one, other = two
    line = replace(other.invitation(), address=address).text()
    done = run(one, "join", line, "--yes")
    assert "no address" in done.stderr and done.stderr.count("Phrase:") == 1
    assert one.partner(other).address == ""


def test_a_place_where_we_meet_stays_when_a_partner_is_joined_again(two: list[Place], tmp_path: Path) -> None:
    one, other = two
    befriend(one, other)
    (tmp_path / "share").mkdir()
    assert run(one, "partner", "add", other.name, str(tmp_path / "share")).exit_code == 0
    line = invitations.at_address(other.invitation(), "http://127.0.0.1:8001").text()
    run(one, "join", line, "--yes")
    assert one.partner(other).address == str(tmp_path / "share")
