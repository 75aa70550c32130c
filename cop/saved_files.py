"""Where saved copies lie in the site folder, and how they go: the files may be deleted at any time, and are made anew.

Below everything that writes `site.db`, so that whatever is taken down there leaves these files, too.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from cop import files
from cop.fields import AGREEMENT, TYPES
from cop.segments import listed as lists
from cop.segments import rows
from cop.segments.listed import Listed, Moved

FOLDER = "saved"  # beside site.db
LIST = "now.json"  # in the folder of each pack
LOCK = "saved.lock"  # held while files are put in place or taken away
LOCK_SECONDS = 60


def folder_beside(site_db: Path) -> Path:
    """Where they lie."""
    return site_db.with_name(FOLDER)


def forget(site_db: Path) -> None:
    """Take all of them away, because something in them must not be kept. Whoever reads next gets new ones."""
    from filelock import FileLock  # late: it is rarely needed

    if not (folder := folder_beside(site_db)).exists():
        return
    with FileLock(site_db.with_name(LOCK), timeout=LOCK_SECONDS):
        shutil.rmtree(folder)


def strike(site_db: Path, records: Iterable[tuple[str, str]]) -> None:
    """Take some records out of all of them, each by type and short address, because readers must not see them any more."""
    from filelock import FileLock  # late, likewise

    keys = {key for one in records for key in _keys(*one)}
    if not keys or not folder_beside(site_db).exists():
        return
    with FileLock(site_db.with_name(LOCK), timeout=LOCK_SECONDS):
        for pack in folder_beside(site_db).iterdir():
            try:
                _strike(pack, keys)
            except (OSError, ValueError, EOFError):  # damaged: it is made anew
                shutil.rmtree(pack, ignore_errors=True)


def _keys(type_name: str, slug: str) -> tuple[str, ...]:
    """The names of an entry in the files: where its page is. Some pages stand at the top."""
    name = quote(slug, safe="")
    folder = TYPES[type_name].folder if type_name in TYPES else type_name
    return (
        f"{folder}/{name}",
        *((name,) if type_name == "page" else ()),
        *((AGREEMENT,) if type_name == AGREEMENT else ()),
    )


def _strike(pack: Path, keys: set[str]) -> None:
    if (listed := lists.from_json((pack / LIST).read_bytes())) is None:
        raise ValueError(f"{LIST} in {pack.name} cannot be read")
    put(pack, lists.struck(listed, keys, lambda sha256: read(pack, sha256)))


def path_of(pack: Path, sha256: str) -> Path:
    """Where a file of a pack is, if it is there."""
    return pack / f"{sha256}.gz"


def read(pack: Path, sha256: str) -> bytes:
    """The bytes of a file. Raises: OSError, ValueError."""
    data = path_of(pack, sha256).read_bytes()
    if rows.name(data) != sha256:
        raise ValueError(f"{sha256}.gz in {pack.name} is damaged")
    return data


def put(pack: Path, moved: Moved) -> Listed:
    """Put a newer list in place: the files first, so that it never names one that is not there. Then the old ones go."""
    pack.mkdir(parents=True, exist_ok=True)
    new: Mapping[Path, bytes] = {path_of(pack, name): data for name, data in moved.files.items()}
    files.replace_all(new)
    files.replace(pack / LIST, lists.to_json(moved.listed))
    named = {one.sha256 for one in moved.listed.files}
    for path in pack.iterdir():
        if path.suffix == ".part" or (path.suffix == ".gz" and len(path.stem) == 64 and path.stem not in named):
            path.unlink(missing_ok=True)
    return moved.listed
