"""Feeds of what changed: of everything, of one kind of record (narrowed like its list), of one topic or organisation."""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

from cop import atom, ending
from cop.atom import Feed, FeedEntry
from cop.fields import FOLDERS, NAMED, TYPES
from cop.filing import CONTRIBUTOR, MAX_VALUE
from cop.web import called, cards, labels, lists, narrow, series
from cop.web.asked import Asked, read_meta
from cop.web.language import _, tag
from cop.web.links import FEED, body, outside, record_address, rel
from cop.web.render import Answer, Document
from cop.web.words import comma
from cop.web.works import find, renamed

NEWEST = 50  # entries of one feed
MAX_NAMES = 30  # authors and topics of one entry
_UP = re.compile(r'(?<= href=")\.\./')
_OLDEST = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class _Asked:
    """Which records a feed is about."""

    title: str
    address: str  # of the feed, from the top of the site
    page: str  # likewise, of the page that shows the same
    condition: str  # SQL
    values: Sequence[str]


def everything(asked: Asked) -> Answer:
    """/feed.atom"""
    return _document(asked, _Asked(_("What changed"), FEED, "/new", "1", ()))


def kind(asked: Asked, folder: str) -> Answer:
    """/<folder>/feed.atom; whatever narrows the list narrows the feed."""
    record_type = FOLDERS[folder]
    want = lists.wanted(asked, record_type)
    condition, values = narrow.narrowed(want)
    title = comma([labels.plural(record_type), *(one.value for one in lists.filters(asked.db, want))])
    address, page = (f"/{rel('/', path, want.query(sort=''))}" for path in (f"/{folder}{FEED}", f"/{folder}"))
    return _document(asked, _Asked(title, address, page, f"type = ? AND {condition}", (record_type.name, *values)))


def topic(asked: Asked, slug: str) -> Answer:
    """/topics/<topic>/feed.atom, also for a topic that records name and nobody has described yet."""
    page = record_address("topic", slug)
    marks = ", ".join("?" * len(TYPES))
    named = f"number IN (SELECT number FROM facets WHERE type IN ({marks}) AND name = 'topics' AND value = ?)"
    wanted = _Asked(_titles(asked.db, [slug])[slug], f"{page}{FEED}", page, named, (*TYPES, slug))
    return _document(asked, wanted, must_exist=slug)


def organisation(asked: Asked, slug: str) -> Answer:
    """/organisations/<organisation>/feed.atom: its page, all that names it, and all that it added or changed."""
    row = find(asked.db, TYPES["organisation"], slug)
    if row is None:
        return renamed(asked.db, TYPES["organisation"], slug, FEED)
    names, page = called.names(row["title"], cards.loads(row["fields"])), record_address("organisation", row["slug"])
    filed = f"name IN ('{NAMED.name}', '{CONTRIBUTOR}') AND value IN ({', '.join('?' * len(names))})"
    types = ", ".join("?" * len(TYPES))
    condition = f"(record_id = ? OR number IN (SELECT number FROM facets WHERE type IN ({types}) AND {filed}))"
    values = (row["record_id"], *TYPES, *(name[:MAX_VALUE] for name in names))
    return _document(asked, _Asked(row["title"], f"{page}{FEED}", page, condition, values))


def _document(asked: Asked, wanted: _Asked, must_exist: str = "") -> Document | None:
    meta = read_meta(asked.db)
    entries = _entries(asked, wanted, meta.get("organisation", ""))
    if must_exist and not entries and not _is_topic(asked.db, must_exist):
        return None
    updated = max((entry.updated for entry in entries), default=meta.get("as_of") or _OLDEST)
    feed = Feed(
        name=f"feed of {meta.get('organisation', '')}: {wanted.address}",
        title=f"{meta.get('title') or 'Research as Equals'}: {wanted.title}",
        subtitle=_("The %(num)s newest changes.", num=NEWEST),
        address=asked.top + wanted.address,
        page=asked.top + wanted.page,
        author=meta.get("organisation") or meta.get("title") or "cop",
        updated=updated,
        topics_at=f"{asked.top}/topics",
        entries=entries,
        language=tag(),
    )
    return Document(atom.write(feed), "application/atom+xml", changed=updated)


def _is_topic(db: sqlite3.Connection, slug: str) -> bool:
    return db.execute("SELECT 1 FROM records WHERE type = 'topic' AND slug = ?", (slug,)).fetchone() is not None


def _entries(asked: Asked, wanted: _Asked, organisation: str) -> tuple[FeedEntry, ...]:
    rows = asked.db.execute(
        f"SELECT {cards.COLUMNS}, added, html FROM records WHERE {wanted.condition}"
        f" ORDER BY changed DESC, record_id LIMIT {NEWEST}",
        wanted.values,
    ).fetchall()
    rows = [row for row in rows if not ending.is_hidden(row["type"], cards.loads(row["fields"]), asked.today)]
    fields = [cards.loads(row["fields"]) for row in rows]
    titles = _titles(asked.db, {topic for one in fields for topic in _texts(one.get("topics"))})
    return tuple(_entry(asked, row, one, titles) for row, one in zip(rows, fields, strict=True))


def _entry(asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any], titles: Mapping[str, str]) -> FeedEntry:
    top = asked.top
    whole = _UP.sub(f"{escape(top)}/", body(row["html"]))
    resource = row["type"] == "resource"
    return FeedEntry(
        record_id=row["record_id"],
        title=row["title"] or _("Without a title"),
        language=row["language"],
        address=top + record_address(row["type"], row["slug"]),
        published=row["added"] or _OLDEST,
        updated=row["changed"] or _OLDEST,
        authors=tuple(_authors(row["type"], fields)),
        topics=tuple((topic, titles[topic]) for topic in _texts(fields.get("topics"))),
        summary=row["summary"] or _in_short(asked, row, fields),
        html=whole,
        related=outside(fields.get("url")) if resource else "",
        rights=str(fields.get("licence") or "") if not resource else "",  # of a resource it is the work's, not ours
    )


def _in_short(asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any]) -> str:
    """What a list says of it; of a series, its next date."""
    shown = series.at_next(fields, asked.today, asked.now) if row["type"] == "event" else fields
    return Markup(cards.meta_line(row["type"], row["date"], shown)).striptags()


def _authors(type_name: str, fields: Mapping[str, Any]) -> list[str]:
    """Who wrote what stands here, as they wish to be named. Authors of a resource wrote the work, not this."""
    if names := _texts(fields.get("authors")) if type_name != "resource" else []:
        return names
    people = fields.get("credits")
    named = [one.get("name") for one in people if isinstance(one, dict)] if isinstance(people, list) else []
    return _texts(list(dict.fromkeys(one for one in named if isinstance(one, str))))


def _titles(db: sqlite3.Connection, slugs: Iterable[str]) -> dict[str, str]:
    """What readers call each topic."""
    wanted = sorted(slugs)[:1000]
    marks = ", ".join("?" * len(wanted))
    found = dict(
        db.execute(f"SELECT slug, title FROM records WHERE type = 'topic' AND slug IN ({marks})", wanted).fetchall()
    )
    return {slug: found.get(slug) or labels.choice(slug) for slug in slugs}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)][:MAX_NAMES] if isinstance(value, list) else []
