"""The files of saved copies on the disk and over HTTP: always of the newest state, small, and gone with what was removed."""

import gzip
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Cop
from web_site import serve as serve_plainly

from benchmarks import tree
from cop import forgetting, saved, saved_files, views, withdrawal
from cop.saved import picking
from cop.saved.keeping import Changing, Keeper
from cop.segments import listed, rows
from cop.segments.listed import Listed
from cop.web import guard, saving
from tests.commands import serving
from tests.desk_browser import Browser, served
from tests.network import NOW, Place, places
from tests.test_saved_listed import Phone

WORD = "Zyqwemox"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = places(tmp_path, 1)[0]
    found.change(None, {"title": "Sharing power", "slug": "sharing-power"}, type_name="topic")
    found.change(None, {"title": "Tea", "slug": "tea"}, type_name="post", added={"topics": ("sharing-power",), "languages": ("pl",)})  # fmt: skip
    found.change(None, {"title": "Cups", "slug": "cups", "body": f"{WORD} drinks."}, type_name="post")
    yield found
    found.close()


def keeper(place: Place) -> Keeper:
    return saved.of_site(place.site.site_db)


def state(kept: Keeper, pack: str = saving.ALL) -> Listed:
    found = listed.from_json(kept.newest(pack))
    assert found
    return found


def entries(kept: Keeper, pack: str = saving.ALL) -> dict[str, rows.Row]:
    return listed.held(state(kept, pack), lambda name: kept.file(pack, name).read_bytes())


def record(place: Place, slug: str) -> str:
    return str(place.db.execute("SELECT record_id FROM view_record WHERE slug = ?", [slug]).fetchone()[0])


def on_disk(place: Place) -> bytes:
    """Everything that lies there, unpacked."""
    folder = saved_files.folder_beside(place.site.site_db)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(gzip.decompress(one.read_bytes()) if one.suffix == ".gz" else one.read_bytes() for one in files)


# -- what is in them


def test_each_pack_holds_what_it_says(place: Place) -> None:
    kept = keeper(place)
    assert (
        entries(kept).keys()
        == entries(kept, saving.START).keys()
        == {"posts/tea", "posts/cups", "topics/sharing-power"}
    )
    assert entries(kept, "topic-sharing-power").keys() == {"posts/tea", "topics/sharing-power"}
    assert entries(kept, "language-pl").keys() == {"posts/tea"}
    assert state(kept, "language-pl").of == 3
    assert kept.listed("topic-nothing") is None and kept.listed("language-xx") is None and kept.listed("other") is None
    assert sorted(one.name for one in kept.folder.iterdir()) == ["all", "language-pl", "start", "topic-sharing-power"]


def test_what_fits_on_every_phone_begins_with_what_most_need(place: Place, monkeypatch: Any) -> None:
    monkeypatch.setattr(picking, "BATCH", 1)
    monkeypatch.setattr(picking, "START_BYTES", 900)
    for at in range(20):
        place.change(None, {"title": f"Post {at}", "slug": f"post-{at}", "body": f"{at} " * at}, type_name="post")
    place.change(None, {"title": "Peer", "slug": "peer"}, type_name="word")
    place.change(None, {"title": "Coming", "slug": "coming", "start": "2090-01-01"}, type_name="event")
    found = entries(keeper(place), saving.START)
    assert {"topics/sharing-power", "glossary/peer", "events/coming"} <= found.keys()
    assert len(found) < 20 and state(keeper(place), saving.START).of == 25


def test_nothing_changes_from_day_to_day_and_a_place_without_content_has_an_empty_copy(
    tmp_path: Path, place: Place
) -> None:
    kept = keeper(place)
    first = state(kept)
    for path in kept.folder.rglob(saved_files.LIST):
        told = json.loads(path.read_bytes())
        path.write_bytes(json.dumps({**told, "state": "yesterday"}).encode())
    assert state(kept).version == first.version and state(kept).files == first.files


# -- newest, whole, bounded


def test_a_list_is_of_the_newest_state_and_names_files_that_are_there(place: Place) -> None:
    kept = keeper(place)
    for at in range(30):
        place.change(record(place, "tea"), {"title": f"Tea {at}"})
        now = state(kept)
        assert f"Tea {at}" in entries(kept)["posts/tea"].html
        names = {path.stem for path in (kept.folder / saving.ALL).glob("*.gz")}
        assert names == {one.sha256 for one in now.files}
    assert now.version == 30


@pytest.mark.parametrize("harm", ["delete all", "delete a file", "spoil a file", "spoil the list", "old list"])
def test_what_lies_there_may_be_deleted_or_damaged(place: Place, harm: str) -> None:
    kept = keeper(place)
    state(kept)
    place.change(record(place, "tea"), {"title": "Coffee"})
    one = next((kept.folder / saving.ALL).glob("*.gz"))
    told = kept.folder / saving.ALL / saved_files.LIST
    if harm == "delete all":
        shutil.rmtree(kept.folder)
    elif harm == "delete a file":
        one.unlink()
    elif harm == "spoil a file":
        one.write_bytes(gzip.compress(b"[]"))
    elif harm == "spoil the list":
        told.write_bytes(b"[")
    else:
        told.write_bytes(told.read_bytes().replace(b'"format":1', b'"format":0'))
    assert "Coffee" in entries(kept)["posts/tea"].html
    assert len(entries(kept)) == 3


def test_two_that_make_them_at_once_agree(place: Place) -> None:
    made: list[bytes] = []
    both = [threading.Thread(target=lambda: made.append(keeper(place).newest(saving.ALL))) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(made) == 4
    assert len(entries(keeper(place))) == 3


def test_if_the_site_changes_while_they_are_made_they_are_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cop.database.BUSY_SECONDS", 0.1)  # whoever loads waits for whoever reads, here for itself
    times: list[int] = []

    def pick(db: Any, pack: str) -> Any:
        picked = picking.pick(db, pack)
        times.append(1)
        if len(times) < 2 or always:
            place.change(record(place, "tea"), {"title": f"Tea {len(times)}"})
        return picked

    always = False
    kept = Keeper(keeper(place).folder, place.site.site_db, pick, picking.state_of)
    assert "Tea 1" in entries(kept)["posts/tea"].html
    always = True
    place.change(record(place, "tea"), {"title": "Other"})
    with pytest.raises(Changing):
        kept.newest(saving.ALL)


def test_there_is_never_too_much(place: Place) -> None:
    kept = keeper(place)
    for pack in ("topic-sharing-power", saving.ALL, saving.START):
        state(kept, pack)
    small = Keeper(kept.folder, kept.site_db, kept.pick, kept.state_of, most_bytes=2000)
    place.change(record(place, "tea"), {"title": "Coffee"})
    state(small)
    assert (kept.folder / saving.ALL).is_dir()
    assert len(list(kept.folder.iterdir())) < 3


# -- what is removed


def test_what_is_erased_leaves_all_files_at_once(place: Place) -> None:
    kept = keeper(place)
    for pack in (saving.START, saving.ALL):
        state(kept, pack)
    assert WORD.encode() in on_disk(place)
    forgetting.erase(place.side, record(place, "cups"), field="body", reason="asked", now=NOW)
    assert WORD.encode() not in on_disk(place)
    assert "posts/cups" in entries(kept) and WORD.encode() not in on_disk(place)


def test_what_is_withdrawn_leaves_all_files_at_once_and_others_keep_their_steps(place: Place) -> None:
    kept = keeper(place)
    place.change(None, {"title": "About", "slug": "about", "body": WORD}, type_name="page")
    state(kept)
    line = state(kept).line
    withdrawal.withdraw(
        place.site, place.db, place.side.signer, record(place, "cups"), why="Wrong", undo=False, now=NOW
    )
    withdrawal.withdraw(
        place.site, place.db, place.side.signer, record(place, "about"), why="Wrong", undo=False, now=NOW
    )
    views.refresh(place.site, place.db)
    assert WORD.encode() not in on_disk(place) and b"posts/cups" not in on_disk(place)
    assert entries(kept).keys() == {"posts/tea", "topics/sharing-power"}
    assert state(kept).line == line
    place.change(None, {"title": "Private", "slug": "private"}, audience=2)
    assert state(kept).line == line


def test_a_field_that_goes_to_fewer_leaves_all_files_at_once(place: Place) -> None:
    kept = keeper(place)
    place.write("posts/mugs.md", "---\ntitle: Mugs\n---\n\nQzmugs\n")
    place.load()
    state(kept)
    assert b"Qzmugs" in on_disk(place)
    path = place.site.content / "posts" / "mugs.md"
    path.write_text(path.read_text("utf-8").replace("title:", "share_fields: {body: own}\ntitle:"), "utf-8")
    place.load()
    assert b"Qzmugs" not in on_disk(place)
    assert "posts/mugs" in entries(kept)
    state(kept)
    assert b"posts/mugs" in on_disk(place) and b"Qzmugs" not in on_disk(place)


def test_a_folder_elsewhere_loses_what_was_erased_when_it_is_written_again(cop: Cop, tmp_path: Path) -> None:
    cop.write("posts/cups.md", f"---\ntitle: Cups\n---\n\n{WORD} drinks.\n")
    cop.write("posts/tea.md", "---\ntitle: Tea\n---\n\nHot.\n")
    assert cop("load").exit_code == 0
    target = tmp_path / "www"

    def told() -> dict[str, Any]:
        done = cop("export", "saved", str(target), "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    assert told()["entries"] == 2
    assert b"drinks" in b"".join(gzip.decompress(one.read_bytes()) for one in target.rglob("*.gz"))
    assert cop("erase", "posts/cups", "--field", "body", "--reason", "asked", "--yes").exit_code == 0
    assert told()["entries"] == 2
    assert b"drinks" not in b"".join(gzip.decompress(one.read_bytes()) for one in target.rglob("*.gz"))
    cop.write("posts/new.md", "---\ntitle: New\n---\n")
    assert cop("load").exit_code == 0
    before = {one.name for one in target.rglob("*.gz")}
    assert told()["files"] == 2
    assert before < {one.name for one in target.rglob("*.gz")}
    assert "entries" in cop("export", "saved", str(target)).output
    assert cop("export", "saved", str(target), "--topic", "nope").exit_code == 2
    assert cop("export", "saved", str(target), "--topic", "a", "--start").exit_code == 2


# -- over HTTP


async def browser(place: Place) -> Browser:
    datasette = served(place)
    saving.attach(datasette, keeper(place))
    await datasette.invoke_startup()
    return Browser(datasette, host="site.example:8001", client="192.0.2.7")


async def test_lists_and_files_are_sent_with_headers_that_save_bytes(place: Place) -> None:
    reader = await browser(place)
    answer = await reader.get("/offline/copy/all/now.json")
    assert answer.status == 200 and answer.header("cache-control") == "no-cache"
    again = await reader.get("/offline/copy/all/now.json", **{"if-none-match": answer.header("etag")})
    assert again.status == 304 and not again.text
    now = json.loads(answer.text)
    assert now["count"] == now["of"] == 3 and now["about"]["frame"]
    one = await reader.datasette.client.get(f"/offline/copy/all/{now['base'][0][0]}.gz")
    assert (
        one.status_code == 200
        and "immutable" in one.headers["cache-control"]
        and not one.headers.get("content-encoding")
    )
    assert rows.name(one.content) == now["base"][0][0]
    for path in ("nope/now.json", "topic-x/now.json", f"all/{'0' * 64}.gz", f"../{'0' * 64}.gz", "all/now.js"):
        assert (await reader.get(f"/offline/copy/{path}")).status == 404


async def test_the_page_and_the_worker_may_do_what_they_need_and_no_more(place: Place) -> None:
    reader = await browser(place)
    page = await reader.get("/offline/save")
    assert page.header("content-security-policy") == guard.SAVE_POLICY
    assert "unsafe" not in guard.SAVE_POLICY and "One topic" in page.text
    worker = await reader.get("/copy-worker.js")
    assert worker.status == 200 and worker.header("content-type").startswith("text/javascript")
    assert (
        worker.header("content-security-policy") == guard.WORKER_POLICY and worker.header("cache-control") == "no-cache"
    )
    frame = await reader.get("/cy/offline/frame")
    assert json.loads(frame.text)["language"] == "cy" and "%main%" in json.loads(frame.text)["shell"]


async def test_plain_datasette_sends_none_and_says_so(place: Place) -> None:
    datasette = serve_plainly(place.site.site_db)
    await datasette.invoke_startup()
    page = await datasette.client.get("/offline/save")
    assert "This is a copy already" in page.text and "<script" not in page.text
    assert (await datasette.client.get("/offline/copy/all/now.json")).status_code == 404
    assert saving.sizes(datasette) == {}


async def test_the_sizes_of_packs_are_known_once_somebody_asked(place: Place) -> None:
    reader = await browser(place)
    assert saving.sizes(reader.datasette) == {}
    await reader.get("/offline/copy/all/now.json")
    assert saving.sizes(reader.datasette) == {"all": state(keeper(place)).total}


@dataclass
class Counted:
    """The files of a real server, and how many bytes it took to get them, headers included."""

    address: str
    taken: int = 0
    listed: Listed | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def look(self) -> None:
        self.listed = listed.from_json(self._get(f"/offline/copy/{saving.ALL}/now.json"))

    @property
    def files(self) -> "Counted":
        return self

    def __getitem__(self, name: str) -> bytes:
        return self._get(f"/offline/copy/{saving.ALL}/{name}.gz")

    def _get(self, path: str) -> bytes:
        with self.session.get(self.address.rstrip("/") + path, stream=True, timeout=120) as answer:
            body = answer.raw.read(decode_content=False)
            said = sum(
                len(name) + len(value) + 4 for name, value in [*answer.headers.items(), *answer.request.headers.items()]
            )
            self.taken += len(body) + said + len(path) + 60
            return gzip.decompress(body) if answer.headers.get("content-encoding") == "gzip" else body


@pytest.mark.long
def test_eighty_changes_in_ten_thousand_cost_25_kilobytes_and_what_fits_on_every_phone_400(tmp_path: Path) -> None:
    place = places(tmp_path, 1)[0]
    tree.write(place.site.content, 10_000)
    place.load()
    with serving(place) as address:
        server, phone = Counted(address), Phone()
        server.look()
        phone.update(server)  # type: ignore[arg-type]  # it is asked for what a server has
        assert len(phone.held) == 10_000
        whole = server.taken
        for path in sorted(place.site.content.glob("*/*.md"))[::125]:
            path.write_text(path.read_text("utf-8").replace("\nsummary: ", "\nsummary: Changed. "), "utf-8")
        report = place.load()
        assert report.changed == 80
        while server.listed.version < 2:  # whoever has a copy waits only a little for a newer list
            server.taken = 0
            server.look()
        phone.update(server)  # type: ignore[arg-type]
        print(f"\nall: {whole:,} bytes; 80 changes: {server.taken:,}")
        assert server.taken <= 25_000
        assert phone.held == entries(keeper(place))
    start = state(keeper(place), saving.START)
    print(f"start: {start.total:,} bytes, {start.count} entries, {date.today()}")
    assert 250_000 < start.total <= 380_000
    place.close()
