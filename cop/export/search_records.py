"""What a copy without a server shows and ranks of each record: files of a few neighbouring records each, by number."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from cop import excerpts, plain, words
from cop.ending import is_hidden
from cop.export.search_words import begins_anew
from cop.export.shards import coded, shard, steps
from cop.fields import FOLDERS
from cop.filing import gaps
from cop.ranking import heading
from cop.search_index import exact
from cop.web import cards, dates, events
from cop.web.links import record_address

SHOWN, TITLES, NUMBERS = 4, 64, 4096  # records in one file
AS_CARDS = frozenset(one.name for folder, one in FOLDERS.items() if folder not in ("events", "people", "topics"))
GAPS = tuple(cards.GAPS)  # what is missing from a record
FileOf = Callable[[str], str]  # the file for an address of the site


@dataclass(frozen=True)
class Reader:
    """Who will read the copy."""

    today: date
    file_of: FileOf


@dataclass
class Told:
    """What other files need to know of the records."""

    ends: dict[int, str]  # records that nobody may see after a day
    starts: list[str]  # the first title of each file of titles as they are typed


def hidden(db: sqlite3.Connection, today: date) -> frozenset[int]:
    """The numbers of records that nobody may see any more."""
    rows = db.execute("SELECT number, type, fields FROM records WHERE type = 'person' OR fields LIKE '%\"consents\":%'")
    return frozenset(n for n, type_name, fields in rows if is_hidden(type_name, cards.loads(fields), today))


def record_files(
    db: sqlite3.Connection, reader: Reader, left_out: Collection[int], told: Told
) -> Iterator[tuple[str, bytes]]:
    """The files `r…` (what is shown), `t…` (titles), `d…` and `q…` (numbers for ranking) and `e…` (titles as they are typed)."""
    order: list[tuple[str, str, str, int]] = []
    titles: dict[int, str] = {}
    exactly: dict[str, list[int]] = defaultdict(list)
    rows = (row for row in _rows(db) if row["number"] not in left_out)
    for at, some in groupby(rows, lambda row: row["number"] // SHOWN):
        shown: list[object] = [0] * SHOWN
        for row in some:
            shown[row["number"] % SHOWN] = _shown(row, reader, told)
            titles[row["number"]] = row["title"]
            order.append((row["date"], row["title"], row["record_id"], row["number"]))
            for one in _typed(row["title"], row["base_slug"]):
                exactly[one].append(row["number"])
        yield shard(f"r{at}", shown)
    yield from _titles(titles)
    yield from _numbers(db, titles, order)
    yield from _exactly(exactly, told)


def _rows(db: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    sql = f"SELECT number, base_slug, substr(text, 1, ?) AS text, other_words, {cards.COLUMNS} FROM records ORDER BY number"
    cursor = db.execute(sql, (excerpts.MAX_LOOKED_AT,))
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _shown(row: Mapping[str, Any], reader: Reader, told: Told) -> list[object]:
    """A record as results and lists show it. Of all parts only the line of a card holds HTML, made and escaped here."""
    fields = cards.loads(row["fields"])
    if until := until_of(row["type"], fields):
        told.ends[row["number"]] = until
    meta, states, gap, summary = "", [], 0, row["summary"]
    if row["type"] in AS_CARDS or row["type"] == "event":
        card = cards.card(row, fields) if row["type"] != "event" else events.event(row, reader.today).card
        meta, states, summary = str(card.meta), list(card.states), card.summary
        gap = next((GAPS.index(one) + 1 for one in gaps(row["type"], fields)), 0)
    texts = [excerpts.one_line(row[name])[: excerpts.MAX_LOOKED_AT] for name in ("text", "other_words")]
    file = reader.file_of(record_address(row["type"], row["slug"]))
    day = dates.words(row["date"]) if row["date"] else ""
    also = summary if summary != row["summary"] else ""  # a card may show another line than a result
    lines = [row["title"], row["summary"], row["language"], day, *texts, meta]
    return [file, *map(plain.allowed, lines), states, gap, plain.allowed(also) if also else 0]


def until_of(type_name: str, fields: Mapping[str, Any]) -> str:
    """The first day on which nobody may see it any more has this one before it; "" if there is none."""
    days = [str(fields.get("consent_until") or "")[:10]] if type_name == "person" else []
    listed = fields.get("consents")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("detail"):
            days.append(str(one.get("until") or "")[:10])
    # a month or a year lasts until its end, and "~" comes after every digit
    return min((f"{day}~" for day in days if day[:4].isdigit()), default="")


def _typed(title: str, slug: str) -> set[str]:
    """All that finds it when just that is typed; what stands before a colon has one in front."""
    whole = exact(title)[3:]
    before = exact(heading(title))[3:]
    return {whole, exact(slug)[3:], *([f":{before}"] if before != whole else [])} - {"", ":"}


def _titles(titles: Mapping[int, str]) -> Iterator[tuple[str, bytes]]:
    for at, numbers in groupby(titles, lambda number: number // TITLES):
        held = [""] * TITLES
        for number in numbers:
            held[number % TITLES] = titles[number]
        yield shard(f"t{at}", held)


def _numbers(
    db: sqlite3.Connection, titles: Mapping[int, str], order: list[tuple[str, str, str, int]]
) -> Iterator[tuple[str, bytes]]:
    """How long title and record are, in words, and which of equally good ones comes first."""
    order.sort(key=lambda one: one[1:3])
    order.sort(key=lambda one: one[0], reverse=True)
    places = {number: place for place, (*_, number) in enumerate(order)}
    sizes = dict(db.execute("SELECT id, sz FROM records_fts_docsize"))
    for at, some in groupby(titles, lambda number: number // NUMBERS):
        numbers = list(some)
        lengths = [len(words.RUN.findall(titles[number])) or 1 for number in numbers]
        yield shard(f"d{at}", [steps(numbers), coded(lengths), coded(size_of(sizes[number]) for number in numbers)])
        yield shard(f"q{at}", coded(places[number] for number in numbers))


def size_of(held: bytes) -> int:
    """How many words FTS5 counted in a record: the sum of its varints.

    >>> size_of(bytes([3, 0x81, 0x00]))
    131
    """
    total = number = 0
    for byte in held:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            total, number = total + number, 0
    return total


def _exactly(exactly: Mapping[str, list[int]], told: Told) -> Iterator[tuple[str, bytes]]:
    held: dict[str, str] = {}
    size = 0
    for one in sorted(exactly):
        if held and begins_anew(one, size):
            yield shard(f"e{len(told.starts) - 1}", held)
            held, size = {}, 0
        if not held:
            told.starts.append(one)
        held[one] = steps(exactly[one])
        size += len(one) + 8
    if not told.starts:
        told.starts.append("")
    yield shard(f"e{len(told.starts) - 1}", held)
