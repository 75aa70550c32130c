"""The pages /events and /events?month=2026-12: by what is to come, always open and past; or one month by days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cop.fields import TYPES
from cop.web import dates, events, lists, months, narrow
from cop.web.address import subscribing
from cop.web.asked import Asked
from cop.web.events import Event
from cop.web.language import N_, _, lookup
from cop.web.links import rel
from cop.web.narrow import Wanted

LEAD = N_(
    "Meetings, courses and calls. For each one we say what it costs, how to get in and how to join from home. "
    "Where we do not know, we say so."
)
Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Group:
    """Events of one month, or of a year if no more is known."""

    heading: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class EventsPage:
    """What the templates of the list of events and of a month show."""

    heading: str
    lead: str
    target: str
    month: str  # of the address; "" for the list
    words: str
    facets: tuple[narrow.Facet, ...]
    filters: tuple[lists.Filter, ...]
    query: Query  # what narrows the list
    subscribe: str  # address for calendar programs, "" if they cannot reach this copy
    sheet: months.Sheet
    template: ClassVar[str] = ""


@dataclass(frozen=True)
class ListPage(EventsPage):
    """The list."""

    empty: str  # what belongs here, if there is no event at all
    months: tuple[Group, ...]
    open: tuple[Event, ...]
    past: tuple[Event, ...]
    none_to_come: bool
    pager: lists.Pager
    template: ClassVar[str] = "cop_events.html"


@dataclass(frozen=True)
class MonthPage(EventsPage):
    """One month."""

    found: months.Month
    template: ClassVar[str] = "cop_month.html"


def events_page(asked: Asked) -> EventsPage:
    """The month that the address names, else the list."""
    want = lists.wanted(asked, TYPES["event"])
    month = months.read(asked.text("month"))
    return _month_page(asked, want, month) if month else _list_page(asked, want)


def _list_page(asked: Asked, want: Wanted) -> ListPage:
    db, today, narrowed = asked.db, asked.today, narrow.narrowed(want)
    found = months.build(db, (today.year, today.month), today, narrowed, _query(want))
    counts = events.counts(db, today, narrowed, asked.now)
    coming, undated, past = lists.shares(counts, want.page)
    return ListPage(
        **_around(asked, want, found, ""),
        empty="" if events.are_any(db) else lookup(TYPES["event"].empty),
        months=tuple(_by_month(events.coming(db, today, narrowed, *coming, now=asked.now))),
        open=events.without_date(db, today, narrowed, *undated),
        past=events.past(db, today, past[0], narrowed, past[1], now=asked.now),
        none_to_come=not counts[0] and want.page == 1,
        pager=lists.pager(want, sum(counts)),
    )


def _month_page(asked: Asked, want: Wanted, month: tuple[int, int]) -> MonthPage:
    found = months.build(asked.db, month, asked.today, narrow.narrowed(want), _query(want), want.page)
    return MonthPage(**_around(asked, want, found, asked.text("month")), found=found)


def _around(asked: Asked, want: Wanted, found: months.Month, month: str) -> dict[str, Any]:
    """What both pages show."""
    query, kept = _query(want), ({"month": month} if month else {})
    within = months.numbers(asked.db, found.month) if month else None
    filters = (lists.Filter(one.label, one.value, {**one.query, **kept}) for one in lists.filters(asked.db, want))
    return {
        "heading": _("Events: %(month)s", month=found.sheet.caption) if month else _("Events"),
        "lead": lookup(LEAD),
        "target": "/events",
        "month": month,
        "words": want.words,
        "facets": narrow.facet_list(asked.db, want, within),
        "filters": tuple(filters),
        "query": query,
        "subscribe": subscribing(f"{asked.top}/{rel('/', '/events.ics', query)}"),
        "sheet": found.sheet,
    }


def _query(want: Wanted) -> Query:
    return want.query(sort="")


def _by_month(found: tuple[Event, ...]) -> list[Group]:
    groups: dict[str, list[Event]] = {}
    for one in found:
        when = dates.read(one.slip.iso) if one.slip else None
        groups.setdefault(when.month_words() if when else "", []).append(one)
    return [Group(heading, tuple(members)) for heading, members in groups.items()]
