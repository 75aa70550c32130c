"""What is meant by what was typed, given what the collection holds: spelled so, nearly so, or some of the words. Reads only."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyroaring import BitMap

from cop import ended, near_words
from cop.query import Part, Query, parse
from cop.ranking import WEIGHTS
from cop.search_index import mark

FEW = 1000  # up to so many are ranked and counted one by one
MOST_COMPARED = 600_000  # words asked for times records: beyond, FTS5 would take too long to weigh words
UNFINISHED = 5  # up to so many results, the last word may also be a beginning
Filters = Mapping[str, str]  # name of a facet in FILTERS, and the value


@dataclass(frozen=True)
class Question:
    """What is looked for, once it is known what the collection holds."""

    query: Query
    expression: str  # of the words
    hidden: str  # and of what nobody may see any more, see `_hidden`
    first: BitMap  # `records.number` of some that match, of all if they are few
    # All that match, best rank first: `records.number` and FTS5's measure, the lower the better; None if they are many
    few: Mapping[int, float] | None = None
    any_word: bool = False
    shown_for: str = ""

    def narrowed(self, filters: Filters, within: str = "") -> str:
        """An FTS5 expression: the words, in these columns only if any are named, and the filters."""
        asked = f"{{{within}}} : ({self.expression})" if within else f"({self.expression})"
        marks = "".join(f' AND marks : "{mark(name, value)}"' for name, value in filters.items())
        return asked + marks + self.hidden


def understand(db: sqlite3.Connection, typed: str, *, as_typed: bool = False) -> Question | None:
    """What to look for, or None if nothing can be found."""
    query = parse(typed)
    if not query.parts:
        return None
    if found := whole_or_begun(db, query):
        return found
    unknown = tuple(part for part in query.parts if not exists(db, part.expression))
    corrected = "" if as_typed else _corrected(db, typed, unknown)
    if corrected and (instead := understand(db, corrected, as_typed=True)):
        return replace(instead, shown_for=corrected)
    return _some_words(db, query.without(unknown))


def whole_or_begun(db: sqlite3.Connection, query: Query) -> Question | None:
    """All words as they are, or where few or none have them, with a last word that goes on."""
    hidden = _hidden(db)
    found = _first(db, query.all_words(), hidden)
    if len(found) <= UNFINISHED and query.beginning and (more := near_words.beginnings(db, query.beginning)):
        begun = query.going_on(more)
        if len(begun_found := _first(db, begun.all_words(), hidden)) > len(found):
            return _question(db, begun, begun.all_words(), hidden, begun_found)
    return _question(db, query, query.all_words(), hidden, found) if found else None


def _first(db: sqlite3.Connection, expression: str, hidden: str) -> BitMap:
    """The numbers of records that match: all if they are few, else one more than that."""
    sql = "SELECT rowid FROM records_fts WHERE records_fts MATCH ? LIMIT ?"
    return BitMap(number for (number,) in db.execute(sql, (f"({expression}){hidden}", FEW + 1)))


def _hidden(db: sqlite3.Connection) -> str:
    """What takes out people whose consent to be listed has ended, as the end of an FTS5 expression."""
    ids = " OR ".join(f'"{mark("id", record_id)}"' for record_id in ended.hidden(db, date.today()))
    return f" NOT marks : ({ids})" if ids else ""


def _some_words(db: sqlite3.Connection, query: Query) -> Question | None:
    """Those words that are in the collection: all of them, all but one, or any."""
    if not query.parts:
        return None
    wanted = [query.all_words(), *([query.all_but_one()] if len(query.needed) > 2 else []), query.any_word()]
    hidden = _hidden(db)
    found = next((one for one in wanted if exists(db, f"({one}){hidden}")), "")
    if not found:
        return None
    return replace(_question(db, query, found, hidden, _first(db, found, hidden)), any_word=True)


def _question(db: sqlite3.Connection, query: Query, expression: str, hidden: str, first: BitMap) -> Question:
    question = Question(query, expression, hidden, first)
    return replace(question, few=_few(db, query, question.narrowed({}))) if len(first) <= FEW else question


def _few(db: sqlite3.Connection, query: Query, expression: str) -> Mapping[int, float]:
    """All that match, with their ranks. Words that are asked for are weighed unless that takes too long."""
    size = db.execute("SELECT max(number) FROM records").fetchone()[0] or 0
    weighed = len(query.needed) * size <= MOST_COMPARED
    order = f"AND rank MATCH '{WEIGHTS}' ORDER BY rank, rowid" if weighed else ""
    rank = "rank" if weighed else "0"
    sql = f"SELECT rowid, {rank} FROM records_fts WHERE records_fts MATCH ? {order}"
    return dict(tuple(row) for row in db.execute(sql, (expression,)))


def _corrected(db: sqlite3.Connection, typed: str, unknown: Sequence[Part]) -> str:
    """What was typed with near words for those that nobody wrote; "" if there are none."""
    corrected = typed
    for part in reversed(unknown):
        if not part.quoted and (better := _better(db, part)):
            corrected = corrected[: part.start] + better + corrected[part.end :]
    return corrected if corrected != typed else ""


def _better(db: sqlite3.Connection, part: Part) -> str:
    if part.word:
        found = next(iter(near_words.near(db, part.word)), "") or near_words.split(db, part.word)
        if found:
            return found
    single = [next(iter(near_words.near(db, word)), word) for word in part.words]
    return " ".join(single) if tuple(single) != part.words else ""


def exists(db: sqlite3.Connection, expression: str) -> bool:
    """True if a record matches an FTS5 expression."""
    return (
        db.execute("SELECT 1 FROM records_fts WHERE records_fts MATCH ? LIMIT 1", (expression,)).fetchone() is not None
    )


def count(db: sqlite3.Connection, expression: str, most: int = -1) -> int:
    """How many records match an FTS5 expression, counted up to `most`; -1 is no limit."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM records_fts WHERE records_fts MATCH ? LIMIT ?)"
    return int(db.execute(sql, (expression, most)).fetchone()[0])
