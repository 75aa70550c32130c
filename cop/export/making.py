"""Makes what is in a copy, one address at a time: in processes of their own, from `site.db` alone."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, quote, unquote

from cop import blobs
from cop.export import search_files
from cop.export.contents import Place, in_document, relinked
from cop.export.contents import place as place_of
from cop.export.search_records import Reader
from cop.remembered import Memory, remembering
from cop.web import dates, pages, picture, render, script, sheet, templating
from cop.web.asked import Asked, frame, read_meta
from cop.web.language import _, lookup, speaking

FEED_TOP = "http://copy.invalid"  # RFC 2606; before it reaches anybody, the way to the file stands in its place
COPY_STYLE = "/static/copy.css"


@dataclass(frozen=True)
class MovedPage:
    """It has another address now."""

    heading: str
    target: str
    template: ClassVar[str] = "cop_moved.html"


@dataclass(frozen=True)
class Copy:
    """What all pages of a copy are made from."""

    database: str  # path of `site.db`
    web: str  # address of the site on the web, "" if it has none
    style: str  # address of the style sheet
    language: str
    today: date
    own: str = ""  # the site's own language, if `language` is another one
    searches: bool = True  # False if the program it is read in does that by itself

    def speaking(self) -> AbstractContextManager[None]:
        """Everything inside is said in the language of the copy."""
        return speaking(self.language, self.own or self.language, alone=True)

    @property
    def blobs(self) -> Path:
        """The folder of the attachments."""
        return blobs.folder_beside(Path(self.database))


@dataclass(frozen=True)
class Made:
    """One file of a copy."""

    place: Place
    data: bytes | None  # None: these are the bytes at `source`
    places: frozenset[Place] = frozenset()  # where it leads
    source: Path | None = None


_open: dict[str, tuple[sqlite3.Connection, Memory]] = {}  # per process


def reader(database: str) -> tuple[sqlite3.Connection, Memory]:
    """The database as it was when this process first asked for it, and what was read of it since."""
    if database not in _open:
        db = sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")  # all pages show the same state, even while a load writes
        _open[database] = db, {}
    return _open[database]


def let_go() -> None:
    """Hold nothing open any more: whoever writes waits for those who read."""
    while _open:
        _open.popitem()[1][0].close()


def make(copy: Copy, place: Place) -> Made:
    """The bytes of a file and where they lead."""
    if place.kind == "attachment":
        return Made(place, None, source=blobs.path_of(copy.blobs, place.address.split("/")[2]))
    db, memory = reader(copy.database)
    with remembering(memory), copy.speaking():
        if place.kind == "static":
            return Made(place, _static(db, copy, place.address))
        return _page(copy, db, place)


def _page(copy: Copy, db: sqlite3.Connection, place: Place) -> Made:
    path, _query, query = place.address.partition("?")
    build, parts = pages.find(path) or (None, {})
    top = copy.web or (FEED_TOP if path.endswith(".atom") else "")
    asked = Asked(db, path, parse_qs(query, keep_blank_values=True), copy.today, None, top, copied=True)
    page = build(asked, **{name: unquote(one) for name, one in parts.items()}) if build else None
    if isinstance(page, render.Document):
        body = page.body if top != FEED_TOP else in_document(page.body, path, FEED_TOP, escape)
        return Made(place, body.encode())
    if isinstance(page, render.Moved):
        page = MovedPage(_("This page has moved"), page.target)
    return _shown(copy, db, place, page or render.ErrorPage(lookup(render.NOTHING), lookup(render.NOTHING_MORE), True))


def _shown(copy: Copy, db: sqlite3.Connection, place: Place, page: templating.Page) -> Made:
    path, _query, query = place.address.partition("?")
    around = replace(frame(db, path, copy.style, query, copied=True), searches=copy.searches)
    found = relinked(templating.html(page, path, around), path, copy.web)
    return Made(place, found.html.encode(), found.places)


def _static(db: sqlite3.Connection, copy: Copy, address: str) -> bytes:
    meta = read_meta(db)
    if address == COPY_STYLE:
        return _copy_style(meta).encode()
    if address == script.SCRIPT_PATH:
        return script.SCRIPT
    if scripts := [one for one in search_files.SCRIPTS if address == f"/static/{one.name}"]:
        return scripts[0].read_bytes()
    mark = picture.of(meta)
    if mark and address == mark.target:
        return blobs.path_of(copy.blobs, mark.sha256).read_bytes()
    return sheet.sheet(sheet.palette_of(meta)).encode()


def _copy_style(meta: Mapping[str, str]) -> str:
    """The day of the copy, in one file: it stands on all pages, and they stay as they are."""
    day = meta.get("as_of", "")[:10]
    told = _(", as it stood on %(day)s", day=dates.words(day)) if day else ""
    return f".as-of::after{{content:{json.dumps(told, ensure_ascii=False)}}}\n"


def for_searching(copy: Copy) -> Iterator[Made]:
    """What the scripts of a copy read when somebody searches it."""
    if not copy.searches:
        return
    db, memory = reader(copy.database)
    with remembering(memory), copy.speaking():
        for name, data in search_files.search_files(db, Reader(copy.today, _link)):
            yield Made(Place(name, "static", f"/{name}"), data)


def _link(address: str) -> str:
    there = place_of(address)
    return quote(there.file) if there else ""
