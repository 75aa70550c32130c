"""Attachments between places: what is lacking, what is fetched and brought, over lines that break or lie."""

import hashlib
import io
import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import (
    amounts,
    attachments,
    blob_answering,
    blob_exchange,
    blob_memory,
    blobs,
    config,
    exchanges,
    lacking,
    log,
    verification,
)
from cop.blob_report import Exchanged, Planned
from cop.blobs import Part
from cop.errors import CopError, ForAnother, NotReachable, Refused
from cop.transports import partly_known
from cop.transports.attachments import Coming, HttpBlobs
from cop.transports.base import AnswersOtherwise, LineCut
from cop.transports.http import HttpTransport
from cop.transports.signatures import Request, sender_of, sign_request
from tests.commands import at, cop, report, serving
from tests.lines import Between, cutting
from tests.network import NOW, Place, network

LARGE = bytes(range(256)) * 1200  # 307,200 bytes: more than one piece


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def publish(place: Place, data: bytes = LARGE, name: str = "agenda.pdf", **changes: Any) -> str:
    """An event with one attachment, as `cop load` makes it. Returns the record id."""
    sha256, size = blobs.keep(blobs.folder(place.site), io.BytesIO(data), attachments.MAX_BYTES)
    value = {**attachments.Attachment(name, size, sha256, "Agenda").value(), **changes}
    return place.change(fields={"title": "Circle", "papers": [value]}, type_name="event")


def holds(place: Place, data: bytes = LARGE) -> bool:
    path = blobs.path_of(blobs.folder(place.site), sha(data))
    return path.is_file() and path.read_bytes() == data


def allow(place: Place, most: str) -> None:
    place.site = replace(place.site, config=replace(place.site.config, max_attachment=most))


def parts(place: Place) -> list[Path]:
    return list(blobs.folder(place.site).glob("*/*.part"))


class BlobLine:
    """Attachments of another place in this process. `cuts` are numbers of bytes after which the line breaks."""

    def __init__(self, here: Place, other: Place, cuts: list[int] | None = None) -> None:
        self.here, self.other, self.cuts = here, other, list(cuts or [])
        self.partner = other.signer.public
        self.asked = 0
        self.travelled = 0
        self.spoil = lambda data: data
        self.total: int | None = None

    def ask(self, message: bytes) -> bytes:
        self.asked += 1
        return blob_answering.answer(self.other.site, self.other.db, message, self.here.signer.public)

    @contextmanager
    def fetch(self, sha256: str, start: int) -> Iterator[Coming | None]:
        path = blob_answering.published(self.other.site, sha256)
        if path is None:
            yield None
            return
        data = self.spoil(path.read_bytes())
        yield Coming(start, len(data) if self.total is None else self.total, self._pieces(data[start:]))

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        if self.cuts:
            self.travelled += min(self.cuts[0], len(data))
            yield data[: self.cuts[0]]
            if self.cuts.pop(0) < len(data):
                raise LineCut("cut")
            return
        self.travelled += len(data)
        yield data

    def held_there(self, sha256: str) -> int | None:
        return blob_answering.length_held(self.other.site, self.other.db, sha256, self.here.signer.public)

    def send(self, sha256: str, size: int, start: int, piece: bytes) -> int:
        if self.cuts and self.cuts.pop(0) < len(piece):
            raise LineCut("cut")
        self.travelled += len(piece)
        try:
            return blob_answering.take(
                self.other.site, self.other.db, self.spoil(piece), sha256=sha256, size=size, start=start,
                sender=self.here.signer.public,
            )  # fmt: skip
        except Refused:
            return -1


def exchange(here: Place, other: Place, line: BlobLine | None = None, *, text_moved: bool = False) -> Exchanged:
    return blob_exchange.run(
        here.side, other.organisation, line or BlobLine(here, other), lambda done, of: None, text_moved=text_moved
    )


def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = network(tmp_path, 2)
    return one, other


# -- fetching and bringing


def test_what_is_lacking_is_fetched_after_the_text(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    assert not holds(other)
    assert exchange(other, one) == Exchanged(received=1)
    assert holds(other)


def test_what_the_partner_lacks_is_brought(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    assert exchange(one, other) == Exchanged(sent=1)
    assert holds(other) and not parts(other)


def test_nothing_is_asked_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    exchange(one, other)
    line = BlobLine(one, other)
    assert exchange(one, other, line) == Exchanged()
    assert line.asked == 0


def test_a_light_copy_passes_on_what_it_holds(tmp_path: Path) -> None:
    first, light, last = network(tmp_path, 3)
    publish(first, b"small", "small.pdf")
    publish(first)
    allow(light, "1 KB")
    light.sync(first)
    assert exchange(light, first) == Exchanged(received=1, left_out=1)
    light.sync(last)
    assert exchange(light, last) == Exchanged(sent=1, left_out=1)
    assert holds(last, b"small") and not holds(last)
    assert exchange(last, light) == Exchanged(waiting=1)
    assert exchange(last, first) == Exchanged(received=1)
    assert holds(last)


def test_a_newer_version_replaces_what_was_wanted(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    record_id = publish(one)
    value = attachments.Attachment("agenda.pdf", 5, sha(b"newer")).value()
    blobs.keep(blobs.folder(one.site), io.BytesIO(b"newer"), 100)
    one.change(record_id, {"papers": [value]}, type_name="event")
    other.sync(one)
    assert exchange(other, one) == Exchanged(received=1)
    assert holds(other, b"newer") and not holds(other)


# -- cuts


@pytest.mark.parametrize("at", [0, 1, 1000, len(LARGE) - 1])
def test_a_fetch_that_was_cut_goes_on_where_it_stopped(tmp_path: Path, at: int) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one, [at])
    assert exchange(other, one, line).received == 1
    assert line.travelled == len(LARGE), "no byte came twice"
    assert holds(other) and not parts(other)


def test_what_came_before_the_line_broke_for_good_counts_at_the_next_run(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one, [1000, *[0] * 20])
    assert exchange(other, one, line) == Exchanged(waiting=1)
    assert [path.stat().st_size for path in parts(other)] == [1000]
    line = BlobLine(other, one)
    assert exchange(other, one, line).received == 1
    assert line.travelled == len(LARGE) - 1000


def test_bringing_goes_on_after_a_cut(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    line = BlobLine(one, other, [10**9, 0])
    assert exchange(one, other, line).sent == 1
    assert line.travelled == len(LARGE)
    assert holds(other)


@given(cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_any_cuts_end_in_the_same_bytes(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    data, root = LARGE[:5000], tmp_path_factory.mktemp("cuts")
    for cut in cuts:
        part = Part(root, sha(data))
        start = part.length
        assert part.add(iter([data[start : start + cut]]), len(data) - start) == 0
    part = Part(root, sha(data))
    assert part.add(iter([data[part.length :]]), len(data) - part.length) == 0
    assert part.finish()
    assert blobs.path_of(root, sha(data)).read_bytes() == data


# -- lies


def test_wrong_bytes_are_thrown_away_and_reported(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one)
    line.spoil = lambda data: b"x" + data[1:]
    assert exchange(other, one, line) == Exchanged(waiting=1, wrong=1)
    assert not holds(other) and not parts(other)


def test_a_beginning_that_was_wrong_does_not_spoil_the_next_partner(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    Part(blobs.folder(other.site), sha(LARGE)).add(iter([b"rubbish"]), 100)
    assert exchange(other, one) == Exchanged(received=1)


@pytest.mark.parametrize("more", [1, 10_000_000])
def test_more_bytes_than_announced_are_not_read(tmp_path: Path, more: int) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one)
    line.spoil = lambda data: data + bytes(more)
    assert exchange(other, one, line).wrong == 1
    line.total = len(LARGE)
    assert exchange(other, one, line).wrong == 1
    assert not holds(other) and not parts(other)


def test_a_record_that_names_a_wrong_size_brings_nothing(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, size=5)
    other.sync(one)
    assert exchange(other, one) == Exchanged(waiting=1, wrong=1)


def test_a_record_that_names_a_wrong_hash_brings_nothing(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, sha256="ab" * 32)
    other.sync(one)
    assert exchange(other, one) == Exchanged(waiting=1)


def take(place: Place, data: bytes, sender: bytes, **changes: Any) -> int:
    told = {"sha256": sha(data), "size": len(data), "start": 0, **changes}
    return blob_answering.take(place.site, place.db, data, sender=sender, **told)


def test_only_what_a_public_record_names_is_taken_and_only_from_members(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, b"wanted")
    one.sync(other)
    sender = one.signer.public
    with pytest.raises(Refused, match="No public record"):
        take(other, b"unasked", sender)
    with pytest.raises(Refused, match="No public record"):
        take(other, b"wanted", sender, size=7)
    with pytest.raises(Refused, match="no partner"):
        take(other, b"wanted", b"")
    with pytest.raises(Refused, match="no partner"):
        take(other, b"wanted", bytes(32))
    with pytest.raises(Refused, match="not what its hash says"):
        take(other, b"wanteD", sender, sha256=sha(b"wanted"))
    allow(other, "3 bytes")
    with pytest.raises(Refused, match="larger"):
        take(other, b"wanted", sender)
    assert not parts(other) and not list(blobs.folder(other.site).glob("*/*"))


def test_pieces_out_of_order_change_nothing(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, b"wanted")
    one.sync(other)
    sender, told = one.signer.public, {"sha256": sha(b"wanted"), "size": 6}
    for start, piece, held in (
        (3, b"ted", 0),
        (0, b"wan", 3),
        (0, b"wan", 3),
        (9, b"t", 3),
        (3, b"tedx", 3),
        (3, b"ted", 6),
    ):
        assert take(other, piece, sender, **told, start=start) == held
    assert holds(other, b"wanted")


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xa0", b"\xa1\x61v\x02", b"\x00" * 300_000])
def test_a_message_that_makes_no_sense_is_refused(tmp_path: Path, data: bytes) -> None:
    one = network(tmp_path, 1)[0]
    with pytest.raises(Refused):
        blob_answering.answer(one.site, one.db, data, b"")


# -- what is lacking


def test_only_current_values_of_public_records_count(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    record_id = publish(one)
    value = [attachments.Attachment("secret.pdf", 6, sha(b"secret")).value()]
    one.change(fields={"title": "For partners", "papers": value}, type_name="event", audience=1)
    one.sync(other)
    assert [one.name for one in lacking.lacking(other.site).wanted] == ["agenda.pdf"]
    one.change(record_id, {"papers": None}, type_name="event")
    one.sync(other)
    assert lacking.lacking(other.site) == lacking.Lacking()


def test_both_answers_to_a_difference_count(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    record_id = publish(one)
    one.sync(other)
    for place, data in ((one, b"ours"), (other, b"theirs")):
        sha256, size = blobs.keep(blobs.folder(place.site), io.BytesIO(data), 100)
        place.change(record_id, {"papers": [attachments.Attachment("a.pdf", size, sha256).value()]}, type_name="event")
    one.sync(other)
    assert exchange(one, other) == Exchanged(received=1, sent=1)
    assert holds(one, b"theirs") and holds(other, b"ours")


def test_what_is_too_large_is_left_out_and_listed(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    record_id = publish(one)
    other.sync(one)
    allow(other, "100 KB")
    assert exchange(other, one) == Exchanged(left_out=1)
    assert not holds(other)
    told = lacking.report(other.site)
    assert (told["held"], told["wanted"]) == (0, 0)
    assert told["left_out"] == [
        {"name": "agenda.pdf", "size": len(LARGE), "record": record_id, "title": "Circle", "sha256": sha(LARGE),
         "why": "larger than 100 KB"}
    ]  # fmt: skip
    allow(other, "0")
    assert "max_attachment is 0" in lacking.report(other.site)["left_out"][0]["why"]


@pytest.mark.parametrize(
    ("line", "most"), [('"10 MB"', 10_000_000), ('"1.5 kb"', 1500), ("0", 0), ('"0"', 0), ("700", 700)]
)
def test_max_attachment_is_a_size(tmp_path: Path, line: str, most: int) -> None:
    path = tmp_path / "cop.toml"
    path.write_text(f'name = "A"\nkind = "community"\nmax_attachment = {line}\n')
    assert config.read_config(path).max_attachment_bytes == most


@pytest.mark.parametrize("line", ['"many"', '"-1 MB"', '"10 TB"', "true", "-5", '""'])
def test_a_wrong_max_attachment_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cop.toml"
    path.write_text(f'name = "A"\nkind = "community"\nmax_attachment = {line}\n')
    with pytest.raises(CopError, match="max_attachment"):
        config.read_config(path)


# -- over HTTP


def get(address: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, method=method, headers=given), timeout=30
        ) as answer:
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}


def reach(place: Place, other: Place, address: str) -> None:
    cop(place, "partner", "add", other.name, address)


def test_sync_fetches_and_brings_and_says_so(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    publish(other, b"from the other", "other.pdf")
    with serving(one) as address:
        reach(other, one, address)
        first = report(other, one.name)
        assert first["attachments"] == {"received": 1, "sent": 1, "left_out": 0, "waiting": 0, "wrong": 0}
        again = report(other, one.name)
        assert (again["requests"], again["attachments"]["received"]) == (1, 0)
    assert holds(other) and holds(one, b"from the other")
    told = json.loads(cop(other, "status", "--json"))["attachments"]
    assert told == {"held": 2, "wanted": 0, "left_out": []}


@pytest.mark.parametrize("after", [20_000, 100_000, 250_000])
def test_a_cut_line_is_gone_on_with(tmp_path: Path, after: int) -> None:
    one, other = pair(tmp_path)
    publish(one)
    with serving(one) as address:
        room = [after]
        with Between(cutting(address, room)) as between:
            reach(other, one, between.address)
            cop(other, "sync", one.name)  # each connection after the first gets nothing
            came = [path.stat().st_size for path in parts(other)]
            assert came and 0 < came[0] < after
        reach(other, one, address)
        second = report(other, one.name)
        assert second["attachments"]["received"] == 1
        assert second["bytes_in"] < len(LARGE) - came[0] + 5000
    assert holds(other)


def test_the_page_links_it_and_says_what_is_not_here(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, name="agenda & more.pdf")
    other.sync(one)
    with serving(other) as address:
        found = re.search(rb'href="(events/[a-z0-9]+)"', get(f"{address}/events")[1])
        assert found
        page = f"{address}/{found[1].decode()}"
        _, before, headers = get(page)
        assert b"Agenda (PDF, 307 KB), not in this copy" in before
        assert get(page, If_None_Match=headers["etag"])[0] == 304
        exchange(other, one)
        status, after, _ = get(page, If_None_Match=headers["etag"])
        link = re.search(rb'href="\.\./(files/[^"]+)"[^>]*>Agenda \(PDF, 307 KB\)</a>', after)
        assert status == 200 and link
        assert get(f"{address}/{link[1].decode()}")[1] == LARGE


def address_of(address: str, data: bytes, name: str) -> str:
    return f"{address}/files/{sha(data)}/{name}"


def test_files_are_served_to_save_and_in_parts(tmp_path: Path) -> None:
    one, _ = pair(tmp_path)
    publish(one)
    publish(one, b"<script>alert(1)</script>", "page.html")
    publish(one, b"<svg onload='alert(1)'/>", "picture.svg")
    with serving(one) as address:
        status, body, headers = get(address_of(address, LARGE, "agenda.pdf"))
        assert (status, body) == (200, LARGE)
        assert headers["content-type"] == "application/pdf"
        assert headers["content-disposition"].startswith("attachment")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert "immutable" in headers["cache-control"]
        for asked, part, told in (
            ("bytes=0-9", LARGE[:10], "bytes 0-9/307200"),
            ("bytes=300000-", LARGE[300000:], "bytes 300000-307199/307200"),
            ("bytes=-5", LARGE[-5:], "bytes 307195-307199/307200"),
            ("bytes=5-99999999", LARGE[5:], "bytes 5-307199/307200"),
        ):
            status, body, headers = get(address_of(address, LARGE, "agenda.pdf"), Range=asked)
            assert (status, body, headers["content-range"]) == (206, part, told)
        assert get(address_of(address, LARGE, "agenda.pdf"), Range="bytes=307200-")[0] == 416
        assert get(address_of(address, LARGE, "agenda.pdf"), Range="bytes=0-1,4-5")[:2] == (200, LARGE)
        assert get(address_of(address, LARGE, "agenda.pdf"), Range="bytes=0-1", If_Range='"other"')[:2] == (200, LARGE)
        assert get(address_of(address, LARGE, "agenda.pdf"), If_None_Match=f'"{sha(LARGE)}"')[0] == 304
        status, body, headers = get(address_of(address, LARGE, "agenda.pdf"), "HEAD")
        assert (status, body, headers["content-length"]) == (200, b"", "307200")
        for data, name in ((b"<script>alert(1)</script>", "page.html"), (b"<svg onload='alert(1)'/>", "picture.svg")):
            headers = get(address_of(address, data, name))[2]
            assert headers["content-type"] == "application/octet-stream"
            assert headers["content-disposition"].startswith("attachment")
        assert get(f"{address}/-/cop/blob/{sha(LARGE)}", Range="bytes=10-19")[1] == LARGE[10:20]
        assert get(f"{address}/-/cop/blob/{sha(LARGE)}", "HEAD")[2]["upload-offset"] == "307200"
        assert get(address_of(address, LARGE, "agenda.pdf"), "POST")[0] in (403, 405)


def test_nothing_unpublished_is_served(tmp_path: Path) -> None:
    one, _ = pair(tmp_path)
    record_id = publish(one)
    for audience in (1, 2):
        sha256, size = blobs.keep(blobs.folder(one.site), io.BytesIO(b"secret"), 100)
        value = [attachments.Attachment("secret.pdf", size, sha256).value()]
        one.change(fields={"title": "Secret", "papers": value}, type_name="event", audience=audience)
    with serving(one) as address:
        for wrong in (
            address_of(address, b"secret", "secret.pdf"),
            f"{address}/-/cop/blob/{sha(b'secret')}",
            address_of(address, LARGE, "agenda.html"),
            address_of(address, LARGE, "..%2f..%2fstore.db"),
            f"{address}/files/{'0' * 64}/a.pdf",
            f"{address}/files/../data/store.db",
            f"{address}/-/cop/blob/{sha(LARGE)[:-1]}",
        ):
            assert get(wrong)[0] == 404, wrong
        one.change(record_id, {"withdrawn": "It was a mistake"}, type_name="event")
        assert get(address_of(address, LARGE, "agenda.pdf"))[0] == 404
        assert get(f"{address}/-/cop/blob/{sha(LARGE)}")[0] == 404


def test_a_stranger_cannot_bring_anything(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    with serving(other) as address:
        target = f"{address}/-/cop/blob/{sha(LARGE)}?sha256={sha(LARGE)}&size={len(LARGE)}&start=0"
        request = urllib.request.Request(target, data=LARGE[:1000], method="PUT")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code == 400
        assert get(f"{address}/-/cop/blob/{sha(LARGE)}", "HEAD")[0] == 404
    assert not parts(other)


def test_a_damaged_file_is_told_by_verify_and_not_sent(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    blobs.path_of(blobs.folder(one.site), sha(LARGE)).write_bytes(LARGE[::-1])
    assert any("agenda.pdf" in problem for problem in verification.verify(one.site, one.db).problems)
    line = BlobLine(one, other)
    assert exchange(one, other, line) == Exchanged()
    assert line.travelled == 0


def test_a_partner_with_an_older_cop_is_no_error(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    line = BlobLine(one, other)

    def ask(_: bytes) -> bytes:
        raise AnswersOtherwise("status 404")

    line.ask = ask  # type: ignore[method-assign]
    assert exchange(one, other, line) == Exchanged()


@pytest.mark.parametrize("error", [NotReachable("gone"), Refused("no"), OSError(28, "No space left on device")])
def test_whatever_goes_wrong_the_text_is_in(tmp_path: Path, error: Exception) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one)

    def ask(_: bytes) -> bytes:
        raise error

    line.ask = ask  # type: ignore[method-assign]
    assert exchange(other, one, line) == Exchanged(waiting=1)


class Elsewhere(BlobLine):
    """Says what it has as a partner does, and sends what a raw server sends."""

    def __init__(self, here: Place, other: Place, address: str) -> None:
        super().__init__(here, other)
        self.fetch = HttpBlobs(HttpTransport(address)).fetch  # type: ignore[method-assign]


def raw(head: str, body: bytes, times: int = 1) -> Any:
    """A server that answers every request with the same bytes, the body `times` over."""

    def handle(client: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        client.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode())
        for _ in range(times):
            client.sendall(body)
        client.shutdown(socket.SHUT_RDWR)

    return handle


SIZE = len(LARGE)


@pytest.mark.parametrize(
    ("head", "body", "times", "came"),
    [
        (f"200 OK\r\nContent-Length: {SIZE}", LARGE, 1, Exchanged(received=1)),
        ("200 OK", LARGE, 1, Exchanged(received=1)),
        ("200 OK", LARGE, 400, Exchanged(waiting=1, wrong=1)),
        ("200 OK", LARGE[:1000], 1, Exchanged(waiting=1, wrong=1)),
        ("200 OK\r\nTransfer-Encoding: chunked", b"%x\r\n%b\r\n" % (SIZE, LARGE), 400, Exchanged(waiting=1, wrong=1)),
        (f"200 OK\r\nContent-Length: {10**12}", LARGE, 1, Exchanged(waiting=1, wrong=1)),
        (f"206 Partial Content\r\nContent-Range: bytes 0-9/{SIZE + 1}\r\nContent-Length: 10", LARGE[:10], 1, Exchanged(waiting=1, wrong=1)),
        (f"206 Partial Content\r\nContent-Range: bytes 5-{SIZE - 1}/{SIZE}\r\nContent-Length: {SIZE - 5}", LARGE[5:], 1, Exchanged(waiting=1, wrong=1)),
        ("206 Partial Content\r\nContent-Range: bytes */*\r\nContent-Length: 10", LARGE[:10], 1, Exchanged(waiting=1)),
        ("206 Partial Content\r\nContent-Length: 10", LARGE[:10], 1, Exchanged(waiting=1)),
        ("404 Not Found\r\nContent-Length: 0", b"", 1, Exchanged(waiting=1)),
        ("416 No\r\nContent-Length: 0", b"", 1, Exchanged(waiting=1)),
        ("302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0", b"", 1, Exchanged(waiting=1)),
        ("500 No\r\nContent-Length: 0", b"", 1, Exchanged(waiting=1)),
        ("200 OK\r\nContent-Length: -5", LARGE, 1, Exchanged(received=1)),
        ("rubbish", b"", 1, Exchanged(waiting=1)),
    ],
)  # fmt: skip
def test_a_server_that_answers_oddly_brings_the_bytes_or_nothing(
    tmp_path: Path, head: str, body: bytes, times: int, came: Exchanged
) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    with Between(raw(head, body, times)) as server:
        assert exchange(other, one, Elsewhere(other, one, server.address)) == came
    assert holds(other) == bool(came.received)
    assert sum(path.stat().st_size for path in parts(other)) <= SIZE


def test_a_server_that_sends_all_of_it_again_is_understood(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    Part(blobs.folder(other.site), sha(LARGE)).add(iter([LARGE[:5000]]), SIZE)
    with Between(raw(f"200 OK\r\nContent-Length: {SIZE}", LARGE)) as server:
        assert exchange(other, one, Elsewhere(other, one, server.address)).received == 1
    assert holds(other)


def test_a_signature_on_one_piece_fits_no_other_place_or_file(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    one.sync(other)
    known = partly_known(other.db)
    request = Request("PUT", f"http://x/-/cop/blob/a?sha256={sha(LARGE)}&size={SIZE}&start=0")
    sign_request(request, one.signer, LARGE[:10], other.organisation)
    assert sender_of(request, LARGE[:10], known, other.organisation).writer == one.signer.public
    for changed in (
        replace(request, url=request.url.replace("start=0", "start=1")),
        replace(request, url=request.url.replace(sha(LARGE), "ab" * 32)),
        replace(request, method="POST"),
    ):
        with pytest.raises(Refused):
            sender_of(changed, LARGE[:10], known, other.organisation)
    with pytest.raises(Refused):
        sender_of(request, LARGE[:9], known, other.organisation)
    with pytest.raises(ForAnother):
        sender_of(request, LARGE[:10], known, one.organisation)


def test_wrong_bytes_are_not_fetched_for_ever(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    other.sync(one)
    line = BlobLine(other, one)
    line.spoil = lambda data: b"x" + data[1:]
    for _ in range(5):
        exchange(other, one, line)
    assert line.travelled == blob_memory.MAX_WRONG * len(LARGE)
    assert exchange(other, one, text_moved=True).received == 1, "after other news it is tried again"


def test_one_line_says_that_files_moved() -> None:
    told = {"received": 0, "sent": 0, "attachments": {"received": 2, "sent": 1}}
    assert exchanges.sentence("Caafi Health", told) == "Caafi Health: 0 came, 0 went, files: 2 came, 1 went."


def test_what_a_partner_has_just_brought_is_wanted_before_the_pages_have_followed(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    entries = [entry for entry in one.entries() if not log.holds(other.db, entry.entry_id)]
    log.append(other.db, entries, one.payloads(), received_time=NOW, received_from="x")
    assert exchange(one, other) == Exchanged(sent=1)
    assert holds(other)


def test_a_dry_run_says_how_many_files_would_move_and_moves_none(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    publish(one, b"x" * 2000, "large.pdf")
    publish(other, b"small", "small.pdf")
    other.sync(one)
    with serving(one) as address:
        at(other, one, address)
        came = f"2 files would come ({amounts.size(SIZE + 2000)}), 1 would go (5 bytes)."
        assert came in cop(other, "sync", "--dry-run")
        told = json.loads(cop(other, "sync", "--dry-run", "--json"))[0]["attachments"]
        counts = {"received": 2, "sent": 1, "left_out": 0, "waiting": 0, "wrong": 0}
        assert told == {**counts, "bytes_in": SIZE + 2000, "bytes_out": 5}
        assert not holds(other) and not holds(one, b"small") and not parts(other)
        cop(other, "sync")
        assert holds(other) and holds(one, b"small")
        told = json.loads(cop(other, "sync", "--dry-run", "--json"))[0]["attachments"]
        assert set(told.values()) == {0}


def test_a_dry_run_counts_what_is_left_of_a_file_and_what_is_not_to_be_had(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    publish(one, b"gone", "gone.pdf")
    other.sync(one)
    blobs.path_of(blobs.folder(one.site), sha(b"gone")).unlink()
    Part(blobs.folder(other.site), sha(LARGE)).add(iter([LARGE[:5000]]), SIZE)
    told = blob_exchange.preview(other.side, one.organisation, BlobLine(other, one), text_moves=False)
    assert told == Planned(received=1, waiting=1, bytes_in=SIZE - 5000)
    allow(other, "1 KB")
    told = blob_exchange.preview(other.side, one.organisation, BlobLine(other, one), text_moves=False)
    assert told == Planned(left_out=1, waiting=1)


def test_a_record_that_names_a_small_size_lets_nothing_large_in(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    publish(one, size=5)
    other.sync(one)
    allow(other, "100 KB")
    line = BlobLine(other, one)
    assert exchange(other, one, line) == Exchanged(waiting=1, wrong=1)
    assert line.travelled == 0 and not holds(other)
