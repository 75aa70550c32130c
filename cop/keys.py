"""Private keys on the disk: one file a key, outside every site folder, readable by its owner only."""

import os
import secrets
from pathlib import Path

from cop import files
from cop.errors import CopError
from cop.signing import Signer

_HEADING = "# A private key of cop. Never pass it on, never copy it into a site folder.\n"


def create(folder: Path, what_for: str) -> Signer:
    """Make a new key and keep it in `folder`. The file says in its second line what the key is for."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    signer = Signer(secrets.token_bytes(32))
    files.replace(path_of(folder, signer.public), f"{_HEADING}# {what_for}\n{signer.seed.hex()}\n".encode(), mode=0o600)
    return signer


def find(folder: Path, what_for: str) -> Signer | None:
    """A key that was made for just this, so that a site whose store was lost stays the same organisation."""
    for path in sorted(folder.glob("*.key")):
        lines = path.read_text("utf-8", errors="replace").splitlines()
        if f"# {what_for}" in lines[1:-1]:
            return load(folder, bytes.fromhex(path.stem))
    return None


def has(folder: Path, public: bytes) -> bool:
    """True if the key with that public half is on this computer."""
    return path_of(folder, public).is_file()


def load(folder: Path, public: bytes) -> Signer:
    """The key with that public half. Raises: CopError if it is not on this computer, or damaged."""
    path = path_of(folder, public)
    try:
        signer = Signer(bytes.fromhex(path.read_text("utf-8").splitlines()[-1]))
    except FileNotFoundError as error:
        raise CopError(
            f"The key of this installation is not on this computer (looked for {path}).",
            hint="Was the site folder copied from another computer? Then: cop device new. Was the key moved? Put it back.",
        ) from error
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise CopError(f"The key file {path} is damaged.", hint="Bring it back from a backup.") from error
    if signer.public != public:
        raise CopError(f"The key file {path} holds another key.", hint="Bring it back from a backup.")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return signer


def path_of(folder: Path, public: bytes) -> Path:
    """Where the key with that public half lies, if it is on this computer."""
    return folder / f"{public.hex()}.key"
