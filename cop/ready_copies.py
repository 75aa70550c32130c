"""Copies of the site that lie ready in `data/copies`, for readers to take along, with a list of what is there.

They are offered as long as all that they hold is still public: not after an entry was withdrawn, hidden or removed, and not
after somebody's consent has ended.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from cop import files
from cop.ended import with_consents
from cop.ending import is_over

FOLDER, LIST = "copies", "ready.json"
KINDS = ("phone", "folder", "booklet", "ebook", "kiwix")  # as the page lists them
MAX_LIST = 50_000_000  # bytes
_ENDS = """SELECT json_extract(fields, '$.consent_until') FROM records WHERE record_id = :id
 UNION SELECT json_extract(one.value, '$.until') FROM records, json_each(fields, '$.consents') AS one WHERE record_id = :id"""


@dataclass(frozen=True)
class Ready:
    """One copy."""

    kind: str  # one of KINDS
    file: str  # name in the folder
    bytes: int


@dataclass(frozen=True)
class Shelf:
    """What lies ready, and from which day."""

    day: str = ""  # ISO
    copies: tuple[Ready, ...] = ()
    state: str = ""  # what they show


def folder_beside(site_db: Path) -> Path:
    """Where the copies of a site lie."""
    return site_db.with_name(FOLDER)


def state(listed: str) -> int:
    """Another number whenever something else lies ready; `listed` is the path of the list, 0 if there is none."""
    try:
        return os.stat(listed).st_mtime_ns  # noqa: PTH116 - a Path takes half as long again, and every reader waits
    except OSError:
        return 0


def tell(db: sqlite3.Connection, folder: Path, shelf: Shelf) -> None:
    """Write the list of what lies ready, with what must still be public for that. `db` is `site.db`."""
    ends = {row[0] for record_id in with_consents(db) for row in db.execute(_ENDS, {"id": record_id})}
    shown = [row[0] for row in db.execute("SELECT record_id FROM records ORDER BY 1")]
    told = {
        **asdict(shelf),
        "ends": sorted(one for one in ends if isinstance(one, str)),
        "records": shown,
    }
    files.replace(folder / LIST, json.dumps(told).encode())


def on_shelf(db: sqlite3.Connection, folder: Path, today: date) -> Shelf:
    """What readers may take today; nothing if some of it is not public any more."""
    told = _read(folder / LIST)
    if told is None or any(is_over(one, today) for one in told.ends) or not _is_public(db, told.records):
        return Shelf()
    return replace(
        told.shelf, copies=tuple(one for one in told.shelf.copies if _is_there(folder / one.file, one.bytes))
    )


def forget(folder: Path) -> None:
    """Destroy all of them, because something in them must not be anywhere any more."""
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Told:
    """The list, with what must still be so for that."""

    shelf: Shelf
    ends: list[str]  # days of consents
    records: list[str]  # ids, all of them public


def _read(path: Path) -> _Told | None:
    try:
        told = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_LIST else {}
        copies = (Ready(one["kind"], Path(one["file"]).name, int(one["bytes"])) for one in told["copies"])
        known = tuple(one for one in copies if one.kind in KINDS)
        return _Told(Shelf(told["day"], known, told["state"]), list(told["ends"]), list(told["records"]))
    except (OSError, ValueError, KeyError, TypeError):  # none was ever made, or somebody tidied up
        return None


def _is_public(db: sqlite3.Connection, record_ids: Sequence[str]) -> bool:
    query = "SELECT count(*) FROM records WHERE record_id IN (SELECT value FROM json_each(?))"
    found: int = db.execute(query, [json.dumps(record_ids)]).fetchone()[0]
    return found == len(record_ids)


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
