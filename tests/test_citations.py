"""Citations, read back by programs that others wrote."""

import io
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import bibtexparser
import pytest
import pytest_asyncio
import rispy
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.database import Person, parse_string
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from web_site import build, serve

from cop import citations, database
from cop.citations import Author, Work
from cop.plain import one_line

PROJECT = Path(__file__).parent.parent
TODAY = date(2026, 12, 3)


def some_work(**given: Any) -> Work:
    known: dict[str, Any] = {
        "key": "guidance-2018", "title": "Guidance & more", "kind": "guidance", "authors": (Author(family="Hickey", given="G."), Author("Caafi Health")),
        "publisher": "INVOLVE", "year": 2018, "url": "https://example.org/a_b?c=1&d=%20", "page": "https://cop.example/resources/guidance-2018",
        "language": "en", "keywords": ("meetings",), "abstract": "About power.", "remarks": (), "accessed": TODAY,
    }  # fmt: skip
    return Work(**{**known, **given})


# -- the programs of others


KNOWN = get_default_latex_context_db()
KNOWN.add_context_category(
    "braces", [MacroTextSpec("textbraceleft", "{"), MacroTextSpec("textbraceright", "}")], prepend=True
)


def plain(latex: str) -> str:
    """What a reader of BibTeX makes of a value."""
    return str(LatexNodes2Text(latex_context=KNOWN).latex_to_text(latex))


def bibtex_name(person: Person) -> str:
    parts = [
        " ".join(part) for part in (person.prelast_names + person.last_names, person.first_names + person.middle_names)
    ]
    return ", ".join(plain(part) for part in parts if part)


def by_pybtex(text: str) -> dict[str, Any]:
    """One entry as pybtex reads it; it follows BibTeX's own rules."""
    entries = parse_string(text, "bibtex").entries
    assert len(entries) == 1
    entry = entries[next(iter(entries))]
    told = {name: plain(value) for name, value in entry.fields.items() if name != "url"}
    return told | {
        "url": entry.fields.get("url", ""),
        "authors": [bibtex_name(one) for one in entry.persons.get("author", [])],
        "kind": entry.type,
    }


def by_bibtexparser(text: str) -> dict[str, Any]:
    """One entry as bibtexparser reads it; its splitting of names and its decoding of letters are its own."""
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks and len(library.blocks) == 1
    return {field.key: field.value for field in library.entries[0].fields}


def by_rispy(text: str) -> dict[str, Any]:
    (entry,) = rispy.load(io.StringIO(text, newline=""))
    return entry


def by_citeproc(text: str) -> str:
    """The work as citeproc lays it out in Harvard style."""
    source = CiteProcJSON(json.loads(text))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, source, formatter.plain)
    bibliography.register(Citation([CitationItem(key) for key in source]))
    return str(bibliography.bibliography()[0])


# -- single works


def test_bibtex_is_written_as_people_expect():
    assert citations.bibtex(some_work()) == (
        "@report{guidance-2018,\n"
        "  author = {Hickey, G. and {Caafi Health}},\n"
        "  title = {Guidance \\& more},\n"
        "  institution = {INVOLVE},\n"
        "  year = {2018},\n"
        "  type = {Guidance},\n"
        "  url = {https://example.org/a_b?c=1&d=%20},\n"
        "  urldate = {2026-12-03},\n"
        "  langid = {english},\n"
        "  keywords = {meetings},\n"
        "  abstract = {About power.}\n"
        "}\n"
    )


def test_ris_is_written_as_people_expect():
    assert citations.ris(some_work(remarks=("Old.",))) == (
        "TY  - RPRT\r\nID  - guidance-2018\r\nAU  - Hickey, G.\r\nAU  - Caafi Health\r\nTI  - Guidance & more\r\n"
        "PY  - 2018\r\nPB  - INVOLVE\r\nUR  - https://example.org/a_b?c=1&d=%20\r\nY2  - 2026/12/03\r\nLA  - en\r\n"
        "KW  - meetings\r\nAB  - About power.\r\nN1  - Old.\r\nER  - \r\n"
    )


def test_what_nobody_has_written_down_is_left_out():
    bare = some_work(kind="", authors=(), publisher="", year=None, url="", language="", keywords=(), abstract="")
    assert citations.bibtex(bare) == "@misc{guidance-2018,\n  title = {Guidance \\& more}\n}\n"
    assert citations.ris(bare) == "TY  - GEN\r\nID  - guidance-2018\r\nTI  - Guidance & more\r\nER  - \r\n"
    assert json.loads(citations.csl_json(bare)) == [
        {"id": "guidance-2018", "type": "document", "title": "Guidance & more"}
    ]


def test_arabic_and_accents_stay_letters():
    work = some_work(title="دليل البحث المشترك", language="ar", authors=(Author("جمعية كافي"), Author("Łódź Café")))
    for text in (citations.bibtex(work), citations.ris(work), citations.csl_json(work)):
        assert "دليل البحث المشترك" in text and "جمعية كافي" in text and "Łódź Café" in text
    assert "langid = {arabic}" in citations.bibtex(work)
    assert by_pybtex(citations.bibtex(work))["authors"] == ["جمعية كافي", "Łódź Café"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Hickey, G.", Author(family="Hickey", given="G.")),
        ("de Vries, Anna", Author(family="de Vries", given="Anna")),
        ("Thomas Hughes, H", Author(family="Thomas Hughes", given="H")),
        ("Hodan Ahmed Warsame", Author("Hodan Ahmed Warsame")),  # Somali names have no family name
        ("Facer K", Author("Facer K")),
        ("Aabe et al.", Author("Aabe et al.")),
        ("People, Dialogue and Change", Author("People, Dialogue and Change")),
        ("Rights, Now", Author("Rights, Now")),  # an organisation of this copy
        ("Smith, J., Jones, K.", Author("Smith, J., Jones, K.")),
        ("King, M.; Gillard, S.", Author("King, M.; Gillard, S.")),
    ],
)
def test_names_are_split_only_where_a_comma_was_written(written: str, expected: Author):
    assert citations.author(written, {"Rights, Now"}) == expected


# -- hostile texts

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "}", "{", "\\", "@article{x,", "\n", "\r\n", "\u2028", "\x85", "\x0c", "\x00", "TY  - JOUR", "ER  - ", "AU  - ", '"',
                "%", "#", "$", "_", "^", "~", "&", " and ", ",", "]]>", "<b>", "\u202e", "=", "a", "ü", "ش", " ",
            ]
        ),
        max_size=12,
    ).map("".join),
).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))  # fmt: skip
HOSTILE_WORK = st.builds(
    lambda title, names, publisher, summary, words, kind: some_work(
        title=title, authors=tuple(citations.author(name) for name in names if one_line(name)), publisher=publisher, abstract=summary,
        keywords=tuple(words), kind=kind, remarks=(summary,),
    ),
    HOSTILE.filter(one_line), st.lists(HOSTILE, max_size=3), HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=2),
    st.sampled_from(["", "paper", "guidance", "website", "nonsense}"]),
)  # fmt: skip


def tidy(text: str) -> str:
    """Equal but for spaces, and for signs that TeX reads as another one."""
    for ligature, sign in {
        "---": "—",
        "--": "–",
        "``": "“",
        "''": "”",
        "?`": "¿",
        "!`": "¡",
        "`": "‘",
        "'": "’",
    }.items():
        text = text.replace(ligature, sign)
    return "".join(text.split()).translate({0x2C6: "^", 0x2DC: "~"})  # pylatexenc reads the signs so


@given(HOSTILE_WORK)
@settings(max_examples=300)
def test_nothing_breaks_out_of_bibtex(work: Work):
    text = citations.bibtex(work)
    read = by_pybtex(text)
    assert tidy(read["title"]) == tidy(one_line(work.title))
    assert [tidy(name) for name in read["authors"]] == [tidy(citations.inverted(one)) for one in work.authors]
    assert read["url"] == work.url and read["year"] == "2018"
    assert set(by_bibtexparser(text)) <= {
        "author", "title", "institution", "publisher", "organization", "year", "type", "url", "urldate", "langid", "keywords",
        "abstract", "annotation",
    }  # fmt: skip


@given(HOSTILE_WORK)
@settings(max_examples=300)
def test_nothing_breaks_out_of_ris(work: Work):
    read = by_rispy(citations.ris(work))
    assert read["title"] == one_line(work.title).strip()
    assert read.get("authors", []) == [citations.inverted(one) for one in work.authors]
    assert read["urls"] == [work.url] and read["year"] == "2018"


@given(HOSTILE_WORK)
@settings(max_examples=100)
def test_nothing_breaks_out_of_csl_json(work: Work):
    (read,) = json.loads(citations.csl_json(work))
    assert read["title"] == one_line(work.title)
    assert len(read.get("author", [])) == len(work.authors)


# -- the real resources, through Datasette


class Tags(HTMLParser):
    """The citation_* tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and str(given.get("name", "")).startswith("citation_"):
            self.found.setdefault(str(given["name"]), []).append(given["content"] or "")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of this project, published."""
    from conftest import NOW

    from cop import identity, worktree
    from cop.config import Site

    root = tmp_path_factory.mktemp("real")
    made, _ = identity.make_site_folder(root / "site", root / "keys", "Caafi Health", "community", "")
    shutil.copytree(PROJECT / "content", made.content, dirs_exist_ok=True)
    site = Site(made.root, made.keys, made.config)
    db, signer = identity.open_installation(site, NOW)
    worktree.load(site, db, signer, now=NOW, paths=())
    db.close()
    return site.site_db


@pytest_asyncio.fixture
async def client(real: Path) -> AsyncIterator[Any]:
    datasette = serve(real)
    await datasette.invoke_startup()
    yield datasette.client


async def test_every_real_resource_is_read_back_by_programs_of_others(client: Any, real: Path) -> None:
    db = sqlite3.connect(real)
    rows = db.execute("SELECT slug, title, fields FROM records WHERE type = 'resource' ORDER BY slug").fetchall()
    db.close()
    assert len(rows) == 209
    for slug, title, text in rows:
        fields = json.loads(text)
        expected = (title, fields.get("authors", []), str(fields.get("year", "")), fields.get("url", ""))
        bib, ris, csl, page = [
            await client.get(f"/resources/{slug}{ending}") for ending in (".bib", ".ris", ".json", "")
        ]
        read = by_pybtex(bib.text)
        assert (read["title"], read["authors"], read.get("year", ""), read["url"]) == expected
        assert by_bibtexparser(bib.text)["title"]
        entry = by_rispy(ris.text)
        found = (entry["title"], entry.get("authors", []), entry.get("year", ""), entry.get("urls", [""])[0])
        assert found == expected
        (item,) = csl.json()
        names = [one.get("literal") or f"{one['family']}, {one['given']}" for one in item.get("author", [])]
        year = str(item.get("issued", {"date-parts": [[""]]})["date-parts"][0][0])
        assert (item["title"], names, year, item.get("URL", "")) == expected
        assert title.split()[0].lower() in by_citeproc(csl.text).lower()
        tags = Tags(page.text).found
        tagged = [tags.get(f"citation_{name}", []) for name in ("title", "author", "publication_date", "public_url")]
        assert tagged == [[title], expected[1], list(filter(None, [expected[2]])), list(filter(None, [expected[3]]))]


async def test_a_narrowed_list_is_taken_along_as_one_file(client: Any, real: Path) -> None:
    page = (await client.get("/resources?topic=meetings&sort=title")).text
    assert 'href="resources.bib?topic=meetings&amp;sort=title"' in page
    db = sqlite3.connect(real)
    on_topic = "SELECT slug FROM records JOIN facets USING (number, type) WHERE type = 'resource' AND name = 'topics' AND value = ?"
    expected = {slug for (slug,) in db.execute(on_topic, ("meetings",))}
    db.close()
    assert len(expected) > 3
    bib, ris, csl = [await client.get(f"/resources.{ending}?topic=meetings") for ending in ("bib", "ris", "json")]
    assert set(parse_string(bib.text, "bibtex").entries) == expected
    assert {entry["id"] for entry in rispy.load(io.StringIO(ris.text, newline=""))} == expected
    assert {item["id"] for item in csl.json()} == expected
    everything = await client.get("/resources.bib")
    assert len(parse_string(everything.text, "bibtex").entries) == 209


async def test_files_say_what_they_are(client: Any) -> None:
    for ending, kind in (
        ("bib", "application/x-bibtex"),
        ("ris", "application/x-research-info-systems"),
        ("json", "application/vnd.citationstyles.csl+json"),
    ):
        answer = await client.get(f"/resources/lukes-2005.{ending}")
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["content-disposition"] == f'inline; filename="lukes-2005.{ending}"'
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await client.get(f"/resources/lukes-2005.{ending}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await client.get(f"/resources/nothing-here.{ending}")).status_code == 404


async def test_a_resource_asked_for_by_its_id_is_found(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        record_id = site.add("resource", "guide", title="A } guide", year=2020, authors=["x\nER  - "])
    datasette = serve(site.path)
    await datasette.invoke_startup()
    answer = await datasette.client.get(f"/resources/{record_id}.bib", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "../resources/guide.bib")
    assert by_pybtex((await datasette.client.get("/resources/guide.bib")).text)["title"] == "A } guide"
    assert by_rispy((await datasette.client.get("/resources/guide.ris")).text)["authors"] == ["x ER -"]


async def test_keywords_are_the_titles_of_topics(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    site.add("topic", "feature-power", title="Joint ownership of key decisions")
    site.add("resource", "guide", title="A guide", topics=["feature-power", "no-page-yet"])
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    client = datasette.client
    assert by_rispy((await client.get("/resources/guide.ris")).text)["keywords"] == [
        "Joint ownership of key decisions",
        "No page yet",
    ]
    for address in ("/resources/guide.bib", "/resources/guide"):
        told = (await client.get(address)).text
        assert "Joint ownership of key decisions" in told and "{feature-power" not in told
    assert 'name="citation_keywords" content="Joint ownership of key decisions; No page yet"' in told


async def test_a_post_and_an_event_are_cited_like_any_work(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    site.says(title="Research as Equals", as_of="2026-11-22T10:00:00Z", digest="d1")
    site.add("post", "tea", title="Tea first", authors=["Hodan", "Hickey, G."], date="2026-11-19")
    site.add("event", "hall", title="Evening", organisers=["Caafi Health"], start="2026-12-10T18:00")
    site.add("event", "bare", title="Bare")
    client = serve(site.path).client
    post = by_pybtex((await client.get("/posts/tea.bib")).text)
    assert (post["title"], post["year"], post["url"]) == ("Tea first", "2026", "http://localhost/posts/tea")
    assert "Research as Equals" in post.values()
    assert rispy.loads((await client.get("/events/hall.ris")).text)[0]["authors"] == ["Caafi Health"]
    assert (await client.get("/events/bare.json")).json()[0]["title"] == "Bare"
    page = (await client.get("/events/hall")).text
    assert "Caafi Health (10 December 2026) Evening. http://localhost/events/hall." in page
    assert 'href="../events/hall.bib"' in page and 'name="citation_title" content="Evening"' in page
    assert "Bare (no date)." in (await client.get("/events/bare")).text
    assert (await client.get("/events/none.bib")).status_code == 404
    site.db.close()
