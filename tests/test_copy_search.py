"""Searching a copy that has no server: what is written for it, and that it finds just what the server finds."""

import gzip
import html
import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import copied_site
import pytest
from conftest import Folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judged_queries import JUDGED
from seen import NARROW_IS_WRONG
from test_everyone import AXE_PROGRAM
from test_judged_search import CONTENT, OTHERS
from web_site import build, example

from cop import database
from cop.export.search_lists import LISTS
from cop.export.shards import coded, steps
from cop.questions import FEW
from cop.search import search, understand
from cop.web import event_lists, finding, lists, narrow
from cop.web.asked import Asked
from cop.web.cards import Card
from cop.web.language import speaking

BIGGEST = 40_000  # bytes of a file, zipped
PARAMETERS = {"type": "type", "topics": "topic", "languages": "language", "kind": "kind"}
ODD = ['"', "*", "AND", "power OR", "NOT power", "title:power", "(", "-", "😀", "'; DROP TABLE records; --", "x" * 300, '"' * 99,
       "power " * 50, "col : x", "\u202epower", "%", "power*", "type·post", "a-" * 200, "研究" * 50, "½ ﬃ İ ẞ ǆ", "ـــ", "co co co co",
       "constructor", "__proto__", "hasOwnProperty", "Σίσυφος ΣΊΣΥΦΟΣ", "<b>power</b>", "ꭰꭱ", "e\u0301tude", "0"]  # fmt: skip
SAID = ["power", "the", "organization organisation", "co production", "coproduction", "Co-Producing", "health-care", "healthcare group",
        "particpation", "community reserch", "sharingpower", '"sharing power"', '"of power" sharing', "bulshada", "bulsho", "المجتمع", "مجتمع",
        "społeczność", "spolecznosci", "Maxamed", "Mohamed Ali", "inv", "guid", "evaluatoin of involvment", "covid19", "easy read",
        "wellbeing well-being", "what is the", "2018", "resources about the power of young people in health research"]  # fmt: skip


def decoded(text: str) -> list[int]:
    """Numbers, as a browser reads them."""
    found, number, unit = [], 0, 1
    for sign in text:
        value = ord(sign) - 35 - (sign > "\\")
        if value < 46:
            found.append(number + value * unit)
            number, unit = 0, 1
        else:
            number, unit = number + (value - 46) * unit, unit * 45
    return found


@given(st.lists(st.integers(0, 10**9)))
def test_numbers_are_read_as_they_were_written(numbers: list[int]) -> None:
    assert decoded(coded(numbers)) == numbers
    assert not re.search(r'[\s"\\]', coded(numbers))


@given(st.sets(st.integers(0, 10**6)))
def test_rising_numbers_are_written_as_steps(numbers: set[int]) -> None:
    told = decoded(steps(sorted(numbers)))
    assert [sum(told[: at + 1]) for at in range(len(told))] == sorted(numbers)


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return example(tmp_path / "site.db").db


def test_the_same_database_gives_the_same_files(db: sqlite3.Connection, tmp_path: Path) -> None:
    again = example(tmp_path / "again.db").db
    assert copied_site.files_of(db) == copied_site.files_of(db) == copied_site.files_of(again)


def test_files_have_names_that_every_stick_takes(db: sqlite3.Connection) -> None:
    names = list(copied_site.files_of(db))
    assert all(re.fullmatch(r"search/[a-z]+[a-z0-9-]{0,30}\.js", name) for name in names)
    assert len(names) == len(set(names))


def test_every_file_is_one_call_with_json(db: sqlite3.Connection) -> None:
    for name, data in copied_site.files_of(db).items():
        call = re.fullmatch(r'cop\("([a-z0-9-]+)",(.*)\)\n', data.decode(), re.DOTALL)
        assert call and f"search/{call[1]}.js" == name and json.loads(call[2]) is not None


def test_an_empty_collection_has_all_files_that_are_asked_for_first(tmp_path: Path) -> None:
    names = copied_site.files_of(build(tmp_path / "site.db").db)
    assert {"search/i.js", "search/g.js", "search/u.js", "search/f.js", "search/w0.js", "search/v0.js"} <= set(names)


def test_files_stay_small(tmp_path: Path) -> None:
    """Whoever searches waits for a few of them."""
    site, rng = build(tmp_path / "site.db"), random.Random(1)
    known = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(3000)]
    with database.writing(site.db):
        for at in range(600):
            text = " ".join(rng.choices(known, k=150))
            site.add("post", f"p{at}", title=" ".join(rng.choices(known, k=6)), text=text, summary=text[:80])
    held = copied_site.files_of(site.db)
    assert max(len(gzip.compress(data)) for data in held.values()) < BIGGEST
    site.add("post", "one-more", title="One more", text="and a word")
    after = copied_site.files_of(site.db)
    changed = {name for name in after if after[name] != held.get(name)}
    assert len(changed) < len(after) / 3, "one more record changes a part of the files"


def test_nobody_whose_consent_has_ended_is_in_a_file(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "open", title="Evening of quilting", text="Everybody came")
    site.add("person", "xanthippe", title="Xanthippe Quillfeather", consent="Said so", consent_until="2026-11-01")
    site.add("person", "later", title="Somebody else", consent="Said so", consent_until="2027-03")
    held = copied_site.files_of(site.db, today=date(2026, 11, 20))
    everything = b"".join(held.values()).lower()
    assert b"xanthippe" not in everything and b"quillfeather" not in everything and b"quilting" in everything
    assert b"somebody" in everything and b"2027-03~" in held["search/i.js"]
    assert b"xanthippe" in b"".join(copied_site.files_of(site.db, today=date(2026, 10, 20)).values()).lower()


def test_nothing_else_of_the_database_is_in_a_file(db: sqlite3.Connection) -> None:
    everything = b"".join(copied_site.files_of(db).values()).decode()
    for (record_id,) in db.execute("SELECT record_id FROM records"):
        assert record_id not in everything


def test_signs_that_turn_a_text_around_are_left_out(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "turned", title="Turned\u202eround", summary="Also \x9bhere", text="and \u202dthere")
    shown = copied_site.files_of(site.db)["search/r0.js"].decode()
    assert "Turnedround" in shown and not re.search("[\x7f-\x9f\u202a-\u202e]", shown)


def test_files_speak_the_language_of_the_copy(db: sqlite3.Connection) -> None:
    polish = copied_site.files_of(db, language="pl")
    assert json.loads(polish["search/u.js"][8:-2])["said"]["remove"] != "remove"
    same = {name for name, data in copied_site.files_of(db).items() if polish[name] == data}
    assert {name for name in polish if re.match(r"search/[wptdeqvbgi]\d*\.js", name)} <= same


# -- in a browser

SEARCH = """async ([typed, chosen, offset]) => {
    const found = window.copSearch;
    await found.ready();
    await found.file("f");
    const question = await found.understand(typed, false);
    const page = await found.pageOf(question, chosen, 20, offset);
    return [page.total, page.numbers, page.types, question ? question.any : false, question ? question.shownFor : ""];
}"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """The real content, with records in other languages."""
    root = tmp_path_factory.mktemp("copied")
    folder = Folder(root / "site", root / "keys", write_ids=False)
    shutil.copytree(CONTENT, folder.content, dirs_exist_ok=True)
    for name, text in OTHERS.items():
        folder.write(f"posts/{name}.md", text)
    folder.load()
    path = folder.site.site_db
    folder.db.close()
    return copied_site.opened(path)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """Strange texts, alike ones, joined words, and more records with a word than are ranked one by one."""
    site, rng = build(tmp_path_factory.mktemp("odd") / "site.db"), random.Random(7)
    known = [
        *" ".join([*SAID, *ODD]).replace('"', " ").split(),
        "subgroup",
        "sub",
        "group",
        "Sub-group",
        "research",
        "word",
    ]
    with database.writing(site.db):
        for at in range(FEW + 300):
            kind = rng.choice(["post", "post", "resource", "word", "topic"])
            title = " ".join(rng.choices(known, k=rng.randint(1, 4))) + rng.choice(["", "", ": a guide", " – part 2"])
            text = " ".join([*rng.choices(known, k=rng.randint(0, 30)), *(["common word"] if at % 7 else [])])
            site.add(
                kind, f"{kind}-{at}", title=title, text=text, summary=" ".join(rng.choices(known, k=4)),
                languages=[rng.choice(["en", "en", "so", "ar", "pl", "xx"])], topics=rng.sample(["one", "two", "three"], 2),
                **({"date": f"2024-{rng.randint(1, 12):02}-10"} if kind == "post" else {}),
            )  # fmt: skip
    return copied_site.opened(site.path)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with copied_site.browser() as context:
        yield context


class Copied:
    """The copy of a site in a browser, beside its database."""

    def __init__(self, db: sqlite3.Connection, folder: Path, chromium: Any) -> None:
        self.db, self.folder = db, folder
        copied_site.write(db, folder)
        self.page = chromium.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.numbers = dict(db.execute("SELECT record_id, number FROM records").fetchall())
        self.open("search.html")

    def open(self, name: str, **asked: Any) -> None:
        """A page of the copy, with what stands behind the "?"."""
        query = f"?{urlencode(asked, doseq=True)}" if asked else ""
        self.page.goto((self.folder / name).as_uri() + query)
        if asked:
            self.page.wait_for_selector("[data-numbers]", state="attached")
        assert not self.wrong

    def found(self, typed: str, chosen: Mapping[str, str], offset: int) -> Any:
        return self.page.evaluate(SEARCH, [typed, chosen, offset])

    def expected(self, typed: str, chosen: Mapping[str, str], offset: int) -> Any:
        found = search(self.db, typed, chosen, offset=offset)
        hits = [self.numbers[hit.record_id] for hit in found.hits]
        types = [list(one) for one in found.counts_by_type.items()]
        return [found.total, hits, types, found.any_word, found.shown_for]


@pytest.fixture(scope="module")
def copied_real(real: sqlite3.Connection, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    return Copied(real, tmp_path_factory.mktemp("real-copy"), chromium)


@pytest.fixture(scope="module")
def copied_odd(odd: sqlite3.Connection, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    return Copied(odd, tmp_path_factory.mktemp("odd-copy"), chromium)


@pytest.mark.e2e
@pytest.mark.parametrize("typed", [*JUDGED, *SAID, *ODD])
def test_a_copy_finds_what_the_server_finds(copied_real: Copied, typed: str) -> None:
    for chosen in ({}, {"type": "resource"}, {"languages": "en", "topics": "sharing-power"}):
        for offset in (0, 20):
            assert copied_real.found(typed, chosen, offset) == copied_real.expected(typed, chosen, offset)


WORDS = [
    *" ".join(SAID).replace('"', "").split(),
    "common",
    "word",
    "subgroup",
    "sub",
    "sub-group",
    "guide",
    "wrod",
    "grup",
    "commn",
]
TYPED = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda some: f'"{" ".join(some)}"'),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map("-".join),
    st.tuples(st.sampled_from(WORDS), st.integers(1, 8)).map(lambda one: one[0][: one[1]]),
    st.tuples(st.sampled_from(WORDS), st.integers(0, 8), st.sampled_from(["", "e", "a", "ss"])).map(
        lambda one: one[0][: one[1]] + one[2] + one[0][one[1] + 1 :]
    ),
    st.lists(st.sampled_from([*ODD, *WORDS]), max_size=9).map(" ".join),
    st.text(max_size=60),
)
CHOSEN = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["post", "resource", "word", "nosuch"]), "topics": st.sampled_from(["one", "three"]),
        "languages": st.sampled_from(["en", "pl", "so"]),
    },
)  # fmt: skip


@pytest.mark.e2e
@given(typed=TYPED, chosen=CHOSEN, offset=st.sampled_from([0, 0, 0, 20, 980]))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_typed_a_copy_finds_the_same(
    copied_odd: Copied, typed: str, chosen: Mapping[str, str], offset: int
) -> None:
    assert copied_odd.found(typed, chosen, offset) == copied_odd.expected(typed, chosen, offset)


@pytest.mark.e2e
@pytest.mark.parametrize("asked", [{"q": "sharing powr"}, {"q": "power", "page": "2"}, {"q": "co-production", "type": "topic"},
                                   {"q": "common word"}, {"q": "<b>power</b> constructor"}, {"q": "المجتمع"}])  # fmt: skip
def test_results_are_shown_as_the_server_shows_them(
    copied_real: Copied, copied_odd: Copied, asked: dict[str, str]
) -> None:
    for copied in (copied_real, copied_odd):
        copied.open("search.html", **asked)
        page = finding.search_page(
            Asked(copied.db, "/search", {name: [one] for name, one in asked.items()}, date.today())
        )
        rows = copied.page.eval_on_selector_all(
            "ol.results > li", "all => all.map(one => [...one.children].map(part => part.innerHTML))"
        )
        shown = [[re.sub(r"<a.*?>|</a>", "", title), meta, " ".join(text.split())] for title, meta, text in rows]
        assert shown == [[_html(one.title), one.meta, _html(one.excerpt)] for one in page.results]
        groups = copied.page.eval_on_selector_all(
            "#found nav details summary", "all => all.map(one => one.textContent)"
        )
        assert groups == [group.label for group in page.groups]
        kept = copied.page.eval_on_selector_all("#found .index li", "all => all.map(one => one.textContent.trim())")
        kinds = [*page.kinds, *(one for group in page.groups for one in group.options)] if page.results else kept
        assert kept == (kept if not page.results else [f"{one.label} {one.count}".strip() for one in kinds])


def _html(text: str) -> str:
    """As a browser writes it."""
    return " ".join(str(text).replace("&#39;", "'").replace("&#34;", '"').split())


@pytest.mark.e2e
def test_a_list_is_narrowed_as_on_the_server(copied_real: Copied) -> None:
    db, rng = copied_real.db, random.Random(3)
    held = [
        (name, kind)
        for name, kind in LISTS.items()
        if db.execute("SELECT 1 FROM records WHERE type = ?", [kind.name]).fetchone()
    ]
    titles = [title for (title,) in db.execute("SELECT title FROM records WHERE type = 'resource'")]
    for _ in range(60):
        name, kind = rng.choice([*held, *[("resources", LISTS["resources"])] * len(held)])
        asked: dict[str, list[str]] = {"sort": [rng.choice(["oldest", "title", "added", "best", "nosuch"])]}
        for field in narrow.fields_of(kind):
            sql = "SELECT DISTINCT value FROM facets WHERE (type, name) = (?, ?)"
            values = (
                ["7", "365"]
                if field.name == "new"
                else [value for (value,) in db.execute(sql, [kind.name, field.name])]
            )
            if values and rng.random() < 0.2:
                asked[narrow.parameter(field.name)] = rng.sample(values, min(len(values), rng.randint(1, 3)))
        if rng.random() < 0.4:
            asked["q"] = [" ".join(rng.choice(titles).split()[: rng.randint(1, 2)])]
        if rng.random() < 0.3:
            asked["page"] = ["2"]
        _assert_same_list(copied_real, name, asked)


def _told(card: Card) -> list[str]:
    """What stands on it, part by part."""
    said = [
        card.title,
        html.unescape(re.sub("<.*?>", "", card.meta)),
        card.summary,
        " ".join(filter(None, card.states)),
        card.gap,
    ]
    return [" ".join(part.split()) if part is not card.summary else part.strip() for part in said if part.strip()]


def _assert_same_list(copied: Copied, name: str, asked: dict[str, list[str]]) -> None:
    copied.open(f"{name}.html", **asked)
    with speaking("en", "en"):
        page = lists.list_page(Asked(copied.db, f"/{name}", asked, date.today()), LISTS[name].name)
    browser = copied.page
    assert browser.inner_text("form.listing h2") == page.count
    titles = browser.eval_on_selector_all("ol.results h3", "all => all.map(one => one.textContent)")
    assert titles == [card.title for card in page.cards]
    parts = browser.eval_on_selector_all(
        "ol.results > li", "all => all.map(one => [...one.childNodes].map(part => part.textContent.trim()))"
    )
    assert [list(filter(None, one)) for one in parts] == [_told(card) for card in page.cards]
    boxes = "all => all.map(one => [one.name, one.value, one.checked, one.parentNode.querySelector('.n').textContent])"
    shown = browser.eval_on_selector_all("form.listing input[type=checkbox]", boxes)
    assert shown == [
        [facet.parameter, one.value, one.chosen, one.count]
        for facet in page.facets
        for one in (*facet.options, *facet.folded)
    ]
    orders = browser.eval_on_selector_all(
        "#sort option", "all => all.map(one => [one.value, one.textContent, one.selected])"
    )
    assert not orders or [one[:2] for one in orders] == [[one.value, one.label] for one in page.orders]


@pytest.mark.e2e
@pytest.mark.parametrize("asked", [{"q": ["workshop"]}, {"kind": ["publication", "workshop"]}, {"topic": ["sharing-power"]}, {"page": ["2"]},
                                   {"page": ["3"], "q": ["research"]}, {"q": ["xyzzy"]}, {"new": ["7"], "added_by": ["community"]}])  # fmt: skip
def test_events_are_narrowed_as_on_the_server(copied_real: Copied, asked: dict[str, list[str]]) -> None:
    copied_real.open("events.html", **asked)
    with speaking("en", "en"):
        page: Any = event_lists.events_page(Asked(copied_real.db, "/events", asked, date.today()))
    titles = copied_real.page.eval_on_selector_all("[data-results] h3", "all => all.map(one => one.textContent)")
    coming = [one for month in page.months for one in month.events]
    assert titles == [one.card.title for one in (*coming, *page.open, *page.past)]
    boxes = "all => all.map(one => [one.value, one.checked, one.parentNode.querySelector('.n').textContent])"
    shown = copied_real.page.eval_on_selector_all("main input[type=checkbox]", boxes)
    options = (one for facet in page.facets for one in (*facet.options, *facet.folded))
    assert shown == [[one.value, one.chosen, one.count] for one in options]


@pytest.mark.e2e
@pytest.mark.parametrize("address", ["search.html?q=sharing+powr&topic=sharing-power", "search.html?q=xyzzy+participation&type=note", "search.html",
                                     "resources.html?topic=sharing-power&sort=title", "events.html?kind=workshop"])  # fmt: skip
def test_what_is_shown_can_be_read_by_everyone(copied_real: Copied, address: str) -> None:
    page = copied_real.page
    for width, dark in ((320, True), (1280, False)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto((copied_real.folder / "search.html").as_uri().removesuffix("search.html") + address)
        if "?" in address:
            page.wait_for_selector("[data-numbers]", state="attached")
        assert page.evaluate(NARROW_IS_WRONG) == []
        page.evaluate(AXE_PROGRAM)
        wrong = page.evaluate(
            "async () => (await axe.run()).violations.map(one => [one.id, one.nodes.map(node => node.html)])"
        )
        assert wrong == []
    page.set_viewport_size({"width": 1280, "height": 800})
    copied_real.wrong.clear()  # axe tries to read the style sheet, and from file:// it may not


@pytest.mark.e2e
def test_the_way_back_leads_to_what_was_searched_before(copied_real: Copied) -> None:
    copied_real.open("search.html", q="power")
    copied_real.page.click("#found nav ul a")
    copied_real.page.wait_for_selector("ul.chosen")
    copied_real.page.wait_for_url("**type=**")
    copied_real.page.go_back()
    copied_real.page.wait_for_selector("[data-numbers]", state="attached")
    assert copied_real.page.query_selector("ul.chosen") is None and copied_real.page.input_value("#q") == "power"
    assert copied_real.page.inner_text("#told").endswith("found")


@pytest.mark.e2e
def test_an_old_copy_finds_nobody_whose_consent_has_ended_since(chromium: Any, tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("person", "hodan", title="Hodan Warsame", consent="Said so", consent_until="2127-03")
    site.add("post", "hodan-writes", title="Hodan writes")
    copied_site.write(site.db, tmp_path / "copy")
    page = chromium.new_page()
    for day, total in (("2127-03-31", 2), ("2127-04-01", 1)):
        page.clock.set_fixed_time(f"{day}T12:00:00")
        page.goto((tmp_path / "copy" / "search.html").as_uri() + "?q=hodan")
        page.wait_for_selector("[data-numbers]", state="attached")
        assert json.loads(page.get_attribute("#found", "data-numbers"))[0] == total
    page.close()


@pytest.mark.e2e
def test_a_copy_that_lacks_a_file_says_so(real: sqlite3.Connection, chromium: Any, tmp_path: Path) -> None:
    copied_site.write(real, tmp_path)
    for one in (tmp_path / "search").glob("w*.js"):
        one.unlink()
    page = chromium.new_page()
    page.goto((tmp_path / "search.html").as_uri() + "?q=power")
    page.wait_for_selector("#broken:not([hidden])")
    assert "missing" in page.inner_text("main")


def test_without_a_script_the_page_says_so_and_leads_to_the_lists(real: sqlite3.Connection, tmp_path: Path) -> None:
    copied_site.write(real, tmp_path)
    page = (tmp_path / "search.html").read_text("utf-8")
    assert "<noscript>" in page and 'href="topics"' in page and 'href="resources"' in page
    assert understand(real, "power") is not None


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["search.html", "resources.html"])
def test_behind_the_last_page_stands_the_last_one(copied_real: Copied, name: str) -> None:
    copied_real.open(name, q="power", page="99")
    assert copied_real.page.locator("ol.results li").count() > 0
