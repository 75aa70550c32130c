"""A copy in one zip file, for a stick or an e-mail: the same copy gives the same bytes."""

import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cop import files
from cop.errors import CopError
from cop.export import manifest
from cop.export.making import Made
from cop.export.manifest import Held, Manifest
from cop.export.target import check_place
from cop.export.tree import Written, explained
from cop.signing import sha256

_THEN = (1980, 1, 1, 0, 0, 0)  # the first day that a zip file knows
_MODE = 0o100644 << 16  # a plain file, on systems that look at this
_LEVEL = 9


def write(path: Path, made: Iterable[Made]) -> Written:
    """Write the file beside an old one, which it replaces once all of it is on the disk."""
    before, told = held_in(path), Written()
    with explained(path), suppress(_IsTheSame), files.writing(path) as file:
        listed = _pack(file, made, told)
        if listed == before:
            raise _IsTheSame
        told.written, told.bytes_written = told.files, file.tell()
    return told


class _IsTheSame(Exception):
    """The old file has all that the new one would have: it stays."""


def held_in(path: Path) -> Manifest:
    """What a copy that was written before holds; {} if there is none. Raises: CopError if the file is something else."""
    check_place(path)
    if not path.exists() or not path.stat().st_size:
        return {}
    try:
        with zipfile.ZipFile(path) as packed:
            if packed.getinfo(manifest.NAME).file_size <= manifest.MAX_BYTES:
                return manifest.read(packed.read(manifest.NAME))
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError, CopError):
        pass
    raise CopError(f"{path} is there already, and is no copy.", hint="Name another file. Nothing was changed.")


def _pack(file: BinaryIO, made: Iterable[Made], told: Written) -> dict[str, Held]:
    listed: dict[str, Held] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in made:
            data = one.data if one.data is not None else one.source.read_bytes() if one.source else b""
            packed.writestr(_info(one.place.file), data, compresslevel=_LEVEL)
            listed[one.place.file] = Held(sha256(data).hex(), len(data))
            told.count(listed[one.place.file])
        packed.writestr(_info(manifest.NAME), manifest.write(listed), compresslevel=_LEVEL)
    return listed


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _MODE, 3
    return info
