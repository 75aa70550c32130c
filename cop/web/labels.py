"""Codes and short words as readers see them: languages, choices, kinds of record, numbers."""

from cop.fields import TYPES, RecordType

LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "bfi": "British Sign Language", "cs": "Czech",
    "cy": "Welsh", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fr": "French",
    "ga": "Irish", "gd": "Scottish Gaelic", "gu": "Gujarati", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "ig": "Igbo", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ku": "Kurdish",
    "lt": "Lithuanian", "lv": "Latvian", "ml": "Malayalam", "ne": "Nepali", "nl": "Dutch", "om": "Oromo",
    "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "rom": "Romani",
    "ru": "Russian", "sk": "Slovak", "so": "Somali", "sq": "Albanian", "sr": "Serbian", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "ti": "Tigrinya", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "yi": "Yiddish", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
NOT_STATED = "Not stated"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def language(code: str) -> str:
    """The name of a language, or its code if we have no name for it.

    >>> language("so"), language("en-GB"), language("x-easy")
    ('Somali', 'English (GB)', 'x-easy')
    """
    base, _, region = code.partition("-")
    name = LANGUAGES.get(base.lower(), "")
    return (f"{name} ({region})" if region else name) if name else code


def direction(code: str) -> str:
    """The direction of writing: "rtl", "ltr", or "auto" if the language is not known."""
    if not code:
        return "auto"
    return "rtl" if code.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def choice(value: str) -> str:
    """A choice such as training-course as words.

    >>> choice("training-course"), choice(""), choice("nhs")
    ('Training course', 'Not stated', 'NHS')
    """
    if value == "nhs":
        return "NHS"
    text = value.replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:] if text else NOT_STATED


def count(number: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> count(1, "change", "changes"), count(1200, "change", "changes")
    ('1 change', '1,200 changes')
    """
    return f"{number:,} {one if number == 1 else many}"


def number_word(number: int) -> str:
    """Small numbers as words, as in "Two answers"."""
    return (_NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}").capitalize()


def type_label(name: str) -> str:
    """What one record of this type is called."""
    return TYPES[name].label if name in TYPES else choice(name)


def field_label(record_type: RecordType | None, name: str) -> str:
    """What readers see in front of a field."""
    field = record_type.field(name) if record_type else None
    return field.label if field else choice(name)
