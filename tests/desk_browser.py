"""A browser without script, in this process: it keeps cookies by their path, says where a form stood, and follows 303."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from datasette.app import Datasette

from cop import sessions
from cop.config import Config, Site
from cop.schema import open_store
from cop.web import api, door
from cop.web.door import Served
from tests.network import Place

HERE = "127.0.0.1:8001"


def served(place: Place, **settings: Any) -> Datasette:
    """The site of a place, as `cop serve` shows it."""
    datasette = Datasette([str(place.site.site_db)])
    api.attach(datasette, place.site)
    config = Config(name=place.name, kind=place.site.config.kind, **settings)
    door.attach(datasette, Served(Site(place.site.root, place.site.keys, config), "", 8001))
    return datasette


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        return next((value for one, value in self.headers if one == name), "")

    def value(self, name: str) -> str:
        """What a field of the form says."""
        import html

        found = re.search(rf'<(?:input|button)[^>]* name="{name}" value="([^"]*)"', self.text)
        area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', self.text, re.DOTALL)
        assert found or area, f"no field {name}"
        return html.unescape((found or area)[1])  # type: ignore[index]


@dataclass
class Browser:
    """One person's browser."""

    datasette: Datasette
    host: str = HERE
    client: str = "127.0.0.1"
    scheme: str = "http"
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)  # name and path
    set_cookies: list[str] = field(default_factory=list)  # as they came

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._ask("GET", path, b"", headers)

    async def post(self, path: str, follow: bool = True, raw: bytes | None = None, **fields: Any) -> Answer:
        """Send a form that stood on a page of the site; its answer leads to a page."""
        sent = urlencode(fields, doseq=True).encode() if raw is None else raw
        answer = await self._ask("POST", path, sent, {"sec-fetch-site": "same-origin"})
        if answer.status == 303 and follow:
            return await self.get(urljoin(path, answer.header("location")))
        return answer

    async def post_from(self, path: str, headers: dict[str, str], **fields: Any) -> Answer:
        """Send a form that stood somewhere else."""
        return await self._ask("POST", path, urlencode(fields).encode(), headers)

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        plain, _, query = path.partition("?")
        kept = [f"{name}={value}" for (name, below), value in self.cookies.items() if _is_below(plain, below)]
        given = {"host": self.host, **headers} | ({"cookie": "; ".join(kept)} if kept else {})
        if method == "POST":
            given |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        scope = {"type": "http", "http_version": "1.1", "method": method, "scheme": self.scheme, "path": plain,
                 "raw_path": plain.encode(), "query_string": query.encode(), "server": ("127.0.0.1", 8001),
                 "headers": [(name.encode(), value.encode()) for name, value in given.items()],
                 "client": (self.client, 50_000), "asgi": {"version": "3.0"}}  # fmt: skip
        told: dict[str, Any] = {}
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.datasette.app()(scope, receive, send)
        found = [(name.decode().lower(), value.decode()) for name, value in told["headers"]]
        for name, value in found:
            if name == "set-cookie":
                self._keep(value)
        return Answer(told["status"], found, b"".join(parts).decode())

    def _keep(self, line: str) -> None:
        self.set_cookies.append(line)
        pair, *rest = [part.strip() for part in line.split(";")]
        name, _, value = pair.partition("=")
        path = next(part[5:] for part in rest if part.startswith("Path="))
        if value.strip('"') and "Max-Age=0" not in rest:
            self.cookies[name, path] = value
        else:
            self.cookies.pop((name, path), None)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def link(place: Place, person: str = "") -> str:
    """The path of a new link to sign in."""
    import time

    db = open_store(place.site.store_db)
    try:
        return f"/desk/enter/{sessions.invite(db, person, int(time.time()))[1]}"
    finally:
        db.close()


async def signed_in(place: Place, person: str = "", **where: Any) -> Browser:
    """A browser whose owner has signed in."""
    browser = Browser(where.pop("datasette", None) or served(place), **where)
    await browser.datasette.invoke_startup()
    answer = await browser.post(link(place, person), person=person)
    assert answer.status == 200 and urlsplit(answer.header("location")).path == "", answer.text
    return browser
