"""`cop import`: what other programs know becomes content files, once, and nothing is made up or lost on the way."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calendars import CIRCLE, some_event, text_of
from test_citations import HOSTILE_WORK, tidy

from cop import citations, identifiers, occasions, recurring, taking_place
from cop.citations import Work
from cop.errors import CopError
from cop.importing import bibtex, csl, ics, ris, table
from cop.importing.drafts import Draft, Known, Unread
from cop.plain import one_line
from cop.recurring import Rule
from tests.conftest import Cop

HERE = Known("file", frozenset({"sharing-power"}))
SMITH = r"""
@article{smith2020,
  author    = {Smith, Jo and {People, Dialogue and Change} and M{\"u}ller, Kim and others},
  title     = {The {P}ower of Tea {\&} Talk: 50% more},
  journal   = {Research for All},
  volume    = {4},
  year      = {2020},
  month     = mar,
  doi       = {10.14324/RFA.04.2.03},
  url       = {https://example.org/a\_b?c=1%20d},
  keywords  = {Sharing power, tea},
  abstract  = {What we did.},
  file      = {/home/jo/papers/smith.pdf},
  note      = {Ask Kim},
}
@book{nameless, year = 1999}
@book{open, title = {Never closed
@misc{smith2020, title = {Another under the same key}, date = {2021-03-02}}
"""


def drafts(found: Any) -> list[Draft]:
    listed = list(found)
    assert all(isinstance(one, Draft) for one in listed), listed
    return listed


def file_at(cop: Cop, name: str, text: str) -> str:
    path = cop.root.parent / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def shown(cop: Cop, *, type_name: str = "resource") -> dict[str, dict[str, Any]]:
    """What the site shows after loading, by title."""
    assert cop("load").exit_code == 0
    listed = cop.json("list", type_name)
    return {one["title"]: cop.json("show", f"{type_name}s/{one['slug']}")["fields"] for one in listed}


def test_a_bibtex_file_becomes_resources(cop: Cop) -> None:
    cop.write("topics/sharing-power.md", "---\ntitle: Sharing power\n---\n")
    result = cop("import", file_at(cop, "ours.bib", SMITH))
    assert result.exit_code == 5
    assert "ours.bib, line 16: “nameless” has no title." in result.output
    assert "ours.bib, line 17: this entry is not written as BibTeX wants it." in result.output
    assert "Not taken: file (1), note (1)." in result.output
    assert "2 files written, 0 here already, 2 left out" in result.output
    found = shown(cop)
    smith = found["The Power of Tea & Talk: 50% more"]
    assert smith["authors"] == ["Smith, Jo", "People, Dialogue and Change", "Müller, Kim"]
    assert (smith["year"], smith["kind"], smith["topics"]) == (2020, "paper", ["sharing-power"])
    assert smith["url"] == "https://example.org/a_b?c=1%20d"
    assert smith["other_urls"] == ["https://doi.org/10.14324/rfa.04.2.03"]
    assert (smith["source"], smith["section"]) == ("ours.bib", "smith2020")
    assert (smith["journal"], smith["month"], smith["keywords"]) == ("Research for All", "March", ["tea"])
    assert "summary" not in smith and smith["abstract"] == "What we did."
    assert found["Another under the same key"]["year"] == 2021
    assert "papers/smith.pdf" not in "".join(one.read_text() for one in (cop.root / "content").rglob("*.md"))


def test_a_file_imported_again_changes_nothing_whatever_people_did_since(cop: Cop) -> None:
    path = file_at(cop, "ours.bib", SMITH)
    cop("import", path)
    before = {one: one.read_bytes() for one in (cop.root / "content").rglob("*.md")}
    again = cop.json("import", path, exit_code=5)
    assert again["already"] == 2 and again["written"] == []
    cop("load")
    mine = cop.root / "content/resources/another-under-the-same-key.md"
    mine.write_text(mine.read_text().replace("title: Another", "title: My own"))
    mine.rename(mine.with_name("renamed.md"))
    cop("load")
    cop("withdraw", "resources/the-power-of-tea-and-talk-50-more")
    assert cop.json("import", path, exit_code=5)["already"] == 2
    assert len(before) == len(list((cop.root / "content").rglob("*.md")))


def test_nothing_is_written_in_a_dry_run_or_over_what_is_there(cop: Cop) -> None:
    path = file_at(cop, "one.bib", "@book{a, title = {Tea}, year = {in press}}")
    mine = cop.write("resources/tea.md", "---\ntitle: My tea\n---\n")
    before = mine.read_bytes()
    dry = cop("import", path, "--dry-run")
    assert dry.exit_code == 0 and "1 file would be written" in dry.output and "year “in press” (1)" in dry.output
    assert not (cop.root / "content/resources/tea-2.md").exists()
    assert cop.json("import", path)["written"] == ["content/resources/tea-2.md"]
    assert mine.read_bytes() == before and set(shown(cop)) == {"My tea", "Tea"}


@pytest.mark.parametrize(
    ("write", "read", "ending"),
    [(citations.bibtex, bibtex.read, "bib"), (citations.ris, ris.read, "ris"), (citations.csl_json, csl.read, "json")],
)
@given(work=HOSTILE_WORK)
@settings(max_examples=150)
def test_what_we_write_we_read(write: Any, read: Any, ending: str, work: Work) -> None:
    (draft,) = drafts(read(write(work), HERE))
    fields = draft.fields
    assert tidy(str(fields["title"])) == tidy(one_line(work.title))
    names = list(dict.fromkeys(tidy(citations.inverted(one)) for one in work.authors))
    assert list(dict.fromkeys(map(tidy, fields.get("authors", [])))) == [name for name in names if name]  # type: ignore[arg-type]
    assert fields["year"] == 2018 and identifiers.link(str(fields["url"])) == identifiers.link(work.url)
    if work.kind in ("paper", "guidance", "website"):
        assert fields["kind"] == (
            "report" if (work.kind, ending) == ("guidance", "ris") else work.kind
        )  # RIS has no guidance


def test_the_same_reference_is_the_same_record_from_every_program() -> None:
    work = Work(
        key="tea", title="Tea", kind="paper", authors=(citations.author("Smith, Jo"),), publisher="", year=2020, url="", page="",
        language="en", keywords=(), abstract="Summary in our words: Four ways.", remarks=(), accessed=date(2026, 11, 23),
    )  # fmt: skip
    found = [
        *drafts(bibtex.read(citations.bibtex(work), HERE)),
        *drafts(ris.read(citations.ris(work), HERE)),
        *drafts(csl.read(citations.csl_json(work), HERE)),
    ]
    assert len({one.record_id for one in found}) == 1
    assert {one.fields["summary"] for one in found} == {"Four ways."}


def test_ris_that_was_cut_or_bent_is_told_line_by_line() -> None:
    text = "TY  - JOUR\nTI  - Tea\nAU  - Smith, Jo\nA2  - Lee, Mo\nPY  - 2020/03//\nT2  - Research for All\nXX  - odd\nER  - \n\n" \
        "TY  - BOOK\nAU  - Nobody\nER  - \nTY  - RPRT\nTI  - Cut off\nDO  - https://doi.org/10.1000/X1"  # fmt: skip
    tea, nameless, cut = ris.read(text, HERE)
    assert isinstance(tea, Draft) and tea.fields["year"] == 2020 and tea.fields["published_in"] == "Research for All"
    assert tea.fields["credits"] == [{"name": "Lee, Mo", "role": "editor"}]
    assert isinstance(nameless, Unread) and nameless.line == 10
    assert isinstance(cut, Draft) and cut.line == 13 and cut.fields["url"] == "https://doi.org/10.1000/x1"


def test_csl_json_says_where_it_cannot_be_read() -> None:
    text = '[\n {"title": "Tea", "issued": {"date-parts": [["2020", 3]]}, "author": [{"family": "Berg", "given": "Jo",\n' \
        '  "non-dropping-particle": "van den"}]},\n 7,\n {"id": "x"}\n]'  # fmt: skip
    tea, seven, nameless = csl.read(text, HERE)
    assert isinstance(tea, Draft) and (tea.fields["year"], tea.fields["authors"]) == (2020, ["van den Berg, Jo"])
    assert isinstance(seven, Unread) and seven.line == 4
    assert isinstance(nameless, Unread) and nameless.line == 5
    for bad in ("", "[", "[{}", "[{}]x", "nonsense", "[" * 100_000, "[1" + "0" * 10_000 + "]", "null"):
        try:
            found = list(csl.read(bad, HERE))
        except CopError as told:
            assert told.hint
        else:
            assert bad == "null" and isinstance(found[0], Unread)


TABLE = """Title,URL,year,topics,Written for,free_to_all,type
"Tea, and talk",https://example.org/tea,2020,sharing-power; meetings,young-people,yes,
Circle,,,,,,event
,https://example.org,,,,,
A lot,x,y,z,a,b,c,d
Wrong,,last year,,,,
"""


def test_a_table_becomes_records(cop: Cop) -> None:
    path = file_at(cop, "list.csv", "\ufeff" + TABLE)
    taken = cop.json("import", path, exit_code=5)
    assert taken["written"] == ["content/resources/tea-and-talk.md", "content/events/circle.md"]
    assert [(one["line"], one["reason"]) for one in taken["refused"]] == [
        (4, "this row has no title"),
        (5, "this row has more cells than there are names on top"),
        (6, "“year”: “last year” is not a whole number"),
    ]
    tea = shown(cop)["Tea, and talk"]
    assert (tea["year"], tea["topics"], tea["audience"]) == (2020, ["meetings", "sharing-power"], ["young-people"])
    assert tea["free_to_all"] == "yes" and taken["kept"] == {"free_to_all": 1}
    assert cop.json("import", path, exit_code=5)["already"] == 2


def test_a_table_can_hide_and_name_its_kind(cop: Cop) -> None:
    path = file_at(cop, "people.csv", "title;share;offers\nHodan;own;Listening; translating\n")
    assert cop.json("import", path, "--type", "person", exit_code=5)["refused"][0]["line"] == 2  # one cell too many
    path = file_at(cop, "people.csv", 'title;share;offers\nHodan;own;"Listening; translating"\n')
    assert cop.json("import", path, "--type", "people")["written"] == ["content/people/hodan.md"]
    assert "share: own" in (cop.root / "content/people/hodan.md").read_text()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.csv", "name,year\nTea,2020\n", "x.csv, line 1: there is no column “title”."),
        ("x.csv", "title,title\nTea,Tea\n", "x.csv, line 1: “title” stands there twice."),
        ("x.csv", 'title\n"Tea\n', "x.csv, line 2: this is not written as a table."),
        ("x.json", '[{"title": "Tea"},\n]', "x.json, line 2: this is no JSON."),
        ("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "There are no entries in"),
        ("x.ics", "no calendar at all", "x.ics is no calendar"),
        ("x.docx", "", "is no file that can be imported. Try: Its name must end in .bib, .ris, .json, .csv, .ics."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_nothing_is_written(cop: Cop, name: str, text: str, told: str) -> None:
    result = cop("import", file_at(cop, name, text))
    assert result.exit_code in (1, 2) and told in " ".join(result.output.split()), result.output
    assert not list((cop.root / "content").rglob("*.md"))


def test_a_file_of_another_encoding_or_size_is_told(cop: Cop) -> None:
    path = Path(file_at(cop, "x.csv", ""))
    path.write_bytes("title\nMüller\n".encode("latin-1"))
    assert "x.csv, line 2: a letter is not in UTF-8." in cop("import", str(path)).output
    with path.open("wb") as file:
        file.truncate(20_000_001)
    assert "is too large (20,000,001 bytes)" in cop("import", str(path)).output
    assert "cannot be read" in cop("import", str(path.with_name("none.csv"))).output


# -- calendars

OUTLOOK = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:040000008200E
DTSTART;TZID=GMT Standard Time:20261208T180000
DURATION:PT2H
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270630T235959Z;WKST=MO
EXDATE;TZID=GMT Standard Time:20270105T180000
SUMMARY:Reading circle\\, with tea
DESCRIPTION:<p>Come &amp\\; talk.</p><p>Everybody is welcome.</p>
LOCATION:Barton Hill
ORGANIZER;CN=Hodan Secret:mailto:hodan@example.org
ATTENDEE;CN=Marek Secret:mailto:marek@example.org
X-GOOGLE-CONFERENCE:https://meet.example.org/abc
CATEGORIES:Sharing power,Tea
END:VEVENT
BEGIN:VEVENT
UID:040000008200E
RECURRENCE-ID;TZID=GMT Standard Time:20261222T180000
DTSTART;TZID=GMT Standard Time:20261223T190000
SUMMARY:Reading circle
LOCATION:Library
END:VEVENT
BEGIN:VEVENT
UID:040000008200E
RECURRENCE-ID;TZID=GMT Standard Time:20270119T180000
DTSTART;TZID=GMT Standard Time:20270119T180000
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
UID:day
DTSTART;VALUE=DATE:20270301
DTEND;VALUE=DATE:20270303
SUMMARY:Two days
STATUS:CANCELLED
CLASS:PRIVATE
END:VEVENT
BEGIN:VEVENT
UID:daily
DTSTART:20270301T100000Z
RRULE:FREQ=DAILY
SUMMARY:Each day
END:VEVENT
BEGIN:VEVENT
UID:bad
DTSTART:tomorrow
SUMMARY:Bad
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def test_a_calendar_becomes_events_without_whom_it_invites(cop: Cop) -> None:
    cop.write("topics/sharing-power.md", "---\ntitle: Sharing power\n---\n")
    taken = cop.json("import", file_at(cop, "outlook.ics", OUTLOOK), exit_code=5)
    assert [one["line"] for one in taken["refused"]] == [44]
    assert [one["line"] for one in taken["remarks"]] == [38] and "no words for" in taken["remarks"][0]["reason"]
    assert taken["left_out"] == {"ORGANIZER": 1, "ATTENDEE": 1}
    written = "".join(one.read_text() for one in (cop.root / "content").rglob("*.md"))
    assert "Secret" not in written and "example.org/abc" in written and "hodan@" not in written
    circle = shown(cop, type_name="event")["Reading circle, with tea"]
    assert (circle["start"], circle["end"], circle["timezone"]) == (
        "2026-12-08T18:00",
        "2026-12-08T20:00",
        "Europe/London",
    )
    assert circle["repeats"] == "every 2 weeks on Tuesday until 2027-06-30"
    assert circle["not_on"] == ["2027-01-05", "2027-01-19"]
    assert circle["moved"] == [{"date": "2026-12-22", "to": "2026-12-23T19:00", "place": "Library"}]
    assert (circle["place"], circle["topics"], circle["keywords"]) == ("Barton Hill", ["sharing-power"], ["Tea"])
    assert circle["body"].split() == ["Come", "&", "talk.", "Everybody", "is", "welcome."]
    days = (cop.root / "content/events/two-days.md").read_text()
    assert "start: 2027-03-01\nend: 2027-03-02\n" in days and "status: cancelled" in days and "share: own" in days


def test_a_series_of_ours_takes_place_on_the_same_days_again() -> None:
    (circle,) = drafts(ics.read(text_of(some_event(moved=("Tea.",))).replace("\r\n", "\n"), HERE))
    then, now = occasions.occasions(CIRCLE), occasions.occasions(circle.fields)
    assert then and now
    period = (date(2026, 1, 1), date(2028, 1, 1))
    assert taking_place.between(now, *period) == taking_place.between(then, *period)


days = st.dates(date(2026, 1, 1), date(2027, 12, 28))


@given(
    start=days,
    rule=st.builds(
        Rule,
        st.sampled_from(recurring.UNITS),
        st.integers(1, 4),
        until=st.none() | st.just(date(2029, 1, 1)),
        times=st.just(0),
    ),
)
def test_every_rule_comes_back(start: date, rule: Rule) -> None:
    fields = {"start": start.isoformat(), "repeats": recurring.words(rule)}
    when = occasions.occasions(fields)
    if when is None or when.rule is None:
        return
    (draft,) = drafts(ics.read(text_of(some_event(when=when)).replace("\r\n", "\n"), HERE))
    again = occasions.occasions(draft.fields)
    assert again and (again.start, again.rule) == (when.start, when.rule)


# -- whatever somebody sends

SAMPLES = {
    ".bib": (bibtex.read, SMITH), ".csv": (table.read, TABLE), ".ics": (ics.read, OUTLOOK.replace("\r\n", "\n")),
    ".ris": (ris.read, "TY  - JOUR\nTI  - Tea\nAU  - Smith, Jo\nPY  - 2020\nKW  - tea\nER  - \n"),
    ".json": (csl.read, json.dumps([{"id": 1, "title": "Tea", "author": [{"family": "Smith"}], "issued": {"raw": "2020"}}])),
}  # fmt: skip


@pytest.mark.parametrize("ending", SAMPLES)
@given(data=st.data())
@settings(max_examples=300)
def test_a_file_that_was_cut_or_bent_never_stops_cop(ending: str, data: st.DataObject) -> None:
    read, text = SAMPLES[ending]
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 30)))
    put = data.draw(
        st.text(max_size=10) | st.sampled_from(["{", "}", '"', "\n", "[[", "TZID=", "null", "\\", "$", "%", ";;"])
    )
    bent = text[:at] + put + text[end:]
    try:
        found = list(read(bent, HERE))
    except CopError as told:
        assert told.hint
        return
    assert all(one.hint if isinstance(one, Unread) else one.fields["title"] for one in found)
