"""What search reads of a record besides its title, summary and text: the fields that people filled in. Pure.

The table in `fields` decides: what has words in it is read, but no addresses, hashes or ids. What these functions give is
filed for good, so raise SITE_VERSION when they change.
"""

import re
from collections.abc import Iterator, Mapping

from cop import attachments
from cop.fields import TYPES, Field, kind_of
from cop.model import Value

_NAMES = ("authors", "publisher", "organisers", "aliases", "label", "cited_as", "kind", "tradition", "place")
# Where an entry was taken from is the same in hundreds of them, and so is a link that is gone: it would tell none apart.
_PASSED_OVER = frozenset({"source", "sources", "link_reports"})
_CODES = frozenset({"languages", "timezone", "timezone_basis", "date_basis", "kind_basis"})
_TOLD = frozenset({"topics", "credits", *_NAMES}) | _PASSED_OVER | _CODES
_WORDS = ("text", "money", "markdown", "list")  # kinds of fields with words in them
_CHOSEN = ("choice", "set")
_NO_WORDS = frozenset({"url", "sha256"})  # of what stands in lists of small tables
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
_QUESTION = "?"  # a label that asks names nothing: "May I pass it on?" would find every record with a licence


def keywords(type_name: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """Topics and names, then the words that readers choose from, such as hearing-loop."""
    topics = fields.get("topics")
    if isinstance(topics, list):
        yield from (str(topic).replace("-", " ") for topic in topics)
    for name in _NAMES:
        yield from _each(fields.get(name))
    yield from _texts(fields.get("credits"))
    for field in _others(type_name, fields):
        if field.facet and field.kind in _CHOSEN:
            yield from _each(fields[field.name])


def other_words(type_name: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """One line a field that no other column of the index holds, in the order of the table.

    >>> list(other_words("event", {"childcare": "Ask by Monday", "freephone": True, "url": "https://example.org"}))
    ['Childcare: Ask by Monday', 'Free phone line']
    """
    for field in _others(type_name, fields):
        if line := ", ".join(filter(None, map(_without_addresses, _told(field, fields[field.name])))):
            named = field.ask and field.kind in _WORDS and not field.label.endswith(_QUESTION)
            yield f"{field.label}: {line}" if named else line


def entry_texts(type_name: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """The words of lists of small tables, such as the meanings of a word."""
    for name, value in fields.items():
        if kind_of(type_name, name) == "entries":
            yield from filter(None, map(_without_addresses, _texts(value)))


def _others(type_name: str, fields: Mapping[str, Value]) -> Iterator[Field]:
    """The fields that pages show, without those that stand in a column of their own."""
    for field in TYPES[type_name].fields:
        if field.group and not field.to and field.name in fields and field.name not in _TOLD:
            yield field


def _told(field: Field, value: Value) -> Iterator[str]:
    """The words of one field."""
    if field.kind == "flag":
        yield from [field.label] if value is True and not field.label.endswith(_QUESTION) else []
    elif field.kind in ("people", "moves"):
        yield from _texts(value)
    elif field.kind in ("file", "files"):
        yield from (one.title for one in attachments.in_value(value))
    elif field.kind in _WORDS or (field.kind in _CHOSEN and not field.facet):
        yield from _each(value)


def _each(value: Value) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str | int | float) and not isinstance(one, bool):
            yield str(one)


def _texts(value: Value) -> Iterator[str]:
    """Every text in a list of small tables."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, Mapping):
            yield from (part for name, part in one.items() if isinstance(part, str) and name not in _NO_WORDS)


def _without_addresses(text: str) -> str:
    return " ".join(_ADDRESS.sub("", text).split())
