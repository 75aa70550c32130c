"""Writes ZIM files with libzim, which waits for ever once a disk fails or is full: so only on a disk with room to spare.

libzim is GPL and an extra, so nothing but `export` imports this module, and late.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from libzim.writer import (  # type: ignore[import-untyped, unused-ignore]
    ContentProvider,
    Creator,
    FileProvider,
    Hint,
    IndexData,
    Item,
    StringProvider,
)

from cop import amounts
from cop.errors import CopError
from cop.export.kiwix.illustration import SIDE
from cop.export.kiwix.pages import Entry, Found
from cop.export.kiwix.steady import XAPIAN, make_steady

SPARE = 32_000_000  # bytes that stay free: more than libzim writes between two looks
_INDEXES = 3  # times that an index stands on the disk when it is put into the file


@dataclass(frozen=True)
class About:
    """What the file says of itself."""

    main: str  # path of the first page
    metadata: Mapping[str, str]
    illustration: bytes  # PNG


@dataclass
class Counted:
    """What went into a file."""

    entries: int = 0
    found: int = 0  # records that Kiwix finds
    moved: int = 0


def write(path: Path, about: About, entries: Iterable[Entry]) -> Counted:
    """Write the file; its folder must be empty. The same entries give the same bytes. Raises: CopError if there is too little room."""
    told, steady = Counted(), True
    with _silent(), _creator(path, about) as creator:  # whatever stops us, libzim finishes the file when one leaves
        _describe(creator, about)
        for one in entries:
            _need_room(path.parent, one)
            steady = steady and _is_plain(one)
            _add(creator, one, told)
        _need_room(path.parent)
    if steady:
        make_steady(path)
    return told


def _creator(path: Path, about: About) -> Creator:
    creator = Creator(path).config_indexing(True, about.metadata["Language"]).set_mainpath(about.main)
    return creator.config_nbworkers(1)  # with more of them, the order is another each time


def _describe(creator: Creator, about: About) -> None:
    creator.add_illustration(SIDE, about.illustration)
    for name, text in about.metadata.items():
        creator.add_metadata(name, text)


def _add(creator: Creator, one: Entry, told: Counted) -> None:
    told.entries += 1
    if one.moved_to:
        told.moved += 1
        creator.add_redirection(one.path, one.path, one.moved_to, {Hint.FRONT_ARTICLE: False})
        return
    told.found += one.found is not None
    creator.add_item(_Item(one))


class _Item(Item):  # type: ignore[misc, unused-ignore]
    """An entry as libzim asks for it."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry

    def get_path(self) -> str:
        return self.entry.path

    def get_title(self) -> str:
        return self.entry.title

    def get_mimetype(self) -> str:
        return self.entry.type

    def get_contentprovider(self) -> ContentProvider:
        data = self.entry.data
        return StringProvider(data) if isinstance(data, bytes) else FileProvider(data)

    def get_hints(self) -> dict[Hint, bool]:
        return {Hint.FRONT_ARTICLE: self.entry.is_front}

    def get_indexdata(self) -> IndexData:
        return _Words(self.entry.found)


class _Words(IndexData):  # type: ignore[misc, unused-ignore]
    """What an entry is found by; without it, libzim would take menus and feet of pages for their texts."""

    def __init__(self, found: Found | None) -> None:
        super().__init__()
        self.found = found

    def has_indexdata(self) -> bool:
        return self.found is not None

    def get_title(self) -> str:
        return self.found.title if self.found else ""

    def get_content(self) -> str:
        return self.found.text if self.found else ""

    def get_keywords(self) -> str:
        return self.found.keywords if self.found else ""

    def get_wordcount(self) -> int:
        return self.found.length if self.found else 0


def _need_room(folder: Path, one: Entry | None = None) -> None:
    size = 0 if one is None else len(one.data) if isinstance(one.data, bytes) else one.data.stat().st_size
    index = sum(file.stat().st_size for file in folder.glob("*.tmp/*"))
    free = shutil.disk_usage(folder).free
    if free < SPARE + 2 * size + _INDEXES * index:
        raise CopError(
            f"There is too little room in {folder.parent} to make the file: {amounts.size(free)} are free.",
            hint="Make room there, or name a folder on another disk: TMPDIR=FOLDER cop export zim FILE",
        )


def _is_plain(one: Entry) -> bool:
    """False for a file that holds what looks like an index: which of them is ours could not be told."""
    return XAPIAN not in (one.data if isinstance(one.data, bytes) else one.data.read_bytes())


@contextmanager
def _silent() -> Iterator[None]:
    """libzim says how far it is, on the standard output; there, other programs read what we say."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
