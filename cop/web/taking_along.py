"""/offline: which copy suits whom, how large it is, and how to pass it on; what lies ready; a code for phones in the room."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from datasette import Response

from cop import qr_code, ready_copies
from cop.addresses import only_here
from cop.ready_copies import Ready, Shelf
from cop.web import dates, door, files, render, texts, words
from cop.web.asked import Asked
from cop.web.language import N_, _, lookup
from cop.web.texts import TextPage

COPIES = "/copies/"
OFFLINE = "/offline"
_TOLD = {  # who has what, what they take, what it can do
    "phone": (
        N_("A phone"),
        N_("One file"),
        N_("Opens by tapping, and can be searched. Send it on by messenger or cable."),
    ),
    "folder": (
        N_("A laptop or a USB stick"),
        N_("Folder, packed"),
        N_("All pages as here, with search, papers and files. Unpack it, then open “index”."),
    ),
    "booklet": (N_("A printer"), N_("Booklet to print"), N_("Everything by kind, with contents and page numbers.")),
    "ebook": (N_("An e-reader"), N_("E-book (EPUB)"), N_("Large letters, can be read aloud.")),
    "kiwix": (
        N_("Kiwix"),
        N_("Library file (ZIM)"),
        N_("Stands next to Wikipedia and other collections, in a school or a library."),
    ),
}


@dataclass(frozen=True)
class Offer:
    """One copy, as the table shows it."""

    whom: str
    what: str
    can: str
    size: str
    target: str


@dataclass(frozen=True)
class OfflinePage:
    """What can be taken along, above what the organisation writes about it."""

    heading: str
    text: TextPage
    offers: tuple[Offer, ...]
    day: str  # ISO
    day_words: str
    behind: int  # entries that changed since
    template: ClassVar[str] = "cop_offline.html"


@dataclass(frozen=True)
class CodePage:
    """A code that leads phones to the copies."""

    heading: str
    address: str  # "" if only this computer reaches the site
    template: ClassVar[str] = "cop_code.html"


def offline(asked: Asked) -> OfflinePage:
    """/offline"""
    text = texts.of_name(asked, "offline")
    shelf = Shelf() if asked.copied else _shelf(asked.db, asked.today)
    offers = tuple(_offer(one) for kind in ready_copies.KINDS for one in shelf.copies if one.kind == kind)
    return OfflinePage(
        heading=text.heading,
        text=text,
        offers=offers,
        day=shelf.day,
        day_words=dates.words(shelf.day) if shelf.day else "",
        behind=_changed_since(asked.db, shelf.day) if offers else 0,
    )


def _shelf(db: sqlite3.Connection, today: date) -> Shelf:
    path = db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0]
    return ready_copies.on_shelf(db, ready_copies.folder_beside(Path(path)), today) if path else Shelf()


def _offer(one: Ready) -> Offer:
    whom, what, can = _TOLD[one.kind]
    return Offer(lookup(whom), lookup(what), lookup(can), words.size(one.bytes), f"{COPIES}{one.file}")


def _changed_since(db: sqlite3.Connection, day: str) -> int:
    found: int = db.execute("SELECT count(*) FROM records WHERE substr(seen, 1, 10) > ?", (day,)).fetchone()[0]
    return found


async def download(datasette: Any, request: Any) -> Response:
    """/copies/<name>: one of the copies that lie ready."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    name = request.url_vars["name"]

    def find(asked: Asked) -> Path | None:
        path = asked.db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0]
        folder = ready_copies.folder_beside(Path(path))
        there = any(one.file == name for one in ready_copies.on_shelf(asked.db, folder, asked.today).copies)
        return folder / name if there else None

    path = await render.asking(datasette, request, find)
    return files.sent(request, path, name) if path else render.not_found(datasette, request)


async def code(datasette: Any, request: Any) -> Response:
    """/offline/code: large, for a screen that people in the same room point their phones at."""

    def build(asked: Asked) -> CodePage:
        return CodePage(_("For phones in the same room"), _address(datasette, asked))

    return await render.once(datasette, request, build)


async def picture(datasette: Any, request: Any) -> Response:
    """/offline/code.svg: the same as a picture."""

    def draw(asked: Asked) -> bytes:
        address = _address(datasette, asked)
        return qr_code.svg(address, _("QR code of the address")) if address else b""

    drawn = await render.asking(datasette, request, draw)
    if not drawn:
        return render.not_found(datasette, request)
    return Response(drawn.decode(), headers={"Cache-Control": "no-store"}, content_type="image/svg+xml; charset=utf-8")


def _address(datasette: Any, asked: Asked) -> str:
    """Where others find the page with the copies: in the same network if we listen there, else where the reader does."""
    served = door.served_by(datasette)
    top = (served.address if served else "") or asked.top
    return "" if only_here(urlsplit(top).hostname or "") else f"{top}{OFFLINE}"


ROUTES = [
    (r"^/offline/code$", code),
    (r"^/offline/code\.svg$", picture),
    (r"^/copies/(?P<name>[a-z0-9-]{1,80}\.[a-z]{3,4})$", download),
]
