"""`cop load`: from content files into the log, as people who write them see it."""

import os
import time
from pathlib import Path

import pytest
from conftest import NOW, Folder

from cop import content, log, read_back, reading, views, withdrawal
from cop.errors import WrongUsage
from cop.scan import scan
from cop.worktree import LoadReport

POST = "---\ntitle: {0}\n---\n\nText of {0}.\n"


def counts(report: LoadReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.entries


def test_new_files_become_records_that_readers_see(folder: Folder) -> None:
    folder.write("posts/hello-world.md", POST.format("Hello"))
    folder.write("events/circle.md", "---\ntitle: Circle\nstart: 2026-12-01\n---\n")
    assert counts(folder.load()) == (2, 0, 0, 1)
    assert {title: (row["type"], row["slug"]) for title, row in folder.published().items()} == {
        "Hello": ("post", "hello-world"),
        "Circle": ("event", "circle"),
    }
    assert folder.published()["Hello"]["text"] == "Text of Hello."


def test_the_claimed_time_is_the_one_that_was_passed(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    assert {r.claimed_time for r in read_back.revisions(folder.db, folder.id_of("posts/a.md"))} == {NOW + 3600}


def test_nothing_changed_means_no_entry_and_no_file_opened(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(20):
        folder.write(f"posts/{at}.md", POST.format(at))
    folder.load()
    for at in range(20):
        folder.age(folder.content / f"posts/{at}.md")
    folder.load()  # takes note of the times
    before = folder.entries()

    def opened(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(reading, "read_one", opened)
    assert counts(folder.load()) == (0, 0, 20, 0)
    assert folder.entries() == before


def test_a_file_touched_without_a_change_makes_no_entry(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    os.utime(file)
    assert counts(folder.load()) == (0, 0, 1, 0)


def test_comments_and_key_order_are_no_change_of_the_record(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: A\ndate: 2019\n---\nx\n")
    folder.load()
    identity = folder.id_of("posts/a.md")
    folder.write("posts/a.md", f"---\n# a note\ndate: 2019\nid: {identity}\ntitle: 'A'\n---\n\n\nx\n\n")
    assert counts(folder.load()) == (0, 0, 1, 0)


def test_an_edit_saves_only_the_fields_that_changed(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: A\nsummary: s\ntopics: [a, b]\n---\nBody\n")
    folder.load()
    folder.write("posts/a.md", folder.read("posts/a.md").replace("[a, b]", "[b, c]").replace("summary: s", "note: n"))
    assert counts(folder.load()) == (0, 1, 0, 1)
    patch = read_back.revisions(folder.db, folder.id_of("posts/a.md"))[-1].patch
    assert patch
    assert dict(patch.fields) == {"summary": None, "note": "n"}
    assert (dict(patch.added), dict(patch.removed)) == ({"topics": ("c",)}, {"topics": ("a",)})


def test_two_edits_within_one_tick_of_the_clock_are_both_saved(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    for title in ("B", "C"):  # same length, and as quickly as a program can write them
        file.write_text(
            folder.read("posts/a.md").replace("title: A", f"title: {title}").replace("title: B", f"title: {title}")
        )
        folder.load()
        assert folder.titles() == [title]


def test_one_load_is_one_signed_entry_until_there_are_more_than_a_thousand_records(folder: Folder) -> None:
    for at in range(1001):
        folder.write(f"posts/p{at}.md", POST.format(at))
    report = folder.load()
    assert counts(report) == (1001, 0, 0, 2)
    sizes = folder.db.execute(
        "SELECT count(*) FROM log_item JOIN log_entry USING (entry_number) WHERE kind = 'change' GROUP BY entry_number"
    )
    assert [row[0] for row in sizes] == [1000, 1]
    assert len(folder.titles()) == 1001


def test_an_entry_holds_at_most_a_megabyte(folder: Folder) -> None:
    for at in range(5):
        folder.write(f"posts/p{at}.md", f"---\ntitle: T{at}\n---\n{'word ' * 90_000}")
    assert folder.load().entries == 3
    sizes = folder.db.execute(
        "SELECT sum(size) FROM log_item JOIN log_entry USING (entry_number) WHERE kind = 'change' GROUP BY entry_number"
    )
    assert max(row[0] for row in sizes) <= 1_000_000


def test_a_dry_run_says_what_would_be_done_and_does_nothing(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    before, entries = file.read_bytes(), folder.entries()
    report = folder.load(dry_run=True)
    assert (report.added, report.entries) == (1, 0)
    assert (file.read_bytes(), folder.entries()) == (before, entries)
    assert not folder.site.site_db.exists()
    assert counts(folder.load()) == (1, 0, 0, 1)


def test_loading_named_files_leaves_the_others_for_later(folder: Folder) -> None:
    one, _ = folder.write("posts/a.md", POST.format("A")), folder.write("posts/b.md", POST.format("B"))
    assert counts(folder.load(one)) == (1, 0, 0, 1)
    assert folder.titles() == ["A"]
    folder.load(folder.content / "posts")
    assert folder.titles() == ["A", "B"]


@pytest.mark.parametrize("name", ["posts/nothing.md", "../cop.toml", "posts/picture.jpg"])
def test_naming_what_is_no_content_file_is_wrong_usage(folder: Folder, name: str) -> None:
    folder.write("posts/picture.jpg", b"\xff\xd8")
    with pytest.raises(WrongUsage) as caught:
        folder.load(folder.content / name)
    assert caught.value.hint


def test_other_files_and_hidden_ones_are_left_alone(folder: Folder) -> None:
    for name in (
        "posts/.hidden.md",
        ".git/x.md",
        "posts/a.md~",
        "posts/a.md.part",
        "posts/picture.png",
        "posts/.#a.md",
    ):
        folder.write(name, b"\xff")
    assert folder.load() == LoadReport(seconds=pytest.approx(0, abs=60))


@pytest.mark.parametrize(
    "name",
    ["über uns.md", "100% sure.md", "🌻.md", "👩‍🔬 science.md", "a b  c.md", "quote'\".md", "[x].md", "POST.MD", "ß.markdown", "سلام.md",
     "x" * 200 + ".md", "a.b.c.md", "-rf.md", "2019-01-01-hello.md", "deep/er/still/index.md", "e\u0301.md", "nb\u00a0sp.md"],
)  # fmt: skip
def test_files_may_be_called_as_people_like(folder: Folder, name: str) -> None:
    folder.write(f"posts/{name}", POST.format("A"))
    assert folder.load().refused == ()
    assert folder.titles() == ["A"]
    assert folder.published()["A"]["slug"]
    assert counts(folder.load()) == (0, 0, 1, 0)


# --- identity


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_load_adds_one_line_and_changes_nothing_else(folder: Folder, end: str, bom: bytes) -> None:
    text = "---\ntitle:   A   # note\ntopics: [ b,a ]\n# end\n---\n\nBody  \n\n".replace("\n", end).encode()
    folder.write("posts/a.md", bom + text)
    folder.load()
    line = f"id: {folder.id_of('posts/a.md')}{end}".encode()
    assert (folder.content / "posts/a.md").read_bytes() == bom + text.replace(end.encode(), end.encode() + line, 1)
    assert counts(folder.load()) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "text",
    ["---\n{title: A, date: 2019}\n---\nx", "---\n  title: A\n  date: 2019\n---\n", "---\ntitle: A\nid:\n---\n",
     "---\ntitle: A\nid: ''\n---\n", "# A\n\nno front matter", "---\nid: ~\ntitle: A\n---", "---\ntitle: A\n...\nx"],
)  # fmt: skip
def test_a_file_stays_readable_and_one_record_however_its_front_matter_looks(folder: Folder, text: str) -> None:
    folder.write("posts/a.md", text)
    folder.load()
    first = folder.id_of("posts/a.md")
    for _ in range(2):
        report = folder.load()
        assert (report.refused, report.entries) == ((), 0)
    assert folder.id_of("posts/a.md") == first
    folder.write("posts/a.md", folder.read("posts/a.md") + "\nmore\n")
    assert counts(folder.load()) == (0, 1, 0, 1)
    assert folder.titles() == ["A"]


def test_files_that_cannot_take_an_id_do_not_slow_down_later_loads(folder: Folder) -> None:
    file = folder.write("posts/a.md", "---\n{title: A}\n---\n")
    folder.load()
    folder.age(file)
    folder.load()
    assert scan(folder.db, folder.content, ids_wanted=True).candidates == ()


def test_permissions_of_a_file_survive_the_added_line(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    file.chmod(0o640)
    folder.load()
    assert file.stat().st_mode & 0o777 == 0o640


def test_write_ids_false_keeps_the_id_in_the_store(without_ids: Folder) -> None:
    folder = without_ids
    file = folder.write("posts/a.md", POST.format("A"))
    before = file.read_bytes()
    folder.load()
    first = folder.id_of("posts/a.md")
    assert file.read_bytes() == before
    folder.write("posts/a.md", POST.format("B"))
    assert counts(folder.load()) == (0, 1, 0, 1)
    assert folder.id_of("posts/a.md") == first
    file.rename(file.with_name("b.md"))
    report = folder.load()
    assert (report.moved, report.entries, report.missing) == (1, 0, ())
    assert folder.id_of("posts/b.md") == first


def test_an_id_survives_rename_and_edit_at_once(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    first = folder.id_of("posts/a.md")
    folder.write("events/else/b.md", folder.read("posts/a.md").replace("title: A", "title: B"))
    file.unlink()
    report = folder.load()
    assert (report.added, report.changed, report.moved, report.missing, report.refused) == (0, 1, 1, (), ())
    assert folder.id_of("events/else/b.md") == first
    assert {t: r["slug"] for t, r in folder.published().items()} == {"B": "a"}  # links to it go on working


def test_a_file_moved_to_another_folder_becomes_that_kind_of_record(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    (folder.content / "events" / "a.md").write_bytes(file.read_bytes())
    file.unlink()
    report = folder.load()
    assert (report.changed, report.moved, report.refused) == (1, 1, ())
    assert folder.published()["A"]["type"] == "event"
    assert counts(folder.load()) == (0, 0, 1, 0)


def test_two_files_may_swap_their_names(folder: Folder) -> None:
    a, b = folder.write("posts/a.md", POST.format("A")), folder.write("posts/b.md", POST.format("B"))
    folder.load()
    ids = folder.id_of("posts/a.md"), folder.id_of("posts/b.md")
    a.rename(a.with_name("x"))
    b.rename(a)
    a.with_name("x").rename(b)
    report = folder.load()
    assert (report.refused, report.missing, report.entries) == ((), (), 0)
    assert (folder.id_of("posts/b.md"), folder.id_of("posts/a.md")) == ids
    folder.write("posts/b.md", folder.read("posts/b.md").replace("Text", "New text"))
    folder.load()
    assert folder.published()["A"]["text"] == "New text of A."
    assert not folder.view("posts/b.md").conflicts


def test_files_may_move_up_by_one(folder: Folder) -> None:
    for name in "abc":
        folder.write(f"posts/{name}.md", POST.format(name.upper()))
    folder.load()
    ids = {name: folder.id_of(f"posts/{name}.md") for name in "abc"}
    for old, new in (("c", "d"), ("b", "c"), ("a", "b")):
        (folder.content / f"posts/{old}.md").rename(folder.content / f"posts/{new}.md")
    folder.write("posts/a.md", POST.format("New"))
    report = folder.load()
    assert (report.added, report.refused, report.missing) == (1, (), ())
    assert {name: folder.id_of(f"posts/{name}.md") for name in "bcd"} == dict(zip("bcd", ids.values(), strict=True))
    assert folder.titles() == ["A", "B", "C", "New"]


def test_a_copied_file_is_noticed_and_the_first_stays(folder: Folder) -> None:
    folder.write("posts/z.md", POST.format("A"))
    folder.load()
    folder.write("posts/a-copy.md", "---\n# comment\n" + folder.read("posts/z.md")[4:].replace("title: A", "title: B"))
    report = folder.load()
    (problem,) = report.refused
    assert (problem.path, problem.line) == ("content/posts/a-copy.md", 3)
    assert "same id as content/posts/z.md" in problem.reason
    assert f"delete the line “id: {folder.id_of('posts/z.md')}”" in problem.hint
    assert folder.titles() == ["A"]


def test_a_copied_file_becomes_a_record_of_its_own_once_its_id_is_deleted(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    folder.write("posts/b.md", POST.format("B"))
    assert counts(folder.load()) == (1, 0, 1, 1)
    assert folder.id_of("posts/a.md") != folder.id_of("posts/b.md")


def test_two_new_files_with_one_id_are_noticed(folder: Folder) -> None:
    folder.write("posts/a.md", "---\nid: intro\ntitle: A\n---\n")
    folder.write("pages/b.md", "---\ntitle: B\nid: intro\n---\n")
    report = folder.load()
    assert report.added == 1
    (problem,) = report.refused
    assert (problem.path, problem.line) in (("content/posts/a.md", 2), ("content/pages/b.md", 3))
    assert "id: intro" in problem.hint


def test_deleting_the_id_line_keeps_the_record(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    first = folder.id_of("posts/a.md")
    folder.write("posts/a.md", POST.format("A"))
    assert counts(folder.load()) == (0, 0, 1, 0)
    assert f"id: {first}\n" in folder.read("posts/a.md")


def test_a_new_file_in_the_place_of_a_renamed_one_is_a_new_record(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    first = folder.id_of("posts/a.md")
    file.rename(file.with_name("old.md"))
    folder.write("posts/a.md", POST.format("New"))
    report = folder.load()
    assert (report.added, report.moved, report.refused) == (1, 1, ())
    assert folder.id_of("posts/old.md") == first != folder.id_of("posts/a.md")
    assert folder.titles() == ["A", "New"]


def test_a_lost_store_gives_the_same_records_back(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    first = folder.id_of("posts/a.md")
    folder.db.close()
    for file in (folder.site.root / "data").iterdir():
        file.unlink()
    folder.open()
    assert counts(folder.load()) == (1, 0, 0, 1)
    assert folder.id_of("posts/a.md") == first


# --- what goes missing, what is hidden


def test_a_missing_file_is_reported_and_its_record_stays(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    before = folder.entries()
    file.unlink()
    for _ in range(2):
        report = folder.load()
        assert (report.missing, report.entries) == (("posts/a.md",), 0)
    assert (folder.titles(), folder.entries()) == (["A"], before)


def test_a_file_that_comes_back_is_the_same_record_and_its_edit_no_conflict(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    first, text = folder.id_of("posts/a.md"), folder.read("posts/a.md")
    file.unlink()
    folder.load()
    folder.write("posts/a.md", text.replace("title: A", "title: B"))
    report = folder.load()
    assert (report.changed, report.missing) == (1, ())
    assert folder.id_of("posts/a.md") == first
    assert not folder.view("posts/a.md").conflicts


def test_a_whole_content_folder_gone_deletes_nothing(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    folder.content.rename(folder.site.root / "elsewhere")
    assert folder.load().missing == ("posts/a.md",)
    assert folder.titles() == ["A"]


def test_a_withdrawn_record_stays_hidden_when_its_file_is_edited_or_gone(folder: Folder) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    folder.load()
    withdrawal.withdraw(
        folder.site, folder.db, folder.signer, folder.id_of("posts/a.md"), why="twice", undo=False, now=NOW
    )
    assert folder.titles() == []
    folder.write("posts/a.md", folder.read("posts/a.md").replace("title: A", "title: B"))
    assert folder.load().changed == 1
    assert folder.titles() == []
    file.unlink()
    assert folder.load().missing == ()
    withdrawal.withdraw(folder.site, folder.db, folder.signer, folder.id_of("posts/a.md"), why="", undo=True, now=NOW)
    assert folder.titles() == ["B"]


def test_what_becomes_a_draft_leaves_the_site_and_comes_back(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: A\nsummary: secret\n---\nBody\n")
    folder.load()
    public = folder.read("posts/a.md")
    folder.write("posts/a.md", public.replace("title: A", "title: A\ndraft: true"))
    folder.load()
    assert folder.titles() == []
    assert folder.view("posts/a.md").fields["title"] == "A"
    folder.write("posts/a.md", public)
    folder.load()
    assert folder.published()["A"]["summary"] == "secret"


def test_private_fields_never_enter_the_public_file(folder: Folder) -> None:
    folder.write(
        "events/a.md",
        "---\ntitle: A\ncontact: Zebra-77\nplace: Yak-88\nmeeting_link: https://gnu-99.org/\nshare_fields: {place: own}\n---\n",
    )
    folder.write("posts/b.md", "---\ntitle: Emu-66\ndraft: true\n---\n")
    folder.load()
    data = folder.site.site_db.read_bytes()
    assert not [word for word in (b"Zebra-77", b"Yak-88", b"gnu-99", b"Emu-66") if word in data]
    assert folder.view("events/a.md").fields["contact"] == "Zebra-77"


def test_unknown_fields_are_kept_as_they_are(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: A\nseo: {title: x, weight: 1.5, deep: [1, {a: true}]}\n🌻: yes\n---\n")
    folder.load()
    row = folder.published()["A"]
    assert (row["seo"], row["🌻"]) == ({"title": "x", "weight": 1.5, "deep": [1, {"a": True}]}, "yes")


def test_two_files_that_ask_for_one_address_both_stay_reachable(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.write("posts/2019/a.md", POST.format("B"))
    folder.load()
    assert sorted(row["slug"] for row in folder.published().values()) == ["a", "a-2"]


def test_many_files_read_by_all_processors_give_the_same_as_a_few(folder: Folder) -> None:
    for at in range(reading.MANY + 5):
        folder.write(f"posts/{at}.md", POST.format(at) if at else "---\ntitle: [\n---\n")
    report = folder.load()
    assert (report.added, len(report.refused)) == (reading.MANY + 4, 1)
    assert (report.refused[0].path, report.refused[0].line) == ("content/posts/0.md", 2)
    assert len(folder.titles()) == reading.MANY + 4


def test_the_site_after_many_loads_is_what_a_rebuild_gives(folder: Folder) -> None:
    for at in range(6):
        folder.write(f"posts/{at}.md", POST.format(at))
    folder.load()
    folder.write("posts/1.md", folder.read("posts/1.md") + "more")
    (folder.content / "posts/2.md").rename(folder.content / "events/2.md")
    folder.write("posts/3.md", folder.read("posts/3.md").replace("title: 3", "title: 33"))
    folder.load()
    before = dump(folder)
    views.rebuild(folder.site, folder.db)
    assert dump(folder) == before


def dump(folder: Folder) -> object:
    private = folder.db.execute("SELECT * FROM view_record ORDER BY record_id").fetchall()
    return folder.published(), [tuple(row) for row in private]


def test_a_disk_that_takes_no_ids_does_not_stop_the_load(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write("posts/a.md", POST.format("A"))

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr("cop.files.replace_all", read_only)
        assert counts(folder.load()) == (1, 0, 0, 1)
    assert "Read-only file system" in caplog.text
    assert folder.titles() == ["A"]
    assert "id: " not in folder.read("posts/a.md")
    assert counts(folder.load()) == (0, 0, 1, 0)
    assert f"id: {folder.id_of('posts/a.md')}" in folder.read("posts/a.md")


def test_a_file_that_changes_while_it_is_loaded_keeps_the_newer_text(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.write("posts/a.md", POST.format("A"))
    real = log.write

    def somebody_saves(*arguments: object, **options: object) -> object:
        file.write_text(POST.format("B"))
        return real(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(log, "write", somebody_saves)
        folder.load()
    assert folder.read("posts/a.md") == POST.format("B")
    assert folder.load().changed == 1
    assert folder.titles() == ["B"]


def test_a_change_that_changes_nothing_does_not_stop_the_views(folder: Folder) -> None:
    folder.write("posts/a.md", POST.format("A"))
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {})
    assert folder.titles() == ["A"]


def test_the_time_a_load_takes_is_told(folder: Folder) -> None:
    started = time.monotonic()
    assert 0 <= folder.load().seconds <= time.monotonic() - started + 0.001


def test_content_read_and_checked_in_this_repository_is_all_good() -> None:
    root = Path(__file__).parent.parent / "content"
    files = sorted(root.rglob("*.md"))
    assert files
    for file in files:
        content.read(file.read_bytes(), file.relative_to(root).as_posix())
