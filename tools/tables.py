"""Writes docs/tables.md: every table and column of the published database, with what it holds.

    python tools/tables.py

The sentences stand in datasette_metadata.yml, where Datasette shows them too; names and order come from a real database.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cop import site_schema

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "tables.md"
HEAD = """\
# Tables and columns

What stands in `data/site.db` and under `/site`. [The data as tables](datasette.md) says how to read it. This page is made
by `python tools/tables.py`.

These names stay. If one must change, the [changelog](../CHANGELOG.md) says so first, with what to write instead. New columns
may come at any time, so name the ones you need. Blank means that nobody has stated it; it never means no. Times are UTC
as the writer’s clock said; dates may be a year, a month, a day or a time.

Lists stand in one cell as JSON. Where a column names another record, it holds that record’s short address.
"""
HIDDEN = """\
## What helps the pages

These help the pages to be quick. They may change without notice.
"""


def described() -> dict[str, Any]:
    """What datasette_metadata.yml says of the tables."""
    content = yaml.safe_load((PROJECT / "datasette_metadata.yml").read_text("utf-8"))
    found: dict[str, Any] = content["databases"]["site"]
    return found


def columns_of(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Columns of every table and view, in their order; tables of the search index are left out."""
    names = [
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
    ]
    ours = [name for name in names if not name.startswith(("records_fts", "sqlite_"))]
    return {name: [row["name"] for row in db.execute(f'PRAGMA table_info("{name}")')] for name in ours}


def page() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as folder:
        db = site_schema.open_site(Path(folder) / "site.db")
        tables = columns_of(db)
        db.close()
    told = described()
    shown = [name for name in tables if not told["tables"][name].get("hidden")]
    hidden = [name for name in tables if name not in shown]
    lines = [HEAD, *_queries(told["queries"])]
    for name in shown:
        lines += _table(name, told["tables"][name], tables[name])
    helpers = [f"- `{name}`: {', '.join(f'`{column}`' for column in tables[name])}" for name in hidden]
    return "\n".join([*lines, HIDDEN, *helpers]) + "\n"


def _queries(queries: dict[str, Any]) -> Iterator[str]:
    yield "## Ready-made questions\n\n| address | answer |\n| --- | --- |"
    for name, one in queries.items():
        yield f"| `/site/{name}` | {one['title']}. {one['description']} |"
    yield ""


def _table(name: str, told: dict[str, Any], columns: list[str]) -> Iterator[str]:
    yield f"## {name}\n\n{told['description']}\n\n| column | what it holds |\n| --- | --- |"
    yield from (f"| `{column}` | {_sentence(str(told['columns'][column]))} |" for column in columns)
    yield ""


def _sentence(text: str) -> str:
    return text.replace("|", "\\|") + ("" if text.endswith((".", "?", "!")) else ".")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
