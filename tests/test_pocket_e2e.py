"""The file for phones in a browser: it finds what the server finds, leads where it should, and can be read by everyone."""

import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import copied_site
import pytest
from hypothesis import HealthCheck, given, settings
from judged_queries import JUDGED
from seen import NARROW_IS_WRONG
from test_copy_search import ODD, SAID, TYPED, odd, real  # noqa: F401 - two of them are fixtures
from test_everyone import AXE, AXE_PROGRAM, VNU
from web_site import build, example

from cop.pocket.file import document_of
from cop.pocket.within import Choice, key_of, within
from cop.search import search
from cop.web.language import speaking

pytestmark = pytest.mark.e2e
EVERYTHING = 100_000
FIND = """async ([typed, most]) => {
    const found = window.copSearch;
    await window.copPage.begin();
    const question = await found.understand(typed, false);
    const page = await found.pageOf(question, {}, most, 0);
    const rows = await Promise.all(page.numbers.map(found.row));
    return [page.total, rows.map((row) => row[0].slice(1)), question ? question.any : false, question ? question.shownFor : ""];
}"""


def write(db: sqlite3.Connection, path: Path, language: str = "en") -> Path:
    """The file for phones of a published database."""
    with speaking(language, language):
        path.write_text("".join(document_of(db, Choice(), within(db, Choice(), date.today()))), "utf-8")
    return path


class Pocket:
    """The file in a browser, beside its database."""

    def __init__(self, db: sqlite3.Connection, path: Path, chromium: Any) -> None:
        self.db, self.path = db, write(db, path)
        self.page = chromium.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.goto(self.path.as_uri())

    def found(self, typed: str) -> Any:
        total, keys, *rest = self.page.evaluate(FIND, [typed, EVERYTHING])
        assert not self.wrong
        return [total, sorted(keys), *rest], keys

    def expected(self, typed: str) -> Any:
        told = search(self.db, typed, limit=EVERYTHING)
        keys = [key_of(hit.type, hit.slug) for hit in told.hits]
        return [told.total, sorted(keys), told.any_word, told.shown_for], keys


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with copied_site.browser() as context:
        yield context


@pytest.fixture(scope="module")
def pocket_real(real: sqlite3.Connection, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Pocket:  # noqa: F811
    return Pocket(real, tmp_path_factory.mktemp("pocket") / "real.html", chromium)


@pytest.fixture(scope="module")
def pocket_odd(odd: sqlite3.Connection, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Pocket:  # noqa: F811
    return Pocket(odd, tmp_path_factory.mktemp("pocket") / "odd.html", chromium)


def test_the_file_finds_what_the_server_finds(pocket_real: Pocket) -> None:
    first = alike = 0
    for typed in [*JUDGED, *SAID, *ODD]:
        (found, order), (expected, server) = pocket_real.found(typed), pocket_real.expected(typed)
        assert found == expected, typed
        first, alike = first + len(server[:10]), alike + len(set(order[:10]) & set(server[:10]))
    assert alike > 0.9 * first, "nearly the same stand at the top"


@given(typed=TYPED)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_typed_the_file_finds_the_same(pocket_odd: Pocket, typed: str) -> None:
    assert pocket_odd.found(typed)[0] == pocket_odd.expected(typed)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small site with one of everything, with an Arabic text, in two languages."""
    made = tmp_path_factory.mktemp("pocket")
    site = example(made / "site.db")
    body = '<p>نص عن <a href="../resources/none">المشاركة</a> في البحث.</p>\n'
    site.add(
        "post",
        "ar",
        title="المشاركة",
        summary="كيف نعمل معا",
        languages=["ar"],
        html=body,
        text="نص عن المشاركة في البحث.",
    )
    site.db.commit()
    db = copied_site.opened(made / "site.db")
    for language in ("en", "ar"):
        write(db, made / f"{language}.html", language)
    return made


def test_it_reads_and_leads_without_a_script(folder: Path, chromium: Any) -> None:
    page = chromium.browser.new_context(offline=True, java_script_enabled=False).new_page()
    page.goto((folder / "en.html").as_uri())
    everything = page.locator("article").count()
    assert not page.locator("#find").is_visible() and page.locator("article:visible").count() == everything
    page.locator("details summary").click()
    page.get_by_role("link", name="Sharing power", exact=True).first.click()
    on_topic = page.locator("article:visible").count()
    assert 0 < on_topic < everything and not page.locator("article dl:visible").count()
    title = page.locator("article:visible h3 a").first
    name = title.inner_text()
    title.click()
    assert page.locator("article:visible").count() == everything
    assert page.locator("article:target h3").inner_text() == name and page.locator("article:target dl").is_visible()
    page.go_back()
    assert page.locator("article:visible").count() == on_topic
    page.get_by_role("link", name="Show everything").locator("visible=true").click()
    page.get_by_role("link", name="Titles only").click()
    assert page.locator("article:visible h3").count() == everything and not page.locator("article dl:visible").count()


def test_results_are_listed_and_lead_to_their_articles(folder: Path, chromium: Any) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "en.html").as_uri())
    page.get_by_role("searchbox").fill("sharing powr")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits li")
    assert "Showing results for “sharing power”." in page.locator("#told").inner_text()
    first = page.locator("#hits li a").first
    name = first.inner_text()
    first.click()
    assert page.locator("article:target h3").inner_text() == name
    page.get_by_role("searchbox").fill("xyzzyq")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing found for “xyzzyq”").wait_for()
    assert page.locator("#hits li").count() == 0 and len(asked) == 1, "nothing is asked of anybody"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_everybody_can_read_it(folder: Path, chromium: Any, language: str) -> None:
    page = chromium.browser.new_context(offline=True, bypass_csp=True).new_page()
    for width, dark, place in ((320, True, ""), (1280, False, "#on/sharing-power"), (320, False, "#titles")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto((folder / f"{language}.html").as_uri() + place)
        page.reload()
        page.add_style_tag(content="article { content-visibility: visible !important }")  # all of it is looked at
        page.get_by_role("searchbox").fill("sharing powr")
        page.keyboard.press("Enter")
        page.wait_for_selector("#hits li")
        assert page.evaluate(NARROW_IS_WRONG) == []
        page.evaluate(AXE_PROGRAM)
        told = page.evaluate("options => axe.run(options)", AXE)
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in told["violations"]] == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_it_is_valid_html(folder: Path, language: str) -> None:
    arguments = [
        "java",
        "-Xss4m",
        "-jar",
        str(VNU),
        "--format",
        "gnu",
        "--no-langdetect",
        "--errors-only",
        str(folder / f"{language}.html"),
    ]
    told = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert not told.stderr, told.stderr


def test_whose_consent_has_ended_since_is_not_shown_any_more(chromium: Any, tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("person", "hodan", title="Hodan Warsame", consent="Said so", consent_until="2127-03")
    site.add("post", "tea", title="On tea")
    site.db.commit()
    made = write(copied_site.opened(site.path), tmp_path / "a.html")
    page = chromium.new_page()
    page.goto(made.as_uri())
    assert page.locator("article").count() == 2
    page.clock.set_fixed_time("2127-04-01")
    page.reload()
    assert page.locator("article h3").all_inner_texts() == ["On tea"]
    assert page.evaluate(FIND, ["hodan", 10])[0] == 0
