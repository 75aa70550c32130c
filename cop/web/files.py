"""Attachments over HTTP: for readers of a page, and for partners' machines. Only what a public record names now.

They are sent as files to save, with a type by their ending, in a sandbox: nothing of them runs as part of the site.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from datasette import Response

from cop import attachments, blob_answering, blobs
from cop.config import Site
from cop.errors import CopError
from cop.identity import open_installation
from cop.transports import signatures
from cop.transports.answers import CONTENT_TYPE
from cop.transports.attachments import HELD, PATH, TALK_PATH
from cop.web import api, picture, render
from cop.web.asked import read_meta
from cop.web.language import N_

FILES = "/files/"  # for readers
FOR_EVER = "public, max-age=31536000, immutable"  # the address names the bytes
_HASH = "(?P<sha256>[0-9a-f]{64})"
_ONE_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


_turnstile = asyncio.Semaphore(api.MAX_AT_ONCE)


class FileResponse(Response):  # type: ignore[misc]  # Datasette has no types
    """Part of a file, read while it is sent."""

    def __init__(
        self, path: Path, start: int, end: int, status: int, headers: dict[str, str], content_type: str
    ) -> None:
        super().__init__(b"", status=status, headers=headers, content_type=content_type)
        self._path, self._start, self._end = path, start, end

    async def asgi_send(self, send: Any) -> None:
        """Send headers, then one piece after the other."""
        told = {**self.headers, "Content-Type": self.content_type, "Content-Length": str(self._end - self._start)}
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        pieces = self._pieces()
        while piece := await asyncio.to_thread(next, pieces, b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _pieces(self) -> Iterator[bytes]:
        return blobs.pieces(self._path, self._start, self._end)


class HeadersOnly(FileResponse):
    """The answer to HEAD: as long as the file would be, and empty."""

    def _pieces(self) -> Iterator[bytes]:
        return iter(())


def wanted_part(header: str, size: int) -> tuple[int, int] | None:
    """Start and end (not included) of a single range (RFC 9110 section 14); all of it if it says nothing that we do.

    None if it lies behind the end.

    >>> wanted_part("bytes=2-4", 10), wanted_part("bytes=7-", 10), wanted_part("bytes=-3", 10), wanted_part("", 10)
    ((2, 5), (7, 10), (7, 10), (0, 10))
    >>> wanted_part("bytes=10-", 10), wanted_part("bytes=0-1,4-5", 10), wanted_part("bytes=5-2", 10)
    (None, (0, 10), (0, 10))
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    first, last = (found[1], found[2]) if found else ("", "")
    if not first and not last:
        return 0, size
    if not first:
        return (max(size - int(last), 0), size) if int(last) else None
    if last and int(last) < int(first):
        return 0, size
    return (int(first), min(int(last) + 1, size) if last else size) if int(first) < size else None


def sent(request: Any, path: Path, name: str) -> Response:
    """A file to save, under a name that may mean another one tomorrow."""
    try:
        found = path.stat()
    except OSError:
        return Response.text("This file is not here any more.", status=404)
    return _send(
        request, path, name, {"Cache-Control": "no-cache", "ETag": f'"{found.st_mtime_ns:x}-{found.st_size:x}"'}
    )


def _send(request: Any, path: Path, name: str, more: Mapping[str, str]) -> Response:
    """A file, or the part of it that was asked for."""
    try:
        size = path.stat().st_size
    except OSError:
        return Response.text("This file is not in this copy.", status=404)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{path.name}"',
        "Cache-Control": FOR_EVER,
        "Content-Disposition": disposition(name),
        **more,
    }
    tag = headers["ETag"]
    if request.headers.get("if-none-match") == tag:
        return Response.text("", status=304, headers={"ETag": tag, "Cache-Control": headers["Cache-Control"]})
    fresh = request.headers.get("if-range", tag) == tag
    asked = request.headers.get("range", "") if fresh else ""
    part = wanted_part(asked, size)
    if part is None:
        return Response.text("", status=416, headers={"Content-Range": f"bytes */{size}", **more})
    status = 206 if part != (0, size) else 200
    if status == 206:
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    kind = HeadersOnly if request.method == "HEAD" else FileResponse
    return kind(path, *part, status, headers, attachments.type_of(name))


def disposition(name: str) -> str:
    """Say that it is to be saved, and how it is called (RFC 6266).

    >>> disposition('Ordre "é".pdf')
    'attachment; filename="Ordre ___.pdf"; filename*=UTF-8\\'\\'Ordre%20%22%C3%A9%22.pdf'
    """
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# -- for readers


async def for_readers(request: Any, datasette: Any) -> Response:
    """/files/<sha256>/<name>, if a public record names just that."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Only GET and HEAD are answered here.", status=405, headers={"Allow": "GET, HEAD"})
    database = datasette.databases.get(render.DATABASE)
    sha256, asked = request.url_vars["sha256"], unquote(request.url_vars["name"])

    def is_named(db: sqlite3.Connection) -> bool:
        row = db.execute("SELECT 1 FROM files WHERE sha256 = ? AND name = ?", (sha256, asked)).fetchone()
        return row is not None

    if database is None or not database.path or not await database.execute_fn(is_named):
        return render.not_found(datasette, request)
    path = blobs.path_of(blobs.folder_beside(Path(database.path)), sha256)
    if not path.is_file():
        message = N_("This file is not in this copy: it was too large to fetch, or has not arrived yet.")
        return render.error(datasette, request, 404, N_("Not in this copy"), message)
    return _send(request, path, asked, {})


async def mark(request: Any, datasette: Any) -> Response:
    """/static/mark-…: the mark of the organisation, at the address of what it is now."""
    database = datasette.databases.get(render.DATABASE)
    found = picture.of(await database.execute_fn(read_meta)) if database and database.path else None
    if found is None or not request.path.endswith(found.target):
        return render.not_found(datasette, request)
    path = blobs.path_of(blobs.folder_beside(Path(database.path)), found.sha256)
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError:  # site.db was copied without what lies beside it
        return render.not_found(datasette, request)
    return Response(data, headers={"Cache-Control": FOR_EVER}, content_type=found.content_type)


# -- for partners' machines


async def for_partners(request: Any, datasette: Any) -> Response:
    """GET and HEAD an attachment, or PUT a piece of one."""
    site, sha256 = api.site_of(datasette), request.url_vars["sha256"]
    asked = signatures.Request(request.method, request.url, dict(request.headers))
    try:
        if request.method == "PUT":
            async with api.BODIES.read(request) as piece:
                return await _in_line(_take, site, asked, piece, sha256, request.query_string)
        if request.method == "HEAD":
            return await _in_line(_told, site, asked, sha256)
    except CopError as error:
        return _plain(str(error), api.status_of(error))
    if request.method != "GET":
        return _plain("Only GET, HEAD and PUT are answered here.", 405)
    one = await asyncio.to_thread(blob_answering.published, site, sha256)
    return (
        _send(request, one, sha256, {}) if one else _plain("No public record names this, or it is not held here.", 404)
    )


async def _in_line(answer: Callable[..., Response], *asked: Any) -> Response:
    async with _turnstile:
        return await asyncio.to_thread(answer, *asked)


def _told(site: Site, asked: signatures.Request, sha256: str) -> Response:
    """How much of it is here: all for anybody, a beginning for who brought it."""
    db, _ = open_installation(site, int(time.time()))
    try:
        sender = api.sender_of(db, asked, b"").writer
        held = blob_answering.length_held(site, db, sha256, sender)
    finally:
        db.close()
    return _plain("", 404) if held is None else _plain("", 200, {HELD: str(held)})


def _take(site: Site, asked: signatures.Request, piece: bytes, sha256: str, query: str) -> Response:
    told = {name: values[0] for name, values in parse_qs(query).items()}
    numbers = [told.get(name, "") for name in ("size", "start")]
    if (
        told.get("sha256") != sha256
        or not piece
        or not all(n.isascii() and n.isdigit() and len(n) < 13 for n in numbers)
    ):
        return _plain("This asks in a way that no cop does.", 400)
    size, start = map(int, numbers)
    db, _ = open_installation(site, int(time.time()))
    try:
        sender = api.sender_of(db, asked, piece).writer
        held = blob_answering.take(site, db, piece, sha256=sha256, size=size, start=start, sender=sender)
    finally:
        db.close()
    status = 201 if held == size else 200 if held == start + len(piece) else 409
    return _plain("", status, {HELD: str(held)})


async def talk(request: Any, datasette: Any) -> Response:
    """What we have and want of what a partner wants and has."""
    site = api.site_of(datasette)
    if request.method != "POST":
        return _plain("Partners' machines exchange here. There is nothing to read.", 405)
    asked = signatures.Request(request.method, request.url, dict(request.headers))
    try:
        async with api.BODIES.read(request) as body:
            return await _in_line(_talk, site, asked, body)
    except CopError as error:
        return _plain(str(error), api.status_of(error))


def _talk(site: Site, asked: signatures.Request, body: bytes) -> Response:
    db, signer = open_installation(site, int(time.time()))
    try:
        sender = api.sender_of(db, asked, body).writer
        answer = blob_answering.answer(site, db, body, sender)
    finally:
        db.close()
    signed = signatures.Response(200, asked)
    signatures.sign_response(signed, signer, answer)
    return api.SignedResponse(answer, status=200, headers=signed.headers)


def _plain(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status=status, headers=dict(headers or {}), content_type=f"{CONTENT_TYPE}; charset=utf-8")


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    (rf"^{FILES}{_HASH}/(?P<name>[^/]+)$", for_readers),
    (picture.ADDRESS, mark),
    (f"^{TALK_PATH}$", talk),
    (f"^{PATH}{_HASH}$", for_partners),
]
