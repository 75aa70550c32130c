"""What was read from a whole database, for as long as nothing in it changes: for a site, which is asked again and again.

Whoever keeps a connection open gives a memory along with `remembering`, and an empty one once the database has changed.
Without one, everything is read each time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Memory = dict[tuple[str, ...], Any]
_Read = TypeVar("_Read")
_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)


@contextmanager
def remembering(memory: Memory) -> Iterator[None]:
    """Everything inside reads the database that the memory is of."""
    token = _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(token)


def once(read: Callable[[], _Read], *key: str) -> _Read:
    """What `read` gives, read once. Nobody may change it, and there are few keys: kinds of record and their fields."""
    memory = _memory.get()
    if memory is None:
        return read()
    if key not in memory:
        memory[key] = read()
    found: _Read = memory[key]
    return found
