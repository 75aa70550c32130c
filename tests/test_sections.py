"""What belongs to an organisation or a project: some of each kind with counts, and the way to all of them."""

import re
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from test_pages import words
from web_site import SiteBuilder, filled, serve

from cop.filing import MAX_NAMED, named


def _fill(site: SiteBuilder) -> None:
    site.add("organisation", "river", title="River Group", aliases=["The Rivers"],
             other_names=[{"name": "Brook Club", "source": "A list", "period": "until 2019"}])  # fmt: skip
    site.add("organisation", "alone", title="Alone")
    for at in range(7):
        site.add("resource", f"work-{at}", title=f"Work {at}", year=2010 + at, publisher="River Group")
    site.add("resource", "old", title="Old work", year=1999, authors=["The Rivers"])
    site.add("post", "story", title="A story", credits=[{"name": "Hodan", "organisation": "Brook Club"}])
    site.add("post", "other", title="Another", credits=[{"name": "Tom", "organisation": "River Groups"}])
    site.add("event", "walk", title="A walk", start="2018-05-01", organisers=["River Group"], project=["map"])
    site.add("person", "yasmin", title="Yasmin", organisation="River Group")
    site.add("person", "tom", title="Tom", organisation="Hill Group")
    site.add("opportunity", "closed", title="A closed role", organisers=["River Group"], closes="2020-01-01")
    site.add("opportunity", "open", title="An open role", organisers=["River Group"], closes="9999-01-01")
    site.add("project", "map", title="Map", organisers=["River Group"], was=("old-map",))
    for at in range(6):
        site.add("resource", f"map-{at}", title=f"Map {at}", project=["old-map" if at == 0 else "map"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return filled(tmp_path_factory.mktemp("sections"), _fill)


def headings(page: str) -> dict[str, str]:
    """Each heading that has a count, with it."""
    return dict(re.findall(r'<h2>([^<]+) <span class="n">([^<]+)</span></h2>', page))


async def test_an_organisation_leads_to_all_that_names_it_under_any_of_its_names(client: Any) -> None:
    page = (await client.get("/organisations/river")).text
    expected = {"Projects": "1", "Events": "1", "Opportunities": "1", "Posts": "1", "Resources": "8", "People": "1"}
    assert headings(page) == expected
    assert "A closed role" not in page and "Another" not in page and "Tom" not in page
    assert headings((await client.get("/organisations/alone")).text) == {}


async def test_the_way_to_all_of_them_is_the_narrowed_list(client: Any) -> None:
    page = (await client.get("/organisations/river")).text
    assert "Work 6" in page and "Old work" not in page
    found = re.search(r'<a href="\.\.(/resources\?[^"]+)">All 8 resources that name it</a>', page)
    assert found
    told = (await client.get(found[1].replace("&amp;", "&"))).text
    assert "8 of 14 resources" in told and "Old work" in told and "River Group" in told
    assert 'value="River Group" checked' in told  # so that the next choice keeps it


async def test_a_list_offers_no_organisation_to_choose(client: Any) -> None:
    assert 'name="organisation"' not in (await client.get("/resources")).text


async def test_people_of_an_organisation_have_a_list_and_a_way_back(client: Any) -> None:
    page = await words(client, "/people?organisation=River%20Group")
    assert "Yasmin" in page and "Tom" not in page and "Organisation: River Group remove" in page
    nobody = await words(client, "/people?organisation=Nobody")
    assert "Nobody fits all of this." in nobody


async def test_a_project_shows_what_is_part_of_it_also_under_an_earlier_address(client: Any) -> None:
    page = (await client.get("/projects/map")).text
    assert headings(page) == {"Events": "1", "Resources": "6"}
    assert "All 6 resources of this project" in page
    assert "A walk" in page
    narrowed = await words(client, "/resources?project=map")
    assert "5 of 14 resources" in narrowed and "Part of the project: Map" in narrowed


@pytest.mark.parametrize("path", ["/organisations/river", "/projects/map"])
async def test_a_page_stays_light(client: Any, path: str) -> None:
    answer = await client.get(path, headers={"accept-encoding": "gzip"})
    assert int(answer.headers.get("content-length", len(answer.content))) < 10_000


def test_names_of_organisations_are_found_wherever_they_stand() -> None:
    people = [{"name": "A", "organisation": "One"}, {"name": "B"}, "C", {"name": "D", "organisation": 4}]
    assert named("project", {"credits": people, "funders": ["Two", "One"]}) == ["One", "Two"]
    assert len(named("resource", {"authors": [f"N{at}" for at in range(99)]})) == MAX_NAMED


def _fill_short(site: SiteBuilder) -> None:
    site.add("organisation", "nsun", title="National Survivor User Network (NSUN)", aliases=["Survivors (SURV)"])
    site.add("organisation", "one", title="United Network (UN)")
    site.add("organisation", "two", title="Urban Nurses (UN)")
    site.add("event", "walk", title="A walk", start="2018-05-01", organisers=["NSUN"])
    site.add("event", "talk", title="A talk", start="2018-05-01", organisers=["SURV", "UN"])
    site.add("resource", "work", title="Work", authors=["National Survivor User Network", "Hodan"])
    site.add("resource", "other", title="Other", changed="2026-11-21T09:00:00Z")


@pytest.fixture
def short(tmp_path: Path) -> Datasette:
    return serve(filled(tmp_path, _fill_short).path)


async def test_initials_in_brackets_behind_the_name_of_an_organisation_stand_for_it(short: Datasette) -> None:
    assert 'href="../organisations/nsun"' in (await short.client.get("/events/walk")).text
    talk = (await short.client.get("/events/talk")).text
    assert 'href="../organisations/nsun"' in talk
    assert "organisations/one" not in talk and "organisations/two" not in talk  # nobody knows which is meant
    page = (await short.client.get("/organisations/nsun")).text
    assert headings(page) == {"Events": "2", "Resources": "1"}
    people = (await short.client.get("/people")).text
    assert 'href="organisations/nsun"' in people and "Hodan%22" in people


async def test_an_organisation_has_a_feed_of_what_names_it(short: Datasette) -> None:
    page = (await short.client.get("/organisations/nsun")).text
    assert page.count('href="../organisations/nsun/feed.atom"') == 2  # in the head, and for people to read
    feed = (await short.client.get("/organisations/nsun/feed.atom")).text
    assert [one in feed for one in ("<title>A walk<", "A talk", "Work", "Survivor", "Other")] == [True] * 4 + [False]
    assert (await short.client.get("/organisations/none/feed.atom")).status_code == 404
