"""Pages of events as readers meet them: lists narrowed by what is provided, months, and the page of one event."""

import gzip
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import icalendar
import pytest
from test_pages import check, words
from web_site import SiteBuilder, build, serve

from cop import database
from cop.web import dates, events, home, series
from cop.web.asked import Asked

TODAY = datetime.now(UTC).date()
DAY = TODAY + timedelta(days=40)
WAS = DAY - timedelta(days=7)
OUT = DAY - timedelta(days=14)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    site = build(tmp_path_factory.mktemp("events") / "data" / "site.db")
    with database.writing(site.db):
        site.add(
            "event", "workshop", title="Evening in the hall", kind="workshop", start=f"{DAY}T18:00", end=f"{DAY}T20:00", timezone="Asia/Karachi",
            timezone_basis="of-the-site", status="moved", moved_from=f"{WAS}", status_note="The hall is <b>painted</b>.", place="Hall",
            format="hybrid", access_provided=["childcare", "step-free", "A big lift"], join_methods=["in-person", "phone"],
            costs_covered=["fares"], may_upset="We talk about loss.", contact_role="The desk", papers_out=f"{OUT}", under_18s=False,
            booking="Tell the desk.", agenda={"name": "a.pdf", "size": 34_000, "sha256": "a" * 64, "type": "application/pdf"},
            papers=[{"name": "b.pdf", "size": 6_000, "sha256": "b" * 64, "type": "application/pdf"}],
            roles=[{"name": "Hodan", "role": "chair", "date": f"{DAY}"}, {"name": "Yasmin", "role": "chair", "date": "2020-01-07"},
                   {"name": "<i>Tom</i>", "role": "tea", "date": f"{DAY}"}],
        )  # fmt: skip
        site.add("event", "lift", title="Lift only", start=f"{DAY}", access_provided=["step-free"], status="cancelled")
        site.add("event", "unsaid", title="Unsaid", start=f"{DAY}", venue_access="Step-free")
        site.add("event", "paper", title="Paper out", kind="publication", start=f"{DAY}")
        site.add("event", "young", title="Young", start=f"{DAY}", under_18s=True, cyp_dbs=False, format="online")
        site.add(
            "event",
            "over",
            title="Long over",
            start="2020-01-01",
            access_provided=["Zip wire"],
            venue_access="Step-free",
        )
        site.add("organisation", "caafi", title="Caafi Health")
        site.add(
            "event",
            "asked",
            title="Asked",
            organisers=["Caafi Health", "Nilaari"],
            access_provided=["Zip wire"],
            start=f"{DAY}",
        )
        site.says(title="Research as Equals", organisation="Caafi Health", as_of="2026-11-22T10:00:00Z", digest="d1")
    return site


TITLES = ("Evening in the hall", "Lift only", "Unsaid", "Paper out", "Young")


async def listed(client: Any, query: str) -> set[str]:
    text = await words(client, f"/events?{query}")
    return {title for title in TITLES if title in text}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", set(TITLES)),
        ("access=step-free", {"Evening in the hall", "Lift only"}),
        ("access=step-free&access=childcare", {"Evening in the hall"}),  # both, not one of them
        ("join=phone&covered=fares", {"Evening in the hall"}),
        ("access=-", {"Unsaid", "Young"}),  # not stated is no "no"; of a publication nothing is asked
        ("access=-&access=step-free", set()),
        (f"month={DAY:%Y-%m}&access=step-free", {"Evening in the hall", "Lift only"}),
        ("month=1999-01", set()),
        ("month=99999", set(TITLES)),
    ],
)
async def test_a_list_is_narrowed_by_what_people_need(client: Any, query: str, titles: set[str]) -> None:
    assert await listed(client, query) == titles


async def test_the_counts_tell_what_is_not_stated(client: Any) -> None:
    text = await words(client, "/events")
    assert "What is provided Step-free 2" in text and "Not stated 2" in text
    narrowed = await words(client, "/events?access=step-free&join=phone")
    assert "Narrow the list (2 choices made)" in narrowed and "choices made" not in text
    text = await words(client, "/events?access=step-free")
    assert "Childcare 1" in text  # of those that are step-free


async def test_the_choices_of_a_month_count_what_the_month_holds(client: Any) -> None:
    assert "Step-free" not in await words(client, "/events?month=1999-01")
    text = await words(client, f"/events?month={DAY:%Y-%m}&access=step-free")
    assert "Childcare 1" in text


async def test_the_list_says_what_is_offered_and_what_is_not_stated(client: Any) -> None:
    text = await words(client, "/events")
    assert "Childcare Step-free Join by phone Costs are paid" in text and "Not stated, please ask: " in text
    assert "Moved" in text and "Cancelled" in text


async def test_a_month_leads_to_its_days_and_neighbours(client: Any) -> None:
    path = f"/events?month={DAY:%Y-%m}&access=step-free"
    page = check((await client.get(path)).text)
    assert f"d{DAY.day}" in page.ids and f"#d{DAY.day}" in page.links
    assert {f"events?access=step-free&month={m:%Y-%m}" for m in (DAY.replace(day=1) - timedelta(days=1),)} <= set(
        page.links
    )
    assert "events?access=step-free" in page.links  # back to the list
    assert f"{DAY.day} " in page.text


async def test_an_event_says_what_changed_before_anything_else(client: Any) -> None:
    text = await words(client, "/events/workshop")
    assert f"It was to be on {WAS.day} " in text and "Now it is on" in text and "The hall is <b>painted</b>. " in text
    assert "This may upset you We talk about loss. " in text
    assert "Nobody wrote down the time zone" in text and "Clocks there are at UTC+5 on that day." in text, text[:900]
    text = await words(client, "/events/lift")
    assert "Cancelled This event will not take place." in text


async def test_an_event_says_who_does_what_and_who_did_it_last(client: Any) -> None:
    text = await words(client, "/events/workshop")
    assert (
        "Chairs Hodan Takes notes Nobody yet. Could you? Listens for quiet voices Nobody yet. Could you? tea <i>Tom</i>"
        in text
    )
    assert "Who did what on 7 January 2020 Chairs Yasmin" in text


async def test_an_event_says_how_large_its_papers_are_and_how_long_they_were_out(client: Any) -> None:
    text = await words(client, "/events/workshop")
    assert "2 files, 40 KB in all. Out since" in text and "14 days before the event" in text


async def test_an_event_says_whom_to_ask_and_asks_nothing_that_does_not_fit(client: Any) -> None:
    assert "You can ask: The desk" in await words(client, "/events/workshop")
    page = check((await client.get("/events/asked")).text)  # nobody is named for it, so those who run it
    assert "You can ask: Caafi Health, Nilaari" in page.text and "../organisations/caafi" in page.links
    text = await words(client, "/events/young")
    assert "Nobody wrote down whom to ask." in text and "An adult holds an enhanced DBS certificate No" in text
    blank = "Guidelines agreed with young people and parents · Two adults from the start · "
    assert f"certificate No Not stated, please ask {blank}" in text and "Buses and trains" not in text
    assert "Two adults" not in await words(client, "/events/workshop")
    assert "Not stated" not in await words(client, "/events/paper")


@pytest.mark.parametrize("name", ["lift", "over"])
async def test_where_nobody_can_come_any_more_nothing_is_asked_and_no_calendar_offered(client: Any, name: str) -> None:
    text = await words(client, f"/events/{name}")
    assert "Not stated" not in text and "my calendar" not in text and "cannot be put into a calendar" not in text
    assert "Step-free" in text  # what was stated stays


async def test_a_calendar_is_offered_for_what_is_to_come(client: Any) -> None:
    text = await words(client, "/events/unsaid")
    assert "Not stated, please ask" in text and "Add to my calendar" in text


async def test_pages_stay_small(client: Any, tmp_path: Path) -> None:
    for path in ("/events", f"/events?month={DAY:%Y-%m}", "/events/workshop"):
        assert len(gzip.compress((await client.get(path)).content)) < 10_000, path


def test_an_event_is_over_after_its_end_on_the_clocks_of_its_place(tmp_path: Path) -> None:
    site, today, london = build(tmp_path / "data" / "site.db"), date(2026, 11, 23), "Europe/London"
    now = datetime(2026, 11, 23, 3, 28, tzinfo=UTC)
    add = partial(site.add, "event", timezone=london)
    add("night", title="Night", start="2026-11-23T01:00", end="2026-11-23T02:00")
    add("west", title="West", start="2026-11-23T01:00", end="2026-11-23T02:00", timezone="America/New_York")
    add("day", title="Whole day", start="2026-11-23")
    add("open end", title="Open end", start="2026-11-23T01:00")
    add("off", title="Off", start="2026-11-24", status="cancelled")
    circle = add("circle", title="Circle", start="2026-11-16T01:00", end="2026-11-16T02:00", repeats="every week")
    site.db.execute("UPDATE records SET ends = '9999-12-31' WHERE record_id = ?", (circle,))
    coming = events.coming(site.db, today, now=now)
    assert {one.card.title for one in coming} == {"West", "Whole day", "Open end", "Off", "Circle"}
    assert next(one.slip.iso for one in coming if one.slip and one.card.title == "Circle").startswith("2026-11-30")
    assert [one.card.title for one in events.past(site.db, today, 9, now=now)] == ["Night"]
    assert events.counts(site.db, today, events.ALL, now) == (5, 0, 1)
    assert events.count_coming(site.db, today, now) == 4  # not the cancelled one
    assert events.count_coming(site.db, today) == 5
    site.db.close()


def test_the_first_page_counts_what_its_lists_show(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        site.add("opportunity", "shut", title="Shut", closes="2020-01-01")
        site.add("opportunity", "open", title="Open", closes=f"{DAY}")
    counts = home.home(Asked(site.db, "/", {}, TODAY)).counts
    assert [(one.label, one.count) for one in counts] == [("Opportunities", "1")]
    site.db.close()


async def test_a_series_stands_everywhere_by_its_next_date(tmp_path: Path) -> None:
    site, began = build(tmp_path / "data" / "site.db"), TODAY - timedelta(days=69)
    following = TODAY + timedelta(days=1)
    with database.writing(site.db):
        fields = {"start": f"{began}", "repeats": "every week", "organisers": ["Caafi Health"]}
        circle = site.add("event", "circle", title="Circle", seen=f"{TODAY}T01:00:00Z", **fields)
        site.db.execute("UPDATE records SET ends = '9999-12-31' WHERE record_id = ?", (circle,))
        site.add("event", "tea", title="Tea", start=f"{TODAY}", status="cancelled")
        site.add("organisation", "caafi", title="Caafi Health")
    client = serve(site.path).client
    rows = (await client.get("/site/upcoming_events.json?_shape=array")).json()
    assert [(row["title"], row["start"]) for row in rows] == [("Tea", f"{TODAY}"), ("Circle", f"{following}")]
    assert [row["status"] for row in rows] == ["cancelled", ""]
    for path in ("/events", "/organisations/caafi", "/new"):
        text = await words(client, path)
        assert dates.words(f"{following}") in text, path
        assert dates.words(f"{began}") not in text, path
    feed = (await client.get("/events/feed.atom")).text
    assert dates.words(f"{following}") in feed and dates.words(f"{began}") not in feed
    site.db.close()


async def test_the_page_of_a_series_leads_to_where_its_next_date_moved(tmp_path: Path) -> None:
    site, was, now = build(tmp_path / "data" / "site.db"), TODAY + timedelta(days=1), TODAY + timedelta(days=3)
    fields = {
        "start": f"{TODAY - timedelta(days=69)}T18:00",
        "repeats": "every week",
        "timezone": "Europe/London",
        "place": "Barton Hill",
    }
    moved = [{"date": f"{was}", "to": f"{now}T19:00", "place": "Riverside library"}]
    with database.writing(site.db):
        site.add("event", "circle", title="Circle", moved=moved, **fields)
        site.add("event", "off", title="Off", moved=moved, status="cancelled", **fields)
    client = serve(site.path).client
    top = (await words(client, "/events/circle")).partition("Next dates")[0]
    assert "Moved It was to be on" in top and "19:00 (London time), Riverside library. " in top, top
    assert top.count("Riverside library") == 2 and "Barton Hill" not in top, top
    usual, other = icalendar.Calendar.from_ical((await client.get("/events/circle.ics")).text).walk("VEVENT")
    assert other["DESCRIPTION"].startswith(f"It was to be on {dates.span(f'{was}T18:00', None, 'Europe/London')}"), (
        other
    )
    assert "It was to be on" not in usual["DESCRIPTION"]
    off = icalendar.Calendar.from_ical((await client.get("/events/off.ics")).text).walk("VEVENT")
    assert all(one["DESCRIPTION"].count("will not take place") == 1 for one in off)
    site.db.close()


async def test_a_long_list_of_events_is_read_page_by_page(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        for at in range(30):
            site.add("event", f"soon-{at}", title=f"Soon {at:02}", start=f"{TODAY + timedelta(days=2 + at)}")
            site.add("event", f"some-{at}", title=f"Some {at:02}")
            site.add("event", f"then-{at}", title=f"Then {at:02}", start=f"{date(2020, 1, 30 - at)}")
    client = serve(site.path).client
    found = [re.findall(r"(?:Soon|Some|Then) \d\d", await words(client, f"/events?page={at}")) for at in range(1, 7)]
    assert [len(one) for one in found] == [20, 20, 20, 20, 10, 0]
    assert [one for page in found for one in page] == [
        f"{name} {at:02}" for name in ("Soon", "Some", "Then") for at in range(30)
    ]
    assert "No events with a date to come" not in await words(client, "/events?page=3")
    assert len(gzip.compress((await client.get("/events")).content)) < 10_000
    site.db.close()


def test_a_series_that_began_long_ago_pushes_no_event_away(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        rule = {"start": "2026-08-31", "repeats": "every month on the last Monday"}
        circles = [site.add("event", f"circle-{at}", title="Circle", **rule) for at in range(4)]
        site.db.executemany("UPDATE records SET ends = '9999-12-31' WHERE record_id = ?", [(one,) for one in circles])
        site.add("event", "later", title="Later", start="2026-12-24")
    titles = [one.card.title for one in events.coming(site.db, date(2026, 12, 1), limit=2)]
    assert titles == ["Later", "Circle"]
    site.db.close()


def test_the_dates_left_of_a_series_are_all_told() -> None:
    every = {"start": "2026-12-01", "repeats": "every week, 20 times"}
    ahead = series.ahead(every, date(2026, 12, 1))
    assert (len(ahead.soon), len(ahead.later), ahead.more) == (6, 14, "and 14 more")
    assert (ahead.soon[0], ahead.later[-1]) == ("1 December 2026", "13 April 2027")
    assert series.ahead({**every, "repeats": "every week"}, date(2026, 12, 1)).later == ()
    assert series.ahead({"start": "2026-12-01"}, date(2026, 12, 1)) == series.Ahead()
