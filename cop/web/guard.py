"""What stands between the network and every page, ours and Datasette's: headers, limits, and pages nobody needs."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from asgi_gzip import GZipMiddleware
from datasette import Response
from datasette.utils.asgi import Request

from cop.web import cache, door, following, offered, pages, posting, render, saving
from cop.web.language import N_

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

SYNC_PATH = "/-/cop/"
SYNC_ENDPOINTS = ("/-/cop/sync", "/-/cop/blobs")  # no browser reads it, and partners pay for every byte
MAX_SYNC_BYTES = 8_000_000
MAX_BODY_BYTES = 64_000
MAX_DESK_BYTES = 2_500_000  # a long text, with three bytes for each of its letters that is not a Latin one
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
SAVE_POLICY = f"{OUR_POLICY}; script-src 'self'; connect-src 'self'; worker-src 'self'"  # where one saves a copy
WORKER_POLICY = "default-src 'none'; connect-src 'self'"
FILE_POLICY = "default-src 'none'; sandbox"  # what others sent in stands apart from the site, whatever it is
FILE_PATHS = ("/files/", "/copies/", "/-/cop/blob/", "/static/mark-")
NOT_KEPT = ("/-/", "/desk", "/files/", "/copies/", "/add/sent/", saving.FILES)  # neither kept nor compressed
MIN_GZIP_BYTES = 500
GZIP_LEVEL = 6
DATASETTE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class BodyTooLarge(Exception):
    """A request brought more bytes than are read here."""


def wrap(datasette: Any, app: App) -> App:
    """Datasette's application with our rules around it, and finished pages in front."""
    app = _pages_first(datasette, app)
    gzip = GZipMiddleware(app, minimum_size=MIN_GZIP_BYTES, compresslevel=GZIP_LEVEL)
    rules = _with_rules(datasette, app, _only_gzip_that_is_wanted(gzip))

    async def guarded(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        kept = _kept(datasette) if scope["type"] == "http" else None
        key = _key(datasette, scope) if kept else None
        if kept is None or key is None:
            if kept:
                kept.look()  # so that Datasette's pages, too, are read from the file that is there now
            await rules(scope, receive, send)
        else:
            await following.caught_up(datasette)
            await kept.answer(key, scope, send, lambda asked, sender: rules(asked, receive, sender))

    return guarded


def _kept(datasette: Any) -> cache.PageCache | None:
    database = datasette.databases.get(render.DATABASE)
    return cache.of(datasette, database.path if database else None)


def _key(datasette: Any, scope: MutableMapping[str, Any]) -> cache.Key | None:
    """Under which key this page is kept; None if it is none of ours for everybody."""
    path = render.route_path(datasette, scope)
    if path.startswith(NOT_KEPT) or is_datasettes(datasette, path):
        return None
    return cache.key_of(scope, desk=door.is_open_to(datasette, scope))


def _with_rules(datasette: Any, app: App, small: App) -> App:
    """Headers, limits and hidden pages. `small` is the same application, sending less."""

    async def ruled(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        scope, path = _without_language(datasette, scope)
        sender = _Sender(send, {} if path in SYNC_ENDPOINTS else _rules_for(datasette, path))
        limit = limit_for(path)
        if better := _better(scope, path):
            await Response.text("", status=301, headers={"Location": better}).asgi_send(sender)
        elif HIDDEN.match(path):
            await render.not_found(datasette, Request(scope, receive)).asgi_send(sender)
        elif allowed := _other_methods(datasette, path, scope):
            text = f"Only {' and '.join(allowed.split(', '))} are answered here."
            await Response.text(text, status=405, headers={"Allow": allowed}).asgi_send(sender)
        elif refused := _from_elsewhere(datasette, path, scope):
            answer = render.error(datasette, Request(scope, receive), refused.status, refused.heading, refused.message)
            await answer.asgi_send(sender)
        elif _declared(scope) > limit:
            await too_large(datasette, scope, path).asgi_send(sender)
        else:
            try:
                chosen = small if _may_be_small(path, scope) else app
                await chosen(_quick(datasette, path, scope), _counted(receive, limit), sender)
            except BodyTooLarge:
                if not sender.started:
                    await too_large(datasette, scope, path).asgi_send(sender)

    return ruled


def _pages_first(datasette: Any, app: App) -> App:
    """Our pages without the way through Datasette, which takes as long as making one, for readers without a cookie.

    What Datasette does on that way is for people who signed in, for forms and for messages between pages.
    """

    async def asked(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        plain = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not _brings_a_secret(scope)
        found = pages.find(render.route_path(datasette, scope)) if plain else None
        if found is None:
            await app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await pages.show(datasette, request, *found)
        except Exception as error:  # whatever it is, the reader gets an answer; Datasette does the same
            response = render.failed(datasette, request, error)
        await response.asgi_send(send)

    return asked


def _brings_a_secret(scope: MutableMapping[str, Any]) -> bool:
    return any(bytes(name).lower() in (b"cookie", b"authorization") for name, _ in scope.get("headers") or ())


def _may_be_small(path: str, scope: MutableMapping[str, Any]) -> bool:
    """What may be compressed. Not what goes with a secret: how small it gets would tell of it (BREACH)."""
    return not _brings_a_secret(scope) and not path.startswith(NOT_KEPT)


def _only_gzip_that_is_wanted(app: App) -> App:
    """The library looks for the word gzip, and takes "gzip;q=0" for a wish."""

    async def asked(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = scope.get("headers") or ()
        refused = [pair for pair in headers if pair[0] == b"accept-encoding" and not cache.accepts_gzip(pair[1])]
        await app({**scope, "headers": [pair for pair in headers if pair not in refused]}, receive, send)

    return asked


def _without_language(datasette: Any, scope: MutableMapping[str, Any]) -> tuple[MutableMapping[str, Any], str]:
    """The request with its language beside the address, so that one set of routes does for all languages."""
    languages = offered.offered(datasette.databases.get(render.DATABASE))
    path = render.route_path(datasette, scope)
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
    if path.startswith("/desk/"):
        return MAX_DESK_BYTES
    return MAX_SYNC_BYTES if path.startswith(SYNC_PATH) else MAX_BODY_BYTES


def too_large(datasette: Any, scope: MutableMapping[str, Any], path: str) -> Response:
    """The answer to a body that is too large."""
    if path.startswith(SYNC_PATH):
        text = f"This is larger than {limit_for(path):,} bytes, so it was not read. Nothing was changed."
        return Response.text(text, status=413, headers={"Connection": "close"})
    message = N_("It was not read, and nothing was changed. Go back, make it shorter, and send it again.")
    answer: Response = render.error(datasette, Request(scope, None), 413, N_("This is too long"), message)
    answer.headers["Connection"] = "close"
    return answer


def _from_elsewhere(datasette: Any, path: str, scope: MutableMapping[str, Any]) -> posting.NotTaken | None:
    """Why a form is not looked at, because it stood on a page of somebody else; partners' machines sign what they send."""
    return None if scope["method"] != "POST" or path.startswith(SYNC_PATH) else posting.refusal(datasette, scope)


class _Sender:
    """Adds the headers to every answer, and knows whether one has begun."""

    def __init__(self, send: Send, rules: dict[bytes, bytes]) -> None:
        self._send = send
        self._rules = rules
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = self.started or message["type"] == "http.response.start"
        if message["type"] == "http.response.start" and self._rules:
            message = {**message, "headers": self._with_ours(message.get("headers", ()))}
        await self._send(message)

    def _with_ours(self, headers: Any) -> list[tuple[bytes, bytes]]:
        kept = [(bytes(name), bytes(value)) for name, value in headers if bytes(name).lower() not in self._rules]
        return [*kept, *self._rules.items()]


def _rules_for(datasette: Any, path: str) -> dict[bytes, bytes]:
    policy = _policy(datasette, path)
    # without it browsers would not say that a form stood on a page of ours; other sites learn nothing either way
    referrer = b"same-origin" if policy in (OUR_POLICY, SAVE_POLICY, WORKER_POLICY) else b"no-referrer"
    return {
        b"content-security-policy": policy.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": referrer,
    }


def _policy(datasette: Any, path: str) -> str:
    """Datasette's own pages need their scripts; ours need none, and two kinds of pages have one."""
    if path.startswith(FILE_PATHS):
        return FILE_POLICY
    if CHECKLIST.fullmatch(path):
        return CHECKLIST_POLICY
    if path in (saving.PAGE, saving.WORKER_PATH):
        return SAVE_POLICY if path == saving.PAGE else WORKER_POLICY
    return DATASETTE_POLICY if path.startswith("/-") or is_datasettes(datasette, path) else OUR_POLICY


def _other_methods(datasette: Any, path: str, scope: MutableMapping[str, Any]) -> str:
    """What may be asked instead, if this asks in a way that makes Datasette fail; "" if all is well."""
    if path.startswith(SYNC_PATH):
        return ""
    allowed = ("GET", "HEAD") if is_datasettes(datasette, path) else ("GET", "HEAD", "POST")
    return "" if scope["method"] in (*allowed, "OPTIONS") else ", ".join(allowed)


def _quick(datasette: Any, path: str, scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Datasette tries every column when it suggests facets: 9 seconds for 70 columns of 100,000 records. So ask it not to."""
    query: bytes = scope.get("query_string") or b""
    if not is_datasettes(datasette, path) or path.count("/") != 2 or b"_nosuggest" in query:
        return scope
    return {**scope, "query_string": b"&".join(filter(None, [query, b"_nosuggest=1"]))}


def is_datasettes(datasette: Any, path: str) -> bool:
    """True for the pages of a database as tables."""
    return path[1:].partition("/")[0].partition(".")[0] in datasette.databases


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
