"""A bank of experts by consent alone, and buddies whose pairs never leave the computer."""

import json
from pathlib import Path

import pytest

from cop import buddies, bundle, views
from cop.errors import WrongUsage
from tests.commands import cop, ran, serving
from tests.network import NOW, Place, network, places, sync_all

FOREVER = "2090-01-01"


def person(place: Place, name: str, **fields: str) -> str:
    """Somebody who agreed to be listed."""
    return place.change(
        None, {"title": name, "consent": "Said so", "consent_until": FOREVER, **fields}, type_name="person"
    )


def test_nobody_is_listed_who_did_not_agree(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    asked = person(one, "Hodan")
    unasked = one.change(None, {"title": "Amina"}, type_name="person")
    sync_all([one, other])
    for place in (one, other):
        assert place.published(asked) and not place.published(unasked)


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("title: Amina", 2, "agreed to be listed"),
        ("title: Amina\nconsent: '  '", 2, "agreed to be listed"),
        ("title: Amina\nconsent: Said so", 3, "until when"),
    ],
)
def test_a_file_about_somebody_who_was_not_asked_waits(tmp_path: Path, lines: str, line: int, said: str) -> None:
    [one] = places(tmp_path, 1)
    one.write("people/amina.md", f"---\n{lines}\n---\n")
    told = json.loads(cop(one, "load", "--json", code=5).rpartition("}")[0] + "}")["refused"]
    assert [(bad["path"], bad["line"]) for bad in told] == [("content/people/amina.md", line)]
    assert said in told[0]["reason"] and "share: own" in told[0]["hint"]
    one.write("people/amina.md", f"---\ntitle: Amina\nconsent: Said so\nconsent_until: {FOREVER}\n---\n")
    cop(one, "load")
    one.write("people/own.md", "---\ntitle: Own notes\nshare: own\n---\n")
    cop(one, "load")


def test_a_pair_stands_in_no_entry_bundle_or_page(tmp_path: Path) -> None:
    one, other = network(tmp_path, 2)
    hodan = person(one, "Hodan", buddy_offer="For new interviewers")
    amina = person(one, "Amina", buddy_wish="For my first interview", organisation="Caafi Health")
    entries = one.entry_ids()
    offers, wishes = buddies.open_wishes(one.db)
    assert ([p.name for p in offers], [p.name for p in wishes]) == (["Hodan"], ["Amina"])
    buddies.bring_together(one.db, hodan, amina, "CanaryNote in May", NOW)
    assert one.entry_ids() == entries and not buddies.open_wishes(one.db)[1]
    sync_all([one, other])
    bundle.create(one.side, tmp_path / "stick.cop", None, full=True, now=NOW)
    views.refresh(one.site, one.db)
    elsewhere = [one.site.site_db, tmp_path / "stick.cop", *(p for p in other.site.root.rglob("*") if p.is_file())]
    assert all(b"CanaryNote" not in path.read_bytes() for path in elsewhere)
    assert not list(buddies.pairs(other.db))
    assert buddies.take_apart(one.db, amina, hodan) == ("Amina", "Hodan")
    assert not list(buddies.pairs(one.db))
    assert all(b"CanaryNote" not in p.read_bytes() for p in one.site.root.rglob("*") if p.is_file())
    with pytest.raises(WrongUsage):
        buddies.take_apart(one.db, amina, hodan)


def test_only_people_who_are_listed_can_be_buddies(tmp_path: Path) -> None:
    [one] = places(tmp_path, 1)
    hodan, unasked = person(one, "Hodan"), one.change(None, {"title": "Amina"}, type_name="person")
    post = one.change(None, {"title": "A post"})
    for pair in ((hodan, hodan), (hodan, unasked), (post, hodan)):
        with pytest.raises(WrongUsage):
            buddies.bring_together(one.db, *pair, "", NOW)


def test_the_commands_and_the_page_of_the_desk(tmp_path: Path) -> None:
    import requests

    [one] = places(tmp_path, 1)
    person(one, "Hodan", slug="hodan", buddy_offer="For new interviewers", organisation="Caafi Health")
    person(one, "Amina", slug="amina", buddy_wish="For my first interview")
    told = cop(one, "buddies")
    assert "Hodan (Caafi Health): For new interviewers  people/hodan" in told
    assert "Would like a buddy:\n  Amina: For my first interview  people/amina" in told
    assert "stays on this computer" in cop(one, "buddies", "pair", "people/hodan", "people/amina", "--note", "In May")
    pairs = json.loads(cop(one, "buddies", "--json"))["pairs"]
    assert [{pair["one"], pair["other"]} for pair in pairs] == [{"Hodan", "Amina"}] and pairs[0]["note"] == "In May"
    with serving(one) as address:
        page = requests.get(f"{address}/desk/buddies", timeout=30).text
        assert "In May" in page and "For new interviewers" in page
        assert (
            requests.get(f"{address}/desk/buddies", headers={"X-Forwarded-For": "1.2.3.4"}, timeout=30).status_code
            == 403
        )
        assert "In May" not in requests.get(f"{address}/people/hodan", timeout=30).text
    assert "no longer buddies" in cop(one, "buddies", "part", "people/amina", "people/hodan")
    assert ran(one, "buddies", "part", "people/amina", "people/hodan").returncode == 2
