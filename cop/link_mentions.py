"""Where content files name web addresses, in fields and as links and pictures in their texts, and link to entries. Changes nothing."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from cop import content, markdown
from cop.content import ContentFile
from cop.fields import AGREEMENT, FOLDERS
from cop.merge import BODY
from cop.model import Value
from cop.reading import read_all
from cop.scan import every_file
from cop.slips import Lead
from cop.workers import OneProcess

# pages of every site that are linked to like records, as ../pages/about
ALWAYS_THERE = ("about", "accessibility", "privacy", "offline", "languages")
_ENTRY = re.compile(rf"/({'|'.join(FOLDERS)})/([^/\s()<>\"#?]+)")
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Mention:
    """A web address that stands in a content file."""

    address: str
    path: str  # below the site folder
    line: int


def of_folder(folder: Path) -> Iterator[Mention]:
    """All web addresses in the content files of a folder, but for records that were withdrawn."""
    with OneProcess() as apart:
        for file in read_all(folder, every_file(folder)[0]):
            if file.content and "withdrawn" not in file.content.fields:
                yield from _of_file(folder, file.content, apart)


def to_no_entry(file: ContentFile, is_known: Callable[[str, str], bool]) -> Iterator[tuple[int, Lead]]:
    """Links of a text to entries that nobody knows, with their lines. A very long text is not looked at."""
    body = str(file.fields.get(BODY, ""))
    named = {(FOLDERS[folder].name, unquote(slug)) for folder, slug in _ENTRY.findall(body)}
    if len(body) > markdown.MAX_QUICK_CHARACTERS or all(is_known(*one) for one in named):
        return  # to take a text apart takes long, and few have such a link
    for line, address in markdown.links(body):
        lead = _lead(file, address)
        if lead and not is_known(lead.type, lead.slug):
            yield file.body_line + line - 1, lead


def _lead(file: ContentFile, address: str) -> Lead | None:
    """The entry that a link leads to; None if it leads elsewhere: to the web, to a list, to a file."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    found = _ENTRY.fullmatch(urljoin(f"/{file.path.split('/')[0]}/", parts.path))
    if parts.scheme or parts.netloc or not found or f"/{found[1]}/" not in f"/{parts.path}":
        return None
    kind, slug = FOLDERS[found[1]], unquote(found[2])
    is_page = (kind.name == "page" and slug in ALWAYS_THERE) or kind.name == AGREEMENT
    is_file = "." in slug and not slug.endswith(".md")  # calendars, feeds and lists of works stand beside entries
    return None if is_page or is_file else Lead(BODY, kind.name, slug, address)


def _of_file(folder: Path, file: ContentFile, apart: OneProcess) -> Iterator[Mention]:
    fields = [(1, text) for name, value in file.fields.items() if name != BODY for text in _texts(value)]
    addresses = [(line, text) for line, text in fields if _is_address(text)]
    body = str(file.fields.get(BODY, ""))
    links = [(line, address) for line, address in _links(body, apart) if _is_address(address)]
    if not addresses and not links:
        return
    text = _text_of(folder / file.path)
    before = text.count("\n", 0, text.rfind(body)) if body in text else 0
    lines = text.split("\n")
    for line, address in [*addresses, *((before + line, address) for line, address in links)]:
        yield Mention(address, f"content/{file.path}", _line_of(address, lines, line))


def _texts(value: Value) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _is_address(text: str) -> bool:
    return text.lower().startswith(_SCHEMES) and not any(one.isspace() for one in text)


def _links(body: str, apart: OneProcess) -> Iterable[tuple[int, str]]:
    if not any(scheme in body.lower() for scheme in _SCHEMES):
        return ()
    if len(body) <= markdown.MAX_QUICK_CHARACTERS:
        return markdown.links(body)
    return apart.call(markdown.links, body, _nothing)  # a hostile text takes minutes


def _nothing(body: str) -> list[tuple[int, str]]:
    """A text that cannot be laid out is shown as it was typed: nothing in it is a link."""
    return []


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(content.MAX_FILE_BYTES)
    except OSError:  # it went away meanwhile; then its lines do not matter
        return ""


def _line_of(address: str, lines: list[str], start: int) -> int:
    """The line on which an address is written, looked for from where it must stand at the earliest."""
    written = re.compile(re.escape(address) + r"(?![\w/?#&=%.~-])")  # not only the start of a longer one
    order = [*range(start, len(lines) + 1), *range(1, min(start, len(lines) + 1))]
    return next((number for number in order if written.search(lines[number - 1])), start)
