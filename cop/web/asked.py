"""What a reader asked for, and what every page shows around its content."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cop.web import dates
from cop.web.links import feeds

MAX_TYPED = 1000  # characters of one value in the address that anything looks at
MAX_VALUES = 20  # values of one name
_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")

MENU = (
    ("Resources", "/resources"),
    ("Events", "/events"),
    ("Posts", "/posts"),
    ("Topics", "/topics"),
    ("Words", "/glossary"),
    ("Add", "/add"),
    ("Offline", "/offline"),
    ("Search", "/search"),
)


@dataclass(frozen=True)
class Asked:
    """One request, and the database to answer it from."""

    db: sqlite3.Connection  # read only
    path: str  # from the top of the site, such as /resources
    args: Mapping[str, Sequence[str]]  # what stands behind the "?"
    today: date
    top: str = ""  # the whole address of the first page, without a slash at the end

    def text(self, name: str) -> str:
        """The first value of that name, on one line, without control characters."""
        values = self.texts(name)
        return values[0] if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of that name."""
        values = self.args.get(name, ())[:MAX_VALUES]
        return tuple(value[:MAX_TYPED].translate(_CONTROL).strip() for value in values)

    def page(self) -> int:
        """Which page of a long list: 1, 2, 3, ..."""
        typed = self.text("page")
        return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1


@dataclass(frozen=True)
class MenuLink:
    """One entry of the main menu."""

    label: str
    target: str
    current: str  # "page", "true" (somewhere below it) or ""


@dataclass(frozen=True)
class Frame:
    """What stands on every page."""

    site: str
    organisation: str
    as_of: str  # ISO, or ""
    as_of_words: str
    menu: tuple[MenuLink, ...]
    members: str  # names from A to Z
    style: str  # address of the style sheet
    feeds: tuple[str, ...] = ()  # addresses, for programs that follow news
    desk: bool = False  # the reader sits at the organisation's own computer


def read_meta(db: sqlite3.Connection) -> dict[str, str]:
    """What the copy says about itself."""
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


def frame(db: sqlite3.Connection, path: str, style: str, *, desk: bool = False) -> Frame:
    """The frame of the page at `path`."""
    meta = read_meta(db)
    names = [name for (name,) in db.execute("SELECT name FROM members ORDER BY name COLLATE NOCASE LIMIT 50")]
    return plain_frame(path, style, meta, listed(names), desk=desk)


def plain_frame(path: str, style: str, meta: Mapping[str, str], members: str = "", *, desk: bool = False) -> Frame:
    """The frame when little is known, as on an error page."""
    as_of = meta.get("as_of", "")
    menu = tuple(MenuLink(label, target, _current(path, target)) for label, target in MENU)
    return Frame(
        site=meta.get("title") or "Research as Equals",
        organisation=meta.get("organisation", ""),
        as_of=as_of,
        as_of_words=dates.words(as_of[:10]) if as_of else "",
        menu=menu,
        members=members,
        style=style,
        feeds=feeds(path),
        desk=desk,
    )


def listed(names: Sequence[str]) -> str:
    """Names as a list in words.

    >>> listed(["Ann", "Bo", "Cy"])
    'Ann, Bo and Cy'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _current(path: str, target: str) -> str:
    if path == target:
        return "page"
    return "true" if path.startswith(target + "/") else ""
