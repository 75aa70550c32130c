"""/add and what is below it: forms to add something, to suggest a correction, to ask for removal, and one for paper.

The pages stand here; `sending` takes what people send. Where nothing can be sent, as in copies, they say how else to do it.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from cop.contributions import REASONS
from cop.fields import AGREEMENT, FOLDERS, TYPES, RecordType
from cop.web import cards, forms, labels, texts
from cop.web.asked import Asked, read_meta
from cop.web.form_page import OFFERED, REQUIRED, Again, FormPage, main_names, own_input, questions
from cop.web.forms import Input, Option
from cop.web.language import N_, _, lookup
from cop.web.texts import Meant, is_there
from cop.web.works import find
from cop.withheld import NOT_SHOWN

MAX_TITLE = 500
CREDIT, WHY, ABOUT = "my-credit", "my-why", "about"  # names of inputs that are no fields of a record
WHAT, WHERE, USEFUL, KIND, REASON = "title", "where", "useful", "kind", "reason"
SAY = "say"  # a kind of thing that is no record
QUICK = (
    ("resource", N_("Something to read, watch or use")),
    ("event", N_("An event")),
    ("post", N_("A story, or something you tried")),
    ("word", N_("A word that needs explaining")),
    (SAY, N_("A correction, an idea or a question")),
)
REMOVAL_REASONS = dict(
    zip(
        REASONS,
        (
            N_("It is about me, or names me"),
            N_("It belongs to me"),
            N_("It may hurt somebody"),
            N_("Another reason"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class HowPage:
    """How to add something, or have something removed, where nothing can be sent."""

    heading: str
    lead: str
    more_target: str  # the page record with more about it, or ""
    meant: Meant | None  # the record that somebody came from
    removal: bool = False
    template: ClassVar[str] = "cop_add.html"


@dataclass(frozen=True)
class PaperPage:
    """A form on one sheet of paper."""

    heading: str
    organisation: str
    address: str  # of the site, "" if only this computer reaches it
    questions: tuple[tuple[str, str, int], ...]  # the question, a hint, and how many lines
    kinds: tuple[str, ...]
    template: ClassVar[str] = "cop_paper.html"


# -- pages


def add(asked: Asked, again: Again | None = None) -> FormPage | HowPage:
    """/add, and with ?about= a correction of that record."""
    about = again.form.text(ABOUT) if again else asked.text(ABOUT)
    row = named(asked.db, about)
    more = f"/pages/{texts.HOW_TO_ADD}" if is_there(asked.db, texts.HOW_TO_ADD) else ""
    if not asked.forms:
        lead = _(
            "A resource, an event, a word, a correction. A name or one sentence is enough: others can fill in the rest."
        )
        return HowPage(_("Add something"), lead, more, texts.meant(row) if row else None)
    return correction(asked, row, about, again) if row else _quick(asked, more, again)


def _quick(asked: Asked, more: str, again: Again | None) -> FormPage:
    main = tuple(_quick_inputs(again))
    others = tuple((labels.type_label(name), f"/add/{name}") for name in OFFERED)
    lead = _(
        "A resource, an event, a correction, an idea. Only the first question needs an answer. Others can fill in the rest."
    )
    return FormPage(again=again, heading=_("Add something"), lead=lead, action="/add", main=main, own=(_credit(again),), button=_("Send it"),
        others=others, more_target=more,
    )  # fmt: skip


def _quick_inputs(again: Again | None) -> Iterator[Input]:
    def typed(name: str) -> str:
        return again.form.text(name) if again else ""

    wrong = again.problems if again else {}
    what = _("A title, or one sentence in your own words, in any language.")
    yield Input(
        WHAT,
        _("What is it, or what is it called?"),
        "area",
        typed(WHAT),
        what,
        wrong.get(WHAT, ""),
        rows=2,
        required=True,
    )
    where = _("A web address, a place, a library, somebody’s role.")
    yield Input(WHERE, _("Where can people find it?"), "line", typed(WHERE), where, wrong.get(WHERE, ""))
    yield Input(USEFUL, _("Why is it useful?"), "area", typed(USEFUL), "", wrong.get(USEFUL, ""), rows=4)
    options = tuple(Option(value, lookup(label), value == typed(KIND)) for value, label in QUICK)
    yield Input(KIND, _("What kind of thing is it?"), "radios", "", "", "", options)


def add_type(asked: Asked, kind: str, again: Again | None = None) -> FormPage | None:
    """/add/<kind>: everything that can be said of a new record of that kind."""
    if not asked.forms or kind not in TYPES or kind == AGREEMENT:
        return None
    return new_record(asked.db, TYPES[kind], f"/add/{kind}", (_credit(again),), again, back="/add")


def new_record(
    db: sqlite3.Connection,
    record_type: RecordType,
    action: str,
    own: tuple[Input, ...],
    again: Again | None,
    *,
    second: str = "",
    back: str = "",
) -> FormPage:
    """A form for a record that is not there yet. `second` is what another button says, that lets it wait."""
    main, more = questions(db, record_type, {}, again, required=REQUIRED.get(record_type.name, ("title",)))
    return FormPage(again=again, heading=_("Add: %(kind)s", kind=labels.type_label(record_type.name)), action=action, main=main, more=more,
        lead=_lead(record_type), own=own, second=second, back=back,
        button=_("Send it") if not second else _("Add it now"),
    )  # fmt: skip


def _lead(record_type: RecordType) -> str:
    if record_type.name in REQUIRED:
        return _("People are listed here only if they agree, and until the day that they choose.")
    return _("%(what)s Only the title needs an answer.", what=lookup(record_type.empty))


def correction(asked: Asked, row: sqlite3.Row, about: str, again: Again | None) -> FormPage:
    """/add?about=…: what the record says now, to be changed."""
    record_type, fields = TYPES[row["type"]], shown_fields(row)
    names = correctable(record_type, fields)
    main, _more = questions(asked.db, record_type, fields, again, names=names)
    shown = forms.fingerprints(record_type, fields, again.overtaken if again else names)
    if again:  # of two for one field the last counts
        shown = f"{again.form.text(forms.SHOWN)} {shown}"
    return FormPage(again=again, heading=_("Suggest a correction"), action="/add", main=main, own=(_why(again), _credit(again)),
        lead=_("Change what is wrong and add what is missing. Leave the rest as it is."), button=_("Send it"),
        hidden=((ABOUT, about), (forms.SHOWN, shown)), meant=texts.meant(row),
    )  # fmt: skip


def shown_fields(row: sqlite3.Row) -> dict[str, Any]:
    """What a page says of a record, with its text as it was typed."""
    return cards.loads(row["fields"])


def correctable(record_type: RecordType, fields: Mapping[str, Any]) -> frozenset[str]:
    """Fields of a record that a reader sees in full; the text itself is not among the fields that are published."""
    names = set(main_names(record_type)) - {"body"}
    return frozenset(name for name in names if NOT_SHOWN not in str(fields.get(name, "")))


def remove(asked: Asked, again: Again | None = None) -> FormPage | HowPage | None:
    """/remove?about=…: asking that a record is taken away."""
    about = again.form.text(ABOUT) if again else asked.text(ABOUT)
    row = named(asked.db, about)
    lead = _("Is something here that should not be? Say so. You need not say who you are.")
    if not asked.forms:
        return HowPage(_("Ask for removal"), lead, "", texts.meant(row) if row else None, removal=True)
    if row is None:
        return None
    wrong = again.problems if again else {}
    chosen = again.form.text(REASON) if again else ""
    options = tuple(Option(value, lookup(label), value == chosen) for value, label in REMOVAL_REASONS.items())
    reasons = Input(REASON, _("Why?"), "radios", "", "", wrong.get(REASON, ""), options)
    words = again.form.text(WHY) if again else ""
    hint = _("If you like. Only the people who decide read this. It is deleted 90 days after that.")
    why = Input(WHY, _("What should they know?"), "area", words, hint, wrong.get(WHY, ""), rows=4)
    return FormPage(again=again, heading=_("Ask for removal"), lead=lead, action="/remove", main=(reasons, why), button=_("Ask for removal"),
        hidden=((ABOUT, about),), meant=texts.meant(row), private=True,
    )  # fmt: skip


def paper(asked: Asked) -> PaperPage:
    """/add/paper"""
    questions = (
        (_("What is it, or what is it called?"), _("A title, or one sentence in your own words, in any language."), 2),
        (_("Where can people find it?"), _("A web address, a place, a library, somebody’s role."), 2),
        (_("Why is it useful?"), "", 4),
        (_("How shall we name you?"), _("Your name, a first name, your group, or nothing."), 1),
    )
    organisation = read_meta(asked.db).get("organisation", "")
    url = read_meta(asked.db).get("url", "")
    return PaperPage(_("Add something"), organisation, url, questions, tuple(lookup(label) for _kind, label in QUICK))


# -- their parts


def named(db: sqlite3.Connection, about: str) -> sqlite3.Row | None:
    """The record that stands behind ?about=, such as resources/guidance-2021."""
    folder, _slash, slug = about.partition("/")
    return find(db, FOLDERS[folder], slug) if folder in FOLDERS else None


def _credit(again: Again | None) -> Input:
    hint = _("Your name, a first name, your group, or leave it empty to stay unnamed.")
    return own_input(CREDIT, _("How shall we name you?"), hint, again, autocomplete="name")


def _why(again: Again | None) -> Input:
    hint = _(
        "How do you know? Is something wrong in the long text? Everybody can read this once your correction is used."
    )
    return replace(own_input(WHY, _("Anything else?"), hint, again), widget="area", rows=4)
