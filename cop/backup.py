"""A whole site in one zip file: settings, content files, the log, and the files of records. `restoring` brings it back.

What can be made again (`site.db`, copies for readers) is left out. Keys are in it only if somebody asks for that: whoever has
them can sign in the organisation's name.
"""

import hashlib
import shutil
import sqlite3
import stat
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cop import blobs, files, identity, keys
from cop.config import FILE, Site
from cop.errors import CopError
from cop.export import manifest
from cop.export.manifest import Held
from cop.export.tree import explained
from cop.progress import Progress, no_progress

STORE = "data/store.db"
LIST = "backup.tsv"  # the names, sizes and hashes of the others
KEYS = "keys/"
_STORED = "data/blobs/"  # pictures, PDFs and the like: they are small already
_LEVEL = 6
_PRIVATE = 0o600


@dataclass(frozen=True)
class Backup:
    """What was written; the keys of `cop backup --json`."""

    files: int  # without the keys, as `restore` counts them
    bytes: int  # of the zip file
    keys: int


def write(
    site: Site, db: sqlite3.Connection, path: Path, *, with_keys: bool, progress: Progress = no_progress
) -> Backup:
    """Write a backup to `path`, in the place of an older one there. It may be done while the site is served or loaded.

    Raises: CopError; then what stood at `path` is as it was.
    """
    _may_be_replaced(path, site)
    with explained(path), _folder(site.store_db.with_name(".backup")) as folder:
        store = folder / "store.db"
        _snapshot(db, store)  # first: content files that change from now on are newer, and the next load sees that
        inside = [(STORE, store), *_files(site), *(_keys(site, db) if with_keys else ())]
        with files.writing(path) as file:
            Path(file.name).chmod(_PRIVATE)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as packed:
                _pack(packed, inside, progress)
        in_it = sum(name.startswith(KEYS) for name, _ in inside)
        return Backup(len(inside) - in_it, path.stat().st_size, in_it)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A folder for as long as it is needed. One that a run left behind which was killed is emptied."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _may_be_replaced(path: Path, site: Site) -> None:
    if path.is_dir():
        raise CopError(f"{path} is a folder.", hint="Name a file, such as backup.zip")
    if path.resolve().is_relative_to(site.content.resolve()):
        raise CopError(f"{path} would be a content file.", hint="Name a file elsewhere, best on another disk.")
    if not path.exists():
        return
    try:
        with zipfile.ZipFile(path) as there:
            there.getinfo(LIST)
    except (zipfile.BadZipFile, KeyError):
        raise CopError(
            f"{path} is there already, and is no backup.", hint="Name another file. Nothing was changed."
        ) from None


def _snapshot(db: sqlite3.Connection, path: Path) -> None:
    """The store as it is at one moment, whoever writes to it meanwhile."""
    with closing(sqlite3.connect(path)) as copy:
        db.backup(copy)


def _files(site: Site) -> Iterator[tuple[str, Path]]:
    """Names in the backup and where the files lie. What leads elsewhere is no file of the site."""
    for name in (FILE, identity.METADATA):
        if (site.root / name).is_file():
            yield name, site.root / name
    for folder in (site.content, blobs.folder(site)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix != ".part":
                yield _name(path.relative_to(site.root).as_posix()), path


def _name(name: str) -> str:
    if not manifest.can_hold(name):
        raise CopError(
            f"The name of the file {name!r} cannot be written down.",
            hint="Rename it, with letters, digits and hyphens, then try again.",
        )
    return name


def _keys(site: Site, db: sqlite3.Connection) -> Iterator[tuple[str, Path]]:
    for public in (identity.own_organisation(db), *identity.writers(db)):
        path = keys.path_of(site.keys, public)
        if path.is_file():
            yield f"{KEYS}{path.name}", path


def _pack(packed: zipfile.ZipFile, inside: list[tuple[str, Path]], progress: Progress) -> None:
    done, of = 0, sum(path.stat().st_size for _, path in inside)
    listed: dict[str, Held] = {}
    for name, path in inside:
        with path.open("rb") as source, packed.open(_info(name, path), "w", force_zip64=True) as target:
            listed[name] = copy(source, target)
        done += listed[name].size
        progress(done, max(of, done))
    packed.writestr(LIST, manifest.write(listed))


def _info(name: str, path: Path) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_STORED if name.startswith(_STORED) else zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | _PRIVATE) << 16
    return info


def copy(source: IO[bytes], target: IO[bytes], most: int = sys.maxsize) -> Held:
    """Copy the bytes of an open file, of one with more than `most` bytes a little more than these; tells what they are."""
    digest, size = hashlib.sha256(), 0
    while size <= most and (piece := source.read(blobs.PIECE_BYTES)):
        target.write(piece)
        digest.update(piece)
        size += len(piece)
    return Held(digest.hexdigest(), size)
