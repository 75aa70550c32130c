"""What partners' machines ask for: the sync endpoint and our invitation. The rules are in `sync`."""

import asyncio
import base64
import binascii
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from weakref import WeakKeyDictionary

from datasette import Response
from datasette.utils.asgi import NotFound

from cop import answering, exchanges, invitations
from cop.config import Site
from cop.errors import CameBefore, CopError, ForAnother, NotKnown, WrongUsage
from cop.frontier import STATE_BYTES
from cop.identity import Side, open_installation, own_organisation
from cop.receiving import take_restored
from cop.report import NOT_RENEWED, RESTORED
from cop.signing import Signer
from cop.transports import partly_known, several, signatures
from cop.transports.answers import CONTENT_TYPE
from cop.transports.http import INVITATION_PATH, PATH
from cop.web import following
from cop.web.bodies import Bodies, Busy
from cop.web.following import Follower

MAX_AT_ONCE = 4  # exchanges; more wait in line
BODIES = Bodies(2 * MAX_AT_ONCE, waiting=32)  # some are read while others are answered
_STATUSES: dict[type[CopError], int] = {NotKnown: 403, ForAnother: 421, CameBefore: 409, Busy: 503}
log = logging.getLogger("cop.sync")
_sites: WeakKeyDictionary[Any, Site] = WeakKeyDictionary()
_turnstile = asyncio.Semaphore(MAX_AT_ONCE)


def attach(datasette: Any, site: Site) -> Follower:
    """Let partners exchange with this site. Without it, as under plain `datasette serve`, there is no endpoint.

    Returns what keeps its pages up to date.
    """
    _sites[datasette] = site
    return following.attach(datasette, site)


def site_of(datasette: Any) -> Site:
    """The site that exchanges here. Raises: NotFound."""
    site = _sites.get(datasette)
    if site is None:
        raise NotFound("This copy does not exchange with partners")
    return site


class SignedResponse(Response):  # type: ignore[misc]  # Datasette has no types
    """An answer with nothing around it but what proves who gave it."""

    async def asgi_send(self, send: Any) -> None:
        """Datasette would add a type to answers that have no content."""
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        if self.body:
            headers += [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class SeveralResponse(Response):  # type: ignore[misc]  # Datasette has no types
    """An answer of several messages, each packed while the one before is on its way."""

    def __init__(self, messages: AsyncIterator[SignedResponse]) -> None:
        super().__init__(b"")
        self._messages = messages

    async def asgi_send(self, send: Any) -> None:
        """Part by part; `several` has the form."""
        headers = [(b"content-type", several.CONTENT_TYPE.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for message in self._messages:
            body = several.part(message.headers, message.body)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def sync_endpoint(request: Any, datasette: Any) -> Response:
    """One turn of an exchange: a question in the address (is anything new?), or a message."""
    site = site_of(datasette)
    if request.method not in ("GET", "POST") or (request.method == "GET" and not request.query_string):
        return _refused("Partners' machines exchange here. There is nothing to read.", 405)
    asked = signatures.Request(request.method, request.url, dict(request.headers))
    try:
        if request.method == "GET":
            response, answer = await _in_line(site, asked, _question(request))
        else:
            async with BODIES.read(request) as body:
                response, answer = await _in_line(site, asked, body)
    except CopError as error:
        log.warning("A message was refused: %s", error)
        return _refused(str(error), status_of(error))
    except sqlite3.OperationalError as error:
        log.warning("The data folder is busy or cannot be written: %s", error)
        return _refused("This site is busy. Try again in a moment.", 503)
    _tell(answer)
    if answer.received.entries or answer.received.payloads:
        following.follow(datasette)
    if answer.following is None:
        return response
    return SeveralResponse(_all_messages(site, asked, request, response, answer))


async def _in_line(site: Site, asked: signatures.Request, body: bytes) -> tuple["SignedResponse", answering.Answer]:
    async with _turnstile:
        return await asyncio.to_thread(_answer, site, asked, body)


async def _all_messages(
    site: Site, asked: signatures.Request, request: Any, response: SignedResponse, answer: answering.Answer
) -> AsyncIterator[SignedResponse]:
    """The first message of an answer, and those that follow, until the partner has gone."""
    gone = asyncio.ensure_future(request.receive())  # all of the question was read: what comes now is the end
    try:
        yield response
        while answer.following is not None and not gone.done():
            async with _turnstile:
                response, answer = await asyncio.to_thread(_follow, site, asked, answer.following)
            _tell(answer)
            yield response
    finally:
        gone.cancel()


def _question(request: Any) -> bytes:
    """The frontier hash in the address of a GET. Raises: WrongUsage."""
    try:
        state = base64.b64decode(request.query_string + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        state = b""
    if len(state) != STATE_BYTES:
        raise WrongUsage("This asks in a way that no cop does.")
    return state


def _tell(answer: answering.Answer) -> None:
    """One sentence for the people who watch the terminal."""
    came = answer.received
    happened = {"received": came.changes, "sent": answer.sent, "refused": sum(came.refused.values())}
    if any(happened.values()):
        log.info("%s", exchanges.sentence(answer.partner, happened))
    if came.restored:
        log.info("%s", RESTORED if came.renewed else NOT_RENEWED)


def _answer(site: Site, asked: signatures.Request, body: bytes) -> tuple[SignedResponse, answering.Answer]:
    now = int(time.time())
    db, signer = open_installation(site, now)
    try:
        content = body if asked.method == "POST" else b""
        sender = sender_of(db, asked, content)
        answer = answering.answer(Side(site, db, signer), body, now, sender.writer, sender.nonce)
        if answer.received.restored:
            take_restored(db)  # `_tell` says it, and no later exchange needs to
    finally:
        db.close()
    return _signed(asked, signer, answer), answer


def _follow(
    site: Site, asked: signatures.Request, following: answering.Following
) -> tuple[SignedResponse, answering.Answer]:
    now = int(time.time())
    db, signer = open_installation(site, now)
    try:
        answer = answering.follow(Side(site, db, signer), following, now)
    finally:
        db.close()
    return _signed(asked, signer, answer), answer


def _signed(asked: signatures.Request, signer: Signer, answer: answering.Answer) -> SignedResponse:
    signed = signatures.Response(200 if answer.body else 204, asked)
    signatures.sign_response(signed, signer, answer.body)
    return SignedResponse(answer.body, status=signed.status_code, headers=signed.headers)


def sender_of(db: sqlite3.Connection, asked: signatures.Request, content: bytes) -> signatures.Sender:
    """Who has proved to have sent a request, to us. Raises: ForAnother, Refused."""
    return signatures.sender_of(asked, content, partly_known(db), own_organisation(db))


def status_of(error: CopError) -> int:
    """The status that says why something was not taken in (RFC 9110); 400 if it makes no sense."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 400)


async def invitation(request: Any, datasette: Any) -> Response:
    """Our invitation, for `cop partner add`. It is worth nothing until its phrase was compared."""
    site = site_of(datasette)
    address = site.config.url or f"{request.scheme}://{request.host}"
    text = await asyncio.to_thread(_invitation, site, address)
    return Response(text, content_type=f"{CONTENT_TYPE}; charset=utf-8")


def _invitation(site: Site, address: str) -> str:
    db, _ = open_installation(site, int(time.time()))
    try:
        return invitations.own_invitation(db, site.config.name, site.config.kind, address).text()
    finally:
        db.close()


def _refused(text: str, status: int) -> Response:
    return Response(text, status=status, content_type=f"{CONTENT_TYPE}; charset=utf-8")


ROUTES: list[tuple[str, Callable[..., Any]]] = [(f"^{PATH}$", sync_endpoint), (f"^{INVITATION_PATH}$", invitation)]
