"""From a page to an answer: headers, "not changed", and the pages for errors. `templating` makes the HTML."""

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs

from datasette import Response
from datasette.utils.asgi import NotFound

from cop import blobs, ended, ready_copies
from cop.web import address, door, following, language, makers, sheet
from cop.web.asked import Asked, frame, plain_frame, read_meta
from cop.web.language import N_, lookup, speaking
from cop.web.links import rel
from cop.web.offered import Offered
from cop.web.templating import BUILT_FROM, Page, html

DATABASE = "site"
_Made = TypeVar("_Made")
NOTHING = N_("Nothing is here")
NOTHING_MORE = N_(
    "The address may be old or mistyped. Or what stood here was removed, because somebody asked for that."
)
MAX_ARGUMENTS = 200  # parts of a query string that anything looks at
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Moved:
    """The page is at another address of this site."""

    target: str


@dataclass(frozen=True)
class ErrorPage:
    """Something is not there, not allowed or went wrong."""

    heading: str
    message: str
    may_be_removed: bool = False
    template: ClassVar[str] = "cop_error.html"


@dataclass(frozen=True)
class Document:
    """A file for other programs: a calendar, a feed, a citation."""

    body: str
    content_type: str  # without the charset, which is always UTF-8
    name: str = ""  # under which it is saved; "" if programs read it where it is
    changed: str = ""  # ISO, in UTC


Answer = Page | Document | Moved | None  # None: there is no such page
Build = Callable[..., Answer]  # gets what was asked, and the named parts of the address


def route_path(datasette: Any, scope: Mapping[str, Any]) -> str:
    """The path below the address where Datasette was told that it stands."""
    raw: bytes | None = scope.get("raw_path")
    path: str = raw.decode("latin-1").partition("?")[0] if raw else scope["path"]
    base: str = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path


def spoken_in(scope: dict[str, Any]) -> tuple[str, str]:
    """The language of a request and the site's own, as `guard` found them."""
    own = scope.get("cop_offered", Offered()).own
    return scope.get("cop_language", own), own


async def respond(datasette: Any, request: Any, build: Build, line: makers.Line, **parts: str) -> Response:
    """Build one page from `site.db` and send it; the same again costs a reader no second download."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    if DATABASE not in datasette.databases:
        return error(datasette, request, 404, N_("Nothing here yet"), N_("This copy has no content yet. Try: cop load"))
    await following.caught_up(datasette)
    path, desk = route_path(datasette, request.scope), door.is_open(datasette, request)

    def read(db: sqlite3.Connection) -> tuple[str, str | Document | Moved | None, int]:
        with speaking(*spoken_in(request.scope)):
            site_db = Path(str(datasette.databases[DATABASE].path))
            ready = ready_copies.state(str(ready_copies.folder_beside(site_db) / ready_copies.LIST))
            held = f"{blobs.state(blobs.folder_beside(site_db))} {ready}"
            meta = read_meta(db)
            top = address.top(datasette, request, meta)
            now = ended.the_hour()
            over = str(ended.events(db, date.today(), now))
            state = (request.query_string, language.current(), held, over, top, str(_takes_forms(datasette)))
            tag = _tag(meta, path, "\0".join(state), desk=desk)
            if tag and request.headers.get("if-none-match") == tag:
                return tag, "", 304
            page = build(Asked(db, path, _args(request), date.today(), now, top, _takes_forms(datasette)), **parts)
            if page is None or isinstance(page, Moved):
                return "", page, 404
            if isinstance(page, Document):
                return tag, page, 200
            around = frame(db, path, sheet.told(datasette, meta), request.query_string, desk=desk)
            return tag, html(page, path, around), getattr(page, "status", 200)

    tag, body, status = await makers.maker(datasette, line).make(datasette, DATABASE, read)
    if body is None:
        return not_found(datasette, request)
    if isinstance(body, Moved):
        return Response.text("", status=301, headers={"Location": rel(path, body.target)})
    headers = {"Cache-Control": "no-cache"} | ({"ETag": tag} if tag else {})
    if isinstance(body, Document):
        return _file(body, headers)
    return Response.html(body, status, headers) if body else Response.text("", status=304, headers=headers)


async def asking(datasette: Any, request: Any, read: Callable[[Asked], _Made]) -> _Made:
    """What `read` makes of a request, in its language and with the database at hand. Raises: NotFound."""
    if DATABASE not in datasette.databases:
        raise NotFound("This copy has no content yet")
    await following.caught_up(datasette)
    path = route_path(datasette, request.scope)

    def asked(db: sqlite3.Connection) -> _Made:
        with speaking(*spoken_in(request.scope)):
            top = address.top(datasette, request, read_meta(db))
            now = ended.the_hour()
            return read(Asked(db, path, _args(request), date.today(), now, top, _takes_forms(datasette)))

    return await makers.maker(datasette, "pages").make(datasette, DATABASE, asked)


async def once(datasette: Any, request: Any, build: Build, status: int = 200) -> Response:
    """A page for one reader, kept by nobody, such as a form with what somebody typed into it."""
    desk = door.is_open(datasette, request)

    def read(asked: Asked) -> str:
        page = build(asked)
        if page is None or isinstance(page, Moved | Document):
            raise NotFound("There is no such page")
        style = sheet.told(datasette, read_meta(asked.db))
        return html(page, asked.path, frame(asked.db, asked.path, style, "", desk=desk))

    body = await asking(datasette, request, read)
    return Response.html(body, status=status, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _args(request: Any) -> Mapping[str, list[str]]:
    return parse_qs("&".join(request.query_string.split("&")[:MAX_ARGUMENTS]), keep_blank_values=True)


def _takes_forms(datasette: Any) -> bool:
    return door.served_by(datasette) is not None


def _file(document: Document, headers: dict[str, str]) -> Response:
    told = dict(headers)
    if document.name:  # "inline": phones then offer to add an event, and what a browser cannot show it saves
        name = re.sub(r"[^A-Za-z0-9._-]", "_", document.name)
        told["Content-Disposition"] = f'inline; filename="{name}"'
    if document.changed:
        told["Last-Modified"] = format_datetime(datetime.fromisoformat(document.changed), usegmt=True)
    return Response(document.body, headers=told, content_type=f"{document.content_type}; charset=utf-8")


def _tag(meta: dict[str, str], path: str, query: str, *, desk: bool) -> str:
    """Names one state of one page; "" if the copy does not say which state it is in."""
    if not meta.get("digest"):
        return ""
    parts = [
        BUILT_FROM,
        path,
        query,
        "desk" * desk,
        date.today().isoformat(),
        *(f"{name}={meta[name]}" for name in sorted(meta)),
    ]
    return f'W/"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:20]}"'


def not_found(datasette: Any, request: Any) -> Response:
    """The page for an address where nothing is."""
    return error(datasette, request, 404, NOTHING, NOTHING_MORE)


def error(datasette: Any, request: Any, status: int, heading: str, message: str) -> Response:
    """A page that says what happened, in words that are in the catalogues; it needs no database."""
    path = route_path(datasette, request.scope)
    if re.search(r"\.json$", path):
        return Response.json({"ok": False, "error": heading, "status": status}, status=status)
    with speaking(*spoken_in(request.scope)):
        return bare(datasette, request, ErrorPage(lookup(heading), lookup(message), status == 404), status)


def bare(datasette: Any, request: Any, page: Page, status: int) -> Response:
    """A page with little around it, in the language that is being spoken; it needs no database."""
    path = route_path(datasette, request.scope)
    return Response.html(html(page, path, plain_frame(path, sheet.last(datasette), {})), status=status)


def failed(datasette: Any, request: Any, exception: Exception) -> Response:
    """A page could not be made because of a bug."""
    log.error("%s could not be shown", request.path, exc_info=exception)
    message = N_("This page could not be made. Nothing was changed. Please tell the organisation whose copy this is.")
    return error(datasette, request, 500, N_("Something went wrong here"), message)
