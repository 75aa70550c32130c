"""From a phone to the page that everybody reads: the whole way of something that a reader sends, in a browser without script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cop.contributions import ADD, CORRECT, REMOVE, SAY, Sent, take, waiting
from tests.commands import serving
from tests.desk_browser import link
from tests.network import NOW, Place, places
from tests.seen import FLAGS, NARROW_IS_WRONG, OPEN_ALL, follow
from tests.test_everyone import _axe

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = places(tmp_path_factory.mktemp("adding"), 1)[0]
    for at in range(20):
        found.change(None, {"title": f"Topic {at}", "slug": f"topic-{at}"}, type_name="topic")
    yield found
    found.close()


@pytest.fixture(scope="module")
def address(place: Place) -> Iterator[str]:
    with serving(place) as served_at:
        yield served_at.rstrip("/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_something_sent_from_a_phone_is_used_and_its_sender_sees_that(
    browser: Any, phone: Any, place: Place, address: str
) -> None:
    phone.goto(f"{address}/")
    follow(phone.get_by_role("link", name="Add", exact=True).first)
    phone.goto(f"{address}/add/resource")
    phone.fill("#f-summary", "Ring Sam on 0117 496 0000 for more.")
    phone.fill("#f-url", "example.org/tea")
    phone.click("text=Choose from")
    phone.check("input[name=topics][value=topic-7]")
    phone.fill("#f-title", "Tea and power")
    follow(phone.locator("text=Send it").first)
    assert "1 thing to look at" in phone.inner_text("[role=alert]")
    phone.click("[role=alert] a")
    assert phone.input_value("#f-title") == "Tea and power" and phone.is_checked("input[value=topic-7]")
    phone.fill("#f-summary", "A short guide.")
    phone.fill("#f-my-credit", "Yasmin")
    follow(phone.locator("text=Send it").first)
    assert phone.inner_text("h1") == "Thank you. We have it"
    mine = phone.inner_text("pre")
    assert mine == phone.url

    desk = browser.new_context(java_script_enabled=False).new_page()
    desk.goto(f"{address}{link(place, 'Aisha')}")
    follow(desk.locator("main button").first)
    desk.goto(f"{address}/desk/inbox")
    assert "Tea and power" in desk.inner_text("main") and "By Yasmin" in desk.inner_text("main")
    follow(desk.locator("text=Change it first").first)
    desk.fill("#f-year", "2024")
    follow(desk.locator("text=Use it as it is now").first)
    assert "It is in use" in desk.inner_text("[role=status]")

    phone.goto(mine)
    assert phone.inner_text("h1") == "It is in use, with changes" and "Aisha" in phone.inner_text("main")
    follow(phone.locator("text=Tea and power >> nth=-1"))
    shown = phone.inner_text("main")
    assert "2024" in shown and "Yasmin" in shown and "example.org" in shown
    assert (place.site.content / "resources" / "tea-and-power.md").is_file()


def test_the_form_for_paper_fits_on_one_sheet(phone: Any, address: str, tmp_path: Path) -> None:
    phone.goto(f"{address}/add/paper")
    for sheet in ("A4", "Letter"):
        pdf = phone.pdf(format=sheet)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type/Page/") == 1, sheet


def test_axe_finds_nothing_wrong_in_the_forms_of_the_desk(browser: Any, place: Place, address: str) -> None:
    about = str(place.db.execute("SELECT record_id FROM view_record WHERE slug = 'topic-1'").fetchone()[0])
    for sent in (
        Sent(ADD, "event", {"title": "Tea", "start": "2090-01-01"}, credit="Tom"),
        Sent(CORRECT, "topic", {"title": "Topic one"}, record_id=about, why="It is"),
        Sent(REMOVE, "topic", record_id=about, reason="mine"),
        Sent(SAY, "", {"title": "A question"}),
    ):
        take(place.db, sent, NOW)
    number = next(one.number for one in waiting(place.db) if one.sent.what == ADD)
    page = browser.new_context(viewport={"width": 320, "height": 900}).new_page()
    page.goto(f"{address}{link(place, 'Aisha')}")
    follow(page.locator("main button").first)
    for path in ("/desk/inbox", f"/desk/inbox/{number}", "/desk/told", "/desk/told/event", "/add/event", "/add"):
        page.goto(f"{address}{path}")
        page.evaluate(OPEN_ALL)
        assert page.evaluate(NARROW_IS_WRONG) == [], path
        assert _axe(page) == [], path
        if path == "/desk/inbox":
            follow(page.locator("text=Decline it, with that reason").first)
            assert "Say why" in page.inner_text("[role=alert]") and _axe(page) == []
        elif page.locator("main form").count():
            page.locator("main form").evaluate("form => { form.noValidate = true }")
            page.fill("main [name=title]", "")
            follow(page.locator("main form button").first)
            assert page.locator("[role=alert]").count() and _axe(page) == [], path
