"""The languages that the words of the site itself can be shown in. Records may be in any language.

A further one is a line here and a catalogue: docs/translating.md.
"""

import re
from functools import cache

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

_CODE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def is_code(text: str) -> bool:
    """True if it has the form of a language code (RFC 5646), and not that of somebody's words.

    >>> is_code("pt-BR"), is_code("English"), is_code("English, mostly")
    (True, False, False)
    """
    return _CODE.fullmatch(text) is not None


def code_of(name: str) -> str:
    """The code of a language that somebody called by its name, in English or in itself; "" if we know none.

    >>> code_of("english"), code_of("Cymraeg"), code_of("British Sign Language"), code_of("en_GB"), code_of("plain")
    ('en', 'cy', 'bfi', 'en-GB', '')
    """
    plain = name.strip()
    if is_code(plain.replace("_", "-")):
        return plain.replace("_", "-")
    return _codes().get(plain.casefold(), "")


@cache
def _codes() -> dict[str, str]:
    from babel import Locale  # late: most files name their languages by codes

    english = {str(name): code for code, name in Locale("en").languages.items() if is_code(code)}
    own = {name: code for code, name in OWN_NAMES.items()}
    return {name.casefold(): code for name, code in {**english, **own, "British Sign Language": "bfi"}.items()}
