"""The desk's form for one entry: what it asks, what it shows once more, and what becomes of it when it is sent.

For which entries it is shown, `edit` says.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from cop import editing, identity, stale
from cop.editing import Edit
from cop.errors import CopError
from cop.fields import BY_COMMAND, RecordType
from cop.merge import BODY
from cop.model import PUBLIC, Value
from cop.shared_words import Unfit
from cop.web import at_desk, form_page, form_reading, forms, preview
from cop.web.at_desk import Answer, See, Visit
from cop.web.forms import Group, Input
from cop.web.language import _, apart
from cop.web.posting import DO, Form

HEADS, WHY = "heads", "my-why"  # inputs that are no fields of a record
PREVIEW, GO_ON = "preview", "edit"  # what the buttons beside "save" do
BUTTONS = ("", PREVIEW, GO_ON)  # the first saves: it has no name


@dataclass(frozen=True)
class EditPage:
    """A form for one entry."""

    heading: str
    kind: str
    title: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    main: tuple[Input, ...]
    more: tuple[Group, ...]  # folded
    own: tuple[Input, ...]  # about the change
    problems: tuple[tuple[str, str, str], ...]  # name, label, what is wrong
    notice: str  # what is in the way that is no field
    done: str  # what was just done
    beside: str  # the labels of fields that have to be settled, and so are not in the form
    settle: str
    unsaved: str  # path of its content file, if that has edits that were not saved
    target: str  # its page, "" if readers do not see it
    history: str
    state: str  # why readers do not see it, in words
    is_withdrawn: bool
    withdraw: str  # the address to withdraw it at; "" for a new one
    status: int = 200
    template: ClassVar[str] = "cop_desk_edit.html"


@dataclass(frozen=True)
class Again:
    """What was sent and must be looked at once more."""

    form: Form
    problems: Mapping[str, str]  # by name of an input
    notice: str = ""
    status: int = 422


ShowAgain = Callable[[Again], EditPage]


def take(visit: Visit, edit: Edit, show: ShowAgain) -> Answer:
    """Save it, or show what it would be; if it cannot be, show the form again."""
    site = visit.served.site
    try:
        if visit.form.text(DO) == PREVIEW:
            return preview.page(visit, edit)
        signer = identity.ensure(site, visit.db, visit.now)
        why, person = visit.form.text(WHY), visit.person
        saved = editing.save(site, visit.db, signer, edit, now=visit.now, why=why, person=person)
    except Unfit as error:
        wrong = {
            WHY if one.name in ("why", "person") else one.name: at_desk.told_problem(one) for one in error.problems
        }
        return show(Again(visit.form, wrong))
    except CopError as error:
        return show(Again(visit.form, {}, at_desk.told(error)))
    if saved.differing:
        return See(f"/desk/conflicts/{edit.record_id}", {"done": "two"})
    done = "both" if saved.others else "saved" if saved.is_changed else "same"
    return See(f"/desk/edit/{edit.record_id}", {"done": done})


def read(
    visit: Visit, record_type: RecordType, before: Mapping[str, Value], share: int, narrow: Collection[str] = ()
) -> tuple[form_reading.Filled, dict[str, str]]:
    """What was typed, and what is wrong with it. What is not for everybody may name phone numbers and e-mail addresses.

    `share`: audience of the record; `narrow`: its fields that go to fewer.
    """
    today, zone = stale.today() if share == PUBLIC else None, visit.served.site.config.timezone
    filled = form_reading.read(record_type, visit.form, before, zone=zone, today=today, narrow=narrow)
    return filled, dict(filled.problems)


def values(filled: form_reading.Filled) -> dict[str, Value]:
    """What to save: the fields that say something else than before."""
    return {name: filled.fields.get(name) for name in filled.touched}


def questions(
    visit: Visit, record_type: RecordType, fields: Mapping[str, Value], again: Again | None, without: frozenset[str]
) -> tuple[tuple[Input, ...], tuple[Group, ...]]:
    """What is asked first, and the rest by its headings."""
    names = frozenset(one.name for one in record_type.fields) - without - BY_COMMAND
    with at_desk.published(visit) as db:
        known = form_page.known(db, record_type) if db else {}
    form, problems = (again.form, again.problems) if again else (None, None)
    found = forms.inputs(record_type, fields, names=names, form=form, problems=problems, known=known)
    by_name = {one.name: one for one in found}
    first = [name for name in dict.fromkeys((*form_page.main_names(record_type), BODY)) if name in by_name]
    rest = [one for name, one in by_name.items() if name not in first]
    return tuple(by_name[name] for name in first), forms.groups(record_type, rest)


def why_input(again: Again | None) -> Input:
    """The question why somebody makes this change."""
    hint = _("One sentence is enough. It stands in the history, for everybody who gets this change.")
    typed, wrong = (again.form.text(WHY), again.problems.get(WHY, "")) if again else ("", "")
    return Input(WHY, _("Why do you change it?"), "line", typed, hint, wrong)


def problems_of(
    main: tuple[Input, ...], more: tuple[Group, ...], again: Again | None
) -> tuple[tuple[str, str, str], ...]:
    """Name and label of each input that must be looked at once more, and what is wrong."""
    asked = (*main, *(one for group in more for one in group.inputs), why_input(again))
    shown = {one.name for one in asked}
    left: Iterator[tuple[str, str, str]] = (
        (name, apart(name), text) for name, text in (again.problems if again else {}).items() if name not in shown
    )
    return (*((one.name, one.label, one.problem) for one in asked if one.problem), *left)
