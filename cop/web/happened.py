"""One line of the history: when it was, who did it and why. For every page that names a change."""

import sqlite3
from dataclasses import dataclass

from cop.web import dates
from cop.web.language import _, apart

COLUMNS = "record_id, position, organisation, kind, claimed, seen, patch, before, beside, why, person, took_part"


@dataclass(frozen=True)
class Moment:
    """When a change was made, as far as it can be known."""

    iso: str
    day: str  # in words
    note: str  # where the clock of its writer and the arrival here say different days, "" if they do not


@dataclass(frozen=True)
class LastChange:
    """What a page says of its last change."""

    sentence: str
    why: str


def moment(row: sqlite3.Row) -> Moment:
    """When it was. A clock may say anything, so a day later than the arrival here is told and not believed."""
    claimed, seen = row["claimed"], row["seen"]
    said, arrived = (dates.words(one[:10]) if one else _("an unknown time") for one in (claimed, seen))
    if claimed and claimed[:10] <= seen[:10]:
        note = _("It reached this copy on %(day)s.", day=arrived) if claimed[:10] < seen[:10] else ""
        return Moment(claimed, said, note)
    return Moment(seen, arrived, _("It reached this copy on that day. Their clock said %(day)s.", day=said))


def who(row: sqlite3.Row) -> str:
    """The organisation that stands behind a change, and the person as they wish to be named."""
    organisation = apart(row["organisation"]) if row["organisation"] else _("Somebody")
    if not row["person"]:
        return organisation
    return _("%(name)s at %(organisation)s", name=apart(row["person"]), organisation=organisation)


def last_change(db: sqlite3.Connection, record_id: str, changed: str) -> LastChange:
    """The change of a record that reached this copy last. `changed` is shown if its history is not here.

    Whoever had something taken out, which says nothing of what it was, wrote nothing of what stands there.
    """
    row = db.execute(
        f"SELECT {COLUMNS} FROM history WHERE record_id = ? AND (kind, patch) <> ('erase', '{{}}')"
        " ORDER BY seen DESC, position DESC LIMIT 1",
        (record_id,),
    ).fetchone()
    if row is None:
        return LastChange(_("Last changed on %(day)s", day=dates.words(changed[:10])), "")
    return LastChange(_("Last changed on %(day)s by %(who)s", day=moment(row).day, who=who(row)), row["why"])
