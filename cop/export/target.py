"""Where a copy may be written: what may be replaced, and what is somebody else's."""

from pathlib import Path

from cop.addresses import full_path
from cop.errors import CopError, WrongUsage
from cop.transports import STORES

HEAD_BYTES = 4_096
MARK = b'<meta name="generator" content="cop">'  # of the one file for phones
_OURS = {".html": MARK, ".htm": MARK, ".pdf": b"%PDF-", ".epub": b"mimetypeapplication/epub+zip"}


def check_file(target: Path, *endings: str) -> None:
    """Look whether a copy of one file can be written there. Raises: WrongUsage, CopError."""
    ending = target.suffix.lower()
    if ending not in endings:
        raise WrongUsage(f"{target} is no name for such a file.", hint=f"Let it end in {endings[0]}.")
    check_place(target)
    if target.exists():
        with target.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head and _OURS[ending] not in head:
            raise CopError(f"{target} is another kind of file. Nothing was changed.", hint="Name a new file.")


def check_place(target: Path) -> None:
    """Look whether a file can be there. Raises: CopError."""
    if target.is_dir():
        raise CopError(f"{target} is a folder.", hint="Name a file in it.")
    if not target.parent.is_dir():
        raise CopError(f"There is no folder {target.parent}.", hint="Is the stick there? Or name another place.")


def place(target: str) -> str:
    """A path, or the address of an object store. Raises: WrongUsage."""
    if not target.strip():
        raise WrongUsage("Where to? The name is empty.", hint="cop export static our-copy")
    if target.startswith(STORES):
        return target
    if target.startswith("file://"):
        return full_path(target)
    if "://" in target:
        raise WrongUsage(f"Nothing can be written to {target}.", hint="Name a folder, FILE.zip, or s3://BUCKET/FOLDER")
    return target
