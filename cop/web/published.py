"""`datasette_metadata.yml` of the site folder: canned queries and descriptions, on both versions of Datasette.

0.65 takes both from the file when it is named on its command line. 1.0 ignores canned queries there. With these
functions both work, whether the file was named or not.
"""

import logging
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from cop.web.render import DATABASE

FILE = "datasette_metadata.yml"
log = logging.getLogger(__name__)


def metadata(datasette: Any) -> dict[str, Any]:
    """What the file beside the data folder says; {} if there is none or it cannot be read."""
    database = datasette.databases.get(DATABASE)
    if database is None or not database.path:
        return {}
    path = Path(database.path).resolve().parent.parent / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return deepcopy(_read(path, changed))  # Datasette writes into what it is given


@lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int) -> dict[str, Any]:
    # 0.65 asks many times for one page, and reading the file takes a twentieth of a second
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        log.warning("%s cannot be read and is left out: %s", path, error)
        return {}
    return content if isinstance(content, dict) else {}


def queries(datasette: Any) -> dict[str, dict[str, Any]]:
    """The canned queries of the published database, by name."""
    found = _database(metadata(datasette)).get("queries") or {}
    return {name: one if isinstance(one, dict) else {"sql": one} for name, one in found.items()}


async def tell(datasette: Any) -> None:
    """Tell Datasette 1.0 about canned queries and descriptions when it starts. 0.65 asks by hooks."""
    if not hasattr(datasette, "add_query"):
        return
    for name, query in queries(datasette).items():
        known = {key: query[key] for key in ("title", "description", "hide_sql") if key in query}
        await datasette.add_query(DATABASE, name, query["sql"], is_trusted=True, source="cop", **known)
    content = metadata(datasette)
    for key, value in content.items():
        if isinstance(value, str):
            await datasette.set_instance_metadata(key, value)
    for key, value in _database(content).items():
        if isinstance(value, str):
            await datasette.set_database_metadata(DATABASE, key, value)
    for table, told in (_database(content).get("tables") or {}).items():
        await _tell_table(datasette, table, told)


async def _tell_table(datasette: Any, table: str, told: dict[str, Any]) -> None:
    if told.get("hidden"):  # for 1.0 this is configuration
        tables = datasette.config.setdefault("databases", {}).setdefault(DATABASE, {}).setdefault("tables", {})
        tables.setdefault(table, {})["hidden"] = True
    for key, value in told.items():
        if isinstance(value, str):
            await datasette.set_resource_metadata(DATABASE, table, key, value)
    for column, description in (told.get("columns") or {}).items():
        await datasette.set_column_metadata(DATABASE, table, column, "description", str(description))


def _database(content: dict[str, Any]) -> dict[str, Any]:
    databases = content.get("databases")
    found = databases.get(DATABASE) if isinstance(databases, dict) else None
    return found if isinstance(found, dict) else {}
