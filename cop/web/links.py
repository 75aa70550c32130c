"""Every link of every page is made here: relative inside the site, and only to the web or a mailbox outside."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote, urlencode, urlsplit

from cop.fields import AGREEMENT, FOLDERS, TYPES
from cop.web.language import spoken
from cop.web.offered import is_shared

# records of these pages have an address of their own: /about, not /pages/about
OWN_PAGES = ("about", "accessibility", "privacy", "offline", "languages")
FEED = "/feed.atom"  # behind the address of a list or a topic
_OWN_IN_TEXT = re.compile(rf'href="\.\./pages/({"|".join(OWN_PAGES)})(?=["#])')
_OUTSIDE = re.compile(r"(?:https?://[^\s/]|mailto:[^\s@/]+@)", re.IGNORECASE)

Query = Mapping[str, str | Sequence[str]]


def rel(path: str, target: str, query: Query | None = None) -> str:
    """The link from the page at `path` to `target`, so that a copy in any folder works.

    >>> rel("/resources/power", "/topics/meetings")
    '../topics/meetings'
    >>> rel("/", "/")
    './'
    >>> rel("/resources", "/resources", {"topic": ["meetings"], "page": "2"})
    'resources?topic=meetings&page=2'
    """
    link = _up(path.count("/") - 1, target)
    asked = urlencode(query, doseq=True) if query else ""
    return f"{link}?{asked}" if asked else link


@lru_cache(maxsize=1024)
def _up(steps: int, target: str) -> str:
    return f"{'../' * steps}{target.lstrip('/')}" or "./"


def page_link(path: str, target: str, query: Query | None = None) -> str:
    """The link from the page at `path`, in the language of that page: what is the same in every language lies above it."""
    link = _in_language(path.count("/") - 1, target, spoken().has_prefix)
    return f"{link}?{urlencode(query, doseq=True)}" if query else link


@lru_cache(maxsize=4096)
def _in_language(steps: int, target: str, has_prefix: bool) -> str:
    return ("../" if has_prefix and is_shared(target) else "") + _up(steps, target)


def language_link(path: str, query: str, code: str) -> str:
    """The link from the page at `path` to the same page in another language.

    >>> language_link("/topics/meetings", "page=2", "cy")
    '../cy/topics/meetings?page=2'
    """
    up = "../" if spoken().has_prefix else ""
    below = "" if code == spoken().own else f"{code}/"
    link = "../" * (path.count("/") - 1) + up + below + path.lstrip("/")
    return (link or "./") + (f"?{query}" if query else "")


def record_address(type_name: str, slug: str) -> str:
    """Where the page of a record is, from the top of the site; "" for a type that this version does not know.

    >>> record_address("word", "peer researcher")
    '/glossary/peer%20researcher'
    """
    if type_name == "page" and slug in OWN_PAGES:
        return f"/{slug}"
    record_type = TYPES.get(type_name)
    if type_name == AGREEMENT:
        return f"/{AGREEMENT}"
    return f"/{record_type.folder}/{quote(slug, safe='')}" if record_type else ""


def about(address: str) -> dict[str, str]:
    """What stands behind /add to say which record is meant.

    >>> about("/resources/guidance%202021"), about("/privacy")
    ({'about': 'resources/guidance 2021'}, {'about': 'pages/privacy'})
    """
    named = unquote(address.strip("/"))
    return {"about": named if "/" in named else f"pages/{named}"}


def feeds(path: str) -> tuple[str, ...]:
    """Feeds that a page names to programs: the one of everything, of its kind, of its topic or organisation.

    >>> feeds("/topics/meetings"), feeds("/about")
    (('/feed.atom', '/topics/feed.atom', '/topics/meetings/feed.atom'), ('/feed.atom',))
    """
    parts = path.strip("/").split("/")
    found = [FEED]
    if parts[0] in FOLDERS:
        found.append(f"/{parts[0]}{FEED}")
        if parts[0] in ("topics", "organisations") and len(parts) == 2:
            found.append(f"{path}{FEED}")
    return tuple(found)


def citation_files(address: str) -> tuple[tuple[str, str], ...]:
    """Name and address of each form of the citations of a resource, or of the list of them.

    >>> citation_files("/resources")[0]
    ('BibTeX', '/resources.bib')
    """
    return tuple(
        (name, f"{address}.{ending}") for name, ending in (("BibTeX", "bib"), ("RIS", "ris"), ("JSON", "json"))
    )


def history_address(type_name: str, slug: str) -> str:
    """Where the history of a record is: always below its folder."""
    record_type = TYPES.get(type_name)
    return f"/{record_type.folder}/{quote(slug, safe='')}/history" if record_type else ""


def body(html: str, depth: int = 2) -> str:
    """The text of a record for a page at that depth. In content files links go up one folder first.

    >>> body('<a href="../pages/about">', 1)
    '<a href="about">'
    """
    direct = _OWN_IN_TEXT.sub(r'href="../\1', html)
    return direct if depth == 2 else direct.replace('href="../', 'href="')


def outside(value: object) -> str:
    """An address that a page may link to, or "" (file:, javascript: and everything else is shown as text).

    >>> outside("https://example.org/a"), outside("javascript:alert(1)")
    ('https://example.org/a', '')
    """
    text = value.strip() if isinstance(value, str) else ""
    return text if _OUTSIDE.match(text) and _host(text) is not None else ""


def shown_as(address: str) -> str:
    """What a reader sees of an outside address: the host, or the mailbox.

    >>> shown_as("https://www.example.org/a/b?c=d")
    'example.org'
    """
    if address.lower().startswith("mailto:"):
        return address[7:].partition("?")[0]
    return (_host(address) or address).removeprefix("www.")


def without_scheme(address: str) -> str:
    """An outside address as people say it.

    >>> without_scheme("https://www.example.org/a/")
    'example.org/a'
    """
    return address.partition("://")[2].removeprefix("www.").rstrip("/")


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return parts.hostname or ("" if parts.scheme == "mailto" else None)
    except ValueError:  # such as an unfinished IPv6 address
        return None
