"""Putting attachments beside content files, for `cop checkout`. Never over a file that somebody changed."""

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from cop import attachments, blobs, files
from cop.attached import Known, hash_now, known_files
from cop.attachments import MAX_BYTES, Attachment, Written
from cop.config import Site
from cop.errors import CopError
from cop.model import Value


def names_in(db: sqlite3.Connection, path: str) -> dict[str, str]:
    """How a content file named each attachment when it was last saved or written, by key."""
    return {known.key: known.written for known in known_files(db, path)}


def put_beside(
    site: Site, db: sqlite3.Connection, path: str, type_name: str, fields: Mapping[str, Value]
) -> list[Known]:
    """Write the attachments of a record beside its content file, as far as they are held. Never over another file.

    A file that is as it was last saved, and that no other content file names, may be replaced by a newer one of its
    name. Returns what the content file is to name.
    """
    before, taken = known_files(db, path), set[str]()
    wanted = {one.key: one for _, one in attachments.in_fields(type_name, fields)}
    found: list[Known] = []
    for key, one in wanted.items():
        same = next((known for known in before if known.key == key), None)
        is_held = blobs.holds(blobs.folder(site), one.sha256)
        if same and hash_now(site, same) == one.sha256:
            found.append(same)
        elif same and is_held and _is_free(site, same.file):
            found.append(_write(site, one, same.written, same.file))
        elif is_held:
            free = [known for known in before if known.key not in wanted and known.file not in taken]
            found.append(_put(site, db, path, one, free))
        else:
            continue
        taken.add(found[-1].file)
    return found


def could_put(site: Site, db: sqlite3.Connection, path: str, type_name: str, fields: Mapping[str, Value]) -> bool:
    """True if an attachment is held that the content file does not name, or that is gone from beside it."""
    beside = {known.key: known.file for known in known_files(db, path)}
    return any(
        blobs.holds(blobs.folder(site), one.sha256) and (one.key not in beside or _is_free(site, beside[one.key]))
        for _, one in attachments.in_fields(type_name, fields)
    )


def _is_free(site: Site, below: str) -> bool:
    return not os.path.lexists(site.content / below)


def _put(site: Site, db: sqlite3.Connection, path: str, one: Attachment, free: Sequence[Known]) -> Known:
    older = next((known for known in free if _may_replace(site, db, path, known, one)), None)
    if older:
        return _write(site, one, older.written, older.file)
    parent = PurePosixPath(path).parent
    text = _free_name(site, parent.as_posix(), attachments.fit_name(PurePosixPath(path).stem), one)
    return _write(site, one, text, (parent / text).as_posix())


def _write(site: Site, one: Attachment, text: str, below: str) -> Known:
    """Put the bytes of an attachment where a content file names them as `text`."""
    target = site.content / below
    if not (target.is_file() and _hash(target) == one.sha256):
        target.parent.mkdir(parents=True, exist_ok=True)
        files.replace(target, blobs.path_of(blobs.folder(site), one.sha256).read_bytes())
    found = target.stat()
    return Known(text, below, one.name, found.st_size, found.st_mtime_ns, time.time_ns(), one.sha256)


def _may_replace(site: Site, db: sqlite3.Connection, path: str, known: Known, one: Attachment) -> bool:
    others = db.execute("SELECT 1 FROM local_attachment WHERE file = ? AND path <> ?", [known.file, path]).fetchone()
    same_name = PurePosixPath(known.file).name.casefold() == one.name.casefold()
    return same_name and not others and hash_now(site, known) == known.sha256


def _free_name(site: Site, parent: str, stem: str, one: Attachment) -> str:
    """A path beside the content file where no other file lies."""
    start, dot, ending = one.name.rpartition(".")
    for at in range(1, 1000):
        name = one.name if at == 1 else f"{start}-{at}.{ending}" if dot else f"{ending}-{at}"
        target = site.content / parent / stem / name
        if not os.path.lexists(target) or (
            target.is_file() and not target.is_symlink() and _hash(target) == one.sha256
        ):
            return f"{stem}/{name}"
    raise CopError(f"There is no free name for {one.name} in content/{parent}/{stem}.", hint="Tidy up that folder.")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return blobs.hash_of(file, MAX_BYTES)[0]


def as_written(type_name: str, fields: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """Fields with the paths that a content file has in the place of attachments. One without a path stays as it is."""
    changed = dict(fields)
    for name in attachments.fields_of(type_name):
        value = fields.get(name)
        if isinstance(value, list | tuple):
            changed[name] = [_as_written(one, names) for one in value]
        elif value is not None:
            changed[name] = _as_written(value, names)
    return changed


def _as_written(value: Value, names: Mapping[str, str]) -> Value:
    one = attachments.parse(value)
    return Written(names[one.key], one.title).value() if one and one.key in names else value
