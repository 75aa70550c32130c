"""Atom feeds (RFC 4287) as text, with the XML writer of Python: feedgen would bring lxml, which is heavy on a phone."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from cop import __version__
from cop.languages import is_code
from cop.plain import allowed, one_line

_NAMES = uuid.UUID("6c0f4c1e-52d9-5e0b-9a63-3f3c1c6b7a10")  # never changes: the ids of all entries come out of it


@dataclass(frozen=True)
class FeedEntry:
    """One record in a feed."""

    record_id: str
    title: str
    language: str  # code, or ""
    address: str  # whole
    published: str  # ISO, in UTC
    updated: str  # likewise
    authors: tuple[str, ...]  # as they wish to be named
    topics: tuple[tuple[str, str], ...]  # short address and title
    summary: str
    html: str  # safe, with whole addresses
    related: str  # address of the work itself, or ""
    rights: str


@dataclass(frozen=True)
class Feed:
    """A list of records for programs that follow news."""

    name: str  # tells it from all other feeds of everybody, wherever it is read
    title: str
    subtitle: str
    address: str  # whole, of the feed itself
    page: str  # whole, of the page that shows the same
    author: str
    updated: str  # ISO, in UTC
    topics_at: str  # whole address of the list of topics
    entries: tuple[FeedEntry, ...]
    language: str = "en-GB"  # of the words that the site gives


def lasting_id(name: str) -> str:
    """An id that stays the same wherever the site stands.

    >>> lasting_id("t7fpepyrmyq4kqq5g6igfaq75i") == lasting_id("t7fpepyrmyq4kqq5g6igfaq75i")
    True
    """
    return uuid.uuid5(_NAMES, name).urn


def write(feed: Feed) -> str:
    """The feed as XML."""
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": feed.language})
    _texts(root, [("id", lasting_id(feed.name)), ("title", feed.title), ("subtitle", feed.subtitle)])
    _texts(root, [("updated", feed.updated)])
    SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": feed.address})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.page})
    _authors(root, [feed.author])
    SubElement(root, "generator", {"version": __version__}).text = "cop"
    for entry in feed.entries:
        root.append(_entry(entry, feed.topics_at))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _entry(entry: FeedEntry, topics_at: str) -> Element:
    """One entry; what is in its language says so."""
    element = Element("entry", {"xml:lang": entry.language} if is_code(entry.language) else {})
    _texts(element, [("id", lasting_id(entry.record_id)), ("title", entry.title)])
    SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": entry.address})
    if entry.related:
        SubElement(element, "link", {"rel": "related", "href": one_line(entry.related)})
    _texts(element, [("published", entry.published), ("updated", entry.updated)])
    _authors(element, entry.authors)
    for slug, title in entry.topics:
        named = {"term": one_line(slug), "scheme": topics_at, "label": one_line(title)}
        SubElement(element, "category", named)
    _texts(element, [("summary", entry.summary), ("rights", entry.rights)])
    if entry.html:
        SubElement(element, "content", {"type": "html", "xml:base": entry.address}).text = allowed(entry.html)
    return element


def _texts(parent: Element, named: Iterable[tuple[str, str]]) -> None:
    for name, value in named:
        if text := one_line(value):
            SubElement(parent, name).text = text


def _authors(parent: Element, names: Iterable[str]) -> None:
    for name in names:
        if text := one_line(name):
            SubElement(SubElement(parent, "author"), "name").text = text
