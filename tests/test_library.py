"""One page a resource: where it stands among editions, parts and mentions; and old addresses that still lead to it."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Cop
from test_pages import check, words
from web_site import SiteBuilder, build, filled, serve

from cop import database


def _fill(site: SiteBuilder) -> None:
    site.add("topic", "power", title="Sharing power")
    for year, more in ((2012, {}), (2018, {"supersedes": "guide-2012", "superseded_by": "guide"}), (2021, {})):
        slug = "guide-2021" if year == 2021 else f"guide-{year}"
        was = ("guide",) if year == 2021 else ()
        site.add("resource", slug, title=f"Guide {year}", year=year, was=was, topics=["power", "rare"], **more)
    site.add("resource", "cube", title="The cube")
    site.add("resource", "cube-handouts", title="Handouts", part_of="cube")
    site.add("resource", "cube-videos", title="Videos", part_of="old-cube-name")
    site.add("post", "story", title="How we used it", html='<p><a href="../resources/guide#part-1">It</a></p>')
    site.add("checklist", "before", title="Before we start", html='<p><a href="../resources/guide-2021">It</a></p>')
    site.add("resource", "moved-a", title="Moved A", was=("shared", "old-cube-name-2"))
    site.add("resource", "moved-b", title="Moved B", was=("shared",))
    site.add("resource", "left", title="Left alone", was=("same",))
    for at in range(8):
        site.add("resource", f"about-power-{at}", title=f"About power {at}", topics=["power"])
    site.add("post", "rare-post", title="A rare post", topics=["rare"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return filled(tmp_path_factory.mktemp("library"), _fill)


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("/resources/guide", "guide-2021"),
        ("/resources/guide/history", "guide-2021/history"),
        ("/resources/guide.bib", "guide-2021.bib"),
        ("/resources/same-2", "left"),  # it was told apart by a number from another that has gone
        ("/resources/cube-2", "cube"),
    ],
)
async def test_an_old_address_leads_to_where_the_record_is_now(client: Any, old: str, now: str):
    answer = await client.get(old)
    assert answer.status_code == 301
    assert (
        answer.headers["location"].endswith(now) and (await client.get(old, follow_redirects=True)).status_code == 200
    )


async def test_an_address_that_two_records_once_had_asks_which_is_meant(client: Any):
    text = await words(client, "/resources/shared")
    assert "More than one thing stood here" in text and "Moved A" in text and "Moved B" in text


async def test_an_address_that_nothing_ever_had_is_not_there(client: Any):
    for path in ("/resources/nothing", "/resources/nothing-2", "/posts/guide"):
        assert (await client.get(path)).status_code == 404


async def test_editions_are_found_from_either_side_and_the_newest_is_shown(client: Any):
    text = await words(client, "/resources/guide-2012")
    assert "There is a newer edition Guide 2021 (2021)." in text
    assert "Editions Newer edition:Guide 2021 (2021) Newer edition:Guide 2018 (2018)" in text
    assert "Older edition:Guide 2018 (2018) Older edition:Guide 2012 (2012)" in await words(
        client, "/resources/guide-2021"
    )


async def test_parts_and_the_whole_lead_to_each_other(client: Any):
    assert "This is part of:The cube" in await words(client, "/resources/cube-handouts")
    assert "Parts Handouts" in await words(client, "/resources/cube")


async def test_a_page_says_where_else_it_is_mentioned(client: Any):
    text = await words(client, "/resources/guide-2021")
    assert "Mentioned in Checklist: Before we start Post: How we used it" in text


async def test_what_shares_a_rare_topic_is_nearer_than_what_shares_a_common_one(client: Any):
    text = await words(client, "/resources/guide-2021")
    related = text[text.index("Related") : text.index("This page")]
    assert related.index("A rare post") < related.index("About power 0") and "Guide" not in related
    assert "About power 0 About power 1" in related and "About power 2" not in related


async def test_a_loop_of_editions_ends(tmp_path: Path):
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        site.add("resource", "a", title="A", superseded_by="b", supersedes="b", part_of="a")
        site.add("resource", "b", title="B", superseded_by="a", supersedes="b")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    assert "Newer edition:B" in await words(datasette.client, "/resources/a")


async def test_a_renamed_content_file_keeps_its_old_address(cop: Cop):
    file = cop.write("resources/first-name.md", "---\ntitle: A guide\n---\n")
    cop.write("posts/story.md", "---\ntitle: Story\n---\nSee [it](../resources/first-name).\n")
    assert cop("load").exit_code == 0
    file.write_text(file.read_text("utf-8").replace("title:", "slug: second-name\ntitle:"), "utf-8")
    assert cop("load").exit_code == 0
    datasette = serve(cop.root / "data" / "site.db")
    await datasette.invoke_startup()
    answer = await datasette.client.get("/resources/first-name")
    assert answer.status_code == 301 and answer.headers["location"].endswith("resources/second-name")
    text = await words(datasette.client, "/resources/second-name")
    assert "Mentioned in Post: Story" in text
    lists = await words(datasette.client, "/resources")
    assert "Added by Community 1" in lists and "No link known 1" in lists and "Kind Not stated 1" in lists


async def test_what_people_found_at_a_link_stands_beside_it_and_the_link_stays(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    found = ["2026-01-02 opens, Nilaari", "2027-03-03 gone <b>, Caafi Health"]
    site.add(
        "resource",
        "guide",
        title="Guide",
        url="https://example.org/a",
        copy_url="https://example.net/b",
        link_reports=found,
    )
    site.add(
        "resource", "odd", title="Odd", url="https://example.org/a", copy_url="javascript:alert(1)", link_reports="x"
    )
    client = serve(site.path).client
    page = check((await client.get("/resources/guide")).text)
    assert {"https://example.org/a", "https://example.net/b"} <= set(page.links)
    text = " ".join(page.text.split())
    assert "People told us about this link 2027-03-03 gone <b>, Caafi Health 2026-01-02 opens, Nilaari" in text
    odd = check((await client.get("/resources/odd")).text)
    assert "People told us" not in odd.text and not [link for link in odd.links if "javascript" in link]
    site.db.close()


async def test_related_works_of_one_name_are_told_apart_by_their_dates(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    for slug, title, year in (("a", "Guide", 2018), ("b", "Guide", 2021), ("c", "Cube", 2011), ("here", "Here", 2020)):
        site.add("resource", slug, title=title, year=year, topics=["power"])
    text = await words(serve(site.path).client, "/resources/here")
    assert "Related Cube Guide (2018) Guide (2021)" in text
    site.db.close()
