"""How quick pages are, beside stock Datasette, Starlette and nginx on the same rows. See README.md.

python benchmarks/pages.py                                   1,000, 10,000 and 100,000 records; 25 minutes
python benchmarks/pages.py --sizes 1000 --seconds 2 --rounds 1
python benchmarks/pages.py --work /dev/shm/pages             sites that were loaded before are used again
"""

import argparse
import html
import importlib.util
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import page_kinds
import page_report
from load import machine
from page_kinds import Kind
from page_peers import Server, nginx, ours, stock, wrk
from page_sites import Place, prepare

READERS = 16
CACHED_PASS = 400  # addresses of a kind for the cached run, few enough to be kept


@dataclass
class Bench:
    """The servers of one size, and what was measured."""

    place: Place
    kinds: Sequence[Kind]
    servers: Mapping[str, Server]
    seconds: float
    results: page_report.Results

    def round(self) -> None:
        """Everything once. The servers take turns, so that what else the machine does meets all of them."""
        for name in ("hello", "nginx"):
            self._run(name, "-", self.servers[name], ["/"] if name == "hello" else ["/page.html"])
        for kind in self.kinds:
            for name in ("cop", "uncached", "starlette", "stock", "stock, tuned"):
                paths = kind.stock if name.startswith("stock") else kind.ours
                self._run(name, kind.name, self.servers[name], paths[:CACHED_PASS] if name == "cop" else paths)

    def _run(self, name: str, kind: str, server: Server, paths: Sequence[str]) -> None:
        if name == "cop":
            for path in paths:  # the first reader of each page
                fetch(server, path)
        sample = wrk(server, paths, readers=READERS, seconds=self.seconds)
        self.results.setdefault((self.place.size, kind, name), []).append(sample)
        print(
            f"  {kind:<8}{name:<14}{sample.rate:9.0f} a second {sample.p50:9.2f} ms {sample.p99:9.2f} ms {sample.cpu_each:8.3f} ms CPU",
            file=sys.stderr,
        )


def fetch(server: Server, path: str) -> str:
    """A page as text. Raises: OSError."""
    with urllib.request.urlopen(server.address + path, timeout=60) as answer:
        return str(answer.read().decode())


def check(bench: Bench) -> None:
    """Every server shows the rows that it should. Raises: SystemExit."""
    for kind in bench.kinds:
        for name in ("cop", "uncached", "starlette", "stock", "stock, tuned"):
            paths = kind.stock if name.startswith("stock") else kind.ours
            for path, title in zip(paths[:20], kind.titles, strict=False):
                if title not in html.unescape(fetch(bench.servers[name], path)).replace("<mark>", "").replace(
                    "</mark>", ""
                ):
                    raise SystemExit(f"{name} does not show {title!r} at {path}. Nothing was measured.")


def measure(work: Path, size: int, rounds: int, seconds: float, results: page_report.Results) -> None:
    """All rounds of one size."""
    place = prepare(work, size)
    kinds = page_kinds.read(place.site_db)
    with ExitStack() as stack:
        servers: dict[str, Server] = {
            name: stack.enter_context(ours(place, name)) for name in ("cop", "uncached", "starlette", "hello")
        }
        servers["stock"] = stack.enter_context(stock(place))
        servers["stock, tuned"] = stack.enter_context(stock(place, "suggest_facets", "off"))
        page = fetch(servers["cop"], kinds[0].ours[0])
        servers["nginx"] = stack.enter_context(nginx(place, page))
        bench = Bench(place, kinds, servers, seconds, results)
        check(bench)
        for _ in range(rounds):
            bench.round()
        check(bench)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--work", type=Path, help="keep the loaded sites here and use them again")
    return parser.parse_args()


def main() -> None:
    """Measure all sizes and print the tables."""
    asked = arguments()
    missing = [name for name in ("wrk", "nginx") if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    missing += [name for name in ("cop", "starlette") if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(
            f"{' and '.join(missing)} cannot be found.\nTry:   sh .ci/peers wrk nginx, and pip install -r benchmarks/requirements.txt"
        )
    with tempfile.TemporaryDirectory(prefix="cop-bench-") as temporary:
        work = asked.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        results: page_report.Results = {}
        about = machine(work)
        for size in asked.sizes:
            print(f"{size:,} records", file=sys.stderr, flush=True)
            measure(work, size, asked.rounds, asked.seconds, results)
        print("\n".join(page_report.report(results)))
        print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}. All runs: {page_report.save(results, about)}")


if __name__ == "__main__":
    main()
