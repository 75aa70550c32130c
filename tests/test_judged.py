"""Faults that an outside look found, each with the steps that showed it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Folder

from cop import content, merge, patch
from cop.errors import BadContent

POST = "---\ntitle: {0}\n---\nText of {0}.\n"


def test_two_loads_at_once_take_turns_and_no_file_is_harmed(folder: Folder) -> None:
    for at in range(150):
        folder.write(f"posts/{at}.md", POST.format(at))
    command = [sys.executable, "-m", "cop.cli", "--site", str(folder.site.root), "load"]
    environment = {**os.environ, "COP_KEYS": str(folder.site.keys)}
    runs = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert len(folder.titles()) == 150
    assert all(b"\nid: " in file.read_bytes() for file in (folder.content / "posts").iterdir())


@pytest.mark.parametrize(
    "line", ["Share: own", "SHARE: own", "Draft: true", "share_field: {x: own}", "share-with: own", "shared: own"]
)
def test_a_slip_in_who_may_read_is_refused_and_never_published(line: str) -> None:
    with pytest.raises(BadContent, match="did you mean"):
        content.read(f"---\ntitle: A\n{line}\n---\n".encode(), "posts/a.md")


def test_a_field_that_does_not_exist_cannot_be_kept_back() -> None:
    with pytest.raises(BadContent, match="there is no field"):
        content.read(b"---\ntitle: A\nshare_fields: {nosuch: own}\n---\n", "posts/a.md")


@pytest.mark.parametrize("line", ["publish: false", "private: true", "visibility: private", "status: draft"])
def test_what_other_programs_hide_stays_hidden(line: str) -> None:
    assert content.read(f"---\ntitle: A\n{line}\n---\n".encode(), "posts/a.md").share == 2


def test_a_file_in_a_folder_of_drafts_stays_hidden() -> None:
    assert content.read(b"---\ntitle: A\n---\n", "posts/_drafts/a.md").share == 2


def test_edits_of_neighbouring_paragraphs_merge() -> None:
    assert merge.three_way("One.\n\nTwo.", "One!\n\nTwo.", "One.\n\nTwo?") == "One!\n\nTwo?"
    assert merge.three_way("One.\n\nTwo.", "Uno.\n\nTwo.", "Eins.\n\nTwo.") is None


def test_two_organisations_may_use_the_same_id_of_their_own_for_different_things() -> None:
    assert patch.record_id_of("intro", b"a" * 32) != patch.record_id_of("intro", b"b" * 32)


def test_a_renamed_file_is_not_written_a_second_time_by_checkout(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    record_id = folder.id_of("posts/a.md")
    folder.partner_writes(record_id, {"summary": "From a partner"})
    (folder.content / "posts/a.md").rename(folder.content / "posts/b.md")
    report = folder.check_out()
    assert (report.written, report.kept) == ([], ["content/posts/b.md"])
    assert [path.name for path in (folder.content / "posts").iterdir()] == ["b.md"]
    assert not folder.load().refused


def test_a_file_of_a_checkout_that_was_killed_is_taken_for_our_own(folder: Folder) -> None:
    record_id = patch.new_record_id()
    folder.partner_writes(record_id, {"title": "B", "slug": "b"})
    written = folder.check_out().written
    assert written == ["content/posts/b.md"]
    folder.db.execute("DELETE FROM local_file")  # as if killed before it was noted down
    assert folder.check_out().kept == []
    assert [path.name for path in Path(folder.content / "posts").iterdir()] == ["b.md"]
    assert not folder.load().refused
