"""Somebody who agreed to be listed until a day: from then on nothing public names the record, and nobody has to edit it."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import Folder

from cop import imprint, stale, verification, views
from cop.site_schema import open_site
from cop.web import following

LAST_DAY = "2026-11-30"
AMINA = f"---\ntitle: Amina Zorro\norganisation: River\nconsent: Said so\nconsent_until: {LAST_DAY}\n---\n\nShe chairs well.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    on(monkeypatch, LAST_DAY)
    folder = Folder(tmp_path / "site", tmp_path / "keys")
    folder.write("people/amina.md", AMINA)
    folder.write("people/yasmin.md", "---\ntitle: Yasmin\nconsent: Said so\nconsent_until: 2090\n---\n")
    folder.load()
    return folder


def on(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    monkeypatch.setattr(stale, "today", lambda: date.fromisoformat(day))


def names(folder: Folder) -> list[str]:
    public = open_site(folder.site.site_db)
    try:
        return [row[0] for row in public.execute("SELECT title FROM records ORDER BY title")]
    finally:
        public.close()


def test_on_the_last_day_everybody_still_sees_it(folder: Folder) -> None:
    assert names(folder) == ["Amina Zorro", "Yasmin"]
    assert not stale.is_any(folder.db)


def test_from_the_next_day_nothing_of_it_is_in_the_published_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-12-01")
    assert stale.is_any(folder.db)
    views.refresh(folder.site, folder.db)
    assert names(folder) == ["Yasmin"]
    told = folder.published_text()
    assert "Zorro" not in told and "chairs well" not in told and "amina" not in told
    assert b"Zorro" not in folder.site.site_db.read_bytes()
    assert not verification.verify(folder.site, folder.db).problems
    assert folder.db.execute("SELECT state FROM view_record WHERE title LIKE 'Amina%'").fetchone()[0] == "ended"


def test_what_partners_share_is_the_same_as_before(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = imprint.network_digest(folder.db)
    on(monkeypatch, "2026-12-01")
    views.refresh(folder.site, folder.db)
    assert imprint.network_digest(folder.db) == before


def test_a_clock_that_was_wrong_for_a_while_hides_nobody_for_good(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, shown in (("2050-01-01", 1), ("2026-11-29", 2), ("2026-12-01", 1)):
        on(monkeypatch, day)
        views.refresh(folder.site, folder.db)
        assert len(names(folder)) == shown, day


def test_a_longer_consent_shows_it_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2026-12-01")
    views.refresh(folder.site, folder.db)
    folder.write("people/amina.md", folder.read("people/amina.md").replace(LAST_DAY, "2027-11-30"))
    folder.load()
    assert names(folder) == ["Amina Zorro", "Yasmin"]


def test_a_site_made_from_nothing_after_that_day_never_shows_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-12-01")
    views.rebuild(folder.site, folder.db)
    assert names(folder) == ["Yasmin"]


async def test_a_site_that_is_being_served_follows_the_calendar(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = following.Follower(folder.site)
    await follower.caught_up()
    assert len(names(folder)) == 2
    on(monkeypatch, "2026-12-01")
    async with asyncio.timeout(30):
        while len(names(folder)) == 2:
            await follower.caught_up()


async def test_a_site_that_is_being_served_tries_again_after_a_failure(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    follower, failures, refresh = following.Follower(folder.site), [OSError("no room")] * 2, views.refresh

    def fail_twice(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        refresh(*arguments)

    monkeypatch.setattr(views, "refresh", fail_twice)
    on(monkeypatch, "2026-12-01")
    async with asyncio.timeout(30):
        while len(names(folder)) == 2:
            await follower.caught_up()
    assert not failures and caplog.text.count("no room") == 1
