"""Who took part in a project: counted over all, and never so that somebody could be recognised."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cop import small_groups
from cop.small_groups import LEAST, Group
from tests.conftest import Folder, serve
from tests.network import Place

STEPS = [
    {"date": "2026-05", "took_part": {"peer researchers": 7, "nurses": 12}, "what": "We met.", "about": ["resources/sleep"]},
    {"date": "2026-06", "took_part": [{"role": "Peer researchers", "number": 6}, "carers"], "changed": "The question."},
]  # fmt: skip


def test_people_are_added_up_by_role_whatever_way_they_were_written() -> None:
    assert small_groups.sums(STEPS) == [
        {"role": "carers", "times": 1, "people": 0, "at_least": True},
        {"role": "nurses", "times": 1, "people": 12, "at_least": False},
        {"role": "peer researchers", "times": 2, "people": 13, "at_least": False},
    ]


numbers = st.integers(-3, 30) | st.none()
logs = st.lists(
    st.fixed_dictionaries({"took_part": st.dictionaries(st.sampled_from(["a", "b", "c"]), numbers)}), max_size=6
)


@given(logs, st.integers(1, LEAST - 1))
def test_no_sum_tells_how_many_were_in_a_small_group(log: list[dict[str, object]], small: int) -> None:
    """Whether one, two, three or four came in a role, what readers get is the same, before and after."""
    shown = [small_groups.sums([*log, {"took_part": {"a": some}}]) for some in (small, None)]
    assert shown[0] == shown[1]
    for one in shown[0]:
        assert isinstance(one, dict) and (one["people"] == 0 or one["people"] >= LEAST)  # type: ignore[operator]


def test_a_log_may_say_anything() -> None:
    odd = [None, 5, "x", {"took_part": 5}, {"took_part": [None, [], {"role": []}, {"role": "r", "number": True}, " "]}]
    assert [small_groups.groups(one) for one in odd] == [[], [], [], [], [Group("r", None)]]
    assert small_groups.sums(odd) == [{"role": "r", "times": 1, "people": 0, "at_least": True}]  # type: ignore[arg-type]
    assert small_groups.sums("x") == [] and list(small_groups.too_small(None)) == []


def test_a_file_that_counts_a_small_group_is_not_loaded(folder: Folder) -> None:
    path = folder.write("projects/map.md", "---\ntitle: Map\nlog:\n- took_part: {nurses: 12, carers: 3}\n---\n")
    (refused,) = folder.load().refused
    assert "3 of “carers”" in refused.reason and "without a number" in refused.hint
    path.write_text(path.read_text("utf-8").replace("carers: 3", "carers: "), "utf-8")
    assert not folder.load().refused
    path.write_text(
        path.read_text("utf-8").replace("carers: ", "carers: 3").replace("title", "share: own\ntitle"), "utf-8"
    )
    assert not folder.load().refused, "what stays here may be counted"


def test_what_a_partner_counts_all_the_same_is_shown_nowhere(tmp_path: Path) -> None:
    place = Place(tmp_path)
    log = [
        {"what": "We met.", "took_part": {"nurses": 17, "carers": 3331}},
        {"what": "Again.", "took_part": {"carers": 4}},
    ]
    record_id = place.change(None, {"title": "Map", "log": log, "log_took_part": "cheat"}, type_name="project")  # type: ignore[dict-item]
    place.change(record_id, {"log": log[1:]}, type_name="project")  # type: ignore[dict-item]
    row = place.published(record_id)
    assert row is not None
    fields = json.loads(str(row["fields"]))
    assert fields["log"] == [{"what": "Again.", "took_part": ["carers"]}]
    assert fields["log_took_part"] == [{"role": "carers", "times": 1, "people": 0, "at_least": True}]
    assert not any(number in str(place.public()) for number in ("3331", "cheat", "'nurses': 17", '"nurses": 17'))
    place.close()


@pytest.fixture
def shown(folder: Folder) -> Folder:
    folder.write("resources/sleep.md", "---\ntitle: A sleep diary\n---\n")
    steps = json.dumps(STEPS)
    folder.write("projects/map.md", f"---\ntitle: Map\nlog: {steps}\n---\n")
    assert not folder.load().refused
    return folder


async def test_the_page_and_the_files_say_who_took_part_over_all(shown: Folder) -> None:
    datasette = serve(shown.site.site_db)
    await datasette.invoke_startup()
    page = (await datasette.client.get("/projects/map")).text
    assert "A sleep diary</a>" in page and "not counted" in page and "Who took part, over all" in page
    assert ">13<" in page and ">7<" not in page and ">6<" not in page
    rows = list(
        csv.reader((await datasette.client.get("/projects/map/log.csv")).content.decode("utf-8-sig").splitlines())
    )
    assert rows[1][-2:] == ["nurses, peer researchers", "resources/sleep"]
    answer = await datasette.client.get("/projects/map/log.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    text = answer.text
    assert text.startswith(
        "Map\n\nWhat happened, and what changed\n\nMay 2026\nWho took part: nurses, peer researchers\nWe met.\n"
    )
    assert (
        "See: A sleep diary <http://localhost/resources/sleep>" in text
        and "- peer researchers (steps: 2, people: 13)" in text
    )
    assert "- carers (steps: 1, people: not counted)" in text
    assert (await datasette.client.get("/projects/none/log.txt")).status_code == 404
