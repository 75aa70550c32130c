"""The desk: who is let in, and what its pages say. And what any site tells of how much it holds."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from datasette.app import Datasette

from cop import exchanges, invitations, partners, qr_code
from cop.config import Config, Site
from cop.model import OWN, PARTNERS
from cop.web import api, door, guard
from cop.web.door import Served
from tests.network import NOW, Place, befriend, places
from tests.test_pages import check

PAGES = [
    "/desk",
    "/desk/sync",
    "/desk/invite",
    "/desk/events",
    "/desk/duplicates",
    "/desk/removals",
    "/desk/invitation.svg",
]
CLOSED = "The desk is closed here"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One organisation with a partner, a partner's partner, a difference and a few exchanges."""
    one, middle, far = places(tmp_path_factory.mktemp("desk"), 3)
    befriend(one, middle)
    befriend(middle, far)
    far.change(None, {"title": "From afar", "slug": "afar"})
    middle.sync(far)
    record_id = middle.change(None, {"title": "Power", "slug": "power"})
    hidden = middle.change(None, {"title": "Between <b>us</b>", "slug": "us"}, audience=PARTNERS)
    one.sync(middle)
    for place in (one, middle):
        place.change(record_id, {"title": f"Power as {place.name} sees it"})
        place.change(hidden, {"summary": f"As {place.name} sees it"}, audience=PARTNERS)
    one.sync(middle)
    one.change(None, {"title": "Never leaves"}, audience=OWN)
    happened = {"received": 12, "sent": 3, "bytes_in": 34_200, "bytes_out": 1_200, "by": {middle.name: 8, far.name: 4}}
    exchanges.remember(one.db, middle.organisation, exchanges.ASKED, {**happened, "partner_lacks": 2}, NOW)
    exchanges.remember(one.db, b"?" * 32, exchanges.ANSWERED, {"refused": 3}, NOW + 60)
    exchanges.remember(
        one.db, middle.organisation, exchanges.ASKED, {"error": "<i>It</i> cannot be reached."}, NOW + 99
    )
    yield one
    for place in (one, middle, far):
        place.close()


def served(site: Place, **settings: Any) -> Datasette:
    datasette = Datasette([str(site.site.site_db)])
    api.attach(datasette, site.site)
    config = Config(name=site.name, kind=site.site.config.kind, **settings)
    door.attach(datasette, Served(Site(site.site.root, site.site.keys, config), "", 8001))
    return datasette


@dataclass
class Answer:
    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Asking:
    """Requests as they arrive from any client, with any Host header."""

    def __init__(self, datasette: Datasette) -> None:
        self.app = datasette.app()

    async def get(
        self, path: str, host: str = "127.0.0.1:8001", client: str | None = "127.0.0.1", **headers: str
    ) -> Answer:
        given = [(b"host", host.encode())] + [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        return await self.ask(path, given, client)

    async def ask(
        self,
        path: str,
        headers: list[tuple[bytes, bytes]],
        client: str | None,
        version: str = "1.1",
        method: str = "GET",
    ) -> Answer:
        path, _, query = path.partition("?")
        scope = {"type": "http", "http_version": version, "method": method, "scheme": "http", "path": path,
                 "raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "server": ("127.0.0.1", 8001),
                 "client": (client, 50_000) if client else None, "asgi": {"version": "3.0"}}  # fmt: skip
        told: dict[str, Any] = {}
        body = b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                told.update(message)
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, send)
        headers = {name.decode().lower(): value.decode() for name, value in told["headers"]}
        return Answer(told["status"], headers, body)


@pytest_asyncio.fixture
async def ask(site: Place) -> AsyncIterator[Asking]:
    datasette = served(site)
    await datasette.invoke_startup()
    yield Asking(datasette)


def words(text: str) -> str:
    return " ".join(check(text).text.split())


# --- the door


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "localhost", "[::1]:8001", "127.0.0.2"])
async def test_whoever_sits_at_this_computer_is_let_in(ask: Asking, path: str, host: str) -> None:
    for client in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        answer = await ask.get(path, host, client)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"


REFUSED: dict[str, tuple[str, str | None, dict[str, str]]] = {
    "from another computer": ("192.168.1.7:8001", "192.168.1.9", {}),
    "from another computer that says localhost": ("localhost:8001", "192.168.1.9", {}),
    "a name that somebody points here": ("evil.example:8001", "127.0.0.1", {}),
    "a name that begins like ours": ("127.0.0.1.evil.example", "127.0.0.1", {}),
    "a name that ends like ours": ("evil.localhost.example", "127.0.0.1", {}),
    "a name before the at sign": ("localhost@evil.example", "127.0.0.1", {}),
    "a name behind the at sign": ("evil.example@localhost", "127.0.0.1", {}),
    "half an address": ("[::1", "127.0.0.1", {}),
    "no host": ("", "127.0.0.1", {}),
    "nobody knows from where": ("localhost", None, {}),
    "passed on": ("localhost", "127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
    "passed on, RFC 7239": ("localhost", "127.0.0.1", {"forwarded": "for=127.0.0.1"}),
    "passed on, nginx": ("localhost", "127.0.0.1", {"X_Real_IP": "127.0.0.1"}),
    "passed on, via": ("localhost", "127.0.0.1", {"via": "1.1 proxy"}),
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("why", REFUSED)
async def test_everybody_else_is_told_where_the_desk_is_open(ask: Asking, path: str, why: str) -> None:
    host, client, headers = REFUSED[why]
    answer = await ask.get(path, host, client, **headers)
    assert answer.status_code == 403
    assert CLOSED in words(answer.text) and "cop1:" not in answer.text and "Never leaves" not in answer.text
    assert "/desk/" not in (await ask.get("/", host, client, **headers)).text


async def test_two_host_headers_or_an_old_web_server_in_between_are_refused(ask: Asking) -> None:
    twice = [(b"host", b"localhost"), (b"host", b"localhost")]
    assert (await ask.ask("/desk/sync", twice, "127.0.0.1")).status_code == 403
    assert (await ask.ask("/desk/sync", twice[:1], "127.0.0.1", version="1.0")).status_code == 403
    assert (await ask.ask("/desk/sync", twice[:1], "127.0.0.1")).status_code == 200
    assert (await ask.ask("/desk/sync", twice[:1], "127.0.0.1", method="POST")).status_code in (403, 405)


@pytest.mark.parametrize(
    ("url", "status"),
    [("", 200), ("http://127.0.0.1:9", 200), ("http://192.168.1.7:8001", 200), ("https://example.org", 403),
     ("https://example.org:8001", 403), ("http://example.org", 403), ("http://[bad", 403)],
)  # fmt: skip
async def test_behind_a_web_server_of_the_organisation_the_desk_stays_closed(
    site: Place, url: str, status: int
) -> None:
    """Such a server may pass on strangers without a word, and they would look as if they sat here."""
    datasette = served(site, url=url)
    await datasette.invoke_startup()
    assert (await Asking(datasette).get("/desk/sync")).status_code == status


async def test_without_cop_serve_there_is_no_desk_and_copies_do_not_link_to_it(site: Place) -> None:
    datasette = Datasette([str(site.site.site_db)])
    await datasette.invoke_startup()
    for path in PAGES:
        answer = await datasette.client.get(path)
        assert answer.status_code == 403 and CLOSED in answer.text
    assert "/desk/" not in (await datasette.client.get("/")).text
    assert (await datasette.client.get("/-/cop/about")).status_code == 404


async def test_the_footer_links_to_the_desk_for_those_who_may_enter(ask: Asking) -> None:
    here, there = await ask.get("/"), await ask.get("/", "192.168.1.7:8001", "192.168.1.9")
    assert 'href="desk"' in here.text
    assert "desk" not in there.text
    assert here.headers["etag"] != there.headers["etag"]


# --- /desk/sync


async def test_the_page_says_what_happened_and_what_to_do(ask: Asking, site: Place) -> None:
    answer = await ask.get("/desk/sync")
    told, html = words(answer.text), answer.text
    names = [p.name for p in partners.all_partners(site.db)]
    middle, far = names[0], "Knowle West Media"
    assert "We exchange with 1 partner. The last exchange was" in told
    assert re.search(r'<a href="\.\./posts/power"><bdi>Power as [^<]+ sees it</bdi></a>: Title', html)
    assert "Between <b>us</b> (readers do not see it)" in told and "Between <b>" not in html
    assert "3 entries were turned away here, because we do not know who wrote them." in told
    assert "cop join INVITATION" in told
    assert f"{middle} was not reached last time. Nothing was lost. <i>It</i> cannot be reached." in told
    assert "2 entries that they turned away." in told
    assert "12 changes, 34 KB" in told and "3 changes, 1 KB" in told
    assert f"4 changes of {far}, carried by them." in told
    assert f"{far}" in told and f"<bdi>{middle}</bdi>" in html
    assert "someone we do not know" in told
    assert answer.headers["content-security-policy"] == guard.OUR_POLICY


async def test_a_site_without_partners_is_shown_the_way(tmp_path: Path) -> None:
    alone = Place(tmp_path)
    datasette = served(alone)
    await datasette.invoke_startup()
    told = words((await Asking(datasette).get("/desk/sync")).text)
    assert "We have no partners yet." in told and "invite a partner" in told and "None yet." in told
    alone.close()


async def test_a_partner_that_has_not_accepted_us_is_named(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    one.sync(other)
    datasette = served(one)
    await datasette.invoke_startup()
    said = "They have not accepted us yet, as far as we know. Send them our invitation."
    assert said in words((await Asking(datasette).get("/desk/sync")).text)
    other.accept(one)
    one.sync(other)
    assert said not in words((await Asking(datasette).get("/desk/sync")).text)
    for place in (one, other):
        place.close()


# --- /desk/invite


async def test_the_invitation_is_shown_as_line_phrase_and_picture(ask: Asking, site: Place) -> None:
    html = (await ask.get("/desk/invite")).text
    told = words(html)
    line = re.search(r"cop1:[\w-]+", html)
    assert line is not None
    invitation = invitations.parse_invitation(line[0])
    assert (invitation.name, invitation.address) == (site.name, "http://127.0.0.1:8001")
    assert invitation.phrase() in told and "Nobody but this computer reaches that address." in told
    assert '<img class="code" src="../desk/invitation.svg"' in html and 'alt="The line as a QR code"' in html
    picture = await ask.get("/desk/invitation.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.content == qr_code.svg(invitation.text(), "QR code of our invitation")
    assert "default-src 'none'" in picture.headers["content-security-policy"]


async def test_the_address_in_it_is_the_one_others_reach(site: Place) -> None:
    datasette = served(site)
    door.attach(datasette, Served(site.site, "http://192.168.1.7:8001", 8001))
    await datasette.invoke_startup()
    html = (await Asking(datasette).get("/desk/invite")).text
    assert "at http://192.168.1.7:8001" in words(html) and "Nobody but this computer" not in html


# --- /-/cop/about


async def test_anyone_may_ask_how_much_there_is_and_learns_public_numbers_only(ask: Asking, site: Place) -> None:
    answer = await ask.get("/-/cop/about", "192.168.1.7:8001", "192.168.1.9")
    assert answer.headers["content-type"].startswith("application/json")
    told = json.loads(answer.text)
    assert set(told) == {"name", "kind", "records", "changes", "bytes", "newest"}
    assert (told["name"], told["records"]) == (site.name, len(site.public()["records"]))
    site.change(None, {"title": "Own"}, audience=OWN)
    assert json.loads((await ask.get("/-/cop/about")).text) == told
    site.change(None, {"title": "New for all"})
    assert json.loads((await ask.get("/-/cop/about")).text)["records"] == told["records"] + 1
    assert (await ask.ask("/-/cop/about", [(b"host", b"x")], "192.168.1.9", method="POST")).status_code == 405
