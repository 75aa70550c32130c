"""Every way we know in which a content file can be broken: it is named with line and remedy, and hurts no other."""

import errno
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import Folder

from cop import checking

GOOD = "---\ntitle: Good {0}\n---\nText of {0}.\n"


@dataclass(frozen=True)
class Bad:
    """One broken file, and what people are told about it."""

    name: str
    data: str | bytes
    line: int
    reason: str  # a part of it
    hint: str  # a part of it
    path: str = "posts/bad.md"


def front(*lines: str) -> str:
    """Fields that begin on line 2, after a good title on line 2."""
    return "\n".join(["---", "title: Bad", *lines, "---", "Body"])


BAD = [
    # broken YAML
    Bad("a colon in the title", "---\ntitle: One: two\n---\n", 2, "a colon too many", "between quotes"),
    Bad("a colon further down", front("summary: a", "note: b: c"), 4, "a colon too many", "between quotes"),
    Bad("a line without a colon", front("just words", "date: 2019"), 3, "has no colon", "name: value"),
    Bad("the last line without a colon", front("date: 2019", "words"), 4, "has no colon", "name: value"),
    Bad("a double quote never closed", front('summary: "open', "date: 2019"), 3, "never closed", "Close it"),
    Bad("a single quote never closed", front("summary: 'open", "date: 2019"), 3, "never closed", "Close it"),
    Bad("an apostrophe within single quotes", front("summary: 'It's late'"), 3, "behind its closing", "between quotes"),
    Bad("words behind a closing quote", front('summary: "A" and "B"'), 3, "behind its closing", "between quotes"),
    Bad("a Markdown link as a value", front("summary: [Read](https://x.org)"), 3, "behind its closing", "between quotes"),
    Bad("a list never closed", front("topics: [a, b", "date: 2019"), 3, "list that begins with [", "]"),
    Bad("a group never closed", front("extra: {a: b", "date: 2019"), 3, "group that begins with {", "}"),
    Bad("a stray closing bracket", front("summary: ]"), 3, "means something else", "between quotes"),
    Bad("an at sign first", front("summary: @hodan"), 3, "means something else", "between quotes"),
    Bad("a backtick first", front("summary: `code`"), 3, "means something else", "between quotes"),
    Bad("a per cent sign first", front("summary: %20"), 3, "means something else", "between quotes"),
    Bad("bold Markdown first", front("summary: *now* or never"), 3, "means something else|anchors", "between quotes"),
    Bad("bolder Markdown first", front("summary: **now**"), 3, "means something else|anchors", "between quotes"),
    Bad("a ! first", front("summary: !important thing"), 3, "cannot be used|means something else", "between quotes"),
    Bad("a backslash between double quotes", front('summary: "C:\\data"'), 3, "backslash", "single quotes"),
    Bad("a field further right", front("  date: 2019"), 3, "a colon too many", "where the other fields begin"),
    Bad("a field further left", "---\n  title: Bad\ndate: 2019\n---\n", 3, "further left or right", "same place"),
    Bad("a list further left", front("topics:", " - a", "  - b", "- c"), 6, "further left or right", "same place"),
    Bad("a dash where a text is wanted", front("summary: - a"), 3, "a - stands", "between quotes"),
    Bad("a list in place of fields", "---\n- title: Bad\n---\n", 2, "no list of fields", "name: value"),
    Bad("a sentence in place of fields", "---\nHello there\n---\n", 2, "no list of fields", "name: value"),
    Bad("a list as a name", front("? [a]", ": b"), 3, "name of a field", "name: value"),
    Bad("an empty name", front('"": b'), 3, "name of a field", "name: value"),
    Bad("a name without end", front(f"{'x' * 201}: b"), 3, "name of a field|no colon", "name: value"),
    Bad("a second document", front("--- more", "x: y"), 3, "ends the fields too early", "---"),
    # YAML's surprises
    Bad("the same field twice", front("date: 2019", "title: Again"), 4, "a second time", "line 2"),
    Bad("the same inner field twice", front("seo:", "  a: b", "  a: c"), 5, "a second time", "line 4"),
    Bad("an anchor", front("base: &base {a: b}"), 3, "anchors", "quotes"),
    Bad("an alias", front("other: *base"), 3, "anchors", "quotes"),
    Bad("a merge", front("<<: {a: b}"), 3, "merging", "Write the fields out"),
    Bad("a Python object", front("x: !!python/object:os.system rm"), 3, "cannot be used", "quotes"),
    Bad("binary data", front("x: !!binary aGVsbG8="), 3, "cannot be used", "quotes"),
    Bad("deep nesting", front(f"x: {'[' * 40}{']' * 40}"), 3, "deep", "flatter"),
    Bad("deep nesting over many lines", front("x:", " [\n" * 9000 + " ]\n" * 9000), 15, "deep", "flatter"),
    # tabs
    Bad("a tab at the start of a line", front("seo:", "\ta: b"), 4, "a tab", "spaces"),
    Bad("a tab in front of a list", front("topics:", "\t- a"), 4, "a tab", "spaces"),
    Bad("a tab in front of a field", front("\tdate: 2019"), 3, "a tab", "spaces"),
    # wrong values
    Bad("31 June", front("date: 2019-06-31"), 3, "there is no date “2019-06-31”", "calendar"),
    Bad("29 February of no leap year", front("date: 2019-02-29"), 3, "there is no date", "calendar"),
    Bad("the 13th month", front("date: 2019-13-01"), 3, "there is no date", "calendar"),
    Bad("25 o'clock", front("date: 2019-06-01 25:00"), 3, "there is no date", "calendar"),
    Bad("a date the American way", front("date: 07/01/2019"), 3, "is not a date", "2026-07-01"),
    Bad("a date in words", front("date: next Monday"), 3, "is not a date", "2026-07-01"),
    Bad("a list as a date", front("date: [2019, 2020]"), 3, "should be a text", "text"),
    Bad("a list as a title", "---\ntitle: [a, b]\n---\n", 2, "should be a text", "text"),
    Bad("a map as a title", "---\ntitle: {a: b}\n---\n", 2, "should be a text", "text"),
    Bad("a map as topics", front("topics: {a: b}"), 3, "should be a text", "text"),
    Bad("an address without https", front("url: www.example.org"), 3, "not a web address", "https://", "events/bad.md"),
    Bad("an address that runs", front("url: javascript:alert(1)"), 3, "not a web address", "https://", "events/bad.md"),
    Bad("an address with a space", front("url: https://x.org/a b"), 3, "not a web address", "https", "events/bad.md"),
    Bad("a year in words", front("year: soon"), 3, "not a whole number", "digits", "resources/bad.md"),
    Bad("half a year", front("year: 2019.5"), 3, "not a whole number", "digits", "resources/bad.md"),
    Bad("perhaps", front("freephone: perhaps"), 3, "neither yes nor no", "true or false", "events/bad.md"),
    Bad("a person without a name", front("credits:", "  - {role: wrote}"), 3, "needs a name", "name: Hodan"),
    Bad("a word as a meaning", front("variants: [[a]]"), 3, "should be a list", "- text", "glossary/bad.md"),
    Bad("an unknown audience", front("share: everyone"), 3, "must be one of", "public"),
    Bad("an unknown audience of a field", front("share_fields: {place: all}"), 3, "must be one of", "public"),
    Bad("audiences as a text", front("share_fields: place"), 3, "must name fields", "contact: own"),
    Bad("draft: perhaps", front("draft: perhaps"), 3, "must be true or false", "draft: true"),
    Bad("an id with lines", front("id: [a, b]"), 3, "one short text", "Take the line out"),
    Bad("no title", "---\ndate: 2019\n---\nNo heading here\n", 1, "no title", "title:"),
    Bad("a blank title", "---\ntitle:\n---\n", 1, "no title", "title:"),
    Bad("a resource without a name", "---\nyear: 2019\n---\n", 1, "no title", "label:", "resources/bad.md"),
    Bad("an empty file", "", 1, "no title", "title:"),
    Bad("blank lines only", "\n\n\n", 1, "no title", "title:"),
    # the frame
    Bad("no second ---", "---\ntitle: Bad\n\nBody\n", 1, "second --- line is missing", "---"),
    Bad("TOML", '+++\ntitle = "Bad"\n+++\n', 1, "cannot be read", "YAML"),
    Bad("JSON of Hugo", ';;;\n{"title": "Bad"}\n;;;\n', 1, "cannot be read", "YAML"),
    # bytes
    Bad("Latin-1", front("note: caf\xe9").encode("latin-1"), 3, "not in UTF-8", "UTF-8"),
    Bad("Latin-1 in the body", "---\ntitle: A\n---\n\nx\ncaf\xe9\n".encode("latin-1"), 6, "not in UTF-8", "UTF-8"),
    Bad("Latin-1 with old Mac line ends", "---\rtitle: A\r---\rcaf\xe9".encode("latin-1"), 4, "not in UTF-8", "UTF-8"),
    Bad("Latin-1 behind a byte order mark", b"\xef\xbb\xbf---\ntitle: \xe9\n---\n", 2, "not in UTF-8", "UTF-8"),
    Bad("UTF-16", front("a: b").encode("utf-16"), 1, "NUL", "UTF-8"),
    Bad("NUL in the body", b"---\ntitle: A\n---\nab\0c\n", 4, "NUL", "plain text"),
    Bad("NUL in a field", b"---\ntitle: A\0\n---\n", 2, "NUL", "plain text"),
    Bad("NUL written out", front('note: "a\\0b"'), 3, "cannot be shown", "Take it out"),
    Bad("a bell", front("a: b", "note: a\x07b"), 4, "cannot be shown", "Take it out"),
    Bad("half a character", front('note: "\\ud83d"'), 3, "backslash", "single quotes"),
    Bad("a picture named like a text", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 3, "NUL", "plain text"),
    Bad("a zip", b"PK\x03\x04\x14\0\0\0", 1, "NUL", "plain text"),
    Bad("10 MB", "---\ntitle: A\n---\n" + "x" * 10_000_000, 1, "too large (10,000,017 bytes)", "600,000"),
    # the wrong place
    Bad("an unknown folder", "---\ntitle: A\n---\n", 1, "what kind of record", "posts, events", "stuff/bad.md"),
    Bad("no folder", "---\ntitle: A\n---\n", 1, "what kind of record", "posts, events", "bad.md"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_broken_file_is_named_with_line_and_remedy_while_its_last_version_and_all_others_stay_up(
    folder: Folder, bad: Bad
) -> None:
    known = bad.path.split("/")[0] not in ("stuff", "bad.md")
    if known:
        folder.write(bad.path, GOOD.format("before"))
        folder.load()
    folder.write(bad.path, bad.data)
    folder.write("posts/other.md", GOOD.format("other"))
    folder.write("events/third.md", GOOD.format("third"))

    report = folder.load()

    (problem,) = report.refused
    assert (problem.path, problem.line) == (f"content/{bad.path}", bad.line), problem
    assert any(part in problem.reason for part in bad.reason.split("|")), problem
    assert bad.hint in problem.hint, problem
    for words in (problem.reason, problem.hint):
        assert words and len(words) < 250
        assert not re.search(
            r"Traceback|Error|Exception|yaml|YAMLError|0x|line \d+, column|scalar|mapping|token", words
        )
    assert report.added == 2
    before = ["Good before"] if known else []
    assert folder.titles() == sorted([*before, "Good other", "Good third"])
    raw = bad.data.encode() if isinstance(bad.data, str) else bad.data
    assert (folder.content / bad.path).read_bytes() == raw


def test_a_mended_file_replaces_the_version_that_stayed_up(folder: Folder) -> None:
    folder.write("posts/a.md", GOOD.format(1))
    folder.load()
    folder.write("posts/a.md", "---\ntitle: [\n---\n")
    assert folder.load().refused
    folder.write("posts/a.md", GOOD.format(2))
    report = folder.load()
    assert (report.changed, report.added, report.refused) == (1, 0, ())
    assert folder.titles() == ["Good 2"]


def test_every_broken_file_is_named_in_one_load_and_in_the_order_of_their_paths(folder: Folder) -> None:
    bad = [one for one in BAD if one.path == "posts/bad.md"]
    for at, one in enumerate(bad):
        folder.write(f"posts/bad-{at:02}.md", one.data)
    folder.write("posts/good.md", GOOD.format(1))
    report = folder.load()
    assert [p.path for p in report.refused] == [f"content/posts/bad-{at:02}.md" for at in range(len(bad))]
    assert [p.line for p in report.refused] == [one.line for one in bad]
    assert folder.titles() == ["Good 1"]


def test_broken_files_are_named_again_at_every_load_until_they_are_mended(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: [\n---\n")
    assert [len(folder.load().refused) for _ in range(3)] == [1, 1, 1]


def odd_folder(path: Path) -> None:
    path.mkdir()


def odd_link(path: Path) -> None:
    target = path.parent.parent.parent / "elsewhere.md"
    target.write_text(GOOD.format("elsewhere"))
    path.symlink_to(target)


def odd_dead_link(path: Path) -> None:
    path.symlink_to("nowhere.md")


def odd_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def odd_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are made otherwise there")
@pytest.mark.parametrize("make", [odd_folder, odd_link, odd_dead_link, odd_link_to_itself, odd_pipe])
def test_what_is_named_like_a_file_and_is_none_is_reported(folder: Folder, make: object) -> None:
    folder.write("posts/good.md", GOOD.format(1))
    make(folder.content / "posts" / "odd.md")  # type: ignore[operator]
    report = folder.load()
    (problem,) = report.refused
    assert (problem.path, problem.line) == ("content/posts/odd.md", 1)
    assert problem.reason.startswith("this is ") and problem.hint
    assert folder.titles() == ["Good 1"]


def test_files_inside_a_folder_named_like_a_file_are_loaded(folder: Folder) -> None:
    folder.write("posts/odd.md/inner.md", GOOD.format(1))
    assert len(folder.load().refused) == 1
    assert folder.titles() == ["Good 1"]


def test_a_linked_folder_is_reported_and_nothing_outside_is_read(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text(GOOD.format("secret"))
    (folder.content / "posts" / "more").symlink_to(tmp_path / "outside")
    (problem,) = folder.load().refused
    assert (problem.path, "link" in problem.reason) == ("content/posts/more", True)
    assert folder.titles() == []


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_utf8_is_reported_and_stops_nothing(folder: Folder) -> None:
    folder.write("posts/good.md", GOOD.format(1))
    with open(os.fsencode(folder.content) + b"/posts/caf\xe9.md", "w") as file:  # noqa: PTH123 - bytes, no text
        file.write(GOOD.format(2))
    report = folder.load()
    assert [(p.path, p.hint) for p in report.refused] == [("content/posts/caf�.md", "Give it another name.")]
    assert folder.titles() == ["Good 1"]


def test_a_file_that_may_not_be_read_is_reported(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("posts/good.md", GOOD.format(1))
    folder.write("posts/closed.md", GOOD.format(2))
    real = Path.open

    def closed(path: Path, *rest: Any, **named: Any) -> Any:  # a mode of 0 does not stop root, as which tests may run
        if path.name == "closed.md":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "open", closed)
    report = folder.load()
    assert [p.path for p in report.refused] == ["content/posts/closed.md"]
    assert "cannot be opened" in report.refused[0].reason
    assert folder.titles() == ["Good 1"]


def test_a_folder_that_may_not_be_listed_is_reported(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("posts/good.md", GOOD.format(1))
    folder.write("posts/room/a.md", GOOD.format(2))
    real = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("room"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", closed)
    (problem,) = folder.load().refused
    assert (problem.path, "cannot be opened" in problem.reason) == ("content/posts/room", True)
    assert folder.titles() == ["Good 1"]


def test_a_file_that_vanishes_between_listing_and_reading_is_reported_and_stops_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cop import worktree

    folder.write("posts/a.md", GOOD.format(1))
    folder.write("posts/b.md", GOOD.format(2))
    real = worktree.scan

    def then_it_goes(*arguments: object, **options: object) -> object:
        found = real(*arguments, **options)  # type: ignore[arg-type]
        (folder.content / "posts" / "a.md").unlink()
        return found

    monkeypatch.setattr(worktree, "scan", then_it_goes)
    (problem,) = folder.load().refused
    assert (problem.path, "went away" in problem.reason) == ("content/posts/a.md", True)
    assert folder.titles() == ["Good 2"]


def test_a_saved_file_that_vanishes_while_the_folder_is_looked_at_counts_as_missing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cop import scan

    folder.write("posts/a.md", GOOD.format(1))
    folder.load()
    real = scan._walk

    def listed_only(content: Path) -> object:
        for found in real(content):
            (folder.content / "posts" / "a.md").unlink()
            yield found

    monkeypatch.setattr(scan, "_walk", listed_only)
    report = folder.load()
    assert (report.missing, report.refused) == (("posts/a.md",), ())
    assert folder.titles() == ["Good 1"]


@pytest.mark.parametrize(
    ("line", "reason", "hint"),
    [
        ("publishing: foo", "“publishing”: “foo” is not a word of its list", "Write one of: none, any, each-kind, stewards."),
        ("publishing: stewrds", "“stewrds” is not a word", "Did you mean: stewards?"),
        ("publishing: nobody", "“nobody” is not a word", "Write one of: none,"),
        ("how_many: 0", "“how_many”: an agreement cannot ask for 0 organisations", "Write a number from 1"),
        ("how_many: -2", "cannot ask for -2 organisations", "publishing: none"),
        ("kinds: [universty]", "“kinds”: “universty” is not a word of its list", "Did you mean: university?"),
        ("publishing: each-kind", "nobody wrote which kinds", "kinds: ["),
    ],
)  # fmt: skip
def test_a_slip_in_an_agreement_makes_no_other_rule(folder: Folder, line: str, reason: str, hint: str) -> None:
    folder.write("agreement/ours.md", f"---\ntitle: Ours\n{line}\n---\n")
    (refused,) = folder.load().refused
    assert refused.line == 3 and reason in refused.reason and hint in refused.hint
    assert [one.line for one in checking.check(folder.site, date(2026, 11, 23)).problems] == [3]


@pytest.mark.parametrize(
    "lines",
    ["publishing: none", "publishing: any\nhow_many: 2", "publishing: each-kind\nkinds: [nhs, charity]", "kinds:"],
)
def test_an_agreement_that_says_what_it_means_is_loaded(folder: Folder, lines: str) -> None:
    folder.write("agreement/ours.md", f"---\ntitle: Ours\n{lines}\n---\n")
    assert not folder.load().refused


def test_who_took_part_may_be_told_in_a_sentence_too(folder: Folder) -> None:
    folder.write(
        "projects/a.md", "---\ntitle: A\nlog:\n  - {date: 2026-05, who: Carers and nurses, what: We met}\n---\n"
    )
    folder.load()
    assert not checking.check(folder.site, date(2026, 11, 23)).remarks
