"""What copies of the site cost, beside Hugo with the same content files: seconds, memory, bytes. See README.md.

python benchmarks/copies.py                          sizes 1,000 and 10,000; some ten minutes
python benchmarks/copies.py --sizes 100000 --runs 1
"""

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import peer_hugo
from load import Place, edit, fresh_site, machine, posts_of, prepare
from measure import MB, Took, middle

RESULTS = Path(__file__).resolve().parent / "results"
MEMORY_MB = 400
KB = 1_000
Results = dict[str, list[Took]]
Keep = Callable[[str, Took], None]
Sizes = dict[str, int]  # bytes


def measure(place: Place, runs: int) -> tuple[Results, Sizes]:
    """Everything for one size. Ours and Hugo take turns, so that what else the machine does meets both."""
    results: Results = {}

    def keep(name: str, took: Took) -> None:
        results.setdefault(name, []).append(took)
        print(f"  {name:<16} {took.wall:8.2f} s", file=sys.stderr, flush=True)

    for _ in range(runs):
        _round(place, keep)
    return results, _sizes(place, keep)


def _round(place: Place, keep: Keep) -> None:
    hugo, copy = place.root / "hugo", place.root / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    peer_hugo.fresh(hugo, place.tree)
    keep("hugo", peer_hugo.build(hugo, memory=True))
    _expect(peer_hugo.pages(hugo) > place.size, "Hugo did not make all pages")
    fresh_site(place)
    keep("load", place.cop("load"))
    keep("export", place.cop("export", "static", str(copy), memory=True))
    _expect(_words(copy, posts_of(place)[0]) == 1, "the copy does not have all pages")
    keep("unchanged", place.cop("export", "static", str(copy)))
    post = posts_of(place)[0]
    _, word = edit(post)
    keep("load edit", place.cop("load", str(post)))
    keep("export edit", place.cop("export", "static", str(copy)))
    _expect(word in _page(copy, post), "the edit is not in the copy")
    peer_hugo.add(post, hugo / "content" / "posts" / post.name)
    keep("hugo edit", peer_hugo.build(hugo))


def _page(copy: Path, post: Path) -> str:
    return (copy / "posts" / f"{post.stem}.html").read_text("utf-8")


def _words(copy: Path, post: Path) -> int:
    return _page(copy, post).count("<h1")


def _expect(there: bool, otherwise: str) -> None:
    if not there:
        raise SystemExit(otherwise)


def _sizes(place: Place, keep: Keep) -> Sizes:
    """Bytes of each kind of copy, as people fetch them."""
    made = place.root / "made"
    made.mkdir()
    zipped = shutil.make_archive(str(made / "hugo"), "zip", place.root / "hugo" / "public")
    found = {"hugo, zipped": Path(zipped).stat().st_size}
    keep("zip", place.cop("export", "static", str(made / "site.zip"), memory=True))
    keep("one file", place.cop("export", "page", str(made / "one.html"), memory=True))
    keep("kiwix", place.cop("export", "zim", str(made / "site.zim"), memory=True))
    keep("saved", place.cop("export", "saved", str(made / "saved"), memory=True))
    keep("for every phone", place.cop("export", "saved", str(made / "start"), "--start", memory=True))
    found["site, zipped"] = (made / "site.zip").stat().st_size
    found["one file"] = (made / "one.html").stat().st_size
    found["one file, zipped"] = len(gzip.compress((made / "one.html").read_bytes(), 9))
    found["kiwix"] = (made / "site.zim").stat().st_size
    found["saved, everything"] = _below(made / "saved")
    found["saved, for every phone"] = _below(made / "start")
    return found


def _below(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def report(size: int, results: Results, sizes: Sizes) -> list[str]:
    """The lines of the table: what was measured, against what, and the aim."""
    took = {name: middle(runs) for name, runs in results.items()}
    hugo, export, load = took["hugo"], took["export"], took["load"]
    rebuilt, again, once = took["hugo edit"], took["unchanged"], took["export edit"]
    lines = [
        _line(size, "Hugo, all pages", hugo, "", ""),
        _line(size, "cop export static", export, f"{export.wall / hugo.wall:.1f} times Hugo", "0.35"),
        _line(size, "with cop load before", _both(load, export), f"{(load.wall + export.wall) / hugo.wall:.1f}", "1"),
        _line(size, "again, nothing changed", again, f"{again.wall / export.wall:.2f} of the first", ""),
        _line(size, "again after one edit", once, f"{once.wall / export.wall:.2f} of the first", "0.05"),
        _line(size, "Hugo after one edit", rebuilt, "", ""),
    ]
    for name in ("one file", "kiwix", "saved", "for every phone"):
        lines.append(_line(size, f"cop, {name}", took[name], "", ""))
    for name in ("hugo", "export", "zip", "one file", "kiwix", "saved"):
        memory = f"{took[name].tree_own_mb:.0f} MB in all, main {took[name].main_mb:.0f}"
        lines.append(f"| {size:,} | memory: {name} | | | {memory} | {MEMORY_MB} MB at 100,000 |")
    peer = sizes["hugo, zipped"]
    for name, count in sizes.items():
        aim = {"saved, for every phone": "400 KB", "saved, everything": "40 MB at 100,000"}.get(name, "")
        lines.append(f"| {size:,} | size: {name} | | | {_kb(count)}; {count / peer:.2f} of Hugo’s | {aim} |")
    return lines


def _kb(count: int) -> str:
    return f"{count / MB:,.1f} MB" if count >= MB else f"{count / KB:,.0f} KB"


def _both(one: Took, other: Took) -> Took:
    numbers = {name: value + getattr(other, name) for name, value in vars(one).items() if name != "output"}
    return Took(**numbers)


def _line(size: int, what: str, took: Took, ratio: str, aim: str) -> str:
    return f"| {size:,} | {what} | {took.wall:.2f} | {took.cpu:.2f} | {ratio} | {aim} |"


HEADER = ["| records | what | wall s | CPU s | against | aim |", "| --- | --- | --- | --- | --- | --- |"]


def save(size: int, results: Results, sizes: Sizes, lines: Sequence[str], about: Mapping[str, object]) -> Path:
    """Keep the figures of one size in the file of today; others in it stay."""
    path = RESULTS / f"copies-{datetime.now(UTC):%Y-%m-%d}.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    runs = {
        name: [
            {key: round(value, 3) for key, value in asdict(one).items() if key != "output" and value} for one in some
        ]
        for name, some in results.items()
    }
    kept[str(size)] = {"machine": about, "runs": runs, "bytes": sizes, "table": list(lines)}
    kept = dict(sorted(kept.items(), key=lambda item: int(item[0])))
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def main() -> None:
    """Measure all sizes and print a table."""
    parser = argparse.ArgumentParser(description="Measure copies of the site beside Hugo.")
    parser.add_argument("--sizes", default="1000,10000", help="numbers of records, such as 1000,10000,100000")
    parser.add_argument("--runs", type=int, default=3, help="of which the middle one counts")
    parser.add_argument("--work", type=Path, help="folder to work in; what is made there is removed at the end")
    asked = parser.parse_args()
    if not shutil.which("hugo"):
        raise SystemExit("Hugo is not on this machine. Try:   sh .ci/peers hugo")
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cop-bench-", dir=asked.work) as work:
        for size in map(int, asked.sizes.split(",")):
            about = machine(Path(work))
            print(f"{size:,} records", file=sys.stderr, flush=True)
            place = prepare(Path(work), size)
            results, sizes = measure(place, asked.runs)
            shutil.rmtree(place.root)
            new = report(size, results, sizes)
            path = save(size, results, sizes, new, about)
            lines += new
    print("\n".join([*HEADER, *lines]))
    print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}. All runs: {path}")


if __name__ == "__main__":
    main()
