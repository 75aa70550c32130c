"""Calendar files, read back by programs that others wrote, and their clocks checked against the time zone database."""

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import vobject
from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_occasions import rules
from web_site import SOON, SiteBuilder, build, example, serve

from cop import calendars, database, occasions, recurring, taking_place
from cop.calendars import CalendarEvent, CalendarFile
from cop.clocks import described
from cop.plain import one_line
from cop.recurring import Rule
from cop.web import event_page, events

TODAY = date(2026, 11, 22)
THEN = datetime(2026, 11, 1, 9, tzinfo=UTC)
CIRCLE = {
    "start": "2026-10-06T18:00", "end": "2026-10-06T20:00", "timezone": "Europe/London", "repeats": "every 2 weeks until 2027-03-31",
    "also_on": ["2026-12-22"], "not_on": ["2026-11-17"],
    "moved": [{"date": "2026-12-15", "to": "2026-12-16T19:00", "place": "Library"}],
}  # fmt: skip


def some_event(**given: Any) -> CalendarEvent:
    known: dict[str, Any] = {
        "record_id": "r1", "changes": 2, "added": THEN, "changed": THEN, "title": "Reading circle", "description": "Tea.",
        "place": "Hall", "address": "https://cop.example/events/circle", "state": "CONFIRMED", "topics": ("Meetings",),
        "when": occasions.occasions(CIRCLE),
    }  # fmt: skip
    return CalendarEvent(**{**known, **given})


def text_of(*events: CalendarEvent) -> str:
    return calendars.write(CalendarFile("Ours", "All", "https://cop.example/events", events), TODAY)


def read(text: str) -> icalendar.Calendar:
    """The calendar as the icalendar library reads it, after looking at the form of its lines."""
    lines = text.split("\r\n")
    assert lines[-1] == "" and not any("\n" in line or "\r" in line for line in lines)
    assert all(len(line.encode()) <= 75 for line in lines)
    found = icalendar.Calendar.from_ical(text)
    assert not found.errors and not any(one.errors for one in found.walk())
    return found


def by_vobject(text: str) -> Any:
    """The calendar as vobject reads it; it takes the clocks from the file."""
    return vobject.readOne(text)


def times(text: str, first: date, last: date) -> list[str]:
    """When it takes place, in UTC, as recurring-ical-events works it out."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(first, last)
    starts = [one["DTSTART"].dt for one in found]
    return sorted(
        f"{one.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(one, datetime) else one.isoformat() for one in starts
    )


# -- clocks

PLACES = (
    "Europe/London", "Europe/Dublin", "Europe/Warsaw", "America/New_York", "America/Santiago", "Africa/Casablanca", "Africa/Mogadishu",
    "Asia/Kathmandu", "Asia/Gaza", "Australia/Lord_Howe", "Pacific/Chatham",
)  # fmt: skip


def by_dateutil(name: str, first: int, last: int) -> Any:
    text = described(name, first, last).to_ical().decode()
    return tzical(io.StringIO(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n")).get(name)


@pytest.mark.parametrize("name", PLACES)
def test_clocks_are_right_at_every_hour(name: str):
    """dateutil reads what we write; the time zone database knows what is right."""
    theirs, ours = by_dateutil(name, 2026, 2027), ZoneInfo(name)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at < datetime(2028, 1, 1, tzinfo=UTC):
        local = at.astimezone(ours)
        if not local.fold:  # the second time that a clock shows it cannot be said
            assert local.replace(tzinfo=theirs).utcoffset() == local.utcoffset(), local
        at += timedelta(hours=1)


def test_clocks_of_london_are_said_in_the_shape_that_outlook_knows():
    assert described("Europe/London", 2026, 2027).to_ical().decode().split("\r\n") == [
        "BEGIN:VTIMEZONE", "TZID:Europe/London",
        "BEGIN:DAYLIGHT", "DTSTART:20250330T010000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZNAME:BST", "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100", "END:DAYLIGHT",
        "BEGIN:STANDARD", "DTSTART:20251026T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZNAME:GMT", "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000", "END:STANDARD",
        "END:VTIMEZONE", "",
    ]  # fmt: skip


def test_a_series_stays_at_six_when_clocks_change_in_october():
    """Two programs agree: 18:00 in London is 17:00 UTC before 25 October 2026 and 18:00 UTC after it."""
    text = text_of(some_event())
    assert times(text, date(2026, 10, 1), date(2026, 11, 10)) == [
        "2026-10-06 17:00", "2026-10-20 17:00", "2026-11-03 18:00",
    ]  # fmt: skip
    clocks = tzical(io.StringIO(text)).get("Europe/London")  # those of the file
    rule = next(line for line in text.split("\r\n") if line.startswith("RRULE:FREQ=WEEKLY"))
    begin = datetime(2026, 10, 6, 18, tzinfo=clocks)
    found = [one.astimezone(UTC).isoformat() for one in list(rrulestr(rule, dtstart=begin))[:3]]
    assert found == ["2026-10-06T17:00:00+00:00", "2026-10-20T17:00:00+00:00", "2026-11-03T18:00:00+00:00"]


@pytest.mark.parametrize(
    ("given", "spring"),
    [
        ({}, ["2027-03-21 01:30", "2027-03-28 01:30", "2027-04-04 00:30"]),
        ({"not_on": ["2027-03-28"]}, ["2027-03-21 01:30", "2027-04-04 00:30"]),
        ({"moved": [{"date": "2027-03-28", "to": "2027-03-29"}]}, ["2027-03-21 01:30", "2027-03-29 00:30", "2027-04-04 00:30"]),
    ],
)  # fmt: skip
def test_a_series_in_the_hour_that_is_skipped_or_comes_twice_is_read_alike(given: dict[str, Any], spring: list[str]):
    when = occasions.occasions(
        {"start": "2027-03-07T01:30", "timezone": "Europe/London", "repeats": "every week", **given}
    )
    assert when is not None
    for first, last, expected in (
        (date(2027, 3, 21), date(2027, 4, 4), spring),
        (date(2027, 10, 31), date(2027, 11, 7), ["2027-10-31 00:30", "2027-11-07 01:30"]),
    ):
        ours = [one.start for one in taking_place.between(when, first, last)]
        assert [f"{one.astimezone(UTC):%Y-%m-%d %H:%M}" for one in ours if isinstance(one, datetime)] == expected
        assert times(text_of(some_event(when=when)), first, last + timedelta(days=1)) == expected


def test_a_moment_that_the_clock_shows_twice_is_given_in_utc():
    when = occasions.occasions({"start": "2026-10-25T01:30+00:00", "timezone": "Europe/London"})
    assert "DTSTART:20261025T013000Z" in text_of(some_event(when=when))
    when = occasions.occasions({"start": "2026-10-25T01:30+01:00", "timezone": "Europe/London"})
    assert "DTSTART;TZID=Europe/London:20261025T013000" in text_of(some_event(when=when))


def test_the_same_moment_in_another_zone_is_written_anew():
    for zone, written in (("UTC", ":20261210T180000Z"), ("Europe/London", ";TZID=Europe/London:20261210T180000")):
        when = occasions.occasions({"start": "2026-12-10T18:00", "timezone": zone})
        london = some_event(
            record_id="r2", when=occasions.occasions({"start": "2026-12-10T19:00", "timezone": "Europe/London"})
        )
        assert f"DTSTART{written}" in text_of(some_event(when=when), london)


def test_a_time_without_a_zone_stays_without():
    text = text_of(some_event(when=occasions.occasions({"start": "2026-12-10T18:00"})))
    assert "DTSTART:20261210T180000\r\n" in text and "VTIMEZONE" not in text


def test_many_time_zones_do_not_make_a_large_file():
    zones = sorted(zone for zone in occasions.zone_names() if zone.startswith(("America/", "Asia/")))[:100]
    events = [
        some_event(record_id=f"r{at}", when=occasions.occasions({"start": "2026-12-10T18:00", "timezone": zone}))
        for at, zone in enumerate(zones)
    ]
    text = text_of(*events)
    assert text.count("BEGIN:VTIMEZONE") == calendars.MOST_ZONES
    for zone, one in zip(zones, read(text).walk("VEVENT"), strict=True):
        assert one["DTSTART"].dt == datetime(2026, 12, 10, 18, tzinfo=ZoneInfo(zone))


def test_years_far_away_need_no_clocks():
    for year in ("0001", "1850", "9998"):
        when = occasions.occasions({"start": f"{year}-06-10T18:00", "timezone": "Europe/London"})
        assert "VTIMEZONE" not in text_of(some_event(when=when))


# -- what stands in a file


def test_everything_about_an_event_is_there():
    calendar = read(text_of(some_event()))
    assert (calendar["X-WR-CALNAME"], calendar["NAME"], calendar["VERSION"]) == ("Ours", "Ours", "2.0")
    first, moved = calendar.walk("VEVENT")
    assert {name: str(first[name]) for name in ("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "STATUS")} == {
        "UID": "r1@cop", "SUMMARY": "Reading circle", "DESCRIPTION": "Tea.", "LOCATION": "Hall",
        "URL": "https://cop.example/events/circle", "STATUS": "CONFIRMED",
    }  # fmt: skip
    assert first["SEQUENCE"] == 2
    assert first["DTSTAMP"].dt == first["LAST-MODIFIED"].dt == THEN
    assert moved["UID"] == first["UID"] and moved["LOCATION"] == "Library"
    assert moved["RECURRENCE-ID"].dt == datetime(2026, 12, 15, 18, tzinfo=ZoneInfo("Europe/London"))
    assert moved["DTEND"].dt - moved["DTSTART"].dt == timedelta(hours=2)


def test_programs_are_told_how_often_to_look():
    text = text_of()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT12H\r\n" in text and "X-PUBLISHED-TTL:PT12H\r\n" in text


def test_whole_days_end_on_the_day_after_and_keep_nobody_busy():
    text = text_of(some_event(when=occasions.occasions({"start": "2026-12-10", "end": "2026-12-12"})))
    assert "DTSTART;VALUE=DATE:20261210\r\n" in text and "DTEND;VALUE=DATE:20261213\r\n" in text
    assert "TRANSP:TRANSPARENT" in text
    assert times(text, date(2026, 12, 12), date(2026, 12, 13)) == ["2026-12-10"]


def test_an_end_that_nobody_wrote_is_not_made_up():
    text = text_of(some_event(when=occasions.occasions({"start": "2026-12-10T18:00", "timezone": "Europe/London"})))
    assert "DTEND" not in text and "DURATION:" not in text.replace("VALUE=DURATION:", "")


@given(
    rules,
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 28)),
    st.booleans(),
    st.sampled_from(["12", "01"]),  # 01:30 is skipped in spring and comes twice in autumn
    st.one_of(st.none(), st.integers(10, 900)),
    st.integers(0, 6),
    st.data(),
)
@settings(max_examples=150)
def test_another_program_works_out_the_same_dates(
    rule: Rule, start: datetime, timed: bool, hour: str, lasts: int | None, times_or_until: int, data: st.DataObject
) -> None:
    until = start.date() + timedelta(days=lasts) if lasts else None
    rule = Rule(rule.unit, rule.every, rule.weekdays, rule.position, until, 0 if until else times_or_until)
    assume(recurring.fits(rule, start.date()))
    fields: dict[str, Any] = {
        "start": f"{start:%Y-%m-%dT{hour}:30}" if timed else f"{start:%Y-%m-%d}",
        "timezone": "Europe/London",
    }
    fields["repeats"] = recurring.words(rule)
    when = occasions.occasions(fields)
    assert when is not None
    first, last = start.date(), start.date() + timedelta(days=1000)
    days = [one.start.isoformat()[:10] for one in taking_place.between(when, first, last)]
    fields["not_on"] = data.draw(st.lists(st.sampled_from(days), max_size=2, unique=True))
    left = sorted(set(days) - set(fields["not_on"]))
    if left:
        fields["moved"] = [{"date": data.draw(st.sampled_from(left)), "to": f"{first + timedelta(days=3)}"}]
    fields["also_on"] = [f"{first + timedelta(days=5)}"]
    when = occasions.occasions(fields)
    assert when is not None
    ours = sorted(
        f"{one.start.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(one.start, datetime) else one.start.isoformat()
        for one in taking_place.between(when, first, last)
    )
    assert times(text_of(some_event(when=when)), first, last + timedelta(days=1)) == ours


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["\r\n", "\n", "\r", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR", "\\", "\\n", ";", ",", ":", '"', "\x00", "\x07", "\u2028",
             "\x85", "\x0b", "\u202e", "ATTACH:https://evil.example", " ", "\t", "^n", "a", "ش", "😀" * 30, "é" * 40],
        ), max_size=12,
    ).map("".join),
)  # fmt: skip


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=300)
def test_nothing_breaks_out_of_a_calendar(title: str, description: str, place: str, topic: str) -> None:
    one = some_event(
        title=title,
        description=description,
        place=place,
        topics=(topic,),
        when=occasions.occasions({"start": "2026-12-10"}),
    )
    text = calendars.write(CalendarFile(title, description, "https://cop.example/events", (one,)), TODAY)
    (event,) = read(text).walk("VEVENT")
    assert str(event["SUMMARY"]) == one_line(title)
    assert str(event.get("LOCATION", "")) == one_line(place)
    assert "ATTACH" not in event
    assert set(event) <= {"UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION",
                          "LOCATION", "URL", "STATUS", "TRANSP", "CATEGORIES"}  # fmt: skip
    (theirs,) = by_vobject(text).vevent_list
    assert theirs.summary.value == one_line(title)


# -- through Datasette


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    made = example(tmp_path_factory.mktemp("calendars") / "data" / "site.db")
    with database.writing(made.db):
        made.add("organisation", "caafi", title="Caafi Health CIC", aliases=["Caafi Health"])
        made.add("event", "off", title="Picnic", start="2027-05-01", status="cancelled", topics=["meetings"],
                 status_note="The park is <b>flooded</b> & shut.", summary="In the park.")  # fmt: skip
        made.add(
            "event", "maybe", title="Walk", start="2027-05-02", date_basis="inferred", date_note="A Sunday in May."
        )
        made.add("event", "circle", title="Reading circle", **CIRCLE)
        made.db.execute("UPDATE records SET ends = '2027-03-30' WHERE slug = 'circle'")
    return made


async def fetch(client: Any, path: str, **headers: str) -> dict[str, Any]:
    """Title to event."""
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    by_vobject(answer.text)
    return {str(one["SUMMARY"]): one for one in read(answer.text).walk("VEVENT") if "RECURRENCE-ID" not in one}


async def test_all_events_with_a_day_are_in_the_calendar(client: Any) -> None:
    found = await fetch(client, "/events.ics")
    assert set(found) == {"Power workshop", "First workshop", "Cancelled: Picnic", "Walk", "Reading circle"}
    workshop = found["Power workshop"]
    assert str(workshop["URL"]) == "http://localhost/events/workshop"
    assert workshop["DTSTART"].dt == datetime.fromisoformat(f"{SOON}T18:00+00:00")
    told = str(workshop["DESCRIPTION"])
    assert "Access: Step-free\n" in told and "Childcare: Yes, next door" in told and "Free phone line: Yes" in told
    assert "Not stated, please ask: What is provided; Do you ask everyone what they need?; Buses and trains;" in told
    assert told.endswith("\n\nhttp://localhost/events/workshop")


async def test_what_is_not_settled_is_tentative(client: Any) -> None:
    found = await fetch(client, "/events.ics")
    states = {title: str(one["STATUS"]) for title, one in found.items()}
    assert states == {
        "Power workshop": "CONFIRMED", "First workshop": "TENTATIVE", "Cancelled: Picnic": "CANCELLED", "Walk": "TENTATIVE",
        "Reading circle": "CONFIRMED",
    }  # fmt: skip
    assert "The date is our reading.\nA Sunday in May." in str(found["Walk"]["DESCRIPTION"])


async def test_what_changed_and_why_stands_first(client: Any) -> None:
    told = str((await fetch(client, "/events.ics"))["Cancelled: Picnic"]["DESCRIPTION"])
    assert told.startswith("This event will not take place. The park is <b>flooded</b> & shut.\n\nIn the park."), told
    fields = {"start": "2027-01-05", "moved_from": "2027-01-04", "status_note": "The hall is painted."}
    assert event_page.state(fields) == (
        "It was to be on 4 January 2027. Now it is on 5 January 2027. The hall is painted",
    )


async def test_whatever_narrows_the_list_narrows_the_calendar(client: Any) -> None:
    assert set(await fetch(client, "/events.ics?kind=workshop")) == {"Power workshop", "First workshop"}
    assert set(await fetch(client, "/events.ics?q=picnic")) == {"Cancelled: Picnic"}
    assert set(await fetch(client, "/topics/meetings/events.ics")) == {"Cancelled: Picnic"}
    assert set(await fetch(client, "/organisations/caafi/events.ics")) == {"Power workshop"}  # by another of its names
    assert set(await fetch(client, "/topics/sharing-power/events.ics")) == set()


async def test_one_event_has_a_calendar_if_its_day_is_known(client: Any) -> None:
    answer = await client.get("/events/circle.ics")
    assert answer.headers["content-disposition"] == 'inline; filename="circle.ics"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert set(await fetch(client, "/events/circle.ics")) == {"Reading circle"}
    for path in ("/events/spring.ics", "/events/none.ics", "/topics/none/events.ics", "/organisations/none/events.ics"):
        assert (await client.get(path)).status_code == 404, path
    again = await client.get("/events/circle.ics", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_ids_stay_and_changes_are_counted(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        record_id = site.add("event", "tea", title="Tea", start="2027-01-05")
        for _ in range(3):
            site.happened(record_id, "Caafi Health", {"start": "2027-01-05"})
    datasette = serve(site.path)
    await datasette.invoke_startup()
    for host in ("a.example", "b.example"):
        (event,) = (await fetch(datasette.client, "/events.ics", Host=host)).values()
        assert (str(event["UID"]), event["SEQUENCE"]) == (f"{record_id}@cop", 2)


async def test_pages_lead_to_calendars_and_say_what_is_not_in_them(client: Any) -> None:
    listed = (await client.get("/events?kind=workshop", headers={"Host": "cop.example"})).text
    assert (
        'href="events.ics?kind=workshop"' in listed and 'href="webcal://cop.example/events.ics?kind=workshop"' in listed
    )
    assert "only the month, the year or no date at all are not in the calendar file" in listed
    assert "webcal:" not in (await client.get("/events")).text  # nobody else reaches this computer
    assert 'href="../events/circle.ics"' in (await client.get("/events/circle")).text
    assert "cannot be put into a calendar" in (await client.get("/events/spring")).text
    assert 'href="../organisations/caafi/events.ics"' in (await client.get("/organisations/caafi")).text
    assert "events.ics" not in (await client.get("/organisations/caafi-health")).text.replace(
        "/caafi-health/events.ics", "x"
    )
    assert 'href="../topics/meetings/events.ics"' in (await client.get("/topics/meetings")).text


def test_a_series_stands_among_what_is_to_come(site: SiteBuilder) -> None:

    found = {one.card.title: one for one in events.coming(site.db, date(2026, 11, 22))}
    circle = found["Reading circle"]
    assert (circle.slip.iso, circle.slip.large) == ("2026-12-01T18:00+00:00", "1")
    assert circle.card.meta.startswith(
        "Tuesday 1 December 2026, 18:00 to 20:00 (London time), every 2 weeks until 31 March 2027"
    )
    assert "Reading circle" not in {one.card.title for one in events.coming(site.db, date(2027, 4, 1))}


def test_an_event_of_no_kind_is_listed_all_the_same(tmp_path: Path) -> None:

    site = build(tmp_path / "data" / "site.db")
    site.add("event", "tea", title="Tea", start="2027-01-05")
    assert [one.card.title for one in events.coming(site.db, TODAY)] == ["Tea"]


async def test_the_page_of_a_series_says_what_is_next(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (await client.get("/events/circle")).text
    assert "18:00 to 20:00 (London time), every 2 weeks until 31 March 2027" in text
    assert "15 December 2026: now 16 December 2026, 19:00, Library" in text
    assert "17 November 2026" in text
