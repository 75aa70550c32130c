"""`cop checkout`: from the log back into content files, with everything people wrote around it left alone."""

import pytest
from conftest import Folder
from hypothesis import given
from hypothesis import strategies as st

from cop import content, frontmatter, read_back, terms, withdrawal, writeback
from cop.fields import TYPES
from cop.model import PARTNERS
from cop.planning import KEPT_BACK
from cop.views import current_view

FILE = """---
# who and what
title:   'One'      # the title
topics:   # by hand
    - zebra   # first
    - ant

seo: {b: 1,   a: 2}
when_seen: 2019-06-31
first_seen: 2019-01-01 10:00:00 +0000
summary: >
  folded
  text
# before the date
date: 2019-1-2
# at the end
---


Body  with  spaces

---

end"""


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines taken out and lines put in."""
    import difflib

    found = list(difflib.ndiff(before.split("\n"), after.split("\n")))
    return [one[2:] for one in found if one.startswith("- ")], [one[2:] for one in found if one.startswith("+ ")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("fields", "out", "into"),
    [
        ({"date": "2020-05-06"}, ["date: 2019-1-2"], ["date: 2020-05-06"]),
        ({"title": "Two: more"}, ["title:   'One'      # the title"], ["title: 'Two: more'  # the title"]),
        ({"summary": None}, ["summary: >", "  folded", "  text"], []),
        ({"note": "no"}, [], ["note: no"]),
        ({"body": "New\n\nbody"}, ["", "Body  with  spaces", "---", "end"], ["New", "body", ""]),
    ],
)
def test_what_a_partner_changed_is_put_in_and_every_other_line_stays(
    folder: Folder, fields: dict[str, str], out: list[str], into: list[str], end: str, bom: str
) -> None:
    folder.write("posts/a.md", bom + FILE.replace("\n", end))
    assert folder.load().refused == ()
    before = folder.read("posts/a.md")
    folder.partner_writes(folder.id_of("posts/a.md"), fields)
    assert folder.check_out().written == ["content/posts/a.md"]
    after = folder.read("posts/a.md")
    assert after.startswith(bom)
    if end != "\n":
        assert after.count("\n") == after.count("\r\n")
    taken, put = lines_changed(before.replace(end, "\n"), after.replace(end, "\n"))
    assert sorted(one for one in taken if one) == sorted(one for one in out if one)
    assert sorted(one for one in put if one) == sorted(one for one in into if one)
    report = folder.load()
    assert (report.entries, report.refused) == (0, ())


def test_words_added_and_removed_leave_the_comments_beside_the_others(folder: Folder) -> None:
    folder.write("posts/a.md", FILE)
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {"topics": {"bee"}})
    folder.check_out()
    text = folder.read("posts/a.md")
    assert "topics:   # by hand\n    - zebra   # first\n    - ant\n    - bee\n" in text
    assert folder.load().entries == 0
    assert folder.view("posts/a.md").fields["topics"] == ["ant", "bee", "zebra"]


@pytest.mark.parametrize("written", ["authors: [A, B]", "authors:\n  - A\n  - B", "authors:\n- A  # a\n- B"])
@pytest.mark.parametrize("wanted", [["B", "A"], ["C", "A", "B"], ["A"], ["A", "A", "B"], ["B", "C", "A"], ["X"]])
def test_the_order_of_authors_arrives_as_it_was_chosen(folder: Folder, written: str, wanted: list[str]) -> None:
    folder.write("posts/a.md", f"---\ntitle: A\n{written}\ndate: 2019\n---\nx\n")
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {"authors": wanted})
    folder.check_out()
    found = content.read((folder.content / "posts/a.md").read_bytes(), "posts/a.md")
    assert found.fields["authors"] == wanted
    assert folder.load().entries == 0


def test_a_file_with_unsaved_edits_is_left_alone_and_named(folder: Folder) -> None:
    folder.write("posts/a.md", FILE)
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {"date": "2020"})
    edited = folder.read("posts/a.md") + "\nmine"
    folder.write("posts/a.md", edited)
    report = folder.check_out()
    assert (report.kept, report.written) == (["content/posts/a.md"], [])
    assert folder.read("posts/a.md") == edited
    folder.load()
    folder.check_out()
    view = folder.view("posts/a.md")
    assert (view.fields["date"], str(view.fields["body"])[-4:], dict(view.conflicts)) == ("2020", "mine", {})


def test_a_broken_file_is_not_written_over(folder: Folder) -> None:
    folder.write("posts/a.md", FILE)
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {"date": "2020"})
    folder.write("posts/a.md", "---\ntitle: [\n")
    assert folder.check_out().kept == ["content/posts/a.md"]
    assert folder.read("posts/a.md") == "---\ntitle: [\n"


def test_checking_out_twice_writes_once(folder: Folder) -> None:
    folder.write("posts/a.md", FILE)
    folder.load()
    assert (folder.check_out().written, folder.check_out().unchanged) == ([], 1)
    folder.partner_writes(folder.id_of("posts/a.md"), {"date": "2020"})
    assert len(folder.check_out().written) == 1
    report = folder.check_out()
    assert (report.written, report.unchanged) == ([], 1)


def test_only_records_whose_file_may_differ_are_looked_up(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c", "d", "e"):
        folder.write(f"posts/{name}.md", FILE.replace("One", name))
    folder.load()
    for name in "abcde":
        folder.age(folder.content / f"posts/{name}.md")
    folder.load()  # what was written a moment ago is always looked at
    ids = {name: folder.id_of(f"posts/{name}.md") for name in "abcde"}
    folder.partner_writes(ids["a"], {"date": "2020"})
    folder.write("posts/b.md", folder.read("posts/b.md") + "\nmore")
    (folder.content / "posts/c.md").unlink()
    (folder.content / "posts/d.md").rename(folder.content / "posts/d2.md")
    looked_up, read = [], read_back.revisions
    monkeypatch.setattr(read_back, "revisions", lambda db, record: (looked_up.append(record), read(db, record))[1])
    report = folder.check_out()
    assert sorted(report.written) == ["content/posts/a.md", "content/posts/c.md"]
    assert sorted(report.kept) == ["content/posts/b.md", "content/posts/d2.md"] and report.unchanged == 1
    assert ids["e"] not in looked_up and {ids[name] for name in "abcd"} <= set(looked_up)


def test_a_missing_file_is_brought_back_and_loads_without_a_change(folder: Folder) -> None:
    file = folder.write("posts/a.md", FILE)
    folder.load()
    before = dict(folder.view("posts/a.md").fields)
    file.unlink()
    assert folder.check_out(folder.id_of("posts/a.md")).written == ["content/posts/a.md"]
    assert folder.load().entries == 0
    folder.write("posts/a.md", folder.read("posts/a.md") + "\nmore")
    folder.load()
    assert {**folder.view("posts/a.md").fields, "body": ""} == {**before, "body": ""}


def test_a_partners_record_becomes_a_file_named_after_its_short_address(folder: Folder) -> None:
    record = "b" * 25 + "a"
    folder.partner_writes(
        record, {"title": "News: yes", "slug": "news", "authors": ["A"], "body": "Text\n\n---\n\nmore"}
    )
    assert folder.check_out().written == ["content/posts/news.md"]
    text = folder.read("posts/news.md")
    assert text == f"---\nid: {record}\ntitle: 'News: yes'\nauthors:\n- A\n---\n\nText\n\n---\n\nmore\n"
    report = folder.load()
    assert (report.added, report.entries, folder.id_of("posts/news.md")) == (0, 0, record)


def test_a_name_that_is_taken_is_not_written_over(folder: Folder) -> None:
    folder.write("posts/news.md", "not saved yet, not even readable")
    record = "b" * 25 + "a"
    folder.partner_writes(record, {"title": "News", "slug": "news"})
    assert folder.check_out().written == [f"content/posts/news-{record}.md"]
    assert folder.read("posts/news.md") == "not saved yet, not even readable"
    folder.load()
    assert folder.published()["News"]["slug"] == "news"


@pytest.mark.parametrize("slug", ["../../evil", "/etc/passwd", "a/b", "C:\\x", "..", "con\0", "x" * 500, ".hidden"])
def test_a_hostile_address_stays_within_its_folder(folder: Folder, slug: str) -> None:
    folder.partner_writes("b" * 25 + "a", {"title": "News", "slug": slug})
    (path,) = folder.check_out().written
    assert (folder.site.root / path).resolve().parent == folder.content / "posts"
    assert folder.load().refused == ()


def test_private_fields_stay_private_after_a_file_was_brought_back(folder: Folder) -> None:
    file = folder.write("events/a.md", "---\ntitle: A\nplace: Yak-88\nshare_fields:\n  place: own\n---\n")
    folder.load()
    file.unlink()
    folder.check_out(folder.id_of("events/a.md"))
    folder.write("events/a.md", folder.read("events/a.md").replace("title: A", "title: B"))
    assert folder.load().changed == 1
    assert folder.titles() == ["B"]
    assert "place" not in folder.published()["B"]
    assert folder.view("events/a.md").fields["place"] == "Yak-88"


def test_what_a_partner_shared_with_partners_only_is_not_published_by_our_next_edit(folder: Folder) -> None:
    folder.write("events/a.md", "---\ntitle: A  # ours\nshare_fields: {venue_access: own}  # later\n---\n")
    folder.load()
    folder.partner_writes(folder.id_of("events/a.md"), {"place": "Yak-88"}, type_name="event", share=1)
    folder.check_out()
    text = folder.read("events/a.md")
    assert "place: Yak-88" in text and "title: A  # ours" in text
    folder.write("events/a.md", text.replace("title: A", "title: B").replace("---\n", "---\nvenue_access: Gnu-99\n", 1))
    folder.load()
    row = folder.published()["B"]
    assert "place" not in row and "venue_access" not in row
    assert folder.view("events/a.md").fields["place"] == "Yak-88"


def test_a_draft_brought_back_is_still_nobody_elses(folder: Folder) -> None:
    file = folder.write("posts/a.md", "---\ntitle: A\ndraft: true\n---\n")
    folder.load()
    file.unlink()
    folder.check_out(folder.id_of("posts/a.md"))
    folder.write("posts/a.md", folder.read("posts/a.md") + "\nmore\n")
    folder.load()
    assert folder.titles() == []


def test_withdrawn_records_are_not_written_unless_asked_for(folder: Folder) -> None:
    file = folder.write("posts/a.md", FILE)
    folder.load()
    record = folder.id_of("posts/a.md")
    withdrawal.withdraw(folder.site, folder.db, folder.signer, record, why="", undo=False, now=folder.now)
    file.unlink()
    assert folder.check_out().written == []
    assert folder.check_out(record).written == ["content/posts/a.md"]
    assert folder.load().entries == 0
    assert folder.titles() == []


@pytest.mark.parametrize(
    "text", ["# One\n\nBody\n", "---\n---\n# One\n\nBody\n", "---\n# none yet\n---\n# One\n\nBody\n"]
)
def test_a_file_without_fields_gets_them_in_front(without_ids: Folder, text: str) -> None:
    folder = without_ids
    folder.write("posts/a.md", text)
    folder.load()
    folder.partner_writes(folder.id_of("posts/a.md"), {"date": "2020"})
    folder.check_out()
    assert folder.read("posts/a.md").endswith("date: '2020'\n---\n# One\n\nBody\n")
    assert folder.load().entries == 0


# --- properties of the text itself

_FIELD_LINES = {
    "title": ["title: A", "title:   'A'  # note", '"title": A'],
    "summary": ["summary: |\n  a\n\n  b", "summary: >-\n  a\n  b", "summary: a # c", "summary:\n  a\n  b"],
    "authors": ["authors: [A,  B]", "authors:\n- A\n# between\n- B  # b", "authors:\n   - A\n\n   - B"],
    "seo": ["seo: {x: 1,   y: 2}", "seo:\n  x: 1 # one\n  y: 2"],
    "date": ["date: 2019-1-2", "date: '2019-01-02'"],
    "odd": ["odd: 2019-06-31", "odd: 012", "odd: yes", "odd: 1_000", "odd: 0o7", "odd: 2001-12-14t21:59:43.10-05:00"],
}
_NEW = {
    "title": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(lambda t: t.strip()),
    "summary": st.one_of(st.none(), st.sampled_from(["one\ntwo", "x: y", "- a", "#", " lead", "trail ", "---", "a\n---\nb"])),
    "authors": st.one_of(st.none(), st.lists(st.sampled_from(["A", "B", "C", "no", "2019"]), min_size=1, max_size=4)),
    "seo": st.one_of(st.none(), st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(0, 9), min_size=1)),
    "date": st.sampled_from([None, "2020", "2020-02-03", "2020-02-03T10:00+01:00"]),
    "odd": st.sampled_from([None, "no", True, 7, 1.5, "7", "true", "2019-06-31", ["a", 1], {"k": None}]),
    "note": st.sampled_from(["new", "no", "2019"]),
}  # fmt: skip


@st.composite
def _edits(draw: st.DrawFn) -> tuple[list[tuple[str, str]], dict[str, object], str]:
    names = draw(st.permutations([*_FIELD_LINES]))[: draw(st.integers(1, len(_FIELD_LINES)))]
    chunks = [(name, draw(st.sampled_from(_FIELD_LINES[name]))) for name in names]
    changed = {name: draw(_NEW[name]) for name in draw(st.sets(st.sampled_from([*names, "note"])))}
    return chunks, changed, draw(st.sampled_from(["", "\n", "# comment\n", "\n# comment\n\n"]))


@given(_edits(), st.sampled_from(["", "\nBody\n", "Body", "\n\n---\nBody  \n\n"]))
def test_only_the_lines_of_changed_fields_change(
    edit: tuple[list[tuple[str, str]], dict[str, object], str], body: str
) -> None:
    chunks, changed, between = edit
    text = "---\n" + "".join(f"{between}{lines}\n" for _, lines in chunks) + f"{between}---\n{body}"
    before = fields(text)
    after = {name: value for name, value in {**before, **changed}.items() if value is not None}
    written = writeback.changed_file(text, before, after)
    assert fields(written) == after
    if after == before:
        assert written == text
    for name, lines in chunks:
        if before.get(name) == after.get(name):
            assert f"{lines}\n" in written
    kept = [name for name, _ in chunks if name in after]
    assert [name for name in _order(written) if name in kept] == kept
    assert written.count("# comment") == text.count("# comment")
    assert written.endswith(f"---\n{body}")


def fields(text: str) -> dict[str, object]:
    """All fields of a text, as the loader reads them; `odd` and `seo` are unknown to the table."""
    front, _, line = content.split(text, "")
    wants_text = lambda name: name not in ("odd", "seo")  # noqa: E731
    found = frontmatter.read(front, line, "", wants_text)
    return {name: one.value for name, one in found.items() if one.value is not None}


def _order(text: str) -> list[str]:
    return list(fields(text))


@given(
    st.sampled_from([*TYPES.values()]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
)
def test_a_new_file_of_any_kind_is_readable_at_once_and_says_its_title(kind: object, title: str) -> None:
    from cop.fields import RecordType

    assert isinstance(kind, RecordType)
    if not title.strip():
        return
    text = writeback.template(kind, "a" * 26, title)
    found = content.read(text.encode(), f"{kind.folder}/a.md")
    record_id = terms.RECORD_ID if kind.name == "agreement" else "a" * 26
    assert (found.fields, found.written_id) == ({"title": title}, record_id)


def test_a_new_event_begins_with_what_is_needed_first_and_has_the_rest_in_groups() -> None:
    lines = writeback.template(TYPES["event"], "a" * 26, "T").split("\n")
    names = [line.removeprefix("# ").partition(":")[0] for line in lines if line.startswith("# ") and ":  #" in line]
    assert names[:6] == ["start", "end", "timezone", "place", "summary", "format"]
    rest = lines.index("## The rest, as it stands on the page")
    asked = [field.name for field in TYPES["event"].fields if field.first]
    assert all(any(line.startswith(f"# {name}:") for line in lines[:rest]) for name in asked)
    headings = [line for line in lines[rest:] if line.startswith("## ")]
    assert headings[1:4] == ["## About this", "## When and where", "## Getting there and getting in"]


def test_every_field_of_a_new_file_can_be_uncommented(folder: Folder) -> None:
    for kind in TYPES.values():
        text = writeback.template(kind, "a" * 26, "T")
        for field in kind.fields:
            if field.name not in ("title", "slug", "body", "withdrawn", "same_as"):
                assert f"\n# {field.name}:  # " in text, (kind.name, field.name)
        opened = text.replace("\n# ", "\n").replace("Take away the # in", "x: in")
        assert content.read(opened.encode(), f"{kind.folder}/a.md").fields["title"] == "T"


POST = "---\nid: {id}\ntitle: Gamma\n{more}---\n\n{text}\n"


@pytest.mark.parametrize("edited", [False, True])
def test_what_a_partner_changed_is_not_lost_under_a_draft(folder: Folder, edited: bool) -> None:
    folder.write("posts/a.md", "---\ntitle: Gamma\n---\n\nold text\n")
    folder.load()
    record = folder.id_of("posts/a.md")
    folder.write("posts/a.md", POST.format(id=record, more="draft: true\n", text="old text"))
    (told,) = folder.load().remarks
    assert (told.path, told.reason[:26]) == ("content/posts/a.md", "it was shared before; part")
    folder.partner_writes(record, {"body": "By a partner"})
    assert folder.check_out().covered == ["content/posts/a.md"]
    assert "By a partner" not in folder.published_text() and "old text" in folder.read("posts/a.md")
    folder.write("posts/a.md", POST.format(id=record, more="", text="ours" if edited else "old text"))
    folder.load()
    view = folder.view("posts/a.md")
    if edited:
        assert {version.value for version in view.conflicts["body"]} == {"ours", "By a partner"}
    else:
        assert (view.fields["body"], dict(view.conflicts)) == ("By a partner", {})
    assert view.fields.get("withdrawn") is None and "Gamma" in folder.published_text()


def test_partners_hide_what_became_a_draft_and_keep_their_file(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: Gamma\n---\n\nold text\n")
    folder.load()
    record = folder.id_of("posts/a.md")
    folder.write("posts/a.md", POST.format(id=record, more="share: own\n", text="new text"))
    folder.load()
    shared = current_view(folder.db, record, PARTNERS)
    assert shared and shared.fields["title"] == "Gamma" and shared.fields["withdrawn"] == KEPT_BACK
    ours = current_view(folder.db, record)
    assert ours and ours.fields["body"] == "new text" and "Gamma" not in folder.published_text()
    folder.write("posts/a.md", POST.format(id=record, more="share: partners\n", text="new text"))
    folder.load()
    shared = current_view(folder.db, record, PARTNERS)
    assert shared and shared.fields["body"] == "new text" and shared.fields.get("withdrawn") is None
    assert "Gamma" not in folder.published_text()
