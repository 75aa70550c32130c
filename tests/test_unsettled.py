"""The desk's pages on differences: what they show, what settling does, and that nothing typed is lost."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cop import read_back, status
from cop.model import OWN, PARTNERS
from tests.desk_browser import Answer, Browser, served, signed_in
from tests.network import Place, befriend, places
from tests.test_pages import check

ARABIC = "دليل البحث المشترك للمجتمع"


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Place, Place]]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    one.sync(other)
    yield one, other
    one.close()
    other.close()


def differ(one: Place, other: Place, fields: dict[str, tuple[Any, Any]], type_name: str = "event") -> str:
    record_id = one.change(None, {"title": "Circle", "slug": "circle"}, type_name=type_name)
    one.sync(other)
    for at, place in enumerate((one, other)):
        place.change(record_id, {name: values[at] for name, values in fields.items()}, type_name=type_name)
    one.sync(other)
    return record_id


def words(answer: Answer) -> str:
    return " ".join(check(answer.text).text.split())


def version(answer: Answer, organisation: str, name: str = "food") -> str:
    """The id of what an organisation wrote."""
    found = re.search(
        rf'name="answer-{name}" value="([0-9a-f]{{64}})"[^>]*> <span>[^<]*<bdi>{organisation}</bdi>', answer.text
    )
    assert found
    return found[1]


async def test_answers_stand_side_by_side_with_who_when_and_what_differs(pair) -> None:
    one, other = pair
    record_id = differ(one, other, {"food": ("Soup at noon for all of us here", "Bread at noon for all of us here")})
    browser = await signed_in(one, "Hodan")
    shown = await browser.get(f"/desk/conflicts/{record_id}")
    told = words(shown)
    assert f"only {one.name}:" in told and f"only {other.name}:" in told
    assert re.search(r"<del><span class=\"vh\"[^>]*>only [^<]*</span><bdi[^>]*>(Soup|Bread) </bdi></del>", shown.text)
    assert "22 November 2026" in told and "This is the one that stands on the page until it is settled." in told
    assert 'value="open" checked' in shown.text.replace("\n", "")
    listed = await browser.get("/desk/conflicts")
    assert f'/desk/conflicts/{record_id}"' in listed.text and "1 entry has more than one answer" in words(listed)
    assert 'Differences to settle</a> <span class="state fresh">1</span>' in (await browser.get("/desk")).text


async def test_two_answers_of_one_organisation_are_told_apart(pair, tmp_path: Path) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "Circle", "slug": "circle"}, type_name="event")
    laptop = one.copied(tmp_path / "laptop")
    one.change(record_id, {"food": "Soup"}, type_name="event")
    laptop.change(record_id, {"food": "Bread"}, type_name="event")
    for place in (one, laptop, one):
        place.sync(other)
    browser = await signed_in(one, "Hodan")
    told = words(await browser.get(f"/desk/conflicts/{record_id}"))
    assert f"What {one.name} (1) wrote" in told and f"What {one.name} (2) wrote" in told
    laptop.close()


async def test_somebody_takes_an_answer_and_says_who_took_part_and_why(pair) -> None:
    one, other = pair
    one.write("events/circle.md", "---\ntitle: Circle\nslug: circle\n---\n")
    record_id = differ(one, other, {"food": ("Soup", "Bread")})
    browser = await signed_in(one, "Hodan")
    shown = await browser.get(f"/desk/conflicts/{record_id}")
    told = {"heads": shown.value("heads"), "why": "We rang", "took_part": "Hodan, Tom"}
    answer = await browser.post(
        f"/desk/conflicts/{record_id}", **{"answer-food": version(shown, other.name)}, food="Soup", **told
    )
    assert "“Circle” is settled." in words(answer) and "There are none" in words(answer)
    assert one.view(record_id).fields["food"] == "Bread"
    one.sync(other)
    for place in (one, other):
        history = await Browser(served(place)).get("/events/circle/history")
        assert f"Hodan at {one.name} changed" in words(history)
        assert "Why: We rang" in words(history) and "Who took part: Hodan, Tom" in words(history)
        assert "There were 2 answers for “Food”. This settled it." in words(history)
    assert status.conflicts(other.db) == []


@pytest.mark.parametrize(
    ("chosen", "text", "said"), [("both", "Soup", {"Soup Bread", "Bread Soup"}), ("write", "Cake", {"Cake"})]
)
async def test_both_answers_or_another_one(pair, chosen: str, text: str, said: set[str]) -> None:
    one, other = pair
    record_id = differ(one, other, {"food": ("Soup", "Bread")})
    browser = await signed_in(one)
    path = f"/desk/conflicts/{record_id}"
    heads = (await browser.get(path)).value("heads")
    await browser.post(path, **{"answer-food": chosen}, food=text, heads=heads)
    assert one.view(record_id).fields["food"] in said and status.conflicts(one.db) == []


async def test_what_changed_meanwhile_is_shown_and_what_was_typed_is_kept(pair) -> None:
    one, other = pair
    record_id = differ(one, other, {"food": ("Soup", "Bread")})
    path = f"/desk/conflicts/{record_id}"
    slow, quick = await signed_in(one, "Slow"), await signed_in(one, "Quick")
    typed = {
        "food": "Cake <for> all",
        "why": "Because",
        "took_part": "Us",
        "heads": (await slow.get(path)).value("heads"),
    }
    bread = next(r for r in read_back.revisions(one.db, record_id) if r.patch and r.patch.fields.get("food") == "Bread")
    other.change(record_id, {"food": "Rice"}, type_name="event", parents=[bread.payload_hash])
    one.sync(other)
    stale = await slow.post(path, **{"answer-food": "write"}, **typed)
    assert stale.status == 409 and "Somebody changed this while you were looking at it" in words(stale)
    for name in ("food", "why", "took_part"):
        assert stale.value(name) == typed[name]
    assert "Rice" in words(stale) and stale.value("heads") != typed["heads"]
    await quick.post(path, **{"answer-food": "write"}, food="Pie", heads=stale.value("heads"))
    settled = await slow.post(path, **{"answer-food": "write"}, **typed)
    assert settled.status == 409 and "Cake &lt;for&gt; all" in settled.text and "Because" in settled.text
    assert one.view(record_id).fields["food"] == "Pie"
    assert "There is nothing to settle here" in words(await slow.get(path))


async def test_nothing_chosen_or_a_text_that_was_not_chosen_settles_nothing(pair) -> None:
    one, other = pair
    record_id = differ(one, other, {"food": ("Soup", "Bread"), "place": ("A", "B")})
    browser, path = await signed_in(one), f"/desk/conflicts/{record_id}"
    shown = await browser.get(path)
    heads = {"heads": shown.value("heads")}
    nothing = await browser.post(
        path, **{"answer-food": "open", "answer-place": "open"}, food=shown.value("food"), **heads
    )
    assert nothing.status == 422 and "Choose an answer" in words(nothing)
    typed = await browser.post(path, **{"answer-food": "open"}, food="Cake", **heads)
    assert typed.status == 422 and "You wrote something." in words(typed) and typed.value("food") == "Cake"
    forged = await browser.post(path, **{"answer-food": "ab" * 32}, **heads)
    assert forged.status == 422 and "is none of the answers" in words(forged)
    assert len(status.conflicts(one.db)) == 2
    some = await browser.post(path, **{"answer-food": "both"}, food=shown.value("food"), **heads)
    assert "What you chose is settled. The rest is still open." in words(some)
    assert [found["field"] for found in status.conflicts(one.db)] == ["place"]


async def test_contact_details_are_refused_and_kept_in_the_form(pair) -> None:
    one, other = pair
    record_id = differ(one, other, {"food": ("Soup", "Bread")})
    browser, path = await signed_in(one), f"/desk/conflicts/{record_id}"
    heads = {"heads": (await browser.get(path)).value("heads")}
    number = await browser.post(path, **{"answer-food": "write"}, food="Ring 020 7946 0958", **heads)
    assert number.status == 422 and "looks like a phone number" in words(number)
    assert number.value("food") == "Ring 020 7946 0958"
    told = await browser.post(path, **{"answer-food": "both"}, why="Ask jo@example.org", **heads)
    assert told.status == 422 and "Why this?" in words(told) and told.value("why") == "Ask jo@example.org"
    assert len(status.conflicts(one.db)) == 1


async def test_long_right_to_left_and_hostile_texts(pair) -> None:
    one, other = pair
    paragraphs = [f"{ARABIC} {at} <script>alert(1)</script>" for at in range(1600)]
    there = [*paragraphs[:800], f"{ARABIC} هنا", *paragraphs[801:]]
    here = [*paragraphs[:800], "This one <b>here</b>", *paragraphs[801:]]
    assert len("\n\n".join(here).encode()) > 100_000
    record_id = differ(one, other, {"body": ("\n\n".join(here), "\n\n".join(there))}, "post")
    browser, path = await signed_in(one), f"/desk/conflicts/{record_id}"
    shown = await browser.get(path)
    assert shown.status == 200 and "<script" not in shown.text and "<b>here" not in shown.text
    assert "The whole text" in words(shown) and 'dir="auto"' in shown.text
    await browser.post(
        path, **{"answer-body": "write"}, body=shown.value("body") + f"\n\n{ARABIC}", heads=shown.value("heads")
    )
    assert str(one.view(record_id).fields["body"]).endswith(ARABIC) and status.conflicts(one.db) == []


async def test_what_readers_do_not_see_can_be_settled_too(pair) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "Among us", "slug": "us"}, audience=PARTNERS)
    one.sync(other)
    for place, text in ((one, "A"), (other, "B")):
        place.change(record_id, {"summary": text}, audience=PARTNERS)
    one.sync(other)
    browser, path = await signed_in(one), f"/desk/conflicts/{record_id}"
    shown = await browser.get(path)
    await browser.post(path, **{"answer-summary": "write"}, summary="C", heads=shown.value("heads"), why="Secret why")
    assert one.view(record_id).fields["summary"] == "C"
    one.sync(other)
    assert other.view(record_id).fields["summary"] == "C" and "Secret why" not in str(one.public())
    kept = one.change(None, {"title": "Ours"}, audience=OWN)
    assert "There is nothing to settle here" in words(await browser.get(f"/desk/conflicts/{kept}"))


async def test_addresses_that_are_none(pair) -> None:
    browser = await signed_in(pair[0])
    for name in ("a" * 26, "A" * 26, "x", "../etc"):
        assert (await browser.get(f"/desk/conflicts/{name}")).status == 404
        assert (await browser.post(f"/desk/conflicts/{name}", heads="zz")).status in (404, 405)


async def test_what_was_merged_by_machine_is_listed_until_somebody_says_that_it_fits(pair) -> None:
    one, other = pair
    fields = {"title": "Circle", "slug": "circle", "start": "2027-01-12", "place": "Hall"}
    record_id = one.change(None, fields, type_name="event")
    one.sync(other)
    one.change(record_id, {"start": "2027-01-13"}, type_name="event")
    other.change(record_id, {"place": "Library"}, type_name="event")
    one.sync(other)
    browser = await signed_in(one, "Hodan")
    assert 'Differences to settle</a> <span class="state fresh">1</span>' in (await browser.get("/desk")).text
    listed = words(await browser.get("/desk/conflicts"))
    assert "There are none" in listed and "Merged by machine, please check" in listed
    assert f'/desk/conflicts/{record_id}"' in (await browser.get("/events/circle")).text
    reading = Browser(served(one))
    assert "It fits together" not in words(await reading.get(f"/desk/conflicts/{record_id}"))
    page = await browser.get(f"/desk/conflicts/{record_id}")
    assert "Does it fit together?" in words(page) and "Library" in words(page) and "13 January 2027" in words(page)
    heads = page.value("heads")
    one.change(record_id, {"food": "Soup"}, type_name="event", parents=tuple(map(bytes.fromhex, heads.split()))[:1])
    stale = await browser.post(f"/desk/conflicts/{record_id}", heads=heads, do="fits")
    assert stale.status == 409 and "Somebody changed this while you were looking at it" in words(stale)
    done = await browser.post(f"/desk/conflicts/{record_id}", heads=stale.value("heads"), do="fits")
    assert "“Circle” is settled." in words(done) and "Merged by machine" not in words(done)
    one.sync(other)
    assert other.view(record_id).checks == one.view(record_id).checks == ()
    assert "Hodan" in words(await browser.get("/events/circle/history"))
