"""Who did what, shown in the same way for everybody: from A to Z by the name as given, without rank."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cop.fields import RecordType
from cop.web.language import N_, lookup
from cop.web.words import comma

# What people usually did, in the words of the page; any other role stays as it is written
_ROLES = {
    "notes": N_("Takes notes"),
    "quiet-voices": N_("Listens for quiet voices"),
} | {
    role.casefold(): role
    for role in (
        N_("wrote"), N_("suggested"), N_("told us"), N_("translated"), N_("checked"), N_("lead collaborator"), N_("chair"),
        N_("co-chair"), N_("took notes"),
    )
}  # fmt: skip


ROLES = "roles"  # of an event: the top of its page says who does what, date by date


@dataclass(frozen=True)
class Role:
    """What somebody did."""

    text: str
    ours: bool  # in words of the site


@dataclass(frozen=True)
class Credit:
    """One person or group, with everything they did."""

    name: str
    organisation: str
    roles: tuple[Role, ...]

    @property
    def words(self) -> str:
        """On one line: "Hodan, Caafi Health: wrote, checked"."""
        who = comma([part for part in (self.name, self.organisation) if part])
        return f"{who}: {comma([role.text for role in self.roles])}" if self.roles else who


@dataclass(frozen=True)
class Credits:
    """People under one heading."""

    heading: str
    people: tuple[Credit, ...]


def of_record(record_type: RecordType, fields: Mapping[str, Any]) -> tuple[Credits, ...]:
    """Everybody who is named on a record, who did it first and then in other parts."""
    named = [field for field in record_type.fields if field.kind == "people" and fields.get(field.name)]
    named = [field for field in named if field.name != ROLES]
    named.sort(key=lambda field: field.name != "credits")
    return tuple(Credits(lookup(field.label), people(fields[field.name])) for field in named)


def people(value: object) -> tuple[Credit, ...]:
    """People of one field; who is named twice stands once, with both roles."""
    found: dict[tuple[str, str], list[Role]] = {}
    for one in value if isinstance(value, list) else [value]:
        parts = one if isinstance(one, dict) else {"name": one}
        name, organisation, role = (_text(parts.get(key)) for key in ("name", "organisation", "role"))
        roles = found.setdefault((name, organisation), [])
        if role and (shown := _role(role)) not in roles:
            roles.append(shown)
    everybody = (Credit(*who, tuple(roles)) for who, roles in found.items() if any(who))
    return tuple(sorted(everybody, key=lambda one: (by_name(one.name), by_name(one.organisation))))


def words_of(value: object) -> list[str]:
    """People of one field, one line each."""
    return [one.words for one in people(value)]


def by_name(name: str) -> tuple[str, str]:
    """Where a name stands from A to Z, whatever its accents.

    >>> sorted(["Zoe", "Élodie", "eve"], key=by_name)
    ['Élodie', 'eve', 'Zoe']
    """
    letters = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    return letters.casefold(), name


def _role(text: str) -> Role:
    known = _ROLES.get(text.casefold())
    return Role(lookup(known), True) if known else Role(text, False)


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
