"""`cop export zim`: one file for Kiwix with all pages, found by their words, and never spoiled by a run that stops."""

import errno
import html
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagesize
import pytest
from libzim.reader import Archive
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher

from cop import words
from cop.export.kiwix import spellings, steady, writing
from cop.export.kiwix.metadata import Kept, metadata
from cop.export.kiwix.pages import plain
from cop.languages import ISO_639_3, OWN_NAMES
from cop.web.language import speaking
from tests.conftest import Cop
from tests.test_export import EVENT, full, full_text

assert full  # a fixture

MANDATORY = {"Name", "Title", "Creator", "Publisher", "Date", "Description", "Language", "Illustration_48x48@1"}
PERSON = "---\ntitle: Xanthippe\nconsent: Said so\nconsent_until: {until}\n---\n\nQuillfeather\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#123456"/></svg>'


def made(cop: Cop, path: Path, *more: str) -> tuple[dict[str, Any], Archive]:
    told = cop.json("export", "zim", str(path), *more)
    return told, Archive(path)


def entries(zim: Archive) -> dict[str, bytes]:
    found = (zim._get_entry_by_id(at) for at in range(zim.all_entry_count))
    inside = (entry for entry in found if zim.has_entry_by_path(entry.path))
    return {entry.path: bytes(entry.get_item().content) for entry in inside}


def hits(zim: Archive, typed: str) -> list[str]:
    return list(Searcher(zim).search(Query().set_query(plain(typed))).getResults(0, 20))


def test_all_pages_are_in_the_file_and_every_link_leads_to_one(full: Cop, tmp_path: Path) -> None:
    told, zim = made(full, tmp_path / "site.zim")
    assert zim.check() and zim.main_entry.get_item().path == "index.html"
    held = entries(zim)
    assert {"posts/a.html", "posts/a/history.html", "feed.atom", "topics/sharing-power.html"} <= held.keys()
    assert [data for path, data in held.items() if path.endswith("/agenda.txt")] == [b"1. Tea"]
    for path, data in held.items():
        for link in (
            re.findall(r' (?:href|src)="([^":#]+)(?:#[^"]*)?"', data.decode()) if path.endswith(".html") else ()
        ):
            there = (Path("/") / path).parent / unquote(html.unescape(link))
            assert there.resolve().relative_to("/").as_posix() in held, (path, link)
    assert told["entries"] == zim.entry_count and told["bytes"] == (tmp_path / "site.zim").stat().st_size


def test_kiwix_searches_so_no_page_has_a_box_for_it(full: Cop, tmp_path: Path) -> None:
    _, zim = made(full, tmp_path / "site.zim")
    held = entries(zim)
    assert not [path for path in held if path.startswith("search/") or "copy.js" in path or "copy-search" in path]
    pages = b"".join(data for path, data in held.items() if path.endswith(".html"))
    assert b"<form" not in pages and b"<script" not in pages
    assert "type into the search box of the program" in held["search.html"].decode()


def test_the_file_says_what_it_is(full: Cop, tmp_path: Path) -> None:
    _, zim = made(full, tmp_path / "site.zim")
    assert set(zim.metadata_keys) >= MANDATORY
    told = {key: bytes(zim.get_metadata(key)).decode() for key in zim.metadata_keys if "Illustration" not in key}
    assert (told["Language"], told["Publisher"], told["Name"]) == ("eng", "Caafi Health", "caafi-health_en_all")
    assert told["LongDescription"] not in told["Description"]
    assert imagesize.get(_saved(tmp_path, zim.get_illustration_item(48).content)) == (48, 48)


def _saved(folder: Path, content: Any) -> str:
    (folder / "picture.png").write_bytes(bytes(content))
    return str(folder / "picture.png")


def test_texts_about_the_file_are_as_long_as_readers_of_it_can_show() -> None:
    from datetime import date

    long = Kept({"title": "W" * 99, "organisation": "V" * 99}, [f"Group {n}" for n in range(2000)], "en", "")
    with speaking("en", "en"):
        told = metadata(long, date(2026, 11, 23))
    assert (len(told["Title"]), len(told["Description"]) <= 80, len(told["LongDescription"]) <= 4000) == (
        30,
        True,
        True,
    )
    assert told["Date"] == "2026-11-23" and "Source" not in told and re.fullmatch(r"[\w-]+_en_all", told["Name"])


def test_every_language_of_the_site_has_a_code_that_kiwix_knows() -> None:
    assert ISO_639_3.keys() == OWN_NAMES.keys() and len(set(ISO_639_3.values())) == len(OWN_NAMES)


def test_the_mark_of_the_organisation_is_the_picture(full: Cop, tmp_path: Path) -> None:
    plain_one = bytes(made(full, tmp_path / "a.zim")[1].get_illustration_item(48).content)
    (full.root / "mark.svg").write_text(SVG)
    config = full.root / "cop.toml"
    config.write_text(f'{config.read_text()}\nmark = "mark.svg"\nmark_text = "Caafi"\n')
    assert full("load").exit_code == 0
    marked = made(full, tmp_path / "b.zim")[1].get_illustration_item(48).content
    assert bytes(marked) != plain_one and imagesize.get(_saved(tmp_path, marked)) == (48, 48)


def test_the_same_site_gives_the_same_bytes(full: Cop, tmp_path: Path) -> None:
    for name in ("one.zim", "other.zim"):
        made(full, tmp_path / name)
    assert (tmp_path / "one.zim").read_bytes() == (tmp_path / "other.zim").read_bytes()


def test_an_attachment_that_looks_like_an_index_stays_as_it_is(full: Cop, tmp_path: Path) -> None:
    strange = steady.XAPIAN + bytes(range(60, 100))
    (full.root / "content/events/agenda.txt").write_bytes(strange)
    full.write("events/open-day.md", EVENT.replace("Come", "Do come"))
    assert full("load").exit_code == 0
    _, zim = made(full, tmp_path / "site.zim")
    assert strange in entries(zim).values() and zim.check()


def test_records_are_found_by_their_words_and_pages_about_them_are_not(full: Cop, tmp_path: Path) -> None:
    full.write("posts/c.md", "---\ntitle: Café\n---\n\nCo-producing a guidebook with organisations in the centre.\n")
    assert full("load").exit_code == 0
    told, zim = made(full, tmp_path / "site.zim")
    assert hits(zim, "ännu") == ["posts/b.html"] and told["found"] == 6
    typed = ("cafe", "CAFÉ", "coproducing", "guide book", "organizations", "center", "co-producing centre")
    assert [hits(zim, one) for one in typed] == [["posts/c.html"]] * len(typed)
    assert not [one for one in hits(zim, "caafi health") if "history" in one]
    assert list(SuggestionSearcher(zim).suggest("who dec").getResults(0, 5)) == ["posts/a.html"]


def test_pages_of_the_site_itself_are_found(full: Cop, tmp_path: Path) -> None:
    full.write("pages/about.md", "---\ntitle: About\nslug: about\n---\n\nWe are the Wolverines.\n")
    assert full("load").exit_code == 0
    assert hits(made(full, tmp_path / "site.zim")[1], "wolverines") == ["about.html"]


def test_words_that_only_look_alike_are_not_other_spellings() -> None:
    told = set(spellings.others(words.RUN.findall("news this wise realise analyse 2018-12-05 Maxamed toolkit")))
    assert told == {"realize", "analyze", "mohamed", "tool kit"}


def test_an_old_address_leads_on(full: Cop, tmp_path: Path) -> None:
    full.write("posts/b.md", full_text(full, "posts/b.md").replace("title:", "slug: c\ntitle:"))
    assert full("load").exit_code == 0
    told, zim = made(full, tmp_path / "site.zim")
    assert told["moved"] == 1
    old = zim.get_entry_by_path("posts/b.html")
    assert old.is_redirect and old.get_redirect_entry().path == "posts/c.html"


def test_nothing_private_is_in_the_file(full: Cop, tmp_path: Path) -> None:
    full.write("posts/own.md", "---\nshare: own\ntitle: Zebulon\n---\n\nQuastrick\n")
    full.write("people/x.md", PERSON.format(until="2020-01-01"))
    assert full("load").exit_code == 0
    _, zim = made(full, tmp_path / "site.zim")
    assert not re.search(rb"(?i)zebulon|quastrick|xanthippe|quillfeather", b"".join(entries(zim).values()))
    assert [hits(zim, one) for one in ("zebulon", "quastrick", "xanthippe", "quillfeather")] == [[]] * 4


def test_the_menus_speak_another_language_and_the_records_their_own(full: Cop, tmp_path: Path) -> None:
    full.write("posts/c.md", "---\ntitle: Shwmae\nlanguages: [cy]\n---\n\nBore da.\n")
    full.write("posts/d.md", "---\ntitle: Caafimaad\nlanguages: [so]\n---\n\nSubax wanaagsan.\n")
    assert full("load").exit_code == 0
    told, zim = made(full, tmp_path / "site.zim", "--language", "cy")
    page = entries(zim)["posts.html"].decode()
    assert bytes(zim.get_metadata("Language")) == b"cym" and told["language"] == "cy"
    assert '<html lang="cy"' in page and '<h3 lang="en" dir="auto">' in page and "cy/" not in page
    assert told["other_languages"] == 1 and hits(zim, "subax") == ["posts/d.html"]


def test_a_language_that_the_site_does_not_speak_is_told(full: Cop, tmp_path: Path) -> None:
    result = full("export", "zim", str(tmp_path / "site.zim"), "--language", "tlh")
    assert result.exit_code == 2 and "ar, cy, en, pl, so, ur" in result.stderr and not any(tmp_path.glob("*.zim"))


def test_nothing_but_our_own_words_is_printed(full: Cop, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = full("export", "zim", str(tmp_path / "site.zim"))
    assert "5 entries to search" in result.stdout and "docs/kiwix.md" in result.stdout
    assert capfd.readouterr().out == ""


# -- what goes wrong


@pytest.mark.parametrize("name", ["site.zip", "site", "."])
def test_only_a_name_of_a_file_for_kiwix_will_do(full: Cop, tmp_path: Path, name: str) -> None:
    result = full("export", "zim", str(tmp_path / name))
    assert result.exit_code == 2 and ".zim" in result.stderr


def test_a_file_of_another_kind_is_left_alone(full: Cop, tmp_path: Path) -> None:
    (tmp_path / "aunt.zim").write_text("Dear aunt")
    result = full("export", "zim", str(tmp_path / "aunt.zim"))
    assert (result.exit_code, (tmp_path / "aunt.zim").read_text()) == (1, "Dear aunt")
    assert full("export", "zim", str(tmp_path / "no-stick" / "site.zim")).exit_code == 1


@pytest.mark.parametrize("missing", ["resvg_py", "libzim.writer"])
def test_packages_that_are_missing_are_named(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "cop.export.kiwix.writing", raising=False)
    monkeypatch.delattr("cop.export.kiwix.writing", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    result = full("export", "zim", str(tmp_path / "site.zim"))
    assert result.exit_code == 1 and "pip install libzim resvg-py" in result.stderr


@pytest.mark.parametrize("stops", ["a full disk", "a person"])
def test_a_run_that_stops_leaves_the_old_file_and_nothing_else(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    path, temporary = tmp_path / "out" / "site.zim", tmp_path / "temporary"
    path.parent.mkdir()
    temporary.mkdir()
    made(full, path)
    before, looks = path.read_bytes(), iter(range(1000))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    need = writing._need_room

    def failing(folder: Path, *one: Any) -> None:
        if next(looks) == 9:
            if stops == "a person":
                raise KeyboardInterrupt
            monkeypatch.setattr(writing, "SPARE", 1 << 62)
        need(folder, *one)

    monkeypatch.setattr(writing, "_need_room", failing)
    result = full("export", "zim", str(path))
    assert result.exit_code == 1 and ("There is too little room in" in result.stderr) == (stops == "a full disk")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path] and not list(temporary.iterdir())


def test_a_full_stick_is_told_and_keeps_the_old_file(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.zim"
    made(full, path)
    before = path.read_bytes()

    def failing(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", failing)
    result = full("export", "zim", str(path))
    assert result.exit_code == 1 and "There is no more room" in result.stderr and "Make room" in result.stderr
    assert path.read_bytes() == before and list(tmp_path.glob("*.zim*")) == [path]


def test_something_loaded_meanwhile_is_noticed(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = writing.write

    def slow(*told: Any) -> Any:
        full.write("posts/c.md", "---\ntitle: In between\n---\n")
        assert full("load").exit_code == 0
        return write(*told)

    monkeypatch.setattr(writing, "write", slow)
    result = full("export", "zim", str(tmp_path / "site.zim"))
    assert (result.exit_code, "Run the same command again" in result.stderr) == (1, True)
    assert not any(tmp_path.glob("*.zim*"))
