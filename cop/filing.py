"""Under which facets a record is filed, so that readers can narrow a list. Pure: values in, names and values out."""

from collections.abc import Iterator, Mapping

from cop.fields import DESCRIPTION, LINK, TITLE, facets
from cop.model import Value

NOT_STATED = "-"  # the value under which records stand that do not say it
ADDED = "added"  # the day of the first change, from which "new" is counted
ADDED_BY = "added_by"
HELP = "help"
MAX_VALUE = 200  # characters
_FACETS = facets()
_MAY_BE_BLANK = {"resource": ("kind", "audience", "languages", "year", "open_access")}  # whose blanks are counted too


def filed(type_name: str, fields: Mapping[str, Value], added: str, added_by: str) -> Iterator[tuple[str, str]]:
    """Name and value of every facet a record stands under. `added` is an ISO day, `added_by` a kind of organisation."""
    yield "type", type_name
    yield from ((name, value) for name, value in ((ADDED, added), (ADDED_BY, added_by)) if value)
    yield from ((HELP, gap) for gap in gaps(type_name, fields))
    for field in _FACETS[type_name]:
        values = _each(fields.get(field.name))
        yield from ((field.name, value[:MAX_VALUE]) for value in values)
        if not values and field.name in _MAY_BE_BLANK.get(type_name, ()):
            yield field.name, NOT_STATED


def gaps(type_name: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """What somebody could help with, the first thing first."""
    if type_name == "resource":
        yield from (
            gap for name, gap in (("title", TITLE), ("url", LINK), ("summary", DESCRIPTION)) if not fields.get(name)
        )


def _each(value: Value) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
