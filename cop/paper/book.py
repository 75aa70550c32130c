"""Records as a book: chapters, an index of topics, and everybody who took part. `printed` and `epub` lay it out."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from cop.paper import chosen, markup
from cop.paper.chosen import Wanted
from cop.progress import Progress, no_progress
from cop.web import asked, credits, dates, labels, links, record, topics
from cop.web.asked import Asked
from cop.web.credits import Credit
from cop.web.record import RecordPage

_BELOW = 1  # how many levels the headings of a text stand lower than on a page


@dataclass(frozen=True)
class Entry:
    """One record."""

    anchor: str
    address: str  # of its page, from the top of the site
    page: RecordPage
    html: Markup  # its text, for a book


@dataclass(frozen=True)
class Chapter:
    """All records of one kind."""

    heading: str
    anchor: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Topic:
    """A topic with what there is on it."""

    anchor: str
    address: str  # of its page, from the top of the site
    title: str
    lang: str
    summary: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Book:
    """Everything that a template of a book gets."""

    title: str
    title_lang: str  # of a title that people gave, "" if not known
    lead: str
    frame: asked.Frame  # names of the site and of those who keep it
    web: str  # address of the site, or ""
    day: str  # as it stood on that day, in words
    day_iso: str
    chapters: tuple[Chapter, ...]
    topics: tuple[Topic, ...]
    people: tuple[Credit, ...]  # everybody who is named in it

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Those of all chapters."""
        return tuple(entry for chapter in self.chapters for entry in chapter.entries)

    @property
    def places(self) -> Mapping[str, str]:
        """Address on the site of what is in the book to its anchor."""
        topics = {one.address: one.anchor for one in self.topics}
        return {entry.address: entry.anchor for entry in self.entries} | topics


def read(db: sqlite3.Connection, wanted: Wanted, today: date, progress: Progress = no_progress) -> Book:
    """Records of a topic, of a language, or all of them. Raises: CopError if there are none."""
    found = [(kind, chosen.rows(db, kind, wanted, today)) for kind in chosen.kinds()]
    total, done = sum(len(rows) for _kind, rows in found), 0
    if not total:
        raise chosen.nothing(wanted)
    chapters: list[Chapter] = []
    for kind, rows in found:
        entries = []
        for row in rows:
            done += 1
            progress(done, total)
            entries.append(entry(db, row, today, f"e{done}"))
        if entries:
            chapters.append(Chapter(labels.plural(kind), f"c{len(chapters) + 1}", tuple(entries)))
    family = chosen.family(db, wanted.topic) if wanted.topic else topics.read_topics(db)
    made = around(db, today, chapters=tuple(chapters), topics=_index(db, family, chapters))
    own = family.get(wanted.topic)
    return replace(made, title=own.title, title_lang=own.lang, lead=own.summary) if own else made


def around(
    db: sqlite3.Connection, today: date, *, chapters: tuple[Chapter, ...], topics: tuple[Topic, ...] = ()
) -> Book:
    """A book of these chapters, under the name of the site."""
    meta = asked.read_meta(db)
    frame = asked.frame(db, "/", "", "")
    day = meta.get("as_of", "")[:10] or today.isoformat()
    pages = [one.page for chapter in chapters for one in chapter.entries]
    return Book(
        title=frame.site, title_lang="", lead="", frame=frame, web=web_of(meta), day=dates.words(day), day_iso=day,
        chapters=chapters, topics=topics, people=_everybody(pages),
    )  # fmt: skip


def web_of(meta: Mapping[str, str]) -> str:
    """The address of the site on the web, "" if it has none."""
    found = links.outside(meta.get("url", "")).rstrip("/")
    return found if found.lower().startswith("http") else ""


def entry(db: sqlite3.Connection, row: sqlite3.Row, today: date, anchor: str) -> Entry:
    """One row of `records`. Its text still leads to addresses of the site: see `placed`."""
    address = links.record_address(row["type"], row["slug"])
    here = Asked(db, address, {}, today, None, web_of(asked.read_meta(db)), copied=True)
    return Entry(anchor, address, record.build(here, row), Markup(row["html"]))


def placed(book: Book, to_entry: Callable[[str], str]) -> Book:
    """The book with texts that lead to its own entries; `to_entry` makes a link of an anchor."""
    where = finder(book, to_entry)

    def text(one: Entry) -> Entry:
        return replace(one, html=markup.body(one.html, where, below=_BELOW, path=one.address))

    chapters = tuple(replace(one, entries=tuple(map(text, one.entries))) for one in book.chapters)
    return replace(book, chapters=chapters)


def finder(book: Book, to_entry: Callable[[str], str]) -> markup.Where:
    """Where an address of the site is: in the book, else on the web, else nowhere."""
    places = {unquote(address): anchor for address, anchor in book.places.items()}

    def where(address: str) -> str:
        path = urlsplit(address).path
        own = path.removeprefix("/pages/")
        anchor = places.get(unquote(f"/{own}" if own in links.OWN_PAGES else path))
        return to_entry(anchor) if anchor else f"{book.web}{path}" if book.web else ""

    return where


def _index(
    db: sqlite3.Connection, family: Mapping[str, topics.Topic], chapters: Iterable[Chapter]
) -> tuple[Topic, ...]:
    """Topics from A to Z with the entries that name them; none where there is one topic only."""
    if len(family) < 2:
        return ()
    named = "SELECT value, record_id FROM facets JOIN records USING (number) WHERE name = 'topics'"
    filed: dict[str, set[str]] = {}
    for slug, record_id in db.execute(named):
        filed.setdefault(slug, set()).add(record_id)
    entries = [entry for chapter in chapters for entry in chapter.entries]
    ordered = sorted(family.items(), key=lambda pair: credits.by_name(pair[1].title))
    found = (
        (one, [entry for entry in entries if entry.page.record_id in filed.get(slug, ())]) for slug, one in ordered
    )
    told = ((one, tuple(members)) for one, members in found if members)
    return tuple(
        Topic(f"t{at}", one.target, one.title, one.lang, one.summary, members)
        for at, (one, members) in enumerate(told, 1)
    )


def _everybody(pages: Iterable[RecordPage]) -> tuple[Credit, ...]:
    """Everybody who is credited, once, with all that they did, from A to Z."""
    roles: dict[tuple[str, str], dict[credits.Role, None]] = {}
    for one in (person for page in pages for group in page.credits for person in group.people):
        roles.setdefault((one.name, one.organisation), {}).update(dict.fromkeys(one.roles))
    everybody = (Credit(*who, tuple(done)) for who, done in roles.items())
    return tuple(sorted(everybody, key=lambda one: (credits.by_name(one.name), credits.by_name(one.organisation))))
