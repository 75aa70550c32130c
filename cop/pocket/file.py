"""Writes the file: beside an old one, which it replaces once all of it is on the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cop import files
from cop.config import Site
from cop.errors import CopError
from cop.export.tree import explained
from cop.pocket import articles, document
from cop.pocket.within import Choice, Within, within
from cop.progress import Progress, no_progress
from cop.remembered import remembering
from cop.web import asked, offered
from cop.web.language import speaking


@dataclass(frozen=True)
class Written:
    """What became of it; the keys of `cop export page --json`."""

    records: int
    bytes: int


def export(site: Site, target: Path, choice: Choice, *, today: date, progress: Progress = no_progress) -> Written:
    """Write the file. The same site, choice and day give the same bytes. Raises: CopError; then an old file is as it was."""
    if target.is_dir():
        raise CopError(f"{target} is a folder.", hint=f"Name a file: {target / 'collection.html'}")
    with closing(opened(site.site_db)) as db, remembering({}), speaking(*_spoken(db, choice)):
        inside = within(db, choice, today)
        parts = _told(document_of(db, choice, inside), len(inside.numbers), progress)
        with explained(target), files.writing(target) as file:
            size = sum(file.write(part.encode()) for part in parts)
    return Written(len(inside.numbers), size)


def _spoken(db: sqlite3.Connection, choice: Choice) -> tuple[str, str]:
    """The language of the page itself, and the site's own: who reads Somali texts reads Somali buttons, if we have them."""
    offers, base = offered.from_meta(asked.read_meta(db)), choice.language.partition("-")[0].lower()
    return base if base in offers.others else offers.own, offers.own


def document_of(db: sqlite3.Connection, choice: Choice, inside: Within) -> Iterator[str]:
    """The whole page in parts, one for each record besides what stands around them; call it inside `speaking`."""
    yield document.top(db, choice, inside)
    section = -1
    for article in articles.of(db, inside):
        if article.section != section:
            section = article.section
            yield document.heading(section) + article.html
        else:
            yield article.html
    yield document.bottom()


def opened(site_db: Path) -> sqlite3.Connection:
    """The published database, to read one state of it. Raises: CopError."""
    if not site_db.exists():
        raise CopError("There is nothing to copy yet.", hint="cop load")
    db = sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("BEGIN")  # all records as they stand now, even while a load writes
    return db


def _told(parts: Iterator[str], of: int, progress: Progress) -> Iterator[str]:
    for done, part in enumerate(parts):
        progress(min(done, of), of)
        yield part
