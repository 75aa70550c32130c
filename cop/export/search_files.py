"""What lets a copy search and narrow its lists without a server: files for `copy.js`, all made from `site.db`.

The same database, day and language give the same bytes. docs/decisions/copies.md says what is in which file.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from cop import search_index
from cop.export import search_speech
from cop.export.search_lists import list_files
from cop.export.search_records import Reader, Told, hidden, record_files
from cop.export.search_words import begins_anew, word_files
from cop.export.shards import shard, steps

SCRIPTS = tuple(Path(__file__).parent.parent / "web" / "static" / name for name in ("copy-search.js", "copy.js"))
Spelled = tuple[str, str, int]  # plain, as people write it, how often


def search_files(db: sqlite3.Connection, reader: Reader) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file; call it inside `speaking`. Names are below the folder of the copy."""
    left_out = hidden(db, reader.today)
    words: list[str] = []
    told = Told({}, [])
    yield from word_files(db, left_out, words)
    yield from record_files(db, reader, left_out, told)
    yield from list_files(db, left_out, reader.today)
    spelled, backwards = _spelled(db, left_out), list[str]()
    plain: list[str] = []
    yield from _word_lists("v", spelled, plain)
    yield from _word_lists("b", sorted(spelled, key=lambda one: (one[0][::-1], one[1])), backwards)
    yield shard("x", " ".join(search_speech.usual()))
    yield shard("g", search_speech.rules())
    yield shard("u", search_speech.speech())
    ends = [[steps([number]), day] for number, day in sorted(told.ends.items())]
    starts = {"w": words, "e": told.starts, "v": plain, "b": backwards}
    yield shard("i", {**_sizes(db), "ends": ends, "starts": {name: " ".join(some) for name, some in starts.items()}})


def _sizes(db: sqlite3.Connection) -> dict[str, int]:
    """What FTS5 reckons with: how many records, how many words in all."""
    count, held = db.execute(
        "SELECT count(*), (SELECT block FROM records_fts_data WHERE id = 1) FROM records_fts_docsize"
    ).fetchone()
    last = db.execute("SELECT coalesce(max(number), 0) FROM records").fetchone()[0]
    return {"records": count, "words": _total(held), "last": last}


def _total(averages: bytes) -> int:
    """How many words all records have: what FTS5 keeps is their number, then how many words stand in each column."""
    numbers, number = [], 0
    for byte in averages:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    return sum(numbers[1:])


def _spelled(db: sqlite3.Connection, left_out: Collection[int]) -> Sequence[Spelled]:
    """Words as people write them, without those that stand only in records that nobody may see any more."""
    rows = db.execute("SELECT plain, word, n FROM search_words ORDER BY plain, word").fetchall()
    gone: Counter[tuple[str, str]] = Counter()
    for number in left_out:
        row = db.execute("SELECT * FROM records WHERE number = ?", (number,))
        names = [column[0] for column in row.description]
        gone.update(search_index.written_in(dict(zip(names, row.fetchone(), strict=True))))
    return [(plain, word, left) for plain, word, n in rows if (left := n - gone[plain, word]) > 0]


def _word_lists(name: str, spelled: Sequence[Spelled], starts: list[str]) -> Iterator[tuple[str, bytes]]:
    held: list[str] = []
    size, last = 0, ""
    for plain, word, n in spelled:
        first = plain if name == "v" else plain[::-1]
        if held and first != last and begins_anew(first, size):
            yield shard(f"{name}{len(starts) - 1}", " ".join(held))
            held, size = [], 0
        if not held:
            starts.append(first)
        last = first
        held += [plain if plain == word else f"{plain}|{word}", steps([n])]
        size += len(held[-2]) + 3
    if not starts:
        starts.append("")
    yield shard(f"{name}{len(starts) - 1}", " ".join(held))
