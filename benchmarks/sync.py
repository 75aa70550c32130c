"""What `cop sync` costs, beside git, Fossil and rsync on the same texts and edits. See README.md.

python benchmarks/sync.py                                    1,000 and 10,000 records
python benchmarks/sync.py --sizes 1000 --peers cop git       a minute
python benchmarks/sync.py --sizes 100000 --changes 100 --peers cop git
"""

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import sync_report
import tree
from edits import Edit, Editor, Limits, limits, whole_tree
from load import machine
from peer_cop import Cop
from peer_fossil import Fossil
from peer_git import Git
from peers import Peer, Rsync, Sample
from proxy import Proxy

PEERS: tuple[type[Peer], ...] = (Cop, Git, Fossil, Rsync)
RUNS = 3
BIG = 10_000  # from here on a first copy is made once
BOTH = 50  # edits on each side
SLOW = (0, 10, 100)  # numbers of changes that are measured over the long line, too
ROUND_TRIP_MS = 600
ROOM = 1_000_000_000  # bytes that must be free in memory to work there, for each 10,000 records
MEMORY = Path("/dev/shm")


@dataclass
class Bench:
    """The programs with one collection, and what was measured."""

    size: int
    proxy: Proxy
    peers: Sequence[Peer]
    editor: Editor
    runs: int
    results: dict[sync_report.Key, list[Sample]] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)

    def first(self, round_trip_ms: int, runs: int) -> None:
        """First copies, before there are any edits."""
        for _ in range(runs):
            for peer in self.peers:
                with long_line(self.proxy, round_trip_ms):
                    sample = peer.first()
                self._keep("first", round_trip_ms, peer, replace(sample, files=peer.catch_up()))
                peer.check_all(self.editor.tree)

    def changes(self, count: int, round_trip_ms: int, runs: int) -> None:
        """The host has made some edits; the guest gets them."""
        for _ in range(runs):
            made = self._edits(str(count), count)
            for peer in self.peers:
                if made:
                    peer.edit(made, peer.host_tree)
                with long_line(self.proxy, round_trip_ms):
                    sample = peer.sync()
                self._finish(str(count), round_trip_ms, peer, sample, made)

    def both(self, round_trip_ms: int, runs: int) -> None:
        """Both have made edits, in different texts; both get those of the other."""
        for _ in range(runs):
            made = self._edits("both", 2 * BOTH)
            for peer in self.peers:
                peer.edit(made[:BOTH], peer.host_tree)
                peer.edit(made[BOTH:], peer.guest_tree)
                with long_line(self.proxy, round_trip_ms):
                    sample = peer.sync_both()
                self._finish("both", round_trip_ms, peer, sample, made)

    def _edits(self, case: str, count: int) -> list[Edit]:
        made = self.editor.make(count)
        self.limits[case] = limits(self.editor, made)
        return made

    def _finish(self, case: str, round_trip_ms: int, peer: Peer, sample: Sample, made: Sequence[Edit]) -> None:
        """Bring files up to date, see that all edits are there, and keep the figures."""
        self._keep(case, round_trip_ms, peer, replace(sample, files=peer.catch_up()))
        peer.check(made)

    def _keep(self, case: str, round_trip_ms: int, peer: Peer, sample: Sample) -> None:
        key = sync_report.Key(self.size, case, round_trip_ms, peer.name)
        self.results.setdefault(key, []).append(sample)
        print(f"  {case:>6} {round_trip_ms:4} ms  {peer.name:<7}{sample.wall:8.2f} s {sample.bytes:12,} bytes "
              f"{sample.requests:4} requests {sample.memory_mb:6.0f} MB", file=sys.stderr, flush=True)  # fmt: skip


@contextmanager
def long_line(proxy: Proxy, round_trip_ms: int) -> Iterator[None]:
    """The proxy holds everything back by half a round trip."""
    proxy.round_trip = round_trip_ms / 1000
    yield
    proxy.round_trip = 0.0


def measure(bench: Bench, changes: Sequence[int], round_trip_ms: int) -> None:
    """All cases of one size. The programs take turns, so that what else the machine does meets all of them."""
    bench.limits["first"] = Limits(whole_tree(bench.editor.tree), 0)
    bench.first(0, 1 if bench.size >= BIG else bench.runs)
    if round_trip_ms:
        bench.first(round_trip_ms, 1)
    for count in changes:
        bench.changes(count, 0, bench.runs)
    bench.both(0, bench.runs)
    if round_trip_ms:
        for count in changes:
            if count in SLOW:
                bench.changes(count, round_trip_ms, bench.runs)
        bench.both(round_trip_ms, bench.runs)


@contextmanager
def taken_in(root: Path, size: int, names: Sequence[str], proxy: Proxy) -> Iterator[list[Peer]]:
    """Let each program take in the tree of one size. Their servers are stopped at the end."""
    tree.write(root / "tree", size)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COP_", "GIT_"))}
    peers = [kind(root / kind.name, proxy, environment) for kind in PEERS if kind.name in names]
    try:
        for peer in peers:
            print(f"  {peer.name} takes in {size:,} records", file=sys.stderr, flush=True)
            peer.set_up(root / "tree")
        yield peers
    finally:
        for peer in peers:
            peer.stop()


def run_size(work: Path, size: int, asked: argparse.Namespace) -> sync_report.Run:
    """Measure one size from beginning to end, and keep it."""
    print(f"{size:,} records", file=sys.stderr, flush=True)
    root, about = work / f"sync-{size}", machine(work)
    with Proxy() as proxy, taken_in(root, size, asked.peers, proxy) as peers:
        about["versions"] = {name: version for peer in peers for name, version in peer.versions().items()}
        bench = Bench(size, proxy, peers, Editor(root / "tree"), asked.runs)
        measure(bench, asked.changes, asked.round_trip)
    shutil.rmtree(root)
    return sync_report.Run(size, about, bench.results, bench.limits)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    names = [kind.name for kind in PEERS]
    parser = argparse.ArgumentParser(description="Measure cop sync beside git, Fossil and rsync.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], help="numbers of records")
    parser.add_argument("--changes", type=int, nargs="+", default=[0, 10, 100, 1000], help="numbers of changes")
    parser.add_argument("--peers", nargs="+", choices=names, default=names, help="only these programs")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each case; the median is told")
    parser.add_argument("--round-trip", type=int, default=ROUND_TRIP_MS, metavar="MS", help="of the long line; 0: none")
    parser.add_argument("--work", type=Path, help="folder to work in; what is made there is removed at the end")
    return parser.parse_args()


def work_folder(sizes: Sequence[int]) -> Path | None:
    """In memory if there is room, so that no disk is measured."""
    room = shutil.disk_usage(MEMORY).free if MEMORY.is_dir() else 0
    return MEMORY if room > ROOM * max(sizes) / BIG else None


def main() -> None:
    """Measure all sizes and print tables."""
    asked = arguments()
    missing = [name for name in ("git", "fossil", "rsync", "/usr/bin/time") if not shutil.which(name)]
    if missing or importlib.util.find_spec("cop") is None:
        raise SystemExit(f"Not here: {', '.join(missing) or 'cop'}.\nTry:   sh .ci/peers; python -m pip install -e .")
    if asked.work:
        asked.work.mkdir(parents=True, exist_ok=True)
    runs = []
    with tempfile.TemporaryDirectory(prefix="cop-bench-", dir=asked.work or work_folder(asked.sizes)) as work:
        for size in asked.sizes:
            runs.append(run_size(Path(work), size, asked))
            path = sync_report.save(runs[-1])
    print("\n".join([*sync_report.table(runs), "", *sync_report.summary(runs), "", *sync_report.table_of_aims(runs)]))
    print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}. All runs: {path}")


if __name__ == "__main__":
    main()
