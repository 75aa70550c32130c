"""How an event repeats, in the words that people write: "every 2 weeks on Tuesday and Thursday until 2027-06-30".

The words are part of what the rules of calendar files can say (RFC 5545 section 3.3.10), so that every calendar
program understands them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MOST_TIMES = 200
HELP = (
    "Write for example: every week, every 2 weeks on Tuesday and Thursday, every month on the first Monday; and behind "
    "it, if you know: until 2027-06-30, or: 10 times."
)
UNITS = ("week", "month", "year")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
POSITIONS: Mapping[str, int] = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAY = "|".join(WEEKDAYS)
_DAYS = rf"(?:{_DAY})(?:(?:, | and |, and )(?:{_DAY}))*"
_RULE = re.compile(
    rf"every (?:(?:(?P<every>[1-9]\d?) )?(?P<unit>{'|'.join(UNITS)})s?|(?P<alone>{_DAYS}))"
    rf"(?: on (?:the (?P<position>{'|'.join(POSITIONS)}) (?P<one>{_DAY})|(?P<days>{_DAYS})))?"
    r"(?:,? until (?P<until>\d{4}-\d\d-\d\d)|,? (?P<times>[1-9]\d{0,2}) times)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rule:
    """How an event repeats."""

    unit: str  # one of UNITS
    every: int = 1
    weekdays: tuple[int, ...] = ()  # 0 is Monday; () is the weekday, or the day of the month, of the first time
    position: int = 0  # which of these weekdays in the month: 1 to 4, -1 the last; 0: each
    until: date | None = None  # the last day that counts
    times: int = 0  # how often in all; 0: not said


def parse(text: str) -> Rule:
    """Read the words. Raises: ValueError.

    >>> parse("every Tuesday, 10 times")
    Rule(unit='week', every=1, weekdays=(1,), position=0, until=None, times=10)
    """
    found = _RULE.fullmatch(" ".join(text.split()).rstrip("."))
    if not found:
        raise ValueError("these words are not known")
    unit, alone, position = (found["unit"] or "week").lower(), found["alone"], found["position"]
    days = found["one"] or found["days"] or alone
    if (alone and (position or found["days"])) or (position and unit != "month") or (found["days"] and unit != "week"):
        raise ValueError("these words do not go together")
    times = int(found["times"] or 0)
    if times > MOST_TIMES:
        raise ValueError(f"at most {MOST_TIMES} times fit")
    return Rule(
        unit=unit,
        every=int(found["every"] or 1),
        weekdays=tuple(sorted({_weekday(day) for day in re.findall(_DAY, days or "", re.IGNORECASE)})),
        position=POSITIONS[position.lower()] if position else 0,
        until=date.fromisoformat(found["until"]) if found["until"] else None,
        times=times,
    )


def _weekday(name: str) -> int:
    return WEEKDAYS.index(name.capitalize())


def words(rule: Rule) -> str:
    """The rule in words that `parse` reads again.

    >>> words(parse("Every 1 month on the LAST friday"))
    'every month on the last Friday'
    """
    parts = [f"every {rule.every} {rule.unit}s" if rule.every > 1 else f"every {rule.unit}"]
    names = [WEEKDAYS[day] for day in rule.weekdays]
    if rule.position:
        which = next(name for name, position in POSITIONS.items() if position == rule.position)
        parts.append(f"on the {which} {names[0]}")
    elif names:
        parts.append("on " + " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])))
    if rule.until:
        parts.append(f"until {rule.until.isoformat()}")
    elif rule.times:
        parts.append(f"{rule.times} times")
    return " ".join(parts)


def fits(rule: Rule, first: date) -> bool:
    """True if the rule can begin on that day, and the day is one of its days.

    >>> fits(parse("every month"), date(2026, 1, 31)), fits(parse("every Tuesday"), date(2026, 12, 8))
    (False, True)
    """
    if rule.weekdays and first.weekday() not in rule.weekdays:
        return False
    if rule.position > 0:
        return (first.day - 1) // 7 + 1 == rule.position
    if rule.position < 0:
        return (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days <= 7
    # not every month has a 29th
    return rule.unit == "week" or bool(rule.weekdays) or first.day <= 28
