"""Reading what partners' machines send: only a few bodies at a time, so that memory stays small whoever sends.

Whoever must wait is not read from meanwhile: what it sends stays on the line.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from datasette.utils.asgi import BadRequest

from cop.errors import NotReachable
from cop.transports.http import DEADLINE_SECONDS, SILENCE_SECONDS, SLOWEST

WAIT_SECONDS = 20


class Busy(NotReachable):
    """More is coming in than can be read now."""


class Bodies:
    """`most` bodies of up to 8 MB (see `guard`) are held at a time; `waiting` more requests wait for their turn."""

    def __init__(
        self,
        most: int,
        waiting: int,
        *,
        wait_seconds: float = WAIT_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._slots = asyncio.Semaphore(most)
        self._may_wait = waiting
        self._wait, self._silence, self._deadline = wait_seconds, silence_seconds, deadline_seconds

    @asynccontextmanager
    async def read(self, request: Any) -> AsyncIterator[bytes]:
        """The body of a request; it counts as held until the block ends. Raises: Busy."""
        await self._take_turn()
        try:
            yield await self._read(request)
        finally:
            self._slots.release()

    async def _take_turn(self) -> None:
        busy = Busy("Many partners are exchanging here at the moment. Nothing was stored. Try again in a minute.")
        if self._slots.locked() and not self._may_wait:
            raise busy
        self._may_wait -= 1
        try:
            async with asyncio.timeout(self._wait):
                await self._slots.acquire()
        except TimeoutError as error:
            raise busy from error
        finally:
            self._may_wait += 1

    async def _read(self, request: Any) -> bytes:
        """All of it; `guard` counts it while it comes. (Datasette 1.0 caps its own `post_body()` lower than a message.)"""
        parts, size, more, started = [], 0, True, time.monotonic()
        while more:
            try:
                async with asyncio.timeout(self._silence):
                    event = await request.receive()
            except TimeoutError as error:
                raise BadRequest("Nothing came for too long") from error
            if event["type"] == "http.disconnect":
                raise BadRequest("The line was cut")
            parts.append(event.get("body", b""))
            size, more = size + len(parts[-1]), event.get("more_body", False)
            seconds = time.monotonic() - started
            if more and seconds > self._deadline and size < seconds * SLOWEST:
                raise BadRequest("This comes too slowly")
        return b"".join(parts)
