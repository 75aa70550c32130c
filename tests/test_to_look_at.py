"""The desk's pages on what waits to be looked at: read it, stand behind it, take that back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from cop import terms
from tests import desk_browser
from tests.desk_browser import Browser
from tests.network import Place, network, sync_all
from tests.test_looking import agree, look, looks, title, told, waiting

HOSTILE = '<script>alert(1)</script>"\u202e'
WAITS = "/desk/endorse"


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Place, Place, Browser]]:
    one, two = network(tmp_path, 2)
    sync_all([one, two])
    yield one, two, await desk_browser.signed_in(two, "Ann")
    one.close()
    two.close()


async def test_nothing_waits_without_an_agreement_and_any_page_can_be_looked_at(
    pair: tuple[Place, Place, Browser],
) -> None:
    one, two, browser = pair
    record_id = one.change(None, {"title": "Shared", "summary": "One."})
    sync_all([one, two])
    answer = await browser.get(WAITS)
    assert "Nothing waits." in answer.text and "Every entry is shown at once" in answer.text
    page = await browser.get(f"{WAITS}/{record_id}")
    assert "Shared" in page.text and "One." in page.text and "underline" not in page.text
    done = await browser.post(f"{WAITS}/{record_id}", heads=page.value("heads"), do="look", why="We use it")
    assert "now stands behind this text" in done.text and "Take that back" in done.text
    assert looks(two, record_id) == [(two.name, 1)]
    (row,) = two.public()["looked_at"]
    assert (row["why"], row["person"]) == ("We use it", "Ann")
    shown = await browser.get("/posts/" + str(two.published(record_id)["slug"]))  # type: ignore[index]
    assert "“<bdi>We use it</bdi>”" in shown.text and "<bdi>Ann</bdi>" in shown.text
    back = await browser.post(f"{WAITS}/{record_id}", do="back")
    assert "no longer stands behind" in back.text and looks(two, record_id) == []


async def test_a_newer_text_is_read_against_the_one_that_counts(pair: tuple[Place, Place, Browser]) -> None:
    one, two, browser = pair
    agree([one, two], publishing="any", how_many=2)
    record_id = one.change(None, {"title": "Shared", "summary": "We meet on Monday."})
    look(one, record_id)
    sync_all([one, two])
    page = await browser.get(f"{WAITS}/{record_id}")
    assert "Still needed: 1 more organisation." in page.text and f"Looked at by <bdi>{one.name}</bdi>." in page.text
    await browser.post(f"{WAITS}/{record_id}", heads=page.value("heads"), do="look", why="")
    assert title(two, record_id) == "Shared"
    two.change(record_id, {"summary": "We meet on Tuesday."})
    listed = await browser.get(WAITS)
    assert (
        "1 entry waits" in listed.text
        and "Readers see an earlier text." in listed.text
        and "have looked at it" in listed.text
    )
    page = await browser.get(f"{WAITS}/{record_id}")
    assert (
        "<del>" in page.text and "Monday" in page.text and "Tuesday" in page.text and "What is new in it" in page.text
    )


async def test_who_read_another_text_than_stands_there_now_says_nothing(pair: tuple[Place, Place, Browser]) -> None:
    _, two, browser = pair
    record_id = two.change(None, {"title": "First"})
    page = await browser.get(f"{WAITS}/{record_id}")
    two.change(record_id, {"title": "Second"})
    for heads in (page.value("heads"), "", "zz", "ab" * 32):
        answer = await browser.post(f"{WAITS}/{record_id}", heads=heads, do="look", why=HOSTILE)
        assert answer.status == 409 and "Nothing was said" in answer.text and "Second" in answer.text
        assert "<script>alert" not in answer.text
    assert looks(two, record_id) == []


async def test_the_agreement_is_signed_at_the_desk(pair: tuple[Place, Place, Browser]) -> None:
    one, two, browser = pair
    one.change(terms.RECORD_ID, {"title": "Ours", "publishing": "any", "how_many": 2}, type_name="agreement")
    look(one, terms.RECORD_ID)
    sync_all([one, two])
    page = await browser.get(f"{WAITS}/{terms.RECORD_ID}")
    assert "cannot be taken back" in page.text
    done = await browser.post(f"{WAITS}/{terms.RECORD_ID}", heads=page.value("heads"), do="look", why="")
    assert "has signed this version" in done.text and told(two).in_force
    refused = await browser.post(f"{WAITS}/{terms.RECORD_ID}", do="back")
    assert refused.status == 422 and "not taken back" in refused.text


async def test_a_difference_is_settled_first_and_a_phone_number_is_refused(pair: tuple[Place, Place, Browser]) -> None:
    one, two, browser = pair
    record_id = one.change(None, {"title": "Shared"})
    sync_all([one, two])
    page = await browser.get(f"{WAITS}/{record_id}")
    answer = await browser.post(f"{WAITS}/{record_id}", heads=page.value("heads"), do="look", why="Call 0117 496 0123")
    assert answer.status == 422 and looks(two, record_id) == []
    one.change(record_id, {"title": "Left"})
    two.change(record_id, {"title": "Right"})
    sync_all([one, two])
    page = await browser.get(f"{WAITS}/{record_id}")
    assert "more than one answer" in page.text and "stands behind it</button>" not in page.text


async def test_only_who_has_signed_in_says_anything(pair: tuple[Place, Place, Browser]) -> None:
    _, two, browser = pair
    record_id = two.change(None, {"title": "Shared"})
    page = await browser.get(f"{WAITS}/{record_id}")
    stranger = Browser(browser.datasette)
    answer = await stranger.post(f"{WAITS}/{record_id}", heads=page.value("heads"), do="look", why="")
    assert answer.status == 403 and looks(two, record_id) == []
    foreign = await browser.post_from(
        f"{WAITS}/{record_id}", {"sec-fetch-site": "cross-site"}, heads=page.value("heads"), do="look"
    )
    assert foreign.status == 403 and looks(two, record_id) == []
    assert (await browser.get(f"{WAITS}/{'a' * 26}")).status == 404


async def test_a_new_agreement_is_written_at_the_desk_once(pair: tuple[Place, Place, Browser]) -> None:
    _, two, browser = pair
    page = await browser.get("/desk/new/agreement")
    assert page.status == 200
    two.change(terms.RECORD_ID, {"title": "Ours"}, type_name="agreement")
    again = await browser.get("/desk/new/agreement")
    assert again.status == 303 and again.header("location").endswith(f"edit/{terms.RECORD_ID}")
    assert waiting(two)
