"""`datasette_metadata.yml` of the site folder: canned queries and descriptions, on both versions of Datasette.

0.65 takes both from the file when it is named on its command line. 1.0 ignores canned queries there. With these
functions both work, whether the file was named or not.
"""

import json
import logging
import sqlite3
from contextlib import suppress
from copy import deepcopy
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml
from datasette.utils.asgi import NotFound
from datasette.views.base import DatasetteError
from markupsafe import Markup

import cop
from cop.web import series
from cop.web.cards import loads
from cop.web.language import N_
from cop.web.links import record_address
from cop.web.render import DATABASE

FILE = "datasette_metadata.yml"
_OURS = (
    Path(cop.__file__).parent / FILE,
    Path(cop.__file__).parent.parent / FILE,
)  # installed; in the project's folder
_CONFIGURATION = ("hidden", "label_column", "facets", "fts_table", "fts_pk", "sort", "sort_desc")  # so 1.0 calls these
WRONG = N_("This address asks for something that is not there")
WHAT_TO_DO = N_("Take away what stands behind the question mark, and choose again on the page.")
log = logging.getLogger(__name__)


def at_next_date(fields: object, today: object) -> str | None:
    """For SQL: the fields of an event as they are for its next date, as JSON; None where these are no fields."""
    try:
        return json.dumps(series.at_next(loads(str(fields)), date.fromisoformat(str(today))))
    except ValueError:
        return None


def metadata(datasette: Any) -> dict[str, Any]:
    """What the file beside the data folder says, or ours if there is none; {} if it cannot be read."""
    database = datasette.databases.get(DATABASE)
    if database is None or not database.path:
        return {}
    for path in (Path(database.path).resolve().parent.parent / FILE, *_OURS):
        with suppress(OSError):
            return deepcopy(_read(path, path.stat().st_mtime_ns))  # Datasette writes into what it is given
    return {}


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
    if settings := {key: told[key] for key in _CONFIGURATION if key in told}:
        tables = datasette.config.setdefault("databases", {}).setdefault(DATABASE, {}).setdefault("tables", {})
        tables[table] = settings | tables.get(table, {})
    for key, value in told.items():
        if isinstance(value, str):
            await datasette.set_resource_metadata(DATABASE, table, key, value)
    for column, description in (told.get("columns") or {}).items():
        await datasette.set_column_metadata(DATABASE, table, column, "description", str(description))


def is_not_there(exception: Exception, path: str) -> bool:
    """True if Datasette, or one of our pages, found nothing at an address. Datasette does not always call it so."""
    if isinstance(exception, NotFound) or getattr(exception, "status", None) == 404:
        return True
    is_row = path.count("/") == 3  # Datasette 0.65 looks for a row in a table that is not there
    return is_row and isinstance(exception, DatasetteError) and exception.title == "Invalid SQL"


def is_asked_wrongly(exception: Exception) -> bool:
    """True if Datasette failed over an address, not over the database or on a bug of ours."""
    if isinstance(exception, sqlite3.Error):  # such as "no such column", but not "database is locked"
        return getattr(exception, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return not isinstance(exception, OSError | MemoryError)


def linked(datasette: Any, row: Any, value: Any, column: str, table: str | None) -> Markup | None:
    """A link to the page of a record, or to its rows, for the columns that name it; None for all others."""
    if not isinstance(value, str) or not value:
        return None
    address, query = "", ""
    if column == "page" and value.startswith("/"):
        address = quote(value)
    elif column == "slug" and "type" in row.keys():  # noqa: SIM118 - a row iterates over values
        address = record_address(row["type"], value)
    elif column == "record_id":  # no foreign keys: Datasette follows those by `number`
        other = "history" if table == "records" else "records"
        address, query = f"/{DATABASE}/{other}", f"?{urlencode({column: value})}"
    if not address:
        return None
    return Markup('<a href="{}">{}</a>').format(f"{datasette.urls.path(address)}{query}", value)


def _database(content: dict[str, Any]) -> dict[str, Any]:
    databases = content.get("databases")
    found = databases.get(DATABASE) if isinstance(databases, dict) else None
    return found if isinstance(found, dict) else {}
