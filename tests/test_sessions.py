"""Signing in at the desk: links that work once, sessions that end, and who is turned away."""

import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import requests

from cop import sessions
from cop.schema import open_store
from tests.commands import cop, serving, started
from tests.desk_browser import Browser, link, served, signed_in
from tests.network import Place, places

NOW = int(time.time())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (one,) = places(tmp_path, 1)
    one.change(None, {"title": "Power", "slug": "power"})
    yield one
    one.close()


@pytest_asyncio.fixture
async def browser(place: Place) -> AsyncIterator[Browser]:
    made = Browser(served(place))
    await made.datasette.invoke_startup()
    yield made


# -- links and sessions in the store


def test_a_link_works_once(place: Place) -> None:
    _, secret = sessions.invite(place.db, "Hodan", NOW)
    for _ in range(3):  # looking at it, as programs that check mail do, uses nothing up
        found = sessions.of_link(place.db, secret, NOW)
        assert found and found.is_link and found.person == "Hodan"
    token = sessions.begin(place.db, secret, "Hodan A.", NOW)
    assert token
    session = sessions.of_token(place.db, token, NOW)
    assert session and session.person == "Hodan A." and not session.is_link
    assert sessions.begin(place.db, secret, "Somebody", NOW) is None
    assert sessions.of_link(place.db, secret, NOW) is None


def test_links_and_sessions_end_by_themselves(place: Place) -> None:
    _, secret = sessions.invite(place.db, "", NOW)
    assert sessions.of_link(place.db, secret, NOW + sessions.LINK_SECONDS - 1)
    assert sessions.begin(place.db, secret, "", NOW + sessions.LINK_SECONDS) is None
    _, secret = sessions.invite(place.db, "", NOW)
    token = sessions.begin(place.db, secret, "", NOW)
    assert token and sessions.of_token(place.db, token, NOW + sessions.IDLE_SECONDS - 1)
    assert sessions.of_token(place.db, token, NOW + 2 * sessions.IDLE_SECONDS) is None
    _, secret = sessions.invite(place.db, "", NOW)
    token = sessions.begin(place.db, secret, "", NOW)
    for day in range(29):
        assert token and sessions.of_token(place.db, token, NOW + day * sessions.DAY)
    assert sessions.of_token(place.db, token or "", NOW + sessions.MOST_SECONDS) is None
    sessions.invite(place.db, "", NOW + 100 * sessions.DAY)
    assert place.db.execute("SELECT count(*) FROM local_session").fetchone()[0] == 1


def test_the_store_holds_no_secret(place: Place) -> None:
    _, secret = sessions.invite(place.db, "Hodan", NOW)
    assert secret.encode() not in place.bytes_of("store.db")
    token = sessions.begin(place.db, secret, "Hodan", NOW)
    assert token and token.encode() not in place.bytes_of("store.db")


# -- in the browser


async def test_somebody_signs_in_with_the_name_they_wish(place: Place, browser: Browser) -> None:
    path = link(place, "Hodan")
    shown = await browser.get(path)
    assert shown.status == 200 and 'value="Hodan"' in shown.text and not browser.cookies
    desk = await browser.post(path, person="Hodan A.")
    assert desk.status == 200 and "You have signed in as <bdi>Hodan A.</bdi>" in desk.text
    again = await Browser(browser.datasette).post(path, person="Somebody")
    assert "does not work any more" in again.text
    assert "does not work any more" in (await browser.get("/desk/enter/" + "x" * 43)).text


async def test_the_cookie_is_for_the_desk_alone_and_for_no_script(place: Place, browser: Browser) -> None:
    await browser.post(link(place), person="")
    assert {path for _, path in browser.cookies} == {
        "/desk",
        "/cy/desk",
        "/so/desk",
        "/ar/desk",
        "/ur/desk",
        "/pl/desk",
    }
    for line in browser.set_cookies:
        parts = {part.strip().lower() for part in line.split(";")}
        assert {"httponly", "samesite=strict", f"max-age={sessions.MOST_SECONDS}"} <= parts and "secure" not in parts
    assert (await browser.get("/")).header("set-cookie") == ""
    welsh = await browser.get("/cy/desk/people")
    assert welsh.status == 200 and "/desk/leave" in welsh.text


async def test_reading_at_the_computer_needs_no_link_and_doing_does(place: Place, browser: Browser) -> None:
    shown = await browser.get("/desk/people")
    assert shown.status == 200 and '<form method="post"' not in shown.text
    refused = await browser.post("/desk/people", person="Ha\nlf a text", other="<b>")
    assert refused.status == 403 and "Please sign in first" in refused.text
    assert refused.value("person") == "Ha\nlf a text" and refused.value("other") == "<b>"


async def test_a_cookie_is_good_for_nothing_once_its_session_was_ended(place: Place) -> None:
    thief, owner = await signed_in(place, "Thief"), await signed_in(place, "Owner")
    number = next(one.number for one in sessions.all_open(place.db, int(time.time())) if one.person == "Thief")
    told = await owner.post("/desk/people", end=str(number))
    assert "It was ended." in told.text and "Thief" not in told.text
    assert (await thief.post("/desk/people", person="Still here")).status == 403
    for end in ("x", "-1", "9" * 30, "½"):
        assert (await owner.post("/desk/people", end=end)).status == 200
    assert "You have signed in as <bdi>Owner</bdi>" in (await owner.get("/desk")).text


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(place: Place) -> None:
    browser = await signed_in(place, "Hodan")
    before = dict(browser.cookies)
    await browser.post("/desk/leave")
    assert not browser.cookies and sessions.all_open(place.db, int(time.time())) == []
    browser.cookies = before
    assert (await browser.post("/desk/people", person="x")).status == 403
    assert (await browser.get("/desk/leave")).status == 405


async def test_people_change_the_name_they_are_called(place: Place) -> None:
    browser = await signed_in(place, "Hodan")
    assert "Your name was changed." in (await browser.post("/desk/people", person="H.")).text
    assert "<bdi>H.</bdi>" in (await browser.get("/desk")).text
    wrong = await browser.post("/desk/people", person="hodan@example.org")
    assert wrong.status == 422 and "e-mail address" in wrong.text and 'value="hodan@example.org"' in wrong.text
    assert (await browser.post("/desk/people", person="x" * 101)).status == 422


FAR = {"host": "cop.example.org", "client": "203.0.113.7"}


async def test_from_elsewhere_one_signs_in_over_https_only(place: Place) -> None:
    plain = Browser(served(place), **FAR)
    path = link(place)
    for answer in (await plain.get(path), await plain.post(path, person="")):
        assert answer.status == 403 and "where nobody can listen" in answer.text
    safe = await signed_in(place, "Tom", scheme="https", **FAR)
    assert "Secure" in safe.set_cookies[0] or "secure" in safe.set_cookies[0]
    assert (await safe.get("/desk/sync")).status == 200
    stolen = Browser(safe.datasette, cookies=safe.cookies, **FAR)
    assert (await stolen.get("/desk/sync")).status == 403


async def test_a_server_in_front_that_does_not_say_https_is_known_by_the_address_of_readers(place: Place) -> None:
    hosted = served(place, url="https://cop.example.org")
    behind = await signed_in(place, "Tom", datasette=hosted, host="cop.example.org")
    assert "ecure" in behind.set_cookies[0]
    other = Browser(hosted, host="127.0.0.1:8001", cookies=behind.cookies)
    assert (await other.get("/desk")).status == 403  # whoever comes from this computer may be the server in front


async def test_a_page_elsewhere_can_do_nothing_with_a_session(place: Place) -> None:
    browser = await signed_in(place, "Hodan")
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"referer": "https://evil.example/"},
        {},
    ):
        answer = await browser.post_from("/desk/people", headers, person="Evil")
        assert answer.status == 403 and answer.header("set-cookie") == ""
        entered = await Browser(browser.datasette).post_from(link(place), headers, person="Evil")
        assert entered.status == 403
    assert "Hodan" in (await browser.get("/desk")).text


async def test_cookies_that_nobody_can_read_are_no_cookies(browser: Browser) -> None:
    for cookie in ("", ";;;=", "cop_desk_=x", "\u00ff=\u00ff", "a" * 8000, f"{'x=1; ' * 500}"):
        assert (await browser.get("/desk", cookie=cookie)).status == 200


async def test_pages_for_readers_are_kept_without_what_stands_at_the_desk(place: Place) -> None:
    safe = await signed_in(place, "Tom", scheme="https", **FAR)
    with_cookie = Browser(safe.datasette, scheme="https", **FAR)
    with_cookie.cookies = {(name, "/"): value for (name, _), value in safe.cookies.items()}  # as no browser sends it
    assert "desk" in (await with_cookie.get("/posts/power")).text
    for reader in (
        Browser(safe.datasette, scheme="https", **FAR),
        Browser(safe.datasette, host="a.example", client="10.0.0.9"),
    ):
        assert "desk" not in (await reader.get("/posts/power")).text


# -- the commands


def test_the_commands_invite_list_and_end(place: Place) -> None:
    address = cop(place, "desk", "invite", "Hodan", "--at", "http://127.0.0.1:8001").strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8001/desk/enter/[\w-]{43}", address)
    assert "Hodan: a link that nobody has used yet" in cop(place, "desk", "list")
    token = sessions.begin(place.db, address.rpartition("/")[2], "Hodan", int(time.time()))
    assert "Hodan: in since" in cop(place, "desk", "list") and '"link": false' in cop(place, "desk", "list", "--json")
    assert "1 session or link of “hodan” ended" in cop(place, "desk", "end", "hodan")
    assert token and sessions.of_token(place.db, token, int(time.time())) is None
    assert "Nobody is called “hodan” here" in cop(place, "desk", "end", "hodan", code=2)
    assert "others could listen in" in cop(place, "desk", "invite", "--at", "http://192.168.1.7:8001", code=2)
    assert cop(place, "desk", "invite", "--at", "https://cop.example.org/").startswith(
        "https://cop.example.org/desk/enter/"
    )


def test_a_served_site_prints_a_link_that_works_once_and_not_after_it_was_stopped(place: Place) -> None:
    process = started(place, "serve", "--port", "0")
    try:
        assert process.stdout is not None
        process.stdout.readline()
        line = process.stdout.readline()
        address = line.split()[-1]
        top = address.partition("/desk")[0]
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(address).status_code == 200
            origin: dict[str, Any] = {"headers": {"Origin": top}}
            assert session.post(address, data={"person": "Hodan"}, **origin).url == f"{top}/desk"
            assert "Hodan" in session.get(f"{top}/desk").text
            assert session.post(address, data={"person": "Again"}, **origin).url == address
            assert "cookie" not in session.get(top).request.headers
    finally:
        process.terminate()
        process.communicate(timeout=60)
    db = open_store(place.site.store_db)
    assert [one.person for one in sessions.all_open(db, int(time.time()))] == ["Hodan"]
    db.close()


def test_a_link_leads_to_where_the_site_is_served_and_to_no_other_port(place: Place) -> None:
    with serving(place) as top:
        address = cop(place, "desk", "invite", "Hodan").strip()
        assert address.startswith(f"{top}/desk/enter/")
        with requests.Session() as session:
            session.trust_env = False
            assert "Hodan" in session.get(address).text
        assert cop(place, "desk", "invite", "Tom", "--at", "https://a.example").startswith(
            "https://a.example/desk/enter/"
        )
        assert f"--at {top}" in cop(place, "desk", "invite", "--at", "http://192.168.1.7:8001", code=2)
    before = cop(place, "desk", "list")
    assert "without a name" not in before  # the link of the program that was stopped
    refused = cop(place, "desk", "invite", "Aisha", code=1)
    assert "is not being served" in refused and "cop serve" in refused and "--at https://" in refused
    assert cop(place, "desk", "list") == before and not (place.site.root / "data" / "serving").exists()


def test_what_a_process_that_was_killed_left_behind_misleads_nobody(place: Place) -> None:
    process = started(place, "serve", "--port", "0")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert (place.site.root / "data" / "serving").exists()
    assert "is not being served" in cop(place, "desk", "invite", "Aisha", code=1)
    with serving(place) as top:
        assert cop(place, "desk", "invite", "Aisha").startswith(f"{top}/desk/enter/")


def test_a_busy_store_keeps_nobody_waiting_at_the_door(place: Place) -> None:
    _, secret = sessions.invite(place.db, "", NOW)
    token = sessions.begin(place.db, secret, "", NOW)
    other = open_store(place.site.store_db)
    place.db.execute("BEGIN IMMEDIATE")
    other.execute("PRAGMA busy_timeout = 0")
    assert token and sessions.of_token(other, token, NOW + sessions.DAY)
    place.db.rollback()
    other.close()
