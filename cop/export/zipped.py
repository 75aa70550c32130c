"""A copy in one zip file, for a stick or an e-mail: the same copy gives the same bytes."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from cop import files
from cop.export import manifest
from cop.export.making import Made
from cop.export.manifest import Held
from cop.export.tree import Written, explained
from cop.signing import sha256

_THEN = (1980, 1, 1, 0, 0, 0)  # the first day that a zip file knows
_MODE = 0o100644 << 16  # a plain file, on systems that look at this
_LEVEL = 9


def write(path: Path, made: Iterable[Made]) -> Written:
    """Write the file beside an old one, which it replaces once all of it is on the disk."""
    told, listed = Written(), dict[str, Held]()
    with explained(path), files.writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in made:
            data = one.data if one.data is not None else one.source.read_bytes() if one.source else b""
            packed.writestr(_info(one.place.file), data, compresslevel=_LEVEL)
            listed[one.place.file] = Held(sha256(data).hex(), len(data))
            told.files, told.bytes = told.files + 1, told.bytes + len(data)
        packed.writestr(_info(manifest.NAME), manifest.write(listed), compresslevel=_LEVEL)
    told.written, told.bytes_written = told.files, path.stat().st_size
    return told


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _MODE, 3
    return info
