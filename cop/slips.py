"""What somebody probably meant otherwise in a content file that can be used. Pure; nothing is refused or changed.

A field with a name that the table does not know is kept as it is: only what is nearly the name of a known one is told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from cop.fields import FOLDERS, STEERING, TYPES, Field, RecordType
from cop.frontmatter import Line
from cop.languages import code_of, is_code
from cop.model import Value

NEAR_NAME, NEAR_WORD = 0.8, 0.6  # how much of two names is alike, as difflib counts it
LAST_YEAR = 2100  # a later one is a slip of the finger
_PARTS = re.compile(r"\{([^}]+)\}")  # how the table of fields says what an entry of a list consists of
_PERSON = ("name", "role", "organisation")
_WORD = re.compile(r"[^\s/]+")


@dataclass(frozen=True)
class Slip:
    """One of them."""

    line: int
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Lead:
    """A record that a field names by its short address."""

    field: str
    type: str
    slug: str
    address: str  # as it was written


def look(lines: Mapping[str, Line], kind: RecordType) -> Iterator[Slip]:
    """Slips in the fields of one file, from its first line to its last."""
    for name, line in lines.items():
        field = kind.field(name)
        if field is None:
            yield from _name(name, line.number, kind)
        elif field.choices:
            yield from _choices(field, line)
        elif name in _LOOKED_AT:
            yield from _LOOKED_AT[name](line)
        elif field.kind in ("entries", "people"):
            yield from _nested(field, line)


def leads(type_name: str, fields: Mapping[str, Value]) -> Iterator[Lead]:
    """All records that the fields name. Fields that take words too are looked at if they hold one word."""
    for name, value in fields.items():
        field = TYPES[type_name].field(name)
        to = type_name if name == "same_as_in" else field.to if field else ""
        for one in value if isinstance(value, list) else [value]:
            if field and field.kind == "record" and isinstance(one, str):
                folder, _, slug = one.partition("/")
                yield _lead(name, FOLDERS[folder].name, slug, one)
            elif to and isinstance(one, str) and (field is None or field.kind == "set" or _WORD.fullmatch(one)):
                yield _lead(name, to, one, one)


_lead = lru_cache(10_000)(Lead)  # one for the thousands of files that name the same topic


def nearest(word: str, words: tuple[str, ...], alike: float = NEAR_WORD) -> str:
    """The word of a list that looks most like this one, whatever its capitals; "" if none does."""
    plain = word.strip().casefold()
    by_look = {one.casefold().replace("_", "-"): one for one in words}
    found = get_close_matches(plain.replace("_", "-").replace(" ", "-"), by_look, 1, alike)
    return by_look[found[0]] if found else ""


def _name(name: str, line: int, kind: RecordType) -> Iterator[Slip]:
    if name in STEERING:
        return
    meant = nearest(name, tuple(field.name for field in kind.fields), NEAR_NAME)
    if meant == "body":  # the text stands below the fields
        return
    if meant:
        yield Slip(line, f"there is no field “{name}”; did you mean “{meant}”?", f"Write: {meant}: …")


def _choices(field: Field, line: Line) -> Iterator[Slip]:
    """Words outside a list. A choice may also be a word of one's own, so only what is nearly in its list is told."""
    alike = NEAR_NAME if field.kind == "choice" else NEAR_WORD
    for one in line.value if isinstance(line.value, list) else [line.value]:
        if isinstance(one, str) and one and one not in field.choices:
            meant = nearest(one, field.choices, alike)
            hint = f"Write: {meant}." if meant else f"Write one of: {', '.join(field.choices)}."
            if field.kind == "choice" and not meant:
                continue
            yield Slip(line.number, f"“{field.name}”: “{one[:60]}” is not a word of its list", hint)


def _languages(line: Line) -> Iterator[Slip]:
    """Names in the place of codes: programs that read aloud do not know them."""
    for one in line.value if isinstance(line.value, list) else [line.value]:
        if isinstance(one, str) and one.strip() and not is_code(one.strip()):
            code = code_of(one)
            hint = f"Write: {code}." if code else "Write codes of two or three letters, such as: [en, so]."
            yield Slip(line.number, f"“languages”: “{one[:60]}” is not the code of a language", hint)


def _year(line: Line) -> Iterator[Slip]:
    said = str(line.value).strip()
    if said.isdecimal() and not 1000 <= int(said[:10]) <= LAST_YEAR:
        yield Slip(line.number, f"“year”: {said[:20]} is hardly a year", "Write four digits, such as 2022.")


_LOOKED_AT = {"languages": _languages, "year": _year}


def _nested(field: Field, line: Line) -> Iterator[Slip]:
    """Parts of entries that nobody knows. Mostly a text in braces was cut at a comma."""
    said = _PARTS.search(field.help)
    own = tuple(said[1].split(", ")) if said else ()
    parts = tuple(dict.fromkeys((*own, *_PERSON))) if field.kind == "people" else own
    for one in line.value if isinstance(line.value, list) else [line.value]:
        for part, value in one.items() if isinstance(one, dict) else ():
            if parts and part not in parts:
                yield _part(field.name, str(part), value, parts, line.number)


def _part(name: str, part: str, value: Value, parts: tuple[str, ...], line: int) -> Slip:
    if value is None:
        reason = f"“{name}”: a text ends too early, before “{part[:60]}”"
        return Slip(line, reason, 'Put a text with a comma in it between quotes: "One, two".')
    meant = nearest(part, parts, NEAR_NAME)
    cut = " Put a text with a comma between quotes." if " " in part else ""  # no name of a part has a space
    hint = f"Write: {meant}: …" if meant else f"Its parts are: {', '.join(parts)}.{cut}"
    return Slip(line, f"“{name}” has no part “{part[:60]}”", hint)
