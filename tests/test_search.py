"""Searching: what is found, in which order, and that nothing typed is an error."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import build, example

from cop import schema
from cop.search import COUNT_LIMIT, MARK_OFF, MARK_ON, mark, numbers, parse, search


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return example(tmp_path_factory.mktemp("search") / "site.db").db


def slugs(db: sqlite3.Connection, words: str, **only: str) -> list[str]:
    return [hit.slug for hit in search(db, words, **only).hits]


def test_a_word_in_the_title_counts_more_than_in_the_text(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("post", "text", title="Something else", text="childcare " * 3)
    site.add("post", "title", title="Childcare")
    assert slugs(site.db, "childcare") == ["title", "text"]


def test_all_words_are_wanted_first(db: sqlite3.Connection) -> None:
    assert slugs(db, "power meetings") == ["guidance-2021", "guidance-2018"]
    assert not search(db, "power meetings").any_word


def test_if_nothing_has_all_words_some_of_them_will_do(db: sqlite3.Connection) -> None:
    found = search(db, "childcare kalathil zebra")
    assert found.any_word and [hit.slug for hit in found.hits] == ["rose-2019"]


def test_the_last_word_may_be_a_beginning(db: sqlite3.Connection) -> None:
    assert "guidance-2018" in slugs(db, "co-produc")
    assert search(db, "guid kalathil").any_word  # only the last


def test_words_in_quotes_stand_side_by_side(db: sqlite3.Connection) -> None:
    assert slugs(db, '"kinds of power"') == ["power"]
    assert slugs(db, '"power of kinds"') == []


def test_accents_and_other_scripts_are_found(db: sqlite3.Connection, tmp_path: Path) -> None:
    assert slugs(db, "المشترك") == ["dalil"]
    site = build(tmp_path / "site.db")
    site.add("post", "cafe", title="Café Zoë")
    assert slugs(site.db, "cafe zoe") == ["cafe"]


def test_kind_and_topic_narrow_but_counts_stay(db: sqlite3.Connection) -> None:
    found = search(db, "power", type="post")
    assert [hit.type for hit in found.hits] == ["post"] and found.total == 1
    assert found.counts_by_type["resource"] == 3
    assert set(slugs(db, "guidance", topic="meetings")) == {"guidance-2021"}


@pytest.mark.parametrize(
    "typed",
    ['"', "*", "AND", "NEAR(", "a AND", "power OR", "NOT power", "title:power", "(", "^", "-", "{", "😀", "", "  ", "\0", "po\0wer",
     "'; DROP TABLE records; --", "x" * 10_000, '"' * 999, "power " * 5000, "\ud800", "col : x", "\u202epower", "%", "power*"],
)  # fmt: skip
def test_nothing_typed_is_an_error(db: sqlite3.Connection, typed: str) -> None:
    search(db, typed, type="resource", topic="meetings")
    search(db, typed)
    numbers(db, typed)


@given(st.text(max_size=60))
def test_no_text_is_an_error(typed: str) -> None:
    query = parse(typed)
    database = _EMPTY
    for expression in (query.all_words(), query.all_words(begins=True), query.any_word()):
        if expression:
            database.execute("SELECT * FROM words WHERE words MATCH ?", (expression,)).fetchall()


_EMPTY = sqlite3.connect(":memory:", check_same_thread=False)
_EMPTY.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
_EMPTY.execute("INSERT INTO words VALUES ('some words')")


def test_found_words_are_marked_in_title_and_excerpt(db: sqlite3.Connection) -> None:
    hit = search(db, "power", type="post").hits[0]
    assert hit.title == f"Three kinds of {MARK_ON}power{MARK_OFF}"
    assert f"{MARK_ON}power{MARK_OFF}" in hit.excerpt


def test_the_excerpt_shows_no_keywords(db: sqlite3.Connection) -> None:
    hits = {hit.slug: hit for hit in search(db, "sharing").hits}
    assert hits["rose-2019"].excerpt == "Doubts."


def test_marks_come_in_pairs_whatever_the_data_holds() -> None:
    assert mark("\x03a\x02b\x02c\x03\x02", "<", ">") == "ab<c>"


def test_counting_stops(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    with schema.writing(site.db):
        for at in range(COUNT_LIMIT + 50):
            site.add("post", f"p{at}", title="Same word")
    found = search(site.db, "word", limit=5)
    assert found.capped and found.total == COUNT_LIMIT and len(found.hits) == 5


def test_pages_follow_each_other(db: sqlite3.Connection) -> None:
    first, second = search(db, "paper", limit=5), search(db, "paper", limit=5, offset=5)
    assert not {hit.slug for hit in first.hits} & {hit.slug for hit in second.hits}
    assert first.total == 25


def test_numbers_for_lists_come_best_first(db: sqlite3.Connection) -> None:
    assert numbers(db, "!!!") is None
    assert numbers(db, "zebra") == ()
    assert len(numbers(db, "pap") or ()) == 25
