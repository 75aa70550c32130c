"""What is looked at before words that somebody typed are signed and go to others: the rules that `cop load` has for files.

Reads no file and no database.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cop import asking, contact_details, fitting, occasions, patch, stale, statement
from cop.contact_details import CONSENTS
from cop.errors import CopError
from cop.fields import label, widest
from cop.fitting import DoesNotFit
from cop.merge import BODY
from cop.model import OWN, PUBLIC, RecordView, Value
from cop.values import WrongValue, check


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field, and what to do about it."""

    name: str
    reason: str
    hint: str


class Unfit(CopError):
    """Something that was typed cannot be saved as it is. Nothing was saved."""

    exit_code = 2

    def __init__(self, type_name: str, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(f"“{label(type_name, first.name)}”: {first.reason}", first.hint)
        self.problems = problems


def check_fields(view: RecordView, values: Mapping[str, Value], audiences: Mapping[str, int], zone: str) -> None:
    """Check new values of fields of a record that is there. Raises: Unfit."""
    fields = {name: value for name, value in {**view.fields, **values}.items() if value is not None}
    problems = tuple(problems_of(view.type, fields, values, audiences, zone))
    if problems:
        raise Unfit(view.type, problems)


def problems_of(
    type_name: str, fields: Mapping[str, Value], changed: Mapping[str, Value], audiences: Mapping[str, int], zone: str
) -> Iterator[Problem]:
    """What is wrong with the `changed` fields of a record that then has these `fields`. `zone`: time zone of the site."""
    for name, value in changed.items():
        try:
            check(type_name, name, value)
        except WrongValue as error:
            yield Problem(name, error.reason, error.hint)
    yield from _unfit(type_name, fields, changed, zone)
    if type_name == "event":
        yield from _of_an_event(fields, changed, audiences)
    if type_name == "person" and any(audiences.get(name, 0) != OWN for name in changed):
        yield from _of_a_person(fields)
    if type_name == "page" and fields.get("slug") == statement.SLUG and audiences.get(BODY, 0) != OWN:
        yield from _of_a_statement(changed)
    yield from _contacts(type_name, fields, changed, audiences, zone)


def _of_a_person(fields: Mapping[str, Value]) -> Iterator[Problem]:
    """Nobody is listed who was not asked, or for ever."""
    if not str(fields.get("consent") or "").strip():
        hint = "Ask them, and write to whom they said so, when and for what. Or keep the entry to your organisation."
        yield Problem("consent", "nobody wrote that this person agreed to be listed", hint)
    elif not fields.get("consent_until"):
        hint = "Ask them until when, and write it here."
        yield Problem("consent_until", "nobody wrote until when this person agreed to be listed", hint)


def _of_a_statement(changed: Mapping[str, Value]) -> Iterator[Problem]:
    """What the law asks for stands in an accessibility statement before others read it."""
    found = statement.missing(str(changed[BODY] or "")) if BODY in changed else None
    if found:
        yield Problem(BODY, found.reason, found.hint)


def _unfit(type_name: str, fields: Mapping[str, Value], changed: Mapping[str, Value], zone: str) -> Iterator[Problem]:
    try:
        fitting.check(type_name, fields, changed.keys())
        if type_name == "event" and zone and "timezone" not in fields:
            fitting.check_clocks(fields, occasions.named_zone(zone))
    except DoesNotFit as error:
        yield Problem(error.name, error.reason, error.hint)


def _of_an_event(
    fields: Mapping[str, Value], changed: Mapping[str, Value], audiences: Mapping[str, int]
) -> Iterator[Problem]:
    blank = asking.missing_for_under_18s(fields)
    if blank and changed and audiences.get("under_18s", 0) != OWN:
        names = ", ".join(f"“{one.label}”" for one in blank)
        yield Problem(
            "under_18s",
            f"people under 18 may come, and this is not answered yet: {names}",
            "Answer each of them first.",
        )


def _contacts(
    type_name: str, fields: Mapping[str, Value], changed: Mapping[str, Value], audiences: Mapping[str, int], zone: str
) -> Iterator[Problem]:
    """Phone numbers and e-mail addresses that would be shown to everybody, though nobody agreed to that."""
    heard = {name: audiences.get(name, widest(type_name, name)) for name in {*fields, *changed}}
    told = {CONSENTS: fields.get(CONSENTS)} if heard.get(CONSENTS) != OWN else {}
    yield from _consents(fields, told.get(CONSENTS), CONSENTS in changed, heard, zone)
    if contact_details.for_all(type_name, fields):
        return
    keys = contact_details.agreed(told, stale.today(), zone)
    for name, value in changed.items():
        if heard[name] == PUBLIC:
            yield from (_contact(name, detail) for detail in contact_details.not_agreed({name: value}, keys, zone))


def _consents(
    fields: Mapping[str, Value], consents: Value, is_changed: bool, heard: Mapping[str, int], zone: str
) -> Iterator[Problem]:
    """What is wrong with consents. `heard`: who gets each field. How others wrote theirs keeps nobody from mending the rest."""
    ours, others = (
        [value for name, value in fields.items() if name != CONSENTS and (heard[name] == OWN) is own]
        for own in (True, False)
    )
    wrong = contact_details.consent_problems(consents, zone, stale.today()) if is_changed else ()
    for reason, hint in (*wrong, *contact_details.told_by_consents(consents, ours, others, zone)):
        yield Problem(CONSENTS, reason, hint)


def _contact(name: str, detail: contact_details.Detail) -> Problem:
    what = "a phone number" if detail.is_number else "an e-mail address"
    hint = "Take it out. Or ask whose it is, and write their consent down first."
    return Problem(name, f"{what} would be shown to others: “{detail.text[:60]}”", hint)


def said(why: str, person: str, zone: str) -> tuple[str, str]:
    """Why something is done and by whom, each on one line, as it is signed. Raises: WrongUsage, Unfit."""
    why, person = patch.reason(why), patch.person(person)
    check_told(why, person, "", zone)
    return why, person


def check_told(why: str, person: str, took_part: str, zone: str) -> None:
    """Check what is told about a save: it goes to everybody who gets the change. Raises: Unfit."""
    told = {"why": why, "person": person, "took_part": took_part}
    problems = tuple(
        replace(_contact(name, detail), hint="Take it out: partners would get it, too.")
        for name, text in told.items()
        for detail in contact_details.not_agreed(text, frozenset(), zone)
    )
    if problems:
        raise Unfit("", problems)
