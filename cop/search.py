"""Full-text search of `site.db`: the same for the page, the command line and lists. Reads only.

What few records match is ranked and counted one by one. Of very many, those with the words in title and topics come
first, then the newest: ranking all that hold a common word would take longer than anyone waits.
docs/decisions/search.md has the measurements.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyroaring import BitMap

from cop import excerpts, facet_sets
from cop.filing import NOT_STATED
from cop.query import parse
from cop.questions import Filters, Question, count, exists, understand, whole_or_begun
from cop.ranking import LOOKED_AT, best_first
from cop.search_index import FILTERS, exact

MAX_OPTIONS = 12  # of a facet, where each must be looked for
HEADS = ("title", "title keywords", "title keywords summary")
_SHOWN = (
    f"record_id, type, slug, title, summary, language, date, substr(text, 1, {excerpts.MAX_LOOKED_AT}), other_words"
)


@dataclass(frozen=True)
class Hit:
    """One record that was found. Found words stand between MARK_ON and MARK_OFF."""

    record_id: str
    type: str
    slug: str
    title: str
    summary: str
    excerpt: str
    language: str
    date: str


@dataclass(frozen=True)
class Found:
    """One page of results."""

    total: int  # with all filters
    counts_by_type: Mapping[str, int]  # with all filters but the type
    hits: tuple[Hit, ...]
    any_word: bool  # nothing has all words, so these have some of them
    shown_for: str  # what was looked for instead, as nobody wrote what was typed; else ""


def search(
    db: sqlite3.Connection, typed: str, filters: Filters | None = None, *, limit: int = 20, offset: int = 0
) -> Found:
    """The records that match best. Every word first; then words spelled nearly so; then those with some of the words."""
    return page_of(db, understand(db, typed), filters or {}, limit=limit, offset=offset)


def page_of(
    db: sqlite3.Connection, question: Question | None, filters: Filters, *, limit: int = 20, offset: int = 0
) -> Found:
    """One page of what answers a question. Filters that are empty, or not in FILTERS, are left alone."""
    if question is None:
        return Found(0, {}, (), False, "")
    chosen = _chosen(filters)
    counts = _by_type(db, question, _chosen(filters, but="type"))
    total = counts.get(chosen["type"], 0) if "type" in chosen else sum(counts.values())
    wanted = _ordered(db, question, chosen, offset + limit)[offset:] if limit and total > offset else []
    hits = tuple(_hits(db, wanted, excerpts.Sought(question.query.keys)))
    return Found(total, counts, hits, question.any_word, question.shown_for)


def numbers(db: sqlite3.Connection, typed: str, type_name: str = "") -> tuple[int, ...] | None:
    """`records.number` of all records with all these words, best first; None if no word was typed. For lists."""
    query = parse(typed)
    if not query.parts:
        return None
    question = whole_or_begun(db, query)
    return tuple(_ordered(db, question, _chosen({"type": type_name}), -1)) if question else ()


def options(db: sqlite3.Connection, question: Question | None, filters: Filters, name: str) -> dict[str, int | None]:
    """Values of a facet that lead to something, with how many records they leave; None where counting takes too long."""
    if question is None:
        return {}
    chosen = _chosen(filters, but=name)
    counts = facet_sets.counts(db, name, _those(db, question.first, chosen))
    if question.few is not None:
        counts.pop(NOT_STATED, None)  # most kinds of record are never asked, so it would mean little
        return {value: counts[value] for value in sorted(counts, key=lambda value: (-counts[value], value))}
    usual = db.execute(
        "SELECT value FROM facet_counts WHERE name = ? AND value <> ? GROUP BY value ORDER BY sum(n) DESC, value LIMIT ?",
        (name, NOT_STATED, MAX_OPTIONS),
    ).fetchall()
    return {
        value: None for (value,) in usual if value in counts or exists(db, question.narrowed({**chosen, name: value}))
    }


def _chosen(filters: Filters, but: str = "") -> dict[str, str]:
    return {name: value for name, value in filters.items() if value and name in FILTERS and name != but}


def _those(db: sqlite3.Connection, some: BitMap, filters: Filters) -> BitMap:
    """The records that stand under all of the filters."""
    held = (facet_sets.everywhere(db, name, value) for name, value in filters.items())
    return reduce(and_, held, some)


def _by_type(db: sqlite3.Connection, question: Question, filters: Filters) -> dict[str, int]:
    """How many of each kind of record, most first."""
    if question.few is not None:
        counts = facet_sets.counts(db, "type", _those(db, question.first, filters))
    else:
        counts = _count_types(db, question, filters)
    return dict(sorted(((name, n) for name, n in counts.items() if n), key=lambda one: (-one[1], one[0])))


def _count_types(db: sqlite3.Connection, question: Question, filters: Filters) -> dict[str, int]:
    """Likewise, of many. The most usual kind is what is left, so it is not counted."""
    left = count(db, question.narrowed(filters))
    rows = db.execute("SELECT value FROM facet_counts WHERE name = 'type' ORDER BY n, value").fetchall()
    counts: dict[str, int] = {}
    for at, (name,) in enumerate(rows, 1):
        counts[name] = (
            left if at == len(rows) else count(db, question.narrowed({**filters, "type": name})) if left else 0
        )
        left -= counts[name]
    return counts


def _ordered(db: sqlite3.Connection, question: Question, filters: Filters, wanted: int) -> list[int]:
    """The first numbers of records, best first; all for -1."""
    if question.few is not None:
        those = _those(db, question.first, filters)
        ranks = {number: rank for number, rank in question.few.items() if number in those}
        within = question.narrowed(filters, "title")
        titled = _newest(db, within, LOOKED_AT) if len(ranks) > LOOKED_AT else []
        return best_first(db, question.query, ranks, titled)[: wanted if wanted >= 0 else None]
    everything = question.narrowed(filters)
    same = f'{everything} AND marks : "{exact(question.query.whole)}"'
    found: dict[int, None] = {}
    for expression in (same, *(question.narrowed(filters, heads) for heads in HEADS), everything):
        if not 0 <= wanted <= len(found):
            first = _newest(db, expression, max(LOOKED_AT, wanted) if wanted >= 0 else -1)
            looked_at = best_first(db, question.query, dict.fromkeys(first[:LOOKED_AT], 0.0), ())
            found |= dict.fromkeys([*looked_at, *first[LOOKED_AT:]])
    return list(found)[: wanted if wanted >= 0 else None]


def _newest(db: sqlite3.Connection, expression: str, most: int) -> list[int]:
    sql = "SELECT rowid FROM records_fts WHERE records_fts MATCH ? ORDER BY rowid DESC LIMIT ?"
    return [number for (number,) in db.execute(sql, (expression, most))]


def _hits(db: sqlite3.Connection, found: Sequence[int], keys: excerpts.Sought) -> Iterator[Hit]:
    sql = f"SELECT number, {_SHOWN} FROM records WHERE number IN ({', '.join('?' * len(found))})"
    rows = {number: row for number, *row in db.execute(sql, found)}
    for record_id, type_name, slug, title, summary, language, date, text, others in map(rows.__getitem__, found):
        shown = excerpts.marked(summary, language, keys)
        if excerpts.MARK_ON not in shown:
            parts = (excerpts.excerpt(excerpts.one_line(part), language, keys) for part in (text, others))
            shown = next(filter(None, parts), shown)
        yield Hit(record_id, type_name, slug, excerpts.marked(title, language, keys), summary, shown, language, date)


def plain_words(typed: str) -> list[str]:
    """The single words that were typed, for what to try next."""
    parts = parse(typed).needed
    return list(dict.fromkeys(word for part in parts for word in ([part.word] if part.word else part.words)))
