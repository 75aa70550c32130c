"""The desk's addresses, and `/-/cop/about`: who gets an answer, and from where. What the pages show is in `exchanging`
and `waiting`.

They read `store.db`, in a thread, and never through Datasette.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from datasette import Response
from datasette.utils.asgi import NotFound

from cop import about, qr_code, status
from cop.schema import open_store
from cop.web import door, exchanging, render, sheet, waiting
from cop.web.asked import Frame, language_links, plain_frame
from cop.web.door import Served
from cop.web.language import N_, speaking
from cop.web.offered import Offered

CLOSED = N_("The desk is open on the organisation’s own computer only")
NO_STORE = {"Cache-Control": "no-store"}
Build = Callable[[Served, sqlite3.Connection], render.Page]


async def _events(datasette: Any, request: Any) -> Response:
    typed = (request.args.get("page") or "")[:6]
    page = max(1, int(typed)) if typed.isascii() and typed.isdigit() else 1
    return await _page(datasette, request, partial(waiting.waiting_page, number=page))


def _view(build: Build) -> Callable[..., Awaitable[Response]]:
    async def view(datasette: Any, request: Any) -> Response:
        return await _page(datasette, request, build)

    return view


async def _page(datasette: Any, request: Any, build: Build) -> Response:
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    served = door.served_by(datasette)
    if served is None or not door.is_open(datasette, request):
        return _closed(datasette, request)
    path = render.route_path(datasette, request.scope)
    return Response.html(await asyncio.to_thread(_html, served, request.scope, path, build), headers=NO_STORE)


def _html(served: Served, scope: dict[str, Any], path: str, build: Build) -> str:
    db = open_store(served.site.store_db)
    try:
        with speaking(*render.spoken_in(scope)):
            return render.html(build(served, db), path, _frame(served, db, path, scope["cop_offered"]))
    finally:
        db.close()


def _frame(served: Served, db: sqlite3.Connection, path: str, languages: Offered) -> Frame:
    config = served.site.config
    names = sorted([config.name, *(one.name for one in status.others(db))], key=str.casefold)
    meta = {"title": config.title, "organisation": config.name}
    links = language_links(languages, path, "")
    return plain_frame(path, sheet.path_of(config.look), meta, names[:50], links, desk=True)


def _closed(datasette: Any, request: Any) -> Response:
    message = N_("Its pages are for the people who look after this copy. Everything that is published is in the lists.")
    response: Response = render.error(datasette, request, 403, CLOSED, message)
    response.headers.update(NO_STORE)
    return response


async def _picture(datasette: Any, request: Any) -> Response:
    served = door.served_by(datasette)
    if served is None or not door.is_open(datasette, request):
        return _closed(datasette, request)
    picture = await asyncio.to_thread(_qr, served)
    return Response(picture.decode(), headers=NO_STORE, content_type="image/svg+xml; charset=utf-8")


def _qr(served: Served) -> bytes:
    db = open_store(served.site.store_db)
    try:
        return qr_code.svg(exchanging.invitation(served, db).text(), "QR code of our invitation")
    finally:
        db.close()


async def _start(datasette: Any, request: Any) -> Response:
    if not door.is_open(datasette, request):
        return _closed(datasette, request)
    return Response.text("", status=302, headers={"Location": "desk/sync", **NO_STORE})


# -- /-/cop/about, for anyone

_told: dict[Path, tuple[tuple[int, ...], str]] = {}  # per store: its state, and the answer then


async def about_endpoint(datasette: Any, request: Any) -> Response:
    """How much this site holds, of what is public."""
    served = door.served_by(datasette)
    if served is None:
        raise NotFound("This copy does not exchange with partners")
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    text = await asyncio.to_thread(_about, served)
    return Response(text, headers={"Cache-Control": "no-cache"}, content_type="application/json; charset=utf-8")


def _about(served: Served) -> str:
    db = open_store(served.site.store_db)
    try:
        state = about.state(db)
        kept = _told.get(served.site.store_db)
        if kept is None or kept[0] != state:
            kept = (state, about.format_answer(about.describe(served.site, db)))
            _told[served.site.store_db] = kept
        return kept[1]
    finally:
        db.close()


ROUTES: list[tuple[str, Any]] = [
    (f"^{about.PATH}$", about_endpoint),
    (r"^/desk$", _start),
    (r"^/desk/sync$", _view(exchanging.sync_page)),
    (r"^/desk/invite$", _view(exchanging.invite_page)),
    (r"^/desk/events$", _events),
    (r"^/desk/invitation\.svg$", _picture),
]
