"""The list of everything in a copy: `manifest.tsv`, one line a file with its SHA-256, its size and its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cop.errors import CopError

NAME = "manifest.tsv"
MAX_BYTES = 200_000_000
_HEAD = "sha256\tbytes\tname"
_LINE = re.compile(r"([0-9a-f]{64})\t([0-9]{1,15})\t([^\t\n\r\0\\]+)")
_OUTSIDE = re.compile(r"(?:^|/)\.\.?(?:/|$)|^/|//|^[A-Za-z]:")


@dataclass(frozen=True)
class Held:
    """A file of a copy."""

    sha256: str
    size: int  # bytes


Manifest = Mapping[str, Held]  # by name, with "/"


def can_hold(name: str) -> bool:
    """True if a file of that name can stand in the list."""
    text = name.encode("utf-8", "replace").decode() == name  # some names on a disk are none
    return text and bool(_LINE.fullmatch(f"{'0' * 64}\t0\t{name}")) and not _OUTSIDE.search(name)


def write(files: Manifest) -> bytes:
    """The bytes of the list: the same for the same files."""
    lines = (f"{held.sha256}\t{held.size}\t{name}" for name, held in sorted(files.items()))
    return "\n".join([_HEAD, *lines, ""]).encode()


def read(data: bytes) -> dict[str, Held]:
    """What a list says. Raises: CopError if somebody wrote something else into it."""
    found: dict[str, Held] = {}
    head, *lines = data.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 2):
        told = _LINE.fullmatch(line)
        if (line and (told is None or _OUTSIDE.search(told[3]))) or head != _HEAD:
            raise CopError(
                f"{NAME}, line {1 if head != _HEAD else number}: this is not the list of a copy.",
                hint="Write the copy to a new folder.",
            )
        if told:
            found[told[3]] = Held(told[1], int(told[2]))
    return found
