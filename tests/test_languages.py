"""The site in several languages: catalogues, addresses, and how records are marked."""

import re
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
from web_site import SiteBuilder, build, example, serve

from cop import views
from cop.config import read_config
from cop.errors import CopError
from cop.fields import TYPES
from cop.languages import OWN_NAMES, SOURCE
from cop.web import asked, catalogues, dates, language, offered, pages
from cop.web.language import marked
from tests.network import Place
from tests.test_pages import check
from tests.test_untranslated import forms, speak
from tools import translations

DRAFTED = [code for code in OWN_NAMES if code != SOURCE]
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?.?")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return example(tmp_path_factory.mktemp("languages") / "data" / "site.db")


async def text_of(client: Any, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, path
    check(answer.text)
    return str(answer.text)


# -- catalogues


def messages(code: str) -> list[Any]:
    return [message for message in translations.read(code) if message.id]


def test_every_language_has_a_catalogue_and_every_catalogue_a_name() -> None:
    assert {path.name for path in translations.LOCALE.iterdir()} == set(DRAFTED)


@pytest.mark.parametrize("code", DRAFTED)
def test_a_catalogue_has_every_message_and_no_other(code: str) -> None:
    """If this fails: make translations"""
    held, wanted = (
        {message.id for message in catalog if message.id}
        for catalog in (translations.read(code), translations.template())
    )
    assert held == wanted


@pytest.mark.parametrize("code", DRAFTED)
def test_a_translation_has_the_placeholders_of_its_message_and_no_markup(code: str) -> None:
    for message in messages(code):
        allowed = [Counter(PLACEHOLDER.findall(one)) for one in forms(message.id)]
        for translated in filter(None, forms(message.string)):
            found = Counter(PLACEHOLDER.findall(translated))
            # a form for one, two or none may say the number as a word
            assert found in [
                *allowed,
                *(one - Counter(["%(num)s"]) for one in allowed if len(forms(message.id)) == 2),
            ], message.id
            assert not re.search(r"[<>\\\x00-\x1f\u202a-\u202e\u2066-\u2069]|&\w+;", translated), translated
            assert translated == ", " or translated.strip() == translated or message.id == ", ", translated


@pytest.mark.parametrize("code", DRAFTED)
def test_a_catalogue_has_the_number_of_forms_that_its_language_has(code: str) -> None:
    catalog = translations.read(code)
    assert catalog.num_plurals == {"cy": 5, "so": 2, "ar": 6, "ur": 2, "pl": 3}[code]
    assert all(
        len(forms(message.string)) == catalog.num_plurals for message in messages(code) if len(forms(message.id)) == 2
    )


@pytest.mark.parametrize("code", DRAFTED)
def test_what_a_machine_drafted_says_so(code: str) -> None:
    catalog = translations.read(code)
    drafts = [message for message in messages(code) if catalogues.DRAFT in message.user_comments]
    assert all(all(forms(message.string)) for message in drafts)
    assert catalogues.catalogue(code).is_draft == bool(drafts)
    assert ("X-Status: machine draft" in catalog.header_comment) == bool(drafts)


@pytest.mark.parametrize("code", DRAFTED)
def test_nearly_every_message_is_translated(code: str) -> None:
    """New ones may wait for a speaker for a while."""
    translated = [message for message in messages(code) if all(forms(message.string))]
    assert len(translated) >= 0.9 * len(messages(code))


@pytest.mark.parametrize("code", DRAFTED)
def test_merging_changes_nothing_that_is_up_to_date(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = translations.path_of(code).read_bytes()
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    translations.path_of(code).parent.mkdir(parents=True)
    translations.path_of(code).write_bytes(before)
    translations.merge(code)
    assert translations.path_of(code).read_bytes() == before


@pytest.mark.parametrize(
    ("code", "count", "shown"),
    [("en", 1, "1 change"), ("en", 0, "0 changes"), ("pl", 1, "1 zmiana"), ("pl", 3, "3 zmiany"), ("pl", 12, "12 zmian"), ("pl", 22, "22 zmiany"),
     ("cy", 2, "2 newid"), ("cy", 3, "3 newid"), ("ar", 2, "تغييران"), ("ar", 3, "3 تغييرات"), ("ar", 11, "11 تغييرًا"), ("ar", 100, "100 تغيير")]
)  # fmt: skip
def test_numbers_take_the_right_form(code: str, count: int, shown: str) -> None:
    with language.speaking(code, SOURCE):
        assert language.ngettext("%(num)s change", "%(num)s changes", count) == shown


@pytest.mark.parametrize(
    ("code", "shown"),
    [("cy", "5 Rhagfyr 2018"), ("so", "Diseembar 5, 2018"), ("ar", "5 ديسمبر 2018"), ("ur", "5 دسمبر، 2018"), ("pl", "5 grudnia 2018")]
)  # fmt: skip
def test_dates_are_written_as_the_language_writes_them(code: str, shown: str) -> None:
    with language.speaking(code, SOURCE):
        assert dates.words("2018-12-05") == shown


@pytest.mark.parametrize(
    ("code", "zone", "shown"),
    [("en", "America/Argentina/Buenos_Aires", "Buenos Aires"), ("ar", "America/Argentina/Buenos_Aires", "بوينوس أيرس"),
     ("pl", "Europe/Kyiv", "Kijów"), ("so", "Asia/Kolkata", "Kolkaata"), ("cy", "Europe/London", "Llundain")]
)  # fmt: skip
def test_time_zones_are_called_after_their_place(code: str, zone: str, shown: str) -> None:
    with language.speaking(code, SOURCE):
        assert f"({language._('%(zone)s time', zone=shown)})" in dates.span("2027-03-27T18:00+00:00", None, zone)


def test_a_slip_in_a_translation_does_not_take_the_page_away(monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: text.replace("%(who)s", "%(whom)s") + "<b>%")
    with language.speaking("cy", SOURCE):
        assert language._("%(who)s added it.", who="Ann") == "Ann added it."
        assert language.on_page("Search") == "Search&lt;b&gt;%"


# -- addresses and marks


def test_no_page_has_the_name_of_a_language() -> None:
    first = {pattern.lstrip("^/").partition("/")[0].rstrip("$") for pattern, _ in pages.PAGES}
    names = (
        {name for one in first for name in re.findall(r"[a-z-]+", one)}
        | set(TYPES)
        | {one.folder for one in TYPES.values()}
    )
    assert not names & set(OWN_NAMES)
    assert all(re.fullmatch("[a-z]{2}", code) for code in OWN_NAMES)  # and no page has two letters
    assert not [name for name in names if len(name) == 2]


async def test_every_link_of_a_language_stays_in_it_or_leads_to_what_all_share(client: Any) -> None:
    seen, found = set(), ["/ar/"]
    while found:
        path = found.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await client.get(path)
        assert answer.status_code == 200, path
        if not path.startswith("/ar/"):
            assert offered.is_shared(path.partition("?")[0]), path
            continue
        assert '<html lang="ar" dir="rtl">' in answer.text and "set-cookie" not in answer.headers
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
        html = re.sub(r'<[^>]*hreflang="[^>]*>', "", answer.text)
        inside = [link for link in check_links(html) if not re.match(r"https?:|mailto:", link)]
        found += [urldefrag(urljoin(path, link))[0] for link in inside]
    assert len(seen) > 100
    assert {f"/ar/{one.folder}" for one in TYPES.values()} <= seen


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "action")]


def check_links(html: str) -> list[str]:
    return Links(html).found


@pytest.mark.parametrize(
    "path", ["/", "/topics/meetings", "/resources?topic=meetings&page=2", "/resources/guidance-2018/history"]
)
async def test_every_page_leads_to_itself_in_each_other_language(client: Any, path: str) -> None:
    ways = {code: f"/{code}{path}" for code in DRAFTED} | {"en": path}
    for here in ways.values():
        html = await text_of(client, here)
        for kind in (r'<link rel="alternate" hreflang="(\w+)" href="([^"]*)">', r'<a href="([^"]*)" hreflang="(\w+)"'):
            pairs = re.findall(kind, html)
            told = {urljoin(here, one.replace("&amp;", "&")) for pair in pairs for one in pair if one not in OWN_NAMES}
            assert told == set(ways.values()) - {here}


async def test_only_drafts_say_that_a_machine_made_them(client: Any) -> None:
    notice = "A machine made this translation. A speaker still needs to check it."
    assert notice not in await text_of(client, "/resources")
    for code in DRAFTED:
        assert (notice in await text_of(client, f"/{code}/resources")) == catalogues.catalogue(code).is_draft


async def test_records_keep_their_language_and_direction(client: Any) -> None:
    arabic, english = await text_of(client, "/ar/resources/guidance-2018"), await text_of(client, "/resources/dalil")
    assert '<h1 lang="en" dir="ltr">Guidance on co-producing</h1>' in arabic
    assert '<div class="read" lang="en" dir="ltr">' in arabic
    assert '<h1 lang="ar" dir="rtl">' in english
    # a record that does not say its language is taken to be in the site's own
    assert '<h1 lang="en" dir="auto">Paper number 3</h1>' in await text_of(client, "/ar/resources/paper-3")
    assert '<h1 dir="auto">Paper number 3</h1>' in await text_of(client, "/resources/paper-3")


async def test_what_all_languages_share_has_one_address(client: Any) -> None:
    for path in ("/cy/site", "/cy/-/cop/sync", "/cy/static/style.css", "/xx/resources", "/en/resources"):
        assert (await client.get(path)).status_code == 404, path
    answer = await client.get("/cy", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "cy/")
    answer = await client.get("/cy/topics/meetings/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "../meetings")


async def test_an_error_is_told_in_the_language_of_the_address(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    answer = await client.get("/cy/resources/nothing")
    assert answer.status_code == 404
    assert '<html lang="cy" dir="ltr">' in answer.text and "<h1>⟦Nothing is here⟧</h1>" in answer.text


async def test_each_language_has_its_own_tag(client: Any) -> None:
    tags = {(await client.get(f"{code}/resources")).headers["etag"] for code in ("", "/cy", "/ar")}
    assert len(tags) == 3
    answer = await client.get(
        "/cy/resources", headers={"if-none-match": (await client.get("/cy/resources")).headers["etag"]}
    )
    assert answer.status_code == 304


async def test_a_site_has_a_language_of_its_own_and_offers_what_it_chose(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    site.says(digest="x", title="Cop", language="cy", languages="cy en ar")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    assert '<html lang="cy" dir="ltr">' in await text_of(datasette.client, "/")
    english = await text_of(datasette.client, "/en/topics")
    assert '<html lang="en-GB" dir="ltr">' in english and '<a href="../topics" hreflang="cy" lang="cy"' in english
    for path in ("/pl/topics", "/cy/topics"):
        assert (await datasette.client.get(path)).status_code == 404, path


async def test_a_site_below_an_address_of_a_web_server_speaks_languages_too(site: SiteBuilder) -> None:
    datasette = serve(site.path, settings={"base_url": "/shared/"})
    await datasette.invoke_startup()
    answer = await datasette.client.get("/cy/topics")  # the client puts the address in front
    assert answer.status_code == 200 and '<html lang="cy" dir="ltr">' in answer.text


# -- settings and start


@pytest.mark.parametrize(
    ("lines", "told"),
    [('language = "xx"', "cannot be shown in “xx”"), ('languages = ["cy", 3]', "cannot be shown in “3”"),
     ('languages = "cy"', "“languages” must be a list"), ("language = 1", "“language” must be a text")]
)  # fmt: skip
def test_a_language_that_we_do_not_have_is_refused_in_plain_words(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "cop.toml"
    path.write_text(f'name = "Ann"\n{lines}\n')
    with pytest.raises(CopError, match=told):
        read_config(path)


def test_settings_reach_the_site(tmp_path: Path) -> None:
    place = Place(tmp_path)
    before = read_meta(place)
    assert (before["language"], before["languages"].split()) == (SOURCE, list(OWN_NAMES))
    path = place.site.root / "cop.toml"
    path.write_text('name = "Ann"\nlanguage = "cy"\nlanguages = ["cy", "en"]\n')
    place.site = replace(place.site, config=read_config(path))
    views.refresh(place.site, place.db)
    assert offered.from_meta(read_meta(place)) == offered.Offered("cy", ("en",))


def read_meta(place: Place) -> dict[str, str]:
    with closing(sqlite3.connect(place.site.site_db)) as public:
        return asked.read_meta(public)


def test_commands_start_without_the_tables_of_all_languages() -> None:
    code = "import sys, cop.cli; sys.exit(any(name.split('.')[0] == 'babel' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_no_language_code_is_not_marked_as_one() -> None:
    assert marked("English, mostly") == marked("") == ' dir="auto"'
    assert marked("so") == ' lang="so" dir="ltr"'
