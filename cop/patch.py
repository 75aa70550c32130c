"""A patch: the fields of one record that one save changed; and its payload, the bytes that travel.

payload = salt (16 bytes) + CBOR map {"type", "fields", "added", "removed", "why", "person", "took_part"}; what is empty is
left out.
The salt keeps a hash that outlives an erased payload from being guessed.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cop import cbor
from cop.errors import Refused, TooLarge, WrongUsage
from cop.fields import is_set
from cop.model import OrganisationId, Patch, RecordId, Value

SALT_BYTES = 16
MAX_PAYLOAD_BYTES = 1_000_000
MAX_WHY = 500  # characters
MAX_PERSON = 100
MAX_TOOK_PART = 300
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in small letters and without padding
_ID_CHARACTERS = frozenset(_BASE32)
_DIGITS = str.maketrans(_BASE32, "0123456789abcdefghijklmnopqrstuv")  # as int() counts with 32
_PAIRS = [one + other for one in _BASE32 for other in _BASE32]


def new_record_id() -> RecordId:
    """A fresh record id that says nothing about the record."""
    return _text_id(secrets.token_bytes(16))


def record_id_of(written: str, organisation: OrganisationId) -> RecordId:
    """The record id for what stands in a content file of an organisation after `id:`.

    An id that cop made is taken as it is. Any other text, as people and other programs write it, is hashed, so that
    no name or title ever stands in an entry.
    """
    return (
        written
        if is_record_id(written)
        else _text_id(hashlib.sha256(b"cop/v1/record\0" + organisation + written.encode()).digest()[:16])
    )


def is_record_id(text: str) -> bool:
    """True for the 26 characters of an id that cop made."""
    return len(text) == 26 and _ID_CHARACTERS.issuperset(text) and text[-1] in "aeimquy4"


def id_bytes(record_id: RecordId) -> bytes:
    """The 16 bytes of a record id."""
    return (int(record_id.translate(_DIGITS), 32) >> 2).to_bytes(16, "big")


def _text_id(raw: bytes) -> RecordId:
    # three times as quick as base64.b32encode; a first copy does it for every record, several times
    number = int.from_bytes(raw, "big") << 2
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def id_text(raw: bytes) -> RecordId:
    """The record id of 16 bytes. Raises: Refused."""
    if len(raw) != 16:
        raise Refused("A record id has the wrong length.")
    return _text_id(raw)


def difference(type_name: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> Patch:
    """The patch that leads from `before` to `after` (field name to value; absent and None are the same)."""
    fields: dict[str, Value] = {}
    added: dict[str, tuple[str, ...]] = {}
    removed: dict[str, tuple[str, ...]] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new and type(old) is type(new):
            continue
        if not is_set(type_name, name) or not (_is_words(old) and _is_words(new)):
            fields[name] = new
        else:
            plus, minus = _words(new) - _words(old), _words(old) - _words(new)
            if plus:
                added[name] = tuple(sorted(plus))
            if minus:
                removed[name] = tuple(sorted(minus))
    return Patch(type_name, fields, added, removed)


def _is_words(value: Value) -> bool:
    return value is None or (isinstance(value, list | tuple) and all(isinstance(word, str) for word in value))


def _words(value: Any) -> set[str]:
    return set(value or ())


def reason(typed: str) -> str:
    """Why a change was made, as somebody typed it, on one line. Raises: WrongUsage.

    >>> reason(" The link  was dead. ")
    'The link was dead.'
    """
    hint = "Say it in one sentence. Longer explanations belong into the record, such as under note."
    return _on_one_line(typed, MAX_WHY, "The reason", hint)


def person(typed: str) -> str:
    """Who saved a change, as they wish to be named, on one line. Raises: WrongUsage."""
    return _on_one_line(
        typed, MAX_PERSON, "The name", "Write a name, or leave it empty: then your organisation stands there."
    )


def took_part(typed: str) -> str:
    """Who took part in a decision, as somebody typed it, on one line. Raises: WrongUsage."""
    return _on_one_line(typed, MAX_TOOK_PART, "Who took part", "Write names or roles, with commas between them.")


def _on_one_line(typed: str, most: int, what: str, hint: str) -> str:
    text = " ".join(typed.split())
    if len(text) > most or not text.isprintable():
        raise WrongUsage(f"{what} must be plain text of at most {most} characters.", hint=hint)
    return text


def explained(patch: Patch, why: str) -> Patch:
    """The same patch with the reason why it was made."""
    return replace(patch, why=why) if why else patch


def encode(patch: Patch, salt: bytes) -> bytes:
    """The payload of a patch. Raises: TooLarge."""
    content: dict[str, object] = {"type": patch.type, "fields": dict(patch.fields)}
    for name, sets in (("added", patch.added), ("removed", patch.removed)):
        if sets:
            content[name] = {field: list(words) for field, words in sets.items()}
    told = {"why": patch.why, "person": patch.person, "took_part": patch.took_part}
    content |= {name: text for name, text in told.items() if text}
    payload = salt + cbor.encode(content)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"One record takes {len(payload):,} bytes; the limit is {MAX_PAYLOAD_BYTES:,}.")
    return payload


def new_payload(patch: Patch) -> bytes:
    """The payload of a patch with a fresh salt."""
    return encode(patch, secrets.token_bytes(SALT_BYTES))


def decode(payload: bytes) -> Patch:
    """Read a payload that anyone may have made. Raises: Refused."""
    content = cbor.decode(payload[SALT_BYTES:], "A change of a record", with_bytes=False)
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise Refused("A change of a record does not say which kind of record it is.")
    fields = content.get("fields", {})
    if not isinstance(fields, dict) or not all(isinstance(name, str) for name in fields):
        raise Refused("A change of a record has no readable fields.")
    return Patch(
        content["type"],
        fields,
        _sets(content.get("added")),
        _sets(content.get("removed")),
        _told(content.get("why"), MAX_WHY),
        _told(content.get("person"), MAX_PERSON),
        _told(content.get("took_part"), MAX_TOOK_PART),
    )


def _told(text: object, most: int) -> str:
    return " ".join(text.split())[:most] if isinstance(text, str) else ""


def _sets(sets: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(sets, dict):
        return {}
    return {
        name: tuple(word for word in words if isinstance(word, str))
        for name, words in sets.items()
        if isinstance(name, str) and isinstance(words, list)
    }
