"""A morning at the desk in a real browser without script: signing in, changing, seeing first, settling. Run by `make e2e`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import serving, serving_with_link
from tests.network import Place, befriend, places
from tests.seen import FLAGS, follow

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Place]]:
    one, other = places(tmp_path_factory.mktemp("journey"), 2)
    befriend(one, other)
    one.write(
        "events/circle.md", "---\ntitle: Reading circle\nstart: 2090-12-01\nfood: Soup\n---\n\nWe read together.\n"
    )
    one.load()
    one.sync(other)
    yield one, other
    one.close()
    other.close()


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
        browser.close()


def said(page: Any) -> str:
    return " ".join(page.locator("main").inner_text().split())


def test_signing_in_changing_and_settling_by_two_organisations(pair: tuple[Place, Place], context: Any) -> None:
    one, other = pair
    record_id = _record(one)
    with serving_with_link(one) as (address, link):
        page = context.new_page()
        page.goto(link)
        page.get_by_label("How would you like to be named?").fill("Hodan")
        follow(page.get_by_role("button", name="Sign in"))
        page.wait_for_url(f"{address}/desk")
        assert "Nothing waits" not in said(page)

        page.goto(f"{address}/events/circle")
        follow(page.get_by_role("link", name="Change it"))
        for summary in page.locator("form details summary").all():
            summary.click()
        page.get_by_role("textbox", name="Food").fill("Soup and bread")
        page.get_by_label("Why do you change it?").fill("The baker joined")
        follow(page.get_by_role("button", name="See it first"))
        assert "Not saved yet" in said(page) and "Soup and bread" in said(page)
        follow(page.get_by_role("button", name="Save"))
        assert "It is saved." in said(page)
        assert "food: Soup and bread" in (one.site.content / "events" / "circle.md").read_text("utf-8")

        other.change(record_id, {"food": "Rice for all"}, type_name="event")
        other.sync(one)
        page.goto(f"{address}/events/circle")
        assert "2 answers came in for “Food”" in said(page)
        follow(page.get_by_role("link", name="Settle it"))
        assert (
            "Soup and bread" in said(page) and "Rice for all" in said(page) and "Before, it said: “Soup”" in said(page)
        )
        page.get_by_label(re.compile(f"What {other.name} wrote")).check()
        page.get_by_label("Who took part?").fill("Hodan, the cook")
        page.get_by_label("Why this?").fill("Nobody is allergic to rice")
        follow(page.get_by_role("button", name="Settle it"))
        assert "“Reading circle” is settled." in said(page)
        follow(page.get_by_role("link", name="See it in the history"))
        _told(page, one)
        other.sync(one)

        page.goto(f"{address}/desk/people")
        follow(page.get_by_role("button", name="Sign out"))
        page.goto(f"{address}/desk")
        assert "sign in" in said(page)
    with serving(other) as address:
        page.goto(f"{address}/events/circle/history")
        _told(page, one)
        page.goto(f"{address}/events/circle")
        assert "Rice for all" in said(page) and "answers came in" not in said(page)


def _record(place: Place) -> str:
    return str(place.db.execute("SELECT record_id FROM local_file").fetchone()[0])


def _told(page: Any, place: Place) -> None:
    told = said(page)
    assert f"Hodan at {place.name} changed: Food." in told
    assert "Why: Nobody is allergic to rice" in told and "Who took part: Hodan, the cook" in told
    assert "There were 2 answers for “Food”. This settled it." in told and "The baker joined" in told


def test_what_was_typed_survives_a_session_that_ended(tmp_path: Path, context: Any) -> None:
    (one,) = places(tmp_path, 1)
    record_id = one.change(None, {"title": "Power", "slug": "power"})
    with serving_with_link(one) as (address, link):
        page = context.new_page()
        page.goto(f"{address}/desk/edit/{record_id}")
        page.get_by_label("Summary").fill("A long morning’s work")
        follow(page.get_by_role("button", name="Save"))
        assert "Please sign in first" in said(page)
        second = context.new_page()
        second.goto(link)
        follow(second.get_by_role("button", name="Sign in"))
        follow(page.get_by_role("button", name="I have signed in: do it now"))
        assert "It is saved." in said(page)
    assert one.view(record_id).fields["summary"] == "A long morning’s work"
    one.close()
