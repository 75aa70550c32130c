"""One look for all who ask in one turn of the event loop; never an old one for who asks again, or in the next turn."""

import asyncio
from itertools import count

from cop.web.once import OncePerTurn


async def test_all_tasks_of_a_turn_share_one_look() -> None:
    looks = count()
    once = OncePerTurn(lambda: next(looks))

    async def ask() -> int:
        return once()

    assert await asyncio.gather(*(ask() for _ in range(16))) == [0] * 16
    assert await asyncio.gather(*(ask() for _ in range(16))) == [1] * 16


async def test_who_asks_again_gets_a_new_look() -> None:
    looks = count()
    once = OncePerTurn(lambda: next(looks))
    assert [once(), once(), once()] == [0, 1, 2]


async def test_no_request_sees_what_was_so_before_it_was_sent() -> None:
    """Over a real socket: what is stored before a request is sent is in the answer, whatever else is asked meanwhile."""
    stored = [0]
    once = OncePerTurn(lambda: stored[0])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(b"%d\n" % once())
        writer.close()

    async def ask(port: int) -> list[tuple[int, int]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = []
        for _ in range(200):
            stored[0] += 1
            before = stored[0]
            writer.write(b"\n")
            seen.append((before, int(await reader.readline())))
        writer.close()
        return seen

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        answers = await asyncio.gather(*(ask(server.sockets[0].getsockname()[1]) for _ in range(8)))
    assert all(shown >= before for one in answers for before, shown in one)
