"""Checking the value of a field against its kind: strict for files people write, forgiving for what partners send."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime

from cop import attachments, recurring
from cop.fields import EVENT_STATES, FOLDERS, kind_of
from cop.model import Value

MAX_TEXT = 600_000  # characters in one value
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?:\d\d)(:\d\d)?(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?)?)?)?",
)
_ADDRESS = re.compile(r"https?://[^\s/?#\\]+[^\s\\]*", re.IGNORECASE)


class WrongValue(ValueError):
    """What is wrong with a value, and what it should look like."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def check(type_name: str, name: str, value: Value) -> Value:
    """The value as it is kept, or None for a blank. Raises: WrongValue."""
    if value is None or value == "" or value == [] or value == {}:
        return None
    checker = _state if name == "status" and type_name == "event" else _CHECKS.get(kind_of(type_name, name))
    return checker(value) if checker else value


def clean(type_name: str, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Fields that pages can rely on: of known fields only values of the right kind, others as they are."""
    kept: dict[str, Value] = {}
    for name, value in fields.items():
        try:
            checked = check(type_name, name, value)
        except WrongValue:
            continue
        if checked is not None:
            kept[name] = checked
    return kept


def _text(value: Value) -> Value:
    if type(value) is str:  # nearly always
        return _short(value)
    if value is None or isinstance(value, bool | list | tuple | dict):
        raise WrongValue("this should be a text", "Write one line of text, between quotes if it has a colon in it.")
    return _short(str(value))


def _short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise WrongValue("this text is too long", f"At most {MAX_TEXT:,} characters fit in one record. Split it.")
    return text


def _state(value: Value) -> Value:
    """Whatever its capitals: a cancelled event must not look as if it went ahead. Another word stays as it is."""
    text = str(_text(value)).strip()
    word = {"canceled": "cancelled"}.get(text.casefold(), text.casefold())
    return word if word in EVENT_STATES else text


def _markdown(value: Value) -> Value:
    if not isinstance(value, str):
        raise WrongValue("this should be a text", "Write the text below the second --- line.")
    return _short(value)


def _money(value: Value) -> Value:
    text = str(_text(value)).strip()
    if any(one.isdecimal() for one in text) and not any(
        one.isalpha() or unicodedata.category(one) == "Sc" for one in text
    ):
        raise WrongValue(f"“{text[:40]}” does not say which money", "Write £5, or 5 and a code such as PKR or USD.")
    return text


def _url(value: Value) -> Value:
    text = str(_text(value)).strip()
    if not _ADDRESS.fullmatch(text) or len(text) > 2000:
        raise WrongValue(f"“{text[:80]}” is not a web address", "An address starts with https:// or http://.")
    return text


def _number(value: Value) -> Value:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value.strip()):
        return int(value)
    if type(value) is not int:
        raise WrongValue(f"“{str(value)[:40]}” is not a whole number", "Write digits only, or leave the line out.")
    return value


def _date(value: Value) -> Value:
    text = "".join(str(int(one)) if one.isdecimal() else one for one in str(_text(value)).strip())
    match = _DATE.fullmatch(text)
    if not match:
        raise WrongValue(f"“{text[:40]}” is not a date", "Write 2026, 2026-07, 2026-07-01 or 2026-07-01T18:00+01:00.")
    year, month, day, clock, seconds, zone = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
        parts = "-".join(part.zfill(2) for part in (year, month, day) if part)
        full = parts + (f"T{clock.zfill(5)}{seconds or ''}{_offset(zone)}" if clock else "")
        if clock:
            datetime.fromisoformat(full)
    except ValueError as error:
        raise WrongValue(f"there is no date “{text[:40]}”", "Look it up in a calendar, then mend the line.") from error
    return full


def _offset(zone: str | None) -> str:
    if zone in (None, ""):
        return ""
    if zone in ("Z", "UTC"):
        return "+00:00"
    digits = str(zone).replace(":", "").ljust(5, "0")
    return f"{digits[:3]}:{digits[3:]}"


def _flag(value: Value) -> Value:
    if isinstance(value, str) and value.lower() in ("yes", "no", "true", "false"):
        return value.lower() in ("yes", "true")
    if not isinstance(value, bool):
        raise WrongValue(f"“{str(value)[:40]}” is neither yes nor no", "Write true or false, or leave the line out.")
    return value


def _list(value: Value) -> Value:
    values = list(value) if isinstance(value, list | tuple) else [value]
    texts = [str(_text(one)).strip() for one in values if one is not None]
    return [text for text in texts if text] or None


def _set(value: Value) -> Value:
    words = _list(value)
    return sorted(set(words)) if isinstance(words, list) else None


def _dates(value: Value) -> Value:
    texts = _set(value)
    return sorted({str(_date(one)) for one in texts}) if isinstance(texts, list) else None


def _repeats(value: Value) -> Value:
    text = str(_text(value))
    try:
        return recurring.words(recurring.parse(text))
    except ValueError as error:
        raise WrongValue(f"“{text[:60]}” does not say how it repeats: {error}", recurring.HELP) from error


def _moves(value: Value) -> Value:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return [_move(one) for one in values if one] or None


def _move(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict) or not set(value) <= {"date", "to", "place"} or not {"date", "to"} <= set(value):
        raise WrongValue(
            "each moved date needs the lines “date” and “to”", "Write: - {date: 2026-12-24, to: 2026-12-17}"
        )
    place = {"place": str(_text(value["place"]))} if value.get("place") else {}
    return {"date": _date(value["date"]), "to": _date(value["to"]), **place}


def _people(value: Value) -> Value:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return [_person(one) for one in values if one] or None


def _person(value: Value) -> dict[str, Value]:
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise WrongValue("each person needs a name", "Write: - {name: Hodan, role: wrote, organisation: Caafi Health}")
    return {str(key): str(_text(part)) for key, part in value.items() if part is not None}


def _entries(value: Value) -> Value:
    values = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str | dict) for one in values):
        raise WrongValue("this should be a list", "Write one line for each, such as: - text: …")
    return [{"text": one} if isinstance(one, str) else one for one in values]


def _file(value: Value) -> Value:
    if not isinstance(value, Mapping):
        return str(_text(value)).strip() or None
    if attachment := attachments.parse(value):
        return attachment.value()
    path, title = value.get("file"), value.get("title")
    if "sha256" in value or not isinstance(path, str) or not path.strip() or not isinstance(title, str | None):
        raise WrongValue("this should be a file", "Write its path: {file: papers/agenda.pdf, title: Agenda}")
    return {"file": path.strip(), "title": " ".join(title.split())} if title else {"file": path.strip()}


def _files(value: Value) -> Value:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return [found for one in values if one and (found := _file(one))] or None


def _record(value: Value) -> Value:
    text = str(_text(value)).strip().removeprefix("content/").removesuffix(".md").strip("/")
    folder, _, slug = text.partition("/")
    if folder not in FOLDERS or not slug or len(text) > 200:
        hint = "Write its address as it stands behind the name of the site, such as resources/powercube."
        raise WrongValue(f"“{text[:60]}” is not the address of an entry", hint)
    return text


_CHECKS: dict[str, Callable[[Value], Value]] = {
    "text": _text,
    "choice": _text,
    "markdown": _markdown,
    "money": _money,
    "url": _url,
    "number": _number,
    "date": _date,
    "flag": _flag,
    "list": _list,
    "set": _set,
    "people": _people,
    "entries": _entries,
    "file": _file,
    "files": _files,
    "repeats": _repeats,
    "dates": _dates,
    "moves": _moves,
    "record": _record,
}
