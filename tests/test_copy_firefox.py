"""A copy without a server in Firefox, from file://: pages, links, lists and the search, with scripts and without."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import copied_site
import pytest
from judged_queries import JUDGED
from test_copy_search import SAID, SEARCH

from cop.search import search
from tests.firefox import Firefox, firefox
from tests.real_site import real_site

pytestmark = pytest.mark.e2e
PAGES = (
    "index",
    "topics",
    "posts",
    "events",
    "resources",
    "people",
    "glossary",
    "new",
    "pictures",
    "offline",
    "add",
    "about",
)
# what Firefox holds back on file:// would stand here: a style sheet without rules that may be read, or a picture without a size
LOOKS = """async () => [document.title, getComputedStyle(document.body).marginTop,
    [...document.querySelectorAll("link[rel=stylesheet]")].filter(one => !one.sheet).length,
    [...document.images].filter(one => !one.naturalWidth).length, document.querySelectorAll("h1").length]"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firefox")
    assert real_site(folder, "organisations", "events")("export", "static", str(folder / "copy")).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("window") / "profile") as opened:
        yield opened


@pytest.fixture(scope="module")
def db(copy: Path) -> sqlite3.Connection:
    return copied_site.opened(copy / "site/data/site.db")


def at(copy: Path, name: str) -> str:
    return (copy / "copy" / name).as_uri()


def test_pages_are_shown_with_their_styles_and_pictures(copy: Path, window: Firefox) -> None:
    for name in PAGES:
        window.open(at(copy, f"{name}.html"))
        title, margin, no_style, no_picture, headings = window.run(LOOKS)
        assert title.endswith("Research as Equals") and (margin, no_style, no_picture, headings) == ("0px", 0, 0, 1), (
            name
        )


def test_a_reader_follows_links_from_page_to_page(copy: Path, window: Firefox) -> None:
    window.open(at(copy, "index.html"))
    for link, there in (
        ('nav a[href$="posts.html"]', "posts.html"),
        ("ol.results a", "/posts/"),
        ('a[href$="history.html"]', "/history.html"),
    ):
        window.click(link)
        assert there in window.address and window.wait_for("h1")
    window.back()
    assert "/posts/" in window.address and "history" not in window.address


def test_the_search_finds_what_the_server_finds(copy: Path, window: Firefox, db: sqlite3.Connection) -> None:
    numbers = dict(db.execute("SELECT record_id, number FROM records").fetchall())
    window.open(at(copy, "search.html"))
    for typed in (*JUDGED, *SAID):
        ours = search(db, typed, {})
        hits = [numbers[hit.record_id] for hit in ours.hits]
        expected = [ours.total, hits, [list(one) for one in ours.counts_by_type.items()], ours.any_word, ours.shown_for]
        assert window.run(SEARCH, [typed, {}, 0]) == expected, typed


def test_somebody_types_a_question_and_narrows_what_is_found(
    copy: Path, window: Firefox, db: sqlite3.Connection
) -> None:
    window.open(at(copy, "index.html"))
    window.type("input[name=q]", "sharing powr")
    window.click("main form button")
    assert len(window.wait_for("ol.results > li")) == min(20, search(db, "sharing power", {}).total)
    assert "Showing results for “sharing power”." in " ".join(window.texts("#found p"))
    before = window.address
    window.click("#found nav a")
    assert window.wait_for("#found .chosen") and window.address != before
    window.back()
    assert window.address == before and window.wait_for("ol.results > li")


def test_a_list_is_narrowed_by_a_choice(copy: Path, window: Firefox, db: sqlite3.Connection) -> None:
    sql = "SELECT count(*) FROM facets WHERE (type, name, value) = ('resource', 'topics', 'sharing-power')"
    count = db.execute(sql).fetchone()[0]
    window.open(f"{at(copy, 'resources.html')}?topic=sharing-power&sort=title")
    window.wait_for("[data-numbers]")
    assert window.texts("form.listing h2")[0].startswith(f"{count} of ") and len(window.texts("ol.results > li")) == 20
    window.click(".chosen a")
    window.wait_for("main:not(:has(.chosen)) ol.results > li")
    assert not window.texts("form.listing h2")[0].startswith(f"{count} of ")


def test_without_scripts_everything_is_found_from_a_to_z_and_in_the_lists(copy: Path, tmp_path: Path) -> None:
    with firefox(tmp_path / "profile", scripts=False) as window:
        window.open(at(copy, "search.html"))
        assert "your browser must run scripts" in window.texts("noscript")[0]
        window.click('noscript a[href="a-z.html"]')
        window.click('nav a[href="a-z--letter-s.html"]')
        assert "Sharing power\nTopic" in "\n".join(window.texts(".names li")).replace(" Topic", "\nTopic")
        window.open(at(copy, "search.html"))
        window.click('main a[href="resources.html"]')
        assert len(window.wait_for("ol.results > li")) == 20 and "resources" in window.texts("h2")[0]
        window.click("a[rel=next]")
        assert len(window.wait_for("ol.results > li")) == 20 and "page-2" in window.address
