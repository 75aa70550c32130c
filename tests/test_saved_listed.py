"""Files that bring saved copies up to date: whatever happens, whoever was left behind ends up with the state."""

import gzip
import json
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cop.segments import edits, rows
from cop.segments import listed as lists
from cop.segments.listed import Listed
from cop.segments.rows import Row

NOTHING = Listed(1, "", "2026-11-23", 0, 0, 0, 1, (), line="line")
KEYS = [f"posts/{name}" for name in "abcdefghij"]


@dataclass
class Server:
    """What lies on the disk."""

    files: dict[str, bytes] = field(default_factory=dict)
    listed: Listed | None = None

    def move_on(self, now: dict[str, Row]) -> None:
        told = Listed(1, "", "", len(now), len(now), rows.check(now.values()), 1, (), line="line")
        load = self.files.__getitem__
        moved = lists.begun(now, told) if self.listed is None else lists.moved(self.listed, now, told, load)
        named = {one.sha256 for one in moved.listed.files}
        self.files = {name: data for name, data in (self.files | dict(moved.files)).items() if name in named}
        assert self.files.keys() == named
        read = lists.from_json(lists.to_json(moved.listed))
        assert read == Listed(**{**vars(moved.listed), "about": {}})
        self.listed = read


@dataclass
class Phone:
    """Does what `saved.js` does."""

    held: dict[str, Row] = field(default_factory=dict)
    line: str = ""
    version: int = 0
    fetched: int = 0  # bytes, since it was last set to 0

    def update(self, server: Server) -> None:
        listed = server.listed
        assert listed
        steps = listed.steps
        if self.line != listed.line or not steps or not steps[0].since <= self.version:
            if self.line != listed.line or self.version != listed.version:
                self._take_base(server, listed)
                steps = tuple(listed.after_base())
        else:
            steps = tuple(step for step in steps if step.upto > self.version)
        for step in steps:
            if step.upto > self.version:
                self._take(server, step)
        self.line, self.version = listed.line, listed.version

    def _take(self, server: Server, step: lists.Step) -> None:
        at_since = self.version == step.since
        self.version = step.upto
        if not step.edits or not at_since:
            self.held = rows.applied(self.held, self._fetch(server, step.segment))
            return
        told = json.loads(gzip.decompress(self._bytes(server, step.edits)))
        marks = frozenset(one for one in told if isinstance(one, int))
        self.held = rows.applied(self.held, rows.Read((), marks))
        for one in told:
            if isinstance(one, list) and len(one) > 4:
                key, section, sort, parts, before, after = one
                assert rows.check([self.held[key]]) == before
                self.held[key] = Row(key, section, sort, edits.applied(self.held[key].html, parts))
                assert rows.check([self.held[key]]) == after
            elif isinstance(one, list):
                self.held[one[0]] = Row(*one)

    def _take_base(self, server: Server, listed: Listed) -> None:
        for at, one in enumerate(listed.base):
            here = {key: row for key, row in self.held.items() if rows.mark(key) % len(listed.base) == at}
            if not here or rows.check(here.values()) != one.check:
                kept = {key: row for key, row in self.held.items() if key not in here}
                self.held = kept | {row.key: row for row in self._fetch(server, one).rows}
        self.version = listed.base_version

    def _fetch(self, server: Server, segment: lists.Segment) -> rows.Read:
        return rows.read(self._bytes(server, segment))

    def _bytes(self, server: Server, segment: lists.Segment) -> bytes:
        data = server.files[segment.sha256]
        assert (len(data), rows.name(data)) == (segment.size, segment.sha256)
        self.fetched += len(data)
        return data


def entry(key: str, text: str) -> Row:
    return Row(key, 1, key, f"<article>{text}</article>")


changes = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), st.text(max_size=40)), max_size=5), max_size=40
)


@pytest.mark.parametrize("small", [40_000, 150])
@given(changes=changes, saved=st.lists(st.integers(0, 40)))
@settings(max_examples=60, deadline=None)
def test_whoever_is_left_behind_ends_up_with_the_state(small: int, changes: list, saved: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "SMALL", small)
        patch.setattr(lists, "FILE_CHARACTERS", 60)
        server, now, phones = Server(), {}, [Phone() for _ in saved]
        for at, change in enumerate([{}, *changes]):
            now |= {key: entry(key, text) for key, text in change.items() if text is not None}
            now = {key: row for key, row in now.items() if change.get(key, "") is not None}
            server.move_on(now)
            for phone, when in zip(phones, saved, strict=True):
                if when == at:
                    phone.update(server)
                    assert phone.held == now
        for phone in [*phones, Phone()]:
            phone.update(server)
            assert phone.held == now
            assert rows.check(phone.held.values()) == server.listed.check


@given(changes=changes)
@settings(max_examples=30, deadline=None)
def test_what_is_gone_is_in_no_file(changes: list) -> None:
    server, now = Server(), {}
    for change in [{}, *changes]:
        now |= {key: entry(key, text) for key, text in change.items() if text is not None}
        now = {key: row for key, row in now.items() if change.get(key, "") is not None}
        server.move_on(now)
        kept = {row.key for data in server.files.values() for row in rows.read(data).rows}
        assert kept == now.keys()


def test_after_the_files_were_lost_a_phone_fetches_only_what_differs() -> None:
    letters = random.Random(1)
    now = {f"posts/{at}": entry(f"posts/{at}", "".join(letters.choices("abcdef ", k=2000))) for at in range(2000)}
    server, phone = Server(), Phone()
    server.move_on(now)
    phone.update(server)
    assert phone.fetched > 1_000_000
    for at in range(20):
        now[f"posts/{at}"] = entry(f"posts/{at}", f"new {at}")
        server.move_on(now)
    phone.update(server)
    server.listed, server.files = None, {}
    del now["posts/7"]
    server.move_on(now)
    server.listed = Listed(**{**vars(server.listed), "line": "another"})
    phone.fetched = 0
    phone.update(server)
    assert phone.held == now
    assert phone.fetched < 120_000


def test_many_steps_are_few_files_and_bounded() -> None:
    letters = random.Random(2)
    now = {f"posts/{at}": entry(f"posts/{at}", "".join(letters.choices("abcdef ", k=500))) for at in range(1000)}
    server = Server()
    server.move_on(now)
    for at in range(300):
        key = f"posts/{letters.randrange(1000)}"
        now[key] = entry(key, "".join(letters.choices("abcdef ", k=500)))
        server.move_on(now)
        base = sum(one.size for one in server.listed.base)
        assert len(server.listed.steps) <= lists.SINGLE + 14, at
        assert sum(len(data) for data in server.files.values()) <= base + max(base // 2, lists.SMALL) + 50_000


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_an_edit_gives_the_new_text(one: str, other: str, old: str, new: str) -> None:
    head, tail = f"<p>{one} 😀 żółty</p>" * 4, f"<p>{other} نص 🎈</p>" * 4
    before, after = entry("posts/a", head + old + tail), entry("posts/a", head + new + tail)
    told = edits.edit(before, after)
    if told is not None:
        assert edits.applied(before.html, told[3]) == after.html
        assert (told[4], told[5]) == (rows.check([before]), rows.check([after]))


def test_an_edit_of_a_few_words_costs_a_few_words() -> None:
    words = ["there", "is", "much", "to", "say", "about", "tea", "and", "cups", "in", "the", "morning"]
    text = " ".join(random.Random(3).choices(words, k=400))
    told = edits.edit(entry("posts/a", text), entry("posts/a", f"Green {text[:900]} is {text[900:]}"))
    assert told is not None and len(json.dumps(told)) < 200
    assert edits.edit(entry("posts/a", text), entry("posts/a", "all new")) is None
