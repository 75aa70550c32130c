"""Booklets as PDF, read back: tagged, right numbers in the contents, large print, scripts from right to left.

They need Pango, fonts and poppler: `.ci/paper` installs what is missing.
"""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from web_site import example, filled

from cop import files
from cop.config import Config, Site
from cop.errors import CopError
from cop.paper import booklet as booklets
from cop.paper import pdf
from cop.paper.sheets import Look, Told

pytestmark = pytest.mark.e2e
TODAY = date(2026, 11, 23)
ARABIC, URDU = "دليل البحث المشترك", "سب کے لیے تحقیق"
NOT_IN_ANY_FONT = "\U00018b00"  # Khitan small script


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A published site with something of every kind."""
    root = tmp_path_factory.mktemp("paper")
    made = example(root / "data" / "site.db")
    made.add(
        "resource", "urdu", title=URDU, languages=["ur"], html=f"<p>{URDU} <a href='https://example.org/'>a</a></p>"
    )
    made.db.commit()
    made.db.close()
    return site_at(root)


def site_at(root: Path) -> Site:
    return Site(root, root / "keys", Config())


def printed_to(site: Site, target: Path, *, topic: str = "", language: str = "", look: Look | None = None) -> Told:
    return booklets.write(site, target, topic=topic, language=language, look=look or Look(), today=TODAY)


@pytest.fixture(scope="module")
def booklet(site: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Path]:
    target = tmp_path_factory.mktemp("made") / "booklet.pdf"
    return printed_to(site, target, topic="sharing-power"), target


def text_of(path: Path, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_it_is_tagged_and_says_its_title_its_language_and_what_it_follows(booklet: tuple[Told, Path]) -> None:
    told, path = booklet
    reader = PdfReader(path)
    catalog: Any = reader.root_object
    assert told.pages == len(reader.pages) and told.bytes == path.stat().st_size
    assert reader.metadata and reader.metadata.title == "Sharing power"
    assert catalog["/Lang"] == "en-GB" and catalog["/MarkInfo"]["/Marked"] == True  # noqa: E712 - pypdf has a class of its own
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert b"pdfuaid:part" in catalog["/Metadata"].get_data()
    assert set(kinds(catalog["/StructTreeRoot"])) >= {"/H1", "/H2", "/H3", "/P", "/L", "/LI", "/Link"}


def kinds(element: Any) -> Iterator[str]:
    """Kinds of all tags."""
    for child in element.get("/K", []) if hasattr(element, "get") else []:
        one = child.get_object() if hasattr(child, "get_object") else child
        if hasattr(one, "get") and "/S" in one:
            yield str(one["/S"])
            yield from kinds(one)


def test_headings_are_bookmarks(booklet: tuple[Told, Path]) -> None:
    outline = [one for one in PdfReader(booklet[1]).outline if not isinstance(one, list)]
    assert {"Contents", "Resources", "Who took part"} <= {str(one.title) for one in outline}


def test_numbers_in_the_contents_are_those_of_the_pages(booklet: tuple[Told, Path]) -> None:
    pages = text_of(booklet[1], "-layout").split("\f")
    start = next(at for at, page in enumerate(pages) if page.strip().startswith("Contents"))
    found = re.findall(r"^ *(\S.*?) (?:\. ?)+ *(\d+)$", "\n".join(pages[start : start + 2]), re.MULTILINE)
    assert len(found) >= 25
    for title, number in found:
        assert title.strip() in pages[int(number) - 1], f"{title} is not on page {number}"
        assert pages[int(number) - 1].strip().endswith(number)


def test_links_say_the_page_or_the_address(booklet: tuple[Told, Path], site: Site, tmp_path: Path) -> None:
    assert re.search(r"Guidance on co-producing \(page \d+\)", " ".join(text_of(booklet[1]).split()))
    assert "https://www.invo.org.uk/guidance" in text_of(booklet[1])


def test_the_same_site_gives_the_same_bytes(site: Site, booklet: tuple[Told, Path], tmp_path: Path) -> None:
    """Also in another process, where sets have another order."""
    code = (
        "import sys; from pathlib import Path; from tests.test_paper_pdf import *;"
        "printed_to(site_at(Path(sys.argv[1])), Path(sys.argv[2]), topic='sharing-power')"
    )
    command = [sys.executable, "-c", code, str(site.root), str(tmp_path / "again.pdf")]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": f"{Path.cwd()}:{Path.cwd() / 'tests'}"}
    subprocess.run(command, check=True, env=environment)
    assert (tmp_path / "again.pdf").read_bytes() == booklet[1].read_bytes()


def test_large_print_has_no_letter_smaller_than_18_point(site: Site, tmp_path: Path) -> None:
    printed_to(site, tmp_path / "large.pdf", topic="sharing-power", look=Look(large=True))
    assert min(sizes(tmp_path / "large.pdf")) >= 18


def test_usual_print_has_no_letter_smaller_than_12_point(booklet: tuple[Told, Path]) -> None:
    assert min(sizes(booklet[1])) >= 12


def sizes(path: Path) -> set[float]:
    """Sizes of all letters, in points."""
    found: set[float] = set()

    def seen(text: str, matrix: list[float], letters: list[float], font: Any, size: float) -> None:
        if text.strip():
            scale = abs(matrix[0] * letters[3]) or 1
            found.add(round(abs(size * scale), 2))

    for page in PdfReader(path).pages:
        page.extract_text(visitor_text=seen)
    return found


def test_what_is_written_from_right_to_left_is_read_in_its_order(site: Site, tmp_path: Path) -> None:
    told = printed_to(site, tmp_path / "ar.pdf", language="ar")
    text = re.sub("[\u200e\u200f\u202a-\u202e]", "", text_of(tmp_path / "ar.pdf"))
    catalog: Any = PdfReader(tmp_path / "ar.pdf").root_object
    assert (told.records, told.missing, catalog["/Lang"]) == (1, "", "ar") and ARABIC in text


def test_urdu_is_set_in_its_own_style_of_letters(site: Site, tmp_path: Path) -> None:
    told = printed_to(site, tmp_path / "ur.pdf", language="ur")
    fonts = subprocess.run(["pdffonts", str(tmp_path / "ur.pdf")], capture_output=True, check=True, text=True).stdout
    assert told.missing == "" and "Nastaliq" in fonts


def test_letters_that_no_font_has_stop_it_and_the_old_file_stays(tmp_path: Path) -> None:
    strange = filled(tmp_path, lambda made: made.add("post", "a", title=f"A {NOT_IN_ANY_FONT}") and None)
    strange.db.close()
    target = tmp_path / "a.pdf"
    target.write_bytes(b"old")
    with pytest.raises(CopError, match="No font on this computer has these letters: \U00018b00") as told:
        printed_to(site_at(tmp_path), target)
    assert "fonts-noto-core" in told.value.hint and "--anyway" in told.value.hint and target.read_bytes() == b"old"
    assert printed_to(site_at(tmp_path), target, look=Look(anyway=True)).missing == NOT_IN_ANY_FONT


def test_nothing_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []
    html = (
        '<html lang="en"><body><img src="http://127.0.0.1:9/a.png"><img src="file:///etc/passwd"><p>x</p></body></html>'
    )
    pdf.write(html, lambda address: asked.append(address))
    assert asked == ["http://127.0.0.1:9/a.png", "file:///etc/passwd"]


def test_a_full_disk_is_told_and_the_old_file_stays(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.pdf").write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CopError, match="There is no more room") as told:
        printed_to(site, tmp_path / "a.pdf", language="ar")
    assert "What was there before is as it was." in told.value.hint
    assert (tmp_path / "a.pdf").read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["a.pdf"]


def test_without_pango_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(CopError, match="Printing needs Pango") as told:
        pdf.write("", lambda address: None)
    assert told.value.hint.startswith("sudo apt install libpango")


WORD = re.compile(r'yMin="([\d.]+)" xMax="([\d.]+)"[^>]*>([^<]+)</word>')


def test_a_title_that_runs_the_other_way_has_its_number_in_the_column_of_the_contents(
    site: Site, tmp_path: Path
) -> None:
    printed_to(site, tmp_path / "all.pdf")
    for page in ("2", "3"):  # the contents fill two
        words = WORD.findall(text_of(tmp_path / "all.pdf", "-bbox", "-f", page, "-l", page))
        numbers = [(float(y), float(end)) for y, end, word in words if word.isdecimal()]
        column = max(end for _, end in numbers)
        for y in (float(y) for y, _, word in words if re.search("[\u0600-\u06ff]{3}", word)):
            assert [end for at, end in numbers if abs(at - y) < 6 and column - end < 2], (page, y, numbers)
            return
    raise AssertionError("The title is not in the contents.")
