"""`cop check --links`: which web addresses still work. Asked of real servers on this computer, some of them hostile."""

import datetime
import http.server
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Cop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cop import link_check, link_hosts, link_mentions, link_outcomes, link_visits
from cop.link_outcomes import Answer, Outcome, judge
from cop.link_visits import Manner, Patience, Visitor

ENOUGH = 20  # seconds; a test that waits so long has failed


class Website:
    """A web server on this computer whose pages are what a test says, and which writes down what it is asked."""

    def __init__(self, number: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, tuple[int, str]] = {}  # path to status and Location
        self.asked: list[str] = []  # such as "HEAD /"
        self.headers: list[dict[str, str]] = []
        self.ended = threading.Event()
        self.refuses_head: dict[str, int] = {}
        self.endless: set[str] = set()
        self.cut = threading.Event()  # a reader of an endless page went away
        self.server = http.server.ThreadingHTTPServer((number, 0), self._handler())
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.address = f"{'https' if context else 'http'}://{number}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                site.answer(self)

            do_GET = do_HEAD

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """One request: written down, then answered as the test says."""
        self.asked.append(f"{handler.command} {handler.path}")
        self.headers.append(dict(handler.headers))
        status, location = self.pages.get(handler.path, (404, ""))
        if handler.command == "HEAD":
            status = self.refuses_head.get(handler.path, status)
        handler.send_response(status)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Set-Cookie", "who=you")
        handler.end_headers()
        if handler.path in self.endless:
            self._write_for_ever(handler)

    def _write_for_ever(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        try:
            while not self.ended.is_set():
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            self.cut.set()

    def close(self) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def website() -> Iterator[Website]:
    site = Website()
    yield site
    site.close()


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket, threading.Event], None]], str]]:
    """Servers that speak HTTP badly: each takes what to do with a line, and gives its address."""
    ended, sockets = threading.Event(), []

    def serve(listener: socket.socket, talk: Callable[[socket.socket, threading.Event], None]) -> None:
        while True:
            try:
                line, _ = listener.accept()
                line.recv(65_536)
                talk(line, ended)
                line.close()
            except OSError:
                if ended.is_set():
                    return

    def start(talk: Callable[[socket.socket, threading.Event], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threading.Thread(target=serve, args=[listener, talk], daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    ended.set()
    for one in sockets:
        one.shutdown(socket.SHUT_RDWR)
        one.close()


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


def manner(**changes: Any) -> Manner:
    """As people ask, but also on this computer, and without waiting."""
    clock = changes.pop("clock", None) or Clock()
    return replace(Manner(private=True, clock=clock.now, wait=clock.wait), **changes)


def outcome(address: str, **changes: Any) -> Outcome:
    return judge(address, Visitor(manner(**changes)).visit(address))


def here(host: str, port: int) -> list[str]:
    """Every name stands for this computer."""
    return ["127.0.0.1"]


# -- what an answer means


def test_a_page_that_answers_works_and_is_asked_once_with_head(website: Website):
    website.pages["/a"] = (200, "")
    assert outcome(f"{website.address}/a") == Outcome("works", 200)
    assert website.asked == ["HEAD /a"]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
def test_a_website_that_refuses_head_is_asked_with_get(website: Website, status: int):
    website.pages["/a"] = (200, "")
    website.refuses_head["/a"] = status
    assert outcome(f"{website.address}/a").name == "works"
    assert website.asked == ["HEAD /a", "GET /a"]


@pytest.mark.parametrize(
    ("status", "name"),
    [(404, "gone"), (410, "gone"), (401, "refused"), (403, "refused"), (429, "refused"), (451, "refused"),
     (999, "refused"), (400, "refused"), (500, "silent"), (503, "silent"), (204, "works"), (304, "refused")],
)  # fmt: skip
def test_each_status_has_an_outcome(website: Website, status: int, name: str):
    website.pages["/a"] = (status, "")
    found = outcome(f"{website.address}/a")
    assert (found.name, found.status) == (name, status)
    assert bool(found.hint) == (name != "works")


def test_who_asks_says_what_it_is_and_sends_no_cookies_or_names(website: Website):
    website.pages |= {"/a": (302, "/b"), "/b": (405, "")}
    outcome(website.address.replace("//", "//ann:secret@") + "/a")
    assert website.asked == ["HEAD /a", "HEAD /b", "GET /b"]
    for headers in website.headers:
        assert headers["User-Agent"].startswith("cop/")
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)


# -- moved


@pytest.mark.parametrize("status", [301, 308])
def test_what_has_moved_for_good_is_told_with_its_new_address(website: Website, status: int):
    website.pages |= {"/old": (status, "/new"), "/new": (200, "")}
    found = outcome(f"{website.address}/old#part")
    assert (found.name, found.status) == ("moved", status)
    assert found.hint == f"Write the new address: {website.address}/new#part"


@pytest.mark.parametrize("status", [302, 303, 307])
def test_what_is_elsewhere_for_now_works(website: Website, status: int):
    website.pages |= {"/old": (status, "/new"), "/new": (200, "")}
    assert outcome(f"{website.address}/old").name == "works"


def test_only_what_moved_for_good_is_written_down(website: Website):
    website.pages |= {"/a": (301, "/b"), "/b": (308, "/c"), "/c": (302, "/d"), "/d": (301, "/e"), "/e": (200, "")}
    assert outcome(f"{website.address}/a").hint.endswith("/c")


def test_a_page_that_moved_to_nowhere_is_gone(website: Website):
    website.pages["/a"] = (301, "/nowhere")
    assert outcome(f"{website.address}/a").name == "gone"


def test_a_new_address_that_is_only_a_front_page_is_no_new_address(website: Website):
    website.pages |= {"/papers/1": (301, "/"), "/": (200, "")}
    found = outcome(f"{website.address}/papers/1")
    assert found.name == "moved"
    assert "front page" in found.reason and "Write" not in found.hint and "web archive" in found.hint


def test_a_new_address_in_another_script_is_written_in_plain_letters(website: Website):
    website.pages |= {"/a": (301, "/\xc3\xa4\x7f\xe2\x80\xae b"), "/%C3%A4%7F%E2%80%AE%20b": (200, "")}
    found = outcome(f"{website.address}/a")
    assert found.hint.isascii() and found.hint.isprintable()


def test_redirects_that_go_round_end(website: Website):
    website.pages |= {"/a": (301, "/b"), "/b": (302, "/a")}
    found = outcome(f"{website.address}/a")
    assert found.name == "silent" and "circle" in found.reason
    assert website.asked == ["HEAD /a", "HEAD /b"]


def test_at_most_five_redirects_are_followed(website: Website):
    website.pages |= {f"/{n}": (302, f"/{n + 1}") for n in range(50)} | {"/50": (200, "")}
    assert "more than 5 times" in outcome(f"{website.address}/0").reason
    assert len(website.asked) == 6
    website.asked.clear()
    assert outcome(f"{website.address}/45").name == "works"


@pytest.mark.parametrize(
    "location",
    ["mailto:a@example.org", "file:///etc/passwd", "app://x", "http://[::1", "http://:80/", "http://a:99999/"],
)
def test_a_redirect_that_is_no_web_address_is_not_followed(website: Website, location: str):
    website.pages["/a"] = (301, location)
    found = outcome(f"{website.address}/a")
    assert found.name == "silent" and link_outcomes.ASTRAY in found.reason


# -- hostile servers


@pytest.mark.parametrize("status", [200, 302])
def test_an_endless_page_is_not_read(website: Website, status: int):
    website.pages |= {"/a": (status, "/b" if status == 302 else ""), "/b": (200, "")}
    website.refuses_head["/a"] = 405
    website.endless.add("/a")
    assert outcome(f"{website.address}/a").name == "works"
    assert website.cut.wait(ENOUGH)


def _silent(line: socket.socket, ended: threading.Event) -> None:
    ended.wait(ENOUGH)


def _drips(line: socket.socket, ended: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not ended.wait(0.02):
        line.sendall(b"x")


def _says_wait(line: socket.socket, ended: threading.Event) -> None:
    while not ended.is_set():
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("talk", [_silent, _drips, _says_wait])
def test_a_slow_server_does_not_hold_us_up(raw: Any, talk: Any):
    cut = threading.Event()

    def and_notice(line: socket.socket, ended: threading.Event) -> None:
        try:
            talk(line, ended)
        except OSError:
            cut.set()
            raise

    found = outcome(raw(and_notice), patience=Patience(connect=0.1, read=0.2))
    assert found.name == "silent" and "too long" in found.reason
    assert talk is _silent or cut.wait(ENOUGH)  # nobody listens to it any longer


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 100, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500]
)
def test_what_does_not_speak_as_websites_do_is_silent(raw: Any, said: bytes):
    found = outcome(raw(lambda line, ended: line.sendall(said)))
    assert found.name == "silent" and link_outcomes.CUT in found.reason


def test_a_closed_door_is_silent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = outcome(f"http://127.0.0.1:{port}/")
    assert found.name == "silent" and link_outcomes.NOBODY in found.reason and found.heard


def _certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate that only itself vouches for."""
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2020, 1, 1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(day).not_valid_after(day.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_certificate_must_bear_the_name_and_somebody_must_vouch_for_it(tmp_path: Path):
    file = _certificate(tmp_path, "good.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    site = Website(context=context)
    site.pages["/"] = (200, "")
    try:
        trusting = {"resolve": here, "authorities": str(file)}
        assert outcome(f"https://good.example:{site.port}/", **trusting).name == "works"
        assert site.headers[0]["Host"] == f"good.example:{site.port}"
        for address, changes in (
            (f"https://other.example:{site.port}/", trusting),
            (f"https://good.example:{site.port}/", {"resolve": here}),
            (f"https://127.0.0.1:{site.port}/", {"authorities": str(file)}),
        ):
            found = outcome(address, **changes)
            assert found.name == "silent" and link_outcomes.UNPROVEN in found.reason
        assert len(site.asked) == 1
    finally:
        site.close()


# -- which computers are asked


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f.1/",
     "http://0.0.0.0/", "http://10.1.2.3/", "http://192.168.1.1/", "http://169.254.169.254/latest", "http://[fe80::1]/",
     "http://[fd00::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
     "http://100.64.0.1/", "http://224.0.0.1/", "http://a@127.0.0.1/"],
)  # fmt: skip
def test_this_computer_and_private_networks_are_not_asked(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(link_visits._ToNumber, "send", lambda *_, **__: pytest.fail("it was asked"))
    found = outcome(address, private=False)
    assert found.name == "not-asked" and not found.heard


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_numbers_of_the_internet_are_public(number: str):
    assert link_hosts.is_public(number)


def test_a_name_with_one_private_number_is_not_asked():
    assert outcome("http://a.example/", private=False, resolve=lambda *_: ["8.8.8.8", "10.0.0.1"]).name == "not-asked"


def test_a_redirect_into_a_private_network_is_not_followed(website: Website, monkeypatch: pytest.MonkeyPatch):
    hidden = Website("127.0.0.2")
    monkeypatch.setattr(link_hosts, "is_public", lambda number: number == "127.0.0.1")
    website.pages["/a"] = (302, f"{hidden.address}/secret")
    try:
        found = outcome(f"{website.address}/a", private=False)
        assert found.name == "not-asked" and hidden.address in found.reason and "--private" in found.hint
        assert hidden.asked == []
    finally:
        hidden.close()


def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind(website: Website, monkeypatch: pytest.MonkeyPatch):
    """A hostile name stands for a public number when it is checked and for a private one when it is asked."""
    monkeypatch.setattr(link_hosts, "is_public", lambda number: number == "127.0.0.1")
    looked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"] if len(looked) == 1 else ["127.0.0.2"]

    website.pages["/"] = (200, "")
    assert outcome(f"http://sly.example:{website.port}/", private=False, resolve=resolve).name == "works"
    assert looked == ["sly.example"]


def test_where_one_kind_of_number_has_no_way_the_other_is_tried(website: Website):
    website.pages["/"] = (200, "")
    numbers = lambda *_: ["::1", "fe80::1", "127.0.0.1", "127.0.0.9"]  # noqa: E731
    assert outcome(f"http://a.example:{website.port}/", resolve=numbers).name == "works"
    assert link_hosts.one_of_each_kind(numbers()) == ["::1", "127.0.0.1"]
    assert link_hosts.one_of_each_kind(["1.1.1.1", "::1", "2.2.2.2"]) == ["1.1.1.1", "::1"]


# -- odd addresses


def _fails(error: BaseException) -> Callable[[str, int], list[str]]:
    def resolve(host: str, port: int, **_: Any) -> list[str]:
        raise error

    return resolve


def test_a_name_that_nobody_has_is_told_from_one_that_cannot_be_looked_up_now():
    unknown, later = socket.gaierror(socket.EAI_NONAME, ""), socket.gaierror(socket.EAI_AGAIN, "")
    assert outcome("http://a.example/", resolve=_fails(unknown)).name == "no-name"
    found = outcome("http://a.example/", resolve=_fails(later))
    assert found.name == "silent" and link_outcomes.NOT_NOW in found.reason


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "http://", "http://:80/", "http://a:b/", "http:///x", "http://*.example/", "http://.a/",
     "http://[v1.x]/", "http://" + "a" * 300, "http://" + "ä" * 300 + "/", "http://a..b/", "https://@/"],
)  # fmt: skip
def test_what_is_no_address_cannot_be_found(address: str):
    found = outcome(address, resolve=link_hosts.numbers_of if "a" * 9 in address or ".." in address else here)
    assert found.name == "no-name" and not found.heard


def test_names_in_any_script_are_asked(website: Website):
    website.pages["/%C3%A4"] = (200, "")
    looked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"]

    assert outcome(f"http://bücher.example:{website.port}/ä", resolve=resolve).name == "works"
    assert looked == ["xn--bcher-kva.example"]


def test_an_address_of_ten_thousand_characters_is_not_asked(website: Website):
    found = outcome(f"{website.address}/{'a' * 10_000}")
    assert found.name == "not-asked" and "longer" in found.reason
    website.pages["/a"] = (301, "/" + "b" * 10_000)
    assert outcome(f"{website.address}/a").name == "not-asked"


# -- turns


def test_a_host_is_asked_one_thing_at_a_time_with_a_second_between(website: Website):
    website.pages |= {f"/{n}": (200, "") for n in range(5)}
    clock, among = Clock(), threading.Lock()
    overlapping: list[bool] = []

    class Watched(Visitor):
        def _send(self, *given: Any) -> Answer:
            overlapping.append(not among.acquire(blocking=False))
            try:
                return super()._send(*given)
            finally:
                among.release()

    link_check.visit_all([f"{website.address}/{n}" for n in range(5)], Watched(manner(clock=clock)))
    assert len(website.asked) == 5 and overlapping == [False] * 5
    assert clock.waits == [1.0] * 4


def test_at_most_four_are_asked_at_once(website: Website):
    busy, most, guard = [0], [0], threading.Lock()
    four = threading.Barrier(4, timeout=ENOUGH)

    def resolve(host: str, port: int) -> list[str]:
        with guard:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        four.wait()  # nobody goes on before four are here
        with guard:
            busy[0] -= 1
        return ["127.0.0.1"]

    website.pages["/"] = (200, "")
    pages = [f"http://h{n}.example:{website.port}/" for n in range(12)]
    done: list[tuple[int, int]] = []
    trails = link_check.visit_all(pages, Visitor(manner(resolve=resolve)), lambda *so_far: done.append(so_far))
    assert most == [4] and len(trails) == 12
    assert done == [(n, 12) for n in range(1, 13)]


# -- what stands in content files

TEXT = """---
title: Links
url: https://a.example/long
other_urls:
- https://a.example/
- "not https://no.example"
variants:
  - {text: "One", url: "https://entry.example/x"}
own: {deep: [https://deep.example/]}
---

See [one](https://one.example/a_(b) "T") and
[two][2], <https://three.example/>, ![p](https://pic.example/p.png).

| a | b |
| - | - |
| x | [cell](HTTP://cell.example/) |

```
[code](https://code.example/)
```

Bare https://bare.example/, [mail](mailto:a@b.example), [own](../posts/a.md).

[2]: https://two.example/
"""


def _mentions(cop: Cop) -> list[tuple[str, int]]:
    return [(one.address, one.line) for one in link_mentions.of_folder(cop.root / "content")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_addresses_are_found_where_they_are_written(cop: Cop, end: str):
    cop.write("posts/links.md", TEXT).write_bytes(TEXT.replace("\n", end).encode())
    assert _mentions(cop) == [
        ("https://a.example/long", 3), ("https://a.example/", 5), ("https://entry.example/x", 8), ("https://deep.example/", 9),
        ("https://one.example/a_(b)", 12), ("https://two.example/", 25), ("https://three.example/", 13),
        ("https://pic.example/p.png", 13), ("HTTP://cell.example/", 17),
    ]  # fmt: skip


def test_withdrawn_records_and_files_that_cannot_be_read_are_left_out(cop: Cop):
    cop.write("posts/a.md", "---\ntitle: A\nurl: https://a.example\nwithdrawn: old\n---\n")
    cop.write("posts/b.md", "---\nurl: https://b.example\n---\n")
    assert _mentions(cop) == []


# -- the command


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_hosts, "PAUSE_SECONDS", 0)


@pytest.mark.usefixtures("quick")
def test_the_command_says_what_needs_a_look_and_where_it_stands(cop: Cop, website: Website):
    website.pages |= {"/ok": (200, ""), "/old": (301, "/ok"), "/shy": (403, "")}
    cop.write("posts/a.md", f"---\ntitle: A\n---\n[a]({website.address}/ok)\n\n[b]({website.address}/gone)\n")
    cop.write("posts/b.md", f"---\ntitle: B\nurl: {website.address}/gone\n---\n[c]({website.address}/old)\n[d]({website.address}/shy)\n")  # fmt: skip
    result = cop("check", "--links", "--private")
    assert result.exit_code == 5
    assert (
        f"""{website.address}/gone is gone (status 404).
  In content/posts/a.md, line 6
  In content/posts/b.md, line 3
  Try: Look for it in a web archive, or take the line out.
{website.address}/old has moved for good.
  In content/posts/b.md, line 5
  Try: Write the new address: {website.address}/ok
{website.address}/shy could not be checked (status 403).
  In content/posts/b.md, line 6
  Try: Open it yourself.
4 web addresses looked at, 1 works.
2 files checked. 2 web addresses need a look.
"""
        == result.stdout
    )
    found = cop.json("check", "--links", "--private", exit_code=5)
    assert found["problems"] == [] and len(found["links"]) == 5
    assert found["links"][1] == {
        "address": f"{website.address}/gone", "path": "content/posts/a.md", "line": 6, "outcome": "gone", "status": 404,
        "reason": "is gone (status 404)", "hint": "Look for it in a web archive, or take the line out.",
    }  # fmt: skip


@pytest.mark.usefixtures("quick")
def test_what_works_and_what_cannot_be_checked_wait_for_nobody(cop: Cop, website: Website):
    website.pages |= {"/ok": (200, ""), "/shy": (429, "")}
    cop.write("posts/a.md", f"---\ntitle: A\n---\n[a]({website.address}/ok) [b]({website.address}/shy)\n")
    result = cop("check", "--links", "--private")
    assert result.exit_code == 0 and "Nothing waits." in result.stdout


def test_an_address_in_a_hundred_places_is_asked_once_and_told_once(cop: Cop, website: Website):
    links = "".join(f"[{n}]({website.address}/a#part{n % 7})\n\n" for n in range(100))
    cop.write("posts/a.md", f"---\ntitle: A\n---\n{links}")
    website.pages["/a"] = (410, "")
    assert len(cop.json("check", "--links", "--private", exit_code=5)["links"]) == 100
    assert website.asked == ["HEAD /a"]


def test_private_addresses_are_told_and_wait_for_nobody(cop: Cop, website: Website):
    cop.write("posts/a.md", f"---\ntitle: A\nurl: {website.address}/\n---\n")
    result = cop("check", "--links")
    assert result.exit_code == 0 and website.asked == []
    assert "was not asked: this is an address of this computer" in result.stdout
    assert cop("check", "--private").exit_code == 2


def test_without_internet_one_sentence_says_so(cop: Cop, monkeypatch: pytest.MonkeyPatch):
    cop.write("posts/a.md", "---\ntitle: A\nurl: https://a.example/\n---\n[b](https://b.example/)\n")
    monkeypatch.setattr(socket, "getaddrinfo", _fails(socket.gaierror(socket.EAI_AGAIN, "")))
    result = cop("check", "--links")
    assert result.exit_code == 3 and result.stdout == ""
    assert "this computer seems to be without internet" in result.stderr


def test_one_answer_is_enough_to_know_that_there_is_internet():
    far, near = Outcome("no-name", 0, heard=False), Outcome("gone", 404)
    assert link_outcomes.is_offline([far, far])
    assert not link_outcomes.is_offline([far, near])
    assert not link_outcomes.is_offline([])
    private = judge("http://10.0.0.1/", [Answer("http://10.0.0.1/", failure=link_outcomes.PRIVATE)])
    assert not link_outcomes.is_offline([private]) and link_outcomes.is_offline([private, far])
    mistyped = judge("http://[", [Answer("http://[", failure=link_outcomes.NO_ADDRESS)])
    assert not link_outcomes.is_offline([mistyped])


def test_a_site_without_addresses_says_so(cop: Cop):
    cop.write("posts/a.md", "---\ntitle: A\n---\n")
    result = cop("check", "--links")
    assert result.exit_code == 0 and "0 web addresses looked at" in result.stdout


def test_hostile_addresses_do_not_steer_the_terminal_or_fill_it(cop: Cop):
    cop.write(
        "posts/a.md",
        f'---\ntitle: A\nodd: "http://127.0.0.1/\\e[31m\u202e"\n---\n[a](http://127.0.0.1/{"a" * 10_000})\n',
    )
    result = cop("check", "--links")
    assert "\x1b" not in result.stdout and "\u202e" not in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) < 400


def test_without_links_nothing_is_asked_and_nothing_that_asks_is_loaded(cop: Cop):
    cop.write("posts/a.md", TEXT.replace("[mail](mailto:a@b.example), ", ""))
    code = """
import socket, sys
def no(*_, **__): raise AssertionError("a socket was opened")
socket.socket.__init__ = socket.getaddrinfo = socket.create_connection = no
from cop.cli import cli
try:
    cli.main(["--site", sys.argv[1], "check", "--json"])
finally:
    assert not {"requests", "cop.link_visits"} & set(sys.modules)
"""
    environment = {"COP_KEYS": str(cop.keys), "PATH": "", "PYTHONPATH": str(Path(link_check.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(cop.root)], capture_output=True, text=True, check=True, env=environment
    )
    assert "links" not in json.loads(done.stdout)
