"""The index of words of a copy without a server: every word of `records_fts` with the records it stands in.

Words stand in files in alphabetical order, each file named by its number: where a new one begins depends on the words
alone as far as it can, so that one more record changes few files.
"""

import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cop.export.shards import coded, shard, steps

COLUMNS = "esytn"  # last letters of title, keywords, summary, text, written: all differ
SMALL, LARGE = 5_000, 16_000  # characters of a file: a new one may begin, must begin
ONE_IN = 16  # words at which a new one may begin
_WORDS = """
    SELECT term, group_concat(doc), group_concat(substr(col, -1), ''), group_concat(offset) FROM temp.copied_words
    WHERE col <> 'marks' GROUP BY term
"""


class Word(NamedTuple):
    """A word of the index with the records it stands in."""

    word: str
    numbers: Sequence[int]
    columns: Sequence[str]  # of each record, one letter each time it stands there
    places: Sequence[int]  # of each time, in the same order


def begins_anew(word: str, size: int) -> bool:
    """True if a file of that size ends before this word."""
    return size > LARGE or (size > SMALL and zlib.crc32(word.encode()) % ONE_IN == 0)


@dataclass
class _File:
    words: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)  # how a word stands in a record, and the number of that
    size: int = 0

    def add(self, word: Word) -> None:
        numbers = steps(word.numbers)
        kinds = coded([self.known.setdefault(one, len(self.known)) for one in word.columns])
        self.size += len(word.word) + len(numbers) + len(kinds)
        for held, value in (
            (self.words, word.word), (self.numbers, numbers), (self.kinds, kinds), (self.places, coded(word.places)),
        ):  # fmt: skip
            held.append(value)

    def shards(self, at: int) -> Iterator[tuple[str, bytes]]:
        counts = [one.count(column) for one in self.known for column in COLUMNS]
        held = {"t": self.words, "n": self.numbers, "k": self.kinds}
        yield shard(f"w{at}", {**{name: " ".join(some) for name, some in held.items()}, "c": counts})
        yield shard(f"p{at}", " ".join(self.places))


def word_files(db: sqlite3.Connection, hidden: Collection[int], starts: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files `w…` (words and records) and `p…` (where in these). The first word of each is put into `starts`."""
    file = _File()
    for word in _words(db, hidden):
        if not file.words or begins_anew(word.word, file.size):
            yield from file.shards(len(starts) - 1) if file.words else ()
            starts.append(word.word)
            file = _File()
        file.add(word)
    if not starts:  # even an empty collection is searched
        starts.append("")
    yield from file.shards(len(starts) - 1)


def _words(db: sqlite3.Connection, hidden: Collection[int]) -> Iterator[Word]:
    db.execute("CREATE VIRTUAL TABLE temp.copied_words USING fts5vocab (main, records_fts, instance)")
    try:
        for row in db.execute(_WORDS):
            if (word := _word(tuple(row), hidden)).numbers:
                yield word
    finally:
        db.execute("DROP TABLE temp.copied_words")


def _word(row: tuple[str, str, str, str], hidden: Collection[int]) -> Word:
    word, numbers, columns, places = row
    times = Counter(map(int, numbers.split(",")))
    found, at = [], 0
    for count in times.values():
        found.append(columns[at : at + count])
        at += count
    told = Word(word, list(times), found, list(map(int, places.split(","))))
    return _without(told, hidden) if hidden and not times.keys().isdisjoint(hidden) else told


def _without(word: Word, hidden: Collection[int]) -> Word:
    """The same without records that nobody may see any more."""
    numbers: list[int] = []
    columns: list[str] = []
    places: list[int] = []
    at = 0
    for number, here in zip(word.numbers, word.columns, strict=True):
        if number not in hidden:
            numbers.append(number)
            columns.append(here)
            places += word.places[at : at + len(here)]
        at += len(here)
    return Word(word.word, numbers, columns, places)
