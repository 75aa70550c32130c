"""How much of what partners send is held in memory at a time."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from datasette.utils.asgi import BadRequest

from cop.web.api import MAX_AT_ONCE
from cop.web.bodies import Bodies, Busy
from tests.commands import WAIT_SECONDS, at, report, serving
from tests.network import befriend, places


class Request:
    """What comes piece by piece; `go_on` lets the last piece come."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        self.began.set()
        if len(self.pieces) == 1:
            await self.go_on.wait()
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": bool(self.pieces)}


async def taken(bodies: Bodies, request: Request) -> bytes:
    async with bodies.read(request) as body:
        return body


def test_what_must_wait_is_not_read_and_what_cannot_wait_is_told_so() -> None:
    async def run() -> None:
        bodies = Bodies(1, waiting=1)
        first, second, third = (Request(b"a", b"b") for _ in range(3))
        reading = asyncio.create_task(taken(bodies, first))
        await first.began.wait()
        waiting = asyncio.create_task(taken(bodies, second))
        while bodies._may_wait:
            await asyncio.sleep(0)
        with pytest.raises(Busy, match="Try again"):
            await taken(bodies, third)
        assert not second.began.is_set() and not third.began.is_set()
        second.go_on.set()
        first.go_on.set()
        assert await reading == await waiting == b"ab"
        third.go_on.set()
        assert await taken(bodies, third) == b"ab"

    asyncio.run(run())


def test_a_turn_that_does_not_come_in_time_is_told_so() -> None:
    async def run() -> None:
        bodies = Bodies(1, waiting=1, wait_seconds=0)
        first, second = Request(b"a"), Request(b"a")
        reading = asyncio.create_task(taken(bodies, first))
        await first.began.wait()
        with pytest.raises(Busy):
            await taken(bodies, second)
        first.go_on.set()
        assert await reading == b"a"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("limits", "pieces"), [({"silence_seconds": 0}, [b"a"]), ({"deadline_seconds": -1}, [b"", b"a"])]
)
def test_who_falls_silent_or_is_too_slow_holds_no_place(limits: dict[str, float], pieces: list[bytes]) -> None:
    async def run() -> None:
        bodies = Bodies(1, waiting=0, **limits)  # type: ignore[arg-type]
        with pytest.raises(BadRequest):
            await taken(bodies, Request(*pieces))
        assert not bodies._slots.locked()

    asyncio.run(run())


def test_questions_are_answered_while_others_send_slowly_and_messages_after_that(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    with serving(other) as address, ExitStack() as slow:
        at(one, other, address)
        report(one)
        host, port = address.removeprefix("http://").split(":")
        head = f"POST /-/cop/sync HTTP/1.1\r\nHost: {host}\r\nContent-Length: 8000000\r\n\r\n".encode()
        for _ in range(3 * MAX_AT_ONCE):
            line = slow.enter_context(socket.create_connection((host, int(port)), timeout=WAIT_SECONDS))
            line.sendall(head + bytes(1_000))
        assert report(one)["requests"] == 1
        slow.close()
        one.change(None, {"title": "News"})
        assert report(one)["sent"] == 1
