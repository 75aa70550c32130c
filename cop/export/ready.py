"""All kinds of copies at once, into `data/copies`, from where `/offline` gives them to readers."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cop import ready_copies
from cop.config import Site
from cop.errors import CopError
from cop.export import static
from cop.export.kiwix import export as kiwix
from cop.pocket import file as one_file
from cop.pocket.within import Choice
from cop.progress import Progress, no_progress
from cop.publish import short_address
from cop.ready_copies import Ready, Shelf
from cop.web.asked import read_meta
from cop.web.templating import BUILT_FROM

Make = Callable[[Site, Path, date, Progress], None]


def _folder(site: Site, path: Path, today: date, progress: Progress) -> None:
    static.export(site, str(path), today=today, progress=progress)


def _phone(site: Site, path: Path, today: date, progress: Progress) -> None:
    one_file.export(site, path, Choice(), today=today, progress=progress)


def _kiwix(site: Site, path: Path, today: date, progress: Progress) -> None:
    kiwix.export(site, path, today=today, progress=progress)


def _booklet(site: Site, path: Path, today: date, progress: Progress) -> None:
    from cop.paper import booklet, sheets  # late: the library for it may not be there

    booklet.write(site, path, topic="", language="", look=sheets.Look(), today=today, progress=progress)


def _ebook(site: Site, path: Path, today: date, progress: Progress) -> None:
    from cop.paper import epub

    epub.write(site, path, topic="", language="", today=today, progress=progress)


MAKERS: dict[str, tuple[str, Make]] = {  # kind: ending of the name, and what makes it
    "phone": ("html", _phone),
    "folder": ("zip", _folder),
    "booklet": ("pdf", _booklet),
    "ebook": ("epub", _ebook),
    "kiwix": ("zim", _kiwix),
}


@dataclass(frozen=True)
class Made:
    """What became of one kind of copy; `why` it is not there, and what to do about it, if it could not be made."""

    kind: str
    copy: Ready | None
    is_new: bool = True
    why: str = ""
    hint: str = ""


Working = Callable[[str], AbstractContextManager[Progress]]  # a bar for each kind


def make(site: Site, today: date, working: Working = lambda _: nullcontext(no_progress)) -> list[Made]:
    """Make those that are behind, and list all for readers. Raises: CopError if none could be made."""
    folder = ready_copies.folder_beside(site.site_db)
    folder.mkdir(parents=True, exist_ok=True)
    with closing(static.open_site(site.site_db)) as db:
        name, state = _name(db), _state(db)
        before = ready_copies.on_shelf(db, folder, today)
    still = before.copies if (before.state, before.day) == (state, today.isoformat()) else ()
    made = [_one(site, folder / f"{name}-{kind}", kind, today, working, still) for kind in MAKERS]
    copies = tuple(one.copy for one in made if one.copy)
    if not copies:
        raise CopError(f"No copy could be made: {made[0].why}", hint=made[0].hint)
    with closing(static.open_site(site.site_db)) as db:
        if _state(db) != state:
            raise CopError("Something was loaded while the copies were made.", hint="Run the same command again.")
        ready_copies.tell(db, folder, Shelf(today.isoformat(), copies, state))
    _tidy(folder, {ready_copies.LIST, *(one.file for one in copies)})
    return made


def _name(db: sqlite3.Connection) -> str:
    return short_address(read_meta(db).get("title", ""))[:50].strip("-") or "copy"


def _state(db: sqlite3.Connection) -> str:
    """Another text whenever the copies would be others: the site has changed, or this program."""
    return f"{static.state_of(read_meta(db))} {BUILT_FROM}"


def _one(site: Site, path: Path, kind: str, today: date, working: Working, still: tuple[Ready, ...]) -> Made:
    ending, maker = MAKERS[kind]
    path = path.with_name(f"{path.name}.{ending}")
    if there := next((one for one in still if (one.kind, one.file) == (kind, path.name)), None):
        return Made(kind, there, is_new=False)
    try:
        with working(kind) as progress:
            maker(site, path, today, progress)
    except CopError as error:
        return Made(kind, None, why=str(error), hint=error.hint)
    return Made(kind, Ready(kind, path.name, path.stat().st_size))


def _tidy(folder: Path, staying: set[str]) -> None:
    """Take away what an earlier run made under another name."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in staying:
            path.unlink(missing_ok=True)
