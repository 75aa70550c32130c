"""What stands in a booklet or an e-book: whatever readers of the site see, nothing more, and in a fixed order."""

import doctest
import re
from contextlib import closing
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from web_site import SiteBuilder, filled

from cop.cli.common import find_site
from cop.errors import CopError, WrongUsage
from cop.paper import book, booklet, chosen, markup, pdf, pdf_pages, sheets, source, templating
from cop.paper import form as forms
from cop.paper.chosen import Wanted
from cop.paper.sheets import Look
from cop.web.form_page import OFFERED
from cop.web.language import speaking
from tests.conftest import Cop

TODAY = date(2026, 11, 23)


@pytest.fixture
def full(cop: Cop) -> Cop:
    """Two topics, one below the other, in two languages; somebody who agreed to be listed; a contact that did not."""
    cop.write("topics/sharing-power.md", "---\ntitle: Sharing power\nsummary: Who decides.\n---\n")
    cop.write("topics/meetings.md", "---\ntitle: Meetings\nparent: sharing-power\n---\n")
    cop.write("topics/other.md", "---\ntitle: Another topic\n---\n")
    cop.write(
        "posts/a.md",
        "---\ntitle: Who decides?\ndate: 2026-01-01\ntopics: [sharing-power]\nlanguages: [en]\n"
        "credits:\n- {name: Zoe, role: wrote}\n- {name: Hodan, organisation: Caafi Health, role: checked}\n---\n\n"
        "## Begin\n\nSee [ours](../resources/guide), [about](../pages/about), [nothing](../posts/none),"
        " <https://example.org/long> and [a page](https://example.org/page).\n",
    )
    cop.write("posts/new.md", "---\ntitle: A newer post\ndate: 2026-02-01\ntopics: [meetings]\n---\n\nHello\n")
    cop.write("posts/elsewhere.md", "---\ntitle: Elsewhere\ndate: 2026-02-01\ntopics: [other]\n---\n\nHello\n")
    cop.write(
        "resources/guide.md", "---\ntitle: A guide\nyear: 2021\ntopics: [meetings]\nurl: https://example.org/g\n---\n"
    )
    cop.write(
        "resources/dalil.md",
        "---\ntitle: دليل البحث المشترك\nlanguages: [ar]\ntopics: [meetings]\nsummary: ملخص قصير\n---\n\nنص طويل\n",
    )
    cop.write(
        "people/maria.md",
        "---\ntitle: Maria Example\nconsent: spoken, 2026-01-02\nconsent_until: 2030-01-01\ntopics: [meetings]\n---\n",
    )
    cop.write("pages/privacy.md", "---\ntitle: Privacy\n---\n\nOf the site.\n")
    assert cop("load").exit_code == 0
    return cop


def read(cop: Cop, topic: str = "", language: str = "") -> book.Book:
    db = source.opened(cop.root / "data" / "site.db")
    wanted = chosen.read_wanted(db, topic, language)
    with speaking(*source.spoken_for(db, language)):
        return book.placed(book.read(db, wanted, TODAY), "#{}".format)


def titles(made: book.Book) -> list[str]:
    return [entry.page.heading for entry in made.entries]


def html(cop: Cop, topic: str = "", language: str = "", large: bool = False) -> str:
    db = source.opened(cop.root / "data" / "site.db")
    return booklet.sheets_of(db, Wanted(topic, language), Look(large), TODAY).html


def test_the_rules_of_markup() -> None:
    assert not doctest.testmod(markup).failed and not doctest.testmod(pdf).failed
    assert not doctest.testmod(pdf_pages).failed


def test_a_topic_is_told_with_what_stands_below_it_kind_by_kind(full: Cop) -> None:
    made = read(full, "sharing-power")
    assert (made.title, made.lead) == ("Sharing power", "Who decides.")
    assert [chapter.heading for chapter in made.chapters] == ["Resources", "Posts"]
    assert titles(made) == ["A guide", "دليل البحث المشترك", "A newer post", "Who decides?"]
    assert [(topic.title, len(topic.entries)) for topic in made.topics] == [("Meetings", 3), ("Sharing power", 1)]


def test_a_topic_can_be_named_by_its_title(full: Cop) -> None:
    assert titles(read(full, "meetings")) == titles(read(full, "Meetings"))


def test_a_topic_that_nobody_has_described_is_a_topic(full: Cop) -> None:
    full.write("posts/b.md", "---\ntitle: On trust\ndate: 2026-01-01\ntopics: [being-trusted]\n---\n\nHello\n")
    assert full("load").exit_code == 0
    made = read(full, "being-trusted")
    assert (made.title, titles(made)) == ("Being trusted", ["On trust"])


def test_a_topic_without_entries_is_told(full: Cop, tmp_path: Path) -> None:
    full.write("topics/empty.md", "---\ntitle: Empty\n---\n")
    assert full("load").exit_code == 0
    result = full("export", "epub", str(tmp_path / "a.epub"), "--topic", "Empty")
    assert result.exit_code == 1 and "Nothing stands under the topic “empty” yet." in result.stderr


def test_a_topic_that_is_not_there_is_told(full: Cop) -> None:
    with pytest.raises(WrongUsage, match="There is no topic “meeting”") as told:
        read(full, "meeting")
    assert told.value.hint == "cop list topic"


def test_one_language_is_told_in_its_own_words_and_direction(full: Cop) -> None:
    made = read(full, language="ar")
    assert titles(made) == ["دليل البحث المشترك"] and (made.frame.lang, made.frame.dir) == ("ar", "rtl")
    found = html(full, language="ar")
    assert '<html lang="ar" dir="rtl">' in found and '<h2 lang="ar" dir="rtl">دليل البحث المشترك</h2>' in found
    assert "Elsewhere" not in found


def test_what_says_no_language_counts_as_the_sites_own(full: Cop) -> None:
    assert "A newer post" in titles(read(full, language="en"))


def test_a_language_that_nothing_is_written_in_is_told(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "a.pdf"), "--language", "cy")
    assert result.exit_code == 1 and "Nothing here is written in the language “cy”." in result.stderr


def test_paper_forgets_nobody_so_people_are_not_listed_on_it(full: Cop) -> None:
    found = html(full)
    assert "Maria" not in found and "Of the site." not in found


def test_everybody_who_took_part_is_named_from_a_to_z(full: Cop) -> None:
    assert [one.words for one in read(full).people] == ["Hodan, Caafi Health: checked", "Zoe: wrote"]


def test_links_lead_within_the_booklet_or_out_of_it_or_nowhere(full: Cop) -> None:
    made = read(full)
    guide = next(entry.anchor for entry in made.entries if entry.page.heading == "A guide")
    text = next(entry.html for entry in made.entries if entry.page.heading == "Who decides?")
    assert f'<h3>Begin</h3>\n<p>See <a href="#{guide}">ours</a>, <span>about</span>, <span>nothing</span>' in text
    assert '<a class="bare" href="https://example.org/long">https://example.org/long</a>' in text
    assert '<a href="https://example.org/page">a page</a>' in text


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    def hostile(site: SiteBuilder) -> None:
        text = "<p>]]&gt;&lt;script&gt;</p>"
        site.add("post", "a", title="<b>A</b> \u202e\u0007\uffff]]>", summary="<script>", html=text)
        site.says(title="</title><b>B</b>", organisation="<b>B</b>")

    db = source.opened(filled(tmp_path, hostile).path)
    found = booklet.sheets_of(db, Wanted(), Look(), TODAY).html
    assert "<script>" not in found and not re.search("<b>[AB]", found)
    assert not {"\u202e", "\u0007", "\uffff"} & set(found)


@pytest.mark.parametrize(
    "source", ["<p><b>a", "</p>a", "<ul><li>a</ul></b>", '<a href="http://[">x</a>', "a & b < c", "<h6>x</h6>"]
)
def test_whatever_a_text_is_it_becomes_well_formed(source: str) -> None:
    ElementTree.fromstring(f"<div>{markup.body(source, lambda address: '', below=1, path='/posts/a')}</div>")


def test_a_booklet_of_too_many_entries_says_what_to_do_instead(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booklet, "MOST", 2)
    site = find_site(full.root)
    with pytest.raises(CopError, match="5 entries are too many for one booklet") as told:
        booklet.write(site, tmp_path / "a.pdf", topic="", language="", look=Look(), today=TODAY)
    assert "--topic" in told.value.hint and not (tmp_path / "a.pdf").exists()


def test_a_file_that_is_not_called_pdf_is_refused(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "booklet.txt"))
    assert result.exit_code == 2 and "Let it end in .pdf." in result.stderr


def test_before_anything_is_loaded_there_is_nothing_to_print(cop: Cop, tmp_path: Path) -> None:
    result = cop("export", "print", str(tmp_path / "a.pdf"))
    assert result.exit_code == 1 and "cop load" in result.stderr


def test_words_of_a_style_sheet_cannot_end_it(full: Cop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "around_number", lambda: ('"</style><script>', "\\"))
    assert "<script>" not in sheets.style(Look()) and templating.style("print.css") in sheets.style(Look())


def form(cop: Cop, kind: str) -> str:
    return forms.sheets_of(source.opened(cop.root / "data" / "site.db"), kind, Look(), TODAY).html


def test_the_form_for_anything_asks_what_the_page_of_the_site_asks(full: Cop) -> None:
    found = form(full, forms.ANY)
    for said in ("What is it, or what is it called?", "An event", "How shall we name you?", "Caafi Health"):
        assert said in found
    assert "I have read it back" in found and "Please leave out phone numbers" in found


@pytest.mark.parametrize("kind", OFFERED)
def test_there_is_a_form_for_every_kind_that_people_can_add(full: Cop, kind: str) -> None:
    found = form(full, kind)
    assert "How shall we name you?" in found
    assert ("People are listed here only if they agree" in found) == (kind == "person")


def test_a_question_with_a_few_answers_has_boxes_and_others_have_lines(full: Cop) -> None:
    found = form(full, "event")
    assert "<li>In person</li>" in found and found.count('<div class="blank">') > 20


def test_days_on_a_form_are_not_turned_round_among_arabic_letters(full: Cop) -> None:
    with closing(source.opened(full.root / "data" / "site.db")) as db, speaking(*source.spoken_for(db, "ar")):
        found = forms.sheets_of(db, "event", Look(), TODAY).html
    assert "\u20662026-07-01\u2069" in found and "\u20662026-07\u2069" in found


def test_a_form_that_is_not_there_is_told(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "a.pdf"), "--form", "poem")
    assert result.exit_code == 2 and "There is no form for “poem”." in result.stderr and "resource" in result.stderr


def test_a_form_in_a_language_that_has_none_is_told(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "a.pdf"), "--form", "any", "--language", "zz")
    assert result.exit_code == 2 and "There is no form in “zz”." in result.stderr and "cy, so, ar" in result.stderr
    assert not (tmp_path / "a.pdf").exists()


def test_one_file_is_for_one_thing(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "a.pdf"), "--form", "any", "--topic", "meetings")
    assert result.exit_code == 2 and "One file is for a topic, an event or a form." in result.stderr
