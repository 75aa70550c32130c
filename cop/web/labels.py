"""Codes and short words as readers see them: languages, choices, kinds of record, fields."""

from functools import lru_cache

from babel import Locale

from cop.fields import TYPES, Field, RecordType
from cop.languages import OWN_NAMES
from cop.web.language import N_, locale, lookup, ngettext, tag

NOT_STATED = N_("Not stated")
_AS_THEY_ARE = {
    "nhs": "NHS",
    "step-free": "Step-free",
    "easy-read": "Easy Read",
    "paywalled": "Costs money to read",
}
_SOURCE = Locale("en")
# Not in CLDR, or not as people here call them
_LANGUAGES = {"bfi": N_("British Sign Language"), "bn": N_("Bengali"), "rom": N_("Romani")}


def language(code: str) -> str:
    """The name of a language, or its code if we have no name for it.

    >>> language("so"), language("en-GB"), language("x-easy")
    ('Somali', 'English (GB)', 'x-easy')
    """
    base, _hyphen, region = code.partition("-")
    base = base.lower()
    name = lookup(_LANGUAGES.get(base, "")) or locale().languages.get(base) or _SOURCE.languages.get(base, "")
    return (f"{name} ({region})" if region else name) if name else code


def language_code(name: str) -> str:
    """The code of a language that somebody named, in the language of the page, in English or as it calls itself.

    What we have no code for stays as it was written.

    >>> [language_code(name) for name in ("french", "Bengali", "Polski", "pt-BR", "EN", "Patwa")]
    ['fr', 'bn', 'pl', 'pt-BR', 'en', 'Patwa']
    """
    codes = _codes(tag())
    return name if name in codes.values() else codes.get(name.casefold(), name)


@lru_cache
def _codes(_tag: str) -> dict[str, str]:
    """Codes and names of languages, in small letters, and the code of each."""
    known = {**_SOURCE.languages, **locale().languages}
    names = [*_SOURCE.languages.items(), *locale().languages.items(), *_LANGUAGES.items()]
    names += [(code, lookup(name)) for code, name in _LANGUAGES.items()] + [*OWN_NAMES.items()]
    found = {code: code for code in known} | {name: code for code, name in names}
    return {one.replace("_", "-").casefold(): code.replace("_", "-") for one, code in found.items()}


def choice(value: str) -> str:
    """A choice such as training-course as words; one that nobody foresaw stays as it is written.

    >>> choice("training-course"), choice(""), choice("nhs"), choice("paywalled")
    ('Training course', 'Not stated', 'NHS', 'Costs money to read')
    """
    return lookup(choice_words(value) or NOT_STATED)


def chosen(field: Field, value: str) -> str:
    """One of the words of a field that has a list of them; another word stays as it was written."""
    return choice(value) if value in field.choices else value


def choice_words(value: str) -> str:
    """The English words of a choice, under which the catalogues have it."""
    if value in _AS_THEY_ARE:
        return _AS_THEY_ARE[value]
    text = value.replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def type_label(name: str) -> str:
    """What one record of this type is called."""
    return lookup(TYPES[name].label) if name in TYPES else choice(name)


def plural(record_type: RecordType) -> str:
    """What many records of this type are called."""
    return lookup(record_type.plural)


def counted(record_type: RecordType, count: int) -> str:
    """How many records of this type there are.

    >>> counted(TYPES["resource"], 1), counted(TYPES["resource"], 1200)
    ('1 resource', '1,200 resources')
    """
    return ngettext(*counted_words(record_type), count)


def counted_words(record_type: RecordType) -> tuple[str, str]:
    """The English words for one and for many, under which the catalogues have them."""
    return f"%(num)s {record_type.label.lower()}", f"%(num)s {record_type.plural.lower()}"


def field_label(record_type: RecordType | None, name: str) -> str:
    """What readers see in front of a field."""
    field = record_type.field(name) if record_type else None
    return lookup(field.label) if field else choice(name)


def changes(count: int) -> str:
    """How many changes."""
    return ngettext("%(num)s change", "%(num)s changes", count)
