"""A proxy on this machine that counts what passes: bytes each way, connections, turns and HTTP requests.

It can also hold everything back as a long line does, and cut a line after so many bytes. It runs in a thread of its own.

    with Proxy() as proxy:
        proxy.target = 8001         # the port that it leads to
        proxy.round_trip = 0.6      # seconds, from the next connection on
        ...                         # talk to proxy.port
        counts = proxy.take()
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

CHUNK = 65536  # bytes read at once
QUEUE = 256  # chunks on their way in one direction; more have to wait
REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [!-~]+ HTTP/1\.[01]\r\n")
LONGEST_REQUEST = 2048  # bytes of a request line, in case it comes in two chunks
SETTLE_SECONDS = 10.0


@dataclass
class Counts:
    """What passed so far."""

    up: int = 0  # bytes to the server, without those of TCP and IP
    down: int = 0  # bytes to the client
    connections: int = 0
    requests: int = 0  # HTTP requests
    turns: int = 0  # how often the client spoke after the server had, or first


class Line:
    """One connection: what both directions share."""

    def __init__(self, round_trip: float, cut_after: int | None) -> None:
        self.half = round_trip / 2
        self.left = cut_after  # bytes until it is cut, None if never
        self.server_spoke = True
        self.tail = b""  # the end of what the client said, for request lines in two chunks

    def allow(self, data: bytes) -> bytes:
        """What still passes before the line is cut."""
        if self.left is None:
            return data
        data = data[: self.left]
        self.left -= len(data)
        return data

    @property
    def is_cut(self) -> bool:
        """True once all bytes that may pass have passed."""
        return self.left == 0


Queue = asyncio.Queue[tuple[float, bytes]]  # what is due when, by the loop's clock; no bytes: the end
Count = Callable[[Line, bytes], None]


class Proxy:
    """Listens on a free port of this machine and leads to `target`."""

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self.round_trip = 0.0  # seconds
        self.cut_after: int | None = None  # bytes of one connection, both ways together
        self._counts = Counts()
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def take(self) -> Counts:
        """What passed since the last time, once all connections have ended."""
        until = time.monotonic() + SETTLE_SECONDS
        while self._open and time.monotonic() < until:
            time.sleep(0.002)
        taken, self._counts = replace(self._counts), Counts()
        return taken

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0, limit=CHUNK))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self._counts.connections += 1
        line = Line(self.round_trip, self.cut_after)
        try:
            await self._lead(line, reader, writer)
        except* ConnectionError:  # one side went away: so does the other
            pass
        finally:
            writer.close()
            self._open -= 1

    async def _lead(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions of one connection until both have ended, or the line is cut."""
        await asyncio.sleep(2 * line.half)  # TCP says hello first, there and back
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        try:
            async with asyncio.TaskGroup() as ways:  # if one fails, all end
                for source, sink, count in (
                    (reader, far_writer, self._count_up),
                    (far_reader, writer, self._count_down),
                ):
                    queue: Queue = asyncio.Queue(QUEUE)
                    ways.create_task(self._read(line, source, queue, count))
                    ways.create_task(self._write(line, queue, sink))
        finally:
            for one in (writer, far_writer):
                if line.is_cut:
                    one.transport.abort()
                one.close()

    async def _read(self, line: Line, reader: asyncio.StreamReader, queue: Queue, count: Count) -> None:
        """One direction: whatever is read is written half a round trip later. Many chunks may be on their way."""
        while not line.is_cut and (data := line.allow(await reader.read(CHUNK))):
            count(line, data)
            await queue.put((self._loop.time() + line.half, data))
        await queue.put((self._loop.time() + line.half, b""))

    async def _write(self, line: Line, queue: Queue, writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if line.is_cut:
            raise ConnectionAbortedError("cut, as asked for")
        with suppress(OSError):  # the other end may have gone
            writer.write_eof()

    def _count_up(self, line: Line, data: bytes) -> None:
        self._counts.up += len(data)
        self._counts.turns += line.server_spoke
        line.server_spoke = False
        seen = line.tail + data
        found = list(REQUEST.finditer(seen))
        self._counts.requests += len(found)
        line.tail = seen[found[-1].end() if found else 0 :][-LONGEST_REQUEST:]

    def _count_down(self, line: Line, data: bytes) -> None:
        self._counts.down += len(data)
        line.server_spoke = True
