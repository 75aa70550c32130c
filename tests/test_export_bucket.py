"""A copy in an object store: the same files as in a folder, only what changed is sent, and no page leads to what is not there."""

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from cop.cli.common import find_site
from cop.errors import CopError, NotReachable
from cop.export import bucket, crawl, manifest, static, tree
from cop.export.making import Made
from cop.export.tree import Written
from tests.conftest import Cop
from tests.test_export import LINK, POST, broken, contents, full  # noqa: F401 - `full` is a fixture

obstore = pytest.importorskip("obstore")
from cop.transports.objects import ObjectCarrier  # noqa: E402

TODAY = date(2026, 11, 23)


class Watched(ObjectCarrier):
    """A store in memory that notes what is done to it, and may be lost on the way."""

    def __init__(self) -> None:
        super().__init__("s3://bucket/site", obstore.store.MemoryStore())
        self.done: list[str] = []
        self.lost_after = -1

    def publish(self, name: str, body: bytes | Path, headers: dict[str, str]) -> None:
        if 0 <= self.lost_after <= len(self.done):
            raise NotReachable("s3://bucket/site cannot be reached.")
        super().publish(name, body, headers)
        self.done.append(name)

    def delete(self, name: str) -> None:
        super().delete(name)
        self.done.append(f"-{name}")

    def files(self) -> dict[str, bytes]:
        found = [one["path"] for page in obstore.list(self._store) for one in page]
        return {name: bytes(obstore.get(self._store, name).bytes()) for name in found}

    def told_of(self, name: str) -> dict[str, str]:
        return dict(obstore.get(self._store, name).attributes)


def made(cop: Cop) -> Iterator[Made]:
    copy, _ = static.described(find_site(cop.root).site_db, TODAY)
    for one, _known in crawl.everything(copy):
        yield one


def published(cop: Cop, store: ObjectCarrier) -> Written:
    return bucket.write(bucket.opened(store), made(cop))


def saved(store: Watched, folder: Path) -> None:
    for name, data in store.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def reachable(root: Path) -> set[str]:
    """The pages that a reader finds from the first one."""
    found, todo = {"index.html"}, ["index.html"]
    while todo:
        page = root / todo.pop()
        for target in LINK.findall(page.read_text("utf-8")) if page.suffix == ".html" and page.is_file() else ():
            path = unquote(urlsplit(html.unescape(target)).path)
            if path and not re.match(r"[a-z]+:|//", target):
                name = (page.parent / path).resolve().relative_to(root.resolve()).as_posix()
                todo += [name] if name not in found else []
                found.add(name)
    return found


def edited(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format(title="Who decides now?", day=1, text="Another text, see [c](c.md)."))
    cop.write("posts/c.md", POST.format(title="A new one", day=3, text="New."))
    assert cop("load").exit_code == 0
    assert cop("withdraw", "b").exit_code == 0


def test_a_store_holds_what_a_folder_holds(full: Cop, tmp_path: Path) -> None:  # noqa: F811
    store = Watched()
    told = published(full, store)
    tree.write(tree.opened(tmp_path / "copy"), made(full))
    assert store.files() == contents(tmp_path / "copy")
    assert told.files == told.written == len(store.files()) - 1 and told.bytes == told.bytes_written
    assert store.told_of("index.html")["Content-Type"] == "text/html; charset=utf-8"
    attached = next(name for name in store.files() if name.endswith("/agenda.txt"))
    assert store.told_of(attached)["Content-Disposition"].startswith("attachment; ")


def test_only_what_changed_is_sent_and_what_is_gone_goes_last(full: Cop, tmp_path: Path) -> None:  # noqa: F811
    store = Watched()
    published(full, store)
    store.done.clear()
    assert published(full, store).written == 0 and store.done == []
    edited(full)
    before = store.files()
    told = published(full, store)
    after = store.files()
    sent = [name for name in store.done if name[0] != "-" and name != manifest.NAME]
    assert sorted(sent) == sorted(name for name in after if after[name] != before.get(name) and name != manifest.NAME)
    assert {"posts/a.html", "posts/c.html"} <= set(sent) and told.written == len(sent)
    at_index, gone = sent.index("index.html"), [name for name in store.done if name[0] == "-"]
    assert at_index == len(sent) - 1 and store.done[-len(gone) :] == gone and told.removed == len(gone)
    saved(store, tmp_path)
    assert list(broken(tmp_path)) == []


@pytest.mark.parametrize("after", [0, 1, 7, 40])
def test_a_store_lost_on_the_way_leaves_a_copy_that_leads_nowhere_wrong(
    full: Cop,  # noqa: F811
    tmp_path: Path,
    after: int,
) -> None:
    store = Watched()
    published(full, store)
    edited(full)
    store.lost_after = len(store.done) + after
    with suppress(NotReachable):
        published(full, store)
    saved(store, tmp_path / "now")
    seen = reachable(tmp_path / "now")
    assert [one for one in broken(tmp_path / "now") if one.split(":")[0] in seen and "#" not in one] == []
    store.lost_after = -1
    published(full, store)
    tree.write(tree.opened(tmp_path / "whole"), made(full))
    assert store.files() == contents(tmp_path / "whole")


def test_a_stopped_first_run_goes_on_from_what_it_sent(full: Cop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(bucket, "OFTEN", 10)
    store = Watched()
    store.lost_after = 60
    with pytest.raises(NotReachable):
        published(full, store)
    assert "index.html" not in store.files()
    sent, store.lost_after = len(store.files()), -1
    assert published(full, store).written <= len(store.files()) - sent + 2 * bucket.AT_ONCE + 10


def test_other_files_are_never_touched(full: Cop) -> None:  # noqa: F811
    store = Watched()
    obstore.put(store._store, "holiday.jpg", b"sun")
    with pytest.raises(CopError, match="holds other files"):
        published(full, store)
    assert store.files() == {"holiday.jpg": b"sun"}


@pytest.mark.parametrize("name", ["../other/index.html", "/etc/passwd", "a//b"])
def test_a_list_with_names_outside_deletes_nothing(full: Cop, name: str) -> None:  # noqa: F811
    store = Watched()
    obstore.put(store._store, "manifest.tsv", f"sha256\tbytes\tname\n{'0' * 64}\t1\t{name}\n".encode())
    with pytest.raises(CopError, match="line 2"):
        published(full, store)


def test_the_command_says_what_is_missing(full: Cop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    for name, value in {"ENDPOINT": "http://127.0.0.1:9", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setattr("cop.transports.objects.RETRY_SECONDS", 0)
    told: Any = full("export", "static", "s3://bucket/site")
    assert told.exit_code == 3 and "cannot be reached" in told.stderr and "safe to run again" in told.stderr
