"""Attachments of content files: from a path in a file to bytes under their hash, and back."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest

from cop import attachments, blobs, reading
from cop.worktree import LoadReport, changed_paths
from tests.conftest import Cop, Folder

EVENT = "---\ntitle: Reading circle\n{}\n---\nWe read.\n"
AGENDA = b"%PDF-1.4 the agenda"


def put(folder: Folder, path: str, data: bytes = AGENDA) -> Path:
    return folder.write(path, data)


def event(folder: Folder, line: str = "papers: [papers/agenda.pdf]", path: str = "events/circle.md") -> None:
    folder.write(path, EVENT.format(line))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def held(folder: Folder, data: bytes) -> bool:
    path = blobs.path_of(blobs.folder(folder.site), sha(data))
    return path.is_file() and path.read_bytes() == data


def papers(folder: Folder, path: str = "events/circle.md") -> Any:
    return folder.view(path).fields.get("papers")


def only_problem(report: LoadReport) -> tuple[str, int, str]:
    assert len(report.refused) == 1, report.refused
    problem = report.refused[0]
    assert problem.hint
    return problem.path, problem.line, problem.reason


# -- cop load


def test_a_path_becomes_name_size_and_hash_and_the_bytes_are_kept(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    report = folder.load()
    assert (report.added, report.refused) == (1, ())
    assert papers(folder) == [
        {"name": "agenda.pdf", "size": len(AGENDA), "sha256": sha(AGENDA), "type": "application/pdf"}
    ]
    assert held(folder, AGENDA)
    assert "papers: [papers/agenda.pdf]" in folder.read("events/circle.md")


def test_a_title_goes_with_it_and_addresses_and_words_stay_as_they_are(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(
        folder, "papers:\n  - {file: papers/agenda.pdf, title: The agenda}\n  - https://example.org/b.pdf\n  - By post"
    )
    folder.load()
    first, *others = papers(folder)
    assert (first["title"], others) == ("The agenda", ["https://example.org/b.pdf", "By post"])


def test_a_resource_has_one_file(folder: Folder) -> None:
    put(folder, "leaflets/rights.pdf")
    folder.write("resources/rights.md", "---\nlabel: Rights\nfile: ../leaflets/rights.pdf\n---\n")
    folder.write("resources/paper.md", "---\nlabel: Paper\nfile: On the shelf\n---\n")
    folder.load()
    assert folder.view("resources/rights.md").fields["file"]["sha256"] == sha(AGENDA)  # type: ignore[index, call-overload]
    assert folder.view("resources/paper.md").fields["file"] == "On the shelf"


def test_a_file_with_an_ending_that_nobody_knows_is_taken_in_where_it_lies(folder: Folder) -> None:
    put(folder, "events/survey.sav", b"1234")
    event(folder, "papers: [survey.sav, nothing.sav, Ask at the desk.]")
    assert folder.load().refused == ()
    data = {"name": "survey.sav", "size": 4, "sha256": sha(b"1234"), "type": "application/octet-stream"}
    assert papers(folder) == [data, "nothing.sav", "Ask at the desk."]
    (folder.site.content / "events/survey.sav").unlink()
    event(folder, "papers: [survey.sav, nothing.sav, Ask at the other desk.]")
    assert "there is no file" in only_problem(folder.load())[2]


def test_a_second_load_reads_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    folder.age(folder.content / "events/circle.md")  # cop has just added its id
    folder.load()

    def opened(*_: object) -> None:
        raise AssertionError("a file was read again")

    monkeypatch.setattr(blobs, "hash_of", opened)
    monkeypatch.setattr(reading, "read_one", opened)
    report = folder.load()
    assert (report.added, report.changed, report.unchanged) == (0, 0, 1)


def test_an_edited_content_file_does_not_read_its_attachments_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    folder.write("events/circle.md", folder.read("events/circle.md").replace("We read.", "We read aloud."))
    monkeypatch.setattr(blobs, "hash_of", None)
    assert folder.load().changed == 1
    assert papers(folder)[0]["sha256"] == sha(AGENDA)


def test_a_changed_attachment_is_noticed_although_its_content_file_is_as_before(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    folder.load()
    put(folder, "events/papers/agenda.pdf", b"%PDF-1.4 another agenda")
    assert changed_paths(folder.site, folder.db)[0] == ["events/circle.md"]
    report = folder.load()
    assert (report.changed, report.entries) == (1, 1)
    assert papers(folder)[0]["sha256"] == sha(b"%PDF-1.4 another agenda")
    assert folder.load().entries == 0
    assert changed_paths(folder.site, folder.db)[0] == []


def test_a_touched_attachment_is_no_change(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    os.utime(folder.content / "events/papers/agenda.pdf")
    assert folder.load().entries == 0


def test_a_missing_file_refuses_only_its_record_and_the_last_good_version_stays(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.write("posts/a.md", "---\ntitle: A\n---\n")
    folder.load()
    (folder.content / "events/papers/agenda.pdf").unlink()
    folder.write("posts/b.md", "---\ntitle: B\n---\n")
    report = folder.load()
    path, line, reason = only_problem(report)
    assert (path, line, report.added) == ("content/events/circle.md", 4, 1)
    assert "there is no file content/events/papers/agenda.pdf" in reason
    assert folder.titles() == ["A", "B", "Reading circle"]
    assert papers(folder)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("papers: ../../../../etc/passwd", "leads out of the content folder"),
        ("papers: /etc/passwd", "leads out of the content folder"),
        ("papers: {file: ../../cop.toml}", "leads out of the content folder"),
        ("papers: {file: ../../data/store.db}", "leads out of the content folder"),
        ("papers: {file: .git/config}", "hidden"),
        (r"papers: {file: papers\agenda.pdf}", "is no path"),
        ("papers: {file: papers}", "no ordinary file"),
        ("papers: {file: circle.md}", "a record of its own"),
        ("papers: {file: linked.pdf}", "is a link"),
        ("papers: {file: linked/agenda.pdf}", "is a link"),
        ("papers: {file: empty.pdf}", "nothing in"),
        ("papers: {file: pipe}", "no ordinary file"),
    ],
)
def test_what_must_not_be_taken_in_is_refused(folder: Folder, tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "secret.pdf").write_bytes(b"secret")
    put(folder, "events/papers/agenda.pdf")
    put(folder, "events/empty.pdf", b"")
    (folder.content / "events/linked.pdf").symlink_to(tmp_path / "secret.pdf")
    os.mkfifo(folder.content / "events/pipe")
    event(folder, line)
    (folder.content / "events/linked").symlink_to(folder.content / "events/papers")
    report = folder.load()
    reasons = [problem.reason for problem in report.refused if problem.path == "content/events/circle.md"]
    assert len(reasons) == 1 and says in reasons[0], report.refused
    assert not held(folder, b"secret")
    assert folder.titles() == []


def test_a_huge_file_is_refused_and_not_kept(folder: Folder) -> None:
    path = put(folder, "events/papers/film.mp4")
    with path.open("r+b") as file:
        file.truncate(attachments.MAX_BYTES + 1)
    event(folder, "papers: papers/film.mp4")
    assert "is too large" in only_problem(folder.load())[2]
    assert not list(blobs.folder(folder.site).glob("*/*"))


@pytest.mark.parametrize(
    "lines",
    [
        "papers: papers/agenda.pdf\nshare: partners",
        "papers: papers/agenda.pdf\ndraft: true",
        "papers: papers/agenda.pdf\nshare_fields: {papers: own}",
    ],
)
def test_files_go_with_public_fields_only(folder: Folder, lines: str) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder, lines)
    assert "public fields only" in only_problem(folder.load())[2]
    assert not held(folder, AGENDA)


def test_a_dry_run_keeps_nothing(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    assert folder.load(dry_run=True).added == 1
    assert not held(folder, AGENDA)


def test_a_renamed_content_file_keeps_its_attachments(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    (folder.content / "events/circle.md").rename(folder.content / "events/circle-of-readers.md")
    report = folder.load()
    assert (report.moved, report.entries) == (1, 0)
    put(folder, "events/papers/agenda.pdf", b"new")
    assert folder.load().changed == 1


# -- cop checkout


def partners_copy(folder: Folder, tmp_path: Path) -> Folder:
    """Another site that holds the same record and bytes, and no content files."""
    import shutil

    from cop import log, views

    other = Folder(tmp_path / "other", tmp_path / "other-keys")
    rows = folder.db.execute("SELECT record_id FROM view_record WHERE state = ''").fetchall()
    for (record_id,) in rows:
        view = views.current_view(folder.db, record_id)
        assert view
        from cop.model import Patch

        change = log.Change(record_id, (), Patch(view.type, view.fields), 0)
        log.write(other.db, other.signer, "change", [change], claimed_time=other.now)
    views.refresh(other.site, other.db)
    if blobs.folder(folder.site).is_dir():
        shutil.copytree(blobs.folder(folder.site), blobs.folder(other.site), dirs_exist_ok=True)
    return other


def test_checkout_writes_the_file_beside_and_loading_again_changes_nothing(folder: Folder, tmp_path: Path) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder, "papers:\n  - {file: papers/agenda.pdf, title: The agenda}\n  - By post")
    folder.load()
    other = partners_copy(folder, tmp_path)
    other.check_out()
    assert (other.content / "events/circle/agenda.pdf").read_bytes() == AGENDA
    assert "file: circle/agenda.pdf" in other.read("events/circle.md")
    other.age(other.content / "events/circle.md")
    assert other.load().entries == 0
    os.utime(other.content / "events/circle.md")
    assert other.load().entries == 0
    assert papers(other) == papers(folder)


def test_without_the_bytes_checkout_writes_what_is_known_and_loading_changes_nothing(
    folder: Folder, tmp_path: Path
) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    blobs.path_of(blobs.folder(folder.site), sha(AGENDA)).unlink()
    other = partners_copy(folder, tmp_path)
    other.check_out()
    assert sha(AGENDA) in other.read("events/circle.md")
    os.utime(other.content / "events/circle.md")
    assert other.load().entries == 0


def test_checkout_never_writes_over_another_file(folder: Folder, tmp_path: Path) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    other = partners_copy(folder, tmp_path)
    mine = other.write("events/circle/agenda.pdf", b"mine")
    other.check_out()
    assert mine.read_bytes() == b"mine"
    assert (other.content / "events/circle/agenda-2.pdf").read_bytes() == AGENDA
    os.utime(other.content / "events/circle.md")
    assert other.load().entries == 0, "the record goes on calling it agenda.pdf"


def newer(folder: Folder, data: bytes) -> None:
    """A partner put another file in its place."""
    import io

    sha256, size = blobs.keep(blobs.folder(folder.site), io.BytesIO(data), 1000)
    value = [attachments.Attachment("agenda.pdf", size, sha256).value()]
    folder.partner_writes(folder.id_of("events/circle.md"), {"papers": value}, type_name="event")


def test_a_newer_version_replaces_the_file_that_was_saved(folder: Folder) -> None:
    file = put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    before = folder.read("events/circle.md")
    newer(folder, b"newer")
    folder.check_out()
    assert file.read_bytes() == b"newer"
    assert folder.read("events/circle.md") == before, "it still says papers/agenda.pdf"
    assert folder.load().entries == 0


def test_an_attachment_with_unsaved_edits_is_left_alone(folder: Folder) -> None:
    file = put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    newer(folder, b"newer")
    put(folder, "events/papers/agenda.pdf", b"my edit")
    assert folder.check_out().kept == ["content/events/circle.md"]
    assert file.read_bytes() == b"my edit"


def test_a_file_that_two_records_name_is_not_replaced(folder: Folder) -> None:
    file = put(folder, "events/papers/agenda.pdf")
    event(folder)
    event(folder, path="events/other.md")
    folder.load()
    newer(folder, b"newer")
    folder.check_out()
    assert file.read_bytes() == AGENDA
    assert (folder.content / "events/circle/agenda.pdf").read_bytes() == b"newer"


@pytest.mark.parametrize(
    "name",
    [
        "Ordre du jour é.pdf",
        "議程.pdf",
        "a b  c.pdf",
        "#1 (final)%20.pdf",
        "café.tar.gz",
        "no-ending",
        "x" * 200 + ".pdf",
    ],
)
def test_odd_names_come_back_fit_for_every_stick(folder: Folder, tmp_path: Path, name: str) -> None:
    put(folder, f"events/papers/{name}")
    event(folder, f'papers: [{{file: "papers/{name}"}}]')
    folder.load()
    other = partners_copy(folder, tmp_path)
    other.check_out()
    written = list((other.content / "events/circle").iterdir())
    assert len(written) == 1 and attachments.fit_name(written[0].name) == written[0].name
    os.utime(other.content / "events/circle.md")
    assert other.load().entries == 0


@pytest.mark.parametrize(
    "name", ["a:b?.pdf", "con.pdf", "../../up.pdf", "a\\b.pdf", ".hidden", "x\u202efdp.exe", "a.", ""]
)
def test_a_partners_odd_name_is_no_attachment(name: str) -> None:
    value = attachments.Attachment("a.pdf", 5, "ab" * 32).value()
    assert attachments.parse(value)
    assert attachments.parse({**value, "name": name}) is None


@pytest.mark.parametrize("change", [{"size": 0}, {"size": -1}, {"size": 60_000_000}, {"size": True}, {"sha256": "AB" * 32},
                                    {"sha256": "ab"}, {"title": 5}, {"name": None}])  # fmt: skip
def test_a_partners_odd_value_is_no_attachment(change: dict[str, object]) -> None:
    assert attachments.parse({**attachments.Attachment("a.pdf", 5, "ab" * 32).value(), **change}) is None


def test_the_command_says_line_and_what_to_do(cop: Cop) -> None:
    cop.write("events/circle.md", EVENT.format("papers: papers/agenda.pdf"))
    result = cop("load")
    assert result.exit_code == 5
    assert "content/events/circle.md, line 3: there is no file content/events/papers/agenda.pdf" in result.output
    assert "Try: Mend the line or put the file there" in result.output


def test_a_file_that_came_later_is_put_beside_by_the_next_checkout(folder: Folder, tmp_path: Path) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    blobs.path_of(blobs.folder(folder.site), sha(AGENDA)).unlink()
    other = partners_copy(folder, tmp_path)
    other.check_out()
    blobs.keep(blobs.folder(other.site), io.BytesIO(AGENDA), 100)
    assert other.check_out().written == ["content/events/circle.md"]
    assert (other.content / "events/circle/agenda.pdf").read_bytes() == AGENDA
    assert "circle/agenda.pdf" in other.read("events/circle.md") and sha(AGENDA) not in other.read("events/circle.md")
    assert other.check_out().written == []
    os.utime(other.content / "events/circle.md")
    assert other.load().entries == 0


def test_checkout_brings_a_lost_file_back_where_it_was(folder: Folder) -> None:
    file = put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    file.unlink()
    assert "cop checkout content/events/circle.md" in folder.load().refused[0].hint
    folder.check_out()
    assert file.read_bytes() == AGENDA
    report = folder.load()
    assert (report.entries, report.refused) == (0, ())


def test_the_same_bytes_under_two_names_stay_two_files(folder: Folder, tmp_path: Path) -> None:
    put(folder, "events/papers/agenda.pdf")
    put(folder, "events/papers/copy.pdf")
    event(folder, "papers: [papers/agenda.pdf, papers/copy.pdf]")
    folder.load()
    assert [one["name"] for one in papers(folder)] == ["agenda.pdf", "copy.pdf"]
    folder.partner_writes(folder.id_of("events/circle.md"), {"summary": "s"}, type_name="event")
    folder.check_out()
    assert "papers: [papers/agenda.pdf, papers/copy.pdf]" in folder.read("events/circle.md")
    assert folder.load().entries == 0
    os.utime(folder.content / "events/circle.md")
    assert folder.load().entries == 0


def test_lost_bytes_come_back_from_the_content_folder(folder: Folder) -> None:
    put(folder, "events/papers/agenda.pdf")
    event(folder)
    folder.load()
    blobs.path_of(blobs.folder(folder.site), sha(AGENDA)).unlink()
    assert folder.load(folder.content / "events").entries == 0
    assert held(folder, AGENDA)
