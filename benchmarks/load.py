"""How long `cop load` takes, beside a loader of the usual kind and a bare look at the folder. See README.md.

python benchmarks/load.py                            sizes 1,000, 10,000 and 100,000; about half an hour
python benchmarks/load.py --sizes 1000
python benchmarks/load.py --profile 10000            where the time of a first load goes
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from measure import Took, middle, run

HERE = Path(__file__).resolve().parent
SIZES = "1000,10000,100000"
RUNS = 3
BIG = 100_000  # from here on a first load is done once
MEMORY_MB = 400  # the aim at 100,000
SECONDS = 0.5  # the aim for one edit, beyond a bare scan; and for `cop load PATH`
Results = dict[str, list[Took]]


@dataclass(frozen=True)
class Place:
    """The folders of one size."""

    root: Path
    size: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        """The tree as people wrote it; never changed."""
        return self.root / "tree"

    @property
    def site(self) -> Path:
        """The site folder that cop loads."""
        return self.root / "site"

    def python(self, *arguments: str, until: tuple[str, str] | None = None, memory: bool = False) -> Took:
        """Run Python in a fresh process; `until` a path and a word: also see when that word is up."""
        ready = (lambda: is_up(self.site, *until)) if until else None
        return run([sys.executable, *arguments], env=self.environment, cwd=self.root, until=ready, memory=memory)

    def cop(self, *arguments: str, until: tuple[str, str] | None = None, memory: bool = False) -> Took:
        """Run a whole `cop` command in a fresh process."""
        return self.python("-m", "cop.cli", "--site", str(self.site), *arguments, until=until, memory=memory)

    def script(self, name: str, *arguments: str, memory: bool = False) -> Took:
        """Run one of the scripts beside this one in a fresh process."""
        return self.python(str(HERE / name), *arguments, memory=memory)


def prepare(work: Path, size: int) -> Place:
    """Write the tree of one size."""
    root = work / f"load-{size}"
    root.mkdir(parents=True)
    environment = {**os.environ, "COP_KEYS": str(root / "keys"), "PYTHONDONTWRITEBYTECODE": ""}
    place = Place(root, size, environment)
    place.script("tree.py", str(place.tree), str(size))
    return place


def fresh_site(place: Place) -> None:
    """A site folder that has never been loaded."""
    shutil.rmtree(place.site, ignore_errors=True)
    place.cop("init", str(place.site), "--name", "Bench", "--kind", "community")
    shutil.rmtree(place.site / "content", ignore_errors=True)
    shutil.copytree(place.tree, place.site / "content")


def measure(place: Place) -> Results:
    """Everything for one size. Ours and the others take turns, so that what else the machine does meets both."""
    results: Results = {}

    def keep(name: str, took: Took) -> None:
        results.setdefault(name, []).append(took)
        print(f"  {name:<16} {took.wall:8.2f} s", file=sys.stderr, flush=True)

    for _ in range(1 if place.size >= BIG else RUNS):
        keep("peer first", place.script("usual_loader.py", str(place.tree), str(place.root / "peer.db"), memory=True))
        check_peer(place)
        fresh_site(place)
        keep("first", place.cop("load", memory=True))
        check_site(place)
    for _ in range(RUNS):
        keep("scan", place.script("bare_scan.py", str(place.site / "content")))
        keep("unchanged", place.cop("load"))
    posts = sorted((place.site / "content" / "posts").iterdir())
    for at in range(RUNS):
        time.sleep(0.1)  # a person does not edit in the same tick of the clock either
        keep("one edit", place.cop("load", until=edit(posts[at])))
        keep("scan", place.script("bare_scan.py", str(place.site / "content")))
        path = posts[at + RUNS]
        keep("load PATH", place.cop("load", str(path), until=edit(path)))
    check_site(place)
    return results


def edit(path: Path) -> tuple[str, str]:
    """Write a new word into a content file. Returns the path and the word."""
    word = f"waxbeddel{time.time_ns()}"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"\nErayga cusub waa {word}.\n")
    return path.name, word


def is_up(site: Path, name: str, word: str) -> bool:
    """True if readers of `site.db` see the word on its page."""
    db = sqlite3.connect(f"file:{site / 'data' / 'site.db'}?mode=ro", uri=True)
    try:
        row = db.execute("SELECT html FROM records WHERE type = 'post' AND slug = ?", [Path(name).stem]).fetchone()
        return bool(row) and word in row[0]
    except sqlite3.OperationalError:  # being written this very moment
        return False
    finally:
        db.close()


def check_site(place: Place) -> None:
    """Stop unless all records, and every edit, can be read and searched."""
    db = sqlite3.connect(place.site / "data" / "site.db")
    count = db.execute("SELECT count(*) FROM records WHERE html <> '' AND fields <> ''").fetchone()[0]
    edited = {path.stem: re.findall(r"waxbeddel\d+", path.read_text("utf-8")) for path in posts_of(place)}
    found = {
        word: db.execute("SELECT count(*) FROM records_fts WHERE records_fts MATCH ?", [word]).fetchone()[0]
        for words in edited.values()
        for word in words
    }
    db.close()
    if count != place.size or any(number != 1 for number in found.values()):
        raise SystemExit(f"cop: {count:,} of {place.size:,} records in site.db; edits found: {found}")


def posts_of(place: Place) -> list[Path]:
    """The files that edits are made in."""
    return sorted((place.site / "content" / "posts").iterdir())[: 2 * RUNS]


def check_peer(place: Place) -> None:
    """Stop unless the other loader has all records and can search them."""
    db = sqlite3.connect(place.root / "peer.db")
    count = sum(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("posts", "events", "resources"))
    hits = db.execute("SELECT count(*) FROM resources_fts WHERE resources_fts MATCH 'research'").fetchone()[0]
    db.close()
    if count != place.size or not hits:
        raise SystemExit(f"usual_loader.py: {count:,} of {place.size:,} records, {hits} found")


def report(size: int, results: Results) -> list[str]:
    """The lines of a table: what was measured, against what, and the aim."""
    took = {name: middle(runs) for name, runs in results.items()}
    peer, ours, scan = took["peer first"], took["first"], took["scan"]
    edited, path = took["one edit"], took["load PATH"]
    lines = [
        _line(size, "usual loader, first load", peer, "", ""),
        _line(size, "cop, first load", ours, f"{ours.wall / peer.wall:.2f} of it", "0.6"),
        _line(size, "the same in CPU seconds", ours, f"{ours.cpu / peer.cpu:.2f} of it", ""),
        _line(size, "bare scan", scan, "", ""),
        _line(size, "cop, nothing changed", took["unchanged"], f"{took['unchanged'].wall / scan.wall:.1f} scans", "3"),
        _line(size, "cop, one edit", edited, f"scan + {edited.wall - scan.wall:.2f} s", f"scan + {SECONDS} s"),
        _line(size, "until the page is up", edited, f"{edited.seen:.2f} s; {edited.seen / peer.wall:.3f} of peer", ""),
        _line(size, "cop load PATH", path, f"{path.wall:.2f} s", f"{SECONDS} s"),
    ]
    if ours.tree_mb:
        memory = f"{ours.tree_own_mb:.0f} MB in all; main {ours.main_mb:.0f}, sum {ours.tree_mb:.0f}"
        lines.append(f"| {size:,} | memory, first load | | | {memory} | {MEMORY_MB} MB at 100,000 |")
        lines.append(f"| {size:,} | memory, usual loader | | | {peer.tree_own_mb:.0f} MB | |")
    return lines


def _line(size: int, what: str, took: Took, ratio: str, aim: str) -> str:
    return f"| {size:,} | {what} | {took.wall:.2f} | {took.cpu:.2f} | {ratio} | {aim} |"


HEADER = ["| records | what | wall s | CPU s | against | aim |", "| --- | --- | --- | --- | --- | --- |"]


def profile(work: Path, size: int) -> None:
    """Print in which functions of cop the time of a first load passes, and the CPU seconds of the same work."""
    place = prepare(work, size)
    fresh_site(place)
    out = place.root / "where.json"
    took = place.script("where.py", str(out), "--site", str(place.site), "load")
    check_site(place)
    processes = json.loads(out.read_text())
    print(f"first load of {size:,} records: {took.wall:.2f} s, {took.cpu:.2f} CPU s\n")
    workers: dict[str, Counter[str]] = {"wall": Counter(), "cpu": Counter()}
    for name, times in processes.items():
        if name != "main":
            for kind in workers:
                workers[kind].update(times[kind])
    _print_places("main process", processes["main"], 30)
    _print_places(f"all {len(processes) - 1} workers together (map_in_processes: waiting for work)", workers, 20)


def _print_places(title: str, times: Mapping[str, Mapping[str, float]], most: int) -> None:
    for level, count in (("module", 12), ("function", most)):
        wall, cpu = (_by(level, times[kind]) for kind in ("wall", "cpu"))
        print(f"{title}, by {level}: wall s {wall.total():.2f}, CPU s {cpu.total():.2f}")
        for name, seconds in wall.most_common(count):
            if seconds >= 0.005:
                print(f"  {seconds:8.2f} {cpu[name]:8.2f}  {name}")
        print()


def _by(level: str, seconds: Mapping[str, float]) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, count in seconds.items():
        found[place.partition(":")[0] if level == "module" else place] += count
    return found


def file_system(folder: Path) -> str:
    """The kind of file system a folder lies on, such as ext4 or tmpfs; '' if the system does not tell."""
    mounts = Path("/proc/mounts")
    lines = [line.split() for line in mounts.read_text().splitlines()] if mounts.exists() else []
    above = [(len(line[1]), line[2]) for line in lines if folder.resolve().is_relative_to(line[1])]
    return max(above, default=(0, ""))[1]


def machine(work: Path) -> dict[str, object]:
    """What all this was measured on."""
    cpu = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return {
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"), "processor": names[0] if names else cpu,
        "processors": os.cpu_count(), "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}", "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version, "file_system": file_system(work), "load_average": [round(one, 2) for one in os.getloadavg()],
    }  # fmt: skip


def save(size: int, results: Results, lines: Sequence[str], about: Mapping[str, object]) -> Path:
    """Keep the figures of one size and file system in the file of today; others in it stay."""
    path = HERE / "results" / f"load-{datetime.now(UTC):%Y-%m-%d}.json"
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    runs = {
        name: [
            {key: round(value, 3) for key, value in asdict(one).items() if key != "output" and value}
            for one in all_runs
        ]
        for name, all_runs in results.items()
    }
    kept[f"{size} {about['file_system']}".strip()] = {"machine": about, "runs": runs, "table": list(lines)}
    kept = dict(sorted(kept.items(), key=lambda item: int(item[0].split()[0])))
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure cop load beside a loader of the usual kind.")
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of records, such as {SIZES}")
    parser.add_argument("--work", type=Path, help="folder to work in; what is made there is removed at the end")
    parser.add_argument("--profile", type=int, metavar="SIZE", help="only show where a first load of SIZE spends time")
    return parser.parse_args()


def main() -> None:
    """Measure all sizes and print a table."""
    asked = arguments()
    missing = [name for name in ("cop", "frontmatter") if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(
            f"{' and '.join(missing)} cannot be imported by {sys.executable}.\n"
            "Try:   python -m pip install -e . -r benchmarks/requirements.txt"
        )
    if asked.work:
        asked.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cop-bench-", dir=asked.work) as work:
        if asked.profile:
            profile(Path(work), asked.profile)
            return
        lines: list[str] = []
        for size in map(int, asked.sizes.split(",")):
            about = machine(Path(work))
            print(f"{size:,} records", file=sys.stderr, flush=True)
            place = prepare(Path(work), size)
            results = measure(place)
            shutil.rmtree(place.root)
            new = report(size, results)
            path = save(size, results, new, about)
            lines += new
        print("\n".join([*HEADER, *lines]))
        print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}. All runs: {path}")


if __name__ == "__main__":
    main()
