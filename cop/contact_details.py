"""Phone numbers and e-mail addresses in texts, and whether somebody agreed that they are shown. Pure.

Numbers that belong to no person in particular are let be: freephone, numbers at the price of a local call, short ones
such as 999, and what is dialled before a number. See docs/decisions/contact-details.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from typing import Any

from cop import ending
from cop.model import Value

CONSENTS = "consents"
_KEEP_CONSENTS = f"Or keep all of them to yourselves: share_fields: {{{CONSENTS}: own}}"
PARTS = ("who", "detail", "when", "for", "until")  # of a consent
_PERSON = ("consent", "consent_until")  # of a person: for all that stands on their page
PIECE, LONGEST, BEFORE, AFTER = (
    150,
    40,
    24,
    3,
)  # characters that are looked at together, and what may stand around them, such as "(+"
MOST = 500  # of each kind in one text; of a text with more nothing is shown, as looking through it takes too long
MIN_DIGITS = 10  # of a number that no register knows, such as one kept for films
_MAY_BE_NUMBER = re.compile(r"[0-9][0-9 \t\n()./+-]{8,}")  # in ASCII, which is quickly looked through
_MAY_BE_ONE_ELSEWHERE = re.compile(r"\d[\d\s()./+\-–]{8,}")
_ENOUGH = re.compile(r"\d(?:\D*\d){8}")  # digits of a number with its area
_MAY_BE_ADDRESS = re.compile(
    r"(?<![\w@/.!#$%&'*+=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}[@＠](?:[\w-]{1,63}\.){1,8}[\w-]{2,63}"
)
_LINK = re.compile(r"(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.|10\.\d{4,}/)\S+")  # and DOIs
_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d\b|(?:19|20)\d\d([./-])\d\d\2\d\d\b")
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
_BOOK = re.compile(r"\b(?:ISBN|ISSN)[\s:0-9-]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Detail:
    """A phone number or an e-mail address in a text."""

    text: str  # as it stands there
    start: int
    key: str  # the same however it is written
    is_number: bool


def find(text: str, zone: str) -> list[Detail]:
    """Every phone number and e-mail address of a text. Numbers without a country code are those of the time zone's country.

    A text with more than MOST of them is one detail as a whole, to which nobody can agree.

    >>> [one.key for one in find("Ring 020 7946 0958, or 0800 1111; dial 141 first. Write to Jo@Example.org.", "")]
    ['+442079460958', 'jo@example.org']
    """
    return sorted([*_numbers(text, zone), *_addresses(text)], key=lambda one: one.start)


def may_have_any(text: str) -> bool:
    """A quick look: False is certain."""
    return "@" in text or "＠" in text or (_may_have_number(text) and _may_have_number(_without_links(text)))


def at_most(text: str) -> int:
    """How many there may be, counted quickly."""
    return sum(1 for _ in _runs(text)) + text.count("@") + text.count("＠")


def _without_links(text: str) -> str:
    return _LINK.sub(lambda link: " " * len(link[0]), text)


def _may_have_number(text: str) -> bool:
    return next(_runs(text), None) is not None


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Where digits stand so close together that a number may be among them; what is long comes in pieces that overlap."""
    for run in (_MAY_BE_NUMBER if text.isascii() else _MAY_BE_ONE_ELSEWHERE).finditer(text):
        if _ENOUGH.match(run[0]) and not _is_within_a_word(text, *run.span()):  # a date has eight digits
            for start in range(run.start(), run.end(), PIECE):
                yield start, min(run.end(), start + PIECE + LONGEST) + AFTER


def _is_within_a_word(text: str, start: int, end: int) -> bool:
    """True for digits with a letter at either end, such as in a hash: no number is written so."""
    beside = text[start - 1 : start] + (text[end : end + 1] if text[end - 1].isdecimal() else "")
    return end - start <= LONGEST and any(map(str.isalpha, beside))


def _numbers(text: str, zone: str) -> Iterator[Detail]:
    if not _may_have_number(text):
        return
    plain = _without_links(text)
    runs = list(islice(_runs(plain), MOST + 1))
    if len(runs) > MOST:
        yield Detail(text, 0, "", is_number=True)
        return
    taken = bytearray(len(text))
    for start, end in runs:
        yield from _numbers_in(text, plain[max(0, start - BEFORE) : end], start, zone, taken)


def _numbers_in(text: str, piece: str, start: int, zone: str, taken: bytearray) -> Iterator[Detail]:
    """Those of a piece whose digits begin at `start` of the text or behind; what stands before says what they are."""
    from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number  # late: few texts need it

    before = max(0, start - BEFORE)
    for leniency in (Leniency.VALID, Leniency.POSSIBLE):  # what is surely one, then what may be
        for match in PhoneNumberMatcher(piece, _country(zone), leniency=leniency):
            here = slice(before + match.start, before + match.end)
            if here.start < start - AFTER or any(taken[here]) or _BOOK.search(piece, 0, match.start):
                continue
            if _may_be_somebodys(match.number, match.raw_string):
                taken[here] = b"1" * (match.end - match.start)
                key = format_number(match.number, PhoneNumberFormat.E164)
                yield Detail(text[here], here.start, key, is_number=True)


@cache
def _country(zone: str) -> str:
    """The country of a time zone (ISO 3166)."""
    from babel.core import get_global

    return str(get_global("zone_territories").get(zone, "GB"))


def _may_be_somebodys(number: Any, written: str) -> bool:
    import phonenumbers
    from phonenumbers import PhoneNumberType, ValidationResult

    if _DATE.match(written):
        return False
    if phonenumbers.is_valid_number(number):
        kind = phonenumbers.number_type(number)
        return kind not in (
            PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.UAN,
        )  # fmt: skip
    long = sum(one.isdigit() for one in written) >= MIN_DIGITS
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return long and possible and written.lstrip("( ")[:1] in ("+", "0", "０")


def _addresses(text: str) -> Iterator[Detail]:
    if "@" not in text and "＠" not in text:
        return
    matches = list(islice(_MAY_BE_ADDRESS.finditer(text), MOST + 1))
    if len(matches) > MOST:
        yield Detail(text, 0, "", is_number=False)
        return
    for match in matches:
        written = match[0].rstrip("-_")
        if _is_address(written.replace("＠", "@")):
            yield Detail(written, match.start(), written.replace("＠", "@").casefold(), is_number=False)


def _is_address(written: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(written, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def agreed(fields: Mapping[str, Value], today: date, zone: str) -> frozenset[str]:
    """Keys of the details that somebody agreed to show, and still does on that day."""
    consents = fields.get(CONSENTS)
    found: set[str] = set()
    for one in consents if isinstance(consents, list) else ():
        if isinstance(one, dict) and is_whole(one) and not ending.is_over(one.get("until"), today):
            found.update(detail.key for detail in find(str(one["detail"]), zone))
    return frozenset(found)


def consent_problems(consents: Value, zone: str, today: date) -> Iterator[tuple[str, str]]:
    """What is wrong with consents as somebody wrote them, and what to do about it."""
    parts = ", ".join(f"{part}: …" for part in PARTS)
    hint = f"Write for each: {{{parts}}}. “until” is a day, such as {ending.in_a_year(today)}."
    for one in consents if isinstance(consents, list) else ():
        if not isinstance(one, dict) or not is_whole(one):
            yield "a consent does not say who agreed to what, when, for what and until when", hint
        elif not is_day(one["until"]):
            yield f"“{str(one['until'])[:40]}” is not a day", hint
        elif not find(str(one["detail"]), zone):
            yield f"“{str(one['detail'])[:60]}” is no phone number or e-mail address", hint
        elif ending.is_over(one["until"], today):
            reason = f"the consent to show “{str(one['detail'])[:60]}” ended on {str(one['until'])[:10]}"
            yield reason, "Take the detail and the consent out, or ask again."


def told_by_consents(consents: Value, ours: Value, others: Value, zone: str) -> Iterator[tuple[str, str]]:
    """What partners would learn from consents alone: details that stand in what is `ours`, not in what `others` get."""
    only_ours = keys_in(ours, zone) - keys_in(others, zone) if consents else frozenset()
    for one in not_agreed(consents, frozenset(), zone) if only_ours else ():
        if one.key in only_ours:
            reason = f"it would tell partners “{one.text[:60]}”, which stands only in what you keep to yourselves"
            yield reason, f"Take this consent out: what others do not get needs none. {_KEEP_CONSENTS}"


def keys_in(value: Value, zone: str) -> frozenset[str]:
    """Keys of all details in a value, however deep."""
    return frozenset(one.key for one in not_agreed(value, frozenset(), zone))


def is_whole(consent: Mapping[str, Value]) -> bool:
    """True if a consent says who agreed to what being shown, when, for what and until when."""
    return all(isinstance(consent.get(part), str) and str(consent[part]).strip() for part in PARTS)


def is_day(until: Value) -> bool:
    """True for a day, month or year."""
    return bool(_DAY.fullmatch(str(until)))


def for_all(type_name: str, fields: Mapping[str, Value]) -> bool:
    """True for a person who agreed to be listed until a day: that goes for all that stands on their page."""
    return type_name == "person" and all(fields.get(name) for name in _PERSON)


def not_agreed(value: Value, keys: frozenset[str], zone: str) -> Iterator[Detail]:
    """The details in a value, however deep, that nobody agreed to show."""
    if isinstance(value, str):
        yield from (one for one in find(value, zone) if one.key not in keys)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from not_agreed([name, part], keys, zone)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from not_agreed(part, keys, zone)
