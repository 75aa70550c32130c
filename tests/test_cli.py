"""The `cop` command as people and scripts meet it: exit codes, JSON, help, and words that say what to do."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import Cop

from cop.cli import COMMANDS, Commands, cli
from cop.cli.serve import _listen
from cop.fields import TYPES

POST = "---\ntitle: {0}\n---\n\nText of {0}.\n"
LOAD_KEYS = {"added", "changed", "unchanged", "missing", "refused", "entries", "seconds"}
STATUS_KEYS = {
    "organisation", "writer", "records", "entries", "unsaved", "conflicts", "waiting", "not_understood", "partners",
    "digest",
}  # fmt: skip


# --- help


def every_command() -> list[tuple[str, ...]]:
    group = Commands("cop")
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.commands]
    return found


@pytest.mark.parametrize("name", every_command(), ids=" ".join)
def test_every_command_has_help_and_an_example_that_begins_with_its_name(name: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*name, "--help"], catch_exceptions=False)
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    if "COMMAND" in words.split("Options:")[0]:
        return  # a group: its commands have the examples
    assert f"Example: cop {' '.join(name)}" in words
    assert len(words) > len(f"Example: cop {' '.join(name)}") + 60


def test_the_list_of_commands_says_what_each_is_for() -> None:
    result = CliRunner().invoke(cli, ["--help"], catch_exceptions=False)
    for name in COMMANDS:
        line = next(line for line in result.output.splitlines() if line.split()[:1] == [name])
        assert len(line.split()) > 3, line


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["load", "--nonsense"], ["show"], ["withdraw"], ["new", "post"], ["partner", "nonsense"],
     ["init", "--kind", "club"], ["--site"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_ends_with_2(cop: Cop, arguments: list[str]) -> None:
    result = cop(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_folder_without_a_site_is_wrong_usage_with_a_remedy(tmp_path: Path) -> None:
    result = Cop(tmp_path, tmp_path / "keys")("load")
    assert result.exit_code == 2
    assert "There is no site in" in result.stderr and "Try:   cop init" in result.stderr
    assert list(tmp_path.iterdir()) == []


# --- init and keys


def test_init_makes_a_site_folder_and_keeps_the_keys_outside(cop: Cop) -> None:
    made = {p.name for p in cop.root.iterdir()}
    assert {"content", "cop.toml", "data"} <= made <= {"content", "cop.toml", "data", "datasette_metadata.yml"}
    keys = list(cop.keys.glob("*.key"))
    assert len(keys) == 2
    assert cop.keys not in cop.root.parents and cop.root not in cop.keys.parents
    seeds = [key.read_text().splitlines()[-1] for key in keys]
    for file in cop.root.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert not [seed for seed in seeds if seed.encode() in data or bytes.fromhex(seed) in data]


@pytest.mark.skipif(os.name == "nt", reason="modes mean something else there")
def test_keys_can_be_read_by_their_owner_only_even_after_somebody_opened_them(cop: Cop) -> None:
    assert cop.keys.stat().st_mode & 0o777 == 0o700
    assert {key.stat().st_mode & 0o777 for key in cop.keys.glob("*.key")} == {0o600}
    for key in cop.keys.glob("*.key"):
        key.chmod(0o644)
    writer = cop.json("status")["writer"]
    cop.write("posts/a.md", POST.format("A"))
    assert cop("load").exit_code == 0
    assert (cop.keys / f"{writer}.key").stat().st_mode & 0o777 == 0o600


def test_init_again_changes_nothing(cop: Cop) -> None:
    before = {p: p.read_bytes() for p in [*cop.root.glob("cop.toml"), *cop.keys.iterdir()]}
    entries = cop.json("status")["entries"]
    for again in (["init"], ["init", "--name", "Caafi Health", "--kind", "community"]):
        result = cop(*again)
        assert result.exit_code == 0 and "Nothing was changed" in result.stderr
    assert {p: p.read_bytes() for p in [*cop.root.glob("cop.toml"), *cop.keys.iterdir()]} == before
    assert cop.json("status")["entries"] == entries


def test_init_with_another_name_is_refused(cop: Cop) -> None:
    result = cop("init", "--name", "Others", "--kind", "charity")
    assert result.exit_code == 1
    assert "already says: Caafi Health" in result.stderr and "Try:" in result.stderr


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 201])
def test_init_needs_a_name_of_one_line(tmp_path: Path, name: str) -> None:
    result = Cop(tmp_path / "new", tmp_path / "keys")("init", "--name", name, "--kind", "community")
    assert result.exit_code == (1 if name else 2)
    assert "name" in result.stderr and "Try:" in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ['Ann "and" Bob', "back\\slash", "Ünïcode 🌻", "a # b", "= x", "x" * 200])
def test_any_name_of_one_line_comes_through(tmp_path: Path, name: str) -> None:
    cop = Cop(tmp_path / "new", tmp_path / "keys")
    assert cop("init", "--name", name, "--kind", "network").exit_code == 0
    assert cop.json("status")["organisation"] == name


def test_a_copied_folder_without_its_key_says_what_to_do(cop: Cop, tmp_path: Path) -> None:
    cop.write("posts/a.md", POST.format("A"))
    result = Cop(cop.root, tmp_path / "other keys")("load")
    assert result.exit_code == 1
    assert "key of this installation is not on this computer" in result.stderr and "Try:" in result.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [("nam = 'x'", "no setting “nam”"), ("name = 5", "“name” must be a text"), ("write_ids = 'no'", "true or false"),
     ("kind = 'club'", "no kind “club”"), ("name = ", "line"), ("\udcff", "utf-8")],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_its_file(cop: Cop, line: str, words: str) -> None:
    (cop.root / "cop.toml").write_bytes(line.encode("utf-8", "surrogateescape") + b"\n")
    result = cop("load")
    assert result.exit_code == 1
    assert words in result.stderr and "cop.toml" in result.stderr and "Try:" in result.stderr


# --- load


def test_load_reports_as_json_what_the_contract_says(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop.write("posts/bad.md", "---\ndate: 2019-06-31\n---\n")
    report = cop.json("load", exit_code=5)
    assert set(report) >= LOAD_KEYS
    assert (report["added"], report["changed"], report["unchanged"], report["missing"], report["entries"]) == (
        1,
        0,
        0,
        0,
        1,
    )
    assert isinstance(report["seconds"], float)
    assert report["refused"] == [
        {
            "path": "content/posts/bad.md",
            "line": 2,
            "reason": "“date”: there is no date “2019-06-31”",
            "hint": "Look it up in a calendar, then mend the line.",
        }
    ]


def test_load_says_in_words_what_it_left_out_and_ends_with_5(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop.write("posts/bad.md", "---\ntitle: One: two\n---\n")
    result = cop("load")
    assert result.exit_code == 5
    assert result.stdout.startswith("1 added, 0 changed, 0 unchanged, 1 left out")
    assert "content/posts/bad.md, line 2: there is a colon too many." in result.stderr
    assert "Try: Put the text between quotes" in result.stderr
    assert "Traceback" not in result.output


def test_load_with_nothing_to_do_says_the_same_as_a_full_one(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    cop.json("load")
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10_000_000_000))
    full, quick = cop.json("load"), cop.json("load")
    assert set(full) == set(quick)
    assert {**full, "seconds": 0} == {**quick, "seconds": 0}
    file.unlink()
    quick = cop.json("load")
    assert (quick["missing"], quick["missing_paths"]) == (1, ["content/posts/a.md"])
    cop.write("posts/b.md", POST.format("B"))
    full = cop.json("load")
    assert (full["missing"], full["missing_paths"]) == (1, ["content/posts/a.md"])


def test_a_load_with_nothing_to_do_imports_none_of_the_heavy_parts(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    cop("load")
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10_000_000_000))
    cop("load")
    code = (
        "import sys\nfrom cop.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sorted({'yaml', 'ruamel', 'nacl', 'markdown_it', 'datasette', 'sqlite_utils', 'cbor2'} & set(sys.modules)))"
    )
    environment = {**os.environ, "COP_KEYS": str(cop.keys)}
    result = subprocess.run(
        [sys.executable, "-c", code, "--site", str(cop.root), "load"], env=environment, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[0].startswith("0 added, 0 changed, 1 unchanged")
    assert result.stdout.splitlines()[1:] in ([], [""])


def test_a_dry_run_says_what_would_be_done(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    result = cop("load", "--dry-run")
    assert (result.exit_code, "1 would be added" in result.stdout) == (0, True)
    assert cop.json("list") == []


def test_a_missing_file_is_told_with_both_ways_out(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    cop("load")
    file.unlink()
    result = cop("load")
    assert result.exit_code == 0
    assert "content/posts/a.md is gone. Its record stays." in result.stderr
    commands = re.findall(r"cop (checkout|withdraw) (content/posts/a.md)", result.stderr)
    assert len(commands) == 2
    for name, path in commands:  # they can be copied as they stand
        assert cop(name, path).exit_code == 0
    assert file.exists()
    assert cop.json("list")[0]["state"] == "withdrawn"


def test_a_copied_file_ends_with_5_and_names_the_first(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    cop("load")
    cop.write("posts/b.md", file.read_text())
    result = cop("load")
    assert result.exit_code == 5
    assert "same id as content/posts/a.md" in result.stderr


def test_a_copied_file_is_found_by_check_as_by_load(cop: Cop) -> None:
    file = cop.write("posts/p1.md", POST.format("A"))
    assert cop("load").exit_code == 0 and cop("check").exit_code == 0
    cop.write("posts/a-copy.md", file.read_text())  # comes first by its name, and is the copy all the same
    found = cop("check")
    assert found.exit_code == 5 and "content/posts/a-copy.md, line" in found.stdout
    assert "same id as content/posts/p1.md" in found.stdout and "delete the line “id:" in found.stdout
    told = cop("load").stderr.splitlines()[0]
    assert told in found.stdout


def test_names_with_odd_letters_come_through_the_command_line(cop: Cop) -> None:
    cop.write("posts/über 100% 🌻.md", POST.format("Ü"))
    cop.write("posts/ü bad.md", "---\ntitle: [\n---\n")
    report = cop.json("load", exit_code=5)
    assert report["refused"][0]["path"] == "content/posts/ü bad.md"
    assert cop.json("show", "content/posts/über 100% 🌻.md")["fields"]["title"] == "Ü"


def test_loading_one_file_leaves_the_others(cop: Cop) -> None:
    one = cop.write("posts/a.md", POST.format("A"))
    cop.write("posts/b.md", POST.format("B"))
    assert cop("load", str(one)).exit_code == 0
    assert [row["title"] for row in cop.json("list")] == ["A"]
    assert cop("load", str(one.with_name("none.md"))).exit_code == 2


# --- new


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "person"])
def test_new_writes_a_file_of_every_kind_that_loads_at_once(cop: Cop, kind: str) -> None:
    result = cop("new", kind, "Reading circle: “März” #1")
    assert result.exit_code == 0, result.output
    path = Path(result.stdout.strip())
    assert path == cop.root / "content" / TYPES[kind].folder / "reading-circle-marz-1.md"
    assert cop.json("load")["added"] == 1
    (row,) = cop.json("list", kind)
    assert (row["title"], row["slug"]) == ("Reading circle: “März” #1", "reading-circle-marz-1")


def test_a_new_person_is_asked_first(cop: Cop) -> None:
    path = Path(cop("new", "person", "Maria Example").stdout.strip())
    result = cop("load")
    assert (result.exit_code, "nobody wrote that this person agreed" in result.stderr) == (5, True)
    text = path.read_text()
    text = text.replace("# consent: ", "consent: said so to Aisha, to be found  # ")
    path.write_text(text.replace("# consent_until: ", "consent_until: 2099-01-01  # "))
    assert cop.json("load")["added"] == 1


def test_new_does_not_write_over_a_file(cop: Cop) -> None:
    assert cop("new", "post", "Hello").exit_code == 0
    result = cop("new", "post", "Hello")
    assert (result.exit_code, "already there" in result.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["club", "x"], ["post", " "], ["post", "a\nb"]])
def test_new_says_what_it_needs(cop: Cop, arguments: list[str]) -> None:
    result = cop("new", *arguments)
    assert (result.exit_code, "Try:" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "title", ["🌻", "---", "../../etc", "true", "2019", "- a", "a: b # c", "'", '"', "{x}", "x" * 300]
)
def test_any_title_of_one_line_makes_a_file_that_says_it(cop: Cop, title: str) -> None:
    result = cop("new", "post", "--", title)
    assert result.exit_code == 0, result.output
    assert Path(result.stdout.strip()).parent == cop.root / "content" / "posts"
    assert cop.json("load")["added"] == 1
    assert cop.json("list")[0]["title"] == title


# --- status, list, show, history


def test_status_as_json_has_what_the_contract_says(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop("load")
    gone = cop.write("posts/gone.md", POST.format("Gone"))
    cop("load")
    gone.unlink()
    cop.write("posts/new.md", POST.format("New"))
    status = cop.json("status")
    assert set(status) >= STATUS_KEYS
    assert status["organisation"] == "Caafi Health"
    assert status["records"] == {"post": 2}
    assert (status["unsaved"], status["missing"]) == (["content/posts/new.md"], ["content/posts/gone.md"])
    assert (status["conflicts"], status["waiting"], status["not_understood"], status["partners"]) == ([], 0, 0, [])
    assert re.fullmatch("[0-9a-f]{64}", status["digest"]) and re.fullmatch("[0-9a-f]{64}", status["writer"])


def test_status_in_words_names_every_file_with_its_command(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    cop("load")
    file.rename(file.with_suffix(".txt"))
    cop.write("posts/b.md", "---\ntitle: [\n---\n")
    words = cop("status").stdout
    assert "Caafi Health holds 1 post." in words
    assert "Not saved yet: content/posts/b.md  (cop load)" in words
    assert "Gone from the folder: content/posts/a.md" in words


def test_the_page_of_messages_has_what_status_says_of_files() -> None:
    root = Path(__file__).parent.parent
    explained = (root / "docs" / "when-something-is-wrong.md").read_text("utf-8")
    said = re.findall(r'_say_paths\("([^"]+)"', (root / "cop" / "cli" / "status.py").read_text("utf-8"))
    assert len(said) == 4 and [one for one in said if f"| `{one}: content/…` |" not in explained] == []


def test_the_digest_changes_with_what_is_shared_and_with_nothing_else(cop: Cop) -> None:
    cop.write("events/a.md", "---\ntitle: A\ncontact: one\n---\n")
    cop("load")
    first = cop.json("status")["digest"]
    file = cop.root / "content/events/a.md"
    file.write_text(file.read_text().replace("contact: one", "contact: two"))
    assert cop.json("load")["changed"] == 1
    assert cop.json("status")["digest"] == first
    file.write_text(file.read_text().replace("title: A", "title: B"))
    cop("load")
    assert cop.json("status")["digest"] != first


def test_list_show_and_history_as_json(cop: Cop) -> None:
    file = cop.write("posts/a.md", "---\ntitle: A\nseo: {x: [1, true]}\n---\n\nBody\n")
    cop.write("events/b.md", POST.format("B"))
    cop("load")
    rows = cop.json("list")
    assert [(row["type"], row["slug"], row["title"], row["state"]) for row in rows] == [
        ("event", "b", "B", "shown"), ("post", "a", "A", "shown"),
    ]  # fmt: skip
    assert cop.json("list", "posts") == cop.json("list", "post") == rows[1:]
    shown = cop.json("show", "posts/a")
    assert shown["id"] == rows[1]["id"]
    assert shown["fields"] == {"title": "A", "seo": {"x": [1, True]}, "body": "Body", "slug": "a"}
    file.write_text(file.read_text().replace("title: A", "title: A2"))
    cop("load")
    first, second = cop.json("history", "posts/a")
    assert (first["fields"], second["fields"]) == (["body", "seo", "slug", "title"], ["title"])
    assert {first["organisation"], second["organisation"]} == {"Caafi Health"}


@pytest.mark.parametrize("name", ["posts/a", "a", "posts/a.md", "content/posts/a.md", "./content/posts/a.md"])
def test_a_record_goes_by_its_address_its_file_or_its_id(cop: Cop, name: str) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop("load")
    by_name = cop.json("show", name)
    assert by_name == cop.json("show", by_name["id"])


def test_a_name_that_fits_two_records_is_wrong_usage_and_lists_both(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop.write("events/a.md", POST.format("B"))
    cop("load")
    result = cop("show", "a")
    assert result.exit_code == 2
    assert all(row["id"] in result.stderr for row in cop.json("list"))


@pytest.mark.parametrize("command", ["show", "history", "checkout", "withdraw"])
def test_a_record_that_is_not_there_is_wrong_usage(cop: Cop, command: str) -> None:
    result = cop(command, "posts/nothing")
    assert (result.exit_code, "There is no record" in result.stderr, "Try:" in result.stderr) == (2, True, True)


@pytest.mark.parametrize("command", [["list", "clubs"], ["search", "x", "--type", "club"]])
def test_an_unknown_kind_is_wrong_usage(cop: Cop, command: list[str]) -> None:
    result = cop(*command)
    assert (result.exit_code, "no kind of record" in result.stderr) == (2, True)


def test_results_in_words_are_for_people(cop: Cop) -> None:
    cop.write("events/a.md", "---\ntitle: A\nstart: 2026-12-01\nplace: Hall\n---\n\nCome all.\n")
    cop("load")
    assert cop("list").stdout == "events/a  A\n"
    words = cop("show", "events/a").stdout
    assert words.startswith("A\nEvent  ") and "Hall" in words and words.endswith("\nCome all.\n")
    cop("withdraw", "events/a", "--why", "Twice")
    history = cop("history", "events/a").stdout.splitlines()
    assert "hid it" in history[0] and "Starts" in history[1] and "Caafi Health" in history[1]


# --- checkout and withdraw


def test_checkout_says_what_it_wrote_and_what_it_left_alone(cop: Cop) -> None:
    file = cop.write("posts/a.md", POST.format("A"))
    other = cop.write("posts/b.md", POST.format("B"))
    cop("load")
    file.unlink()
    result = cop("checkout")
    assert (result.exit_code, result.stdout) == (0, "content/posts/a.md\n")
    other.write_text(other.read_text() + "mine")
    report = cop.json("checkout", exit_code=5)
    assert (report["written"], report["kept"], report["unchanged"]) == ([], ["content/posts/b.md"], 1)
    assert other.read_text().endswith("mine")


def test_a_reason_is_kept_with_the_change_and_not_in_the_file_or_the_record(cop: Cop) -> None:
    file = cop.write("posts/one.md", POST.format("One"))
    assert cop("load").exit_code == 0
    file.write_text(file.read_text("utf-8").replace("Text of", "Words of"), "utf-8")
    assert cop("load", "--why", " The first word\n was wrong. ").exit_code == 0
    added, changed = cop.json("history", "posts/one")
    assert (added["why"], changed["why"]) == ("", "The first word was wrong.")
    assert "wrote: Text (The first word was wrong.)" in cop("history", "posts/one").stdout
    assert "first word" not in file.read_text("utf-8") and "why" not in cop.json("show", "posts/one")["fields"]
    assert cop("verify").exit_code == 0


def test_a_reason_that_is_too_long_saves_nothing(cop: Cop) -> None:
    cop.write("posts/one.md", POST.format("One"))
    result = cop("load", "--why", "x" * 501)
    assert result.exit_code == 2 and "at most 500 characters" in result.stderr
    assert cop.json("list") == []


def test_withdraw_hides_and_undo_shows_again(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop("load")
    assert cop("withdraw", "posts/a", "--why", "Twice").exit_code == 0
    assert cop.json("list")[0]["state"] == "withdrawn"
    assert cop.json("status")["records"] == {}
    again = cop("withdraw", "posts/a")
    assert (again.exit_code, "hidden already" in again.stderr) == (1, True)
    assert cop("withdraw", "posts/a", "--undo").exit_code == 0
    assert cop.json("list")[0]["state"] == "shown"
    assert cop("withdraw", "posts/a", "--undo").exit_code == 1


# --- the real command


def test_the_installed_command_works_from_within_the_folder_and_keeps_messages_apart(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop.write("posts/bad.md", "---\ntitle: [\n---\n")
    environment = {**os.environ, "COP_KEYS": str(cop.keys)}
    command = Path(sys.executable).with_name("cop")
    result = subprocess.run(
        [command, "load", "--json"], cwd=cop.root / "content" / "posts", env=environment, capture_output=True, text=True
    )
    assert result.returncode == 5
    assert json.loads(result.stdout)["added"] == 1
    environment["COP_SITE"] = str(cop.root)
    listed = subprocess.run([command, "list"], cwd="/", env=environment, capture_output=True, text=True)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "posts/a  A\n", "")
    wrong = subprocess.run([command, "show", "b"], cwd="/", env=environment, capture_output=True, text=True)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("Error: ") and "Traceback" not in wrong.stderr


def test_output_that_a_terminal_cannot_show_does_not_stop_a_command(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("🌻 ü"))
    environment = {
        **os.environ,
        "COP_KEYS": str(cop.keys),
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
    }
    for arguments in (["load"], ["list"], ["status"], ["show", "posts/a", "--json"]):
        result = subprocess.run(
            [sys.executable, "-m", "cop.cli", "--site", str(cop.root), *arguments], env=environment, capture_output=True
        )
        assert result.returncode == 0, result.stderr


def test_a_site_that_an_older_cop_published_is_made_anew_although_no_file_changed(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format("A"))
    cop.json("load")
    site_db = cop.root / "data" / "site.db"
    db = sqlite3.connect(site_db)
    db.execute("DROP TABLE facet_sets")
    db.execute("PRAGMA user_version = 1")
    db.close()
    cop.json("load")
    db = sqlite3.connect(site_db)
    assert db.execute("SELECT count(*) FROM facet_sets").fetchone()[0] > 0
    db.close()


def test_parts_of_a_page_are_sent_without_waiting_for_each_other() -> None:
    listening = _listen("127.0.0.1", 0)
    assert listening.proto == socket.IPPROTO_TCP  # what asyncio asks before it sets TCP_NODELAY
    listening.close()


# --- endorse, agreement


def test_an_organisation_says_that_it_looked_and_takes_it_back(cop: Cop) -> None:
    path = cop.write("posts/a.md", POST.format("A"))
    cop("load")
    result = cop("endorse", "posts/a", "--why", "It is right")
    assert result.exit_code == 0 and "now stands behind “A” as Caafi Health left it on" in result.stdout
    assert "Caafi Health looked at it and stands behind it (It is right)" in cop("history", "posts/a").stdout
    again = cop("endorse", "posts/a")
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    path.write_text(path.read_text("utf-8").replace("title: A", "title: B"), "utf-8")
    unsaved = cop("endorse", "posts/a")
    assert (unsaved.exit_code, "not saved yet" in unsaved.stderr, "cop load" in unsaved.stderr) == (1, True, True)
    cop("load")
    (said,) = cop.json("endorse", "--all", "--yes")
    assert (said["title"], said["address"], said["published"], said["needs"]) == ("B", "posts/a", True, [])
    assert cop.json("endorse", "--all", "--yes") == []
    (undone,) = cop.json("endorse", "posts/a", "--undo")
    assert undone["published"] is True
    assert cop("endorse", "posts/a", "--undo").exit_code == 1
    assert cop("endorse").exit_code == 2 and cop("endorse", "posts/a", "--all").exit_code == 2


def test_a_history_has_words_of_endorsement_where_they_were_said(cop: Cop) -> None:
    file = cop.write("resources/power.md", "---\ntitle: Power\n---\n")
    assert cop("load").exit_code == 0
    assert cop("endorse", "resources/power").exit_code == 0
    file.write_text(file.read_text("utf-8").replace("title: Power", "title: Power of many"), "utf-8")
    assert cop("load").exit_code == 0

    def told() -> list[str]:
        return [line.split("  ", 1)[1] for line in cop("history", "resources/power").output.splitlines()]

    changed, looked, wrote = told()
    assert "wrote: Title" in changed and "stands behind it" in looked and "Short address, Title" in wrote
    assert cop("endorse", "resources/power").exit_code == 0
    assert cop("endorse", "resources/power", "--undo").exit_code == 0
    back, again, *rest = told()
    assert "no longer stands" in back and "looked at it" in again and rest == [changed, looked, wrote]


def test_an_agreement_is_begun_signed_and_changed(cop: Cop) -> None:
    assert "No agreement is in force" in cop("agreement").stdout or cop("load").exit_code == 0
    cop.write("posts/a.md", POST.format("A"))
    path = Path(cop("new", "agreement", "How we work together").stdout.strip())
    assert cop("new", "agreement", "Another").exit_code == 1
    text = path.read_text("utf-8")
    assert "publishing: none" in text and "name: Caafi Health" in text and "key: " in text
    path.write_text(text.replace("publishing: none", "publishing: any"), "utf-8")
    cop("load")
    told = cop.json("agreement")
    assert (told["in_force"], told["proposed"]["needs"]) == ([], [{"count": 1, "kind": "", "name": ""}])
    result = cop("endorse", "agreement")
    assert "has signed “How we work together”" in result.stdout
    assert cop.json("agreement")["in_force"][0]["signed"] == ["Caafi Health"]
    assert "Who is asked: Caafi Health." in cop("agreement").stdout
    assert cop.json("status")["to_look_at"] == 1 and "1 record waits to be looked at" in cop("status").stdout
    (waits,) = cop.json("endorse", "--waiting")
    assert (waits["address"], waits["shown"], waits["by_us"]) == ("posts/a", False, False)
    assert "Still needed: 1 more organisation." in cop("endorse", "--waiting").stdout
    assert cop("endorse", "agreement/how-we-work-together", "--undo").exit_code == 2
    cop("endorse", "posts/a")
    assert "Nothing waits to be looked at." in cop("endorse", "--waiting").stdout
    undone = cop("endorse", "posts/a", "--undo")
    assert "readers do not see it now" in undone.stdout
    assert cop("new", "agreement", "Another").exit_code == 1, "there is one"


def test_records_that_share_a_title_are_called_as_on_the_site(cop: Cop) -> None:
    for name in ("one", "two"):
        cop.write(f"pages/{name}.md", f"---\ntitle: T {name}\nslug: t-page\n---\n\n{name}\n")
    cop("load")
    addresses = [f"pages/{one['slug']}" for one in cop.json("list", "page")]
    assert sorted(addresses) == ["pages/t-page", "pages/t-page-2"]
    titles = {
        cop.json("show", address)["fields"]["title"]
        for address in (*addresses, *(one.removeprefix("pages/") for one in addresses))
    }
    assert titles == {"T one", "T two"} and "pages/t-page-2" in cop("list").output
    assert cop("show", "pages/t-page-3").exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["load", "--why"], ["withdraw", "posts/first", "--why"], ["same-as", "posts/first", "posts/second", "--why"],
        ["same-as", "posts/first", "posts/second", "--not", "--why"],
    ],
)  # fmt: skip
def test_a_reason_with_a_phone_number_is_refused_because_partners_would_get_it(cop: Cop, command: list[str]):
    for name in ("first", "second"):
        cop.write(f"posts/{name}.md", f"---\ntitle: {name.title()}\n---\n")
    cop("load")
    cop.write("posts/third.md", "---\ntitle: Third\n---\n")
    entries = cop.json("status")["entries"]
    refused = cop(*command, "Ring Sam on 0117 496 0000")
    assert refused.exit_code == 2 and "a phone number would be shown to others" in refused.stderr
    assert cop.json("status")["entries"] == entries
