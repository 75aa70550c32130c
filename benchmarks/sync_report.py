"""Tables and files of what `sync.py` measured, and which aims are met."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from edits import Limits
from peers import Sample, middle

HERE = Path(__file__).resolve().parent
CASES = {"first": "first copy", "0": "nothing to do", "both": "50 + 50 changes, both ways"}
NAMES = ("cop", "git", "fossil", "rsync")
BYTES_OF_GIT = {10: 0.7, 100: 0.5, 1000: 0.5}  # the aims, by number of changes
NOTHING_BYTES = 540
BOTH_BYTES = 65536
FLAT = 1.3  # times the memory, for ten times the records


@dataclass(frozen=True)
class Key:
    """What was measured."""

    size: int
    case: str  # "first", "both" or a number of changes
    round_trip_ms: int
    peer: str


@dataclass(frozen=True)
class Run:
    """All that was measured with one collection."""

    size: int
    about: Mapping[str, object]
    results: Mapping[Key, Sequence[Sample]]
    limits: Mapping[str, Limits]  # by case

    def get(self, case: str, peer: str, round_trip_ms: int = 0) -> Sample | None:
        """The medians of a case; None if it was not measured."""
        samples = self.results.get(Key(self.size, case, round_trip_ms, peer))
        return middle(samples) if samples else None

    def pair(self, case: str, round_trip_ms: int = 0) -> tuple[Sample, Sample] | None:
        """cop and git in one case."""
        ours, git = (self.get(case, peer, round_trip_ms) for peer in ("cop", "git"))
        return (ours, git) if ours and git else None

    @property
    def cases(self) -> list[str]:
        """In the order they were measured in."""
        return list(dict.fromkeys(key.case for key in self.results))

    @property
    def peers(self) -> list[str]:
        """Likewise."""
        return list(dict.fromkeys(key.peer for key in self.results))


@dataclass(frozen=True)
class Aim:
    """One aim, and whether it is met."""

    size: int
    what: str
    wanted: str
    measured: str
    met: bool

    def line(self) -> str:
        """A row of the table."""
        verdict = "met" if self.met else "**missed**"
        return f"| {self.size:,} | {self.what} | {self.wanted} | {self.measured} | {verdict} |"


SUMMARY = ["records", "what", *(f"bytes: {name}" for name in NAMES), "limit, words", "cop of git", "requests: cop, git",
           "seconds: cop, git", "far away: cop, git", "MB: cop, its server, git"]  # fmt: skip


def summary(runs: Sequence[Run]) -> list[str]:
    """A row for each case: all programs' bytes, and cop beside git."""
    lines = ["| " + " | ".join(SUMMARY) + " |", "|" + " --- |" * len(SUMMARY)]
    for run in runs:
        for case in run.cases:
            samples = [run.get(case, name) for name in NAMES]
            limit = run.limits.get(case)
            cells = [f"{sample.bytes:,.0f}" if sample else "" for sample in samples]
            cells.append(f"{limit.words or limit.whole:,}" if limit and limit.whole else "")
            lines.append(f"| {run.size:,} | {_what(case)} | {' | '.join(cells)} | {_beside(run, case)} |")
    return lines


def _beside(run: Run, case: str) -> str:
    pair = run.pair(case)
    if not pair:
        return " | " * 4
    ours, git = pair
    return (
        f"{_ratio(ours.bytes, git)} | {ours.requests:.0f}, {git.requests:.0f} | {ours.wall:.2f}, {git.wall:.2f} "
        f"| {', '.join(filter(None, (_far(run, case, 'cop'), _far(run, case, 'git'))))} "
        f"| {ours.memory_mb:.0f}, {ours.server_mb:.0f}, {git.memory_mb:.0f}"
    )


def _what(case: str) -> str:
    return CASES.get(case) or f"{int(case):,} changes"


def table_of_aims(runs: Sequence[Run]) -> list[str]:
    """What we want, and whether it is met."""
    lines = ["| records | what | aim | measured | |", "|" + " --- |" * 5]
    return lines + [aim.line() for run in runs for aim in aims(run)] + [aim.line() for aim in flat_memory(runs)]


def table(runs: Sequence[Run]) -> list[str]:
    """All figures."""
    lines = [
        "| records | what | with | bytes up | down | of git's | requests | connections | s | s far away | CPU s | MB "
        "| server CPU s | MB | files s |",
        "|" + " --- |" * 15,
    ]
    for run in runs:
        for case in run.cases:
            lines += _rows(run, case)
    return lines


def _rows(run: Run, case: str) -> Iterator[str]:
    what = _what(case)
    git = run.get(case, "git")
    for peer in run.peers:
        sample = run.get(case, peer)
        if sample:
            yield f"| {run.size:,} | {what} | {peer} | {_numbers(sample, git, _far(run, case, peer))} |"
    limits = run.limits.get(case)
    for name, count in (("zstd -19, texts whole", limits.whole), ("zstd -19, words", limits.words)) if limits else ():
        if count:
            yield f"| {run.size:,} | {what} | *{name}* | | {count:,} | {_ratio(count, git)} |" + " |" * 9


def _numbers(sample: Sample, git: Sample | None, far: str) -> str:
    requests = f"{sample.requests:.0f}" if sample.requests else f"({sample.turns:.0f} turns)"
    server = f"{sample.server_mb:.0f}" if sample.server_mb else ""
    files = f"{sample.files:.2f}" if sample.files else ""
    return (
        f"{sample.up:,.0f} | {sample.down:,.0f} | {_ratio(sample.bytes, git)} | {requests} | {sample.connections:.0f} "
        f"| {sample.wall:.2f} | {far} | {sample.cpu:.2f} | {sample.memory_mb:.0f} "
        f"| {sample.server_cpu:.2f} | {server} | {files}"
    )


def _ratio(count: float, git: Sample | None) -> str:
    return f"{count / git.bytes:.2f}" if git else ""


def _far(run: Run, case: str, peer: str) -> str:
    found = [middle(samples) for key, samples in run.results.items()
             if (key.case, key.peer) == (case, peer) and key.round_trip_ms]  # fmt: skip
    return f"{found[0].wall:.2f}" if found else ""


def aims(run: Run) -> Iterator[Aim]:
    """What we want, for one size."""
    for case in run.cases:
        if pair := run.pair(case):
            yield from _aims_of(run.size, case, *pair)
    for key in run.results:
        if key.round_trip_ms and key.peer == "cop" and (pair := run.pair(key.case, key.round_trip_ms)):
            ours, git = pair
            what = f"{_what(key.case)}, seconds at {key.round_trip_ms} ms"
            yield Aim(run.size, what, "less than git", f"{ours.wall:.2f} ({git.wall:.2f})", ours.wall < git.wall)


def _aims_of(size: int, case: str, ours: Sample, git: Sample) -> Iterator[Aim]:
    what = _what(case)
    if case == "first":
        yield _at_most(size, f"{what}, bytes of git's", 0.6, ours.bytes / git.bytes)
        yield _at_most(size, f"{what}, of git's seconds", 2, ours.wall / git.wall)
    elif case == "0":
        yield _at_most(size, f"{what}, bytes", NOTHING_BYTES, ours.bytes)
        yield _at_most(size, f"{what}, requests", 1, ours.requests)
    else:
        if case == "both":
            yield _at_most(size, f"{what}, bytes", BOTH_BYTES, ours.bytes)
        elif wanted := BYTES_OF_GIT.get(int(case)):
            yield _at_most(size, f"{what}, bytes of git's", wanted, ours.bytes / git.bytes)
        yield _at_most(size, f"{what}, requests", 2, ours.requests)
    if case == "100" and size >= 10_000:
        wanted = 0.6 if size >= 100_000 else 1.2
        yield _at_most(size, f"{what}, of git's seconds", wanted, ours.wall / git.wall)


def _at_most(size: int, what: str, wanted: float, measured: float) -> Aim:
    shown = f"{measured:,.0f}" if isinstance(wanted, int) and "of git" not in what else f"{measured:.2f}"
    return Aim(size, what, f"at most {wanted:,}", shown, measured <= wanted)


def flat_memory(runs: Sequence[Run]) -> Iterator[Aim]:
    """Memory of the smallest and the largest collection, for the same exchange."""
    if len(runs) < 2:
        return
    small, large = min(runs, key=lambda run: run.size), max(runs, key=lambda run: run.size)
    for case in large.cases:
        one, other = small.get(case, "cop"), large.get(case, "cop")
        if one and other:
            for name, before, after in (
                ("", one.memory_mb, other.memory_mb),
                (" of the server", one.server_mb, other.server_mb),
            ):
                what = f"{CASES.get(case, f'{case} changes')}, memory{name}, MB"
                shown = f"{before:.0f}, then {after:.0f}"
                yield Aim(large.size, what, f"{FLAT} times that of {small.size:,}", shown, after <= FLAT * before)


def save(run: Run) -> Path:
    """Keep the figures of one size and file system in the file of today; others in it stay."""
    path = HERE / "results" / f"sync-{datetime.now(UTC):%Y-%m-%d}.json"
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    runs: dict[str, list[dict[str, float]]] = {}
    for key, samples in run.results.items():
        rounded = [{name: round(value, 3) for name, value in asdict(one).items()} for one in samples]
        runs[f"{key.case}, {key.round_trip_ms} ms, {key.peer}"] = rounded
    limits = {case: asdict(one) for case, one in run.limits.items()}
    kept[f"{run.size} {run.about['file_system']}".strip()] = {
        "machine": run.about, "runs": runs, "limits": limits, "table": [*table([run]), "", *table_of_aims([run])],
    }  # fmt: skip
    kept = dict(sorted(kept.items(), key=lambda item: int(item[0].split()[0])))
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
