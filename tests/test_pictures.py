"""The pictures: what they count, what they leave out and say so, and how they are drawn."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import SiteBuilder, build, serve

from cop.web import contributors, editions, timeline, topic_map

TODAY = date(2026, 11, 22)


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    return build(tmp_path / "data" / "site.db")


# -- topics


def test_topics_stand_from_a_to_z_with_lines_between_those_that_come_up_together(site: SiteBuilder) -> None:
    for slug in ("zebras", "ants", "monkeys"):
        site.add("topic", slug, title=slug.capitalize())
    site.add("topic", "small", title="Small ants", parent="ants")
    for at in range(9):
        site.add("resource", f"a{at}", topics=["ants"])
    for at, topics in enumerate((["ants", "zebras"], ["zebras", "ants"], ["ants", "monkeys", "small"])):
        site.add("post", f"b{at}", topics=topics)
    found = topic_map.topic_map(site.db)
    assert [(row.topic.title, row.count) for row in found.rows] == [("Ants", "12"), ("Monkeys", "1"), ("Zebras", "2")]
    assert [(pair.one.slug, pair.other.slug, pair.count) for pair in found.pairs] == [
        ("ants", "monkeys", "1"),
        ("ants", "zebras", "2"),
    ]
    assert [arc.width for arc in found.arcs] == [5.0, 3.0]  # the strongest first
    assert max(node.radius for node in found.nodes) == 13 and min(node.radius for node in found.nodes) >= 2.5
    assert "“Ants” and “Zebras”, with 2 entries" in found.description and found.rest == ""


def test_only_the_largest_topics_are_drawn_and_the_rest_is_one_sum(site: SiteBuilder) -> None:
    for at in range(40):
        site.add("topic", f"t{at:02}", title=f"Topic {at:02}")
        site.add("resource", f"r{at}", topics=[f"t{at:02}"])
    for at in range(20, 36):
        site.add("resource", f"s{at}", topics=[f"t{at:02}"])
    found = topic_map.topic_map(site.db)
    assert [row.topic.slug for row in found.rows] == [f"t{at}" for at in range(20, 36)]
    assert found.rest == "24 more topics are not drawn. Together they have 24 entries."


def test_a_record_that_leaves_takes_its_pairs_with_it(site: SiteBuilder) -> None:
    from cop import search_index, site_tables

    for slug in ("a", "b"):
        site.add("topic", slug, title=slug)
    record_id = site.add("resource", "r", topics=["a", "b"])
    assert len(topic_map.topic_map(site.db).arcs) == 1
    site_tables.replace(site.db, [record_id], [], search_index.Counting())
    assert topic_map.topic_map(site.db).arcs == ()


# -- time


def test_years_are_counted_and_unknown_ones_are_told(site: SiteBuilder) -> None:
    for at, year in enumerate((1970, 1985, 2019, 2019, 2021)):
        site.add("resource", f"r{at}", year=year)
    site.add("resource", "r", title="No year")
    chart = timeline.made(site.db, TODAY)
    assert [(row.label, row.past) for row in chart.rows] == [("1970 to 2005", "2"), ("2019", "2"), ("2021", "1")]
    assert chart.unknown == "The year of 1 resource is not known."
    assert (chart.undated, chart.narrowed) == ("/resources", {"year": "-"})
    assert (
        chart.description == "The first column is 1970 to 2005, the last is 2021. The highest is 1970 to 2005, with 2."
    )


def test_a_wrong_year_far_ahead_is_one_column_and_moves_no_other(site: SiteBuilder) -> None:
    for at, year in enumerate((2020, 2025, 9998, 2050)):
        site.add("resource", f"r{at}", year=year)
    site.add("resource", "odd", year="next year")
    chart = timeline.made(site.db, TODAY)
    assert [row.label for row in chart.rows] == ["2020", "2025", "After 2025"]
    assert chart.rows[-1].past == "2" and chart.unknown == "The year of 1 resource is not known."


def test_events_are_past_or_to_come_by_what_is_known_of_their_date(site: SiteBuilder) -> None:
    for at, start in enumerate(("2018-12-05", "2026-11-21", "2026-11-22", "2026-12", "2027", "soon", "")):
        site.add("event", f"e{at}", start=start)
    years, months = timeline.held(site.db, TODAY)
    assert [(row.label, row.past, row.coming) for row in years.rows] == [
        ("2018", "1", ""),
        ("2026", "1", "2"),
        ("2027", "0", "1"),
    ]
    assert years.unknown == "2 events have no date." and years.has_coming and years.undated == "/events"
    assert months is not None
    assert [(row.label, row.past, row.coming) for row in months.rows] == [
        ("November 2026", "1", "1"),
        ("December 2026", "0", "1"),
    ]


def test_every_date_of_a_series_is_counted(site: SiteBuilder) -> None:
    site.add("event", "circle", start="2026-11-08", repeats="every week, 4 times", not_on=["2026-11-15"])
    site.db.execute("UPDATE records SET ends = '2026-11-29'")
    years, months = timeline.held(site.db, TODAY)
    assert [(row.label, row.past, row.coming) for row in years.rows] == [("2026", "1", "2")]
    assert months is not None and [row.label for row in months.rows] == ["November 2026"]


def test_without_events_near_today_there_is_no_chart_of_months(site: SiteBuilder) -> None:
    site.add("event", "old", start="2018-12-05")
    assert timeline.held(site.db, TODAY)[1] is None


@given(st.dictionaries(st.integers(1, 9999), st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=40))
def test_whatever_years_there_are_the_chart_is_bounded_and_counts_each_once(known: dict[int, tuple[int, int]]) -> None:
    buckets = timeline._years(known, TODAY)
    assert len(buckets) <= timeline.YEARS + 2
    assert sum(one.past + one.coming for one in buckets) == sum(map(sum, known.values()))
    for column in timeline._chart("", buckets, "", "/events").columns:
        assert column.x >= 0 and column.x + column.width <= 100.1 and column.coming_y >= 0


def test_editions_follow_on_each_other_also_over_several_and_never_in_circles(site: SiteBuilder) -> None:
    site.add("resource", "one", title="Guide", year=2010, superseded_by="two")
    site.add("resource", "two", title="Guide", year=2015, superseded_by="three", supersedes="one")
    site.add("resource", "three", title="The guide", supersedes="two")
    site.add("resource", "gone", title="Lost", superseded_by="nowhere")
    site.add("resource", "x", title="X", superseded_by="y")
    site.add("resource", "y", title="Y", superseded_by="x")
    (work,) = editions.editions(site.db)
    assert work.title == "The guide"
    assert [(one.label, one.target) for one in work.editions] == [
        ("2010", "/resources/one"),
        ("2015", "/resources/two"),
        ("Not stated", "/resources/three"),
    ]


# -- who contributes


def test_organisations_are_counted_by_kind_and_never_named(site: SiteBuilder) -> None:
    kinds = (
        ("Caafi", "community"),
        ("Nilaari", "community"),
        ("Wenlock", "university"),
        ("Fund", "funder"),
        ("Odd", "x"),
    )
    for name, kind in kinds:
        site.db.execute("INSERT INTO members VALUES (?, ?, ?, '')", (name, name, kind))
    one = site.add("resource", "one")
    two = site.add("event", "two")
    for name in ("Caafi", "Nilaari", "Wenlock", "Fund", "Caafi"):
        site.happened(one, name, {})
    for name in ("Wenlock", "Odd", "Somebody who left"):
        site.happened(two, name, {})
    found = contributors.contributors(site.db)
    assert [(row.label, row.counts) for row in found.rows] == [
        ("How many organisations", ("2", "1", "3")),
        ("Events", ("0", "1", "1")),
        ("Resources", ("1", "1", "1")),
    ]
    assert found.others == "Funder: 1. 2 whose kind is not known"
    assert "Caafi" not in str(found)


# -- the page


async def page_of(site: SiteBuilder, path: str = "/pictures") -> str:
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(path)
    assert answer.status_code == 200
    return str(answer.text)


async def test_every_picture_has_a_name_a_description_and_a_table(site: SiteBuilder) -> None:
    site.add("topic", "a", title="A")
    record_id = site.add("resource", "old", topics=["a"], year=2018, superseded_by="new")
    site.add("resource", "new", topics=["a"], year=2021)
    site.add("event", "e", start="2018")
    site.happened(record_id, "Caafi Health", {})
    html = await page_of(site)
    pictures = re.findall(r"<svg[^>]*>", html)
    assert len(pictures) == 5 == html.count("<table")
    for picture in pictures:
        named = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', picture)
        assert named, picture
        assert all(re.search(rf'<(?:title|desc) id="{name}">[^<]+', html) for name in named.groups())
    assert not re.search(r"\sstyle=|<script", html)


async def test_an_empty_site_has_no_empty_pictures(site: SiteBuilder) -> None:
    html = await page_of(site)
    assert "<svg" not in html
    for told in ("There are no topics yet.", "Nothing here has a date yet.", "It is not known yet who contributed."):
        assert told in html


@pytest.mark.long
async def test_the_page_stays_light_however_much_there_is(site: SiteBuilder) -> None:
    import gzip

    for at in range(60):
        site.add("topic", f"topic-{at}", title=f"Topic with quite a long title, number {at}")
    for at in range(2000):
        near = [f"topic-{(at + step * step) % 60}" for step in range(at % 6)]
        given_: dict[str, Any] = {"superseded_by": f"r{at + 1}"} if at % 7 else {}
        record_id = site.add("resource", f"r{at}", title=f"Resource {at}", year=1950 + at % 80, topics=near, **given_)
        site.happened(record_id, f"Organisation {at % 90}", {})
        site.add("event", f"e{at}", start=f"{2000 + at % 40}-{1 + at % 12:02}")
    assert len(gzip.compress((await page_of(site)).encode())) < 10_000


async def test_charts_are_mirrored_where_people_read_from_right_to_left(site: SiteBuilder) -> None:
    html = await page_of(site, "/ar/pictures")
    style = re.search(r'href="\.\./(static/style-[0-9a-f]+\.css)"', html)
    assert 'dir="rtl"' in html and style
    datasette = serve(site.path)
    await datasette.invoke_startup()
    sheet = (await datasette.client.get("/" + style[1])).text
    assert re.search(r"\[dir=rtl\] :is\(\.chart, \.chart text\)\s*{\s*transform: scaleX\(-1\)", sheet)
