"""The whole site as files: into a folder or a zip file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from cop import blobs
from cop.config import Site
from cop.errors import CopError
from cop.export import crawl, tree, unchanged, zipped
from cop.export.making import Copy, Made
from cop.export.tree import Written
from cop.progress import Progress, no_progress
from cop.transports import STORES
from cop.web import asked, offered, sheet
from cop.web.links import outside


def export(site: Site, target: str, *, today: date, progress: Progress = no_progress) -> Written:
    """Write the copy to a folder, a file whose name ends in .zip, or an object store (`s3://…`).

    Raises: CopError; then the old copy is as it was. NotReachable; then what was sent stays, and no page leads astray.
    """
    copy, state = described(site.site_db, today)
    missing = lacking(copy)
    seen = unchanged.state_of(site.site_db, today, missing)
    told = unchanged.told(site.site_db, Path(target), seen)
    if told is None:
        told = _write(target, everything(copy, state, progress), progress)
        if Path(target).is_dir():
            unchanged.remember(site.site_db, Path(target), seen)
    told.lacking = missing
    return told


def everything(copy: Copy, state: str, progress: Progress = no_progress) -> Iterator[Made]:
    """All files of a copy. Raises: CopError if something was loaded meanwhile."""
    return _steady(_told(crawl.everything(copy), progress), Path(copy.database), state)


def _write(target: str, made: Iterator[Made], progress: Progress) -> Written:
    if target.startswith(STORES):
        from cop.export import bucket  # late: few publish to a store
        from cop.transports.objects import ObjectCarrier

        return bucket.write(bucket.opened(ObjectCarrier(target)), made, progress)
    path = Path(target)
    if path.suffix.lower() == ".zip" and not path.is_dir():
        return zipped.write(path, made)
    return tree.write(tree.opened(path), made)


def described(site_db: Path, today: date) -> tuple[Copy, str]:
    """What its pages are made from, and the state that they show."""
    with closing(open_site(site_db)) as db:
        meta = asked.read_meta(db)
    web = outside(meta.get("url", "")).rstrip("/")
    copy = Copy(
        database=str(site_db),
        web=web if web.lower().startswith("http") else "",
        style=sheet.path_of(sheet.palette_of(meta)),
        language=offered.from_meta(meta).own,
        today=today,
    )
    return copy, state_of(meta)


def lacking(copy: Copy) -> int:
    """How many attachments are not held here; their pages say so."""
    with closing(open_site(Path(copy.database))) as db:
        named = db.execute("SELECT DISTINCT sha256 FROM files").fetchall()
    return sum(not blobs.path_of(copy.blobs, sha256).is_file() for (sha256,) in named)


def open_site(site_db: Path) -> sqlite3.Connection:
    """The published database, to read. Raises: CopError if there is none."""
    if not site_db.exists():
        raise CopError("There is nothing to copy yet.", hint="cop load")
    return sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True)


def state_of(meta: dict[str, str]) -> str:
    """Another text whenever something else is published."""
    return f"{meta.get('digest', '')} {meta.get('as_of', '')}"


def _told(made: Iterator[tuple[Made, int]], progress: Progress) -> Iterator[Made]:
    for done, (one, known) in enumerate(made, 1):
        progress(done, known)
        yield one


def _steady(made: Iterator[Made], site_db: Path, state: str) -> Iterator[Made]:
    """The same. Raises: CopError if something was loaded meanwhile, so that some pages would be of before and some of after."""
    yield from made
    with closing(open_site(site_db)) as db:
        if state_of(asked.read_meta(db)) != state:
            raise CopError("Something was loaded while the copy was written.", hint="Run the same command again.")
