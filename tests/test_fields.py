"""One table: a kind or a field that is added to it is everywhere, and nothing else has to be changed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cop.fields import COMMON, KINDS_OF_RECORDS, TYPES
from cop.values import _CHECKS
from tools import fields as page_of_fields

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("bakers")
    environment = {**os.environ, "COP_KEYS": str(folder / "keys"), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, str(PROJECT / "tests" / "new_kind.py"), str(folder / "site")]
    run = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_loader_takes_and_checks_what_the_table_says(seen: Any) -> None:
    code, said = seen["told"]["load"]
    assert code == 5, said
    assert "stone.md, line 4: “hours”: “long” is not a whole number" in said
    assert "Bread" in seen["told"]["list"][1]


def test_new_makes_a_file_that_asks_for_the_fields(seen: Any) -> None:
    assert seen["told"]["new"][0] == 0
    assert "# oven:  # Oven. How it is heated. One of: wood, gas." in seen["told"]["template"]


def test_there_is_a_page_a_list_a_history_and_a_feed(seen: Any) -> None:
    pages = seen["pages"]
    assert "Bread to break." in pages["list"] and ">Bread</a>" in pages["list"]
    assert "<h2>Baking</h2>" in pages["page"] and "Hours in the oven" in pages["page"]
    assert "Not stated, please ask" in pages["blank"] and "Oven" in pages["blank"]
    assert "Oven" in pages["history"]
    assert "<title>Bread</title>" in pages["feed"] or ">Bread<" in pages["feed"]
    assert ">Bread</a>" in pages["search"] and "Recipe" in pages["search"]


def test_lists_can_be_narrowed_by_it(seen: Any) -> None:
    assert 'name="oven"' in seen["pages"]["list"] and "Wood" in seen["pages"]["list"]
    assert "Unknown" not in seen["pages"]["narrowed"]
    assert 'name="mood"' in seen["pages"]["posts"]


def test_the_published_data_has_a_column_for_it(seen: Any) -> None:
    rows = json.loads(seen["pages"]["table"])["rows"]
    assert {(row["title"], row["oven"], row["hours"]) for row in rows} == {
        ("Bread", "wood", 3),
        ("Unknown", None, None),
    }
    assert json.loads(seen["pages"]["posts table"])["rows"][0]["mood"] == "calm"


def test_a_new_field_of_an_old_kind_is_shown(seen: Any) -> None:
    assert "Mood" in seen["pages"]["post"] and "Calm" in seen["pages"]["post"]


def test_the_documentation_and_the_catalogues_have_it(seen: Any) -> None:
    assert (
        "| `oven` | Oven | one of the words named, or one of your own: `wood`, `gas`. How it is heated. |"
        in seen["docs"]
    )
    assert {"Oven", "Baking", "How it is heated.", "Bread to break.", "Wood"} <= set(seen["words"])


def test_the_page_of_fields_is_that_of_the_table() -> None:
    assert page_of_fields.PAGE.read_text("utf-8") == page_of_fields.page(), "Run: make fields"


def test_the_table_itself_is_sound() -> None:
    assert tuple(TYPES.values()) == KINDS_OF_RECORDS
    for kind in TYPES.values():
        names = [field.name for field in kind.fields]
        assert len(names) == len(set(names)), kind.name
        assert kind.sort == "title" or kind.sort in names
        for field in kind.fields:
            assert field.kind in _CHECKS and field.kind in page_of_fields.VALUES, field
            assert field.label and (not field.to or field.to in TYPES), field
    assert [field.name for field in COMMON if field.share != "public"] == ["consents"]
