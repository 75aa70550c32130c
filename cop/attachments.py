"""Attachments as values of fields: name, size, SHA-256. Pure; `blobs` has their bytes.

A value of a field of kind `file` is a text or an attachment, of kind `files` a list of these. In a content file an
attachment is a path beside it, as a text or as `{file: …, title: …}`; in the log and on pages it is what `Attachment` has.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from cop import amounts
from cop.fields import TYPES
from cop.model import Value

MAX_BYTES = 50_000_000  # of one attachment, whatever anybody says
MAX_NAME = 150  # characters
MAX_TITLE = 500
KINDS = frozenset({"file", "files"})  # kinds of fields that hold attachments
OTHER = "application/octet-stream"
# By the ending of the name, never by what somebody says. No type here can run anything in a browser.
TYPES_BY_ENDING = {
    "pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "rtf": "application/rtf",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
    "mp4": "video/mp4", "webm": "video/webm", "zip": "application/zip", "ics": "text/calendar",
}  # fmt: skip
_NAMED_LIKE_A_FILE = frozenset(
    {*TYPES_BY_ENDING, "html", "htm", "svg", "pages", "numbers", "key", "tex", "xml", "json"}
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNFIT = re.compile(
    r'[\0-\x1f\x7f-\x9f"*/:<>?\\|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)  # FAT32, and what hides
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to a record."""

    name: str  # what it is called, such as agenda.pdf; never a path
    size: int  # bytes
    sha256: str  # hex
    title: str = ""

    @property
    def key(self) -> str:
        """Tells it from others of a record; the same bytes may be there under two names."""
        return f"{self.sha256}/{self.name}"

    @property
    def type(self) -> str:
        """What it is sent as."""
        return type_of(self.name)

    def value(self) -> dict[str, Value]:
        """As it stands in a patch."""
        known: dict[str, Value] = {"name": self.name, "size": self.size, "sha256": self.sha256, "type": self.type}
        return {**known, "title": self.title} if self.title else known

    def words(self, size: Callable[[int], str] = amounts.size) -> str:
        """What readers see.

        >>> Attachment("agenda.pdf", 120_000, "", "Agenda").words()
        'Agenda (PDF, 120 KB)'
        """
        ending = _ending(self.name)
        kind = f"{ending.upper()}, " if ending.isascii() and ending.isalnum() and len(ending) <= 5 else ""
        return f"{self.title or self.name} ({kind}{size(self.size)})"


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def type_of(name: str) -> str:
    """The type for the ending of a name; what could run in a browser is sent as bytes."""
    return TYPES_BY_ENDING.get(_ending(name), OTHER)


def parse(value: object) -> Attachment | None:
    """An attachment that anyone may have written, None if it is none or not a usable one."""
    if not isinstance(value, Mapping):
        return None
    name, size, sha256, title = (value.get(key) for key in ("name", "size", "sha256", "title"))
    if isinstance(size, str) and size.isascii() and size.isdecimal() and len(size) < 12:
        size = int(size)
    if type(size) is not int or not 0 < size <= MAX_BYTES:
        return None
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256) or not isinstance(name, str):
        return None
    if not isinstance(title, str | None) or fit_name(name) != name:
        return None
    return Attachment(name, size, sha256, " ".join((title or "").split())[:MAX_TITLE])


def is_sha256(text: str) -> bool:
    """True for the 64 lower-case hex digits of a hash."""
    return _SHA256.fullmatch(text) is not None


def fit_name(name: str) -> str:
    """The name as every file system takes it, FAT32 too.

    >>> fit_name('a/b:c?.pdf'), fit_name("nul.txt"), fit_name(" . "), fit_name("Ordre du jour é.pdf")
    ('a_b_c_.pdf', '_nul.txt', '_', 'Ordre du jour é.pdf')
    """
    text = _UNFIT.sub("_", unicodedata.normalize("NFC", name)).strip(" ").rstrip(". ")
    if len(text) > MAX_NAME:
        stem, dot, ending = text.rpartition(".")
        text = f"{stem[: MAX_NAME - 12]}.{ending}" if dot and len(ending) <= 10 else text[:MAX_NAME]
    while len(text.encode()) > MAX_NAME + 50:  # some file systems count bytes
        text = text[: len(text) // 2 - 1] + text[len(text) // 2 :]
    if not text or text.startswith(".") or _DEVICES.match(text):
        text = "_" + text
    return text


def in_value(value: object) -> Iterator[Attachment]:
    """The attachments in the value of one field."""
    for one in value if isinstance(value, list | tuple) else [value]:
        if found := parse(one):
            yield found


def in_fields(type_name: str, fields: Mapping[str, Value]) -> Iterator[tuple[str, Attachment]]:
    """Field and attachment, for all that a record has."""
    for name in fields_of(type_name):
        for one in in_value(fields.get(name)):
            yield name, one


def fields_of(type_name: str) -> list[str]:
    """Names of the fields that may hold attachments."""
    return _FIELDS.get(type_name, [])


_FIELDS = {name: [one.name for one in kind.fields if one.kind in KINDS] for name, kind in TYPES.items()}


@dataclass(frozen=True)
class Written:
    """An attachment as a content file names it."""

    path: str  # as written
    title: str = ""

    def value(self) -> Value:
        """As it is written."""
        return {"file": self.path, "title": self.title} if self.title else self.path


def written(value: object) -> Written | None:
    """What a content file says, if it can only mean a file; None for other texts, addresses and attachments.

    >>> written("papers/agenda.pdf"), written("Ask at the desk"), written("https://example.org/a.pdf")
    (Written(path='papers/agenda.pdf', title=''), None, None)
    """
    if isinstance(value, Mapping) and isinstance(value.get("file"), str):
        return Written(str(value["file"]), str(value.get("title") or ""))
    if isinstance(value, str) and looks_like_a_path(value):
        return Written(value)
    return None


def looks_like_a_path(text: str) -> bool:
    """True for a text that nobody writes who does not mean a file."""
    if not _is_one_place(text):
        return False
    leads_away = ".." in PurePosixPath(text).parts or (text.startswith("/") and " " not in text)
    return leads_away or _ending(text) in _NAMED_LIKE_A_FILE


def may_be_a_path(value: object) -> bool:
    """True for a text that means a file if there is one of that name: it has an ending, though none that we know.

    >>> may_be_a_path("survey.sav"), may_be_a_path("Ask at the desk."), may_be_a_path("https://example.org/survey.sav")
    (True, False, False)
    """
    return isinstance(value, str) and _is_one_place(value) and re.search(r"[^./\s]\.\w{1,10}$", value) is not None


def _is_one_place(text: str) -> bool:
    """True if it stands on one line and is no address."""
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text) and "\n" not in text
