"""Events as people write them into files: time zones nobody wrote down, and events for people under 18."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import Folder

from cop import checking, content, merge, occasions, read_back, taking_place, values
from cop.config import Config, Site, read_config
from cop.errors import CopError
from cop.model import OWN

START = "---\ntitle: Circle\nstart: 2026-12-10T18:00\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "site", tmp_path / "keys", timezone="Asia/Karachi")


def fields(folder: Folder) -> dict[str, Any]:
    record_id = folder.db.execute("SELECT record_id FROM local_file").fetchone()[0]
    view = merge.merge(read_back.revisions(folder.db, record_id))
    assert view is not None
    return dict(view.fields)


def zone(folder: Folder) -> tuple[object, object]:
    found = fields(folder)
    return found.get("timezone"), found.get("timezone_basis")


def test_a_time_without_a_zone_is_that_of_the_site_and_says_so(folder: Folder):
    folder.write("events/circle.md", START + "---\n")
    assert folder.load().added == 1
    assert zone(folder) == ("Asia/Karachi", "of-the-site")
    assert "timezone" not in folder.read("events/circle.md")
    assert folder.load().entries == 0


def test_it_stays_when_the_file_or_the_setting_changes_and_goes_when_somebody_writes_one(folder: Folder):
    folder.write("events/circle.md", START + "---\n")
    folder.load()
    folder.site = Site(folder.site.root, folder.site.keys, Config(timezone="America/New_York"))
    file = folder.read("events/circle.md")
    folder.write("events/circle.md", file.replace("Circle", "Big circle"))
    assert folder.load().changed == 1 and zone(folder) == ("Asia/Karachi", "of-the-site")
    folder.write("events/circle.md", file.replace("start:", "timezone: Europe/London\nstart:"))
    folder.load()
    assert zone(folder) == ("Europe/London", None)


@pytest.mark.parametrize("line", ["start: 2026-12-10", "start: 2026-12-10T18:00Z", "start: 2026-12", "place: Hall"])
def test_only_times_without_a_zone_get_one(folder: Folder, line: str):
    folder.write("events/circle.md", f"---\ntitle: Circle\n{line}\n---\n")
    folder.load()
    assert zone(folder) == (None, None)


def test_no_setting_no_zone(tmp_path: Path):
    folder = Folder(tmp_path / "site", tmp_path / "keys")
    folder.write("events/circle.md", START + "---\n")
    folder.load()
    assert zone(folder) == (None, None)


def test_a_zone_that_is_none_is_refused_with_an_example(tmp_path: Path):
    (tmp_path / "cop.toml").write_text('timezone = "London"\n')
    with pytest.raises(CopError) as error:
        read_config(tmp_path / "cop.toml")
    assert "Europe/London" in error.value.hint


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("Europe/London", "+0100", "+0000"), ("America/New_York", "-0400", "-0500"), ("Asia/Karachi", "+0500", "+0500")],
)
def test_a_series_keeps_its_time_of_day_when_clocks_change(name: str, before: str, after: str):
    autumn = {
        "start": "2026-10-20T18:00",
        "end": "2026-10-20T20:00",
        "timezone": name,
        "repeats": "every week, 4 times",
    }
    when = occasions.occasions(autumn)
    assert when is not None
    found = taking_place.between(when, occasions.day_of(when.start), occasions.day_of(when.start).replace(month=12))
    assert [f"{one.start:%H:%M}" for one in found] == ["18:00"] * 4
    assert (f"{found[0].start:%z}", f"{found[-1].start:%z}") == (before, after)
    spring = {**autumn, "start": "2027-03-09T18:00", "end": "2027-03-09T20:00"}  # New York changes on 14, London on 28
    when = occasions.occasions(spring)
    assert when is not None
    found = taking_place.between(when, occasions.day_of(when.start), occasions.day_of(when.start).replace(month=5))
    assert [f"{one.start:%H:%M}-{one.end:%H:%M}" for one in found if one.end] == ["18:00-20:00"] * 4
    assert (f"{found[0].start:%z}", f"{found[-1].start:%z}") == (after, before)


# -- under 18s

YOUNG = "---\ntitle: Young people meet\nunder_18s: true\n"
ANSWERS = "cyp_guidelines_agreed: true\ncyp_dbs: true\ncyp_two_adults: true\ncyp_under_16_parent: false\ncyp_second_adult: true\n"


def test_an_event_for_under_18s_waits_until_its_checklist_is_answered(folder: Folder):
    folder.write("events/young.md", YOUNG + ANSWERS + "---\n")
    folder.write("events/other.md", "---\ntitle: Other\n---\n")
    report = folder.load()
    assert report.added == 1
    (problem,) = report.refused
    assert (problem.path, problem.line) == ("content/events/young.md", 3)
    assert problem.reason.endswith("not answered yet: cyp_no_show_plan") and "draft: true" in problem.hint
    folder.write("events/young.md", YOUNG + ANSWERS + "cyp_no_show_plan: The two adults call the parents.\n---\n")
    assert folder.load().added == 1


@pytest.mark.parametrize("line", ["draft: true", "share: own"])
def test_it_can_be_kept_to_ourselves_meanwhile(folder: Folder, line: str):
    folder.write("events/young.md", YOUNG + line + "\n---\n")
    assert folder.load().added == 1


def test_partners_do_not_get_it_either(folder: Folder):
    folder.write("events/young.md", YOUNG + "share: partners\n---\n")
    assert folder.load().refused


def test_an_event_that_is_up_stays_as_it_was_until_the_answers_are_there(folder: Folder):
    folder.write("events/young.md", "---\ntitle: Meeting\n---\n")
    folder.load()
    folder.write("events/young.md", folder.read("events/young.md").replace("title", "under_18s: true\ntitle"))
    assert folder.load().refused and "under_18s" not in fields(folder)


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("start: 2026-03-29T01:30", 3, "“start”: the clocks skip 2026-03-29T01:30"),
        ("start: 2026-03-28T20:00\nend: 2026-03-29T01:00", 4, "“end”: the clocks skip"),
        ("start: 2026-10-25T01:00", 3, "“start”: the clocks show 2026-10-25T01:00 twice"),
        ("start: 2026-10-18T01:00\nalso_on: [2026-10-25T01:00]", 4, "“also_on”: the clocks show"),
        (
            "start: 2026-10-18T01:00\nrepeats: every week\nmoved: [{date: 2026-11-01, to: 2026-10-25T01:00}]",
            5,
            "“moved”: the clocks show",
        ),
    ],
)
@pytest.mark.parametrize("stated", [True, False])
def test_a_time_that_clocks_skip_or_show_twice_is_refused_with_its_line(
    tmp_path: Path, lines: str, line: int, said: str, stated: bool
) -> None:
    folder = Folder(tmp_path / "site", tmp_path / "keys", timezone="" if stated else "Europe/London")
    zone = "timezone: Europe/London\n" if stated else ""
    folder.write("events/night.md", f"---\ntitle: Night walk\n{lines}\n{zone}---\n")
    (problem,) = folder.load().refused
    assert problem.path == "content/events/night.md" and problem.line == line
    assert said in problem.reason and "Write" in problem.hint
    assert checking.check(folder.site, date(2026, 1, 1)).problems == (problem,)


@pytest.mark.parametrize(
    "start", ["2026-10-25T01:00+00:00", "2026-10-25T01:00+01:00", "2026-10-25", "2026-03-29T02:00"]
)
def test_a_time_that_is_clear_is_taken(tmp_path: Path, start: str) -> None:
    folder = Folder(tmp_path / "site", tmp_path / "keys", timezone="Europe/London")
    folder.write("events/night.md", f"---\ntitle: Night walk\nstart: {start}\ntimezone: Europe/London\n---\n")
    assert not folder.load().refused


@pytest.mark.parametrize("word", ["Cancelled", "canceled", "CANCELED", '" cancelled "'])
def test_a_cancelled_event_is_kept_as_one_however_the_word_is_written(folder: Folder, word: str):
    folder.write("events/circle.md", f"{START}status: {word}\n---\n")
    assert not folder.load().refused and fields(folder)["status"] == "cancelled"


@pytest.mark.parametrize(("word", "hint"), [("postponed", "Write one of: planned"), ("cancelld", "mean: cancelled?")])
def test_another_state_is_refused_as_people_would_come(folder: Folder, word: str, hint: str):
    folder.write("events/circle.md", f"{START}status: {word}\n---\n")
    (problem,) = folder.load().refused
    assert problem.line == 4 and f"“{word}” is not a word of its list" in problem.reason and hint in problem.hint
    assert checking.check(folder.site, date(2026, 1, 1)).problems == (problem,)


@pytest.mark.parametrize("word", ["draft", "Draft", "private"])
def test_a_state_by_which_other_programs_hide_a_file_hides_it(word: str):
    assert content.read(f"{START}status: {word}\n---\n".encode(), "events/circle.md").share == OWN


def test_what_was_stored_before_is_shown_with_the_right_state():
    assert values.clean("event", {"status": "Canceled"}) == {"status": "cancelled"}
    assert values.clean("event", {"status": "postponed"}) == {"status": "postponed"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-12-10", "2026-12-09"),
        ("2026-12-10T18:00", "2026-12-10T17:30"),
        ("2026-12-10T18:00+01:00", "2026-12-10T16:30Z\ntimezone: Europe/Berlin"),  # 17:30 there
        ("2026-12-10T18:00", "2026-12-09"),
        ("2026-12", "2026-11-30"),
        ("2026", "2025"),
    ],
)
def test_an_end_before_the_start_is_refused_with_its_line(folder: Folder, start: str, end: str):
    folder.write("events/circle.md", f"---\ntitle: Circle\nstart: {start}\nend: {end}\n---\n")
    (problem,) = folder.load().refused
    assert problem.line == 4 and "is before “start”" in problem.reason and "Mend one of the two" in problem.hint
    assert checking.check(folder.site, date(2026, 1, 1)).problems == (problem,)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-12-10", "2026-12-10"),
        ("2026-12-10T18:00", "2026-12-10"),
        ("2026-12-10T18:00", "2026-12"),
        ("2026-10-25T01:30+01:00", "2026-10-25T01:15+00:00\ntimezone: Europe/London"),  # the clocks go back
        ("2026-12-10T18:00+01:00", "2026-12-10T17:30Z\ntimezone: Europe/Berlin"),
    ],
)
def test_an_end_that_may_be_right_is_taken(folder: Folder, start: str, end: str):
    folder.write("events/circle.md", f"---\ntitle: Circle\nstart: {start}\nend: {end}\n---\n")
    assert not folder.load().refused


def test_a_project_does_not_end_before_it_starts_either(folder: Folder):
    folder.write("projects/garden.md", "---\ntitle: Garden\nstart: 2026\nend: 2025-06\n---\n")
    (problem,) = folder.load().refused
    assert problem.line == 4


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("Europe/Londn", "Did you mean Europe/London?"),
        ("London", "Did you mean Europe/London?"),
        ("asia/karachi", "Did you mean Asia/Karachi?"),
        ("GMT+1", "Write the name of a large town there, such as Europe/London."),
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_with_the_one_that_was_meant(
    folder: Folder, written: str, hint: str
):
    folder.write("events/circle.md", f"{START}timezone: {written}\n---\n")
    (problem,) = folder.load().refused
    assert (problem.line, problem.hint) == (4, hint) and f"no time zone “{written}”" in problem.reason
    assert checking.check(folder.site, date(2026, 1, 1)).problems == (problem,)
