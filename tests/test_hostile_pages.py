"""Hostile strings in every field of every kind of record: none finds a way into a page, a feed, a calendar or a citation."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hostile_strings import CANARY, strings, ways_in
from test_desk import Asking, served

from cop import log, patch, views
from cop.fields import TYPES, Field, RecordType
from cop.model import PUBLIC, Patch
from cop.web.links import record_address
from tests.network import NOW, Place, places

DESK = ("/desk/events", "/desk/sync", "/desk/duplicates", "/desk/removals")
BATCH = 200  # records in one entry
DATES = {"date": "2026-12-01", "start": "2026-12-10T18:00", "end": "2026-12-10T20:00"}


def value(field: Field, text: str) -> object:
    """The string in the shape that the field has."""
    if field.kind in ("set", "list", "files", "dates"):
        return [text, f"{text} too"]
    if field.kind in ("people", "entries", "moves"):
        names = ("name", "role", "organisation", "text", "title", "url", "date", "to", "place", "language", "source")
        return [dict.fromkeys(names, text), text]
    return text


def changes(record_type: RecordType, texts: Sequence[str]) -> Iterator[log.Change]:
    """A record for each string, with it in every field, its body, and a field that nobody knows."""
    for at, text in enumerate(texts):
        fields: dict[str, Any] = {field.name: value(field, text) for field in record_type.fields if field.kind != "set"}
        fields |= {"body": text, f"own_{at}": text, "withdrawn": None, "consent_until": None}
        fields |= DATES if at % 2 else {}  # with a date it stands in calendars too
        sets = {field.name: (text, f"{text} too") for field in record_type.fields if field.kind == "set"}
        yield log.Change(patch.new_record_id(), (), Patch(record_type.name, fields, sets, {}), PUBLIC)


def fill(place: Place, texts: Sequence[str]) -> int:
    """As a partner would send it: signed, and checked by nobody. Returns how many strings stand in fields."""
    count = 0
    for record_type in TYPES.values():
        made = list(changes(record_type, texts))
        for at in range(0, len(made), BATCH):
            log.write(place.db, place.signer, "change", made[at : at + BATCH], claimed_time=NOW)
        count += sum(len(change.patch.fields) + len(change.patch.added) for change in made)
    views.refresh(place.site, place.db)
    return count


def addresses(place: Place) -> Iterator[str]:
    """The page of each record with all that hangs on it, and the pages that show many."""
    for row in place.public()["records"]:
        address = record_address(str(row["type"]), str(row["slug"]))
        yield from (address, f"{address}/history")
        if row["type"] == "event":
            yield f"{address}.ics"
        if row["type"] == "resource":
            yield from (f"{address}.{ending}" for ending in ("bib", "ris", "json"))
    for record_type in TYPES.values():
        yield from (f"/{record_type.folder}", f"/{record_type.folder}?page=2", f"/{record_type.folder}/feed.atom")
    yield from (
        "/",
        "/new",
        "/topics",
        "/pictures",
        "/credits",
        "/differences",
        "/events.ics",
        "/feed.atom",
        "/search?q=" + CANARY,
    )
    yield from (
        "/resources.bib",
        "/resources.ris",
        "/resources.json",
        "/cy/resources",
        "/ar/events",
    )


async def find_ways_in(place: Place) -> tuple[int, list[str]]:
    """How many pages were read, and what on them is more than text."""
    datasette = served(place)
    await datasette.invoke_startup()
    found, read = list[str](), 0
    for address in addresses(place):
        answer = await datasette.client.get(address, follow_redirects=True)
        assert answer.status_code in (200, 404), f"{address} answers {answer.status_code}"
        found += [f"{address}: {way}" for way in ways_into(answer.headers["content-type"], answer.text)]
        read += 1
    for address in DESK:
        answer = await Asking(datasette).get(address)
        assert answer.status_code == 200
        found += [f"{address}: {way}" for way in ways_in(answer.text)]
    return read, found


def ways_into(kind: str, text: str) -> Iterator[str]:
    """What in a page or file of any kind is more than text."""
    if "html" in kind:
        yield from ways_in(text)
    elif "atom" in kind:
        yield from _in_feed(text)
    elif "calendar" in kind:
        yield from (line for line in text.splitlines() if line.startswith("BEGIN:") and CANARY in line)
        yield from (line for line in text.split("\r\n") if line and not re.match(r"[A-Z-]+[:;]| ", line))
    elif "ris" in kind:
        yield from (line for line in text.splitlines() if line and not re.match(r"[A-Z][A-Z0-9]  - ", line))
    elif "bibtex" in kind:
        yield from (line for line in text.splitlines() if re.match(r"\s*@(?!\w+\{[a-z0-9-]+,$)", line))


def _in_feed(text: str) -> Iterator[str]:
    """A feed is XML; the HTML in it is read as readers of feeds do."""
    for element in ElementTree.fromstring(text).iter():
        if CANARY in element.tag or not element.tag.startswith("{http://www.w3.org/2005/Atom}"):
            yield element.tag
        if element.get("type") == "html":
            yield from ways_in(element.text or "")
        href = element.get("href", "")
        if href and not re.match(r"https?://|mailto:|urn:|/|\.", href):
            yield href


def test_the_reader_sees_what_gets_in_and_nothing_else() -> None:
    raw = [one for one in strings() if list(ways_in(f"<p title='x'>{one}</p>"))]
    assert len(raw) > 150 and not any(list(ways_in(f"<p title='x'>{escape(one)}</p>")) for one in strings())


@pytest.mark.long
async def test_no_hostile_string_finds_a_way_into_a_page(tmp_path: Path) -> None:
    (place,) = places(tmp_path, 1)
    assert fill(place, strings(every=7)) > 10_000
    read, found = await find_ways_in(place)
    assert read > 1_000 and not found, found[:20]


@pytest.mark.slow
async def test_none_of_all_hostile_strings_finds_a_way_into_a_page(tmp_path: Path) -> None:
    (place,) = places(tmp_path, 1)
    assert fill(place, strings()) > 69_000
    _, found = await find_ways_in(place)
    assert not found, found[:20]
