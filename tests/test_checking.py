"""What waits in the content files: on the command line and on the desk."""

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from conftest import Cop, Folder

from cop import checking, link_mentions, site_schema, slips
from cop.config import Config, Site
from cop.web import language, links, waiting
from cop.web.door import Served

TODAY = date(2026, 11, 22)
SAID = """access_needs_asked: true
access_provided: step-free
venue_access: Level door.
transport_links: Bus 6.
format: in-person
papers_easy_read: Made on the day.
expenses_and_payment: Fares, in cash.
what_to_expect: Talk in small groups.
join_methods: in-person
contact_role: The desk.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "site", tmp_path / "keys")


def write(folder: Folder, name: str, lines: str) -> None:
    folder.write(f"events/{name}.md", f"---\ntitle: {name}\n{lines}\n---\n")


def found(folder: Folder) -> list[tuple[str, str]]:
    return [(one.title, one.next) for one in checking.check(folder.site, TODAY).events]


def test_events_to_come_are_listed_soonest_first_and_those_without_a_day_last(folder: Folder):
    write(folder, "undated", "kind: workshop")
    write(folder, "later", "start: 2027-03")
    write(folder, "soon", "start: 2026-12-01T18:00")
    write(folder, "circle", "start: 2020-01-07\nrepeats: every week")
    write(folder, "today", "start: 2026-11-20\nend: 2026-11-22")
    assert found(folder) == [
        ("today", "2026-11-20"), ("circle", "2026-11-24"), ("soon", "2026-12-01"), ("later", ""), ("undated", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    ["start: 2026-11-21", "start: 2025", "start: 2026-10", "start: 2026-12-01\nstatus: cancelled", "kind: call",
     "start: 2026-12-01\n" + SAID],
)  # fmt: skip
def test_nothing_is_asked_of_others(folder: Folder, lines: str):
    write(folder, "event", lines)
    assert not found(folder)


def test_drafts_for_under_18s_say_what_must_be_answered(folder: Folder):
    write(folder, "young", f"start: 2026-12-01\nunder_18s: true\ndraft: true\n{SAID}")
    (event,) = checking.check(folder.site, TODAY).events
    assert {one.name for one in event.missing} >= {
        "cyp_guidelines_agreed", "cyp_dbs", "cyp_two_adults", "cyp_under_16_parent", "cyp_second_adult", "cyp_no_show_plan",
    }  # fmt: skip


def test_titles_before_names_are_remarked_on_and_wait_for_nobody(cop: Cop):
    cop.write("posts/a.md", "---\ntitle: A\nauthors: [Dr Ann]\n---\n")
    result = cop("check")
    assert result.exit_code == 0
    assert "content/posts/a.md, line 3: “authors”: we name everybody without titles, not “Dr Ann”." in result.output
    assert [one["path"] for one in cop.json("check")["remarks"]] == ["content/posts/a.md"]


def test_the_command_says_what_waits_and_changes_nothing(cop: Cop):
    file = cop.write("events/a.md", "---\ntitle: Talk\nstart: 2090-01-01\n---\n")
    cop.write("events/b.md", "---\ntitle: Young\nunder_18s: true\n---\n")
    result = cop("check")
    assert result.exit_code == 5
    assert "content/events/a.md: Talk, 2090-01-01. Not stated yet:" in result.output
    assert "venue_access: Access" in result.output and "content/events/b.md, line 3:" in result.output
    told = cop.json("check", exit_code=5)
    assert [one["path"] for one in told["events"]] == ["content/events/a.md"]
    assert told["problems"][0]["line"] == 3
    assert "id:" not in file.read_text()


def test_the_desk_shows_the_same(folder: Folder):
    write(folder, "talk <b>", "start: 2090-01-01")
    page = waiting.waiting_page(Served(folder.site), folder.db)
    (event,) = page.events
    assert (event.title, event.path) == ("talk <b>", "content/events/talk <b>.md")
    assert ("venue_access", "Access") in event.missing and not page.problems
    assert {"childcare", "food", "cost", "costs_covered", "support_offered"} <= {name for name, _ in event.missing}
    assert event.target == ""  # not published yet


def test_the_desk_shows_ten_at_a_time_and_leads_to_what_is_published(folder: Folder):
    for at in range(11):
        write(folder, f"talk-{at:02d}", "start: 2090-01-01")
    with closing(site_schema.open_site(folder.site.site_db)) as db:
        row = dict.fromkeys([one[1] for one in db.execute("PRAGMA table_info(records)")], "")
        row |= {"number": 1, "type": "event", "slug": "talk-10", "fields": "{}"}
        db.execute(f"INSERT INTO records VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        db.commit()
    first, second = (waiting.waiting_page(Served(folder.site), folder.db, number) for number in (1, 2))
    assert (len(first.events), first.pager.previous, first.pager.next) == (10, None, {"page": "2"})
    (event,) = second.events
    assert (event.target, second.pager.next) == ("/events/talk-10", None)


def remarks(cop: Cop) -> list[str]:
    return [f"{one['path']}:{one['line']} {one['reason']}. {one['hint']}" for one in cop.json("check")["remarks"]]


def test_slips_in_names_words_and_links_are_remarked_on_and_nothing_is_refused(cop: Cop):
    cop.write(
        "techniques/a.md", "---\ntitle: A\ntried:\n  - {who: us, how_it_went: People laughed first, then sat.}\n---\n"
    )
    cop.write(
        "events/b.md",
        "---\ntitle: B\nchlidcare: Yes\nTimezone: Europe/London\naccess_provided: [hybird]\nstart: 2020-01-01\n---\n",
    )
    cop.write("events/c.md", "---\ntitle: C\nstart: 2020-01-01\nformat: hybird\nkind: picnic\nmood: good\n---\n")
    cop.write("notes/d.md", "---\ntitle: D\nabout: resources/no-such\ntopics: [power]\nsame_as_in: [e]\n---\n")
    cop.write("notes/e.md", "---\ntitle: E\nabout: techniques/a\n---\n")
    loaded = cop("load")
    assert loaded.exit_code == 0
    said = remarks(cop)
    assert [one.split(". ")[0] for one in said] == [
        "content/events/b.md:4 there is no field “chlidcare”; did you mean “childcare”?",
        "content/events/b.md:5 there is no field “Timezone”; did you mean “timezone”?",
        "content/events/b.md:6 “access_provided”: “hybird” is not a word of its list",
        "content/events/c.md:5 “format”: “hybird” is not a word of its list",
        "content/notes/d.md:4 “about”: there is no “resources/no-such” here",
        "content/notes/d.md:5 “topics”: there is no “power” here",
        "content/techniques/a.md:4 “tried”: a text ends too early, before “then sat.”",
    ]
    assert "Write: hybrid." in said[3] and "between quotes" in said[-1]
    assert loaded.output.count("“hybird”") == 2 and "content/events/c.md, line 5:" in loaded.output


def test_the_starter_content_has_nothing_to_remark_on(tmp_path: Path):
    folder = Folder(tmp_path / "site", tmp_path / "keys")
    shutil.copytree(Path(__file__).parent.parent / "content", folder.content, dirs_exist_ok=True)
    assert checking.check(folder.site, TODAY).remarks == ()


def test_many_names_that_lead_nowhere_are_told_without_comparing_all_with_all(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
):
    compared: list[int] = []
    nearest = slips.nearest

    def counted(word: str, words: tuple[str, ...], alike: float = 0.8) -> str:
        compared.append(len(words))
        return nearest(word, words, alike)

    monkeypatch.setattr(slips, "nearest", counted)
    for number in range(300):
        folder.write(f"topics/topic-{number}.md", f"---\ntitle: Topic {number}\n---\n")
        folder.write(
            f"posts/{number}.md", f"---\ntitle: Post {number}\ntopics: [topik-{number}, topik-{number % 3}]\n---\n"
        )
    report = folder.load()
    told = [remark for remark in report.remarks if "there is no “topik-" in remark.reason]
    assert len(told) == 597 and any("Did you mean: topic-1?" in remark.hint for remark in told)
    assert len(compared) <= checking.MOST_GUESSED and max(compared) <= checking.MOST_COMPARED


def test_a_load_keeps_so_many_remarks_and_counts_the_rest(cop: Cop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cop.worktree.MOST_REMARKS", 30)
    names = ", ".join(f"no-topic-{number}" for number in range(50))
    cop.write("posts/a.md", f"---\ntitle: A\ntopics: [{names}]\n---\n")
    assert "There are 30 more such remarks. See them all: cop check" in cop("load", "--dry-run").stderr
    told = cop.json("load")
    assert len(told["remarks"]) == 30 and told["more_remarks"] == 20
    assert len(cop.json("check")["remarks"]) == 50


@pytest.mark.parametrize("loaded_before", [True, False])
def test_a_file_that_is_not_there_is_told_as_cop_load_tells_it(tmp_path: Path, loaded_before: bool):
    folder = Folder(tmp_path / "site", tmp_path / "keys")
    write(folder, "circle", "start: 2020-01-01\npapers: [papers/missing.pdf]")
    if not loaded_before:
        folder.db.close()
        folder.site.store_db.unlink()
    (problem,) = checking.check(folder.site, TODAY).problems
    assert (problem.path, problem.line) == ("content/events/circle.md", 4)
    assert problem.reason == "there is no file content/events/papers/missing.pdf"
    if loaded_before:
        assert folder.load().refused == (problem,)


def test_looking_at_attached_files_keeps_none_of_them(folder: Folder):
    write(folder, "circle", "start: 2020-01-01\npapers: [papers/agenda.pdf]")
    folder.write("events/papers/agenda.pdf", b"%PDF-")
    before = sorted(folder.site.root.rglob("*"))
    assert checking.check(folder.site, TODAY).problems == ()
    assert sorted(folder.site.root.rglob("*")) == before


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: A\nformat: hybird\n---\n",
        "---\nid:\ntitle: A\nformat: hybird\n---\n",
        "---\n{title: A, format: hybird}\n---\n",
        "---\r\ntitle: A\r\nstart: 2020-01-01\r\nformat: hybird\r\nproject: [none]\r\n---\r\n",
    ],
)
def test_a_load_names_the_lines_as_they_are_when_it_has_ended(folder: Folder, text: str):
    folder.write("events/a.md", text)
    said = folder.load().remarks
    assert said and said == checking.check(folder.site, TODAY).remarks


def test_lines_of_a_load_that_writes_no_ids_stay(folder: Folder):
    folder.write("events/a.md", "---\ntitle: A\nformat: hybird\n---\n")
    assert [one.line for one in folder.load(dry_run=True).remarks] == [3]
    folder.site = Site(folder.site.root, folder.site.keys, Config(write_ids=False))
    assert [one.line for one in folder.load().remarks] == [3]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("languages: [English]", "“English” is not the code of a language. Write: en."),
        ("languages: [so, Soomaali]", "“Soomaali” is not the code of a language. Write: so."),
        ("languages: Plain words", "“Plain words” is not the code of a language. Write codes of two"),
        ("year: 20222", "20222 is hardly a year. Write four digits, such as 2022."),
        ("year: 22", "22 is hardly a year."),
    ],
)
def test_names_of_languages_and_odd_years_are_remarked_on(folder: Folder, line: str, said: str):
    folder.write("resources/a.md", f"---\ntitle: A\n{line}\n---\n")
    assert not folder.load().refused
    (remark,) = checking.check(folder.site, TODAY).remarks
    assert remark.line == 4 and said in f"{remark.reason}. {remark.hint}"


@pytest.mark.parametrize("line", ["languages: [en, pt-BR, bfi]", "languages: so", "year: 1899", 'year: "2022"'])
def test_codes_and_years_are_not(folder: Folder, line: str):
    folder.write("resources/a.md", f"---\ntitle: A\n{line}\n---\n")
    assert folder.load().remarks == ()


def test_what_is_no_code_marks_no_page(folder: Folder):
    folder.write("resources/a.md", "---\ntitle: A\nlanguages: [English]\n---\n")
    folder.load()
    with closing(site_schema.open_site(folder.site.site_db)) as site:
        assert [row[0] for row in site.execute("SELECT language FROM records WHERE slug = 'a'")] == [""]
    assert "lang" not in language.marked("English")


def test_hints_say_what_fits_the_file(folder: Folder):
    folder.write("notes/a.md", "Only words.\n")
    folder.write("notes/b.md", "---\nsummary: S\n---\n")
    folder.write("techniques/c.md", "---\ntitle: C\ntried: [{who: us, how: well}]\n---\n")
    folder.write("techniques/d.md", "---\ntitle: D\ntried: [{who: us, then we said: sit}]\n---\n")
    found = checking.check(folder.site, TODAY)
    without, between = (one.hint for one in found.problems)
    assert "Begin with a heading: # A title." in without and "between the --- lines" not in without
    assert between.startswith("Add a line between the --- lines: title")
    assert ["comma" in one.hint for one in found.remarks] == [False, True]


def test_links_in_texts_that_lead_to_no_entry_are_remarked_on(folder: Folder):
    folder.write("resources/power-cube.md", "---\ntitle: Power cube\n---\n")
    folder.write(
        "resources/b.md", "---\ntitle: B\n---\n\nFirst.\n\n[a](/resources/powercube) and\n[b](../events/nope#when).\n"
    )
    said = [(one.line, one.reason, one.hint) for one in checking.check(folder.site, TODAY).remarks]
    assert [line for line, _reason, _hint in said] == [7, 8]
    assert "“/resources/powercube”" in said[0][1] and said[0][2] == "Did you mean: ../resources/power-cube?"
    assert "“../events/nope#when”" in said[1][1] and said[1][2].endswith("cop list event")


@pytest.mark.parametrize(
    "link",
    [
        "../resources/a", "/resources/a#top", "/pages/about", "/events", "../events?month=2026-12", "/resources/a.bib",
        "https://example.org/resources/nope", "//example.org/resources/nope", "photos/hall.jpg", "#top", "/topics/x/events.ics",
        "/resources/a/history", "http://[bad/resources/x", "mailto:a@example.org",
    ],
)  # fmt: skip
def test_links_to_what_is_there_or_elsewhere_are_not(folder: Folder, link: str):
    folder.write("resources/a.md", f"---\ntitle: A\n---\n\n[text]({link}) and `[code](/resources/nope)`\n")
    assert checking.check(folder.site, TODAY).remarks == ()


def test_pages_of_every_site_are_known_to_be_there():
    assert link_mentions.ALWAYS_THERE == links.OWN_PAGES


def test_a_field_that_goes_to_fewer_than_before_is_told_to_stand_in_the_history(cop: Cop):
    cop.write("posts/a.md", "---\ntitle: A\nsummary: Ring the bell\n---\n\nWords.\n")
    cop("load")
    text = (cop.root / "content/posts/a.md").read_text("utf-8")
    cop.write("posts/a.md", text.replace("summary:", "share_fields: {summary: own, body: partners}\nsummary:"))
    said = cop("load").stderr
    assert "content/posts/a.md, line 5: “summary” was shared with more before" in said and "“body” was shared" in said
    assert "cop erase content/posts/a.md --field summary" in said
    narrow = (cop.root / "content/posts/a.md").read_text("utf-8")
    cop.write("posts/a.md", narrow.replace("title:", "share: partners\ntitle:"))
    said = [line for line in cop("load").stderr.splitlines() if "was shared" in line]
    assert len(said) == 1 and "it was shared with more before" in said[0], "one sentence for a whole entry"
    cop.write("posts/a.md", (cop.root / "content/posts/a.md").read_text("utf-8") + "More words.\n")
    assert "was shared with more before" not in cop("load").stderr
    assert cop("erase", "content/posts/a.md", "--field", "summary", "--reason", "personal", "--yes").exit_code == 0
