"""The pages as readers meet them, asked through Datasette as plain `datasette serve` starts it."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

import pytest
import pytest_asyncio
from web_site import SiteBuilder, build, example, filled, serve

from cop.fields import TYPES
from cop.languages import OWN_NAMES, SOURCE
from cop.web import dates, facts, links

OTHER_LANGUAGE = re.compile(rf"/({'|'.join(set(OWN_NAMES) - {SOURCE})})(/|$)")
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Checked(HTMLParser):
    """Fails on tags that do not close, on anything inline that the policy forbids; collects links, ids and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = re.fullmatch(r"(\.\./)+static/checklist-[0-9a-f]{12}\.js", given.get("src") or "")
        assert tag not in ("style", "iframe") and (tag != "script" or own), (tag, attrs)
        assert not any(name.startswith("on") or name == "style" for name in given), attrs
        self.tags.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given[name] or "" for name in ("href", "action") if name in given] + (
            [given["src"] or ""] if own else []
        )
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, (tag, self._open[-3:])
        self._open.pop()
        self.text += " " if tag in ("dt", "dd", "li", "p", "td", "th") else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def check(html: str) -> Checked:
    page = Checked(html)
    assert len(page.ids) == len(set(page.ids)), page.ids
    assert page.tags.count("h1") == 1
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return example(tmp_path_factory.mktemp("pages") / "data" / "site.db")


def test_links_to_several_pages_of_one_host_can_be_told_apart(site: SiteBuilder) -> None:
    field = TYPES["resource"].field("other_urls")
    assert field
    pages = [
        "https://www.invo.org.uk/a/",
        "https://invo.org.uk/b?c=1",
        "http://invo.org.uk/b?c=1",
        "https://example.org/x",
    ]
    shown = [part.text for part in facts.show(facts.Links(site.db), field, pages)]
    assert shown == ["invo.org.uk/a", "https://invo.org.uk/b?c=1", "http://invo.org.uk/b?c=1", "example.org"]


async def test_the_page_about_accessibility_says_what_is_not_tested(client: Any) -> None:
    assert "This is not true of the tables under /site" in await words(client, "/accessibility")


@pytest.mark.parametrize(
    ("path", "told", "right"),
    [
        ("/search?q=guidance&page=99", "2 found", "/search?q=guidance"),
        ("/resources?page=99", "21 to 29 of 29", "/resources?page=2"),
    ],
)
async def test_behind_the_last_page_stands_the_last_one(client: Any, path: str, told: str, right: str) -> None:
    text = await words(client, path)
    assert told in text and text == await words(client, right)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/Events", "events"), ("/RESOURCES?q=power", "resources?q=power"), ("/Resources/guidance-2018", "../resources/guidance-2018"),
        ("/cy/Events", "events"), ("/A-Z", "a-z"),
    ],
)  # fmt: skip
async def test_capitals_in_an_address_lead_to_the_page(client: Any, path: str, target: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers.get("location")) == (301, target)
    assert (await client.get(urljoin(path, target))).status_code == 200


@pytest.mark.parametrize("path", ["/Nowhere", "/Site/Records", "/Events//evil.example", "/Static/x.js"])
async def test_capitals_lead_only_to_pages_of_ours(client: Any, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/resources?", "/events?", "/events?month=2026-12&"])
async def test_a_list_without_a_match_leads_to_the_search_which_forgives_slips(client: Any, path: str) -> None:
    assert "search?q=guidnace" in check((await client.get(f"{path}q=guidnace")).text).links
    assert "Showing results for “guidance”" in await words(client, "/search?q=guidnace")
    assert not [
        one for one in check((await client.get(f"{path}topic=nowhere")).text).links if one.startswith("search?")
    ]


async def words(client: Any, path: str) -> str:
    """The text of a page, as one line."""
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(check(answer.text).text.split())


EXPECTED = {
    "/": ["Research done together, as equals", "Barton Hill Activity Club’s copy, as it stood on 22 November 2026", "Resources 29",
          "Events to come 1", "Differences to settle 1", "Power workshop", "Sharing power 4", "Take it offline"],
    "/resources": ["29 resources", "Narrow the list", "Sharing power 3", "Guidance 2", "Title not known. Do you know it?", "1 to 20 of 29"],
    "/resources?topic=sharing-power": ["3 of 29 resources", "Topics: Sharing power remove"],
    "/resources?topic=sharing-power&kind=guidance&year=2021": ["1 of 29 resources", "Remove all"],
    "/resources?q=guidance&page=1": ["2 of 29 resources", "Best match first"],
    "/resources?topic=nowhere": ["0 of 29 resources", "Nothing fits all of this"],
    "/resources?page=2": ["21 to 29 of 29", "Previous page"],
    "/resources/guidance-2018": ["There is a newer edition", "Guidance on co-producing (2021)", "Hickey, G., Brearley, S.", "Free",
          "Last changed on 2 November 2026 by Nilaari Agency. Why: The name was cut short",
          "Not stated, please ask", "Aisha: checked Hodan, Caafi Health: wrote", "invo.org.uk", "What happened here: 2 changes",
          "Hickey, G. and Brearley, S. (2018) Guidance on co-producing. INVOLVE. https://www.invo.org.uk/guidance. "
          "Read on ", "in the copy of 22 November 2026. For a citation program: BibTeX, RIS, JSON"],
    "/resources/guidance-2018/history": ["Nilaari Agency changed: Title and Topics.", "Caafi Health added it.", "1 November 2026",
          "Why: The name was cut short", "Guidance put in: on co-producing", "Who helped Aisha: checked Hodan, Caafi Health: wrote",
          "Who saved changes Caafi Health Nilaari Agency"],
    "/resources/guidance-2021/history": ["21 November 2026", "Their clock said 1 January 2050", "Caafi Health withdrew it",
          "Why: It was wrong", "Caafi Health showed it again.", "Credited with it: Hodan, Caafi Health: checked.",
          "There were 2 answers for “Title”. This settled it.",
          "Title taken out: Guidance Guidance on it", "Why: We talked on the phone", "Nilaari Agency added it as well.",
          "Others changed “Title” as well, before anybody could see both.", "It reached this copy on 3 October 2026.",
          "We meet on taken out: Monday put in: Tuesday in the library"],
    "/resources/rose-2019": ["Title not known. Do you know it?", "[Rose and Kalathil, 2019] (2019)."],
    "/events": ["Power workshop", "18:00 to 20:00 (London time)", "Always open, or no date known", "Please send resources", "Past",
          "5 December 2018 (the date is our reading)", "February 2019"],
    "/events/workshop": ["2 answers came in for “Access”", "University of Bristol Two steps 19 November 2026, 10:12",
          "Merged by machine, please check", "Starts, Place", "Childcare Yes, next door", "Free phone line Yes",
          "Not stated, please ask: What to expect"],
    "/events?kind=meeting": ["Spring meeting", "Kind: Meeting remove"],
    "/posts": ["Three kinds of power"],
    "/posts/power": ["Hodan, Tom, 19 November 2026", "On this page Power over Power to Power with"],
    "/topics": ["Sharing power 4 Meetings 26"],
    "/topics/sharing-power": ["Smaller topics Meetings", "Resources 3", "Posts 1"],
    "/topics/meetings": ["Topics › Sharing power", "All 26 resources on this topic"],
    "/glossary": ["Co-production"],
    "/glossary/co-production": ["2 sources, side by side", "none is the right one", "CLAHRC West, 2018 More equal NIHR ARC West Equal power", "Yours?"],
    "/checklists/before": ["Is there childcare?", "Your notes", "Print the page to keep it"],
    "/principles": ["NIHR 2021"],
    "/people": ["People who chose to be listed Yasmin", "Hodan", "A B H T"],
    "/organisations": ["Caafi Health"],
    "/search?q=power": ["7 found", "Everything 7", "Resources 3", "Three kinds of power"],
    "/search?q=zebra": ["Nothing found for “zebra”", "It may be missing"],
    "/search?q=zebra+workshop": ["Nothing has all of these words"],
    "/search?q=!!!": ["There is no letter or number in this"],
    "/search": ["Every word counts"],
    "/new": ["20 November 2026", "What happened", "newest first", "Changed by Nilaari Agency: Published by. What happened",
          "Added or changed by Caafi Health and Nilaari Agency. Why: The name was cut short", "New since the last exchange, on 22 November 2026",
          "It reached this copy on that day. Their clock said 1 January 2050."],
    "/new?since=2026-11-21": ["2 entries are new or have changed in this copy since 21 November 2026. What came first stands first",
          "Everything, newest first"],
    "/new?since=2026-11": ["since November 2026"],
    "/new?since=exchange": ["1 entry is new or has changed in this copy since the last exchange, on 22 November 2026."],
    "/new?since=31.12.": ["“31.12.” is no date that we can read. Write it like 2026-11-01.", "20 November 2026"],
    "/new?since=2027-01-01": ["Nothing new has reached this copy since then. It last changed on 22 November 2026."],
    "/pictures": ["Topics, and which of them come up together", "1 topic from A to Z" , "Resources, by the year in which they were made",
          "The highest is 1990 to 2005, with 16.", "Guidance on co-producing: 2018, 2021.", "Events, month by month", "1 event has no date.",
          "What is still to come is drawn as an outline.", "1 whose kind is not known"],
    "/differences": ["Power workshop", "Two answers, not yet settled"],
    "/add": ['cop new resource "The title"', "More about adding"],
    "/about": ["About us all", "the post"],
    "/accessibility": ["Accessibility", "WCAG"],
    "/privacy": ["no cookies"],
    "/offline": ["without internet"],
}  # fmt: skip


@pytest.mark.parametrize("path", EXPECTED)
async def test_pages_say_what_readers_need(client: Any, path: str) -> None:
    text = await words(client, path)
    for expected in EXPECTED[path]:
        assert expected in text, f"{expected!r} is not in: {text}"


@pytest.mark.parametrize("record_type", TYPES.values(), ids=lambda one: one.folder)
async def test_every_kind_has_a_list(client: Any, record_type: Any) -> None:
    await words(client, f"/{record_type.folder}")


async def test_every_link_of_the_site_leads_somewhere(client: Any) -> None:
    """A walk from the first page over every relative link; each page is well formed and has the strict policy."""
    seen: dict[str, str] = {}
    found = [("/", "")]
    while found:
        path, source = found.pop()
        if path in seen:
            continue
        seen[path] = source
        answer = await client.get(path)
        assert answer.status_code == 200, (path, source)
        if "html" not in answer.headers["content-type"] or path.startswith("/site"):
            continue
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
        assert "set-cookie" not in answer.headers
        for link in check(answer.text).links:
            if not re.match(r"https?:|mailto:", link):
                assert not link.startswith("/"), (link, path)
                target = urldefrag(urljoin(path, link))[0]
                if path == "/" or not OTHER_LANGUAGE.match(target):  # walked by test_languages
                    found.append((target, path))
    assert len(seen) > 120
    assert {f"/{one.folder}" for one in TYPES.values()} <= seen.keys()


async def test_only_checklists_may_run_a_script_and_nothing_on_them_can_be_sent(client: Any) -> None:
    answer = await client.get("/checklists/before")
    assert answer.headers["content-security-policy"].endswith("; script-src 'self'")
    page = check(answer.text)
    assert page.tags.count("script") == 1 and page.tags.count("textarea") == 2
    assert (
        answer.text.count("<form") == 1 and "form-action 'self'" in answer.headers["content-security-policy"]
    )  # search
    script = await client.get(urljoin("/checklists/before", next(link for link in page.links if link.endswith(".js"))))
    assert (
        script.headers["content-type"].startswith("text/javascript") and "immutable" in script.headers["cache-control"]
    )
    for sends in ("fetch", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "cookie", "import(", "submit"):
        assert sends not in script.text
    for path in ("/checklists", "/posts/power", "/", "/checklists/before/history"):
        answer = await client.get(path)
        assert "script-src" not in answer.headers["content-security-policy"] and "<script" not in answer.text, path


async def test_who_suggests_a_correction_is_told_which_entry_and_which_file(client: Any) -> None:
    for path in ("/resources/guidance-2018", "/resources/guidance-2018/history"):
        assert "add?about=resources%2Fguidance-2018" in (await client.get(path)).text, path
    page = (await client.get("/add?about=resources%2Fguidance-2018")).text
    assert 'href="resources/guidance-2018"' in page and "content/resources/guidance-2018.md" in page
    for odd in ("resources/no-such", "<script>", "resources", "../../etc/passwd", "nothing/guidance-2018", "\0%00"):
        answer = await client.get("/add", params={"about": odd})
        assert answer.status_code == 200 and "The entry you came from" not in answer.text, odd


async def test_a_record_is_found_by_its_id_and_sent_to_its_address(client: Any, site: SiteBuilder) -> None:
    for path, target in (
        (f"/resources/{3:026d}", "../resources/guidance-2018"),
        (f"/resources/{3:026d}/history", "../../resources/guidance-2018/history"),
        (f"/topics/{1:026d}", "../topics/sharing-power"),
        ("/pages/about", "../about"),
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (301, target)


@pytest.mark.parametrize(
    "path", ["/nothing", "/resources/nothing", "/resources/nothing/history", "/topics/nothing", "/posts/guidance-2018", "/a/b/c",
             "/resources/%00", "/resources/%ff%fe", "/resources/" + "x" * 3000, "/static/none.css", f"/posts/{3:026d}"]
)  # fmt: skip
async def test_what_is_not_there_says_so_in_our_look(client: Any, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    page = check(answer.text)
    assert "Nothing is here" in page.text and "Go to the first page" in page.text
    style = next(link for link in page.links if link.endswith(".css"))
    assert (await client.get(urljoin(path, style))).status_code == 200


@pytest.mark.parametrize(
    "typed", ['"', "*", "AND", "NEAR(", "😀", "\0", "x" * 10_000, "<script>alert(1)</script>", "\u202e", "' OR 1=1"]
)
async def test_nothing_typed_is_an_error(client: Any, typed: str) -> None:
    for path in ("/search?q=", "/resources?q=", "/events?q=", "/resources?topic=", "/events?kind=", "/resources?page=", "/search?type=",
                 "/new?page=", "/resources?sort=", "/search?q=power&topic=", "/search?q=power&page="):  # fmt: skip
        answer = await client.get(path + quote(typed))
        assert answer.status_code == 200, path
        check(answer.text)
        assert "<script" not in answer.text


async def test_a_very_long_query_string_is_only_looked_at_in_part(client: Any) -> None:
    assert (await client.get("/resources?" + "&".join(f"topic=t{at}" for at in range(2000)))).status_code == 200


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x07{{ 7*7 }}"


def test_the_hostile_text_covers_what_it_should() -> None:
    assert all(one in HOSTILE for one in ('"', "'", "<", ">", "\u202e", "\x07"))


@pytest_asyncio.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[tuple[Any, list[str]]]:
    """A site whose every field of every kind holds the hostile text, also where another kind of value belongs."""
    site = build(tmp_path / "data" / "site.db")
    site.says(title=HOSTILE, organisation=HOSTILE, as_of=HOSTILE, digest="x")
    site.db.execute("INSERT INTO members VALUES (?, ?, ?, ?)", (HOSTILE, HOSTILE, HOSTILE, "javascript:alert(1)"))
    paths = ["/", "/new", "/differences", "/people", "/search?q=script", "/about", "/add"]
    for record_type in TYPES.values():
        text: dict[str, Any] = {one.name: HOSTILE for one in record_type.fields if one.name != "slug"}
        wrong = {name: value for name, value in {**text, "topics": [HOSTILE]}.items() if name not in ("languages",)}
        people = [{"name": HOSTILE, "role": HOSTILE, "organisation": [HOSTILE]}, HOSTILE, None, 5, [HOSTILE]]
        deep = {
            "variants": [{"text": HOSTILE, "source": {"a": [HOSTILE]}, "url": "javascript:alert(1)"}],
            "items": [{"text": HOSTILE}, 5],
        }
        links_ = {
            "url": "javascript:alert(1)",
            "other_urls": ["file:///etc/passwd", "https://[bad", HOSTILE],
            "start": "2018-13-45",
        }
        odd = {
            "credits": people,
            "authors": [HOSTILE],
            "conflicts": '["title", "credits", "nothing"]',
            "checks": '["body", 5]',
        }
        one = site.add(record_type.name, f"{record_type.name}-a", **wrong, language=HOSTILE, html="", text=HOSTILE)
        two = site.add(
            record_type.name,
            HOSTILE,
            **{**text, **deep, **links_, **odd, "languages": ["ar", HOSTILE], "topics": [HOSTILE]},
        )
        for record_id in (one, two):
            site.happened(
                record_id, HOSTILE, {**text, "credits": people, "topics": {"added": [HOSTILE], "removed": [5]}}
            )
            site.happened(record_id, HOSTILE, {HOSTILE: {"deep": [HOSTILE]}}, kind=HOSTILE)
            site.differs(record_id, "title", (HOSTILE, HOSTILE), (HOSTILE, {"a": [HOSTILE]}))
        folder = f"/{record_type.folder}"
        paths += [
            folder,
            f"{folder}?sort=title&q=script",
            f"{folder}/{record_type.name}-a",
            f"{folder}/{quote(HOSTILE, safe='')}",
        ]
        paths += [f"{folder}/{record_type.name}-a/history", f"{folder}/{quote(HOSTILE, safe='')}/history"]
    paths.append(f"/resources?topic={quote(HOSTILE)}")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    yield datasette.client, paths


async def test_hostile_text_is_never_more_than_text(hostile: tuple[Any, list[str]]) -> None:
    client, paths = hostile
    for path in paths:
        answer = await client.get(path, follow_redirects=True)  # there is one agreement, at an address of its own
        assert answer.status_code == 200, path
        page = check(answer.text)
        assert "img" not in page.tags, path  # Checked has refused scripts and handlers already
        assert not {"\u202e", "\x07"} & set(answer.text), path
        assert not any(link.strip().lower().startswith(("javascript:", "file:", "data:")) for link in page.links), path
        assert "{{ 7*7 }}" in page.text, path  # the name of the copy stands on every page, as it is


async def test_the_text_of_a_record_keeps_its_links_on_every_level(client: Any) -> None:
    assert 'href="posts/power"' in (await client.get("/about")).text
    assert 'href="../posts/power"' in (await client.get("/resources/guidance-2018")).text


async def test_language_and_direction_are_marked(client: Any) -> None:
    text = (await client.get("/resources/dalil")).text
    assert '<h1 lang="ar" dir="rtl">' in text
    assert (
        '<h3 lang="ar" dir="rtl"><a href="resources/dalil">' in (await client.get("/resources?q=" + quote("دليل"))).text
    )
    assert "Arabic" in text


async def test_the_same_page_is_not_sent_twice(client: Any, site: SiteBuilder) -> None:
    first = await client.get("/resources")
    again = await client.get("/resources", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.text) == (304, "")
    other = await client.get("/resources?page=2")
    assert other.headers["etag"] != first.headers["etag"]
    site.says(digest="d2")
    changed = await client.get("/resources", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    site.says(digest="d1")


async def test_the_style_sheet_may_be_kept_for_ever(client: Any) -> None:
    link = next(one for one in check((await client.get("/")).text).links if one.endswith(".css"))
    answer = await client.get("/" + link)
    assert "immutable" in answer.headers["cache-control"] and answer.headers["content-type"].startswith("text/css")
    assert len(answer.content) < 15_000


async def test_only_reading_is_answered(client: Any) -> None:
    assert (await client.get("/", headers={"x": "y"})).status_code == 200
    answer = await client.post("/resources", json={})
    assert answer.status_code in (403, 405)  # Datasette 0.65 asks for a CSRF token first


async def test_an_empty_site_is_no_error(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    for path in [
        "/",
        "/new",
        "/search?q=a",
        "/people",
        "/about",
        "/add",
        "/differences",
        *(f"/{one.folder}" for one in TYPES.values()),
    ]:
        answer = await datasette.client.get(path)
        assert answer.status_code == 200, path
        check(answer.text)


async def test_a_fault_shows_no_traceback(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cop.web.render.read_meta", lambda db: 1 / 0)
    answer = await client.get("/")
    assert answer.status_code == 500
    text = check(answer.text).text
    assert "Something went wrong here" in text and "division" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("written", "shown"),
    [("2018-12-05", "5 December 2018"), ("2018-02", "February 2018"), ("2018", "2018"), (2018, "2018"), ("2018-02-31", "2018-02-31"),
     ("2026-12-10T18:00+00:00", "10 December 2026, 18:00"), ("9999-12", "December 9999"), ("0000", "0000"), ("soon", "soon"), ("", "")]
)  # fmt: skip
def test_dates_of_any_precision_are_words(written: str | int, shown: str) -> None:
    assert dates.words(written) == shown


@pytest.mark.parametrize(
    ("start", "end", "zone", "shown"),
    [("2026-07-10T18:00+00:00", "2026-07-10T20:00+00:00", "Europe/London", "Friday 10 July 2026, 19:00 to 21:00 (London time)"),
     ("2026-07-10T18:00+01:00", None, "", "Friday 10 July 2026, 18:00 (UTC+01:00)"),
     ("2026-07-10T18:00", None, "Mars/Base", "Friday 10 July 2026, 18:00 (Mars/Base time)"),
     ("2019-07-01", "2019-07-07", "", "1 July 2019 to 7 July 2019"), ("2019", "2020", "", "2019 to 2020"), (None, None, "", "")]
)  # fmt: skip
def test_when_an_event_is(start: str | None, end: str | None, zone: str, shown: str) -> None:
    assert dates.span(start, end, zone) == shown


def test_events_end_at_the_end_of_what_is_known() -> None:
    when = dates.read("2026-02")
    assert when is not None and when.last.isoformat() == "2026-02-28"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:x",
        "file:///etc",
        "//evil.com",
        "data:text/html,x",
        "https://",
        "ftp://a",
        "https://[",
        5,
    ],
)
def test_only_web_and_mail_addresses_become_links(address: object) -> None:
    assert links.outside(address) == ""


def test_links_are_relative_from_every_depth() -> None:
    assert links.rel("/a/b/history", "/") == "../../"
    assert unquote(links.record_address("resource", "a/../b?c#d")) == "/resources/a/../b?c#d"


async def test_a_text_in_another_language_than_its_page_says_so(tmp_path: Path) -> None:
    def fill(site: SiteBuilder) -> None:
        site.add("page", "about", title="About us", languages=["en"], html="<p>Hello.</p>")
        site.add("project", "map", title="Map")
        site.add("note", "n", title="N", about="projects/map")

    client = serve(filled(tmp_path, fill).path).client
    page = (await client.get("/pl/about")).text
    assert '<h1 lang="en" dir="ltr">About us</h1>' in page and page.count('<p class="meta">') > 1
    assert "written in" not in (await client.get("/about")).text
    home = await words(client, "/")
    assert "Projects 1" in home and "Notes 1" in home
