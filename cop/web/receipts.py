"""/add/sent/<token>: what happens with something that was sent, and later what became of it. Only its sender knows the address."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from datasette import Response

from cop import accepting
from cop.config import Site
from cop.contributions import (
    ACCEPTED,
    ADD,
    CHANGED,
    CORRECT,
    DECLINED,
    GONE,
    KEPT_DAYS,
    REMOVE,
    SAY,
    WAITING,
    Contribution,
    by_token,
)
from cop.schema import open_store
from cop.web import dates, door, render
from cop.web.asked import Asked, read_meta
from cop.web.language import N_, _, apart, lookup
from cop.web.links import record_address

_HEADINGS = {
    (ADD, ACCEPTED): N_("It is in use"),
    (ADD, CHANGED): N_("It is in use, with changes"),
    (CORRECT, ACCEPTED): N_("Your correction is in use"),
    (CORRECT, CHANGED): N_("Your correction is in use, with changes"),
    (REMOVE, ACCEPTED): N_("It was taken away"),
    (SAY, ACCEPTED): N_("Somebody has read it"),
    (REMOVE, DECLINED): N_("It was not taken away"),
}
_GONE = N_("It was taken away")
_LOOKS = {
    ADD: N_("It is accepted. Others must look at it first"),
    CORRECT: N_("Your correction is accepted. Others must look at it first"),
}
_WAITS = N_("Thank you. We have it")
_NOT_USED = N_("It is not used")


@dataclass(frozen=True)
class SentPage:
    """What became of something."""

    heading: str
    waits: bool
    removal: bool
    gone: bool  # it was used, and is removed for good since
    title: str  # what it called the thing
    received: str  # the day, in words
    decided: str  # likewise, and by whom
    answer: str
    target: str  # of the record, "" if there is none that readers see
    target_title: str
    address: str  # of this page, to be kept
    organisation: str
    others_look: bool = False  # readers get it once other organisations have looked at it
    days: int = KEPT_DAYS
    template: ClassVar[str] = "cop_sent.html"


async def show(datasette: Any, request: Any) -> Response:
    """GET /add/sent/<token>"""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    served = door.served_by(datasette)
    token = request.url_vars["token"]
    found = await asyncio.to_thread(_find, served.site, token) if served else None
    if found is None:
        return render.not_found(datasette, request)
    item, others_look = found
    return await render.once(datasette, request, partial(_page, item=item, others_look=others_look))


def _find(site: Site, token: str) -> tuple[Contribution, bool] | None:
    """What somebody sent, and whether others must look at what came of it."""
    with closing(open_store(site.store_db)) as db:
        item = by_token(db, token)
        return (item, accepting.waits_for_looks(site, db, item)) if item else None


def _page(asked: Asked, item: Contribution, others_look: bool) -> SentPage:
    row = _record(asked.db, item) if item.state != WAITING or item.sent.record_id else None
    gone = row is None and _is_gone(asked.db, item)
    return SentPage(
        heading=lookup(_GONE if gone else _LOOKS[item.sent.what]) if gone or others_look else _heading(item),
        waits=item.waits,
        removal=item.sent.what == REMOVE,
        gone=gone,
        title=item.sent.title,
        received=_day(item.received_time),
        decided=_decided(item),
        answer=item.answer,
        target=record_address(row["type"], row["slug"]) if row else "",
        target_title=row["title"] if row else "",
        address=f"{asked.top}{asked.path}",
        organisation=read_meta(asked.db).get("organisation", ""),
        others_look=others_look and not gone,
    )


def _heading(item: Contribution) -> str:
    return lookup(_WAITS if item.waits else _HEADINGS.get((item.sent.what, item.state), _NOT_USED))


def _record(db: sqlite3.Connection, item: Contribution) -> sqlite3.Row | None:
    query = "SELECT type, slug, title FROM records WHERE record_id = ?"
    row: sqlite3.Row | None = db.execute(query, (item.record_id,)).fetchone()
    return row


def _is_gone(db: sqlite3.Connection, item: Contribution) -> bool:
    """True if what they sent was used, or is what they asked to remove, and the whole entry is gone for good."""
    used = item.state in (ACCEPTED, CHANGED) or item.sent.what == REMOVE
    if item.state == GONE:
        return True
    query = "SELECT 1 FROM removed WHERE record_id = ? AND part = 0 AND state <> 'waits'"
    about = item.record_id or item.sent.record_id
    return not item.waits and used and db.execute(query, (about,)).fetchone() is not None


def _decided(item: Contribution) -> str:
    if item.waits:
        return ""
    day = _day(item.decided_time)
    return _("%(day)s, by %(who)s", day=day, who=apart(item.decided_by)) if item.decided_by else day


def _day(seconds: int) -> str:
    return dates.words(datetime.fromtimestamp(seconds, UTC).date().isoformat())
