"""Copies without a server: every link works, the same site gives the same bytes, and an old copy is never spoiled."""

import errno
import html
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from cop import files
from cop.cli.common import now
from cop.errors import CopError
from cop.export import crawl, manifest, names, tree
from cop.export.making import Made
from cop.signing import sha256
from tests.conftest import Cop

LINK = re.compile(r'\b(?:href|src|action)="([^"]*)"')
POST = "---\ntitle: {title}\ndate: 2026-01-0{day}\ntopics: [sharing-power]\n---\n\n{text}\n"
EVENT = "---\ntitle: Open day\nstart: 2026-11-12\npapers: [agenda.txt]\n---\n\nCome!\n"


@pytest.fixture
def full(cop: Cop) -> Cop:
    """A site with something of most kinds, attachments, an old address and a link that leads nowhere."""
    cop.write("topics/sharing-power.md", "---\ntitle: Sharing power\n---\n\nWho decides?\n")
    cop.write(
        "posts/a.md",
        POST.format(title="Who decides?", day=1, text="See [the other](b.md) and [nothing](../posts/none)."),
    )
    cop.write("posts/b.md", POST.format(title="We do", day=2, text="Ännu & mer <b>"))
    cop.write("events/open-day.md", EVENT)
    cop.write("events/agenda.txt", "1. Tea")
    cop.write(
        "resources/guide.md",
        "---\ntitle: A guide\nyear: 2021\nurl: https://example.org/guide\ntopics: [sharing-power]\n---\n",
    )
    assert cop("load").exit_code == 0
    return cop


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which one works."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return tmp_path / "empty"


def copied(cop: Cop, target: Path) -> dict[str, Any]:
    told: dict[str, Any] = cop.json("export", "static", str(target))
    return told


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def broken(root: Path) -> Iterator[str]:
    """Links of pages that lead to no file or to no place in it."""
    for page in sorted(root.rglob("*.html")):
        for found in LINK.findall(page.read_text("utf-8")):
            target = html.unescape(found)
            if re.match(r"[a-z]+:|//", target):
                continue
            parts = urlsplit(target)
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            inside = there.is_file() and there.is_relative_to(root.resolve())
            if not inside or (parts.fragment and f'id="{parts.fragment}"' not in there.read_text("utf-8")):
                yield f"{page.relative_to(root)}: {target}"


def test_a_copy_from_before_is_named_after_an_erasure_until_it_is_written_again(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(full, tmp_path / "copy")
    assert "Ännu" in (tmp_path / "copy/posts/b.html").read_text("utf-8")
    assert full("erase", "posts/b", "--reason", "asked", "--yes").exit_code == 0
    assert str(tmp_path / "copy") in full("erasures").stdout
    monkeypatch.setattr("cop.cli.export.now", lambda: now() + 1)  # else it might be the same second
    copied(full, tmp_path / "copy")
    told = "".join(one.decode("utf-8", "replace") for one in contents(tmp_path / "copy").values())
    assert "Ännu" not in told
    assert str(tmp_path / "copy") not in full("erasures").stdout


def test_every_link_of_a_copy_leads_to_a_file_of_it(full: Cop, tmp_path: Path) -> None:
    told = copied(full, tmp_path / "copy")
    assert list(broken(tmp_path / "copy")) == []
    held = contents(tmp_path / "copy")
    assert (
        told["files"] == len(held) - 1
        and {"index.html", "posts/a.html", "posts/a/history.html", "feed.atom"} <= held.keys()
    )
    assert "http://copy.invalid" not in "".join(one.decode("utf-8", "replace") for one in held.values())
    assert [one for name, one in held.items() if name.endswith("/agenda.txt")] == [b"1. Tea"]
    assert b"../posts/b.html" in held["posts/a.html"]


def test_the_list_of_a_copy_says_what_is_in_it(full: Cop, tmp_path: Path) -> None:
    copied(full, tmp_path / "copy")
    held = contents(tmp_path / "copy")
    listed = manifest.read(held.pop(manifest.NAME))
    assert {name: (one.sha256, one.size) for name, one in listed.items()} == {
        name: (sha256(data).hex(), len(data)) for name, data in held.items()
    }


def test_the_same_site_gives_the_same_bytes(full: Cop, tmp_path: Path) -> None:
    for name in ("one", "other", "one.zip", "other.zip"):
        copied(full, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == contents(tmp_path / "one")


def test_only_what_changed_is_written_again(full: Cop, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    copied(full, root)
    assert copied(full, root)["written"] == 0
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    full.write("posts/b.md", full_text(full, "posts/b.md").replace("mer", "mera"))
    assert full("load").exit_code == 0
    told = copied(full, root)
    again = {path.relative_to(root).as_posix() for path, then in before.items() if path.stat().st_mtime_ns != then}
    assert again >= {"posts/b.html", "posts/b/history.html", "feed.atom", manifest.NAME}
    assert not again & {
        "posts/a.html",
        "resources/guide.html",
        "events.html",
        "about.html",
        "topics/sharing-power/history.html",
    }
    assert told["written"] == len(again) - 1 and told["removed"] == 0


def full_text(cop: Cop, path: str) -> str:
    return (cop.root / "content" / path).read_text("utf-8")


def test_where_nothing_changed_no_page_is_made(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "copy"
    first = copied(full, root)
    before = contents(root)

    def made(*_: object) -> Iterator[Made]:
        raise AssertionError("a page was made")

    with monkeypatch.context() as patched:
        patched.setattr(crawl, "everything", made)
        assert full("load").exit_code == 0
        again = copied(full, root)
    assert again == {**first, "written": 0, "bytes_written": 0} and contents(root) == before
    spoiled = root / "posts" / "a.html"
    for change in (spoiled.unlink, lambda: spoiled.write_text("Somebody wrote here")):
        change()
        assert copied(full, root)["written"] == 1 and contents(root) == before
    (root / "manifest.tsv").write_bytes((root / "manifest.tsv").read_bytes().replace(b"posts/a.html", b"posts/x.html"))
    copied(full, root)
    assert contents(root) == before
    (full.root / "data" / "exported.json").write_text("[1]")
    assert copied(full, root)["written"] == 0
    full.write("posts/b.md", POST.format(title="We did", day=2, text="Ännu & mer <b>"))
    assert full("load").exit_code == 0
    assert copied(full, root)["written"] > 1 and b"We did" in (root / "posts" / "b.html").read_bytes()


def test_what_changed_has_few_pages_in_a_copy_as_each_change_moves_them_all(full: Cop, tmp_path: Path) -> None:
    for at in range(170):
        full.write(f"notes/n{at}.md", f"---\ntitle: Note {at}\n---\n")
    assert full("load").exit_code == 0
    copied(full, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").glob("new*")) == [
        "new--page-2.html", "new--page-3.html", "new--page-4.html", "new--page-5.html", "new.html",
    ]  # fmt: skip
    assert list(broken(tmp_path / "copy")) == []


def test_what_is_gone_from_the_site_goes_from_the_copy(full: Cop, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    copied(full, root)
    assert full("withdraw", "posts/b").exit_code == 0
    assert copied(full, root)["removed"] > 1
    assert not (root / "posts/b/history.html").exists() and b"We do" not in b"".join(contents(root).values())
    assert list(broken(root)) == []


def test_nothing_private_is_in_a_copy(full: Cop, tmp_path: Path) -> None:
    full.write(
        "posts/own.md", POST.format(title="Zebulon", day=3, text="Quastrick").replace("title", "share: own\ntitle")
    )
    assert full("load").exit_code == 0
    copied(full, tmp_path / "copy")
    assert not re.search(rb"Zebulon|Quastrick", b"".join(contents(tmp_path / "copy").values()))


def test_an_old_address_leads_on(full: Cop, tmp_path: Path) -> None:
    full.write("posts/b.md", full_text(full, "posts/b.md").replace("title:", "slug: c\ntitle:"))
    assert full("load").exit_code == 0
    copied(full, tmp_path / "copy")
    page = (tmp_path / "copy/posts/b.html").read_text("utf-8")
    assert 'http-equiv="refresh" content="0; url=../posts/c.html"' in page and list(broken(tmp_path / "copy")) == []


def test_an_attachment_that_is_not_here_is_told(full: Cop, tmp_path: Path) -> None:
    shutil.rmtree(full.root / "data/blobs")
    told = copied(full, tmp_path / "copy")
    assert told["lacking"] == 1 and list(broken(tmp_path / "copy")) == []
    assert "not in this copy" in (tmp_path / "copy/events/open-day.html").read_text("utf-8")


# -- what goes wrong


def test_a_folder_with_other_files_is_left_alone(full: Cop, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/aunt.txt").write_text("Dear aunt")
    result = full("export", "static", str(tmp_path / "letters"))
    assert (result.exit_code, "holds other files" in result.stderr) == (1, True)
    assert contents(tmp_path / "letters") == {"aunt.txt": b"Dear aunt"}


@pytest.mark.parametrize("stops", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_copy_that_is_stopped_leaves_the_old_one(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: Any, at: int
) -> None:
    root = tmp_path / "copy"
    copied(full, root)
    before = contents(root)
    full.write("posts/b.md", full_text(full, "posts/b.md").replace("title: We do", "title: You do"))
    assert full("load").exit_code == 0
    writes = iter(range(1, 1000))
    write = Path.write_bytes

    def failing(self: Path, data: bytes) -> int:
        if self.parent.name == tree.PART and next(writes) == at:
            raise stops
        return write(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", failing)
        result = full("export", "static", str(root))
    assert result.exit_code != 0 and "Traceback" not in result.output
    assert {name: one for name, one in contents(root).items() if tree.PART not in name} == before
    assert copied(full, root)["written"] > 3
    assert list(broken(root)) == [] and not (root / tree.PART).exists()


def test_a_full_stick_is_told_in_words(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", failing)
    result = full("export", "static", str(tmp_path / "copy"))
    assert result.exit_code == 1 and "There is no more room" in result.stderr and "Make room" in result.stderr


@pytest.mark.parametrize(
    "line", ["../../outside", "/etc/passwd", "a/../../outside", "C:/outside", "a//b", "./x", "x\\y"]
)
def test_a_list_that_names_what_lies_elsewhere_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(CopError, match="not the list of a copy"):
        manifest.read(f"sha256\tbytes\tname\n{'0' * 64}\t1\t{line}\n".encode())


def test_a_folder_of_a_copy_that_leads_elsewhere_is_not_followed(full: Cop, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    copied(full, root)
    shutil.move(root / "posts", elsewhere)
    (root / "posts").symlink_to(elsewhere)
    before = contents(elsewhere)
    assert full("withdraw", "posts/b").exit_code == 0
    result = full("export", "static", str(root))
    assert (result.exit_code, "leads out of" in result.stderr) == (1, True) and contents(elsewhere) == before


def test_a_zip_file_that_is_no_copy_is_left_alone(full: Cop, tmp_path: Path) -> None:
    photos, letter = tmp_path / "photos.zip", tmp_path / "letter.zip"
    with zipfile.ZipFile(photos, "w") as packed:
        packed.writestr("a.txt", "My own")
    letter.write_text("Dear all")
    for mine in (photos, letter):
        was = mine.read_bytes()
        result = full("export", "static", str(mine))
        assert result.exit_code == 1 and "is no copy" in result.stderr and mine.read_bytes() == was


def test_a_zip_file_in_which_nothing_would_change_stays(full: Cop, tmp_path: Path) -> None:
    target = tmp_path / "copy.zip"
    assert "unpack it and open index.html" in full("export", "static", str(target)).stdout
    was = target.stat()
    assert "is up to date" in full("export", "static", str(target)).stdout
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (was.st_ino, was.st_mtime_ns)
    assert [one.name for one in tmp_path.glob("copy*")] == ["copy.zip"]
    full.write("posts/b.md", POST.format(title="We did", day=2, text="Ännu & mer <b>"))
    full("load")
    assert copied(full, target)["written"] > 1
    with zipfile.ZipFile(target) as packed:
        assert b"We did" in packed.read("posts/b.html")


def test_two_runs_at_once_do_not_mix(full: Cop, tmp_path: Path) -> None:
    root, target = tmp_path / "copy", tmp_path / "copy.zip"
    copied(full, root)
    before = contents(root)
    full.write("posts/b.md", POST.format(title="We did", day=2, text="Ännu & mer <b>"))
    full("load")
    (root / ".cop-part").mkdir()
    with FileLock(root / ".cop-part" / "lock"), files.writing(target) as file:
        file.write(b"half")
        for where in (root, target):
            result = full("export", "static", str(where))
            assert result.exit_code == 1 and "Another cop is writing" in result.stderr
    shutil.rmtree(root / ".cop-part")
    assert contents(root) == before and target.read_bytes() == b"half"


@pytest.mark.parametrize("where", ["http://example.org/copy", "foo://copy", "", " "])
def test_only_what_can_be_written_to_is_taken_for_a_place(full: Cop, empty: Path, where: str) -> None:
    result = full("export", "static", where)
    assert result.exit_code == 2 and "Try:" in result.stderr and not list(empty.iterdir())


def test_an_address_of_a_folder_is_that_folder(full: Cop, tmp_path: Path) -> None:
    assert full("export", "static", (tmp_path / "my copy").as_uri()).exit_code == 0
    assert (tmp_path / "my copy" / "index.html").exists()


@pytest.mark.parametrize(
    ("command", "name"), [("page", "a.html"), ("epub", "a.epub"), ("page", "a.htm"), ("static", "a.zip")]
)
def test_what_somebody_else_wrote_is_not_replaced_and_a_missing_folder_is_told(
    full: Cop, tmp_path: Path, command: str, name: str
) -> None:
    mine = tmp_path / name
    mine.write_text("<!doctype html><title>My thesis</title>")
    result = full("export", command, str(mine))
    assert result.exit_code == 1 and "Nothing was changed" in result.stderr and "thesis" in mine.read_text()
    result = full("export", command, str(tmp_path / "none" / name))
    assert result.exit_code == 1 and f"There is no folder {tmp_path / 'none'}" in result.stderr
    mine.unlink()
    assert full("export", command, str(mine)).exit_code == 0
    assert full("export", command, str(mine)).exit_code == 0, "its own may be replaced"


@pytest.mark.parametrize(
    "arguments",
    [("page", "a.html", "--language", ""), ("epub", "a.epub", "--topic", " "), ("saved", "a", "--topic", "")],
)
def test_an_empty_choice_is_not_everything(full: Cop, empty: Path, arguments: tuple[str, ...]) -> None:
    result = full("export", *arguments)
    assert result.exit_code == 2 and "Nothing stands behind --" in result.stderr and not list(empty.iterdir())


def test_who_stops_a_copy_is_told_that_nothing_is_lost(
    full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "copy"
    copied(full, root)
    before = contents(root)

    def stopped(*_: object) -> Iterator[Made]:
        raise KeyboardInterrupt
        yield

    full.write("posts/b.md", POST.format(title="We did", day=2, text="Ännu & mer <b>"))
    full("load")
    monkeypatch.setattr(crawl, "everything", stopped)
    result = full("export", "static", str(root))
    assert result.exit_code == 1 and "Nothing is lost" in result.stderr and "again" in result.stderr
    assert contents(root) == before and not (root / ".cop-part").exists()


def test_something_loaded_meanwhile_is_noticed(full: Cop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = tree.write

    def slow(found: tree.Tree, made: Iterable[Made]) -> tree.Written:
        full.write("posts/c.md", POST.format(title="In between", day=3, text="!"))
        assert full("load").exit_code == 0
        return write(found, made)

    monkeypatch.setattr(tree, "write", slow)
    result = full("export", "static", str(tmp_path / "copy"))
    assert (result.exit_code, "Run the same command again" in result.stderr) == (1, True)


# -- names


@given(
    st.lists(
        st.text(min_size=1, max_size=80)
        | st.sampled_from(["con", "CON", "aux.x", "a", "A", "a.", "é", "e\u0301", "ß", "ss"]),
        max_size=8,
    )
)
def test_any_text_becomes_a_name_that_every_disk_takes(texts: list[str]) -> None:
    found = {text: names.part(text) for text in texts}
    for name in found.values():
        assert 0 < len(name) <= 80 and not re.search(r'[\x00-\x1f\\/:*?"<>|]', name)
        assert name == unicodedata.normalize("NFC", name) and not name.endswith((".", " ")) and name.casefold() == name
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in found.values()]
    assert len(set(folded)) == len(found)
