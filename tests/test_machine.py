"""Random lives of a network: edits, forks, backups, lost messages, sticks in any order, wrong clocks, partings.

Whatever happens on the way, nothing that was stored is lost, the software writes no change of its own, and once
everybody has met everybody, all hold and show the same.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cop import (
    answering,
    bundle,
    currency,
    devices,
    forgetting,
    looking,
    partings,
    partners,
    same_as,
    settling,
    status,
    terms,
    traces,
    trust,
    verification,
    views,
    withdrawal,
)
from cop.errors import CopError, NotReachable
from cop.model import OWN, PARTNERS, PUBLIC, Value
from cop.transports.base import FileCarrier
from cop.transports.objects import ObjectCarrier
from tests import carriers
from tests import network as net
from tests.carriers import LateFolder, visit
from tests.network import (
    KINDS,
    NOW,
    FaultyLine,
    Line,
    Place,
    assert_same_views,
    has_accepted,
    network,
    steady,
    sync_all,
)

IN_CI = 300  # histories
MANY = int(os.environ.get("COP_EXAMPLES", "20000"))  # of `pytest -m slow`
PARTS = 6  # so that several processes share the work
STEPS = 12
MOST_PLACES = 7
RECORDS = ("a" * 25 + "a", "b" * 25 + "e", "c" * 25 + "i")
CLOCKS = (0, 1_000, NOW, NOW - 86_400, NOW + 40, 2_540_000_000)  # 1970, today, yesterday, 2050
HISTORIES = (currency.NONE, currency.LATER, currency.ALL)

any_place = st.integers(0, MOST_PLACES - 1)
any_record = st.sampled_from(RECORDS)
any_stick = st.integers(0, 30)
an_edit = st.one_of(
    st.tuples(st.just("title"), st.sampled_from(["Ways to share power", "Sharing power", "مشاركة السلطة"])),
    st.tuples(st.just("summary"), st.sampled_from(["one", "two", None])),
    st.tuples(st.just("body"), st.sampled_from(["First.\n\nSecond.\n", "First, changed.\n\nSecond.\n", "Second.\n"])),
    st.tuples(st.just("topics"), st.sampled_from(["power", "evaluation"])),
)
an_audience = st.sampled_from([PUBLIC, PUBLIC, PUBLIC, PARTNERS, OWN])
a_fault = st.sampled_from(["lose question", "lose answer", "cut", "bend", "page", "nothing", "old answer"])


@dataclass
class Template:
    """A network that has met, kept on the disk, so that each history begins with a copy of it."""

    folder: Path
    found: list[Place]

    @classmethod
    def made(cls, folder: Path, count: int) -> "Template":
        with steady(count):
            found = network(folder, count)
            sync_all(found)
            for title in ("First", "Second", "Third"):  # older texts, which a place may leave out
                found[0].change(RECORDS[0], {"title": title, "body": f"{title}.\n\nSecond.\n"})
            found[1].change(RECORDS[1], {"title": "Elsewhere"})
            found[1].change(RECORDS[1], {"summary": "for partners"}, audience=PARTNERS)
        for place in found:
            place.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            place.close()
        return cls(folder, found)

    def copied(self, folder: Path) -> list[Place]:
        shutil.copytree(self.folder, folder)
        return [
            opened(place, folder / str(at) / "site", folder / str(at) / "keys") for at, place in enumerate(self.found)
        ]


def opened(place: Place, root: Path, keys: Path) -> Place:
    """An installation from a folder with a copy of its site."""
    copy = object.__new__(Place)
    copy.site = replace(place.site, root=root, keys=keys)
    copy._open()
    return copy


@dataclass
class Backup:
    """A copy of an installation's folder, and what it held."""

    of: int
    folder: Path


@dataclass
class Meeting:
    """A folder or bucket that everybody may use, and what of it each has seen."""

    folder: Path
    store: object = None
    arrived: dict[int, dict[str, bool]] = field(default_factory=dict)


class Life(RuleBasedStateMachine):
    """What happens in a network, one step at a time."""

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.root = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.source = self.stack.enter_context(steady(7))
        for module in (net, carriers):
            self.stack.enter_context(mock.patch.object(module, "NOW", NOW))
        self.places = template.copied(self.root / "start")
        self.clocks = [NOW] * len(self.places)
        self.held = [place.entry_ids() for place in self.places]
        self.made = set[bytes]().union(*map(_changes, self.places))  # entries that people wrote
        self.lost: set[bytes] = set()  # entries and payloads that only a restored installation held
        self.sticks: list[Path] = []
        self.backups: list[Backup] = []
        self.messages: list[tuple[bytes, bytes]] = []  # with whoever sent them
        self.meetings = [Meeting(self.root / "share"), Meeting(self.root / "bucket", _bucket())]
        self.meetings[0].folder.mkdir()

    @initialize(histories=st.lists(st.sampled_from(HISTORIES), min_size=3, max_size=3))
    def some_want_no_older_texts(self, histories: list[str]) -> None:
        for place, history in zip(self.places, histories, strict=False):
            currency.choose(place.db, history)

    # -- what people do

    @rule(at=any_place, record=any_record, edit=an_edit, audience=an_audience)
    def edit(self, at: int, record: str, edit: tuple[str, str | None], audience: int) -> None:
        name, value = edit
        if name == "topics":
            self._writes(at, lambda place: place.change(record, added={name: (str(value),)}, audience=audience))
        else:
            self._writes(at, lambda place: place.change(record, {name: value}, audience=audience))

    @rule(at=any_place, record=any_record, undo=st.booleans())
    def withdraw(self, at: int, record: str, undo: bool) -> None:
        def act(place: Place) -> None:
            withdrawal.withdraw(place.site, place.db, place.signer, record, why="old", undo=undo, now=net.NOW)

        with suppress(CopError):  # it is so already, or nothing is known of the record
            self._writes(at, act)

    @rule(at=any_place, one=any_record, other=any_record, same=st.booleans())
    def say_what_is_the_same(self, at: int, one: str, other: str, same: bool) -> None:
        def act(place: Place) -> None:
            same_as.say(place.site, place.db, place.signer, one, other, same=same, why="", now=net.NOW)

        with suppress(CopError):  # it is one record, it was said already, or nothing is known of it
            self._writes(at, act)

    @rule(at=any_place, record=any_record, field=st.sampled_from(["title", "summary", "body", "topics", ""]))
    def erase(self, at: int, record: str, field: str) -> None:
        place = self._place(at)
        with suppress(CopError):  # it is gone already, has no such field, or some of its texts are not here
            forgetting.erase(place.side, record, field=field, reason="asked", now=net.NOW)

    @rule(at=any_place, record=any_record)
    def agree_to_erase(self, at: int, record: str) -> None:
        place = self._place(at)
        with suppress(CopError):  # nobody asks for it
            forgetting.confirm(place.side, record, net.NOW)

    @rule(at=any_place)
    def clean_up(self, at: int) -> None:
        place = self._place(at)
        traces.clean(place.side, net.NOW)

    @rule(at=any_place, record=st.sampled_from((*RECORDS, terms.RECORD_ID)), back=st.booleans())
    def look_at(self, at: int, record: str, back: bool) -> None:
        def act(place: Place) -> None:
            if back:
                looking.take_back(place.site, place.db, place.signer, record, why="", now=net.NOW)
            else:
                looking.look_at(place.site, place.db, place.signer, [record], why="", now=net.NOW)

        with suppress(CopError):  # it was looked at, is not public, hidden, or not settled
            self._writes(at, act)

    @rule(at=any_place, publishing=st.sampled_from(["none", "any", "each-kind", "stewards"]), many=st.integers(1, 3))
    def propose(self, at: int, publishing: str, many: int) -> None:
        agreed: dict[str, Value] = {
            "title": "Ours",
            "publishing": publishing,
            "how_many": many,
            "kinds": list(KINDS[:2]),
        }
        self._writes(at, lambda place: place.change(terms.RECORD_ID, agreed, type_name="agreement"))

    @rule(at=any_place, which=st.integers(0, 3))
    def settle(self, at: int, which: int) -> None:
        place = self._place(at)
        found = status.conflicts(place.db)
        if found:
            one = found[which % len(found)]
            take, name = one["values"][which % len(one["values"])]["id"], one["field"]
            self._writes(
                at,
                lambda p: settling.settle(
                    p.site, p.db, p.signer, one["record"], {name: settling.Take(take)}, now=net.NOW
                ),
            )  # fmt: skip

    @rule(at=any_place, name=st.sampled_from(["Caafi", "Wenlock", "Knowle"]))
    def rename(self, at: int, name: str) -> None:
        self._place(at).rename(f"{name} {at % len(self.places)}")

    @rule(at=any_place, clock=st.sampled_from(CLOCKS))
    def set_the_clock(self, at: int, clock: int) -> None:
        self.clocks[at % len(self.places)] = clock

    @rule(at=any_place, history=st.sampled_from(HISTORIES))
    def choose_how_much_history(self, at: int, history: str) -> None:
        currency.choose(self._place(at).db, history)

    @rule(at=any_place, other=any_place, hide=st.booleans())
    def part(self, at: int, other: int, hide: bool) -> None:
        one, two = self._place(at), self.places[other % len(self.places)]
        if has_accepted(one, two):
            one.remove(two, hide=hide)

    @rule(at=any_place)
    def leave(self, at: int) -> None:
        place = self._place(at)
        with suppress(CopError):  # it knows nobody, or has left already
            partings.leave(place.db, place.signer, net.NOW)
        views.refresh(place.site, place.db)

    @rule(at=any_place, which=st.integers(0, 3), take_in=st.booleans())
    def end_a_computer(self, at: int, which: int, take_in: bool) -> None:
        place = self._place(at)
        found = [one for one in devices.devices(place.db) if not one.here and one.ended <= take_in]
        if found:
            one = found[which % len(found)]
            devices.end(place.site, place.db, place.signer, one, net.NOW, take_in=one.ended)
            views.refresh(place.site, place.db)

    @rule(at=any_place, other=any_place, new=any_place)
    def say_that_a_key_was_lost(self, at: int, other: int, new: int) -> None:
        one, two, three = self._place(at), self.places[other % len(self.places)], self.places[new % len(self.places)]
        if has_accepted(one, two):
            with suppress(CopError):  # it is ours, or theirs already
                partings.replace_key(one.db, one.signer, one.partner(two), three.invitation(), net.NOW)
            views.refresh(one.site, one.db)

    @rule(at=any_place, other=any_place)
    def accept(self, at: int, other: int) -> None:
        one, two = self._place(at), self.places[other % len(self.places)]
        if one.organisation != two.organisation:
            one.accept(two)

    @precondition(lambda self: len(self.places) < MOST_PLACES)
    @rule(by=any_place)
    def a_newcomer_joins(self, by: int) -> None:
        friend = self._place(by)
        new = Place(self.root / f"new {len(self.places)}", f"Newcomer {len(self.places)}", "university")
        new.db.execute("PRAGMA synchronous = OFF")
        self._add(new)
        net.befriend(new, friend)

    # -- copies and backups

    @precondition(lambda self: len(self.places) < MOST_PLACES)
    @rule(at=any_place)
    def copy_the_folder(self, at: int) -> None:
        self._add(self._place(at).copied(self.root / f"copy {len(self.places)}"))

    @precondition(lambda self: len(self.backups) < 3)
    @rule(at=any_place)
    def back_up(self, at: int) -> None:
        place = self._place(at)
        place.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = self.root / f"backup {len(self.backups)}"
        shutil.copytree(place.site.root, folder)
        self.backups.append(Backup(at % len(self.places), folder))

    @precondition(lambda self: self.backups)
    @rule(which=st.integers(0, 2))
    def restore(self, which: int) -> None:
        backup = self.backups[which % len(self.backups)]
        before = self.places[backup.of]
        before.close()
        folder = self.root / f"restored {len(list(self.root.iterdir()))}"
        shutil.copytree(backup.folder, folder)
        restored = opened(before, folder, before.site.keys)
        gone = self._all_of(before.site.store_db) - _contents(restored)
        for place in self.places:
            if place is not before:
                gone -= _contents(place)
        self.lost |= gone
        self.places[backup.of] = restored
        self.held[backup.of] = restored.entry_ids()

    # -- carriers

    @rule(at=any_place, other=any_place)
    def sync(self, at: int, other: int) -> None:
        one, two = self._place(at), self.places[other % len(self.places)]
        if has_accepted(one, two):
            line = Line(two)
            report = self._exchange(one, two, line)
            if report is not None and report.equal:
                assert _whole(one) == _whole(two), "they were said to hold the same"

    @rule(at=any_place, other=any_place, fault=a_fault, turn=st.integers(1, 3))
    def sync_over_a_bad_line(self, at: int, other: int, fault: str, turn: int) -> None:
        one, two = self._place(at), self.places[other % len(self.places)]
        if not has_accepted(one, two):
            return
        if fault in ("lose question", "lose answer"):
            line = FaultyLine(two, **{fault.replace(" ", "_"): turn})  # type: ignore[arg-type]
        else:
            line = FaultyLine(two, spoil=lambda answer: self._spoilt(fault, answer))
        self._exchange(one, two, line)
        assert not one.db.in_transaction and not two.db.in_transaction

    def _exchange(self, one: Place, two: Place, line: Line) -> "net.Report | None":
        try:
            return one.sync(two, line)
        except (CopError, NotReachable):
            return None
        finally:
            self.messages += [(message, line.sender) for message in line.messages[::2]]
            self.messages += [(message, two.signer.public) for message in line.messages[1::2]]
            self.messages = self.messages[-40:]

    def _spoilt(self, fault: str, answer: bytes) -> bytes:
        at = self.source.randrange(len(answer)) if answer else 0
        return {
            "cut": answer[:at],
            "bend": answer[:at] + bytes([answer[at] ^ 4]) + answer[at + 1 :] if answer else b"x",
            "page": b"<html><title>Log in</title></html>",
            "nothing": b"",
            "old answer": self.messages[at % len(self.messages)][0] if self.messages else b"",
        }[fault]

    @precondition(lambda self: self.messages)
    @rule(at=any_place, which=st.integers(0, 39), anonymous=st.booleans())
    def an_old_message_comes_again(self, at: int, which: int, anonymous: bool) -> None:
        place, (message, sender) = self._place(at), self.messages[which % len(self.messages)]
        with suppress(CopError):
            answering.answer(place.side, message, net.NOW, b"" if anonymous else sender)
        assert not place.db.in_transaction
        place.signer = net.identity.ensure(place.site, place.db, net.NOW)

    @rule(at=any_place, other=any_place, for_anyone=st.booleans(), full=st.booleans())
    def write_a_stick(self, at: int, other: int, for_anyone: bool, full: bool) -> None:
        one, two = self._place(at), self.places[other % len(self.places)]
        partner = one.partner(two) if not for_anyone and has_accepted(one, two) else None
        path = self.root / f"{len(self.sticks)}.cop"
        bundle.create(one.side, path, partner, full=full, now=net.NOW)
        self.sticks.append(path)

    @precondition(lambda self: self.sticks)
    @rule(at=any_place, which=any_stick, part=st.sampled_from([1.0, 1.0, 0.9, 0.5]))
    def take_in_a_stick(self, at: int, which: int, part: float) -> None:
        place, path = self._place(at), self.sticks[which % len(self.sticks)]
        if part < 1:
            data, path = path.read_bytes(), self.root / "half.cop"
            path.write_bytes(data[: int(len(data) * part)])
        with suppress(CopError):
            bundle.apply(place.side, path, net.NOW)
        place.signer = net.identity.ensure(place.site, place.db, net.NOW)

    @rule(at=any_place, where=st.integers(0, 1), chance=st.sampled_from([1.0, 1.0, 0.5, 0.2]), write=st.booleans())
    def meet_in_a_place(self, at: int, where: int, chance: float, write: bool) -> None:
        place, meeting = self._place(at), self.meetings[where]
        carrier = self._carrier(at % len(self.places), meeting, chance)
        carrier.read_only = not write
        with suppress(CopError):
            visit(place, carrier)

    def _carrier(self, at: int, meeting: Meeting, chance: float) -> FileCarrier:
        if meeting.store is not None:
            return ObjectCarrier("s3://network", meeting.store)  # type: ignore[arg-type]
        arrived = meeting.arrived.setdefault(at, {})
        return LateFolder(meeting.folder, self.places[at], self.source, arrived, chance)

    # -- what must always be so

    @invariant()
    def nothing_that_was_stored_is_lost(self) -> None:
        for at, place in enumerate(self.places):
            now = place.entry_ids()
            assert self.held[at] <= now
            self.held[at] = now

    @invariant()
    def no_machine_wrote_a_change(self) -> None:
        for place in self.places:
            assert _changes(place) <= self.made

    # -- how it ends

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._end()
        finally:
            for place in self.places:
                place.close()
            self.stack.close()

    def _end(self) -> None:
        everyone_meets(self.places)
        ids = [place.entry_ids() for place in self.places]
        for at, place in enumerate(self.places):
            assert ids[at] == ids[0], f"{at} holds other entries than 0: {len(ids[at])}, {len(ids[0])}"
            assert self.made - self.lost <= ids[at], "an edit is missing"
            assert place.digest() == self.places[0].digest()
            lacking = _lacking(place) - self.lost
            assert not lacking, f"{at} lacks {len(lacking)} payloads"
            assert verification.verify(place.site, place.db).problems == []
        self.no_machine_wrote_a_change()
        assert_same_views(self.places)

    # -- helpers

    def _place(self, at: int) -> Place:
        """The place that acts now, by its own clock."""
        at %= len(self.places)
        net.NOW = carriers.NOW = self.clocks[at]
        return self.places[at]

    def _add(self, place: Place) -> None:
        self.places.append(place)
        self.clocks.append(net.NOW)
        self.held.append(place.entry_ids())

    def _writes(self, at: int, act: Callable[[Place], object]) -> None:
        place = self._place(at)
        before = _changes(place)
        act(place)
        new = _changes(place) - before
        assert len(new) == 1, "a person saved once"
        self.made |= new

    def _all_of(self, path: Path) -> set[bytes]:
        db = net.sqlite3.connect(path)
        try:
            return _contents_of(db)
        finally:
            db.close()


def _bucket() -> object:
    store = pytest.importorskip("obstore.store")
    return store.MemoryStore()


def _changes(place: Place) -> set[bytes]:
    return {
        row[0]
        for row in place.db.execute(
            "SELECT entry_id FROM log_entry WHERE kind IN ('change', 'withdraw', 'same-as', 'endorse')"
        )
    }


def _contents(place: Place) -> set[bytes]:
    return _contents_of(place.db)


def _contents_of(db: "net.sqlite3.Connection") -> set[bytes]:
    """Entries and payloads, by their hashes."""
    entries = {row[0] for row in db.execute("SELECT entry_id FROM log_entry")}
    held = {row[0] for row in db.execute("SELECT payload_hash FROM log_item JOIN log_payload USING (item_number)")}
    return entries | held


def _whole(place: Place) -> set[bytes]:
    """Entries held without a gap."""
    return place.entry_ids() - {row[0] for row in place.db.execute("SELECT entry_id FROM local_gap")}


def _lacking(place: Place) -> set[bytes]:
    query = "SELECT payload_hash FROM log_item LEFT JOIN log_payload USING (item_number) WHERE payload IS NULL AND audience < ? AND payload_hash NOT IN (SELECT payload_hash FROM local_erased)"
    return {row[0] for row in place.db.execute(query, [OWN])}


def everyone_meets(found: Sequence[Place]) -> None:
    """Everyone accepts everyone and wants everything; then they exchange until nothing moves."""
    net.NOW = NOW
    for place in found:
        if place.signer.public in trust.members(place.db).cutoffs:
            devices.new(place.site, NOW)
            place.signer = net.identity.ensure(place.site, place.db, NOW)
    for turn in range(5):  # what a restored place had decided and lost comes back, and is decided again
        said = sum(_accept_all(place, found) for place in found)
        if turn and not said:
            return
        for place in found:
            currency.choose(place.db, currency.ALL)
        sync_all(found, rounds=8)
    raise AssertionError("they never come to rest")


def _accept_all(one: Place, found: Iterable[Place]) -> int:
    """How many statements that took."""
    before = len(one.entry_ids())
    for other in found:
        if other.organisation != one.organisation:
            partners.accept(one.db, one.signer, other.invitation(), NOW)
    views.refresh(one.site, one.db)
    return len(one.entry_ids()) - before


def live(folder: Path, count: int, histories: int) -> None:
    template = Template.made(folder / "template", count)
    how = settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
    )
    run_state_machine_as_test(lambda: Life(template), settings=how)  # type: ignore[no-untyped-call]


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_all_end_with_everything_and_see_the_same(tmp_path: Path, part: int) -> None:
    live(tmp_path, 3 + part % 3, IN_CI // PARTS)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_lives_end_with_everything(tmp_path: Path, part: int) -> None:
    live(tmp_path, 3 + part % 3, MANY // PARTS)
