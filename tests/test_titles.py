"""The page /a-z: every title is under its letter, once, also in a large copy and in other alphabets."""

import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pages import check
from web_site import SiteBuilder, build

from cop import alphabets, database
from cop.web import templating, titles
from cop.web.asked import Asked, plain_frame
from cop.web.language import speaking
from tests.conftest import Cop
from tests.test_export import broken, contents, copied, full

assert full  # a fixture

ODD = [
    ("Łąka", "pl"), ("Ćma", "pl"), ("Cud", "pl"), ("Llais", "cy"), ("Lôn", "cy"), ("Chwarae", "cy"), ("Change", "en"),
    ("École", "fr"), ("“Quoted”", "en"), ("12 tips", "en"), ("أسرة", "ar"), ("کتاب", "ur"), ("كتاب", "ar"), ("Ωμέγα", "el"), ("研究", "zh"),
    ("...", "en"), ("zebra", "en"),
]  # fmt: skip
TODAY = date(2026, 11, 23)


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    made = build(tmp_path / "site.db")
    for at, (title, language) in enumerate(ODD):
        made.add("post", f"p{at}", title=title, languages=[language])
    return made


def page(site: SiteBuilder, language: str = "en", **asked: str) -> titles.TitlesPage:
    with speaking(language, "en"):
        return titles.titles(Asked(site.db, "/a-z", {name: [one] for name, one in asked.items()}, TODAY))


def headings(found: titles.TitlesPage) -> list[str]:
    return [letter for letter, _ in found.groups]


def shown(found: titles.TitlesPage) -> list[str]:
    return [one.title for _, some in found.groups for one in some]


def test_titles_stand_under_the_letters_of_their_own_language(site: SiteBuilder) -> None:
    found = page(site)
    assert headings(found) == ["C", "Ch", "Ć", "E", "L", "Ll", "Ł", "Q", "Z", "ا", "ك", "ک", "Ω", "0–9", "#"]
    assert sorted(shown(found)) == sorted(title for title, _ in ODD) and not found.letters


def test_the_script_of_the_reader_comes_first(site: SiteBuilder) -> None:
    assert headings(page(site, "ar"))[:4] == ["ا", "ك", "ک", "C"]
    assert headings(page(site, "ur"))[:4] == ["ا", "ک", "ك", "C"]


def everything(site: SiteBuilder) -> Iterator[titles.TitlesPage]:
    """All pages that one comes to from the first one."""
    for letter in page(site).letters:
        query: Any = letter.query
        while query:
            found = page(site, **query)
            yield found
            query = found.pager.next


def test_many_titles_have_pages_of_their_own_by_letter_each_title_once(site: SiteBuilder) -> None:
    with database.writing(site.db):
        for at in range(2000):
            site.add(
                "resource", f"r{at}", title=f"{'SABM'[at % 4] if at % 2 else 'S'}work {at:04}, told by {at % 7} people"
            )
    first, pages = page(site), list(everything(site))
    assert first.groups == () and [one.letter for one in first.letters if one.letter in "ABMS"] == ["A", "M", "S"]
    told = [title for found in pages for title in shown(found)]
    assert len(told) == len(set(told)) == 2000 + len(ODD)
    assert max(len(shown(found)) for found in pages) == titles.ON_A_PAGE
    frame = plain_frame("/a-z", "/static/style.css", {})
    assert max(len(gzip.compress(templating.html(found, "/a-z", frame).encode())) for found in pages) < 10_000


def test_one_more_title_changes_the_pages_of_its_letter_only(site: SiteBuilder) -> None:
    with database.writing(site.db):
        for at in range(400):
            site.add("resource", f"r{at}", title=f"{'STU'[at % 3]}work {at:04}")
    before = list(everything(site))
    site.add("resource", "new", title="Swork 0000, again")
    after = list(everything(site))
    assert {found.heading for one, found in zip(before, after, strict=True) if one != found} == {"From A to Z: S"}


def test_who_does_not_agree_any_more_is_not_listed(site: SiteBuilder) -> None:
    site.add("person", "x", title="Xanthippe", consent="Said so", consent_until="2026-11-01")
    site.add("person", "y", title="Yasmin", consent="Said so", consent_until="2026-12-01")
    assert "Yasmin" in shown(page(site)) and "Xanthippe" not in shown(page(site))


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    found = page(build(tmp_path / "empty.db"))
    assert (found.groups, found.letters, found.lead) == ((), (), "")


@pytest.mark.parametrize("asked", [{"letter": "?"}, {"letter": "s", "page": "99"}, {"page": "-1"}, {"letter": "<b>"}])
def test_any_address_gives_a_page(site: SiteBuilder, asked: dict[str, str]) -> None:
    assert templating.html(page(site, **asked), "/a-z", plain_frame("/a-z", "/static/style.css", {}))


async def test_the_foot_leads_there(client: Any) -> None:
    text = (await client.get("/a-z")).text
    check(text)
    assert "Everything from A to Z" in text and 'href="a-z"' in (await client.get("/")).text


async def test_lists_of_a_site_ask_for_no_scripts(client: Any) -> None:
    for path in ("/posts", "/events", "/search"):
        assert "<noscript>" not in (await client.get(path)).text


def test_a_copy_leads_there_when_no_script_runs(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(titles, "FEW", 2)
    copied(full, tmp_path / "copy")
    held = {name: one.decode() for name, one in contents(tmp_path / "copy").items() if name.endswith(".html")}
    for name in ("search.html", "posts.html", "events.html"):  # all pages with a search that needs scripts
        assert '<a href="a-z.html">' in held[name].partition("<noscript>")[2].partition("</noscript>")[0], name
    assert 'href="a-z--letter-w.html"' in held["a-z.html"] and "posts/a.html" in held["a-z--letter-w.html"]
    assert list(broken(tmp_path / "copy")) == []


@given(st.text(max_size=30), st.sampled_from(["en", "cy", "pl", "ar", "ur", "xx", ""]))
def test_every_title_has_one_letter_and_every_letter_one_place(title: str, language: str) -> None:
    letter = alphabets.letter_of(title, language)
    assert 0 < len(letter) <= 4 and alphabets.place_of(letter, language) and alphabets.order_of(title)[1] == title
    assert len(titles._name(letter)) > 0
