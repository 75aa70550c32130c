"""Content files: from bytes to fields, and the one line that `cop load` adds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import content, patch, publish
from cop.errors import BadContent
from cop.fields import TYPES
from cop.model import OWN, PARTNERS, PUBLIC
from cop.values import WrongValue, check, clean

ID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"


def read(text: str | bytes, path: str = "posts/a.md") -> content.ContentFile:
    return content.read(text.encode() if isinstance(text, str) else text, path)


JEKYLL = """---
layout: post
title:  "Welcome to Jekyll!"
date:   2019-01-01 10:00:00 +0000
categories: jekyll update
tags: foo
published: true
permalink: /:categories/:title/
seo:
  title: Another title
  image: {path: /a.png, height: 100}
---
Body with --- in it

---

{% raw %} stays {% endraw %}
"""


def test_a_jekyll_post_is_read_and_its_own_fields_are_kept() -> None:
    found = read(JEKYLL, "posts/2019-01-01-welcome-to-jekyll.md")
    assert found.fields == {
        "layout": "post",
        "title": "Welcome to Jekyll!",
        "date": "2019-01-01T10:00:00+00:00",
        "categories": "jekyll update",
        "tags": "foo",
        "published": True,
        "permalink": "/:categories/:title/",
        "seo": {"title": "Another title", "image": {"path": "/a.png", "height": 100}},
        "body": "Body with --- in it\n\n---\n\n{% raw %} stays {% endraw %}",
    }
    assert found.share == PUBLIC


def test_a_hugo_draft_goes_to_nobody_else() -> None:
    found = read("---\ntitle: A\ndate: 2019-05-05T10:00:00Z\ndraft: true\nweight: 10\n---\nx")
    assert (found.share, found.fields["weight"], found.fields["date"]) == (OWN, 10, "2019-05-05T10:00:00+00:00")
    assert "draft" not in found.fields


def test_what_jekyll_calls_unpublished_goes_to_nobody_else() -> None:
    assert read("---\ntitle: A\npublished: false\n---\n").share == OWN


def test_a_docusaurus_page_keeps_its_id_and_its_sidebar() -> None:
    found = read("---\nid: intro\ntitle: Intro\nsidebar_position: 1\nslug: /\n---\n# Intro\n", "pages/intro.md")
    assert (found.written_id, found.fields["sidebar_position"]) == ("intro", 1)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("2019", "2019"), ("true", "true"), ("no", "no"), ("3.10", "3.10"), ("2026-07-01", "2026-07-01"),
        ("2019-06-31", "2019-06-31"), ("'null'", "null"), ("🌻 Sonnenblume", "🌻 Sonnenblume"), ("012", "012"),
        ('"One: two"', "One: two"), ("مرحبا", "مرحبا"), (">\n  folded\n  lines", "folded lines"),
    ],
)  # fmt: skip
def test_a_title_is_always_the_text_that_was_typed(written: str, title: str) -> None:
    found = read(f"---\ntitle: {written}\n---\n")
    assert publish.title_of(found.fields) == title


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_make_no_difference(end: str, bom: str) -> None:
    text = "---\ntitle: A\ntopics: [b, a]\n---\n\n# Head\n\n\tcode with a tab\nlast"
    assert read(bom + text.replace("\n", end)).fields == read(text).fields


def test_a_file_without_front_matter_takes_its_title_from_its_first_heading() -> None:
    found = read("# Reading circle #\n\nEvery Monday.\n")
    assert found.fields["title"] == "Reading circle"
    assert str(found.fields["body"]).startswith("# Reading circle")


def test_a_resource_needs_no_more_than_a_label() -> None:
    assert read("---\nlabel: The green book\n---\n", "resources/a.md").fields == {"label": "The green book"}


@pytest.mark.parametrize("body", ["", "\n", "\n\n\n", "   \n"])
def test_an_empty_body_is_no_body(body: str) -> None:
    assert read(f"---\ntitle: A\n---\n{body}").fields == {"title": "A"}


def test_very_long_lines_are_read_whole() -> None:
    long = "x" * 100_000
    found = read(f"---\ntitle: A\nsummary: {long}\n---\n{long} {long}")
    assert (found.fields["summary"], found.fields["body"]) == (long, f"{long} {long}")


def test_blank_fields_are_no_fields() -> None:
    assert read('---\ntitle: A\nsummary:\ntopics: []\ndate: ""\nextra: {}\nnote: ~\n---\n').fields == {"title": "A"}


def test_a_list_given_as_one_text_becomes_a_list() -> None:
    found = read("---\ntitle: A\nauthors: Hodan Ali\ntopics: power\ncredits: Hodan\n---\n").fields
    assert (found["authors"], found["topics"], found["credits"]) == (["Hodan Ali"], ["power"], [{"name": "Hodan"}])


def test_topics_are_kept_once_and_in_order_and_authors_in_the_order_chosen() -> None:
    found = read("---\ntitle: A\ntopics: [b, a, b]\nauthors: [Z, A]\n---\n").fields
    assert (found["topics"], found["authors"]) == (["a", "b"], ["Z", "A"])


def test_fields_that_the_table_narrows_stay_narrow_and_a_file_can_narrow_more() -> None:
    found = read(
        "---\ntitle: A\nmeeting_link: https://x.org/\ncontact: 0\nplace: Here\nshare_fields: {place: own}\n---\n",
        "events/a.md",
    )
    assert [found.audience(name) for name in ("title", "meeting_link", "contact", "place")] == [
        PUBLIC, PARTNERS, OWN, OWN,
    ]  # fmt: skip


def test_a_file_cannot_widen_what_the_table_narrows() -> None:
    found = read("---\ntitle: A\ncontact: x\nshare_fields: {contact: public}\n---\n", "events/a.md")
    assert found.audience("contact") == OWN


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("posts/2019-01-01-hello-world.md", "hello-world"),
        ("posts/hello.markdown", "hello"),
        ("posts/Hello World.md", "hello-world"),
        ("posts/über uns.md", "uber-uns"),
        ("posts/100% sure.md", "100-sure"),
        ("posts/trip/index.md", "trip"),
        ("posts/trip/_index.md", "trip"),
        ("posts/index.md", "index"),
        ("posts/2019/05/a.b.md", "a-b"),
        ("posts/🌻.md", ""),
        ("posts/2019-01-01.md", "2019-01-01"),
        ("posts/POST.MD", "post"),
        ("posts/../../etc/passwd.md", "passwd"),
    ],
)
def test_the_name_of_a_file_gives_its_short_address(path: str, slug: str) -> None:
    assert content.slug_from_path(path) == slug


@given(st.text(max_size=300))
def test_a_short_address_is_safe_in_every_address_and_file_name_and_stays_what_it_is(text: str) -> None:
    slug = publish.short_address(text)
    assert len(slug) <= 80
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", slug)
    assert publish.short_address(slug) == slug


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, unique=True), st.lists(st.integers(2, 12)))
def test_records_that_ask_for_one_address_get_one_each(record_ids: list[str], numbers: list[int]) -> None:
    taken = [f"x-{number}" for number in numbers]
    given_ = publish.numbered_slugs("x", record_ids, taken)
    assert len(set(given_.values())) == len(record_ids)
    assert given_[min(record_ids)] == "x"
    assert not set(taken) & set(given_.values())


# --- the line `id: …`

_FRONTS = st.lists(
    st.sampled_from(["title: A", "# note", "", "summary: x  ", "topics:\n  - a", "extra: {a: b}", "date: 2019"]),
    unique=True,
    max_size=6,
)


@given(
    st.text(st.sampled_from("ab# -\n\té"), max_size=60),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.booleans(),
    _FRONTS,
)
def test_adding_the_id_changes_no_other_byte(body: str, end: str, bom: bytes, front: bool, fields: list[str]) -> None:
    lines = ["---", *fields, "---"] if front else []
    rest = "\n".join([*lines, body]).replace("\n", end).encode()
    after = content.with_id(bom + rest, ID)
    assert after.startswith(bom)
    line = f"id: {ID}{end}".encode()
    bare = end.encode() not in rest  # one single line shows no line end, so \n is taken
    if rest.split(end.encode())[0].rstrip() == b"---" and not bare:
        assert after == bom + rest.replace(end.encode(), end.encode() + line, 1)
    else:
        mark = b"\n" if bare else end.encode()
        assert after == bom + b"---" + mark + f"id: {ID}".encode() + mark + b"---" + mark + rest


@given(st.text(max_size=80), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_a_file_that_was_read_is_read_the_same_with_its_id(text: str, end: str, front: bool) -> None:
    whole = f"---\ntitle: A\n{text}\n---\nBody\n" if front else f"# Title\n\n{text}\n"
    data = whole.replace("\r", "").replace("\n", end).encode("utf-8", "replace")
    try:
        before = content.read(data, "posts/a.md")
    except BadContent:
        return
    if before.written_id:
        return
    after = content.with_id(data, ID)
    found = content.read(after, "posts/a.md")
    assert (found.fields, found.share) == (before.fields, before.share)
    assert found.written_id == ID or after == data


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\n  title: A\n  date: 2019\n---\n", "---\n  id: ID\n  title: A\n  date: 2019\n---\n"),
        ("---\n# note\ntitle: A\n---\n", "---\nid: ID\n# note\ntitle: A\n---\n"),
        ("---\ntitle: A\nid:\ndate: 2019\n---\n", "---\ntitle: A\nid: ID\ndate: 2019\n---\n"),
        ("---\ntitle: A\nid: ''  # later\n---\n", "---\ntitle: A\nid: ID  # later\n---\n"),
        ('---\r\ntitle: A\r\n"id": null\r\n---\r\n', '---\r\ntitle: A\r\n"id": ID\r\n---\r\n'),
        ("---  \ntitle: A\n---\n", "---  \nid: ID\ntitle: A\n---\n"),
        ("---\nseo:\n  id:\ntitle: A\n---\n", "---\nid: ID\nseo:\n  id:\ntitle: A\n---\n"),
        ("---\n{title: A, date: 2019}\n---\n", "---\n{title: A, date: 2019}\n---\n"),
        ("# Only a heading", "---\nid: ID\n---\n# Only a heading"),
        ("# Mac\r\rtext\r", "---\rid: ID\r---\r# Mac\r\rtext\r"),
    ],
)
def test_the_id_goes_where_the_file_still_reads_the_same(before: str, after: str) -> None:
    written = content.with_id(before.encode(), ID).decode()
    assert written == after.replace("ID", ID)
    assert read(written).fields == read(before).fields
    assert read(written).written_id in (ID, "")


def test_any_text_may_stand_as_an_id_and_is_hidden_behind_a_hash() -> None:
    assert patch.record_id_of("intro", b"") == patch.record_id_of("intro", b"") != patch.record_id_of("Intro", b"")
    assert patch.is_record_id(patch.record_id_of("intro", b""))
    assert patch.record_id_of(ID, b"") == ID


# --- values

_ANY = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False), st.text(max_size=20),
        st.sampled_from(["2019-7-1", "2019-01-01 9:05 +0000", "https://x.org/a", "yes", " 7 ", "٢٠٢٦-٠٧-٠١", "CC BY"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "role", "text", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip
_FIELDS = st.sampled_from([(kind.name, field.name) for kind in TYPES.values() for field in kind.fields])


@given(_FIELDS, _ANY)
def test_a_value_that_was_checked_once_stays_as_it_is(field: tuple[str, str], value: object) -> None:
    try:
        once = check(*field, value)  # type: ignore[arg-type]
    except WrongValue as error:
        assert error.reason and error.hint
        assert clean(field[0], {field[1]: value}) == {}  # type: ignore[dict-item]
        return
    assert check(*field, once) == once
    assert clean(field[0], {field[1]: value}) == ({} if once is None else {field[1]: once})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2019", "2019"), ("2019-7", "2019-07"), ("2019-7-1", "2019-07-01"), (" 2019-07-01 ", "2019-07-01"),
        ("2020-02-29", "2020-02-29"), ("2019-01-01 10:00:00 +0000", "2019-01-01T10:00:00+00:00"),
        ("2019-01-01T9:05Z", "2019-01-01T09:05+00:00"), ("2019-01-01T18:00+01", "2019-01-01T18:00+01:00"),
        ("2019-01-01T18:00:30.123-0530", "2019-01-01T18:00:30-05:30"), ("2019-01-01 18:00", "2019-01-01T18:00"),
        ("٢٠٢٦-٠٧-٠١", "2026-07-01"),
    ],
)  # fmt: skip
def test_dates_are_kept_as_precise_as_they_are_known(written: str, kept: str) -> None:
    assert check("post", "date", written) == kept


@pytest.mark.parametrize(
    "written",
    ["2019-06-31", "2019-02-29", "2019-13", "0000", "2019-00-01", "2019-01-01T25:00", "2019-01-01T10:61",
     "2019-01-01T10:00:75", "2019-01-01T10:00+99:99", "01/07/2019", "1 July 2019", "next week", "19-01-01", "20190701",
     "2019-06-31T10:00"],
)  # fmt: skip
def test_dates_that_no_calendar_knows_are_refused(written: str) -> None:
    with pytest.raises(WrongValue, match=re.escape(written)):
        check("post", "date", written)


@pytest.mark.parametrize(
    ("said", "share"), [("partners", "partners"), ("[young-people, Own]", "own"), ("Private", "own")]
)
def test_an_audience_that_is_meant_to_keep_a_text_from_others_is_refused(said: str, share: str) -> None:
    with pytest.raises(BadContent, match="would keep it from nobody") as refused:
        read(f"---\ntitle: A\naudience: {said}\n---\n")
    assert refused.value.line == 3 and refused.value.hint.endswith(f"share: {share}")
    assert read("---\ntitle: A\naudience: [practitioners, young-people]\n---\n").share == PUBLIC
