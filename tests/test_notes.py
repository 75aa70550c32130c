"""Notes beside an entry, the way from post to post, and lists that are still empty."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Cop
from test_pages import words
from web_site import SiteBuilder, build, filled, serve

from cop.fields import TYPES
from cop.values import WrongValue, check
from cop.web import works


def _fill(site: SiteBuilder) -> None:
    site.add("resource", "guide", title="The guide", was=("old-guide",))
    for at, about in enumerate(("guide", "old-guide", "guide", "guide", "guide", "guide", "other")):
        note = site.add(
            "note", f"n{at}", title=f"Note {at}", about=f"resources/{about}", text="We read it aloud. " * 40
        )
        site.happened(note, "Caafi Health", {"title": f"Note {at}"})
    dates = [("a", "2026-01-02"), ("c", "2026-01-03"), ("b", "2026-01-03"), ("d", "2026-01-04"), ("x", "")]
    for title, date in dates:
        site.add("post", f"post-{title}", title=title, **({"date": date} if date else {}))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return filled(tmp_path_factory.mktemp("notes"), _fill)


async def test_an_entry_shows_the_notes_about_it_with_whose_they_are(client: Any) -> None:
    page = await words(client, "/resources/guide")
    assert "Notes by organisations" in page and "Note 0 Caafi Health We read it aloud." in page
    assert "Note 1" in page and "Note 5" not in page and "Note 6" not in page
    assert "All 6 notes on this" in page and "…" in page
    assert "6 of 7 notes" in await words(client, "/notes?about=resources/guide&about=resources/old-guide")


async def test_a_note_leads_to_what_it_is_about(client: Any) -> None:
    assert "What it is about The guide" in await words(client, "/notes/n0")
    assert "What it is about resources/other" in await words(client, "/notes/n6")


@pytest.mark.parametrize("wrong", ["guide", "shelf/guide", "resources/", "https://example.org/resources/guide"])
def test_a_note_about_nothing_is_refused_with_what_to_write(wrong: str) -> None:
    with pytest.raises(WrongValue) as refused:
        check("note", "about", wrong)
    assert "resources/powercube" in refused.value.hint


@pytest.mark.parametrize("written", ["/resources/guide", "resources/guide", "content/resources/guide.md"])
def test_an_address_may_be_written_in_several_ways(written: str) -> None:
    assert check("note", "about", written) == "resources/guide"


def test_a_note_that_stays_with_us_is_on_no_page(cop: Cop, tmp_path: Path) -> None:
    cop.write("resources/guide.md", "---\ntitle: The guide\n---\n")
    cop.write("notes/ours.md", "---\ntitle: Ours\nabout: resources/guide\nshare: own\n---\n")
    assert cop("load").exit_code == 0
    assert b"Ours" not in (cop.root / "data" / "site.db").read_bytes()


def test_posts_lead_to_their_neighbours_in_the_order_of_their_list(site: SiteBuilder) -> None:
    rows = {row["title"]: row for row in site.db.execute("SELECT * FROM records WHERE type = 'post'")}
    found = {
        title: tuple(one.title if one else "" for one in (works.neighbour(site.db, row, later=later) for later in (True, False)))
        for title, row in rows.items()
    }  # fmt: skip
    assert found == {"d": ("", "b"), "b": ("d", "c"), "c": ("b", "a"), "a": ("c", ""), "x": ("", "")}


async def test_a_post_shows_both_ways(client: Any) -> None:
    page = await words(client, "/posts/post-b")
    assert "Later post: d (4 January 2026)" in page and "Earlier post: c (3 January 2026)" in page


@pytest.mark.parametrize("record_type", TYPES.values(), ids=lambda one: one.folder)
async def test_an_empty_list_says_what_belongs_there(tmp_path: Path, record_type: Any) -> None:
    datasette = serve(build(tmp_path / "data" / "site.db").path)
    await datasette.invoke_startup()
    page = await words(datasette.client, f"/{record_type.folder}")
    assert record_type.empty and record_type.empty in page
    assert "How to add the first one" in page or record_type.name in {
        "person",
        "agreement",
    }  # people are asked first; that page says more
