"""A page with a form: which questions of a kind of record it asks, what it shows again if something must be mended."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from cop import attachments
from cop.fields import BY_COMMAND, SETTINGS, SHARES, RecordType
from cop.model import Value
from cop.web import forms
from cop.web.forms import Group, Input
from cop.web.language import _, lookup
from cop.web.posting import Form
from cop.web.texts import Meant

MOST = 10_000  # characters of one answer
TRAP = "homepage"  # an input that only machines fill in
# In the order in which they are offered
OFFERED = (
    "resource", "event", "post", "word", "technique", "opportunity", "training", "project", "organisation", "person",
    "principle", "checklist", "note", "topic", "page",
)  # fmt: skip
# Asked first, beside title, summary, text and topics
_MAIN: Mapping[str, tuple[str, ...]] = {
    "resource": ("label", "url", "authors", "publisher", "year", "kind", "open_access"),
    "event": ("start", "end", "place", "format", "organisers", "url", "booking"),
    "post": ("authors", "date", "kind"),
    "person": ("consent", "consent_until", "organisation", "offers"),
    "organisation": ("kind", "url", "aliases"),
    "project": ("start", "end", "organisers", "url"),
    "principle": ("tradition", "how"),
    "technique": ("purpose", "group_size", "time_needed", "materials", "remote"),
    "opportunity": ("kind", "organisers", "closes", "pay", "no_degree_needed", "url"),
    "training": ("organisers", "level", "cost", "next_date", "url"),
    "note": ("about",),
    "checklist": ("items",),
    "topic": ("parent",),
}
REQUIRED = {"person": ("title", "consent", "consent_until")}
_UNDER_18 = SETTINGS[-1]
_FIRST, _LAST = ("title", "summary"), ("body", "topics", "languages")
_NOT_ASKED = BY_COMMAND | {
    "slug", "same_as_in", "consents", "link_reports", "timezone_basis", "kind_basis", "date_basis", "moved_from", "section",
    "also_in", "cited_as", "supersedes", "superseded_by", "part_of", "credits", "passed_on_by", "under_18s", "status",
    "status_note", "moved", "not_on", "also_on", "papers_out", "other_names", "sources",
}  # fmt: skip


@dataclass(frozen=True)
class Again:
    """What somebody sent that must be looked at once more."""

    form: Form
    problems: Mapping[str, str] = field(default_factory=dict)  # by name of an input
    notice: str = ""  # what is in the way that is not in the form; the words are in the catalogues
    overtaken: frozenset[str] = frozenset()  # fields whose sender now sees what others made of them meanwhile


@dataclass(frozen=True)
class FormPage:
    """A page with a form."""

    heading: str
    lead: str
    action: str  # the address that it is sent to
    main: tuple[Input, ...]
    button: str
    again: Again | None
    more: tuple[Group, ...] = ()  # folded
    own: tuple[Input, ...] = ()  # about whoever sends it
    hidden: tuple[tuple[str, str], ...] = ()
    meant: Meant | None = None
    private: bool = False  # what is written goes to nobody else
    others: tuple[tuple[str, str], ...] = ()  # labels and addresses of other forms
    more_target: str = ""
    second: str = ""  # what another button says, that lets it wait
    back: str = ""  # a page that this one lies below
    trap: ClassVar[str] = TRAP
    template: ClassVar[str] = "cop_form.html"

    @property
    def problems(self) -> tuple[tuple[str, str, str], ...]:
        """Name and label of each input that must be looked at once more, and what is wrong."""
        wrong = self.again.problems if self.again else {}
        every = (*self.main, *(one for group in self.more for one in group.inputs), *self.own)
        found = [(one.name, one.label, one.problem) for one in every if one.problem]
        found += [(self.main[0].name, _("It is not kept yet"), wrong[""])] if "" in wrong else []
        found += [(TRAP, _("Leave this empty"), wrong[TRAP])] if TRAP in wrong else []
        return tuple(found)

    @property
    def notice(self) -> str:
        """What is in the way that is not in the form."""
        return lookup(self.again.notice) if self.again else ""

    @property
    def status(self) -> int:
        """Of the answer."""
        return 422 if self.again else 200


def asked_names(record_type: RecordType) -> frozenset[str]:
    """Fields that readers are asked for: those that anybody may see, and that a form can take."""
    return frozenset(
        one.name
        for one in record_type.fields
        if one.share == SHARES[0]
        and one.name not in _NOT_ASKED
        and one.kind not in attachments.KINDS
        and one.when != _UNDER_18  # asked at the desk
    )


def main_names(record_type: RecordType) -> tuple[str, ...]:
    """Those that are asked first."""
    names = (*_FIRST, *_MAIN.get(record_type.name, ()), *_LAST)
    return tuple(name for name in names if name in asked_names(record_type))


def known(db: sqlite3.Connection, record_type: RecordType) -> dict[str, list[tuple[str, str]]]:
    """Topics and projects that can be ticked, by the name of the field."""
    wanted = [one for one in record_type.fields if one.kind == "set" and one.to in ("topic", "project")]
    query = "SELECT slug, title FROM records WHERE type = ? ORDER BY title COLLATE NOCASE LIMIT ?"
    return {one.name: [tuple(row) for row in db.execute(query, (one.to, forms.FEW_TICKS + 1))] for one in wanted}


def questions(
    db: sqlite3.Connection,
    record_type: RecordType,
    fields: Mapping[str, Value],
    again: Again | None,
    *,
    names: frozenset[str] | None = None,
    required: tuple[str, ...] = (),
) -> tuple[tuple[Input, ...], tuple[Group, ...]]:
    """What is asked first, and the rest by its headings."""
    found = forms.inputs(
        record_type, fields, names=names or asked_names(record_type), form=again.form if again else None,
        problems=again.problems if again else None, known=known(db, record_type), required=required,
    )  # fmt: skip
    by_name = {one.name: one for one in found}
    first = [name for name in main_names(record_type) if name in by_name]
    rest = [one for name, one in by_name.items() if name not in first]
    return tuple(by_name[name] for name in first), forms.groups(record_type, rest)


def own_input(name: str, label: str, hint: str, again: Again | None, autocomplete: str = "off") -> Input:
    """A question that is no field of a record."""
    typed = again.form.text(name) if again else ""
    wrong = again.problems.get(name, "") if again else ""
    return Input(name, label, "line", typed, hint, wrong, autocomplete=autocomplete)
