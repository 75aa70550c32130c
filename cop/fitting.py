"""Whether times, the state of an event and the rule of an agreement fit as people wrote them, and what to write if not."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import Any

from cop import wall_clocks
from cop.fields import AGREEMENT, ANY, EACH_KIND, EVENT_STATES, MOST_ASKED, NO_RULE, ORGANISATION_KINDS, PUBLISHING
from cop.occasions import Occasions, alike, at_clock_of, day_of, named_zone, occasions, point, zone_names
from cop.taking_place import planned

_TIMES = frozenset({"start", "end", "timezone", "repeats", "also_on", "not_on", "moved"})
_TERMS = frozenset({"publishing", "how_many", "kinds"})  # of an agreement
HIDDEN_STATES = ("draft", "private")  # how other programs mark what is not to be seen: such a file goes to nobody


class DoesNotFit(ValueError):
    """What does not fit together, in which field, and what would."""

    def __init__(self, name: str, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.name, self.reason, self.hint = name, reason, hint


def check(type_name: str, fields: Mapping[str, Any], changed: Collection[str] | None = None) -> None:
    """Check what was changed: the state, the time zone, and whether the dates fit together. Raises: DoesNotFit.

    None: all of it. What does not fit in a record of others then keeps nobody from mending the rest.
    """
    asked = changed if changed is not None else ("status", *_TIMES)
    if type_name in ("event", "project") and not _TIMES.isdisjoint(asked):
        _check_order(fields.get("start"), fields.get("end"), named_zone(fields.get("timezone")))
    if type_name == AGREEMENT:
        _check_terms(fields, changed if changed is not None else _TERMS)
    if type_name != "event":
        return
    if "status" in asked:
        _check_state(fields.get("status"))
    if "timezone" in asked:
        _check_zone(fields.get("timezone"))
    if not _TIMES.isdisjoint(asked):
        check_clocks(fields, named_zone(fields.get("timezone")))
        _check_series(fields)


def _check_series(fields: Mapping[str, Any]) -> None:
    name = next((name for name in ("repeats", "also_on", "not_on", "moved") if fields.get(name)), "")
    if not name:
        return
    when = occasions(fields)
    if when is None:
        raise DoesNotFit(name, "the day of the first time is missing", "Add a line such as: start: 2026-12-08T18:00")
    if fields.get("repeats"):
        _check_rule(fields, when)
    zone = named_zone(fields.get("timezone"))
    also = [point(text, zone) for text in fields.get("also_on") or []]
    if not all(one is not None and alike(at_clock_of(one, when.start), when.start) for one in also):
        hint = "Write days, or moments like “start”: with a time zone if it has one, without if it has none."
        raise DoesNotFit("also_on", "one of these is not written like “start”", hint)
    for name, days in (("not_on", [day_of(one) for one in when.without]), ("moved", [one.day for one in when.moved])):
        given = fields.get(name) or []
        wrong = next((day for day in days if planned(when, day) is None), None)
        if wrong or len(days) != len(given):
            day = wrong.isoformat() if wrong else "one of these"
            raise DoesNotFit(
                name, f"{day} is no date of this series", "Write days on which it would take place otherwise."
            )


def _check_state(state: object) -> None:
    """Refused, not only remarked on: people would come to an event that looks as if it went ahead."""
    known = (*EVENT_STATES, *HIDDEN_STATES)
    if not isinstance(state, str) or state.casefold() in known:
        return
    near = get_close_matches(state.casefold(), EVENT_STATES, 1, 0.8)
    meant = f"Did you mean: {near[0]}? " if near else ""
    hint = (
        f"{meant}Write one of: {', '.join(EVENT_STATES)}. Say more in a line such as: status_note: New day to follow."
    )
    raise DoesNotFit("status", f"“{state[:60]}” is not a word of its list", hint)


def _check_terms(fields: Mapping[str, Any], asked: Collection[str]) -> None:
    """Refused: else the network would go by a rule that nobody wrote, as what cannot be read counts as another one."""
    publishing, many = fields.get("publishing"), fields.get("how_many")
    if "publishing" in asked and publishing is not None and publishing not in PUBLISHING:
        raise DoesNotFit("publishing", *_not_listed(str(publishing), PUBLISHING))
    if "how_many" in asked and isinstance(many, int) and not 0 < many <= MOST_ASKED:
        hint = f"Write a number from 1 to {MOST_ASKED:,}. To ask nobody, write: publishing: {NO_RULE}"
        raise DoesNotFit("how_many", f"an agreement cannot ask for {str(many)[:20]} organisations", hint)
    kinds = told if isinstance(told := fields.get("kinds"), list | tuple) else []  # partners may write anything
    wrong = next((str(one) for one in kinds if one not in ORGANISATION_KINDS), None)
    if "kinds" in asked and wrong is not None:
        raise DoesNotFit("kinds", *_not_listed(wrong, ORGANISATION_KINDS))
    if publishing == EACH_KIND and not kinds and not {"publishing", "kinds"}.isdisjoint(asked):
        hint = f"Add a line such as: kinds: [{', '.join(ORGANISATION_KINDS[:2])}]. Or write: publishing: {ANY}"
        raise DoesNotFit("publishing", "nobody wrote which kinds of organisations are asked", hint)


def _not_listed(word: str, known: tuple[str, ...]) -> tuple[str, str]:
    """What is wrong with a word that is none of these, and what may be meant."""
    near = get_close_matches(word.casefold(), known, 1, 0.8)
    meant = f"Did you mean: {near[0]}? " if near else ""
    return f"“{word[:60]}” is not a word of its list", f"{meant}Write one of: {', '.join(known)}."


def _check_zone(name: object) -> None:
    if not name or named_zone(name) or not zone_names():
        return
    near = _near_zone(str(name).strip())
    hint = f"Did you mean {near}?" if near else "Write the name of a large town there, such as Europe/London."
    raise DoesNotFit("timezone", f"there is no time zone “{str(name)[:40]}”", hint)


def _near_zone(name: str) -> str:
    """The name that looks most like it, also like its town alone; "" if none does."""
    places = [one for one in sorted(zone_names(), reverse=True) if "/" in one and not one.startswith("Etc/")]
    looks = {one.rpartition("/")[2].casefold(): one for one in places} | {one.casefold(): one for one in places}
    found = get_close_matches(name.casefold().replace(" ", "_"), looks, 1, 0.8)
    return looks[found[0]] if found else ""


def _check_order(start: object, end: object, zone: tzinfo | None) -> None:
    if isinstance(start, str) and isinstance(end, str) and _is_before(end, start, zone):
        hint = "Mend one of the two. If nobody knows when it ends, take the line “end” out."
        raise DoesNotFit("end", f"{end[:40]} is before “start” ({start[:40]})", hint)


def _is_before(end: str, start: str, zone: tzinfo | None) -> bool:
    """As far as both are known: of a year or a month, only that is compared."""
    first, last = point(start, zone), point(end, zone)
    if isinstance(first, datetime) and isinstance(last, datetime) and alike(first, last):
        with suppress(OverflowError):  # as moments: where clocks go back, 01:15 may come after 01:30
            first, last = (one.astimezone(UTC) if one.tzinfo else one for one in (first, last))
        return last < first
    length = min(len(start), len(end), len("2026-12-10"))
    return end[:length] < start[:length]


def check_clocks(fields: Mapping[str, Any], zone: tzinfo | None) -> None:
    """Check that the clocks of the place show each time, and show it once. Raises: DoesNotFit."""
    if zone is None:
        return
    for name, text in _times(fields):
        if found := wall_clocks.wrong(text, zone):
            raise DoesNotFit(name, *found)


def _times(fields: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from ((name, fields.get(name)) for name in ("start", "end"))
    yield from (("also_on", text) for text in fields.get("also_on") or [])
    yield from (("moved", one.get("to")) for one in fields.get("moved") or [] if isinstance(one, Mapping))


def _check_rule(fields: Mapping[str, Any], when: Occasions) -> None:
    if isinstance(when.start, datetime) and when.start.tzinfo is not None and not named_zone(fields.get("timezone")):
        hint = "Add a line such as: timezone: Europe/London. Else nobody knows the time when clocks change."
        raise DoesNotFit("repeats", "the time zone is missing", hint)
    if when.rule is None:
        hint = "The line “start” must be the first of its days, not after its end. No month may be too short for it."
        raise DoesNotFit("repeats", f"it does not begin on {day_of(when.start).isoformat()}", hint)
