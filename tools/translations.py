"""Bring the catalogues up to date with the words in code, templates and tables: `make translations`.

New words come in without a translation and are shown in English, words that are gone go, and what a speaker wrote
stays as it is.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from cop.fields import AUDIENCES, TYPES, WORKED_OUT
from cop.languages import OWN_NAMES, SOURCE
from cop.web.catalogues import DRAFT
from cop.web.labels import choice_words, counted_words

COP = Path(__file__).parent.parent / "cop"
LOCALE = COP / "web" / "locale"
METHODS = [
    ("web/**.py", "python"), ("export/**.py", "python"), ("paper/**.py", "python"), ("pocket/**.py", "python"),
    ("web/templates/**.html", "jinja2"),
    ("paper/templates/**", "jinja2"),
]  # fmt: skip


def path_of(code: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / code / "LC_MESSAGES" / "cop.po"


def template() -> Catalog:
    """Every message of the site, without translations."""
    catalog = Catalog(project="cop", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        COP,
        METHODS,
        {name: {"silent": "false"} for name, method in METHODS if method == "jinja2"},
        DEFAULT_KEYWORDS,
        ["Translators:"],
    )
    for path, _line, message, comments, _context in found:
        catalog.add(message, None, [(path, 0)], auto_comments=comments)
    for message in table():
        catalog.add(message, None, [("fields.py", 0)])
    return catalog


def table() -> Iterator[str | tuple[str, str]]:
    """The words of the table of fields, as `labels` and `facts` look them up: no mark can be forgotten there."""
    for record_type in TYPES.values():
        yield from (record_type.label, record_type.plural, counted_words(record_type))
        yield from filter(None, (record_type.lead, record_type.empty))
        for field in record_type.fields:
            yield from filter(None, (field.label, field.group, field.help))
            yield from map(choice_words, field.choices)
    for field in WORKED_OUT:
        yield from (field.label, *map(choice_words, field.choices))
    yield from map(choice_words, AUDIENCES)


def read(code: str) -> Catalog:
    """The catalogue of a language as it is."""
    with path_of(code).open("rb") as file:
        return read_po(file, locale=code)


def _header(catalog: Catalog, code: str) -> str:
    drafted = any(DRAFT in message.user_comments for message in catalog)
    return (
        f"# {OWN_NAMES[code]}. How to change this file: docs/translating.md"
        + "\n#\n# X-Status: machine draft" * drafted
    )


def merge(code: str) -> None:
    """Bring one catalogue up to date."""
    path = path_of(code)
    catalog = read(code) if path.exists() else Catalog(locale=code, project="cop", charset="utf-8", fuzzy=False)
    catalog.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.header_comment = _header(catalog, code)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=0, include_lineno=False, sort_output=False)


if __name__ == "__main__":
    for code in OWN_NAMES:
        if code != SOURCE:
            merge(code)
