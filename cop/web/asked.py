"""What a reader asked for, and what every page shows around its content."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from cop.languages import OWN_NAMES
from cop.web import dates, language, picture
from cop.web.catalogues import catalogue
from cop.web.language import N_, lookup
from cop.web.links import feeds, language_link
from cop.web.offered import Offered, from_meta
from cop.web.picture import Picture
from cop.web.words import listed

MAX_TYPED = 1000  # characters of one value in the address that anything looks at
MAX_VALUES = 20  # values of one name
_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")

MENU = (
    (N_("Resources"), "/resources"),
    (N_("Events"), "/events"),
    (N_("Posts"), "/posts"),
    (N_("Topics"), "/topics"),
    (N_("Words"), "/glossary"),
    (N_("Add"), "/add"),
    (N_("Offline"), "/offline"),
    (N_("Search"), "/search"),
)


@dataclass(frozen=True)
class Asked:
    """One request, and the database to answer it from."""

    db: sqlite3.Connection  # read only
    path: str  # from the top of the site, such as /resources
    args: Mapping[str, Sequence[str]]  # what stands behind the "?"
    today: date
    now: datetime | None = None  # the hour, by which an event of today is over; None: none is before the day ends
    top: str = ""  # the whole address of the first page, without a slash at the end
    forms: bool = False  # people can send something from here: `cop serve` shows the site
    copied: bool = False  # for a copy without a server: a page changes only when what stands on it does

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
class LanguageLink:
    """The same page in another language."""

    code: str
    name: str  # in that language
    href: str


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
    mark: Picture | None  # of the organisation
    lang: str
    dir: str
    languages: tuple[LanguageLink, ...]
    is_draft: bool  # a machine translated it
    feeds: tuple[str, ...] = ()  # addresses, for programs that follow news
    desk: bool = False  # the reader may open the desk
    copied: bool = False  # it is a page of a copy without a server
    searches: bool = True  # False in a copy whose reader is a program that searches by itself
    boxes: tuple[MenuLink, ...] = ()  # the menu of the desk, on its own pages
    at_desk: str = ""  # who has signed in there, in words
    in_vain: str = ""  # why what is done there reaches nobody, in words


def read_meta(db: sqlite3.Connection) -> dict[str, str]:
    """What the copy says about itself."""
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


def frame(
    db: sqlite3.Connection, path: str, style: str, query: str, *, desk: bool = False, copied: bool = False
) -> Frame:
    """The frame of the page at `path`, asked for with what stands behind the "?"."""
    meta = read_meta(db)
    names = [name for (name,) in db.execute("SELECT name FROM members ORDER BY name COLLATE NOCASE LIMIT 50")]
    if copied:  # what changes with every exchange stands in its style sheet, and it speaks one language
        return replace(plain_frame(path, style, {**meta, "as_of": ""}, names), copied=True)
    return plain_frame(path, style, meta, names, language_links(from_meta(meta), path, query), desk=desk)


def plain_frame(
    path: str,
    style: str,
    meta: Mapping[str, str],
    members: Sequence[str] = (),
    languages: tuple[LanguageLink, ...] = (),
    *,
    desk: bool = False,
) -> Frame:
    """The frame when little is known, as on an error page."""
    as_of = meta.get("as_of", "")
    return Frame(
        site=meta.get("title") or "Research as Equals",
        organisation=meta.get("organisation", ""),
        as_of=as_of,
        as_of_words=dates.words(as_of[:10]) if as_of else "",
        menu=tuple(MenuLink(lookup(label), target, _current(path, target)) for label, target in MENU),
        members=listed([language.apart(name) for name in members]),
        style=style,
        mark=picture.of(meta),
        lang=language.tag(),
        dir=language.direction(language.current()),
        languages=languages,
        is_draft=catalogue(language.current()).is_draft,
        feeds=feeds(path),
        desk=desk,
    )


def language_links(offered: Offered, path: str, query: str) -> tuple[LanguageLink, ...]:
    """The same page in every other language that the copy offers."""
    query = query if len(query) <= MAX_TYPED else ""
    codes = (code for code in (offered.own, *offered.others) if code != language.current())
    return tuple(LanguageLink(code, OWN_NAMES[code], language_link(path, query, code)) for code in codes)


def _current(path: str, target: str) -> str:
    if path == target:
        return "page"
    return "true" if path.startswith(target + "/") else ""
