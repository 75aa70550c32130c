"""The order of a few results: FTS5's own measure, and what it does not see, such as a title that is just what was typed."""

import re
import sqlite3
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from cop import words
from cop.query import Query
from cop.search_index import exact, exact_of

WEIGHTS = "bm25(10.0, 5.0, 3.0, 1.0, 0.0, 0.0)"  # title, keywords, summary, text; marks only narrow
LOOKED_AT = 100  # titles that are looked at, and as many that hold the words; beyond, FTS5's order stands
# Added to a score between 0 and 1, for how the title holds what was typed: all of it, all before a colon, at its
# beginning, anywhere. A single word counts half at the last two.
EXACT, HEADING, BEGINS, HOLDS = 1.2, 0.8, 0.6, 0.4
SHARE, COVERS = 0.3, 0.3  # how many of the words stand in the title, and how much of the title they are
EXPLAINS = {"topic": 0.1, "word": 0.1, "post": 0.1}  # what explains comes before what only names
MAX_TITLES, MAX_TITLE = 4000, 300  # so many, of so many characters at most, are remembered with their words
AFTER_HEADING = re.compile(r"[:(?–—].*", re.DOTALL)


def best_first(
    db: sqlite3.Connection, query: Query, ranks: Mapping[int, float], in_title: Collection[int]
) -> list[int]:
    """Numbers of records, best first, given their ranks in order, and which have the words in their title.

    Equally good ones: newest first, then by title.
    """
    titled = set(in_title)
    first = {number: rank for at, (number, rank) in enumerate(ranks.items()) if at < LOOKED_AT or number in titled}
    top = min(first.values(), default=0.0) or -1.0
    rows = db.execute(
        "SELECT number, title, base_slug, language, date, record_id, type FROM records"
        f" WHERE number IN ({', '.join('?' * len(first))})",
        list(first),
    ).fetchall()
    rows.sort(key=lambda row: (row[1], row[5]))
    rows.sort(key=lambda row: row[4], reverse=True)
    typed = exact(query.whole)
    rows.sort(
        key=lambda row: round(first[row[0]] / top + _boost(query, typed, row[1], row[2], row[3], row[6]), 6),
        reverse=True,
    )
    return [row[0] for row in rows] + [number for number in ranks if number not in first]


def _boost(query: Query, typed: str, title: str, slug: str, language: str, type_name: str) -> float:
    read = (_read if len(title) <= MAX_TITLE else _read.__wrapped__)(title, slug, language)
    here = sum(not part.keys.isdisjoint(read.keys) for part in query.needed)
    share, covers = here / len(query.needed), min(1.0, here / read.length)
    return _as_typed(query, typed, read) + SHARE * share + COVERS * covers + EXPLAINS.get(type_name, 0.0) * share


class _Title(NamedTuple):
    """What the words of a title are, for comparing."""

    keys: frozenset[str]
    length: int  # in runs, at least 1
    whole: str
    address: str
    heading: str  # what stands before a colon
    joined: str  # all its plain words
    starts: frozenset[int]  # where in `joined` a word begins, and its end


@lru_cache(maxsize=MAX_TITLES)
def _read(title: str, slug: str, language: str) -> _Title:
    runs = words.RUN.findall(title)
    found = [word for run in runs for word in words.parts(run)]
    keys = frozenset(words.filed(runs, language).split())
    starts = frozenset(accumulate(map(len, found), initial=0))
    whole, before = exact_of(runs), heading(title)
    before = exact(before) if before != title else whole
    return _Title(keys, len(runs) or 1, whole, exact(slug), before, "".join(found), starts)


def heading(title: str) -> str:
    """What stands before a colon, or the like.

    >>> heading("Sharing power: a guide")
    'Sharing power'
    """
    return AFTER_HEADING.sub("", title)


def _as_typed(query: Query, typed: str, title: _Title) -> float:
    """How the title holds just what was typed, however its words are joined. `typed` is that as in `exact`."""
    if typed in (title.whole, title.address):
        return EXACT
    if typed == title.heading:
        return HEADING
    at = _first(title, query.whole)
    return (0.0 if at < 0 else BEGINS if at == 0 else HOLDS) * (0.5 if len(query.parts) == 1 else 1.0)


def _first(title: _Title, whole: str) -> int:
    """Where whole words of the title are first what was typed, -1 if nowhere."""
    at = title.joined.find(whole)
    while at >= 0 and not {at, at + len(whole)} <= title.starts:
        at = title.joined.find(whole, at + 1)
    return at
