"""A pack for an event: everything known of it, and its papers, for those who come."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from cop import blobs
from cop.config import Site
from cop.errors import WrongUsage
from cop.fields import TYPES
from cop.paper import book, papers, sheets, source, templating
from cop.paper.book import Chapter
from cop.paper.papers import PICTURE, Paper
from cop.paper.sheets import Look, Sheets, Told
from cop.progress import Progress, no_progress
from cop.web import cards, works
from cop.web.language import _, speaking
from cop.web.render import Moved

# A clear point: it holds the place and the words of a page that is drawn below it
_CLEAR = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b49444154789c636060000000030001b8ad3a63"
    "0000000049454e44ae426082"
)


def write(
    site: Site, target: Path, *, event: str, language: str, look: Look, today: date, progress: Progress = no_progress
) -> Told:
    """Write the pack of an event. Raises: CopError; then what was at `target` is as it was."""
    with closing(source.opened(site.site_db)) as db:
        row = find(db, event)
        folder = blobs.folder_beside(site.site_db)
        with speaking(*source.spoken_for(db, language or row["language"])):
            made = sheets_of(db, row, folder, look, today)
    return sheets.put(target, made, look, progress)


def find(db: sqlite3.Connection, typed: str) -> sqlite3.Row:
    """The event that somebody means by its short address or its title. Raises: WrongUsage."""
    kind, name = TYPES["event"], typed.strip().removeprefix("events/")
    found = works.find(db, kind, name)
    if found is None and isinstance(moved := works.renamed(db, kind, name), Moved):
        found = works.find(db, kind, moved.target.rpartition("/")[2])
    if found is None:
        titled = db.execute("SELECT slug FROM records WHERE type = 'event' AND title = ?", (typed.strip(),)).fetchall()
        found = works.find(db, kind, titled[0]["slug"]) if len(titled) == 1 else None
    if found is None:
        raise WrongUsage(f"There is no event “{typed}”.", hint="cop list event")
    return found


def sheets_of(db: sqlite3.Connection, row: sqlite3.Row, folder: Path, look: Look, today: date) -> Sheets:
    """A pack as HTML, with what goes onto its pages."""
    entry = book.entry(db, row, today, "e1")
    made = book.placed(book.around(db, today, chapters=(Chapter(_("The event"), "c1", (entry,)),)), "#{}".format)
    brought = papers.read(folder, cards.loads(row["fields"]), made.web)
    html = templating.made(
        "pack.html", book=made, entry=made.entries[0], papers=brought, where=book.finder(made, "#{}".format),
        style=sheets.style(look, "pack.css"), full=True,
    )  # fmt: skip
    told = Told(records=1, papers=_names(brought, is_in=True), papers_left_out=_names(brought, is_in=False))
    return Sheets(html, told, fetch=_fetcher(folder, brought), theirs=_theirs(brought))


def _names(brought: Sequence[Paper], *, is_in: bool) -> list[str]:
    return [one.name for one in brought if one.is_in == is_in]


def _theirs(brought: Sequence[Paper]) -> Mapping[str, tuple[bytes, int]]:
    return {f"{one.anchor}-{at + 1}": (one.data, at) for one in brought for at in range(len(one.words))}


def _fetcher(folder: Path, brought: Sequence[Paper]) -> Any:
    known = {one.picture: one.type for one in brought if one.picture}

    def fetch(address: str) -> tuple[bytes, str] | None:
        if address == f"{PICTURE}clear":
            return _CLEAR, "image/png"
        if address in known:
            return blobs.path_of(folder, address.removeprefix(PICTURE)).read_bytes(), known[address]
        return None

    return fetch
