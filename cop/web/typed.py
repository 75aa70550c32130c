"""The text that stands for a value in a form, and the value that a text stands for. Pure.

`value(field, text(field, one), one) == one` for every value that `comes_back`; the others are not changed in a form.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cop.fields import Field
from cop.model import Value
from cop.web.posting import plain

_PARTS = re.compile(r"\{([^}]+)\}")  # how the table of fields says what an entry of a list consists of
_PERSON = ("name", "role", "organisation")
_MOVE = ("date", "to", "place")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[:/?#]\S*)?")


def parts(field: Field) -> tuple[str, ...]:
    """What an entry of a list consists of.

    >>> from cop.fields import TYPES
    >>> parts(TYPES["post"].field("stages")), parts(TYPES["post"].field("credits"))
    (('stage', 'who'), ('name', 'role', 'organisation'))
    """
    if field.kind == "moves":
        return _MOVE
    said = _PARTS.search(field.help)
    return tuple(said[1].split(", ")) if said else _PERSON if field.kind == "people" else ("text",)


def is_lines(field: Field) -> bool:
    """True if each entry is one text, such as the questions of a checklist."""
    return field.kind == "entries" and parts(field) == ("text",)


def normal(text: str) -> str:
    """What of a text survives a form: no blanks at the end of lines, no blank lines around it."""
    return "\n".join(line.rstrip() for line in plain(text).split("\n")).strip()


def words(value: Value) -> list[str]:
    """The words of a value that is one word or a list of them."""
    some = value if isinstance(value, list | tuple) else [value]
    return [one for one in some if isinstance(one, str) and one.strip()]


# -- from a value to its text


def text(field: Field, value: Value) -> str:
    """What stands in the form."""
    if value is None:
        return ""
    if field.kind in ("people", "moves"):
        return "\n".join(_line(field, one) for one in _many(value))
    if field.kind == "entries":
        between = "\n" if is_lines(field) else "\n\n"
        return between.join(_block(field, one) for one in _many(value))
    if field.kind == "flag":
        return ("no", "yes")[value] if isinstance(value, bool) else str(value)
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value)


def _many(value: Value) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _line(field: Field, one: object) -> str:
    """One person, or one date that moves, on a line."""
    if not isinstance(one, Mapping):
        return str(one)
    told = [str(one.get(part, "")) for part in parts(field)]
    while told and not told[-1]:
        told.pop()
    return "; ".join(told)


def _block(field: Field, one: object) -> str:
    """One small table: each part on a line."""
    if not isinstance(one, Mapping):
        return str(one)
    if is_lines(field) and set(one) == {"text"}:
        return str(one["text"])
    order = [*(part for part in parts(field) if part in one), *(part for part in one if part not in parts(field))]
    return "\n".join(f"{part}: {one[part]}" for part in order)


# -- and back


def value(field: Field, typed: str, old: Value = None) -> Value:
    """What a text stands for, before `values.check` has looked at it. `old` is what stood there."""
    typed = normal(typed)
    if not typed:
        return None
    if field.kind in ("list", "set", "dates"):
        return [line.strip() for line in typed.split("\n") if line.strip()]
    if field.kind in ("people", "moves"):
        return [_read_line(field, line, _many(old)) for line in typed.split("\n") if line.strip()]
    if is_lines(field):
        return [{"text": line.strip()} for line in typed.split("\n") if line.strip()]
    if field.kind == "entries":
        return [one for block in re.split(r"\n\s*\n", typed) if (one := _read_block(field, block, _many(old)))]
    if field.kind == "flag":
        return {"yes": True, "no": False}.get(typed, typed)
    if field.kind == "url" and "://" not in typed and _HOST.fullmatch(typed):
        return f"https://{typed}"
    return typed


def _read_line(field: Field, line: str, old: list[Any]) -> Value:
    """One line. What the line has no place for stays with the person who was there under that name."""
    told = [part.strip() for part in line.split(";")]
    names = parts(field)
    told = [*told[: len(names) - 1], "; ".join(told[len(names) - 1 :])]
    said = {name: part for name, part in zip(names, told, strict=False) if part}
    before = next((one for one in old if isinstance(one, Mapping) and _line(field, one) == line.strip()), None)
    before = before or next((one for one in old if _names_the_same(one, said, names[0])), {})
    return {**said, **{name: part for name, part in before.items() if name not in names}}


def _names_the_same(one: object, said: Mapping[str, str], name: str) -> bool:
    return isinstance(one, Mapping) and one.get(name) == said.get(name)


def _read_block(field: Field, block: str, old: list[Any]) -> dict[str, Value]:
    """One small table; a line without the name of a part goes on with the part above it."""
    known = {*parts(field), *(name for one in old if isinstance(one, Mapping) for name in one)}
    told: dict[str, Value] = {}
    for name, part in _lines(block, known, parts(field)[0]):
        told[name] = f"{told[name]}\n{part}" if name in told else part
    return {name: _as_before(name, part, old) for name, part in told.items() if part not in ("", None)}


def _lines(block: str, known: set[str], first: str) -> Iterator[tuple[str, str]]:
    current = first
    for line in block.split("\n"):
        name, colon, rest = line.partition(":")
        if colon and name.strip() in known:
            current, line = name.strip(), rest
        yield current, line.strip()


def _as_before(name: str, part: Value, old: list[Any]) -> Value:
    """A year that was a number stays one."""
    same = (one[name] for one in old if isinstance(one, Mapping) and name in one)
    return next((one for one in same if not isinstance(one, str) and str(one) == part), part)


def comes_back(field: Field, one: Value) -> bool:
    """True if a form can show a value so that nothing of it is lost when its text is read again."""
    if one is None or field.kind not in ("people", "moves", "entries", "list", "set", "dates"):
        return True
    many = _many(one)
    if field.kind in ("set", "dates") and len(many) > len(set(map(str, many))):
        return False
    return not many or value(field, text(field, one), one) == many
