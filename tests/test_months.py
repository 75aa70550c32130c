"""Events by month: what stands on which day, across clock changes, borders of months, and odd records."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import SiteBuilder, build

from cop import occasions, taking_place
from cop.web import language, months
from cop.web.events import ALL

TODAY = date(2026, 12, 8)
CIRCLE = {"start": "2026-10-06T18:00", "end": "2026-10-06T20:00", "timezone": "Europe/London"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBuilder]:
    found = build(tmp_path / "data" / "site.db")
    yield found
    found.db.close()


def add(site: SiteBuilder, slug: str, **fields: Any) -> None:
    when = occasions.occasions(fields)
    ends = taking_place.last_day(when) if when and when.is_series else ""
    record_id = site.add("event", slug, title=slug, **fields)
    site.db.execute("UPDATE records SET ends = ? WHERE record_id = ?", (ends, record_id))


def month(site: SiteBuilder, year: int, number: int) -> months.Month:
    return months.build(site.db, (year, number), TODAY, ALL, {})


def by_day(found: months.Month) -> dict[str, list[str]]:
    return {day.anchor: [event.card.title for event in day.events] for day in found.days}


def marked(found: months.Month) -> dict[str, str]:
    """Number of the day to the anchor that it leads to."""
    return {cell.number: cell.anchor for week in found.sheet.weeks for cell in week if cell and cell.anchor}


def test_a_series_stands_on_each_of_its_days_at_the_same_time_whatever_the_clocks_do(site: SiteBuilder) -> None:
    add(site, "circle", **CIRCLE, repeats="every week")
    found = month(site, 2026, 10)
    assert by_day(found) == {f"d{day}": ["circle"] for day in (6, 13, 20, 27)}
    told = [str(day.events[0].card.meta) for day in found.days]
    assert all("18:00 to 20:00" in one for one in told)  # clocks go back on 25 October
    assert marked(found) == {str(day): f"d{day}" for day in (6, 13, 20, 27)}


def test_a_moved_date_stands_on_its_new_day_only_and_says_so(site: SiteBuilder) -> None:
    moved = [{"date": "2026-12-22", "to": "2026-12-17T19:00", "place": "Library"}]
    add(site, "circle", **CIRCLE, repeats="every week", not_on=["2026-12-29"], moved=moved)
    found = month(site, 2026, 12)
    assert list(by_day(found)) == ["d1", "d8", "d15", "d17"]
    event = found.days[3].events[0]
    assert "Library" in str(event.card.meta) and "19:00" in str(event.card.meta) and "Moved" in event.card.states


def test_several_days_are_all_marked_and_listed_once(site: SiteBuilder) -> None:
    add(site, "camp", start="2026-11-29", end="2026-12-02")
    assert by_day(month(site, 2026, 11)) == {"d29": ["camp"]}
    assert marked(month(site, 2026, 11)) == {"29": "d29", "30": "d29"}
    assert by_day(month(site, 2026, 12)) == {"d1": ["camp"]}
    assert marked(month(site, 2026, 12)) == {"1": "d1", "2": "d1"}


def test_what_ends_at_midnight_does_not_reach_into_the_next_day(site: SiteBuilder) -> None:
    add(site, "late", start="2026-12-04T20:00", end="2026-12-05T00:00", timezone="Europe/London")
    assert marked(month(site, 2026, 12)) == {"4": "d4"}


def test_long_ones_and_those_without_a_day_stand_below(site: SiteBuilder) -> None:
    add(site, "project", start="2025-01-01", end="2027-01-01")
    add(site, "sometime", start="2026-12")
    add(site, "another-month", start="2026-11")
    add(site, "a-year", start="2026")
    found = month(site, 2026, 12)
    assert not found.days and {event.card.title for event in found.loose} == {"project", "sometime"}


def test_the_day_is_that_of_the_clocks_of_the_place(site: SiteBuilder) -> None:
    add(site, "karachi", start="2026-11-30T21:00-05:00", timezone="Asia/Karachi")  # 1 December, 7 in the morning
    assert by_day(month(site, 2026, 12)) == {"d1": ["karachi"]}
    assert not by_day(month(site, 2026, 11))


def test_the_numbers_of_a_month_are_those_that_it_shows(site: SiteBuilder) -> None:
    add(site, "circle", **CIRCLE, repeats="every week")
    add(site, "loose", start="2026-12")
    add(site, "other", start="2026-11-30")
    assert list(months.numbers(site.db, (2026, 12))) == [1, 2]
    assert list(months.numbers(site.db, (2026, 9))) == []


def test_a_month_is_bounded(site: SiteBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "MAX_EVENTS", 3)
    for at in range(5):
        add(site, f"e{at}", start="2026-12-01")
    found = month(site, 2026, 12)
    assert found.is_cut and sum(len(day.events) for day in found.days) == 3


@pytest.mark.parametrize(
    ("code", "first"), [("en", "Monday"), ("ar", "السبت"), ("ur", "اتوار"), ("pl", "poniedziałek")]
)
def test_weeks_begin_as_readers_of_the_language_expect(site: SiteBuilder, code: str, first: str) -> None:
    with language.speaking(code, "en"):
        sheet = month(site, 2026, 12).sheet
    assert sheet.weekdays[0][1] == first
    assert [cell.number for week in sheet.weeks for cell in week if cell][-1] in ("31", "٣١", "۳۱")


def test_today_is_marked(site: SiteBuilder) -> None:
    cells = [cell for week in month(site, 2026, 12).sheet.weeks for cell in week if cell]
    assert [cell.number for cell in cells if cell.is_today] == ["8"]


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{4}-[0-9]{2}", fullmatch=True))
def test_any_address_is_a_month_or_none(text: str) -> None:
    found = months.read(text)
    assert found is None or months.FIRST <= found <= months.LAST


@given(st.tuples(st.integers(1970, 2100), st.integers(1, 12)), st.integers(-2000, 2000))
def test_there_and_back_again(start: tuple[int, int], by: int) -> None:
    there = months.moved_by(start, by)
    if there:
        assert months.moved_by(there, -by) == start
        days = (date(*there, 1) - date(*start, 1)).days
        assert abs(days - by * 30.44) < 65


DAY = st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(date.isoformat)
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2)
)
RULES = st.sampled_from(["every week", "every 99 weeks", "every month", "every year", "every week on Monday, 200 times",
                         "every month on the last Friday", "every day", "FREQ=SECONDLY", ""])  # fmt: skip


@given(st.fixed_dictionaries({}, optional={
    "start": DAY | JUNK, "end": DAY | JUNK, "repeats": RULES | JUNK, "also_on": st.lists(DAY, max_size=4) | JUNK,
    "not_on": st.lists(DAY, max_size=4) | JUNK, "moved": st.lists(st.fixed_dictionaries({"date": DAY, "to": DAY}), max_size=3) | JUNK,
    "timezone": st.sampled_from(["Europe/London", "Asia/Karachi", "Nowhere/Else"]) | JUNK, "place": JUNK,
}), st.tuples(st.integers(1970, 2100), st.integers(1, 12)))  # fmt: skip
def test_no_event_that_a_partner_sends_breaks_a_month(fields: dict[str, Any], wanted: tuple[int, int]) -> None:
    row: Any = {"title": "x", "date": str(fields.get("start")), "type": "event", "slug": "x", "language": "", "summary": "",
                "conflicts": "[]", "fields": "{}", "about_title": ""}  # fmt: skip
    first = date(*wanted, 1)
    last = first + timedelta(days=27)
    found = list(months._times(row, fields, first, last))
    assert len(found) <= 28 + 4 + 3
    assert all(first <= one.first <= one.last <= last for one in found)


def test_a_full_month_is_read_page_by_page_and_its_days_lead_there(
    site: SiteBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "PAGE_SIZE", 3)
    for at in range(1, 9):
        site.add("event", f"e{at}", title=f"e{at}", start=f"2027-05-{at:02}")
    site.add("event", "some", title="some", start="2027-05")
    pages = [months.build(site.db, (2027, 5), TODAY, ALL, {"q": "e"}, page) for page in (1, 2, 3, 4)]
    assert [list(by_day(one)) for one in pages] == [["d1", "d2", "d3"], ["d4", "d5", "d6"], ["d7", "d8"], []]
    assert [len(one.loose) for one in pages] == [0, 0, 1, 0]
    assert (pages[0].pager.previous, pages[2].pager.next) == (None, None)
    assert pages[0].pager.next == {"q": "e", "month": "2027-05", "page": "2"}
    cells = [cell for week in pages[0].sheet.weeks for cell in week if cell and cell.anchor]
    assert [(cell.anchor, cell.page) for cell in cells][2:5] == [("d3", 1), ("d4", 2), ("d5", 2)]


def test_of_a_series_whose_times_overlap_those_that_begin_are_shown_and_the_last_that_goes_on() -> None:
    row: Any = {"title": "x", "date": "2024-01-01", "type": "event", "slug": "x", "language": "", "summary": "",
                "conflicts": "[]", "fields": "{}", "about_title": ""}  # fmt: skip
    fields = {"start": "2024-01-01", "end": "2024-12-31", "repeats": "every week"}
    found = list(months._times(row, fields, date(2026, 11, 1), date(2026, 11, 30)))
    assert [one.first.day for one in found] == [1, 2, 9, 16, 23, 30]
