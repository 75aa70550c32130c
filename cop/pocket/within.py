"""Which records stand in one file, and where links between them lead there."""

import html
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import unquote, urljoin, urlsplit

from markupsafe import Markup, escape

from cop.errors import CopError
from cop.export.search_records import hidden
from cop.fields import FOLDERS
from cop.web.asked import read_meta
from cop.web.links import outside, record_address

MOST_TOPICS = 100  # that the page can show one by one: each more makes it slower
BY_TOPIC = "on/"  # in front of a topic, the place that shows what is on it
_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>')
_PICTURE = re.compile(r"<img([^>]*)>")
_ALT = re.compile(r'\balt="([^"]*)"')
_NOWHERE = "http://copy.invalid"  # RFC 2606: so that relative addresses can be resolved


@dataclass(frozen=True)
class Choice:
    """What somebody wants in the file; everything if nothing is named."""

    topic: str = ""  # short address
    language: str = ""  # code


@dataclass(frozen=True)
class Within:
    """What is in the file."""

    numbers: Collection[int]  # of `records`
    keys: Collection[str]  # addresses without the first slash
    topics: Mapping[str, int]  # short address, and how many records of the file name it
    web: str  # address of the site on the web, "" if it has none

    @cached_property
    def folders(self) -> Collection[str]:
        """First parts of addresses, of the kinds of records that are in it."""
        return frozenset(map(folder_of, self.keys))

    def link(self, target: str) -> str:
        """Where an address of the site leads from this file; "" if nowhere."""
        key = target.lstrip("/")
        folder, _slash, slug = key.partition("/")
        if folder == "topics" and slug in self.topics:
            return f"#{BY_TOPIC}{slug}"
        if key in self.keys or key in self.folders:
            return f"#{key}"
        return f"{self.web}/{key}" if self.web and target and not key.startswith("files/") else ""

    def anchor(self, target: str, text: str, attributes: str = "") -> Markup:
        """A text that leads there if anything does; the style sheet says where nothing does."""
        href = self.link(target)
        to = Markup(' href="{}"').format(href) if href else Markup()
        return Markup("<a{}{}>{}</a>").format(to, Markup(attributes), text)

    def body(self, text: str) -> Markup:
        """The text of a record, with links that work in the file, and what pictures show in words."""
        return Markup(_LINK.sub(self._relinked, _PICTURE.sub(_in_words, text)))

    def _relinked(self, found: re.Match[str]) -> str:
        to = html.unescape(found[1])
        if outside(to):
            return f'<a href="{found[1]}">'  # the page as a whole tells nobody where a reader came from
        href = self.link(own) if (own := _own(to)) else ""
        return f'<a href="{escape(href)}">' if href else "<a>"


def within(db: sqlite3.Connection, choice: Choice, today: date | None = None) -> Within:
    """What the file holds on a day: nobody in it whose consent has ended. Raises: CopError if nothing fits the choice."""
    left_out = hidden(db, today or date.today())
    rows = [row for row in _rows(db, choice) if row[0] not in left_out]
    if not rows:
        raise CopError(*_nothing(choice))
    numbers = frozenset(row[0] for row in rows)
    named = db.execute("SELECT value, number FROM facets WHERE name = 'topics' ORDER BY value")
    topics = Counter(value for value, number in named if number in numbers and _PLAIN.fullmatch(value))
    meta = read_meta(db)
    web = outside(meta.get("url", "")).rstrip("/")
    return Within(
        numbers,
        frozenset(key_of(*row[1:]) for row in rows),
        dict(sorted(topics.most_common(MOST_TOPICS))),
        web if web.lower().startswith("http") else "",
    )


def key_of(type_name: str, slug: str) -> str:
    """The id of a record in the file: its address without the slash.

    >>> key_of("resource", "guide"), key_of("page", "about")
    ('resources/guide', 'about')
    """
    return record_address(type_name, slug)[1:]


def folder_of(key: str) -> str:
    """The kind that an id belongs to, by its folder.

    >>> folder_of("resources/guide"), folder_of("about"), folder_of("agreement")
    ('resources', 'pages', 'agreement')
    """
    return key.partition("/")[0] if "/" in key or key in FOLDERS else "pages"


def _rows(db: sqlite3.Connection, choice: Choice) -> list[tuple[int, str, str]]:
    sql, values = "SELECT number, type, slug FROM records WHERE 1", list[str]()
    if choice.topic:
        sql += " AND (number IN (SELECT number FROM facets WHERE name = 'topics' AND value = ?) OR (type, slug) = ('topic', ?))"
        values += [choice.topic, choice.topic]
    if choice.language:
        sql += " AND number IN (SELECT number FROM facets WHERE name = 'languages' AND (value = ? OR value LIKE ? || '-%'))"
        values += [choice.language, choice.language]
    return [tuple(row) for row in db.execute(f"{sql} ORDER BY number", values)]


def _nothing(choice: Choice) -> tuple[str, str]:
    if choice.topic and choice.language:
        return f"Nothing on “{choice.topic}” is in the language “{choice.language}” here.", "Choose one of the two."
    if choice.topic:
        return f"Nothing here is on the topic “{choice.topic}”.", "cop list topic"
    if choice.language:
        return f"Nothing here is written in the language “{choice.language}”.", "Leave out --language."
    return "There is nothing to copy yet.", "cop load"


def _own(to: str) -> str:
    """The address in the site that a link in a text means, "" if there is none."""
    try:
        path = urlsplit(urljoin(f"{_NOWHERE}/folder/", to)).path if not to.startswith("#") else ""
    except ValueError:  # such as an unfinished IPv6 address
        return ""
    folder, _slash, slug = path[1:].partition("/")
    return record_address("page", unquote(slug)) if folder == "pages" else path  # pages/about stands at /about


def _in_words(picture: re.Match[str]) -> str:
    found = _ALT.search(picture[1])
    return found[1] if found else ""
