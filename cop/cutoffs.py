"""Up to where a writer counts: the last entries of its log that do. What it writes later is kept, and kept apart.

So ends a laptop that was lost, a partner that left or was removed, and an organisation whose key was lost. No clock
decides it: whoever says that a writer ends names the last entries of it that it has seen.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_

from cop.model import Cutoff, Entry, EntryId, Value, WriterId

ID_BYTES = 32
MOST_WRITERS = 1000  # that one statement ends
MOST_LAST = 100  # last entries of one writer: a log that was copied again and again has several
LAST = "last"  # in the extension map: [[writer, [[sequence, entry id], ...]], ...]
ELSEWHERE = "last_elsewhere"  # likewise, from whoever shows nothing of it any more, for all others


def held(db: sqlite3.Connection, writers: Iterable[WriterId]) -> dict[WriterId, Cutoff]:
    """The last entries of these writers that are held here without a gap."""
    found: dict[WriterId, Cutoff] = {}
    for writer in sorted(writers):
        rows = db.execute("SELECT sequence, entry_id FROM local_head WHERE writer = ?", [writer])
        found[writer] = frozenset((row[0], row[1]) for row in rows)
    return found


def packed(last: Mapping[WriterId, Cutoff]) -> list[Value | bytes]:
    """For the extension map of an entry: the same bytes for the same cutoffs."""
    return [[writer, [list(at) for at in sorted(ends)[-MOST_LAST:]]] for writer, ends in sorted(last.items())]


def told(entry: Entry, key: str = LAST) -> dict[WriterId, Cutoff] | None:
    """Per writer, the last entries that a statement lets count; None if it says nothing of the kind."""
    listed = entry.extra.get(key)
    if not isinstance(listed, list):
        return None
    return dict(_readable(listed[:MOST_WRITERS]))


def _readable(listed: list[Value]) -> Iterator[tuple[WriterId, Cutoff]]:
    for pair in listed:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], bytes) and isinstance(pair[1], list):
            yield pair[0], frozenset(_points(pair[1][:MOST_LAST]))


def _points(listed: list[Value]) -> Iterator[tuple[int, EntryId]]:
    for at in listed:
        sequence, entry_id = at if isinstance(at, list) and len(at) == 2 else (None, None)
        if type(sequence) is int and 0 < sequence < 2**62 and isinstance(entry_id, bytes) and len(entry_id) == ID_BYTES:
            yield sequence, entry_id


def joined(several: Iterable[Mapping[WriterId, Cutoff]]) -> dict[WriterId, Cutoff]:
    """What any of several statements lets count."""
    found: dict[WriterId, list[Cutoff]] = {}
    for one in several:
        for writer, ends in one.items():
            found.setdefault(writer, []).append(ends)
    return {writer: reduce(or_, ends) for writer, ends in found.items()}


def apart(db: sqlite3.Connection, cutoffs: Mapping[WriterId, frozenset[Cutoff]]) -> frozenset[EntryId]:
    """The entries held here that do not count: those behind any cutoff of their writer."""
    return frozenset(
        entry_id for writer, several in cutoffs.items() for ends in several for entry_id in _behind(db, writer, ends)
    )


def _behind(db: sqlite3.Connection, writer: WriterId, ends: Cutoff) -> Iterator[EntryId]:
    last = max((sequence for sequence, _ in ends), default=0)
    rows = db.execute("SELECT entry_id FROM log_entry WHERE writer = ? AND sequence > ?", [writer, last])
    yield from (row[0] for row in rows.fetchall())
    if _is_forked(db, writer, last) and is_known(db, ends):
        yield from _beside(db, writer, last, ends)


def _is_forked(db: sqlite3.Connection, writer: WriterId, last: int) -> bool:
    """True if somebody wrote twice under one number: the thief of a laptop can go on from an old copy, too."""
    twice = "SELECT 1 FROM log_entry WHERE writer = ? AND sequence <= ? GROUP BY sequence HAVING count(*) > 1 LIMIT 1"
    return db.execute(twice, [writer, last]).fetchone() is not None


def is_known(db: sqlite3.Connection, ends: Cutoff) -> bool:
    """True if the last entries are here. Until then only their numbers can be compared."""
    return all(db.execute("SELECT 1 FROM log_entry WHERE entry_id = ?", [one]).fetchone() for _, one in ends)


def _beside(db: sqlite3.Connection, writer: WriterId, last: int, ends: Cutoff) -> Iterator[EntryId]:
    """Entries up to the last number that none of the last entries follows on."""
    rows = db.execute("SELECT entry_id, previous FROM log_entry WHERE writer = ? AND sequence <= ?", [writer, last])
    previous = dict(tuple(row) for row in rows)
    counted: set[EntryId] = set()
    for _, at in ends:
        while at in previous and at not in counted:
            counted.add(at)
            at = previous[at]
    yield from previous.keys() - counted
