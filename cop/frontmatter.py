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
# what the loader must not see before its events were looked at: it crashes on deep nesting
_SUSPICIOUS = re.compile(
    r"[&*]\S|<<|\?\s|(?:-[ \t]+){5}|(?:^|[\x85\u2028\u2029]) {24}|(?:[\[{][^\[{]*){12}", re.MULTILINE
)
_CONTROL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")  # YAML 1.2, 5.1
_BREAK = re.compile(r"[\n\x85\u2028\u2029]")  # what the loader counts as lines; editors count the first only
_NO_NAME = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
          "false": False, "False": False, "FALSE": False}  # fmt: skip


_ODD_CHARACTER = ("there is a character that cannot be shown", "Take it out, or type that part of the line again.")


@dataclass(frozen=True)
class Line:
    """One key of the front matter."""

    value: Value
    number: int  # line in the file, 1 is the first


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Only ever asked for nodes, never for objects."""


def read(text: str, first_line: int, path: str, wants_text: Callable[[str], bool]) -> dict[str, Line]:
    """Read front matter (without its --- lines) that begins on `first_line` of the file. Raises: BadContent."""
    breaks = _BREAK.findall(text)
    if breaks.count("\n") == len(breaks):
        return _read(text, first_line, path, wants_text)
    try:
        found = _read(text, 0, path, wants_text)
    except BadContent as error:
        line = first_line + breaks[: error.line].count("\n")
        raise BadContent(path, line, error.reason, error.hint) from error
    return {name: Line(one.value, first_line + breaks[: one.number].count("\n")) for name, one in found.items()}


def _read(text: str, first_line: int, path: str, wants_text: Callable[[str], bool]) -> dict[str, Line]:
    try:
        if _SUSPICIOUS.search(text):
            _look_at_events(text, first_line, path)
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text, first_line, path) from error
    except yaml.YAMLError as error:
        odd = _CONTROL.search(text)
        line = first_line + (len(_BREAK.findall(text, 0, odd.start())) if odd else 0)
        raise BadContent(path, line, *_ODD_CHARACTER) from error
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
            raise _too_deep(path, line)


def _too_deep(path: str, line: int) -> BadContent:
    return BadContent(path, line, f"lists lie more than {MAX_DEPTH} deep in one another", "Write it flatter.")


def _fields(
    node: yaml.MappingNode, first_line: int, path: str, wants_text: Callable[[str], bool], depth: int = 1
) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for key_node, value_node in node.value:
        line = first_line + key_node.start_mark.line
        key = _key(key_node, line, path)
        if key in found:
            hint = f"It stands on line {found[key].number} too. Keep one of the two."
            raise BadContent(path, line, f"“{key}” stands here a second time", hint)
        found[key] = Line(_value(value_node, wants_text(key), first_line, path, depth), line)
    return found


def _key(node: yaml.Node, line: int, path: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or not 0 < len(node.value) <= 200 or _NO_NAME.search(node.value):
        raise BadContent(path, line, "the name of a field must be a short text", "Write: name: value")
    if node.value == "<<":
        raise BadContent(path, line, "<< (merging) is not used here", "Write the fields out.")
    return str(node.value)


def _value(node: yaml.Node, as_text: bool, first_line: int, path: str, depth: int) -> Value:
    line = first_line + node.start_mark.line
    if node.tag not in _STANDARD:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")[:40]
        raise BadContent(path, line, f"“{tag}” cannot be used here", "Put texts that begin with ! between quotes.")
    if isinstance(node, yaml.CollectionNode) and depth == MAX_DEPTH:
        raise _too_deep(path, line)
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, as_text, first_line, path, depth + 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        inner = _fields(node, first_line, path, lambda key: as_text, depth + 1)
        return {key: found.value for key, found in inner.items()}
    if _CONTROL.search(node.value):  # written as "\\0" between quotes
        raise BadContent(path, line, *_ODD_CHARACTER)
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


_QUOTE_IT = "Put the text between quotes."
_OTHER_SENSE = "a text begins with a sign that means something else here"
_SHIFTED = ("this line begins further left or right than the others", "Let all fields begin at the same place.")
# what the loader says, where the cause stands (its context, or the problem itself), and what people are told
_EXPLAINED = (
    ("mapping values are not allowed", False, "there is a colon too many", 'Put the text between quotes: title: "One: two"'),
    ("could not find expected ':'", True, "a line has no colon", "Write each line as: name: value"),
    ("expected ',' or ']'", True, "a list that begins with [ is never closed", "Put a ] at its end, or the text between quotes."),
    ("expected ',' or '}'", True, "a group that begins with { is never closed", "Put a } at its end, or the text between quotes."),
    ("expected key", False, *_SHIFTED),
    ("expected '-' indicator", False, *_SHIFTED),
    ("expected <document start>", False, *_SHIFTED),
    ("escape", False, "between double quotes a backslash means something else", "Write \\\\ for each backslash, or use single quotes."),
    ("hexdecimal", False, "between double quotes a backslash means something else", "Write \\\\ for each backslash, or use single quotes."),
    ("sequence entries are not allowed", False, "a - stands where a text is expected", "Put the text between quotes, or each - on a line of its own."),
    ("another document", False, "this line ends the fields too early", "Take out the --- or ... at its start."),
    ("cannot start any token", False, _OTHER_SENSE, _QUOTE_IT),
    ("expected node content", False, _OTHER_SENSE, _QUOTE_IT),
    ("alphabetic", False, _OTHER_SENSE, _QUOTE_IT),
    ("mapping keys are not allowed", False, _OTHER_SENSE, _QUOTE_IT),
    ("tag", False, _OTHER_SENSE, _QUOTE_IT),
)  # fmt: skip
_CLOSED_EARLY = re.compile(r"""[:-]\s+["'\[{]""")


def _explained(error: yaml.MarkedYAMLError, text: str, first_line: int, path: str) -> BadContent:
    mark = error.problem_mark or error.context_mark
    at = mark.line if mark else 0
    begun = error.context_mark.line if error.context_mark else at
    lines = _BREAK.split(text)
    while at and (at >= len(lines) or not lines[at].strip()):  # found at the end, caused by the last line
        at -= 1
    line = lines[at]
    problem = error.problem or ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem or "found a tab" in problem:
        hint = "Use spaces at the start of the line and behind the colon."
        return BadContent(path, first_line + at, "a tab stands where spaces are needed", hint)
    if "end of stream" in problem and "quoted scalar" in (error.context or ""):
        hint = "Close it, or take it away at both ends."
        return BadContent(path, first_line + begun, "a quotation mark is never closed", hint)
    if "expected key" in problem and _CLOSED_EARLY.search(line):
        hint = "Put the whole text between quotes; if there are ' in it, between \"."
        return BadContent(path, first_line + at, "a text goes on behind its closing quotation mark or bracket", hint)
    for said, at_context, reason, hint in _EXPLAINED:
        if said in problem:
            indented = "not allowed" in problem and line.startswith(" ")
            also = ", or begin it where the other fields begin." if indented else ""
            return BadContent(path, first_line + (begun if at_context else at), reason, hint + also)
    return BadContent(path, first_line + at, "this line cannot be read", _QUOTE_IT)
