"""Write docs/fields.md from the table of fields: `make fields`. A test fails when they differ."""

from collections.abc import Iterator
from pathlib import Path

from cop.fields import AUDIENCES, COMMON, EVENT_STATES, TYPES, Field, RecordType

PAGE = Path(__file__).parent.parent / "docs" / "fields.md"
TOP = """# Every kind of record and its fields

<!-- Written by `make fields` from cop/fields.py. Change that table, not this page. -->

What each kind is for, and how to write values: [Content files](content-files.md). Only a title is needed, or for a
resource a `label`. A blank that is **asked for** is shown as “not stated, please ask”. What readers can **narrow** a list
by is marked too. What goes to **partners** only, or stays your **own**, is never on a public page.
"""
VALUES = {
    "text": "text",
    "markdown": "text in Markdown, below the second `---`",
    "choice": "one of the words named, or one of your own",
    "url": "web address",
    "number": "whole number",
    "date": "year, month, day or time",
    "flag": "`yes` or `no`",
    "set": "list, without order",
    "list": "list, in your order",
    "people": "list of `{name, role, organisation}`",
    "entries": "list",
    "file": "path or address",
    "files": "list of paths",
    "repeats": "words, such as `every 2 weeks on Tuesday`",
    "dates": "list of dates",
    "money": "text, with the currency",
    "record": "address of an entry",
    "moves": "list of `{date, to, place}`",
}


def page() -> str:
    """The whole page."""
    common = {field.name for field in COMMON}
    parts = [TOP]
    for kind in TYPES.values():
        parts.append(_section(kind, [field for field in kind.fields if field.name not in common]))
    parts.append("## Fields of every kind\n\n" + _table(COMMON))
    audiences = ", ".join(f"`{one}`" for one in AUDIENCES)
    parts.append(f"Words for `audience`: {audiences}. Others are fine too.\n")
    return "\n".join(parts)


def _section(kind: RecordType, fields: list[Field]) -> str:
    lead = f"{kind.lead}\n\n" if kind.lead else ""
    heading = f"## {kind.plural}\n\n{lead}`cop new {kind.name}`, in `content/{kind.folder}`, shown at `/{kind.folder}`."
    return f"{heading}\n\n{_table(fields)}"


def _table(fields: tuple[Field, ...] | list[Field]) -> str:
    rows = ["| field | what readers see | write | |", "| --- | --- | --- | --- |"]
    rows += [f"| `{one.name}` | {one.label} | {_value(one)} | {'; '.join(_marks(one))} |" for one in fields]
    return "\n".join(rows) + "\n"


def _value(field: Field) -> str:
    choices = ": " + ", ".join(f"`{choice}`" for choice in field.choices) if field.choices else ""
    told = f". {field.help}" if field.help else ""
    value = "one of the words named" if field.choices is EVENT_STATES else VALUES[field.kind]
    return f"{value}{choices}{told}"


def _marks(field: Field) -> Iterator[str]:
    if field.ask:
        yield "asked for"
    if field.facet:
        yield "narrow"
    if field.share != "public":
        yield field.share


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
