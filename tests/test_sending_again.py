"""What a phone sends again, because it does not know that it arrived, arrives once and is answered as the first was."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cop import contributions
from cop.web import rates
from cop.web.sending import SENDING
from tests.desk_browser import Answer, Browser, served
from tests.network import NOW, Place, places

KEY, OTHER = "a" * 22, "b" * 22


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = places(tmp_path, 1)[0]
    yield found
    found.close()


def browser(place: Place) -> Browser:
    return Browser(served(place), host="site.example:8001", client="192.0.2.7")


async def send(reader: Browser, key: str, **typed: Any) -> Answer:
    return await reader.post_from("/add", {SENDING: key, "sec-fetch-site": "same-origin"}, **typed)


async def test_it_is_kept_once_and_leads_to_the_same_page(place: Place) -> None:
    reader = browser(place)
    first = await send(reader, KEY, title="Tea")
    again = await send(reader, KEY, title="Tea")
    assert first.status == again.status == 303
    assert first.header("location") == again.header("location")
    assert first.header(SENDING) == again.header(SENDING) == KEY
    assert contributions.count(place.db) == 1


async def test_also_after_somebody_decided_or_nothing_more_is_taken(place: Place, monkeypatch: Any) -> None:
    reader = browser(place)
    first = await send(reader, KEY, title="Tea")
    contributions.decline(place.db, contributions.waiting(place.db)[0].number, why="It is here", now=NOW)
    monkeypatch.setattr(contributions, "MAX_WAITING", 0)
    monkeypatch.setattr(rates, "MOST_OF_ALL", 0)
    again = await send(reader, KEY, title="Tea")
    assert again.status == 303 and first.header("location") == again.header("location")
    assert contributions.count(place.db) == 0
    assert (await send(reader, OTHER, title="Tea")).status == 429
    monkeypatch.setattr(rates, "MOST_OF_ALL", 9)
    assert (await send(reader, OTHER, title="Tea")).status == 503


async def test_what_must_be_mended_is_not_remembered(place: Place) -> None:
    reader = browser(place)
    wrong = await send(reader, KEY, title="")
    assert wrong.status == 422 and wrong.header(SENDING) == KEY
    assert (await send(reader, KEY, title="Tea")).status == 303


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "ü/" * 11, "a b" * 10])
async def test_what_is_no_key_is_not_taken_for_one(place: Place, key: str) -> None:
    answer = await send(browser(place), key, title="Tea")
    assert answer.status == 303 and answer.header(SENDING) in (None, "")
    assert place.db.execute("SELECT count(*) FROM local_sending").fetchone()[0] == 0


async def test_another_site_can_not_send_with_a_key_either(place: Place) -> None:
    reader = browser(place)
    answer = await reader.post_from("/add", {SENDING: KEY, "sec-fetch-site": "cross-site"}, title="x")
    assert answer.status == 403 and contributions.count(place.db) == 0


async def test_two_tabs_that_send_it_at_once_get_one_answer(place: Place) -> None:
    reader = browser(place)
    answers = await asyncio.gather(*(send(reader, KEY, title="Tea") for _ in range(4)))
    assert {answer.status for answer in answers} == {303}
    assert len({answer.header("location") for answer in answers}) == 1
    assert contributions.count(place.db) == 1
