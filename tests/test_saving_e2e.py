"""A copy on a phone, in a real browser: saved from a real server, which is then really gone."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from cop import contributions
from cop.schema import open_store
from tests.commands import WAIT_SECONDS, free_port, serving, started
from tests.network import Place, places
from tests.seen import FLAGS, NARROW_IS_WRONG, follow
from tests.test_everyone import _axe

pytestmark = pytest.mark.e2e
HONEST = [*FLAGS, "--disable-features=StaticStorageQuota"]  # else it says that there are 10 GB, whatever is free


@dataclass
class Line:
    """Between the browser and the server: counts what it carries, and can spoil answers or keep them for itself."""

    to: int
    port: int = 0
    carried: int = 0
    spoil: Callable[[bytes, bytes], bytes | None] | None = None  # of a request and its answer; None: the line is cut

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(one,), daemon=True).start()

    def _carry(self, browser: socket.socket) -> None:
        """One request and its answer, then the line ends."""
        with browser:
            request = _request(browser)
            if not request:
                return
            try:
                with socket.create_connection(("127.0.0.1", self.to), timeout=WAIT_SECONDS) as server:
                    server.sendall(_closing(request))
                    answer = b"".join(iter(lambda: server.recv(65536), b""))
            except OSError:
                return
            sent = self.spoil(request, answer) if self.spoil else answer
            self.carried += len(request) + len(sent or b"")
            if sent is not None:
                browser.sendall(sent)


def _request(browser: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := browser.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += browser.recv(65536)
    return head + b"\r\n\r\n" + body


def _closing(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


@dataclass
class Phone:
    """A browser, and the line that it has to the site."""

    context: Any
    line: Line

    def open(self, path: str = "/") -> Any:
        page = self.context.new_page()
        page.goto(self.address + path)
        return page

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.line.port}"

    def save(self) -> Any:
        page = self.open("/offline/save")
        page.wait_for_selector("#size:has-text('entries')")
        page.click("#take")
        page.wait_for_selector("#told:has-text('on this device')")
        return page

    def cut(self) -> None:
        """There is no network any more."""
        self.line.spoil = lambda request, answer: None

    def join(self) -> None:
        self.line.spoil = None


def place_with_posts(folder: Path) -> Place:
    found = places(folder, 1)[0]
    found.change(None, {"title": "Sharing power", "slug": "sharing-power"}, type_name="topic")
    found.change(None, {"title": "Tea & <cake>", "slug": "tea", "body": "See [cups](../posts/cups)."}, type_name="post")
    found.change(None, {"title": "Cups", "slug": "cups", "body": "Żółte kubki"}, type_name="post", added={"topics": ("sharing-power",)})  # fmt: skip
    return found


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def browser(playwright: Any) -> Iterator[Any]:
    found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=HONEST)
    yield found
    found.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = place_with_posts(tmp_path_factory.mktemp("saving"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def port(place: Place) -> Iterator[int]:
    with serving(place) as address:
        yield int(address.rsplit(":", 1)[1].rstrip("/"))


@pytest.fixture
def phone(browser: Any, port: int) -> Iterator[Phone]:
    found = Phone(browser.new_context(viewport={"width": 360, "height": 700}), Line(port))
    yield found
    found.join()
    found.context.close()
    found.line.close()


def posts(page: Any) -> list[str]:
    """What the list of posts names."""
    page.goto(urljoin(page.url, "/posts"))
    found: list[str] = page.locator("main li").all_text_contents()
    return found


# -- without a network


def test_the_copy_and_what_waits_are_there_when_the_server_was_killed_and_the_browser_switched_off(
    tmp_path: Path, playwright: Any
) -> None:
    place, port = place_with_posts(tmp_path), free_port()
    flags = {"executable_path": "/usr/bin/chromium", "args": HONEST, "viewport": {"width": 360, "height": 700}}

    def started_server() -> "subprocess.Popen[str]":
        server = started(place, "serve", "--port", str(port))
        assert server.stdout is not None and "Serving" in server.stdout.readline()
        return server

    server, line = started_server(), Line(port)
    phone = Phone(playwright.chromium.launch_persistent_context(str(tmp_path / "browser"), **flags), line)
    phone.save()
    server.kill()
    server.communicate()
    page = phone.open("/add/event")
    page.wait_for_url("**/add")
    assert "sent later" in page.text_content("main")
    write(page, "A guide to tea")
    page.wait_for_url("**/offline/save#waiting")
    page.wait_for_selector("#outbox li:has-text('A guide to tea')")
    phone.context.close()
    phone.context = playwright.chromium.launch_persistent_context(str(tmp_path / "browser"), **flags)
    page = phone.open("/posts/tea")
    assert page.text_content("h1") == "Tea & <cake>" and "saved copy" in page.text_content("header")
    page.click("main >> text=cups")
    page.wait_for_url("**/posts/cups")
    assert page.text_content("h1") == "Cups"
    page.goto(phone.address + "/posts/nobody")
    assert page.text_content("h1") == "This is not in your copy"
    follow(page.locator("main >> text=Posts").first)
    assert page.locator("main li").all_text_contents() == ["Cups", "Tea & <cake>"]
    follow(page.locator("nav >> text=Search").first)
    page.fill("#q", "zolte KUBKI")
    follow(page.locator("button").first)
    assert page.locator("main ol li").all_text_contents() == ["Cups"]
    page.goto(phone.address + "/cy/posts/tea")
    assert page.text_content("h1") == "Tea & <cake>"
    page.goto(phone.address + "/")
    assert "A guide to tea" in page.text_content("main")
    server = started_server()
    page.goto(phone.address + "/offline/save")
    page.wait_for_selector("#outbox li:has-text('Sent on')")
    follow(page.locator("text=See what became of it").first)
    assert "Thank you. We have it" in page.text_content("h1")
    assert waiting(place, "A guide to tea") == 1
    phone.context.close()
    server.kill()
    server.communicate()
    line.close()
    place.close()


def test_topics_show_what_is_saved_on_them_and_lists_can_be_narrowed_by_them(phone: Phone, place: Place) -> None:
    place.change(None, {"title": "Saucers", "slug": "saucers"}, type_name="post", added={"topics": ("tea-sets",)})
    place.change(None, {"title": "Fair chairs", "slug": "chairs", "parent": "sharing-power"}, type_name="topic")
    page = phone.save()
    phone.cut()
    page.goto(phone.address + "/posts/cups")
    page.click("main >> text=Sharing power")
    page.wait_for_url("**/topics/sharing-power")
    assert page.text_content("h1") == "Sharing power"
    assert page.locator("main h2, main ul a").all_text_contents() == ["Posts", "Cups", "Topics", "Fair chairs"]
    page.goto(phone.address + "/topics/tea-sets")
    assert page.text_content("h1") == "Tea sets" and page.locator("main ul a").all_text_contents() == ["Saucers"]
    page.goto(phone.address + "/topics/nothing")
    assert page.text_content("h1") == "This is not in your copy"
    page.goto(phone.address + "/posts?topic=sharing-power&page=2")
    assert page.text_content("h1") == "Posts: Sharing power" and "1 found" in page.text_content("main")
    assert page.locator("main li").all_text_contents() == ["Cups"] and not page.locator("main .note").count()
    page.goto(phone.address + "/posts?topic=sharing-power&topic=tea-sets")
    assert page.locator("main li").all_text_contents() == ["Cups", "Saucers"]
    follow(page.locator("main >> text=Posts").first)
    page.wait_for_url("**/posts")
    everything = page.locator("main li").all_text_contents()
    assert len(everything) > 2
    for path, shown in (("/posts?language=cy", everything), ("/search?q=kubki&type=event", ["Cups"])):
        page.goto(phone.address + path)
        assert "not in the copy that you saved" in page.text_content("main .note")
        assert page.locator("main li").all_text_contents() == shown


# -- updates


# A disk that is full in the middle of writing: the first entry fits, the second does not
FULL = """() => {
    const put = IDBObjectStore.prototype.put;
    let left = 1;
    IDBObjectStore.prototype.put = function (...what) {
        if (left--) return put.apply(this, what);
        this.transaction.abort();
        throw new DOMException("", "QuotaExceededError");
    };
}"""
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 21\r\nConnection: close\r\n\r\n<h1>Sign in here</h1>"


def told(page: Any, words: str) -> None:
    page.wait_for_selector(f"#told:has-text('{words}')")


def update(page: Any) -> None:
    page.evaluate("document.getElementById('told').textContent = ''")
    page.click("#update")


def test_an_update_brings_what_changed_and_takes_what_is_gone(phone: Phone, place: Place) -> None:
    goes = place.change(None, {"title": "Goes", "slug": "goes"}, type_name="post")
    edited = place.change(None, {"title": "Edited", "slug": "edited", "body": "One two three. " * 40}, type_name="post")
    page = phone.save()
    place.change(None, {"title": "Comes", "slug": "comes"}, type_name="post")
    place.change(edited, {"body": "Zero. " + "One two three. " * 40})
    place.change(goes, {"withdrawn": "Wrong"})
    phone.line.carried = 0
    update(page)
    told(page, "on this device")
    assert phone.line.carried < 8_000
    phone.cut()
    assert {"Comes", "Edited"} <= set(found := posts(page)) and "Goes" not in found
    page.goto(phone.address + "/posts/edited")
    assert "Zero. One" in page.text_content("main")


def test_what_is_damaged_or_from_elsewhere_is_not_taken_and_the_old_copy_stays(phone: Phone, place: Place) -> None:
    page, line = phone.save(), phone.line
    place.change(None, {"title": "Safe", "slug": "safe"}, type_name="post")
    for words, spoil in (
        ("wants you to sign in", lambda request, answer: PORTAL if b".gz " in request else answer),
        ("wants you to sign in", lambda request, answer: PORTAL),
        (
            "arrived damaged",
            lambda request, answer: answer[:-99] + b"x" * 9 + answer[-90:] if b".gz " in request else answer,
        ),
        ("cannot be reached", lambda request, answer: answer[:-20] if b".gz " in request else answer),
        ("cannot be reached", lambda request, answer: None),
    ):
        line.spoil = spoil
        update(page)
        told(page, words)
    assert "Cups" in (found := posts(page)) and "Safe" not in found
    phone.join()
    page.goto(phone.address + "/offline/save")
    update(page)
    told(page, "on this device")


def test_no_room_is_said_and_the_old_copy_stays(phone: Phone, place: Place) -> None:
    page = phone.save()
    place.change(None, {"title": "Large", "slug": "large", "body": "much " * 2000}, type_name="post")
    session = page.context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": phone.address, "quotaSize": 10})
    update(page)
    told(page, "not enough room")
    session.send("Storage.overrideQuotaForOrigin", {"origin": phone.address})
    page.evaluate(FULL)
    update(page)
    told(page, "not enough room")
    phone.cut()
    assert "Cups" in (found := posts(page)) and "Large" not in found


def test_pages_of_the_network_are_always_the_newest_and_a_hanging_one_shows_the_copy(
    phone: Phone, place: Place
) -> None:
    milk = place.change(None, {"title": "Milk", "slug": "milk"}, type_name="post")
    page = phone.save()
    place.change(milk, {"title": "Oat milk"})
    page.goto(phone.address + "/posts/milk")
    assert page.text_content("h1").strip() == "Oat milk" and "saved copy" not in page.content()
    arrives = threading.Event()
    phone.line.spoil = lambda request, answer: answer if arrives.wait(WAIT_SECONDS) else None
    page.goto(phone.address + "/posts/milk")
    assert page.text_content("h1") == "Milk"
    assert "does not answer" in page.text_content("main")
    arrives.set()


def test_the_copy_can_be_removed(phone: Phone) -> None:
    page = phone.save()
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#remove")
    told(page, "gone from this device")
    assert page.evaluate("navigator.serviceWorker.getRegistration().then(found => found === undefined)")


# -- what is written without a network


def waiting(place: Place, title: str) -> int:
    with closing(open_store(place.site.store_db)) as db:
        return sum(item.sent.title == title for item in contributions.waiting(db))


def write(page: Any, title: str) -> None:
    page.fill("[name=title]", title)
    page.click("main form button:not(.quiet)")


def test_a_lost_answer_and_two_tabs_send_nothing_twice(phone: Phone, place: Place) -> None:
    page = phone.save()
    page.goto(phone.address + "/add")
    phone.line.spoil = lambda request, answer: None if request.startswith(b"POST") else answer
    write(page, "Lost")
    page.wait_for_url("**/offline/save#waiting")
    assert waiting(place, "Lost") == 1
    (item,) = contributions.waiting(place.db)
    contributions.decline(
        place.db, item.number, why="It is here", now=item.received_time
    )  # else the same is kept once anyway
    phone.line.spoil = lambda request, answer: PORTAL if request.startswith(b"POST") else answer
    page.click("#send")
    other = phone.open("/offline/save")
    other.wait_for_selector("#outbox li:has-text('Waits since')")
    phone.join()
    for one in (page, other):
        one.evaluate("navigator.serviceWorker.controller.postMessage('send')")
    for one in (page, other):
        one.wait_for_selector("#outbox li:has-text('Sent on')")
    assert waiting(place, "Lost") == 0
    assert place.db.execute("SELECT count(*) FROM local_sending").fetchone()[0] == 1


def test_what_must_be_mended_can_be_mended_with_a_network_and_without(phone: Phone, place: Place) -> None:
    page = phone.save()
    for title in ("With", "Without"):
        page.goto(phone.address + "/add")
        page.fill("[name=useful]", "Ring 0117 496 0000")
        if title == "Without":
            phone.cut()
        write(page, title)
        if title == "Without":
            page.wait_for_selector("#outbox li")
            phone.join()
            page.evaluate("navigator.serviceWorker.controller.postMessage('send')")
            page.wait_for_selector("#outbox li:has-text('must be mended')")
            follow(page.locator("text=Look at it again").first)
        assert page.input_value("[name=useful]") == "Ring 0117 496 0000"
        assert "still here" in page.text_content("[role=alert]")
        assert waiting(place, title) == 0
        page.fill("[name=useful]", "It helped us")
        write(page, title)
        page.wait_for_url("**/add/sent/**")
        assert "Thank you. We have it" in page.text_content("h1")
        assert waiting(place, title) == 1
    page.goto(phone.address + "/offline/save")
    page.wait_for_selector("#choose")
    assert page.is_hidden("#waiting")


def test_a_form_on_a_page_of_somebody_else_sends_nothing_also_through_the_worker(phone: Phone, place: Place) -> None:
    page = phone.save()
    form = f"<form method=post action={phone.address}/add><input name=title value=Forged><button>Go</button></form>"
    other = Line(phone.line.to)
    for policy in ("no-referrer", "unsafe-url"):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nReferrer-Policy: {policy}\r\nConnection: close\r\n\r\n"
        other.spoil = lambda request, answer, head=head: (head + form).encode()
        page.goto(f"http://127.0.0.1:{other.port}/")
        page.click("button")
        assert "did not come from a page of this site" in page.text_content("main")
    other.close()
    assert waiting(place, "Forged") == 0
    page.goto(phone.address + "/offline/save")
    page.wait_for_selector("#choose")
    assert page.is_hidden("#waiting")


def test_if_a_server_in_between_does_not_reach_the_site_the_copy_is_shown(phone: Phone) -> None:
    page = phone.save()
    away = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 3\r\nConnection: close\r\n\r\n502"
    phone.line.spoil = lambda request, answer: away
    page.goto(phone.address + "/posts/cups")
    assert page.text_content("h1") == "Cups"
    page.goto(phone.address + "/nowhere")
    assert page.text_content("body") == "502"


# -- everyone


def test_the_pages_are_for_everyone(phone: Phone) -> None:
    page, wrong = phone.save(), {}
    seen = [("/ar/offline/save", 320, "dark"), ("/offline/save", 1280, "light")]
    alone = [
        (path, 320, "dark")
        for path in ("/", "/posts", "/posts/tea", "/search?q=tea", "/nowhere", "/add", "/offline/save")
    ]
    for path, width, scheme in [*seen, *alone, ("/posts/tea", 1280, "light")]:
        if path == "/":
            page.goto(phone.address + "/add")
            phone.cut()
            write(page, "For everyone")
            page.wait_for_selector("#outbox li")
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.goto(phone.address + path)
        page.wait_for_selector("#here:not([hidden])" if "save" in path else "h1")
        wrong[f"{path} {scheme}"] = (_axe(page), page.evaluate(NARROW_IS_WRONG))
    assert {path: found for path, found in wrong.items() if any(found)} == {}
