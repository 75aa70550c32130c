"""Full-text search of `site.db`: the same for the page, the command line and lists. Reads only.

What people type is never a syntax error: every word goes to FTS5 in quotes, so AND, NEAR( and * are plain words.
"""

import re
import sqlite3
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

WEIGHTS = "bm25(10.0, 5.0, 3.0, 1.0)"  # title, keywords, summary, text
MAX_WORDS = 16  # more words than anyone remembers typing; the rest is left out
MAX_WORD_CHARACTERS = 80
MIN_PREFIX = 3  # a prefix of one or two letters would match half of everything
PREFIX_SECONDS = 0.3  # a beginning that thousands of words share takes seconds; then whole words must do
RANK_SECONDS = 1.0  # likewise for putting very many in order; then the newest come first
COUNT_LIMIT = 1000  # counted up to here; beyond, people are told "more than"
MARK_ON, MARK_OFF = "\x02", "\x03"  # around found words in Hit.title and Hit.excerpt; never in the data that is shown
_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True)
class Query:
    """What was typed, as words and exact phrases."""

    parts: tuple[str, ...]
    prefix: bool  # the last part may go on: it was not in quotes and is long enough

    def all_words(self, *, begins: bool = False) -> str:
        """An FTS5 expression for records that have every part; with `begins`, the last may be a beginning."""
        return " AND ".join(self._quoted(begins))

    def any_word(self) -> str:
        """An FTS5 expression for records that have at least one part; the last may be a beginning."""
        return " OR ".join(self._quoted(self.prefix))

    def _quoted(self, begins: bool) -> list[str]:
        quoted = [f'"{part}"' for part in self.parts]
        return [*quoted[:-1], f"{quoted[-1]}*"] if begins and quoted else quoted


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

    total: int  # with the chosen type, at most COUNT_LIMIT
    capped: bool  # there are more than were counted
    counts_by_type: Mapping[str, int]  # whatever type is chosen
    hits: tuple[Hit, ...]
    any_word: bool  # nothing has all words, so these have at least one


def parse(typed: str) -> Query:
    """Split what was typed; parts without a letter or digit are left out.

    >>> parse('power "sharing it" AND').all_words()
    '"power" AND "sharing it" AND "AND"'
    """
    parts: list[str] = []
    prefix = False
    for phrase, word in _PIECES.findall(_clean(typed)):
        part = (phrase or word)[:MAX_WORD_CHARACTERS]
        if any(_is_word_character(character) for character in part) and len(parts) < MAX_WORDS:
            parts.append(part)
            prefix = not phrase and len(part) >= MIN_PREFIX
    return Query(tuple(parts), prefix)


def search(
    db: sqlite3.Connection,
    words: str,
    *,
    type: str | None = None,
    topic: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """The records that match best. All words first; if nothing has them all, those with any of them."""
    query = parse(words)
    expression, counts = _choose(db, query, topic) if query.parts else ("", {})
    if not counts:
        return Found(0, False, {}, (), False)
    total = counts.get(type, 0) if type else sum(counts.values())
    capped = sum(counts.values()) > COUNT_LIMIT
    hits = _hits(db, expression, type, topic, limit, offset)
    return Found(min(total, COUNT_LIMIT), capped, counts, hits, expression == query.any_word() and len(query.parts) > 1)


def numbers(db: sqlite3.Connection, words: str) -> tuple[int, ...] | None:
    """`records.number` of all records with all these words, best first; None if no word was typed. For lists."""
    query = parse(words)
    if not query.parts:
        return None
    sql = "SELECT rowid FROM records_fts WHERE records_fts MATCH ?"
    ranked = f"{sql} AND rank MATCH '{WEIGHTS}' ORDER BY rank"
    for expression in dict.fromkeys((query.all_words(begins=query.prefix), query.all_words())):
        with _at_most(db, PREFIX_SECONDS):
            return tuple(row[0] for row in db.execute(ranked, (expression,)))
    with _at_most(db, RANK_SECONDS):
        return tuple(row[0] for row in db.execute(f"{sql} ORDER BY rowid DESC", (query.all_words(),)))
    return ()


def _choose(db: sqlite3.Connection, query: Query, topic: str | None) -> tuple[str, dict[str, int]]:
    """The strictest expression that finds something, and how much of each type."""
    exact = query.all_words()
    counts = _count(db, exact, topic)
    if query.prefix and sum(counts.values()) <= COUNT_LIMIT:
        longer = query.all_words(begins=True)
        with _at_most(db, PREFIX_SECONDS):
            if more := _count(db, longer, topic):
                return longer, more
    if counts:
        return exact, counts
    with _at_most(db, RANK_SECONDS):
        counts = _count(db, query.any_word(), topic)
    return query.any_word(), counts


@contextmanager
def _at_most(db: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Give up on what stands in the block after this time, as if it had found nothing."""
    end = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > end, 5_000)
    try:
        yield
    except sqlite3.OperationalError as error:
        if str(error) != "interrupted":
            raise
    finally:
        db.set_progress_handler(None, 0)


def mark(text: str, on: str, off: str) -> str:
    """Replace the marks in a title or excerpt, always in pairs. Escape the text first if it goes into a page.

    >>> mark("a \\x02power\\x03 \\x02cut", "<", ">")
    'a <power> cut'
    """
    paired = re.sub(f"{MARK_ON}([^{MARK_ON}{MARK_OFF}]*){MARK_OFF}", lambda found: on + found[1] + off, text)
    return paired.replace(MARK_ON, "").replace(MARK_OFF, "")


def _clean(typed: str) -> str:
    """Without control characters (NUL would end the expression), and no longer than anyone types."""
    cut = typed[: MAX_WORDS * MAX_WORD_CHARACTERS]
    return "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in cut)


def _is_word_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"  # what FTS5's unicode61 keeps


def _topic_clause(topic: str | None) -> str:
    return (
        "AND EXISTS (SELECT 1 FROM facets WHERE facets.type = records.type AND name = 'topics' AND value = :topic"
        " AND facets.number = records.number)"
        if topic
        else ""
    )


def _count(db: sqlite3.Connection, expression: str, topic: str | None) -> dict[str, int]:
    rows = db.execute(
        "SELECT type, count(*) FROM (SELECT records.type FROM records_fts JOIN records ON number = records_fts.rowid"
        f" WHERE records_fts MATCH :expression {_topic_clause(topic)} LIMIT {COUNT_LIMIT + 1}) GROUP BY type",
        {"expression": expression, "topic": topic},
    )
    return dict(rows.fetchall())


def _hits(
    db: sqlite3.Connection, expression: str, type: str | None, topic: str | None, limit: int, offset: int
) -> tuple[Hit, ...]:
    sql = f"""SELECT record_id, type, slug, records.summary, language, date,
            highlight(records_fts, 0, '{MARK_ON}', '{MARK_OFF}') AS title,
            highlight(records_fts, 2, '{MARK_ON}', '{MARK_OFF}') AS marked,
            snippet(records_fts, 3, '{MARK_ON}', '{MARK_OFF}', '…', 28) AS excerpt
        FROM records_fts JOIN records ON number = records_fts.rowid
        WHERE records_fts MATCH :expression %s {_topic_clause(topic)} {"AND records.type = :type" if type else ""}
        ORDER BY %s LIMIT :limit OFFSET :offset"""
    values = {"expression": expression, "topic": topic, "type": type, "limit": limit, "offset": offset}
    with _at_most(db, RANK_SECONDS):
        return _read_hits(db.execute(sql % (f"AND rank MATCH '{WEIGHTS}'", "rank"), values))
    return _read_hits(db.execute(sql % ("", "records_fts.rowid DESC"), values))


def _read_hits(rows: sqlite3.Cursor) -> tuple[Hit, ...]:
    columns = [description[0] for description in rows.description]
    return tuple(_hit(dict(zip(columns, row, strict=True))) for row in rows)


def _hit(values: dict[str, str]) -> Hit:
    """The excerpt is the summary if a word stands in it, else that part of the text, else the summary."""
    marked, excerpt = values.pop("marked"), values.pop("excerpt")
    best = excerpt if MARK_ON in excerpt and MARK_ON not in marked else marked
    return Hit(**values, excerpt=best)
