"""An e-book (EPUB 3) of records, for e-readers and for apps that read aloud. The same records give the same bytes."""

import uuid
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from cop import files
from cop.config import Site
from cop.export.tree import explained
from cop.paper import book, chosen, source, templating
from cop.paper.book import Book
from cop.paper.chosen import Wanted
from cop.progress import Progress, no_progress
from cop.web.language import speaking

_THEN = (1980, 1, 1, 0, 0, 0)  # the first day that a zip file knows
_MODE = 0o100644 << 16  # a plain file, on systems that look at this
_BACK = "back.xhtml"


@dataclass(frozen=True)
class Told:
    """What became of it; the keys of `cop export epub --json`."""

    bytes: int
    records: int


@dataclass(frozen=True)
class Part:
    """One page of the book, as its table of contents and its reading order name it."""

    name: str
    template: str
    given: dict[str, object]


def write(
    site: Site, target: Path, *, topic: str, language: str, today: date, progress: Progress = no_progress
) -> Told:
    """Write an e-book. Raises: CopError; then what was at `target` is as it was."""
    with closing(source.opened(site.site_db)) as db:
        wanted = chosen.read_wanted(db, topic, language)
        with speaking(*source.spoken_for(db, wanted.language)):
            made = book.placed(book.read(db, wanted, today, progress), _link)
            with explained(target), files.writing(target) as file:
                _pack(file, contents(made, _identifier(made, wanted)))
    return Told(target.stat().st_size, len(made.entries))


def contents(made: Book, identifier: str) -> Iterator[tuple[str, str]]:
    """Names and texts of all files of it, in their order."""
    parts = list(_parts(made))
    common = {"book": made, "where": book.finder(made, _link), "full": False}
    yield "META-INF/container.xml", templating.made("epub_container.xml")
    yield "EPUB/package.opf", templating.made("epub_package.opf", parts=parts, identifier=identifier, **common)
    yield "EPUB/style.css", templating.style("epub.css")
    for part in parts:
        yield f"EPUB/{part.name}", templating.made(part.template, **common, **part.given)


def _parts(made: Book) -> Iterator[Part]:
    yield Part("title.xhtml", "epub_title.xhtml", {})
    yield Part("nav.xhtml", "epub_nav.xhtml", {})
    for chapter in made.chapters:
        yield Part(f"{chapter.anchor}.xhtml", "epub_chapter.xhtml", {"chapter": chapter})
        for entry in chapter.entries:
            yield Part(f"{entry.anchor}.xhtml", "epub_entry.xhtml", {"entry": entry})
    if made.topics or made.people:
        yield Part(_BACK, "epub_back.xhtml", {})


def _link(anchor: str) -> str:
    """Each entry is a file of its own; the topics stand together at the back."""
    return f"{_BACK}#{anchor}" if anchor.startswith("t") else f"{anchor}.xhtml"


def _identifier(made: Book, wanted: Wanted) -> str:
    """Stays as it is when the book is made anew, so that a reader's app takes it for the newer edition of the same."""
    named = [made.web, made.frame.site, made.frame.organisation, wanted.topic, wanted.language]
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(named)).urn


def _pack(file: BinaryIO, made: Iterator[tuple[str, str]]) -> None:
    """The type comes first and is not compressed, so that it can be read off the first bytes (OCF 3.3)."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_info("mimetype", zipfile.ZIP_STORED), b"application/epub+zip")
        for name, text in made:
            packed.writestr(_info(name, zipfile.ZIP_DEFLATED), text.encode(), compresslevel=9)


def _info(name: str, how: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.compress_type, info.external_attr, info.create_system = how, _MODE, 3
    return info
