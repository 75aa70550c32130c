"""Taking the attachments of content files in, for `cop load`."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from cop import amounts, attachments, blobs
from cop.attached import SAVE, Known, Unfit, known_files, open_plain
from cop.attachments import MAX_BYTES, Attachment, Written, written
from cop.config import Site
from cop.content import ContentFile
from cop.fields import SHARES
from cop.model import PUBLIC, Value
from cop.reading import FileRead, Problem
from cop.scan import SUFFIXES


@dataclass
class Attached:
    """Content files with their attachments taken in."""

    files: list[FileRead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    known: dict[str, list[Known]] = field(default_factory=dict)  # per content file


def take_in(site: Site, db: sqlite3.Connection | None, batch: Sequence[FileRead], *, keep: bool) -> Attached:
    """Put attachments in the place of the paths that content files name, and store their bytes if `keep`.

    `db` is None where nothing was ever loaded.
    """
    found = Attached()
    for file in batch:
        taken = _Taking(site, db, file.content, keep) if file.content and _may_name_files(file.content) else None
        if file.content is None or taken is None or not taken.names_files():
            found.files.append(file)
            continue
        try:
            fields = {name: taken.value(name, value) for name, value in file.content.fields.items()}
        except _Refusal as refusal:
            found.problems.append(refusal.problem)
            continue
        found.files.append(replace(file, content=replace(file.content, fields=fields, has_files=True)))
        found.known[file.path] = taken.known
    return found


def _may_name_files(says: ContentFile) -> bool:
    return any(written(one) or attachments.may_be_a_path(one) for one in _values(says))


def _values(says: ContentFile) -> Iterator[Value]:
    for name in attachments.fields_of(says.type):
        value = says.fields.get(name)
        yield from value if isinstance(value, list) else [value]


class _Refusal(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class _Taking:
    """The attachments of one content file."""

    def __init__(self, site: Site, db: sqlite3.Connection | None, says: ContentFile, keep: bool) -> None:
        self.site, self.says, self.keep = site, says, keep
        self.before = {one.written: one for one in (known_files(db, says.path) if db else ())}
        self.known: list[Known] = []

    def names_files(self) -> bool:
        """True if any value stands for a file."""
        return any(map(self._written, _values(self.says)))

    def _written(self, value: Value) -> Written | None:
        """The file that a value names. An ending that we do not know means one only where that file is, or was."""
        if isinstance(value, str) and attachments.may_be_a_path(value):
            was_one = value in self.before
            return Written(value) if was_one or self._lies_there(value) else written(value)
        return written(value)

    def _lies_there(self, text: str) -> bool:
        with suppress(Unfit, OSError, ValueError), open_plain(self.site.content, _below(self.says.path, text)):
            return True
        return False

    def value(self, name: str, value: Value) -> Value:
        """The value of a field with attachments in the place of paths. Raises: _Refusal."""
        if name not in attachments.fields_of(self.says.type):
            return value
        return [self._one(name, one) for one in value] if isinstance(value, list) else self._one(name, value)

    def _one(self, name: str, value: Value) -> Value:
        path = self._written(value)
        if path is None and not attachments.parse(value):
            return value
        try:
            audience = self.says.audience(name)
            if audience != PUBLIC:
                why = (
                    f"“{name}” goes to “{SHARES[min(audience, 2)]}” here, and files go with public fields only, so far"
                )
                raise Unfit(why, "Take the file out of this line, or share the record and this field with everyone.")
            return self._attached(path).value() if path else value
        except Unfit as error:
            line = self.says.file_lines.get(name, 1)
            problem = Problem(f"content/{self.says.path}", line, error.reason, error.hint)
            raise _Refusal(problem) from error

    def _attached(self, path: Written) -> Attachment:
        below = _below(self.says.path, path.path)
        before, checked_ns = self.before.get(path.path), time.time_ns()
        before = before if before and before.file == below else None
        try:
            with open_plain(self.site.content, below) as file:
                found = os.fstat(file.fileno())
                if before and before.is_unchanged(found) and self._is_held(before.sha256):
                    sha256, size = before.sha256, before.size
                elif self.keep:
                    sha256, size = blobs.keep(blobs.folder(self.site), file, MAX_BYTES)
                else:
                    sha256, size = blobs.hash_of(file, MAX_BYTES)
        except FileNotFoundError as error:
            hint = f"Bring it back: cop checkout content/{self.says.path}. Or mend the line. Then: cop load"
            raise Unfit(f"there is no file content/{below}", hint if before else SAVE) from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise Unfit(f"content/{below} could not be taken in ({why})", "Check who may read it.") from error
        _check_size(below, size)
        name = before.name if before else attachments.fit_name(PurePosixPath(below).name)
        if all(one.written != path.path for one in self.known):
            self.known.append(Known(path.path, below, name, size, found.st_mtime_ns, checked_ns, sha256))
        return Attachment(name, size, sha256, path.title)

    def _is_held(self, sha256: str) -> bool:
        return not self.keep or blobs.holds(blobs.folder(self.site), sha256)


def _check_size(below: str, size: int) -> None:
    if size == 0:
        raise Unfit(f"there is nothing in content/{below}", "Save it again. Then: cop load")
    if size > MAX_BYTES:
        hint = f"At most {amounts.size(MAX_BYTES)} fit. Make it smaller, or put it on the web and write its address."
        raise Unfit(f"content/{below} is too large", hint)


def _below(content_path: str, text: str) -> str:
    """Where a path in a content file leads, below content/. Raises: Unfit if that is not within."""
    outside = Unfit(
        f"“{text[:80]}” leads out of the content folder", "Put the file into the content folder and write its path."
    )
    if "\\" in text or "\0" in text:
        raise Unfit(f"“{text[:80]}” is no path", "Write / between folder and file: papers/agenda.pdf")
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
        raise Unfit(f"“{text[:80]}” is a hidden file or none", "Give it a name that does not begin with a dot.")
    if parts[-1].lower().endswith(SUFFIXES):
        raise Unfit(f"“{text[:80]}” is a content file, so a record of its own", "Link to it from the text instead.")
    return "/".join(parts)
