"""What stands between the network and every page, ours and Datasette's: headers, limits, and pages nobody needs."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from datasette import Response
from datasette.utils.asgi import Request

from cop.web import offered, render

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

SYNC_PATH = "/-/cop/"
SYNC_ENDPOINTS = ("/-/cop/sync", "/-/cop/blobs")  # no browser reads it, and partners pay for every byte
MAX_SYNC_BYTES = 8_000_000
MAX_BODY_BYTES = 64_000
# They tell strangers about the machine (versions, file paths) or help only somebody who develops Datasette.
HIDDEN = re.compile(
    r"^/-/(?:databases|plugins|versions|settings|threads|tasks|config|metadata|actor|actions|messages|permissions"
    r"|allow-debug|patterns|rules|check|allowed|api|debug/.*)(?:\.json)?/?$"
)
OUR_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
CHECKLIST = re.compile(r"/checklists/[^/]+")
CHECKLIST_POLICY = (
    f"{OUR_POLICY}; script-src 'self'"  # the one script keeps answers in the browser; nothing may be sent
)
FILE_POLICY = "default-src 'none'; sandbox"  # what others sent in stands apart from the site, whatever it is
FILE_PATHS = ("/files/", "/-/cop/blob/")
DATASETTE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class BodyTooLarge(Exception):
    """A request brought more bytes than are read here."""


def wrap(datasette: Any, app: App) -> App:
    """Datasette's application with our rules around it."""

    async def guarded(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        scope, path = _without_language(datasette, scope)
        sender = _Sender(send, "" if path in SYNC_ENDPOINTS else _policy(datasette, path))
        limit = limit_for(path)
        if better := _better(scope, path):
            await Response.text("", status=301, headers={"Location": better}).asgi_send(sender)
        elif HIDDEN.match(path):
            await render.not_found(datasette, Request(scope, receive)).asgi_send(sender)
        elif _declared(scope) > limit:
            await too_large(limit).asgi_send(sender)
        else:
            try:
                await app(_quick(datasette, path, scope), _counted(receive, limit), sender)
            except BodyTooLarge:
                if not sender.started:
                    await too_large(limit).asgi_send(sender)

    return guarded


def _without_language(datasette: Any, scope: MutableMapping[str, Any]) -> tuple[MutableMapping[str, Any], str]:
    """The request with its language beside the address, so that one set of routes does for all languages."""
    languages = offered.offered(datasette.databases.get(render.DATABASE))
    path = render.route_path(datasette, dict(scope))
    code, rest = offered.split(languages, path)
    scope = {**scope, "cop_language": code, "cop_offered": languages}
    if rest != path:
        whole = datasette.setting("base_url").rstrip("/") + rest
        scope |= {"path": unquote(whole), "raw_path": whole.encode("latin-1", "replace")}
    return scope, rest


def _better(scope: MutableMapping[str, Any], path: str) -> str:
    """Where an address of a language should lead, with or without the slash at its end; "" if it is right as it is."""
    languages = scope["cop_offered"]
    if path[1:] in languages.others:  # /cy
        return f"{path[1:]}/"
    if (
        scope["cop_language"] != languages.own and path.endswith("/") and path != "/"
    ):  # Datasette would forget the language
        return f"../{path.rstrip('/').rpartition('/')[2]}"
    return ""


def limit_for(path: str) -> int:
    """How many bytes a request to this path may bring."""
    return MAX_SYNC_BYTES if path.startswith(SYNC_PATH) else MAX_BODY_BYTES


def too_large(limit: int) -> Response:
    """The answer to a body that is too large."""
    text = f"This is larger than {limit:,} bytes, so it was not read. Nothing was changed."
    return Response.text(text, status=413, headers={"Connection": "close"})


class _Sender:
    """Adds the headers to every answer, and knows whether one has begun."""

    def __init__(self, send: Send, policy: str) -> None:
        self._send = send
        self._policy = policy
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = self.started or message["type"] == "http.response.start"
        if message["type"] == "http.response.start" and self._policy:
            message = {**message, "headers": self._with_ours(message.get("headers", ()))}
        await self._send(message)

    def _with_ours(self, headers: Any) -> list[tuple[bytes, bytes]]:
        ours = {
            b"content-security-policy": self._policy.encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"no-referrer",
        }
        kept = [(bytes(name), bytes(value)) for name, value in headers if bytes(name).lower() not in ours]
        return [*kept, *ours.items()]


def _policy(datasette: Any, path: str) -> str:
    """Datasette's own pages need their scripts; ours need none, and one kind of page has one."""
    if path.startswith(FILE_PATHS):
        return FILE_POLICY
    if CHECKLIST.fullmatch(path):
        return CHECKLIST_POLICY
    return DATASETTE_POLICY if path.startswith("/-") or _is_datasettes(datasette, path) else OUR_POLICY


def _quick(datasette: Any, path: str, scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Datasette tries every column when it suggests facets: 9 seconds for 70 columns of 100,000 records. So ask it not to."""
    query: bytes = scope.get("query_string") or b""
    if not _is_datasettes(datasette, path) or path.count("/") != 2 or b"_nosuggest" in query:
        return scope
    return {**scope, "query_string": b"&".join(filter(None, [query, b"_nosuggest=1"]))}


def _is_datasettes(datasette: Any, path: str) -> bool:
    return re.split(r"[/.]", path[1:], maxsplit=1)[0] in datasette.databases


def _declared(scope: MutableMapping[str, Any]) -> int:
    for name, value in scope.get("headers") or ():
        if bytes(name).lower() == b"content-length":
            return int(value) if value.isdigit() and len(value) < 16 else MAX_SYNC_BYTES + 1
    return 0


def _counted(receive: Receive, limit: int) -> Receive:
    """Counts while reading: a request may say nothing, or not the truth, about its length."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise BodyTooLarge
        return message

    return counted
