"""The desk's page on one thing that people sent, to change it before it is used."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cop import accepting, contributions, stale
from cop.contact_details import CONSENTS
from cop.contributions import ADD, CORRECT, Contribution
from cop.errors import CopError, DecidedMeanwhile
from cop.fields import SHARES, TYPES, RecordType
from cop.model import Value
from cop.shared_words import Unfit
from cop.web import at_desk, form_page, form_reading, forms, inbox, labels
from cop.web.at_desk import See, Visit
from cop.web.forms import Group, Input
from cop.web.language import _


@dataclass(frozen=True)
class EditPage:
    """What the template of /desk/inbox/<number> shows."""

    heading: str
    title: str
    back: str
    inputs: tuple[Input, ...]
    more: tuple[Group, ...]
    why: Input
    shown: str
    problems: tuple[tuple[str, str, str], ...]
    notice: str
    status: int = 200
    template: ClassVar[str] = "cop_desk_edit_item.html"


def edit(visit: Visit) -> EditPage | None:
    """/desk/inbox/<number>"""
    item = _open(visit) if visit.session else None
    return _edit_page(visit, item) if item else None


def use_changed(visit: Visit) -> at_desk.Answer:
    """POST /desk/inbox/<number>: use it as it was changed in the form."""
    visit.form.check_has(forms.SHOWN)
    item = _open(visit)
    if item is None:
        return _overtaken(visit)
    record_type, fields, old = _sides(visit.db, item)
    said = {**fields, **_consents(visit.db, item)}
    told = form_reading.read(
        record_type, visit.form, said, names=_names(record_type), zone=visit.served.site.config.timezone,
        today=stale.today(),
    )  # fmt: skip
    if told.problems:
        return _edit_page(visit, item, told.problems)
    try:
        inbox.accept(visit, item.number, _wanted(item, {**told.fields, CONSENTS: fields.get(CONSENTS)}, old))
    except DecidedMeanwhile:
        return _overtaken(visit)
    except Unfit as error:
        return _edit_page(visit, item, {one.name: at_desk.told_problem(one) for one in error.problems})
    except CopError as error:
        return _edit_page(visit, item, {}, at_desk.told(error))
    return See(inbox.TARGET, {"done": str(item.number)})


def _open(visit: Visit) -> Contribution | None:
    try:
        item = contributions.open_one(visit.db, int(visit.parts["number"]))
    except CopError:
        return None
    return item if item.sent.what in (ADD, CORRECT) else None


def _overtaken(visit: Visit) -> at_desk.Answer:
    """Where to go if it cannot be changed any more: what was typed is shown beside what was decided."""
    number = int(visit.parts["number"])
    try:
        item = contributions.by_number(visit.db, number)
    except CopError:
        return See(inbox.TARGET)
    if item.waits or item.sent.type not in TYPES:
        return See(inbox.TARGET)
    record_type = TYPES[item.sent.type]
    touched = form_reading.read(record_type, visit.form, names=_names(record_type)).touched
    typed = [
        (labels.field_label(record_type, field.name), forms.typed_text(field, visit.form))
        for field in record_type.fields
        if field.name in touched
    ]
    return inbox.overtaken(visit, number, [*typed, (_("A word to whoever sent it"), visit.form.text("why"))])


def _sides(db: sqlite3.Connection, item: Contribution) -> tuple[RecordType, dict[str, Value], Mapping[str, Value]]:
    """Its kind, the fields as they would be, and as they were."""
    before = accepting.seen(db, item.sent) if item.sent.what == CORRECT else None
    old = before.fields if before else {}
    after: dict[str, Value] = {name: value for name, value in {**old, **item.sent.fields}.items() if value is not None}
    return TYPES[before.type if before else item.sent.type], after, old


def _consents(db: sqlite3.Connection, item: Contribution) -> Mapping[str, Value]:
    return accepting.consents(db, item.sent.record_id) if item.sent.what == CORRECT else {}


def _wanted(item: Contribution, fields: Mapping[str, Value], old: Mapping[str, Value]) -> Mapping[str, Value]:
    """All of something new; of a correction what differs from what the page said."""
    if item.sent.what == ADD:
        return fields
    return {name: fields.get(name) for name in {**old, **fields} if fields.get(name) != old.get(name)}


def _names(record_type: RecordType) -> frozenset[str]:
    """Fields that everybody may see."""
    return frozenset(one.name for one in record_type.fields if one.share == SHARES[0])


def _edit_page(
    visit: Visit, item: Contribution, problems: Mapping[str, str] | None = None, notice: str = ""
) -> EditPage:
    record_type, fields, _old = _sides(visit.db, item)
    again = visit.form if visit.form.pairs else None
    with at_desk.published(visit) as public:
        known = form_page.known(public, record_type) if public else {}
    found = list(
        forms.inputs(
            record_type,
            fields,
            names=_names(record_type),
            form=again,
            problems=problems,
            known=known,
            required=("title",),
        )
    )
    first = (*form_page.main_names(record_type), *item.sent.fields)
    by_name = {one.name: one for one in found}
    why = Input("why", _("A word to whoever sent it"), "line", visit.form.text("why"), _why_hint())
    return EditPage(
        heading=_("Change it first"),
        title=item.sent.title or (row["title"] if (row := inbox.record(visit.db, item.sent.record_id)) else ""),
        back=inbox.TARGET,
        inputs=tuple(by_name[name] for name in dict.fromkeys(first) if name in by_name),
        more=forms.groups(record_type, (one for one in found if one.name not in first)),
        why=why,
        shown=forms.fingerprints(record_type, fields, _names(record_type)),
        problems=tuple((one.name, one.label, one.problem) for one in found if one.problem),
        notice=notice,
        status=422 if problems or notice else 200,
    )


def _why_hint() -> str:
    return _("If you like. Everybody who gets the change can read it.")
