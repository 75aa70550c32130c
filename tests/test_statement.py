"""The accessibility statement: refused while something is missing, and shown for this copy's organisation only."""

import re
from pathlib import Path

import pytest
from conftest import Cop, Folder
from datasette.app import Datasette

from cop import checking, content, statement
from cop.errors import BadContent
from tests.network import befriend, places
from tests.test_checking import TODAY

STATUS = "This website is partially compliant with"
_SAID = {
    "[fully, partially or not]": "partially",
    "[day, such as 3 March 2027]": "1 December 2026",
    "[day]": "2 December 2026",
    "[in Northern Ireland": "",
}


def filled(text: str = statement.MODEL) -> str:
    """The model with every blank filled in."""
    blanks = re.findall(r"\[[^\[\]]*\](?!\()", text)
    for blank in blanks:
        said = next((said for start, said in _SAID.items() if blank.startswith(start)), "Caafi Health")
        text = text.replace(blank, said)
    return text


def as_file(text: str) -> bytes:
    return f"---\ntitle: Accessibility statement\n---\n\n{text.strip()}\n".encode()


def refusal(text: str) -> BadContent:
    with pytest.raises(BadContent) as refused:
        content.read(as_file(text), f"pages/{statement.SLUG}.md")
    return refused.value


def test_a_statement_with_everything_in_it_is_taken() -> None:
    assert statement.missing(filled()) is None
    assert content.read(as_file(filled()), f"pages/{statement.SLUG}.md").type == "page"


def test_the_model_is_refused_with_the_line_of_its_first_blank() -> None:
    refused = refusal(statement.MODEL)
    assert refused.line == 5
    assert "still has a blank: [address of this site]" in refused.reason


@pytest.mark.parametrize("blank", sorted(set(re.findall(r"\[[^\[\]]*\](?!\()", statement.MODEL))))
def test_each_blank_alone_is_enough_to_refuse_it(blank: str) -> None:
    assert "still has a blank" in refusal(f"{filled()}\n\n{blank}").reason


@pytest.mark.parametrize(
    "words, name",
    [
        ("This accessibility statement applies to", "applies to"),
        ("is responsible for enforcing", "responsible for enforcing"),
        ("(No. 2)", "responsible for enforcing"),
        ("is committed to making its website accessible", "is committed to"),
        (STATUS, "compliant with"),
        ("version 2.2", "compliant with"),
        ("This statement was prepared on 1 December 2026", "prepared on"),
        ("It was last reviewed on", "last reviewed on"),
        ("This website was last tested on", "last tested on"),
        ("The test was carried out by", "carried out by"),
    ],
)
def test_what_the_law_asks_for_cannot_be_left_out(words: str, name: str) -> None:
    assert words in filled()
    assert name in refusal(filled().replace(words, "We did something about")).reason


def test_northern_ireland_has_a_commission_of_its_own() -> None:
    start, end = filled().index("The Equality and Human"), filled().index("## Technical information")
    ecni = "Equality Commission for Northern Ireland (ECNI)"
    there = (
        f"The {ecni} is responsible for enforcing the Public Sector Bodies (Websites and Mobile Applications) (No. 2) "
        "Accessibility Regulations 2018 (the 'accessibility regulations'). If you're not happy with how we respond to your "
        f"complaint, contact the [{ecni}](https://www.equalityni.org/).\n\n"
    )
    assert statement.missing(filled()[:start] + there + filled()[end:]) is None


def test_a_draft_of_it_may_have_blanks() -> None:
    draft = as_file(statement.MODEL).replace(b"---\n\n", b"draft: true\n---\n\n", 1)
    assert content.read(draft, f"pages/{statement.SLUG}.md").share == 2


def test_load_and_check_say_so_and_the_rest_goes_in(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "site", tmp_path / "keys")
    folder.write("posts/a.md", "---\ntitle: A\n---\n")
    folder.write(f"pages/{statement.SLUG}.md", as_file(statement.MODEL).decode())
    report = folder.load()
    assert [one.path for one in report.refused] == [f"content/pages/{statement.SLUG}.md"]
    assert folder.titles() == ["A"]
    assert "blank" in checking.check(folder.site, TODAY).problems[0].reason


def test_new_writes_the_model(tmp_path: Path) -> None:
    cop = Cop(tmp_path / "site", tmp_path / "keys")
    Folder(tmp_path / "site", tmp_path / "keys").db.close()
    assert cop("new", "page", "Accessibility statement").exit_code == 0
    written = (cop.root / "content/pages" / f"{statement.SLUG}.md").read_text("utf-8")
    assert statement.MODEL.strip() in written


async def page_of(site_db: Path) -> str:
    datasette = Datasette([str(site_db)])
    return (await datasette.client.get("/accessibility")).text


async def test_readers_see_the_statement_of_this_copys_organisation_only(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    assert f"{one.name}</bdi> has not published an accessibility statement yet" in await page_of(one.site.site_db)
    told = {"title": "Accessibility statement", "slug": statement.SLUG, "body": filled()}
    other.change(None, told, type_name="page")
    befriend(one, other)
    one.sync(other)
    assert "has not published an accessibility statement yet" not in await page_of(other.site.site_db)
    assert STATUS in await page_of(other.site.site_db)
    assert "has not published an accessibility statement yet" in await page_of(one.site.site_db)
    one.change(None, {**told, "body": statement.MODEL}, type_name="page")
    assert "has not published an accessibility statement yet" in await page_of(one.site.site_db)
    assert "[address of this site]" not in await page_of(one.site.site_db)
    for place in (one, other):
        place.close()
