"""YAML front matter, read without any of YAML's surprises: no anchors, no aliases, no objects, no clever booleans.

What is read is plain: text, whole and broken numbers, true, false, lists, and maps with text keys. Where a kind of field
wants text it gets the characters as they were typed (`no` stays “no”, `2019-06-31` stays a text).
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from cop.errors import BadContent
from cop.model import Value

MAX_DEPTH = 12
_STANDARD = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value")
)
_SUSPICIOUS = re.compile(r"[&*]\S|<<|\?\s|(?:- ){5}|^ {24}|(?:[\[{][^\n]*){8}", re.MULTILINE)
_INT = re.compile(r"[-+]?\d{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
          "false": False, "False": False, "FALSE": False}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One key of the front matter."""

    value: Value
    number: int  # line in the file, 1 is the first


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Only ever asked for nodes, never for objects."""


def read(text: str, first_line: int, path: str, wants_text: Callable[[str], bool]) -> dict[str, Line]:
    """Read front matter (without its --- lines) that begins on `first_line` of the file. Raises: BadContent."""
    try:
        if _SUSPICIOUS.search(text):
            _look_at_events(text, first_line, path)
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text, first_line, path) from error
    except yaml.YAMLError as error:
        raise BadContent(path, first_line, "there is a character that cannot stand here", "Take it out.") from error
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise BadContent(
            path, first_line, "the part between the --- lines is no list of fields", "Write each line as: name: value"
        )
    return _fields(node, first_line, path, wants_text)


def _look_at_events(text: str, first_line: int, path: str) -> None:
    """Refuse what could blow up or be read in two ways, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if getattr(event, "anchor", None):
            raise BadContent(
                path, line, "& and * (anchors) are not used here", "Put texts that begin with & or * between quotes."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise BadContent(path, line, f"lists lie more than {MAX_DEPTH} deep in one another", "Write it flatter.")


def _fields(node: yaml.MappingNode, first_line: int, path: str, wants_text: Callable[[str], bool]) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for key_node, value_node in node.value:
        line = first_line + key_node.start_mark.line
        key = _key(key_node, line, path)
        if key in found:
            hint = f"It stands on line {found[key].number} too. Keep one of the two."
            raise BadContent(path, line, f"“{key}” stands here a second time", hint)
        found[key] = Line(_value(value_node, wants_text(key), first_line, path), line)
    return found


def _key(node: yaml.Node, line: int, path: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or len(node.value) > 200:
        raise BadContent(path, line, "the name of a field must be a short text", "Write: name: value")
    if node.value == "<<":
        raise BadContent(path, line, "<< (merging) is not used here", "Write the fields out.")
    return str(node.value)


def _value(node: yaml.Node, as_text: bool, first_line: int, path: str) -> Value:
    line = first_line + node.start_mark.line
    if node.tag not in _STANDARD:
        raise BadContent(
            path, line, f"“{node.tag[:40]}” cannot be used here", "Put texts that begin with ! between quotes."
        )
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, as_text, first_line, path) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        inner = _fields(node, first_line, path, lambda key: as_text)
        return {key: found.value for key, found in inner.items()}
    return _scalar(str(node.value), isinstance(node, yaml.ScalarNode) and node.style in (None, ""), as_text)


def _scalar(text: str, plain: bool, as_text: bool) -> Value:
    if not plain:  # between quotes, or a block: a text whatever it looks like
        return text
    if text in _WORDS and (not as_text or _WORDS[text] is None):
        return _WORDS[text]
    if as_text:
        return text
    if _INT.fullmatch(text) and (text == "0" or not text.lstrip("+-").startswith("0")):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)) and not text.lstrip("+-").isdigit():
        return float(text)
    return text


def _explained(error: yaml.MarkedYAMLError, text: str, first_line: int, path: str) -> BadContent:
    mark = error.problem_mark or error.context_mark
    at = mark.line if mark else 0
    lines = text.splitlines()
    line = lines[at] if at < len(lines) else ""
    problem = error.problem or ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem or "found a tab" in problem:
        reason, hint = (
            "a tab stands where spaces are needed",
            "Use spaces at the start of the line and behind the colon.",
        )
    elif "mapping values are not allowed" in problem:
        reason, hint = "there is a colon too many", 'Put the text between quotes: title: "One: two"'
    elif "could not find expected ':'" in problem:
        reason, hint = "a line has no colon", "Write each line as: name: value"
    elif "scanning a quoted scalar" in (error.context or ""):
        reason, hint = "a quotation mark is never closed", "Close it, or take it away at both ends."
    else:
        reason, hint = f"this line cannot be read ({problem or 'unknown reason'})", "Put the text between quotes."
    return BadContent(path, first_line + at, reason, hint)
