"""Who did what last in other events of the same organisations, and papers with their sizes."""

from datetime import date, timedelta
from typing import Any

import pytest
from test_pages import words
from web_site import SiteBuilder, filled

DAY = date.today().isoformat()
NEXT = (date.today() + timedelta(days=20)).isoformat()


def _role(name: str, role: str, day: str = "") -> dict[str, str]:
    return {"name": name, "role": role, **({"date": day} if day else {})}


def _fill(site: SiteBuilder) -> None:
    circle = [_role("Old", "chair", "2019-01-01"), _role("Hodan", "chair", "2020-01-01"), _role("Later", "chair", NEXT)]
    site.add("event", "circle", title="Circle", start="2019-01-01", organisers=["River"], roles=circle)
    site.add("event", "talk", title="Talk", start="2019-06-01", organisers=["River", "Hill"],
             chair=[{"name": "Tom"}, {"name": "Ann"}], roles=[_role("Bea", "notes"), _role("Cy", "tea")])  # fmt: skip
    site.add("event", "other", title="Other", start="2020-06-01", organisers=["Sea"], roles=[_role("Zed", "chair")])
    papers = [
        {"name": f"p{at}.pdf", "size": 1000 * at, "sha256": f"{at:064x}", "title": f"Paper {at}"} for at in (1, 2)
    ]
    site.add("event", "next", title="Next", start=NEXT, organisers=["Hill", "River"], papers=papers)
    site.add("event", "alone", title="Alone", start=NEXT, organisers=["Nobody"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteBuilder:
    return filled(tmp_path_factory.mktemp("rotating"), _fill)


async def test_each_role_names_who_did_it_last_and_where(client: Any) -> None:
    page = await words(client, "/events/next")
    assert "Who did it last, in other events of theirs" in page
    assert "Chairs Hodan, 1 January 2020: Circle" in page and "Takes notes Bea, 1 June 2019: Talk" in page
    assert "Zed" not in page and "Later" not in page and "Old" not in page


async def test_several_who_did_it_together_stand_from_a_to_z(client: Any) -> None:
    assert "Ann and Tom, 1 June 2019: Talk" in await words(client, "/events/circle")


async def test_without_earlier_events_nothing_is_said(client: Any) -> None:
    assert "Who did it last" not in await words(client, "/events/alone")


async def test_each_paper_has_its_size_and_all_have_one_together(client: Any) -> None:
    page = await words(client, "/events/next")
    assert "2 files, 3 KB in all" in page
    assert "Paper 1 (PDF, 1 KB)" in page and "Paper 2 (PDF, 2 KB)" in page
