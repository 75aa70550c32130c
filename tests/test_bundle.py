"""A stick that was pulled out early, bent, copied, or brought twice: what verifies is used, the rest is named."""

import errno
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from cop import bundle, bundle_frames, cbor, files, frontier, standing, unpacking, wire
from cop.cli import reports
from cop.errors import CopError, NotReachable, Refused
from cop.model import OWN, PARTNERS, PUBLIC
from cop.signing import sha256
from tests.network import NOW, Place, assert_same_views, befriend, network, places, read_by_anyone, store, sync_all
from tests.test_sync import big


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = network(tmp_path, 2)
    return one, other


def write(one: Place, path: Path, other: Place | None = None) -> bytes:
    bundle.create(one.side, path, one.partner(other) if other else None, full=False, now=NOW)
    return path.read_bytes()


def frames(data: bytes) -> list[bytes]:
    """The frames of a bundle, each with its length and hash."""
    found, at = [], len(bundle_frames.MAGIC)
    while at < len(data):
        end = at + 36 + int.from_bytes(data[at : at + 4], "big")
        found.append(data[at:end])
        at = end
    return found


def test_a_bundle_brings_everything_and_a_second_time_nothing(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "On a stick"})
    one.change(None, {"title": "For partners"}, audience=PARTNERS)
    write(one, tmp_path / "stick.cop")
    first = bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert (first.received, first.refused, first.whole) == (2, 0, True)
    second = bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert (second.received, second.known) == (0, len(one.entries()))
    write(other, tmp_path / "back.cop", one)
    bundle.apply(one.side, tmp_path / "back.cop", NOW)
    assert_same_views([one, other])


def test_show_says_what_a_bundle_holds_without_storing_it(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    write(one, tmp_path / "stick.cop", other)
    header = bundle_frames.show(tmp_path / "stick.cop")
    assert (header.name, header.receiver, header.changes, header.made) == (one.name, other.name, 1, NOW)


def test_a_bundle_for_a_partner_holds_only_what_it_lacks(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    big(one, 20)
    one.sync(other)
    one.sync(other)
    one.change(None, {"title": "New"})
    small = write(one, tmp_path / "small.cop", other)
    full = write(one, tmp_path / "full.cop")
    assert len(small) < len(full) / 5
    assert bundle.apply(other.side, tmp_path / "small.cop", NOW).received == 1
    assert_same_views([one, other])


def test_a_dry_run_stores_nothing(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    write(one, tmp_path / "stick.cop")
    before = other.entry_ids()
    assert bundle.apply(other.side, tmp_path / "stick.cop", NOW, dry_run=True).received == 1
    assert other.entry_ids() == before


def test_applying_never_writes_to_the_stick(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "A"})
    stick = tmp_path / "stick"
    stick.mkdir()
    data = write(one, stick / "news.cop")
    before = (stick / "news.cop").stat().st_mtime_ns
    bundle.apply(other.side, stick / "news.cop", NOW)
    assert [path.name for path in stick.iterdir()] == ["news.cop"]
    assert ((stick / "news.cop").stat().st_mtime_ns, (stick / "news.cop").read_bytes()) == (before, data)


def test_strangers_bundles_are_refused_and_counted(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    one.change(None, {"title": "A"})
    write(one, tmp_path / "stick.cop")
    before = other.entry_ids()
    applied = bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert applied.refused == len(one.entries()) and applied.received == 0
    assert other.entry_ids() == before


def test_a_bundle_cut_at_any_byte_is_useful_and_safe(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    big(one, 50)
    data = write(one, tmp_path / "stick.cop")
    assert len(frames(data)) > 4
    ends = [len(bundle_frames.MAGIC)]
    for frame in frames(data):
        ends.append(ends[-1] + len(frame))
    cuts = {*range(0, 60, 7), *ends, *(end - 1 for end in ends), *(end + 20 for end in ends[:-1])}
    held = 0
    for cut in sorted(cut for cut in cuts if cut < len(data)):
        (tmp_path / "half.cop").write_bytes(data[:cut])
        with pytest.raises(Refused):
            bundle.apply(other.side, tmp_path / "half.cop", NOW)
        assert len(other.entry_ids()) >= held, "what came before is kept"
        held = len(other.entry_ids())
    assert held > 40
    bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    write(other, tmp_path / "back.cop")
    bundle.apply(one.side, tmp_path / "back.cop", NOW)
    assert_same_views([one, other])


def test_any_flipped_bit_is_noticed_and_nothing_false_is_stored(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    one.change(None, {"title": "True"})
    one.change(None, {"title": "Also true"}, audience=PARTNERS)
    data = write(one, tmp_path / "stick.cop")
    source = random.Random(3)
    true = {*one.entry_ids(), *other.entry_ids()}
    for at in sorted({*range(0, 120), *source.sample(range(len(data)), 200)}):
        bent = data[:at] + bytes([data[at] ^ (1 << source.randrange(8))]) + data[at + 1 :]
        (tmp_path / "bent.cop").write_bytes(bent)
        with pytest.raises(CopError):
            bundle.apply(other.side, tmp_path / "bent.cop", NOW)
        assert other.entry_ids() <= true


def test_frames_with_a_right_hash_and_altered_content_are_refused_or_harmless(
    pair: tuple[Place, Place], tmp_path: Path
) -> None:
    """A forger can reckon hashes: then signatures decide."""
    one, other = pair
    one.change(None, {"title": "True"})
    data = write(one, tmp_path / "stick.cop")
    head, news, *_ = frames(data)
    source = random.Random(4)
    true = {*one.entry_ids(), *other.entry_ids()}
    plain = unpacking.decompress(news[36:])
    import zstandard

    for _ in range(300):
        at = source.randrange(len(plain))
        bent = plain[:at] + bytes([plain[at] ^ (1 << source.randrange(8))]) + plain[at + 1 :]
        content = zstandard.ZstdCompressor().compress(bent)
        frame = len(content).to_bytes(4, "big") + sha256(content) + content
        (tmp_path / "bent.cop").write_bytes(bundle_frames.MAGIC + head + frame)
        with pytest.raises(CopError):  # at the latest because its end is missing
            bundle.apply(other.side, tmp_path / "bent.cop", NOW)
        assert other.entry_ids() <= true
        assert all(b"True" in payload for payload in other.payloads().values() if b"rue" in payload)


def test_parts_in_any_order_end_in_the_same_view(pair: tuple[Place, Place], tmp_path: Path) -> None:
    one, other = pair
    big(one, 50)
    head, *news, end = frames(write(one, tmp_path / "stick.cop"))
    assert len(news) > 2
    other_way = bundle_frames.MAGIC + head + b"".join(reversed(news)) + end
    (tmp_path / "turned.cop").write_bytes(other_way)
    bundle.apply(other.side, tmp_path / "turned.cop", NOW)
    bundle.apply(other.side, tmp_path / "turned.cop", NOW)  # who is who may have come last
    write(other, tmp_path / "back.cop")
    bundle.apply(one.side, tmp_path / "back.cop", NOW)
    assert one.entry_ids() == other.entry_ids()
    assert_same_views([one, other])


def test_sticks_of_three_places_in_any_order(tmp_path: Path) -> None:
    found = network(tmp_path, 3)
    for round_ in range(3):
        for place in found:
            place.change(None, {"title": f"{place.name} {round_}"})
            write(place, tmp_path / f"{round_} {place.name}.cop")
    sticks = sorted(tmp_path.glob("*.cop"))
    random.Random(1).shuffle(sticks)
    for place in found:
        for stick in [*sticks, *sticks]:
            bundle.apply(place.side, stick, NOW)
    assert_same_views(found)


# -- targets that cannot be written


class FullDisk:
    """A file on a disk with little room."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


@pytest.mark.parametrize("room", [0, 10, 300, 900])
def test_a_full_stick_leaves_the_previous_bundle_whole(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    one, other = pair
    one.change(None, {"title": "Before"})
    data = write(one, tmp_path / "stick.cop")
    one.change(None, {"title": "After"})
    plain_open = Path.open

    def small(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = plain_open(path, mode, *rest, **named)
        return FullDisk(file, room) if "+" in mode else file

    monkeypatch.setattr(Path, "open", small)
    with pytest.raises(CopError, match="No space") as failed:
        write(one, tmp_path / "stick.cop")
    assert failed.value.exit_code == 1 and failed.value.hint
    monkeypatch.undo()
    assert (tmp_path / "stick.cop").read_bytes() == data
    assert not list(tmp_path.glob("*.part"))
    bundle.apply(other.side, tmp_path / "stick.cop", NOW)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_stick_that_fails_at_the_last_step_keeps_the_previous_bundle(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    one, _ = pair
    data = write(one, tmp_path / "stick.cop")

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(*((files.os, "fsync") if step == "fsync" else (Path, "replace")), fails)
    with pytest.raises(CopError, match="Input/output error"):
        write(one, tmp_path / "stick.cop")
    monkeypatch.undo()
    assert (tmp_path / "stick.cop").read_bytes() == data and not list(tmp_path.glob("*.part"))


def test_a_write_protected_stick_is_named(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair

    def refuses(path: Path, mode: str = "r", *_: object, **__: object) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(CopError, match="Read-only"):
        write(one, tmp_path / "stick.cop")


def test_a_stick_pulled_out_while_reading_is_no_crash(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    big(one, 50)
    write(one, tmp_path / "stick.cop")
    plain_open = Path.open

    class Pulled:
        def __init__(self, file: BinaryIO) -> None:
            self.file, self.reads = file, 0

        def read(self, size: int) -> bytes:
            self.reads += 1
            if self.reads > 7:
                raise OSError(errno.EIO, "Input/output error")
            return self.file.read(size)

        def __enter__(self) -> "Pulled":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

    def opened(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = plain_open(path, mode, *rest, **named)
        return Pulled(file) if path.name == "stick.cop" else file

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(NotReachable):
        bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    monkeypatch.undo()
    bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert one.entry_ids() <= other.entry_ids()


@pytest.mark.parametrize(
    "content", [b"", b"cop", b"PK\x03\x04" + b"x" * 500, bundle_frames.MAGIC, bundle_frames.MAGIC + b"\xff" * 99]
)
def test_files_that_are_no_bundles_are_refused(pair: tuple[Place, Place], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.cop").write_bytes(content)
    for use in (bundle_frames.show, lambda path: bundle.apply(pair[0].side, path, NOW)):
        with pytest.raises(Refused):
            use(tmp_path / "x.cop")


def test_a_missing_bundle_and_a_folder_are_not_reachable(pair: tuple[Place, Place], tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.cop", tmp_path):
        with pytest.raises(NotReachable):
            bundle_frames.show(path)


HEADER = {"name": "N", "organisation": "ab" * 32, "receiver": "", "made": 1, "entries": 0, "changes": 0}


@pytest.mark.parametrize("said", [{"name": 5}, {"made": "x"}, {"made": None}, {"entries": []}], ids=repr)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, said: dict[str, object]) -> None:
    content = cbor.encode(HEADER | said)
    (tmp_path / "x.cop").write_bytes(bundle_frames.MAGIC + len(content).to_bytes(4, "big") + sha256(content) + content)
    with pytest.raises(Refused):
        bundle_frames.show(tmp_path / "x.cop")


def test_a_header_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    content = cbor.encode(HEADER | {"name": "\x1b[2J\x07Caafi\nHealth", "receiver": "\x9b5n"})
    (tmp_path / "x.cop").write_bytes(bundle_frames.MAGIC + len(content).to_bytes(4, "big") + sha256(content) + content)
    header = bundle_frames.show(tmp_path / "x.cop")
    assert header.name.isprintable() and header.receiver.isprintable() and "Caafi" in header.name


def test_what_is_not_public_can_be_read_by_accepted_partners_only(tmp_path: Path) -> None:
    one, friend, stranger = places(tmp_path, 3)
    befriend(one, friend)
    one.sync(friend)
    stranger.accept(one)
    link = one.change(None, {"title": "Meeting", "summary": "PartnersOnly"}, audience=PARTNERS)
    own = one.change(None, {"title": "OursAlone"}, audience=OWN)
    shown = one.change(None, {"title": "ForAll"}, audience=PUBLIC)
    for name, at in (("anyone", None), ("friend", friend)):
        data = write(one, tmp_path / f"{name}.cop", at)
        plain = b"".join(read_by_anyone(frame[36:]) for frame in frames(data)[1:-1])
        assert b"PartnersOnly" not in plain and b"OursAlone" not in plain and b"ForAll" in plain
        bundle.apply(stranger.side, tmp_path / f"{name}.cop", NOW)
    bundle.apply(friend.side, tmp_path / "anyone.cop", NOW)
    assert friend.view(link).fields["summary"] == "PartnersOnly"
    assert b"OursAlone" not in b"".join(friend.payloads().values())
    assert not any(b"PartnersOnly" in payload for payload in stranger.payloads().values())
    assert stranger.published(shown) and own


def test_a_key_that_is_nobodys_does_not_stop_a_bundle(pair: tuple[Place, Place], tmp_path: Path) -> None:
    from cop import signing, vouching
    from tests.network import next_entry, store

    one, other = pair
    one.sync(other)
    seed = bytes.fromhex(next(other.site.keys.glob(f"{other.organisation.hex()}.key")).read_text().split()[-1])
    organisation = signing.Signer(seed)
    for writer in (bytes(32), b"\xff" * 32, b"short", b""):
        extra = vouching.certificate(organisation, writer)
        store(one, [next_entry(one, [], "writer", **extra)])
    record_id = one.change(None, {"title": "For partners"}, audience=PARTNERS)
    write(one, tmp_path / "stick.cop")
    bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert other.view(record_id).fields["title"] == "For partners"


# -- what somebody else may have written on a stick


def _forged(path: Path, header: bundle_frames.Header, *messages: bytes) -> Path:
    content = [cbor.encode({**asdict(header)}), *messages, cbor.encode({"end": True})]
    path.write_bytes(bundle_frames.MAGIC + b"".join(len(one).to_bytes(4, "big") + sha256(one) + one for one in content))
    return path


def test_nobody_else_can_say_on_a_stick_what_a_partner_holds(tmp_path: Path) -> None:
    one, other, hostile = network(tmp_path, 3)
    sync_all([one, other, hostile])
    record_id = one.change(None, {"title": "News"})
    points = frontier.own_points(one.db)
    for writer, proof in (
        (hostile.signer.public, b""),
        (other.signer.public, wire.prove_points(points, hostile.signer)),
    ):
        message = wire.Message(writer, other.organisation, bytes(16), points=points, proof=proof)
        header = bundle_frames.Header("anybody", "00" * 32, "", NOW, 0, 0)
        bundle.apply(one.side, _forged(tmp_path / "forged.cop", header, wire.pack(message)), NOW)
    assert bundle.create(one.side, tmp_path / "news.cop", one.partner(other), full=False, now=NOW).changes == 1
    bundle.apply(other.side, tmp_path / "news.cop", NOW)
    assert other.published(record_id)


@pytest.mark.parametrize("proved", [True, False])
def test_through_whom_something_came_on_a_stick_is_not_what_the_stick_says(tmp_path: Path, proved: bool) -> None:
    one, carrier, far, named = network(tmp_path, 4)
    sync_all([one, carrier, far, named])
    far.change(None, {"title": "From afar"})
    carrier.sync(far)
    content = [frame[36:] for frame in frames(write(carrier, tmp_path / "stick.cop"))[1:-1]]
    messages = [wire.unpack(message, one.signer) for message in content]
    if not proved:
        messages = [replace(message, points=None, proof=b"") for message in messages]
    header = bundle_frames.Header(named.name, named.organisation.hex(), "", NOW, 0, 0)
    bundle.apply(one.side, _forged(tmp_path / "forged.cop", header, *map(wire.pack, messages)), NOW + 60)
    assert standing.heard_json(one.db)[far.name]["through"] == (carrier.name if proved else "a bundle")


def test_a_dry_run_counts_what_applying_then_does(tmp_path: Path) -> None:
    one, other, stranger = network(tmp_path, 2) + places(tmp_path / "more", 1)
    for at in range(3):
        one.change(None, {"title": f"News {at}"})
        stranger.change(None, {"title": f"Strange {at}"})
    stick = tmp_path / "stick.cop"
    store(one, stranger.entries())
    write(one, stick)
    looked = bundle.apply(other.side, stick, NOW, dry_run=True)
    done = bundle.apply(other.side, stick, NOW)
    assert (looked.received, looked.known, looked.refused) == (done.received, done.known, done.refused)
    assert looked.received == 3 and looked.refused == len(stranger.entries()) and looked.bytes > 0


@pytest.mark.parametrize("dry_run", [True, False])
def test_who_gets_a_forged_bundle_reads_what_to_do(pair: tuple[Place, Place], tmp_path: Path, dry_run: bool) -> None:
    one, other = pair
    one.change(None, {"title": "News"})
    content = [frame[36:] for frame in frames(write(one, tmp_path / "stick.cop"))[1:-1]]
    true = wire.unpack(content[0], other.signer)
    last = replace(true.entries[-1], signature=bytes(64))
    header = bundle_frames.Header(one.name, one.organisation.hex(), "", NOW, 0, 0)
    for message in (replace(true, entries=(*true.entries[:-1], last)), replace(true, entries=(last,))):
        path = _forged(tmp_path / "forged.cop", header, wire.pack(message))
        with pytest.raises(Refused, match="is not what its writer signed: somebody may have changed it") as refused:
            bundle.apply(other.side, path, NOW, dry_run=dry_run)
        assert "for a new one" in refused.value.hint
    path = _forged(tmp_path / "forged.cop", header, b"\xa0")
    with pytest.raises(Refused) as refused:
        bundle.apply(other.side, path, NOW, dry_run=dry_run)
    assert "for a new one" in refused.value.hint


@pytest.mark.parametrize("key", ["", "not hex", "ab" * 31, "AB" * 32])
def test_a_bundle_that_does_not_say_who_made_it_is_refused(pair: tuple[Place, Place], tmp_path: Path, key: str) -> None:
    header = bundle_frames.Header("anybody", key, "", NOW, 0, 0)
    path = _forged(tmp_path / "forged.cop", header)
    for use in (lambda: bundle_frames.show(path), lambda: bundle.apply(pair[1].side, path, NOW)):
        with pytest.raises(Refused, match="who made it"):
            use()


def test_a_stick_that_is_pulled_out_behind_the_last_byte_is_reported(
    pair: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from cop.cli import cli

    one, other = pair
    one.change(None, {"title": "On a stick"})
    path = tmp_path / "stick.cop"
    write(one, path)
    real = bundle.apply
    monkeypatch.setattr(bundle, "apply", lambda *given, **more: [real(*given, **more), path.unlink()][0])
    monkeypatch.setenv("COP_KEYS", str(other.site.keys))
    done = CliRunner().invoke(cli, ["--site", str(other.site.root), "bundle", "apply", str(path)])
    assert done.exit_code == 0 and "1 change came" in done.output


def test_texts_that_come_later_are_counted(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    sync_all([one, other])
    for title in ("First", "Second"):
        one.change(None, {"title": title})
    store(other, [entry for entry in one.entries() if entry.entry_id not in other.entry_ids()])
    write(one, tmp_path / "stick.cop")
    applied = bundle.apply(other.side, tmp_path / "stick.cop", NOW)
    assert (applied.received, applied.texts) == (0, 2)
    assert "  2 texts of earlier changes came." in reports.bundle_lines(applied, dry_run=False)
