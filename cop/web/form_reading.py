"""From a form back to the fields of a record: what was typed, and what is wrong with it.

A value counts as changed only if its text is not the one that the page showed. `forms` makes the form.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date

from cop import attachments, contact_details, fitting
from cop.fields import Field, RecordType, widest
from cop.fitting import DoesNotFit
from cop.model import PUBLIC, Value
from cop.publish import title_of
from cop.values import WrongValue, check
from cop.web import form_words, typed
from cop.web.forms import NOT_SHOWN, SHOWN, fingerprint, typed_text
from cop.web.language import _, apart, lookup, ngettext
from cop.web.posting import Form
from cop.web.words import spaced

MOST_NAMED = 5  # contact details of one answer


@dataclass(frozen=True)
class Filled:
    """What a form says."""

    fields: Mapping[str, Value]  # of the whole record, with what was typed put in
    touched: frozenset[str]  # names of fields that say something else than the page showed
    problems: Mapping[str, str]  # by name of a field, in words for people
    overtaken: frozenset[str] = frozenset()  # those of the touched that somebody else has changed meanwhile


def read(
    record_type: RecordType,
    form: Form,
    before: Mapping[str, Value] | None = None,
    *,
    names: Collection[str] | None = None,
    most: int = 600_000,
    zone: str = "",
    today: date | None = None,
    narrow: Collection[str] = (),
    shown: Mapping[str, Value] | None = None,
) -> Filled:
    """What the form says of the fields `names`, all of them if None. `before` is what the record says without it.

    `most` is how many characters fit in one field. With `today`, phone numbers and e-mail addresses are looked for, but not
    in the fields `narrow`, which do not go to everybody; what stands in `shown` may stand there, as readers see it already.
    """
    before = before or {}
    prints = dict(one.partition("=")[::2] for one in form.text(SHOWN).split())
    after, problems, touched, overtaken = dict(before), {}, set(), set()
    for field in record_type.fields:
        if field.name in NOT_SHOWN or (names is not None and field.name not in names) or not form.has(field.name):
            continue
        text, old = typed_text(field, form), before.get(field.name)
        now = fingerprint(field, typed.text(field, old))
        was = prints.get(field.name) or now
        if fingerprint(field, text) == was or field.kind in attachments.KINDS or not typed.comes_back(field, old):
            continue
        touched.add(field.name)
        if now not in (was, fingerprint(field, text)):
            overtaken.add(field.name)
        value, problem = _value(record_type, field, text, old, most)
        after = {**after, field.name: value} if value is not None else _without(after, field.name)
        if problem:
            problems[field.name] = problem
    problems |= _together(record_type, after, touched, problems)
    if today:
        names = touched - set(problems) - set(narrow)
        problems |= contacts(record_type, after, names, zone, today, shown)
    return Filled(after, frozenset(touched), problems, frozenset(overtaken))


def _without(fields: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {one: value for one, value in fields.items() if one != name}


def _value(record_type: RecordType, field: Field, text: str, old: Value, most: int) -> tuple[Value, str]:
    """The value, and what is wrong with it; what is wrong is kept in the form, not in the fields."""
    if len(text) > most:
        return old, lookup(form_words.TOO_LONG)
    if field.kind == "choice" and field.choices and text and text not in (*field.choices, old):
        return old, lookup(form_words.WRONG["choice"])
    try:
        return check(record_type.name, field.name, typed.value(field, text, old)), ""
    except WrongValue:
        wrong = lookup(form_words.WRONG.get(field.kind, form_words.CANNOT_BE_KEPT))
        takes_a_time = record_type.name == "event" and field.name in ("start", "end")
        return old, spaced(wrong, lookup(field.help)) if takes_a_time else wrong


def _together(
    record_type: RecordType, fields: Mapping[str, Value], touched: Set[str], problems: Mapping[str, str]
) -> dict[str, str]:
    """What is wrong with all of it: no name, or dates that do not fit each other."""
    wrong: dict[str, str] = {}
    if not title_of(fields):
        wrong["title"] = problems.get("title") or lookup(form_words.WHAT_IS_IT)
    try:
        fitting.check(record_type.name, fields, touched)
    except DoesNotFit as error:
        said = form_words.WRONG_TOGETHER.get(error.name, form_words.DATES_DO_NOT_FIT)
        wrong |= {} if error.name in problems else {error.name: lookup(said)}
    return wrong


def contacts(
    record_type: RecordType,
    fields: Mapping[str, Value],
    names: Iterable[str],
    zone: str,
    today: date,
    shown: Mapping[str, Value] | None = None,
) -> dict[str, str]:
    """Phone numbers and e-mail addresses that everybody would see, though nobody wrote down that their owner agrees."""
    if contact_details.for_all(record_type.name, fields):
        return {}
    keys, found = contact_details.agreed(fields, today, zone) | contact_details.keys_in(dict(shown or {}), zone), {}
    for name in names:
        if widest(record_type.name, name) != PUBLIC:
            continue
        if details := list(contact_details.not_agreed(fields.get(name), keys, zone)):
            found[name] = contact_problem(details)
    return found


def contact_problem(details: Iterable[contact_details.Detail]) -> str:
    """What to say about the phone numbers and e-mail addresses that somebody typed: all of them at once."""
    each = list({one.key or one.text: one for one in details}.values())
    looks = [_looks(one) for one in each[:MOST_NAMED]]
    if len(each) > MOST_NAMED:
        more = len(each) - MOST_NAMED
        looks.append(ngettext("and %(num)s more", "and %(num)s more", more) + ".")
    if len(each) == 1:
        why = _("It would go to every partner and could not be called back.")
        return spaced(*looks, why, _("Please take it out, or say whom to ask by their role."))
    why = _("They would go to every partner and could not be called back.")
    return spaced(*looks, why, _("Please take them out, or say whom to ask by their role."))


def _looks(detail: contact_details.Detail) -> str:
    text = apart(detail.text[:60])
    if detail.is_number:
        return _("“%(detail)s” looks like a phone number.", detail=text)
    return _("“%(detail)s” looks like an e-mail address.", detail=text)
