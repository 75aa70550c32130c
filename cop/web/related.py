"""Records on the same topics as another, nearest first: rare topics count more, then the same kind, then A to Z."""

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations
from operator import and_

from pyroaring import BitMap

from cop import facet_sets

MAX_TOPICS = 6  # of one record that are compared: up to 63 ways to share some of them
SPARE = 50  # records of one rank that are put in order; large topics have thousands
_FROM_A_TO_Z = (  # with the numbers in the question itself SQLite would read a new question each time
    "SELECT type, slug, title, language, date FROM records WHERE number IN (SELECT value FROM json_each(?))"
    " ORDER BY title COLLATE NOCASE, record_id LIMIT ?"
)


def related(db: sqlite3.Connection, row: sqlite3.Row, topics: object, limit: int) -> list[sqlite3.Row]:
    """Rows of type, slug, title, language, at most `limit`; `row` is the record itself, `topics` what it says."""
    wanted = [topic for topic in topics if isinstance(topic, str)] if isinstance(topics, list) else []
    of_type = facet_sets.of_kinds(db, "topics", wanted)
    for kinds in of_type.values():
        kinds.pop("topic", None)  # the pages of the topics themselves are linked above
    sets = {topic: BitMap.union(BitMap(), *kinds.values()) for topic, kinds in of_type.items()}
    same = BitMap.union(BitMap(), *(kinds.get(row["type"], BitMap()) for kinds in of_type.values()))
    found: list[sqlite3.Row] = []
    seen = BitMap([row["number"]])
    for numbers in _by_nearness(sets):
        for rank in (numbers & same, numbers - same):
            found += _from_a_to_z(db, rank - seen, limit - len(found))
            seen |= rank
        if len(found) >= limit:
            break
    return found


def _by_nearness(sets: Mapping[str, BitMap]) -> Iterator[BitMap]:
    """The records that share some topics, for all ways to share some of the rarest, the nearest first."""
    weights = {topic: 1 / math.log(1 + len(numbers)) for topic, numbers in sets.items() if numbers}
    rarest = sorted(weights, key=lambda topic: (-weights[topic], topic))[:MAX_TOPICS]
    shared = [some for count in range(len(rarest), 0, -1) for some in combinations(rarest, count)]
    for some in sorted(shared, key=lambda some: (-round(sum(weights[topic] for topic in some), 6), some)):
        yield reduce(and_, (sets[topic] for topic in some))


def _from_a_to_z(db: sqlite3.Connection, numbers: BitMap, limit: int) -> Sequence[sqlite3.Row]:
    if limit <= 0 or not numbers:
        return ()
    return db.execute(_FROM_A_TO_Z, (json.dumps(list(numbers[:SPARE])), limit)).fetchall()
