"""Which fields are asked of a record, and what nobody has written down yet. Pure.

Of an event that people do not come to, such as a publication, nothing is asked; of one without a place no buses.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cop.fields import PROVIDED, SETTINGS, TYPES, Field, RecordType

NO_GATHERING = ("awareness-week", "call", "project", "publication", "review", "organisation-change")
_PLACE, _DISTANCE, _UNDER_18 = SETTINGS
_NEXT = ("childcare", "food", "cost", "costs_covered", "support_offered", "under_18s")
_NOT_AT: Mapping[str, tuple[str, ...]] = {_PLACE: ("online", "phone"), _DISTANCE: ("in-person",)}


def is_gathering(fields: Mapping[str, Any]) -> bool:
    """True if people come together for this event, as far as its kind says."""
    return fields.get("kind") not in NO_GATHERING


def is_asked(record_type: RecordType, field: Field, fields: Mapping[str, Any]) -> bool:
    """True if a blank of this field is worth asking about, for this record."""
    if not field.ask or record_type.name != "event":
        return field.ask
    if not is_gathering(fields) or _is_provided(field, fields):
        return False
    return (
        fields.get("under_18s") is True
        if field.when == _UNDER_18
        else fields.get("format") not in _NOT_AT.get(field.when, ())
    )


def _is_provided(field: Field, fields: Mapping[str, Any]) -> bool:
    """True if the list of what is provided answers it, such as childcare."""
    provided = fields.get("access_provided")
    return field.name in PROVIDED and isinstance(provided, list) and field.name in provided


def is_blank(value: object) -> bool:
    """True if nobody wrote anything; a "no" is an answer."""
    return value is None or value == "" or value == [] or value == {}


def missing_first(fields: Mapping[str, Any]) -> list[Field]:
    """What the people who plan this event are asked for first and have not written down."""
    return [field for field in _missing(fields) if field.first]


def missing_next(fields: Mapping[str, Any]) -> list[Field]:
    """What readers look for as well, on lists and calendars, and nobody has written down."""
    return [field for field in _missing(fields) if field.name in _NEXT]


def missing_for_under_18s(fields: Mapping[str, Any]) -> list[Field]:
    """What must be answered before an event is published to which people under 18 may come."""
    return [field for field in _missing(fields) if field.when == _UNDER_18]


def _missing(fields: Mapping[str, Any]) -> Iterator[Field]:
    event = TYPES["event"]
    return (one for one in event.fields if is_asked(event, one, fields) and is_blank(fields.get(one.name)))
