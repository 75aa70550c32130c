"""From the fields of a record to the text of its content file: key order, comments and unknown fields stay."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from cop import content
from cop.fields import SHARES, RecordType
from cop.merge import BODY
from cop.model import RecordId, Value


def _yaml(sample: str = "") -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000  # long lines stay as people wrote them
    yaml.allow_unicode = True
    if re.search(r"^ +- ", sample, re.MULTILINE):  # lists are indented in this file: keep it so
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def new_file(kind: RecordType, record_id: RecordId, fields: Mapping[str, Value], share: int = 0) -> str:
    """The text of a new content file: id and title first, then fields in the order of the table."""
    front = CommentedMap({"id": record_id})
    order = ["title", *(field.name for field in kind.fields), *sorted(fields)]
    for name in dict.fromkeys(order):
        if name in fields and name not in (BODY, "slug"):  # the name of the file is its short address
            front[name] = fields[name]
    if share:
        front["share"] = SHARES[share]
    return _joined(front, str(fields.get(BODY, "")), "")


def changed_file(text: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> str:
    """The text of an existing file with what changed between two states of its record put in.

    `text` has line ends "\\n". What did not change keeps its place, its comments and its quotes.
    """
    front_text, body, _ = content.split(text, "")
    front = _yaml(front_text).load(front_text) if front_text.strip() else CommentedMap()
    for name in sorted({*before, *after} - {BODY}):
        if before.get(name) != after.get(name) and (name != "slug" or name in front):
            _put(front, name, after.get(name))
    if before.get(BODY) != after.get(BODY):
        body = str(after.get(BODY) or "")
    return _joined(front, body, front_text)


def _put(front: CommentedMap, name: str, value: Value) -> None:
    if value is None:
        front.pop(name, None)
    elif isinstance(front.get(name), CommentedSeq) and isinstance(value, list | tuple):
        _put_list(front[name], list(value))
    else:
        front[name] = value


def _put_list(sequence: CommentedSeq, wanted: list[Any]) -> None:
    """Change a list in place, so that the comments beside what stays stay too."""
    for at in reversed(range(len(sequence))):
        if sequence[at] not in wanted:
            del sequence[at]
    if sorted(map(str, sequence)) == sorted(map(str, (one for one in wanted if one in sequence))):
        for one in wanted:
            if one not in sequence:
                sequence.append(one)


def _joined(front: CommentedMap, body: str, sample: str) -> str:
    stream = io.StringIO()
    _yaml(sample).dump(front, stream)
    body = body.strip("\n")
    return f"---\n{stream.getvalue() if front else ''}---\n" + (f"\n{body}\n" if body else "")


def template(kind: RecordType, record_id: RecordId, title: str) -> str:
    """The text of a file ready to fill in: every field of its kind is there, as a comment with its help."""
    front = CommentedMap({"id": record_id, "title": title})
    stream = io.StringIO()
    _yaml().dump(front, stream)
    lines = [stream.getvalue().rstrip("\n"), "# Take away the # in front of what you know, and leave the rest."]
    for field in kind.fields:
        if field.name not in ("title", "slug", BODY, "withdrawn"):
            hint = " ".join(part for part in (field.label + ".", field.help, _choices(field.choices)) if part)
            lines.append(f"# {field.name}:  # {hint}")
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def _choices(choices: tuple[str, ...]) -> str:
    return f"One of: {', '.join(choices)}." if choices else ""
