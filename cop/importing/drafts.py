"""What a file of another program says, entry by entry, as fields of a record of ours. What is not known is never filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cop import signing
from cop.model import RecordId, Value
from cop.patch import id_text


@dataclass(frozen=True)
class Draft:
    """One entry, as it will stand in a content file."""

    type: str  # kind of record
    fields: Mapping[str, Value]
    mark: str  # what tells it from all other entries: the same whenever the file is read
    line: int  # where it begins in the file it comes from
    name: str = ""  # what that file calls it
    kept: tuple[str, ...] = ()  # fields that stay in the content file and are shown on no page
    left_out: tuple[str, ...] = ()  # what was not taken, by the names that the file uses
    remarks: tuple[str, ...] = ()  # what a person should look at

    @property
    def record_id(self) -> RecordId:
        """The same for the same entry, whoever imports it, however often."""
        return id_text(signing.sha256(f"cop/v1/import\0{self.type}\0{self.mark}".encode())[:16])


@dataclass(frozen=True)
class Unread:
    """An entry that could not be read."""

    line: int
    reason: str
    hint: str


@dataclass(frozen=True)
class Known:
    """What it takes to read a file: its name, and what the site has already."""

    file: str  # its name, without folders
    topics: frozenset[str] = field(default_factory=frozenset)  # their short addresses
    type: str = "resource"  # of rows that do not say theirs
