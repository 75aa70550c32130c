"""Pages that everyone can use: checks over every kind of page, in a real browser and by validators. Run by `make e2e`.

The addresses come from a walk over a site with the real content and odd records of every kind (see odd_site.py), so that
a new page is checked by itself.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from lxml import etree

from tests.commands import serving
from tests.odd_site import MISSING, ODD, Page, odd_place, walk
from tests.seen import FAINT, FLAGS, NARROW_IS_WRONG, OPEN_ALL, SPACING, STOPS, STYLED, TWICE

pytestmark = pytest.mark.e2e
AXE_PROGRAM = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
VNU = Path(sys.prefix) / "vnu/node_modules/vnu-jar/build/dist/vnu.jar"
ATOM = etree.RelaxNG(etree.parse(Path(__file__).parent / "schemas" / "atom.rng"))
ENDINGS = {"text/html": "html", "image/svg+xml": "svg"}
MOST_REQUESTS = (
    5  # the page, its style sheet, an icon that browsers ask for by themselves; one script or picture; one list
)
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


def one_of_each(pages: Iterable[Page]) -> list[str]:
    """One address of every kind of page in English; in Arabic of those that hold no record; and odd records."""
    found: dict[str, str] = {}
    for page in pages:
        language, _, rest = page.shape.rpartition(":")
        if page.kind == "text/html" and (not language or (language == "ar" and not {"?", "*"} & set(rest))):
            found.setdefault(page.shape, page.address)
    odd = [page.address for page in pages if ODD.match(page.address)]
    return list(dict.fromkeys([*found.values(), *filter(_is_looked_at, odd)]))


def _is_looked_at(address: str) -> bool:
    names = ("odd-arabic",) if address.startswith("/ar/") else ("odd-arabic", "odd-long", "resources/odd-disputed")
    return address.endswith((*names, "glossary/odd-disputed", "events/odd-hostile"))


# -- without a browser


def test_every_link_of_our_pages_leads_somewhere(pages: list[Page]) -> None:
    assert len(pages) > 400
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
    assert len(named) > 400
    assert [(named[Path(one["url"]).name].address, one["message"], one.get("extract")) for one in told] == []


def test_feeds_are_valid(pages: list[Page]) -> None:
    feeds = [page for page in pages if page.kind == "application/atom+xml"]
    assert len(feeds) > 20
    assert [page.address for page in feeds if not ATOM.validate(etree.fromstring(page.text.encode()))] == []


# -- in a browser


@dataclass(frozen=True)
class Seen:
    """What was wrong in a browser: per check, per address."""

    addresses: list[str]
    wrong: dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def seen(browser: Any, site: str, pages: list[Page]) -> Seen:
    """Every kind of page, opened once and looked at in many ways."""
    context = browser.new_context(viewport={"width": 320, "height": 900})
    page, found = context.new_page(), Seen(one_of_each(pages), defaultdict(dict))
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for address in found.addresses:
        asked.clear()
        errors.clear()
        page.set_viewport_size({"width": 320, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(site + address)
        page.evaluate(OPEN_ALL)
        for check, wrong in _looked(page, twice="odd-" not in address and not address.startswith("/ar")):
            if wrong:
                found.wrong[check][address] = wrong
        if wrong := [one for one in asked if not one.startswith(site)] or asked[MOST_REQUESTS:]:
            found.wrong["requests"][address] = wrong
        if wrong := [one for one in errors if "404" not in one]:
            found.wrong["errors"][address] = wrong
    context.close()
    return found


def _looked(page: Any, *, twice: bool) -> Iterator[tuple[str, list[str]]]:
    yield "narrow", page.evaluate(NARROW_IS_WRONG)
    page.emulate_media(color_scheme="dark")
    yield "axe in the dark, narrow", _axe(page)
    page.emulate_media(color_scheme="light")
    page.evaluate(STYLED, SPACING)
    yield "spacing", page.evaluate(NARROW_IS_WRONG)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate(STYLED, TWICE)
    yield "twice as large", page.evaluate(NARROW_IS_WRONG)
    page.evaluate(STYLED, "")
    if twice:
        yield "axe by day, wide", _axe(page)


def _axe(page: Any) -> list[str]:
    told = page.evaluate("options => axe.run(options)", AXE) if page.evaluate("!!window.axe") else _first_axe(page)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in told["violations"]]


def _first_axe(page: Any) -> Any:
    page.evaluate(AXE_PROGRAM)
    return page.evaluate("options => axe.run(options)", AXE)


def test_many_kinds_of_pages_were_looked_at(seen: Seen) -> None:
    assert len(seen.addresses) > 120
    assert {"/", "/pictures", "/desk/sync", "/ar/", "/events/odd-long"} <= set(seen.addresses)


@pytest.mark.parametrize("check", ["requests", "errors"])
def test_pages_ask_nothing_of_elsewhere_and_report_no_error(seen: Seen, check: str) -> None:
    assert seen.wrong[check] == {}


@pytest.mark.parametrize("check", ["axe in the dark, narrow", "axe by day, wide"])
def test_axe_finds_nothing_wrong(seen: Seen, check: str) -> None:
    assert seen.wrong[check] == {}


@pytest.mark.parametrize("check", ["narrow", "spacing", "twice as large"])
def test_nothing_is_cut_off_or_needs_scrolling_sideways(seen: Seen, check: str) -> None:
    assert seen.wrong[check] == {}


# -- the keyboard alone


def reached(page: Any) -> tuple[int, list[dict[str, Any]]]:
    """How many things can be used on the page, and each stop of Tab from the top to the end."""
    count = page.evaluate(STOPS)
    for _ in range(count + 40):  # a field for a date has a stop for each of its parts
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
    return count, page.evaluate("window.stops")


@pytest.mark.parametrize("width", [360, 1280])
def test_tab_reaches_everything_in_reading_order_and_one_sees_where_one_is(
    browser: Any, site: str, pages: list[Page], width: int
) -> None:
    page, wrong = browser.new_context(viewport={"width": width, "height": 900}).new_page(), {}
    looked_at = [one for one in one_of_each(pages) if "?" not in one and "odd-" not in one and "/history" not in one]
    for address in looked_at[width == 360 :: 2]:  # each at one width
        page.goto(site + address)
        count, stops = reached(page)
        order = list(dict.fromkeys(stop["at"] for stop in stops))
        found = [f"{one}: {stop['html']}" for stop in stops for one in stop["wrong"]]
        found += [] if order == list(range(count)) else [f"of {count} things Tab reaches {order}"]
        if found:
            wrong[address] = found[:5]
    assert wrong == {}
    page.context.close()


def test_the_skip_link_and_what_folds_work_by_keyboard(browser: Any, site: str) -> None:
    page = browser.new_context(viewport={"width": 360, "height": 900}, java_script_enabled=False).new_page()
    page.goto(f"{site}/resources")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")  # the browser goes there after the key was told to it
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("details").first.and_(page.locator("[open]")).wait_for()
    page.context.close()


# -- settings of the system


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_the_colours_of_the_system_charts_and_focus_are_seen(browser: Any, site: str, scheme: str) -> None:
    page = browser.new_context(forced_colors="active", color_scheme=scheme).new_page()
    page.goto(f"{site}/pictures")
    assert page.evaluate(FAINT) == []
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.context.close()


def test_nothing_moves_by_itself(browser: Any, site: str, pages: list[Page]) -> None:
    page = browser.new_context(reduced_motion="reduce").new_page()
    for address in ("/", "/pictures", "/resources", "/checklists/odd-full"):
        page.goto(site + address)
        assert page.evaluate("document.getAnimations().length") == 0
        moving = "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).transitionDuration !== '0s').length"
        assert page.evaluate(moving) == 0
    page.context.close()


def test_only_checklists_and_the_page_to_save_a_copy_have_a_script(pages: list[Page]) -> None:
    with_script = [page for page in pages if page.kind == "text/html" and "<script" in page.text]
    assert {page.shape.rpartition(":")[2] for page in with_script} == {"/checklists/*", "/offline/save"}
    assert all(page.text.count("<script") == 1 and 'src="' in page.text for page in with_script)
