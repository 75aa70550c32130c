"""`cop export zim`: the pages of a copy as one file, put in place when all of it is there."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import ModuleType

from cop import blobs, files
from cop.config import Site
from cop.errors import CopError, WrongUsage, install
from cop.export import static
from cop.export.kiwix import illustration
from cop.export.kiwix.metadata import Kept, metadata
from cop.export.kiwix.pages import Entries
from cop.export.kiwix.steady import MAGIC
from cop.export.making import Copy, Made
from cop.export.search_records import hidden
from cop.export.tree import explained
from cop.progress import Progress, no_progress
from cop.web import asked, offered, picture, sheet

MAIN = "index.html"


@dataclass(frozen=True)
class Written:
    """What is in the file; the keys of `cop export zim --json`."""

    language: str  # of the words of the site and of the search
    entries: int  # pages, files, and addresses that lead on
    found: int  # records that the search finds
    moved: int  # addresses that lead on
    other_languages: int  # records in other languages: they are in it, too
    lacking: int  # attachments that are not held here
    bytes: int


def export(site: Site, target: Path, *, language: str = "", today: date, progress: Progress = no_progress) -> Written:
    """Write the whole site to a file for Kiwix, in its own language or in another that it can be read in.

    Raises: CopError; then the old file is as it was.
    """
    writing = _writing()
    copy, state = static.described(site.site_db, today)
    copy = _spoken(replace(copy, searches=False), language)
    with tempfile.TemporaryDirectory(prefix="cop-kiwix-") as folder:  # see `writing`: never straight to a stick
        part = Path(folder) / "site.zim"
        with explained(part.parent):
            written = _write(writing, part, copy, static.everything(copy, state, progress))
        with explained(target), files.writing(target) as file, part.open("rb") as whole:
            shutil.copyfileobj(whole, file)
    return written


def _writing() -> ModuleType:
    try:
        import resvg_py  # noqa: F401 - late: an extra, like libzim

        from cop.export.kiwix import writing
    except ImportError as error:
        hint = install("libzim", "resvg-py")
        raise CopError("To make a file for Kiwix, two more packages are needed.", hint=hint) from error
    return writing


def check(target: Path) -> None:
    """Look whether a file for Kiwix can be there. Raises: CopError."""
    if target.is_dir() or target.suffix.lower() != ".zim":
        raise WrongUsage(f"{target} is no name of a file for Kiwix.", hint=f"cop export zim {target / 'our-copy.zim'}")
    if not target.parent.is_dir():
        raise CopError(f"There is no folder {target.parent}.", hint="Is the stick there? Or name another place.")
    if target.exists():
        with target.open("rb") as file:
            if file.read(len(MAGIC)) not in (MAGIC, b""):
                raise CopError(f"{target} is another kind of file. Nothing was changed.", hint="Name a new file.")


def _spoken(copy: Copy, language: str) -> Copy:
    """The copy in the language that was asked for."""
    with closing(static.open_site(Path(copy.database))) as db:
        known = offered.from_meta(asked.read_meta(db))
    if language in ("", known.own):
        return copy
    if language not in known.others:
        codes = ", ".join(sorted((known.own, *known.others)))
        raise WrongUsage(f"The site cannot be read in “{language}”.", hint=f"--language with one of: {codes}")
    return replace(copy, language=language, own=known.own)


def _write(writing: ModuleType, path: Path, copy: Copy, made: Iterator[Made]) -> Written:
    with closing(static.open_site(Path(copy.database))) as db, copy.speaking():
        meta = asked.read_meta(db)
        about = writing.About(MAIN, metadata(_kept(db, copy, meta), copy.today), _illustration(copy, meta))
        entries = Entries(db, asked.plain_frame("/", "", meta).site, hidden(db, copy.today))
        told = writing.write(path, about, map(entries.entry, made))
        others = _in_other_languages(db, copy.language)
    size = path.stat().st_size
    return Written(copy.language, told.entries, told.found, told.moved, others, static.lacking(copy), size)


def _kept(db: sqlite3.Connection, copy: Copy, meta: dict[str, str]) -> Kept:
    names = [name for (name,) in db.execute("SELECT name FROM members ORDER BY name COLLATE NOCASE LIMIT 50")]
    return Kept(meta, names, copy.language, copy.web)


def _illustration(copy: Copy, meta: dict[str, str]) -> bytes:
    mark = picture.of(meta)
    held = blobs.path_of(copy.blobs, mark.sha256) if mark else None
    return illustration.png(mark, held, sheet.palette_of(meta))


def _in_other_languages(db: sqlite3.Connection, language: str) -> int:
    """How many records say that they are in another language."""
    sql = "SELECT count(*) FROM records WHERE language <> '' AND language <> ? AND language NOT LIKE ? || '-%'"
    return int(db.execute(sql, (language, language)).fetchone()[0])
