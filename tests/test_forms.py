"""Forms made from the table of fields: what is shown, what comes back, and what hostile ones can do (nothing)."""

import json
import re
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cop import shared_words
from cop.fields import BY_COMMAND, TYPES, Field, RecordType
from cop.model import Value
from cop.values import WrongValue, check
from cop.web import form_reading, forms, templating, typed
from cop.web.form_reading import Filled
from cop.web.posting import Form, NotTaken, parse

TODAY = date(2026, 11, 23)
letters = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
dated = st.dates().map(str)
OF_KIND: dict[str, st.SearchStrategy[Any]] = {
    "url": lines.map(lambda path: f"https://example.org/{path}"),
    "number": st.integers(-(10**8), 10**8),
    "date": dated | dated.map(lambda day: day[:7]) | dated.map(lambda day: f"{day}T18:00+01:00"),
    "flag": st.booleans(),
    "set": st.lists(lines, max_size=4),
    "dates": st.lists(dated, max_size=3),
    "list": st.lists(lines, max_size=4),
    "people": st.lists(st.fixed_dictionaries({"name": lines}, optional={"role": lines, "organisation": lines, "date": dated}), max_size=3),
    "entries": st.lists(st.dictionaries(lines, letters | st.integers() | st.none(), max_size=4) | letters, max_size=3),
    "moves": st.lists(st.fixed_dictionaries({"date": dated, "to": dated}, optional={"place": lines}), max_size=3),
    "repeats": st.just("every week on Tuesday"),
    "record": st.just("resources/powercube"),
    "file": st.just({"file": "papers/agenda.pdf", "title": "Agenda"}),
    "files": st.just([{"file": "a.pdf"}]),
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would send if somebody opened the page and pressed the button."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self._area = self._select = ""
        self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.pairs.append((given["name"], given.get("value", "")))
        elif tag == "textarea":
            self._area, self._text = given["name"], ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.pairs.append((self._select, given["value"]))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.pairs.append((self._area, self._text.removeprefix("\n").replace("\n", "\r\n")))


def shown(record_type: RecordType, fields: dict[str, Any], **told: Any) -> str:
    """The HTML of all its inputs."""
    template = templating.TEMPLATES.get_template("_cop_input.html")
    return "".join(template.render(one=one) for one in forms.inputs(record_type, fields, **told))


def sent(html: str, **typed_in: str) -> Form:
    """The form as it arrives: through the bytes that a browser sends."""
    from urllib.parse import urlencode

    pairs = [(name, typed_in.get(name, value)) for name, value in Page(html).pairs]
    return parse(urlencode(pairs, errors="surrogatepass").encode())


def fields_of(record_type: RecordType) -> st.SearchStrategy[dict[str, Any]]:
    """Fields as they may stand in the store: also of odd values that a partner sent."""
    wanted = {one.name: OF_KIND.get(one.kind, letters) for one in record_type.fields if one.name not in BY_COMMAND}
    return st.fixed_dictionaries({}, optional=wanted).map(lambda found: {"title": "Power", **found})


@pytest.mark.parametrize("record_type", TYPES.values(), ids=list(TYPES))
@settings(max_examples=15)
@given(st.data())
def test_a_form_that_nobody_touched_changes_nothing(record_type: RecordType, data: st.DataObject):
    fields = data.draw(fields_of(record_type))
    for fingerprints in (False, True):
        html = shown(record_type, fields)
        if fingerprints:
            html += f'<input name="shown" value="{forms.fingerprints(record_type, fields)}">'
        filled = form_reading.read(record_type, sent(html), fields)
        assert filled.touched == frozenset() and filled.fields == fields


def kept(record_type: RecordType, name: str, value: Value) -> Value:
    try:
        return check(record_type.name, name, value)
    except WrongValue:
        return None


@pytest.mark.parametrize("record_type", TYPES.values(), ids=list(TYPES))
@settings(max_examples=15)
@given(st.data())
def test_what_is_typed_becomes_the_fields_that_the_text_stands_for(record_type: RecordType, data: st.DataObject):
    fields = data.draw(fields_of(record_type))
    html = shown(record_type, {"title": "Power"})
    wanted = {
        one.name: typed.text(one, fields[one.name])
        for one in record_type.fields
        if one.name in fields and one.kind in ("text", "markdown", "url", "number", "date", "list", "people", "money")
    }
    filled = form_reading.read(record_type, sent(html, **wanted), {"title": "Power"})
    for name, text in wanted.items():
        field = record_type.field(name)
        assert field
        if name in filled.problems or not typed.comes_back(field, fields[name]) or field.name == "slug":
            continue
        known = {"date", "role", "name", "organisation"} - set(typed.parts(field)) if field.kind == "people" else set()
        if known and any(known & set(one) for one in fields[name]):
            continue  # a new line has no place for what is asked nowhere
        expected = kept(record_type, name, typed.value(field, text))
        if expected is None and name == "title" and filled.problems:  # kept, unless the record has another name
            expected = filled.fields.get(name)
            assert expected in (None, "Power")
        assert filled.fields.get(name) == expected


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from([one.name for one in TYPES["event"].fields]), letters))
def test_whatever_is_sent_gives_fields_of_the_right_kind_or_a_problem(given_: dict[str, str]):
    filled = form_reading.read(TYPES["event"], Form(tuple(given_.items())), {}, today=TODAY)
    for name, value in filled.fields.items():
        assert check("event", name, value) == value
    assert "title" in filled.problems or filled.fields["title"]


def filled(type_name: str, before: dict[str, Any] | None = None, **given_: str) -> Filled:
    return form_reading.read(TYPES[type_name], Form(tuple(given_.items())), before, today=TODAY)


def test_only_what_somebody_touched_counts_though_another_changed_the_rest():
    seen = {"title": "Power", "summary": "Old", "topics": ["b", "a"]}
    form = Form((
        ("shown", forms.fingerprints(TYPES["resource"], seen)), ("title", "Power"), ("summary", "Mine"), ("topics", ""), ("topics", "b"), ("topics", "a"),
    ))  # fmt: skip
    told = form_reading.read(
        TYPES["resource"], form, {"title": "Power cube", "summary": "Theirs", "topics": ["a", "b"]}
    )
    assert told.touched == {"summary"} and told.fields["title"] == "Power cube" and told.fields["summary"] == "Mine"


def test_what_the_form_has_no_place_for_survives():
    before = {"title": "T", "mystery": {"a": 1}, "withdrawn": "x", "slug": "t", "same_as": ["y"], "credits": [
        {"name": "Hodan", "role": "wrote", "organisation": "Caafi Health", "pronouns": "she"}]}  # fmt: skip
    told = filled(
        "resource", before, title="U", slug="evil", withdrawn="", same_as="", credits="Hodan; wrote, checked\nTom"
    )
    assert told.fields == {**before, "title": "U", "credits": [
        {"name": "Hodan", "role": "wrote, checked", "pronouns": "she"}, {"name": "Tom"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "typed_", "words"),
    [
        ("url", "not an address", "starts with https"),
        ("year", "last year", "whole number"),
        ("open_access", "sometimes", "Choose one"),
        ("title", "", "a few words here"),
        ("summary", "Ring Sam on 020 7946 0958.", "looks like a phone number"),
        ("summary", "Write to sam@example.org.", "looks like an e-mail address"),
        ("credits", "; wrote", "Begin each line"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_the_field_and_the_words_stay(name: str, typed_: str, words: str):
    before = {"title": "Power"}
    form = Form(((name, typed_),))
    told = form_reading.read(TYPES["resource"], form, before, today=TODAY, zone="Europe/London")
    assert words in told.problems[name]
    html = shown(TYPES["resource"], before, form=form, problems=told.problems, names={name})
    assert words in unescape(html) and f'id="f-{name}-oops"' in html
    assert typed_ in unescape(html) or name == "open_access"
    assert 'aria-invalid="true"' in html or "<fieldset" in html


@pytest.mark.parametrize("typed_", ["2026-02-30", "tomorrow", "2026-13", "1/7/2026"])
def test_a_date_that_there_is_not_is_asked_for_again(typed_: str):
    assert "Write a date" in filled("event", title="T", start=typed_).problems["start"]


def test_the_form_for_events_says_how_to_write_a_time():
    assert "2026-12-01 18:00" in filled("event", title="T", start="7 o'clock").problems["start"]
    html = shown(TYPES["event"], {}, names={"start", "end", "repeats"})
    assert "2026-12-01 18:00" in html and "2026-12-01 20:00" in html and html.count("Such as: every") == 1
    assert filled("event", title="T", start="2026-12-01 18:00").fields["start"] == "2026-12-01T18:00"


def test_languages_that_cannot_be_ticked_can_be_written():
    form = Form(
        (
            ("languages", ""),
            ("languages", "cy"),
            ("languages-more", "french, Bengali;Punjabi ,pt-BR, Patwa"),
            ("year", "x"),
        )
    )
    told = form_reading.read(TYPES["resource"], form, {"title": "T"})
    assert told.fields["languages"] == ["Patwa", "bn", "cy", "fr", "pa", "pt-BR"] and "year" in told.problems
    again = shown(TYPES["resource"], {"title": "T"}, form=form, names={"languages"})
    assert ("languages-more", "french, Bengali;Punjabi ,pt-BR, Patwa") in Page(again).pairs
    later = shown(TYPES["resource"], {"title": "T", "languages": ["bn", "cy"]}, names={"languages"})
    assert "<bdi>Bengali</bdi>" in later
    assert [one for one in Page(later).pairs if one[1]] == [("languages", "cy"), ("languages", "bn")]


def test_dates_of_a_series_must_fit_together():
    told = filled("event", title="T", start="2026-12-08", repeats="every week on Tuesday", not_on="2026-12-09")
    assert "does not fit" in told.problems["not_on"]


def test_an_end_before_the_start_and_an_unknown_time_zone_are_said_beside_them():
    told = filled("event", title="T", start="2026-12-08", end="2026-12-01")
    assert "does not fit" in told.problems["end"] and told.fields["end"] == "2026-12-01"
    assert "no such time zone" in filled("event", title="T", start="2026-12-08", timezone="Londn").problems["timezone"]


def test_what_does_not_fit_in_an_entry_of_others_keeps_nobody_from_mending_the_rest():
    before = {"title": "T", "start": "2026-12-08", "end": "2026-12-01", "timezone": "London", "status": "postponed"}
    told = filled("event", before, place="Hall")
    assert not told.problems and "place" in told.touched
    changed = {"place": "Hall"}
    assert not list(shared_words.problems_of("event", {**before, **changed}, changed, {}, "Europe/London"))
    for name, value in {"end": "2026-12-02", "timezone": "Paris", "status": "off"}.items():
        fields = {"title": "T", "start": "2026-12-08", name: value}
        assert [one.name for one in shared_words.problems_of("event", fields, {name: value}, {}, "")] == [name]


def test_an_address_without_https_is_helped_along():
    assert filled("resource", title="T", url="www.example.org/a b").problems
    assert filled("resource", title="T", url="example.org/a").fields["url"] == "https://example.org/a"


def test_a_consent_that_stands_beside_it_lets_a_number_through():
    consent = [{"who": "Sam", "detail": "020 7946 0958", "when": "2026-11-01", "for": "booking", "until": "2027-11-01"}]
    told = form_reading.read(
        TYPES["event"], Form((("booking", "Ring 020 7946 0958"),)), {"title": "T", "consents": consent}, today=TODAY, zone="Europe/London"
    )  # fmt: skip
    assert told.problems == {}


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'


@pytest.mark.parametrize("record_type", TYPES.values(), ids=list(TYPES))
def test_markup_in_any_field_stays_text(record_type: RecordType):
    def evil(field: Field) -> Any:
        return {"people": [{"name": EVIL}], "entries": [{"text": EVIL}], "files": [{"file": EVIL}]}.get(
            field.kind, [EVIL] if field.kind in ("set", "list") else EVIL
        )

    fields = {one.name: evil(one) for one in record_type.fields}
    form = Form(tuple((one.name, EVIL) for one in record_type.fields))
    for html in (
        shown(record_type, fields),
        shown(record_type, {}, form=form, problems=dict.fromkeys(fields, EVIL)),
        shown(record_type, fields, known={one: [(EVIL, EVIL)] for one in fields}),
    ):
        assert not {"script", "img"} & set(Page(html).tags) and "49" not in html


# -- the bytes of a form


def test_a_form_is_read_as_browsers_write_it():
    assert parse(b"a=%D8%B3%0D%0Ab&a=&b=1").pairs == (("a", "س\nb"), ("a", ""), ("b", "1"))
    assert parse(b"title=a%00b%E2%80%AEc%07").text("title") == "abc"
    assert parse(b"").pairs == () and parse(b"&&=&x").text("x") == ""


@pytest.mark.parametrize(
    "body", [b"a=%FF%FE", b"\xff\xfe", b"&".join(b"a%d=1" % at for at in range(10_000)), b"a=%C0%AF", b"a=%ED%A0%80"]
)
def test_what_is_no_form_is_refused_in_plain_words(body: bytes):
    with pytest.raises(NotTaken) as refused:
        parse(body)
    assert refused.value.status == 400 and "send it again" in refused.value.message


def test_names_that_pretend_to_be_nested_are_only_names():
    form = parse(b"credits[0][name]=x&__proto__=y&title=T&title.__class__=z&" + b"n" * 5000 + b"=1")
    told = form_reading.read(TYPES["resource"], form, {})
    assert told.fields == {"title": "T"} and json.dumps(dict(told.fields))
    assert not re.search("n{200}", repr(form))
