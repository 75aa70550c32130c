"""The two colours of an organisation: whether everybody can read what is written with them, and the nearest that work. Pure.

Contrast as in WCAG 2.2, 1.4.3 and 1.4.11.
"""

import re
from dataclasses import dataclass

DAY, NIGHT = "#7b1e45", "#f0a8bd"  # as in style.css
WHITE, DARK_TINT = "#ffffff", "#212833"  # what stands on the day colour; what the night colour stands on
TEXT, SHAPE = 4.5, 3.0  # the least contrast of words, and of lines and edges
_HEX = re.compile(r"#[0-9a-f]{6}")
_STEPS = 256


@dataclass(frozen=True)
class Palette:
    """What an organisation may choose, each as #rrggbb."""

    day: str = DAY
    night: str = NIGHT


OURS = Palette()


def is_colour(text: str) -> bool:
    """True for #rrggbb in small letters.

    >>> is_colour("#7b1e45"), is_colour("red")
    (True, False)
    """
    return bool(_HEX.fullmatch(text))


def contrast(one: str, other: str) -> float:
    """How well one colour stands out on the other: 1 to 21.

    >>> round(contrast("#ffffff", "#000000"), 1), round(contrast("#7b1e45", "#ffffff"), 1)
    (21.0, 9.8)
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def nearest_day(colour: str) -> str:
    """The colour itself if white words can be read on it, else a darker one.

    >>> nearest_day("#7b1e45"), contrast(nearest_day("#ffcc00"), WHITE) >= TEXT
    ('#7b1e45', True)
    """
    return _nearest(colour, "#000000", WHITE, TEXT)


def nearest_night(colour: str) -> str:
    """The colour itself if its lines can be seen on dark paper, else a lighter one.

    >>> nearest_night("#f0a8bd"), contrast(nearest_night("#101010"), DARK_TINT) >= SHAPE
    ('#f0a8bd', True)
    """
    return _nearest(colour, "#ffffff", DARK_TINT, SHAPE)


def _nearest(colour: str, towards: str, beside: str, least: float) -> str:
    mixed = (_mixed(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in mixed if contrast(one, beside) >= least)


def _mixed(one: str, other: str, share: float) -> str:
    parts = (round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in _parts(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
