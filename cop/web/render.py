"""From a page to an answer: templates, headers, "not changed", and the pages for errors."""

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs

from datasette import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from cop import __version__, blobs
from cop.web import door, following
from cop.web.asked import Asked, Frame, frame, plain_frame, read_meta
from cop.web.links import outside, rel, shown_as

DATABASE = "site"
MAX_ARGUMENTS = 200  # parts of a query string that anything looks at
log = logging.getLogger(__name__)

# Control characters, and those that turn the direction of what follows, have no business in a text for people.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")


class Page(Protocol):
    """What a template gets: a frozen dataclass, with at least a heading."""

    template: ClassVar[str]

    @property
    def heading(self) -> str:
        """The heading of the page, and its title in the browser."""


@dataclass(frozen=True)
class Moved:
    """The page is at another address of this site."""

    target: str


@dataclass(frozen=True)
class ErrorPage:
    """Something is not there, not allowed or went wrong."""

    heading: str
    message: str
    template: ClassVar[str] = "cop_error.html"


Answer = Page | Moved | None  # None: there is no such page
Build = Callable[..., Answer]  # gets what was asked, and the named parts of the address


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cop.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # it would look at the disk for every part of every page
    )
    environment.globals.update(outside=outside, shown_as=shown_as)
    return environment


_TEMPLATES = _environment()
STYLE = (files("cop.web") / "static" / "style.css").read_bytes()
STYLE_HASH = hashlib.sha256(STYLE).hexdigest()[:12]
STYLE_PATH = f"/static/style-{STYLE_HASH}.css"
_BUILT_FROM = hashlib.sha256(
    b"\0".join(
        [__version__.encode(), STYLE]
        + [path.read_bytes() for path in sorted((files("cop.web") / "templates").iterdir(), key=lambda p: p.name)]
    )
).hexdigest()


def html(page: Page, path: str, around: Frame) -> str:
    """The page as HTML."""
    template = _TEMPLATES.get_template(page.template)
    return _UNWANTED.sub("", template.render(page=page, frame=around, link=partial(rel, path), path=path))


@contextmanager
def _one_state(db: sqlite3.Connection) -> Iterator[None]:
    """All questions of one page see the same state, even while a load writes."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.rollback()


def route_path(datasette: Any, scope: Mapping[str, Any]) -> str:
    """The path below the address where Datasette was told that it stands."""
    raw: bytes | None = scope.get("raw_path")
    path: str = raw.decode("latin-1").partition("?")[0] if raw else scope["path"]
    base: str = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path


async def respond(datasette: Any, request: Any, build: Build, **parts: str) -> Response:
    """Build one page from `site.db` and send it; the same again costs a reader no second download."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    if DATABASE not in datasette.databases:
        return error(datasette, request, 404, "Nothing here yet", "This copy has no content yet. Try: cop load")
    await following.caught_up(datasette)
    path, desk = route_path(datasette, request.scope), door.is_open(datasette, request)

    def read(db: sqlite3.Connection) -> tuple[str, str | Moved | None]:
        with _one_state(db):
            held = blobs.state(blobs.folder_beside(Path(str(datasette.databases[DATABASE].path))))
            tag = _tag(read_meta(db), path, request.query_string + "\0" + held, desk=desk)
            if tag and request.headers.get("if-none-match") == tag:
                return tag, ""
            args = parse_qs("&".join(request.query_string.split("&")[:MAX_ARGUMENTS]), keep_blank_values=True)
            page = build(Asked(db, path, args, date.today()), **parts)
            if page is None or isinstance(page, Moved):
                return "", page
            return tag, html(page, path, frame(db, path, STYLE_PATH, desk=desk))

    tag, body = await datasette.get_database(DATABASE).execute_fn(read)
    if body is None:
        return not_found(datasette, request)
    if isinstance(body, Moved):
        return Response.text("", status=301, headers={"Location": rel(path, body.target)})
    headers = {"Cache-Control": "no-cache"} | ({"ETag": tag} if tag else {})
    return Response.html(body, headers=headers) if body else Response.text("", status=304, headers=headers)


def _tag(meta: dict[str, str], path: str, query: str, *, desk: bool) -> str:
    """Names one state of one page; "" if the copy does not say which state it is in."""
    if not meta.get("digest"):
        return ""
    parts = [
        _BUILT_FROM,
        path,
        query,
        "desk" * desk,
        date.today().isoformat(),
        *(f"{name}={meta[name]}" for name in sorted(meta)),
    ]
    return f'W/"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:20]}"'


def not_found(datasette: Any, request: Any) -> Response:
    """The page for an address where nothing is."""
    return error(datasette, request, 404, "Nothing is here", "The address may be old or mistyped. Nothing is lost.")


def error(datasette: Any, request: Any, status: int, heading: str, message: str) -> Response:
    """A page that says what happened; it needs no database."""
    path = route_path(datasette, request.scope)
    if re.search(r"\.json$", path):
        return Response.json({"ok": False, "error": heading, "status": status}, status=status)
    around = plain_frame(path, STYLE_PATH, {})
    return Response.html(html(ErrorPage(heading, message), path, around), status=status)


def failed(datasette: Any, request: Any, exception: Exception) -> Response:
    """A page could not be made because of a bug."""
    log.error("%s could not be shown", request.path, exc_info=exception)
    message = "This page could not be made. Nothing was changed. Please tell the organisation whose copy this is."
    return error(datasette, request, 500, "Something went wrong here", message)


def style(request: Any) -> Response:
    """The style sheet. Its address changes with its content, so it may be kept for ever."""
    known = request.path.endswith(STYLE_PATH)
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if known else "no-cache"}
    return Response(STYLE.decode(), headers=headers, content_type="text/css; charset=utf-8")
