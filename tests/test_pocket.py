"""One file for phones: what stands in it, and where its links lead."""

import errno
import gzip
import html
import os
import re
import sqlite3
from datetime import date
from itertools import groupby
from pathlib import Path

import pytest
from conftest import Cop, Folder
from web_site import SiteBuilder, build, example

from benchmarks.tree import Author
from cop.errors import CopError
from cop.pocket import document
from cop.pocket.articles import SECTIONS, Article, Choice, articles
from cop.pocket.file import export, opened
from cop.web.language import speaking

DAY = date(2026, 11, 23)


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    return example(tmp_path / "site.db")


def made(db: sqlite3.Connection, choice: Choice | None = None, today: date | None = None) -> list[Article]:
    db.row_factory = sqlite3.Row
    with speaking("en", "en"):
        return list(articles(db, choice or Choice(), today))


def page(db: sqlite3.Connection, choice: Choice | None = None) -> str:
    """The file, put together as anybody may do it who has the articles."""
    found = made(db, choice)
    with speaking("en", "en"):
        parts = [document.top(db, choice or Choice())]
        for section, some in groupby(sorted(found, key=lambda one: (one.section, one.sort)), lambda one: one.section):
            parts += [document.heading(section), *(one.html for one in some)]
        return "".join([*parts, document.bottom()])


def test_every_record_is_in_it_once(site: SiteBuilder) -> None:
    found = made(site.db)
    assert (
        len({one.key for one in found}) == len(found) == site.db.execute("SELECT count(*) FROM records").fetchone()[0]
    )
    assert all(one.html.startswith(f'<article id="{one.key}"') for one in found)
    assert [(one.section, one.sort) for one in found] == sorted((one.section, one.sort) for one in found)
    assert all(0 <= one.section < len(SECTIONS) for one in found)


@pytest.mark.parametrize("choice", [Choice(), Choice(topic="sharing-power"), Choice(language="en")])
def test_every_link_within_it_leads_somewhere(site: SiteBuilder, choice: Choice) -> None:
    text = page(site.db, choice)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    inside = set(re.findall(r'href="#([^"]*)"', text))
    assert inside and inside <= set(ids)
    others = {link for link in re.findall(r'href="([^"]*)"', text) if not link.startswith("#")}
    assert all(re.match(r"https?://|mailto:", link) for link in others)


def test_it_loads_nothing(site: SiteBuilder) -> None:
    text = page(site.db)
    assert not re.search(r"<(?:img|link|iframe|object|script[^>]* src)\b", text)
    said = html.unescape(text)
    assert (
        "default-src 'none'" in said
        and "style-src 'sha256-" in said
        and "script-src 'sha256-" in said
        and " style=" not in text
    )


def test_a_link_to_what_is_not_in_it_leads_to_the_web_or_says_so(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    text = '<p><a href="../posts/other" rel="noreferrer">Other</a> and <a href="../resources/gone">gone</a></p>\n'
    site.add("post", "one", title="One", html=text, text="Other and gone", topics=["tea"])
    site.add("post", "other", title="Other")
    assert '<a href="#posts/other">Other</a> and <a>gone</a>' in made(site.db)[0].html
    site.says(url="https://example.org/")
    assert '<a href="https://example.org/posts/other">Other</a>' in made(site.db, Choice(topic="tea"))[0].html


def test_a_topic_says_which_topic_it_is_part_of(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("topic", "tea", title="Tea & <leaves>", language="en")
    site.add("topic", "cups", title="Cups", parent="tea")
    site.add("topic", "odd", title="Odd", parent=[{"a": 1}])
    found = {one.key: one.html for one in made(site.db)}
    line = '<dl><dt>Part of<dd><a href="#topics/tea" lang="en" dir="ltr">Tea &amp; &lt;leaves&gt;</a></dl>'
    assert line in found["topics/cups"] and "Part of" not in found["topics/tea"]


def test_a_topic_or_a_language_can_be_chosen(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "one", title="One", topics=["tea"], languages=["so"])
    site.add("post", "two", title="Two", topics=["tea"], languages=["en-GB"])
    site.add("topic", "tea", title="Tea", languages=["en"])
    site.add("topic", "cake", title="Cake")
    keys = lambda **chosen: [one.key for one in made(site.db, Choice(**chosen))]  # noqa: E731
    assert keys(topic="tea") == ["posts/one", "posts/two", "topics/tea"]
    assert keys(language="en") == ["posts/two", "topics/tea"]
    assert keys(topic="tea", language="so") == ["posts/one"]
    for nothing in (Choice(topic="milk"), Choice(language="pl"), Choice("cake", "so")):
        with pytest.raises(CopError):
            made(site.db, nothing)


def test_nobody_whose_consent_has_ended_is_in_it(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "open", title="Evening of quilting")
    site.add("person", "xanthippe", title="Xanthippe", consent="Said so", consent_until="2026-11-01")
    assert [one.key for one in made(site.db, today=date(2026, 11, 20))] == ["posts/open"]
    assert "people/xanthippe" in [one.key for one in made(site.db, today=date(2026, 10, 20))]


def test_articles_do_not_depend_on_the_day(site: SiteBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made(site.db, today=date(2026, 11, 20))
    assert made(site.db, today=date(2026, 11, 20)) == before
    later = {one.key: one for one in made(site.db, today=date(2031, 11, 20))}
    assert all(later[one.key] == one for one in before if one.key in later)


def test_what_anybody_wrote_is_only_text(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    bad = '"><script>alert(1)</script>\x9b\u202e'
    site.add(
        "resource",
        "bad",
        title=bad,
        summary=bad,
        authors=[bad],
        topics=[bad],
        url="javascript:alert(1)",
        note=bad,
        cited_as=bad,
    )
    site.add("topic", "bad", title=bad)
    site.says(title=bad, organisation=bad, url="javascript:alert(1)")
    text = page(site.db)
    before = text.split('<script type="application/json"')[0]
    assert "<script" not in before and text.count("<script") == 2 and 'href="javascript' not in text
    assert not re.search("[\x7f-\x9f\u202a-\u202e]", text)


def test_the_same_site_gives_the_same_bytes(folder: Folder, tmp_path: Path) -> None:
    folder.write(
        "posts/tea.md", "---\ntitle: On tea\ndate: 2026-05-03\ntopics: [tea]\n---\nHot, with [cake](cake.md).\n"
    )
    folder.write("topics/tea.md", "---\ntitle: Tea\n---\n")
    folder.load()
    told = export(folder.site, tmp_path / "a.html", Choice(), today=DAY)
    data = (tmp_path / "a.html").read_bytes()
    assert (told.records, told.bytes) == (2, len(data))
    export(folder.site, tmp_path / "b.html", Choice(), today=DAY)
    assert (tmp_path / "b.html").read_bytes() == data
    assert b"On tea" in data and b"3 May 2026" in data


def test_a_stopped_run_leaves_the_old_file(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("posts/tea.md", "---\ntitle: On tea\n---\n")
    folder.load()
    target = tmp_path / "a.html"
    target.write_text("as it was")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CopError, match="no more room"):
        export(folder.site, target, Choice(), today=DAY)
    assert target.read_text() == "as it was" and [path.name for path in tmp_path.glob("a.html*")] == ["a.html"]


def test_a_folder_is_no_file(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(CopError, match="is a folder"):
        export(folder.site, tmp_path, Choice(), today=DAY)


def test_what_is_not_public_is_not_in_it(cop: Cop, tmp_path: Path) -> None:
    cop.write("posts/tea.md", "---\ntitle: On tea\ntopics: [tea]\n---\nOpen to all.\n")
    cop.write("posts/own.md", "---\nshare: own\ntitle: Secret biscuits\n---\nNobody else.\n")
    assert cop("load").exit_code in (0, 5)
    target = tmp_path / "a.html"
    told = cop.json("export", "page", str(target))
    assert told == {"records": 1, "bytes": target.stat().st_size}
    text = target.read_text("utf-8")
    assert "Open to all" in text and "biscuits" not in text
    assert cop("export", "page", str(target), "--topic", "milk").exit_code == 1
    assert target.read_text("utf-8") == text
    assert "1 entry" in cop("export", "page", str(target), "--topic", "tea").stdout


def test_what_is_attached_is_named_with_its_size(folder: Folder) -> None:
    folder.write("resources/rights.pdf", b"%PDF-1.4 " + b"x" * 3000)
    folder.write("resources/rights.md", "---\ntitle: Rights\nfile: rights.pdf\n---\n")
    folder.load()
    text = page(opened(folder.site.site_db))
    assert re.search(r"<bdi[^>]*>[^<]*rights\.pdf[^<]*3 KB", text) and "/files/" not in text


def test_texts_in_one_language_come_with_a_page_in_it(folder: Folder, tmp_path: Path) -> None:
    folder.write("posts/tea.md", "---\ntitle: Herbata\nlanguages: [pl]\n---\n")
    folder.load()
    export(folder.site, tmp_path / "a.html", Choice(language="pl"), today=DAY)
    export(folder.site, tmp_path / "b.html", Choice(), today=DAY)
    assert '<html lang="pl" dir="ltr">' in (tmp_path / "a.html").read_text("utf-8")
    assert '<html lang="en-GB" dir="ltr">' in (tmp_path / "b.html").read_text("utf-8")


def test_a_thousand_entries_are_small_enough_to_send(without_ids: Folder, tmp_path: Path) -> None:
    """A title, a sentence or two and what people filled in, as most of ours are; long texts weigh what they weigh."""
    author = Author()
    for number in range(1000):
        document = author.document(number)
        without_ids.write(document.path, "---".join(document.text.split("---")[:2]) + "---\n")
    without_ids.load()
    assert export(without_ids.site, tmp_path / "a.html", Choice(), today=DAY).records == 1000
    assert len(gzip.compress((tmp_path / "a.html").read_bytes(), 9)) < 200_000
