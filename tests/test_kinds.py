"""What each kind of record asks for, as its readers meet it."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_pages import check
from web_site import SiteBuilder, build, serve

TODAY = datetime.now().astimezone().date()
YESTERDAY, TOMORROW = ((TODAY + timedelta(days=days)).isoformat() for days in (-1, 1))


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    return build(tmp_path / "data" / "site.db")


async def ask(site: SiteBuilder, path: str, status: int = 200) -> Any:
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(path)
    assert answer.status_code == status, path
    return answer


async def text(site: SiteBuilder, path: str, status: int = 200) -> str:
    return " ".join(check((await ask(site, path, status)).text).text.split())


@pytest.mark.parametrize("closes", [YESTERDAY, f"{YESTERDAY}T23:00", str(TODAY.year - 1), "1999-12"])
async def test_an_opportunity_that_has_closed_leaves_the_list_and_keeps_its_page(
    site: SiteBuilder, closes: str
) -> None:
    site.add("opportunity", "gone", title="Old role", closes=closes, topics=["pay"], pay="£20 an hour")
    site.add("opportunity", "here", title="New role", closes=TOMORROW, topics=["pay"])
    site.add("opportunity", "ever", title="Any time")
    listed = await text(site, "/opportunities")
    assert "2 opportunities" in listed and "New role" in listed and "Any time" in listed and "Old role" not in listed
    assert "Pay 1" in listed  # the count beside a choice knows it, too
    assert "1 of 2 opportunities" in await text(site, "/opportunities?topic=pay")
    assert "This has closed." in await text(site, "/opportunities/gone")
    assert "This has closed." not in await text(site, "/opportunities/here")
    assert "What happened" in await text(site, "/opportunities/gone/history")


@pytest.mark.parametrize("closes", [TODAY.isoformat(), str(TODAY.year), TODAY.isoformat()[:7]])
async def test_it_is_open_on_its_last_day(site: SiteBuilder, closes: str) -> None:
    site.add("opportunity", "here", title="New role", closes=closes)
    assert "1 opportunity" in await text(site, "/opportunities")


async def test_lists_show_what_people_choose_by(site: SiteBuilder) -> None:
    job = {"no_degree_needed": True, "pay": "£12 an hour", "organisers": ["Caafi Health"], "closes": TOMORROW}
    site.add("opportunity", "job", title="Assistant", kind="paid-role", **job)
    site.add("opportunity", "other", title="Other", no_degree_needed=False)
    site.add("technique", "rounds", title="Rounds", purpose="To hear everybody", remote=True)
    site.add("person", "hodan", title="Hodan", organisation="Caafi Health", offers=["Cooking", "Chairing"])
    site.add("note", "here", title="In Barton Hill", about="techniques/rounds")
    offered = await text(site, "/opportunities")
    assert "Paid role. Caafi Health, closes" in offered and ". Pay: £12 an hour No degree needed" in offered
    assert "1 of 2 opportunities" in await text(site, "/opportunities?no_degree_needed=True")
    techniques = await text(site, "/techniques")
    assert "Rounds To hear everybody" in techniques and "Works at a distance Yes 1" in techniques
    assert "Hodan Caafi Health. Can help with: Cooking, Chairing" in await text(site, "/people")
    for path in ("/notes", "/new"):
        assert "About “Rounds”" in await text(site, path)


async def test_a_note_does_not_name_somebody_who_is_no_longer_listed(site: SiteBuilder) -> None:
    site.add("person", "amina", title="Amina", consent_until=YESTERDAY)
    site.add("note", "here", title="In Barton Hill", about="people/amina")
    assert "“Amina”" not in (await ask(site, "/notes")).text


async def test_nobody_sees_somebody_whose_consent_has_ended(site: SiteBuilder) -> None:
    site.add("person", "amina", title="Amina", consent_until=YESTERDAY, offers=["Chairing"], text="chairing")
    site.add("person", "yasmin", title="Yasmin", consent_until=TODAY.isoformat(), offers=["Chairing"], text="chairing")
    for path in ("/people", "/new", "/search?q=chairing", "/people/feed.atom", "/feed.atom", "/"):
        shown = (await ask(site, path)).text
        assert "Amina" not in shown, path
    for path in ("/people", "/new", "/search?q=chairing", "/people/feed.atom"):
        assert "Yasmin" in (await ask(site, path)).text, path
    for path in ("/people/amina", "/people/amina/history", f"/people/{1:026d}"):
        assert "Amina" not in await text(site, path, 404), path
    await text(site, "/people/yasmin")
    assert "1 found" in await text(site, "/search?q=chairing") and "Nothing found" in await text(
        site, "/search?q=amina"
    )


LOG = [
    {"date": "2026-05", "who": "3 peer researchers, 1 nurse", "what": "We met.", "changed": "The question."},
    {"what": "=HYPERLINK(1)"},
    "A word alone",
]


async def test_the_log_of_a_project_is_a_table_and_a_file(site: SiteBuilder) -> None:
    site.add("project", "map", title="Map", log=LOG[:2])
    page = await text(site, "/projects/map")
    assert "May 2026 3 peer researchers, 1 nurse We met. The question." in page.replace("  ", " ")
    answer = await ask(site, "/projects/map/log.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["date", "who", "what", "changed", "took_part", "about"]
    assert rows[1] == ["2026-05", "3 peer researchers, 1 nurse", "We met.", "The question.", "", ""]
    assert rows[2] == ["", "", "'=HYPERLINK(1)", "", "", ""]
    await ask(site, "/projects/none/log.csv", 404)


async def test_a_project_without_a_log_has_no_file(site: SiteBuilder) -> None:
    site.add("project", "map", title="Map")
    await ask(site, "/projects/map/log.csv", 404)


async def test_other_forms_of_the_same_are_linked_from_all_of_them(site: SiteBuilder) -> None:
    site.add("resource", "guide", title="Guide", languages=["en"])
    site.add("resource", "easy", title="Guide, easy", form="easy-read", languages=["en"], same_as_in=["guide"])
    assert "The same in another form Easy Read, English: Guide, easy" in await text(site, "/resources/guide")
    assert "The same in another form English: Guide" in await text(site, "/resources/easy")
    assert "Easy Read 1" in await text(site, "/resources")


async def test_a_case_study_says_what_went_wrong_and_who_agreed(site: SiteBuilder) -> None:
    site.add("post", "case", title="Case", kind="case-study", date="2026-11-01", what_went_wrong="Nobody came.",
             agreed_by="Amina, May 2026", stages=[{"stage": "Planning", "who": "3 peer researchers"}])  # fmt: skip
    page = await text(site, "/posts/case")
    for told in ("Case study", "What went wrong Nobody came.", "Planning: 3 peer researchers", "Amina, May 2026"):
        assert told in page
    assert "Case study 1" in await text(site, "/posts")


async def test_a_technique_says_on_which_power_it_works_and_how_it_went(site: SiteBuilder) -> None:
    site.add("word", "power-over", title="Power over")
    site.add("technique", "rounds", title="Rounds", power=["power-over"],
             tried=[{"who": "A reading group", "when": "2025", "how_it_went": "Quiet people spoke."}])  # fmt: skip
    page = await text(site, "/techniques/rounds")
    assert "Kind of power it works on Power over" in page
    assert "A reading group: 2025; Quiet people spoke." in page
    assert "Power over 1" in await text(site, "/techniques")


async def test_training_that_is_wanted_can_be_listed(site: SiteBuilder) -> None:
    site.add("training", "chairing", title="Chairing well", wanted=True)
    site.add("training", "course", title="A course", next_date="On request", childcare="Yes")
    assert "Wanted: nobody offers it yet Yes 1" in await text(site, "/training")
    assert "1 of 2 training" in await text(site, "/training?wanted=True")
    page = await text(site, "/training/course")
    assert "Childcare Yes" in page and "Not stated, please ask" in page


def test_the_clock_of_these_tests_is_that_of_the_reader() -> None:
    assert abs((datetime.now(UTC).date() - TODAY).days) <= 1
