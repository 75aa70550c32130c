"""What is proposed as the same, why, and what never is. And the pages that show it."""

import doctest
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pages import check
from web_site import SiteBuilder, build, serve

from cop import duplicates, identifiers, proposing, same_as, views
from cop.duplicates import FEW, MANY, Candidate, propose
from cop.model import PARTNERS
from tests.desk_browser import Browser, signed_in
from tests.network import NOW, Place, befriend, places
from tests.test_desk import Asking, served


@pytest.mark.parametrize("module", [duplicates, identifiers])
def test_the_examples_in_the_code_are_true(module: object) -> None:
    assert not doctest.testmod(module).failed  # type: ignore[arg-type]


def of(number: int, title: str, date: str = "", type_name: str = "resource", **ids: str) -> Candidate:
    related = frozenset(ids.pop("related", "").split())
    return Candidate(
        f"{number:026d}", type_name, f"r{number}", title, date, frozenset(ids.items()), related
    )  # fmt: skip


def reasons(*found: Candidate) -> list[tuple[str, ...]]:
    return [one.reasons for one in propose(found)]


@pytest.mark.parametrize(
    "address",
    [
        "http://www.powercube.net", "https://powercube.net/", "https://powercube.net:443/#more",
        "https://PowerCube.net/index.html?utm_source=news&fbclid=1", "https://powercube.net./?gclid=x",
    ],
)  # fmt: skip
def test_what_often_differs_in_one_link_is_taken_off(address: str) -> None:
    assert identifiers.link(address) == "powercube.net"


@pytest.mark.parametrize(
    "address",
    ["https://powercube.net/a", "https://powercube.net:8443", "https://powercube.net/?id=1", "https://org/#/3",
     "ftp://powercube.net", "https://[::1", "https://powercube.net:x/", "javascript:alert(1)", "", "https://"],
)  # fmt: skip
def test_what_leads_elsewhere_stays_apart(address: str) -> None:
    assert identifiers.link(address) != "powercube.net"


@given(st.text(max_size=60))
def test_nothing_that_anybody_writes_breaks_it(text: str) -> None:
    for address in (text, f"https://{text}", f"https://example.org/{text}"):
        assert isinstance(identifiers.link(address), str)
    assert list(identifiers.isbns(f"ISBN {text}")) is not None and list(identifiers.dois(f"10.1000/{text}")) is not None
    propose([of(1, text), of(2, text), of(3, f"{text} {text}")])


def test_the_surest_reason_comes_first() -> None:
    found = propose([
        of(1, "Sharing power in meetings", "2018", doi="10.1000/1"),
        of(2, "Another name of it", "2018", doi="10.1000/1"),
        of(3, "Sharing power in meetings", "2018"),
        of(4, "Sharing power at meetings", "2018", link="example.org"),
        of(5, "Something else", "2020", link="example.org"),
        of(6, "Anything", isbn="9780306406157"),
        of(7, "Any thing", isbn="9780306406157"),
    ])  # fmt: skip
    assert [(*sorted(map(int, one.ids)), one.reasons) for one in found] == [
        (1, 2, ("doi", "date")),
        (6, 7, ("isbn", "title")),
        (4, 5, ("link",)),
        (1, 3, ("title", "date")),
        (1, 4, ("near-title", "date")),
        (3, 4, ("near-title", "date")),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Guidance on co-producing a research project", "Guidance on coproducing a research project"),
        ("The PowerCube", "Power cube"),
        ("Guidance & tools for community research", "Guidance and tools for community research"),
        ("Involving people in comunity research", "Involving people in community research"),
        ("Café talks: research and us", "CAFE TALKS – Research and Us"),
        ("مشاركة السلطة في البحث العلمي", "مشاركة السُّلطة في البحث العلمي"),
    ],
)
def test_titles_that_are_nearly_the_same(one: str, other: str) -> None:
    assert len(reasons(of(1, one, "2018"), of(2, other, "2018"))) == 1
    assert len(reasons(of(1, one, "2018"), of(2, other))) == 1  # of one nobody knows when
    assert reasons(of(1, one, "2018"), of(2, other, "2021")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Co-production in action, part 1", "Co-production in action, part 2"),
        ("Co-production in action (Number One)", "Co-production in action (Number Two)"),
        ("Power with", "Power within"),
        ("NIHR", "NHR"),
        ("Guide for disabled people who want to be involved", "Guide for services that want to involve people"),
        ("", ""),
        ("!!!", "???"),
    ],
)
def test_titles_that_are_not(one: str, other: str) -> None:
    assert reasons(of(1, one, "2018"), of(2, other, "2018")) == []


def test_people_kinds_editions_and_days_are_told_apart() -> None:
    name = "Amina Mohamed Abdullahi Hassan"
    assert reasons(of(1, name, type_name="person", link="x"), of(2, name, type_name="person", link="x")) == []
    assert reasons(of(1, name, type_name="post"), of(2, name, type_name="page")) == []
    assert reasons(of(1, name, related="r2"), of(2, name)) == []
    weekly = [of(at, "Reading circle", f"2026-11-{at:02}", "event", link="x") for at in (1, 8)]
    assert reasons(*weekly) == []
    assert reasons(weekly[0], of(3, "Reading circle", "2026-11-01T18:00", "event")) == [("title", "date")]


def test_many_of_one_kind_cost_no_look_at_every_pair() -> None:
    many = [of(at, "Notes of the monthly meeting of the group", link="example.org") for at in range(30 * MANY)]
    assert len(propose(many)) == len(many) - 1
    few = many[:FEW]
    assert len(propose(few)) == FEW * (FEW - 1) // 2


@given(st.integers(0, 2**32))
def test_the_order_of_records_makes_no_difference_and_a_slip_is_always_found(seed: int) -> None:
    source = random.Random(seed)
    words = ["power", "people", "research", "community", "voices", "health", "trust", "time", "listening", "carers"]
    records = [of(at, " ".join(source.sample(words, 5)), source.choice(["", "2018", "2019"])) for at in range(60)]
    first = records[0]
    at = source.randrange(1, len(first.title) - 1)
    records.append(of(99, f"{first.title[:at]}x{first.title[at:]}", first.date))
    found = propose(records)
    assert any({one.one.record_id, one.other.record_id} == {first.record_id, f"{99:026d}"} for one in found)
    assert propose(source.sample(records, len(records))) == found


# -- from a store


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Place]]:
    found = places(tmp_path, 2)
    befriend(*found)
    yield found
    for place in found:
        place.close()


def test_two_partners_who_add_one_work_offline_lose_neither_and_are_asked(pair: list[Place]) -> None:
    one, other = pair
    doi = {"url": "https://doi.org/10.1186/s12961-018-0375-0", "slug": "beckett"}
    a = one.change(None, {"title": "Social model of impact", **doi}, type_name="resource")
    b = other.change(None, {"title": "A social model", "isbn": "0-306-40615-2", **doi}, type_name="resource")
    hidden = one.change(None, {"title": "A social model", **doi}, type_name="resource", audience=PARTNERS)
    one.sync(other)
    (found,) = proposing.proposals(one.db, one.site.site_db)
    assert (found.ids, found.reasons) == (frozenset((a, b)), ("doi",)) and hidden not in found.ids
    # two ask for one address, so the command that is shown names the ids
    assert {proposing.name_of(one.db, found.one), proposing.name_of(one.db, found.other)} == {a, b}
    same_as.say(other.site, other.db, other.signer, a, b, same=False, why="", now=NOW)
    one.sync(other)
    assert proposing.proposals(one.db, one.site.site_db) == []
    one.remove(other, hide=True)
    again = one.change(None, {"title": "Once more", **doi}, type_name="resource")
    assert [p.ids for p in proposing.proposals(one.db, one.site.site_db)] == [frozenset((a, again))]


def test_what_is_linked_through_others_is_not_proposed(pair: list[Place]) -> None:
    one, _ = pair
    ids = [one.change(None, {"title": "Power", "url": "https://a.example"}, type_name="resource") for _ in range(3)]
    assert len(proposing.proposals(one.db, one.site.site_db)) == 3
    for at in (0, 1):
        same_as.say(one.site, one.db, one.signer, ids[at], ids[at + 1], same=True, why="", now=NOW)
    assert proposing.proposals(one.db, one.site.site_db) == []


# -- pages


async def text(site: SiteBuilder, path: str) -> str:
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(path)
    assert answer.status_code == 200, path
    return " ".join(check(answer.text).text.split())


async def test_linked_records_point_to_each_other_and_keep_their_own_words(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    for at, name in enumerate(("one", "two", "three"), 1):
        named = [f"{other:026d}" for other in (at - 1, at + 1) if other] + ["<b>x9</b>"]
        site.add("resource", name, title="Powercube", summary=f"Words of {name}", same_as=named,
                 credits=[{"name": f"Person {name}", "role": "wrote"}])  # fmt: skip
    first = f"{1:026d}"
    for words in ({"added": [f"{2:026d}"], "removed": []}, {"added": [], "removed": [f"{2:026d}"]}):
        site.happened(first, "Caafi Health", {"same_as": words}, kind="same-as", why="One guide")
    site.happened(first, "Caafi Health", {"same_as": {"added": [], "removed": ["gone"]}}, kind="same-as")
    shown = await text(site, "/resources/one")
    assert shown.count("Resource: Powercube") == 2  # directly, and through the second
    assert "The same as" in shown and "Words of one" in shown and "Words of two" not in shown
    assert "maybe another work" not in shown and "x9" not in shown
    told = await text(site, "/resources/one/history")
    assert "Caafi Health said that this is the same as “Powercube”." in told and "One guide" in told
    assert "Caafi Health said that this is not the same as “Powercube”." in told
    assert "Caafi Health said that this is not the same as another entry." in told and first not in told
    listed = await text(site, "/resources?q=powercube")
    assert listed.count("Words of") == 3


async def test_the_desk_shows_pairs_ten_at_a_time_with_the_commands(pair: list[Place]) -> None:
    one, _ = pair
    for at in range(12):
        for title in ("<b>Power</b> & people", "Another"):
            one.change(
                None, {"title": f"{title} {at}", "url": f"https://a{at}.example", "slug": f"{title[0]}x{at}"},
                type_name="resource",
            )  # fmt: skip
    datasette = served(one)
    await datasette.invoke_startup()
    page = check((await Asking(datasette).get("/desk/duplicates")).text).text
    assert "12 pairs may be the same." in page and page.count("Look at both: the same link") == 10
    assert "<b>Power</b> & people 0" in page and "cop same-as resources/" in page and "--not" in page
    second = check((await Asking(datasette).get("/desk/duplicates?page=2")).text).text
    assert second.count("Look at both") == 2
    (first, *_) = proposing.proposals(one.db, one.site.site_db)
    same_as.say(one.site, one.db, one.signer, *sorted(first.ids), same=True, why="", now=NOW)
    assert "11 pairs may be the same." in (await Asking(datasette).get("/desk/duplicates")).text


def _power_cubes(place: Place) -> tuple[str, str]:
    """Two entries with one link."""
    made = [
        place.change(None, {"title": title, "url": "https://a.example", "slug": slug}, type_name="resource")
        for title, slug in (("The power cube", "cube-a"), ("Powercube", "cube-b"))
    ]
    views.refresh(place.site, place.db)
    return made[0], made[1]


async def test_somebody_at_the_desk_says_that_two_are_the_same_under_their_own_name(pair: list[Place]) -> None:
    one, other = pair
    ids = _power_cubes(one)
    browser = await signed_in(one, "Hodan")
    page = await browser.get("/desk/duplicates")
    assert "cop same-as" not in page.text.replace("cop duplicates", "")
    done = await browser.post("/desk/duplicates", pair=page.value("pair"), do="same", why="One guide, found twice")
    assert (
        "Their pages point to each other now." in done.text and "Nothing looks as if it was there twice." in done.text
    )
    told = await browser.get("/resources/cube-a/history")
    assert "Hodan" in told.text and "One guide, found twice" in told.text
    one.sync(other)
    assert same_as.told(other.db).same == {frozenset(ids)}


async def test_two_that_are_not_the_same_are_never_asked_about_again(pair: list[Place]) -> None:
    one, _ = pair
    _power_cubes(one)
    browser = await signed_in(one)
    page = await browser.get("/desk/duplicates")
    done = await browser.post("/desk/duplicates", pair=page.value("pair"), do="apart", why="")
    assert "They stay two. Nobody is asked again." in done.text and not proposing.proposals(one.db, one.site.site_db)
    again = await browser.post("/desk/duplicates", pair=page.value("pair"), do="apart", why="")
    assert again.status == 422 and "Somebody said so already" in again.text


async def test_what_cannot_be_said_of_two_changes_nothing_and_keeps_what_was_typed(pair: list[Place]) -> None:
    one, _ = pair
    _power_cubes(one)
    browser = await signed_in(one)
    page = await browser.get("/desk/duplicates")
    before = one.digest()
    number = await browser.post("/desk/duplicates", pair=page.value("pair"), do="same", why="Ring 0117 496 0000")
    assert number.status == 422 and number.value("why") == "Ring 0117 496 0000" and "a phone number" in number.text
    for odd in ("", "x", "x y", page.value("pair") + " x", page.value("pair").split()[0]):
        answer = await browser.post("/desk/duplicates", pair=odd, do="same", why="")
        assert answer.status == 422 and "does not say which two" in answer.text
    none = await browser.post("/desk/duplicates", pair=page.value("pair"), why="")
    assert none.status == 422 and "what you chose" in none.text
    assert one.digest() == before and same_as.told(one.db) == same_as.Told()


async def test_whoever_has_not_signed_in_sees_the_commands_and_no_buttons(pair: list[Place]) -> None:
    one, _ = pair
    _power_cubes(one)
    browser = Browser(served(one))
    await browser.datasette.invoke_startup()
    page = (await browser.get("/desk/duplicates")).text
    assert "To decide, sign in." in page and re.search(
        "cop same-as resources/cube-[ab] resources/cube-[ab] --not", page
    )
    assert 'name="do"' not in page
