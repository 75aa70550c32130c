"""A booklet: records of a topic, of a language or all of them."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from cop.config import Site
from cop.errors import CopError
from cop.paper import book, chosen, sheets, source, templating
from cop.paper.chosen import Wanted
from cop.paper.sheets import Look, Sheets, Told
from cop.progress import Progress, no_progress
from cop.web.language import speaking

MOST = 1500  # entries of one booklet: WeasyPrint holds all pages in memory, about 3 MB for each entry


def write(
    site: Site, target: Path, *, topic: str, language: str, look: Look, today: date, progress: Progress = no_progress
) -> Told:
    """Write a booklet. Raises: CopError; then what was at `target` is as it was."""
    with closing(source.opened(site.site_db)) as db:
        made = sheets_of(db, chosen.read_wanted(db, topic, language), look, today)
    if made.told.records > MOST:
        raise CopError(
            f"{made.told.records:,} entries are too many for one booklet: laying them out takes more memory than most computers have.",
            hint="Choose some of them: cop export print FILE.pdf --topic TOPIC. Or make an e-book: cop export epub FILE.epub",
        )
    return sheets.put(target, made, look, progress)


def sheets_of(db: sqlite3.Connection, wanted: Wanted, look: Look, today: date) -> Sheets:
    """A booklet as HTML. Raises: CopError if nothing is in it."""
    with speaking(*source.spoken_for(db, wanted.language)):
        made = book.placed(book.read(db, wanted, today), "#{}".format)
        where = book.finder(made, "#{}".format)
        html = templating.made("book.html", book=made, where=where, style=sheets.style(look), full=True)
    return Sheets(html, Told(records=len(made.entries)))
