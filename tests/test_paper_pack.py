"""Packs for events, read back: all that is known of the event, and its papers, whatever people attached.

They need Pango and poppler: `.ci/paper` installs what is missing.
"""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    StreamObject,
    TextStringObject,
)

from cop.paper import pdf
from tests.conftest import Cop

pytestmark = pytest.mark.e2e
EVENT = """---
title: Open day
start: 2026-12-12T18:00
place: Barton Hill
venue_access: No steps at all.
costs_covered: [fares]
support_offered: Somebody to talk to is there.
booking: Tell the office.
agenda: agenda.pdf
papers_easy_read: [easy.txt]
papers: [wide.pdf, filled.pdf, plan.png, budget.ods, locked.pdf, broken.pdf]
---

Come!
"""


def pages(*texts: str, size: str = "A4") -> bytes:
    """A PDF with a page for each text, made without tags."""
    body = "".join(f"<section style='break-after: page'>{text}</section>" for text in texts)
    html = f"<html lang='en'><head><title>x</title><style>@page {{ size: {size} }} section:last-child {{ break-after: auto }}</style></head><body>{body}</body></html>"
    return pdf.write(html, lambda address: None).data


def changed(data: bytes, change: Callable[[PdfWriter], None]) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def filled_in(writer: PdfWriter) -> None:
    """Turned by a quarter, with a field that somebody filled in, and with things that would run."""
    writer.pages[0].rotate(90)
    look = StreamObject()
    look.set_data(b"BT /F1 20 Tf 2 5 Td (Filled in by Hodan) Tj ET")
    font = DictionaryObject(
        {
            NameObject(name): NameObject(value)
            for name, value in (("/Type", "/Font"), ("/Subtype", "/Type1"), ("/BaseFont", "/Helvetica"))
        }
    )
    look[NameObject("/Subtype")] = NameObject("/Form")
    look[NameObject("/BBox")] = ArrayObject(map(FloatObject, (0, 0, 200, 30)))
    look[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    field = DictionaryObject(
        {
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject(map(FloatObject, (100, 300, 300, 330))),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
            NameObject("/AA"): DictionaryObject({NameObject("/JS"): TextStringObject("app.alert(1)")}),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(field)])
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)


@pytest.fixture(scope="module")
def papers() -> dict[str, bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "#7b1e45").save(picture, "PNG")
    return {
        "agenda.pdf": pages("Tea and cake", "Any other business"),
        "wide.pdf": pages("A very wide table", size="A3 landscape"),
        "filled.pdf": changed(pages("Who comes when?"), filled_in),
        "easy.txt": "Ťea first.\nThen we talk.".encode(),
        "plan.png": picture.getvalue(),
        "budget.ods": b"PK\x03\x04 not for here",
        "locked.pdf": changed(pages("Secret"), lambda writer: writer.encrypt("x", algorithm="RC4-128")),
        "broken.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\ntrailer << /Root 1 0 R >>",
    }


@pytest.fixture
def full(cop: Cop, papers: dict[str, bytes]) -> Cop:
    cop.write("events/open-day.md", EVENT)
    for name, data in papers.items():
        (cop.root / "content" / "events" / name).write_bytes(data)
    assert cop("load").exit_code == 0
    return cop


def text_of(path: Path) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True)
    return done.stdout.split("\f")


def test_a_pack_has_the_event_and_its_papers(full: Cop, tmp_path: Path) -> None:
    told = full.json("export", "print", str(tmp_path / "pack.pdf"), "--event", "open-day")
    assert [name.partition(" ")[0] for name in told["papers"]] == [
        "agenda.pdf", "easy.txt", "wide.pdf", "filled.pdf", "plan.png"
    ]  # fmt: skip
    assert [name.partition(" ")[0] for name in told["papers_left_out"]] == ["budget.ods", "locked.pdf", "broken.pdf"]
    found = text_of(tmp_path / "pack.pdf")
    every = " ".join("\n".join(found).split())
    for said in (
        "No steps at all.",
        "Fares",
        "Somebody to talk to is there.",
        "Tell the office.",
        "Not stated, please ask",
    ):
        assert said in every
    for said in ("Tea and cake", "Any other business", "Ťea first."):
        assert said in every
    assert "locked with a password" in every and "budget.ods (ODS, 17 bytes)" in every
    turned = subprocess.run(["pdftotext", str(tmp_path / "pack.pdf"), "-"], capture_output=True, check=True, text=True)
    assert "Filled in by Hodan" in turned.stdout


def test_the_contents_of_a_pack_say_where_each_paper_begins(full: Cop, tmp_path: Path) -> None:
    full.json("export", "print", str(tmp_path / "pack.pdf"), "--event", "events/open-day")
    found = text_of(tmp_path / "pack.pdf")
    for name, first_words in (("agenda.pdf", "Tea and cake"), ("wide.pdf", "page 1 of 1"), ("easy.txt", "Ťea")):
        line = next(line for line in found[0].splitlines() if name in line)
        page = found[int(line.split()[-1]) - 1]
        assert first_words in page and name in page and page.split()[-1] == line.split()[-1]


def test_nothing_of_a_paper_runs_and_listeners_get_its_words(full: Cop, tmp_path: Path) -> None:
    full.json("export", "print", str(tmp_path / "pack.pdf"), "--event", "Open day")
    data = (tmp_path / "pack.pdf").read_bytes()
    reader = PdfReader(tmp_path / "pack.pdf")
    catalog: Any = reader.root_object
    assert b"app.alert" not in data and b"/JavaScript" not in data and "/OpenAction" not in catalog
    assert catalog["/MarkInfo"]["/Marked"] == True and b"pdfuaid" not in data  # noqa: E712
    said = [one["/Alt"] for one in figures(catalog["/StructTreeRoot"])]
    assert "Any other business" in said and any("Who comes when?" in one for one in said)


def figures(element: Any) -> list[Any]:
    found = []
    for child in element.get("/K", []) if isinstance(element.get("/K", []), list) else [element["/K"]]:
        one = child.get_object()
        if isinstance(one, dict):
            found += [one] if one.get("/S") == "/Figure" else figures(one)
    return found


def test_the_same_event_gives_the_same_bytes(full: Cop, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        full.json("export", "print", str(tmp_path / name), "--event", "open-day")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_an_event_that_is_not_there_is_told(full: Cop, tmp_path: Path) -> None:
    result = full("export", "print", str(tmp_path / "a.pdf"), "--event", "closed-day")
    assert result.exit_code == 2 and "There is no event “closed-day”." in result.stderr


def test_a_pack_is_on_the_list_of_copies_that_an_erasure_speaks_of(full: Cop, tmp_path: Path) -> None:
    full.json("export", "print", str(tmp_path / "a.pdf"), "--event", "open-day")
    assert full("erase", "events/open-day", "--reason", "mistake", "--yes").exit_code in (0, 5)
    assert str(tmp_path / "a.pdf") in full("erasures").stdout
