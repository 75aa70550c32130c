"""Datasette's own pages for the published database: useful, described, and safe under plain `datasette serve`."""

import csv
import importlib.util
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from web_site import SiteBuilder, example, serve

import cop.web
from cop.cli.serve import SETTINGS
from cop.fields import TYPES
from cop.web import guard, published

METADATA = Path(__file__).parent.parent / "datasette_metadata.yml"
DESCRIBED = yaml.safe_load(METADATA.read_text("utf-8"))["databases"]["site"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    folder = tmp_path_factory.mktemp("datasette")
    shutil.copy(METADATA, folder)
    return example(folder / "data" / "site.db")


@pytest_asyncio.fixture(params=["plain", "named"])
async def client(site: SiteBuilder, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """Once without, once with the description named on the command line."""
    named = {"metadata": yaml.safe_load(METADATA.read_text("utf-8"))} if request.param == "named" else {}
    datasette = serve(site.path, **named)
    await datasette.invoke_startup()
    yield datasette.client


async def test_the_tables_are_described(client: Any) -> None:
    start = (await client.get("/site")).text
    assert "The collection as tables" in start and "CC BY 4.0" in start and "Events to come" in start
    assert "records_fts_data" not in start and 'href="/site/facets"' not in start
    table = (await client.get("/site/resources")).text
    assert "Things to read and use" in table and "Who it was written for" in table


async def test_every_box_of_a_table_has_a_name_for_those_who_hear_it(client: Any) -> None:
    """Datasette's own have none; should its templates change, this shows that ours miss them."""
    page = (await client.get("/site/records?type=resource&_facet=type")).text
    assert '<html lang="en">' in page and "pre { white-space" in page
    boxes = re.findall(r"<(?:select|input)[^>]*>", page)
    named = [
        one for one in boxes if "aria-label" in one or re.search(r'id="_search"|type="(?:hidden|submit|checkbox)"', one)
    ]
    assert len(boxes) > 8 and boxes == named
    crosses = re.findall(r'<a[^>]*class="cross"[^>]*>', page)
    assert crosses and all("aria-label" in one for one in crosses)


async def test_a_page_of_a_table_holds_the_beginning_of_a_text_and_its_row_the_whole(tmp_path: Path) -> None:
    site = example(tmp_path / "data" / "site.db")
    site.add("post", "long", title="Long", body=f"{'Word ' * 100}. The end.")
    client = serve(site.path, settings=SETTINGS).client
    row = site.db.execute("SELECT number FROM records WHERE slug = 'long'").fetchone()[0]
    assert "The end." not in (await client.get("/site/records?slug=long")).text
    assert "The end." in (await client.get(f"/site/records/{row}")).text
    assert "The end." in (await client.get("/site/records.json?slug=long")).text
    site.db.close()


async def test_csv_keeps_every_word_and_the_page_says_how_to_open_it_safely(tmp_path: Path) -> None:
    site = example(tmp_path / "data" / "site.db")
    formula = '=HYPERLINK("http://evil.example","x")'
    site.add("resource", "formula", title=formula)
    client = serve(site.path, settings=SETTINGS).client
    rows = csv.DictReader(io.StringIO((await client.get("/site/resources.csv?slug=formula")).text))
    assert [row["title"] for row in rows] == [formula]
    assert "import CSV files as text" in (await client.get("/site")).text
    site.db.close()


EXPECTED: dict[str, dict[str, Any] | None] = {
    "upcoming_events": {"title": "Power workshop", "page": "/events/workshop"},
    "resources_per_topic": {"topic": "Sharing power", "resources": 3, "page": "/topics/sharing-power"},
    "resources_added_this_month": None,
    "who_is_credited": {"name": "Hodan", "organisation": "Caafi Health", "role": "wrote"},
    "changed_since": {"organisation": "Caafi Health", "kind": "change", "slug": "guidance-2018"},
    "missing_in_resources": {"title": "Rose and Kalathil, 2019", "summary": None, "link": "no link"},
    "access_not_stated": None,
    "meanings_side_by_side": {"word": "Co-production", "meaning": "More equal", "source": "CLAHRC West", "year": 2018},
    "who_contributed": {"kind": "community", "organisation": "Caafi Health", "records": 2},
    "answers_that_differ": {
        "title": "Power workshop",
        "field": "venue_access",
        "organisation": "University of Bristol",
    },
    "newer_editions": {"year": 2018, "newer_year": 2021, "page": "/resources/guidance-2021"},
    "languages_of_resources": {"language": "en", "resources": 2},
}


def test_every_canned_query_is_looked_at() -> None:
    assert set(EXPECTED) == set(DESCRIBED["queries"])


@pytest.mark.parametrize(("query", "expected"), EXPECTED.items())
async def test_canned_queries_answer_although_sql_is_off(
    client: Any, query: str, expected: dict[str, Any] | None
) -> None:
    answer = await client.get(f"/site/{query}.json?_shape=array&since=2026-01-01")
    assert answer.status_code == 200, answer.text
    rows = answer.json()
    assert expected is None or any(expected.items() <= row.items() for row in rows), rows
    assert (await client.get(f"/site/{query}")).status_code == 200


def test_every_table_and_column_is_described(site: SiteBuilder) -> None:
    tables = [name for (name,) in site.db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    for table in tables:
        if not table.startswith(("records_fts", "sqlite_")):
            told = DESCRIBED["tables"][table]
            columns = {row["name"] for row in site.db.execute(f'PRAGMA table_info("{table}")')}
            assert told.get("hidden") or columns <= told["columns"].keys(), (table, columns - told["columns"].keys())
    assert {one.folder for one in TYPES.values()} <= DESCRIBED["tables"].keys()


def test_the_page_of_tables_is_up_to_date() -> None:
    """python tools/tables.py"""
    spec = importlib.util.spec_from_file_location("tables", METADATA.parent / "tools" / "tables.py")
    assert spec and spec.loader
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.PAGE.read_text("utf-8") == tables.page()


async def test_rows_lead_to_pages_and_pages_to_rows(client: Any) -> None:
    assert '<a href="/events/workshop">/events/workshop</a>' in (await client.get("/site/events")).text
    assert '<a href="/events/workshop">/events/workshop</a>' in (await client.get("/site/upcoming_events")).text
    page = (await client.get("/resources/guidance-2018")).text
    found = re.search(r'href="\.\./(site/records/\d+)">As data', page)
    assert found
    row = (await client.get(f"/{found[1]}")).text
    assert '<a href="/resources/guidance-2018">guidance-2018</a>' in row
    assert f'<a href="/site/history?record_id={3:026d}">' in row  # what happened to it
    history = (await client.get(f"/site/history?record_id={3:026d}")).text
    assert "Nilaari Agency" in history and f'<a href="/site/records?record_id={3:026d}">' in history


async def test_addresses_of_pages_are_whole_if_the_site_has_one(tmp_path: Path) -> None:
    site = example(tmp_path / "data" / "site.db")
    site.says(url="https://equals.example/")
    assert (
        site.db.execute("SELECT page FROM posts WHERE slug = 'power'").fetchone()[0]
        == "https://equals.example/posts/power"
    )


async def test_tables_can_be_searched_and_have_counts_to_narrow_them(client: Any) -> None:
    found = (await client.get("/site/resources.json?_shape=array&_search=guidance")).json()
    assert {row["slug"] for row in found} == {"guidance-2018", "guidance-2021"}
    page = (await client.get("/site/resources")).text
    assert 'name="_search"' in page and "topics" in page and "?_facet" not in page.split("facet-results")[0]
    counts = (await client.get("/site/resources.json?_size=0&_extra=facet_results")).json()["facet_results"]
    counts = counts.get("results", counts)
    assert {"kind", "topics", "audience", "languages"} <= counts.keys()


@pytest.mark.parametrize(
    "path", ["/site/resources?_next=abc", "/site/records?_sort=zz", "/site/records?_through={}", "/site/records?_facet=zz",
             "/site/records?_facet_array=title", "/site/records?_sort=title&_sort_desc=title", "/site/records.json?_sort=zz"]
)  # fmt: skip
async def test_addresses_that_ask_for_what_is_not_there_are_no_failure(client: Any, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code in (200, 400), answer.text[:200]
    assert answer.status_code == 200 or "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [("/site/records?_where=1", 403, "not open to readers"), ("/site/records?_size=99999", 400, "question mark"),
     ("/site/records?_size=x", 400, "question mark")],
)  # fmt: skip
async def test_what_datasette_refuses_is_told_in_the_look_of_the_site(
    client: Any, path: str, status: int, told: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == status and told in answer.text and "<nav" in answer.text
    answer = await client.get(path.replace("?", ".json?"))
    assert answer.status_code == status and answer.json()["ok"] is False


@pytest.mark.parametrize(
    "path", ["/site", "/site/records", "/site/records/1", "/site/upcoming_events", "/site.json", "/nothing", "/"]
)
async def test_ways_to_ask_that_nobody_answers_are_turned_away_in_words(client: Any, path: str) -> None:
    for method in ("TRACE", "FOO", "PUT", "DELETE", "PATCH", *(["POST"] if path.startswith("/site") else [])):
        answer = await client.request(method, path)
        assert answer.status_code == 405 and "GET" in answer.headers["allow"] and "answered here" in answer.text


async def test_a_fault_of_the_file_is_not_blamed_on_the_reader(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not published.is_asked_wrongly(OSError()) and not published.is_asked_wrongly(sqlite3.OperationalError())
    with pytest.raises(sqlite3.OperationalError) as wrong:
        sqlite3.connect(":memory:").execute("SELECT zz")
    assert published.is_asked_wrongly(wrong.value) and published.is_asked_wrongly(ValueError())


async def test_a_site_without_a_description_of_its_own_has_ours(tmp_path: Path) -> None:
    site = example(tmp_path / "data" / "site.db")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    assert "The collection as tables" in (await datasette.client.get("/site")).text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/site/resources.json?_shape=array", '"page": "/resources/guidance-2018"'),
        ("/site/records.json?_search=power", "Three kinds of power"),
        ("/site/records.json?_search=kinds", "Three kinds of power"),
        ("/site/records.json?_search=meetings", '"guidance-2021"'),
        ("/site/records", 'name="_search"'),
        ("/site", "/site/glossary"),
    ],
)
def test_the_file_alone_is_useful_where_there_is_only_datasette(site: SiteBuilder, path: str, expected: str) -> None:
    environment = {**os.environ, "DATASETTE_LOAD_PLUGINS": ""}
    command = [sys.executable, "-m", "datasette", "serve", str(site.path), "--get", path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_nothing_in_the_file_runs_by_itself_or_writes(site: SiteBuilder) -> None:
    """Whoever opens the file elsewhere gets tables and views of them, and nothing that acts when something is written."""
    found = site.db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    assert not [row["name"] for row in found if row["type"] == "trigger"]
    calls = {name for row in found if row["type"] == "view" for name in re.findall(r"(\w+) ?\(", row["sql"])}
    assert calls <= {"json_extract", "coalesce", "rtrim"}


SQL = "select+sqlite_version()+as+secret_version"


@pytest.mark.parametrize(
    "path",
    [f"/site?sql={SQL}", f"/site.json?sql={SQL}", f"/site/-/query?sql={SQL}", f"/site/-/query.json?sql={SQL}", f"/site.csv?sql={SQL}",
     "/site/records?_where=1=1", "/site/records.json?_where=1=1", f"/_memory?sql={SQL}", f"/_internal?sql={SQL}",
     "/site/-/execute-write", "/site/-/create", "/site/-/queries/store"]
)  # fmt: skip
async def test_nobody_runs_sql_of_their_own(client: Any, path: str) -> None:
    answer = await client.get(path, follow_redirects=True)
    assert answer.status_code in (400, 403, 404, 405), (path, answer.text[:300])
    assert f'"{sqlite3.sqlite_version}"' not in answer.text


async def test_not_even_when_somebody_has_set_it_on(site: SiteBuilder) -> None:
    allowed = {"databases": {"site": {"allow_sql": True, "allow": True}}, "allow_sql": True}
    settings: dict[str, Any] = {"metadata": allowed}
    if hasattr(serve(site.path), "add_query"):  # 1.0
        settings["config"] = {"databases": {"site": {"allow_sql": True}}, "permissions": {"execute-sql": True}}
    datasette = serve(site.path, **settings)
    await datasette.invoke_startup()
    for path in (f"/site.json?sql={SQL}", f"/site/-/query.json?sql={SQL}"):
        answer = await datasette.client.get(path, follow_redirects=True)
        assert answer.status_code in (400, 403, 404), answer.text


HIDDEN = [
    "databases",
    "plugins",
    "versions",
    "settings",
    "threads",
    "config",
    "metadata",
    "actor",
    "messages",
    "permissions",
    "allow-debug",
]


NOWHERE = (
    "/store.db", "/store.db?x=1", "/data/store.db", "/cop.toml", "/nothing", "/nothing.json", "/nothing/x/y", "/site/nothing",
    "/site/nothing/1", "/site/nothing.csv", "/site/records/99999", "/site/records/99999.json", "/-/nothing",
    "/cy/store.db", "/desk/nothing",
)  # fmt: skip


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_is_nowhere_is_said_in_the_look_of_the_site(client: Any, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    if path.endswith(".json"):
        assert answer.json()["error"] == "Nothing is here"
    else:
        assert re.search("Nothing is here|Does dim byd yma", answer.text) and "Powered by" not in answer.text


@pytest.mark.parametrize("name", HIDDEN)
async def test_pages_about_the_machine_are_hidden(client: Any, name: str) -> None:
    page, data = await client.get(f"/-/{name}"), await client.get(f"/-/{name}.json")
    assert (page.status_code, data.status_code) == (404, 404)
    assert "Nothing is here" in page.text and "Nothing is here" in data.text


async def test_no_page_shows_where_the_file_lies(client: Any, site: SiteBuilder) -> None:
    paths = ["/", "/site", "/site.json", "/.json", "/site/records", "/site/records.json", "/-/", "/-/jump.json", "/-/schema.json", "/nothing",
             "/site/nothing", "/site/-/schema", "/-/queries.json", "/-/databases.json"]  # fmt: skip
    for path in paths:
        answer = await client.get(path, follow_redirects=True)
        assert str(site.path.parent) not in answer.text, path


async def test_policies_differ_for_our_pages_and_datasettes(client: Any) -> None:
    for path in ("/", "/resources", "/nothing", "/resources/guidance-2018"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert policy == guard.OUR_POLICY and "unsafe" not in policy
    for path in ("/site", "/site/records", "/site.json"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == guard.DATASETTE_POLICY
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


async def test_tables_open_quickly_because_facets_are_not_guessed(client: Any) -> None:
    answer = await client.get("/site/events")
    assert answer.status_code == 200 and "suggested-facets" not in answer.text
    assert (await client.get("/site/resources.csv")).text.startswith("record_id,slug,title,summary")


def test_no_value_fills_the_memory() -> None:
    db = sqlite3.connect(":memory:")
    cop.web.prepare_connection(db)
    with pytest.raises(sqlite3.DataError):
        db.execute("SELECT length(randomblob(20000000))").fetchone()


async def _send(app: Any, path: str, chunks: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """Status and how many chunks were read, for a request that says what it likes about its length."""
    sent: list[dict[str, Any]] = []
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
             "http_version": "1.1", "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], len(chunks) - len(left)


@pytest.mark.parametrize(
    ("path", "limit"), [("/resources", guard.MAX_BODY_BYTES), ("/-/cop/sync", guard.MAX_SYNC_BYTES)]
)
async def test_large_bodies_are_refused_before_they_are_read(client: Any, path: str, limit: int) -> None:
    app = client.ds.app()
    length = [(b"content-length", str(limit + 1).encode())]
    assert await _send(app, path, [b"x"], length) == (413, 0)


async def test_a_body_that_lies_about_its_length_is_cut_off_while_reading(site: SiteBuilder) -> None:
    async def reads_all(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    datasette = serve(site.path)
    chunks = [b"x" * 16_000] * 1000
    status, read = await _send(guard.wrap(datasette, reads_all), "/resources", chunks, [(b"content-length", b"5")])
    assert status == 413 and read <= guard.MAX_BODY_BYTES // 16_000 + 1
    form = [(b"content-type", b"application/x-www-form-urlencoded"), (b"cookie", b"ds_csrftoken=x")]
    status, read = await _send(datasette.app(), "/resources", chunks, form)
    assert status in (403, 405, 413) and read <= 6


async def test_a_description_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    site = example(tmp_path / "data" / "site.db")
    (tmp_path / "datasette_metadata.yml").write_text("databases: [unfinished")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    assert (await datasette.client.get("/site")).status_code == 200
    assert (await datasette.client.get("/")).status_code == 200


async def test_without_a_published_database_the_pages_say_so(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE a (b)")
    datasette = serve(other)
    await datasette.invoke_startup()
    answer = await datasette.client.get("/")
    assert answer.status_code == 404 and "Nothing here yet" in answer.text
