"""Settling differences: taking one answer, keeping both, writing another; by whom and why, seen by all partners."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cop import cbor, patch, settling, status
from cop.differences import together
from cop.errors import ChangedMeanwhile, WrongUsage
from cop.model import PARTNERS, Patch
from cop.settling import Both, Settled, Take, Write
from cop.shared_words import Unfit
from tests.commands import cop, ran
from tests.network import NOW, Place, befriend, places


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    one.sync(other)
    yield one, other
    one.close()
    other.close()


def differ(one: Place, other: Place, field: str, *values: Any, before: Any = None, type_name: str = "event") -> str:
    """A record whose field was answered at both places before they met again."""
    record_id = one.change(None, {"title": "Circle", **({field: before} if before else {})}, type_name=type_name)
    one.sync(other)
    for place, value in zip((one, other), values, strict=True):
        place.change(record_id, {field: value}, type_name=type_name)
    one.sync(other)
    return record_id


def settle(place: Place, record_id: str, answers: dict[str, settling.Answer], **told: Any) -> Settled:
    return settling.settle(place.site, place.db, place.signer, record_id, answers, now=NOW, **told)


def test_the_answer_that_was_taken_stands_at_every_partner_with_who_took_part_and_why(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread", before="Nothing yet")
    known = settling.of_record(one.db, record_id)
    assert known is not None and known.fields["food"].before == ("Nothing yet",)
    soup = next(v for v in known.fields["food"].versions if v.value == "Soup").revision.payload_hash.hex()
    told = {"why": "We rang the hall", "person": "Hodan", "took_part": "Hodan, the cook"}
    assert settle(one, record_id, {"food": Take(soup)}, **told).values == {"food": "Soup"}
    one.sync(other)
    assert status.conflicts(other.db) == [] and other.view(record_id).fields["food"] == "Soup"
    assert one.digest() == other.digest()
    last = max(other.public()["history"], key=lambda row: (row["record_id"] == record_id, row["position"]))
    assert (last["why"], last["person"], last["took_part"]) == tuple(told.values())
    assert sorted(json.loads(str(last["before"]))["food"]) == ["Bread", "Soup"]


def test_all_answers_together_are_offered_only_where_that_works(pair):
    one, other = pair
    differ(one, other, "food", "Soup", "Bread")
    said = cop(one, "conflicts", code=0)
    assert "“food” can keep all answers: --both" in said
    assert [bool(found["both"]) for found in status.conflicts(one.db)] == [True]
    record_id = differ(one, other, "start", "2027-01-12T18:00", "2027-01-13T18:00")
    start = next(found for found in json.loads(cop(one, "conflicts", "--json")) if found["record"] == record_id)
    assert (start["field"], start["both"]) == ("start", False)
    assert "“start” can keep" not in cop(one, "conflicts")
    hint = ran(one, "conflicts").stderr
    assert "--take ID (or --write TEXT)" in hint and "--both" not in hint
    assert "can hold one answer only" in cop(one, "resolve", record_id, "--field", "start", "--both", code=2)


def test_it_can_be_opened_again_by_another_edit(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    settle(one, record_id, {"food": Both()})
    one.sync(other)
    for place, value in ((one, "Soup only"), (other, "Bread only")):
        place.change(record_id, {"food": value}, type_name="event")
    one.sync(other)
    assert len(status.conflicts(one.db)) == 1


def test_a_save_that_was_made_from_what_is_no_longer_so_settles_nothing(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    seen = frozenset(one.view(record_id).heads)
    settle(one, record_id, {"food": Write("Both of it")}, seen=seen)
    entries = len(one.entries())
    with pytest.raises(ChangedMeanwhile, match="Nothing was settled"):
        settle(one, record_id, {"food": Write("Cake")}, seen=seen)
    assert len(one.entries()) == entries and one.view(record_id).fields["food"] == "Both of it"


def test_several_fields_of_different_audiences_are_settled_in_one_go(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    one.change(record_id, {"note": "x"}, type_name="event", audience=PARTNERS)
    one.sync(other)
    for place, value in ((one, "Quiet"), (other, "Loud")):
        place.change(record_id, {"note": value}, type_name="event", audience=PARTNERS)
    one.sync(other)
    settle(one, record_id, {"food": Both(), "note": Write("In between")})
    one.sync(other)
    assert status.conflicts(other.db) == [] and other.view(record_id).fields["note"] == "In between"
    assert "In between" not in json.dumps(other.public())


def test_what_nobody_settled_stays_open(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    for place, value in ((one, "A"), (other, "B")):
        place.change(record_id, {"place": value}, type_name="event")
    one.sync(other)
    settle(one, record_id, {"food": Write("Cake")})
    assert [found["field"] for found in status.conflicts(one.db)] == ["place"]


@pytest.mark.parametrize(
    ("type_name", "name", "values", "both"),
    [
        ("post", "body", ["One.\n", "Two."], "One.\n\nTwo."),
        ("event", "food", ["Soup", "Bread"], "Soup Bread"),
        ("post", "authors", [["A"], ["B", "A"]], ["A", "B"]),
        ("post", "credits", [[{"name": "A"}], None], [{"name": "A"}]),
        ("post", "title", ["One", "Two"], None),
        ("event", "start", ["2026-12-01", "2026-12-02"], None),
        ("event", "food", ["Soup", None], None),
        ("resource", "url", ["https://a.example", "https://b.example"], None),
        ("post", "authors", [["A"], "B"], None),
        ("nothing", "anything", ["A", "B"], None),
    ],
)
def test_both_answers_are_kept_only_where_that_makes_sense(type_name: str, name: str, values: Any, both: Any) -> None:
    assert together(type_name, name, values) == both


def test_contact_details_are_refused_in_the_answer_and_in_what_is_told_of_it(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    with pytest.raises(Unfit, match="a phone number would be shown to others") as refused:
        settle(one, record_id, {"food": Write("Ring 020 7946 0958")})
    assert refused.value.problems[0].name == "food"
    for name in ("why", "person", "took_part"):
        with pytest.raises(Unfit, match="an e-mail address would be shown to others") as refused:
            settle(one, record_id, {"food": Both()}, **{name: "jo@example.org"})
        assert refused.value.problems[0].name == name
    assert len(status.conflicts(one.db)) == 1


def test_what_is_told_of_a_save_has_an_end(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    for told in ({"why": "x" * 501}, {"person": "x" * 101}, {"took_part": "x" * 301}, {"person": "a\u202eb"}):
        with pytest.raises(WrongUsage):
            settle(one, record_id, {"food": Both()}, **told)


@pytest.mark.parametrize("told", [5, None, ["x"], {"a": 1}, "x" * 9000, " a\n b "])
def test_who_a_partner_names_is_short_and_on_one_line_whatever_it_signed(told: object) -> None:
    payload = b"s" * 16 + cbor.encode({"type": "post", "fields": {}, "person": told, "took_part": told})
    read = patch.decode(payload)
    assert len(read.person) <= 100 and len(read.took_part) <= 300 and "\n" not in read.person
    assert (read.person, read.took_part) == ("a b", "a b") or told != " a\n b "


def test_a_patch_says_who_saved_it_and_comes_back_the_same() -> None:
    told = Patch("post", {"title": "A"}, why="So", person="Hodan", took_part="The cook")
    assert patch.decode(patch.new_payload(told)) == told
    assert b"person" not in patch.new_payload(Patch("post", {"title": "A"}))


# -- the command


def test_the_command_takes_keeps_both_or_writes_another(pair, tmp_path: Path) -> None:
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    told = cop(
        one, "resolve", record_id, "--field", "food", "--both", "--why", "Enough for all", "--with", "Tom, the cook"
    )
    assert "now says under “food”: " in told
    history = cop(one, "history", record_id)
    assert "Enough for all; who took part: Tom, the cook" in history
    rows = json.loads(cop(one, "history", record_id, "--json"))
    assert (rows[-1]["took_part"], rows[-1]["person"]) == ("Tom, the cook", "")


def test_the_command_reads_an_answer_from_a_file_and_names_who_saved_it(pair, tmp_path: Path) -> None:
    one, other = pair
    record_id = differ(one, other, "body", "A\n\nB", "A\n\nC", before="A\n\nX", type_name="post")
    (tmp_path / "answer.md").write_text("A\n\nB and C\n", "utf-8")
    cop(one, "resolve", record_id, "--field", "body", "--value-file", str(tmp_path / "answer.md"), "--as", "Hodan")
    assert one.view(record_id).fields["body"] == "A\n\nB and C"
    assert f"Hodan at {one.name} wrote: " in cop(one, "history", record_id)


def test_the_command_wants_one_way_to_settle_it_and_a_value_that_fits(pair) -> None:
    one, other = pair
    record_id = differ(one, other, "start", "2026-12-01", "2026-12-02")
    for given in ((), ("--both", "--write", "x"), ("--take", "abcd", "--both")):
        assert "in one way" in cop(one, "resolve", record_id, "--field", "start", *given, code=2)
    assert "can hold one answer only" in cop(one, "resolve", record_id, "--field", "start", "--both", code=2)
    assert "There are no words to write." in cop(one, "resolve", record_id, "--field", "start", "--write", " ", code=2)
    assert "is not a date" in cop(one, "resolve", record_id, "--field", "start", "--write", "soon", code=2)
    cop(one, "resolve", record_id, "--field", "start", "--write", "2026-12-03")
    assert one.view(record_id).fields["start"] == "2026-12-03"


def test_a_list_is_written_with_one_part_a_line(pair) -> None:
    one, other = pair
    record_id = differ(one, other, "authors", ["A"], ["B"], type_name="post")
    cop(one, "resolve", record_id, "--field", "authors", "--write", "B\nA\n")
    assert one.view(record_id).fields["authors"] == ["B", "A"]


def merged(one: Place, other: Place) -> str:
    """An event of which one moved the day and the other the place, before they met again."""
    record_id = one.change(None, {"title": "Circle", "start": "2027-01-12", "place": "Hall"}, type_name="event")
    one.sync(other)
    one.change(record_id, {"start": "2027-01-13"}, type_name="event")
    other.change(record_id, {"place": "Library"}, type_name="event")
    one.sync(other)
    assert one.view(record_id).checks == ("place", "start")
    return record_id


def test_what_was_merged_by_machine_and_fits_is_asked_about_no_more_anywhere(pair):
    one, other = pair
    record_id = merged(one, other)
    said = cop(one, "conflicts", code=0)
    assert "No differences to settle." in said and "Two people changed “place”, “start” of “Circle”" in said
    command = f"cop resolve {record_id} --field place --fits"
    assert command in said
    before = one.view(record_id).fields
    assert "now says under “place”: Library" in cop(one, *command.split()[1:], "--why", "We rang them", code=0)
    one.sync(other)
    for place in (one, other):
        view = place.view(record_id)
        assert (view.checks, view.conflicts, view.fields) == ((), {}, before)
        assert "Circle" not in cop(place, "conflicts")
    assert one.digest() == other.digest()


def test_only_what_was_merged_by_machine_can_be_said_to_fit(pair):
    one, other = pair
    record_id = differ(one, other, "food", "Soup", "Bread")
    said = cop(one, "resolve", record_id, "--field", "food", "--fits", code=2)
    assert "“Food” of this record was not merged by machine." in said


def test_a_text_of_two_people_is_kept_as_it_was_put_together(pair):
    one, other = pair
    record_id = one.change(None, {"title": "Tea", "body": "One.\n\nTwo.\n\nThree."}, type_name="post")
    one.sync(other)
    one.change(record_id, {"body": "One!\n\nTwo.\n\nThree."}, type_name="post")
    other.change(record_id, {"body": "One.\n\nTwo.\n\nThree!"}, type_name="post")
    one.sync(other)
    assert one.view(record_id).checks == ("body",)
    settle(other, record_id, {"body": settling.Fits()})
    one.sync(other)
    assert (one.view(record_id).fields["body"], one.view(record_id).checks) == ("One!\n\nTwo.\n\nThree!", ())
