"""Why a content file that can be read is not loaded all the same. Pure."""

from collections.abc import Iterator
from datetime import date

from cop import contact_details, fitting, occasions, small_groups
from cop.contact_details import CONSENTS, Detail
from cop.content import ContentFile
from cop.ending import in_a_year
from cop.fitting import DoesNotFit
from cop.merge import BODY
from cop.model import OWN, PUBLIC, Value
from cop.reading import Problem

_OR_KEEP = ". Or keep the entry to yourselves: share: own"


def refusal(file: ContentFile, timezone: str, today: date) -> Problem | None:
    """The first reason, with line and what to do; None for most files. `timezone` is that of the site, or ""."""
    first = _wrong_clock(file, timezone) or _not_asked(file, today) or _small_group(file)
    return first or next(_contacts(file, timezone, today), None)


def _small_group(file: ContentFile) -> Problem | None:
    """So few people of one role in a step of a log that somebody could be recognised."""
    name = small_groups.LOG
    if file.type != small_groups.PROJECT or file.audience(name) == OWN:
        return None
    for group in small_groups.too_small(file.fields.get(name)):
        reason = (
            f"{group.number} of “{group.role[:60]}” took part in a step: in so small a group people can be recognised"
        )
        return _problem(
            file, name, reason, f"Count only groups of {small_groups.LEAST} or more. Write the role without a number"
        )
    return None


def _not_asked(file: ContentFile, today: date) -> Problem | None:
    """Somebody would be listed who, as far as the file says, was not asked, or for ever."""
    if file.type != "person" or file.audience("title") == OWN:
        return None
    if not str(file.fields.get("consent") or "").strip():
        how = f'Ask them, and write: consent: "said so to …, {today}, to be found by people who need help"'
        return _problem(file, "title", "nobody wrote that this person agreed to be listed", f"{how}{_OR_KEEP}")
    if not file.fields.get("consent_until"):
        how = f"Ask them until when, and write: consent_until: {in_a_year(today)}"
        return _problem(file, "consent", "nobody wrote until when this person agreed to be listed", f"{how}{_OR_KEEP}")
    return None


def _wrong_clock(file: ContentFile, timezone: str) -> Problem | None:
    """A time that the clocks of this site skip or show twice, in an event that does not say its time zone."""
    if file.type != "event" or not timezone or "timezone" in file.fields:
        return None
    try:
        fitting.check_clocks(file.fields, occasions.named_zone(timezone))
    except DoesNotFit as error:
        return _problem(file, error.name, f"“{error.name}”: {error.reason}", error.hint)
    return None


def _contacts(file: ContentFile, zone: str, today: date) -> Iterator[Problem]:
    """Phone numbers and e-mail addresses that would be shown to everybody, though nobody agreed to that."""
    said = file.fields.get(CONSENTS) if file.audience(CONSENTS) != OWN else None
    yield from _consents(file, said, zone, today)
    if contact_details.for_all(file.type, file.fields):
        return
    shown = {name: value for name, value in file.fields.items() if file.audience(name) == PUBLIC}
    keys = contact_details.agreed({CONSENTS: said}, today, zone)
    for name in sorted(shown, key=lambda one: (file.lines.get(one, file.body_line), one)):
        for detail in contact_details.not_agreed({name: shown[name]}, keys, zone):
            what = "a phone number" if detail.is_number else "an e-mail address"
            before = str(shown[name]).count("\n", 0, detail.start) if name == BODY else 0
            yield _problem(
                file, name, f"{what} would be shown to others: “{detail.text[:60]}”", _how(name, detail, today), before
            )


def _consents(file: ContentFile, consents: Value, zone: str, today: date) -> Iterator[Problem]:
    ours, others = (
        [value for name, value in file.fields.items() if name != CONSENTS and (file.audience(name) == OWN) is own]
        for own in (True, False)
    )
    wrong = contact_details.consent_problems(consents, zone, today)
    for reason, hint in (*wrong, *contact_details.told_by_consents(consents, ours, others, zone)):
        yield _problem(file, CONSENTS, reason, hint)


def _how(name: str, detail: Detail, today: date) -> str:
    line = f'- {{who: "…", detail: "{detail.text[:60]}", when: {today}, for: "…", until: {in_a_year(today)}}}'
    return f"Take it out. Or keep it to yourselves: share_fields: {{{name}: own}}. Or ask whose it is, and write under consents: {line}"


def _problem(file: ContentFile, name: str, reason: str, hint: str, below: int = 0) -> Problem:
    line = file.body_line if name == BODY else file.lines.get(name, 1)
    return Problem(f"content/{file.path}", line + below, reason, hint)
