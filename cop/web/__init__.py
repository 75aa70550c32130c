"""The Datasette plugin: only hooks. `pages` has the pages, `guard` the rules around them."""
# mypy: disable-error-code="untyped-decorator"
# pluggy's hookimpl carries no types

import sqlite3
from typing import Any

from datasette import Response, hookimpl

from cop.web import api, desk, files, guard, named_boxes, pages, published, render
from cop.web.language import N_

MAX_VALUE_BYTES = 10_000_000  # of any value that SQLite makes, such as by randomblob()


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Our pages come before Datasette's own."""
    return [*api.ROUTES, *files.ROUTES, *desk.ROUTES, *pages.routes()]


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Headers, limits and hidden pages for everything, Datasette's pages included."""
    return lambda app: guard.wrap(datasette, app)


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """No query may fill the memory. Questions can ask for an event as it is at its next date."""
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    conn.create_function("at_next_date", 2, published.at_next_date, deterministic=True)


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Datasette's own pages get names where they have none."""
    env.loader = named_boxes.Mended(env.loader)


@hookimpl
def permission_allowed(action: str) -> bool | None:
    """Datasette 0.65: nobody runs SQL of their own. Canned queries are another permission."""
    return False if action == "execute-sql" else None


@hookimpl
def permission_resources_sql(datasette: Any, action: str) -> Any:
    """Datasette 1.0: likewise, for the whole and for each database, so that no setting of one opens it again."""
    if action not in ("execute-sql", "execute-write-sql"):
        return None
    from datasette.permissions import PermissionSQL  # only 1.0 has it

    names = sorted(datasette.databases)
    parents = ["NULL", *(f":cop_database_{at}" for at in range(len(names)))]
    rows = (f"SELECT {parent} AS parent, NULL AS child, 0 AS allow, 'cop: no SQL' AS reason" for parent in parents)
    return PermissionSQL(
        sql=" UNION ALL ".join(rows), params={f"cop_database_{at}": name for at, name in enumerate(names)}
    )


@hookimpl
def canned_queries(datasette: Any, database: str) -> dict[str, Any]:
    """Datasette 0.65: the queries of datasette_metadata.yml, also when it was not named on the command line."""
    return published.queries(datasette) if database == render.DATABASE else {}


@hookimpl
def get_metadata(datasette: Any) -> dict[str, Any]:
    """Datasette 0.65: likewise for descriptions."""
    return published.metadata(datasette)


@hookimpl
def render_cell(datasette: Any, row: Any, value: Any, column: str, table: str | None, database: str) -> Any:
    """Rows of the tables lead to the pages of the site, and to each other."""
    return published.linked(datasette, row, value, column, table) if database == render.DATABASE else None


@hookimpl
def startup(datasette: Any) -> Any:
    """Datasette 1.0: both of these."""
    return lambda: published.tell(datasette)


@hookimpl
def skip_csrf(scope: dict[str, Any]) -> bool:
    """Datasette 0.65 would set a cookie for its own check. `guard` has looked already where the request comes from."""
    return bool(scope["path"].startswith(guard.SYNC_PATH) or not scope["path"].startswith("/-/"))


@hookimpl
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Any:
    """Errors in the look of the site, never with a traceback."""
    path = render.route_path(datasette, request.scope)
    if isinstance(exception, guard.BodyTooLarge):
        return guard.too_large(datasette, request.scope, path)
    if published.is_not_there(exception, path):
        return pages.in_small_letters(request, path) or render.not_found(datasette, request)
    status = getattr(exception, "status", 500)
    if status < 500 and path.endswith((".json", ".csv")):  # for programs: Datasette's own words say what was wrong
        return None
    if status == 403:
        return forbidden(datasette, request, "")
    if status < 500 or (published.is_asked_wrongly(exception) and guard.is_datasettes(datasette, path)):
        status = status if status < 500 else 400
        return render.error(datasette, request, status, published.WRONG, published.WHAT_TO_DO)
    return render.failed(datasette, request, exception)


@hookimpl
def forbidden(datasette: Any, request: Any, message: str) -> Response:
    """Not allowed, in the look of the site."""
    heading, told = N_("This is not open to readers"), N_("Everything that is published is in the lists.")
    return render.error(datasette, request, 403, heading, told)
