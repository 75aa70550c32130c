"""What an exchange brings is told at once; the pages of much follow when somebody opens them."""

import json
import urllib.request
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import catching_up, lacking, partings, stale, status, views
from cop.cli import common
from tests.network import NOW, Place, assert_same_views, befriend, network, places, sync_all
from tests.test_blobs import publish
from tests.test_sync import big
from tests.test_sync_http import at, cop, report, serving
from tests.test_views_property import act, few, history, some_places

MUCH = catching_up.AT_ONCE + 10


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Place, Place]:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    one.sync(other)
    return one, other


def shown(place: Place) -> int:
    """Records that have a page."""
    return len(place.public()["records"])


def test_the_pages_of_little_are_there_when_the_exchange_ends(pair: tuple[Place, Place]) -> None:
    one, other = pair
    big(other, 3)
    assert one.sync(other).pages_waiting == 0
    assert shown(one) == 3


def test_the_pages_of_much_follow_and_the_report_says_so(pair: tuple[Place, Place]) -> None:
    one, other = pair
    big(other, MUCH)
    done = one.sync(other)
    assert (done.received, done.equal, done.pages_waiting) == (MUCH, True, MUCH)
    assert shown(one) == 0
    views.refresh(one.site, one.db)
    assert_same_views(pair)


def test_a_command_that_shows_records_makes_them_first(pair: tuple[Place, Place]) -> None:
    one, other = pair
    big(other, MUCH)
    with serving(other) as address:
        at(one, other, address)
        assert f"The pages of {MUCH} records are made when you next open them" in cop(one, "sync")
    assert len(json.loads(cop(one, "list", "--json"))) == MUCH
    assert shown(one) == MUCH


def test_a_served_site_shows_what_a_command_has_just_stored(pair: tuple[Place, Place]) -> None:
    one, other = pair
    with serving(one) as reading, serving(other) as address:
        at(one, other, address)
        big(other, MUCH)
        assert report(one)["pages_waiting"] == MUCH
        with urllib.request.urlopen(f"{reading}/posts") as answer:
            assert f"{MUCH} posts" in answer.read().decode().lower()


@pytest.mark.parametrize("field", ["title", "body"])
def test_a_conflict_among_much_is_told_at_once(pair: tuple[Place, Place], field: str) -> None:
    one, other = pair
    record_id = one.change(None, {"title": "Power", "body": "Share.\n"})
    one.sync(other)
    one.change(record_id, {field: "Sharing power"})
    other.change(record_id, {field: "Power, shared"})
    big(other, MUCH)
    done = one.sync(other)
    assert (done.conflicts, done.pages_waiting) == (1, MUCH)
    assert status.conflicts(one.db)[0]["field"] == field


def test_a_kind_that_only_a_newer_cop_knows_is_told_at_once(pair: tuple[Place, Place]) -> None:
    one, other = pair
    other.change(None, {"title": "A dance"}, type_name="dance")
    big(other, MUCH)
    assert one.sync(other).not_understood == 1


def test_what_names_an_attachment_is_made_at_once_so_that_it_can_follow(pair: tuple[Place, Place]) -> None:
    one, other = pair
    publish(other)
    big(other, MUCH)
    assert one.sync(other).pages_waiting == MUCH
    assert [named.name for named in lacking.all_named(one.site.site_db)] == ["agenda.pdf"]


@few
@given(history, st.integers(0, 2**32))
def test_nothing_that_a_report_speaks_of_is_left_for_later(
    steps: list[tuple[int, int, tuple[str, object]]], seed: int
) -> None:
    with mock.patch.object(catching_up, "AT_ONCE", -1), some_places(3, seed) as found:
        for place, record, (what, value) in steps:
            act(found, place, record, what, value)
        for place in found[1:]:
            found[0].sync(place)
            told = status.conflict_count(found[0].db), status.not_understood(found[0].db)
            views.refresh(found[0].site, found[0].db)
            assert told == (status.conflict_count(found[0].db), status.not_understood(found[0].db))


def test_catching_up_shows_a_bar_when_it_takes_long(
    pair: tuple[Place, Place], capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = pair
    big(other, MUCH)
    one.sync(other)
    with (
        mock.patch.object(common, "BAR_AFTER_SECONDS", -1),
        mock.patch.object(common.sys.stderr, "isatty", lambda: True),
    ):
        common.open_up_to_date(one.site).close()
    assert common.PAGES in capsys.readouterr().err


def test_an_exchange_that_was_killed_before_the_views_knew_who_left_is_made_up_for(tmp_path: Path) -> None:
    one, other, third = network(tmp_path, 3)
    record_id = third.change(None, {"title": "By the third"})
    sync_all([one, other, third])
    views.refresh(one.site, one.db)
    assert one.published(record_id)
    partings.remove(one.db, one.signer, one.partner(third), NOW, hide=True)  # and the computer goes off
    one.sync(other)
    assert stale.is_any(one.db), "so whatever shows records refreshes first"
    views.refresh(one.site, one.db)
    assert not one.published(record_id) and not stale.is_any(one.db)
