"""Amounts in words for people: sizes, times, how long ago, and how long something will still take. Pure."""

import re

_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000))
_SPANS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
SLOW_START_SECONDS = 2.0  # before that, a guess of the time left says nothing


def size(count: int) -> str:
    """How much data that is.

    >>> size(600), size(34_200), size(6_040_000), size(1)
    ('600 bytes', '34 KB', '6.0 MB', '1 byte')
    """
    unit, divisor = _unit(count)
    return f"{_number(count, unit, divisor)} {unit if unit != 'bytes' or count != 1 else 'byte'}"


def parse_size(text: str) -> int:
    """Bytes in a size as people write it. Raises: ValueError.

    >>> parse_size("10 MB"), parse_size("1.5 kb"), parse_size("0"), parse_size("700")
    (10000000, 1500, 0, 700)
    """
    found = re.fullmatch(r"\s*([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*(GB|MB|KB|bytes?|B)?\s*", text, re.IGNORECASE)
    if not found:
        raise ValueError(text)
    return int(float(found[1]) * dict(_UNITS).get((found[2] or "").upper(), 1))


def part_of(done: int, of: int) -> str:
    """How much of it is done, both in the unit of the whole.

    >>> part_of(1_200_000, 6_040_000), part_of(12, 400)
    ('1.2 of 6.0 MB', '12 of 400 bytes')
    """
    unit, divisor = _unit(of)
    return f"{_number(done, unit, divisor)} of {_number(of, unit, divisor)} {unit}"


def _unit(count: int) -> tuple[str, int]:
    return next(((unit, divisor) for unit, divisor in _UNITS if count >= divisor), ("bytes", 1))


def _number(count: int, unit: str, divisor: int) -> str:
    return f"{count / divisor:.1f}" if unit in ("MB", "GB") else f"{round(count / divisor):,}"


def duration(seconds: float) -> str:
    """A length of time, in the largest unit that fits.

    >>> duration(20), duration(61), duration(5_400), duration(200_000), duration(0.2)
    ('20 seconds', '1 minute', '2 hours', '2 days', '1 second')
    """
    for name, length in _SPANS:
        count = round(seconds / length)
        if seconds >= length or length == 1:
            return f"{max(count, 1):,} {name if count <= 1 else name + 's'}"
    raise AssertionError


def ago(then: int, now: int) -> str:
    """How long ago that was. What lies ahead of our clock counts as now: one of the two clocks is wrong.

    >>> ago(1_000_000, 1_000_000 + 3 * 86_400), ago(1_000_000, 1_000_020), ago(0, 1_000_000), ago(2_000, 1_000)
    ('3 days ago', 'just now', 'not yet', 'just now')
    """
    if not then:
        return "not yet"
    return "just now" if now - then < _SPANS[2][1] else f"{duration(now - then)} ago"


def seconds_left(done: int, of: int, seconds: float) -> float | None:
    """How long the rest will take if it goes on as so far; None while nobody can say.

    >>> seconds_left(1, 4, 10), seconds_left(0, 4, 10), seconds_left(1, 4, 1), seconds_left(4, 4, 10)
    (30.0, None, None, None)
    """
    if done <= 0 or done >= of or seconds < SLOW_START_SECONDS:
        return None
    return seconds * (of - done) / done
