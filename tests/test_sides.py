"""Meanings and principles that differ stand side by side, and none of them comes first by rank."""

import re
from pathlib import Path

import pytest
from test_pages import check
from web_site import SiteBuilder, build, serve


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    return build(tmp_path / "data" / "site.db")


async def headings(site: SiteBuilder, path: str) -> list[str]:
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(path)
    check(answer.text)
    return re.findall(r'<h3 id="v\d+"><bdi>(.*?)</bdi>', answer.text)


async def test_meanings_stand_by_year_then_from_a_to_z_and_those_without_a_year_last(site: SiteBuilder) -> None:
    variants = [
        {"text": "5", "source": "No year given"},
        {"text": "4", "source": "Zebra", "year": 2021},
        {"text": "3", "source": "apple", "year": "2021"},
        {"text": "2", "source": "Map", "year": "about 2019"},
        {"text": "1", "tradition": "Older", "year": "1970s, since 1970"},
    ]
    site.add("word", "w", title="Word", variants=variants)
    assert await headings(site, "/glossary/w") == [
        "Older, 1970s, since 1970", "Map, about 2019", "apple, 2021", "Zebra, 2021", "No year given",
    ]  # fmt: skip


async def test_principles_that_differ_stand_side_by_side_on_the_pages_of_both(site: SiteBuilder) -> None:
    site.add("principle", "one", title="Clear roles", summary="Roles are clear.", tradition="Research, 2021")
    site.add(
        "principle", "two", title="Blurred roles", summary="Roles blur.", tradition="Services, 2012", differs_from="one"
    )
    site.add("principle", "alone", title="Alone", summary="Nothing beside it.", tradition="Other")
    both = ["Services, 2012", "Research, 2021"]
    assert await headings(site, "/principles/one") == both
    assert await headings(site, "/principles/two") == both
    assert await headings(site, "/principles/alone") == []


async def test_a_meaning_in_another_language_says_so(site: SiteBuilder) -> None:
    site.add("word", "w", title="Word", variants=[{"text": "معنى", "source": "A", "language": "ar"}])
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    html = (await datasette.client.get("/glossary/w")).text
    assert '<p class="text" lang="ar" dir="rtl">معنى</p>' in html
