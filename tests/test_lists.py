"""Lists give the same whatever way their records are found: as bits, by walking in order, by reading few rows."""

import doctest
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_site import SiteBuilder, build

from cop import number_sets, schema, site_tables
from cop.fields import TYPES
from cop.web import lists, narrow
from cop.web.narrow import Wanted

KINDS, TOPICS, LANGUAGES = ["toolkit", "report", "paper"], ["power", "meetings", "trust", "data"], ["en", "so", "ar"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SiteBuilder, list[dict[str, Any]]]:
    site, rng, records = build(tmp_path_factory.mktemp("lists") / "data" / "site.db"), random.Random(5), []
    with schema.writing(site.db):
        for at in range(300):
            record = {"title": f"{rng.choice('aBcD')} {at % 7}", "year": rng.choice([2001, 2010, 2020]), "kind": rng.choice(KINDS),
                      "topics": rng.sample(TOPICS, rng.randint(0, 3)), "languages": rng.sample(LANGUAGES, 1)}  # fmt: skip
            number = len(site.numbers) + 1
            site.add("resource", f"r{at}", **record)
            site.add("post", f"p{at}", title="A post", topics=record["topics"])
            records.append({**record, "number": number, "record_id": f"{number:026d}"})
    return site, records


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "topics": st.lists(st.sampled_from([*TOPICS, "unknown"]), min_size=1, max_size=3, unique=True).map(tuple),
        "kind": st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True).map(tuple),
        "languages": st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=2, unique=True).map(tuple),
    },
)


def fits(record: dict[str, Any], chosen: dict[str, tuple[str, ...]]) -> bool:
    def values(name: str) -> set[str]:
        value = record[name]
        return set(value) if isinstance(value, list) else {value}

    return all(values(name) & set(wanted) for name, wanted in chosen.items())


@given(
    chosen=CHOICES,
    order=st.sampled_from(["", "title"]),
    few=st.sampled_from([0, 50, 1000]),
    offset=st.sampled_from([0, 20, 290]),
)
def test_a_page_of_a_list_is_what_a_plain_look_at_all_records_gives(
    made: tuple[SiteBuilder, list[dict[str, Any]]],
    chosen: dict[str, tuple[str, ...]],
    order: str,
    few: int,
    offset: int,
) -> None:
    site, records = made
    fitting = sorted(
        (one for one in records if fits(one, chosen)), key=lambda one: (one["title"].lower(), one["record_id"])
    )
    if not order:
        fitting.sort(key=lambda one: -one["year"])
    want = Wanted(TYPES["resource"], "", None, chosen, order, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "FEW", few)
        found = [row["number"] for row in lists.rows(site.db, want, 20, offset)]
    assert found == [one["number"] for one in fitting][offset : offset + 20]
    everything = narrow.selected(site.db, want)
    assert (300 if everything is None else len(everything)) == len(fitting)


@given(chosen=CHOICES, words=st.booleans())
def test_counts_say_how_many_each_further_choice_would_leave(
    made: tuple[SiteBuilder, list[dict[str, Any]]], chosen: dict[str, tuple[str, ...]], words: bool
) -> None:
    site, records = made
    found = "[" + ", ".join(str(number) for number in range(1, 400)) + "]" if words else None
    want = Wanted(TYPES["resource"], "x" * words, found, chosen, "", 1)
    for facet in narrow.facet_list(site.db, want):
        name = {"topic": "topics", "language": "languages"}.get(facet.parameter, facet.parameter)
        others = {one: values for one, values in chosen.items() if one != name}
        for option in (*facet.options, *facet.folded):
            expected = [
                one for one in records
                if fits(one, others) and fits(one, {name: (option.value,)} if name != "year" else {})
                and (name != "year" or str(one["year"]) == option.value) and (not words or one["number"] < 400)
            ]  # fmt: skip
            assert option.count == str(len(expected))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60_000), st.sampled_from("ab")), max_size=40))
def test_the_bits_stay_in_step_with_the_records(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    db = schema.open_site(Path(tmp_path_factory.mktemp("bits")) / "site.db")
    held: dict[str, set[int]] = {"a": set(), "b": set()}
    for adds, number, value in steps:
        facet = ("resource", "topics", value, number)
        if adds and number not in held[value]:
            held[value].add(number)
            site_tables._count(db, [facet])
        elif not adds and number in held[value]:
            held[value].remove(number)
            site_tables._uncount(db, [facet])
    for value, numbers in held.items():
        assert set(narrow._members(db, "resource", "topics", (value,))) == numbers
        row = db.execute("SELECT n FROM facet_counts WHERE value = ?", [value]).fetchone()
        assert (row[0] if row else 0) == len(numbers)
    assert db.execute("SELECT count(*) FROM facet_numbers WHERE length(bits) = 0").fetchone()[0] == 0
    db.close()


@given(st.sets(st.integers(0, 100_000)), st.sets(st.integers(0, 100_000)))
def test_sets_of_numbers_are_sets(one: set[int], other: set[int]) -> None:
    a, b = number_sets.of(one), number_sets.of(other)
    assert (list(a), set(a & b), set(a | b), set(a - b)) == (sorted(one), one & other, one | other, one - other)
    assert len(a) == len(one) and all(number in a for number in one) and (5 in a) == (5 in one)


def test_the_examples_in_docstrings_are_true() -> None:
    found = doctest.testmod(number_sets)
    assert found.attempted and not found.failed
