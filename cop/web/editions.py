"""A picture of which edition of a work followed on which."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cop.web import cards, dates, labels
from cop.web.links import record_address

MAX_WORKS = 8  # lines of editions
_LOOKED_AT = 60  # works with a newer edition that these are picked from, the newest records
_TITLE = 38  # characters, so that a title fits a narrow phone


@dataclass(frozen=True)
class Edition:
    """One edition of a work."""

    x: float  # per cent
    year: str
    label: str
    target: str


@dataclass(frozen=True)
class Work:
    """A work with its editions, the oldest first."""

    title: str
    short: str  # of the picture
    lang: str
    editions: tuple[Edition, ...]
    first: float
    last: float


def editions(db: sqlite3.Connection) -> tuple[Work, ...]:
    """Works of which more than one edition is here, by the newest records."""
    older = db.execute(
        f"SELECT {cards.COLUMNS} FROM records WHERE number IN (SELECT number FROM facets WHERE type = 'resource'"
        f" AND name = 'superseded_by' ORDER BY number DESC LIMIT {_LOOKED_AT})"
    ).fetchall()
    known = {row["slug"]: row for row in older}
    follows = {slug: str(cards.loads(row["fields"]).get("superseded_by")) for slug, row in known.items()}
    wanted = [slug for slug in follows.values() if slug not in known]
    marks = ", ".join("?" * len(wanted))
    newer = db.execute(f"SELECT {cards.COLUMNS} FROM records WHERE type = 'resource' AND slug IN ({marks})", wanted)
    known |= {row["slug"]: row for row in newer}
    chains = [[known[slug] for slug in _chain(start, follows) if slug in known] for start in _starts(follows)]
    shown = [chain for chain in chains if len(chain) > 1][:MAX_WORKS]
    years = [when.year for chain in shown for row in chain if (when := dates.read(row["date"]))]
    works = [_work(chain, min(years, default=0), max(years, default=0)) for chain in shown]
    return tuple(sorted(works, key=lambda one: one.title.casefold()))


def _starts(follows: Mapping[str, str]) -> list[str]:
    replacing = set(follows.values())
    return [slug for slug in follows if slug not in replacing]


def _chain(start: str, follows: Mapping[str, str]) -> list[str]:
    found = [start]
    while (following := follows.get(found[-1])) and following not in found:
        found.append(following)
    return found


def _work(chain: Sequence[sqlite3.Row], first: int, last: int) -> Work:
    title = chain[-1]["title"]
    shown = tuple(_edition(row, first, last) for row in chain)
    places = [one.x for one in shown if one.year]
    short = title if len(title) <= _TITLE else title[: _TITLE - 2].rstrip() + " …"
    start, end = min(places, default=0), max(places, default=0)
    return Work(title, short, chain[-1]["language"], shown, start, end)


def _edition(row: sqlite3.Row, first: int, last: int) -> Edition:
    when = dates.read(row["date"])
    place = 8 + 84 * (when.year - first) / max(last - first, 1) if when else 0
    label = dates.words(row["date"]) if when else labels.choice("")
    return Edition(round(place, 1), str(when.year) if when else "", label, record_address("resource", row["slug"]))
