"""Which languages a copy offers, as its `site.db` says, and the language that an address begins with.

Pages in the site's own language have no language in their address; `/cy/topics` is `/topics` in Welsh. So every answer
can be cached and exported: it depends on the address alone, not on a cookie or on what a browser asks for.
"""

import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cop.languages import OWN_NAMES, SOURCE

_FIRST = re.compile(r"/([a-z]{2,3})(/.*)")
# The same in every language: partners' and Datasette's addresses, files, feeds and citations
_SHARED = re.compile(r"/(?:-/|static/|files/|site(?:[/.]|$)).*|.*\.(?:atom|bib|csv|ics|json|ris|svg)", re.DOTALL)


@dataclass(frozen=True)
class Offered:
    """The languages of a copy."""

    own: str = SOURCE
    others: tuple[str, ...] = tuple(code for code in OWN_NAMES if code != SOURCE)  # each under /<code>/


def is_shared(path: str) -> bool:
    """True for addresses that are the same in every language.

    >>> is_shared("/static/style-1.css"), is_shared("/site"), is_shared("/events.ics"), is_shared("/sites/a")
    (True, True, True, False)
    """
    return _SHARED.fullmatch(path) is not None


def split(offered: Offered, path: str) -> tuple[str, str]:
    """The language of an address, and the address without it.

    >>> split(Offered(), "/cy/topics"), split(Offered(), "/topics"), split(Offered(), "/cy/site")
    (('cy', '/topics'), ('en', '/topics'), ('en', '/cy/site'))
    """
    found = _FIRST.fullmatch(path)
    if found and found[1] in offered.others and not is_shared(found[2]):
        return found[1], found[2]
    return offered.own, path


def from_meta(meta: dict[str, str]) -> Offered:
    """What the table `meta` says; a copy that does not say it offers all that we have, and English as its own."""
    own = meta.get("language", "")
    own = own if own in OWN_NAMES else SOURCE
    listed = meta["languages"].split() if "languages" in meta else OWN_NAMES
    return Offered(own, tuple(code for code in OWN_NAMES if code in listed and code != own))


def offered(database: Any) -> Offered:
    """What a database of Datasette says, or the default if there is none."""
    path = database.path if database is not None else None
    try:
        return _read(str(path), Path(path).stat().st_mtime_ns) if path else Offered()
    except (OSError, sqlite3.Error):
        return Offered()


@lru_cache(maxsize=4)
def _read(path: str, _changed_ns: int) -> Offered:
    # asked for each request, before anything else is known of it, so it is not read each time
    db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
    try:
        return from_meta(dict(db.execute("SELECT name, value FROM meta WHERE name LIKE 'language%'").fetchall()))
    finally:
        db.close()
