"""Content files: from the bytes of one file to the fields of one record. Pure; `worktree` reads and writes the disk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from cop import asking, attachments, fitting, frontmatter, slips, statement
from cop.errors import BadContent
from cop.fields import AGREEMENT, FOLDERS, SAME_AS, SHARES, STEERING, RecordType, kind_of
from cop.fitting import DoesNotFit
from cop.frontmatter import Line
from cop.merge import BODY
from cop.model import OWN, Value
from cop.publish import short_address, title_of
from cop.slips import Slip
from cop.terms import RECORD_ID
from cop.values import WrongValue, check

MAX_FILE_BYTES = 600_000
# What people write who mean `share`. No group of readers is called so.
_KEPT_FROM_OTHERS = dict.fromkeys(("partners", "partner", "partners only", "network"), "partners") | dict.fromkeys(
    ("own", "private", "internal", "only us", "nobody"), "own"
)
_TYPED = frozenset({"number", "flag", "any"})  # kinds that want the value rather than the characters
_DATED = re.compile(r"\d{4}-\d\d-\d\d-(?=.)")
_HEADING = re.compile(r"\s*# +(.+?)(?: +#+)?\s*(?:\n|$)")
_BOM = b"\xef\xbb\xbf"
# how other programs mark what is not to be seen; obeyed, so that moving over publishes nothing by mistake
_HIDDEN_ELSEWHERE: dict[str, tuple[Value, ...]] = {
    "published": (False,), "publish": (False, "false", "no"), "private": (True, "true", "yes"), "hidden": (True, "true"),
    "visibility": ("private", "hidden"), "status": fitting.HIDDEN_STATES,
}  # fmt: skip
_SLIPS = {
    "share": "share", "shared": "share", "share_with": "share", "share_to": "share", "draft": "draft", "drafts": "draft",
    "share_fields": "share_fields", "share_field": "share_fields", "sharefields": "share_fields",
}  # fmt: skip
_LINE_END = re.compile(rb"\r\n|\r|\n")
_ID_LINE = re.compile(rb"""[ \t]*["']?id["']?[ \t]*:""")
_BLANK_ID = re.compile(rb"""([ \t]*["']?id["']?[ \t]*:)[ \t]*(?:~|null|Null|NULL|""|'')?([ \t]*(?:[ \t]#.*)?[\r\n]*)""")


@dataclass(frozen=True)
class ContentFile:
    """What one content file says."""

    path: str  # below content/, with "/"
    type: str
    written_id: str  # what stands behind `id:`, or ""
    fields: Mapping[str, Value]  # without blanks
    share: int  # the audience of the record: 0 public, 1 partners, 2 own
    field_shares: Mapping[str, int]  # fields that go to fewer than the record
    id_line: int = 1  # where `id:` stands
    file_lines: Mapping[str, int] = field(default_factory=dict)  # where fields stand that may name files
    lines: Mapping[str, int] = field(default_factory=dict)  # where each field stands
    slips: tuple[Slip, ...] = ()  # what is probably meant otherwise
    body_line: int = 1  # where its text begins
    has_files: bool = False  # it names files, which may change while it does not

    def audience(self, name: str) -> int:
        """Who may receive a field: never more than its record or the table of fields allows."""
        known = FOLDERS[self.path.split("/")[0]].field(name)
        widest = SHARES.index(known.share) if known else 0
        return max(self.share, widest, self.field_shares.get(name, 0))


def record_type(path: str) -> RecordType:
    """The kind of record that a path below content/ stands for. Raises: BadContent."""
    folder, _, rest = path.partition("/")
    if not rest or folder not in FOLDERS:
        where = f"a folder “{folder}”" if rest else "the content folder itself"
        hint = f"Move it to one of: {', '.join(FOLDERS)}."
        raise BadContent(f"content/{path}", 1, f"cop does not know what kind of record lies in {where}", hint)
    return FOLDERS[folder]


def read(data: bytes, path: str) -> ContentFile:
    """Read one content file. Raises: BadContent, with path, line and what to do."""
    kind, shown = record_type(path), f"content/{path}"
    text = _decode(data, shown)
    front, body, first_line = split(text, shown)
    lines = frontmatter.read(front, first_line, shown, lambda key: key == "id" or kind_of(kind.name, key) not in _TYPED)
    fields: dict[str, Value] = {
        name: checked
        for name, line in lines.items()
        if name not in STEERING and (checked := _checked(kind, name, line, shown)) is not None
    }
    if body.strip():
        fields[BODY] = body
    fields = _with_title(kind, fields, first_line > 1, shown)
    _check_dates(kind, fields, lines, shown)
    share, field_shares = _shares(kind, lines, shown)
    if statement.SLUG in (PurePosixPath(path).stem, fields.get("slug")) and share != OWN:
        _check_statement(body, text.count("\n", 0, text.rfind(body)), shown)
    if {"_drafts", "drafts"} & set(path.split("/")):  # as Jekyll and others keep them
        share = OWN
    if kind.name == "event" and share != OWN:
        _check_under_18s(fields, lines, shown)
    id_line = lines["id"].number if "id" in lines else 1
    file_lines = {name: lines[name].number for name in attachments.fields_of(kind.name) if name in lines}
    numbers = {name: line.number for name, line in lines.items()}
    slipped = tuple(slips.look({name: line for name, line in lines.items() if name not in _HIDDEN_ELSEWHERE}, kind))
    # a network has one agreement: whoever writes it writes the same record
    written_id = RECORD_ID if kind.name == AGREEMENT else _written_id(lines, shown)
    body_line = text.count("\n", 0, text.rfind(body)) + 1
    return ContentFile(
        path, kind.name, written_id, fields, share, field_shares, id_line, file_lines, numbers, slipped, body_line
    )


def _decode(data: bytes, shown: str) -> str:
    if len(data) > MAX_FILE_BYTES:
        hint = f"At most {MAX_FILE_BYTES:,} bytes fit in one file. Split it, or link to the long text."
        raise BadContent(shown, 1, f"this file is too large ({len(data):,} bytes)", hint)
    if b"\0" in data:
        line = _line_of(data, data.index(b"\0"))
        raise BadContent(shown, line, "there is a NUL byte; this is not a text file", "Save it as plain text (UTF-8).")
    try:
        return data.removeprefix(_BOM).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = _line_of(data.removeprefix(_BOM), error.start)
        hint = "Save the file as UTF-8: in most editors under “Save as”, “Encoding”."
        raise BadContent(shown, line, "a letter is not in UTF-8", hint) from error


def _line_of(data: bytes, at: int) -> int:
    return len(_LINE_END.findall(data[:at])) + 1


def split(text: str, shown: str) -> tuple[str, str, int]:
    """Front matter, body, and the line that the front matter begins on. Raises: BadContent."""
    lines = text.split("\n")
    if lines[0].rstrip() in ("+++", ";;;"):
        raise BadContent(
            shown,
            1,
            f"front matter between {lines[0].rstrip()} lines cannot be read",
            "Write it as YAML between --- lines.",
        )
    if lines[0].rstrip() != "---":
        return "", text.strip("\n"), 1
    for at, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            # each line with its end: else the last line of a block of text would be another text than in the middle
            return "".join(f"{one}\n" for one in lines[1:at]), "\n".join(lines[at + 1 :]).strip("\n"), 2
    raise BadContent(shown, 1, "the second --- line is missing", "Put a line --- between the fields and the text.")


def _checked(kind: RecordType, name: str, line: Line, shown: str) -> Value:
    if name == SAME_AS:  # one file alone would tell it on one of the two pages
        hint = "Take this line away. Then say it of both at once: cop same-as ONE OTHER"
        raise BadContent(shown, line.number, f"“{name}” is said with a command, not in a file", hint)
    try:
        return check(kind.name, name, line.value)
    except WrongValue as error:
        raise BadContent(shown, line.number, f"“{name}”: {error.reason}", error.hint) from error


def _check_dates(kind: RecordType, fields: Mapping[str, Value], lines: Mapping[str, Line], shown: str) -> None:
    try:
        fitting.check(kind.name, fields)
    except DoesNotFit as error:
        raise BadContent(shown, lines[error.name].number, f"“{error.name}”: {error.reason}", error.hint) from error


def _check_under_18s(fields: Mapping[str, Value], lines: Mapping[str, Line], shown: str) -> None:
    """Children and young people come first: their checklist is answered before others read of the event."""
    blank = asking.missing_for_under_18s(fields)
    if blank:
        names = ", ".join(one.name for one in blank)
        reason = f"people under 18 may come, and this is not answered yet: {names}"
        hint = "Answer each with true, false or a sentence. To keep it to yourselves until then, add: draft: true"
        raise BadContent(shown, lines["under_18s"].number, reason, hint)


def _check_statement(body: str, before: int, shown: str) -> None:
    """What the law asks for stands in an accessibility statement before others read it."""
    if found := statement.missing(body):
        raise BadContent(shown, before + found.line, found.reason, found.hint)


def _with_title(kind: RecordType, fields: dict[str, Value], has_front: bool, shown: str) -> dict[str, Value]:
    """A file without a title takes it from the first heading of its text."""
    if title_of(fields):
        return fields
    heading = _HEADING.match(str(fields.get(BODY, "")))
    if not heading:
        line = 'label: "A name in your words"' if kind.name == "resource" else 'title: "…"'
        hint = f"Add a line between the --- lines: {line}"
        if not has_front:
            hint = f"Begin with a heading: # A title. Or with three lines: first ---, then {line}, then ---"
        raise BadContent(shown, 1, "there is no title", hint)
    return {"title": heading.group(1), **fields}


def _written_id(lines: Mapping[str, Line], shown: str) -> str:
    if "id" not in lines or lines["id"].value is None:
        return ""
    value = lines["id"].value
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise BadContent(
            shown, lines["id"].number, "“id” must be one short text", "Take the line out; cop adds a new one."
        )
    return value.strip()


def _shares(kind: RecordType, lines: Mapping[str, Line], shown: str) -> tuple[int, dict[str, int]]:
    """Who may receive the record, and single fields. What is nearly right is refused: a slip must not publish."""
    _check_spelling(lines, shown)
    share = _share(lines["share"].value, "share", lines["share"].number, shown) if "share" in lines else 0
    drafts = [lines[name] for name in ("draft",) if name in lines and lines[name].value is not None]
    for line in drafts:
        if not isinstance(line.value, bool):
            raise BadContent(shown, line.number, "“draft” must be true or false", "Write: draft: true")
        share = OWN if line.value else share
    if any(name in lines and _plain(lines[name].value) in values for name, values in _HIDDEN_ELSEWHERE.items()):
        share = OWN
    named = lines["share_fields"].value if "share_fields" in lines else {}
    if not isinstance(named, Mapping):
        line = lines["share_fields"]
        raise BadContent(shown, line.number, "“share_fields” must name fields", "Write: share_fields: {contact: own}")
    at = lines["share_fields"].number if "share_fields" in lines else 1
    shares = {name: _share(value, f"share_fields, {name}", at, shown) for name, value in named.items()}
    unknown = [name for name in named if name not in lines and name != BODY and kind.field(name) is None]
    if unknown:
        raise BadContent(
            shown, at, f"there is no field “{unknown[0]}”", "Write the name of a field as it stands in this file."
        )
    return share, shares


def _plain(value: Value) -> Value:
    return value.strip().casefold() if isinstance(value, str) else value


def _check_spelling(lines: Mapping[str, Line], shown: str) -> None:
    for name, line in lines.items():
        meant = _SLIPS.get(name.casefold().replace("-", "_").replace(" ", "_"))
        if meant and name != meant:
            raise BadContent(
                shown, line.number, f"“{name}” is not used here; did you mean “{meant}”?", f"Write: {meant}: …"
            )
    _check_readers(lines, shown)


def _check_readers(lines: Mapping[str, Line], shown: str) -> None:
    """“audience” says for whom a text is written, and keeps it from nobody."""
    line = lines.get("audience")
    said = line.value if line else None
    for one in said if isinstance(said, list | tuple) else [said]:
        meant = _KEPT_FROM_OTHERS.get(one.strip().casefold()) if line and isinstance(one, str) else None
        if line and meant:
            hint = f"To keep it from others, write: share: {meant}"
            raise BadContent(shown, line.number, f"“audience: {one}” would keep it from nobody", hint)


def _share(value: Value, name: str, line: int, shown: str) -> int:
    if value not in SHARES:
        raise BadContent(
            shown, line, f"“{name}” must be one of {', '.join(SHARES)}", "public is what you get without the line."
        )
    return SHARES.index(str(value))


def slug_from_path(path: str) -> str:
    """The short address that a file's name stands for: no date in front, no ending; `a/b/index.md` is `b`."""
    file = PurePosixPath(path)
    stem = file.parent.name if file.stem in ("index", "_index") and len(file.parts) > 2 else file.stem
    return short_address(_DATED.sub("", stem))


def with_id(data: bytes, record_id: str) -> bytes:
    """The bytes of a content file with the line `id: …` added, or a blank one filled in; nothing else changes.

    Fields written in one pair of braces have no place for a line: such a file comes back as it was.
    """
    bom = _BOM if data.startswith(_BOM) else b""
    lines = data[len(bom) :].splitlines(keepends=True) or [b""]
    found = _LINE_END.search(lines[0])
    end = found.group() if found else b"\n"
    line = b"id: " + record_id.encode() + end
    if not found or lines[0].decode("utf-8", "replace").rstrip() != "---":
        return bom + b"---" + end + line + b"---" + end + b"".join(lines)
    first = next((one for one in lines[1:] if one.strip() and not one.lstrip().startswith(b"#")), b"")
    indent = first[: len(first) - len(first.lstrip(b" "))]
    if first.lstrip().startswith((b"{", b"!")):
        return data
    for at, one in enumerate(lines[1:], 1):
        if one.decode("utf-8", "replace").rstrip() in ("---", "..."):
            break
        if one.startswith(indent) and _ID_LINE.match(one[len(indent) :]) and not one[len(indent) :].startswith(b" "):
            blank = _BLANK_ID.fullmatch(one)
            if not blank:
                return data
            return bom + b"".join([*lines[:at], blank[1] + b" " + record_id.encode() + blank[2], *lines[at + 1 :]])
    return bom + lines[0] + indent + line + b"".join(lines[1:])
