"""How the files are written that a page of a copy loads with `<script src>`: one call with JSON each. Pure.

From file:// a page may fetch nothing, so data comes as scripts. Lists of whole numbers are short strings of printable
ASCII: the lower the numbers, the shorter. `copy.js` reads both.
"""

import json
from collections.abc import Iterable
from itertools import pairwise

FOLDER = "search"
_SIGNS = [chr(code) for code in range(0x23, 0x7F) if code != 0x5C]  # no space, quote or backslash
_LAST = 46  # signs that end a number, from 0 to 45; the others have more behind them
_MORE = len(_SIGNS) - _LAST


class _Coded(dict[int, str]):
    """Numbers and how they are written."""

    def __missing__(self, number: int) -> str:
        if len(self) > 200_000:
            self.clear()
        signs, left = "", number
        while left >= _LAST:
            signs += _SIGNS[_LAST + left % _MORE]
            left //= _MORE
        self[number] = found = signs + _SIGNS[left]
        return found


_CODED = _Coded()


def coded(numbers: Iterable[int]) -> str:
    """Whole numbers from 0 on.

    >>> coded([0, 45, 46, 2000])
    '#PRPmP'
    """
    return "".join(map(_CODED.__getitem__, numbers))


def steps(numbers: Iterable[int]) -> str:
    """Rising numbers, as what each adds to the one before.

    >>> steps([3, 4, 10]) == coded([3, 1, 6])
    True
    """
    found = list(numbers)
    return coded([*found[:1], *(later - earlier for earlier, later in pairwise(found))])


def shard(name: str, value: object) -> tuple[str, bytes]:
    """A file of the copy.

    >>> shard("w0", ["power"])
    ('search/w0.js', b'cop("w0",["power"])\\n')
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # a script may not have these two in a string before ECMAScript 2019
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"{FOLDER}/{name}.js", f'cop("{name}",{text})\n'.encode("utf-8", "replace")
