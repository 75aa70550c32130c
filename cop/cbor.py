"""Strict CBOR (RFC 8949): deterministic when written; no tags, no odd types, bounded when read."""

import math
from collections.abc import Callable
from typing import Any

import cbor2

from cop.errors import Refused

MAX_DEPTH = 20
MAX_VALUES = 300_000  # in one piece of CBOR


def encode(value: object) -> bytes:
    """Encode deterministically (RFC 8949 section 4.2)."""
    return cbor2.dumps(value, canonical=True)


def _no_tags(*_: object) -> Any:
    raise ValueError("tags are not used here")


# cbor2 turns these into Python objects by itself (dates, fractions, patterns, shared parts); hostile input must not
_BUILT_IN_TAGS = (*range(6), 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799)
_DECODERS: dict[int, Callable[..., Any]] = dict.fromkeys(_BUILT_IN_TAGS, _no_tags)


def decode(data: bytes, what: str, *, with_bytes: bool = True) -> Any:
    """Decode one value of plain types: None, bool, int, float, str, bytes, list, dict with text keys.

    `what` names the thing in the error; `with_bytes=False` refuses bytes, for values that pages and JSON must show.
    Raises: Refused.
    """
    if not _has_few_values(data):
        raise Refused(f"{what} has more parts than anything needs.")
    try:
        value = cbor2.loads(
            data,
            tag_hook=_no_tags,
            semantic_decoders=_DECODERS,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
        _check(value, (bool, int, float, str, bytes) if with_bytes else (bool, int, float, str))
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise Refused(f"{what} is damaged and cannot be read.") from error
    return value


def _has_few_values(data: bytes) -> bool:
    """False if decoding would make more than MAX_VALUES values: a few bytes can stand for millions of empty lists."""
    if len(data) <= MAX_VALUES:
        return True
    at = count = 0
    while at < len(data) and count <= MAX_VALUES:
        major, info = data[at] >> 5, data[at] & 31
        wide = 1 << (info - 24) if 24 <= info < 28 else 0
        number = int.from_bytes(data[at + 1 : at + 1 + wide], "big") if wide else info
        at += 1 + wide + (number if major in (2, 3) else 0)
        count += 1
    return count <= MAX_VALUES


def _check(value: object, plain: tuple[type, ...]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError("a key that is not text")
            _check(inner, plain)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, plain)
    elif value is not None and type(value) not in plain:
        raise ValueError(f"a value of an unknown kind: {type(value).__name__}")
    elif type(value) is int and not -(2**63) <= value < 2**63:
        raise ValueError("a number that is too large")
    elif type(value) is float and not math.isfinite(value):
        raise ValueError("a number that is none")  # it would not equal itself, and views compare values
