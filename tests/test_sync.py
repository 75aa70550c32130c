"""Two and more places in step: what one exchange does, that it ends, and that nothing is left half done."""

import contextlib
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import (
    answering,
    bundle,
    cbor,
    composing,
    exchanges,
    frontier,
    log,
    partners,
    patch,
    receiving,
    status,
    sync,
    views,
    wire,
)
from cop.database import writing
from cop.errors import CopError, NotReachable, Refused
from cop.model import OWN, PARTNERS, PUBLIC, Item, Patch
from cop.transports.base import LineCut
from tests.network import (
    NOW,
    FaultyLine,
    Line,
    Place,
    assert_same_views,
    befriend,
    forge,
    item_of,
    network,
    next_entry,
    places,
    site_tables,
    steady,
    store,
    sync_all,
)


def assert_in_step(one: Place, other: Place) -> None:
    """Both hold the same and know it: one more exchange is one small request."""
    assert one.entry_ids() == other.entry_ids()
    assert frontier.frontier_hash(one.db) == frontier.frontier_hash(other.db)
    assert_same_views([one, other])
    again = Line(other)
    report = one.sync(other, again)
    assert report.equal and again.requests == 1 and len(again.messages[0]) <= 600
    assert (report.received, report.sent) == (0, 0)


def big(place: Place, count: int, size: int = 15_000, audience: int = PUBLIC) -> list[str]:
    """Records with a text each, in entries of their own. 15,000 characters are laid out without a second process."""
    source = random.Random(count)
    ids = [patch.new_record_id() for _ in range(count)]
    with writing(place.db):
        for at, record_id in enumerate(ids):
            new = Patch("post", {"title": f"Record {at}", "note": source.randbytes(size // 2).hex()})
            log.write(place.db, place.signer, "change", [log.Change(record_id, (), new, audience)], claimed_time=NOW)
    views.refresh(place.site, place.db)
    return ids


# -- two places


def test_one_command_exchanges_in_both_directions(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "From Caafi Health"})
    other.change(None, {"title": "From Wenlock"})
    report = one.sync(other)
    assert (report.received, report.sent, report.equal) == (1, 1, True)
    assert report.by == {other.name: 1}
    assert {row["title"] for row in one.public()["records"]} == {"From Caafi Health", "From Wenlock"}
    assert_in_step(one, other)


def test_both_sides_say_what_happened(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "From Caafi Health"})
    line = Line(other)
    one.sync(other, line)
    heard = partners.all_partners(other.db)[0]
    assert heard.name == one.name and heard.heard_time == NOW
    assert set(heard.report) == {"received", "sent", "refused"}
    assert line.other.db.execute("SELECT count(*) FROM log_entry WHERE received_from = ?", [one.name]).fetchone()[0]


def test_edits_of_different_fields_of_one_record_merge_without_a_revision_by_the_machine(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Power", "summary": "old"})
    one.sync(other)
    one.change(record_id, {"title": "Sharing power"})
    other.change(record_id, {"summary": "new"})
    entries = len(one.entry_ids() | other.entry_ids())
    one.sync(other)
    for place in (one, other):
        view = place.view(record_id)
        assert (view.fields["title"], view.fields["summary"]) == ("Sharing power", "new")
        assert not view.conflicts and len(view.heads) == 2
        assert len(place.entry_ids()) == entries
    assert_in_step(one, other)


def test_edits_of_the_same_field_show_as_one_conflict_with_both_values(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Power", "summary": "old"})
    one.sync(other)
    one.change(record_id, {"title": "Sharing power"})
    other.change(record_id, {"title": "Power, shared"})
    entries = len(one.entry_ids() | other.entry_ids())
    report = one.sync(other)
    assert report.conflicts == 1
    for place in (one, other):
        rows = place.public()["conflicts"]
        assert {row["field"] for row in rows} == {"title"}
        assert {row["value"] for row in rows} == {'"Sharing power"', '"Power, shared"'}
        assert {row["organisation"] for row in rows} == {one.name, other.name}
        assert sum(int(str(row["shown"])) for row in rows) == 1
        assert place.view(record_id).fields["summary"] == "old"
        assert len(place.entry_ids()) == entries
    assert_in_step(one, other)
    other.change(record_id, {"title": "Power"})  # a save names all heads as parents, and that settles it
    one.sync(other)
    assert not one.view(record_id).conflicts and one.view(record_id).fields["title"] == "Power"
    assert_in_step(one, other)


def test_texts_changed_in_different_paragraphs_merge(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Power", "body": "First.\n\nSecond.\n\nThird."})
    one.sync(other)
    one.change(record_id, {"body": "First, changed.\n\nSecond.\n\nThird."})
    other.change(record_id, {"body": "First.\n\nSecond.\n\nThird, changed."})
    one.sync(other)
    assert one.view(record_id).fields["body"] == "First, changed.\n\nSecond.\n\nThird, changed."
    assert_in_step(one, other)


def test_an_exchange_with_nothing_to_do_is_one_small_request(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    big(one, 5)
    one.sync(other)
    assert_in_step(one, other)
    assert_in_step(other, one)


def test_much_text_goes_in_chunks_that_are_each_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_ROOM", wire.CHUNK_BYTES)
    one, other = network(tmp_path, 2)
    big(one, 60)  # 0.9 MB
    big(other, 45)
    line = Line(other)
    report = one.sync(other, line)
    assert (report.received, report.sent) == (45, 60)
    assert 3 < line.requests < 12
    assert max(map(len, line.messages)) < 2 * wire.CHUNK_BYTES
    assert_in_step(one, other)


def test_what_was_written_while_the_exchange_ran_waits_for_the_next(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)

    class Busy(Line):
        def exchange(self, message: bytes) -> bytes:
            answer = super().exchange(message)
            if self.requests == 1:
                other.change(None, {"title": "Written meanwhile"})
                one.change(None, {"title": "Here too"})
            return answer

    one.sync(other, Busy(other))
    one.sync(other)
    assert_in_step(one, other)


# -- strangers


def test_entries_of_unknown_writers_are_refused_and_counted_on_both_sides(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    one.change(None, {"title": "Hello?"})
    before = other.entry_ids()
    report = one.sync(other)
    assert other.entry_ids() == before
    assert report.partner_lacks == len([e for e in one.entries() if e.writer == one.signer.public])
    assert report.sent == 0 and not report.equal
    other.change(None, {"title": "News"})
    line = Line(other)
    assert one.sync(other, line).received == 1  # what is public may be read by anyone
    assert line.requests <= 3


def test_a_partner_accepted_on_one_side_first_and_on_both_later_ends_in_step(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    record_id = other.change(None, {"title": "Meeting"}, type_name="event")
    other.change(record_id, {"meeting_link": "https://meet.example/"}, type_name="event", audience=PARTNERS)
    one.change(None, {"title": "From the stranger"})
    first = one.sync(other)
    assert first.waiting == 0  # the link is for partners, and they do not know us yet: we hear nothing of it
    assert "meeting_link" not in one.view(record_id).fields
    other.accept(one)
    second = one.sync(other)
    assert second.waiting == 0 and second.equal
    assert one.view(record_id).fields["meeting_link"] == "https://meet.example/"
    assert_in_step(one, other)


def test_unwelcome_writers_do_not_hold_up_welcome_ones(tmp_path: Path) -> None:
    hub, reader, stranger = places(tmp_path, 3)
    befriend(hub, stranger)
    big(stranger, 30)
    hub.sync(stranger)
    big(hub, 30)
    befriend(hub, reader)
    partners.say(reader.db, reader.signer, stranger.organisation, "remove", NOW)  # we do not want that one here
    report = reader.sync(hub)
    assert (report.received, report.apart, report.pages_waiting) == (30, 30, 60)
    views.refresh(reader.site, reader.db)
    assert {row["title"] for row in reader.public()["records"]} == {row["title"] for row in hub.public()["records"]}
    assert len(reader.public()["records"]) == 30 and len(hub.public()["records"]) == 60
    line = Line(hub)
    again = reader.sync(hub, line)
    assert again.received == 0 and line.requests <= 3


def test_an_exchange_with_somebody_who_knows_none_of_our_partners_ends(tmp_path: Path) -> None:
    hub, first, second, reader = places(tmp_path, 4)
    for other in (first, second):
        befriend(hub, other)
        other.change(None, {"title": f"From {other.name}"})
        hub.sync(other)
    hub.change(None, {"title": "From the hub"})
    hub.accept(reader)  # and they have not accepted us
    line, ours = Line(reader), len(hub.entry_ids())
    report = hub.sync(reader, line)
    assert line.requests <= 5 and report.partner_lacks == ours and report.sent == 0
    reader.accept(hub)
    sync_all([hub, reader])
    assert_in_step(hub, reader)
    assert len(reader.public()["records"]) == 3


def test_a_stranger_cannot_bring_itself_in(tmp_path: Path) -> None:
    one, other, stranger = places(tmp_path, 3)
    befriend(one, other)
    stranger.accept(one)
    stranger.accept(other)
    said = [e for e in stranger.entries() if e.kind in ("writer", "organisation")]
    message = wire.Message(stranger.signer.public, stranger.organisation, bytes(32), entries=tuple(said))
    came = receiving.receive(one.side, message, "x", NOW)
    assert came.entries == 0 and came.refused == {stranger.signer.public: len(said)}


def test_another_organisation_at_the_partners_address_is_refused(tmp_path: Path) -> None:
    one, other, stranger = places(tmp_path, 3)
    befriend(one, other)
    before = one.entry_ids()
    with pytest.raises(Refused, match="another organisation"):
        one.sync(other, Line(stranger))
    assert one.entry_ids() == before


# -- three places


def test_news_goes_along_a_chain_and_keeps_its_maker(tmp_path: Path) -> None:
    a, b, c = places(tmp_path, 3)
    befriend(a, b)
    befriend(b, c)
    record_id = a.change(None, {"title": "From A"}, added={"topics": ("power",)})
    a.change(record_id, {"note": "for partners"}, audience=PARTNERS)
    a.sync(b)
    report = c.sync(b)
    assert report.by == {a.name: 2}
    assert c.view(record_id).fields["note"] == "for partners"  # a member through b
    c.change(record_id, {"summary": "From C"})
    c.sync(b)
    a.sync(b)
    sync_all([a, b, c])
    assert a.view(record_id).fields["summary"] == "From C"
    assert_same_views([a, b, c])
    assert {row["organisation"] for row in a.public()["history"] if row["record_id"] == record_id} == {a.name, c.name}


def test_a_newcomer_is_told_who_is_who_in_any_number_of_chunks(tmp_path: Path) -> None:
    a, b, c = places(tmp_path, 3)
    big(a, 20)
    befriend(a, b)
    big(b, 20)
    a.sync(b)
    b.remove(a)
    big(b, 20)
    b.accept(a)
    a.sync(b)
    big(a, 20)
    a.sync(b)
    befriend(b, c)
    c.sync(b)
    c.sync(b)
    assert_in_step(c, b)


def test_ending_with_a_partner_can_hide_what_it_wrote_and_keeps_it(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = other.change(None, {"title": "Theirs"})
    one.sync(other)
    assert one.published(record_id)
    one.remove(other)
    assert one.published(record_id)
    one.accept(other)
    one.remove(other, hide=True)
    assert not one.published(record_id)
    one.accept(other)
    assert one.published(record_id)
    one.sync(other)
    assert_in_step(one, other)


# -- payloads that come later


def test_payloads_that_come_later_all_come_in_one_exchange(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.accept(other)
    ids = big(other, 60, audience=PARTNERS)  # about 1 MB, four messages
    assert one.sync(other).waiting == 0
    other.accept(one)
    report = one.sync(other)
    assert report.waiting == 0
    assert all(one.view(record_id).fields["note"] for record_id in ids)
    assert_in_step(one, other)


def test_payloads_that_nobody_has_do_not_keep_others_from_coming(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    items = [Item(patch.new_record_id(), (), random.randbytes(32), 100, PUBLIC) for _ in range(700)]
    store(one, [next_entry(one, items)])
    one.sync(other)
    assert status.waiting(other.db) == 700
    ghosts = one.change(None, {"title": "Late"})
    late = one.payloads()
    entries = [e for e in one.entries() if not log.holds(other.db, e.entry_id)]
    store(other, entries)  # without the payload
    assert status.waiting(other.db) == 701
    for _ in range(20):
        other.sync(one)
        if status.waiting(other.db) == 700:
            break
    assert other.view(ghosts).fields["title"] == "Late" and late


def test_a_payload_announced_with_another_size_never_keeps_an_exchange_going(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "True"})
    one.sync(other)
    payload = next(p for p in one.payloads().values() if b"True" in p)
    lie = next_entry(other, [item_of(record_id, payload, size=7)])
    store(other, [lie])
    for place, partner in ((one, other), (other, one)):
        line = Line(partner)
        place.sync(partner, line)
        assert line.requests < 5
    assert one.view(record_id).fields["title"] == other.view(record_id).fields["title"] == "True"
    assert_same_views([one, other])


def test_many_large_payloads_of_one_entry_cannot_make_a_message_nobody_may_read(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    sync_all([one, other, third])
    source = random.Random(5)
    payloads = [
        patch.new_payload(Patch("post", {"title": "T", "note": source.randbytes(450_000).hex()})) for _ in range(20)
    ]
    huge = [item_of(patch.new_record_id(), payload) for payload in payloads]
    try:
        store(one, [next_entry(one, huge)])
    except CopError:
        return  # refused at the door: just as well
    for payload in payloads:
        store(one, [], [payload])
    third.change(None, {"title": "After it"})
    sync_all([one, other, third])
    assert_same_views([one, other, third])


# -- forks


def test_a_fork_is_stored_and_converges_over_sync(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Before"})
    one.sync(other)
    copy = one.copied(tmp_path / "restored")
    one.change(record_id, {"title": "On the laptop"})
    copy.change(record_id, {"summary": "In the backup"})
    writer = one.signer.public
    one.sync(other)
    assert copy.sync(other).restored == 1
    assert one.sync(other).restored == 1
    copy.sync(other)
    assert len({writer, one.signer.public, copy.signer.public}) == 3, "both go on under keys of their own"
    for place in (one, other, copy):
        heads = place.db.execute("SELECT count(*) FROM local_head WHERE writer = ?", [writer]).fetchone()[0]
        assert heads == 2
        view = place.view(record_id)
        assert (view.fields["title"], view.fields["summary"]) == ("On the laptop", "In the backup")
    assert_same_views([one, other, copy])


forking = st.lists(
    st.tuples(st.sampled_from(["write", "sync", "copy", "big"]), st.integers(0, 3), st.integers(0, 3)), max_size=14
)


def fork_and_meet(steps: Sequence[tuple[str, int, int]], seed: int) -> None:
    """Copies of one installation that go on writing, and two partners they meet in any order."""
    with tempfile.TemporaryDirectory() as folder, steady(seed):
        root = Path(folder)
        one, other, third = network(root, 3)
        sync_all([one, other, third])
        record_id = one.change(None, {"title": "Before"})
        installations = [one, other, third]
        for at, (what, first, second) in enumerate(steps):
            place, partner = installations[first % len(installations)], installations[second % len(installations)]
            if what == "write":
                place.change(record_id, {"title": f"Title {at}"})
            elif what == "big":
                big(place, 16)
            elif what == "copy" and len(installations) < 5:
                installations.append(one.copied(root / f"copy {at}"))
            elif what == "sync" and place.organisation != partner.organisation:
                place.sync(partner)
        for _ in range(4):
            for place in installations:
                for partner in (other, third):
                    if place.organisation != partner.organisation:
                        place.sync(partner)
        assert all(place.entry_ids() == one.entry_ids() for place in installations)
        assert_same_views(installations)
        for place in installations:
            place.close()


few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(forking, st.integers(0, 2**32))
def test_forks_of_any_shape_converge(steps: list[tuple[str, int, int]], seed: int) -> None:
    fork_and_meet(steps, seed)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(forking, st.integers(0, 2**32))
def test_many_forks_converge(steps: list[tuple[str, int, int]], seed: int) -> None:
    fork_and_meet(steps, seed)


@pytest.mark.parametrize("from_the_shorter", [True, False])
def test_a_fork_with_one_side_far_ahead_converges(tmp_path: Path, from_the_shorter: bool) -> None:
    one, other = network(tmp_path, 2)
    for at in range(20):
        one.change(None, {"title": f"Common {at}"})
    one.sync(other)
    copy = one.copied(tmp_path / "copy")
    for at in range(3):
        one.change(None, {"title": f"Short branch {at}"})
    for at in range(70):
        copy.change(None, {"title": f"Long branch {at}"})
    first, second = (one, copy) if from_the_shorter else (copy, one)
    first.sync(other)
    assert second.sync(other).restored
    assert first.sync(other).restored
    second.sync(other)  # brings the new key of the first
    assert one.entry_ids() == other.entry_ids() == copy.entry_ids()
    assert_same_views([one, other, copy])


# -- entries that arrive before their earlier ones


@pytest.mark.parametrize("asking", [True, False])
def test_entries_that_came_out_of_order_go_on_in_order(tmp_path: Path, asking: bool) -> None:
    """The second half of a log reached the hub first; its first half later. A reader must get all of it."""
    hub, reader, writer = network(tmp_path, 3)
    sync_all([hub, reader, writer])
    big(writer, 60)
    entries, payloads = writer.entries(), list(writer.payloads().values())
    new = [e for e in entries if not log.holds(hub.db, e.entry_id)]
    store(hub, new[30:], payloads)
    store(hub, new[:30], payloads)
    assert hub.db.execute("SELECT count(*) FROM local_gap").fetchone()[0] == 0
    first, second = (reader, hub) if asking else (hub, reader)
    first.sync(second)
    assert_in_step(reader, hub)


def test_an_entry_that_follows_another_writers_entry_does_not_hide_that_log(tmp_path: Path) -> None:
    """A hostile partner may sign that its entry follows ours."""
    one, other, third = network(tmp_path, 3)
    sync_all([one, other, third])
    one.change(None, {"title": "Ours"})
    head = one.db.execute("SELECT entry_id, sequence FROM local_head WHERE writer = ?", [one.signer.public]).fetchone()
    forged = forge(other.signer, sequence=head[1] + 1, previous=head[0])
    with contextlib.suppress(Refused):
        store(one, [forged])
    report = third.sync(one)
    assert report.received == 1
    assert one.signer.public in frontier.own_points(one.db)


def test_an_entry_that_leaps_ahead_does_not_cut_off_the_entries_before(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    sync_all([one, other, third])
    first = other.db.execute(
        "SELECT entry_id FROM log_entry WHERE writer = ? AND sequence = 1", [other.signer.public]
    ).fetchone()[0]
    leap = forge(other.signer, sequence=2**61, previous=first)
    for place in (one, third):
        try:
            store(place, [leap])
        except Refused:
            continue
    other.change(None, {"title": "Goes on"})
    other.sync(one)
    third.sync(one)
    assert {e.entry_id for e in other.entries()} <= third.entry_ids()


# -- what we do not understand


def test_what_we_do_not_understand_passes_through_byte_for_byte(tmp_path: Path) -> None:
    a, b, c = places(tmp_path, 3)
    befriend(a, b)
    befriend(b, c)
    payload = patch.encode(Patch("dance", {"steps": [1, {"left": None}], "körper": True}), bytes(16))
    odd = b"not a patch at all"
    strange = next_entry(
        a,
        [item_of(patch.new_record_id(), payload), item_of(patch.new_record_id(), odd)],
        kind="poll",
        future={"x": [b"\0"]},
    )
    store(a, [strange], [payload, odd])
    a.change(None, {"title": "T", "field of tomorrow": {"deep": [1, 2]}})
    a.sync(b)
    c.sync(b)
    for place in (b, c):
        rows = place.db.execute(
            "SELECT data, signature FROM log_entry WHERE entry_id = ?", [strange.entry_id]
        ).fetchone()
        assert tuple(rows) == (strange.data, strange.signature)
        assert payload in place.payloads().values() and odd in place.payloads().values()
        assert {e.data for e in a.entries()} <= {e.data for e in place.entries()}
        assert status.not_understood(place.db) >= 1
    sync_all([a, b, c])
    assert_same_views([a, b, c])


def test_an_entry_of_an_unknown_kind_changes_no_view(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "As it was"})
    one.sync(other)
    payload = patch.new_payload(Patch("post", {"title": "Only suggested"}))
    item = item_of(record_id, payload, parents=one.heads(record_id))
    store(other, [next_entry(other, [item], kind="suggest")], [payload])
    one.sync(other)
    for place in (one, other):
        assert place.view(record_id).fields["title"] == "As it was"
        assert status.not_understood(place.db) == 1


# -- lines that break


@pytest.mark.parametrize("asking", [True, False])
@pytest.mark.parametrize("lost", ["lose_question", "lose_answer"])
def test_a_cut_connection_leaves_nothing_half_done_and_the_next_run_goes_on(
    tmp_path: Path, asking: bool, lost: str
) -> None:
    one, other = network(tmp_path, 2)
    big(one, 40)
    big(other, 40)
    first, second = (one, other) if asking else (other, one)
    for turn in range(1, 20):
        line = FaultyLine(second, **{lost: turn})  # type: ignore[arg-type]
        try:
            first.sync(second, line)
        except NotReachable:
            for place in (one, other):
                assert status.waiting(place.db) == 0
                assert not place.db.in_transaction
                assert site_tables(place.site.site_db)  # readable, and nothing stands open
            continue
        break
    else:
        pytest.fail("it never got through")
    assert_in_step(one, other)


class Narrow(Line):
    """A line that is cut whenever a message is larger than something in between lets through."""

    def __init__(self, other: Place, most: int) -> None:
        super().__init__(other)
        self.most = most

    def _answer(self, message: bytes) -> bytes:
        if len(message) > self.most:
            raise LineCut("The line was cut.")
        return super()._answer(message)


def test_a_line_that_cuts_large_messages_gets_smaller_ones(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    big(one, 60)
    one.sync(other, Narrow(other, 90_000))
    assert_in_step(one, other)


def test_a_line_that_lets_only_questions_through_is_given_up(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    big(one, 60)
    with pytest.raises(NotReachable, match="was cut"):
        one.sync(other, Narrow(other, 5_000))


def spoilt(source: random.Random, answer: bytes) -> bytes:
    """An answer that was cut, altered, or is something else."""
    answer = answer or b"x"
    at = source.randrange(len(answer))
    return source.choice(
        [
            answer[:at],
            answer[:at] + bytes([answer[at] ^ (1 << source.randrange(8))]) + answer[at + 1 :],
            b"<html><title>Log in</title></html>",
            b"",
            answer + b"\0",
        ]
    )


def test_spoilt_answers_are_refused_or_harmless(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    big(other, 5, 2_000)
    source = random.Random(7)
    for _ in range(150):
        try:
            one.sync(other, FaultyLine(other, spoil=lambda answer: spoilt(source, answer)))
        except CopError:
            assert not one.db.in_transaction
    one.sync(other)
    assert_in_step(one, other)


def test_spoilt_questions_are_refused_or_harmless(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    big(one, 5, 2_000)
    line = Line(other)
    one.sync(other, line)
    source = random.Random(8)
    for _ in range(150):
        try:
            answering.answer(other.side, spoilt(source, line.messages[0]), NOW)
        except CopError:
            assert not other.db.in_transaction
    assert_in_step(one, other)


def test_asking_for_missing_texts_costs_what_is_missing_not_what_is_there(tmp_path: Path) -> None:
    (one,) = places(tmp_path, 1)
    asked: list[str] = []
    one.db.set_trace_callback(asked.append)
    assert composing.wanted(one.db) == ()
    one.db.set_trace_callback(None)
    (plan,) = [one.db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in asked]
    assert plan[0][3].startswith("SCAN local_missing"), [tuple(row) for row in plan]
    one.close()


HOSTILE = [
    {"entries": 5},
    {"entries": True},
    {"entries": {"a": 1}},
    {"entries": [[b"", b""]]},
    {"entries": ["x"]},
    {"points": None},
    {"points": 5},
    {"points": {"a": 1}},
    {"points": [[b"x" * 32, [[1.5, b"x"]]]]},
    {"points": [[b"", [[True, b""]]]]},
    {"points": [["x", []]]},
    {"wanted": 7},
    {"wanted": [b"", b"x" * 5000]},
    {"wanted": [None]},
    {"unwelcome": [b"x"]},
    {"unwelcome": "x"},
    {"sealed": b"x"},
    {"sealed": 7},
    {"sealed": cbor.encode({"keys": [1, None, b"", b"x" * 80], "box": b""})},
    {"report": [1]},
    {"report": {"refused": -5}},
    {"report": {"refused": "x"}},
    {"payloads": [b""]},
    {"payloads": 1},
    {"writer": bytes(32)},
    {"writer": b"x"},
    {"state": 1},
    {"v": 2},
    {"v": None},
    {"more": "yes"},
]


@pytest.mark.parametrize("said", HOSTILE, ids=repr)
def test_messages_that_make_no_sense_are_refused_or_harmless(tmp_path: Path, said: dict[str, object]) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "Secret"}, audience=PARTNERS)
    content = {"v": 1, "writer": other.signer.public, "organisation": other.organisation, "state": bytes(32)} | said
    data = zstandard.ZstdCompressor().compress(cbor.encode(content))
    before = one.entry_ids()
    try:
        answer = answering.answer(one.side, data, NOW).body
        wire.unpack(answer, other.signer)
    except CopError:
        pass
    assert one.entry_ids() == before
    one.sync(other)
    assert_in_step(one, other)


@pytest.mark.parametrize("sequence", [2**62, 2**63 - 1, -1, 0, 10**9])
def test_points_with_giant_numbers_do_no_harm(tmp_path: Path, sequence: int) -> None:
    one, other = network(tmp_path, 2)
    points = {one.signer.public: [(sequence, b"12345678")]}
    message = wire.Message(other.signer.public, other.organisation, bytes(32), points=points)
    answering.answer(one.side, wire.pack(message), NOW)
    one.sync(other)
    assert_in_step(one, other)


def test_a_dry_run_says_what_would_move_and_moves_nothing(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "A"})
    other.change(None, {"title": "B"})
    before = one.entry_ids(), other.entry_ids()
    report = sync.preview(one.side, one.partner(other), Line(other))
    assert (report.received, report.sent) == (1, 1)
    assert (one.entry_ids(), other.entry_ids()) == before


def test_a_bundle_and_a_line_bring_the_same(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "By stick"})
    bundle.create(one.side, tmp_path / "stick.cop", one.partner(other), full=False, now=NOW)
    bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    other.sync(one)
    assert_in_step(one, other)


def test_what_is_ours_alone_is_not_counted_as_missing_or_misunderstood_elsewhere(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.change(None, {"title": "Our draft"}, audience=OWN)
    report = other.sync(one)
    assert (report.waiting, report.not_understood) == (0, 0)
    assert_in_step(one, other)


def test_a_stranger_is_not_sent_the_same_again(tmp_path: Path) -> None:
    """What lies behind an entry for partners only stays apart at a stranger, and is known to be there."""
    one, stranger = places(tmp_path, 2)
    stranger.accept(one)
    one.change(None, {"title": "For partners"}, audience=PARTNERS)
    big(one, 20)
    first = stranger.sync(one)
    again = stranger.sync(one)
    assert first.received == 20 and again.bytes_in < first.bytes_in // 20
    one.accept(stranger)
    assert stranger.sync(one).equal
    assert_in_step(one, stranger)


def test_a_partner_that_comes_for_the_first_time_is_known_by_its_invitation(tmp_path: Path) -> None:
    """Of it we hold nothing else yet: still the exchange is told on our side, under its name."""
    one, newcomer = network(tmp_path, 2)
    one.change(None, {"title": "News"})
    one.change(None, {"title": "For partners"}, audience=PARTNERS)
    newcomer.sync(one)
    (told,) = exchanges.recent(one.db)
    assert (told.name, told.direction, told.counts["sent"]) == (newcomer.name, exchanges.ANSWERED, 2)
    assert one.partner(newcomer).heard_time == NOW


def test_a_dry_run_counts_all_that_would_come_and_go(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    big(one, 300)
    line = Line(one)
    line.sender = other.signer.public
    assert sync.preview(other.side, other.partner(one), line).received == 300
    line = Line(other)
    line.sender = one.signer.public
    assert sync.preview(one.side, one.partner(other), line).sent == 300
    assert other.sync(one).received == 300


def test_a_gap_that_is_closed_is_no_text(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    for title in ("First", "Second"):
        one.change(None, {"title": title})
    new = [entry for entry in one.entries() if entry.entry_id not in other.entry_ids()]
    store(other, new[1:], one.payloads().values())
    report = other.sync(one)
    assert (report.received, report.texts) == (1, 0)


def test_who_answers_remembers_whose_changes_came(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    third.change(None, {"title": "By the third"})
    one.sync(third)
    one.sync(other)
    (last,) = [found for found in exchanges.recent(other.db) if found.direction == exchanges.ANSWERED]
    assert last.counts["by"] == {third.name: 1}


def test_that_a_copy_went_on_under_another_key_is_told_though_the_line_broke(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    backup = one.copied(tmp_path / "backup")
    one.change(None, {"title": "After the backup"})
    one.sync(other)
    big(other, 500)
    backup.change(None, {"title": "Before it exchanged"})
    before = backup.signer.public

    class Short(FaultyLine):
        several = False

    with pytest.raises(CopError):
        backup.sync(other, Short(other, lose_question=3))
    assert backup.signer.public != before
    report = backup.sync(other)
    assert (report.restored, report.renewed) == (1, True)
    assert not backup.sync(other).restored


def test_what_went_is_what_was_new_to_the_partner(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    for title in ("A", "B"):
        other.change(None, {"title": title})
    bundle.create(other.side, tmp_path / "stick.cop", other.partner(one), full=False, now=NOW)
    bundle.apply(one.side, tmp_path / "stick.cop", NOW)
    report = one.sync(other)
    assert (report.received, report.sent, report.equal) == (0, 0, True)


def test_what_is_kept_to_oneself_is_no_change_that_came_or_went(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    one.change(None, {"title": "Our own note"}, audience=OWN)
    assert sync.preview(one.side, one.partner(other), Line(other)).sent == 0
    report = one.sync(other)
    assert (report.sent, report.equal) == (0, True) and one.digest() == other.digest()


def test_a_bundle_for_whoever_asked_us_holds_only_what_is_new_since(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    for place in (one, other):
        place.change(None, {"title": f"By {place.name}"})
    one.sync(other)
    one.sync(other)  # both hold the same: only now the other one knows it
    other.change(None, {"title": "New"})
    made = bundle.create(other.side, tmp_path / "stick.cop", other.partner(one), full=False, now=NOW)
    assert made.changes == 1


def test_whoever_only_looks_is_not_told_of_as_somebody_who_took_something(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    other.change(None, {"title": "New"})
    asking = composing.compose(
        one.side, None, composing.Plan(), composing.Telling(looks=True), receiver=other.signer.public
    )
    assert answering.answer(other.side, asking.body, NOW, one.signer.public).sent == 0
