"""From a page to an answer: templates, headers, "not changed", and the pages for errors."""

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from gettext import NullTranslations
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs

from datasette import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cop import __version__, blobs, ended
from cop.web import address, catalogues, door, following, language, sheet
from cop.web.asked import Asked, Frame, frame, plain_frame, read_meta
from cop.web.language import N_, lookup, speaking
from cop.web.links import about, outside, page_link, rel, shown_as
from cop.web.narrow import Facet
from cop.web.offered import Offered
from cop.web.script import SCRIPT

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


@dataclass(frozen=True)
class Document:
    """A file for other programs: a calendar, a feed, a citation."""

    body: str
    content_type: str  # without the charset, which is always UTF-8
    name: str = ""  # under which it is saved; "" if programs read it where it is
    changed: str = ""  # ISO, in UTC


Answer = Page | Document | Moved | None  # None: there is no such page
Build = Callable[..., Answer]  # gets what was asked, and the named parts of the address


def _mark(text: str) -> Markup:
    return Markup("<mark>{}</mark>").format(text)


def _time(iso: str, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(iso, shown)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cop.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # it would look at the disk for every part of every page
    )
    environment.globals.update(
        about=about, outside=outside, shown_as=shown_as, marked=language.marked, apart=language.apart
    )
    environment.globals.update(_=language.on_page, ngettext=language.counted_on_page, mark=_mark, time=_time)
    environment.filters["number"] = language.number
    return environment


_TEMPLATES = _environment()
_BUILT_FROM = hashlib.sha256(
    b"\0".join(
        [__version__.encode(), sheet.STYLE.encode(), SCRIPT, catalogues.contents()]
        + [path.read_bytes() for path in sorted((files("cop.web") / "templates").iterdir(), key=lambda p: p.name)]
    )
).hexdigest()


# Two parts that many pages share, word for word. They are most of the words of a page, so they are kept.


def _foot(path: str, desk: bool) -> Markup:
    return _foot_at(path.count("/"), desk, language.spoken(), language.spoken().words)


@lru_cache(maxsize=128)
def _foot_at(depth: int, desk: bool, _spoken: language.Speaking, _words: NullTranslations) -> Markup:
    """The links to all pages, for pages so many folders down."""
    return Markup(_TEMPLATES.get_template("_cop_foot.html").render(link=partial(page_link, "/" * depth), desk=desk))


def _choices(facets: tuple[Facet, ...]) -> Markup:
    return _choices_in(facets, language.spoken(), language.spoken().words)


@lru_cache(maxsize=128)
def _choices_in(facets: tuple[Facet, ...], _spoken: language.Speaking, _words: NullTranslations) -> Markup:
    return Markup(_TEMPLATES.get_template("_cop_facets.html").render(facets=facets))


_TEMPLATES.globals.update(foot=_foot, choices=_choices)


def html(page: Page, path: str, around: Frame) -> str:
    """The page as HTML."""
    template = _TEMPLATES.get_template(page.template)
    return _UNWANTED.sub("", template.render(page=page, frame=around, link=partial(page_link, path), path=path))


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


def spoken_in(scope: dict[str, Any]) -> tuple[str, str]:
    """The language of a request and the site's own, as `guard` found them."""
    own = scope.get("cop_offered", Offered()).own
    return scope.get("cop_language", own), own


async def respond(datasette: Any, request: Any, build: Build, **parts: str) -> Response:
    """Build one page from `site.db` and send it; the same again costs a reader no second download."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    if DATABASE not in datasette.databases:
        return error(datasette, request, 404, N_("Nothing here yet"), N_("This copy has no content yet. Try: cop load"))
    await following.caught_up(datasette)
    path, desk = route_path(datasette, request.scope), door.is_open(datasette, request)

    def read(db: sqlite3.Connection) -> tuple[str, str | Document | Moved | None]:
        with _one_state(db), speaking(*spoken_in(request.scope)):
            held = blobs.state(blobs.folder_beside(Path(str(datasette.databases[DATABASE].path))))
            meta = read_meta(db)
            top = address.top(datasette, request, meta)
            now = ended.the_hour()
            over = str(ended.events(db, date.today(), now))
            tag = _tag(meta, path, "\0".join((request.query_string, language.current(), held, over, top)), desk=desk)
            if tag and request.headers.get("if-none-match") == tag:
                return tag, ""
            args = parse_qs("&".join(request.query_string.split("&")[:MAX_ARGUMENTS]), keep_blank_values=True)
            page = build(Asked(db, path, args, date.today(), now, top), **parts)
            if page is None or isinstance(page, Moved):
                return "", page
            if isinstance(page, Document):
                return tag, page
            return tag, html(page, path, frame(db, path, sheet.told(datasette, meta), request.query_string, desk=desk))

    tag, body = await datasette.get_database(DATABASE).execute_fn(read)
    if body is None:
        return not_found(datasette, request)
    if isinstance(body, Moved):
        return Response.text("", status=301, headers={"Location": rel(path, body.target)})
    headers = {"Cache-Control": "no-cache"} | ({"ETag": tag} if tag else {})
    if isinstance(body, Document):
        return _file(body, headers)
    return Response.html(body, headers=headers) if body else Response.text("", status=304, headers=headers)


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
    message = N_("The address may be old or mistyped. Nothing is lost.")
    return error(datasette, request, 404, N_("Nothing is here"), message)


def error(datasette: Any, request: Any, status: int, heading: str, message: str) -> Response:
    """A page that says what happened, in words that are in the catalogues; it needs no database."""
    path = route_path(datasette, request.scope)
    if re.search(r"\.json$", path):
        return Response.json({"ok": False, "error": heading, "status": status}, status=status)
    with speaking(*spoken_in(request.scope)):
        page = ErrorPage(lookup(heading), lookup(message))
        return Response.html(html(page, path, plain_frame(path, sheet.last(datasette), {})), status=status)


def failed(datasette: Any, request: Any, exception: Exception) -> Response:
    """A page could not be made because of a bug."""
    log.error("%s could not be shown", request.path, exc_info=exception)
    message = N_("This page could not be made. Nothing was changed. Please tell the organisation whose copy this is.")
    return error(datasette, request, 500, N_("Something went wrong here"), message)
