"""`cop sync` against a running `cop serve`, over lines that break, lie, or lead somewhere else."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cop import frontier, status
from tests.commands import WAIT_SECONDS, at, cop, report, serving
from tests.lines import Between, answering, cutting
from tests.network import NAMES, Place, assert_same_views, befriend, places
from tests.test_sync import big


def test_two_partners_from_invitation_to_the_same_digest_by_commands_only(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    for place in (one, other):
        place.close()
    one.write("posts/hello.md", "---\ntitle: Hello from Caafi\n---\n\nText.\n")
    other.write("events/walk.md", "---\ntitle: A walk\nstart: 2026-12-01\n---\n")
    cop(one, "load")
    with serving(other) as address:
        told = json.loads(cop(other, "invite", "--address", address, "--json"))
        assert len(told["phrase"].split()) == 6
        assert "Compare the phrase" in cop(one, "join", told["invitation"], code=2)
        cop(one, "join", told["invitation"], "--yes")
        waits = report(one, code=5)
        assert waits["partner_lacks"] > 0 and waits["received"] == 1  # they have not accepted us yet
        ours = json.loads(cop(one, "invite", "--address", "http://127.0.0.1:1", "--json"))
        cop(other, "join", ours["invitation"], "--yes")
        out = cop(one, "sync")
        assert NAMES[1] in out and "1 went" in out and "Both hold the same now." in out
        keys = {"received", "sent", "bytes_in", "bytes_out", "requests", "conflicts", "waiting", "not_understood",
                "partner_lacks", "seconds"}  # fmt: skip
        again = report(one)
        assert keys <= set(again) and again["requests"] == 1 and again["bytes_out"] <= 600
        digests = [json.loads(cop(place, "status", "--json"))["digest"] for place in (one, other)]
        assert digests[0] == digests[1]
        assert "Hello from Caafi" in cop(other, "list")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    yield one, other


def test_a_conflict_is_told_with_exit_code_5_and_settled_by_a_person(pair: tuple[Place, Place]) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "Power", "slug": "power"})
    one.sync(other)
    one.change(record_id, {"title": "Sharing power"})
    other.change(record_id, {"title": "Power, shared"})
    with serving(other) as address:
        at(one, other, address)
        assert report(one, code=5)["conflicts"] == 1
        for place in pair:
            found = json.loads(cop(place, "conflicts", "--json"))
            assert [len(one_conflict["values"]) for one_conflict in found] == [2]
    assert_same_views(pair)


def test_an_unreachable_partner_is_exit_code_3_and_safe_to_run_again(pair: tuple[Place, Place]) -> None:
    one, other = pair
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    at(one, other, f"http://127.0.0.1:{port}")
    assert "Safe to run again" in cop(one, "sync", code=3)


@pytest.mark.parametrize(
    ("content", "content_type", "status_line", "code"),
    [
        (b"<html><title>Log in to our WiFi</title></html>", "text/html", "200 OK", 3),
        (b"", "text/html", "302 Found", 3),
        (b"oops", "text/plain", "500 Internal Server Error", 3),
        (b"<html>", "application/x-cop", "200 OK", 4),
        (b"", "application/x-cop", "200 OK", 4),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "application/x-cop", "200 OK", 4),
        (b"no", "application/x-cop", "400 Bad Request", 4),
    ],
)
def test_what_is_no_cop_is_named_and_changes_nothing(
    pair: tuple[Place, Place], content: bytes, content_type: str, status_line: str, code: int
) -> None:
    one, other = pair
    before = one.entry_ids()
    with Between(answering(content, content_type, status_line)) as portal:
        at(one, other, portal.address)
        cop(one, "sync", code=code)
    assert one.entry_ids() == before


def test_another_cop_at_the_address_is_refused(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    stranger = Place(tmp_path / "stranger", "Somebody Else")
    with serving(stranger) as address:
        at(one, other, address)
        assert "another organisation" in cop(one, "sync", code=4)


def test_a_line_cut_after_any_number_of_bytes_leaves_nothing_half_done(pair: tuple[Place, Place]) -> None:
    """The command itself runs at three of the places; the same code, in this process, at many more."""
    one, other = pair
    big(other, 40)
    big(one, 40)
    from cop import sync
    from cop.errors import NotReachable
    from cop.transports.http import HttpTransport
    from tests.network import NOW

    with serving(other) as address:
        after = [0]
        with Between(cutting(address, after)) as line:
            at(one, other, line.address)
            for number in (0, 200, 150_000):
                after[0] = number
                cop(one, "sync", code=3)
            held = len(one.entry_ids())
            for number in [1, 17, 120, 121, 300, 1_000, 5_000, 60_000, 100_000, 125_000, 140_000]:
                after[0] = number
                with pytest.raises(NotReachable):
                    sync.run(one.side, one.partner(other), HttpTransport(line.address), NOW, lambda done, of: None)
                assert status.waiting(one.db) == 0 and len(one.entry_ids()) >= held
                held = len(one.entry_ids())
                if held == len(other.entry_ids()):
                    break
            after[0] = 10**9
            cop(one, "sync")
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
    assert_same_views(pair)


def test_two_partners_at_once_meet_one_server(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    third = Place(tmp_path / "third", NAMES[2])
    befriend(third, other)
    big(one, 20)
    big(third, 20)
    with serving(other) as address:
        for place in (one, third):
            at(place, other, address)
        runs = [threading.Thread(target=cop, args=[place, "sync"]) for place in (one, third)]
        for run in runs:
            run.start()
        for run in runs:
            run.join(WAIT_SECONDS)
        for place in (one, third, one):
            cop(place, "sync")
    sizes = {len(place.entry_ids()) for place in (one, other, third)}
    assert len(other.entry_ids()) == len(one.entry_ids()) and len(sizes) <= 2


def test_the_server_refuses_nonsense_and_goes_on(pair: tuple[Place, Place]) -> None:
    import requests

    one, other = pair
    with serving(other) as address:
        at(one, other, address)
        url = f"{address}/-/cop/sync"
        for body in (b"", b"x", b"\x28\xb5\x2f\xfd" + b"\xff" * 50, b"\0" * 100_000):
            assert requests.post(url, data=body, timeout=WAIT_SECONDS).status_code in (400, 413)
        assert requests.get(url, timeout=WAIT_SECONDS).status_code == 405
        cop(one, "sync")


def test_an_entry_without_a_title_is_listed_as_that(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    one.change(None, {"summary": "Only this"})
    assert cop(one, "list").endswith("  Without a title\n")


def test_bundles_by_commands(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "On a stick"})
    stick = tmp_path / "news.cop"
    assert "1 change" in cop(one, "bundle", "create", str(stick), "--for", other.name)
    assert json.loads(cop(other, "bundle", "show", str(stick), "--json"))["changes"] == 1
    assert json.loads(cop(other, "bundle", "apply", str(stick), "--dry-run", "--json"))["received"] == 1
    assert json.loads(cop(other, "bundle", "apply", str(stick), "--json"))["received"] == 1
    assert "0 changes came" in cop(other, "bundle", "apply", str(stick))
    stick.write_bytes(stick.read_bytes()[:-20])
    cop(other, "bundle", "apply", str(stick), code=4)
    cop(other, "bundle", "apply", str(tmp_path / "nothing.cop"), code=3)
