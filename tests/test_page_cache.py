"""Finished pages that are kept: never of another state, of the desk, or of somebody else's request."""

import asyncio
import doctest
import gzip
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from web_site import SiteBuilder, build, example, serve

from cop import database
from cop.config import Config, Site
from cop.web import cache, door, render, watch
from cop.web.cache import Kept, Shelf

HOST = (b"host", b"localhost")


class Asking:
    """Asks an application as a server would, and counts how often a page is made."""

    def __init__(self, datasette: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.datasette = datasette
        self.app = datasette.app()
        self.made = 0
        before = render.html

        def counted(*given: Any) -> str:
            self.made += 1
            return before(*given)

        monkeypatch.setattr(render, "html", counted)

    async def __call__(
        self, path: str, *headers: tuple[bytes, bytes], method: str = "GET", client: str = "192.0.2.7"
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
                 "headers": [*([] if any(name == b"host" for name, _ in headers) else [HOST]), *headers], "http_version": "1.1",
                 "scheme": "http", "server": ("localhost", 80), "client": (client, 1)}  # fmt: skip
        await self.app(scope, receive, send)
        told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def site(tmp_path: Path) -> SiteBuilder:
    return example(tmp_path / "data" / "site.db")


@pytest_asyncio.fixture
async def ask(site: SiteBuilder, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    datasette = serve(site.path)
    await datasette.invoke_startup()
    yield Asking(datasette, monkeypatch)


async def test_a_page_is_made_once_and_is_the_same_every_time(ask: Asking) -> None:
    first, second = await ask("/resources"), await ask("/resources")
    assert first == second and ask.made == 1
    assert first[0] == 200 and int(first[1]["content-length"]) == len(first[2])
    assert "default-src 'none'" in first[1]["content-security-policy"] and first[1]["cache-control"] == "no-cache"


async def test_all_readers_who_wait_get_the_one_page(ask: Asking) -> None:
    answers = await asyncio.gather(*(ask("/resources") for _ in range(16)))
    assert ask.made == 1 and len({body for _, _, body in answers}) == 1


async def test_a_write_of_another_program_is_seen_by_the_next_reader(ask: Asking, site: SiteBuilder) -> None:
    await ask("/resources")
    with database.writing(site.db):
        site.add("resource", "brand-new", title="Brand new")
    assert b"30 resources" in (await ask("/resources"))[2]
    assert ask.made == 2


async def test_a_page_made_while_somebody_wrote_is_not_kept(
    ask: Asking, site: SiteBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = render.html

    def slow(*given: Any) -> str:
        found = counted(*given)
        if ask.made == 1:  # read before, written now
            other = sqlite3.connect(site.path)
            other.execute("UPDATE records SET title = 'Another title' WHERE slug = 'rose-2019'")
            other.commit()
        return found

    monkeypatch.setattr(render, "html", slow)
    answers = await asyncio.gather(*(ask("/resources/rose-2019") for _ in range(4)))
    assert b"Another title" not in answers[0][2]  # the first began before
    assert all(b"Another title" in body for _, _, body in [await ask("/resources/rose-2019")])


async def test_readers_keep_up_with_a_busy_writer(ask: Asking, site: SiteBuilder) -> None:
    """Each page shows at least what was there when it was asked for."""
    for count in range(30):
        title = f"Title number {count} of many"
        with database.writing(site.db):
            site.db.execute("UPDATE records SET title = ? WHERE slug = 'rose-2019'", [title])
        answers = await asyncio.gather(*(ask("/resources/rose-2019") for _ in range(3)))
        assert all(title.encode() in body for _, _, body in answers)


async def test_a_published_database_that_was_deleted_and_made_anew_is_read(ask: Asking, site: SiteBuilder) -> None:
    assert b"29 resources" in (await ask("/resources"))[2]
    site.db.close()
    for name in ("site.db", "site.db-wal", "site.db-shm"):
        site.path.with_name(name).unlink(missing_ok=True)
    await ask("/resources")  # in between: whatever it says, it is not kept
    other = build(site.path)
    with database.writing(other.db):
        other.says(title="Research as Equals", digest="d2")
        other.add("resource", "only-one", title="The only one")
    for _ in range(2):
        assert b"The only one" in (await ask("/resources"))[2]
    assert (await ask("/resources/guidance-2018"))[0] == 404
    assert b"only-one" in (await ask("/site/records.json"))[2]  # Datasette's own connections follow
    other.db.close()


async def test_a_file_put_in_its_place_is_read(ask: Asking, site: SiteBuilder, tmp_path: Path) -> None:
    await ask("/resources")
    other = build(tmp_path / "other.db")
    with database.writing(other.db):
        other.says(digest="d1")  # the digest alone would not tell
        other.add("resource", "only-one", title="The only one")
    other.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.db.close()
    site.db.close()
    shutil.move(tmp_path / "other.db", site.path)
    for name in ("site.db-wal", "site.db-shm"):
        site.path.with_name(name).unlink(missing_ok=True)
    assert b"The only one" in (await ask("/resources"))[2]


async def test_another_day_is_another_page(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tomorrow(date):
        @classmethod
        def today(cls) -> "Tomorrow":
            return cls(2031, 1, 1)

    assert b"Events to come" in (await ask("/"))[2]
    for module in (watch, render):
        monkeypatch.setattr(module, "date", Tomorrow)
    assert b"Events to come" not in (await ask("/"))[2]


async def test_an_attachment_that_arrives_changes_pages(ask: Asking, site: SiteBuilder) -> None:
    await ask("/resources")
    (site.path.parent / "blobs").mkdir()
    await ask("/resources")
    assert ask.made == 2


async def test_who_has_a_page_is_told_that_it_is_the_same(ask: Asking) -> None:
    tag = (await ask("/resources"))[1]["etag"].encode()
    for known in (tag, b'"other", ' + tag, tag.removeprefix(b"W/"), b"*"):
        status, headers, body = await ask("/resources", (b"if-none-match", known))
        assert (status, body) == (304, b"")
        assert (
            headers["etag"] == tag.decode() and "content-length" not in headers and "content-security-policy" in headers
        )
    assert (await ask("/resources", (b"if-none-match", b'W/"other"')))[0] == 200
    assert ask.made == 1


async def test_only_the_headers_are_sent_for_head(ask: Asking) -> None:
    status, headers, body = await ask("/resources", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) == len((await ask("/resources"))[2]) and ask.made == 1


async def test_readers_who_take_gzip_get_less(ask: Asking) -> None:
    plain = await ask("/resources")
    small = await ask("/resources", (b"accept-encoding", b"br, gzip"))
    assert small == await ask("/resources", (b"accept-encoding", b"br, gzip")) and ask.made == 2
    assert gzip.decompress(small[2]) == plain[2] and len(small[2]) < len(plain[2]) / 3
    assert small[1]["content-encoding"] == "gzip" and "content-encoding" not in plain[1]
    assert all("accept-encoding" in headers["vary"].lower() for _, headers, _ in (plain, small))
    refused = await ask("/resources", (b"accept-encoding", b"gzip;q=0"))
    assert refused[2] == plain[2] and "content-encoding" not in refused[1]


async def test_datasettes_own_pages_are_sent_small_too(ask: Asking) -> None:
    for path in ("/site/records", "/site/records.json", "/site/records.csv?_stream=on"):
        plain, small = await ask(path), await ask(path, (b"accept-encoding", b"gzip"))
        assert small[1]["content-encoding"] == "gzip" and len(small[2]) < len(plain[2]) / 2
        assert len(gzip.decompress(small[2])) > 1000


async def test_what_goes_with_a_secret_is_neither_compressed_nor_kept(ask: Asking) -> None:
    for secret in ((b"cookie", b"a=b"), (b"authorization", b"Bearer x")):
        for _ in range(2):
            status, headers, _ = await ask("/resources", secret, (b"accept-encoding", b"gzip"))
            assert status == 200 and "content-encoding" not in headers
    assert ask.made == 4


async def test_what_the_desk_sees_is_shown_to_nobody_else(
    site: SiteBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasette = serve(site.path)
    await datasette.invoke_startup()
    own = Site(tmp_path, tmp_path / "keys", Config(name="Caafi Health", kind="community"))
    door.attach(datasette, door.Served(own, port=80))
    ask = Asking(datasette, monkeypatch)
    for _ in range(2):
        assert b">The desk<" in (await ask("/", client="127.0.0.1"))[2]
        assert b">The desk<" not in (await ask("/"))[2]
        passed_on = await ask("/", (b"x-forwarded-for", b"192.0.2.7"), client="127.0.0.1")
        assert b">The desk<" not in passed_on[2]
        assert b">The desk<" not in (await ask("/", (b"host", b"evil.example"), client="127.0.0.1"))[2]
    assert ask.made == 3
    assert not any(key[2].startswith(b"/desk") for key in keys(datasette))


def keys(datasette: Any) -> list[Any]:
    found = cache.of(datasette, None)
    assert found is not None
    return [key for shelf in found._shelves.values() for key in shelf.held]


@pytest.mark.parametrize("path", ["/nothing", "/desk", "/files/x", "/site", "/site/records", "/-/jump.json", "/resources/" + "%61" * 3,
                                  f"/resources/{3:026d}", "/resources?" + "a" * 301, "/-/cop/about"])  # fmt: skip
async def test_some_things_are_not_kept(ask: Asking, path: str) -> None:
    await ask(path)
    assert keys(ask.datasette) == []


async def test_one_page_under_many_spellings_is_kept_under_one(ask: Asking) -> None:
    for path in ("/resources/rose-2019", "/resources/%72ose-2019", "/resources/r%6fse-2019", "/resources/ro%73e-2019"):
        status, _, body = await ask(path)
        assert status == 200 and b"Rose and Kalathil" in body
    assert [key[2] for key in keys(ask.datasette)] == [b"/resources/rose-2019"]


async def test_posts_are_passed_on(ask: Asking) -> None:
    await ask("/resources")
    assert (await ask("/resources", method="POST"))[0] in (403, 405)


async def test_an_error_while_a_page_is_made_reaches_everybody_and_is_not_kept(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, broken = render.frame, [True]

    def breaks(*given: Any, **named: Any) -> Any:
        if broken:
            raise RuntimeError("a bug")
        return working(*given, **named)

    monkeypatch.setattr(render, "frame", breaks)
    answers = await asyncio.gather(*(ask("/resources") for _ in range(3)))
    assert [status for status, _, _ in answers] == [500, 500, 500]
    broken.clear()
    assert (await ask("/resources"))[0] == 200


async def test_a_reader_who_leaves_takes_nothing_from_the_others(ask: Asking) -> None:
    first, second, third = (asyncio.create_task(ask("/resources")) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    assert (await first)[0] == (await third)[0] == 200
    fourth = asyncio.create_task(ask("/posts"))
    fifth = asyncio.create_task(ask("/posts"))
    await asyncio.sleep(0)
    fourth.cancel()  # the one who makes the page
    assert (await fifth)[0] == 200


# -- the shelf


def kept(size: int) -> Kept:
    return Kept([], b"x" * (size - cache.ENTRY_BYTES), b"")


def put_all(shelf: Shelf, names: Iterable[str], size: int) -> None:
    for name in names:
        shelf.put(key(name), kept(size))


def key(name: str) -> cache.Key:
    return "http", b"h", name.encode(), b"", False, False


def test_a_shelf_never_holds_more_than_it_may_and_lets_the_oldest_go() -> None:
    shelf = Shelf(10_000)
    put_all(shelf, "abc", 3_000)
    assert shelf.get(key("a")) and shelf.bytes == 9_000
    put_all(shelf, "d", 3_000)
    assert [one[2] for one in shelf.held] == [b"c", b"a", b"d"] and shelf.bytes == 9_000
    put_all(shelf, "d", 2_000)
    assert shelf.bytes == 8_000
    put_all(shelf, "e", 20_000)
    assert not shelf.held and shelf.bytes == 0


async def test_very_many_searches_do_not_push_out_pages(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cache.of(ask.datasette, str(ask.datasette.databases["site"].path))
    assert found is not None
    found._shelves["asked"].max_bytes = 30_000
    await ask("/resources")
    for at in range(20):
        await ask(f"/search?q=word{at}")
    assert found._shelves["asked"].bytes <= 30_000 and len(found._shelves["asked"].held) < 10
    ask.made = 0
    await ask("/resources")
    assert ask.made == 0


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"etag": "a"}, True),
        (200, {"ETag": "a", "Vary": "Accept-Encoding, Cookie"}, True),
        (200, {}, False),
        (404, {"etag": "a"}, False),
        (200, {"etag": "a", "set-cookie": "b=c"}, False),
        (200, {"etag": "a", "cache-control": "private, no-store"}, False),
        (200, {"etag": "a", "vary": "Accept-Language"}, False),
        (200, {"etag": "a", "vary": "*"}, False),
    ],
)
def test_only_answers_that_are_the_same_for_all_are_kept(status: int, headers: dict[str, str], expected: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert cache._may_be_kept({"type": "http.response.start", "status": status, "headers": raw}) is expected


def test_the_examples_in_docstrings_are_true() -> None:
    found = doctest.testmod(cache)
    assert found.attempted and not found.failed
