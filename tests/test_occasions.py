"""When events take place: what people write, what does not fit, and series worked out."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import Folder
from hypothesis import given
from hypothesis import strategies as st

from cop import occasions, recurring, taking_place, values
from cop.recurring import Rule

LONDON = ZoneInfo("Europe/London")
CIRCLE = {
    "start": "2026-10-06T18:00",
    "end": "2026-10-06T20:00",
    "timezone": "Europe/London",
    "repeats": "every 2 weeks",
}


def series(**given: Any) -> occasions.Occasions:
    found = occasions.occasions({**CIRCLE, **given})
    assert found is not None
    return found


def starts(when: occasions.Occasions, first: date, last: date) -> list[str]:
    return [f"{one.start:%Y-%m-%d %H:%M}" for one in taking_place.between(when, first, last)]


# -- the words

RULES = {
    "every week": Rule("week"),
    "Every 2 weeks": Rule("week", 2),
    "every Tuesday": Rule("week", weekdays=(1,)),
    "every 2 weeks on Thursday and tuesday": Rule("week", 2, (1, 3)),
    "every Monday, Wednesday and Friday until 2027-06-30": Rule("week", weekdays=(0, 2, 4), until=date(2027, 6, 30)),
    "every month": Rule("month"),
    "every month on the last Friday, 10 times": Rule("month", weekdays=(4,), position=-1, times=10),
    "every 3 months on the second Monday.": Rule("month", 3, (0,), 2),
    "every year": Rule("year"),
}


@pytest.mark.parametrize(("text", "rule"), RULES.items())
def test_words_are_understood(text: str, rule: Rule):
    assert recurring.parse(text) == rule
    assert recurring.parse(recurring.words(rule)) == rule


@pytest.mark.parametrize(
    "text",
    ["", "weekly", "every day", "every 0 weeks", "every second Tuesday", "every week on the first Monday", "every month on Monday",
     "every Tuesday on Monday", "every week 500 times", "every week until 2027-02-30", "FREQ=WEEKLY", "every week until 2027-01-01, 3 times"],
)  # fmt: skip
def test_other_words_are_refused_with_examples(text: str):
    with pytest.raises(values.WrongValue) as error:
        values._CHECKS["repeats"](text)
    assert "every 2 weeks on Tuesday" in error.value.hint


rules = st.one_of(
    st.builds(Rule, st.just("week"), st.integers(1, 5), st.lists(st.integers(0, 6), unique=True, max_size=3).map(sorted).map(tuple)),
    st.builds(Rule, st.just("month"), st.integers(1, 5), st.integers(0, 6).map(lambda day: (day,)), st.sampled_from([1, 2, 3, 4, -1])),
    st.builds(Rule, st.sampled_from(["month", "year"]), st.integers(1, 3)),
)  # fmt: skip


@given(rules)
def test_every_rule_can_be_said_and_read_again(rule: Rule):
    assert recurring.parse(recurring.words(rule)) == rule


# -- working out


def test_a_time_of_day_stays_when_clocks_change():
    found = taking_place.between(series(), date(2026, 10, 1), date(2026, 11, 10))
    assert [one.start.isoformat() for one in found] == [
        "2026-10-06T18:00:00+01:00",
        "2026-10-20T18:00:00+01:00",
        "2026-11-03T18:00:00+00:00",
    ]
    assert [one.end.isoformat()[11:] for one in found if one.end] == ["20:00:00+01:00"] * 2 + ["20:00:00+00:00"]


def test_a_meeting_through_the_night_of_the_change_lasts_as_long_as_it_says():
    when = series(start="2026-10-17T22:00", end="2026-10-18T04:00", repeats="every week")
    (found,) = taking_place.between(when, date(2026, 10, 24), date(2026, 10, 24))
    assert found.end == datetime(2026, 10, 25, 3, tzinfo=LONDON)  # six hours, one of them twice


NIGHT = {"start": "2027-03-21T01:30", "end": "2027-03-21T03:30", "repeats": "every week"}


def test_a_date_of_a_series_in_the_hour_that_is_skipped_begins_when_the_clocks_have_gone_forward():
    (found,) = taking_place.between(series(**NIGHT), date(2027, 3, 28), date(2027, 3, 28))
    assert (found.start.isoformat(), found.end and found.end.isoformat()) == (
        "2027-03-28T02:30:00+01:00",
        "2027-03-28T04:30:00+01:00",
    )
    days = series(start="2027-03-14T01:30", end=None, repeats=None, also_on=["2027-03-28"])
    assert starts(days, date(2027, 3, 28), date(2027, 3, 28)) == ["2027-03-28 02:30"]
    moved = series(**NIGHT, moved=[{"date": "2027-04-04", "to": "2027-03-28"}], not_on=["2027-03-28"])
    assert starts(moved, date(2027, 3, 28), date(2027, 3, 28)) == ["2027-03-28 02:30"]


@pytest.mark.parametrize(("written", "first"), [("2026-10-25T01:30+01:00", 1), ("2026-10-25T01:30+00:00", 0)])
def test_a_date_in_the_hour_that_comes_twice_is_in_the_one_that_was_written_or_else_in_the_first(
    written: str, first: int
):
    hours = [one.start.utcoffset() for one in taking_place.between(series(start=written, end=None, repeats="every week"), date(2026, 10, 25), date(2026, 11, 1)) if isinstance(one.start, datetime)]  # fmt: skip
    assert hours == [timedelta(hours=first), timedelta()]
    (found,) = taking_place.between(series(start="2026-10-18T01:30", end=None, repeats="every week"), date(2026, 10, 25), date(2026, 10, 25))  # fmt: skip
    assert found.start.isoformat() == "2026-10-25T01:30:00+01:00"


def test_exceptions_and_moved_dates_are_kept():
    when = series(
        also_on=["2026-10-13", "2026-10-14T10:00"],
        not_on=["2026-10-20"],
        moved=[{"date": "2026-11-03", "to": "2026-11-05T19:30", "place": "Library"}, {"date": "2026-11-17", "to": "2026-11-18"}],
    )  # fmt: skip
    assert starts(when, date(2026, 10, 1), date(2026, 12, 1)) == [
        "2026-10-06 18:00", "2026-10-13 18:00", "2026-10-14 10:00", "2026-11-05 19:30", "2026-11-18 18:00", "2026-12-01 18:00",
    ]  # fmt: skip
    (moved,) = taking_place.between(when, date(2026, 11, 5), date(2026, 11, 5))
    assert (moved.place, moved.instead_of) == ("Library", datetime(2026, 11, 3, 18, tzinfo=LONDON))


def test_a_list_of_dates_needs_no_rule():
    when = occasions.occasions({"start": "2026-12-10", "also_on": ["2027-01-14", "2027-02-11"]})
    assert when is not None and when.is_series
    assert [one.start.isoformat() for one in taking_place.between(when, date(2027, 1, 1), date(2027, 12, 31))] == [
        "2027-01-14", "2027-02-11",
    ]  # fmt: skip
    assert taking_place.last_day(when) == "2027-02-11"


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("every 2 weeks", "9999-12-31"), ("every 2 weeks, 3 times", "2026-11-03"), ("every 2 weeks until 2026-11-30", "2026-11-17"),
        ("every 2 weeks until 9998-01-01", "9999-12-31"), ("every month until 2027-01-05", "2026-12-06"),
    ],
)  # fmt: skip
def test_the_last_day_of_a_series_is_known(rule: str, last: str):
    assert taking_place.last_day(series(repeats=rule)) == last


def test_the_next_time_is_found_however_long_the_series_has_been_going():
    old = series(start="1970-01-06T18:00", end=None, repeats="every 2 weeks on Tuesday and Thursday")
    found = taking_place.following(old, date(2026, 11, 22))
    assert found is not None and f"{found.start:%A %Y-%m-%d}" == "Tuesday 2026-11-24"
    assert taking_place.following(series(repeats="every 2 weeks, 2 times"), date(2026, 11, 22)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"start": "2026-10"}, {"start": "2026"}, {"start": None}, {"start": "soon"},
    ],
)  # fmt: skip
def test_without_a_day_there_is_no_occasion(given: dict[str, Any]):
    assert occasions.occasions({**CIRCLE, **given}) is None


@pytest.mark.parametrize(
    "given",
    [
        {"repeats": "every Monday"},  # the start is a Tuesday
        {"repeats": "every month", "start": "2026-10-31T18:00"},  # not every month has a 31st
        {"repeats": "every year", "start": "2028-02-29T18:00"},
        {"repeats": "every week until 2026-01-01"},
        {"repeats": "gibberish"},
        {"timezone": "Nowhere/Land", "start": "2026-10-06T18:00+01:00"},  # at which time in winter, nobody knows
        {"start": "0001-01-02T18:00"},  # too long ago to work out
    ],
)
def test_a_rule_that_does_not_fit_is_left_out(given: dict[str, Any]):
    assert series(**given).rule is None


def test_an_end_before_the_start_is_no_end():
    assert series(end="2026-10-06T17:00").end is None
    assert series(end="2026-10").end is None


def test_where_only_one_end_has_a_time_of_day_whole_days_are_told():
    when = series(end="2026-10-08", repeats=None)
    assert (when.start, when.end) == (date(2026, 10, 6), date(2026, 10, 8))


@given(rules, st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 3000), st.integers(0, 60))
def test_looking_at_a_part_shows_the_same_as_looking_at_all(rule: Rule, start: date, skip: int, length: int):
    if not recurring.fits(rule, start):
        return
    when = occasions.Occasions(start, None, rule)
    first = start + timedelta(days=skip)
    last = first + timedelta(days=length)
    everything = [one.start for one in taking_place.between(when, start, last)]
    assert [one.start for one in taking_place.between(when, first, last)] == [day for day in everything if day >= first]


# -- content files


def event(lines: str) -> str:
    return f"---\ntitle: Reading circle\n{lines}\n---\n"


GOOD = """\
start: 2026-10-06T18:00
timezone: Europe/London
repeats: Every 2 weeks, 5 times
also_on: [2026-12-08]
not_on: [2026-10-20]
moved:
  - date: 2026-11-03
    to: 2026-11-04T19:00
    place: Library
"""


def test_a_series_is_read_from_a_file(folder: Folder):
    folder.write("events/circle.md", event(GOOD))
    assert not folder.load().refused
    fields = folder.published()["Reading circle"]
    assert fields["repeats"] == "every 2 weeks 5 times"
    assert (fields["also_on"], fields["not_on"]) == (["2026-12-08"], ["2026-10-20"])
    assert fields["moved"] == [{"date": "2026-11-03", "to": "2026-11-04T19:00", "place": "Library"}]


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ("start: 2026-10-06\nrepeats: often", 4, "does not say how it repeats"),
        ("start: 2026-10\nrepeats: every week", 4, "the day of the first time is missing"),
        ("start: 2026-10-06\nrepeats: every Monday", 4, "it does not begin on 2026-10-06"),
        ("start: 2026-10-06T18:00+01:00\nrepeats: every week", 4, "the time zone is missing"),
        ("start: 2026-10-06\nrepeats: every week\nnot_on: 2026-10-14", 5, "2026-10-14 is no date of this series"),
        ("start: 2026-10-06\nrepeats: every week\nmoved:\n  - {date: 2026-10-14, to: 2026-10-15}", 5, "2026-10-14 is no date"),
        ("start: 2026-10-06\nrepeats: every week\nmoved:\n  - {day: 2026-10-13, to: 2026-10-15}", 5, "“date” and “to”"),
        ("start: 2026-10-06\nalso_on: 2026-10-13T18:00", 4, "is not written like “start”"),
        ("start: 2026-10-06\nalso_on: next week", 4, "is not a date"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_line(folder: Folder, lines: str, line: int, reason: str):
    folder.write("events/circle.md", event(lines))
    (refused,) = folder.load().refused
    assert refused.line == line and reason in refused.reason
    assert refused.hint


def test_dates_added_on_two_sides_are_both_kept(folder: Folder):
    folder.write("events/circle.md", event("start: 2026-10-06\nalso_on: [2026-10-20]"))
    folder.load()
    folder.partner_writes(folder.id_of("events/circle.md"), {"also_on": {"2026-11-03"}}, type_name="event")
    assert folder.published()["Reading circle"]["also_on"] == ["2026-10-20", "2026-11-03"]
