"""The form on which people write something down with a pen: in general, or with the questions of one kind of record."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cop.config import Site
from cop.errors import WrongUsage
from cop.fields import TYPES
from cop.languages import OWN_NAMES
from cop.paper import book, sheets, source, templating
from cop.paper.sheets import Look, Sheets, Told
from cop.progress import Progress, no_progress
from cop.web import adding, labels
from cop.web.asked import Asked, frame, read_meta
from cop.web.form_page import OFFERED, questions
from cop.web.forms import Input
from cop.web.language import _, speaking

ANY = "any"  # the form on one sheet, for whatever somebody has to tell
KINDS = (ANY, *OFFERED)
MAX_BOXES = 14  # more than that are not ticked but written
MAX_LINES = 8
_DAY = re.compile(r"(?<!\d)\d{4}-\d\d(?:-\d\d)?(?!\d)")


@dataclass(frozen=True)
class Question:
    """What is asked, with room for the answer."""

    label: str
    hint: str
    lines: int
    boxes: tuple[str, ...] = ()


def write(
    site: Site, target: Path, *, kind: str, language: str, look: Look, today: date, progress: Progress = no_progress
) -> Told:
    """Write a form. Raises: CopError; then what was at `target` is as it was."""
    if language and language.partition("-")[0] not in OWN_NAMES:
        raise WrongUsage(f"There is no form in “{language}”.", hint=f"Name one of these: {', '.join(OWN_NAMES)}.")
    with closing(source.opened(site.site_db)) as db, speaking(*source.spoken_for(db, language)):
        made = sheets_of(db, kind, look, today)
    return sheets.put(target, made, look, progress)


def sheets_of(db: sqlite3.Connection, kind: str, look: Look, today: date) -> Sheets:
    """A form as HTML."""
    general = adding.paper(Asked(db, "/add/paper", {}, today))
    asked = map(_readable, _general(general) if kind == ANY else _of_kind(db, kind, general))
    heading = general.heading if kind == ANY else _("Add: %(kind)s", kind=labels.type_label(kind))
    html = templating.made(
        "form.html", heading=heading, questions=tuple(asked), organisation=general.organisation,
        address=book.web_of(read_meta(db)), frame=frame(db, "/", "", ""), day_iso=today.isoformat(),
        style=sheets.style(look, "form.css"), is_person=kind == "person",
    )  # fmt: skip
    return Sheets(html, Told())


def _general(page: adding.PaperPage) -> Iterator[Question]:
    yield from (Question(*one) for one in page.questions)
    yield Question(_("What kind of thing is it?"), "", 0, page.kinds)


def _of_kind(db: sqlite3.Connection, kind: str, page: adding.PaperPage) -> Iterator[Question]:
    first, _more = questions(db, TYPES[kind], {}, None)
    yield from map(_question, first)
    yield Question(*page.questions[-1])  # how we name whoever wrote it


def _readable(question: Question) -> Question:
    """With days such as 2026-07-01 isolated from what stands around them: among Arabic letters their parts would change places."""
    return replace(question, hint=_DAY.sub("\u2066\\g<0>\u2069", question.hint))


def _question(asked: Input) -> Question:
    boxes = tuple(one.label for one in asked.options if one.value)
    if 0 < len(boxes) <= MAX_BOXES:
        return Question(asked.label, asked.hint, 0, boxes)
    lines = asked.rows if asked.widget == "area" else 2 if boxes else 1
    return Question(asked.label, asked.hint, min(lines, MAX_LINES))
