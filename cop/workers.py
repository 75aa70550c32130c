"""Work on many things in processes of their own: all processors are used, and a process that hangs is stopped."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Self, TypeVar

TIMEOUT_SECONDS = 20  # for one chunk
CHUNK = 50
In = TypeVar("In")
Out = TypeVar("Out")


def map_in_processes(
    function: Callable[[In], Out], things: Iterable[In], fallback: Callable[[In], Out], *, processes: int
) -> Iterator[Out]:
    """Results in the order of `things`, a few chunks ahead of the reader.

    Where `function` takes too long or takes its process down, `fallback` answers, in this process.
    """
    source = iter(things)
    with _pool(processes) as pool:
        waiting: deque[tuple[list[In], Any]] = deque()
        while True:
            while len(waiting) < 3 * processes and (chunk := list(islice(source, CHUNK))):
                waiting.append((chunk, _schedule(pool, function, chunk)))
            if not waiting:
                return
            yield from _results(pool, function, fallback, *waiting.popleft())


class OneProcess:
    """A process of its own for single things that may hang, started when the first of them comes."""

    def __init__(self) -> None:
        self._pool: Any = None

    def call(self, function: Callable[[In], Out], thing: In, fallback: Callable[[In], Out]) -> Out:
        """The result, or what `fallback` gives where it takes too long or takes its process down."""
        self._pool = self._pool or _pool(1)
        return _results(self._pool, function, fallback, [thing], _schedule(self._pool, function, [thing]))[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.stop()
            self._pool.join()


def _pool(processes: int) -> Any:
    from pebble import ProcessPool  # late: it takes a while, and quick runs need no processes

    return ProcessPool(max_workers=processes, context=_context())


def _schedule(pool: Any, function: Callable[[In], Out], chunk: list[In]) -> Any:
    return pool.schedule(_each, args=[function, chunk], timeout=TIMEOUT_SECONDS)


def _each(function: Callable[[In], Out], chunk: list[In]) -> list[Out]:
    return [function(thing) for thing in chunk]


def _results(
    pool: Any, function: Callable[[In], Out], fallback: Callable[[In], Out], chunk: list[In], future: Any
) -> list[Out]:
    try:
        results: list[Out] = future.result()
    except Exception:  # whatever hostile input did to the process that held it: too slow, out of memory, a crash
        if len(chunk) == 1:
            return [fallback(chunk[0])]
        again = [(thing, _schedule(pool, function, [thing])) for thing in chunk]  # so that only the cause is given up
        return [_results(pool, function, fallback, [thing], one)[0] for thing, one in again]
    return results


def _context() -> Any:
    """How to start processes: by copying this one where that is safe, that is without threads; else afresh."""
    from multiprocessing import get_all_start_methods, get_context  # late, likewise

    copying = "fork" in get_all_start_methods() and threading.active_count() == 1
    return get_context("fork" if copying else "spawn")
