"""/accessibility: the statement of this copy's organisation if it has one, and what the makers of cop test.

A statement with blanks is none: a partner may send one, or an older cop may have stored it.
"""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from cop import statement
from cop.fields import TYPES
from cop.web import texts
from cop.web.asked import Asked, read_meta
from cop.web.language import N_, _, apart, lookup
from cop.web.links import record_address
from cop.web.texts import TextPage
from cop.web.works import find

TESTED = (
    N_("axe, a program that looks for barriers, finds none: by day, by night, on a phone and on a large screen."),
    N_("The validator of the W3C, who write the rules of the web, finds no mistake in the pages."),
    N_("You can reach and use everything with the keyboard alone, and you see where you are."),
    N_(
        "Nothing is cut off on a narrow phone, with letters twice as large, or with more space between letters and lines."
    ),
    N_("You can read and search without scripts."),
    N_("We measure how hard our own words are to read. Somebody who is 11 should be able to follow them."),
)
NOT_TESTED = N_(
    "This is not true of the tables under /site, which another program shows. Some of their boxes have no name, some words are"
    " hard to see, and wide tables run off a narrow screen. What they hold stands on the other pages, too."
)


@dataclass(frozen=True)
class AccessPage:
    """The page about accessibility."""

    heading: str
    shown: TextPage  # the statement, or else what stands there without one
    is_statement: bool
    none_yet: str  # said if there is no statement
    more_target: str  # the page of text beside the statement, or ""
    tested: tuple[str, ...]
    not_tested: str
    template: ClassVar[str] = "cop_access.html"


def access(asked: Asked) -> AccessPage:
    """/accessibility"""
    row = _statement(asked.db)
    more = row is not None and find(asked.db, TYPES["page"], "accessibility") is not None
    shown = texts.of_row(asked, row) if row else texts.of_name(asked, "accessibility")
    return AccessPage(
        heading=shown.heading,
        shown=shown,
        is_statement=row is not None,
        none_yet="" if row else _none_yet(read_meta(asked.db).get("organisation", "")),
        more_target=record_address("page", "accessibility") if more else "",
        tested=tuple(map(lookup, TESTED)),
        not_tested=lookup(NOT_TESTED),
    )


def _none_yet(organisation: str) -> str:
    if not organisation:
        return _("No accessibility statement has been published for this copy yet.")
    return _("%(organisation)s has not published an accessibility statement yet.", organisation=apart(organisation))


def _statement(db: sqlite3.Connection) -> sqlite3.Row | None:
    """The statement that this copy's own organisation wrote, if nothing is missing from it."""
    ours = read_meta(db).get("organisation", "")
    rows = db.execute(
        "SELECT * FROM records WHERE type = 'page' AND base_slug = ? AND (SELECT organisation FROM history"
        " WHERE history.record_id = records.record_id ORDER BY position LIMIT 1) = ? ORDER BY record_id",
        (statement.SLUG, ours),
    )
    return next((row for row in rows if statement.missing(row["text"]) is None), None)
