"""The catalogues of translations, read when a language is first shown.

They are plain .po files, so that a speaker needs a text editor and nothing else: there is no second, compiled form.
"""

from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from cop.languages import OWN_NAMES, SOURCE

FOLDER = files("cop.web") / "locale"
DRAFT = "machine draft, needs a speaker's check"  # stands above each translation that nobody has checked


@dataclass(frozen=True)
class Catalogue:
    """The words of one language."""

    translations: NullTranslations
    is_draft: bool  # a machine wrote at least one of them, and no speaker has checked it


@lru_cache(maxsize=len(OWN_NAMES))
def catalogue(code: str) -> Catalogue:
    """The words of a language of `OWN_NAMES`."""
    if code == SOURCE:
        return Catalogue(NullTranslations(), False)
    with (FOLDER / code / "LC_MESSAGES" / "cop.po").open("rb") as file:
        read = read_po(file, locale=code)
    binary = BytesIO()
    write_mo(binary, read)
    binary.seek(0)
    return Catalogue(GNUTranslations(binary), any(DRAFT in message.user_comments for message in read))


def contents() -> bytes:
    """All catalogues, to notice when one has changed."""
    found = (FOLDER / code / "LC_MESSAGES" / "cop.po" for code in OWN_NAMES)
    return b"\0".join(file.read_bytes() for file in found if file.is_file())
