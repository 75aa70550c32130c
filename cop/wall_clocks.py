"""Times of day that the clocks of a place skip in spring, or show twice in autumn. Pure."""

from datetime import UTC, datetime, tzinfo


def wrong(text: object, zone: tzinfo) -> tuple[str, str] | None:
    """What is wrong about a time that stands without its distance from UTC, and what to write; None if it is clear.

    >>> from zoneinfo import ZoneInfo
    >>> wrong("2026-03-29T01:30", ZoneInfo("Europe/London"))
    ('the clocks skip 2026-03-29T01:30 when they go forward', 'Write the time that the clocks will show: 2026-03-29T02:30')
    >>> wrong("2026-10-25T01:30", ZoneInfo("Europe/London"))[1]
    'Write which of them is meant: 2026-10-25T01:30+01:00 or 2026-10-25T01:30+00:00'
    >>> wrong("2026-10-25T01:30+00:00", ZoneInfo("Europe/London")), wrong("2026-10-25", ZoneInfo("Europe/London"))
    (None, None)
    """
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) and "T" in text else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is not None:
        return None
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return None
    try:
        shown = first.astimezone(UTC).astimezone(zone)
    except OverflowError:
        return None
    if shown.replace(tzinfo=None, fold=0) != moment:
        hint = f"Write the time that the clocks will show: {_words(shown.replace(tzinfo=None))}"
        return f"the clocks skip {_words(moment)} when they go forward", hint
    hint = f"Write which of them is meant: {_words(first)} or {_words(second)}"
    return f"the clocks show {_words(moment)} twice when they go back", hint


def shown(moment: datetime) -> datetime:
    """What the clocks of its place show at that time: one that they skip comes as much later as they go forward.

    Calendar programs read it so (RFC 5545 section 3.3.5). One that they show twice stays.

    >>> from zoneinfo import ZoneInfo
    >>> shown(datetime(2027, 3, 28, 1, 30, tzinfo=ZoneInfo("Europe/London"))).isoformat()
    '2027-03-28T02:30:00+01:00'
    """
    if moment.tzinfo is None:
        return moment
    try:
        there = moment.replace(fold=0).astimezone(UTC).astimezone(moment.tzinfo)
    except OverflowError:
        return moment
    return moment if there.replace(tzinfo=None) == moment.replace(tzinfo=None) else there


def _words(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
