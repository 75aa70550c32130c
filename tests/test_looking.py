"""Organisations say that they looked at a record, and what the network's agreement makes of it, among real installations."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import agreement, imprint, looking, partings, read_back, terms, trust, verification, views, votes, withdrawal
from cop.errors import CopError, WrongUsage
from cop.model import PARTNERS, PUBLIC, Patch
from cop.patch import new_payload
from cop.signing import Signer
from cop.web import home
from cop.web.asked import Asked
from cop.web.language import speaking
from tests.commands import ran
from tests.network import (
    NOW,
    Place,
    assert_same_views,
    befriend,
    certified_by,
    forge,
    item_of,
    network,
    next_entry,
    places,
    rebuilt,
    store,
    sync_all,
)  # fmt: skip

AGREEMENT = terms.RECORD_ID


def look(place: Place, *record_ids: str, why: str = "") -> list[looking.Looked]:
    return looking.look_at(place.site, place.db, place.signer, record_ids, why=why, now=NOW)


def take_back(place: Place, record_id: str) -> str:
    return looking.take_back(place.site, place.db, place.signer, record_id, why="", now=NOW)


def waiting(place: Place) -> list[looking.Waiting]:
    return looking.waiting(place.site, place.db)


def agree(found: Sequence[Place], signers: int = 2, **asked: object) -> None:
    """An agreement that is in force everywhere."""
    found[0].change(AGREEMENT, {"title": "Ours", **asked}, type_name="agreement")  # type: ignore[dict-item]
    sync_all(found)
    for place in found[:signers]:
        look(place, AGREEMENT)
    sync_all(found)


def told(place: Place) -> agreement.Told:
    return agreement.told(place.db, looking.origin_of(place.site, place.db))


def title(place: Place, record_id: str) -> object:
    row = place.published(record_id)
    return row and row["title"]


def looks(place: Place, record_id: str) -> list[tuple[object, object]]:
    """Names of who looked, with 1 for the text that is shown."""
    return sorted(
        (row["organisation"], row["shown"]) for row in place.public()["looked_at"] if row["record_id"] == record_id
    )


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Place]]:
    found = network(tmp_path, 3)
    sync_all(found)
    yield found
    for place in found:
        assert not verification.verify(place.site, place.db).problems
        place.close()


# --- without an agreement


def test_everything_is_shown_at_once_and_says_who_looked_at_this_very_text(three: list[Place]) -> None:
    one, two, _ = three
    record_id = one.change(None, {"title": "First"})
    assert one.published(record_id)["looked_at"] == "" and not waiting(one)  # type: ignore[index]
    (said,) = look(two, *[record_id]) if two.published(record_id) else look(one, record_id, why="It is right")
    assert (said.title, said.changed_by) == ("First", one.name)
    sync_all(three)
    assert_same_views(three)
    assert [looks(place, record_id) for place in three] == [[(one.name, 1)]] * 3
    two.change(record_id, {"title": "Second"})
    sync_all(three)
    assert looks(one, record_id) == [(one.name, 0)], "the new text nobody has looked at"
    look(two, record_id)
    sync_all(three)
    assert looks(one, record_id) == [(one.name, 0), (two.name, 1)]
    assert ("looked_at", "looked-at") in {(row["name"], row["value"]) for row in one.public()["facets"]}
    take_back(two, record_id)
    sync_all(three)
    assert looks(three[2], record_id) == [(one.name, 0)]
    assert_same_views(three)


def test_what_cannot_be_looked_at_is_refused_with_what_to_do(three: list[Place]) -> None:
    one, two, _ = three
    record_id = one.change(None, {"title": "First"})
    look(one, record_id)
    with pytest.raises(CopError, match="already"):
        look(one, record_id)
    private = one.change(None, {"title": "Ours"}, audience=PARTNERS)
    with pytest.raises(CopError, match="readers see nothing"):
        look(one, private)
    sync_all(three)
    one.change(record_id, {"title": "Left"})
    two.change(record_id, {"title": "Right"})
    sync_all(three)
    with pytest.raises(CopError, match="more than one answer"):
        look(one, record_id)
    hidden = one.change(None, {"title": "Hidden"})
    withdrawal.withdraw(one.site, one.db, one.signer, hidden, why="", undo=False, now=NOW)
    with pytest.raises(CopError, match="hidden"):
        look(one, hidden)
    with pytest.raises(CopError, match="has not said"):
        take_back(two, record_id)
    assert looking.not_looked_at(one.site, one.db) == []


def test_edits_in_a_content_file_that_are_not_saved_are_not_looked_at_by_mistake(three: list[Place]) -> None:
    one = three[0]
    path = one.write("posts/a.md", "---\ntitle: First\n---\n")
    one.load()
    record_id = one.db.execute("SELECT record_id FROM local_file").fetchone()[0]
    path.write_text(path.read_text().replace("First", "Second"))
    with pytest.raises(CopError, match="not saved"):
        look(one, record_id)
    one.load()
    look(one, record_id)
    assert looks(one, record_id) == [(one.name, 1)]


def test_nothing_that_only_partners_get_is_told_to_readers(three: list[Place]) -> None:
    one, two, _ = three
    record_id = one.change(None, {"title": "First"})
    one.change(record_id, {"contact": "CanaryForPartners"}, audience=PARTNERS)
    sync_all(three)
    look(two, record_id, why="Good")
    sync_all(three)
    (entry,) = [entry for entry in one.entries() if entry.kind == votes.KIND]
    public = {r.payload_hash for r in read_back.revisions(one.db, record_id) if r.audience == PUBLIC}
    assert set(entry.items[0].parents) <= public and entry.items[0].audience == PUBLIC
    assert b"CanaryForPartners" not in one.bytes_of("site.db")
    one.change(record_id, {"contact": "CanaryTwo"}, audience=PARTNERS)
    assert looks(one, record_id) == [(two.name, 1)], "what readers see is what was looked at"


def test_a_reason_with_a_phone_number_goes_to_no_reader(three: list[Place]) -> None:
    record_id = three[0].change(None, {"title": "First"})
    with pytest.raises(CopError, match="phone number"):
        look(three[0], record_id, why="Ask me on 0117 496 0123")
    payload = new_payload(Patch("post", why="Ask me on 0117 496 0123", person="Ann"))
    heads = three[0].heads(record_id)
    store(three[0], [next_entry(three[0], [item_of(record_id, payload, parents=heads)], votes.KIND)], [payload])
    (row,) = three[0].public()["looked_at"]
    assert (row["why"], row["person"]) == ("Ask me on [not shown]", "Ann")
    assert b"496 0123" not in three[0].bytes_of("site.db")


def test_an_older_cop_holds_votes_and_shows_and_passes_on_the_same(
    three: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, third = three
    record_id = one.change(None, {"title": "First", "start": "2026-01-01"})
    sync_all(three)
    before = third.digest(), third.heads(record_id)
    look(one, record_id)
    look(two, record_id)
    with monkeypatch.context() as older:
        older.setattr(votes, "KIND", "-")
        older.setattr(read_back, "ENDORSE", "-")
        for module in (read_back.entries, imprint):
            older.setattr(module, "KINDS", read_back.entries.KINDS - {"endorse"})
        third.sync(one)
        third.sync(two)
        assert (third.digest(), third.heads(record_id)) == before
    for place in three:
        views.refresh(place.site, place.db)
    assert looks(third, record_id) == sorted([(one.name, 1), (two.name, 1)]), "and once it is updated, it knows"


# --- with an agreement


def test_an_agreement_is_in_force_once_enough_have_signed_it(three: list[Place]) -> None:
    one, two, third = three
    record_id = one.change(None, {"title": "First"})
    one.change(AGREEMENT, {"title": "Ours", "publishing": "any", "how_many": 2}, type_name="agreement")
    sync_all(three)
    proposed = told(two).proposed
    assert proposed and not proposed.signed and proposed.needs == (terms.Need(2),)
    assert third.published(AGREEMENT)["waits"] == 2 and title(third, record_id)  # type: ignore[index]
    look(one, AGREEMENT)
    sync_all(three)
    assert told(two).proposed.needs == (terms.Need(1),) and title(two, record_id)  # type: ignore[union-attr]
    look(two, AGREEMENT)
    sync_all(three)
    assert [told(place).in_force[0].signed for place in three] == [tuple(sorted([one.name, two.name]))] * 3
    assert [title(place, record_id) for place in three] == [None] * 3
    assert [waits.record_id for waits in waiting(third)] == [record_id]
    assert_same_views(three)


def test_the_first_page_says_how_many_entries_readers_do_not_see_yet(three: list[Place]) -> None:
    one, two, _ = three

    def said() -> str:
        with closing(sqlite3.connect(one.site.site_db)) as db, speaking("en", "en"):
            db.row_factory = sqlite3.Row
            return home.home(Asked(db, "/", {}, date(2026, 11, 23))).waiting

    record_id = one.change(None, {"title": "Tea"})
    assert said() == ""
    agree(three, publishing="any", how_many=2)
    assert said() == "1 entry waits until enough organisations have looked at it."
    for place in (one, two):
        look(place, record_id)
    sync_all(three)
    assert said() == "" and title(one, record_id) == "Tea"


def test_what_too_few_members_cannot_meet_is_told_with_what_counts_instead(three: list[Place]) -> None:
    one, *_ = three
    for fields, instead in (
        ({"publishing": "any", "how_many": 3}, None), ({"publishing": "any", "how_many": 9}, (terms.Need(3),)),
        ({"publishing": "foo", "how_many": 0}, None), ({"publishing": "stewards", "how_many": 9}, None),
        ({"publishing": "each-kind", "how_many": 1, "kinds": ["funder"]}, (terms.Need(1),)),
    ):  # fmt: skip
        one.change(AGREEMENT, {"title": "Ours", **fields}, type_name="agreement")
        proposed = told(one).proposed
        assert proposed and proposed.instead == instead, fields


def test_a_later_edit_waits_beside_the_text_that_was_looked_at(three: list[Place]) -> None:
    one, two, third = three
    agree(three, publishing="any", how_many=2)
    record_id = one.change(None, {"title": "First"})
    sync_all(three)
    assert [title(place, record_id) for place in three] == [None] * 3
    look(one, record_id)
    sync_all(three)
    assert title(third, record_id) is None
    look(third, record_id)
    sync_all(three)
    assert [title(place, record_id) for place in three] == ["First"] * 3
    two.change(record_id, {"title": "CanaryWaiting", "summary": "new"})
    sync_all(three)
    assert [(title(place, record_id), place.published(record_id)["waits"]) for place in three] == [("First", 1)] * 3  # type: ignore[index]
    assert not any(b"CanaryWaiting" in place.bytes_of("site.db") for place in three)
    (waits,) = waiting(third)
    assert waits.is_shown and waits.changed == ("summary", "title") and waits.needs == (terms.Need(2),)
    look(two, record_id)
    sync_all(three)
    look(third, record_id)
    assert title(third, record_id) == "CanaryWaiting" and not waiting(third)
    sync_all(three)
    assert_same_views(three)
    assert [title(place, record_id) for place in three] == ["CanaryWaiting"] * 3


def test_what_is_hidden_is_hidden_at_once_and_shown_again_as_it_was(three: list[Place]) -> None:
    one, two, _ = three
    agree(three, publishing="any", how_many=2)
    record_id = one.change(None, {"title": "First"})
    look(one, record_id)
    sync_all(three)
    look(two, record_id)
    withdrawal.withdraw(two.site, two.db, two.signer, record_id, why="wrong", undo=False, now=NOW)
    assert title(two, record_id) is None and not waiting(two)
    withdrawal.withdraw(two.site, two.db, two.signer, record_id, why="", undo=True, now=NOW)
    assert title(two, record_id) == "First" and not waiting(two)


def test_a_consent_that_is_taken_back_does_not_wait(three: list[Place]) -> None:
    one, two, _ = three
    agree(three, publishing="any", how_many=2)
    consent = {"who": "B", "detail": "0117 496 0123", "when": "2026-01-01", "for": "this", "until": "2090-01-01"}
    record_id = one.change(None, {"title": "T", "note": "Call 0117 496 0123", "consents": [consent]})
    look(one, record_id)
    sync_all(three)
    look(two, record_id)
    assert b"496 0123" in two.bytes_of("site.db")
    two.change(record_id, {"consents": None})
    assert "0117 496 0123" not in str(two.published(record_id))
    assert waiting(two)


def test_who_takes_back_its_word_takes_the_text_down_where_too_few_are_left(three: list[Place]) -> None:
    one, two, _ = three
    agree(three, publishing="any", how_many=2)
    record_id = one.change(None, {"title": "First"})
    look(one, record_id)
    sync_all(three)
    look(two, record_id)
    take_back(two, record_id)
    assert title(two, record_id) is None
    sync_all(three)
    assert_same_views(three)


def test_all_that_was_there_before_can_be_looked_at_with_one_word(three: list[Place]) -> None:
    one, two, _ = three
    ids = [one.change(None, {"title": f"Post {at}"}) for at in range(12)]
    agree(three, publishing="any", how_many=2)
    for place in (one, two):
        everything = looking.not_looked_at(place.site, place.db)
        assert sorted(everything) == sorted(ids)
        entries = len(place.entry_ids())
        look(place, *everything)
        assert len(place.entry_ids()) == entries + 1 and looking.not_looked_at(place.site, place.db) == []
    sync_all(three)
    assert all(title(three[2], record_id) for record_id in ids)


def test_each_kind_and_stewards_are_asked_by_name(tmp_path: Path) -> None:
    found = network(tmp_path, 4)  # community, university, charity, nhs
    sync_all(found)
    agree(found, 2, publishing="each-kind", how_many=1, kinds=["community", "university"])
    record_id = found[3].change(None, {"title": "T"})
    look(found[3], record_id)
    sync_all(found)
    (waits,) = waiting(found[3])
    assert waits.needs == (terms.Need(1, "community"), terms.Need(1, "university"))
    look(found[0], record_id)
    look(found[1], record_id)
    sync_all(found)
    assert title(found[3], record_id) == "T"
    found[1].change(
        AGREEMENT,
        {"publishing": "stewards"},
        type_name="agreement",
    )
    sync_all(found)
    look(found[1], AGREEMENT)
    sync_all(found)
    assert told(found[0]).proposed and told(found[0]).in_force[0].terms.publishing == "each-kind", (
        "a community is missing"
    )
    look(found[0], AGREEMENT)
    sync_all(found)
    assert not told(found[0]).proposed and told(found[0]).in_force[0].terms.publishing == "stewards"
    mine = found[0].change(None, {"title": "Mine"}, added={"stewards": (found[2].name,)})
    look(found[0], mine)
    sync_all(found)
    assert waiting(found[1])[0].needs == (terms.Need(1, name=found[2].name),)
    look(found[2], mine)
    sync_all(found)
    assert title(found[1], mine) == "Mine"
    assert_same_views(found)


def test_an_organisation_keeps_its_voice_when_its_lost_key_is_replaced(tmp_path: Path) -> None:
    a, b, c, lost = found = network(tmp_path, 4)
    sync_all(found)
    parties = [{"name": place.name, "kind": place.site.config.kind, "key": place.organisation.hex()} for place in found]
    agree(found, signers=4, publishing="any", how_many=1, parties=parties)
    [new] = places(tmp_path / "again", 1)
    new.rename(lost.name)
    for place in (a, b):
        partings.replace_key(place.db, place.signer, place.partner(lost), new.invitation(), NOW)
    sync_all([a, b, c])
    for place in (a, b):
        new.accept(place)
    sync_all([a, b, c])
    sync_all([a, b, new])
    record_id = c.change(None, {"title": "Tea"})
    sync_all([a, b, c])
    sync_all([a, b, new])
    assert title(b, record_id) is None
    look(new, record_id)
    sync_all([a, b, new])
    sync_all([a, b, c])
    assert {title(place, record_id) for place in (a, b, c, new)} == {"Tea"}
    assert lost.name in told(c).in_force[0].votes_of


def test_whoever_left_is_not_named_among_those_who_are_asked(three: list[Place]) -> None:
    parties = [{"name": place.name, "kind": place.site.config.kind, "key": place.organisation.hex()} for place in three]
    agree(three, signers=3, publishing="any", how_many=1, parties=parties)
    assert three[2].name in told(three[0]).in_force[0].votes_of
    partings.leave(three[2].db, three[2].signer, NOW)
    three[0].sync(three[2])
    assert told(three[0]).in_force[0].votes_of == tuple(sorted((three[0].name, three[1].name), key=str.casefold))


def test_who_agreed_alone_is_told_that_others_must_sign_once_they_are_members_again(three: list[Place]) -> None:
    one, two, _ = three
    partings.leave(one.db, one.signer, NOW)
    one.change(AGREEMENT, {"title": "Ours", "publishing": "none", "how_many": 1}, type_name="agreement")
    look(one, AGREEMENT)
    views.refresh(one.site, one.db)
    assert told(one).in_force and not waiting(one)
    befriend(one, two)
    sync_all(three)
    assert not told(one).in_force and [row.record_id for row in waiting(one)] == [AGREEMENT]
    assert verification.verify(one.site, one.db).problems == []


# --- cheats


def test_only_who_has_not_signed_is_asked_to_sign(three: list[Place]) -> None:
    one, other, _ = three
    one.change(terms.RECORD_ID, {"title": "How we work", "publishing": "any"}, type_name="agreement")
    assert "Sign it: cop endorse agreement" in ran(one, "agreement").stderr
    ran(one, "endorse", "agreement")
    told = ran(one, "agreement")
    assert f"Signed by {one.name}." in told.stdout and "Still needed" in told.stdout
    assert "cop show agreement" in told.stderr and "Sign it" not in told.stderr
    sync_all(three)
    assert "Sign it: cop endorse agreement" in ran(other, "agreement").stderr


def test_nobody_changes_the_agreement_alone(three: list[Place]) -> None:
    one, two, cheat = three
    agree(three, publishing="any", how_many=2)
    cheat.change(AGREEMENT, {"publishing": "none"}, type_name="agreement")
    look(cheat, AGREEMENT)
    spam = cheat.change(None, {"title": "Spam"})
    look(cheat, spam)
    sync_all(three)
    assert [title(place, spam) for place in three] == [None] * 3
    assert [told(place).in_force[0].terms.publishing for place in three] == ["any"] * 3
    look(one, AGREEMENT)
    sync_all(three)
    assert [told(place).in_force[0].terms.publishing for place in three] == ["none"] * 3, "two of them did"
    assert title(two, spam) == "Spam"


def test_a_rule_that_nobody_could_ever_meet_does_not_come_into_force(three: list[Place]) -> None:
    one, two, third = three
    agree(three, publishing="any", how_many=2)
    one.change(AGREEMENT, {"how_many": 3}, type_name="agreement")
    sync_all(three)
    look(one, AGREEMENT)
    sync_all(three)
    look(two, AGREEMENT)
    assert told(two).in_force[0].terms.how_many == 2 and told(two).proposed.needs == (terms.Need(1),)  # type: ignore[union-attr]
    sync_all(three)
    look(third, AGREEMENT)
    assert told(third).in_force[0].terms.how_many == 3


def test_a_second_agreement_that_pretends_not_to_know_of_the_first_opens_nothing(three: list[Place]) -> None:
    one, two, cheat = three
    agree(three, publishing="any", how_many=2)
    cheat.change(AGREEMENT, {"title": "New", "publishing": "none"}, type_name="agreement", parents=())
    (rival,) = [r for r in read_back.revisions(cheat.db, AGREEMENT) if r.patch and r.patch.fields["title"] == "New"]
    _vote(cheat, AGREEMENT, rival.payload_hash)
    spam = cheat.change(None, {"title": "Spam"})
    sync_all(three)
    assert [title(place, spam) for place in three] == [None] * 3
    _vote(two, AGREEMENT, rival.payload_hash)  # and even if one more falls for it
    sync_all(three)
    assert [len(told(place).in_force) for place in three] == [2] * 3, "what each of both asks for holds"
    assert [title(place, spam) for place in three] == [None] * 3
    assert set(one.published(AGREEMENT)["conflicts"].strip("[]").replace('"', "").split(", ")) >= {
        "publishing",
        "title",
    }  # type: ignore[index,union-attr]
    assert_same_views(three)


def test_a_signature_under_the_agreement_is_not_taken_back(three: list[Place]) -> None:
    one = three[0]
    agree(three, publishing="any", how_many=2)
    with pytest.raises(WrongUsage, match="not taken back"):
        take_back(one, AGREEMENT)
    (mine,) = [
        r for r in read_back.revisions(one.db, AGREEMENT) if r.kind == votes.KIND and r.writer == one.signer.public
    ]
    _vote(one, AGREEMENT, mine.payload_hash)
    sync_all(three)
    assert [bool(told(place).in_force) for place in three] == [True] * 3


def test_the_agreement_stays_one_whatever_somebody_makes_of_its_record(three: list[Place]) -> None:
    one, _, cheat = three
    agree(three, publishing="any", how_many=2)
    cheat.change(AGREEMENT, {"title": "Just a post"}, type_name="post")
    cheat.change(AGREEMENT, {"withdrawn": "gone"}, type_name="unheard-of", kind="withdraw")
    with pytest.raises(CopError, match="Nobody hides"):
        withdrawal.withdraw(cheat.site, cheat.db, cheat.signer, AGREEMENT, why="", undo=False, now=NOW)
    other = cheat.change(None, {"title": "Agreement", "publishing": "none"}, type_name="agreement")
    sync_all(three)
    assert title(one, AGREEMENT) == "Ours" and one.published(AGREEMENT)["type"] == "agreement"  # type: ignore[index]
    assert title(one, other) is None and not [w for w in waiting(one) if w.record_id == other]
    with pytest.raises(CopError, match="not the agreement"):
        look(cheat, other)


def test_an_organisation_that_changes_its_kind_does_not_count_twice(three: list[Place]) -> None:
    one, two, cheat = three  # community, university, charity
    agree(three, publishing="each-kind", how_many=1, kinds=["community", "university"])
    member = trust.member_record_id(cheat.organisation)
    for kind in ("university", "community"):
        cheat.change(member, {"kind": kind}, type_name="member")
    spam = cheat.change(None, {"title": "Spam"})
    look(cheat, spam)
    sync_all(three)
    assert [title(place, spam) for place in three] == [None] * 3
    look(one, spam)
    sync_all(three)
    assert title(two, spam) is None, "the university is still missing"


def test_votes_of_strangers_and_of_who_was_removed_do_not_count(three: list[Place], tmp_path: Path) -> None:
    one, two, third = three
    agree(three, publishing="any", how_many=2)
    record_id = one.change(None, {"title": "T"})
    look(one, record_id)
    sync_all(three)
    stranger = Signer(b"s" * 32)
    payload = new_payload(Patch("post"))
    heads = one.heads(record_id)
    store(one, [forge(stranger, [item_of(record_id, payload, parents=heads)], kind=votes.KIND)], [payload])
    assert title(one, record_id) is None
    look(third, record_id)
    sync_all(three)
    assert title(one, record_id) == "T"
    one.remove(third)
    assert title(one, record_id) == "T", "what somebody said before its end counts, as all that it wrote"
    two.remove(third, hide=True)
    assert title(two, record_id) is None, "unless nothing of theirs is shown"
    late = one.change(None, {"title": "Later"})
    third.sync(one)
    look(third, late)
    third.sync(one)
    assert "Later" not in {row["title"] for row in one.public()["records"]}
    assert [waits.needs for waits in waiting(one)] == [(terms.Need(2),)], "two are left, and nobody waits for the third"


def test_two_computers_of_one_organisation_have_one_vote(three: list[Place], tmp_path: Path) -> None:
    one, two, _ = three
    agree(three, publishing="any", how_many=2)
    record_id = two.change(None, {"title": "T"})
    sync_all(three)
    look(one, record_id)
    from cop import keys

    laptop = Signer(b"l" * 32)
    organisation = keys.load(one.site.keys, one.organisation)
    first = certified_by(organisation, laptop)
    payload = new_payload(Patch("post"))
    vote = forge(
        laptop, [item_of(record_id, payload, parents=one.heads(record_id))],
        sequence=2, previous=first.entry_id, kind=votes.KIND,
    )  # fmt: skip
    store(one, [first, vote], [payload])
    assert (
        title(one, record_id) is None
        and len([r for r in read_back.revisions(one.db, record_id) if r.kind == votes.KIND]) == 2
    )


def _vote(place: Place, record_id: str, *names: bytes) -> None:
    """A vote that names whatever one likes."""
    payload = new_payload(Patch("post"))
    store(place, [next_entry(place, [item_of(record_id, payload, parents=names)], votes.KIND)], [payload])


def test_forged_votes_change_nothing(three: list[Place]) -> None:
    one, two, cheat = three
    agree(three, publishing="any", how_many=2)
    record_id, other = one.change(None, {"title": "T"}), one.change(None, {"title": "Other"})
    look(one, record_id)
    sync_all(three)
    (theirs,) = [r for r in read_back.revisions(cheat.db, record_id) if r.kind == votes.KIND]
    head, foreign = cheat.heads(record_id)[0], cheat.heads(other)[0]
    _vote(cheat, record_id, foreign)
    _vote(cheat, record_id, b"?" * 32, head)
    _vote(cheat, record_id, theirs.payload_hash)
    _vote(cheat, record_id)
    for payload_hash in (head, theirs.payload_hash):  # what others wrote, announced as a vote of its own
        item = item_of(record_id, b"")
        forged = next_entry(cheat, [type(item)(record_id, (head,), payload_hash, 60, PUBLIC)], "vote")
        store(cheat, [forged])
    sync_all(three)
    assert [title(place, record_id) for place in three] == [None] * 3
    assert [looking.waiting(place.site, place.db)[-1].looked_at for place in three] == [(one.name,)] * 3
    look(two, record_id)
    sync_all(three)
    assert [title(place, record_id) for place in three] == ["T"] * 3
    assert_same_views(three)


# --- any order of arrival


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_entries_in_any_order_give_the_same_site(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    found = network(tmp_path_factory.mktemp("lives"), 3)
    sync_all(found)
    records = [found[0].change(None, {"title": "One"}), found[1].change(None, {"title": "Two"})]
    for step in range(data.draw(st.integers(4, 14))):
        place = data.draw(st.sampled_from(found))
        what = data.draw(st.sampled_from(["edit", "look", "look", "sign", "agree", "back", "hide", "sync"]))
        _live(place, what, data.draw(st.sampled_from(records)), step)
        if what == "sync":
            sync_all(found, 1)
    sync_all(found)
    assert_same_views(found)
    last = found[2]
    digest, tables = last.digest(), last.public()
    assert rebuilt(last) == (digest, tables)
    source = data.draw(st.randoms(use_true_random=False))
    everything, payloads = last.entries(), list(last.payloads().values())
    source.shuffle(everything)
    (late,) = places(tmp_path_factory.mktemp("late"), 1)
    befriend(late, found[0])
    mine = late.entries()
    for at in range(0, len(everything), 7):
        store(late, everything[at : at + 7], payloads)
    assert mine and {
        row["record_id"]: row["title"] for row in late.public()["records"] if row["record_id"] in records
    } == {row["record_id"]: row["title"] for row in rebuilt(late)[1]["records"] if row["record_id"] in records}
    for place in (*found, late):
        place.close()


def _live(place: Place, what: str, record_id: str, step: int) -> None:
    try:
        if what == "edit":
            place.change(record_id, {"summary": f"{step}"})
        elif what in ("look", "sign"):
            look(place, record_id if what == "look" else AGREEMENT)
        elif what == "agree":
            rule = (("any", 2), ("none", 1), ("any", 1), ("stewards", 1))[step % 4]
            place.change(AGREEMENT, {"title": "A", "publishing": rule[0], "how_many": rule[1]}, type_name="agreement")
        elif what == "back":
            take_back(place, record_id)
        elif what == "hide":
            undo = bool(step % 2)
            withdrawal.withdraw(place.site, place.db, place.signer, record_id, why="", undo=undo, now=NOW)
    except CopError:
        pass
