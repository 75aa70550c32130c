"""What each change replaced, who changed the same beside it, and why: from the log to `site.db`."""

import json
import sqlite3
from pathlib import Path

import pytest

from cop import changes, patch
from cop.errors import WrongUsage
from cop.merge import History
from cop.model import PUBLIC, Patch, Revision
from tests.network import Place, befriend, places


def revision(name: str, parents: str = "", **fields: object) -> Revision:
    return Revision(
        payload_hash=name.encode() * 32,
        parents=tuple(parent.encode() * 32 for parent in parents),
        audience=PUBLIC,
        patch=Patch("resource", fields),  # type: ignore[arg-type]
        writer=b"w" * 32,
        entry_id=name.encode() * 32,
        kind="change",
        claimed_time=0,
        received_time=0,
    )


def told(*revisions: Revision) -> dict[str, tuple[dict[str, object], tuple[str, ...]]]:
    """Per change, what stood there before and what was changed beside it."""
    steps = changes.steps(History(revisions))
    return {chr(step.revision.payload_hash[0]): (dict(step.before), step.beside) for step in steps}


def test_a_change_knows_what_it_replaced():
    found = told(revision("a", title="Power"), revision("b", "a", title="Sharing power", year=2019))
    assert found == {"a": ({}, ()), "b": ({"title": ["Power"]}, ())}


def test_an_edit_beside_another_replaced_what_its_writer_saw():
    found = told(
        revision("a", title="Power"),
        revision("b", "a", title="Sharing power"),
        revision("c", "b", title="Sharing power, again"),
        revision("d", "a", title="All power"),  # its writer had seen nothing of the others
    )
    assert [found[name][0]["title"] for name in "bcd"] == [["Power"], ["Sharing power"], ["Power"]]
    assert {name for name in found if found[name][1]} <= {"b", "c", "d"} and found["c"][1] + found["d"][1]


def test_settling_names_every_answer_that_stood_there():
    found = told(
        revision("a", title="Power"),
        revision("b", "a", title="One"),
        revision("c", "a", title="Two"),
        revision("d", "bc", title="Two"),
    )
    assert sorted(found["d"][0]["title"]) == ["One", "Two"]  # type: ignore[call-overload]
    assert found["d"][1] == ()


def test_the_same_text_twice_is_no_difference():
    found = told(revision("a", title="Power"), revision("b", title="Power"))
    assert all(beside == () for _, beside in found.values())


def test_texts_that_were_merged_are_one_text_before():
    base = "One.\n\nTwo.\n\nThree."
    found = told(
        revision("a", body=base),
        revision("b", "a", body=base.replace("One", "1")),
        revision("c", "a", body=base.replace("Three", "3")),
        revision("d", "bc", body="1.\n\n2.\n\n3."),
    )
    assert found["d"][0] == {"body": ["1.\n\nTwo.\n\n3."]}


def test_many_changes_beside_each_other_are_told_without_end_of_work():
    lonely = [revision(chr(200 + at), "a", title=str(at)) for at in range(40)]
    assert len(list(changes.steps(History([revision("a", title="x"), *lonely])))) == 41


def test_of_long_texts_only_what_differs_is_kept():
    long = [f"Paragraph {at}. {'Word ' * 20}" for at in range(50)]
    other = [*long[:10], "New words.", *long[11:40], *long[41:]]
    before, after = changes.both_cut("\n\n".join(long), "\n\n".join(other))
    assert str(before).split("\n\n") == ["…", long[10], "…", long[40], "…"]
    assert str(after).split("\n\n") == ["…", "New words.", "…", "…"]


def test_a_change_late_in_an_endless_paragraph_is_not_cut_away():
    long = "word " * 2000
    before, after = changes.both_cut(long + "red", long + "green")
    assert str(before).endswith("word red") and str(after).endswith("word green") and len(str(after)) < 300


def test_values_that_are_no_texts_stay_as_they_are():
    assert changes.both_cut([1], "x" * 600) == ([1], "x" * 500 + "…")
    assert changes.both_cut(None, "") == (None, "")


# -- why


def test_a_reason_travels_with_the_payload_and_stays_out_of_the_record():
    one = Patch("post", {"title": "A"}, why="It was wrong")
    read = patch.decode(patch.encode(one, b"s" * 16))
    assert read == one and "It was wrong" not in str(read.fields)


@pytest.mark.parametrize("why", [5, None, ["x"], {"a": 1}])
def test_a_reason_of_another_kind_is_none(why: object):
    from cop import cbor

    payload = b"s" * 16 + cbor.encode({"type": "post", "fields": {}, "why": why})
    assert patch.decode(payload).why == ""


def test_a_reason_is_one_line_and_not_long():
    from cop import cbor

    payload = b"s" * 16 + cbor.encode({"type": "post", "fields": {}, "why": "a\n" * 5000})
    assert patch.decode(payload).why == ("a " * 250)
    assert patch.reason(" a\n b ") == "a b"
    for bad in ("x" * 501, "a\x1b[2Jb"):
        with pytest.raises(WrongUsage):
            patch.reason(bad)


def history(place: Place) -> list[sqlite3.Row]:
    db = sqlite3.connect(place.site.site_db)
    db.row_factory = sqlite3.Row
    try:
        return db.execute("SELECT * FROM history ORDER BY record_id, position").fetchall()
    finally:
        db.close()


def test_the_published_history_says_before_beside_and_why(tmp_path: Path):
    one, two = places(tmp_path, 2)
    befriend(one, two)
    record_id = one.change(None, {"title": "Power", "slug": "power"})
    one.sync(two)
    one.change(record_id, {"title": "Power over"})
    two.change(record_id, {"title": "Power with"})
    one.sync(two)
    rows = history(one)
    assert json.loads(rows[0]["before"]) == {}
    assert {str(json.loads(row["before"]).get("title")) for row in rows[1:]} == {"['Power']"}
    assert [row["beside"] for row in rows].count('["title"]') == 1
    assert [(r["before"], r["beside"]) for r in rows] == [(r["before"], r["beside"]) for r in history(two)]
