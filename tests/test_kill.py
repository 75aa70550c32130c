"""`kill -9` in the middle of a load: the next load ends with every record once, whatever was under way."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Cop

from cop import config, identity, views

FILES = 400  # enough to be read by several processes
FEW = 25

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")


@pytest.fixture
def many(cop: Cop) -> Cop:
    return filled(cop, FILES)


@pytest.fixture
def few(cop: Cop) -> Cop:
    return filled(cop, FEW)


def filled(cop: Cop, count: int) -> Cop:
    for at in range(count):
        cop.write(f"posts/{at:03}.md", f"---\ntitle: Post {at:03}\ntopics: [a, b{at % 7}]\n---\n\nText *{at}*.\n")
    return cop


def start(cop: Cop, *python: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "COP_KEYS": str(cop.keys)}
    arguments = [sys.executable, *(python or ("-m", "cop.cli")), "--site", str(cop.root), "load"]
    return subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def kill_when(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> bool:
    """Kill a process and its children once something has come about. Returns False if it ended before."""
    while process.poll() is None:
        if condition():
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
    return False


def counted(path: Path, query: str) -> int:
    """A number from a database that another process is writing; 0 while it cannot be read."""
    if not path.exists():
        return 0
    db = sqlite3.connect(path, timeout=0)
    try:
        return int(db.execute(query).fetchone()[0])
    except sqlite3.Error:
        return 0
    finally:
        db.close()


def parts(cop: Cop) -> int:
    return sum(entry.name.endswith(".part") for entry in os.scandir(cop.root / "content" / "posts"))


MOMENTS: dict[str, Callable[[Cop], bool]] = {
    "the store is open": lambda cop: (cop.root / "data" / "store.db-wal").exists(),
    "the entry is in the log": lambda cop: (
        counted(cop.root / "data/store.db", "SELECT count(*) FROM log_entry WHERE kind = 'change'") > 0
    ),
    "ids are being written beside the files": lambda cop: parts(cop) > 0,
    "the last ids are being written": lambda cop: parts(cop) > FILES - 50,
    "the first file has its id": lambda cop: b"id: " in (cop.root / "content/posts/000.md").read_bytes(),
    "the last file has its id": lambda cop: b"id: " in (cop.root / f"content/posts/{FILES - 1}.md").read_bytes(),
    "the site shows a record": lambda cop: counted(cop.root / "data/site.db", "SELECT count(*) FROM records") > 0,
}


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda name: name.replace(" ", "-"))
def test_a_load_killed_when(many: Cop, moment: str) -> None:
    killed = kill_when(start(many), lambda: MOMENTS[moment](many))
    assert killed or moment not in ("the store is open", "the entry is in the log", "the first file has its id")
    check_good(many, FILES)


SUICIDE = """
import os, signal, sys
from cop import files, log, views, worktree
from cop.cli import main

def dying(holder, name, calls, after):
    real = getattr(holder, name)
    def call(*arguments, **options):
        call.left -= 1
        if not call.left and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **options)
        if not call.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    call.left = calls
    setattr(holder, name, call)

{kill}
main(sys.argv[1:])
"""

STEPS = {
    "before anything is signed": "dying(log, 'write', 1, False)",
    "signed and not committed": "dying(log, 'write', 1, True)",
    "halfway through what is known of the files": "dying(worktree, 'keep_file', 12, True)",
    "committed and no id written": "dying(files, 'replace_all', 1, False)",
    "half of the ids beside their files": "dying(files, '_write_part', 12, True)",
    "all ids beside their files": "dying(os, 'sync', 1, True)",
    "half of the ids in their files": "dying(os, 'replace', 12, True)",
    "all ids in their files and not noted": "dying(files, 'replace_all', 1, True)",
    "before the site is drawn": "dying(views, 'refresh', 1, False)",
    "the site half written": "dying(views.site_tables, 'replace', 1, True)",
    "the site written and the store not yet": "dying(views, 'writing', 3, False)",
    "both written and the records still marked as old": "dying(views, 'writing', 4, False)",
    "before the site is described": "dying(views.site_tables, 'describe', 1, False)",
    "everything done": "dying(views, 'refresh', 1, True)",
}


@pytest.mark.parametrize("step", STEPS, ids=lambda name: name.replace(" ", "-"))
def test_a_load_killed_at_the_step(few: Cop, step: str) -> None:
    process = start(few, "-c", SUICIDE.format(kill=STEPS[step]))
    assert process.wait() == -signal.SIGKILL, "this step was never reached"
    check_good(few, FEW)


def test_an_edit_killed_halfway_is_saved_once(few: Cop) -> None:
    assert few("load").exit_code == 0
    file = few.root / "content/posts/003.md"
    file.write_text(file.read_text().replace("Post 003", "Post three"))
    assert start(few, "-c", SUICIDE.format(kill=STEPS["the site half written"])).wait() == -signal.SIGKILL
    assert few("load").exit_code == 0
    history = few.json("history", "posts/003.md")
    assert [row["fields"] for row in history] == [["body", "slug", "title", "topics"], ["title"]]
    assert few.json("show", "posts/003.md")["fields"]["title"] == "Post three"


def check_good(cop: Cop, count: int) -> None:
    """Load again: all records are there once, every file has one id, and the views are what a rebuild gives."""
    report = cop.json("load")
    assert (report["refused"], report["missing"]) == ([], 0)
    titles = [f"Post {at:03}" for at in range(count)]
    assert sorted(row["title"] for row in cop.json("list", "post")) == titles
    db = sqlite3.connect(cop.root / "data/store.db")
    written = Counter(row[0] for row in db.execute(
        "SELECT record_id FROM log_item JOIN log_entry USING (entry_number) WHERE kind = 'change'"
    ))  # fmt: skip
    assert (len(written), set(written.values())) == (count, {1})
    db.close()
    folder = cop.root / "content/posts"
    ids = [line for file in folder.glob("*.md") for line in file.read_text().splitlines() if line.startswith("id: ")]
    assert sorted(line.removeprefix("id: ") for line in ids) == sorted(written)
    assert parts(cop) == 0
    again = cop.json("load")
    assert (again["added"], again["changed"], again["unchanged"], again["entries"]) == (0, 0, count, 0)
    before = shown(cop)
    assert [row[0] for row in before["records"]] == titles
    rebuild(cop)
    assert shown(cop) == before
    assert cop("verify").exit_code == 0


def shown(cop: Cop) -> dict[str, list[tuple[object, ...]]]:
    db = sqlite3.connect(cop.root / "data/site.db")
    try:
        return {
            "records": db.execute(
                "SELECT title, record_id, slug, fields, html, text FROM records ORDER BY 1"
            ).fetchall(),
            "history": db.execute("SELECT * FROM history ORDER BY 1, 2").fetchall(),
            "facets": db.execute("SELECT * FROM facet_counts ORDER BY 1, 2, 3").fetchall(),
            "found": db.execute("SELECT count(*) FROM records_fts WHERE records_fts MATCH 'text'").fetchall(),
        }
    finally:
        db.close()


def rebuild(cop: Cop) -> None:
    site = config.open_site_folder(cop.root, cop.keys)
    db, _ = identity.open_installation(site, 0)
    views.rebuild(site, db)
    db.close()
