"""When `cop sync --every` exchanges next: a partner that does not answer is asked less often, and nothing piles up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop.errors import WrongUsage
from cop.schedule import LEAST_SECONDS, LONGEST, Schedule, parse_interval, wait_after

OUTCOMES = st.lists(st.booleans(), max_size=30)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1m", 60), ("15m", 900), (" 2H ", 7200), ("7d", 604_800), ("60s", 60)]
)
def test_an_interval_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "m", "59s", "0m", "-5m", "1.5h", "8d", "15 m", "m15", "१५m", "9" * 30 + "m"]
)
def test_what_is_no_interval_is_wrong_usage_with_an_example(text: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse_interval(text)
    assert "15m" in caught.value.hint


@given(st.integers(LEAST_SECONDS, 604_800), st.integers(0, 10_000))
def test_the_wait_never_shrinks_with_failures_and_stays_within_eight_intervals(interval: int, failures: int) -> None:
    assert interval <= wait_after(interval, failures) <= wait_after(interval, failures + 1) <= interval * LONGEST


@given(OUTCOMES)
def test_one_success_makes_up_for_any_number_of_failures(outcomes: list[bool]) -> None:
    schedule = Schedule(60)
    for well in outcomes:
        schedule.done("them", 0, well=well)
    assert schedule.done("them", 0, well=True) == 60


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 1000)), max_size=60))
def test_the_next_run_lies_after_the_end_of_this_one_however_long_it_took(runs: list[tuple[str, bool, float]]) -> None:
    schedule, now = Schedule(60), 0.0
    for who, well, took in runs:
        now += schedule.seconds_until_next([who], now)
        while not schedule.is_due(who, now):  # the wait is cut at one interval, for those who join meanwhile
            now += schedule.seconds_until_next([who], now)
        now += took
        wait = schedule.done(who, now, well=well)
        assert not schedule.is_due(who, now + wait - 1) and schedule.is_due(who, now + wait)


def test_somebody_new_is_due_at_once_and_nobody_at_all_is_no_reason_to_spin() -> None:
    schedule = Schedule(60)
    assert schedule.is_due("new", 5)
    assert schedule.seconds_until_next([], 5) == 60
