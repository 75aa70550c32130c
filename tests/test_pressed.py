"""A form of the desk that does not say which button was pressed: nothing is done, and its sender is told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cop import contributions, forgetting
from cop.contributions import ADD, Sent
from tests.desk_browser import Answer, Browser, signed_in
from tests.network import NOW, Place, network, sync_all
from tests.test_pages import check

NOT_CHOSEN = "This does not say what you chose"
UNKNOWN: tuple[dict[str, Any], ...] = ({}, {"do": ""}, {"do": "bogus"}, {"do": "Yes"})


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Place, Place, Browser]]:
    one, other = network(tmp_path, 2)
    yield one, other, await signed_in(one, "Hodan")
    one.close()
    other.close()


def refused(answer: Answer) -> bool:
    return answer.status == 422 and NOT_CHOSEN in check(answer.text).text


async def test_a_request_to_remove_something_goes_on_waiting(pair: tuple[Place, Place, Browser]) -> None:
    one, other, browser = pair
    record = one.change(None, {"title": "Ours"})
    sync_all([one, other])
    forgetting.erase(other.side, record, reason="rights", now=NOW)
    sync_all([one, other])
    path = f"/desk/removals/{record}"
    seen = (await browser.get(path)).value("seen")
    for button in UNKNOWN:
        assert refused(await browser.post(path, seen=seen, read="1", **button))
        assert one.published(record) is None and len(forgetting.waiting(one.db)) == 1


async def test_what_was_sent_stays_in_the_inbox(pair: tuple[Place, Place, Browser]) -> None:
    one, _, browser = pair
    contributions.take(one.db, Sent(ADD, "resource", {"title": "Sent"}), NOW)
    for button in UNKNOWN:
        assert refused(await browser.post("/desk/inbox", item="1", why="Because", **button))
    assert refused(await browser.post("/desk/inbox/1", title="Changed"))
    assert contributions.by_number(one.db, 1).waits


async def test_no_entry_is_signed_withdrawn_or_saved(pair: tuple[Place, Place, Browser]) -> None:
    one, _, browser = pair
    record = one.change(None, {"title": "Ours"})
    entries = one.entry_ids()
    heads = (await browser.get(f"/desk/endorse/{record}")).value("heads")
    for button in UNKNOWN:
        assert refused(await browser.post(f"/desk/endorse/{record}", heads=heads, **button))
        assert refused(await browser.post(f"/desk/withdraw/{record}", **{"my-why": "Because"}, **button))
    assert refused(await browser.post(f"/desk/edit/{record}", heads=heads, title="Other", do="bogus"))
    page = await browser.get("/desk/new/post")
    assert refused(await browser.post("/desk/new/post", id=page.value("id"), title="New", do="bogus"))
    assert one.entry_ids() == entries


async def test_nobody_loses_their_name_by_a_form_that_does_not_have_it(pair: tuple[Place, Place, Browser]) -> None:
    browser = pair[2]
    assert refused(await browser.post("/desk/people"))
    assert (await browser.get("/desk/people")).value("person") == "Hodan"
