"""What is laid out as a PDF, in usual or in large print, and put where somebody wants it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from cop import files
from cop.export.tree import explained
from cop.paper import pdf, pdf_pages, templating
from cop.paper.pdf_pages import Placed
from cop.progress import Progress
from cop.web.language import _

_MM = 72 / 25.4  # points
# Where a page of a paper stands on a page of a pack; `pack.css` leaves that room
FRAME = (10 * _MM, 20 * _MM, 200 * _MM, 277 * _MM)


@dataclass(frozen=True)
class Look:
    """How it is to be printed."""

    large: bool = False
    anyway: bool = False  # also with letters that no font has


@dataclass
class Told:
    """What became of it; the keys of `cop export print --json`."""

    bytes: int = 0
    pages: int = 0
    records: int = 0
    missing: str = ""  # signs that no font of this computer has
    papers: list[str] = field(default_factory=list)  # attachments that are in it
    papers_left_out: list[str] = field(default_factory=list)  # attachments that cannot be


def _no_picture(address: str) -> tuple[bytes, str] | None:
    return None


@dataclass(frozen=True)
class Sheets:
    """What is to be laid out."""

    html: str
    told: Told
    fetch: pdf.Fetch = _no_picture
    theirs: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)  # id of a frame to a page of a PDF


def put(target: Path, sheets: Sheets, look: Look, progress: Progress) -> Told:
    """Lay it out and write the file. Raises: CopError; then what was at `target` is as it was."""
    made = pdf.write(sheets.html, sheets.fetch, claims=not sheets.theirs, progress=progress)
    if not look.anyway:
        pdf.refuse_boxes(made.missing)
    placed = [Placed(made.places[name], *theirs) for name, theirs in sheets.theirs.items()]
    data = pdf_pages.onto(made.data, placed, FRAME) if placed else made.data
    with explained(target):
        files.replace(target, data)
    told = sheets.told
    told.bytes, told.pages, told.missing = len(data), made.pages, made.missing
    return told


def style(look: Look, *more: str) -> Markup:
    """The style sheet, with the words that it adds."""
    before, after = (Markup(json.dumps(one, ensure_ascii=False).replace("<", "")) for one in around_number())
    within = ".entry a[href^='#e']::after{{content:{} target-counter(attr(href), page) {}}}"
    names = ("print.css", *more, *(("large.css",) if look.large else ()))
    return Markup().join([*map(templating.style, names), Markup(within).format(before, after)])


def around_number() -> tuple[str, str]:
    """What stands before and behind the number of a page that something leads to."""
    before, _number, after = _("(page %(number)s)", number="\0").partition("\0")
    return f" {before}", after
