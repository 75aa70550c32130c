"""Why a content file that can be read is not loaded all the same. Pure."""

from collections.abc import Iterator
from datetime import date

from cop import contact_details, fitting, occasions, small_groups
from cop.contact_details import CONSENTS, PARTS, Detail
from cop.content import ContentFile
from cop.ending import is_over
from cop.fitting import DoesNotFit
from cop.merge import BODY
from cop.model import OWN, Value
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
        how = f"Ask them until when, and write: consent_until: {_in_a_year(today)}"
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
    """Phone numbers and e-mail addresses that would go to others, though nobody agreed to that."""
    shared = {name: value for name, value in file.fields.items() if file.audience(name) != OWN}
    yield from _consents(file, shared.get(CONSENTS), zone, today)
    if contact_details.for_all(file.type, file.fields):
        return
    keys = contact_details.agreed(shared, today, zone)
    for name in sorted(shared, key=lambda one: (file.lines.get(one, file.body_line), one)):
        for detail in contact_details.not_agreed({name: shared[name]}, keys, zone):
            what = "a phone number" if detail.is_number else "an e-mail address"
            before = str(shared[name]).count("\n", 0, detail.start) if name == BODY else 0
            yield _problem(
                file, name, f"{what} would be shown to others: “{detail.text[:60]}”", _how(name, detail, today), before
            )


def _consents(file: ContentFile, consents: Value, zone: str, today: date) -> Iterator[Problem]:
    hint = f"Write for each: {{{', '.join(f'{part}: …' for part in PARTS)}}}. “until” is a day, such as {_in_a_year(today)}."
    for one in consents if isinstance(consents, list) else ():
        if not isinstance(one, dict) or not contact_details.is_whole(one):
            yield _problem(
                file, CONSENTS, "a consent does not say who agreed to what, when, for what and until when", hint
            )
        elif not contact_details.is_day(one["until"]):
            yield _problem(file, CONSENTS, f"“{str(one['until'])[:40]}” is not a day", hint)
        elif not contact_details.find(str(one["detail"]), zone):
            yield _problem(file, CONSENTS, f"“{str(one['detail'])[:60]}” is no phone number or e-mail address", hint)
        elif is_over(one["until"], today):
            reason = f"the consent to show “{str(one['detail'])[:60]}” ended on {str(one['until'])[:10]}"
            yield _problem(file, CONSENTS, reason, "Take the detail and the consent out, or ask again.")


def _how(name: str, detail: Detail, today: date) -> str:
    line = f'- {{who: "…", detail: "{detail.text[:60]}", when: {today}, for: "…", until: {_in_a_year(today)}}}'
    return f"Take it out. Or keep it to yourselves: share_fields: {{{name}: own}}. Or ask whose it is, and write under consents: {line}"


def _in_a_year(today: date) -> str:
    return (
        f"{today.year + 1}{today.isoformat()[4:]}" if (today.month, today.day) != (2, 29) else f"{today.year + 1}-02-28"
    )


def _problem(file: ContentFile, name: str, reason: str, hint: str, below: int = 0) -> Problem:
    line = file.body_line if name == BODY else file.lines.get(name, 1)
    return Problem(f"content/{file.path}", line + below, reason, hint)
