"""What pages say of who looked at a record, and the page of the network's agreement."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.conftest import serve
from tests.web_site import AS_OF, SiteBuilder, filled

HOSTILE = '<script>alert(1)</script>"\u202e'


def _fill(site: SiteBuilder) -> None:
    site.says(title="Research as Equals", organisation="Caafi Health", as_of=AS_OF, digest="d")
    site.db.execute("INSERT INTO members VALUES ('k1', 'Caafi Health', 'community', '')")
    new = site.add("post", "new", title="Nobody looked")
    looked = site.add("post", "looked", title="Somebody looked", waits=1)
    old = site.add("post", "old", title="An earlier text")
    for record_id in (new, looked, old):
        site.happened(record_id, "Caafi Health", {"title": "x"})
    long_ago = (date.today() - timedelta(days=400)).isoformat()
    site.looked(looked, "University of Wenlock", claimed=f"{long_ago}T09:00:00Z", why="We use it")
    site.looked(looked, "Caafi Health", shown=0, claimed="2026-10-01T09:00:00Z")
    site.looked(looked, "Caafi Health", claimed="2026-11-02T09:00:00Z", entry_id="ef" * 32)
    site.looked(old, HOSTILE, shown=0, why=HOSTILE)


def _agreed(site: SiteBuilder) -> None:
    _fill(site)
    agreed = site.add(
        "agreement", "ours", title="How we work together", html="<p>We listen.</p>", is_agreement=True,
        publishing="each-kind", how_many=1, kinds=["community", "university"], together=["Who may join", HOSTILE],
        alone=["Our own events"], parties=[{"name": "Caafi Health", "kind": "community", "key": "a" * 64}],
        roles=[
            {"role": "Looks after the inbox", "who": "Ann", "since": "2026-01", "until": "2026-06"},
            {"role": "Looks after the inbox", "who": HOSTILE, "since": "2026-07"}, HOSTILE, 5, {"role": ["x"]},
        ],
    )  # fmt: skip
    site.happened(agreed, "Caafi Health", {"title": "How we work together"})
    site.happened(agreed, "University of Wenlock", {"body": "We listen."})
    site.looked(agreed, "Caafi Health", shown=0, position=1)
    site.looked(agreed, "Caafi Health", position=2, entry_id="ef" * 32)
    site.looked(agreed, "University of Wenlock", position=2)


@pytest_asyncio.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Any]:
    datasette = serve(filled(tmp_path, _fill).path)
    await datasette.invoke_startup()
    yield datasette.client


@pytest_asyncio.fixture
async def agreed(tmp_path: Path) -> AsyncIterator[Any]:
    datasette = serve(filled(tmp_path, _agreed).path)
    await datasette.invoke_startup()
    yield datasette.client


async def text_of(client: Any, path: str) -> str:
    answer = await client.get(path, follow_redirects=True)
    assert answer.status_code == 200, path
    assert HOSTILE not in answer.text and "<script>alert" not in answer.text
    return str(answer.text)


async def test_a_page_says_who_looked_at_it_side_by_side_and_how_long_ago(plain: Any) -> None:
    text = await text_of(plain, "/posts/looked")
    assert "Looked at by <bdi>Caafi Health</bdi> on 2 November 2026" in text
    assert text.count("Over a year ago") == 1 and "“<bdi>We use it</bdi>”" in text
    assert text.index("Looked at by <bdi>Caafi") < text.index("Looked at by <bdi>University")
    assert "Looked at by <bdi>Caafi Health</bdi>" in await text_of(plain, "/posts/looked/history")
    assert "A newer text waits to be looked at" in text and "An earlier text was looked at" not in text


async def test_a_page_that_nobody_looked_at_says_so_and_so_does_one_that_changed_since(plain: Any) -> None:
    text = await text_of(plain, "/posts/new")
    assert "New, not yet looked at" in text and "A newer text waits" not in text
    text = await text_of(plain, "/posts/old")
    assert "Changed since somebody looked at it" in text and "An earlier text was looked at by" in text


async def test_a_list_says_it_in_two_words(plain: Any) -> None:
    text = await text_of(plain, "/posts")
    assert text.count('<span class="state">Not yet looked at</span>') == 2
    assert text.count('<span class="state">Looked at</span>') == 1


async def test_without_an_agreement_its_page_says_what_one_is(plain: Any) -> None:
    text = await text_of(plain, "/agreement")
    assert "have not written down an agreement yet" in text and "Every entry is shown at once" in text


async def test_the_agreement_says_what_was_agreed_and_who_signed_which_version(agreed: Any) -> None:
    text = await text_of(agreed, "/agreement")
    for words in (
        "We listen.", "Who may join", "Our own events", "January 2026 to June 2026", "since July 2026",
        "once 1 organisation of each of these kinds has looked at it: Community and University.",
        "Who is asked: <bdi>Caafi Health</bdi>.", "<bdi>University of Wenlock</bdi>, on 21 November 2026",
        "Version of 1 November 2026, signed by <bdi>Caafi Health</bdi>",
    ):  # fmt: skip
        assert words in text, words
    assert "This is a proposal" not in text
    assert text.index("since July 2026") < text.index("January 2026 to"), "who does it now comes first"


async def test_the_address_of_its_record_leads_to_the_agreement(agreed: Any) -> None:
    answer = await agreed.get("/agreement/ours")
    assert (answer.status_code, answer.headers["location"]) == (301, "../agreement")
    history = await text_of(agreed, "/agreement/ours/history")
    assert "How we work together" in history


async def test_what_is_only_proposed_is_called_a_proposal(tmp_path: Path) -> None:
    def fill(site: SiteBuilder) -> None:
        site.add("agreement", "ours", title="Ours", waits=2, is_agreement=True, publishing="stewards")

    datasette = serve(filled(tmp_path, fill).path)
    await datasette.invoke_startup()
    text = await text_of(datasette.client, "/agreement")
    assert "This is a proposal" in text and "Nobody yet." in text and "look after it" in text


async def test_an_agreement_that_says_anything_is_still_a_page(tmp_path: Path) -> None:
    def fill(site: SiteBuilder) -> None:
        odd: Any = [HOSTILE, {"who": [HOSTILE], "since": {}, "until": 5}, [], None]
        one = site.add(
            "agreement", "ours", title=HOSTILE, waits=1, is_agreement=True, publishing=[HOSTILE], how_many=-5, kinds=HOSTILE,
            together=odd, alone=HOSTILE, roles=odd, parties=odd, conflicts='["title", 5]', summary=HOSTILE,
        )  # fmt: skip
        site.differs(one, "title", (HOSTILE, HOSTILE), ("B", {"a": [HOSTILE]}))
        site.looked(one, HOSTILE, claimed="", position=9)

    datasette = serve(filled(tmp_path, fill).path)
    await datasette.invoke_startup()
    text = await text_of(datasette.client, "/agreement")
    assert "Two versions were signed that did not know of each other" in text
