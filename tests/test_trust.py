"""Who belongs to the network: by signatures and statements, whatever order they come in."""

import random
from pathlib import Path

import pytest

from cop import answering, belonging, invitations, partners, status, trust, vouching, wire
from cop.errors import CopError, Refused, WrongUsage
from cop.model import Entry
from cop.signing import Signer, sha256
from tests.network import (
    NOW,
    assert_same_views,
    befriend,
    certified_by,
    forge,
    network,
    next_entry,
    places,
    store,
    sync_all,
)


def org(number: int) -> tuple[Signer, Signer, Entry]:
    """An organisation, its writer, and the writer's first entry."""
    organisation, writer = Signer(sha256(b"o%d" % number)), Signer(sha256(b"w%d" % number))
    return organisation, writer, certified_by(organisation, writer)


def says(writer: Signer, about: Signer, what: object, replaces: object = (), sequence: int = 2) -> Entry:
    extra = {"organisation": about.public, "stance": what, "replaces": replaces}
    return forge(writer, kind="organisation", sequence=sequence, previous=bytes(32), extra=extra)


def test_members_are_we_and_whom_members_accept() -> None:
    (a, wa, ca), (b, wb, cb), (c, wc, cc), (_d, wd, cd) = (org(at) for at in range(4))
    statements = [ca, cb, cc, cd, says(wa, b, "accept"), says(wb, c, "accept"), says(wd, a, "accept")]
    network = belonging.members_of(statements, a.public)
    assert network.organisations == {a.public, b.public, c.public}
    assert network.writers == {wa.public: a.public, wb.public: b.public, wc.public: c.public}
    for seed in range(20):
        random.Random(seed).shuffle(statements)
        assert belonging.members_of(statements, a.public) == network


def test_whom_we_removed_is_out_whoever_else_accepts_it() -> None:
    (a, wa, ca), (b, wb, cb), (c, _wc, cc) = (org(at) for at in range(3))
    accepted = says(wa, c, "accept")
    statements = [ca, cb, cc, says(wa, b, "accept"), says(wb, c, "accept"), accepted]
    removed = says(wa, c, "remove", [accepted.entry_id], sequence=3)
    assert c.public not in belonging.members_of([*statements, removed], a.public).organisations
    again = says(wa, c, "accept", [removed.entry_id], sequence=4)
    assert c.public in belonging.members_of([*statements, removed, again], a.public).organisations


def test_a_remove_and_an_accept_that_did_not_know_of_each_other_mean_out() -> None:
    (a, wa, ca), (b, _, cb) = (org(at) for at in range(2))
    statements = [ca, cb, says(wa, b, "accept"), says(wa, b, "remove", sequence=3)]
    assert b.public not in belonging.members_of(statements, a.public).organisations


def test_nobody_speaks_for_another_organisation() -> None:
    (a, wa, ca), (b, _wb, cb), (c, wc, cc) = (org(at) for at in range(3))
    accepted = says(wa, b, "accept")
    statements = [ca, cb, cc, accepted, says(wc, c, "accept"), says(wc, b, "remove", [accepted.entry_id])]
    assert belonging.members_of(statements, a.public).organisations == {a.public, b.public}
    forged = forge(wc, kind="writer", extra={**cb.extra, "writer": wc.public})
    assert wc.public not in belonging.members_of([*statements, forged], a.public).writers


@pytest.mark.parametrize("stance", [[], {}, [1], None, 5, b"accept", "ACCEPT", {"accept": 1}, True])
@pytest.mark.parametrize("replaces", [[], None, 5, [[]], [{}], ["x"], {"a": 1}])
def test_statements_that_make_no_sense_count_for_nothing(stance: object, replaces: object) -> None:
    (a, wa, ca), (b, wb, cb), (c, _wc, cc) = (org(at) for at in range(3))
    statements = [ca, cb, cc, says(wa, b, "accept"), says(wb, c, stance, replaces)]
    assert belonging.members_of(statements, a.public).organisations == {a.public, b.public}


@pytest.mark.parametrize("extra", [
    {"organisation": 1}, {"organisation": b"x"}, {"writer": None}, {"writer": b""}, {"writer": "x"}, {"certificate": b""},
    {"certificate": [1]}, {"certificate": bytes(64)}, {"organisation": bytes(32)}, {"writer": bytes(32)},
], ids=repr)  # fmt: skip
def test_certificates_that_do_not_fit_count_for_nothing(extra: dict[str, object]) -> None:
    a, wa, ca = org(0)
    entry = forge(wa, kind="writer", extra={**ca.extra, **extra})
    assert belonging.members_of([entry], a.public).writers == {}


def test_a_writer_key_of_another_length_is_nobodys() -> None:
    a, wa, _ = org(0)
    for writer in (b"", b"short", bytes(33)):
        entry = forge(wa, kind="writer", extra=vouching.certificate(a, writer))
        assert belonging.members_of([entry], a.public).writers == {}


def test_statements_that_do_not_make_sense_do_not_stop_an_installation(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    unknown = Signer(bytes(32)).public
    for at, stance in enumerate(([], {"a": 1}, None, b"x")):
        extra = {"organisation": unknown, "stance": stance, "replaces": [[], {}]}
        forged = next_entry(other, [], "organisation", **extra, number=at)
        for place in (other, one):
            store(place, [forged])
    one.change(None, {"title": "Goes on"})
    assert one.sync(other).equal


# -- a partner who lies about whose a writer is


def low_key() -> Signer:
    """The key of an organisation that comes before most others in byte order."""
    return min((Signer(sha256(b"low%d" % at)) for at in range(200)), key=lambda signer: signer.public)


def test_nobody_claims_the_writer_of_somebody_else(tmp_path: Path) -> None:
    one, other, enemy = network(tmp_path, 3)
    record_id = one.change(None, {"title": "Ours"})
    other.sync(one)
    other.sync(enemy)
    store(other, [next_entry(enemy, [], "writer", **vouching.certificate(low_key(), one.signer.public))])
    assert other.published(record_id)
    one.change(record_id, {"title": "Ours, later"})
    assert other.sync(one).refused == 0
    assert other.view(record_id).fields["title"] == "Ours, later"


@pytest.mark.parametrize("kind", ["writer", "organisation"])
def test_a_writer_that_says_it_belongs_elsewhere_too_stops_nobody(tmp_path: Path, kind: str) -> None:
    """What is let in must not depend on what came before, and the search for it must end."""
    one, enemy, third = network(tmp_path, 3)
    for place in (enemy, third):
        one.sync(place)
    record_id = enemy.change(None, {"title": "Before"})
    one.sync(enemy)
    claim = next_entry(enemy, [], kind, **vouching.certificate(low_key(), enemy.signer.public))
    message = wire.Message(enemy.signer.public, enemy.organisation, bytes(16), entries=(claim,))
    answering.answer(one.side, wire.pack(message), NOW, enemy.signer.public)
    third.sync(one)
    assert record_id
    assert {claim.entry_id} <= one.entry_ids() == third.entry_ids()
    assert_same_views([one, third])


# -- invitations


def test_an_invitation_is_one_line_and_both_see_the_same_phrase(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    told = one.invitation()
    assert told.text().startswith("cop1:") and "\n" not in told.text() and len(told.text()) < 500
    again = invitations.parse_invitation(f"  {told.text()[:20]}\n{told.text()[20:]} ")
    assert again == told and len(again.phrase().split()) == invitations.PHRASE_WORDS


def test_another_key_or_name_gives_another_phrase(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    told = one.invitation()
    from dataclasses import replace

    phrases = {told.phrase(), replace(told, name="Caafi  Health").phrase(), replace(told, kind="university").phrase(),
               replace(told, organisation=other.organisation).phrase()}  # fmt: skip
    assert len(phrases) == 4
    assert invitations.at_address(told, "http://elsewhere.test").phrase() == told.phrase()


def test_any_changed_letter_of_an_invitation_is_refused_or_changes_the_phrase(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    told = one.invitation()
    text, source = told.text(), random.Random(1)
    for at in range(len(text)):
        bent = text[:at] + source.choice("ABCxyz019-_:é ") + text[at + 1 :]
        try:
            read = invitations.parse_invitation(bent)
        except CopError:
            continue
        same = (read.organisation, read.writer) == (told.organisation, told.writer)
        assert same and (read.phrase() == told.phrase()) == ((read.name, read.kind) == (told.name, told.kind))


@pytest.mark.parametrize(
    "text", ["", "cop1:", "cop2:abc", "cop1:" + "A" * 3000, "cop1:????", "http://x", "cop1:é", "cop1:gA"]
)
def test_what_is_no_invitation_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        invitations.parse_invitation(text)


def test_our_own_invitation_is_not_a_partner(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    with pytest.raises(WrongUsage):
        one.accept(one)


def test_accepting_twice_says_it_once(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    before = one.entry_ids()
    one.accept(other)
    assert one.entry_ids() == before and len(partners.all_partners(one.db)) == 1


def test_partners_are_found_by_the_start_of_their_name(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    assert partners.find(one.db, other.name[:5].lower()).organisation == other.organisation
    for name in ("nobody", ""):
        if name:
            with pytest.raises(WrongUsage):
                partners.find(one.db, name)


def test_names_with_control_characters_are_not_shown(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = trust.member_record_id(other.organisation)
    other.change(record_id, {"name": "\x1b[2JEvil"}, type_name="member")
    one.sync(other)
    assert trust.names(one.db, trust.members(one.db))[other.organisation].name.isprintable()


def test_removing_a_partner_ends_what_came_through_it(tmp_path: Path) -> None:
    a, b, c = places(tmp_path, 3)
    befriend(a, b)
    befriend(b, c)
    c.change(None, {"title": "From C"})
    b.sync(c)
    a.sync(b)
    assert c.organisation in trust.members(a.db).organisations
    a.remove(b)
    assert trust.members(a.db).organisations == {a.organisation}
    assert [row["title"] for row in a.public()["records"]] == ["From C"], "what was there stays"
    a.accept(b)
    assert c.organisation in trust.members(a.db).organisations
    a.remove(b, hide=True)
    assert trust.members(a.db).organisations == {a.organisation}
    assert a.public()["records"] == []


def test_what_was_written_after_a_removed_member_stays_the_newest(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    ids = [one.change(None, {"title": "Old", "summary": "First"}) for _ in range(8)]
    for place, said in ((third, "By the third"), (other, "Newest")):
        sync_all([one, other, third])
        for record_id in ids:
            place.change(record_id, {"title": said})
    sync_all([one, other, third])
    one.remove(third, hide=True)
    assert status.conflict_count(one.db) == 0
    assert {(one.view(i).fields["title"], one.view(i).fields["summary"]) for i in ids} == {("Newest", "First")}
    assert {one.published(i)["title"] for i in ids} == {"Newest"}
    for record_id in ids:
        one.change(record_id, {"title": "Ours now"})
    other.sync(one)
    assert {place.view(i).fields["title"] for i in ids for place in (one, other)} == {"Ours now"}


def test_a_kind_of_change_from_tomorrow_links_what_it_stands_between(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Old"})
    sync_all([one, other])
    other.change(record_id, {"title": "Tomorrow"}, kind="change2")
    head = other.db.execute("SELECT payload_hash FROM log_item ORDER BY item_number DESC LIMIT 1").fetchone()[0]
    other.change(record_id, {"title": "Newest"}, parents=[head])
    sync_all([one, other])
    for place in (one, other):
        assert place.view(record_id).fields == {"title": "Newest"} and not place.view(record_id).conflicts
    assert status.not_understood(one.db) == 1
    assert_same_views([one, other])


def test_a_file_that_says_what_a_removed_member_wrote_is_a_change_of_ours(tmp_path: Path) -> None:
    one, third = network(tmp_path, 2)
    record_id = third.change(None, {"title": "A post", "summary": "By the third"})
    one.sync(third)
    one.remove(third)
    one.write("posts/a.md", f"---\nid: {record_id}\ntitle: A post\nsummary: By the third\n---\n")
    one.load()
    assert one.view(record_id).fields["summary"] == "By the third"
    assert one.published(record_id)["title"] == "A post"


def test_an_organisation_that_has_not_told_its_name_is_called_in_plain_words() -> None:
    assert trust.Organisation.of_key(bytes.fromhex("56ac525f" * 8)).name == "Name not known yet (key 56ac525f)"


def test_a_partner_is_called_as_its_invitation_says_before_anything_of_it_has_come(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    assert trust.names(one.db, trust.members(one.db))[other.organisation].name == other.name
