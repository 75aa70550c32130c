"""One set of tests for every way that files or messages travel: a new carrier is done when it passes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cop import bundle, cbor, wire
from cop.errors import CopError, NotReachable, NotThere, Refused, TooLarge
from cop.model import OWN, PARTNERS
from cop.place.names import sort_out
from cop.transports.base import FileCarrier
from cop.transports.folder import FolderCarrier
from cop.transports.objects import ObjectCarrier
from cop.transports.static import StaticCarrier
from tests.carriers import visit, web_server
from tests.network import NOW, Line, Place, assert_same_views, befriend, network, places, read_by_anyone
from tests.test_sync import big

obstore = pytest.importorskip("obstore")

ONE, OTHER = f"cop1/{'a' * 32}/000001-e-{'b' * 24}.cop", f"cop1/{'c' * 32}/state.cop"


class FileCarrierTests:
    """What every place that holds files promises."""

    @pytest.fixture
    def carrier(self, tmp_path: Path) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def filled(self, carrier: FileCarrier) -> FileCarrier:
        """The carrier, with two files in it."""
        carrier.write(ONE, b"entries")
        carrier.write(OTHER, b"state" * 1000)
        return carrier

    def test_what_was_written_can_be_read(self, filled: FileCarrier) -> None:
        assert filled.read(ONE, 100) == b"entries"
        assert filled.read(OTHER, 5000) == b"state" * 1000

    def test_reading_what_is_missing_says_so(self, filled: FileCarrier) -> None:
        for name in (ONE.replace("000001", "000002"), f"cop1/{'d' * 32}/state.cop"):
            with pytest.raises(NotThere) as failed:
                filled.read(name, 100)
            assert failed.value.exit_code == 3

    def test_too_much_is_not_read(self, filled: FileCarrier) -> None:
        with pytest.raises(TooLarge):
            filled.read(OTHER, 4999)

    def test_bytes_and_requests_are_counted(self, filled: FileCarrier) -> None:
        before = filled.bytes_in, filled.requests
        filled.read(ONE, 100)
        assert (filled.bytes_in, filled.requests) == (before[0] + 7, before[1] + 1)


class WritableCarrierTests(FileCarrierTests):
    """And of one that can be written to."""

    def test_nothing_written_is_an_empty_list(self, carrier: FileCarrier) -> None:
        assert carrier.list() == {}

    def test_files_are_listed_with_their_sizes(self, filled: FileCarrier) -> None:
        assert filled.list() == {ONE: 7, OTHER: 5000}

    def test_writing_the_same_twice_leaves_one_file(self, filled: FileCarrier) -> None:
        filled.write(ONE, b"entries")
        assert (filled.read(ONE, 100), filled.list()[ONE]) == (b"entries", 7)

    def test_a_state_is_replaced_whole(self, filled: FileCarrier) -> None:
        filled.write(OTHER, b"new")
        assert (filled.read(OTHER, 100), filled.list()) == (b"new", {ONE: 7, OTHER: 3})

    def test_an_empty_file_is_listed_as_one(self, filled: FileCarrier) -> None:
        filled.write(ONE, b"")
        assert (filled.read(ONE, 100), filled.list()[ONE]) == (b"", 0)

    def test_names_that_cloud_services_make_can_be_read(self, carrier: FileCarrier) -> None:
        for name in ("000001-e (1).cop", "x - Copy.cop", "s.sync-conflict-20260101-101010-ABC.cop", "ø ü+%20#.cop"):
            path = f"cop1/{'a' * 32}/{name}"
            carrier.write(path, name.encode())
            assert carrier.list()[path] == len(name.encode())
            assert carrier.read(path, 100) == name.encode()

    def test_deleting_takes_away_one_file_and_twice_is_fine(self, filled: FileCarrier) -> None:
        filled.delete(ONE)
        filled.delete(ONE)
        assert filled.list() == {OTHER: 5000}

    def test_what_was_written_is_counted(self, carrier: FileCarrier) -> None:
        carrier.write(ONE, b"entries")
        assert (carrier.bytes_out, carrier.bytes_in, carrier.requests) == (7, 0, 1)

    def test_it_says_that_it_can_be_written_and_listed(self, carrier: FileCarrier) -> None:
        assert carrier.can_list and not carrier.read_only


class TestFolder(WritableCarrierTests):
    @pytest.fixture
    def carrier(self, tmp_path: Path) -> FolderCarrier:
        return FolderCarrier(str(tmp_path))

    def test_names_that_lead_out_of_the_folder_are_refused(self, carrier: FolderCarrier) -> None:
        for name in ("../x", "cop1/../../x", "/etc/passwd", "cop1\\..\\x", "elsewhere/x", ""):
            for use in (lambda n: carrier.read(n, 10), lambda n: carrier.write(n, b""), carrier.delete):
                with pytest.raises(Refused):
                    use(name)

    def test_a_stick_pulled_out_meanwhile_is_not_written_beside(self, filled: FolderCarrier, tmp_path: Path) -> None:
        filled.list()
        (tmp_path / "cop1").rename(tmp_path / "elsewhere")
        with pytest.raises(NotReachable, match="is gone"):
            filled.write(ONE, b"x")
        assert not (tmp_path / "cop1").exists()


class TestObjectsInMemory(WritableCarrierTests):
    @pytest.fixture
    def carrier(self) -> ObjectCarrier:
        from obstore.store import MemoryStore

        return ObjectCarrier("memory", MemoryStore())


class TestObjectsOnDisk(WritableCarrierTests):
    @pytest.fixture
    def carrier(self, tmp_path: Path) -> ObjectCarrier:
        from obstore.store import LocalStore

        return ObjectCarrier("disk", LocalStore(tmp_path))


class TestStatic(FileCarrierTests):
    @pytest.fixture
    def carrier(self, tmp_path: Path) -> Iterator[StaticCarrier]:
        with web_server(tmp_path) as address:
            yield StaticCarrier(address)

    @pytest.fixture
    def filled(self, carrier: StaticCarrier, tmp_path: Path) -> StaticCarrier:
        folder = FolderCarrier(str(tmp_path))
        folder.write(ONE, b"entries")
        folder.write(OTHER, b"state" * 1000)
        return carrier

    def test_it_can_only_be_read(self, filled: StaticCarrier) -> None:
        assert filled.read_only and not filled.can_list
        for use in (lambda: filled.write(ONE, b"x"), lambda: filled.delete(ONE)):
            with pytest.raises(Refused):
                use()
        assert filled.read(ONE, 100) == b"entries"

    def test_redirects_are_not_followed(self, filled: StaticCarrier) -> None:
        with pytest.raises(NotReachable):  # a folder without "/" at its end is one, to that server
            filled.read("cop1", 100)


def test_a_server_that_is_not_there_is_not_reachable() -> None:
    with pytest.raises(NotReachable):
        StaticCarrier("http://127.0.0.1:9").read(ONE, 10)


# -- object stores by address


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y"), ("ALLOW_HTTP", "true"), ("REGION", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    return monkeypatch


def test_a_dead_endpoint_is_not_reachable_and_said_so_in_words(keys: pytest.MonkeyPatch) -> None:
    carrier = ObjectCarrier("s3://bucket/folder")
    for use in (carrier.list, lambda: carrier.read(ONE, 10), lambda: carrier.write(ONE, b"x")):
        with pytest.raises(NotReachable, match="s3://bucket/folder cannot be reached") as failed:
            use()
        assert "AWS_ENDPOINT" in failed.value.hint and "Debug" not in str(failed.value)


def test_an_address_without_a_bucket_is_no_address(keys: pytest.MonkeyPatch) -> None:
    for address in ("s3://", "az://x"):
        with pytest.raises(CopError):
            ObjectCarrier(address)


def test_without_the_extra_the_command_to_install_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(CopError) as failed:
        ObjectCarrier("s3://bucket")
    assert failed.value.hint == f"{sys.executable} -m pip install obstore"


# -- whole exchanges


class ExchangeTests:
    """What partners can rely on, whichever way they exchange."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "between"
        self.folder.mkdir()

    def go(self, one: Place, other: Place) -> None:
        """One turn: what `one` does to exchange with `other`."""
        raise NotImplementedError

    def bytes_between(self) -> list[bytes]:
        """All messages that travelled."""
        raise NotImplementedError

    def settle(self, *found: Place) -> None:
        for _ in range(3):
            for one in found:
                for other in found:
                    if one is not other:
                        self.go(one, other)

    def take(self, one: Place, other: Place) -> None:
        """`one` takes what `other` has."""
        self.go(one, other)

    def test_two_places_end_equal_with_every_edit_of_both(self, tmp_path: Path) -> None:
        one, other = network(tmp_path, 2)
        shared = one.change(None, {"title": "Power", "summary": "One"})
        self.settle(one, other)
        one.change(shared, {"title": "Sharing power"})
        other.change(shared, {"summary": "Two"})
        other.change(None, {"title": "A walk"}, audience=PARTNERS)
        self.settle(one, other)
        assert one.entry_ids() == other.entry_ids() and one.payloads() == other.payloads()
        assert other.view(shared).fields == {"title": "Sharing power", "summary": "Two"}
        assert_same_views([one, other])

    def test_what_is_for_partners_cannot_be_read_in_between(self, tmp_path: Path) -> None:
        one, friend, stranger = places(tmp_path, 3)
        befriend(one, friend)
        self.settle(one, friend)
        link = one.change(None, {"title": "Meeting", "summary": "PartnersOnly"}, audience=PARTNERS)
        one.change(None, {"title": "OursAlone"}, audience=OWN)
        one.change(None, {"title": "ForAll"})
        self.settle(one, friend)
        plain = b"".join(self.bytes_between())
        assert b"PartnersOnly" not in plain and b"OursAlone" not in plain and b"ForAll" in plain
        assert friend.view(link).fields["summary"] == "PartnersOnly"
        assert not any(b"OursAlone" in payload for payload in friend.payloads().values())
        stranger.accept(one)
        self.take(stranger, one)
        assert not any(b"PartnersOnly" in payload for payload in stranger.payloads().values())

    def test_three_partners_of_whom_two_know_only_the_third(self, tmp_path: Path) -> None:
        one, middle, other = places(tmp_path, 3)
        befriend(one, middle)
        befriend(middle, other)
        for at, place in enumerate((one, middle, other)):
            place.change(None, {"title": f"From {at}"})
            place.change(None, {"title": f"For partners from {at}"}, audience=PARTNERS)
        for _ in range(4):
            for place, met in ((one, middle), (middle, one), (middle, other), (other, middle)):
                self.go(place, met)
        assert one.entry_ids() == middle.entry_ids() == other.entry_ids()
        assert one.payloads() == other.payloads()
        assert_same_views([one, middle, other])

    def test_a_stranger_stays_out_and_comes_in_once_accepted(self, tmp_path: Path) -> None:
        one, stranger = places(tmp_path, 2)
        stranger.accept(one)
        new = stranger.change(None, {"title": "Hello"})
        secret = stranger.change(None, {"title": "For partners"}, audience=PARTNERS)
        for _ in range(2):
            self.go(stranger, one)
            self._bring(one, stranger)
        assert not {e.writer for e in one.entries()} - {one.signer.public}
        one.accept(stranger)
        self.settle(one, stranger)
        assert one.view(new).fields["title"] == "Hello"
        assert one.view(secret).fields["title"] == "For partners"
        assert_same_views([one, stranger])

    def _bring(self, one: Place, stranger: Place) -> None:
        """What `one` does on its side without having accepted anybody."""

    def test_a_long_log_arrives(self, tmp_path: Path) -> None:
        one, other = network(tmp_path, 2)
        big(one, 45)
        self.settle(one, other)
        assert one.entry_ids() == other.entry_ids() and one.payloads() == other.payloads()


class TestExchangeByHttp(ExchangeTests):
    def go(self, one: Place, other: Place) -> None:

        line = Line(other)
        one.sync(other, line)
        self.messages = [*getattr(self, "messages", []), *(read_by_anyone(message, other) for message in line.messages)]

    def bytes_between(self) -> list[bytes]:
        return list(self.messages)


class TestExchangeByBundle(ExchangeTests):
    def go(self, one: Place, other: Place) -> None:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.cop"
        bundle.create(one.side, path, None, full=True, now=NOW)
        bundle.apply(other.side, path, NOW)

    def take(self, one: Place, other: Place) -> None:
        self.go(other, one)

    def bytes_between(self) -> list[bytes]:
        from tests.test_bundle import frames

        parts = [frame[36:] for path in self.folder.iterdir() for frame in frames(path.read_bytes())[1:-1]]
        return [read_by_anyone(part) for part in parts]


class PlaceExchangeTests(ExchangeTests):
    """And where they meet by leaving files."""

    def carrier(self) -> FileCarrier:
        raise NotImplementedError

    def go(self, one: Place, other: Place) -> None:
        visit(one, self.carrier())

    def _bring(self, one: Place, stranger: Place) -> None:
        visit(one, self.carrier())

    def contents(self) -> dict[str, bytes]:
        carrier = self.carrier()
        return {name: carrier.read(name, 10**7) for name in carrier.list()}

    def bytes_between(self) -> list[bytes]:
        listing = sort_out({name: len(data) for name, data in self.contents().items()})
        data = [self.contents()[path] for paths in listing.files.values() for path in paths]
        return [read_by_anyone(one) for one in data] + [
            data for name, data in self.contents().items() if "state" in name
        ]

    def test_a_second_run_writes_and_stores_nothing(self, tmp_path: Path) -> None:
        one, other = network(tmp_path, 2)
        one.change(None, {"title": "A"})
        other.change(None, {"title": "B"}, audience=PARTNERS)
        self.settle(one, other)
        before = self.contents()
        for place in (one, other):
            report = visit(place, self.carrier())
            assert (report.received, report.sent, report.bytes_out, report.equal) == (0, 0, 0, True)
        assert self.contents() == before

    def test_a_run_that_was_cut_goes_on(self, tmp_path: Path) -> None:
        one, other = network(tmp_path, 2)
        big(one, 40)
        for left in range(2, 30):
            for place in (one, other):
                try:
                    visit(place, Cut(self.carrier(), left))
                except NotReachable:
                    continue
        self.settle(one, other)
        assert one.entry_ids() == other.entry_ids() and one.payloads() == other.payloads()
        assert_same_views([one, other])

    def test_everything_stands_there_once(self, tmp_path: Path) -> None:
        found = network(tmp_path, 3)
        for place in found:
            place.change(None, {"title": place.name})
        self.settle(*found)
        entries = [
            entry.entry_id for data in self._of_kind("e") for entry in wire.unpack(data, found[0].signer).entries
        ]
        assert sorted(entries) == sorted(found[0].entry_ids())

    def _of_kind(self, kind: str) -> list[bytes]:
        listing = sort_out(dict.fromkeys(self.contents(), 1))
        return [self.contents()[name.path] for name in listing.files if name.kind == kind]

    def test_nobody_changes_what_another_wrote(self, tmp_path: Path) -> None:
        one, other = network(tmp_path, 2)
        self.settle(one, other)
        own = f"cop1/{one.signer.public.hex()[:32]}/"
        before = {name: data for name, data in self.contents().items() if name.startswith(own)}
        other.change(None, {"title": "More"})
        for _ in range(3):
            visit(other, self.carrier())
        assert {name: data for name, data in self.contents().items() if name.startswith(own)} == before


class Cut:
    """A carrier that stops after so many requests."""

    def __init__(self, carrier: FileCarrier, left: int) -> None:
        self.carrier, self.left = carrier, left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.carrier, name)
        if name in ("list", "read", "write", "delete"):
            self.left -= 1
            if self.left < 0:
                raise NotReachable("The stick was pulled out.")
        return found


class TestExchangeInAFolder(PlaceExchangeTests):
    def carrier(self) -> FileCarrier:
        return FolderCarrier(str(self.folder))


class TestExchangeInAnObjectStore(PlaceExchangeTests):
    @pytest.fixture(autouse=True)
    def _store(self) -> None:
        from obstore.store import MemoryStore

        self.store = MemoryStore()

    def carrier(self) -> FileCarrier:
        return ObjectCarrier("store", self.store)


def test_a_place_on_a_plain_web_server_can_be_read(tmp_path: Path) -> None:
    one, other, third = places(tmp_path, 3)
    befriend(one, other)
    befriend(one, third)
    folder = tmp_path / "share"
    folder.mkdir()
    for place in (one, third):
        place.change(None, {"title": f"From {place.name}"})
    for place in (one, third, one, third):
        visit(place, FolderCarrier(str(folder)))
    with web_server(folder) as address:
        report = visit(other, StaticCarrier(address))
        assert report.received == 2 and report.sent == 0
        assert one.entry_ids() <= other.entry_ids()
        again = visit(other, StaticCarrier(address))
        assert (again.received, again.equal) == (0, False) and again.requests == 2  # one word of each publisher
    (folder / "cop1" / "x.html").write_text(cbor.__name__)
    with web_server(tmp_path) as address, pytest.raises(NotReachable, match="holds no files of cop"):
        visit(other, StaticCarrier(address))
