"""Brings a backup back into a new folder. The file is taken for hostile until all of it was looked at."""

import os
import re
import shutil
import sqlite3
import struct
import zipfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cop import files, identity
from cop.backup import KEYS, LIST, STORE, copy
from cop.config import FILE
from cop.errors import CopError, Refused
from cop.export import manifest
from cop.export.manifest import Manifest
from cop.export.tree import explained
from cop.progress import Progress, no_progress
from cop.schema import open_store
from cop.signing import Signer

PART = ".cop-restoring"  # a folder for what is not all there yet
MAX_LIST_BYTES = 100_000_000
_OURS = re.compile(
    rf"{re.escape(FILE)}|{re.escape(identity.METADATA)}|{STORE}|content/.+"
    r"|data/blobs/([0-9a-f]{2})/\1[0-9a-f]{62}|keys/[0-9a-f]{64}\.key"
)
_HOW = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises over bytes that somebody bent
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
)
_NOTHING_DONE = "Nothing was changed. Have you another backup?"


@dataclass(frozen=True)
class Restored:
    """What was brought back; the keys of `cop restore --json`."""

    files: int
    keys: int  # that were not on this computer
    folder: str


def restore(path: Path, root: Path, keys_folder: Path, progress: Progress = no_progress) -> Restored:
    """Bring a backup back into `root`, which is new or empty. Keys that are there stay as they are.

    Raises: CopError, Refused; then `root` is as it was.
    """
    if root.exists() and any(one.name != PART for one in root.iterdir()):
        raise CopError(f"There is something in {root} already.", hint=f"cop restore {path} NEW-FOLDER")
    part = root / PART
    with explained(root):
        try:
            with zipfile.ZipFile(path) as packed:
                listed = _list_of(packed, path)
                _look_for_room(listed, root)
                shutil.rmtree(part, ignore_errors=True)  # of a run that was stopped
                part.mkdir(parents=True)
                _unpack(packed, listed, part, path, progress)
            _check_store(part / STORE, part / "fresh.db", path)
            new_keys = _keep_keys(part, listed, keys_folder)
            _put_in_place(part, root)
        except _DAMAGED as error:
            raise Refused(f"{path} is no backup of cop, or it is damaged.", _NOTHING_DONE) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return Restored(sum(not name.startswith(KEYS) for name in listed), new_keys, str(root))


def _list_of(packed: zipfile.ZipFile, path: Path) -> Manifest:
    """What is in the backup. Raises: Refused if there is anything that no backup has."""
    names = packed.namelist()
    if LIST not in names or packed.getinfo(LIST).file_size > MAX_LIST_BYTES:
        raise Refused(f"{path} is no backup of cop.", "Name a file that `cop backup` wrote. Nothing was changed.")
    try:
        listed = manifest.read(packed.read(LIST))
    except CopError:
        raise Refused(f"{path} is damaged.", _NOTHING_DONE) from None
    strange = [name for name in listed if not _is_ours(name)] or sorted({*names} ^ {*listed, LIST})
    if any(one.compress_type not in _HOW for one in packed.infolist()):
        raise Refused(f"{path} is no backup of cop, or it is damaged.", _NOTHING_DONE)
    if strange or STORE not in listed or FILE not in listed or len(names) != len(set(names)):
        named = f" ({strange[0][:100]!r})" if strange else ""
        raise Refused(f"{path} holds what no backup of cop has, or lacks something{named}.", _NOTHING_DONE)
    return listed


def _is_ours(name: str) -> bool:
    return bool(_OURS.fullmatch(name)) and not (os.name == "nt" and ":" in name)


def _look_for_room(listed: Manifest, root: Path) -> None:
    needed = sum(held.size for held in listed.values())
    there = next(one for one in (root, *root.absolute().parents) if one.exists())
    if needed > shutil.disk_usage(there).free:
        raise CopError(
            f"There is not enough room for this backup in {there}.", hint="Make room, or name another place."
        )


def _unpack(packed: zipfile.ZipFile, listed: Manifest, part: Path, path: Path, progress: Progress) -> None:
    done, of = 0, sum(held.size for held in listed.values())
    for name, held in listed.items():
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(name) as source, target.open("xb") as file:
            found = copy(source, file, held.size)
        if found != held:
            raise Refused(f"{path} is damaged: {name} is not as it was written.", _NOTHING_DONE)
        done += held.size
        progress(done, of)


def _check_store(store: Path, fresh: Path, path: Path) -> None:
    """Raises: Refused if that is no store as cop makes them, such as one with triggers of somebody else's."""
    try:
        with closing(open_store(store)) as db, closing(open_store(fresh)) as ours:
            same = _tables(db) == _tables(ours)
    except sqlite3.DatabaseError as error:
        raise Refused(f"{path} is damaged: {STORE} cannot be read.", _NOTHING_DONE) from error
    if not same:
        raise Refused(f"{path} is no backup of cop: {STORE} has tables that are not ours.", _NOTHING_DONE)


def _tables(db: sqlite3.Connection) -> set[tuple[str, str]]:
    found = db.execute("SELECT name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'")
    return {(name, " ".join(sql.split())) for name, sql in found}


def _keep_keys(part: Path, listed: Manifest, folder: Path) -> int:
    new = 0
    for name in sorted(one for one in listed if one.startswith(KEYS)):
        data, target = (part / name).read_bytes(), folder / name.removeprefix(KEYS)
        if not target.exists():
            _check_key(data, target.stem)
            folder.mkdir(parents=True, exist_ok=True)
            files.replace(target, data, mode=0o600)
            new += 1
    return new


def _check_key(data: bytes, public: str) -> None:
    try:
        fits = Signer(bytes.fromhex(data.decode().splitlines()[-1])).public.hex() == public
    except (ValueError, IndexError):
        fits = False
    if not fits:
        raise Refused("A key in the backup is damaged.", _NOTHING_DONE)


def _put_in_place(part: Path, root: Path) -> None:
    """The settings last: they make a folder a site."""
    (part / FILE).rename(part / "last")
    for name in ("content", "data", identity.METADATA):
        if (part / name).exists():
            (part / name).rename(root / name)
    (part / "last").rename(root / FILE)
