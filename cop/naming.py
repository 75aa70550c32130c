"""Names of people as they are credited: without titles, so that everybody stands side by side. Pure.

A title is only remarked on, never taken away: how somebody is named is theirs to say.
"""

import re
from collections.abc import Iterator, Mapping

from cop.fields import kind_of
from cop.model import Value

_BEFORE = re.compile(r"(?:dr|prof|professor|sir|dame)(?:\.\s*|\s+)(?=\S)", re.IGNORECASE)
_BEHIND = re.compile(r"\S,?\s+(?:obe|mbe|cbe|kbe|dbe|frs|phd|dphil|msc|mphil)\.?", re.IGNORECASE)


def has_title(name: str) -> bool:
    """True for a name that is written with a title.

    >>> has_title("Dr Ann Lee"), has_title("Ann Lee, OBE"), has_title("Drew Sirett"), has_title("Prof")
    (True, True, False, False)
    """
    text = name.strip()
    behind = _BEHIND.search(text)
    return _BEFORE.match(text) is not None or (behind is not None and behind.end() == len(text))


def with_titles(type_name: str, fields: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Field and name of everybody who is credited with a title."""
    for field, value in fields.items():
        if field == "authors" or kind_of(type_name, field) == "people":
            for one in value if isinstance(value, list) else [value]:
                name = one.get("name") if isinstance(one, dict) else one
                if isinstance(name, str) and has_title(name):
                    yield field, name
