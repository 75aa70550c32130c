"""What `cop join` is given: the line of an invitation, a text file that holds it, or a bundle of its maker."""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cop import bundle_frames, invitations
from cop.bundle_frames import Header
from cop.errors import NotReachable, Refused
from cop.invitations import Invitation

MAX_TEXT_BYTES = 200_000  # of a text file: a long e-mail
_LINE = re.compile(r"cop1:[\w-]+", re.ASCII)
_FULL_LINES = re.compile(r"cop1:[\w-]+(?:\r?\n[> \t]*[\w-]{20,})*", re.ASCII)  # as an e-mail breaks them
_AND_ONE_MORE = re.compile(_FULL_LINES.pattern + r"\r?\n[> \t]*[\w-]+", re.ASCII)


@dataclass(frozen=True)
class Given:
    """An invitation, and the bundle it came in."""

    invitation: Invitation
    bundle: Path | None = None
    header: Header | None = None


def read(given: str) -> Given:
    """Find the invitation in what a person gave. Raises: NotReachable, Refused."""
    path = Path(given.strip())
    if given.strip().startswith(invitations.PREFIX) or not _is_file(path):
        return Given(invitations.parse_invitation(given))
    if bundle_frames.is_bundle(path):
        return _in_bundle(path)
    return Given(_in_text(path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # longer than any name of a file
        return False


def _in_bundle(path: Path) -> Given:
    header = bundle_frames.show(path)
    if not header.invitation:
        raise Refused(
            f"{path} holds no invitation: an older cop made it.", hint=f"Ask {header.name} for the line of: cop invite"
        )
    invitation = invitations.parse_invitation(header.invitation)
    if invitation.organisation.hex() != header.organisation:
        raise Refused(
            f"The invitation in {path} is of somebody else than its maker.", hint="Ask them for the line of: cop invite"
        )
    return Given(invitation, path, header)


def _in_text(path: Path) -> Invitation:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT_BYTES)
    except OSError as error:
        raise NotReachable(f"{path} cannot be read ({error.strerror}).", hint="Is the stick in?") from error
    text = _decode(data)
    # an e-mail may have broken the line into several, and what follows it may look like a part of it
    forms = (_LINE, _FULL_LINES, _AND_ONE_MORE)
    candidates = [found[0].replace(">", "") for form in forms if (found := form.search(text))]
    if not candidates:
        raise Refused(f"{path} holds no invitation.", hint="It is a line that begins with cop1:")
    for candidate in candidates:
        with suppress(Refused):
            return invitations.parse_invitation(candidate)
    return invitations.parse_invitation(candidates[-1])  # says what is wrong with it


def _decode(data: bytes) -> str:
    """Text as editors and shells write it: UTF-8, or UTF-16 from a redirect on Windows."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if utf16 else "utf-8", "replace")
