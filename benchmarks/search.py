"""How fast and how well the search answers, beside SQLite's own full-text search and Datasette's. See README.md.

python benchmarks/search.py                          sizes 1,000, 10,000 and 100,000; twenty minutes, most of it loading
python benchmarks/search.py --sizes 1000
python benchmarks/search.py --database data/site.db  a site that is there already
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette.app import Datasette
from sqlite_utils import Database

from cop.fields import TYPES
from cop.search import search

HERE = Path(__file__).resolve().parent
CONTENT = HERE.parent / "content"
sys.path.append(str(HERE.parent / "tests"))
from judged_queries import JUDGED, gain  # noqa: E402 - the tests judge by the same answers

SIZES = "1000,10000,100000"
RUNS = 3
MANY = 20  # questions of a class: beyond, the middle one is told as well
AIM_MS = 50
PEER_COLUMNS = ("title", "keywords", "summary", "text")
# Each class: several questions, so that none is fast by chance. The words are those of tree.py.
QUESTIONS: dict[str, list[dict[str, str]]] = {
    "a common word": [{"q": "research"}, {"q": "community"}, {"q": "meetings"}],
    "several common words": [{"q": "research power access"}, {"q": "work learning together"}, {"q": "community voice trust"}],
    "a rare word": [{"q": "{rare}"}],
    "common and rare": [{"q": "research {rare}"}, {"q": "{rare} meetings power"}],
    "a slip": [{"q": "reserch"}, {"q": "comunity trsut"}, {"q": "workshp powr"}],
    "a beginning": [{"q": "commun"}, {"q": "research neighb"}, {"q": "interp"}],
    "side by side": [{"q": '"research power"'}, {"q": '"work with research"'}],
    "with filters": [{"q": "research", "type": "event"}, {"q": "power", "language": "so"}, {"q": "work", "kind": "toolkit"},
                     {"q": "meetings", "type": "resource", "language": "pl"}],
    "no record has all": [{"q": "{rare} caafimaad społeczność"}, {"q": "{rare} المجتمع"}],
    "only small words": [{"q": "what is it"}, {"q": "to be or not to be"}],
    "Somali, Arabic, Polish": [{"q": "bulshada caafimaadka"}, {"q": "المجتمع"}, {"q": "społeczności"}],
    "sixteen common words": [{"q": "research power access work learn together community voice trust meeting people change share talk time team"}],
    "the fiftieth page": [{"q": "research", "page": "50"}, {"q": "work together", "page": "50"}],
    "nothing": [{"q": "qqqqqqq zzzzzzzz"}],
}  # fmt: skip


def repeat(content: Path, tree: Path, size: int) -> None:
    """A tree of this size from the real content, again and again: words are as frequent as people make them."""
    files = sorted(content.glob("*/*.md"))
    for at in range(size):
        path, copy = files[at % len(files)], at // len(files)
        new = tree / path.parent.name / f"{path.stem}{f'-copy{copy}' if copy else ''}.md"
        new.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines(keepends=True)
        new.write_text("".join(line for line in lines if not line.startswith(("id:", "slug:"))), "utf-8")


def load(tree: Path, site: Path) -> Path:
    """Load content files with `cop`. Returns the published database."""
    environment = {**os.environ, "COP_KEYS": str(site.with_suffix(".keys"))}
    cop = [sys.executable, "-m", "cop.cli", "--site", str(site)]
    subprocess.run([*cop, "init", str(site), "--name", "Bench", "--kind", "community"], env=environment, check=True, capture_output=True)  # fmt: skip
    shutil.rmtree(site / "content", ignore_errors=True)
    shutil.copytree(tree, site / "content")
    subprocess.run([*cop, "load"], env=environment, check=True, capture_output=True)
    return site / "data" / "site.db"


def make_peer(published: Path, path: Path) -> Database:
    """The same rows in a plain table with full-text search as sqlite-utils sets it up: porter, unicode61."""
    db = Database(path)
    db.conn.execute("ATTACH ? AS site", [str(published)])
    db.conn.execute(f"CREATE TABLE records AS SELECT number, type, slug, {', '.join(PEER_COLUMNS)} FROM site.records")
    db.conn.commit()
    db.table("records").transform(pk="number")
    db.table("records").enable_fts(PEER_COLUMNS, tokenize="porter")
    return db


def peer_search(db: sqlite3.Connection, typed: str, limit: int = 20) -> list[tuple[Any, ...]]:
    """FTS5's own order, excerpts and count for all words, each in quotes as Datasette does it."""
    words = " ".join(f'"{word}"' for word in typed.replace('"', "").split())
    sql = "FROM records_fts JOIN records ON number = records_fts.rowid WHERE records_fts MATCH ?"
    db.execute(f"SELECT count(*) {sql}", [words]).fetchone()
    shown = "type, slug, highlight(records_fts, 0, '[', ']'), snippet(records_fts, 3, '[', ']', '…', 28)"
    return db.execute(f"SELECT {shown} {sql} ORDER BY rank LIMIT ?", [words, limit]).fetchall()


def milliseconds(do: Callable[[], object]) -> float:
    """Of the processor, so that other work on the machine counts little; the median of a few runs, after one that does not count."""
    do()
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        do()
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times)


def a_rare_word(db: sqlite3.Connection) -> str:
    """One of the words that the fewest records have."""
    row = db.execute("SELECT word FROM search_words WHERE n > 1 AND word GLOB '[a-z]*' ORDER BY n, word LIMIT 1 OFFSET 40").fetchone()  # fmt: skip
    return str(row[0])


def measure(published: Path, peer: Path, classes: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    """The lines of a table for one database: the slowest question of each class."""
    ours, theirs = (sqlite3.connect(f"file:{path}?mode=ro", uri=True) for path in (published, peer))
    size, rare = ours.execute("SELECT count(*) FROM records").fetchone()[0], a_rare_word(ours)
    pages = Pages(published, peer)
    ways: list[Callable[[Mapping[str, str]], object]] = [
        lambda one: _search(ours, one), lambda one: pages.get("/search", one),
        lambda one: peer_search(theirs, one["q"]), lambda one: pages.get("/peer/records", {"_search": one["q"]}),
    ]  # fmt: skip
    for name, questions in classes.items():
        asked = [{key: value.format(rare=rare) for key, value in one.items()} for one in questions]
        took = [[milliseconds(lambda one=one, way=way: way(one)) for one in asked] for way in ways]
        yield f"| {size:,} | {name} | " + " | ".join(f"{max(one):.1f}" for one in took) + " |"
        if len(asked) > MANY:
            yield f"| {size:,} | {name}, the middle one | " + " | ".join(f"{statistics.median(one):.1f}" for one in took) + " |"  # fmt: skip
    pages.close()


def _search(db: sqlite3.Connection, asked: Mapping[str, str]) -> object:
    filters = {"type": asked.get("type", ""), "languages": asked.get("language", ""), "kind": asked.get("kind", "")}
    return search(db, asked["q"], filters, offset=20 * (int(asked.get("page", "1")) - 1))


class Pages:
    """Whole pages, from the same Datasette, without a network."""

    def __init__(self, published: Path, peer: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._asked = 0
        # its own limit of a second is lifted, so that slow answers are seen and not replaced by an error
        self._datasette = Datasette([str(published), str(peer)], settings={"sql_time_limit_ms": 60_000})
        self._loop.run_until_complete(self._datasette.invoke_startup())

    def get(self, path: str, asked: Mapping[str, str]) -> None:
        """Ask for a page. Raises: RuntimeError if it is none."""
        self._asked += 1  # in the address, so that no page that was kept is the answer
        question = urlencode({**asked, "n": str(self._asked)})
        answer = self._loop.run_until_complete(self._datasette.client.get(f"{path}?{question}"))
        if answer.status_code != 200:
            raise RuntimeError(f"{path} {asked}: {answer.status_code}")

    def close(self) -> None:
        """End the loop."""
        self._loop.close()


REAL_WORDS = {"a common word of the real content": [{"q": "research"}, {"q": "community"}, {"q": "co-production"}, {"q": "people"}]}  # fmt: skip
JUDGED_QUESTIONS = {"judged questions": [{"q": typed} for typed in JUDGED]}


def quality(work: Path) -> Iterator[str]:
    """nDCG@10 over the real content, ours and the peer's."""
    published = load(CONTENT, work / "real")
    ours, theirs = sqlite3.connect(published), make_peer(published, work / "real-peer.db").conn
    address = lambda type_name, slug: f"{TYPES[type_name].folder}/{slug}"  # noqa: E731
    found: dict[str, Callable[[str], Sequence[str]]] = {
        "cop": lambda typed: [address(hit.type, hit.slug) for hit in search(ours, typed, limit=10).hits],
        "FTS5, porter, bm25": lambda typed: [address(*row[:2]) for row in peer_search(theirs, typed, 10)],
    }
    for name, find in found.items():
        gains = [gain(find(typed), answers) for typed, answers in JUDGED.items()]
        nothing = sum(one == 0 for one in gains)
        yield f"| {name} | {statistics.mean(gains):.3f} | {nothing} of {len(gains)} |"


def databases(there: Sequence[Path], sizes: str, work: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Databases, each with the classes of questions that suit its words."""
    for path in there:
        yield path, QUESTIONS | JUDGED_QUESTIONS
    for size in [] if there else map(int, sizes.split(",")):
        subprocess.run([sys.executable, HERE / "tree.py", work / f"tree{size}", str(size)], check=True, capture_output=True)  # fmt: skip
        yield load(work / f"tree{size}", work / f"site{size}"), QUESTIONS
        repeat(CONTENT, work / f"real{size}", size)
        yield load(work / f"real{size}", work / f"real-site{size}"), REAL_WORDS | JUDGED_QUESTIONS


def main() -> None:
    """Measure all sizes and print two tables."""
    parser = argparse.ArgumentParser(description="Measure the search beside SQLite's and Datasette's.")
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of records, such as {SIZES}")
    parser.add_argument(
        "--database", type=Path, action="append", default=[], help="a site.db that is there already, instead of sizes"
    )
    parser.add_argument("--work", type=Path, help="folder to work in; what is made there is removed at the end")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cop-bench-", dir=asked.work) as folder:
        work = Path(folder)
        print("| over the real content | nDCG@10 | nothing right |\n| --- | --- | --- |", *quality(work), sep="\n")
        print(
            f"\nMilliseconds of the processor, the slowest question of each class, median of {RUNS}; aim for the first two: {AIM_MS}.\n"
        )
        print("| records | question | cop search | whole page | FTS5, porter, bm25 | Datasette’s table search |")
        print("| --- | --- | --- | --- | --- | --- |")
        for at, (published, classes) in enumerate(databases(asked.database, asked.sizes, work)):
            peer = work / f"peer{at}" / "peer.db"
            peer.parent.mkdir()
            make_peer(published, peer).close()
            for line in measure(published, peer, classes):
                print(line, flush=True)
        print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
