"""The tables, the aims and the file of results of `pages.py`."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from page_peers import Sample

Results = dict[tuple[int, str, str], list[Sample]]  # records, kind of page, server
KINDS = ("record", "list", "facet", "search")
NAMES = ("cop", "uncached", "starlette", "stock", "stock, tuned")
HEADER = [
    "| records | page | of | answers a second | CPU ms each | p50, ms | p99, ms | bytes |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
]


def report(results: Results) -> list[str]:
    """A table of everything, then the aims."""
    sizes = sorted({size for size, _, _ in results})
    lines = [line for size in sizes for line in _lines(results, size)]
    return [*HEADER, *lines, "", *_aims(results, sizes)]


def _lines(results: Results, size: int) -> list[str]:
    order = [("-", "hello"), ("-", "nginx"), *((kind, name) for kind in KINDS for name in NAMES)]
    return [
        f"| {size:,} | {kind} | {name} | {rate(results, size, kind, name):,.0f}"
        f" | {_middle(results[size, kind, name], 'cpu_each'):.3f} | {_middle(results[size, kind, name], 'p50'):.2f}"
        f" | {_middle(results[size, kind, name], 'p99'):.2f} | {_bytes(results[size, kind, name]):,.0f} |"
        for kind, name in order
    ]


def rate(results: Results, size: int, kind: str, name: str) -> float:
    """Answers a second, the median of all rounds."""
    return median(sample.rate for sample in results[size, kind, name])


def _middle(samples: Sequence[Sample], name: str) -> float:
    return median(getattr(sample, name) for sample in samples)


def _bytes(samples: Sequence[Sample]) -> float:
    return median(sample.bytes / max(1, sample.requests) for sample in samples)


def _aims(results: Results, sizes: Sequence[int]) -> list[str]:
    lines = ["| aim | " + " | ".join(f"{size:,}" for size in sizes) + " |", "| --- |" + " --- |" * len(sizes)]

    def line(text: str, met: Callable[[int], tuple[str, bool]]) -> None:
        told = (met(size) for size in sizes)
        lines.append(
            f"| {text} | " + " | ".join(f"{number}: {'met' if good else '**missed**'}" for number, good in told) + " |"
        )

    for kind in KINDS:
        line(
            f"{kind}, cached: at least 0.8 of Starlette’s hello",
            lambda size, kind=kind: _at_least(_ratio(results, size, kind, "cop", "hello", of="-"), 0.8),
        )
    for kind in KINDS:
        line(
            f"{kind}, uncached: within 2 times of Starlette",
            lambda size, kind=kind: _at_most(_ratio(results, size, kind, "starlette", "uncached"), 2),
        )
    for kind in KINDS:
        least = 5 if kind == "record" else 10
        line(
            f"{kind}, uncached: at least {least} times stock Datasette",
            lambda size, kind=kind, least=least: _at_least(_ratio(results, size, kind, "uncached", "stock"), least),
        )
        line(
            f"{kind}, uncached: times stock Datasette that suggests no facets",
            lambda size, kind=kind, least=least: _at_least(
                _ratio(results, size, kind, "uncached", "stock, tuned"), least
            ),
        )
    for kind in KINDS:
        line(
            f"{kind}, uncached: p99 under 50 ms with 16 readers",
            lambda size, kind=kind: _at_most(_middle(results[size, kind, "uncached"], "p99"), 50),
        )
    return lines


def _ratio(results: Results, size: int, kind: str, name: str, other: str, of: str = "") -> float:
    """The median of the ratios of single rounds, because rounds meet a busier or a quieter machine."""
    return median(
        a.rate / b.rate if b.rate else math.inf
        for a, b in zip(results[size, kind, name], results[size, of or kind, other], strict=True)
    )


def _at_least(number: float, least: float) -> tuple[str, bool]:
    return f"{number:.2f}", number >= least


def _at_most(number: float, most: float) -> tuple[str, bool]:
    return f"{number:.2f}", number <= most


def save(results: Results, about: Mapping[str, object]) -> Path:
    """Write all runs into results/."""
    path = Path(__file__).resolve().parent / "results" / f"pages-{datetime.now(UTC).date()}.json"
    runs = [
        {"records": size, "page": kind, "server": name, "runs": [asdict(sample) for sample in samples]}
        for (size, kind, name), samples in results.items()
    ]
    path.write_text(json.dumps({"machine": about, "results": runs}, indent=1) + "\n", "utf-8")
    return path
