"""From the fields of a record to the text of its content file: key order, comments and unknown fields stay."""

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from cop import content, frontmatter
from cop.fields import BY_COMMAND, SHARES, Field, RecordType
from cop.merge import BODY
from cop.model import RecordId, Value

_ON_TOP = ("start", "end", "timezone", "place", "summary")  # of a new file, with what is asked first
_ELSE = "Else"
_QUOTED_DATE = re.compile(
    r"^([\w-]+: )'(\d{4}-\d\d-\d\d(?:T[\d:.+-]+)?)'$", re.MULTILINE
)  # cop reads it as typed anyway


def _yaml(sample: str = "") -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000  # long lines stay as people wrote them
    yaml.allow_unicode = True
    dash = re.search(r"^( +)- ", sample, re.MULTILINE)
    if dash:  # lists are indented in this file: keep it so
        yaml.indent(mapping=2, sequence=len(dash[1]) + 2, offset=len(dash[1]))
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
    body = str(fields.get(BODY, "")).strip("\n")
    return f"---\n{_text(front, '')}---\n" + (f"\n{body}\n" if body else "")


def changed_file(text: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> str:
    """The text of an existing file with what changed between two states of its record put in.

    `text` has line ends "\\n". Only the lines of fields that changed are written anew.
    """
    front, body, first_line = content.split(text, "")
    whole_front = text[: len(text) - len(_behind_front(text))] if first_line == 2 else ""
    changed = {
        name: after.get(name) for name in sorted({*before, *after} - {BODY}) if before.get(name) != after.get(name)
    }
    if changed:
        whole_front = f"---\n{_changed_front(front, before, changed)}---\n"
    if before.get(BODY) == after.get(BODY):
        return whole_front + (_behind_front(text) if first_line == 2 else text)
    body = str(after.get(BODY) or "").strip("\n")
    return whole_front + (f"\n{body}\n" if body and whole_front else f"{body}\n" if body else "")


def changed_bytes(data: bytes, before: Mapping[str, Value], after: Mapping[str, Value]) -> bytes:
    """The same, of a file as it lies there: byte order mark and line ends stay."""
    text = data.decode("utf-8-sig")
    mark = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    end = "\r\n" if "\r\n" in text else "\r" if "\r" in text else "\n"
    changed = changed_file(text.replace("\r\n", "\n").replace("\r", "\n"), before, after)
    return (mark + changed.replace("\n", end)).encode()


def _behind_front(text: str) -> str:
    """What stands behind the second --- line."""
    lines = text.split("\n")
    end = next(at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    return "\n".join(lines[end + 1 :])


def _changed_front(front: str, before: Mapping[str, Value], changed: Mapping[str, Value]) -> str:
    """Front matter with some fields changed; the lines of all others stay as they are."""
    found = frontmatter.read(front, 0, "", lambda name: True)
    starts = [line.number for line in found.values()]
    lines = front.split("\n") if front.strip() else []
    if len(set(starts)) < len(starts) or front.lstrip().startswith("{"):  # fields in one pair of braces
        return _dumped({name: line.value for name, line in found.items()} | dict(changed), "")
    ends = [_last_line(lines, end) for end in [*starts[1:], len(lines)]] if starts else []
    indent = re.match(" *", lines[starts[0]])[0] if starts else ""  # type: ignore[index]
    for name, start, end in reversed(list(zip(found, starts, ends, strict=True))):
        if name in changed:
            anew = _field_anew("\n".join(lines[start:end]) + "\n", name, before.get(name), changed[name], front)
            lines[start:end] = textwrap.indent(anew, indent).split("\n")[:-1]
    added = {
        name: value for name, value in changed.items() if name not in found and value is not None and name != "slug"
    }
    while lines and not lines[-1].strip():
        lines.pop()
    kept = "\n".join(lines) + "\n" if lines else ""
    return kept + textwrap.indent(_dumped(added, front), indent)


def _last_line(lines: Sequence[str], end: int) -> int:
    """Where a field ends: blank lines and comments that stand before the next field belong to neither."""
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    return end


def _field_anew(old: str, name: str, was: Value, value: Value, sample: str) -> str:
    """The lines of one field with another value; comments beside what stays stay too."""
    if value is None:
        return ""
    try:
        front = _yaml().load(old)
    except (YAMLError, ValueError, AttributeError):  # such as 31 June, which this loader takes for a date
        return _dumped({name: value}, sample)
    key = next(iter(front))
    if isinstance(front[key], CommentedSeq) and isinstance(value, list | tuple):
        _put_list(front[key], list(value), in_order=list(front[key]) == was)
    elif isinstance(front[key], CommentedMap) and isinstance(value, Mapping):
        for gone in set(was if isinstance(was, Mapping) else ()) - set(value):
            front[key].pop(gone, None)
        front[key].update(value)
    else:
        front[key] = value
    return _text(front, old if " - " in old else sample)


def _dumped(fields: Mapping[str, Value], sample: str) -> str:
    return _text(CommentedMap(fields), sample) if fields else ""


def _text(front: CommentedMap, sample: str) -> str:
    stream = io.StringIO()
    _yaml(sample).dump(front, stream)
    return _QUOTED_DATE.sub(r"\1\2", stream.getvalue())


def _put_list(sequence: CommentedSeq, wanted: list[Any], *, in_order: bool) -> None:
    """Change a list in place, so that the comments beside what stays stay too."""
    for at in reversed(range(len(sequence))):
        if sequence[at] not in wanted:
            del sequence[at]
    for at, one in enumerate(wanted):
        if in_order and (at >= len(sequence) or sequence[at] != one):
            if one in sequence[at:]:
                del sequence[sequence.index(one, at)]
            sequence.insert(at, one)
        elif one not in sequence:
            sequence.append(one)
    while in_order and len(sequence) > len(wanted):
        del sequence[-1]


def template(kind: RecordType, record_id: RecordId, title: str) -> str:
    """The text of a file ready to fill in: every field of its kind is there, as a comment with its help.

    What is needed first stands on top, the rest in the groups of its page. Headings begin with two signs, so that who
    takes the first sign away from a line never gets one of them.
    """
    lines = [
        _dumped({"id": record_id, "title": title}, "").rstrip("\n"),
        "# Take away the # in front of what you know, and leave the rest.",
        "##",
    ]
    wanted = [field for field in kind.fields if field.name not in {"title", "slug", BODY, *BY_COMMAND}]
    places = {name: at for at, name in enumerate(_ON_TOP)}
    on_top = sorted(filter(_is_first, wanted), key=lambda field: places.get(field.name, len(places)))
    lines += [_blank(field) for field in on_top]
    lines += ["##", f"## {'-' * 60}", "## The rest, as it stands on the page"]
    groups: dict[str, list[str]] = {}
    for field in wanted:
        if field not in on_top:
            groups.setdefault(field.group or _ELSE, []).append(_blank(field))
    for heading, members in groups.items():
        lines += ["##", f"## {heading}", *members]
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def _is_first(field: Field) -> bool:
    return field.first or field.name in _ON_TOP or (not field.group and field.name != "same_as_in")


def _blank(field: Field) -> str:
    """One line to fill in, with what belongs there behind it."""
    label = field.label if field.label.endswith("?") else f"{field.label}."
    return f"# {field.name}:  # {' '.join(filter(None, (label, field.help, _choices(field.choices))))}"


def _choices(choices: tuple[str, ...]) -> str:
    return f"One of: {', '.join(choices)}." if choices else ""
