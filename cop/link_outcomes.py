"""What the answers of a web address mean for the people who wrote it down. Pure: values in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

WORKS, MOVED, GONE, SILENT = "works", "moved", "gone", "silent"
NO_NAME, REFUSED, NOT_ASKED = "no-name", "refused", "not-asked"
WAITING = (MOVED, GONE, SILENT, NO_NAME)  # what somebody must look after
MAX_REDIRECTS = 5
MAX_ADDRESS = 2000  # characters, as in fields that hold addresses

# Why no status came. Each is the end of a sentence.
UNKNOWN = "there is no such name"
NOT_NOW = "its name cannot be looked up now"
NOBODY = "nobody is at home there"
NO_WAY = "there is no way to it from here"
SLOW = "it takes too long"
UNPROVEN = "it cannot prove that it is who it says (certificate)"
CUT = "it does not speak as websites do, or the line was cut"
ASTRAY = "it leads to something that is no web page"
PRIVATE = "this is an address of this computer or of a private network"
TOO_LONG = f"it, or where it leads, is longer than {MAX_ADDRESS:,} characters"
NO_ADDRESS = "this is no address of a website"
_FAR = frozenset({UNKNOWN, NOT_NOW, NO_WAY, SLOW})  # how everything fails on a computer without internet
_NOT_SENT = frozenset({PRIVATE, TOO_LONG, NO_ADDRESS})

_PERMANENT = (301, 308)
_GONE = (404, 410)
_OUT_OF_ORDER = 500
_LATER = "Try again another day. If it stays so, look for it in a web archive, or take the line out."
_ARCHIVE = "Look for it in a web archive, or take the line out."
_YOURSELF = "Open it yourself."


@dataclass(frozen=True)
class Answer:
    """What came of asking one address once."""

    address: str  # as it was asked
    status: int = 0  # of HTTP; 0 if none came
    leads_to: str = ""  # where a redirect goes, without what stands behind #
    failure: str = ""  # one of the reasons above


@dataclass(frozen=True)
class Outcome:
    """What is known of an address that somebody wrote down."""

    name: str  # WORKS, MOVED and so on
    status: int  # of HTTP, the last that came, 0 if none; of what has moved, the first
    reason: str = ""
    hint: str = ""
    heard: bool | None = True  # whether anything on the internet answered; None if nobody was asked


def judge(address: str, trail: Sequence[Answer]) -> Outcome:
    """What the answers of an address, and of those it led to, add up to. There is at least one."""
    last = trail[-1]
    if last.failure:
        return _failed(last, redirected=len(trail) > 1)
    if last.leads_to:
        circle = last.leads_to in [one.address for one in trail]
        why = "it leads round in a circle" if circle else f"it leads on more than {MAX_REDIRECTS} times"
        return Outcome(SILENT, last.status, f"does not answer: {why}", _ARCHIVE)
    if last.status in _GONE:
        return Outcome(GONE, last.status, f"is gone (status {last.status})", _ARCHIVE)
    if last.status >= _OUT_OF_ORDER and last.status < 600:
        return Outcome(SILENT, last.status, f"does not answer: it is out of order (status {last.status})", _LATER)
    if not 200 <= last.status < 300:  # many websites turn programs away and let people in
        return Outcome(REFUSED, last.status, f"could not be checked (status {last.status})", _YOURSELF)
    new = _new_address(address, trail)
    return _moved(address, new, trail[0].status) if new else Outcome(WORKS, last.status)


def _failed(last: Answer, *, redirected: bool) -> Outcome:
    heard = redirected or (None if last.failure in _NOT_SENT else last.failure not in _FAR)
    why = f"it leads to {last.address}, and {last.failure}" if redirected and last.failure != TOO_LONG else last.failure
    if last.failure in (PRIVATE, TOO_LONG):
        hint = "To ask in your own network too: cop check --links --private" if last.failure == PRIVATE else _YOURSELF
        return Outcome(NOT_ASKED, last.status, f"was not asked: {why}", hint, heard)
    if last.failure in (UNKNOWN, NO_ADDRESS):
        hint = _ARCHIVE if redirected else f"Is it typed right? {_ARCHIVE}"
        return Outcome(NO_NAME, last.status, f"cannot be found: {why}", hint, heard)
    return Outcome(SILENT, last.status, f"does not answer: {why}", _LATER, heard)


def _new_address(address: str, trail: Sequence[Answer]) -> str:
    """Where an address has moved for good; "" if it has not. What stands behind # goes with it (RFC 9110, 10.2.2)."""
    moves = list(takewhile(lambda one: one.leads_to and one.status in _PERMANENT, trail))
    if not moves:
        return ""
    new, fragment = moves[-1].leads_to, urlsplit(address).fragment
    return f"{new}#{fragment}" if fragment else new


def _moved(address: str, new: str, status: int) -> Outcome:
    before, after = urlsplit(address), urlsplit(new)
    if before.path.strip("/") and not after.path.strip("/") and not after.query:
        hint = f"Look for it there, or in a web archive. The front page: {new}"
        return Outcome(MOVED, status, "leads to the front page of a website", hint)
    return Outcome(MOVED, status, "has moved for good", f"Write the new address: {new}")


def is_offline(outcomes: Sequence[Outcome]) -> bool:
    """True if addresses were asked and nothing on the internet answered any of them."""
    heard = {one.heard for one in outcomes}
    return False in heard and True not in heard
