"""The forms of the site: what readers send waits for a person, and what they typed is never lost."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from web_site import serve as serve_plainly

from cop import contributions
from cop.contributions import ADD, CORRECT, REMOVE, SAY
from cop.fields import TYPES
from cop.web import form_page, guard, rates, sending
from cop.web.posting import MAX_FIELDS
from tests.desk_browser import Answer, Browser, served, signed_in
from tests.network import Place, befriend, network, places, sync_all
from tests.test_forms import EVIL, Page
from tests.test_looking import agree, look
from tests.test_pages import check

NUMBER = "0117 496 0000"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = places(tmp_path, 1)[0]
    found.change(None, {"title": "Sharing power", "slug": "sharing-power"}, type_name="topic")
    found.change(
        None,
        {"title": "Power cube", "slug": "powercube", "summary": "Old words", "year": 2018},
        type_name="resource",
        added={"topics": ("sharing-power",)},
    )
    yield found
    found.close()


async def reader(place: Place, **told: Any) -> Browser:
    browser = Browser(served(place), **{"host": "site.example:8001", "client": "192.0.2.7", **told})
    await browser.datasette.invoke_startup()
    return browser


def waiting(place: Place) -> list[contributions.Contribution]:
    return contributions.waiting(place.db)


def filled(answer: Answer, **typed: Any) -> dict[str, Any]:
    """The fields of a page's form, as a browser would send them, with something typed in."""
    found: dict[str, list[str]] = {}
    for name, value in Page(answer.text[answer.text.index("<main") : answer.text.index("</main")]).pairs:
        found.setdefault(name, []).append(value)
    return {**found, **typed}


def problems(answer: Answer) -> list[str]:
    return [unescape(re.sub("<[^>]*>", "", one)) for one in re.findall(r'class="oops"[^>]*>(.*?)</p>', answer.text)]


# -- pages


@pytest.mark.parametrize("path", ["/add", "/add?about=resources/powercube", "/remove?about=resources/powercube", "/add/paper", *(f"/add/{name}" for name in form_page.OFFERED)])  # fmt: skip
async def test_every_form_is_a_page_like_others_and_sets_no_cookie(place: Place, path: str) -> None:
    answer = await (await reader(place)).get(path)
    assert answer.status == 200 and not answer.header("set-cookie")
    check(answer.text)
    assert answer.header("content-security-policy") == guard.OUR_POLICY
    assert answer.header("referrer-policy") == "same-origin"


async def test_copies_and_plain_datasette_have_no_form_and_say_how_else(place: Place) -> None:
    datasette = serve_plainly(place.site.site_db)
    await datasette.invoke_startup()
    for path in ("/add", "/add?about=resources/powercube", "/remove?about=resources/powercube"):
        page = (await datasette.client.get(path)).text
        assert 'method="post"' not in page and "Tell somebody" in page
    assert (await datasette.client.get("/add/resource")).status_code == 404
    sent = await datasette.client.post("/add", data={"title": "x"})
    assert sent.status_code == 403 and "Nothing can be sent here" in sent.text


async def test_every_page_leads_to_a_correction_and_a_removal(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/resources/powercube")
    for link, words in re.findall(r'href="\.\./((?:add|remove)\?[^"]*)">([^<]*)', page.text):
        shown = await browser.get("/" + unescape(link))
        heading = "Suggest a correction" if "add?" in link else words
        assert f"<h1>{heading}</h1>" in shown.text and "Power cube" in shown.text


# -- sending


async def test_a_few_words_are_enough_and_lead_to_a_page_that_says_what_became_of_it(place: Place) -> None:
    browser = await reader(place)
    answer = await browser.post("/add", title="A guide to tea", where="www.example.org/tea", useful="It helped us", **{"my-credit": "Yasmin"})  # fmt: skip
    assert answer.status == 200 and "Thank you. We have it" in answer.text and "A guide to tea" in answer.text
    assert answer.header("cache-control") == "no-store" and answer.header("x-robots-tag") == "noindex"
    (item,) = waiting(place)
    assert f"http://site.example:8001/add/sent/{item.token}" in answer.text
    fields = {"title": "A guide to tea", "url": "https://www.example.org/tea", "summary": "It helped us"}
    assert (item.sent.what, item.sent.type, item.sent.fields, item.sent.credit) == (ADD, "resource", fields, "Yasmin")
    contributions.decline(place.db, item.number, why="It is here already", by="Aisha", now=1_800_000_000)
    later = await browser.get(f"/add/sent/{item.token}")
    assert "It is not used" in later.text and "It is here already" in later.text and "Aisha" in later.text
    assert (await browser.get("/add/sent/" + "x" * 22)).status == 404


@pytest.mark.parametrize(
    ("kind", "where", "what", "fields"),
    [
        ("event", "The hall", ADD, {"place": "The hall"}),
        ("resource", "At the library", ADD, {"note": "At the library"}),
        ("word", "", ADD, {}),
        ("say", "somewhere", SAY, {"note": "somewhere"}),
        ("nonsense", "https://example.org/a", ADD, {"url": "https://example.org/a"}),
    ],
)
async def test_what_was_said_stands_in_the_field_where_it_belongs(
    place: Place, kind: str, where: str, what: str, fields: dict[str, str]
) -> None:
    await (await reader(place)).post("/add", title="T", kind=kind, where=where)
    (item,) = waiting(place)
    assert item.sent.what == what and item.sent.fields == {"title": "T", **fields}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"title": ""}, "title"),
        ({"title": "T", "useful": f"Ring {NUMBER}"}, "useful"),
        ({"title": "T", "where": "sam@example.org"}, "where"),
        ({"title": f"Sam, {NUMBER}"}, "title"),
        ({"title": "T", "my-credit": NUMBER}, "my-credit"),
        ({"title": "T", "useful": "x" * (form_page.MOST + 1)}, "useful"),
        ({"title": "T" * 501}, "title"),
        ({"title": "T", "homepage": "http://spam.example"}, "homepage"),
    ],
)
async def test_what_must_be_looked_at_again_is_said_and_every_word_is_still_there(
    place: Place, typed: dict[str, str], name: str
) -> None:
    answer = await (await reader(place)).post("/add", **{"where": "At the library", **typed})
    assert answer.status == 422 and waiting(place) == []
    assert f'href="#f-{name}"' in answer.text and "Everything you wrote is still here" in answer.text
    again = filled(answer)
    for one, text in typed.items():
        assert again[one] == [text] or one == "homepage"
    check(answer.text)


async def test_an_answer_that_is_too_long_is_told_how_long_it_may_be(place: Place) -> None:
    browser = await reader(place)
    again = await browser.post("/add", title="x" * 501, useful="y" * 10_001)
    assert again.status == 422 and sorted(problems(again)) == [
        "This is too long. Write it in at most 10,000 letters.",
        "This is too long. Write it in at most 500 letters.",
    ]


async def test_every_contact_detail_of_an_answer_is_named_at_once(place: Place) -> None:
    browser = await reader(place)
    text = f"Ring {NUMBER}, or write to jo@example.org. Again: {NUMBER}"
    (said,) = problems(await browser.post("/add", title="Tea", useful=text))
    assert said == (
        f"“{NUMBER}” looks like a phone number. “jo@example.org” looks like an e-mail address. They would go to every partner"
        " and could not be called back. Please take them out, or say whom to ask by their role."
    )
    (one,) = problems(await browser.post("/add", title="Tea", useful=f"{NUMBER} {NUMBER}"))
    assert one.count(NUMBER) == 1 and "It would go to every partner" in one
    many = " ".join(f"person{number}@example.org" for number in range(9))
    (said,) = problems(await browser.post("/add", title="Tea", **{"my-credit": many}))
    assert said.count("@") == 5 and "and 4 more" in said
    page = await browser.get("/add?about=resources/powercube")
    (said,) = problems(await browser.post("/add", **filled(page, **{"my-why": text})))
    assert NUMBER in said and "jo@example.org" in said


async def test_a_form_of_many_questions_keeps_all_answers(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add/event")
    typed = filled(page, title="Tea", start="2027-01-12 18:00", access_provided=["step-free", "food"], freephone="yes",
                   topics=["", "sharing-power"], cost="5", **{"my-credit": "Tom"})  # fmt: skip
    again = await browser.post("/add/event", **typed)
    assert again.status == 422 and problems(again) == ["Say which money it is: £5, or 5 and a code such as PKR."]
    assert "<details open>" in again.text
    mended = filled(again, cost="£5")
    assert {**mended, "shown": ""}["access_provided"] == ["", "step-free", "food"]
    assert (await browser.post("/add/event", **mended)).status == 200
    assert waiting(place)[0].sent.fields == {
        "title": "Tea", "start": "2027-01-12T18:00", "access_provided": ["food", "step-free"], "freephone": True,
        "topics": ["sharing-power"], "cost": "£5",
    }  # fmt: skip


async def test_readers_cannot_write_what_only_the_organisation_may(place: Place) -> None:
    browser = await reader(place)
    evil = {"slug": "about", "withdrawn": "x", "same_as": "y", "consents": "who: me", "contact": NUMBER, "meeting_link": "https://x.example/",
            "credits": "Boss; wrote", "passed_on_by": "NHS", "id": "1", "share": "own"}  # fmt: skip
    await browser.post("/add/event", title="Tea", **evil)
    assert waiting(place)[0].sent.fields == {"title": "Tea"}


async def test_a_correction_is_only_what_was_changed(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    assert "Old words" in page.text
    nothing = await browser.post("/add", **filled(page))
    assert nothing.status == 422 and "Nothing is changed yet" in nothing.text
    place.change(heads_of(place), {"publisher": "Meanwhile"}, type_name="resource")
    sent = await browser.post(
        "/add", **filled(page, summary="New words", **{"my-why": "I wrote it", "my-credit": "Tom"})
    )
    assert sent.status == 200 and "Power cube" in sent.text
    (item,) = waiting(place)
    assert (item.sent.what, item.sent.fields, item.sent.why) == (CORRECT, {"summary": "New words"}, "I wrote it")
    assert item.sent.base == place.heads(item.record_id)


def heads_of(place: Place) -> str:
    return str(place.db.execute("SELECT record_id FROM view_record WHERE slug = 'powercube'").fetchone()[0])


async def test_who_was_overtaken_sees_what_it_says_now_and_decides(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    place.change(heads_of(place), {"summary": "Words of others", "title": "The power cube"}, type_name="resource")
    again = await browser.post("/add", **filled(page, summary="My words"))
    assert again.status == 422 and "It now says: Words of others" in problems(again)[0]
    assert filled(again)["summary"] == ["My words"]
    assert (await browser.post("/add", **filled(again))).status == 200
    assert waiting(place)[0].sent.fields == {"summary": "My words"}


async def test_a_correction_in_own_words_is_told_and_changes_nothing(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    await browser.post("/add", **filled(page, **{"my-why": "The second part is out of date"}))
    (item,) = waiting(place)
    assert item.sent.what == SAY and item.record_id == heads_of(place)


async def test_who_asks_for_removal_says_what_kind_of_reason_and_the_words_stay_private(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/remove?about=resources/powercube")
    again = await browser.post("/remove", **filled(page, **{"my-why": f"I am Sam, {NUMBER}"}))
    assert again.status == 422 and filled(again)["my-why"] == [f"I am Sam, {NUMBER}"]
    sent = await browser.post("/remove", **filled(again, reason="about-me"))
    assert "Thank you" in sent.text
    (item,) = waiting(place)
    assert (item.sent.what, item.sent.reason, item.record_id) == (REMOVE, "about-me", heads_of(place))
    assert (await browser.get("/remove?about=resources/nothing")).status == 404


async def test_nobody_is_listed_without_having_agreed(place: Place) -> None:
    browser = await reader(place)
    answer = await browser.post("/add/person", title="Sam", consent="", consent_until="")
    assert answer.status == 422 and "without having agreed" in answer.text
    again = await browser.post("/add/person", **filled(answer, consent="Sam, today", consent_until="2090"))
    assert again.status == 200
    by_hand = contributions.Sent(ADD, "person", {"title": "Tom"})
    contributions.take(place.db, by_hand, 1)
    desk = await signed_in(place, "", datasette=browser.datasette)
    refused = await desk.post("/desk/inbox", item="2", do="accept")
    assert refused.status == 422 and "agreed to be listed" in refused.text
    assert "It is in use" in (await desk.post("/desk/inbox", item="1", do="accept")).text
    assert (await browser.get("/people/sam")).status == 200


# -- hostile forms


async def test_markup_is_shown_as_text_wherever_it_is_typed(place: Place) -> None:
    browser = await reader(place)
    answers = [await browser.post("/add", title=EVIL, useful=EVIL, where=EVIL, kind=EVIL, **{"my-credit": EVIL}),
               await browser.post("/add/event", **dict.fromkeys(form_page.asked_names(TYPES["event"]), EVIL)),
               await browser.get(f"/add/sent/{waiting(place)[0].token}")]  # fmt: skip
    desk = await signed_in(place, EVIL, datasette=browser.datasette)
    answers += [await desk.get("/desk/inbox"), await desk.get(f"/desk/inbox/{waiting(place)[0].number}")]
    for answer in answers:
        assert answer.status in (200, 422)
        assert not {"script", "img"} & set(Page(answer.text).tags) and "49" not in answer.text.replace("496", "")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://site.example:8001"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://site.example:9999"}, False),
        ({"origin": "http://user@site.example:8001"}, False),
        ({"referer": "http://evil.example/site.example:8001"}, False),
        ({"origin": "http://site.example:8001"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"referer": "http://site.example:8001/add"}, True),
        ({}, True),
    ],
)
async def test_a_form_on_a_page_of_somebody_else_is_refused(
    place: Place, headers: dict[str, str], allowed: bool
) -> None:
    browser = await reader(place)
    answer = await browser.post_from("/add", {"cookie": "ds_csrftoken=x", **headers}, title="T")
    assert (answer.status == 303) == allowed and len(waiting(place)) == allowed
    if not allowed:
        assert answer.status == 403 and "did not come from a page of this site" in answer.text
        check(answer.text)


async def test_at_the_desk_a_browser_must_say_where_the_form_stood(place: Place) -> None:
    desk = await signed_in(place, "Aisha")
    contributions.take(place.db, contributions.Sent(SAY, fields={"title": "T"}), 1)
    for headers in ({}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await desk.post_from("/desk/inbox", headers, item="1", do="accept")
        assert answer.status == 403 and len(waiting(place)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"title=%FF%FE",
        b"&".join(b"a%d=1" % at for at in range(MAX_FIELDS + 1)),
        b"title=" + b"x" * guard.MAX_BODY_BYTES,
        b"",
        b"title=%00%07",
        b"\x00\xff",
        b"title[a][b][c]=1&" * 300,
        b'{"title": "x"}',
    ],
)
async def test_what_is_no_form_is_answered_in_plain_words_and_kept_nowhere(place: Place, raw: bytes) -> None:
    answer = await (await reader(place)).post("/add", raw=raw)
    assert answer.status in (400, 413, 422) and "<h1>" in answer.text and waiting(place) == []


async def test_other_kinds_of_bodies_are_not_read(place: Place) -> None:
    browser = await reader(place)
    answer = await browser.post_from("/add", {"content-type": "multipart/form-data; boundary=x"}, title="T")
    assert answer.status in (303, 415)
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await browser._ask(method, "/add", b"", {})).status == 405


async def test_one_address_can_send_so_much_in_an_hour_and_the_words_stay(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST_OF_ONE", 2)
    monkeypatch.setattr(rates, "MOST_OF_ALL", 3)
    browser = await reader(place)
    clock = [0.0]
    rates._rates[browser.datasette] = rates.Rates(lambda: clock[0])
    other = Browser(browser.datasette, host="site.example:8001", client="2001:db8::1")
    neighbour = Browser(browser.datasette, host="site.example:8001", client="2001:db8::2")
    statuses = [(await one.post("/add", follow=False, title=f"T{at}")).status for at, one in enumerate([browser, browser, browser, other, neighbour])]  # fmt: skip
    assert statuses == [303, 303, 429, 303, 429]
    refused = await browser.post("/add", title="My long words")
    assert "Much was sent from here" in refused.text and filled(refused)["title"] == ["My long words"]
    clock[0] = 3600.0
    assert (await browser.post("/add", follow=False, title="My long words")).status == 303
    assert "192.0.2.7" not in str(rates._rates[browser.datasette].__dict__)


async def test_a_full_inbox_says_so_and_the_words_stay(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contributions, "MAX_WAITING", 1)
    browser = await reader(place)
    await browser.post("/add", title="First")
    answer = await browser.post("/add", title="Second")
    assert answer.status == 503 and "nobody could look at it" in answer.text
    assert filled(answer)["title"] == ["Second"]


async def test_two_readers_at_once_both_get_a_page_of_their_own(place: Place) -> None:
    import asyncio

    browser = await reader(place)
    answers = await asyncio.gather(*(browser.post("/add", title=f"From {at}") for at in range(8)))
    assert {one.status for one in answers} == {200} and len(waiting(place)) == 8
    assert len({re.search(r"sent/([\w-]{22})", one.text)[1] for one in answers}) == 8  # type: ignore[index]


async def test_nothing_that_waits_is_in_what_is_published_or_searched(place: Place) -> None:
    browser = await reader(place)
    await browser.post("/add", title="Canaryword", useful="Canaryuseful", **{"my-credit": "Canaryname"})
    for path in ("/", "/search?q=Canaryword", "/new", "/resources", "/feed.atom", "/site/records.json?_size=max"):
        assert "Canaryuseful" not in (await browser.get(path)).text
    assert b"Canary" not in b"".join(path.read_bytes() for path in (place.site.root / "data").glob("site.db*"))


async def test_in_another_language_the_form_and_its_answers_stay_in_it(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/cy/add/resource")
    assert 'lang="cy"' in page.text
    answer = await browser.post("/cy/add/resource", title="Te")
    assert answer.status == 200 and 'lang="cy"' in answer.text


# -- the desk


async def test_the_desk_says_that_a_correction_made_two_answers_and_leads_there(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    await browser.post("/add", **filled(page, summary="Mine"))
    record_id = contributions.by_number(place.db, 1).record_id
    place.change(record_id, {"summary": "Theirs"}, type_name="resource")
    desk = await signed_in(place, "Aisha", datasette=browser.datasette)
    done = await desk.post("/desk/inbox", item="1", do="accept")
    check(done.text)
    assert "so there are two answers now" in done.text and f"conflicts/{record_id}" in done.text


async def test_the_desk_shows_what_would_change_and_uses_it(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    await browser.post("/add", **filled(page, summary="Old and new words", **{"my-why": "It grew", "my-credit": "Tom"}))
    desk = await signed_in(place, "Aisha", datasette=browser.datasette)
    inbox = await desk.get("/desk/inbox")
    check(inbox.text)
    assert "By <bdi>Tom</bdi>" in inbox.text and "<ins>" in inbox.text and "It grew" in inbox.text
    done = await desk.post("/desk/inbox", item="1", do="accept", why="Thank you")
    assert "It is in use" in done.text
    record = await browser.get("/resources/powercube")
    assert "Old and new words" in record.text and "Tom" in record.text
    history = await browser.get("/resources/powercube/history")
    assert "Thank you" in history.text and "Aisha" in history.text
    token = contributions.by_number(place.db, 1).token
    state = await browser.get(f"/add/sent/{token}")
    assert "Your correction is in use" in state.text and "/resources/powercube" in state.text


@pytest.mark.parametrize(("first", "second"), [("accept", "decline"), ("decline", "accept")])
async def test_who_comes_second_is_told_what_was_decided_and_keeps_their_words(
    place: Place, first: str, second: str
) -> None:
    browser = await reader(place)
    await browser.post("/add", title="Bread tour", useful="Good")
    aisha = await signed_in(place, "Aisha", datasette=browser.datasette)
    tom = await signed_in(place, "Tom", datasette=browser.datasette)
    await aisha.post("/desk/inbox", item="1", do=first, why="We know them")
    late = await tom.post("/desk/inbox", item="1", do=second, why="My careful words")
    check(late.text)
    assert late.status == 409 and "Somebody has decided on this already" in late.text
    assert "My careful words" in late.text and "Bread tour" in late.text
    assert "Aisha" in late.text and "We know them" in late.text
    assert ("It is in use" in late.text) == (first == "accept")
    assert contributions.by_number(place.db, 1).answer == "We know them"


async def test_who_changes_what_somebody_else_used_meanwhile_keeps_their_words(place: Place) -> None:
    browser = await reader(place)
    await browser.post("/add", title="Bread tour", useful="Good")
    desk = await signed_in(place, "Aisha", datasette=browser.datasette)
    page = await desk.get("/desk/inbox/1")
    await desk.post("/desk/inbox", item="1", do="accept")
    late = await desk.post("/desk/inbox/1", **filled(page, summary="Better words", why="A word"))
    check(late.text)
    assert late.status == 409 and "Somebody has decided on this already" in late.text
    assert "Better words" in late.text and "A word" in late.text


async def test_something_new_can_be_changed_before_it_is_used(place: Place) -> None:
    browser = await reader(place)
    await browser.post("/add", title="power qube", useful="Good", where="https://example.org/")
    desk = await signed_in(place, "", datasette=browser.datasette)
    page = await desk.get("/desk/inbox/1")
    check(page.text)
    wrong = await desk.post("/desk/inbox/1", **filled(page, title="", summary=f"Ring {NUMBER}"))
    assert wrong.status == 422 and "looks like a phone number" in wrong.text and len(waiting(place)) == 1
    done = await desk.post("/desk/inbox/1", **filled(wrong, title="Power cube II", summary="Better", year="2020"))
    assert "It is in use" in done.text
    record = await browser.get("/resources/power-cube-ii")
    assert "Better" in record.text and "2020" in record.text
    assert (place.site.content / "resources" / "power-cube-ii.md").is_file()
    assert "with changes" in (await browser.get(f"/add/sent/{contributions.by_number(place.db, 1).token}")).text
    assert (await desk.get("/desk/inbox/1")).status == 404


async def test_a_correction_can_be_changed_before_it_is_used(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/add?about=resources/powercube")
    await browser.post("/add", **filled(page, summary="New wrods"))
    desk = await signed_in(place, "", datasette=browser.datasette)
    edit = await desk.get("/desk/inbox/1")
    await desk.post("/desk/inbox/1", **filled(edit, summary="New words"))
    fields = place.view(heads_of(place)).fields
    assert (fields["summary"], fields["title"], fields["year"]) == ("New words", "Power cube", 2018)


async def test_who_declines_must_say_why(place: Place) -> None:
    browser = await reader(place)
    await browser.post("/add", title="T")
    desk = await signed_in(place, "Aisha", datasette=browser.datasette)
    without = await desk.post("/desk/inbox", item="1", do="decline", why=" ")
    assert without.status == 422 and "Say why it is not used" in without.text
    assert "It is declined" in (await desk.post("/desk/inbox", item="1", do="decline", why="Here already")).text
    assert contributions.by_number(place.db, 1).decided_by == "Aisha"
    for odd in ("", "x", "99", "-1", "9" * 30):
        answer = await desk.post("/desk/inbox", item=odd, do="accept")
        assert answer.status == 422 and "There is no item" in answer.text


async def test_the_box_with_a_phone_number_is_called_as_the_page_calls_it(place: Place) -> None:
    browser = await reader(place)
    await browser.post("/add", title="T")
    desk = await signed_in(place, "Aisha", datasette=browser.datasette)
    refused = await desk.post("/desk/inbox", item="1", do="accept", why=f"Ring {NUMBER} or write to jo@example.org")
    said = re.findall(r'role="alert">(.*?)</div>', refused.text, re.DOTALL)[0]
    assert refused.status == 422 and "A word to whoever sent it" in said and "“why”" not in said
    assert NUMBER in said and "jo@example.org" in said and "partners would get it" in said
    kept = await desk.post("/desk/inbox", item="1", do="decline", why=f"Ring {NUMBER}")
    assert "It is declined" in kept.text
    await browser.post("/add", title="Who can help?", kind="say")
    assert "Its sender can see that" in (await desk.post("/desk/inbox", item="2", do="accept", why=NUMBER)).text


async def test_a_removal_that_is_granted_hides_the_page(place: Place) -> None:
    browser = await reader(place)
    page = await browser.get("/remove?about=resources/powercube")
    await browser.post("/remove", **filled(page, reason="harm", **{"my-why": "Please"}))
    desk = await signed_in(place, "", datasette=browser.datasette)
    assert "It may hurt somebody" in (await desk.get("/desk/inbox")).text
    assert "It is hidden" in (await desk.post("/desk/inbox", item="1", do="accept")).text
    assert (await browser.get("/resources/powercube")).status == 404
    assert "It was taken away" in (await browser.get(f"/add/sent/{contributions.by_number(place.db, 1).token}")).text


@pytest.mark.parametrize("path", ["/desk/inbox", "/desk/inbox/1", "/desk/told", "/desk/told/resource"])
async def test_nobody_else_reads_or_decides(place: Place, path: str) -> None:
    browser = await reader(place)
    await browser.post("/add", title="Canaryword")
    assert "Canaryword" not in (await browser.get(path)).text
    refused = await browser.post(path, item="1", do="accept", title="T")
    assert refused.status in (403, 404, 405) and len(waiting(place)) == 1
    here = Browser(browser.datasette)
    assert (await here.post(path, item="1", do="accept", title="T")).status in (403, 405, 200) and len(
        waiting(place)
    ) == 1


async def test_what_somebody_told_is_written_down_at_once_and_marked(place: Place) -> None:
    desk = await signed_in(place, "Aisha")
    page = await desk.get("/desk/told/resource")
    check(page.text)
    wrong = await desk.post("/desk/told/resource", **filled(page, title="Tea", summary=NUMBER))
    assert wrong.status == 422 and filled(wrong)["title"] == ["Tea"] and waiting(place) == []
    sent = await desk.post("/desk/told/resource", **filled(wrong, summary="With biscuits", **{"my-credit": "Sam"}))
    assert "It is in use" in sent.text
    shown = await desk.get("/resources/tea")
    assert "Passed on by" in shown.text and place.name in shown.text and "Sam" in shown.text and "told us" in shown.text
    await desk.post("/desk/told/resource", **filled(page, title="Later", wait="yes"))
    assert [one.sent.relayed for one in waiting(place)] == [True]


async def test_what_was_accepted_goes_to_partners_and_nothing_else(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    browser = await reader(one)
    await browser.post("/add", title="Used")
    await browser.post("/add", title="Waits")
    desk = await signed_in(one, "", datasette=browser.datasette)
    await desk.post("/desk/inbox", item="1", do="accept")
    other.sync(one)
    with closing(sqlite3.connect(other.site.site_db)) as db:
        titles = [row[0] for row in db.execute("SELECT title FROM records")]
    assert titles == ["Used"]
    for each in (one, other):
        each.close()


def test_every_kind_offered_is_a_kind_of_record_and_asks_for_a_title() -> None:
    assert set(form_page.OFFERED) == set(TYPES) - {"agreement"}  # that is for the organisations
    assert all("title" in form_page.main_names(record_type) for record_type in TYPES.values())
    assert sending.SENT.startswith(guard.NOT_KEPT)


async def test_a_correction_is_of_the_text_that_readers_see_not_of_a_newer_one_that_waits(tmp_path: Path) -> None:
    found = network(tmp_path, 2)
    one = found[0]
    sync_all(found)
    agree(found, publishing="any", how_many=2)
    record_id = one.change(None, {"title": "Tea", "slug": "tea", "summary": "Looked at"}, type_name="resource")
    sync_all(found)
    for place in found:
        look(place, record_id)
    sync_all(found)
    one.change(record_id, {"summary": "Newer, not looked at"}, type_name="resource")
    browser = await reader(one)
    page = await browser.get("/add?about=resources/tea")
    assert filled(page)["summary"] == ["Looked at"]
    await browser.post("/add", **filled(page, summary="Corrected"))
    desk = await signed_in(one, "", datasette=browser.datasette)
    done = await desk.post("/desk/inbox", item="1", do="accept")
    assert "others must look at it first" in done.text
    answers = {version.value for version in one.view(record_id).conflicts["summary"]}
    assert answers == {"Newer, not looked at", "Corrected"}
    for place in found:
        place.close()


async def test_whoever_sent_something_reads_that_others_look_at_it_first(tmp_path: Path) -> None:
    found = network(tmp_path, 2)
    one = found[0]
    sync_all(found)
    agree(found, publishing="any", how_many=2)
    browser = await reader(one)
    await browser.post("/add", title="Tea", useful="Warm")
    desk = await signed_in(one, "", datasette=browser.datasette)
    used = await desk.post("/desk/inbox", item="1", do="accept")
    assert "others must look at it first" in used.text and "It is in use" not in used.text
    address = f"/add/sent/{contributions.by_number(one.db, 1).token}"
    early = await browser.get(address)
    check(early.text)
    assert "It is accepted. Others must look at it first" in early.text and "It is in use" not in early.text
    assert "/resources/tea" not in early.text
    record_id = contributions.by_number(one.db, 1).record_id
    await everybody_looks(found, record_id)
    shown = await browser.get(address)
    assert "It is in use" in shown.text and "/resources/tea" in shown.text and "look at it first" not in shown.text
    page = await browser.get("/add?about=resources/tea")
    await browser.post("/add", **filled(page, summary="Hot"))
    done = await desk.post("/desk/inbox", item="2", do="accept")
    assert "others must look at it first" in done.text
    address = f"/add/sent/{contributions.by_number(one.db, 2).token}"
    early = await browser.get(address)
    assert "Your correction is accepted. Others must look at it first" in early.text and "/resources/tea" in early.text
    await everybody_looks(found, record_id)
    one.change(record_id, {"note": "Newer"}, type_name="resource")  # that waits, and the correction does not
    assert "Your correction is in use" in (await browser.get(address)).text
    for place in found:
        place.close()


async def everybody_looks(found: list[Place], record_id: str) -> None:
    sync_all(found)
    for place in found:
        look(place, record_id)
    sync_all(found)


async def test_what_is_changed_first_offers_the_same_ticks_as_other_forms(place: Place) -> None:
    place.change(None, {"title": "Sharing power", "slug": "sharing-power"}, type_name="topic")
    browser = await reader(place)
    await browser.post("/add", title="Power cube", useful="Good", where="https://example.org/")
    desk = await signed_in(place, "", datasette=browser.datasette)
    page = await desk.get("/desk/inbox/1")
    tick = '<input type="checkbox" name="topics" value="sharing-power"'
    assert tick in page.text and tick in (await desk.get("/desk/new/resource")).text
    assert "Short addresses of topics" not in page.text
    await desk.post("/desk/inbox/1", **filled(page, topics=["", "sharing-power"]))
    assert "sharing-power" in (await browser.get("/resources/power-cube")).text
