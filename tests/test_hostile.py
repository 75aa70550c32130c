"""Bundles that somebody bent on purpose, and entries that a partner signed in order to do harm.

Each is refused in words or does no harm: no traceback, nothing false is stored, and what honest people wrote stays.
"""

import asyncio
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
import zstandard
from datasette.app import Datasette

from cop import (
    answering,
    bundle,
    bundle_frames,
    entry,
    log,
    patch,
    signing,
    stances,
    status,
    trust,
    unpacking,
    verification,
    views,
    vouching,
)
from cop.errors import CopError
from cop.fields import TYPES
from cop.model import OWN, PARTNERS, PUBLIC, Entry, Patch
from cop.signing import Signer, sha256
from tests.network import (
    NAMES,
    NOW,
    Place,
    assert_same_views,
    befriend,
    forge,
    item_of,
    network,
    places,
    steady,
    store,
    sync_all,
)  # fmt: skip
from tests.test_bundle import frames

BENT = 2_000  # bundles
BENT_IN_ALL = int(os.environ.get("COP_EXAMPLES", "20000"))  # of `pytest -m slow`
SIGNED = 3_000  # hostile entries
PARTS = 10  # so that several processes share the work

# -- bundles that were bent


class Bundles:
    """Two true bundles, and a place that has not read them yet."""

    def __init__(self, folder: Path) -> None:
        one, other, reader = network(folder / "places", 3)
        one.sync(other)
        shared = one.change(None, {"title": "True", "body": "First.\n\nSecond.\n"}, added={"topics": ("power",)})
        reader.sync(one)
        for at in range(6):
            one.change(shared, {"title": f"True {at}", "body": f"First {at}.\n\nSecond.\n"})
        one.change(None, {"title": "For partners"}, audience=PARTNERS)
        other.change(shared, {"summary": "Theirs"})
        self.one, self.reader = one, reader
        self.data = [self._bundle(place, folder / f"{at}.cop") for at, place in enumerate((one, other))]
        self.honest = frames(self.data[0])
        self.of_another = frames(self.data[1])
        self.true = {*one.entry_ids(), *other.entry_ids(), *reader.entry_ids()}
        self.folder = folder
        reader.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _bundle(self, place: Place, path: Path) -> bytes:
        bundle.create(place.side, path, None, full=True, now=NOW)
        return path.read_bytes()

    def fresh_reader(self) -> Place:
        """The reader as it was before it saw any of this."""
        folder = self.folder / "reader"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.reader.site.root, folder)
        copy = object.__new__(Place)
        copy.site = replace(self.reader.site, root=folder)
        copy._open()
        return copy


def framed(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + sha256(content) + content


def opened(frame: bytes) -> dict[str, Any]:
    """The map in a frame between the first and the last."""
    return cbor2.loads(unpacking.decompress(frame[36:]))  # type: ignore[no-any-return]


def closed(content: object) -> bytes:
    return framed(zstandard.ZstdCompressor().compress(cbor2.dumps(content)))


def bent_bytes(of: Bundles, source: random.Random) -> bytes:
    """A bit flipped, a part missing, or bytes too many: whoever did this cannot reckon hashes."""
    data, at = of.data[0], source.randrange(len(of.data[0]))
    return source.choice(
        [
            data[:at] + bytes([data[at] ^ (1 << source.randrange(8))]) + data[at + 1 :],
            data[:at],
            data[:at] + source.randbytes(source.randrange(1, 50)) + data[at:],
            data + data[:at],
        ]
    )


def other_order(of: Bundles, source: random.Random) -> bytes:
    """Frames twice, in another order, left out, or out of two bundles."""
    found = [*of.honest, *of.of_another] if source.random() < 0.5 else list(of.honest)
    source.shuffle(found)
    found = found[: source.randrange(1, len(found) + 1)] + source.choices(found, k=source.randrange(3))
    return (
        bundle_frames.MAGIC + b"".join(of.honest[:1] if source.random() < 0.7 else []) + b"".join(found) + of.honest[-1]
    )


def bent_values(of: Bundles, source: random.Random) -> bytes:
    """Some value within a message is another one, and all hashes are right."""
    content = opened(source.choice(of.honest[1:-1]))
    bend(content, source)
    return bundle_frames.MAGIC + of.honest[0] + closed(content) + of.honest[-1]


def bent_header(of: Bundles, source: random.Random) -> bytes:
    header = cbor2.loads(of.honest[0][36:])
    bend(header, source)
    return bundle_frames.MAGIC + framed(cbor2.dumps(header)) + b"".join(of.honest[1:])


def bent_packing(of: Bundles, source: random.Random) -> bytes:
    """Packed entries that lead elsewhere: other indexes, parents, sizes and texts."""
    content = opened(source.choice(of.honest[1:-1]))
    packed = content.get("packed")
    if not packed:
        return bent_values(of, source)
    texts = unpacking.decompress(packed[3]) if not packed[4] else b""
    which = source.randrange(5)
    if which < 3:
        bend(packed[0], source)
    elif which == 3:
        packed[2] = [source.choice([size, size + 1, 0, 2**40]) for size in packed[2]]
    elif texts:
        at = source.randrange(len(texts))
        texts = texts[:at] + bytes([texts[at] ^ 1]) + texts[at + 1 :]
        packed[3] = zstandard.ZstdCompressor().compress(texts)
    if source.random() < 0.3:
        source.shuffle(packed[0])
    return bundle_frames.MAGIC + of.honest[0] + closed(content) + of.honest[-1]


def bend(value: Any, source: random.Random) -> None:
    """Change one thing somewhere within lists and maps."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = source.choice(keys)
    inner = value[key]
    if isinstance(inner, dict | list) and inner and source.random() < 0.8:
        bend(inner, source)
    else:
        what = source.randrange(4)
        if what == 0 and isinstance(value, list):
            value.insert(key, source.choice(value))
        elif what == 1:
            del value[key]
        else:
            value[key] = another(inner, source)


def another(value: Any, source: random.Random) -> Any:
    odd: list[Any] = [
        None, True, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, float("nan"), "", "x", "\x00\x1b[2J", "a" * 9_000, b"",
        bytes(32), b"\xff" * 6, b"\xff" * 8, b"\xff" * 32, [], [[]], {}, {"a": {}}, [[[[[[[[]]]]]]]], cbor2.CBORTag(37, bytes(16)),
    ]  # fmt: skip
    if isinstance(value, bytes) and value and source.random() < 0.5:
        at = source.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << source.randrange(8))]) + value[at + 1 :]
    if type(value) is int and source.random() < 0.5:
        return value + source.choice([-1, 1, 2, 1_000])
    return source.choice(odd)


WAYS: tuple[Callable[[Bundles, random.Random], bytes], ...] = (
    bent_bytes, other_order, bent_values, bent_values, bent_header, bent_packing, bent_packing, bent_packing,
)  # fmt: skip


def bend_many(folder: Path, count: int, seed: int) -> None:
    of, source = Bundles(folder), random.Random(seed)
    path = folder / "bent.cop"
    for at in range(count):
        way = source.choice(WAYS)
        path.write_bytes(way(of, source))
        reader = of.fresh_reader()
        used = 0
        for use in uses(reader, of.one.signer.public, path):
            try:
                use()
                used += 1
            except CopError as error:
                assert error.args[0]
            assert not reader.db.in_transaction
        assert reader.entry_ids() <= of.true, (way.__name__, seed, at)
        if used or at % 20 == 0:
            views.refresh(reader.site, reader.db)  # as `cop serve` does behind its answer
            assert verification.verify(reader.site, reader.db).problems == []
        reader.close()
    reader = of.fresh_reader()
    path.write_bytes(of.data[0])
    bundle.apply(reader.side, path, NOW)
    assert {e.entry_id for e in of.one.entries()} <= reader.entry_ids()
    reader.close()


def uses(reader: Place, sender: bytes, path: Path) -> Iterator[Callable[[], object]]:
    """All that reads a bundle, and what hears the same messages over a line."""
    yield lambda: bundle_frames.show(path)
    yield lambda: bundle.apply(reader.side, path, NOW, dry_run=True)
    for frame in _frames_or_none(path.read_bytes())[:4]:
        yield lambda frame=frame: answering.answer(reader.side, frame[36:], NOW, sender)  # type: ignore[misc]
    yield lambda: bundle.apply(reader.side, path, NOW)
    yield lambda: bundle.apply(reader.side, path, NOW)


def _frames_or_none(data: bytes) -> list[bytes]:
    return [frame for frame in frames(data)[1:] if len(frame) > 36] if data.startswith(bundle_frames.MAGIC) else []


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_bent_bundles_are_refused_or_harmless(tmp_path: Path, part: int) -> None:
    bend_many(tmp_path, BENT // 4, seed=part)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_bent_bundles_are_refused_or_harmless(tmp_path: Path, part: int) -> None:
    bend_many(tmp_path, BENT_IN_ALL // PARTS, seed=1_000 + part)


# -- entries that are signed with a good key, and mean harm

CONTROL = (
    "\x1b[2J\x07",
    "\x00",
    "\u202e\u2066gnp.exe",
    "a\nb\r\nc",
    "\ufeff",
    "\U000e0041",
    "x" * 5_000,
    " ",
    "../../etc",
)
NUMBERS = (-1, 0, 1, 2, 3, 7, 2**31, 2**61, 2**62, 2**63 - 1, -(2**62), 2**64 - 1, True, 1.5, None, "1", b"1")


class Hostile:
    """A partner with a good key, who signs what no cop would write."""

    def __init__(self, place: Place, shared: str, source: random.Random, *, gaps: bool) -> None:
        self.place, self.source, self.shared, self.gaps = place, source, shared, gaps
        self.signer = place.signer
        self.log = [(e.sequence, e.entry_id) for e in place.entries() if e.writer == self.signer.public]
        self.own: list[str] = []
        self.payloads: list[bytes] = []

    def entry(self) -> tuple[bytes, list[bytes]]:
        """The bytes of an entry, and the payloads that come with it."""
        source = self.source
        payloads = [self.payload() for _ in range(source.choice([0, 1, 1, 1, 2, 5]))]
        items: list[Any] = [self.item(payload) for payload in payloads]
        if items and source.random() < 0.15:
            items += source.choices(items, k=2)
        if source.random() < 0.05:
            items = source.choice([None, {}, [[]], [1], "x", items * 600])
        sequence, previous = self.log[-1]
        if source.random() < 0.15:  # a fork, or a gap
            nowhere = [(2**40, source.randbytes(32))] if self.gaps else []
            sequence, previous = source.choice([*self.log, *nowhere, (5, self.log[0][1])])
        content: dict[str, Any] = {
            "v": 1,
            "w": self.signer.public,
            "n": sequence + 1,
            "p": previous,
            "t": source.choice([NOW, 0, -(2**61), 2**61, 253_402_300_800, -62_135_596_801]),
            "k": source.choice(
                ["change"] * 6 + ["withdraw", "organisation", "writer", "poll", "erase", "Change", "x" * 40]
            ),
            "i": items,
            "x": self.extra(),
        }
        if source.random() < 0.15:
            name = source.choice([name for name in content if name != "p" or self.gaps])
            content[name] = source.choice([*NUMBERS, *CONTROL, [], {}, bytes(32)])
        if source.random() < 0.1:
            content[source.choice(["y", "é", ""])] = self.deep(source.choice([3, 17]))
        return cbor2.dumps(content, canonical=True), payloads

    def item(self, payload: bytes) -> list[Any]:
        source = self.source
        parents = source.choice(
            [
                [],
                [sha256(payload)],  # it was made from itself
                [sha256(p) for p in self.payloads[-2:]],
                [source.randbytes(32)],
                [source.randbytes(32)] * 3,
                list(self.place.heads(self.shared)),
                [source.randbytes(32) for _ in range(source.choice([5, 900, 1_001]))] if source.random() < 0.1 else [],
            ]
        )
        raw: list[Any] = [
            patch.id_bytes(self.record()),
            parents,
            sha256(payload),
            len(payload),
            source.choice([PUBLIC, PUBLIC, PUBLIC, PARTNERS, OWN, 3, 2**40]),
        ]
        if source.random() < 0.15:
            raw[source.randrange(5)] = source.choice([*NUMBERS, b"", bytes(16), bytes(32), [], [b""], [[]]])
        if source.random() < 0.05:
            raw.append({"more": [1, 2]})
        return raw

    def record(self) -> str:
        if self.source.random() < 0.4 or not self.own:
            self.own.append(patch.new_record_id())
        return self.source.choice([*self.own[-5:], self.shared, trust.member_record_id(self.place.organisation)])

    def payload(self) -> bytes:
        """What comes with an entry: often no patch at all."""
        source = self.source
        content: Any = {
            "type": source.choice(["post", "event", "resource", "word", "member", "topic", "dance", *CONTROL]),
            "fields": {self.name(): self.value() for _ in range(source.randrange(6))},
        }
        if source.random() < 0.4:
            content["added"] = {self.name(): source.choice([["a", "b", *CONTROL], "x", [1, None], [["x"]], []])}
        if source.random() < 0.3:
            content["removed"] = {self.name(): source.choice([["a"], None, [True]])}
        if source.random() < 0.1:
            content[source.choice(["type", "fields", "added", "removed"])] = source.choice([None, 5, [], "x", {"a": 1}])
        raw = cbor2.dumps(content) if source.random() < 0.95 else source.randbytes(40)
        payload = source.randbytes(16) + raw
        self.payloads.append(payload)
        return payload if source.random() < 0.97 else source.choice([b"", b"x", payload[:16]])

    def name(self) -> str:
        names = ["title", "body", "slug", "topics", "start", "end", "date", "authors", "credits", "items", "variants", "languages",
                 "withdrawn", "url", "place", "year", "name", "kind", "summary", "checks", "id", "parent", "conflicts"]  # fmt: skip
        return self.source.choice([*names, *names, *CONTROL])

    def value(self) -> Any:
        source = self.source
        return source.choice(
            [
                *CONTROL,
                *[number for number in NUMBERS if not isinstance(number, bytes)],
                "javascript:alert(1)",
                "<script>x</script>",
                "2026-13-45",
                "# " * 500,
                "[" * 300,
                ["a", None, 1, {"name": "x"}],
                [{"text": None, "source": ["x"], "year": 2**62}],
                {"name": {"role": []}},
                self.deep(source.choice([2, 12, 16])),
                "A true title",
            ]
        )

    def deep(self, depth: int) -> Any:
        value: Any = []
        for at in range(depth):
            value = {"a": value} if at % 2 else [value, 1]
        return value

    def extra(self) -> Any:
        source = self.source
        stranger = Signer(source.randbytes(32))
        said = [
            {},
            {},
            stances.stance(stranger.public, "accept", []),
            stances.stance(self.place.organisation, "self", [source.randbytes(32)]),
            stances.stance(self.place.organisation, source.choice(CONTROL), [1, None, b""]),
            {"organisation": self.place.organisation, "stance": ["accept"], "replaces": "x"},
            {"organisation": source.choice([None, 5, b"", [], "x"]), "stance": "accept", "replaces": {}},
            vouching.certificate(stranger, stranger.public),
            vouching.certificate(stranger, self.signer.public),
            {"organisation": stranger.public, "writer": source.randbytes(32), "certificate": bytes(64)},
            {"organisation": b"x", "writer": [], "certificate": 1},
            {"deep": self.deep(15)},
            {name: name for name in CONTROL},
            [],
            None,
        ]
        return source.choice(said)

    def sign(self, data: bytes) -> Entry | None:
        """The entry, if its bytes are such that any cop lets them in."""
        try:
            one = entry.parse(data, self.signer.sign(signing.ENTRY, data))
        except CopError:
            return None
        return one

    def stored(self, one: Entry) -> None:
        """Later entries may follow on this one."""
        self.log.append((one.sequence, one.entry_id))


def message_of(hostile: Hostile, data: bytes, signature: bytes, payloads: list[bytes]) -> bytes:
    """In the first form, in which a message can say anything."""
    content = {
        "v": 1,
        "writer": hostile.signer.public,
        "organisation": hostile.place.organisation,
        "state": bytes(32),
        "entries": [[data, signature]],
        "payloads": payloads,
        "wanted": [sha256(payload) for payload in payloads],
    }
    return zstandard.ZstdCompressor().compress(cbor2.dumps(content))


def shown(place: Place, record_ids: list[str]) -> list[object]:
    """What people see of honest records."""
    rows = [place.published(record_id) for record_id in record_ids]
    return [*(place.view(record_id) for record_id in record_ids), *({**row, "number": 0} for row in rows if row)]


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_signed_entries_that_mean_harm_do_none(tmp_path: Path, part: int) -> None:
    with steady(part) as source:
        one, enemy, third = network(tmp_path, 3)
        honest = [one.change(None, {"title": f"Honest {at}", "slug": f"h{at}"}) for at in range(3)]
        shared = third.change(None, {"title": "Everybody may edit this"})
        sync_all([one, enemy, third])
        before, held = shown(one, honest), one.entry_ids()
        gaps = part % 5 == 4
        hostile = Hostile(enemy, shared, source, gaps=gaps)
        stored = 0
        for at in range(SIGNED // PARTS):
            data, payloads = hostile.entry()
            made = hostile.sign(data)
            message = message_of(hostile, data, hostile.signer.sign(signing.ENTRY, data), payloads)
            try:
                stored += answering.answer(one.side, message, NOW, enemy.signer.public).received.entries
            except CopError as error:
                assert error.args[0]
            assert not one.db.in_transaction and (made or not log.holds(one.db, sha256(data)))
            if made and log.holds(one.db, made.entry_id):
                hostile.stored(made)
            if at % 60 == 59:
                assert shown(one, honest) == before
                third.sync(one)
                look_around(one)
        assert stored > SIGNED // PARTS // 4, "most were refused: these tests are not hostile enough"
        assert held <= one.entry_ids()
        sync_all([one, third])
        assert shown(one, honest) == shown(third, honest) == before
        if not gaps:  # what follows on nothing is kept, and not passed on
            assert one.entry_ids() == third.entry_ids()
            assert_same_views([one, third])
        for place in (one, third):
            assert verification.verify(place.site, place.db).problems == []
    pages_can_be_shown(third)


def look_around(place: Place) -> None:
    """What people do the day after."""
    views.refresh(place.site, place.db)
    json.dumps(status.status_of(place.site, place.db, [], []))


def pages_can_be_shown(place: Place) -> None:
    """Every record has its page, and lists, feeds and search answer."""

    async def ask() -> None:
        site = Datasette([str(place.site.site_db)])
        for row in place.public()["records"]:
            page = f"/{TYPES[str(row['type'])].folder}/{row['slug']}"
            for address in (page, f"{page}/history"):
                answer = await site.client.get(address, follow_redirects=True)
                assert answer.status_code == 200, (address, answer.status_code, row)
        for address in ("/", "/new", "/differences", "/posts", "/events", "/resources", "/search?q=title", "/topics"):
            assert (await site.client.get(address, follow_redirects=True)).status_code == 200, address

    asyncio.run(ask())


def test_an_edit_of_somebody_elses_record_stands_under_the_name_of_who_made_it(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    record_id = one.change(None, {"title": "Ours"})
    one.sync(other)
    other.change(record_id, {"title": "Theirs now"})
    one.sync(other)
    assert one.view(record_id).fields["title"] == "Theirs now"
    made_by = {row["organisation"] for row in one.public()["history"] if row["record_id"] == record_id}
    assert made_by == {NAMES[0], NAMES[1]}


def test_an_entry_that_follows_on_nothing_is_the_same_everywhere(tmp_path: Path) -> None:
    """A partner signs an entry that follows one it never made, and gives it to one of two."""
    one, enemy, third = network(tmp_path, 3)
    sync_all([one, enemy, third])
    payload = patch.new_payload(Patch("post", {"title": "Out of nowhere"}))
    leap = forge(enemy.signer, [item_of(patch.new_record_id(), payload)], sequence=50, previous=bytes(32))
    store(one, [leap], [payload])
    assert third.sync(one).equal
    assert third.digest() == one.digest(), "they were said to hold the same"
