"""Pages that everyone can use: checks over every kind of page, in a real browser and by validators. Run by `make e2e`.

The addresses come from a walk over a site with the real content and odd records of every kind (see odd_site.py), so that
a new page is checked by itself.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.commands import serving
from tests.odd_site import MISSING, ODD, WORDS, Page, odd_place, walk
from tests.seen import FLAGS, NARROW_IS_WRONG, SPACING, STOPS, TWICE

pytestmark = pytest.mark.e2e
VNU = Path(sys.prefix) / "vnu/node_modules/vnu-jar/build/dist/vnu.jar"
ATOM = etree.RelaxNG(etree.parse(Path(__file__).parent / "schemas" / "atom.rng"))
ENDINGS = {"text/html": "html", "image/svg+xml": "svg"}
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2: off unless asked for
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = odd_place(tmp_path_factory.mktemp("odd"))
    with serving(place) as address:
        yield address.rstrip("/")
    place.close()


@pytest.fixture(scope="module")
def pages(site: str) -> list[Page]:
    return list(walk(site))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def one_of_each(pages: Iterable[Page], languages: tuple[str, ...] = ("", "ar")) -> list[str]:
    """One address of every kind of page, and the odd records."""
    found: dict[str, str] = {}
    for page in pages:
        if page.kind == "text/html" and page.shape.partition(":")[0] in (*languages, page.shape):
            found.setdefault(page.address if ODD.match(page.address) else page.shape, page.address)
    return [
        address
        for address in found.values()
        if not address.startswith("/ar/") or "odd-" not in address or "arabic" in address
    ]


def wrong_on(page: Any, site: str, addresses: Iterable[str], look: Callable[[Any], Any]) -> dict[str, Any]:
    """What `look` found, per address; nothing where all is well."""
    found = {}
    for address in addresses:
        page.goto(site + address)
        if wrong := look(page):
            found[address] = wrong
    return found


# -- without a browser


def test_every_link_of_our_pages_leads_somewhere(pages: list[Page]) -> None:
    assert len(pages) > 500
    assert {page.address for page in pages if page.status != 200} == MISSING


def test_html_and_pictures_are_valid(pages: list[Page], tmp_path: Path) -> None:
    assert VNU.exists(), "The validator is missing. Run: make e2e"
    named = {f"{at}.{ENDINGS[page.kind]}": page for at, page in enumerate(pages) if page.kind in ENDINGS}
    for name, page in named.items():
        (tmp_path / name).write_text(page.text, "utf-8")
    command = [
        "java",
        "-Xss4m",
        "-jar",
        str(VNU),
        "--format",
        "json",
        "--also-check-svg",
        "--no-langdetect",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stderr)["messages"]
    assert len(named) > 500
    assert [(named[Path(one["url"]).name].address, one["message"], one.get("extract")) for one in told] == []


def test_feeds_are_valid(pages: list[Page]) -> None:
    feeds = [page for page in pages if page.kind == "application/atom+xml"]
    assert len(feeds) > 20
    assert [page.address for page in feeds if not ATOM.validate(etree.fromstring(page.text.encode()))] == []


# -- in a browser


def test_axe_finds_nothing_wrong_by_day_by_night_and_on_a_phone(browser: Any, site: str, pages: list[Page]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe, page = Axe(), browser.new_context(viewport={"width": 1280, "height": 900}).new_page()

    def look(page: Any) -> list[str]:
        for details in page.locator("main details:not([open])").all():
            details.evaluate("one => one.open = true")
        wrong = []
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            for one in axe.run(page, options=AXE).response["violations"]:
                wrong.append(f"{scheme}: {one['id']}: {one['nodes'][0]['html'][:200]}")
        return wrong

    assert wrong_on(page, site, one_of_each(pages), look) == {}
    page.context.close()


@pytest.mark.parametrize("style, width", [("", 320), (SPACING, 320), (TWICE, 1280), (TWICE, 640)])
def test_nothing_is_cut_off_or_needs_scrolling_sideways(
    browser: Any, site: str, pages: list[Page], style: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True, java_script_enabled=False)
    page = context.new_page()

    def look(page: Any) -> Any:
        if style:
            page.add_style_tag(content=style)
        return page.evaluate(NARROW_IS_WRONG)

    assert wrong_on(page, site, one_of_each(pages), look) == {}
    context.close()
