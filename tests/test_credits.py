"""Everybody is credited in the same way: by name from A to Z, without rank, whatever their organisation."""

import re
from pathlib import Path
from typing import Any

import pytest
from test_pages import check
from web_site import build, serve

from cop import database
from cop.fields import TYPES
from cop.naming import has_title, with_titles
from cop.web import credits


def test_names_stand_from_a_to_z_and_organisations_change_nothing() -> None:
    given = [
        {"name": "Zoe", "role": "wrote", "organisation": "University of Bristol"},
        {"name": "amina", "role": "told us", "organisation": "Caafi Health"},
        {"name": "Élodie", "role": "checked"},
        "A reading group",
    ]
    assert [one.words for one in credits.people(given)] == [
        "A reading group", "amina, Caafi Health: told us", "Élodie: checked", "Zoe, University of Bristol: wrote",
    ]  # fmt: skip


def test_somebody_with_two_roles_stands_once() -> None:
    given = [{"name": "Ann", "role": role} for role in ("wrote", "Checked", "wrote", "baked")]
    (ann,) = credits.people(given)
    assert ann.words == "Ann: wrote, checked, baked"
    assert [role.ours for role in ann.roles] == [True, True, False]


@pytest.mark.parametrize("value", [None, [], {}, [None], [[]], 3.5, True, [{"role": "wrote"}], [{"name": {"a": 1}}]])
def test_nonsense_from_a_partner_is_no_error(value: object) -> None:
    assert all(one.name for one in credits.people(value))


def test_the_credits_of_a_record_come_before_its_other_roles() -> None:
    fields = {"chair": [{"name": "Bo"}], "credits": [{"name": "Cy"}]}
    assert [one.heading for one in credits.of_record(TYPES["event"], fields)] == ["Who did what", "Chairs"]


@pytest.mark.parametrize(
    ("name", "title"),
    [("Dr. Ann Lee", True), ("dr Ann", True), ("Professor Lee", True), ("Ann Lee OBE", True), ("Ann Lee, PhD", True),
     ("Sir Ann", True), ("Dr", False), ("Drew", False), ("Profumo", False), ("Siri Dame", False), ("Hobe Lee", False)],
)  # fmt: skip
def test_titles_are_known(name: str, title: bool) -> None:
    assert has_title(name) is title


def test_only_people_are_looked_at() -> None:
    fields = {
        "title": "Dr Who",
        "authors": ["Dr Ann"],
        "credits": [{"name": "Prof Bo", "role": "wrote"}, {"name": "Cy"}],
    }
    assert list(with_titles("post", fields)) == [("authors", "Dr Ann"), ("credits", "Prof Bo")]


def test_load_takes_a_name_with_a_title_and_remarks_on_it(cop: Any, tmp_path: Path) -> None:
    post = tmp_path / "site" / "content" / "posts" / "a.md"
    post.parent.mkdir(parents=True, exist_ok=True)
    post.write_text("---\ntitle: A\nauthors: [Dr Ann]\n---\n")
    result = cop("load")
    assert result.exit_code == 0
    assert "content/posts/a.md, line 4: “authors”: we name everybody without titles, not “Dr Ann”." in result.output


async def test_the_history_names_roles_as_the_event_does(tmp_path: Path) -> None:
    site = build(tmp_path / "site.db")
    roles = [{"name": "Marek", "role": "quiet-voices"}, {"name": "Tom", "role": "notes"}]
    told = site.add("event", "evening", title="Evening", roles=roles)
    site.happened(told, "Caafi Health", {"title": "Evening"})
    site.happened(told, "Caafi Health", {"roles": roles}, before={"roles": []})
    site.db.commit()
    datasette = serve(site.path)
    await datasette.invoke_startup()
    client = datasette.client
    english, polish = [(await client.get(f"{top}/events/evening/history")).text for top in ("", "/pl")]
    assert "Marek: Listens for quiet voices" in english and "Tom: Takes notes" in english
    assert "Marek" in polish and not re.search("quiet|notes", re.sub("<[^>]*>", "", polish.partition("<main")[2]))


async def test_many_names_are_read_page_by_page_and_letters_lead_to_theirs(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    with database.writing(site.db):
        for at in range(350):
            site.add("resource", f"r-{at}", title=f"Work {at}", authors=[f"{'Zoe' if at > 340 else 'Ada'} {at:03}"])
        for at in range(21):
            site.add("person", f"p-{at}", title=f"Listed {at}", consent="Yes", consent_until="2090-01-01")
    client = serve(site.path).client
    pages = [check((await client.get(f"/people?page={at}")).text) for at in (1, 2, 3)]
    assert [page.text.count("Ada ") for page in pages] == [0, 300, 41]
    assert [page.text.count("Listed ") for page in pages] == [20, 1, 0]
    assert "people?page=3#letter-5a" in pages[1].links and "#letter-5a" in pages[2].links
    assert "Nobody yet" not in pages[2].text and "Zoe 349" in pages[2].text
    assert pages[2].text.index("Ada 300") < pages[2].text.index("Zoe 341")
    site.db.close()
