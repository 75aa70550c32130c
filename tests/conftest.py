"""Site folders for tests, made by the same code as `cop init` and `cop load`."""

import json
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from hypothesis import settings
from web_site import SiteBuilder, serve

from cop import checkout, identity, log, read_back, views, worktree
from cop.cli import cli
from cop.config import Config, Site
from cop.model import RecordView
from cop.signing import Signer

settings.register_profile("cop", deadline=None)  # a busy computer is no fault of the code
settings.load_profile("cop")

SERVES = re.compile(r"datasette|\bserv(?:e|ed|ing|ing_of)\b", re.IGNORECASE)
LONGEST = "test_everyone.py"  # else one worker is still at it when the other has long been done
NOW = 1_790_000_000  # 2026-09-21T14:13:20Z


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that depend on Datasette: those of files that start it, or a `cop serve`. The longest file is first."""
    starts = {path: bool(SERVES.search(path.read_text("utf-8"))) for path in {item.path for item in items}}
    for item in items:
        if starts[item.path] or "client" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)
    items.sort(key=lambda item: item.path.name != LONGEST)


@pytest.fixture(autouse=True)
def no_site_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may work on a site of their own."""
    monkeypatch.delenv("COP_SITE", raising=False)
    monkeypatch.delenv("COP_KEYS", raising=False)


class Folder:
    """A site folder on the disk, with the few things that a person does to it."""

    def __init__(self, root: Path, keys: Path, **settings: Any) -> None:
        site, _ = identity.make_site_folder(root, keys, "Caafi Health", "community", "")
        self.site = Site(site.root, keys, Config(name="Caafi Health", kind="community", **settings))
        self.db: sqlite3.Connection
        self.signer: Signer
        self.now = NOW
        self.open()

    @property
    def content(self) -> Path:
        return self.site.content

    def open(self) -> None:
        """Open the store, as every command does when it starts."""
        self.db, self.signer = identity.open_installation(self.site, self.now)

    def write(self, path: str, text: str | bytes) -> Path:
        """Put a content file into the folder; its time differs from every earlier one, as with people."""
        file = self.content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.age(file)
        return file

    def age(self, file: Path) -> None:
        """Make a file look as if it had been saved a while ago, so that its time can be relied on."""
        stat = file.stat()
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10_000_000_000))

    def published_text(self) -> str:
        """All text of the published database, its index for search included."""
        public = sqlite3.connect(self.site.site_db)
        try:
            return "\n".join(public.iterdump())
        finally:
            public.close()

    def read(self, path: str) -> str:
        """The text of a content file, line ends as they are."""
        return (self.content / path).read_bytes().decode()

    def load(self, *paths: Path, dry_run: bool = False) -> worktree.LoadReport:
        """`cop load`, an hour later."""
        self.now += 3600
        return worktree.load(self.site, self.db, self.signer, now=self.now, paths=paths, dry_run=dry_run)

    def check_out(self, *record_ids: str) -> checkout.CheckoutReport:
        """`cop checkout`."""
        return checkout.check_out(self.site, self.db, record_ids)

    def partner_writes(
        self, record_id: str, fields: dict[str, Any], *, type_name: str = "post", share: int = 0
    ) -> None:
        """A change that did not come out of a content file, made from everything known of the record."""
        from cop.merge import History
        from cop.model import Patch

        same = History(r for r in read_back.revisions(self.db, record_id) if r.audience == share)
        heads = tuple(revision.payload_hash for revision in same.heads())
        sets = {name: value for name, value in fields.items() if isinstance(value, set)}
        patch = Patch(
            type_name,
            {name: value for name, value in fields.items() if name not in sets},
            {name: tuple(sorted(words)) for name, words in sets.items()},
        )
        log.write(self.db, self.signer, "change", [log.Change(record_id, heads, patch, share)], claimed_time=self.now)
        views.refresh(self.site, self.db)

    def id_of(self, path: str) -> str:
        """The id of the record that a content file was saved as."""
        row = self.db.execute("SELECT record_id FROM local_file WHERE path = ?", [path]).fetchone()
        assert row, f"{path} was not saved"
        return str(row[0])

    def view(self, path: str) -> RecordView:
        """The record of a content file, as this installation sees it."""
        view = views.current_view(self.db, self.id_of(path))
        assert view is not None
        return view

    def published(self) -> dict[str, dict[str, Any]]:
        """What readers see in site.db: title to fields, text and address."""
        public = sqlite3.connect(self.site.site_db)
        try:
            rows = public.execute("SELECT title, type, slug, text, html, fields FROM records").fetchall()
        finally:
            public.close()
        return {r[0]: {"type": r[1], "slug": r[2], "text": r[3], "html": r[4], **json.loads(r[5])} for r in rows}

    def titles(self) -> list[str]:
        """The titles that readers see, A to Z."""
        return sorted(self.published())

    def entries(self) -> int:
        """How many signed entries the log holds."""
        return int(self.db.execute("SELECT count(*) FROM log_entry").fetchone()[0])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "site", tmp_path / "keys")
    yield made
    made.db.close()


@pytest.fixture
def without_ids(tmp_path: Path) -> Iterator[Folder]:
    """A folder whose cop.toml says write_ids = false."""
    made = Folder(tmp_path / "site", tmp_path / "keys", write_ids=False)
    yield made
    made.db.close()


class Cop:
    """The `cop` command, run in this process on one site folder."""

    def __init__(self, root: Path, keys: Path) -> None:
        self.root, self.keys = root, keys

    def __call__(self, *arguments: str, **options: Any) -> Result:
        """Run a command. The result has exit_code, stdout and stderr; a bug's traceback comes through."""
        given = ["--site", str(self.root), *arguments]
        return CliRunner(env={"COP_KEYS": str(self.keys)}).invoke(cli, given, catch_exceptions=False, **options)

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """Run a command with --json and read what it prints."""
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def write(self, path: str, text: str) -> Path:
        """Put a content file into the folder."""
        file = self.root / "content" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file


@pytest.fixture
def cop(tmp_path: Path) -> Cop:
    """The command on a site folder that `cop init` made."""
    command = Cop(tmp_path / "site", tmp_path / "keys")
    result = command("init", "--name", "Caafi Health", "--kind", "community")
    assert result.exit_code == 0, result.output
    return command


@pytest_asyncio.fixture
async def client(site: SiteBuilder) -> AsyncIterator[Any]:
    """Asks for pages of the published database that a file of tests calls `site`."""
    datasette = serve(site.path)
    await datasette.invoke_startup()
    yield datasette.client
