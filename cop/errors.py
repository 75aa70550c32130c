"""Every error a person can meet: what happened, what was kept, what to do next."""

import shlex
import sys


def install(*packages: str) -> str:
    """The command that brings packages to the Python in which this runs, whichever others there are."""
    return f"{shlex.quote(sys.executable)} -m pip install {' '.join(packages)}"


class CopError(Exception):
    """Base of every error a user can meet. Shown without a traceback."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint  # the next thing to do, best a command to copy


class WrongUsage(CopError):
    """The command was asked for something that cannot be meant."""

    exit_code = 2


class ChangedMeanwhile(CopError):
    """A record is not any more what the person saw who decided about it. Nothing was saved."""


class DecidedMeanwhile(WrongUsage):
    """Somebody has decided on it already. What they decided stays."""


class NotReachable(CopError):
    """A partner, folder or file did not answer. Safe to run again."""

    exit_code = 3


class NotThere(NotReachable):
    """A place answers, and has no file of that name."""


class Refused(CopError):
    """Something from outside is damaged or forged. Nothing of it was stored."""

    exit_code = 4


class BadSignature(Refused):
    """Bytes that do not match the signature they came with."""


class ForAnother(Refused):
    """A message was signed for somebody else than the one it came to."""


class NotKnown(Refused):
    """Whoever sent a message is nobody whom we know."""


class CameBefore(Refused):
    """A message came here a second time."""


class TooLarge(Refused):
    """Something is larger than the limit for its kind."""


class BadContent(CopError):
    """One content file cannot be read. Others are not affected."""

    def __init__(self, path: str, line: int, reason: str, hint: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}", hint)
        self.path = path  # relative to the site folder, with "/"
        self.line = line  # 1 is the first line of the file
        self.reason = reason
