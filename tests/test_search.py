"""Searching: what is found, in which order, and that nothing typed is an error."""

import json
import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import Folder
from hypothesis import given, settings
from hypothesis import strategies as st
from web_site import build, example, serve

from cop import database, search_index, site_schema, views
from cop.cli import cli
from cop.excerpts import MARK_OFF, MARK_ON, excerpt, mark, marked
from cop.questions import FEW, understand
from cop.search import numbers, options, page_of, search


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return example(tmp_path_factory.mktemp("search") / "site.db").db


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """More records than are ranked one by one."""
    site = build(tmp_path_factory.mktemp("many") / "site.db")
    with database.writing(site.db):
        for at in range(FEW + 50):
            languages = ["so"] if at % 10 == 0 else ["en"]
            site.add("post", f"p{at}", title=f"Post number {at}", text="a common word", languages=languages)
        site.add("resource", "in-title", title="The word in a title", text="common")
        site.add("topic", "word", title="Common word", text="common word")
    return site.db


def slugs(db: sqlite3.Connection, words: str, **only: str) -> list[str]:
    return [hit.slug for hit in search(db, words, only).hits]


# -- the order


def test_a_word_in_the_title_counts_more_than_in_the_text(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "text", title="Something else", text="childcare " * 3)
    site.add("post", "title", title="Childcare")
    assert slugs(site.db, "childcare") == ["title", "text"]


def test_the_title_that_was_typed_comes_first(db: sqlite3.Connection) -> None:
    assert slugs(db, "sharing of power")[0] == "sharing"
    assert slugs(db, "sharing power")[0] == "sharing-power"


def test_the_order_does_not_depend_on_the_order_of_filing(tmp_path: Path) -> None:
    found = []
    for seed in range(5):
        site = build(tmp_path / f"{seed}.db")
        titles = [f"{one} paper" for one in ("Red", "Green", "Blue", "Black")]
        random.Random(seed).shuffle(titles)
        for title in titles:
            site.add("post", title.partition(" ")[0].lower(), title=title, date="2026-01-01")
        found.append(slugs(site.db, "paper"))
    assert all(one == ["black", "blue", "green", "red"] for one in found)


def test_of_very_many_those_with_the_words_in_the_title_come_first(many: sqlite3.Connection) -> None:
    found = search(many, "common word")
    assert found.total == FEW + 52 and found.hits[0].slug == "word"
    assert slugs(many, "word")[:2] == ["word", "in-title"]


# -- what is read


@pytest.fixture(scope="module")
def filled_in(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """Records whose words stand in other fields than title, summary and text."""
    site = build(tmp_path_factory.mktemp("filled") / "site.db")
    site.add(
        "event", "evening", title="Evening", access_provided=["step-free", "hearing-loop"], childcare="Yes, next door", freephone=True,
        status="cancelled", status_note="Snow on the hill", roles=[{"name": "Yasmin", "role": "quiet-voices"}],
        booking="At https://forms.example.org/zebra, or tell Tom", meeting_link="https://video.example.org/secret",
        agenda={"sha256": "ab" * 32, "name": "agenda.pdf", "size": 3, "title": "What we talk about"}, unheard="of",
    )  # fmt: skip
    site.add("technique", "rounds", title="Rounds", purpose="To hear everybody", access_notes="Needs no reading")
    site.add("opportunity", "job", title="Assistant", pay="£12 an hour", kind="paid-role", no_degree_needed=True)
    site.add("person", "hodan", title="Hodan", offers=["Cooking"], consent="Said so to Amina")
    site.add("event", "other", title="Other", freephone=False, access_needs_asked=True)
    return site.db


@pytest.mark.parametrize(
    ("typed", "slug"),
    [("step-free", "evening"), ("step free", "evening"), ("hearing loop", "evening"), ("childcare", "evening"), ("next door", "evening"),
     ("snow", "evening"), ("cancelled", "evening"), ("yasmin", "evening"), ("quiet voices", "evening"), ("free phone line", "evening"),
     ("what we talk about", "evening"), ("tell Tom", "evening"), ("hear everybody", "rounds"), ("needs no reading", "rounds"),
     ("£12", "job"), ("pay", "job"), ("no degree needed", "job"), ("paid role", "job"), ("cooking", "hodan")],
)  # fmt: skip
def test_what_people_filled_in_is_found(filled_in: sqlite3.Connection, typed: str, slug: str) -> None:
    found = search(filled_in, typed)
    assert [hit.slug for hit in found.hits] == [slug] and not found.shown_for and not found.any_word


@pytest.mark.parametrize("typed", ["zebra", "abababababab", "secret", "unheard", "amina", "pdf"])
def test_addresses_hashes_and_what_no_page_shows_are_not_read(filled_in: sqlite3.Connection, typed: str) -> None:
    assert understand(filled_in, typed, as_typed=True) is None


def test_the_excerpt_says_which_field_it_is(filled_in: sqlite3.Connection) -> None:
    (hit,) = search(filled_in, "childcare").hits
    assert f"· {MARK_ON}Childcare{MARK_OFF}: Yes, next door ·" in hit.excerpt


# -- how many


def test_all_words_are_wanted_first(db: sqlite3.Connection) -> None:
    assert slugs(db, "power meetings") == ["guidance-2021", "guidance-2018"]
    assert not search(db, "power meetings").any_word


def test_if_nothing_has_all_words_some_of_them_will_do(db: sqlite3.Connection) -> None:
    found = search(db, "childcare kalathil zebra")
    assert found.any_word and "rose-2019" in [hit.slug for hit in found.hits]


def test_of_three_words_two_are_better_than_one(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "one", title="Apples")
    site.add("post", "two", title="Apples and pears")
    site.add("post", "other", title="Plums")
    found = search(site.db, "apples pears plums")
    assert found.any_word and [hit.slug for hit in found.hits] == ["two"]


def test_small_words_need_not_be_there(db: sqlite3.Connection) -> None:
    assert "sharing" in slugs(db, "how to do the sharing of power")[:2]


def test_the_last_word_may_be_a_beginning(db: sqlite3.Connection) -> None:
    assert "guidance-2018" in slugs(db, "co-produc")
    assert "guidance-2018" in slugs(db, "guid")
    assert "rose-2019" in slugs(db, "rose kala")


def test_words_in_quotes_stand_side_by_side(db: sqlite3.Connection) -> None:
    assert slugs(db, '"kinds of power"') == ["power"]
    assert slugs(db, '"power of kinds"') == []


def test_kind_topic_and_language_narrow_but_counts_stay(db: sqlite3.Connection) -> None:
    found = search(db, "power", {"type": "post"})
    assert [hit.type for hit in found.hits] == ["post"] and found.total == 1
    assert found.counts_by_type["resource"] == 3
    assert set(slugs(db, "guidance", topics="meetings")) == {"guidance-2021"}
    assert slugs(db, "دليل", languages="ar") == ["dalil"] and slugs(db, "دليل", languages="en") == []
    assert search(db, "power", {"type": "nosuch"}).total == 0


def test_counts_are_exact_even_of_very_many(many: sqlite3.Connection) -> None:
    found = search(many, "word")
    assert dict(found.counts_by_type) == {"post": FEW + 50, "resource": 1, "topic": 1}
    assert search(many, "word", {"languages": "so"}).total == (FEW + 50) // 10
    assert options(many, understand(many, "word"), {}, "languages") == {"en": None, "so": None}
    assert options(many, understand(many, "word"), {"languages": "so"}, "type") == {"post": None}


def test_options_lead_to_what_they_count(db: sqlite3.Connection) -> None:
    question = understand(db, "guidance")
    for name in search_index.FILTERS:
        for value, count in options(db, question, {}, name).items():
            assert page_of(db, question, {name: value}).total == count


def test_pages_follow_each_other(db: sqlite3.Connection, many: sqlite3.Connection) -> None:
    first, second = search(db, "paper", limit=5), search(db, "paper", limit=5, offset=5)
    assert not {hit.slug for hit in first.hits} & {hit.slug for hit in second.hits}
    assert first.total == 25
    pages = [hit.slug for at in range(0, 200, 20) for hit in search(many, "word", offset=at).hits]
    assert len(set(pages)) == 200


def test_numbers_for_lists_come_best_first(db: sqlite3.Connection) -> None:
    assert numbers(db, "!!!") is None
    assert numbers(db, "zebra") == ()
    assert len(numbers(db, "pap") or ()) == 25
    assert len(numbers(db, "power", "post") or ()) == 1


# -- what is shown


def test_found_words_are_marked_in_title_and_excerpt(db: sqlite3.Connection) -> None:
    hit = search(db, "power", {"type": "post"}).hits[0]
    assert hit.title == f"Three kinds of {MARK_ON}power{MARK_OFF}"
    assert f"{MARK_ON}power{MARK_OFF}" in hit.excerpt


def test_other_forms_of_a_word_are_marked_too() -> None:
    keys = frozenset({"coproduc", "cafe"})
    assert mark(marked("Co-producing in a Café", "en", keys), "<", ">") == "<Co-producing> in a <Café>"


def test_an_excerpt_shows_where_most_words_are() -> None:
    text = "share. " + "other words " * 60 + "so they share power here, " + "and more " * 60
    found = mark(excerpt(text, "en", frozenset({"shar", "power"})), "<", ">")
    assert "<share> <power> here" in found and found.startswith("… ") and found.endswith(" …") and len(found) < 300


def test_an_excerpt_of_a_text_without_spaces_is_short() -> None:
    assert len(excerpt("word" + "x-" * 10_000, "en", frozenset({"word"}))) < 500
    assert len(excerpt("研究" * 5000, "zh", frozenset({"研"}))) < 5000


def test_the_excerpt_shows_no_keywords(db: sqlite3.Connection) -> None:
    hits = {hit.slug: hit for hit in search(db, "sharing").hits}
    assert hits["rose-2019"].excerpt == "Doubts."


def test_marks_come_in_pairs_whatever_the_data_holds() -> None:
    assert mark("\x03a\x02b\x02c\x03\x02", "<", ">") == "ab<c>"
    assert marked("\x02<b>\x03 word", "en", frozenset({"word"})) == "<b> \x02word\x03"


# -- nothing typed is an error

ODD = ['"', "*", "AND", "NEAR(", "a AND", "power OR", "NOT power", "title:power", "(", "^", "-", "{", "😀", "", "  ", "\0", "po\0wer",
       "'; DROP TABLE records; --", "x" * 10_000, '"' * 999, "power " * 5000, "\ud800", "col : x", "\u202epower", "%", "power*",
       "marks : type", "type·post", "a-" * 5000, "研究" * 500, "e\u0301" * 3000, "½ ﬃ İ ẞ ǆ", "ـــ", "\u0940\u0941", "co co co co"]  # fmt: skip


@pytest.mark.parametrize("typed", ODD)
def test_nothing_typed_is_an_error(db: sqlite3.Connection, many: sqlite3.Connection, typed: str) -> None:
    for one in (db, many):
        search(one, typed, {"type": "resource", "topics": "meetings"})
        search(one, typed)
        numbers(one, typed)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return serve(example(tmp_path_factory.mktemp("page") / "site.db").path).client


@given(
    st.one_of(st.text(max_size=80), st.lists(st.sampled_from([*ODD, "power", "co-production", "shring"]), max_size=9).map(" ".join)),
    st.sampled_from(["", "post", "nosuch", '"']),
)  # fmt: skip
@settings(max_examples=150)
def test_no_text_is_an_error(db: sqlite3.Connection, typed: str, only: str) -> None:
    found = search(db, typed, {"type": only, "topics": only})
    assert found.total >= len(found.hits)
    for name in search_index.FILTERS:
        options(db, understand(db, typed), {"kind": only}, name)


@pytest.mark.parametrize("typed", ODD)
async def test_any_question_gives_a_page(client: Any, typed: str) -> None:
    await client.ds.invoke_startup()
    for more in ({}, {"type": typed, "topic": typed}, {"exact": "1", "page": "9999", "kind": '"'}):
        asked = {
            name: value.encode("utf-8", "replace").decode()[:2000] for name, value in ({"q": typed} | more).items()
        }
        answer = await client.get("/search", params=asked)
        assert answer.status_code == 200 and "<h1>" in answer.text and len(answer.content) < 40_000


async def test_too_many_filters_are_no_dead_end(client: Any) -> None:
    await client.ds.invoke_startup()
    page = (await client.get("/search?q=power&topic=meetings&type=word")).text
    assert "Nothing found" in page and "search?q=power&amp;type=post" in page and "(7)" in page
    assert "We looked in all" not in page
    assert 'href="search?q=power&amp;topic=meetings">remove' in page and 'href="search?q=power">Remove all' in page


async def test_where_nothing_is_found_there_are_words_topics_and_people_to_go_on_with(client: Any) -> None:
    await client.ds.invoke_startup()
    page = (await client.get("/search?q=qqqq+meetigns&exact=1")).text
    assert "Nothing found" in page and 'href="search?q=meetings"' in page
    assert 'href="topics/sharing-power"' in page and 'href="topics"' in page
    assert "Ask the group" in page and 'href="add"' in page and 'href="organisations"' in page


async def test_what_was_looked_for_instead_is_said_and_can_be_undone(client: Any) -> None:
    await client.ds.invoke_startup()
    page = (await client.get("/search?q=pwoer&type=post")).text
    assert (
        "Showing results for “<bdi>power</bdi>”" in page and 'href="search?q=pwoer&amp;type=post&amp;exact=1"' in page
    )
    assert "Nothing found for “<bdi>pwoer</bdi>”" in (await client.get("/search?q=pwoer&exact=1")).text


async def test_filters_in_force_are_open_and_can_be_taken_away(client: Any) -> None:
    await client.ds.invoke_startup()
    page = (await client.get("/search?q=guidance&topic=meetings&kind=guidance")).text
    assert "<details open>" in page and '<b aria-current="true">Meetings</b>' in page
    assert 'href="search?q=guidance&amp;kind=guidance">All</a>' in page


async def test_hostile_texts_find_no_way_into_the_page(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    bad = "<script>alert(1)</script> \x02<img src=x onerror=alert(1)>\x03 needle"
    site.add("post", "bad", title=bad, summary="no", text=f"{bad} needle", languages=["so"], topics=[bad], kind=bad)
    site.add("post", "other", title=f"needle {bad}", summary=bad, topics=["x"])
    datasette = serve(site.path)
    await datasette.invoke_startup()
    for typed in ("needle", "script needle", bad, "neddle <b>"):
        page = (await datasette.client.get("/search", params={"q": typed, "topic": ""})).text
        assert (
            "<script>alert" not in page
            and "<img src=x" not in page
            and "<b>" not in page.replace('<b aria-current="true">', "")
        )
        assert page.count("<mark>") == page.count("</mark>")


# -- the index stays in step


def index_of(folder: Folder) -> tuple[list[Any], list[Any]]:
    """Everything in the index, by record, and all words."""
    public = site_schema.open_site(folder.site.site_db)
    try:
        ids = dict(public.execute("SELECT number, record_id FROM records").fetchall())
        public.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, records_fts, instance)")
        terms = [
            (ids[row[1]], *row[2:], row[0]) for row in public.execute("SELECT term, doc, col, offset FROM temp.terms")
        ]
        public.execute("INSERT INTO records_fts (records_fts) VALUES ('integrity-check')")
        return sorted(terms), [tuple(row) for row in public.execute("SELECT * FROM search_words ORDER BY plain, word")]
    finally:
        public.close()


TEXTS = ["Co-producing\u00a0health care", "Café ½ ﬁne research", "المجتمع والبحث", "Społeczność współpracy", "nothing"]


def test_after_edits_the_index_is_as_if_made_anew(folder: Folder) -> None:
    for at, text in enumerate(TEXTS * 3):
        folder.write(
            f"posts/p{at}.md",
            f"---\ntitle: Number {at}\nlanguages: [{'pl' if at % 2 else 'en'}]\ntopics: [a{at}]\n---\n{text}\n",
        )
    folder.load()
    folder.write("posts/p1.md", "---\ntitle: Other words\ntopics: [b]\n---\nWith Other text.\n")
    folder.write("posts/p2.md", "---\ntitle: Number 2\nlanguages: [so]\nshare: own\n---\nHidden now.\n")
    folder.load()
    edited = index_of(folder)
    views.rebuild(folder.site, folder.db)
    assert index_of(folder) == edited
    assert not any(row[1] == "hidden" for row in edited[1]) and any(
        row[1] == "other" and row[3] == 2 for row in edited[1]
    )


def test_a_refresh_that_was_killed_counts_its_words_anew(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "BATCH", 2)
    for at, text in enumerate(TEXTS):
        folder.write(f"posts/p{at}.md", f"---\ntitle: Number {at}\n---\n{text}\n")
    with monkeypatch.context() as killed:
        calls: Iterator[int] = iter(range(9))
        write = search_index.Counting.write

        def dies(self: search_index.Counting, *arguments: Any, **named: Any) -> None:
            if next(calls) == 2:
                raise KeyboardInterrupt
            write(self, *arguments, **named)

        killed.setattr(search_index.Counting, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            folder.load()
    views.refresh(folder.site, folder.db)
    after = index_of(folder)
    views.rebuild(folder.site, folder.db)
    assert index_of(folder) == after and after[1]


# -- the same in the terminal


async def test_the_terminal_finds_what_the_page_finds(folder: Folder) -> None:
    for at, title in enumerate(["Sharing power", "Powerful questions", "Notes", "Meeting in the park"]):
        folder.write(f"posts/p{at}.md", f"---\ntitle: {title}\ntopics: [power]\n---\nWho has power in meetings?\n")
    folder.load()
    datasette = serve(folder.site.site_db)
    await datasette.invoke_startup()
    for typed in ("power", "pwoer", "sharing meetings", "park zebra", "nothing-like-it"):
        done = CliRunner().invoke(cli, ["--site", str(folder.site.root), "search", "--json", *typed.split()])
        page = (await datasette.client.get("/search", params={"q": typed})).text
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        found = re.findall(r'<h3.*?href="(posts/[^"]+)"', page)
        assert [f"posts/{hit['slug']}" for hit in told["hits"]] == found and (f"{told['total']} found" in page) == bool(
            found
        )
        assert (told["shown_for"] == "power") == (typed == "pwoer")


def test_a_site_of_another_version_is_not_searched(folder: Folder) -> None:
    folder.write("posts/p.md", "---\ntitle: Power\n---\n")
    folder.load()
    with sqlite3.connect(folder.site.site_db) as public:
        public.execute("PRAGMA user_version = 3")
    done = CliRunner().invoke(cli, ["--site", str(folder.site.root), "search", "power"])
    assert done.exit_code == 2 and "cop load" in done.output
