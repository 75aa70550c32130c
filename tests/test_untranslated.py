"""No word of ours escapes translation: in a made-up language every one stands in ⟦brackets⟧, on every page."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from gettext import GNUTranslations
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from string import ascii_letters
from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from web_site import SiteBuilder, build, example, serve

from cop.contributions import ADD, CORRECT, REMOVE, SAY, Sent, decline, take, waiting
from cop.fields import TYPES
from cop.languages import OWN_NAMES
from cop.pocket import document
from cop.pocket.file import document_of
from cop.pocket.within import Choice, within
from cop.web import catalogues, language
from tests.desk_browser import signed_in
from tests.network import NAMES, NOW, Place
from tests.test_desk import Asking, served
from tests.test_desk import site as site  # a fixture
from tests.test_pages import EXPECTED
from tools import translations


def forms(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def speak(monkeypatch: pytest.MonkeyPatch, code: str, change: Any) -> None:
    """Put a made-up catalogue in place of that of a language."""
    catalog = Catalog(locale=code)
    for message in translations.template():
        if message.id:
            made = tuple(change(one) for one in forms(message.id))
            several = made[:1] + made[1:] * (catalog.num_plurals - 1)
            catalog.add(message.id, several if len(made) == 2 else made[0])
    binary = BytesIO()
    write_mo(binary, catalog)
    binary.seek(0)
    made_up = catalogues.Catalogue(GNUTranslations(binary), True)
    monkeypatch.setattr(language, "catalogue", lambda asked: made_up if asked == code else catalogues.catalogue(asked))


# Parts of what stands in the example as it is: a name of a time zone, web addresses, what was looked for, the site
IN_ADDRESSES = {
    *("Europe", "London", "https", "www", "invo", "org", "uk", "guidance"),
    *("power", "zebra", "workshop", "nowhere", "Nowhere"),
    *("Research", "as", "Equals"),
    *("BibTeX", "RIS", "JSON"),
}
GREEK = str.maketrans(ascii_letters, "αβψδεφγηιξκλμνοπθρστυωχσζξΑΒΨΔΕΦΓΗΙΞΚΛΜΝΟΠΘΡΣΤΥΩΧΣΖΞ")
NAMED = {"topics", "languages", "audience", "superseded_by", "supersedes", "part_of", "parent", "differs_from", "slug"}


def in_greek(value: Any) -> Any:
    """The same with other letters, so that no text of a record can be taken for one of ours."""
    if isinstance(value, str):
        return value.translate(GREEK)
    if isinstance(value, list):
        return [in_greek(one) for one in value]
    return {name: in_greek(one) for name, one in value.items()} if isinstance(value, dict) else value


class GreekSite(SiteBuilder):
    """Writes every text of every record in Greek letters; dates, choices and addresses stay."""

    def add(self, type_name: str, slug: str, **given: Any) -> str:
        record_type = TYPES[type_name]
        kept = {"conflicts", "checks", "changed", "language"}
        for name, value in given.items():
            field = record_type.field(name)
            kind = field.kind if field else "text"
            if name == "html":
                given[name] = re.sub(r"(?<=>)[^<]+", lambda found: in_greek(found[0]), value)
            elif name not in kept | NAMED | {"timezone"} and kind not in ("choice", "date", "flag", "number", "url"):
                given[name] = in_greek(value)
        return super().add(type_name, slug, **{"title": in_greek(slug), **given})

    def happened(
        self,
        record_id: str,
        organisation: str,
        patch: dict[str, Any],
        kind: str = "change",
        before: dict[str, list[Any]] | None = None,
        **told: Any,
    ) -> None:
        why = in_greek(told.pop("why", ""))
        old = {name: in_greek(values) for name, values in (before or {}).items()}
        super().happened(record_id, in_greek(organisation), in_greek_values(patch), kind, old, why=why, **told)

    def differs(self, record_id: str, name: str, *answers: tuple[str, Any]) -> None:
        super().differs(record_id, name, *((in_greek(who), in_greek(value)) for who, value in answers))

    def says(self, **meta: str) -> None:
        super().says(
            **{name: in_greek(value) if name in ("title", "organisation") else value for name, value in meta.items()}
        )


def in_greek_values(patch: dict[str, Any]) -> dict[str, Any]:
    return {
        name: in_greek(value) if not isinstance(value, dict) else {key: in_greek(one) for key, one in value.items()}
        for name, value in patch.items()
    }


@pytest.fixture
def greek(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteBuilder:
    monkeypatch.setattr("web_site.SiteBuilder", GreekSite)
    site = example(tmp_path / "data" / "site.db")
    assert isinstance(site, GreekSite)
    site.add("event", "walk", start="2019-03-02T18:00", moved_from="2019-03-01", status="moved", access_provided=["childcare"],
             join_methods=["phone", "video"], costs_covered=["fares"], may_upset="x", under_18s=True, contact_role="x",
             papers_out="2019-02-01", timezone="Europe/London", timezone_basis="of-the-site", booking="x", format="hybrid",
             roles=[{"name": "x", "role": "chair"}, {"name": "y", "role": "notes", "date": "2019-01-07"}],
             agenda={"name": "a.pdf", "size": 34_000, "sha256": "a" * 64, "type": "application/pdf"})  # fmt: skip
    site.add("event", "picnic", start="2019-05", status="cancelled")
    site.db.execute("UPDATE members SET name = 'Ομάδα'")
    site.db.execute("UPDATE meta SET value = 'greek' WHERE name = 'digest'")  # names are kept by the digest of a copy
    for at, kind in enumerate(("withdraw", "erase", "endorse", "same-as", "change", "κάτι")):
        site.happened(
            f"{3:026d}",
            "Caafi Health",
            {} if at % 2 else dict.fromkeys(("title", "year", "url", "kind", "note", "label", "file"), "x"),
            kind,
        )
    site.db.commit()
    return site


class Seen(HTMLParser):
    """Everything that a reader sees or hears: text, and attributes that are read out."""

    SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-label", "content")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[bool] = []  # of each open element, whether it holds code or says that it is in English
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in ("meta", "link", "input", "br", "img"):
            self._open.append(tag in ("code", "pre") or given.get("lang") == "en" or "hreflang" in given)
        named = tag != "meta" or given.get("name") == "description"
        self.texts += [
            given[name] or ""
            for name in self.SPOKEN
            if name in given and named and not (given[name] or "").startswith("http")
        ]

    def handle_endtag(self, tag: str) -> None:
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._open):
            self.texts.append(data)


def words_of_locale(code: str) -> set[str]:
    """What dates, lists, times that have passed and names of languages are made of."""
    locale = Locale.parse(code)
    tables = (locale.months, locale.days, locale.languages, Locale("en").languages, locale.list_patterns)
    tables += (locale._data["date_fields"],)
    return {word for table in tables for text in strings(table) for word in re.findall(r"[A-Za-z]+", text)}


def strings(table: Any) -> Iterator[str]:
    """Every text in tables of tables."""
    if isinstance(table, Mapping):
        for value in table.values():
            yield from strings(value)
    else:
        yield str(table)


def escaped(text: str) -> str:
    """A text without what is translated, which stands in brackets, also one inside the other."""
    while True:
        less = re.sub(r"⟦[^⟦⟧]*⟧", "", text)
        if less == text:
            return text
        text = less


async def untranslated(get: Any, paths: list[str], known: set[str]) -> list[tuple[str, str]]:
    """Pages with words that are in no catalogue, with these words and some around them."""
    found = []
    for path in paths:
        answer = await get(path)
        assert answer.status_code in (200, 301, 404), path
        left = escaped("\n".join(Seen(answer.text).texts))  # one text: brackets may hold elements
        left = re.sub(r"\bhttps?://\S+", "", left)  # where a page is, in how it is cited
        for word in re.finditer(r"[A-Za-z]+", left):
            if word[0] not in known:
                found.append((path, " ".join(left[max(0, word.start() - 60) : word.end() + 60].split())))
    return found


async def test_no_word_of_a_page_escapes_translation(greek: SiteBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    datasette = serve(greek.path)
    await datasette.invoke_startup()
    asked = [
        *EXPECTED,
        "/languages",
        "/pages/how-to-add",
        "/no-such-page",
        *(f"/{one.folder}" for one in TYPES.values()),
    ]
    asked += [
        f"/{TYPES[kind].folder}/{slug}{below}"
        for kind, slug in greek.db.execute("SELECT type, slug FROM records")
        for below in ("", "/history")
    ]
    asked += ["/search?q=" + in_greek("power"), "/search?q=" + in_greek("workshop zebra")]
    paths = [f"/cy{path}" for path in dict.fromkeys(asked)]
    known = words_of_locale("cy") | IN_ADDRESSES
    assert await untranslated(datasette.client.get, paths, known) == []
    greek.db.execute("DELETE FROM facets WHERE type = 'page'")
    greek.db.execute("DELETE FROM records WHERE type = 'page'")  # then our own texts stand on these pages
    greek.db.commit()
    assert await untranslated(datasette.client.get, ["/cy/about", "/cy/add"], known) == []


async def test_no_word_of_the_file_for_phones_escapes_translation(
    greek: SiteBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    greek.says(url="https://example.org")
    greek.db.row_factory = sqlite3.Row
    choice = Choice(topic="sharing-power")
    with language.speaking("cy", "en"):
        pages = {
            "all": "".join(document_of(greek.db, Choice(), within(greek.db, Choice()))),
            "part": document.top(greek.db, choice),
        }

    async def got(name: str) -> Any:
        text = re.sub(r"<(script|style)\b.*?</\1>", "", pages[name], flags=re.DOTALL)
        text = re.sub(r"<(li|dt|dd)\b", r"</\1><\1", text)  # HTML may leave out where these end
        return SimpleNamespace(status_code=200, text=text)

    assert await untranslated(got, list(pages), words_of_locale("cy") | IN_ADDRESSES | {"example"}) == []
    style = re.search(r'a:not\(\[href\]\)::after\{content:"([^"]*)"', pages["all"])
    assert style and style[1] == " (⟦not in this file⟧)"


async def test_no_word_of_an_empty_site_escapes_translation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    site = build(tmp_path / "site.db")
    site.says(title="Τίτλος")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    paths = [
        "/",
        "/new",
        "/differences",
        "/add",
        "/about",
        "/privacy",
        "/offline",
        "/accessibility",
        "/search",
        *(f"/{one.folder}" for one in TYPES.values()),
    ]
    assert await untranslated(datasette.client.get, [f"/cy{path}" for path in paths], words_of_locale("cy")) == []


async def test_no_word_of_the_desk_escapes_translation(site: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    datasette = served(site)
    await datasette.invoke_startup()
    names = {name for (name,) in site.db.execute("SELECT title FROM view_record")} | {*NAMES, "http://Univ.test"}
    known = words_of_locale("cy") | IN_ADDRESSES | {word for name in names for word in re.findall("[A-Za-z]+", name)}
    paths = ["/cy/desk/sync", "/cy/desk/invite", "/cy/desk/events", "/cy/desk/duplicates", "/cy/desk/nothing"]
    assert await untranslated(Asking(datasette).get, paths, known) == []
    closed = await Asking(datasette).get("/cy/desk/sync", client="192.168.1.9")
    assert (
        closed.status_code == 403 and "⟦" in closed.text and "The desk is open" not in closed.text.replace("⟦The", "")
    )


async def test_no_word_of_a_form_escapes_translation(site: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    desk = await signed_in(site, "Αννα")
    about = site.db.execute("SELECT record_id FROM view_record WHERE slug = 'power'").fetchone()[0]
    title = in_greek("A title")
    for sent in (
        Sent(
            ADD,
            "event",
            {"title": title, "freephone": True, "start": "2090-01-01"},
            why=title,
            credit=title,
            relayed=True,
        ),
        Sent(CORRECT, "post", {"title": title}, record_id=about),
        Sent(REMOVE, "post", record_id=about, reason="mine"),
        Sent(SAY, "", {"title": title}),
    ):
        take(site.db, sent, NOW)
    first = waiting(site.db)[0]
    names = {name for (name,) in site.db.execute("SELECT title FROM view_record")} | {
        *NAMES,
        first.token,
        "Univ",
        "resources",
        "powercube",
        "PKR",
    }
    known = words_of_locale("cy") | IN_ADDRESSES | {word for name in names for word in re.findall("[A-Za-z]+", name)}
    known |= {word for name in OWN_NAMES.values() for word in re.findall("[A-Za-z]+", name)}
    paths = ["/add", "/add/paper", "/add?about=posts/power", "/remove?about=posts/power", f"/add/sent/{first.token}",
             *(f"/add/{name}" for name in TYPES if name != "agreement"), "/desk/inbox", "/desk/inbox/1", "/desk/inbox/2", "/desk/told", "/desk/told/event"]  # fmt: skip

    async def got(path: str) -> Any:
        answer = await desk.get(path)
        return SimpleNamespace(status_code=answer.status, text=answer.text)

    assert await untranslated(got, [f"/cy{path}" for path in paths], known) == []

    async def posted(path: str) -> Any:
        answer = await desk.post(
            path, title="", start="x", url="x", cost="5", homepage="x", repeats="x", item="1", do="decline", year="x"
        )
        return SimpleNamespace(status_code=200 if answer.status == 422 else answer.status, text=answer.text)

    assert await untranslated(posted, ["/cy/add", "/cy/add/event", "/cy/add/resource", "/cy/desk/inbox"], known) == []
    decline(site.db, first.number, why=title, now=NOW)
    assert await untranslated(got, [f"/cy/add/sent/{first.token}"], known) == []
