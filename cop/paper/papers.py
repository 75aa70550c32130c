"""Papers of an event for its pack: PDFs page by page, pictures and texts; what cannot be printed is named with its size.

Anybody may have sent them, so they are read in a process that can be stopped, and nothing of them runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cop import attachments, blobs
from cop.attachments import Attachment
from cop.fields import TYPES
from cop.paper import pdf_pages
from cop.web import words
from cop.web.labels import field_label
from cop.web.language import _
from cop.workers import OneProcess

PICTURE = "cop:"  # before the hash of a picture, where a template names it
ORDER = ("agenda", "papers_easy_read", "papers", "minutes", "files")
MAX_TEXT = 200_000  # bytes of a text
MAX_PIXELS = 40_000_000
_TEXTS = frozenset({"text/plain", "text/csv"})
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


@dataclass(frozen=True)
class Paper:
    """One attachment of an event."""

    anchor: str
    label: str  # what it is for, such as Agenda
    name: str  # with its kind and size
    address: str  # on the web, or ""
    words: tuple[str, ...] = ()  # what stands on each page of a PDF
    picture: str = ""  # address for `fetch`
    type: str = ""  # of a picture
    text: str = ""
    why_not: str = ""  # why it is only named
    data: bytes = field(default=b"", repr=False)  # a PDF of nothing but the pages

    @property
    def is_in(self) -> bool:
        """True if it is printed."""
        return not self.why_not


def read(folder: Path, fields: Mapping[str, Any], web: str) -> tuple[Paper, ...]:
    """All papers of an event, those that people need first before the others."""
    with OneProcess() as apart:
        return tuple(_read(apart, folder, name, one, f"p{at}", web) for at, (name, one) in enumerate(_named(fields), 1))


def _named(fields: Mapping[str, Any]) -> Iterator[tuple[str, Attachment]]:
    seen: set[str] = set()
    for name in (*ORDER, *attachments.fields_of("event")):
        for one in attachments.in_value(fields.get(name)):
            if one.key not in seen:
                seen.add(one.key)
                yield name, one


def _read(apart: OneProcess, folder: Path, name: str, one: Attachment, anchor: str, web: str) -> Paper:
    address = f"{web}/files/{one.sha256}/{quote(one.name, safe='')}" if web else ""
    known = Paper(anchor, field_label(TYPES["event"], name), one.words(words.size), address)
    path = blobs.path_of(folder, one.sha256)
    if not path.is_file():
        return replace(known, why_not=_("It is not in this copy."))
    if one.type == "application/pdf":
        made = apart.call(pdf_pages.read, str(path), _unreadable)
        return replace(known, why_not=_why(made.problem), words=made.words, data=made.data)
    if one.type in _PICTURES and apart.call(_is_picture, str(path), _no):
        return replace(known, picture=f"{PICTURE}{one.sha256}", type=one.type)
    if one.type in _TEXTS and one.size <= MAX_TEXT:
        return replace(known, text=_text(path.read_bytes()))
    return replace(known, why_not=_("It cannot be printed from here."))


def _why(problem: str) -> str:
    if problem == pdf_pages.LOCKED:
        return _("It is locked with a password.")
    if problem == pdf_pages.LONG:
        return _("It has too many pages.")
    return _("It cannot be printed from here.") if problem else ""


def _unreadable(path: str) -> pdf_pages.Made:
    return pdf_pages.Made(problem=pdf_pages.BROKEN)


def _is_picture(path: str) -> bool:
    """True if it can be shown; read in full, as it is when it is laid out."""
    from PIL import Image  # late: comes with WeasyPrint

    with Image.open(path) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            return False
        picture.load()
    return True


def _no(path: str) -> bool:
    return False


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what Windows writes
