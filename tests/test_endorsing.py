"""Which text readers get, for every way in which up to five organisations may have voted. Pure: no database."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import endorsing, merge, terms, votes
from cop.endorsing import Standing
from cop.model import PUBLIC, Members, Patch, Revision
from cop.signing import sha256
from cop.terms import Need, Rule, Terms, Voters

ORGANISATIONS = tuple(bytes([at]) * 32 for at in range(1, 6))
KINDS = ("community", "university", "community", "nhs", "university")
NAMES = ("Ash", "Birch", "Cedar", "Damson", "Elder")
WRITER_OF = {key: bytes([100 + at]) * 32 for at, key in enumerate(ORGANISATIONS)}
NETWORK = Members(frozenset(ORGANISATIONS), {writer: key for key, writer in WRITER_OF.items()})
VOTERS = Voters(
    dict(zip(ORGANISATIONS, NAMES, strict=True)),
    {key: frozenset([kind]) for key, kind in zip(ORGANISATIONS, KINDS, strict=True)},
    frozenset(ORGANISATIONS),
)
Group = frozenset[bytes]


def revision(name: str, by: bytes, parents: Iterable[Revision], patch: Patch | None, kind: str = "change") -> Revision:
    return Revision(
        sha256(name.encode()), tuple(one.payload_hash for one in parents), PUBLIC, patch, WRITER_OF[by],
        sha256(f"entry {name}".encode()), kind, 0, 0, counts=patch is not None,
    )  # fmt: skip


def edit(name: str, *parents: Revision, by: bytes = ORGANISATIONS[0], **fields: object) -> Revision:
    return revision(name, by, parents, Patch("post", {"title": name, **fields}))  # type: ignore[arg-type]


def vote(by: bytes, *names: Revision) -> Revision:
    return revision(f"vote of {by.hex()} on {[one.payload_hash.hex() for one in names]}", by, names, None, votes.KIND)


def standing(revisions: Sequence[Revision], *rules: Rule) -> Standing:
    newest = merge.merge(revisions)
    assert newest is not None
    judge = partial(terms.is_published, rules) if rules else None
    return endorsing.standing(newest, revisions, NETWORK, judge)


def shown(revisions: Sequence[Revision], *rules: Rule) -> object:
    found = standing(revisions, *rules).view
    return found.fields["title"] if found else None


def rule(publishing: str, how_many: int = 0, kinds: Iterable[str] = (), count: int = 5) -> Rule:
    here = ORGANISATIONS[:count]
    voters = Voters({key: VOTERS.names[key] for key in here}, VOTERS.kinds, frozenset(here))
    return terms.rule_of(Terms(publishing, how_many, tuple(kinds)), voters)


def groups(count: int) -> list[Group]:
    here = ORGANISATIONS[:count]
    return [frozenset(some) for size in range(count + 1) for some in combinations(here, size)]


# --- what is enough, told a second time in the plainest words


def enough_of_any(least: int, count: int, group: Group) -> bool:
    return len(group) >= least or len(group) == count > 0


def enough_of_each(least: int, kinds: Iterable[str], count: int, group: Group) -> bool:
    asked = False
    for kind in kinds:
        there = [key for key, own in zip(ORGANISATIONS[:count], KINDS, strict=False) if own == kind]
        asked = asked or bool(there)
        voted = [key for key in there if key in group]
        if len(voted) < least and len(voted) < len(there):
            return False
    return asked or enough_of_any(least, count, group)


def enough_of_stewards(least: int, named: Iterable[str], count: int, group: Group) -> bool:
    there = [key for key, name in zip(ORGANISATIONS[:count], NAMES, strict=False) if name in set(named)]
    if not there:
        return bool(group)
    voted = [key for key in there if key in group]
    return len(voted) == len(there) or (least > 0 and len(voted) >= least)


Enough = Callable[[Group], bool]
Case = tuple[Rule, tuple[str, ...], Enough]


def rules_of(count: int) -> Iterator[Case]:
    """Every rule, with the stewards that the record names."""
    for least in range(1, 7):
        yield rule("any", least, count=count), (), partial(enough_of_any, least, count)
    some_kinds = (("community",), ("community", "university"), ("community", "university", "nhs"), ("funder",))
    for least, kinds in product((1, 2), some_kinds):
        yield rule("each-kind", least, kinds, count), (), partial(enough_of_each, least, kinds, count)
    for named in chain.from_iterable(combinations(NAMES[:count], size) for size in range(min(count, 3) + 1)):
        for least in (0, 1, 2):
            yield rule("stewards", least, count=count), named, partial(enough_of_stewards, least, named, count)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_every_group_of_up_to_five_organisations_is_enough_exactly_when_the_rule_says_so(count: int) -> None:
    for one, stewards, enough in rules_of(count):
        for group in groups(count):
            assert one.is_met(group, stewards) == enough(group), (one, stewards, group)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_whoever_is_still_needed_is_enough_once_they_are_there(count: int) -> None:
    for one, stewards, enough in rules_of(count):
        for group in groups(count):
            needs = one.lacks(group, stewards)
            assert bool(needs) != enough(group)
            if needs and any(need.name for need in needs):  # any of them will do if fewer than all are asked for
                group |= {key for key in ORGANISATIONS if VOTERS.names[key] in {need.name for need in needs}}
            for need in needs:
                others = [key for key in ORGANISATIONS[:count] if key not in group]
                fitting = [key for key in others if not need.kind or VOTERS.kind(key) == need.kind]
                group |= set(fitting[: 0 if need.name else need.count])
            assert one.is_met(group, stewards)


def chain_of_two(stewards: Sequence[str]) -> tuple[Revision, Revision]:
    first = revision("first", ORGANISATIONS[0], (), Patch("post", {"title": "first"}, {"stewards": tuple(stewards)}))
    return first, edit("second", first)


@pytest.mark.parametrize(
    ("count", "share"), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 0.1), pytest.param(5, 1, marks=pytest.mark.slow)]
)
def test_every_way_to_vote_on_a_text_and_a_later_one(count: int, share: float) -> None:
    """The later one counts if enough looked at it, else the earlier one, else neither: in any order of arrival."""
    source = random.Random(count)
    cases = list(rules_of(count))
    for on_first, on_second in product(groups(count), repeat=2):
        if source.random() > share:  # all 1,024 ways of five organisations take half a minute
            continue
        by_stewards: dict[tuple[str, ...], tuple[list[Revision], list[Case]]] = {}
        for case in cases:
            by_stewards.setdefault(case[1], ([], []))[1].append(case)
        for stewards, (revisions, asked) in by_stewards.items():
            first, second = chain_of_two(stewards)
            earlier = {by: vote(by, first) for by in on_first}
            later = [vote(by, second, *([earlier[by]] if by in earlier else [])) for by in on_second]
            revisions += [first, second, *earlier.values(), *later]
            source.shuffle(revisions)
            for one, _, enough in asked:
                expected = "second" if enough(on_second) else "first" if enough(on_first) else None
                assert shown(revisions, one) == expected, (one, stewards, on_first, on_second)


def test_the_order_of_arrival_makes_no_difference() -> None:
    first = edit("first")
    left, right = edit("left", first, summary="left"), edit("right", first, by=ORGANISATIONS[1], summary="right")
    both = edit("both", left, right)
    ash, birch, cedar = ORGANISATIONS[:3]
    mine = vote(ash, first)
    histories: list[list[Revision]] = [
        [first, left, mine, vote(ash, left, mine), vote(birch, left)],
        [first, left, right, vote(ash, left), vote(birch, right), vote(cedar, right)],
        [first, mine, vote(ash, mine), vote(birch, first), vote(cedar, first)],
        [left, right, both, vote(ash, both), vote(birch, left), vote(birch, right)],
    ]
    for history, how_many in product(histories, (1, 2)):
        found = [standing(order, rule("any", how_many)) for order in permutations(history)]
        assert all(one == found[0] for one in found)


def test_one_organisation_has_one_vote_whatever_it_writes_with() -> None:
    first = edit("first")
    other = replace(vote(ORGANISATIONS[0], first), payload_hash=sha256(b"x"), entry_id=sha256(b"y"), writer=b"w" * 32)
    network = replace(NETWORK, writers={**NETWORK.writers, b"w" * 32: ORGANISATIONS[0]})
    revisions = [first, vote(ORGANISATIONS[0], first), other]
    newest = merge.merge(revisions)
    assert newest
    judge = partial(terms.is_published, [rule("any", 2)])
    assert endorsing.standing(newest, revisions, network, judge).view is None
    assert len(endorsing.standing(newest, revisions, network).looks) == 2


def test_a_vote_taken_back_counts_no_more_and_may_be_given_again() -> None:
    first, ash, birch = edit("first"), *ORGANISATIONS[:2]
    given_, second = vote(ash, first), edit("second", edit("first"))
    newer = vote(ash, second, given_)
    back = vote(ash, newer)
    again = replace(vote(ash, first), payload_hash=sha256(b"again"), entry_id=sha256(b"again too"))
    history = [first, given_, vote(birch, first)]
    assert shown(history, rule("any", 2)) == "first"
    assert shown([*history, second, newer], rule("any", 2)) == "first", "a newer vote leaves the earlier text up"
    assert shown([*history, second, newer, back], rule("any", 2)) is None, "taken back are both"
    assert shown([*history, second, newer, back, again], rule("any", 2)) == "first"


def test_nobody_takes_back_the_vote_of_another() -> None:
    first = edit("first")
    theirs = vote(ORGANISATIONS[0], first)
    assert shown([first, theirs, vote(ORGANISATIONS[1], theirs)], rule("any", 1)) == "first"


def test_votes_that_name_each_other_in_a_circle_end() -> None:
    first, ash = edit("first"), ORGANISATIONS[0]
    one = replace(vote(ash, first), payload_hash=sha256(b"1"), parents=(first.payload_hash, sha256(b"2")))
    other = replace(vote(ash, first), payload_hash=sha256(b"2"), parents=(sha256(b"1"),), entry_id=sha256(b"e"))
    assert shown([first, one, other], rule("any", 1)) is None
    assert standing([first, one, other]).looks == ()


def test_a_vote_for_what_is_not_here_says_nothing_until_it_is() -> None:
    first = edit("first")
    second = edit("second", first)
    revisions = [first, vote(ORGANISATIONS[0], second)]
    assert shown(revisions, rule("any", 1)) is None and not standing(revisions).looks
    assert shown([*revisions, second], rule("any", 1)) == "second"


def test_nobody_stands_behind_two_answers_at_once() -> None:
    left, right = edit("left"), edit("right", by=ORGANISATIONS[1])
    assert shown([left, right, vote(ORGANISATIONS[0], left, right)], rule("any", 1)) is None


def test_two_texts_that_did_not_know_of_each_other_are_shown_as_a_difference() -> None:
    left = edit("same", summary="left")
    right = revision("right", ORGANISATIONS[1], (), Patch("post", {"title": "same", "summary": "right"}))
    history = [left, right, vote(ORGANISATIONS[0], left), vote(ORGANISATIONS[1], right), vote(ORGANISATIONS[2], right)]
    found = standing(history, rule("any", 1))
    assert found.view and found.view.fields["summary"] == "right", "more stand behind it"
    assert [version.value for version in found.view.conflicts["summary"]] == ["right", "left"]
    assert set(found.view.conflicts) == {"summary"}


def test_the_same_text_written_twice_is_one_text() -> None:
    """Two organisations loaded the same file before they met: neither has to look at it again."""
    one, other = (
        revision(name, by, (), Patch("post", {"title": "T"})) for name, by in zip("ab", ORGANISATIONS, strict=False)
    )
    found = standing([one, other, vote(ORGANISATIONS[0], one), vote(ORGANISATIONS[1], one, other)], rule("any", 2))
    assert found.view and not found.waits and len(found.looks) == 2 and all(look.of_shown for look in found.looks)


def test_who_changes_a_text_back_does_not_have_the_votes_of_those_who_went_on() -> None:
    ash, birch, cedar = ORGANISATIONS[:3]
    first = edit("first")
    second = edit("second", first)
    back = revision("back", cedar, [second], Patch("post", {"title": "first"}))
    old = [vote(by, first) for by in (ash, birch)]
    new = [vote(by, second, given_) for by, given_ in zip((ash, birch), old, strict=True)]
    history = [first, second, *old, *new, back, vote(cedar, back)]
    assert shown(history, rule("any", 2)) == "second"
    assert not any(look.of_shown and look.organisation != cedar for look in standing(history).looks)


def test_who_names_itself_steward_still_needs_those_who_were() -> None:
    ash, birch = ORGANISATIONS[:2]
    first = revision("first", ash, (), Patch("post", {"title": "first"}, {"stewards": ("Ash",)}))
    mine = revision(
        "mine", birch, [first], Patch("post", {"title": "mine"}, {"stewards": ("Birch",)}, {"stewards": ("Ash",)})
    )
    asked = rule("stewards")
    assert shown([first, mine, vote(ash, first), vote(birch, mine)], asked) == "first"
    assert shown([first, mine, vote(ash, first), vote(birch, mine), vote(ash, mine)], asked) == "mine"


def test_a_name_that_two_organisations_bear_stands_for_neither() -> None:
    voters = Voters({ORGANISATIONS[0]: "Ash", ORGANISATIONS[1]: " ash "}, {}, ORGANISATIONS[:2])
    asked = terms.rule_of(Terms("stewards"), voters)
    assert asked.lacks([ORGANISATIONS[1]], ["Ash"]) == () and asked.lacks([], ["Ash"]) == (Need(1),)
    assert asked.lacks([ORGANISATIONS[1]], [ORGANISATIONS[0].hex()]) == (Need(1, name="Ash"),)


def test_who_has_said_two_kinds_counts_as_neither_unless_the_agreement_says() -> None:
    ash, birch = ORGANISATIONS[:2]
    voters = Voters(
        {ash: "Ash", birch: "Birch"},
        {ash: frozenset({"university", "community"}), birch: frozenset({"nhs"})},
        (ash, birch),
    )
    asked = Terms("each-kind", 1, ("university", "nhs"))
    assert terms.rule_of(asked, voters).lacks([ash]) == (Need(1, "nhs"),), "no university is there to be asked"
    told = replace(asked, parties=(terms.Party(ash, "Ash", "university"), terms.Party(birch, "Birch", "nhs")))
    assert terms.rule_of(told, voters).lacks([birch]) == (Need(1, "university"),)


odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["any", "each-kind", "nhs", "a" * 64]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "name", "kind", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["publishing", "how_many", "kinds", "parties", "stewards"]), odd))
def test_an_agreement_may_say_anything(fields: dict[str, object]) -> None:
    read = terms.read(fields)  # type: ignore[arg-type]
    asked = terms.rule_of(read, VOTERS)
    assert asked.is_met(ORGANISATIONS, terms.stewards_of(fields)), "what all agree to is enough"  # type: ignore[arg-type]


# --- random lives of one record


@st.composite
def histories(draw: st.DrawFn) -> list[Revision]:
    """Edits and votes, each made by somebody who had seen some of what was there."""
    found: list[Revision] = []
    for at in range(draw(st.integers(1, 9))):
        by = draw(st.sampled_from(ORGANISATIONS[:3]))
        seen = [one for one in found if draw(st.integers(0, 3))]
        changes = [one for one in seen if one.kind == "change"]
        known = merge.History(changes)
        heads = known.last(known.revisions)
        mine = [one for one in seen if one.kind == votes.KIND and one.writer == WRITER_OF[by]]
        what = draw(st.sampled_from(["edit", "vote", "vote", "back"])) if heads else "edit"
        if what == "edit":
            fields = {
                "title": draw(st.sampled_from(["one", "two"])),
                "summary": draw(st.sampled_from(["a", "b", None])),
            }
            found.append(revision(str(at), by, heads, Patch("post", fields)))
        elif what == "vote" or mine:
            found.append(revision(str(at), by, [*(heads if what == "vote" else ()), *mine], None, votes.KIND))
    return found


@given(histories(), st.integers(1, 3), st.randoms(use_true_random=False))
def test_what_is_shown_is_what_enough_have_looked_at_word_for_word(
    history: list[Revision], how_many: int, source: random.Random
) -> None:
    asked = rule("any", how_many, count=3)
    found = standing(history, asked)
    mixed = history[:]
    source.shuffle(mixed)
    assert standing(mixed, asked) == found
    assert (found.view is None) <= found.waits
    if found.view is None or found.seen is None:
        return
    behind = set()
    for one in votes.cast(history, NETWORK):
        view = merge.merge(merge.History(r for r in history if r.kind == "change").up_to(one.heads))
        assert view
        if not view.conflicts and dict(view.fields) == dict(found.view.fields):
            behind.add(one.organisation)
    assert len(behind) >= how_many
