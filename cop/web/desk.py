"""The desk's addresses, and `/-/cop/about`: who gets an answer, and from where. How a page is asked for is in `at_desk`, what
lies on the desk in `boxes`, and what each page shows in a module of its own.

They read `store.db`, in a thread, and never through Datasette.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette import Response
from datasette.utils.asgi import NotFound

from cop import about, qr_code
from cop.schema import open_store
from cop.web import (
    alike,
    at_desk,
    buddy_page,
    door,
    edit,
    entries,
    exchanging,
    improving,
    inbox,
    removals,
    signing_in,
    starting,
    templating,
    to_look_at,
    told,
    unsettled,
    waiting,
)
from cop.web.door import Served

Build = Callable[[Served, sqlite3.Connection], templating.Page]


def _paged(build: Callable[..., templating.Page]) -> at_desk.View:
    return at_desk.view(lambda visit: build(visit.served, visit.db, number=at_desk.page_number(visit)))


def _view(build: Build) -> at_desk.View:
    return at_desk.view(lambda visit: build(visit.served, visit.db))


async def _picture(datasette: Any, request: Any) -> Response:
    served = door.served_by(datasette)
    if served is None or not door.is_open(datasette, request):
        return at_desk.closed(datasette, request)
    picture = await asyncio.to_thread(_qr, served)
    return Response(picture.decode(), headers=at_desk.NO_STORE, content_type="image/svg+xml; charset=utf-8")


def _qr(served: Served) -> bytes:
    db = open_store(served.site.store_db)
    try:
        return qr_code.svg(exchanging.invitation(served, db).text(), "QR code of our invitation")
    finally:
        db.close()


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
    (r"^/desk$", at_desk.view(starting.start)),
    (r"^/desk/enter/(?P<secret>[A-Za-z0-9_-]{20,100})$", signing_in.enter),
    (r"^/desk/leave$", signing_in.leave),
    (r"^/desk/conflicts$", at_desk.view(unsettled.unsettled)),
    (r"^/desk/conflicts/(?P<record>[a-z2-7]{26})$", at_desk.view(unsettled.conflict, unsettled.settle)),
    (r"^/desk/endorse$", at_desk.view(to_look_at.to_look_at)),
    (r"^/desk/endorse/(?P<record>[a-z2-7]{26})$", at_desk.view(to_look_at.to_read, to_look_at.say)),
    (r"^/desk/find$", at_desk.view(entries.find)),
    (r"^/desk/new$", at_desk.view(entries.new)),
    (r"^/desk/new/(?P<kind>[a-z]+)$", at_desk.view(edit.new_one, edit.take_new)),
    (r"^/desk/edit/(?P<record>[a-z2-7]{26})$", at_desk.view(edit.edit, edit.take_edit)),
    (r"^/desk/edit/(?P<folder>[a-z]+)/(?P<slug>[^/]+)$", at_desk.view(edit.by_address)),
    (r"^/desk/withdraw/(?P<record>[a-z2-7]{26})$", at_desk.view(edit.to_edit, edit.withdraw)),
    (r"^/desk/inbox$", at_desk.view(inbox.inbox, inbox.decide)),
    (r"^/desk/inbox/(?P<number>[0-9]{1,9})$", at_desk.view(improving.edit, improving.use_changed)),
    (r"^/desk/told$", at_desk.view(told.kinds)),
    (r"^/desk/told/(?P<kind>[a-z]+)$", at_desk.view(told.write, told.take)),
    (r"^/desk/people$", at_desk.view(signing_in.people, signing_in.take_people)),
    (r"^/desk/sync$", _view(exchanging.sync_page)),
    (r"^/desk/invite$", _view(exchanging.invite_page)),
    (r"^/desk/events$", _paged(waiting.waiting_page)),
    (r"^/desk/duplicates$", at_desk.view(alike.to_compare, alike.say)),
    (r"^/desk/removals$", at_desk.view(removals.to_decide)),
    (r"^/desk/removals/(?P<record>[a-z2-7]{26})$", at_desk.view(removals.to_read, removals.decide)),
    (r"^/desk/buddies$", _view(buddy_page.buddy_page)),
    (r"^/desk/invitation\.svg$", _picture),
]
