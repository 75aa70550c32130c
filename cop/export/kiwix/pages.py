"""What a file of a copy is in a ZIM file: its path, its title, whether it leads elsewhere, and the words it is found by."""

import html
import re
import sqlite3
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from cop import attachments, words
from cop.export.kiwix.spellings import others
from cop.export.making import Made
from cop.fields import FOLDERS
from cop.marks import TYPES as PICTURES
from cop.web.links import OWN_PAGES

TYPES = {
    **attachments.TYPES_BY_ENDING, **PICTURES, "html": "text/html", "css": "text/css", "js": "text/javascript",
    "atom": "application/atom+xml", "bib": "application/x-bibtex", "ris": "application/x-research-info-systems",
    "json": "application/json",
}  # fmt: skip
# Times that a title counts as keywords: libzim weighs it by the length of the text, and many texts are short
TITLES = 8
_TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)
_MOVED = re.compile('<meta http-equiv="refresh" content="0; url=([^"]*)"')
_QUESTION = re.compile(r'href="([^":?]*)\?[^"]*"')  # of our own pages: a script would answer it, and here is none
_SEARCH = re.compile(r"(?:\.\./)*search\.html")


@dataclass(frozen=True)
class Found:
    """What Kiwix finds a page by."""

    title: str
    text: str
    keywords: str
    length: int  # words of the text, as people count them


@dataclass(frozen=True)
class Entry:
    """One entry of a ZIM file."""

    path: str
    title: str
    type: str
    data: bytes | Path  # the bytes, or where they are
    moved_to: str = ""  # the path of the entry that stands in its place
    is_front: bool = False  # Kiwix offers it while one types, and opens it by chance
    found: Found | None = None


class Entries:
    """Makes entries of files, with what `site.db` says of their records."""

    def __init__(self, db: sqlite3.Connection, site: str, hidden: Collection[int]) -> None:
        self.db, self.ending, self.hidden = db, f" – {html.escape(site, quote=False)}", hidden

    def entry(self, made: Made) -> Entry:
        """What stands in the ZIM file for a file of a copy."""
        path, kind = made.place.file, TYPES.get(made.place.file.rpartition(".")[2].lower(), attachments.OTHER)
        if made.source is not None:
            return Entry(path, "", kind, made.source)
        data = made.data or b""
        if made.place.kind != "page":
            return Entry(path, "", kind, data)
        page = data.decode()
        if moved := _MOVED.search(page):
            return Entry(path, "", kind, b"", moved_to=_target(path, moved[1]))
        found = self._found(made.place.address)
        is_front = found is not None or ("?" not in made.place.address and made.place.address.count("/") == 1)
        return Entry(path, self._title(page), kind, _QUESTION.sub(_answered, page).encode(), "", is_front, found)

    def _title(self, page: str) -> str:
        told = _TITLE.search(page)
        return html.unescape(told[1].removesuffix(self.ending)) if told else ""

    def _found(self, address: str) -> Found | None:
        """What is known of the record with that address, if there is one that everybody may see."""
        folder, _, slug = address[1:].partition("/")
        if folder in OWN_PAGES and not slug:
            folder, slug = "pages", folder
        if folder not in FOLDERS or not slug:
            return None
        row = self.db.execute(
            "SELECT number, title, keywords, date, summary, text, other_words FROM records WHERE (type, slug) = (?, ?)",
            (FOLDERS[folder].name, unquote(slug)),
        ).fetchone()
        return found(*row[1:]) if row and row[0] not in self.hidden else None


def found(title: str, keywords: str, date: str, *texts: str) -> Found:
    """What Kiwix finds a record by: title and keywords weigh more than the text.

    >>> found("Café", "Ann", "2021-05-03", "Co-producing", "", "").text
    'co-producing\\ncoproducing'
    """
    text = "\n".join(filter(None, texts))
    titled = " ".join([plain(title), *others(words.RUN.findall(title))])
    also = dict.fromkeys(others(words.RUN.findall(f"{keywords}\n{text}")))
    weighty = "\n".join([plain(keywords), date[:4], *[titled] * TITLES])
    return Found(plain(title), "\n".join([plain(text), *also]), weighty, len(text.split()))


def plain(text: str) -> str:
    """Small letters without accents, as Kiwix makes of what is typed."""
    apart = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(one for one in apart if not unicodedata.category(one).startswith("M")))


def _target(path: str, link: str) -> str:
    return normpath(join(dirname(path), unquote(html.unescape(link).partition("#")[0])))


def _answered(link: re.Match[str]) -> str:
    return "" if _SEARCH.fullmatch(link[1]) else f'href="{link[1]}"'
