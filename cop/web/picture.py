"""The mark of the organisation at the top of every page. Its address holds its hash, so it may be kept for ever."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cop import marks

ADDRESS = r"^/static/mark-[0-9a-f]{12}\.[a-z]{3,4}$"
HEIGHT, WIDTH = 56, 168  # pixels in which it has to fit
_TOLD = re.compile(r"([0-9a-f]{64}) ([a-z]{3,4}) ([0-9]{1,4}) ([0-9]{1,4})")


@dataclass(frozen=True)
class Picture:
    """A mark as pages show it."""

    target: str
    text: str  # what it says, for people who do not see it
    width: int
    height: int
    sha256: str
    content_type: str


def of(meta: Mapping[str, str]) -> Picture | None:
    """The mark of a copy, if it has one."""
    told = _TOLD.fullmatch(meta.get("mark", ""))
    if told is None or told[2] not in marks.TYPES or "0" in (told[3], told[4]):
        return None
    width, height = int(told[3]), int(told[4])
    scale = min(HEIGHT / height, WIDTH / width)
    target = f"/static/mark-{told[1][:12]}.{told[2]}"
    return Picture(
        target, meta.get("mark_text", ""), round(width * scale), round(height * scale), told[1], marks.TYPES[told[2]]
    )
