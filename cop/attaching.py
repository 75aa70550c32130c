"""Attachments of content files: taken in by `cop load`, put beside the file by `cop checkout`.

A file named in a content file must lie in the content folder itself; nothing is followed out of it. One that did not
change is not read again: size and time tell, as for content files.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cop import amounts, attachments, blobs, files
from cop.attachments import MAX_BYTES, Attachment, Written, written
from cop.config import Site
from cop.content import ContentFile
from cop.errors import CopError
from cop.fields import SHARES
from cop.model import PUBLIC, Value
from cop.reading import FileRead, Problem
from cop.scan import SUFFIXES, is_unchanged

_SAVE = "Mend the line or put the file there. Then: cop load"


class _Unfit(Exception):
    """Why a file cannot be taken in, and what to do about it."""

    def __init__(self, reason: str, hint: str = _SAVE) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


@dataclass(frozen=True)
class Known:
    """A file that a content file names, as it was when last saved or written."""

    written: str
    file: str  # below content/
    name: str  # what the record calls it
    size: int
    mtime_ns: int
    checked_ns: int
    sha256: str

    @property
    def key(self) -> str:
        """As that of its attachment."""
        return f"{self.sha256}/{self.name}"

    def is_unchanged(self, found: os.stat_result) -> bool:
        """True if size and time say that it need not be read again."""
        return is_unchanged(self.size, self.mtime_ns, self.checked_ns, found)


@dataclass
class Attached:
    """Content files with their attachments taken in."""

    files: list[FileRead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    known: dict[str, list[Known]] = field(default_factory=dict)  # per content file


def known_files(db: sqlite3.Connection, path: str) -> list[Known]:
    """What a content file named when it was last saved or written."""
    rows = db.execute(
        "SELECT written, file, name, size, mtime_ns, checked_ns, sha256 FROM local_attachment WHERE path = ?", [path]
    )
    return [Known(*row) for row in rows]


def remember(db: sqlite3.Connection, path: str, files: Sequence[Known], old_path: str = "") -> None:
    """Keep the state in which attachments were saved or written."""
    db.executemany("DELETE FROM local_attachment WHERE path = ?", [[path], [old_path]])
    db.executemany(
        "INSERT INTO local_attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ([path, one.written, one.file, one.name, one.size, one.mtime_ns, one.checked_ns, one.sha256] for one in files),
    )


def is_changed(site: Site, db: sqlite3.Connection, path: str) -> bool:
    """True if a file that a content file names is another one than was saved. One that is gone is not changed."""
    return any(_now(site, known) not in ("", known.sha256) for known in known_files(db, path))


def _now(site: Site, known: Known) -> str:
    """The hash of a file as it lies there, "" if it is gone or cannot be read."""
    try:
        with _open(site.content, known.file) as file:
            unchanged = known.is_unchanged(os.fstat(file.fileno()))
            return known.sha256 if unchanged else blobs.hash_of(file, MAX_BYTES)[0]
    except (_Unfit, OSError, ValueError):
        return ""


# -- into the log


def take_in(site: Site, db: sqlite3.Connection, batch: Sequence[FileRead], *, keep: bool) -> Attached:
    """Put attachments in the place of the paths that content files name, and store their bytes if `keep`."""
    found = Attached()
    for file in batch:
        if file.content is None or not any(_paths(file.content)):
            found.files.append(file)
            continue
        try:
            taken = _Taking(site, db, file.content, keep)
            fields = {name: taken.value(name, value) for name, value in file.content.fields.items()}
        except _Refusal as refusal:
            found.problems.append(refusal.problem)
            continue
        found.files.append(replace(file, content=replace(file.content, fields=fields, has_files=True)))
        found.known[file.path] = taken.known
    return found


def _paths(says: ContentFile) -> Iterator[Written]:
    for name in attachments.fields_of(says.type):
        value = says.fields.get(name)
        yield from filter(None, (written(one) for one in (value if isinstance(value, list) else [value])))


class _Refusal(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class _Taking:
    """The attachments of one content file."""

    def __init__(self, site: Site, db: sqlite3.Connection, says: ContentFile, keep: bool) -> None:
        self.site, self.says, self.keep = site, says, keep
        self.before = {one.written: one for one in known_files(db, says.path)}
        self.known: list[Known] = []

    def value(self, name: str, value: Value) -> Value:
        """The value of a field with attachments in the place of paths. Raises: _Refusal."""
        if name not in attachments.fields_of(self.says.type):
            return value
        return [self._one(name, one) for one in value] if isinstance(value, list) else self._one(name, value)

    def _one(self, name: str, value: Value) -> Value:
        path = written(value)
        if path is None and not attachments.parse(value):
            return value
        try:
            audience = self.says.audience(name)
            if audience != PUBLIC:
                why = (
                    f"“{name}” goes to “{SHARES[min(audience, 2)]}” here, and files go with public fields only, so far"
                )
                raise _Unfit(why, "Take the file out of this line, or share the record and this field with everyone.")
            return self._attached(path).value() if path else value
        except _Unfit as error:
            line = self.says.file_lines.get(name, 1)
            problem = Problem(f"content/{self.says.path}", line, error.reason, error.hint)
            raise _Refusal(problem) from error

    def _attached(self, path: Written) -> Attachment:
        below = _below(self.says.path, path.path)
        before, checked_ns = self.before.get(path.path), time.time_ns()
        before = before if before and before.file == below else None
        try:
            with _open(self.site.content, below) as file:
                found = os.fstat(file.fileno())
                if before and before.is_unchanged(found) and self._is_held(before.sha256):
                    sha256, size = before.sha256, before.size
                elif self.keep:
                    sha256, size = blobs.keep(blobs.folder(self.site), file, MAX_BYTES)
                else:
                    sha256, size = blobs.hash_of(file, MAX_BYTES)
        except FileNotFoundError as error:
            hint = f"Bring it back: cop checkout content/{self.says.path}. Or mend the line. Then: cop load"
            raise _Unfit(f"there is no file content/{below}", hint if before else _SAVE) from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise _Unfit(f"content/{below} could not be taken in ({why})", "Check who may read it.") from error
        _check_size(below, size)
        name = before.name if before else attachments.fit_name(PurePosixPath(below).name)
        if all(one.written != path.path for one in self.known):
            self.known.append(Known(path.path, below, name, size, found.st_mtime_ns, checked_ns, sha256))
        return Attachment(name, size, sha256, path.title)

    def _is_held(self, sha256: str) -> bool:
        return not self.keep or blobs.holds(blobs.folder(self.site), sha256)


def _check_size(below: str, size: int) -> None:
    if size == 0:
        raise _Unfit(f"there is nothing in content/{below}", "Save it again. Then: cop load")
    if size > MAX_BYTES:
        hint = f"At most {amounts.size(MAX_BYTES)} fit. Make it smaller, or put it on the web and write its address."
        raise _Unfit(f"content/{below} is too large", hint)


def _below(content_path: str, text: str) -> str:
    """Where a path in a content file leads, below content/. Raises: _Unfit if that is not within."""
    outside = _Unfit(
        f"“{text[:80]}” leads out of the content folder", "Put the file into the content folder and write its path."
    )
    if "\\" in text or "\0" in text:
        raise _Unfit(f"“{text[:80]}” is no path", "Write / between folder and file: papers/agenda.pdf")
    if text.startswith("/"):
        raise outside
    parts = list(PurePosixPath(content_path).parent.parts)
    for part in PurePosixPath(text).parts:
        if part == ".." and not parts:
            raise outside
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    if not parts or any(part.startswith(".") for part in parts):
        raise _Unfit(f"“{text[:80]}” is a hidden file or none", "Give it a name that does not begin with a dot.")
    if parts[-1].lower().endswith(SUFFIXES):
        raise _Unfit(f"“{text[:80]}” is a content file, so a record of its own", "Link to it from the text instead.")
    return "/".join(parts)


def _open(root: Path, below: str) -> BinaryIO:
    """A plain file below the content folder, no part of whose path is a link. Raises: _Unfit, OSError."""
    path = root
    for part in below.split("/"):
        path = path / part
        if path.is_symlink():
            raise _Unfit(f"content/{path.relative_to(root).as_posix()} is a link", "Put the file itself there.")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _Unfit(f"content/{below} is no ordinary file")
    return os.fdopen(descriptor, "rb")


# -- and back


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
        if same and _now(site, same) == one.sha256:
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
    return same_name and not others and _now(site, known) == known.sha256


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
