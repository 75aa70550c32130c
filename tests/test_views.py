"""Views of hostile but validly signed entries: never a crash, and rows that pages can rely on."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import patch, site_tables, status, trust, views
from cop.fields import TYPES
from cop.model import Item, Patch
from cop.signing import sha256
from cop.site_schema import open_site
from tests.network import Place, assert_same_views, item_of, network, next_entry, store
from tests.test_privacy import EVENT

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"
ODD: list[object] = [
    HTML, "", " ", "\0", "a\0b", "\x1b[2J", "‮abc", "x" * 20_000, "&#99999999999999999999;", "../../etc/passwd", "a/b?c#d",
    0, -1, 2**63 - 1, -(2**63), 1.5, 1e308, True, False, [], {}, [[]], [{}], [None], [1, "a", None, {"a": [1]}],
    {"a": {"b": [{"c": None}]}}, {"name": 5}, [{"name": HTML, "role": [HTML]}], {"\0": 1, '"': 2, "$.x": 3}, ["x" * 500] * 50,
    "2026-13-45", "9999999999", "0000-00-00", "2026-07-01T25:61", "javascript:alert(1)", "https://", "http://[::1",
]  # fmt: skip


def assert_sound(place: Place) -> None:
    """What pages take from `site.db` can be read, and equals a rebuild."""
    for row in place.public()["records"]:
        assert isinstance(json.loads(str(row["fields"])), dict)
        assert str(row["title"]).strip() and isinstance(json.loads(str(row["conflicts"])), list)
        assert "<script" not in str(row["html"]) and "<img src=x" not in str(row["html"])
        assert row["type"] in TYPES and row["slug"] and "/" not in str(row["slug"])
    for row in place.public()["history"]:
        assert isinstance(json.loads(str(row["patch"])), dict)
    for row in place.public()["conflicts"]:
        json.loads(str(row["value"]))
    site = open_site(place.site.site_db)
    for kind in TYPES.values():
        site.execute(f'SELECT * FROM "{kind.folder}"').fetchall()
    site.execute("INSERT INTO records_fts (records_fts, rank) VALUES ('integrity-check', 1)")
    site.close()
    status.status_of(place.site, place.db, [], [])
    assert_same_views([place])


@pytest.mark.parametrize("type_name", [*TYPES, "unknown kind", "", "member"])
def test_any_value_in_any_field_is_harmless(tmp_path: Path, type_name: str) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    names = [field.name for field in TYPES[type_name].fields] if type_name in TYPES else ["title", "body", "x"]
    source = random.Random(type_name)
    payloads, items = [], []
    shared = patch.new_record_id()  # all of them at once: many conflicts
    for at, value in enumerate(ODD):
        fields = {name: source.choice(ODD) if at % 2 else value for name in names}
        fields |= {} if at % 3 else {"title": f"Readable {at}"}
        payload = patch.new_payload(Patch(type_name, fields))  # type: ignore[arg-type]
        payloads.append(payload)
        items += [item_of(patch.new_record_id(), payload)]
        if len(payload) < 20_000:
            another = patch.new_payload(Patch(type_name, fields))  # type: ignore[arg-type]
            payloads.append(another)
            items.append(item_of(shared, another))
    store(one, [next_entry(other, items[:20])], payloads)
    assert_sound(one)


def test_html_in_every_field_comes_out_as_text(tmp_path: Path) -> None:
    one, _ = network(tmp_path, 2)
    one.change(None, {field.name: HTML for field in TYPES["event"].fields}, type_name="event")
    one.change(None, {"title": "T", "body": HTML})
    assert_sound(one)


@pytest.mark.parametrize(
    "payload",
    [b"", b"x" * 16, b"x" * 17, bytes(16) + b"\xf6", bytes(16) + b"\xa0", bytes(16) + b"\xff" * 40,
     bytes(16) + b"\x9f" * 500, bytes(16) + b"\xa1dtypedpost", bytes(16) + b"\xc0" + b"\x60", b"<html>" * 100],
)  # fmt: skip
def test_payloads_that_are_not_what_they_say_are_kept_and_shown_nowhere(tmp_path: Path, payload: bytes) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "True"})
    one.sync(other)
    forged = next_entry(other, [item_of(record_id, payload), item_of(patch.new_record_id(), payload)])
    store(one, [forged], [payload])
    assert one.view(record_id).fields["title"] == "True"
    assert_sound(one)


def test_sizes_that_lie_store_nothing(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    payload = patch.new_payload(Patch("post", {"title": "Liar"}))
    record_id = patch.new_record_id()
    store(one, [next_entry(other, [item_of(record_id, payload, size=len(payload) + 1)])], [payload])
    assert payload not in one.payloads().values() and one.published(record_id) is None
    assert_sound(one)


def test_parents_that_loop_lose_nothing_and_end(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    record_id = patch.new_record_id()
    a, b, c = (patch.new_payload(Patch("post", {"title": f"Loop {at}", "body": "x"})) for at in range(3))
    hashes = [sha256(payload) for payload in (a, b, c)]
    items = [
        item_of(record_id, a, parents=[hashes[2], hashes[0]]),
        item_of(record_id, b, parents=[hashes[0]]),
        item_of(record_id, c, parents=[hashes[1], bytes(32)]),
    ]
    for order in ([0, 1, 2], [2, 1, 0]):
        place = one if order[0] == 0 else other
        entry = next_entry(other, items)
        store(place, [entry], [a, b, c])
        assert_sound(place)
    assert one.digest() == other.digest()


def test_a_thousand_parents_and_a_thousand_items_end_in_time(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    record_id = patch.new_record_id()
    payloads = [patch.new_payload(Patch("post", {"title": f"T{at % 7}"})) for at in range(400)]
    hashes = [sha256(payload) for payload in payloads]
    items = [item_of(record_id, payload, parents=hashes[max(0, at - 50) : at]) for at, payload in enumerate(payloads)]
    store(one, [next_entry(other, items)], payloads)
    assert one.published(record_id)


def test_an_entry_that_names_our_payload_again_cannot_hide_it(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Ours"})
    one.sync(other)
    ours = next(payload for payload in one.payloads().values() if b"Ours" in payload)
    for at in range(12):  # one of them has a smaller id than ours
        lie = next_entry(other, [item_of(record_id, ours, size=9)], number=at)
        store(one, [lie])
        assert one.view(record_id).fields["title"] == "Ours"


def test_records_of_others_can_be_changed_and_the_change_bears_its_makers_name(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    record_id = one.change(None, {"title": "Ours"})
    one.sync(other)
    other.change(record_id, {"title": "Theirs"}, parents=())
    one.sync(other)
    rows = {(row["value"], row["organisation"]) for row in one.public()["conflicts"]}
    assert rows == {('"Ours"', one.name), ('"Theirs"', other.name)}


def test_nobody_can_rename_another_organisation(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    one.sync(other)
    other.change(trust.member_record_id(one.organisation), {"name": "Evil"}, type_name="member")
    one.sync(other)
    assert trust.names(one.db, trust.members(one.db))[one.organisation].name == one.name
    assert_same_views([one, other])


def test_site_db_can_be_deleted_at_any_time(tmp_path: Path) -> None:
    (one,) = network(tmp_path, 1)
    one.write("events/coffee.md", EVENT)
    one.load()
    before = one.digest(), one.public()
    for path in one.site.site_db.parent.glob("site.db*"):
        path.unlink()
    views.refresh(one.site, one.db)
    assert (one.digest(), one.public()) == before


def test_a_refresh_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = network(tmp_path, 1)
    plain = site_tables.replace

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(site_tables, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        one.change(None, {"title": "Late"})
    monkeypatch.setattr(site_tables, "replace", plain)
    views.refresh(one.site, one.db)
    assert any(row["title"] == "Late" for row in one.public()["records"])
    assert_same_views([one])


value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.sampled_from([*{field.name for kind in TYPES.values() for field in kind.fields}, "odd", "", "$", '"'])
patches = st.builds(
    Patch,
    st.sampled_from([*TYPES, "x", ""]),
    st.dictionaries(names, value, max_size=5),
    st.dictionaries(names, st.lists(st.text(), max_size=3).map(tuple), max_size=2),
    st.dictionaries(names, st.lists(st.text(), max_size=3).map(tuple), max_size=2),
)
_place: list[Place] = []


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    if not _place:
        _place.extend(network(tmp_path_factory.mktemp("pair"), 2))
        _place[0].sync(_place[1])
    return _place


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(patches, st.integers(0, 3), st.lists(st.integers(0, 9), max_size=3)), min_size=1, max_size=8))
def test_any_signed_patches_leave_views_sound(pair: list[Place], signed: list[tuple[Patch, int, list[int]]]) -> None:
    one, other = pair
    ids = [patch.new_record_id() for _ in range(2)]
    payloads = [patch.new_payload(one_patch) for one_patch, _, _ in signed]
    hashes = [sha256(payload) for payload in payloads]
    items = [
        Item(
            ids[audience % 2], tuple(hashes[p % len(hashes)] for p in parents), hashes[at], len(payloads[at]), audience
        )
        for at, (_, audience, parents) in enumerate(signed)
    ]
    forged = next_entry(other, items)
    for place in (one, other):
        store(place, [forged], payloads)
    assert one.digest() == other.digest()
    for row in one.public()["records"]:
        assert isinstance(json.loads(str(row["fields"])), dict)
    assert one.public() == other.public()
