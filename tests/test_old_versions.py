"""What every earlier version wrote is read by this one. Each has a folder in `tests/data/`, and none is ever taken away.

In each lie a store with its keys, a bundle for anyone, the keys of the partner that the store knows, and the digest.
"""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from cop import bundle, bundle_frames, config, identity, invitations, partners, verification, views
from tests.commands import cop
from tests.network import NOW, Place, assert_same_views, places

DATA = Path(__file__).parent / "data"
VERSIONS = sorted(path.name for path in DATA.iterdir())


def test_there_is_a_folder_for_every_version() -> None:
    assert "0.1.0" in VERSIONS


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest) -> Path:
    return DATA / str(request.param)


@pytest.fixture
def place(old: Path, tmp_path: Path) -> Place:
    """A folder of that version, which this version opens."""
    root, keys = tmp_path / "old", tmp_path / "keys of old"
    (root / "data").mkdir(parents=True)
    shutil.copy(old / "store.db", root / "data")
    shutil.copy(old / "cop.toml", root)
    shutil.copytree(old / "keys", keys)
    opened = object.__new__(Place)
    opened.site = config.open_site_folder(root, keys)
    opened._open()
    return opened


def signed(path: Path) -> set[tuple[bytes, bytes]]:
    """Entries as they stand in a store, whatever version made it."""
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return {(row[0], row[1]) for row in db.execute("SELECT data, signature FROM log_entry")}
    finally:
        db.close()


def test_an_old_store_opens_and_shows_what_it_showed(place: Place, old: Path) -> None:
    views.refresh(place.site, place.db)
    assert place.digest() == (old / "digest.txt").read_text().strip()
    found = verification.verify(place.site, place.db)
    assert (found.problems, found.entries) == ([], len(signed(old / "store.db")))
    assert {(entry.data, entry.signature) for entry in place.entries()} == signed(old / "store.db")
    assert_same_views([place])


def test_an_old_store_is_the_same_organisation_and_writer(place: Place, old: Path) -> None:
    names = {path.stem for path in (old / "keys").iterdir()}
    assert {place.organisation.hex(), place.signer.public.hex()} <= names
    assert identity.own_organisation(place.db) == place.organisation


def test_a_newcomer_reads_an_old_bundle(place: Place, old: Path, tmp_path: Path) -> None:
    (new,) = places(tmp_path / "new", 1)
    invitation = invitations.parse_invitation((old / "invitation.txt").read_text())
    partners.accept(new.db, new.signer, invitation, NOW)
    header = bundle_frames.show(old / "bundle.cop")
    applied = bundle.apply(new.side, old / "bundle.cop", NOW)
    assert (applied.whole, applied.refused, header.name) == (True, 0, place.name)
    assert applied.received == header.changes > 0
    views.refresh(place.site, place.db)
    public = {row["record_id"] for row in place.public()["records"]}
    assert public and public == {row["record_id"] for row in new.public()["records"]}
    assert verification.verify(new.site, new.db).problems == []


def test_an_old_bundle_comes_to_where_it_was_made(place: Place, old: Path) -> None:
    before = place.entry_ids()
    applied = bundle.apply(place.side, old / "bundle.cop", NOW)
    assert (applied.received, applied.refused) == (0, 0)
    assert place.entry_ids() == before


def test_old_and_new_edit_and_sync(place: Place, tmp_path: Path) -> None:
    (new,) = places(tmp_path / "new", 1)
    new.rename("Newcomer")
    place.accept(new)
    new.accept(place)
    views.refresh(place.site, place.db)
    shown = place.public()["records"][0]
    new.sync(place)
    record_id = str(shown["record_id"])
    new.change(record_id, {"title": "Edited by a newer cop"}, type_name=str(shown["type"]))
    place.change(record_id, {"summary": "Edited where it is from"}, type_name=str(shown["type"]))
    assert new.sync(place).equal
    for one in (place, new):
        assert one.view(record_id).fields["title"] == "Edited by a newer cop"
        assert one.view(record_id).fields["summary"] == "Edited where it is from"
    assert verification.verify(place.site, place.db).problems == []
    assert place.entry_ids() == new.entry_ids()


def test_commands_work_on_an_old_folder(place: Place, old: Path) -> None:
    place.close()
    cop(place, "load")
    told = json.loads(cop(place, "status", "--json"))
    assert told["digest"] == (old / "digest.txt").read_text().strip()
    cop(place, "verify")


def test_the_partner_of_an_old_store_makes_itself_anew_from_its_keys(place: Place, old: Path, tmp_path: Path) -> None:
    """Its folder is lost, its keys are not: it starts again, fetches everything, and is whom it was."""
    partner = object.__new__(Place)
    lost = partners.all_partners(place.db)
    assert len(lost) == 1 and (old / "keys_of_partner" / f"{lost[0].organisation.hex()}.key").exists()
    keys = tmp_path / "keys of partner"
    shutil.copytree(old / "keys_of_partner", keys)
    root = (tmp_path / "partner").resolve()
    _keys_are_for(keys, lost[0].organisation.hex(), f"organisation {lost[0].name}, site {root}")
    partner.site, _ = identity.make_site_folder(root, keys, lost[0].name, lost[0].kind, "")
    partner._open()
    assert partner.organisation == lost[0].organisation
    partner.accept(place)
    report = partner.sync(place)
    assert report.received > 0 and partner.entry_ids() == place.entry_ids()
    assert_same_views([place, partner])


def _keys_are_for(keys: Path, name: str, what_for: str) -> None:
    """Keys are found by what stands in their second line, which names the folder of then."""
    path = keys / f"{name}.key"
    heading, _, seed = path.read_text().strip().split("\n")
    path.write_text(f"{heading}\n# {what_for}\n{seed}\n")
