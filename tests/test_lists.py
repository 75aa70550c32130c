"""Narrowing lists: counts that are true under every other choice, plain addresses, the way back, gaps to fill."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pages import check, words
from web_site import SiteBuilder, build, filled, serve

from cop import database
from cop.fields import TYPES
from cop.web import lists, narrow, templating
from cop.web.asked import Asked, plain_frame
from cop.web.language import speaking

TODAY = datetime.now(UTC).date()
RESOURCE = TYPES["resource"]


def _days_ago(days: int) -> str:
    return f"{TODAY - timedelta(days=days)}T09:00:00Z"


def _fill(site: SiteBuilder) -> None:
    site.add("topic", "power", title="Sharing power")
    kinds, languages = ("guidance", "toolkit", None), ("en", "so", "ar")
    for at in range(60):
        known = {"title": f"Work {at:02}", "url": f"https://example.org/{at}", "summary": f"About the river {at}."}
        left_out = {0: "title", 1: "url", 2: "summary"}.get(at % 10)
        fields = {name: value for name, value in known.items() if name != left_out} | {"label": f"Thing {at:02}"}
        stated = {
            "kind": kinds[at % 3],
            "year": 2000 + at % 7 if at % 5 else None,
            "open_access": "free" if at % 2 else None,
        }
        fields |= {name: value for name, value in stated.items() if value}
        site.add(
            "resource",
            f"work-{at}",
            **fields,
            languages=[languages[at % 2]],
            topics=["power", "meetings"][: at % 3],
            added=_days_ago(at * 2),
            added_by=("community", "university")[at % 4 == 0],
            text="zebra" if at % 6 == 0 else "",
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return filled(tmp_path_factory.mktemp("lists"), _fill)


def asked(site: SiteBuilder, query: str) -> Asked:
    return Asked(site.db, "/resources", parse_qs(query, keep_blank_values=True), TODAY)


CHOICES = {
    "topic": ["power", "meetings", "nowhere"],
    "kind": ["guidance", "toolkit", "-"],
    "language": ["en", "so"],
    "year": ["2001", "-"],
    "cost": ["free", "-"],
    "new": ["7", "30", "365", "9"],
    "help": ["title-not-known", "no-link-known", "nobody-has-described-it"],
    "added_by": ["community", "university"],
    "q": ["zebra"],
}
chosen = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(values), max_size=2) for name, values in CHOICES.items()}
)


@given(chosen)
def test_the_count_beside_a_choice_is_what_choosing_it_shows(site: SiteBuilder, query: dict[str, list[str]]):
    page = lists.list_page(asked(site, urlencode(query, doseq=True)), "resource")
    for facet, option in ((one, option) for one in page.facets for option in (*one.options, *one.folded)):
        alone = urlencode(query | {facet.parameter: [option.value]}, doseq=True)
        want = lists.wanted(asked(site, alone), RESOURCE)
        condition, values = narrow.narrowed(want)
        count = site.db.execute(f"SELECT count(*) FROM records WHERE type = 'resource' AND {condition}", values)
        assert option.count == str(count.fetchone()[0]), (facet.label, option.label)


@given(chosen, st.sampled_from(list(lists.ORDERS)))
def test_pages_of_a_list_hold_each_record_once_and_in_order(site: SiteBuilder, query: dict[str, list[str]], order: str):
    want = lists.wanted(asked(site, urlencode(query | {"sort": order}, doseq=True)), RESOURCE)
    count = narrow.Counter(site.db, want).total()
    pages = [[row["slug"] for row in lists.rows(site.db, want, 7, at)] for at in range(0, count + 7, 7)]
    found = list(itertools.chain(*pages))
    assert len(found) == len(set(found)) == count
    assert found == [row["slug"] for row in lists.rows(site.db, want, 1000, 0)]


def test_few_and_many_are_put_in_the_same_order(site: SiteBuilder, monkeypatch: pytest.MonkeyPatch):
    for order in ("", "oldest", "title", "added"):
        want = lists.wanted(asked(site, f"kind=guidance&new=365&sort={order}"), RESOURCE)
        few = [row["slug"] for row in lists.rows(site.db, want, 1000, 0)]
        monkeypatch.setattr(lists, "FEW", 0)
        assert few and few == [row["slug"] for row in lists.rows(site.db, want, 1000, 0)]
        monkeypatch.undo()


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.sampled_from(["", "topic=", "new=", "year=", "page=", "sort=", "q=", "cost=", "&&=;"]))
def test_every_address_gives_a_page(site: SiteBuilder, typed: str, before: str):
    query = before + quote(typed.encode("utf-8", "replace"), safe="=&;+%")
    with speaking("en", "en"):
        page = lists.list_page(asked(site, query), "resource")
        check(templating.html(page, "/resources", plain_frame("/resources", "/static/style.css", {})))


async def test_one_list_has_one_plain_address(client: Any):
    asked_for = [
        "year=2001&kind=toolkit&topic=power&topic=meetings",
        "topic=meetings&topic=power&year=2001&q=&sort=&kind=toolkit",
    ]
    told = {
        re.search(r'rel="canonical" href="([^"]*)"', (await client.get(f"/resources?{one}")).text)[1]
        for one in asked_for
    }  # type: ignore[index]
    assert told == {"resources?topic=meetings&amp;topic=power&amp;kind=toolkit&amp;year=2001"}
    page = await client.get("/resources?topic=meetings&topic=power&kind=toolkit&year=2001")
    assert check(page.text)


async def test_what_was_chosen_can_be_taken_away_again(client: Any):
    text = await words(client, "/resources?topic=power&cost=free&new=30&help=no-link-known&added_by=community")
    for chip in ("Topics: Sharing power remove", "Cost to read: Free remove", "New here: Last 30 days remove",
                 "Needs help: No link known remove", "Added by: Community remove"):  # fmt: skip
        assert chip in text
    assert "Narrow the list (5 choices made)" in text and "Remove all" in text


async def test_blanks_are_counted_and_can_be_looked_at(client: Any):
    assert "Not stated 20" in await words(client, "/resources")
    assert "20 of 60 resources Kind: Not stated remove" in await words(client, "/resources?kind=-")


async def test_gaps_are_an_invitation(client: Any):
    text = await words(client, "/resources?sort=title&help=nobody-has-described-it")
    assert "6 of 60 resources" in text and text.count("Nobody has described this yet. Can you?") == 6
    assert "Nobody has described it 6 No link known 6 Title not known 6" in text


async def test_the_first_page_counts_the_gaps_and_leads_to_them(client: Any):
    text = await words(client, "/")
    assert "Gaps to fill" in text and "Title not known 6 No link known 6 Nobody has described it 6" in text
    assert 'href="resources?help=no-link-known"' in (await client.get("/")).text


async def test_new_counts_days_to_today(client: Any):
    text = await words(client, "/resources")
    assert "New here Last 7 days 4 Last 30 days 16 " in text and "Last 365 days" not in text  # that would be all
    assert "16 of 60 resources" in await words(client, "/resources?new=30")
    assert "16 of 60 resources" in await words(client, "/resources?new=30&new=7")
    assert "60 resources" in await words(client, "/resources?new=31")


@pytest.mark.parametrize(
    ("order", "first"), [("", "2006"), ("oldest", "2000"), ("title", "Thing 00"), ("added", "Thing 00")]
)
def test_orders(site: SiteBuilder, order: str, first: str):
    card = lists.list_page(asked(site, f"sort={order}"), "resource").cards[0]
    assert first in f"{card.title} {card.meta}"


def test_undated_works_come_last_in_both_directions(site: SiteBuilder):
    for order in ("", "oldest"):
        want = lists.wanted(asked(site, f"sort={order}"), RESOURCE)
        dates = [row["date"] for row in lists.rows(site.db, want, 60, 0)]
        assert all(dates[:48]) and not any(dates[48:])


def test_a_clock_that_is_ahead_hides_nothing(tmp_path: Path):
    site = build(tmp_path / "site.db")
    site.add("resource", "a", title="A", added=f"{date.max}T00:00:00Z")
    assert lists.list_page(asked(site, "new=7"), "resource").count == "1 of 1 resource"


def _exchanged(path: Path) -> SiteBuilder:
    site = build(path)
    with database.writing(site.db):
        site.says(organisation="Ours")
        for title, who, seen in (
            ("Before", "Caafi", "2026-11-01T09:00:00Z"),
            ("First", "Caafi", "2026-11-20T09:00:00Z"),
            ("Ours after", "Ours", "2026-11-21T09:00:00Z"),
        ):
            added = site.add("resource", title, title=title, seen="2026-11-01T09:00:00Z", added="2020-01-01T09:00:00Z")
            site.happened(added, who, {"title": title}, seen=seen)
    return site


async def test_a_list_is_narrowed_to_what_came_since_the_last_exchange(tmp_path: Path) -> None:
    site = _exchanged(tmp_path / "data" / "site.db")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    page = await words(datasette.client, "/resources")
    assert "New or changed since the last exchange 2" in page
    for query in ("new=exchange", "new=exchange&new=7", "new=exchange&sort=title"):
        page = await words(datasette.client, f"/resources?{query}")
        assert "2 of 3 resources" in page and "First" in page and "Ours after" in page and "Before" not in page, query
        want = lists.wanted(asked(site, query), RESOURCE)
        condition, values = narrow.narrowed(want)
        found = site.db.execute(f"SELECT count(*) FROM records WHERE type = 'resource' AND {condition}", values)
        assert found.fetchone()[0] == narrow.Counter(site.db, want).total() == 2


async def test_before_any_exchange_nobody_can_ask_for_it(client: Any) -> None:
    assert "exchange" not in await words(client, "/resources")
    assert "60 resources" in await words(client, "/resources?new=exchange")
