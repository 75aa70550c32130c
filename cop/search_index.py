"""Keeps the search index of `site.db` in step with its records. Called by `site_tables` only.

The index holds no text, so a record is taken out by filing it once more and telling FTS5 what to forget. This works
because filing depends on the record alone; when its rules change, SITE_VERSION does.
"""

import re
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from cop import words

COLUMNS = ("title", "keywords", "summary", "text")  # the last holds the other words as well
FILTERS = ("type", "topics", "languages", "kind")  # facets that a search can be narrowed by
MANY = 50_000  # words that are counted before they are written
UNCOUNTED = "words_uncounted"  # name in `meta`
_LEVELS, _LONG = 10, 1000  # id of the list of levels in `records_fts_data`, and its bytes: two a level
SHORTEST, LONGEST = 3, 24  # letters of words that may be offered for another
_INTO = "INSERT INTO records_fts (rowid, title, keywords, summary, text, marks, written) VALUES (?, ?, ?, ?, ?, ?, ?)"
_OUT_OF = (
    "INSERT INTO records_fts (records_fts, rowid, title, keywords, summary, text, marks, written)"
    " VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)"
)
_NOT_IN_A_MARK = re.compile(r"\W+|_+")
_TYPOGRAPHIC = str.maketrans("'‘ʼ`´\u2010\u2011", "’’’’’--")
Facets = Collection[tuple[str, str]]  # name and value
Row = Mapping[str, Any] | sqlite3.Row


@lru_cache(maxsize=10_000)
def mark(name: str, value: str) -> str:
    """One word for the column `marks`. No text can hold it, for "·" parts words there.

    >>> mark("topics", "sharing-power")
    'topics·sharing·power'
    """
    return f"{name}·{_NOT_IN_A_MARK.sub('·', value.casefold())}"


def exact(title: str) -> str:
    """The mark of records with this title or address.

    >>> exact("sharing-power"), exact("Sharing Power!")
    ('is·sharingpower', 'is·sharingpower')
    """
    is_address = title.isascii() and title.replace("-", "").isalnum()  # then its words are easily told apart
    return exact_of(title.split("-") if is_address else words.RUN.findall(title))


def exact_of(runs: Iterable[str]) -> str:
    """Likewise, of its runs."""
    return "is·" + "".join(word for run in runs for word in words.parts(run))[:80]


class Counting:
    """Counts words over many batches, so that each is written once and not with every batch.

    Until all is written `meta` says so; a refresh that was killed in between makes the next one count anew.
    """

    def __init__(self) -> None:
        self._runs: Counter[str] = Counter()
        self._said = False

    def count(self, runs: Iterable[str], sign: int) -> None:
        """Words of a record that came (1) or went (-1)."""
        if sign > 0:
            self._runs.update(runs)
        else:
            self._runs.subtract(runs)

    def write(self, public: sqlite3.Connection, *, last: bool) -> None:
        """Write what was counted, if it is much or nothing follows. Part of the transaction of its records."""
        if not last and not self._said:
            public.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", [UNCOUNTED])
            self._said = True
        if last or len(self._runs) > MANY:
            _write_counts(public, self._runs)
            self._runs.clear()
        if last and self._said:
            public.execute("DELETE FROM meta WHERE name = ?", [UNCOUNTED])


def recount(public: sqlite3.Connection) -> None:
    """Count all words again if counting was broken off."""
    if not public.execute("SELECT 1 FROM meta WHERE name = ?", [UNCOUNTED]).fetchone():
        return
    public.execute("DELETE FROM search_words")
    counting = Counting()
    for row in public.execute(f"SELECT {', '.join(COLUMNS)}, other_words, date FROM records"):
        for some in _runs(row):
            counting.count(some, 1)
    counting.write(public, last=True)
    public.execute("DELETE FROM meta WHERE name = ?", [UNCOUNTED])


def _write_counts(public: sqlite3.Connection, runs: Mapping[str, int]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for run, n in runs.items():
        for one in _as_written(run):
            counts[one] += n
    changed = sorted((one, n) for one, n in counts.items() if n)
    public.executemany(
        "INSERT INTO search_words VALUES (?, ?, ?, ?) ON CONFLICT (plain, word) DO UPDATE SET n = n + excluded.n",
        ((plain, word, plain[::-1], n) for (plain, word), n in changed),
    )
    public.executemany(
        "DELETE FROM search_words WHERE (plain, word, n) = (?, ?, 0)", (one for one, n in changed if n < 0)
    )


def add(public: sqlite3.Connection, records: Iterable[tuple[Row, Facets]], counting: Counting) -> None:
    """File records: rows of `records`, and their facets."""
    public.executemany(_INTO, (_filed(row, facets, counting, 1) for row, facets in records))


def remove(
    public: sqlite3.Connection, rows: Sequence[sqlite3.Row], facets: Iterable[sqlite3.Row], counting: Counting
) -> None:
    """Take records out: their rows as they stood, and the rows of `facets` that they had."""
    of: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    for facet in facets:
        of[facet["number"]].add((facet["name"], facet["value"]))
    public.executemany(_OUT_OF, (_filed(row, of[row["number"]], counting, -1) for row in rows))


def clear(public: sqlite3.Connection) -> None:
    """Take everything out."""
    public.execute("INSERT INTO records_fts (records_fts) VALUES ('delete-all')")
    public.execute("DELETE FROM search_words")


def pack(public: sqlite3.Connection) -> None:
    """Write the index anew without what was taken out of it.

    Each time FTS5 adds a level to its list of levels, and at 2,000 it takes its own file for damaged (seen in 3.40). So
    once that list is long, all records are filed from nothing.
    """
    if public.execute("SELECT length(block) FROM records_fts_data WHERE id = ?", [_LEVELS]).fetchone()[0] > _LONG:
        _file_anew(public)
    public.execute("INSERT INTO records_fts (records_fts) VALUES ('optimize')")


def _file_anew(public: sqlite3.Connection) -> None:
    public.execute("INSERT INTO records_fts (records_fts) VALUES ('delete-all')")
    of: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    for number, name, value in public.execute("SELECT number, name, value FROM facets"):
        of[number].add((name, value))
    rows = public.execute("SELECT * FROM records ORDER BY number")
    add(public, ((row, of[row["number"]]) for row in rows), Counting())  # how often a word stands there is known


def _runs(row: Row) -> list[list[str]]:
    """The words of each column; the year counts as a keyword, and what people filled in as text."""
    with_year, with_others = f"{row['keywords']} {row['date'][:4]}", f"{row['text']}\n{row['other_words']}"
    return [words.RUN.findall(text) for text in (row["title"], with_year, row["summary"], with_others)]


def written_in(row: Row) -> Iterable[tuple[str, str]]:
    """Plain form and word, each time a record has one that may be offered for another."""
    return (one for runs in _runs(row) for run in runs for one in _as_written(run))


def _filed(row: Row, facets: Facets, counting: Counting, sign: int) -> tuple[object, ...]:
    """What the index holds of one record; its words are counted on the way."""
    runs = _runs(row)
    everything = list(chain.from_iterable(runs))
    counting.count(everything, sign)
    columns = [words.filed(some, row["language"]) for some in runs]
    written = words.written(everything, row["language"])
    return row["number"], *columns, " ".join(_marks(row, runs[0], facets)), written


def _marks(row: Row, title: Sequence[str], facets: Facets) -> list[str]:
    narrowing = [mark(*facet) for facet in sorted(facets) if facet[0] in FILTERS]
    may_end = row["type"] == "person" or '"consents":' in row["fields"]
    hidden_by = [mark("id", row["record_id"])] if may_end else []  # see questions.py
    return [*narrowing, *hidden_by, *sorted({exact_of(title), exact(row["base_slug"])})]


@lru_cache(maxsize=words.MAX_KEPT)
def _as_written(run: str) -> tuple[tuple[str, str], ...]:
    """Plain forms and words of a run that may be offered for another: the whole, and what hyphens join."""
    if run.isascii() and run.isalpha():  # most words
        word = run.lower()
        return ((word, word),) if SHORTEST <= len(word) <= LONGEST else ()
    written = unicodedata.normalize("NFC", run).casefold().translate(_TYPOGRAPHIC).strip("’-")
    pieces = {written, *written.split("-")} if "-" in written else {written}
    found = ((words.joined(words.parts(one)) or words.plain(one), one) for one in sorted(pieces))
    return tuple((plain, one) for plain, one in found if SHORTEST <= len(plain) <= LONGEST and plain.isalpha())
