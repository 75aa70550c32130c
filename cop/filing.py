"""Under which facets a record is filed: what lists are narrowed by, and what it takes to find it from elsewhere. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from cop.asking import is_asked
from cop.fields import DESCRIPTION, FOLDERS, LINK, NAMED, TITLE, TYPES, Field, facets, kind_of
from cop.model import Value

NOT_STATED = "-"  # the value under which records stand that do not say it
ADDED = "added"  # the day of the first change, from which "new" is counted
ADDED_BY = "added_by"
HELP = "help"
WAS = "was"  # a short address that the record once had
MENTIONS = "mentions"  # a record that the text links to, see `mention`
NAMES = ("part_of", "supersedes", "superseded_by", "same_as_in")  # fields that name another record of the same kind
MAX_MENTIONS = 100
# Fields that name organisations, whether or not these have a page
ORGANISATIONS = frozenset({"organisers", "organisation", "funders", "publisher", "rights_holders"})
MAX_NAMED = 30  # organisations of one record
_LINK = re.compile(rf'href="\.\./({"|".join(FOLDERS)})/([^"#?/]{{1,200}})["#]')
CONTRIBUTOR = "contributor"  # an organisation that added or changed it, by name
THANKED = "thanked"  # somebody who suggested it, or told it to one who wrote it down, as they wish to be named
SUGGESTED, TOLD_US = "suggested", "told us"  # their roles among the credits
MAX_VALUE = 200  # characters
_FACETS = facets()
_MAY_BE_BLANK = {"resource": ("kind", "audience", "languages", "year", "open_access")}  # whose blanks are counted too


def filed(
    type_name: str, fields: Mapping[str, Value], added: str, added_by: str, organisations: Iterable[str] = ()
) -> Iterator[tuple[str, str]]:
    """Name and value of every facet a record stands under.

    `added` is an ISO day, `added_by` a kind of organisation, `organisations` the names of all who changed it.
    """
    yield "type", type_name
    yield from ((name, value) for name, value in ((ADDED, added), (ADDED_BY, added_by)) if value)
    yield from ((CONTRIBUTOR, name[:MAX_VALUE]) for name in organisations if name)
    yield from ((HELP, gap) for gap in gaps(type_name, fields))
    yield from ((NAMED.name, name) for name in named(type_name, fields))
    yield from ((THANKED, name) for name in dict.fromkeys(_sent_in(fields.get("credits"))))
    for field in _FACETS[type_name]:
        values = _each(fields.get(field.name))
        yield from ((field.name, value[:MAX_VALUE]) for value in values)
        if not values and _is_missed(type_name, field, fields):
            yield field.name, NOT_STATED


def named(type_name: str, fields: Mapping[str, Value]) -> list[str]:
    """The organisations that a record names, each once. Who wrote a work may be one, too.

    >>> named("resource", {"publisher": "NIHR", "authors": ["INVOLVE"], "title": "Guidance"})
    ['NIHR', 'INVOLVE']
    """
    found: dict[str, None] = {}
    for name, value in fields.items():
        if name in ORGANISATIONS or name == "authors":
            found |= dict.fromkeys(_each(value))
        elif kind_of(type_name, name) == "people" and isinstance(value, list):
            found |= dict.fromkeys(str(one["organisation"]) for one in value if _has_organisation(one))
    return [name[:MAX_VALUE] for name in list(found)[:MAX_NAMED] if name]


def _sent_in(credited: Value) -> Iterator[str]:
    for one in credited if isinstance(credited, list) else ():
        if isinstance(one, Mapping) and one.get("role") in (SUGGESTED, TOLD_US) and one.get("name"):
            yield str(one["name"])[:MAX_VALUE]


def _has_organisation(person: Value) -> bool:
    return isinstance(person, Mapping) and isinstance(person.get("organisation"), str)


def _is_missed(type_name: str, field: Field, fields: Mapping[str, Value]) -> bool:
    if type_name == "event":
        return is_asked(TYPES[type_name], field, fields)
    return field.name in _MAY_BE_BLANK.get(type_name, ())


def found_by(fields: Mapping[str, Value], html: str, slug: str, slugs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and value under which other pages and old links find a record. `slugs` are all it ever asked for."""
    yield from ((WAS, one) for one in slugs if one and one != slug)
    yield from ((name, value[:MAX_VALUE]) for name in NAMES for value in _each(fields.get(name)) if value)
    told = dict.fromkeys(mention(FOLDERS[folder].name, unquote(one)) for folder, one in _LINK.findall(html))
    yield from ((MENTIONS, one) for one in list(told)[:MAX_MENTIONS])


def mention(type_name: str, slug: str) -> str:
    """The value under which records stand that link to this one.

    >>> mention("resource", "guidance-2021")
    'resource/guidance-2021'
    """
    return f"{type_name}/{slug}"


def gaps(type_name: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """What somebody could help with, the first thing first."""
    if type_name == "resource":
        yield from (
            gap for name, gap in (("title", TITLE), ("url", LINK), ("summary", DESCRIPTION)) if not fields.get(name)
        )


def _each(value: Value) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
