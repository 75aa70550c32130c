"""Pages of text: about, privacy, offline, languages. A page record of that name is shown if there is one."""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from cop.fields import TYPES
from cop.web import happened, labels
from cop.web.asked import Asked
from cop.web.language import N_, current, lookup
from cop.web.links import body, history_address, record_address
from cop.web.works import find

HOW_TO_ADD = "how-to-add"


@dataclass(frozen=True)
class Default:
    """What stands on a page until somebody writes it."""

    heading: str
    lead: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class TextPage:
    """A page of text."""

    heading: str
    ours: bool  # words of the site, not of a record
    lang: str
    summary: str
    html: Markup
    paragraphs: tuple[str, ...]
    changed: happened.LastChange | None
    history_target: str
    other: str = ""  # the name of its language, if that is not the one of the words around it
    template: ClassVar[str] = "cop_text.html"


@dataclass(frozen=True)
class Meant:
    """A record that somebody wants to correct or complete."""

    title: str
    lang: str
    target: str
    file: str  # where it lies in the site folder


DEFAULTS = {
    "about": Default(
        N_("About this collection"),
        N_("A shared collection for people who do research together, in communities and in universities, as equals."),
        (
            N_(
                "Several organisations keep it together. Each one holds the whole collection, and nobody is in charge. "
                "They pass on to each other what is new."
            ),
            N_(
                "If two of them change the same thing in different ways, both versions stay and you can see them, until "
                "people have talked and settled it."
            ),
            N_("Summaries are in our own words. What nobody has written down is shown as “not stated”."),
        ),
    ),
    "accessibility": Default(
        N_("Accessibility"),
        N_(
            "These pages should work for everybody: with a keyboard, with a screen reader, in large print, on an old phone."
        ),
        (
            N_(
                "They are plain pages that need no scripts. They follow your settings for text size, contrast and dark mode, and "
                "they print well."
            ),
            N_(
                "We aim at the Web Content Accessibility Guidelines (WCAG) 2.2, level AA. Nobody outside has checked that yet."
            ),
            N_(
                "The things we link to belong to others and may be hard to use. If something here does not work for you, tell "
                "the organisation whose copy this is."
            ),
        ),
    ),
    "privacy": Default(
        N_("Privacy"),
        N_("Reading leaves no trace with us."),
        (
            N_(
                "These pages set no cookies and load nothing from elsewhere. What you search for is looked up in this copy and "
                "sent nowhere else."
            ),
            N_(
                "A checklist has a small script that keeps your answers in your browser. It sends them nowhere, and the "
                "checklist works without it."
            ),
            N_(
                "People are named here as they wish to be. Phone numbers and private addresses do not belong in the "
                "collection."
            ),
            N_(
                "What you send with a form waits on the computer of the organisation whose copy this is, until somebody there has "
                "looked at it. Nobody else gets it before. 90 days after that they delete what you sent. What they use stays, "
                "with your name as you gave it. Your internet address is not written down."
            ),
            N_(
                "Do you want something about you changed or taken away? Each page has a link to ask for that. Or tell any "
                "organisation that takes part. A removal is passed on to all of them. Copies that were made before on sticks or paper cannot be called back."
            ),
        ),
    ),
    "offline": Default(
        N_("Take it offline"),
        N_("You can have all of this without internet."),
        (
            N_(
                "An organisation can hold its own copy on a laptop, read and change it without internet, and exchange what is "
                "new over the internet, a shared folder or a stick. The tool for that is called cop, and it is free."
            ),
            N_(
                "Ready-made copies for a phone, a stick or paper are not on this page yet. Ask the organisation whose copy "
                "you are reading."
            ),
            N_("Every page prints well, and your browser can save it."),
        ),
    ),
    "languages": Default(
        N_("Languages"),
        N_("Menus, buttons and messages of these pages can be read in several languages."),
        (
            N_(
                "What people wrote stays in the language in which they wrote it. A translation of it is an entry of its own."
            ),
            N_(
                "A machine made the first draft of some of these translations. They may be wrong or sound odd. Where that is "
                "so, it is said at the top of each page."
            ),
            N_(
                "Do you speak one of these languages? Tell the organisation whose copy this is what is wrong and how you "
                "would say it. No computer skills are needed."
            ),
        ),
    ),
}


def text(asked: Asked) -> TextPage:
    """/about, /privacy, /languages"""
    return of_name(asked, asked.path.strip("/"))


def of_name(asked: Asked, name: str) -> TextPage:
    """The page record of that name, or what stands there until somebody writes it."""
    row = find(asked.db, TYPES["page"], name)
    if row is not None:
        return of_row(asked, row)
    default = DEFAULTS[name]
    paragraphs = tuple(lookup(paragraph) for paragraph in default.paragraphs)
    return TextPage(lookup(default.heading), True, "", lookup(default.lead), Markup(), paragraphs, None, "")


def of_row(asked: Asked, row: sqlite3.Row) -> TextPage:
    """A page record."""
    return TextPage(
        heading=row["title"],
        ours=False,
        lang=row["language"],
        summary=row["summary"],
        html=Markup(body(row["html"], depth=1)),
        paragraphs=(),
        changed=happened.last_change(asked.db, row["record_id"], row["changed"]),
        history_target=history_address("page", row["slug"]),
        other=labels.language(row["language"]) if _is_other(row["language"]) else "",
    )


def _is_other(code: str) -> bool:
    return bool(code) and code.partition("-")[0].lower() != current()


def meant(row: sqlite3.Row) -> Meant:
    """A record that somebody wants to correct, complete or have removed."""
    folder = TYPES[row["type"]].folder
    target = record_address(row["type"], row["slug"])
    return Meant(row["title"], row["language"], target, f"content/{folder}/{row['slug']}.md")


def is_there(db: sqlite3.Connection, slug: str) -> bool:
    """True if there is a page record of that name."""
    return find(db, TYPES["page"], slug) is not None
