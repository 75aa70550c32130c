"""What changed in an entry, told as parts of what it said before and new words between them. Pure.

An edit of a few words then costs a few words. Places are counted in UTF-16 code units, as in a browser.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from cop.segments.rows import Row, check

Part = str | list[int]  # new words; or a place in the old text and how much from there
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]+")
SHORT = 12  # what is said again rather than pointed at
MOST_TOKENS = 20_000  # comparing longer texts takes too long
WORTH = 0.7  # of the whole text: if an edit takes more, the text is sent


def edit(before: Row, after: Row) -> list[object] | None:
    """What to send to who has `before`: `[key, section, sort, parts, check before, check after]`; None if it is not worth it."""
    old, new = _TOKEN.findall(before.html), _TOKEN.findall(after.html)
    if len(old) + len(new) > MOST_TOKENS:
        return None
    parts = list(_parts(old, new))
    if sum(len(part) if isinstance(part, str) else 8 for part in parts) > WORTH * len(after.html):
        return None
    return [after.key, after.section, after.sort, parts, check([before]), check([after])]


def applied(before: str, parts: Sequence[Part]) -> str:
    """The text after an edit, as `saved.js` makes it.

    >>> applied("See the green house.", [[0, 8], "red", [13, 7]])
    'See the red house.'
    """
    units = before.encode("utf-16-le", "surrogatepass")
    made = [
        part
        if isinstance(part, str)
        else units[2 * part[0] : 2 * (part[0] + part[1])].decode("utf-16-le", "surrogatepass")
        for part in parts
    ]
    return "".join(made)


def _parts(old: list[str], new: list[str]) -> Iterator[Part]:
    starts = [0]
    for token in old:
        starts.append(starts[-1] + _units(token))
    said = ""
    for tag, first, last, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        length = starts[last] - starts[first]
        if tag == "equal" and length > SHORT:
            if said:
                yield said
            said = ""
            yield [starts[first], length]
        else:
            said += "".join(new[from_new:to_new])
    if said:
        yield said


def _units(text: str) -> int:
    return len(text) + sum(one > "\uffff" for one in text)
