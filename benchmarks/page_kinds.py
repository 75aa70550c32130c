"""Which pages are asked for: ours, and those of stock Datasette that show the same rows."""

import random
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

SEED = 20261122
MANY = 2000  # different addresses of a kind, so that nothing is asked for twice in a row
WORDS = ("power", "listen", "trust", "caafimaad", "badania", "funding", "interpreter", "wadajir")


@dataclass(frozen=True)
class Kind:
    """One kind of page."""

    name: str
    ours: Sequence[str]
    stock: Sequence[str]
    titles: Sequence[str]  # what must stand on the first of them, of both


def read(site_db: Path) -> list[Kind]:
    """The kinds, with addresses from the site itself."""
    db = sqlite3.connect(site_db)
    db.row_factory = sqlite3.Row
    try:
        return [_records(db), _lists(db), _facets(db), _searches(db)]
    finally:
        db.close()


def _records(db: sqlite3.Connection) -> Kind:
    rows = db.execute("SELECT number, slug, title FROM records WHERE type = 'resource' ORDER BY number").fetchall()
    rows = random.Random(SEED).sample(rows, min(MANY, len(rows)))
    return Kind(
        "record",
        [f"/resources/{quote(row['slug'])}" for row in rows],
        [f"/site/records/{row['number']}" for row in rows],
        [row["title"] for row in rows],
    )


def _lists(db: sqlite3.Connection) -> Kind:
    """Pages of twenty, newest first, from anywhere in the list."""
    pages = [1, *random.Random(SEED).sample(range(2, _count(db, "1") // 20), 30)]
    first = {"type": "resource", "_sort_desc": "date", "_size": "20"}
    titles = [_newest(db, "1", (page - 1) * 20) for page in pages[:1]]
    return Kind("list", [f"/resources?page={page}" for page in pages], [f"/site/records?{urlencode(first)}"], titles)


def _facets(db: sqlite3.Connection) -> Kind:
    """Narrowed lists with counts of what each further choice would leave. Stock Datasette counts one plain column."""
    topics = [row[0] for row in db.execute("SELECT DISTINCT value FROM facets WHERE name = 'topics' ORDER BY value")]
    languages = ("en", "so", "ar", "pl")
    stock = [
        f"/site/records?{urlencode({'type': 'resource', 'language': one, '_facet': 'language', '_sort_desc': 'date', '_size': '20'})}"
        for one in languages
    ]
    ours = [f"/resources?{urlencode({'language': languages[0]})}"]
    ours += [f"/resources?{urlencode({'topic': topic, 'language': one})}" for topic in topics for one in languages]
    return Kind("facet", ours, stock, [_newest(db, "language = 'en'", 0)])


def _searches(db: sqlite3.Connection) -> Kind:
    """Words of the texts, one and two at a time."""
    rng = random.Random(SEED)
    texts = " ".join(
        row[0] for row in db.execute("SELECT text FROM records WHERE language = 'en' ORDER BY number LIMIT 200")
    )
    known = sorted(set(re.findall(r"[a-z]{5,12}", texts.lower())))
    asked = [*WORDS, *(" ".join(rng.sample(known, rng.choice((1, 2)))) for _ in range(300))]
    return Kind(
        "search",
        [f"/search?{urlencode({'q': words})}" for words in asked],
        [f"/site/records?{urlencode({'_search': words, '_size': '20'})}" for words in asked],
        ["power"],
    )


def _count(db: sqlite3.Connection, condition: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM records WHERE type = 'resource' AND {condition}").fetchone()[0])


def _newest(db: sqlite3.Connection, condition: str, offset: int) -> str:
    sql = f"SELECT title FROM records WHERE type = 'resource' AND {condition} ORDER BY date DESC, title COLLATE NOCASE, record_id"
    return str(db.execute(f"{sql} LIMIT 1 OFFSET ?", [offset]).fetchone()[0])
