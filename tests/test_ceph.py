"""Eight partners meet in a real object store, all at the same time, and one of its storage daemons dies on the way."""

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cop.place.names import sort_out
from tests.commands import free_port, ran
from tests.network import Place, befriend

pytest.importorskip("obstore")
pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / ".ci" / "ceph"
ADDRESS = "s3://cop/our/network"
PARTNERS, ROUNDS, KILL_AFTER = 8, 4, 10  # one daemon is killed once so many exchanges are through
WAIT_SECONDS = 300


def script(*arguments: str) -> str:
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A running Ceph; its keys are in the environment."""
    with tempfile.TemporaryDirectory() as made:  # short: sockets have a limit on the length of their path
        folder = Path(made) / "ceph"
        try:
            endpoint, key, secret = script("start", str(folder), str(free_port())).split()[-3:]
            told = {"ENDPOINT": endpoint, "ACCESS_KEY_ID": key, "SECRET_ACCESS_KEY": secret, "ALLOW_HTTP": "true"}
            for name, value in {**told, "REGION": "us-east-1"}.items():
                monkeypatch.setenv(f"AWS_{name}", value)
            yield folder
        finally:
            script("stop", str(folder))


def cop(place: Place, *arguments: str) -> tuple[int, str, str]:
    done = ran(place, *arguments, seconds=WAIT_SECONDS)
    return done.returncode, done.stdout, done.stderr


class Exchanges:
    """What all partners together have done so far."""

    def __init__(self, store: Path) -> None:
        self.store, self.lock = store, threading.Lock()
        self.done = self.again = 0
        self.killed = ""

    def sync(self, place: Place) -> None:
        """`cop sync`, again as long as the store is not reachable: that is always safe."""
        for _ in range(20):
            code, out, err = cop(place, "sync", "--json")
            assert code in (0, 3, 5), f"{code} {out} {err}"  # 5: all of them write into the shared ones
            with self.lock:
                self.done, self.again = self.done + (code != 3), self.again + (code == 3)
                if self.done >= KILL_AFTER and not self.killed:
                    self.killed = script("kill-one", str(self.store))
            if code != 3:
                return
        raise AssertionError(f"{place.name} never got through: {err}")

    def rounds(self, place: Place, number: int) -> None:
        """What one partner does: write, save, exchange, again and again."""
        for at in range(ROUNDS):
            place.write(f"posts/{number}-{at}.md", f"---\ntitle: Post {number}-{at}\n---\n\nText {number}-{at}.\n")
            place.write("resources/shared.md", f"---\nid: shared-{at}\ntitle: Shared {at}\nnote: by {number}\n---\n")
            code, out, err = cop(place, "load", "--json")
            assert code == 0, out + err
            self.sync(place)


def test_a_copy_of_the_site_is_published_and_brought_up_to_date(store: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, "Partner")
    place.close()
    for at in range(30):
        place.write(f"posts/{at}.md", f"---\ntitle: Post {at}\n---\n\nText {at}.\n")
    assert cop(place, "load")[0] == 0
    address = "s3://cop/our/site"
    code, out, err = cop(place, "export", "static", address, "--json")
    first = json.loads(out)
    assert code == 0 and first["written"] == first["files"] > 90, err
    assert json.loads(cop(place, "export", "static", address, "--json")[1])["written"] == 0
    place.write("posts/7.md", "---\ntitle: Post 7\n---\n\nAnother text.\n")
    assert cop(place, "load")[0] == 0
    script("kill-one", str(store))
    second = json.loads(cop(place, "export", "static", address, "--json")[1])
    assert 0 < second["written"] < first["files"] / 3 and second["files"] == first["files"]
    assert cop(place, "export", "static", str(tmp_path / "copy"))[0] == 0
    from cop.transports.objects import ObjectCarrier

    carrier = ObjectCarrier(address)
    for path in filter(Path.is_file, (tmp_path / "copy").rglob("*")):
        assert carrier.read(path.relative_to(tmp_path / "copy").as_posix(), 10**8) == path.read_bytes()


def network_of(folder: Path) -> list[Place]:
    """Everyone knows the first, and the first everyone: the others are members through it."""
    found = [Place(folder / str(at), f"Partner {at}") for at in range(PARTNERS)]
    for other in found[1:]:
        befriend(found[0], other)
    for place in found:
        place.db.execute("UPDATE local_partner SET address = ?", [ADDRESS])
        place.close()
    return found


def test_eight_partners_at_once_lose_nothing_when_a_storage_daemon_dies(store: Path, tmp_path: Path) -> None:
    found = network_of(tmp_path)
    all_of_them = Exchanges(store)
    with ThreadPoolExecutor(PARTNERS) as pool:
        list(pool.map(all_of_them.rounds, found, range(PARTNERS)))
    assert all_of_them.killed
    for _ in range(3):
        for place in found:
            all_of_them.sync(place)
    told = [json.loads(cop(place, "status", "--json")[1]) for place in found]
    assert len({one["digest"] for one in told}) == 1
    assert {one["waiting"] for one in told} == {0}
    for place in found:
        titles = cop(place, "list", "post")[1]
        assert all(f"Post {number}-{at}" in titles for number in range(PARTNERS) for at in range(ROUNDS))
        assert cop(place, "verify")[0] == 0
    from cop.transports.objects import ObjectCarrier

    listing = sort_out(ObjectCarrier(ADDRESS).list())
    print(  # for `pytest -s`
        f"\n{PARTNERS} partners, {ROUNDS} rounds: {all_of_them.done} exchanges went through, {all_of_them.again} had to be"
        f" run again; {all_of_them.killed}; {len(listing.files)} files by {len(listing.states)} publishers;"
        f" {told[0]['entries']} entries everywhere, digest {told[0]['digest'][:16]}"
    )
