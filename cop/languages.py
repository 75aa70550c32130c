"""The languages that the words of the site itself can be shown in. Records may be in any language.

A further one is a line here and a catalogue: docs/translating.md.
"""

import re

SOURCE = "en"  # what the program is written in: it needs no catalogue
OWN_NAMES = {"en": "English", "cy": "Cymraeg", "so": "Soomaali", "ar": "العربية", "ur": "اردو", "pl": "Polski"}
ISO_639_3 = {
    "en": "eng",
    "cy": "cym",
    "so": "som",
    "ar": "ara",
    "ur": "urd",
    "pl": "pol",
}  # for programs that ask for it

_CODE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def is_code(text: str) -> bool:
    """True if it has the form of a language code (RFC 5646), and not that of somebody's words.

    >>> is_code("pt-BR"), is_code("English, mostly")
    (True, False)
    """
    return _CODE.fullmatch(text) is not None
