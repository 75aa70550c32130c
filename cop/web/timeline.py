"""Pictures of time: when works were made, and when events took place or will."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cop import occasions, taking_place
from cop.filing import NOT_STATED
from cop.web import cards, dates
from cop.web.language import _, ngettext, number

YEARS = 16  # columns; earlier years are one column
AHEAD = 5  # years to come that have a column of their own; later ones are one column
MOST_SERIES = 200
MONTHS_BACK, MONTHS_AHEAD = 5, 12
TALL = 110  # pixels of the highest column
_FOOT, _HEAD = 24, 18  # pixels below the columns, and above them, for words
_LABELLED = 99  # up to here every column says its number, else only the highest does


@dataclass(frozen=True)
class Column:
    """One year or month of a chart. Positions are parts of the whole width, in per cent."""

    x: float
    width: float
    middle: float
    past_y: float
    past_height: float
    coming_y: float
    coming_height: float
    count: str  # "" where there is no room for it
    label: str  # under the column, ""


@dataclass(frozen=True)
class Row:
    """The same in the table."""

    label: str
    past: str
    coming: str  # "" where nothing can be to come


@dataclass(frozen=True)
class Chart:
    """Columns, and the table behind them."""

    title: str
    description: str
    columns: tuple[Column, ...]
    height: int
    base: int
    rows: tuple[Row, ...]
    unknown: str  # how much has no date, in words, or ""
    undated: str  # address of the list where that stands
    narrowed: Mapping[str, str]  # to it alone, where the list can do that
    has_coming: bool


@dataclass(frozen=True)
class Bucket:
    """A year, a month, or all years before or after."""

    label: str
    short: str
    past: int
    coming: int = 0


def made(db: sqlite3.Connection, today: date) -> Chart:
    """Resources by the year they were made."""
    rows = db.execute("SELECT value, n FROM facet_counts WHERE type = 'resource' AND name = 'year' AND value <> '-'")
    known = {int(value): n for value, n in rows if _is_year(value)}
    total = db.execute("SELECT count(*) FROM records WHERE type = 'resource'").fetchone()[0]
    unknown = total - sum(known.values())
    return _chart(
        _("Resources, by the year in which they were made"),
        _years({year: (n, 0) for year, n in known.items()}, today),
        ngettext("The year of %(num)s resource is not known.", "The year of %(num)s resources is not known.", unknown)
        if unknown
        else "",
        "/resources",
        {"year": NOT_STATED},
    )


def held(db: sqlite3.Connection, today: date) -> tuple[Chart, Chart | None]:
    """Events by year; and by month around today, if there are any."""
    rows = db.execute(
        "SELECT substr(date, 1, 7) AS month, count(*), sum(substr(date, 1, 10) >= substr(?, 1, length(substr(date, 1, 10))))"
        " FROM records WHERE type = 'event' AND ends = '' GROUP BY month",
        (today.isoformat(),),
    ).fetchall()
    months = {month: (n - coming, coming) for month, n, coming in rows if month and _is_year(month[:4])}
    unknown = sum(n for _month, n, _coming in rows) - sum(sum(two) for two in months.values())
    for day in _of_series(db, today):
        past, coming = months.get(f"{day:%Y-%m}", (0, 0))
        months[f"{day:%Y-%m}"] = (past + (day < today), coming + (day >= today))
    years: dict[int, tuple[int, int]] = {}
    for month, (past, coming) in months.items():
        before = years.get(int(month[:4]), (0, 0))
        years[int(month[:4])] = (before[0] + past, before[1] + coming)
    undated = ngettext("%(num)s event has no date.", "%(num)s events have no date.", unknown) if unknown else ""
    return _chart(_("Events, by year"), _years(years, today), undated, "/events"), _around(months, today)


def _of_series(db: sqlite3.Connection, today: date) -> Iterator[date]:
    """Every date of events that take place more than once, up to the end of next year: some have no end."""
    first, last = date(max(1, today.year - YEARS), 1, 1), date(min(9999, today.year + 1), 12, 31)
    rows = db.execute(f"SELECT fields FROM records WHERE type = 'event' AND ends <> '' LIMIT {MOST_SERIES}")
    for (fields,) in rows:
        if when := occasions.occasions(cards.loads(fields)):
            yield from (occasions.day_of(one.start) for one in taking_place.between(when, first, last))


def _is_year(value: object) -> bool:
    return isinstance(value, str) and len(value) == 4 and value.isascii() and value.isdigit() and value != "0000"


def _years(known: Mapping[int, tuple[int, int]], today: date) -> list[Bucket]:
    """One a year for the last years and those to come, one for all before and one for all after."""
    if not known:
        return []
    last = max([year for year in known if year <= today.year + AHEAD], default=today.year)
    first = max(last - YEARS + 1, min(known))
    buckets = [Bucket(str(year), _every_fifth(year), *known.get(year, (0, 0))) for year in range(first, last + 1)]
    if early := [year for year in known if year < first]:
        span = _("%(start)s to %(end)s", start=str(min(early)), end=str(first - 1)) if len(early) > 1 else str(early[0])
        buckets.insert(0, Bucket(span, "…", *_sum(known[year] for year in early)))
    if late := [year for year in known if year > last]:
        buckets.append(Bucket(_("After %(year)s", year=str(last)), "…", *_sum(known[year] for year in late)))
    return buckets


def _every_fifth(year: int) -> str:
    return str(year) if year % 5 == 0 else ""


def _sum(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    both = list(counts)
    return sum(past for past, _coming in both), sum(coming for _past, coming in both)


def _around(months: Mapping[str, tuple[int, int]], today: date) -> Chart | None:
    buckets = []
    for at in range(-MONTHS_BACK, MONTHS_AHEAD + 1):
        count = today.year * 12 + today.month - 1 + at
        if not 12 <= count < 9999 * 12:
            return None
        day = date(count // 12, count % 12 + 1, 1)
        short = dates.part(day, "LLLLL")
        buckets.append(Bucket(dates.part(day, "LLLL y"), short, *months.get(f"{day:%Y-%m}", (0, 0))))
    if not any(one.past or one.coming for one in buckets):
        return None
    return _chart(_("Events, month by month"), buckets, "", "/events")


def _chart(
    title: str, buckets: Sequence[Bucket], unknown: str, undated: str, narrowed: Mapping[str, str] | None = None
) -> Chart:
    most = max((one.past + one.coming for one in buckets), default=0)
    return Chart(
        title=title,
        description=_description(buckets, most),
        columns=tuple(_column(at, one, most, len(buckets)) for at, one in enumerate(buckets)),
        height=_HEAD + TALL + _FOOT,
        base=_HEAD + TALL,
        rows=tuple(
            Row(one.label, number(one.past), number(one.coming) if one.coming else "")
            for one in buckets
            if one.past or one.coming
        ),
        unknown=unknown,
        undated=undated,
        narrowed=narrowed or {},
        has_coming=any(one.coming for one in buckets),
    )


def _description(buckets: Sequence[Bucket], most: int) -> str:
    if not most:
        return ""
    highest = next(one for one in buckets if one.past + one.coming == most)
    return _(
        "The first column is %(first)s, the last is %(last)s. The highest is %(highest)s, with %(most)s.",
        first=buckets[0].label,
        last=buckets[-1].label,
        highest=highest.label,
        most=most,
    )


def _column(at: int, one: Bucket, most: int, columns: int) -> Column:
    step, base, count = 100 / columns, _HEAD + TALL, one.past + one.coming
    past, coming = (TALL * n / most if most else 0 for n in (one.past, one.coming))
    return Column(
        x=round(step * (at + 0.1), 2),
        width=round(step * 0.8, 2),
        middle=round(step * (at + 0.5), 2),
        past_y=round(base - past, 1),
        past_height=round(past, 1),
        coming_y=round(base - past - coming, 1),
        coming_height=round(coming, 1),
        count=number(count) if count and (most <= _LABELLED or count == most) else "",
        label=one.short,
    )
