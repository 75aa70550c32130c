"""Everything that is in a copy: from the first page along all links, on all processors."""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Self

from cop.export.contents import Place, place
from cop.export.making import Copy, Made, for_searching, let_go, make
from cop.filing import WAS
from cop.web.links import record_address
from cop.workers import map_in_processes

FEW = 200  # records for which other processes take longer to start than the pages to make


class Frontier:
    """What is to be made, each once. It may seem empty and have more later, once what was made shows where it leads."""

    def __init__(self) -> None:
        self._waiting: deque[Place] = deque()
        self._known: set[str] = set()

    def add(self, places: Iterator[Place]) -> None:
        """Take in what nobody has seen yet."""
        for one in places:
            if one.file not in self._known:
                self._known.add(one.file)
                self._waiting.append(one)

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Place:
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()


def everything(copy: Copy) -> Iterator[tuple[Made, int]]:
    """Each file once, always in the same order, and how many there are as far as is known."""
    let_go()  # what an earlier copy was made from
    try:
        yield from _everything(copy)
    finally:
        let_go()


def _everything(copy: Copy) -> Iterator[tuple[Made, int]]:
    frontier = Frontier()
    frontier.add(_starts(copy))
    many = len(frontier) > FEW
    making = partial(make, copy)
    made = map_in_processes(making, frontier, making, processes=os.cpu_count() or 1) if many else map(making, frontier)
    for one in made:
        frontier.add(iter(sorted(one.places, key=lambda found: found.file)))
        yield one, len(frontier)
    for one in for_searching(copy):
        yield one, len(frontier)


def _starts(copy: Copy) -> Iterator[Place]:
    """The first page, and all records, so that there is work for every processor at once; also where they once were."""
    old = "SELECT type, value FROM facets WHERE name = ? UNION SELECT type, slug FROM records ORDER BY 1, 2"
    with closing(sqlite3.connect(f"{Path(copy.database).absolute().as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute(old, (WAS,)).fetchall()
    addresses = ("/", *(record_address(type_name, slug) for type_name, slug in rows))
    yield from filter(None, (place(one) for one in addresses if one))
