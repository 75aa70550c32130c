"""Which addresses of the site are in a copy, as which files, and what links between them become."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from cop.export.names import file_of, part
from cop.fields import FOLDERS
from cop.web import calendars, citing, feeds, logs, pages

# Lists narrowed by one of these have pages of their own in a copy, because other pages lead to them
NARROWED = frozenset({"topic", "organisation", "help", "month", "letter"})
PAGER = frozenset({"page"})
LEFT_OUT = re.compile(r"/(?:desk|site|-)(?:[/.]|$)|/add/(?!paper$)")  # needs a server
_FILES = re.compile(r"/files/([0-9a-f]{64})/([^/]+)$")
_STATIC = re.compile(r"/static/[\w.-]+$")
_DOCUMENTS = frozenset(
    {
        citing.citation, citing.citations_of_list, calendars.all_events, calendars.one_event, calendars.on_topic,
        calendars.of_organisation, feeds.everything, feeds.kind, feeds.topic, feeds.organisation, logs.as_csv,
        logs.as_text,
    }
)  # fmt: skip
_LINK = re.compile(r'\b(href="|src="|action="|data-topics="|content="0; url=)([^"]*)"')
_NOWHERE = "http://copy.invalid"  # RFC 2606: so that relative addresses can be resolved


@dataclass(frozen=True)
class Place:
    """Where something of the site is in a copy."""

    file: str  # with "/", below the folder of the copy
    kind: Literal["page", "document", "static", "attachment"]
    address: str  # of the site, with what stands behind "?" as far as it has a page of its own


@lru_cache(maxsize=65536)
def place(path: str, query: str = "") -> Place | None:
    """Where an address is in a copy; None if it needs a server."""
    if LEFT_OUT.match(path):
        return None
    if found := _FILES.fullmatch(path):
        name = path.rpartition("/")[2]
        stem, dot, ending = name.rpartition(".")
        file = file_of(f"/files/{found[1][:16]}/{stem if dot else name}", ending=f".{part(ending)}" if dot else "")
        return Place(file, "attachment", path)
    if _STATIC.fullmatch(path):
        return Place(path[1:], "static", path)
    known = pages.find(path)
    if known is None:
        return None
    query = "&".join(one for one in query.split("&") if one != "page=1")  # that is the list itself
    asked = query if query and _has_page(query) else ""
    address = f"{path}?{asked}" if asked else path
    if known[0] in _DOCUMENTS:
        stem, _, ending = path.rpartition(".")
        return Place(file_of(stem, asked, f".{ending}"), "document", address)
    return Place(file_of(path, asked), "page", address)


def _has_page(query: str) -> bool:
    names = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    return bool(names) and len(names - PAGER) <= 1 and names <= NARROWED | PAGER


@dataclass(frozen=True)
class Linked:
    """A page with links between files, and where they lead."""

    html: str
    places: frozenset[Place]


def relinked(page: str, path: str, web: str) -> Linked:
    """The page at `path` with links that work without a server. What needs one leads to the site on the web, if it has one."""
    here, found = path.rpartition("/")[0], set[Place]()

    def link(match: re.Match[str]) -> str:
        attribute, target = match[1], match[2]
        written, there = _link(here, target, web)
        if there is not None:
            found.add(there)
        return match[0] if written is target else f'{attribute}{written}"' if written else ""

    return Linked(_LINK.sub(link, page), frozenset(found))


@lru_cache(maxsize=65536)
def _link(here: str, target: str, web: str) -> tuple[str, Place | None]:
    """A link from a page in the folder `here`, as HTML; "" if there is nothing to lead to."""
    to = html.unescape(target)
    if not to or to.startswith("#") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", to):
        return target, None
    parts = urlsplit(urljoin(f"{_NOWHERE}{here}/", to))
    there = place(parts.path, parts.query)
    if there is None:
        return html.escape(f"{web}{parts.path}" if web else ""), None
    asked = parts.query and "?" not in there.address and (parts.path == "/search" or parts.path[1:] in FOLDERS)
    rest = f"?{parts.query}" if asked else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return html.escape("../" * here.count("/") + quote(there.file) + rest + fragment), there


def in_document(text: str, path: str, top: str, escape: Callable[[str], str]) -> str:
    """A feed whose addresses begin with `top`, with the way to the files instead."""
    here = path.rpartition("/")[0]
    return re.sub(
        re.escape(top) + r"(/[^\s\"'<>]*)",
        lambda found: escape(html.unescape(_link(here, f"{'../' * here.count('/')}{found[1][1:]}", "")[0])),
        text,
    )
