"""Copies that lie ready for readers: offered with their real size, and not once something in them is not public any more."""

import json
import sqlite3
import zipfile
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from cop import ready_copies
from cop.cli.common import find_site
from cop.export import ready
from cop.ready_copies import Ready, Shelf
from tests.conftest import Cop
from tests.test_export import POST

ALL = dict(ready.MAKERS)
PERSON = "---\ntitle: Ada Example\nname: Ada Example\nconsent: in writing\nconsent_until: {until}\n---\n"


@pytest.fixture(autouse=True)
def one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """How each kind is made, other tests see."""
    monkeypatch.setattr(ready, "MAKERS", {"folder": ready.MAKERS["folder"]})


@pytest.fixture
def stocked(cop: Cop) -> Cop:
    cop.write("posts/a.md", POST.format(title="Who decides?", day=1, text="Tea."))
    cop.write("posts/b.md", POST.format(title="We do", day=2, text="Coffee."))
    assert cop("load").exit_code == 0
    assert cop("export", "ready").exit_code == 0
    return cop


def shelf(cop: Cop, today: date | None = None) -> Shelf:
    path = find_site(cop.root).site_db
    db = sqlite3.connect(path)
    found = ready_copies.on_shelf(db, ready_copies.folder_beside(path), today or date.today())
    db.close()
    return found


def kinds(cop: Cop, today: date | None = None) -> list[str]:
    return [one.kind for one in shelf(cop, today).copies]


async def page(cop: Cop, path: str, **headers: str) -> Any:
    from datasette.app import Datasette

    datasette = Datasette([str(find_site(cop.root).site_db)])
    return await datasette.client.get(path, headers=headers)


@pytest.mark.web
@pytest.mark.asyncio
async def test_the_page_offers_what_lies_ready_with_its_size_and_gives_it(stocked: Cop) -> None:
    (one,) = [one for one in shelf(stocked).copies if one.kind == "folder"]
    shown = (await page(stocked, "/offline")).text
    assert "A laptop or a USB stick" in shown and f"{round(one.bytes / 1000):,} KB" in shown
    got = await page(stocked, f"/copies/{one.file}")
    assert got.status_code == 200 and len(got.content) == one.bytes
    assert got.headers["content-disposition"].startswith("attachment")
    assert b"Coffee." in zipfile.ZipFile(BytesIO(got.content)).read("posts/b.html")
    part = await page(stocked, f"/copies/{one.file}", Range="bytes=0-1")
    assert (part.status_code, part.content) == (206, b"PK")
    same = await page(stocked, f"/copies/{one.file}", **{"If-None-Match": got.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.web
@pytest.mark.asyncio
async def test_a_page_that_was_kept_shows_what_is_new_on_the_shelf(cop: Cop) -> None:
    from datasette.app import Datasette

    cop.write("posts/a.md", POST.format(title="Who decides?", day=1, text="Tea."))
    assert cop("load").exit_code == 0
    client = Datasette([str(find_site(cop.root).site_db)]).client
    before = [await client.get("/offline") for _ in range(2)][-1]
    assert "A laptop or a USB stick" not in before.text
    assert cop("export", "ready").exit_code == 0
    after = await client.get("/offline", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200 and "A laptop or a USB stick" in after.text


@pytest.mark.web
@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["ready.json", "other.zip", "..%2fsite.db", "store.db"])
async def test_nothing_else_is_given(stocked: Cop, name: str) -> None:
    (find_site(stocked.root).site_db.parent / "copies" / "other.zip").write_bytes(b"x")
    got = await page(stocked, f"/copies/{name}")
    assert got.status_code in (302, 404) and b"SQLite format" not in got.content


@pytest.mark.e2e
def test_every_kind_can_lie_ready(cop: Cop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "MAKERS", ALL)
    cop.write("posts/a.md", POST.format(title="Who decides?", day=1, text="Tea."))
    assert cop("load").exit_code == 0
    made = cop.json("export", "ready", "--json")
    assert [(one["kind"], one["why"]) for one in made] == [(kind, "") for kind in ready_copies.KINDS]
    assert all(one["copy"]["bytes"] > 1000 for one in made) and kinds(cop) == list(ready_copies.KINDS)


def test_what_is_the_same_is_not_made_again(stocked: Cop) -> None:
    assert [one["is_new"] for one in stocked.json("export", "ready", "--json") if one["copy"]].count(True) == 0
    stocked.write("posts/c.md", POST.format(title="More", day=3, text="Milk."))
    stocked("load")
    assert all(one["is_new"] for one in stocked.json("export", "ready", "--json") if one["copy"])


def test_copies_go_from_the_page_once_an_entry_is_not_public_any_more(stocked: Cop) -> None:
    assert "folder" in kinds(stocked)
    stocked.write("posts/c.md", POST.format(title="More", day=3, text="Milk."))
    stocked("load")
    assert "folder" in kinds(stocked)  # older, and no harm
    assert stocked("withdraw", "a").exit_code == 0
    assert kinds(stocked) == []
    assert stocked("export", "ready").exit_code == 0
    assert "folder" in kinds(stocked)


def test_they_go_once_a_field_goes_to_fewer_than_before(stocked: Cop) -> None:
    text = (stocked.root / "content/posts/a.md").read_text("utf-8")
    stocked.write("posts/a.md", text.replace("---\n", "---\nshare_fields: {body: partners}\n", 1))
    assert kinds(stocked) == ["folder"]
    assert "“body” was shared with more before" in stocked("load").stderr
    assert not kinds(stocked) and not list(ready_copies.folder_beside(find_site(stocked.root).site_db).glob("*.zip"))


def test_an_erasure_destroys_them(stocked: Cop) -> None:
    folder = find_site(stocked.root).site_db.parent / "copies"
    assert list(folder.iterdir())
    assert stocked("erase", "posts/a", "--reason", "asked", "--yes").exit_code == 0
    assert not folder.exists()


def test_copies_go_from_the_page_when_a_consent_ends(cop: Cop) -> None:
    until = date.today() + timedelta(days=10)
    cop.write("people/ada.md", PERSON.format(until=until.isoformat()))
    assert cop("load").exit_code == 0 and cop("export", "ready").exit_code == 0
    assert "folder" in kinds(cop, until)
    assert kinds(cop, until + timedelta(days=1)) == []


def test_a_copy_that_cannot_be_made_is_named_and_the_others_are_there(
    stocked: Cop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cop.errors import CopError

    def fails(*_: object) -> None:
        raise CopError("It needs one more library.", hint="pip install x")

    for made in (stocked.root / "data" / ready_copies.FOLDER).glob("*-booklet.pdf"):
        made.unlink()
    monkeypatch.setitem(ready.MAKERS, "booklet", ("pdf", fails))
    done = stocked("export", "ready")
    assert done.exit_code == 0 and "To print: left out. It needs one more library. Try: pip install x" in done.stderr


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"copies": 3}', '{"day": 1, "copies": [{}], "ends": [], "records": []}']
)
def test_a_damaged_list_offers_nothing(stocked: Cop, text: str) -> None:
    (find_site(stocked.root).site_db.parent / "copies" / "ready.json").write_text(text)
    assert shelf(stocked) == Shelf()


def test_the_list_is_read_as_it_was_written(stocked: Cop, tmp_path: Path) -> None:
    db = sqlite3.connect(find_site(stocked.root).site_db)
    (tmp_path / "a.zip").write_bytes(b"12")
    ready_copies.tell(
        db, tmp_path, Shelf("2026-11-23", (Ready("folder", "a.zip", 2), Ready("phone", "gone.html", 1)), "s")
    )
    assert ready_copies.on_shelf(db, tmp_path, date.today()) == Shelf("2026-11-23", (Ready("folder", "a.zip", 2),), "s")
    told = json.loads((tmp_path / "ready.json").read_text())
    assert set(told) == {"day", "copies", "state", "ends", "records"}
    db.close()


@pytest.mark.web
@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["http://192.0.2.7:8001", ""])
async def test_the_code_leads_phones_to_the_copies_where_they_can_come(stocked: Cop, address: str) -> None:
    from datasette.app import Datasette

    from cop.web import door

    site = find_site(stocked.root)
    datasette = Datasette([str(site.site_db)])
    door.attach(datasette, door.Served(site, address, 8001))
    told = await datasette.client.get("/offline/code")
    drawn = await datasette.client.get("/offline/code.svg")
    if address:
        assert f"{address}/offline" in told.text and drawn.status_code == 200 and "<svg" in drawn.text
        assert "<nav" not in told.text, "the code fills the screen"
    else:
        assert "cop serve --lan" in told.text and drawn.status_code == 404


@pytest.mark.parametrize(
    ("address", "said"),
    [("http://192.0.2.7:8001", "http://192.0.2.7:8001/offline"), ("", "Join a Wi-Fi"), (None, "Serving Us at")],
)
def test_serving_says_where_phones_find_the_site(
    address: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from cop.cli.serve import Told

    Told("Us", "http://127.0.0.1:8001", "", address, False).say()
    captured = capsys.readouterr()
    assert said in captured.out + captured.err and ("Phones" in captured.out) == bool(address)
