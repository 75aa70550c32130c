"""A picture of the topics: how much there is on each of the wide ones, and which of them come up together."""

import sqlite3
import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pyroaring import BitMap

from cop import facet_sets, filing
from cop.fields import TYPES
from cop.web.language import _, ngettext, number
from cop.web.topics import Topic, read_topics, tree

MAX_NODES = 16  # topics that are drawn, those with most; the others are one sum
MAX_LINES = 20
ROW = 60  # pixels from one topic to the next
_AXIS = 52  # pixels from the start of the picture to the topics
_FURTHEST = 44  # pixels that a line swings out
_LINE = 26  # characters of a title in one line, so that it fits a narrow phone
_LARGEST = 13  # pixels, radius
_MANY = 3  # topics that the table names beside another
_NAMED = 8  # pairs that stand beside the picture


@dataclass(frozen=True)
class Node:
    """A topic in the picture."""

    y: int
    radius: float
    lines: tuple[str, ...]  # of its title
    lang: str
    count: str


@dataclass(frozen=True)
class Arc:
    """A line between two topics that come up together."""

    path: str
    width: float


@dataclass(frozen=True)
class Row:
    """A topic in the table."""

    topic: Topic
    count: str
    together: tuple[tuple[Topic, str], ...]  # topics that come up with it most, A to Z, and how often


@dataclass(frozen=True)
class Pair:
    """Two topics that often come up together."""

    one: Topic
    other: Topic
    count: str


@dataclass(frozen=True)
class TopicMap:
    """The picture, and the table behind it."""

    nodes: tuple[Node, ...]
    arcs: tuple[Arc, ...]
    height: int
    axis: int
    description: str
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]  # A to Z
    rest: str  # the topics that are not drawn, in one sentence, or ""


def topic_map(db: sqlite3.Connection) -> TopicMap:
    """Read and draw it."""
    wide = tree(read_topics(db))
    kept = {one.slug for one in sorted(wide, key=lambda one: (-one.count, one.slug))[:MAX_NODES]}
    drawn = [one for one in wide if one.slug in kept]  # A to Z, as the list of topics
    left = [one for one in wide if one.slug not in kept]
    pairs = _together(db, kept)
    return TopicMap(
        nodes=tuple(_nodes(drawn)),
        arcs=tuple(_arcs(drawn, pairs)),
        height=len(drawn) * ROW,
        axis=_AXIS,
        description=_description(drawn, pairs),
        rows=tuple(_row(one, drawn, pairs) for one in drawn),
        pairs=_pairs(drawn, pairs),
        rest=_rest(left),
    )


def _rest(left: Sequence[Topic]) -> str:
    if not left:
        return ""
    return ngettext(
        "%(num)s more topic is not drawn. It has %(entries)s entries.",
        "%(num)s more topics are not drawn. Together they have %(entries)s entries.",
        len(left),
        entries=sum(one.count for one in left),
    )


def _together(db: sqlite3.Connection, slugs: Collection[str]) -> dict[tuple[str, str], int]:
    """How many records name both of two topics."""
    found: Counter[tuple[str, str]] = Counter()
    for type_name in TYPES:
        names = sorted(slugs)
        records = dict(zip(names, (_records(db, type_name, name) for name in names), strict=True))
        for one, other in combinations(names, 2):
            found[one, other] += records[one].intersection_cardinality(records[other])
    return {pair: n for pair, n in found.items() if n}


def _records(db: sqlite3.Connection, type_name: str, slug: str) -> BitMap:
    held = facet_sets.of_values(db, type_name, "topics", [slug[: filing.MAX_VALUE]])
    return held[0] if held else BitMap()


def _strongest(pairs: Mapping[tuple[str, str], int], many: int) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:many]


def _pairs(drawn: Sequence[Topic], pairs: Mapping[tuple[str, str], int]) -> tuple[Pair, ...]:
    known = {one.slug: one for one in drawn}
    place = {one.slug: at for at, one in enumerate(drawn)}
    named = [sorted(pair, key=place.__getitem__) for pair in _strongest(pairs, _NAMED)]
    ordered = sorted(named, key=lambda pair: [place[slug] for slug in pair])
    return tuple(Pair(known[a], known[b], number(pairs[a, b] if (a, b) in pairs else pairs[b, a])) for a, b in ordered)


def _nodes(drawn: Sequence[Topic]) -> list[Node]:
    most = max((one.count for one in drawn), default=0) or 1
    return [
        Node(
            y=at * ROW + ROW // 2,
            radius=round(max(2.5, _LARGEST * (one.count / most) ** 0.5), 1),  # the area says how many
            lines=tuple(textwrap.wrap(one.title, _LINE, max_lines=3, placeholder=" …")),
            lang=one.lang,
            count=number(one.count),
        )
        for at, one in enumerate(drawn)
    ]


def _arcs(drawn: Sequence[Topic], pairs: Mapping[tuple[str, str], int]) -> list[Arc]:
    y = {one.slug: at * ROW + ROW // 2 for at, one in enumerate(drawn)}
    strongest = _strongest(pairs, MAX_LINES)
    most = max((pairs[pair] for pair in strongest), default=1)
    arcs = []
    for pair in strongest:
        first, last = sorted((y[pair[0]], y[pair[1]]))
        swing = 10 + (_FURTHEST - 10) * (last - first) / (len(drawn) * ROW)
        path = f"M{_AXIS} {first}A{swing:.0f} {(last - first) // 2} 0 0 0 {_AXIS} {last}"
        arcs.append(Arc(path, round(1 + 4 * pairs[pair] / most, 1)))
    return arcs


def _description(drawn: Sequence[Topic], pairs: Mapping[tuple[str, str], int]) -> str:
    """What the picture shows, for people who hear it."""
    if not drawn:
        return ""
    counts = [one.count for one in drawn]
    told = ngettext(
        "%(num)s topic from A to Z, each with a dot: the more entries, the larger. They have from %(least)s to %(most)s entries.",
        "%(num)s topics from A to Z, each with a dot: the more entries, the larger. They have from %(least)s to %(most)s entries.",
        len(drawn),
        least=min(counts),
        most=max(counts),
    )
    if not pairs:
        return told
    strongest = _strongest(pairs, 1)[0]
    title = {one.slug: one.title for one in drawn}
    lines = _(
        "Lines join topics that come up together. The thickest joins “%(one)s” and “%(other)s”, with %(count)s entries.",
        one=title[strongest[0]],
        other=title[strongest[1]],
        count=pairs[strongest],
    )
    return f"{told} {lines}"


def _row(topic: Topic, drawn: Sequence[Topic], pairs: Mapping[tuple[str, str], int]) -> Row:
    known = {one.slug: one for one in drawn}
    beside = {other: n for pair, n in pairs.items() if topic.slug in pair for other in pair if other != topic.slug}
    most = sorted(beside, key=lambda slug: (-beside[slug], slug))[:_MANY]
    named = sorted((known[slug] for slug in most), key=lambda one: one.title.casefold())
    return Row(topic, number(topic.count), tuple((one, number(beside[one.slug])) for one in named))
