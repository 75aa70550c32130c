"""How far we hold each writer's log, what a partner lacks of it, and the messages that say so.

A point is an entry that is held with everything before it. Points thin out towards the past (1, 2, 4, 8, … back), so
a few dozen bytes a writer find the last common entry in one trip. They only save bytes: entries that a partner holds
already are skipped when they arrive again.
"""

import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from cop.database import writing
from cop.model import EntryId, WriterId
from cop.signing import sha256

SHORT = 8  # bytes of an entry id in a point
STATE_BYTES = 16  # of a frontier hash
MAX_STATES = 2000  # that we remember
MAX_APART = 5000
MAX_POINTS_OF_ONE = 200  # writer: enough for dozens of forks; beyond that points only save less
Point = tuple[int, bytes]  # sequence, start of the entry id
Points = Mapping[WriterId, Sequence[Point]]
# When an entry was here with everything before it (an entry_number), its sequence, its entry_number. In this order each
# comes behind the one it follows, and who is who before what they wrote.
_Place = tuple[int, int, int]


def own_points(db: sqlite3.Connection) -> dict[WriterId, list[Point]]:
    """What we hold without a gap."""
    points: dict[WriterId, list[Point]] = {}
    for writer, sequence, entry_id in db.execute(
        "SELECT writer, sequence, entry_id FROM local_head ORDER BY writer, 2 DESC"
    ):
        points.setdefault(writer, []).append((sequence, entry_id[:SHORT]))
    for writer, heads in points.items():
        top = heads[0][0]
        back = [top - (1 << step) for step in range(top.bit_length())]
        held = _at_sequences(db, writer, [sequence for sequence in back if sequence > 0])
        points[writer] = [*heads, *(point for point in held if point not in heads)][:MAX_POINTS_OF_ONE]
    return points


def _at_sequences(db: sqlite3.Connection, writer: WriterId, sequences: Iterable[int]) -> list[Point]:
    found = []
    for sequence in sequences:
        rows = db.execute(
            "SELECT entry_id FROM log_entry WHERE writer = ? AND sequence = ?"
            " AND entry_id NOT IN (SELECT entry_id FROM local_gap) ORDER BY entry_id",
            [writer, sequence],
        )
        found += [(sequence, row[0][:SHORT]) for row in rows]
    return found


def frontier_hash(db: sqlite3.Connection) -> bytes:
    """The same on two sides that hold the same entries: 16 bytes."""
    rows = db.execute("SELECT entry_id FROM local_head UNION SELECT entry_id FROM local_gap ORDER BY 1")
    return sha256(b"".join(row[0] for row in rows))[:STATE_BYTES]


def apart(db: sqlite3.Connection) -> bytes:
    """Entries that follow on something we do not hold: the starts of their ids, end to end."""
    rows = db.execute("SELECT entry_id FROM local_gap ORDER BY entry_id LIMIT ?", [MAX_APART])
    return b"".join(row[0][:SHORT] for row in rows)


def remember(db: sqlite3.Connection) -> None:
    """Keep how far our log goes now, so that a partner who held the same can later be sent just what came after."""
    oldest = "SELECT entry_number FROM local_state ORDER BY entry_number DESC LIMIT 1 OFFSET ?"
    with writing(db):  # one look at the log: nobody may append between the hash and the number
        state = frontier_hash(db)
        if position(db, state) is None:
            db.execute("INSERT INTO local_state SELECT ?, coalesce(max(entry_number), 0) FROM log_entry", [state])
            db.execute(f"DELETE FROM local_state WHERE entry_number <= ({oldest})", [MAX_STATES])


def position(db: sqlite3.Connection, state: bytes) -> int | None:
    """The last entry (its `entry_number`) we held in a state that we remember."""
    row = db.execute("SELECT entry_number FROM local_state WHERE state = ?", [state]).fetchone()
    return row[0] if row else None


def since(db: sqlite3.Connection, position: int, *, without: Iterable[EntryId] = ()) -> list[int]:
    """Entries (their `entry_number`) that came after, apart from those `without`."""
    left_out = set(without)
    rows = db.execute(
        "SELECT entry_number, entry_id FROM log_entry WHERE entry_number > ? ORDER BY entry_number", [position]
    )
    return [number for number, entry_id in rows if entry_id not in left_out]


def lacking(
    db: sqlite3.Connection, theirs: Points, *, apart: bytes = b"", without: Iterable[WriterId] = ()
) -> list[int]:
    """Entries (their `entry_number`) that a partner with these points lacks, in an order in which they can be stored.

    `apart` are those of theirs that follow on something they lack. Entries of the writers `without` are left out.
    """
    skip = set(without)
    held = {apart[at : at + SHORT] for at in range(0, len(apart), SHORT)}
    found: list[_Place] = []
    for (writer,) in db.execute("SELECT DISTINCT writer FROM local_head").fetchall():
        if writer not in skip:
            found += _lacking_of(db, writer, theirs.get(writer, ()), held)
    return [*(number for _, _, number in sorted(found)), *_lacking_apart(db, held, skip)]


def _lacking_apart(db: sqlite3.Connection, held: Container[bytes], skip: Container[WriterId]) -> Iterator[int]:
    rows = db.execute(
        "SELECT entry_number, entry_id, writer FROM local_gap JOIN log_entry USING (entry_id) ORDER BY 1 LIMIT ?",
        [MAX_APART],
    )
    return (number for number, entry_id, writer in rows if entry_id[:SHORT] not in held and writer not in skip)


def _lacking_of(
    db: sqlite3.Connection, writer: WriterId, points: Sequence[Point], apart: Container[bytes]
) -> list[_Place]:
    rows = db.execute(
        "SELECT entry_number, sequence, entry_id, previous FROM log_entry WHERE writer = ?"
        " AND entry_id NOT IN (SELECT entry_id FROM local_gap) AND sequence > ? ORDER BY sequence",
        [writer, _common(db, writer, points)],
    ).fetchall()
    top = max((row[1] for row in rows), default=0)
    if points and max(sequence for sequence, _ in points) > top and _unknown(db, writer, points):
        return []  # they are ahead; should it be a fork, they send us their branch, and then we know what they lack
    held = _chains(rows, set(points))
    whole: dict[EntryId, int] = {}
    for number, _, entry_id, previous in rows:  # an entry may have arrived here before the one it follows
        whole[entry_id] = max(number, whole.get(previous, 0))
    lacked = (row for row in rows if row[2] not in held and row[2][:SHORT] not in apart)
    return [(whole[entry_id], sequence, number) for number, sequence, entry_id, _ in lacked]


def _common(db: sqlite3.Connection, writer: WriterId, points: Sequence[Point]) -> int:
    """The sequence up to which they hold all we hold: the last known point before which our log has no fork."""
    fork = db.execute(
        "SELECT min(sequence) FROM (SELECT sequence FROM log_entry WHERE writer = ? GROUP BY sequence HAVING count(*) > 1)"
        " WHERE (SELECT count(*) FROM local_head WHERE writer = ?) > 1",
        [writer, writer],
    ).fetchone()[0]
    known = [sequence for sequence, short in points if _holds(db, writer, sequence, short)]
    return max((sequence for sequence in known if fork is None or sequence < fork), default=0)


def _unknown(db: sqlite3.Connection, writer: WriterId, points: Sequence[Point]) -> bool:
    return any(not _holds(db, writer, sequence, short) for sequence, short in points)


def _holds(db: sqlite3.Connection, writer: WriterId, sequence: int, short: bytes) -> bool:
    row = db.execute(
        "SELECT 1 FROM log_entry WHERE writer = ? AND sequence = ? AND substr(entry_id, 1, ?) = ?",
        [writer, sequence, SHORT, short],
    ).fetchone()
    return row is not None


def _chains(rows: Iterable[tuple[int, int, EntryId, EntryId]], points: set[Point]) -> set[EntryId]:
    """Entries at their points and all before them, as far as `rows` goes."""
    previous = {entry_id: before for _, _, entry_id, before in rows}
    held: set[EntryId] = set()
    for _, sequence, entry_id, _ in rows:
        if (sequence, entry_id[:SHORT]) in points:
            at: EntryId = entry_id
            while at in previous and at not in held:
                held.add(at)
                at = previous[at]
    return held
