"""Finished pages, kept for the next reader as long as nothing that they show has changed.

Kept are whole answers to GET that name their state by an ETag. Not kept is what answers a cookie, what says `no-store`,
and what depends on more of the request than stands in the key. Everything runs in the thread of the event loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from weakref import WeakKeyDictionary

from cop.web.once import OncePerTurn
from cop.web.watch import State, Watch

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Make = Callable[[Scope, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Key = tuple[str, bytes, bytes, bytes, bool, bool]  # scheme, host, path, query, from the desk, gzip

# Shelves of their own, so that many different searches do not push out the pages that everybody reads.
MAX_BYTES = {"plain": 24_000_000, "asked": 8_000_000}
MAX_PAGE_BYTES = 500_000
MAX_QUERY = 300  # characters; nobody comes back for a longer one
ENTRY_BYTES = 1_000  # what a page takes beside its body, about
_PERSONAL = frozenset({b"cookie", b"authorization", b"range"})
_IN_THE_KEY = frozenset({b"accept-encoding", b"cookie", b"authorization"})  # with the last two nothing is kept
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})
_AS_IT_IS = "/~!$&'()*+,;=:@"  # characters of a path that need no percent sign (RFC 3986)


@dataclass(frozen=True)
class Kept:
    """A finished answer."""

    headers: Headers
    body: bytes
    tag: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return ENTRY_BYTES + len(self.body)


@dataclass
class Shelf:
    """Answers up to a number of bytes. Those that nobody has asked for longest leave first."""

    max_bytes: int
    held: OrderedDict[Key, Kept] = field(default_factory=OrderedDict)
    bytes: int = 0

    def get(self, key: Key) -> Kept | None:
        """What is kept under a key."""
        found = self.held.get(key)
        if found is not None:
            self.held.move_to_end(key)
        return found

    def put(self, key: Key, kept: Kept) -> None:
        """Keep it; let others go if there is no room."""
        if key in self.held:
            self.bytes -= self.held.pop(key).size
        self.held[key] = kept
        self.bytes += kept.size
        while self.bytes > self.max_bytes:
            self.bytes -= self.held.popitem(last=False)[1].size

    def clear(self) -> None:
        """Keep nothing."""
        self.held.clear()
        self.bytes = 0


class PageCache:
    """The finished pages of one site."""

    def __init__(self, path: Path) -> None:
        self._state_now = OncePerTurn(Watch(path).state)
        self._state: State | None = None
        self._shelves = {name: Shelf(size) for name, size in MAX_BYTES.items()}
        self._making: dict[tuple[State, Key], asyncio.Future[Kept | None]] = {}

    def look(self) -> State | None:
        """The state now. What was kept of another one is gone."""
        state = self._state_now()
        if state != self._state:
            for shelf in self._shelves.values():
                shelf.clear()
            self._state = state
        return state

    async def answer(self, key: Key, scope: Scope, send: Send, make: Make) -> None:
        """Answer from what is kept, or make the answer: once, however many wait for it."""
        while (state := self.look()) is not None:
            kept = self._shelf(key).get(key)
            if kept is None:
                making = self._making.get((state, key))
                if making is None:
                    await self._make(state, key, scope, send, make)
                    return
                kept = await asyncio.shield(making)
            if kept is not None:
                await _send(kept, scope, send)
                return
            if self.look() == state:  # it is nothing to be shared
                break
        await make(scope, send)

    async def _make(self, state: State, key: Key, scope: Scope, send: Send, make: Make) -> None:
        done = self._making[state, key] = asyncio.get_running_loop().create_future()
        kept, answer = None, _Answer(send)
        try:
            await make(_whole(scope), answer)
            if (kept := answer.kept()) and self.look() != state:  # it may be of either state
                kept = None
            if kept and _is_usual(key[2]):
                self._shelf(key).put(key, kept)
        finally:
            del self._making[state, key]
            done.set_result(kept)
        await (_send(kept, scope, send) if kept else answer.release())

    def _shelf(self, key: Key) -> Shelf:
        return self._shelves["asked" if key[3] else "plain"]


_caches: WeakKeyDictionary[Any, PageCache] = WeakKeyDictionary()


def of(datasette: Any, path: str | None) -> PageCache | None:
    """The pages of a site, one cache however often its application is made; None if it lies in no file."""
    if path and datasette not in _caches:
        _caches[datasette] = PageCache(Path(path))
    return _caches.get(datasette)


def key_of(scope: Scope, *, desk: bool) -> Key | None:
    """Under which key the answer may be kept; None if it may not.

    The host is in it because feeds name it: what one reader sends must never stand in what another gets.
    """
    host, gzip, query = b"", False, scope["query_string"]
    if scope["method"] not in ("GET", "HEAD") or len(query) > MAX_QUERY:
        return None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"accept-encoding":
            gzip = accepts_gzip(value)
        elif name in _PERSONAL:
            return None
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    return scope.get("scheme", "http"), host, path, query, desk, gzip


@lru_cache(maxsize=256)
def accepts_gzip(header: bytes) -> bool:
    """True if a reader takes gzip (RFC 9110 section 12.5.3).

    >>> [accepts_gzip(header) for header in (b"br, gzip", b"gzip;q=0", b"gzip; q=0.5", b"deflate", b"GZIP")]
    [True, False, True, False, True]
    """
    for part in header.lower().split(b","):
        name, _, weight = part.partition(b";")
        if name.strip() == b"gzip":
            return weight.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


@lru_cache(maxsize=4096)
def _is_usual(path: bytes) -> bool:
    """True if links are written that way: one page has many addresses with percent signs, and is kept under one."""
    return quote(unquote_to_bytes(path), safe=_AS_IT_IS).encode() == path


def _whole(scope: Scope) -> Scope:
    """The request that asks for all of the page, so that the answer does for everybody."""
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"if-none-match", b"if-modified-since")]
    return {**scope, "method": "GET", "headers": headers}


async def _send(kept: Kept, scope: Scope, send: Send) -> None:
    known = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if known and _knows(known, kept.tag):
        headers = [pair for pair in kept.headers if pair[0] not in _OF_THE_BODY]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else kept.body})


def _knows(header: bytes, tag: bytes) -> bool:
    """True if a reader has that state already (RFC 9110 section 13.1.2, compared weakly)."""
    known = [one.strip().removeprefix(b"W/") for one in header.split(b",")]
    return tag.removeprefix(b"W/") in known or known == [b"*"]


class _Answer:
    """Holds an answer back until it is whole, if it is one to keep; passes it on at once if not."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body: bytes | None = None
        self._passing = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._passing and _may_be_kept(message):
            self._start = message
            return
        body = message.get("body", b"")
        if self._start and self._body is None and not message.get("more_body") and len(body) <= MAX_PAGE_BYTES:
            self._body = body
            return
        await self.release()
        await self._send(message)

    def kept(self) -> Kept | None:
        """The whole answer, None if it is not to be kept."""
        if self._start is None or self._body is None:
            return None
        headers = [pair for pair in _lower(self._start) if pair[0] != b"content-length"]
        tag = dict(headers)[b"etag"]
        return Kept([*headers, (b"content-length", b"%d" % len(self._body))], self._body, tag)

    async def release(self) -> None:
        """Send what was held back."""
        start, body, self._start, self._body = self._start, self._body, None, None
        self._passing = True
        if start:
            await self._send(start)
        if body is not None:
            await self._send({"type": "http.response.body", "body": body})


def _lower(message: Message) -> Headers:
    return [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]


def _may_be_kept(start: Message) -> bool:
    headers = _lower(start)
    told = {name: b",".join(value for one, value in headers if one == name).lower() for name, _ in headers}
    vary = {part.strip() for part in told.get(b"vary", b"").split(b",") if part.strip()}
    control = told.get(b"cache-control", b"")
    return (
        start["status"] == 200
        and b"etag" in told
        and b"set-cookie" not in told
        and not any(word in control for word in (b"no-store", b"private"))
        and vary <= _IN_THE_KEY
    )
