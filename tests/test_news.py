"""What is new, in the order in which it reached this copy: no date that somebody wrote moves anything."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import SiteBuilder, build, serve

from cop.web import cards, marking, news

MEET = "We meet on Monday in the library. " * 3


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    site = build(tmp_path / "data" / "site.db")
    site.says(organisation="Ours", as_of="2026-11-22T10:00:00Z")
    return site


async def titles(site: SiteBuilder, query: str = "") -> list[str]:
    return re.findall(r"<h3[^>]*><a[^>]*>([^<]*)<", await html(site, query))


async def html(site: SiteBuilder, query: str = "") -> str:
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(f"/new{query}")
    assert answer.status_code == 200
    return str(answer.text)


def add(site: SiteBuilder, title: str, seen: str, changed: str = "2026-01-01T00:00:00Z", who: str = "Theirs") -> str:
    record_id = site.add("resource", title.lower(), title=title, seen=seen, changed=changed)
    site.happened(record_id, who, {"title": title}, seen=seen, claimed=changed)
    return record_id


async def test_a_clock_in_2050_does_not_stay_on_top(site: SiteBuilder) -> None:
    add(site, "Future", "2026-11-01T09:00:00Z", "2050-01-01T00:00:00Z")
    add(site, "Early", "2026-11-01T09:00:00Z", "2026-10-01T00:00:00Z")
    add(site, "Later", "2026-11-02T09:00:00Z", "2026-09-01T00:00:00Z")
    assert await titles(site) == ["Later", "Future", "Early"]
    page = await html(site)
    assert "It reached this copy on that day. Their clock said 1 January 2050." in page
    assert "It reached this copy on 2 November 2026." in page


async def test_since_a_day_the_oldest_stands_first_and_what_came_before_is_left_out(site: SiteBuilder) -> None:
    for day in (5, 3, 9, 1):
        add(site, f"Day {day}", f"2026-11-{day:02}T09:00:00Z")
    assert await titles(site, "?since=2026-11-03") == ["Day 3", "Day 5", "Day 9"]
    assert await titles(site, "?since=2026-12-01") == []


async def test_what_came_in_one_moment_stands_from_a_to_z(site: SiteBuilder) -> None:
    for title in ("Pear", "apple", "Zebra", "Mango"):
        add(site, title, "2026-11-05T09:00:00Z")
    assert await titles(site) == await titles(site, "?since=2026-11-03") == ["apple", "Mango", "Pear", "Zebra"]
    for order in (cards.NEWEST, cards.OLDEST):
        plan = site.db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM records ORDER BY {order} LIMIT 30").fetchall()
        assert "USING INDEX" in plan[0]["detail"] and len(plan) == 1, order  # nothing is put in order anew


async def test_an_old_date_does_not_hide_what_came_today(site: SiteBuilder) -> None:
    add(site, "Backdated", "2026-11-22T09:00:00Z", "1999-01-01T00:00:00Z")
    assert await titles(site, "?since=2026-11-22") == ["Backdated"]


async def test_since_the_last_exchange_means_from_its_first_news_on(site: SiteBuilder) -> None:
    add(site, "Before", "2026-11-01T09:00:00Z")
    add(site, "Ours before", "2026-11-20T08:00:00Z", who="Ours")
    add(site, "First", "2026-11-20T09:00:00Z")
    add(site, "Second", "2026-11-20T09:04:00Z")
    add(site, "Ours after", "2026-11-21T09:00:00Z", who="Ours")
    assert await titles(site, "?since=exchange") == ["First", "Second", "Ours after"]
    assert "New since the last exchange, on 20 November 2026" in await html(site)


async def test_without_any_exchange_that_is_said(site: SiteBuilder) -> None:
    add(site, "Ours", "2026-11-20T08:00:00Z", who="Ours")
    assert "since=exchange" not in await html(site)
    assert "Nothing has come from other organisations yet" in await html(site, "?since=exchange")


@pytest.mark.parametrize("typed", ["2026-13-01", "31.12.2026", "yesterday", "<b>", "0000", "2026-02-30", "9" * 500])
async def test_a_wrong_date_gets_a_plain_sentence_and_the_whole_list(site: SiteBuilder, typed: str) -> None:
    add(site, "One", "2026-11-20T08:00:00Z")
    page = await html(site, f"?since={typed}")
    assert (
        "is no date that we can read. Write it like 2026-11-01." in page and "<b>" not in page.split("<main")[1][:900]
    )
    assert 'aria-describedby="oops"' in page and "One" in page


async def test_long_lists_have_pages_that_keep_the_day(site: SiteBuilder) -> None:
    for at in range(news.PER_PAGE + 5):
        add(site, f"Entry {at:02}", f"2026-11-20T08:00:{at:02}Z")
    first = await html(site, "?since=2026-11-20")
    assert "new?since=2026-11-20&amp;page=2" in first
    assert await titles(site, "?since=2026-11-20&page=2") == [f"Entry {at:02}" for at in range(30, 35)]


async def test_only_what_is_new_about_a_record_is_told(site: SiteBuilder) -> None:
    record_id = add(site, "Old", "2026-11-01T09:00:00Z")
    site.happened(record_id, "Wenlock", {"year": 2019}, seen="2026-11-10T09:00:00Z", why="Found it inside")
    site.happened(record_id, "Caafi", {"summary": "x"}, seen="2026-11-10T09:30:00Z")
    page = " ".join(re.sub("<[^>]+>", " ", await html(site, "?since=2026-11-10")).split())
    assert "Changed by Caafi and Wenlock : Summary and Year." in page and "Added" not in page


@given(st.text(max_size=300), st.text(max_size=300))
def test_marked_words_hold_both_texts(before: str, after: str) -> None:
    pieces = marking.pieces(before, after)
    for kind, text in ((marking.OUT, before), (marking.IN, after)):
        told = "".join(piece.text for piece in pieces if piece.kind in (kind, marking.SAME))
        if "…" not in told:
            assert told.split() == text.split()


def test_long_parts_that_stayed_are_shortened_and_the_change_is_not() -> None:
    pieces = marking.pieces(MEET * 5 + "Bring a friend.", MEET * 5 + "Bring two friends.")
    assert [piece.kind for piece in pieces] == ["same", "out", "in"]
    assert pieces[0].text.startswith("We meet") is False and "… " in pieces[0].text and len(pieces[0].text) < 90


def test_texts_with_little_in_common_stand_one_after_the_other() -> None:
    pieces = marking.pieces("One two three four", "Something else than that")
    assert [piece.kind for piece in pieces] == ["out", "in"]
