"""The first page, and the list of differences."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from cop import ended
from cop.fields import GAPS, TYPES
from cop.filing import HELP
from cop.web import events, labels
from cop.web.asked import Asked, read_meta
from cop.web.cards import COLUMNS, NEWEST, Card, CardsPage, cards
from cop.web.language import _, ngettext, number
from cop.web.topics import Topic, read_topics, tree

NEWS = 4
NEXT = 3
PAST = 2
_RECENT = 300  # records that changed last, by their arrival here, that the news of the first page are picked from
_NEWS_TYPES = ("post", "resource", "event", "project", "technique", "opportunity", "training")
_COUNTED = (
    "resource",
    "post",
    "word",
    "principle",
    "checklist",
    "technique",
    "opportunity",
    "training",
    "organisation",
    "project",
    "person",
    "note",
)


@dataclass(frozen=True)
class Count:
    """How much there is of something, and where."""

    label: str
    target: str
    count: str


@dataclass(frozen=True)
class Gap:
    """What readers could help with, and the list of where."""

    label: str
    count: str
    query: dict[str, str]


@dataclass(frozen=True)
class HomePage:
    """What the template of the first page shows."""

    heading: str
    counts: tuple[Count, ...]
    coming: tuple[events.Event, ...]
    open: tuple[events.Event, ...]
    past: tuple[events.Event, ...]
    news: tuple[Card, ...]
    topics: tuple[Topic, ...]
    gaps: tuple[Gap, ...]
    waiting: str  # how many entries readers do not see yet, in words, or ""
    template: ClassVar[str] = "cop_home.html"


def home(asked: Asked) -> HomePage:
    """/"""
    db, today = asked.db, asked.today
    coming = events.coming(db, today, limit=NEXT, now=asked.now)
    return HomePage(
        heading=_("Home"),
        counts=tuple(_counts(asked)),
        coming=coming,
        open=() if coming else events.open_calls(db, today, NEXT),
        past=() if coming else events.past(db, today, PAST, now=asked.now),
        news=_news(db),
        topics=tree(read_topics(db)),
        gaps=tuple(_gaps(db)),
        waiting=_waiting(read_meta(db)),
    )


def _waiting(meta: Mapping[str, str]) -> str:
    found = meta.get("waiting", "0")
    if not found.isascii() or not found.isdigit() or int(found) == 0:
        return ""
    return ngettext(
        "%(num)s entry waits until enough organisations have looked at it.",
        "%(num)s entries wait until enough organisations have looked at them.",
        int(found),
    )


def _counts(asked: Asked) -> list[Count]:
    counts = dict(asked.db.execute("SELECT type, count(*) FROM records GROUP BY type").fetchall())
    for name in counts.keys() & TYPES.keys():
        if (still := ended.still_open(asked.db, TYPES[name], asked.today)) is not None:
            counts[name] = len(still)
    found = [
        Count(labels.plural(TYPES[name]), f"/{TYPES[name].folder}", number(counts[name]))
        for name in _COUNTED
        if counts.get(name)
    ]
    if counts.get("event"):
        coming = events.count_coming(asked.db, asked.today, asked.now)
        one = (
            Count(_("Events to come"), "/events", number(coming))
            if coming
            else Count(_("Events"), "/events", number(counts["event"]))
        )
        found.insert(1, one)
    if differences := asked.db.execute("SELECT count(DISTINCT record_id) FROM conflicts").fetchone()[0]:
        found.append(Count(_("Differences to settle"), "/differences", number(differences)))
    return found


def _gaps(db: sqlite3.Connection) -> Iterator[Gap]:
    counts = dict(
        db.execute("SELECT value, n FROM facet_counts WHERE type = 'resource' AND name = ?", (HELP,)).fetchall()
    )
    for value in GAPS:
        if value in counts:
            yield Gap(labels.choice(value), number(counts[value]), {HELP: value})


def _news(db: sqlite3.Connection) -> tuple[Card, ...]:
    marks = ", ".join("?" * len(_NEWS_TYPES))
    rows = db.execute(
        f"SELECT {COLUMNS} FROM (SELECT * FROM records ORDER BY {NEWEST} LIMIT {_RECENT}) AS records"
        f" WHERE type IN ({marks}) ORDER BY seen DESC, type = 'post' DESC, date DESC, title LIMIT {NEWS}",
        _NEWS_TYPES,
    )
    return cards(rows, with_type=True)


def differences(asked: Asked) -> CardsPage:
    """/differences: records with two answers to one question."""
    rows = asked.db.execute(
        f"SELECT {COLUMNS} FROM records WHERE record_id IN (SELECT DISTINCT record_id FROM conflicts)"
        " ORDER BY title COLLATE NOCASE, record_id LIMIT 500"
    )
    return CardsPage(
        _("Differences to settle"),
        _(
            "Two partners answered the same question before they could see each other’s answer. Both answers are kept. "
            "Do you know more? Tell the organisation whose copy you are reading."
        ),
        cards(rows, with_type=True),
        _("There are none: all answers agree."),
    )
