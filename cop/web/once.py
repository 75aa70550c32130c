"""One look at the disk for all requests that are at hand together."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

_Seen = TypeVar("_Seen")


class OncePerTurn(Generic[_Seen]):
    """Looks once in a turn of the event loop, for whoever asks in it. To be asked by tasks of one loop.

    Every request that the loop has at hand was sent before the turn began, so none is answered with what was so before it
    asked. Only a task that asks again gets a new look: between its questions it may have stored something itself.
    """

    def __init__(self, look: Callable[[], _Seen]) -> None:
        self._look = look
        self._seen: _Seen
        self._asked: set[asyncio.Task[Any] | None] = set()

    def __call__(self) -> _Seen:
        """What was seen in this turn."""
        task = asyncio.current_task()
        if not self._asked:
            self._seen = self._look()
            asyncio.get_running_loop().call_soon(self._asked.clear)
        elif task in self._asked:
            self._seen = self._look()
        self._asked.add(task)
        return self._seen
