"""Work on many things in processes of their own: all processors are used, and a process that hangs is stopped."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

from pebble import ProcessPool

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
    with ProcessPool(max_workers=processes, context=_context()) as pool:
        waiting: deque[tuple[list[In], Any]] = deque()
        while True:
            while len(waiting) < 3 * processes and (chunk := list(islice(source, CHUNK))):
                waiting.append((chunk, _schedule(pool, function, chunk)))
            if not waiting:
                return
            yield from _results(pool, function, fallback, *waiting.popleft())


def _schedule(pool: ProcessPool, function: Callable[[In], Out], chunk: list[In]) -> Any:
    return pool.schedule(_each, args=[function, chunk], timeout=TIMEOUT_SECONDS)


def _each(function: Callable[[In], Out], chunk: list[In]) -> list[Out]:
    return [function(thing) for thing in chunk]


def _results(
    pool: ProcessPool, function: Callable[[In], Out], fallback: Callable[[In], Out], chunk: list[In], future: Any
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
    copying = "fork" in get_all_start_methods() and threading.active_count() == 1
    return get_context("fork" if copying else "spawn")
