"""Atom feeds: against a schema made from RFC 4287, and as feedparser reads them."""

from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from web_site import SiteBuilder, build, example, serve

from cop import atom, database
from cop.atom import Feed, FeedEntry
from cop.plain import one_line
from cop.web import feeds

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "schemas" / "atom.rng"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return example(tmp_path_factory.mktemp("feeds") / "data" / "site.db")


def read(text: str) -> Any:
    """The feed as feedparser reads it, if it is valid."""
    SCHEMA.assertValid(etree.fromstring(text.encode()))
    found = feedparser.parse(text)
    assert not found.bozo, found.bozo_exception
    return found


async def fetch(client: Any, path: str, **headers: str) -> Any:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return read(answer.text)


def links(part: Any) -> dict[str, str]:
    return {link.rel: link.href for link in part.links}


async def test_the_feed_of_everything_has_the_newest_changes(client: Any) -> None:
    found = await fetch(client, "/feed.atom")
    assert found.feed.title == "Research as Equals: What changed"
    assert found.feed.author == "Barton Hill Activity Club"
    assert links(found.feed) == {"self": "http://localhost/feed.atom", "alternate": "http://localhost/new"}
    assert len(found.entries) == 50
    assert found.feed.updated == found.entries[0].updated == "2026-11-20T09:00:00Z"


async def test_a_feed_is_cut_after_the_newest(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "NEWEST", 5)
    assert len((await fetch(client, "/feed.atom?five")).entries) == 5


async def test_an_entry_says_who_what_and_where(client: Any) -> None:
    (entry,) = (await fetch(client, "/posts/feed.atom?topic=sharing-power")).entries
    assert entry.title == "Three kinds of power"
    assert entry.link == "http://localhost/posts/power"
    assert [one.name for one in entry.authors] == ["Hodan", "Tom"]
    assert [(tag.term, tag.scheme, tag.label) for tag in entry.tags] == [
        ("sharing-power", "http://localhost/topics", "Sharing power")
    ]
    assert (entry.published, entry.updated) == ("2026-11-01T09:00:00Z", "2026-11-20T09:00:00Z")
    assert "<h2>Power over</h2>" in entry.content[0].value
    assert entry.content[0].language == "en"


async def test_links_in_a_text_are_whole(client: Any) -> None:
    entries = (await fetch(client, "/resources/feed.atom?topic=sharing-power&kind=guidance&year=2018")).entries
    (entry,) = entries
    assert '<a href="http://localhost/posts/power">' in entry.content[0].value
    assert links(entry)["related"] == "https://www.invo.org.uk/guidance"
    assert [one.name for one in entry.authors] == ["Hodan", "Aisha"]  # who wrote this entry, not the work


async def test_a_feed_is_narrowed_like_its_list(client: Any) -> None:
    found = await fetch(client, "/resources/feed.atom?topic=sharing-power&sort=title&page=2&nonsense=1")
    assert found.feed.title == "Research as Equals: Resources, Sharing power"
    assert len(found.entries) == 3
    assert links(found.feed) == {
        "self": "http://localhost/resources/feed.atom?topic=sharing-power",
        "alternate": "http://localhost/resources?topic=sharing-power",
    }
    assert not (await fetch(client, "/resources/feed.atom?q=zebra")).entries


async def test_a_topic_has_a_feed_of_all_kinds(client: Any) -> None:
    found = await fetch(client, "/topics/sharing-power/feed.atom")
    assert found.feed.title == "Research as Equals: Sharing power"
    assert {entry.link.split("/")[3] for entry in found.entries} == {"resources", "posts"}
    assert (await client.get("/topics/nowhere/feed.atom")).status_code == 404


async def test_ids_do_not_depend_on_the_address(client: Any, site: SiteBuilder) -> None:
    here = await fetch(client, "/feed.atom")
    there = await fetch(client, "/feed.atom", Host="example.org:8001")
    assert [entry.id for entry in here.entries] == [entry.id for entry in there.entries]
    assert here.feed.id == there.feed.id
    assert links(there.feed)["self"] == "http://example.org:8001/feed.atom"
    ids = [(await fetch(client, path)).feed.id for path in ("/feed.atom", "/posts/feed.atom", "/events/feed.atom")]
    assert len(set(ids)) == 3


async def test_a_host_that_is_none_is_not_repeated(client: Any) -> None:
    found = await fetch(client, "/feed.atom", Host='evil"><x>/path')
    assert links(found.feed)["self"] == "http://localhost/feed.atom"


async def test_the_address_in_the_settings_comes_first(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        site.says(
            organisation="Caafi Health", digest="d", url="https://caafi.example/copy/", as_of="2026-11-22T10:00:00Z"
        )
    datasette = serve(site.path)
    await datasette.invoke_startup()
    found = await fetch(datasette.client, "/feed.atom", Host="elsewhere.example")
    assert links(found.feed)["self"] == "https://caafi.example/copy/feed.atom"
    assert (found.feed.updated, found.entries) == ("2026-11-22T10:00:00Z", [])


async def test_the_same_again_costs_no_second_download(client: Any) -> None:
    first = await client.get("/feed.atom")
    assert first.headers["last-modified"] == "Fri, 20 Nov 2026 09:00:00 GMT"
    again = await client.get("/feed.atom", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get("/feed.atom", headers={"If-None-Match": first.headers["etag"], "Host": "example.org"})
    assert other.status_code == 200  # its links are others
    assert first.headers["content-security-policy"].startswith("default-src 'none'")


async def test_pages_name_their_feeds_to_programs(client: Any) -> None:
    for path, expected in {
        "/about": ["feed.atom"],
        "/resources": ["feed.atom", "resources/feed.atom"],
        "/resources/guidance-2018": ["../feed.atom", "../resources/feed.atom"],
        "/topics/sharing-power": ["../feed.atom", "../topics/feed.atom", "../topics/sharing-power/feed.atom"],
    }.items():
        page = etree.fromstring((await client.get(path)).text, etree.HTMLParser())
        assert page.xpath("//link[@type='application/atom+xml']/@href") == expected


ANY = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["]]>", "<![CDATA[", "&", "<", ">", '"', "'", "\x00", "\x0b", "\ufffe", "\ud800", "\u202e", "\u2028", "\x85",
                              "&#0;", "</entry>", "<!--", "a", "ش", "😀", "\n"]), max_size=10).map("".join),
)  # fmt: skip


@given(ANY, ANY, ANY, ANY, ANY, st.one_of(ANY, st.just("so")))
@settings(max_examples=300)
def test_nothing_breaks_out_of_a_feed(
    title: str, name: str, topic: str, summary: str, html: str, language: str
) -> None:
    entry = FeedEntry(
        record_id="r1", title=f"x{title}", language=language, address="https://a.example/posts/x", published="2026-11-01T09:00:00Z",
        updated="2026-11-20T09:00:00Z", authors=(name,), topics=((f"t{topic}", topic),), summary=summary, html=html,
        related="https://b.example/", rights=summary,
    )  # fmt: skip
    feed = Feed(
        name="n", title=f"x{title}", subtitle="s", address="https://a.example/feed.atom", page="https://a.example/new", author="Us",
        updated="2026-11-20T09:00:00Z", topics_at="https://a.example/topics", entries=(entry,),
    )  # fmt: skip
    root = etree.fromstring(atom.write(feed).encode())
    SCHEMA.assertValid(root)
    names = {"a": "http://www.w3.org/2005/Atom"}
    assert root.findtext("a:entry/a:title", namespaces=names) == one_line(f"x{title}")
    assert root.findtext("a:entry/a:author/a:name", "", names) == one_line(name)
    assert root.findtext("a:entry/a:summary", "", names) == one_line(summary)
    assert len(root.findall("a:entry", names)) == 1
