"""Merging when reading: pure, without a clock, the same in every order."""

import random
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cop import merge
from cop.merge import History, three_way
from cop.model import OWN, PARTNERS, PUBLIC, Patch, RecordView, Revision, Value
from cop.signing import sha256

WRITERS = [sha256(b"w%d" % at) for at in range(3)]


def rev(
    name: str, *parents: str, audience: int = PUBLIC, kind: str = "post", added: dict[str, tuple[str, ...]] | None = None,
    removed: dict[str, tuple[str, ...]] | None = None, **fields: Value,
) -> Revision:  # fmt: skip
    """A revision called `name`, made from others."""
    patch = Patch(kind, fields, added or {}, removed or {})
    return Revision(
        sha256(name.encode()), tuple(sha256(p.encode()) for p in parents), audience, patch, WRITERS[0],
        sha256(b"e" + name.encode()), "change", 0, 0,
    )  # fmt: skip


def merged(*revisions: Revision, widest: int = OWN) -> RecordView:
    """The view, after a look that every order gives the same."""
    view = merge.merge(revisions, widest)
    assert view is not None
    for order in list(permutations(revisions))[:24]:
        assert merge.merge(order, widest) == view
    return view


def test_a_later_value_replaces_the_earlier_one() -> None:
    view = merged(rev("a", title="A", summary="s"), rev("b", "a", title="B"))
    assert view.fields == {"title": "B", "summary": "s"} and not view.conflicts and view.heads == (sha256(b"b"),)


def test_different_fields_merge() -> None:
    view = merged(rev("a", title="A", summary="s"), rev("b", "a", title="B"), rev("c", "a", summary="t"))
    assert view.fields == {"title": "B", "summary": "t"} and not view.conflicts and len(view.heads) == 2


def test_the_same_field_is_a_conflict_with_all_values() -> None:
    revisions = [rev("a", title="A"), *(rev(name, "a", title=name.upper()) for name in "bcde")]
    view = merged(*revisions)
    assert next(v.value for v in view.conflicts["title"]) == view.fields["title"]
    assert {v.value for v in view.conflicts["title"]} == {"B", "C", "D", "E"}


def test_the_same_value_on_both_sides_is_no_conflict() -> None:
    assert not merged(rev("a", title="A"), rev("b", "a", title="B"), rev("c", "a", title="B")).conflicts


def test_true_and_one_are_not_the_same() -> None:
    assert len(merged(rev("a"), rev("b", "a", x=1), rev("c", "a", x=True)).conflicts["x"]) == 2


def test_a_value_and_none_are_a_conflict_that_shows_the_value() -> None:
    view = merged(rev("a", title="A"), rev("b", "a", title=None), rev("c", "a", title="C"))
    assert view.fields["title"] == "C" and [v.value for v in view.conflicts["title"]] == ["C", None]


def test_a_save_that_names_all_heads_settles_it() -> None:
    view = merged(
        rev("a", title="A"), rev("b", "a", title="B"), rev("c", "a", title="C"), rev("d", "b", "c", title="D")
    )
    assert view.fields["title"] == "D" and not view.conflicts and view.heads == (sha256(b"d"),)


def test_claimed_time_decides_nothing() -> None:
    early, late = rev("b", "a", title="B"), rev("c", "a", title="C")
    shown = merged(rev("a", title="A"), early, late)
    turned = merged(rev("a", title="A"), replace(early, claimed_time=2**40), replace(late, claimed_time=-(2**40)))
    assert turned.fields == shown.fields and list(turned.conflicts) == list(shown.conflicts)


def test_sets_merge_by_what_was_added_and_removed() -> None:
    base = rev("a", added={"topics": ("x", "y")})
    view = merged(base, rev("b", "a", added={"topics": ("z",)}), rev("c", "a", removed={"topics": ("x",)}))
    assert view.fields["topics"] == ["y", "z"] and not view.conflicts


def test_a_word_added_and_removed_at_once_stays() -> None:
    base = rev("a", added={"topics": ("x",)})
    gone = rev("b", "a", removed={"topics": ("x",)})
    back = rev("c", "b", added={"topics": ("x",)})
    assert merged(base, gone).fields.get("topics") is None
    assert merged(base, gone, back).fields["topics"] == ["x"]
    assert merged(base, rev("d", "a", removed={"topics": ("x",)}), rev("e", "a", added={"topics": ("x",)})).fields[
        "topics"
    ] == ["x"]


def test_fields_that_belong_together_ask_for_a_look() -> None:
    base = rev("a", kind="event", start="2026", place="Bristol", title="T")
    view = merged(base, rev("b", "a", kind="event", start="2027"), rev("c", "a", kind="event", place="Wenlock"))
    assert view.checks == ("place", "start") and not view.conflicts
    looked = rev("d", "b", "c", kind="event", title="Seen")
    assert (
        merged(base, rev("b", "a", kind="event", start="2027"), rev("c", "a", kind="event", place="W"), looked).checks
        == ()
    )


def test_texts_merge_by_paragraph_and_ask_for_a_look() -> None:
    base = rev("a", body="One.\n\nTwo.\n\nThree.")
    view = merged(base, rev("b", "a", body="One!\n\nTwo.\n\nThree."), rev("c", "a", body="One.\n\nTwo.\n\nThree!"))
    assert view.fields["body"] == "One!\n\nTwo.\n\nThree!" and view.checks == ("body",)


def test_texts_changed_in_one_paragraph_are_both_shown() -> None:
    view = merged(rev("a", body="One."), rev("b", "a", body="Uno."), rev("c", "a", body="Eins."))
    assert {v.value for v in view.conflicts["body"]} == {"Uno.", "Eins."}


def test_texts_without_their_common_beginning_are_both_shown() -> None:
    gone = replace(rev("a", body="One.\n\nTwo."), patch=None)
    view = merged(gone, rev("b", "a", body="One!\n\nTwo."), rev("c", "a", body="One.\n\nTwo!"))
    assert len(view.conflicts["body"]) == 2


def test_fields_for_fewer_are_a_history_of_their_own() -> None:
    revisions = [
        rev("a", title="T"),
        rev("b", audience=PARTNERS, note="p"),
        rev("c", audience=OWN, note="o", contact="x"),
    ]
    assert merged(*revisions).fields == {"title": "T", "note": "o", "contact": "x"}
    assert merged(*revisions, widest=PARTNERS).fields == {"title": "T", "note": "p"}
    assert merged(*revisions, widest=PUBLIC).fields == {"title": "T"}
    assert merge.merge([rev("a", audience=7, title="T")]) is None


def test_one_payload_in_two_entries_is_one_revision_that_can_be_read() -> None:
    true = rev("a", title="T")
    for entry_id in (bytes(32), b"\xff" * 32):
        view = merged(true, replace(true, patch=None, entry_id=entry_id))
        assert view.fields == {"title": "T"}


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "c", "b": "a", "c": "b"}])
def test_parents_that_loop_end_and_lose_nothing(parents: dict[str, str]) -> None:
    view = merged(*(rev(name, parent, title=name) for name, parent in parents.items()))
    assert view.fields["title"] in parents


def test_a_long_history_is_merged_in_no_time() -> None:
    revisions = [rev("0", title="0")]
    revisions += [rev(str(at), str(at - 1), title=str(at)) for at in range(1, 3000)]
    view = merge.merge(random.Random(1).sample(revisions, len(revisions)))
    assert view is not None and view.fields["title"] == "2999"


paragraphs = st.lists(st.sampled_from(["A.\n\n", "B.\n\n", "C.\n", "D", "\n\n"]), max_size=5).map("".join)


@settings(max_examples=200, deadline=None)
@given(paragraphs, paragraphs, paragraphs)
def test_three_ways_is_the_same_from_either_side_and_keeps_an_untouched_side(base: str, one: str, other: str) -> None:
    assert three_way(base, one, other) == three_way(base, other, one)
    assert three_way(base, one, base) == one
    assert three_way(base, one, one) == one


histories = st.lists(
    st.tuples(st.lists(st.integers(0, 7), max_size=3), st.sampled_from(["title", "body", "x"]), st.sampled_from(["p", "q", None])),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_any_graph_of_parents_merges_the_same_in_every_order(
    told: list[tuple[list[int], str, Value]], source: random.Random
) -> None:
    revisions = [
        rev(str(at), *(str(p) for p in parents), **{name: value}) for at, (parents, name, value) in enumerate(told)
    ]
    view = merge.merge(revisions)
    for _ in range(3):
        source.shuffle(revisions)
        assert merge.merge(revisions) == view
    history = History(revisions)
    assert history.heads() and len(history.in_order()) == len(revisions)
