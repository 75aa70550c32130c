"""Under which letter a title stands in a list from A to Z, and in what order letters follow each other. Pure.

Accents are left aside, but for letters that have a place of their own in the alphabet of the title's language.
"""

import unicodedata
from functools import cache

DIGITS, OTHERS = "0–9", "#"  # for titles that begin with a number, and with a sign of no alphabet
_OWN = {"cy": ("ch", "dd", "ff", "ll", "ng", "ph", "rh", "th"), "pl": tuple("ąćęłńóśźż")}
_LATIN = [
    *"aąbc",
    "ch",
    *"ćd",
    "dd",
    *"eęf",
    "ff",
    "g",
    "ng",
    *"hijkl",
    "ll",
    *"łmnńoóp",
    "ph",
    *"qr",
    "rh",
    *"sśt",
    "th",
    *"uvwxyzźż",
]
# Urdu has letters that Arabic has not, and the other way: each beside the one that it is most like
_ARABIC = "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقكکگلمنهہھویيے"
_URDU = "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکكگلمنوہهھیيے"
_BARE = str.maketrans("łøđħıæœþðŋ", "lodhiaotdn")  # what does not come apart into a letter and an accent
_SIGNS = (("\u3040", "\u30ff"), ("\u3400", "\u9fff"))  # each of thousands is a word: no alphabet


def letter_of(title: str, language: str) -> str:
    """The letter, or the two that count as one, as they stand over a list.

    >>> letter_of("“Éirigh!”", "ga"), letter_of("Łódź", "pl"), letter_of("Łódź", "en"), letter_of("Llais", "cy"), letter_of("أسرة", "ar")
    ('E', 'Ł', 'L', 'Ll', 'ا')
    >>> letter_of("12 tips", "en"), letter_of("研究", "zh"), letter_of("?!", "en")
    ('0–9', '#', '#')
    """
    begins = next((at for at, sign in enumerate(title) if sign.isalnum()), None)
    if begins is None:
        return OTHERS
    word = unicodedata.normalize("NFC", title[begins : begins + 12]).casefold()
    for own in _OWN.get(language.partition("-")[0].lower(), ()):
        if word.startswith(own):
            return own.capitalize()
    first = _without_accents(word)[:1].translate(_BARE)
    if first.isdecimal():
        return DIGITS
    return first.upper() if first.isalpha() and not any(low <= first <= high for low, high in _SIGNS) else OTHERS


def place_of(letter: str, language: str) -> tuple[int, int, str]:
    """What letters are sorted by for readers of that language: their own script first, numbers and signs last.

    >>> sorted(["#", "ا", "Z", "0–9", "Ll", "L", "Ω", "Ł", "M"], key=lambda one: place_of(one, "en"))
    ['L', 'Ll', 'Ł', 'M', 'Z', 'ا', 'Ω', '0–9', '#']
    >>> sorted(["A", "و", "ہ"], key=lambda one: place_of(one, "ur")), sorted(["A", "و", "ه"], key=lambda one: place_of(one, "ar"))
    (['و', 'ہ', 'A'], ['ه', 'و', 'A'])
    """
    if letter in (DIGITS, OTHERS):
        return 3, letter == OTHERS, letter
    places, small = _places(language == "ur"), letter.casefold()
    if small not in places:
        return 2, ord(small[0]), small
    is_arabic, at = places[small]
    return is_arabic != (language in ("ar", "ur")), at, small


def order_of(title: str) -> tuple[str, str]:
    """What titles under one letter are sorted by."""
    return _without_accents(title.casefold()).translate(_BARE).lstrip("“”„\"'‘’«»([¿¡ "), title


@cache
def _places(in_urdu: bool) -> dict[str, tuple[bool, int]]:
    latin = {letter: (False, at) for at, letter in enumerate(_LATIN)}
    return latin | {letter: (True, at) for at, letter in enumerate(_URDU if in_urdu else _ARABIC)}


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
