"""Private keys on the disk: one file a key, outside every site folder, readable by its owner only."""

import os
import secrets
from pathlib import Path

from cop import files
from cop.errors import CopError
from cop.signing import Signer

_HEADING = "# A private key of cop. Never pass it on, never copy it into a site folder.\n"


def create(folder: Path) -> Signer:
    """Make a new key and keep it in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    signer = Signer(secrets.token_bytes(32))
    files.replace(_path(folder, signer.public), f"{_HEADING}{signer.seed.hex()}\n".encode(), mode=0o600)
    return signer


def load(folder: Path, public: bytes) -> Signer:
    """The key with that public half. Raises: CopError if it is not on this computer, or damaged."""
    path = _path(folder, public)
    try:
        signer = Signer(bytes.fromhex(path.read_text("ascii").splitlines()[-1]))
    except FileNotFoundError as error:
        raise CopError(
            f"The key of this installation is not on this computer (looked for {path}).",
            hint="Was the site folder copied from another computer? Copy that key file too, or start with `cop init` in "
            "a new folder and fetch everything by `cop join` and `cop sync`.",
        ) from error
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise CopError(f"The key file {path} is damaged.", hint="Bring it back from a backup.") from error
    if signer.public != public:
        raise CopError(f"The key file {path} holds another key.", hint="Bring it back from a backup.")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return signer


def _path(folder: Path, public: bytes) -> Path:
    return folder / f"{public.hex()}.key"
