"""Reads BibTeX and biblatex."""

import re
from collections.abc import Iterator, Mapping

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware
from bibtexparser.middlewares.names import split_multiple_persons_names
from bibtexparser.model import DuplicateBlockKeyBlock, Entry
from pylatexenc.latex2text import LatexNodes2Text

from cop.importing.drafts import Draft, Known, Unread
from cop.importing.references import MAX_TEXT, Reference, draft

_MORE = {
    "journal": "journal", "journaltitle": "journal", "booktitle": "book_title", "volume": "volume", "number": "issue",
    "issue": "issue", "pages": "pages", "edition": "edition", "series": "series", "chapter": "chapter", "isbn": "isbn",
    "issn": "issn", "address": "place_published", "location": "place_published", "eprint": "eprint", "pmid": "pmid",
    "month": "month",
}  # fmt: skip
_READ = frozenset(
    {"title", "subtitle", "type", "author", "editor", "year", "date", "publisher", "institution", "organization", "school", "url",
     "doi", "langid", "language", "keywords", "abstract", "urldate"}
)  # fmt: skip
_TEXT = LatexNodes2Text(math_mode="verbatim")
_SIGNS = re.compile(r"\\([&%#_${}~])(?:\{\})?")  # as they are written in an address
_PER_CENT = re.compile(r"(?<!\\)%")  # starts a comment in TeX, but programs that write these files do not know that
_MEND = "Look for a { or } that is missing there, mend it, and import the file again."
_SPELT = re.compile(r"[\\{}$~`'?!%<>]|--")  # without these there is nothing to read but letters
_BRACES = ((r"\textbraceleft", r"\{"), (r"\textbraceright", r"\}"))  # pylatexenc knows the short way only
_WORDS = {"jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May", "jun": "June", "jul": "July",
          "aug": "August", "sep": "September", "oct": "October", "nov": "November", "dec": "December"}  # fmt: skip


def read(text: str, known: Known) -> Iterator[Draft | Unread]:
    """The entries of a file, and those that cannot be read."""
    library = parse_string(text, parse_stack=[ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware()])
    for block in sorted([*library.entries, *library.failed_blocks], key=lambda block: block.start_line or 0):
        if isinstance(block, DuplicateBlockKeyBlock) and block.ignore_error_block is not None:
            block = block.ignore_error_block  # two entries with one key are two entries to us
        if isinstance(block, Entry):
            yield draft(_reference(block), known)
        else:
            yield Unread((block.start_line or 0) + 1, "this entry is not written as BibTeX wants it", _MEND)


def _reference(entry: Entry) -> Reference:
    said = {field.key.lower(): str(field.value)[:MAX_TEXT] for field in entry.fields if str(field.value).strip()}

    def text(*names: str) -> str:
        return next((_plain(said[name]) for name in names if name in said), "")

    return Reference(
        line=(entry.start_line or 0) + 1,
        key=entry.key,
        kind=entry.entry_type,
        genre=text("type"),
        title=": ".join(filter(None, (text("title"), text("subtitle")))),
        authors=_names(said.get("author", "")),
        editors=_names(said.get("editor", "")),
        year=(text("year") or text("date"))[:4] if _has_year(text("year", "date")) else text("year", "date"),
        publisher=text("publisher", "institution", "organization", "school"),
        url=_SIGNS.sub(r"\1", said.get("url", "")).removeprefix(r"\url{").rstrip("}") if "url" in said else "",
        doi=_SIGNS.sub(r"\1", said.get("doi", "")),
        language=text("langid", "language"),
        keywords=tuple(re.split(r"[,;]", text("keywords"))),
        abstract=text("abstract"),
        more=_more(said),
        left_out=tuple(name for name in said if name not in _READ and name not in _MORE),
    )


def _has_year(written: str) -> bool:
    """True if a year stands in front, and a month or a day behind it, or nothing."""
    return bool(re.fullmatch(r"\d{4}(?:-\d\d(?:-\d\d)?)?", written))


def _more(said: Mapping[str, str]) -> dict[str, str]:
    found = {ours: _plain(said[name]) for name, ours in _MORE.items() if name in said}
    return found | {name: _WORDS.get(text.lower(), text) for name, text in found.items() if name == "month"}


def _names(written: str) -> tuple[str, ...]:
    return tuple(_plain(name) for name in split_multiple_persons_names(written) if name != "others")


def _plain(written: str) -> str:
    """The letters for what TeX spells out."""
    if not _SPELT.search(written):
        return written.strip()
    for spelt, sign in _BRACES:
        written = written.replace(spelt, sign)
    return str(_TEXT.latex_to_text(_PER_CENT.sub(r"\%", written))).replace("\xa0", " ").strip()
