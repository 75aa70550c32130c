"""`cop partner add` and `cop sync` with a shared folder, as people type them."""

import json
from pathlib import Path

from cop.place.names import publisher_of
from tests.commands import cop, ran
from tests.network import NAMES, Place, befriend, places


def closed(*found: Place) -> None:
    for place in found:
        place.close()


def digest(place: Place) -> str:
    return str(json.loads(cop(place, "status", "--json"))["digest"])


def test_two_partners_meet_in_a_folder_by_commands_only(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    closed(one, other)
    one.write("posts/hello.md", "---\ntitle: Hello\n---\n\nText.\n")
    cop(one, "load")
    folder = tmp_path / "share"
    assert f"is at {folder} now" in cop(one, "partner", "add", other.name, str(folder))
    cop(other, "partner", "add", one.name, folder.as_uri())
    assert "There is no folder" in cop(one, "sync", code=3)
    folder.mkdir()
    assert "0 changes came, 1 went." in cop(one, "sync")
    assert "1 change would come (about 1 KB), 0 would go." in cop(other, "sync", "--dry-run")
    told = cop(other, "sync")
    assert "1 change came, 0 went." in told and "carried by" not in told
    assert "Both hold the same now." in cop(one, "sync")
    (report,) = json.loads(cop(one, "sync", "--json"))
    assert (report["partner"], report["bytes_out"], report["files_waiting"]) == (other.name, 0, 0)
    assert digest(one) == digest(other)


def test_a_newcomer_meets_partners_where_their_files_are(tmp_path: Path) -> None:
    one, other, newcomer = places(tmp_path, 3)
    befriend(one, other)
    closed(one, other, newcomer)
    folder = tmp_path / "share"
    folder.mkdir()
    cop(one, "partner", "add", other.name, str(folder))
    cop(other, "partner", "add", one.name, str(folder))
    cop(one, "sync")
    phrase = json.loads(cop(one, "invite", "--json"))["phrase"]
    wrong = cop(newcomer, "partner", "add", one.name, str(folder), "--phrase", "one two three four five six", code=4)
    assert "shows another phrase" in wrong
    cop(newcomer, "partner", "add", one.name, str(folder), "--phrase", phrase)
    cop(newcomer, "sync")
    phrase = json.loads(cop(newcomer, "invite", "--json"))["phrase"]
    cop(one, "partner", "add", newcomer.name, str(folder), "--phrase", phrase)
    newcomer.write("posts/hello.md", "---\ntitle: Hello from the newcomer\n---\n")
    cop(newcomer, "load")
    for place in (newcomer, one, other, newcomer, one):
        cop(place, "sync")
    assert "Hello from the newcomer" in cop(other, "list")
    assert digest(one) == digest(other) == digest(newcomer)
    assert f"{NAMES[2]} and {NAMES[1]}" in cop(one, "sync") or f"{NAMES[1]} and {NAMES[2]}" in cop(one, "sync")
    told = cop(one, "partner", "list")
    assert "last heard from: not yet" not in told


def test_an_address_that_leads_everybody_to_their_own_computer_replaces_no_better_one(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    closed(one, other)
    told = json.loads(cop(one, "invite", "--address", "http://localhost:1", "--json"))["invitation"]
    assert "That address leads everybody to their own computer" in ran(other, "join", told, "--yes").stderr
    cop(other, "partner", "add", one.name, "https://caafi.example")
    cop(other, "join", told, "--yes")
    assert "https://caafi.example" in cop(other, "partner", "list")


def test_a_folder_that_can_only_be_read_is_read_and_told_of(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    closed(one, other)
    folder = tmp_path / "share"
    (folder / "cop1" / publisher_of(other.signer.public)).parent.mkdir(parents=True)
    for place, partner in ((one, other), (other, one)):
        cop(place, "partner", "add", partner.name, str(folder))
        place.write("posts/hello.md", f"---\ntitle: Hello from {place.name}\n---\n")
        cop(place, "load")
    cop(one, "sync")
    (folder / "cop1" / publisher_of(other.signer.public)).write_bytes(b"where a folder should be")
    said = cop(other, "sync", code=3)
    assert "1 change came, 0 went." in said and "Not all that we hold could be left there." in said
    (told,) = json.loads(cop(other, "sync", "--json", code=3).partition("\n]")[0] + "]")
    assert str(folder) in told["not_written"] and told["received"] == 0
    assert f"Hello from {one.name}" in cop(other, "list")


def test_an_invitation_by_an_address_that_is_a_folder_leaves_the_address_open(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    closed(one, other)
    told = json.loads(cop(one, "invite", "--address", str(tmp_path / "private"), "--json"))
    cop(other, "join", told["invitation"], "--yes")
    assert "No address of this partner is known" in cop(other, "sync", code=2)
