"""Attachments on a stick, in an e-mail, and in a place that only keeps files."""

import io
import json
from pathlib import Path

import pytest

from cop import blobs, bundle, bundle_files, bundle_frames, cbor, wire
from cop.blob_report import Exchanged, Planned
from cop.errors import Refused
from cop.place import attachments as left_files
from cop.signing import sha256
from cop.transports.folder import FolderCarrier
from tests.carriers import files_in, visit_folder, web_server
from tests.commands import cop
from tests.network import NOW, Place, network
from tests.test_blobs import LARGE, allow, holds, pair, parts, publish, sha

FILM = LARGE * 8  # three pieces


def packed(place: Place, path: Path, *, files: bool = True) -> Path:
    bundle.create(place.side, path, None, full=True, now=NOW, files_too=files)
    return path


def applied(place: Place, path: Path) -> bundle.Applied:
    return bundle.apply(place.side, path, NOW)


def visit(place: Place, folder: Path, *, readonly_at: str = "") -> Exchanged:
    """As `cop sync` with partners in a folder."""
    visit_folder(place, folder)
    return left_files.exchange(place.side, FolderCarrier(str(folder)), lambda done, of: None)


# -- bundles


def test_a_bundle_with_files_brings_text_and_files(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, FILM)
    publish(one, b"small", "small.pdf")
    made = packed(one, tmp_path / "news.cop")
    assert bundle_frames.show(made).files == 2
    told = applied(other, made)
    assert (told.received, told.files, told.files_left_out, told.whole) == (2, 2, 0, True)
    assert holds(other, FILM) and holds(other, b"small") and not parts(other)
    assert applied(other, made).files == 0


def test_a_bundle_without_files_says_what_it_left_out(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    made = packed(one, tmp_path / "news.cop", files=False)
    assert (bundle_frames.show(made).files, bundle_frames.show(made).files_left_out) == (0, 1)
    assert (applied(other, made).files_left_out, holds(other)) == (1, False)
    applied(other, packed(one, tmp_path / "with files.cop"))
    assert (applied(other, made).files_left_out, holds(other)) == (0, True), "nothing is left out that is here"


def test_what_is_too_large_here_is_not_taken_from_a_bundle(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    allow(other, "1 KB")
    told = applied(other, packed(one, tmp_path / "news.cop"))
    assert (told.files, told.files_left_out) == (0, 1)
    assert not holds(other) and not parts(other)


def frames(path: Path) -> list[bytes]:
    """The contents of all frames."""
    data, found = path.read_bytes()[len(bundle_frames.MAGIC) :], []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[36 : 36 + size])
        data = data[36 + size :]
    return found


def test_an_older_cop_reads_the_text_of_a_bundle_with_files_to_its_end(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    found = frames(packed(one, tmp_path / "news.cop"))
    end = found.index(cbor.encode({"end": True}))
    assert end < len(found) - 1, "all that an older cop reads stands before the files"
    for content in found[1:end]:
        wire.unpack(content, other.signer)


@pytest.mark.parametrize("cut", [1, 36, 37, 500_000, 1_100_000, 2_000_000])
def test_a_bundle_cut_within_its_files_keeps_what_came_and_a_whole_one_completes_it(tmp_path: Path, cut: int) -> None:
    one, other = pair(tmp_path)
    record_id = publish(one, FILM)
    made = packed(one, tmp_path / "news.cop")
    half = tmp_path / "half.cop"
    half.write_bytes(made.read_bytes()[:-cut])
    with pytest.raises(Refused, match="not whole"):
        applied(other, half)
    assert other.published(record_id)
    told = applied(other, made)
    assert told.whole and holds(other, FILM) and not parts(other)


def rewritten(path: Path, contents: list[bytes]) -> Path:
    whole = [len(one).to_bytes(4, "big") + sha256(one) + one for one in contents]
    path.write_bytes(bundle_frames.MAGIC + b"".join(whole))
    return path


def test_wrong_and_unasked_files_in_a_bundle_are_not_kept(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one, b"wanted")
    found = frames(packed(one, tmp_path / "news.cop"))
    for data, size, wrong in ((b"wanteD", 6, 1), (b"wanted and more", 15, 0), (b"wanted and more", 6, 0)):
        piece = cbor.encode({"file": bytes.fromhex(sha(b"wanted")), "size": size, "at": 0, "data": data})
        unasked = cbor.encode({"file": bytes(32), "size": 3, "at": 0, "data": b"abc"})
        made = rewritten(tmp_path / "odd.cop", [*found[:-2], unasked, piece, bundle_files.END])
        told = applied(other, made)
        assert (told.files, told.files_wrong) == (0, wrong)
    assert not parts(other) and not list(blobs.folder(other.site).glob("*/*"))


def test_the_commands_say_it(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    publish(one)
    made = str(tmp_path / "news.cop")
    assert "1 file was left out. To take them along: --files" not in cop(one, "bundle", "create", made, "--files")
    assert "1 change, 1 file" in cop(one, "bundle", "show", made)
    assert "1 file in it." in cop(other, "bundle", "apply", made, "--dry-run")
    assert "1 file came." in cop(other, "bundle", "apply", made)
    assert json.loads(cop(other, "status", "--json"))["attachments"]["held"] == 1


# -- places


def test_files_meet_in_a_folder(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    assert visit(one, folder) == Exchanged(sent=1)
    assert visit(other, folder) == Exchanged(received=1)
    assert visit(third, folder) == Exchanged(received=1)
    assert visit(other, folder) == Exchanged()
    names = [name for name in files_in(folder) if name.endswith(".blob")]
    assert names == [f"cop1/{one.signer.public.hex()[:32]}/b-{sha(LARGE)}.blob"]
    assert holds(other) and holds(third)


def blob_in(folder: Path) -> Path:
    return next(folder.rglob("*.blob"))


@pytest.mark.parametrize("spoil", ["half", "wrong", "copy"])
def test_files_that_are_not_whole_or_have_another_name(tmp_path: Path, spoil: str) -> None:
    one, other = pair(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    visit(one, folder)
    path = blob_in(folder)
    if spoil == "half":
        path.write_bytes(LARGE[:1000])
    elif spoil == "wrong":
        path.write_bytes(LARGE[::-1])
    else:
        path.rename(path.with_name(path.name.replace(".blob", " (1).blob")))
    told = visit(other, folder)
    assert (
        told
        == {"half": Exchanged(waiting=1), "wrong": Exchanged(waiting=1, wrong=1), "copy": Exchanged(received=1)}[spoil]
    )
    assert holds(other) == (spoil == "copy")
    if spoil == "half":
        assert visit(one, folder) == Exchanged(sent=1)
        assert visit(other, folder) == Exchanged(received=1)


def test_a_light_copy_leaves_out_what_is_large_in_a_folder(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    visit(one, folder)
    allow(other, "1 KB")
    assert visit(other, folder) == Exchanged(left_out=1)
    assert not holds(other)


def test_what_no_record_names_any_more_is_taken_away_by_who_left_it(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    record_id = publish(one)
    visit(one, folder)
    visit(other, folder)
    one.change(record_id, {"papers": None}, type_name="event")
    visit(one, folder)
    assert not list(folder.rglob("*.blob"))


def test_a_place_on_a_plain_web_server_is_read(tmp_path: Path) -> None:
    from cop.transports.static import StaticCarrier
    from tests.carriers import visit as visit_carrier

    one, other = pair(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    visit(one, folder)
    with web_server(folder) as address:
        visit_carrier(other, StaticCarrier(address))
        told = left_files.exchange(other.side, StaticCarrier(address), lambda done, of: None)
    assert told == Exchanged(received=1)
    assert holds(other)


def test_a_dry_run_in_a_folder_says_which_files_would_move(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    folder = tmp_path / "share"
    folder.mkdir()
    publish(one, FILM)
    publish(other, b"small", "small.pdf")
    visit(one, folder)
    visit_folder(other, folder)
    before = files_in(folder)
    told = left_files.preview(other.side, FolderCarrier(str(folder)))
    assert told == Planned(received=1, sent=1, bytes_in=len(FILM), bytes_out=5)
    assert files_in(folder) == before and not holds(other, FILM)
    visit(other, folder)
    assert left_files.preview(other.side, FolderCarrier(str(folder))) == Planned()
    visit(one, folder)
    assert left_files.preview(one.side, FolderCarrier(str(folder))) == Planned()


def test_cop_sync_says_what_came_in_a_folder(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    for here, there in ((one, other), (other, one)):
        cop(here, "partner", "add", there.name, str(folder))
    assert "0 files came, 1 went." in cop(one, "sync")
    told = json.loads(cop(other, "sync", "--json"))[0]
    assert told["attachments"] == {"received": 1, "sent": 0, "left_out": 0, "waiting": 0, "wrong": 0}
    assert io.BytesIO(LARGE).read() == blobs.path_of(blobs.folder(other.site), sha(LARGE)).read_bytes()


def test_a_file_that_stays_wrong_is_left_alone_and_a_right_one_put_beside_it(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    folder = tmp_path / "shared"
    folder.mkdir()
    publish(one)
    visit(one, folder)
    blob_in(folder).write_bytes(LARGE[::-1])
    assert [visit(other, folder).wrong for _ in range(5)] == [1, 1, 1, 0, 0]
    blobs.keep(blobs.folder(other.site), io.BytesIO(LARGE), len(LARGE))
    assert visit(other, folder) == Exchanged(sent=1)
    assert visit(third, folder) == Exchanged(received=1)
