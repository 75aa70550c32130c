"""Journeys in a real browser, against a real `cop serve` with the real content. Run by `make e2e`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cop import exchanges
from tests.commands import serving
from tests.network import NOW, befriend, places
from tests.seen import FLAGS, STYLED, TWICE, follow

pytestmark = pytest.mark.e2e
PROJECT = Path(__file__).parent.parent
# says everything that the page of an event can show at its top; made up for the tests
EVENING = """---
title: Evening in the hall
kind: workshop
start: 2090-03-14T18:00
end: 2090-03-16T20:00
timezone: Europe/London
status: moved
moved_from: 2090-03-07
status_note: The hall is being painted
place: Hall
format: hybrid
access_provided: [step-free, childcare, sign-language]
join_methods: [in-person, phone, video]
costs_covered: [fares]
may_upset: We talk about loss
contact_role: The desk
booking: Tell the desk
papers_out: 2090-03-01
roles: [{name: Hodan, role: chair, date: 2090-03-14}, {name: Yasmin, role: chair, date: 2026-01-01}]
---
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served site with the project's own content."""
    folder = tmp_path_factory.mktemp("e2e")
    environment = {**os.environ, "COP_KEYS": str(folder / "keys"), "COP_SITE": str(folder / "site")}
    command = [sys.executable, "-m", "cop.cli"]
    made = [*command, "init", str(folder / "site"), "--name", "Test Group", "--kind", "community"]
    subprocess.run(made, env=environment, check=True)
    shutil.copytree(PROJECT / "content", folder / "site" / "content", dirs_exist_ok=True)
    (folder / "site" / "content" / "events" / "evening.md").write_text(EVENING, "utf-8")
    server = subprocess.Popen([*command, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served site that has exchanged: with differences, a long name, a partner that is away, and strangers."""
    one, middle, far = places(tmp_path_factory.mktemp("desk"), 3)
    middle.rename("The Research and Development Network of the Southern Neighbourhoods")
    befriend(one, middle)
    befriend(middle, far)
    far.change(None, {"title": "From afar"})
    middle.sync(far)
    record_id = middle.change(None, {"title": "Power", "slug": "power"})
    one.sync(middle)
    for place in (one, middle):
        place.change(record_id, {"title": f"Power as {place.name} sees it"})
    one.sync(middle)
    happened = {"received": 1200, "sent": 3, "bytes_in": 34_200_000, "bytes_out": 1_200, "by": {far.name: 4}}
    exchanges.remember(one.db, middle.organisation, exchanges.ASKED, {**happened, "partner_lacks": 2}, NOW)
    exchanges.remember(one.db, b"?" * 32, exchanges.ANSWERED, {"refused": 3}, NOW)
    error = "http://a-long-name-of-a-computer.example.org:8001 cannot be reached."
    exchanges.remember(one.db, middle.organisation, exchanges.ASKED, {"error": error}, NOW)
    for place in (one, middle, far):
        place.close()
    with serving(one) as served_at:
        yield served_at


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def open_page(browser, width=1280, dark=False, scripts=True):
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    return context.new_page()


def test_a_chart_is_drawn_inside_its_picture_whichever_way_people_read(browser, address):
    for path in ("/pictures", "/ar/pictures"):
        page = open_page(browser, width=320)
        page.goto(address + path)
        outside = page.evaluate("""[...document.querySelectorAll("svg.chart *")].filter(one => {
            const box = one.getBoundingClientRect(), around = document.querySelector("main").getBoundingClientRect();
            return box.width && (box.left < around.left - 8 || box.right > around.right + 8);
        }).map(one => one.textContent)""")
        assert outside == []
        dots = page.evaluate("""[...document.querySelectorAll(".map circle, .map text")].map(one => {
            const box = one.getBoundingClientRect();
            return [one.tagName, box.left, box.right];
        })""")
        first_text = next(at for at, one in enumerate(dots) if one[0] == "text")
        dot, text = dots[first_text - 1], dots[first_text]
        assert text[1] >= dot[2] if path == "/pictures" else text[2] <= dot[1]
        page.context.close()


def test_somebody_asks_what_is_new_since_a_day_and_goes_to_what_happened(browser, address):
    page = open_page(browser, width=390, scripts=False)
    page.goto(f"{address}/new")
    page.get_by_label("Show what is new since").fill("2020-02-03")
    follow(page.get_by_role("button", name="Show", exact=True))
    page.wait_for_url("**since=2020-02-03")
    assert "since 3 February 2020" in page.locator("main .lead").inner_text()
    follow(page.get_by_role("link", name="What happened").first)
    assert "What happened here" in page.locator("h1").inner_text()
    page.context.close()


WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
TABLES = ["/site", "/site/resources?_sort_desc=title&type=resource", "/site/records?_facet=type&_search=power",
          "/site/records/1", "/site/upcoming_events"]  # fmt: skip


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", TABLES)
def test_the_tables_of_datasette_have_names_on_everything_and_fit(browser, address, path, width):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(browser, width=width)
    assert page.goto(address + path).status == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    results = Axe().run(page, options=WCAG)
    assert results.violations_count == 0, results.generate_report()
    page.context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", ["/desk/sync", "/desk/invite", "/desk/events", "/desk/duplicates", "/desk/removals"])
def test_the_desk_fits_and_axe_finds_nothing_wrong(browser, desk, path, width, dark):
    from axe_playwright_python.sync_playwright import Axe

    page, errors = open_page(browser, width=width, dark=dark), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    assert page.goto(desk + path).status == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert not [error for error in errors if "favicon" not in error and "404" not in error]
    page.context.close()


def test_a_coordinator_goes_from_the_first_page_to_the_difference_and_to_the_invitation(browser, desk):
    page = open_page(browser, width=390, scripts=False)
    page.goto(desk)
    follow(page.get_by_role("link", name="The desk", exact=True))
    follow(page.get_by_role("link", name="Exchange with partners"))
    told = page.locator("main").inner_text()
    assert "3 entries were turned away here" in told and "cannot be reached" in told
    assert "1,200 changes, 34.2\u00a0MB" in told
    follow(page.locator(".note a").first)
    assert "sees it" in page.locator("h1").inner_text()
    follow(page.get_by_role("link", name="The desk", exact=True))
    follow(page.get_by_role("link", name="Invite a partner"))
    assert page.locator("pre").inner_text().startswith("cop1:")
    page.wait_for_load_state("load")  # the picture, too
    assert page.locator("img.code").evaluate("image => image.complete && image.naturalWidth > 200")
    page.context.close()


def test_the_desk_is_closed_to_a_name_that_is_not_this_computers(browser, desk):
    page = open_page(browser)
    page.set_extra_http_headers({"X-Forwarded-For": "127.0.0.1"})
    assert page.goto(f"{desk}/desk/sync").status == 403
    assert page.locator("h1").inner_text() == "The desk is closed here"
    page.context.close()


def test_a_reader_without_scripts_searches_narrows_and_reads(browser, address):
    page = open_page(browser, scripts=False)
    page.goto(address)
    page.get_by_label("Search resources").fill('sharing "power" AND *')
    follow(page.get_by_role("button", name="Search").first)
    assert page.locator("main h3 a").count() > 3
    page.goto(f"{address}/resources")
    page.locator("input[name=topic][value=sharing-power]").check()
    follow(page.get_by_role("button", name="Show these"))
    page.wait_for_url("**topic=sharing-power**")
    assert "24 of 209" in page.locator("main").inner_text()
    follow(page.locator("main ol h3 a").first)
    assert page.locator("h1").inner_text()
    follow(page.get_by_role("link", name="What happened here").first)
    assert "Test Group" in page.locator("main").inner_text()
    page.context.close()


CHECKLIST = "/checklists/check-before-meetings"


def test_answers_to_a_checklist_stay_in_the_browser_and_are_never_sent(browser, address):
    page, asked = open_page(browser, width=390), []
    page.goto(address + CHECKLIST)
    page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
    page.locator("#answers input").nth(1).check()
    page.get_by_role("textbox", name="Your notes Has everyone been asked").fill("Ask Amina about the ramp")
    assert page.get_by_text("stays on this device").is_visible()
    assert asked == []
    page.reload()
    assert page.locator("#answers input").nth(1).is_checked() and not page.locator("#answers input").nth(0).is_checked()
    assert page.locator("#answers textarea").nth(0).input_value() == "Ask Amina about the ramp"
    assert all(method == "GET" and url.startswith(address) and "Amina" not in url for method, url, _ in asked)
    assert page.context.cookies() == []
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Clear my answers").click()
    assert page.get_by_text("Your answers are gone").is_visible()
    page.reload()
    assert page.locator("#answers input:checked").count() == 0
    assert page.evaluate("localStorage.length") == 0
    page.context.close()


def test_an_answer_stays_with_its_question_when_questions_move(browser, address):
    page = open_page(browser)
    page.goto(address + CHECKLIST)
    page.locator("#answers input").nth(2).check()
    question = page.locator("#answers .pick span").nth(2).inner_text()
    page.route("**" + CHECKLIST, lambda route: route.fulfill(response=route.fetch(), body=swapped(route)))
    page.reload()
    assert page.locator("#answers li", has_text=question).locator("input").is_checked()
    assert page.locator("#answers input:checked").count() == 1
    page.context.close()


def swapped(route):
    """The page with its list of questions the other way round."""
    html = route.fetch().text()
    start, end = html.index("<li>", html.index('id="answers"')), html.index("</ul>", html.index('id="answers"'))
    return html[:start] + "".join(f"<li>{one}" for one in reversed(html[start:end].split("<li>")[1:])) + html[end:]


@pytest.mark.parametrize("keeps", [True, False], ids=["without scripts", "where nothing may be kept"])
def test_a_checklist_can_be_ticked_without_its_script(browser, address, keeps):
    page = open_page(browser, scripts=not keeps)
    if not keeps:
        page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})")
    page.goto(address + CHECKLIST)
    page.locator("#answers input").nth(1).check()
    page.locator("#answers textarea").nth(1).fill("Written")
    assert page.get_by_text("until you close it").is_visible()
    assert not page.get_by_role("button", name="Clear my answers").is_visible()
    page.context.close()


@pytest.mark.parametrize("path", ["/events", "/events/evening", "/", "/checklists/check-before-meetings"])
def test_paper_and_a_phone_with_large_text_are_wide_enough(browser, address, path):
    wide = "() => document.documentElement.scrollWidth - innerWidth"
    page = open_page(browser, width=800)
    page.goto(address + path)
    page.emulate_media(media="print")
    assert page.evaluate(wide) <= 0
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 320, "height": 900})
    page.evaluate(STYLED, TWICE)
    assert page.evaluate(wide) <= 0
    page.context.close()
