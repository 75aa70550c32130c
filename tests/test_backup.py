"""`cop backup` and `cop restore`: everything comes back, and a file that is no backup changes nothing."""

import errno
import json
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import backup as backups
from cop.export import manifest
from cop.export.manifest import Held
from cop.signing import sha256
from tests.conftest import Cop

PDF = b"%PDF-1.4\n% an agenda\n%%EOF\n"

POST = "---\ntitle: Tea\n---\n\nCome for tea.\n"


@pytest.fixture
def full(cop: Cop) -> Cop:
    """A site with texts, a file, something of its own, and an edit that was not loaded."""
    cop.write("posts/tea.md", POST)
    cop.write("posts/ours.md", "---\ntitle: For us alone\nshare: own\n---\n\nOnly here.\n")
    cop.write("events/circle.md", "---\ntitle: Circle\nstart: 2027-02-01\npapers: [agenda.pdf]\n---\n")
    (cop.root / "content" / "events" / "agenda.pdf").write_bytes(PDF)
    assert cop("load").exit_code == 0
    cop.write("posts/چای\u200cخانه.md", "---\ntitle: Not loaded yet\n---\n\nSoon.\n")
    return cop


def made(site: Cop, folder: Path, *options: str) -> Path:
    path = folder / "backup.zip"
    result = site("backup", str(path), *options)
    assert result.exit_code == 0, result.output
    return path


def content_of(site: Cop) -> dict[str, bytes]:
    folder = site.root / "content"
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def everything_in(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*")}


def test_everything_comes_back_in_another_folder_on_another_computer(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path, "--with-keys")
    before, digest = content_of(full), full.json("status")["digest"]
    other = Cop(tmp_path / "new" / "site", tmp_path / "new-keys")
    result = other("restore", str(path), str(other.root))
    assert result.exit_code == 0, result.output
    assert "3 records are back" in result.stdout and "device new" not in result.stdout
    assert content_of(other) == before
    assert other.json("status")["digest"] == digest
    assert sorted(row["title"] for row in other.json("list")) == ["Circle", "For us alone", "Tea"]
    with closing(sqlite3.connect(other.root / "data" / "site.db")) as db:
        ((sha,),) = db.execute("SELECT sha256 FROM files").fetchall()
    assert (other.root / "data" / "blobs" / sha[:2] / sha).read_bytes() == PDF
    loaded = other.json("load")
    assert loaded["added"] == 1 and loaded["refused"] == [], "it goes on as the same organisation"
    assert other.json("verify")["problems"] == []
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
        assert all(key.stat().st_mode & 0o077 == 0 for key in other.keys.iterdir())


def test_keys_are_in_it_only_if_asked_for_and_one_is_told_where_they_are(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path)
    with zipfile.ZipFile(path) as packed:
        assert not [name for name in packed.namelist() if "key" in name]
    assert str(full.keys) in full("backup", str(path)).stdout
    other = Cop(tmp_path / "other", tmp_path / "no-keys")
    told = other("restore", str(path), str(other.root)).stdout
    assert "Your keys are not on this computer" in told and str(other.keys) in told and "cop device new" in told
    here = Cop(tmp_path / "again", full.keys)
    assert "Your keys" not in here("restore", str(path), str(here.root)).stdout


def test_keys_that_are_there_stay_as_they_are(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path, "--with-keys")
    keys = {one.name: one.read_bytes() for one in full.keys.iterdir()}
    other = Cop(tmp_path / "other", full.keys)
    assert other.json("restore", str(path), str(other.root))["keys"] == 0
    assert {one.name: one.read_bytes() for one in full.keys.iterdir()} == keys


def test_a_backup_replaces_the_one_before_and_nothing_else(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path)
    full.write("posts/later.md", "---\ntitle: Later\n---\n\nThen.\n")
    made(full, tmp_path)
    with zipfile.ZipFile(path) as packed:
        assert "content/posts/later.md" in packed.namelist()
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all")
    stranger = tmp_path / "stranger.zip"
    with zipfile.ZipFile(stranger, "w") as packed:
        packed.writestr("letter.txt", "Dear all")
    for there in (letter, stranger):
        was = there.read_bytes()
        result = full("backup", str(there))
        assert result.exit_code == 1 and "is no backup" in result.stderr and there.read_bytes() == was
    assert "is a folder" in full("backup", str(tmp_path)).stderr
    assert "content file" in full("backup", str(full.root / "content" / "backup.zip")).stderr
    assert not (full.root / "data" / ".backup").exists()


def test_it_is_on_the_list_of_copies_that_may_hold_what_is_erased(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path)
    assert full("erase", "posts/tea", "--reason", "asked", "--yes").exit_code == 0
    assert str(path) in full("erasures").stdout


def test_a_full_disk_leaves_the_old_backup(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(full, tmp_path)
    was = path.read_bytes()

    def no_room(*_: Any) -> Held:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(backups, "copy", no_room)
    result = full("backup", str(path))
    assert result.exit_code == 1 and "no more room" in result.stderr and path.read_bytes() == was
    assert [one.name for one in tmp_path.glob("backup*")] == ["backup.zip"]


def test_a_name_that_cannot_be_written_down_is_told(full: Cop, tmp_path: Path) -> None:
    full.write("posts/two\nlines.md", POST)
    result = full("backup", str(tmp_path / "a.zip"))
    assert result.exit_code == 1 and "two\\nlines.md" in result.stderr and not (tmp_path / "a.zip").exists()


def test_only_a_new_or_empty_folder_is_filled(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path)
    before = everything_in(full.root)
    result = full("restore", str(path))
    assert result.exit_code == 1 and "something in" in result.stderr and "NEW-FOLDER" in result.stderr
    assert everything_in(full.root) == before
    stopped = Cop(tmp_path / "stopped", full.keys)
    (stopped.root / ".cop-restoring" / "data").mkdir(parents=True)
    assert stopped("restore", str(path)).exit_code == 0
    assert not (stopped.root / ".cop-restoring").exists() and "Tea" in stopped("list").stdout


# -- files that are no backup


def refused(site: Cop, path: Path) -> str:
    """What is said; and nothing was changed."""
    other = Cop(path.parent / "other", path.parent / "other-keys")
    result = other("restore", str(path), str(other.root))
    assert result.exit_code == 4, result.output
    assert not other.root.exists() or not everything_in(other.root)
    assert not other.keys.exists()
    return result.stderr


def bent(path: Path, change: dict[str, bytes | None], *, listed: bool = True) -> Path:
    """A backup with other files in it; `listed`: and with a list that fits."""
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    files = {name: data for name, data in (files | change).items() if data is not None}
    if listed:
        held = {name: Held(sha256(data).hex(), len(data)) for name, data in files.items() if name != backups.LIST}
        files[backups.LIST] = manifest.write(held)
    there = path.with_name("bent.zip")
    with zipfile.ZipFile(there, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return there


@pytest.mark.parametrize(
    "name",
    ["../outside.md", "content/../../outside.md", "/outside.md", "C:/outside.md", "content\\..\\outside.md", "data/site.db",
     "data/.backup", "keys/mine.txt", "content", "data/blobs/aa/short", ".bashrc", "content//x.md", "content/./x.md"],
)  # fmt: skip
def test_a_file_with_names_that_no_backup_has_is_refused(full: Cop, tmp_path: Path, name: str) -> None:
    told = refused(full, bent(made(full, tmp_path), {name: b"x"}))
    assert "Nothing was changed" in told
    assert not (tmp_path / "outside.md").exists()


@pytest.mark.parametrize("change", [{"cop.toml": None}, {backups.STORE: None}, {backups.LIST: None}])
def test_a_backup_that_lacks_something_is_refused(full: Cop, tmp_path: Path, change: dict[str, None]) -> None:
    refused(full, bent(made(full, tmp_path), change, listed=backups.LIST not in change))


def test_what_is_not_as_it_was_written_is_refused(full: Cop, tmp_path: Path) -> None:
    path = made(full, tmp_path)
    assert "posts/tea.md" in refused(full, bent(path, {"content/posts/tea.md": b"Other words"}, listed=False))
    assert "not ours" in refused(full, bent(path, {backups.STORE: with_trigger(path, tmp_path)}))
    assert "cannot be read" in refused(full, bent(path, {backups.STORE: b"no database at all" * 100}))
    assert "key" in refused(full, bent(path, {f"keys/{'ab' * 32}.key": b"# a\n# b\n" + b"00" * 32 + b"\n"}))


def with_trigger(path: Path, folder: Path) -> bytes:
    """The store of a backup, in which somebody has planted something that runs by itself."""
    store = folder / "bent.db"
    with zipfile.ZipFile(path) as packed:
        store.write_bytes(packed.read(backups.STORE))
    with closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TRIGGER mine AFTER INSERT ON log_entry BEGIN DELETE FROM log_entry; END")
        db.commit()
        db.execute("PRAGMA journal_mode = DELETE")
    return store.read_bytes()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_brings_nothing_or_everything_back(full: Cop, data: st.DataObject) -> None:
    folder = full.root.parent
    path = folder / "whole.zip"
    if not path.exists():
        assert full("backup", str(path)).exit_code == 0
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    there = folder / "damaged.zip"
    there.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
    number = len(list(folder.glob("back-*")))
    other = Cop(folder / f"back-{number}", full.keys)
    result = other("restore", str(there), str(other.root))
    if result.exit_code == 0:
        assert content_of(other) == content_of(full)
    else:
        assert result.exit_code in (1, 4) and not (other.root.exists() and everything_in(other.root)), result.output
        assert "Nothing was changed" in result.stderr


def test_the_result_for_programs(full: Cop, tmp_path: Path) -> None:
    told = full.json("backup", str(tmp_path / "a.zip"), "--with-keys")
    assert told["keys"] == 2 and told["files"] > 5 and told["bytes"] == (tmp_path / "a.zip").stat().st_size
    other = Cop(tmp_path / "other", tmp_path / "other-keys")
    back = json.loads(other("restore", str(tmp_path / "a.zip"), str(other.root), "--json").stdout)
    assert back["files"] == told["files"], "both count the same"
    assert back["keys"] == 2 and back["problems"] == [] and back["folder"] == str(other.root)
