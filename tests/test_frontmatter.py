"""Front matter: what is read, and that nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import frontmatter
from cop.errors import BadContent


def read(text: str, *, as_text: bool = True) -> dict[str, object]:
    found = frontmatter.read(text, 2, "content/posts/a.md", lambda name: as_text)
    return {name: line.value for name, line in found.items()}


def refusal(text: str) -> BadContent:
    with pytest.raises(BadContent) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", "true"),
        ("2019", "2019"),
        ("012", "012"),
        ("1.50", "1.50"),
        ("2019-06-31", "2019-06-31"),
        ("2019-01-01 10:00:00 +0000", "2019-01-01 10:00:00 +0000"),
        ("12:30:45", "12:30:45"),
        ("'null'", "null"),
        ("Ünïcode 🌍", "Ünïcode 🌍"),
        ("a #hash", "a"),
        ("a#hash", "a#hash"),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_field_that_wants_text_gets_the_characters_as_typed(written: str, value: object) -> None:
    assert read(f"title: {written}") == {"title": value}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 30, "9" * 30),
        ("2019-01-01", "2019-01-01"),
        ('"7"', "7"),
        ("٢٠١٩", "٢٠١٩"),
        ("[1, two, null]", [1, "two", None]),
        ("{a: {b: c}}", {"a": {"b": "c"}}),
    ],
)
def test_an_unknown_field_gets_numbers_and_true_and_false_and_nothing_clever(written: str, value: object) -> None:
    found = read(f"extra: {written}", as_text=False)["extra"]
    assert found == value
    assert type(found) is type(value)


def test_every_field_knows_the_line_it_stands_on() -> None:
    found = frontmatter.read(
        "title: A\n# note\n\ntopics:\n  - x\nbody: |\n  a\n  b\nlast: z\n", 2, "a", lambda name: True
    )
    assert {name: line.number for name, line in found.items()} == {"title": 2, "topics": 5, "body": 7, "last": 10}


def test_empty_front_matter_has_no_fields() -> None:
    assert read("") == {} == read("# only a comment\n\n")


@pytest.mark.parametrize(
    "bomb",
    [
        "a: " + "[" * 30_000,
        "a: " + "[\n" * 30_000 + "]\n" * 30_000,
        "a: " + "{b: " * 30_000,
        "a:\n  " + "- " * 30_000,
        "a:\n  " + "-  " * 30_000,
        "a:\n  " + "-\t" * 30_000,
        "a: " + "[[],\n" * 30_000,
        "\n".join(" " * at + "a:" for at in range(700)),
        "\x85".join(" " * at + "a:" for at in range(1, 700)),
        "\u2028".join(" " * at + "-" for at in range(1, 700)),
        "? " * 20_000,
        "a: " + "[" * 13 + "]" * 13,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_deep_nesting_is_refused_before_it_can_crash_anything(bomb: str) -> None:
    assert refusal(bomb).line >= 2


def test_twelve_lists_in_one_another_are_read_and_thirteen_are_not() -> None:
    assert read("a: " + "[" * 11 + "]" * 11)
    assert "deep" in refusal("a: " + "[" * 12 + "]" * 12).reason
    assert "deep" in refusal("\n".join(" " * at + "a:" for at in range(13)) + " x").reason


def test_a_merge_bomb_is_refused_at_its_first_anchor() -> None:
    lines = ["a: &a [x, x]", *(f"{b}: &{b} [*{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))]
    error = refusal("\n".join(lines))
    assert (error.line, "anchors" in error.reason) == (2, True)


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object:os.system x", "a: !!binary aGk=", "a: !!set {x}", "a: !custom x", "a: !!omap [x: y]"],
)
def test_tags_that_would_make_objects_are_refused(text: str) -> None:
    assert refusal(text).line == 2


@pytest.mark.parametrize("text", ["<<: {a: b}", "a: x\n'<<': y", "a: {<<: {b: c}}"])
def test_merging_keys_is_refused(text: str) -> None:
    assert "merging" in refusal(text).reason


def test_the_same_field_twice_names_both_lines() -> None:
    error = refusal("title: A\ndate: 2019\ntitle: B")
    assert (error.line, error.reason, error.hint) == (
        4,
        "“title” stands here a second time",
        "It stands on line 2 too. Keep one of the two.",
    )


def test_the_same_key_twice_in_an_inner_map_is_found_too() -> None:
    assert refusal("seo:\n  title: A\n  title: B").line == 4


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029"])
def test_line_ends_that_editors_do_not_show_do_not_shift_the_line(odd: str) -> None:
    assert refusal(f"title: A{odd} B\nx: [").line == 3
    assert refusal(f"title: A{odd} B\nx: y\nbell: a\x07b").line == 4
    found = frontmatter.read(f"title: A{odd} B\nx: y", 2, "a", lambda name: True)
    assert found["x"].number == 3


def test_a_character_that_cannot_be_shown_is_found_on_its_line() -> None:
    assert refusal("title: A\nx: y\nbell: a\x07b").line == 4
    assert refusal('title: A\nx: "a\\0b"').line == 3
    assert refusal('title: A\nx: "\\e[31mred"').line == 3


_LINES = st.lists(
    st.one_of(
        st.text(alphabet="ab:- \t\"'[]{}#&*!|>%@`?,\\\n0129.\x85\u2028é🌍", max_size=30),
        st.sampled_from(["title: A", "x: [", "y: |", "  - a", "z: {a: b}", "? q", "<<: x", "---", "...", "%YAML 1.2"]),
    ),
    max_size=12,
)


@given(st.one_of(st.text(max_size=200), _LINES.map("\n".join)))
def test_no_text_at_all_gives_anything_but_fields_or_a_refusal_with_a_line(text: str) -> None:
    try:
        found = frontmatter.read(text, 2, "content/posts/a.md", lambda name: name == "title")
    except BadContent as error:
        assert (
            2
            <= error.line
            <= 2
            + text.count("\n")
            + text.count("\x85")
            + text.count("\u2028")
            + text.count("\u2029")
            + 1
            + text.count("\r")
        )
        assert error.reason and error.hint
    else:
        assert all(isinstance(name, str) and name for name in found)


_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abcdé ", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text("abcxyz_", min_size=1, max_size=8), _VALUES, max_size=4))
def test_what_checkout_writes_is_read_back_as_it_was(fields: dict[str, object]) -> None:
    from cop import writeback
    from cop.fields import TYPES

    known = {"title", "slug", "body", *(f.name for f in TYPES["page"].fields)}
    own = {f"x_{name}": value for name, value in fields.items() if f"x_{name}" not in known}
    text = writeback.new_file(TYPES["page"], "aaaaaaaaaaaaaaaaaaaaaaaaaa", {"title": "A", **own})
    front = text.removeprefix("---\n").removesuffix("---\n")
    found = frontmatter.read(front, 2, "a", lambda name: name in ("id", "title"))
    assert {n: line.value for n, line in found.items()} == {"id": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "title": "A", **own}
