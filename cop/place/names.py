"""Names of files in a place: cop1/<publisher>/<number>-<kind>-<hash>.cop. Pure.

A name says who wrote the file, and what bytes belong in it. So nobody writes over anybody's file, and it does not
matter when a file was written, in which order it arrives, or under how many names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cop.model import WriterId
from cop.signing import sha256

ROOT = "cop1"
ENTRIES, PAYLOADS, WANTED = "e", "p", "w"  # WANTED: payloads without entries, because somebody lacks them
STATE = "state.cop"
SHORT = 24  # hex digits of the hash in a name
_FILE = re.compile(r"([0-9]{6,12})-([epw])-([0-9a-f]{24})([^/]*)\.cop([^/]*)", re.IGNORECASE)
_PUBLISHER = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")


@dataclass(frozen=True, order=True)
class FileName:
    """What a name says."""

    publisher: str  # 32 hex digits: the start of the writer's key
    number: int  # counts the files of a publisher; a restored backup may use one twice
    kind: str
    short: str  # first 24 hex digits of the SHA-256 of the content

    @property
    def path(self) -> str:
        """The name, with "/"; fit for FAT32."""
        return f"{ROOT}/{self.publisher}/{self.number:06}-{self.kind}-{self.short}.cop"

    def fits(self, data: bytes) -> bool:
        """True if these are the bytes that belong under this name."""
        return sha256(data).hex()[:SHORT] == self.short


def name_for(writer: WriterId, number: int, kind: str, data: bytes) -> FileName:
    """The name of a new file."""
    return FileName(publisher_of(writer), number, kind, sha256(data).hex()[:SHORT])


def publisher_of(writer: WriterId) -> str:
    """The folder of a writer."""
    return writer.hex()[:32]


def state_path(publisher: str) -> str:
    """Where a publisher tells what it has written and what it lacks."""
    return f"{ROOT}/{publisher}/{STATE}"


@dataclass
class Listing:
    """What a place shows of our kind of files. It may be late, and may lack some."""

    files: dict[FileName, dict[str, int]] = field(default_factory=dict)  # names a file is found under: size in bytes
    states: dict[str, str] = field(default_factory=dict)  # publisher: name

    @cached_property
    def entry_files(self) -> dict[tuple[str, int], list[FileName]]:
        """Files of entries by publisher and number: those that payloads of the same number belong to."""
        found: dict[tuple[str, int], list[FileName]] = {}
        for name in self.files:
            if name.kind == ENTRIES:
                found.setdefault((name.publisher, name.number), []).append(name)
        return found

    def __bool__(self) -> bool:
        return bool(self.files or self.states)


def sort_out(sizes: Mapping[str, int]) -> Listing:
    """Find our files among all. What cloud services call `… (1).cop` or `… - Copy.cop` is another name for a file."""
    listing = Listing()
    for path, size in sorted(sizes.items()):
        root, _, rest = path.partition("/")
        publisher, _, name = rest.partition("/")
        if root != ROOT or not _PUBLISHER.fullmatch(publisher):
            continue
        if name == STATE:
            listing.states[publisher.lower()] = path
        elif found := parse(publisher, name):
            listing.files.setdefault(found, {})[path] = size
    return listing


def parse(publisher: str, name: str) -> FileName | None:
    """What the name of a file or of a copy of it says; None if it is no file of ours."""
    found = _FILE.fullmatch(name)
    if not found or name.lower().endswith(_UNFINISHED):
        return None
    return FileName(publisher.lower(), int(found[1]), found[2].lower(), found[3].lower())
