"""What people send: it waits in private, is used once, and never overwrites what others changed meanwhile."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Cop, Folder
from hypothesis import given, settings
from hypothesis import strategies as st

from cop import accepting, contributions
from cop.accepting import accept
from cop.contributions import ACCEPTED, ADD, CHANGED, CORRECT, DECLINED, KEPT_DAYS, REMOVE, SAY, Full, Sent
from cop.errors import CopError, WrongUsage
from cop.merge import History
from cop.model import PUBLIC
from tests.commands import cop as run
from tests.network import NOW, Place, befriend, network, places, sync_all
from tests.test_looking import agree

DAY = 86_400


def heads(place: Place, record_id: str) -> tuple[bytes, ...]:
    return accepting._heads(accepting._public(place.db, record_id))


@pytest.fixture
def place(tmp_path: Path) -> Any:
    found = places(tmp_path, 1)[0]
    yield found
    found.close()


def sent(place: Place, sent_: Sent, now: int = NOW) -> int:
    token = contributions.take(place.db, sent_, now)
    found = contributions.by_token(place.db, token)
    assert found
    return found.number


def use(place: Place, number: int, **told: Any) -> accepting.Done:
    return accept(place.site, place.db, place.signer, number, now=NOW, **told)


ONE = Sent(
    ADD, "resource", {"title": "Power cube", "topics": ["power"], "url": "https://example.org/"}, credit="Yasmin"
)


def test_something_new_becomes_a_record_with_its_file_once_somebody_says_yes(place: Place):
    number = sent(place, ONE)
    assert contributions.count(place.db) == 1 and place.db.execute("SELECT count(*) FROM view_record WHERE type = 'resource'").fetchone()[0] == 0  # fmt: skip
    done = use(place, number, why="Thank you")
    view = place.view(done.record_id, PUBLIC)
    assert view.fields["title"] == "Power cube" and view.fields["topics"] == ["power"]
    assert view.fields["credits"] == [{"name": "Yasmin", "role": "suggested"}] and view.fields["slug"] == "power-cube"
    file = place.site.content / "resources" / "power-cube.md"
    assert done.record_id in file.read_text() and "Yasmin" in file.read_text()
    found = contributions.by_number(place.db, number)
    assert (found.state, found.answer, found.record_id) == (ACCEPTED, "Thank you", done.record_id)
    with pytest.raises(WrongUsage, match="already"):
        use(place, number)


def test_what_was_told_by_another_says_who_passed_it_on(place: Place):
    done = use(place, sent(place, Sent(ADD, "resource", {"title": "T"}, credit="Tom", relayed=True)))
    fields = place.view(done.record_id, PUBLIC).fields
    assert fields["credits"] == [{"name": "Tom", "role": "told us"}] and fields["passed_on_by"] == place.name
    unnamed = use(place, sent(place, Sent(ADD, "resource", {"title": "U"}, relayed=True)))
    assert "credits" not in place.view(unnamed.record_id, PUBLIC).fields


def test_it_can_be_changed_before_it_is_used(place: Place):
    number = sent(place, ONE)
    done = use(place, number, fields={**ONE.fields, "title": "PowerCube"})
    assert done.title == "PowerCube" and contributions.by_number(place.db, number).state == CHANGED


def test_an_event_gets_the_time_zone_of_the_site_like_one_from_a_file(tmp_path: Path):
    folder = Folder(tmp_path / "one", tmp_path / "keys", timezone="Europe/London")
    token = contributions.take(folder.db, Sent(ADD, "event", {"title": "T", "start": "2027-01-12T18:00"}), NOW)
    number = contributions.by_token(folder.db, token)
    assert number
    accept(folder.site, folder.db, folder.signer, number.number, now=NOW)
    assert "Europe/London" in folder.published_text()


def test_a_correction_changes_only_what_it_says_and_names_who_helped(place: Place):
    record_id = place.change(None, {"title": "Power", "summary": "Old", "slug": "power"}, added={"topics": ("a", "b")})
    number = sent(place, Sent(CORRECT, "resource", {"summary": "New", "topics": ["b", "c"]}, why="I wrote it", credit="Tom",
                              record_id=record_id, base=heads(place, record_id)))  # fmt: skip
    place.change(record_id, {"note": "added meanwhile"})
    use(place, number)
    view = place.view(record_id, PUBLIC)
    assert (view.fields["summary"], view.fields["note"], view.fields["topics"]) == (
        "New",
        "added meanwhile",
        ["b", "c"],
    )
    assert view.fields["credits"] == [{"name": "Tom", "role": "suggested"}] and not view.conflicts


def test_a_correction_of_what_others_changed_meanwhile_stands_beside_it(place: Place):
    record_id = place.change(None, {"title": "Power", "summary": "Old", "slug": "power"})
    number = sent(
        place, Sent(CORRECT, "resource", {"summary": "Mine"}, record_id=record_id, base=heads(place, record_id))
    )
    place.change(record_id, {"summary": "Theirs"})
    use(place, number)
    answers = {version.value for version in place.view(record_id, PUBLIC).conflicts["summary"]}
    assert answers == {"Mine", "Theirs"}


def test_a_correction_with_heads_that_nobody_knows_is_made_of_what_is_shown(place: Place):
    record_id = place.change(None, {"title": "Power", "summary": "Old", "slug": "power"})
    use(place, sent(place, Sent(CORRECT, "resource", {"summary": "New"}, record_id=record_id, base=(b"?" * 32,))))
    view = place.view(record_id, PUBLIC)
    assert view.fields["summary"] == "New" and not view.conflicts


@settings(max_examples=10, deadline=None)
@given(st.sets(st.sampled_from(["title", "summary", "note", "publisher"]), min_size=1),
       st.sets(st.sampled_from(["title", "summary", "note", "publisher"])))  # fmt: skip
def test_nothing_that_anybody_wrote_is_lost(tmp_path_factory: pytest.TempPathFactory, mine: set[str], theirs: set[str]):
    place = places(tmp_path_factory.mktemp("x"), 1)[0]
    record_id = place.change(None, dict.fromkeys(("title", "summary", "note", "publisher"), "old"))
    base = heads(place, record_id)
    number = sent(place, Sent(CORRECT, "resource", dict.fromkeys(mine, "mine"), record_id=record_id, base=base))
    if theirs:
        place.change(record_id, dict.fromkeys(theirs, "theirs"))
    use(place, number)
    view = place.view(record_id, PUBLIC)
    assert set(view.conflicts) == mine & theirs
    assert all(view.fields[name] == "mine" for name in mine - theirs)
    assert all(view.fields[name] == "theirs" for name in theirs - mine)
    place.close()


def test_a_correction_of_what_is_hidden_or_says_nothing_new_is_not_used(place: Place):
    record_id = place.change(None, {"title": "Power", "slug": "power"})
    same = sent(place, Sent(CORRECT, "resource", {"title": "Power"}, record_id=record_id, base=heads(place, record_id)))
    with pytest.raises(CopError, match="changes nothing"):
        use(place, same)
    place.change(record_id, {"withdrawn": "gone"})
    other = sent(place, Sent(CORRECT, "resource", {"title": "Powers"}, record_id=record_id))
    with pytest.raises(CopError, match="not shown any more"):
        use(place, other)
    assert contributions.count(place.db) == 2


@pytest.mark.parametrize(
    ("type_name", "fields", "words"),
    [
        ("resource", {"title": "Ring 020 7946 0958"}, "phone number"),
        ("resource", {"summary": "no title"}, "no title"),
        ("event", {"title": "T", "under_18s": True, "start": "2027-01-01"}, "people under 18"),
    ],
)
def test_what_could_not_be_loaded_from_a_file_is_not_used_either(
    place: Place, type_name: str, fields: dict[str, Any], words: str
):
    number = sent(place, Sent(ADD, type_name, fields))
    with pytest.raises(CopError, match=words):
        use(place, number)
    assert contributions.count(place.db) == 1


def test_a_correction_brings_no_phone_number_in(place: Place):
    record_id = place.change(None, {"title": "Power", "slug": "power"})
    number = sent(place, Sent(CORRECT, "resource", {"note": "Ring +44 20 7946 0958"}, record_id=record_id))
    with pytest.raises(CopError, match="a phone number"):
        use(place, number)


def test_a_removal_that_is_granted_hides_the_record_and_its_words_stay_private(place: Place):
    record_id = place.change(None, {"title": "Power", "slug": "power"})
    number = sent(place, Sent(REMOVE, record_id=record_id, why="I am Sam and ill", reason="about-me"))
    assert contributions.waiting(place.db)[0].number == number
    assert use(place, number).title == "Power"
    assert place.view(record_id, PUBLIC).fields["withdrawn"] and b"Sam" not in b"".join(place.payloads().values())
    again = sent(place, Sent(REMOVE, record_id=record_id, why="me too", reason="other"))
    use(place, again)
    assert contributions.count(place.db) == 0


def test_a_question_is_answered_and_makes_no_record(place: Place):
    before = place.db.execute("SELECT count(*) FROM log_entry").fetchone()[0]
    number = sent(place, Sent(SAY, "", {"title": "Do you know a guide in Somali?"}))
    assert use(place, number, why="Yes, see Resources in Somali").record_id == ""
    assert place.db.execute("SELECT count(*) FROM log_entry").fetchone()[0] == before


def test_a_word_that_only_its_sender_reads_may_hold_a_phone_number_and_one_that_everybody_gets_may_not(place: Place):
    why = "Ring me on 0117 496 0000"
    question = sent(place, Sent(SAY, "", {"title": "Who can help?"}))
    use(place, question, why=why)
    assert contributions.by_number(place.db, question).answer == why
    offer = sent(place, ONE)
    with pytest.raises(CopError, match="a phone number would be shown to others") as refused:
        use(place, offer, why=why)
    assert "partners would get it" in refused.value.hint
    contributions.decline(place.db, offer, why=why, now=NOW)
    assert contributions.by_number(place.db, offer).answer == why


def test_the_same_twice_is_kept_once_and_too_many_are_turned_away(place: Place, monkeypatch: pytest.MonkeyPatch):
    assert sent(place, ONE) == sent(place, ONE, NOW + 5)
    monkeypatch.setattr(contributions, "MAX_WAITING", 2)
    sent(place, Sent(SAY, fields={"title": "a"}))
    with pytest.raises(Full):
        contributions.take(place.db, Sent(SAY, fields={"title": "b"}), NOW)
    assert sent(place, ONE) == 1


def test_who_declines_says_why_and_the_words_go_after_ninety_days(place: Place):
    number = sent(place, Sent(ADD, "resource", {"title": "Canary Fernando"}, why="Canary why", credit="Canary Tom"))
    with pytest.raises(WrongUsage):
        contributions.decline(place.db, number, why=" ", now=NOW)
    contributions.decline(place.db, number, why="It is here already", by="Aisha", now=NOW)
    with pytest.raises(WrongUsage):
        contributions.decline(place.db, number, why="again", now=NOW)
    contributions.forget_old(place.db, NOW + KEPT_DAYS * DAY)
    assert not contributions.by_number(place.db, number).is_forgotten
    contributions.forget_old(place.db, NOW + KEPT_DAYS * DAY + 1)
    found = contributions.by_number(place.db, number)
    assert found.is_forgotten and found.state == DECLINED and found.sent.fields == {}
    place.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in place.site.root.rglob("*"):
        if path.is_file():
            assert b"Canary" not in path.read_bytes(), path


def test_waiting_words_are_in_no_byte_of_what_is_published_and_never_travel(tmp_path: Path):
    one, other = places(tmp_path, 2)
    befriend(one, other)
    sent(one, Sent(ADD, "resource", {"title": "Canaryword", "body": "Canarybody"}, credit="Canarytom"))
    one.change(None, {"title": "Something else"})
    one.sync(other)
    other.sync(one)
    for place in (one, other):
        place.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        place.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and b"Canary" in path.read_bytes()]
    assert files == [one.site.store_db]


def test_two_people_who_say_yes_at_once_make_one_record(place: Place):
    number = sent(place, ONE)
    other = sqlite3.connect(place.site.store_db, isolation_level=None)
    other.row_factory = sqlite3.Row
    use(place, number)
    with pytest.raises(WrongUsage):
        accept(place.site, other, place.signer, number, now=NOW)
    other.close()
    assert place.db.execute("SELECT count(*) FROM view_record WHERE type = 'resource'").fetchone()[0] == 1


def test_heads_of_other_audiences_stay_as_they_were(place: Place):
    record_id = place.change(None, {"title": "Power", "slug": "power"})
    place.change(record_id, {"contact": "020 7946 0958"}, audience=2)
    use(
        place,
        sent(place, Sent(CORRECT, "resource", {"summary": "New"}, record_id=record_id, base=heads(place, record_id))),
    )
    history = History(accepting._public(place.db, record_id).revisions)
    assert "contact" not in {name for one in history.revisions if one.patch for name in one.patch.fields}


# -- by command


def test_commands_show_use_and_decline_what_waits(cop: Cop):
    cop.write("resources/power.md", "---\ntitle: Power\n---\n")
    assert cop("load").exit_code == 0
    from cop.schema import open_store

    db = open_store(cop.root / "data" / "store.db")
    record_id = db.execute("SELECT record_id FROM view_record WHERE slug = 'power'").fetchone()[0]
    contributions.take(db, Sent(ADD, "resource", {"title": "New guide\x1b[31m"}, credit="Tom"), NOW)
    contributions.take(db, Sent(CORRECT, "resource", {"title": "Power cube"}, record_id=record_id), NOW)
    contributions.take(db, Sent(REMOVE, record_id=record_id, reason="mine", why="I wrote it"), NOW)
    shown = cop("inbox")
    assert "3  Removal asked for: resources/power" in shown.output and "it belongs to them" in shown.output
    assert "\x1b" not in shown.output and "by Tom" in shown.output
    told = json.loads(cop("inbox", "--json").output)
    assert [one["item"] for one in told] == [3, 1, 2] and told[2]["fields"] == {"title": "Power cube"}
    status = cop("status")
    assert "3 things that people sent wait" in status.output
    assert json.loads(cop("status", "--json").output)["inbox"] == 3
    used = cop("accept", "2", "--why", "You are right")
    assert used.exit_code == 0 and "“Power cube” is in use: resources/power" in used.output
    assert "title: Power cube" in (cop.root / "content/resources/power.md").read_text()
    assert cop("decline", "1", "--why", "Here already").exit_code == 0
    hidden = cop("accept", "3")
    assert "is hidden from readers" in hidden.output and "cop erase resources/power" in hidden.output
    assert cop("accept", "3").exit_code == 2 and cop("accept", "99").exit_code == 2
    assert "Nothing waits" in cop("inbox").output
    assert cop("load").exit_code == 0 and "0 added, 0 changed" in cop("load").output


def test_a_flood_is_cleared_with_one_command(cop: Cop):
    assert cop("load").exit_code == 0
    from cop.schema import open_store

    db = open_store(cop.root / "data" / "store.db")
    for number in range(6):
        contributions.take(db, Sent(ADD, "resource", {"title": f"Pills {number}"}), NOW)
    assert "Items 1, 2 are not used. 4 things wait now." in cop("decline", "1", "2", "2", "--why", "spam").output
    some = cop("decline", "3", "99", "2", "4", "--why", "spam")
    assert some.exit_code == 1 and "Items 3, 4 are not used. 2 things wait now." in some.stdout
    assert "There is no item 99" in some.stderr and "decided on item 2 already" in some.stderr
    used = cop("accept", "77", "5", "6")
    assert used.exit_code == 1 and used.stdout.count("is in use") == 2 and "There is no item 77" in used.stderr
    assert cop("accept", "77").exit_code == 2


def test_the_command_says_that_a_correction_made_two_answers(cop: Cop):
    file = cop.write("resources/power.md", "---\ntitle: Power\nsummary: Old\n---\n")
    assert cop("load").exit_code == 0
    from cop.schema import open_store

    db = open_store(cop.root / "data" / "store.db")
    record_id, base = db.execute("SELECT record_id, heads FROM view_record WHERE slug = 'power'").fetchone()
    contributions.take(db, Sent(CORRECT, "resource", {"summary": "Mine"}, record_id=record_id, base=(base,)), NOW)
    file.write_text(file.read_text("utf-8").replace("Old", "Theirs, which is longer"), "utf-8")
    assert cop("load").exit_code == 0
    done = cop("accept", "1")
    assert done.exit_code == 5 and "two answers now, or more: Summary." in done.output, done.output
    assert "Settle it: cop conflicts" in done.output
    assert len(json.loads(cop("conflicts", "--json").output)) == 1


def test_the_command_says_that_others_look_at_it_first(tmp_path: Path):
    found = network(tmp_path, 2)
    sync_all(found)
    agree(found, publishing="any", how_many=2)
    number = sent(found[0], ONE)
    said = run(found[0], "accept", str(number))
    assert "“Power cube” is accepted: resources/power-cube." in said and "is in use" not in said
    assert "Others must look at it first" in said
    for place in found:
        place.close()


def test_a_file_with_unsaved_edits_is_left_alone(cop: Cop):
    file = cop.write("resources/power.md", "---\ntitle: Power\n---\n")
    assert cop("load").exit_code == 0
    from cop.schema import open_store

    db = open_store(cop.root / "data" / "store.db")
    record_id = db.execute("SELECT record_id FROM view_record WHERE slug = 'power'").fetchone()[0]
    contributions.take(db, Sent(CORRECT, "resource", {"summary": "New"}, record_id=record_id), NOW)
    file.write_text(file.read_text("utf-8").replace("title: Power", "title: Power to"), "utf-8")
    done = cop("accept", "1")
    assert "unsaved edits" in done.output
    assert "Power to" in file.read_text("utf-8")
    assert cop("load").exit_code == 0


def test_what_two_copies_of_a_folder_both_use_is_one_entry(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    number = sent(one, ONE)
    laptop = one.copied(tmp_path / "laptop")
    made = {use(one, number, why="Here").record_id, use(laptop, number, why="There").record_id}
    assert len(made) == 1
    for place in (one, laptop, one):
        place.sync(other)
    assert [row["record_id"] for row in other.public()["records"] if row["type"] == "resource"] == [*made]
    assert not other.view(*made).conflicts and other.view(*made).fields == one.view(*made).fields
    laptop.close()


def test_what_another_computer_has_used_is_not_written_again(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    number = sent(one, ONE)
    laptop = one.copied(tmp_path / "laptop")
    (record_id,) = {use(one, number).record_id}
    one.sync(other)
    laptop.sync(other)
    with pytest.raises(CopError, match="at another of your computers"):
        use(laptop, number, fields={**ONE.fields, "title": "Another"})
    before = len(laptop.entries())
    assert use(laptop, number).title == laptop.view(record_id).fields["title"]
    assert len(laptop.entries()) == before
    assert contributions.by_number(laptop.db, number).record_id == record_id
    laptop.close()
