"""Reads a table (CSV): one record a row, with the names of fields on top."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from cop.errors import CopError
from cop.fields import FOLDERS, TYPES, Field, RecordType
from cop.importing.drafts import Draft, Known, Unread
from cop.model import Value
from cop.publish import title_of

_LISTS = frozenset({"set", "list", "dates"})
_NOT_IN_A_CELL = frozenset({"entries", "moves", "files"})
_SAID = {"yes": True, "true": True, "no": False, "false": False}
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_KIND = "type"  # the column that says what kind of record a row is
_SIGNS = (",", ";", "\t")
MAX_CELL = 600_000  # characters
csv.field_size_limit(MAX_CELL)


def read(text: str, known: Known) -> Iterator[Draft | Unread]:
    """The rows of a table, and those that cannot be read. Raises: CopError if it has no names on top."""
    head, _, _ = text.partition("\n")
    sign = max(_SIGNS, key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    try:
        names = [_name(cell) for cell in next(rows, [])]
        _check(names, known)
        line = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield _row(names, cells, line, known)
            line = rows.line_num + 1
    except csv.Error:
        raise CopError(
            f"{known.file}, line {rows.line_num}: this is not written as a table.", hint="Is a quotation mark missing?"
        ) from None


def _check(names: Sequence[str], known: Known) -> None:
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise CopError(
            f"{known.file}, line 1: “{twice}” stands there twice.", hint="Give one of the columns another name."
        )
    if not {"title", "label"} & set(names):
        raise CopError(
            f"{known.file}, line 1: there is no column “title”.",
            hint="Write the names of the fields on top: title, url, year … Each kind has its own: docs/fields.md",
        )


def _row(names: Sequence[str], cells: Sequence[str], line: int, known: Known) -> Draft | Unread:
    if len(cells) > len(names):
        return Unread(
            line, "this row has more cells than there are names on top", "Put a cell with a comma between quotes."
        )
    said = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    wanted = said.pop(_KIND, known.type).casefold()
    kind = TYPES.get(wanted) or FOLDERS.get(wanted)
    if kind is None:
        return Unread(line, f"there is no kind of record “{wanted[:40]}”", f"Use one of: {', '.join(TYPES)}.")
    fields, left_out = _fields(kind, said)
    if not title_of(fields):
        return Unread(line, "this row has no title", "Write one, and import the file again.")
    kept = tuple(name for name in fields if kind.field(name) is None)
    return Draft(kind.name, {"source": known.file, **fields}, _mark(said), line, kept=kept, left_out=left_out)


def _fields(kind: RecordType, said: Mapping[str, str]) -> tuple[dict[str, Value], tuple[str, ...]]:
    fields: dict[str, Value] = {}
    left_out: list[str] = []
    for written, cell in said.items():
        field = _field(kind, written)
        name = field.name if field else written
        if not _PLAIN.fullmatch(name) or (field and field.kind in _NOT_IN_A_CELL) or name in ("id", "slug"):
            left_out.append(written)
        else:
            fields[name] = _value(field, cell)
    return fields, tuple(left_out)


def _field(kind: RecordType, written: str) -> Field | None:
    """The field that a column names, as in a content file or as pages call it."""
    labels = {_name(field.label): field for field in kind.fields}
    return kind.field(written) or labels.get(written)


def _value(field: Field | None, cell: str) -> Value:
    """A cell as its field wants it; what does not fit is found when the content file is checked."""
    if field is None:
        return cell
    if field.kind in _LISTS:
        return _parts(cell)
    if field.kind == "people":
        return [{"name": name} for name in _parts(cell)]
    if field.kind == "number" and cell.isascii() and cell.isdigit():
        return int(cell)
    return _SAID.get(cell.casefold(), cell) if field.kind == "flag" else cell


def _parts(cell: str) -> list[Value]:
    return [part for one in re.split(r"[;\n]", cell) if (part := one.strip())]


def _name(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().strip("?").casefold())


def _mark(said: Mapping[str, str]) -> str:
    """What the row calls itself by, if it has such a column; else its title and its address."""
    return said.get("id") or "\0".join(said.get(name, "") for name in ("title", "label", "url", "start"))
