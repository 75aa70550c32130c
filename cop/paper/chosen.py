"""Which records stand in a booklet or an e-book, and in which order."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cop import ending
from cop.errors import CopError, WrongUsage
from cop.fields import AGREEMENT, TYPES, RecordType
from cop.languages import is_code
from cop.web import labels
from cop.web.cards import loads
from cop.web.links import OWN_PAGES, record_address
from cop.web.offered import from_meta
from cop.web.topics import Topic, read_topics

ABOUT = "about"  # the one page of the site itself that also stands in a book
_FIRST = ("page", "principle", "word", "technique", "checklist", "resource", "event", "training", "opportunity", "post")
# People agree to be listed until a day of their choice, and paper cannot forget. Topics are the index.
_LEFT_OUT = frozenset({"person", "topic", AGREEMENT})
_ORDERS = {"event": "date = '', date DESC,", "post": "date DESC,", "opportunity": "date DESC,", "note": "date DESC,"}


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for; "" for everything."""

    topic: str = ""  # short address
    language: str = ""


def kinds() -> Iterator[RecordType]:
    """Kinds of record in the order in which their chapters follow each other."""
    place = {name: at for at, name in enumerate(_FIRST)}
    chosen = [one for one in TYPES.values() if one.name not in _LEFT_OUT]
    yield from sorted(chosen, key=lambda one: place.get(one.name, len(place)))


def rows(db: sqlite3.Connection, record_type: RecordType, wanted: Wanted, today: date) -> list[sqlite3.Row]:
    """Rows of `records` of one kind, from A to Z or the newest first."""
    where, values = ["type = ?"], [record_type.name]
    if wanted.language:
        where.append("(lower(language) = ? OR lower(language) LIKE ? OR (language = '' AND ?))")
        values += [wanted.language, f"{wanted.language}-%", str(int(_is_own(db, wanted.language)))]
    if wanted.topic:
        where.append(
            "number IN (SELECT number FROM facets WHERE name = 'topics' AND value IN (SELECT value FROM json_each(?)))"
        )
        values.append(json.dumps(sorted(family(db, wanted.topic))))
    order = f"{_ORDERS.get(record_type.name, '')} title COLLATE NOCASE, record_id"
    found = db.execute(f"SELECT * FROM records WHERE {' AND '.join(where)} ORDER BY {order}", values).fetchall()
    return [row for row in found if not _is_left_out(row, today)]


def _is_own(db: sqlite3.Connection, language: str) -> bool:
    """True for the site's own language: that of records that do not say theirs."""
    return from_meta(dict(db.execute("SELECT name, value FROM meta").fetchall())).own == language


def _is_left_out(row: sqlite3.Row, today: date) -> bool:
    of_the_site = row["type"] == "page" and row["slug"] in OWN_PAGES and row["slug"] != ABOUT
    return of_the_site or ending.is_hidden(row["type"], loads(row["fields"]), today)


def family(db: sqlite3.Connection, slug: str) -> dict[str, Topic]:
    """A topic and all topics below it, by short address. The topic itself may be one that nobody has described."""
    topics = read_topics(db)
    undescribed = Topic(slug, labels.choice(slug), "", "", "", record_address("topic", slug), 0)
    found, waiting = {slug: topics.get(slug, undescribed)}, [slug]
    while waiting:
        above = waiting.pop()
        below = {name: one for name, one in topics.items() if one.parent == above and name not in found}
        found |= below
        waiting += below
    return found


def read_wanted(db: sqlite3.Connection, topic: str, language: str) -> Wanted:
    """What somebody typed. Raises: WrongUsage."""
    if language and not is_code(language):
        raise WrongUsage(f"“{language}” is no code of a language.", hint="Use its code, such as ar for Arabic.")
    return Wanted(_topic(db, topic) if topic else "", language.lower())


def _topic(db: sqlite3.Connection, typed: str) -> str:
    topics = read_topics(db)
    named = typed.strip().removeprefix("topics/")
    if (
        named in topics
        or db.execute("SELECT 1 FROM facet_counts WHERE name = 'topics' AND value = ? LIMIT 1", (named,)).fetchone()
    ):
        return named
    found = [one.slug for one in topics.values() if one.title.casefold() == named.casefold()]
    if not found:
        raise WrongUsage(f"There is no topic “{typed}”.", hint="cop list topic")
    return found[0]


def nothing(wanted: Wanted) -> CopError:
    """There would be no page in it."""
    if wanted.topic and not wanted.language:
        return CopError(f"Nothing stands under the topic “{wanted.topic}” yet.", hint="Choose another: cop list topic")
    if wanted.language:
        on_topic = f" on the topic “{wanted.topic}”" if wanted.topic else ""
        return CopError(
            f"Nothing here{on_topic} is written in the language “{wanted.language}”.", hint="Leave out --language."
        )
    return CopError("There is nothing to copy yet.", hint="cop load")
