"""Reads CSL-JSON, as Zotero and pandoc write it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cop.errors import CopError
from cop.importing.drafts import Draft, Known, Unread
from cop.importing.references import MAX_TEXT, Reference, draft
from cop.plain import one_line

_MORE = {
    "container-title": "published_in", "collection-title": "series", "volume": "volume", "issue": "issue", "page": "pages",
    "edition": "edition", "ISBN": "isbn", "ISSN": "issn", "publisher-place": "place_published", "number": "number",
    "PMID": "pmid",
}  # fmt: skip
_ANEW = "Let your program write the file anew, as CSL JSON."
_SPACE = re.compile(r"[ \t\r\n]*")
_READ = frozenset(
    {"id", "type", "genre", "title", "author", "editor", "issued", "publisher", "URL", "DOI", "language", "keyword", "abstract",
     "accessed"}
)  # fmt: skip


def read(text: str, known: Known) -> Iterator[Draft | Unread]:
    """The entries of a list. Raises: CopError if the file is none."""
    try:
        listed = list(_listed(text))
    except json.JSONDecodeError as error:
        raise CopError(f"{known.file}, line {error.lineno}: this is no JSON.", hint=_ANEW) from None
    except (RecursionError, ValueError):  # lists in lists without end, numbers of many thousand digits
        raise CopError(f"{known.file} is no list of references.", hint=_ANEW) from None
    for one, line in listed:
        if isinstance(one, Mapping):
            yield draft(_reference(one, line), known)
        else:
            yield Unread(line, "this entry is not written as CSL-JSON wants it", _ANEW)


def _listed(text: str) -> Iterator[tuple[Any, int]]:
    """The members of a list, each with the line that it begins on; of a file with one reference, that one."""
    start, decoder = _next(text, 0), json.JSONDecoder()
    if text[start : start + 1] != "[":
        one, end = decoder.raw_decode(text, start)
        yield one, text.count("\n", 0, start) + 1
    else:
        at = _next(text, start + 1)
        end, line, seen = at + 1, 1, 0
        while text[end - 1 : end] != "]":
            one, behind = decoder.raw_decode(text, at)
            line, seen = line + text.count("\n", seen, at), at
            yield one, line
            end = _next(text, behind) + 1
            at = _next(text, end)
            if text[end - 1 : end] not in (",", "]"):
                raise json.JSONDecodeError("something else follows", text, behind)
    if _next(text, end) != len(text):
        raise json.JSONDecodeError("something else follows", text, end)


def _next(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _reference(said: Mapping[str, Any], line: int) -> Reference:
    def text(name: str) -> str:
        value = said.get(name)
        return str(value)[:MAX_TEXT] if isinstance(value, str | int) and not isinstance(value, bool) else ""

    return Reference(
        line=line,
        key=text("id"),
        kind=text("type"),
        genre=text("genre"),
        title=text("title"),
        authors=_names(said.get("author")),
        editors=_names(said.get("editor")),
        year=_year(said.get("issued")),
        publisher=text("publisher"),
        url=text("URL"),
        doi=text("DOI"),
        language=text("language"),
        keywords=tuple(re.split(r"[,;]", text("keyword"))),
        abstract=text("abstract"),
        more={ours: text(name) for name, ours in _MORE.items() if text(name)},
        left_out=tuple(str(name) for name in said if name not in _READ and name not in _MORE),
    )


def _names(people: object) -> tuple[str, ...]:
    return tuple(_name(one) for one in people if isinstance(one, Mapping)) if isinstance(people, list) else ()


def _name(one: Mapping[str, Any]) -> str:
    parts = {name: one_line(value) for name, value in one.items() if isinstance(value, str)}
    family = " ".join(filter(None, (parts.get("non-dropping-particle"), parts.get("family"))))
    given = " ".join(filter(None, (parts.get("given"), parts.get("dropping-particle"))))
    return parts.get("literal") or ", ".join(filter(None, (family, given, parts.get("suffix"))))


def _year(issued: object) -> str:
    """The year of a date; of a span its first, as it is cited."""
    said = issued if isinstance(issued, Mapping) else {}
    parts = said.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0] else [""]
    written = str(first[0] or said.get("raw") or said.get("literal") or "")
    return written[:4] if re.fullmatch(r"\d{4}-\d\d(?:-\d\d)?", written) else written
