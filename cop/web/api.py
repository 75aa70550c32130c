"""What partners' machines ask for: the sync endpoint and our invitation. The rules are in `sync`."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from datasette import Response
from datasette.utils.asgi import BadRequest, NotFound

from cop import partners, sync
from cop.config import Site
from cop.errors import CopError
from cop.identity import open_installation
from cop.transports.http import CONTENT_TYPE, INVITATION_PATH, PATH

MAX_AT_ONCE = 4  # exchanges; more wait in line
log = logging.getLogger("cop.sync")
_sites: WeakKeyDictionary[Any, Site] = WeakKeyDictionary()
_turnstile = asyncio.Semaphore(MAX_AT_ONCE)


def attach(datasette: Any, site: Site) -> None:
    """Let partners exchange with this site. Without it, as under plain `datasette serve`, there is no endpoint."""
    _sites[datasette] = site


def _site(datasette: Any) -> Site:
    site = _sites.get(datasette)
    if site is None:
        raise NotFound("This copy does not exchange with partners")
    return site


async def sync_endpoint(request: Any, datasette: Any) -> Response:
    """One turn of an exchange."""
    site = _site(datasette)
    if request.method != "POST":
        return _refused("Partners' machines exchange here. There is nothing to read.", 405)
    body = await _read(request)
    try:
        async with _turnstile:
            answer, happened = await asyncio.to_thread(_answer, site, body)
    except CopError as error:
        log.warning("A message was refused: %s", error)
        return _refused(str(error), 400)
    if happened["received"] or happened["sent"] or happened["refused"]:
        log.info(
            "%s: %d came, %d went%s.", happened["partner"], happened["received"], happened["sent"], _turned(happened)
        )
    return Response(answer, content_type=CONTENT_TYPE)


async def _read(request: Any) -> bytes:
    """The body; `guard` counts it while it comes. (Datasette 1.0 caps its own `post_body()` lower than a message.)"""
    parts, more = [], True
    while more:
        event = await request.receive()
        if event["type"] == "http.disconnect":
            raise BadRequest("The line was cut")
        parts.append(event.get("body", b""))
        more = event.get("more_body", False)
    return b"".join(parts)


def _answer(site: Site, body: bytes) -> tuple[bytes, dict[str, Any]]:
    now = int(time.time())
    db, signer = open_installation(site, now)
    try:
        return sync.answer(sync.Side(site, db, signer), body, now)
    finally:
        db.close()


def _turned(happened: dict[str, Any]) -> str:
    if not happened["refused"]:
        return ""
    return f", {happened['refused']} turned away because we do not know who wrote them (cop join INVITATION)"


async def invitation(request: Any, datasette: Any) -> Response:
    """Our invitation, for `cop partner add`. It is worth nothing until its phrase was compared."""
    site = _site(datasette)
    address = site.config.url or f"{request.scheme}://{request.host}"
    text = await asyncio.to_thread(_invitation, site, address)
    return Response(text, content_type=f"{CONTENT_TYPE}; charset=utf-8")


def _invitation(site: Site, address: str) -> str:
    db, _ = open_installation(site, int(time.time()))
    try:
        return partners.own_invitation(db, site.config.name, site.config.kind, address).text()
    finally:
        db.close()


def _refused(text: str, status: int) -> Response:
    return Response(text, status=status, content_type=f"{CONTENT_TYPE}; charset=utf-8")


ROUTES: list[tuple[str, Callable[..., Any]]] = [(f"^{PATH}$", sync_endpoint), (f"^{INVITATION_PATH}$", invitation)]
