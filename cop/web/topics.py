"""Topics: the tree of them, and everything on one of them."""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from cop.fields import TYPES
from cop.web import happened, labels
from cop.web.asked import Asked
from cop.web.cards import COLUMNS, loads
from cop.web.language import _, lookup
from cop.web.links import FEED, body, history_address, record_address
from cop.web.render import Answer
from cop.web.sections import Section, section
from cop.web.works import renamed

SHOWN = 10  # records of one kind on the page of a topic
MAX_TOPICS = 2000


@dataclass(frozen=True)
class Topic:
    """A topic with how much there is on it."""

    slug: str
    title: str
    lang: str
    summary: str
    parent: str
    target: str
    count: int  # records that name it, of all kinds
    children: tuple["Topic", ...] = ()


@dataclass(frozen=True)
class TopicsPage:
    """All topics."""

    heading: str
    lead: str
    empty: str
    topics: tuple[Topic, ...]
    template: ClassVar[str] = "cop_topics.html"


@dataclass(frozen=True)
class TopicPage:
    """One topic."""

    heading: str
    slug: str
    lang: str
    summary: str
    html: Markup
    parent: Topic | None
    children: tuple[Topic, ...]
    sections: tuple[Section, ...]
    changed: happened.LastChange | None  # None if nobody has described this topic
    history_target: str
    feed_target: str
    calendar_target: str  # "" if there are no events on it
    template: ClassVar[str] = "cop_topic.html"


def read_topics(db: sqlite3.Connection) -> dict[str, Topic]:
    """Every topic that has a page of its own, by slug, from A to Z."""
    counts = dict(db.execute("SELECT value, sum(n) FROM facet_counts WHERE name = 'topics' GROUP BY value").fetchall())
    rows = db.execute(
        "SELECT slug, title, summary, language, fields FROM records WHERE type = 'topic'"
        f" ORDER BY title COLLATE NOCASE, record_id LIMIT {MAX_TOPICS}"
    )
    return {
        row["slug"]: Topic(
            slug=row["slug"],
            title=row["title"],
            lang=row["language"],
            summary=row["summary"],
            parent=str(loads(row["fields"]).get("parent") or ""),
            target=record_address("topic", row["slug"]),
            count=counts.get(row["slug"], 0),
        )
        for row in rows
    }


def tree(topics: dict[str, Topic]) -> tuple[Topic, ...]:
    """Widest topics with the ones below them. A topic below itself stands at the top."""
    below: dict[str, list[Topic]] = {}
    for topic in topics.values():
        below.setdefault(topic.parent if _has_top(topics, topic) else "", []).append(topic)
    return tuple(_with_children(topic, below) for topic in below.get("", ()))


def _has_top(topics: dict[str, Topic], topic: Topic) -> bool:
    """True if the way up from here leads to a topic without a parent, in a few steps."""
    at: Topic | None = topics.get(topic.parent)
    for _step in range(6):
        if at is None:
            return False
        if not at.parent or at.parent not in topics:
            return True
        at = topics.get(at.parent)
    return False


def _with_children(topic: Topic, below: dict[str, list[Topic]]) -> Topic:
    children = tuple(_with_children(child, below) for child in below.get(topic.slug, ()))
    return Topic(**{**vars(topic), "children": children})


def topics(asked: Asked) -> TopicsPage:
    """/topics"""
    lead = _("Ways into the collection. The number says how many things we know of on each topic.")
    return TopicsPage(_("Topics"), lead, lookup(TYPES["topic"].empty), tree(read_topics(asked.db)))


def topic(asked: Asked, slug: str) -> Answer:
    """/topics/<slug>: also for a topic that records name and nobody has described yet."""
    db = asked.db
    known = read_topics(db)
    row = db.execute("SELECT * FROM records WHERE type = 'topic' AND slug = ? LIMIT 1", (slug,)).fetchone()
    sections = tuple(_sections(db, slug))
    if row is None and not sections:
        return renamed(db, TYPES["topic"], slug)
    mine = known.get(slug)
    return TopicPage(
        heading=row["title"] if row else labels.choice(slug),
        slug=slug,
        lang=row["language"] if row else "",
        summary=row["summary"] if row else "",
        html=Markup(body(row["html"]) if row else ""),
        parent=known.get(mine.parent) if mine else None,
        children=tuple(one for one in known.values() if one.parent == slug),
        sections=sections,
        changed=happened.last_change(db, row["record_id"], row["changed"]) if row else None,
        history_target=history_address("topic", slug),
        feed_target=f"{record_address('topic', slug)}{FEED}",
        calendar_target=f"{record_address('topic', slug)}/events.ics" if _has_events(sections) else "",
    )


def _has_events(sections: tuple[Section, ...]) -> bool:
    return any(one.type_name == "event" for one in sections)


def _sections(db: sqlite3.Connection, slug: str) -> list[Section]:
    found = []
    for name, record_type in TYPES.items():
        counted = db.execute(
            "SELECT n FROM facet_counts WHERE type = ? AND name = 'topics' AND value = ?", (name, slug)
        ).fetchone()
        if counted and name != "topic":
            rows = db.execute(
                f"SELECT {COLUMNS} FROM records WHERE type = ? AND number IN"
                " (SELECT number FROM facets WHERE type = ? AND name = 'topics' AND value = ?)"
                " ORDER BY date DESC, title COLLATE NOCASE, record_id LIMIT ?",
                (name, name, slug, SHOWN),
            )
            every = _("All %(things)s on this topic")
            found.append(section(record_type, counted["n"], rows, every, {"topic": slug}))
    return found
