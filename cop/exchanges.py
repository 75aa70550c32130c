"""The last exchanges of this site, for people to read: on `/desk/sync`, and nowhere else."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cop import partners
from cop.database import writing
from cop.model import OrganisationId
from cop.partners import STRANGER
from cop.report import NOT_RENEWED, RESTORED

ASKED, ANSWERED, BUNDLE = "asked", "answered", "bundle"
KEPT = 20
SAME_SECONDS = 300  # turns of one exchange that a partner began lie closer together than this
COUNTED = ("received", "sent", "refused", "partner_lacks", "bytes_in", "bytes_out", "requests")
NEWS = ("received", "sent", "refused", "partner_lacks")  # if all are 0, nothing happened that people want to know


@dataclass(frozen=True)
class Exchange:
    """One exchange as it is remembered."""

    time: int  # seconds UTC
    organisation: OrganisationId  # b"" for somebody we do not know
    name: str
    direction: str  # ASKED, ANSWERED or BUNDLE
    counts: Mapping[str, Any]

    @property
    def error(self) -> str:
        """Why it failed, or ""."""
        return str(self.counts.get("error", ""))


def remember(
    db: sqlite3.Connection,
    organisation: OrganisationId,
    direction: str,
    happened: Mapping[str, Any],
    now: int,
) -> None:
    """Keep how an exchange went: `happened` has numbers of a report, and `error` if it failed.

    Call it at the end of an exchange that we began, and after each turn of one that a partner began: turns that lie
    close together count as one. Where nothing happened, an answer is not kept, and a question only as the last one.
    """
    counts = _clean(happened)
    quiet = not any(counts.get(name) for name in NEWS) and "error" not in counts
    if quiet and direction == ANSWERED:
        return
    name = partners.name_of(db, organisation)
    organisation = b"" if name == STRANGER else organisation
    with writing(db):
        counts = _joined_with_last(db, organisation, direction, counts, quiet=quiet, now=now)
        db.execute(
            "INSERT INTO local_exchange (time, organisation, name, direction, counts) VALUES (?, ?, ?, ?, ?)",
            [now, organisation, name, direction, json.dumps(counts, ensure_ascii=False)],
        )
        db.execute(
            "DELETE FROM local_exchange WHERE number NOT IN"
            " (SELECT number FROM local_exchange ORDER BY number DESC LIMIT ?)",
            [KEPT],
        )


def _clean(happened: Mapping[str, Any]) -> dict[str, Any]:
    counts: dict[str, Any] = {name: int(happened[name]) for name in COUNTED if isinstance(happened.get(name), int)}
    if by := happened.get("by"):
        counts["by"] = {str(name): int(number) for name, number in by.items()}
    if error := happened.get("error"):
        counts["error"] = str(error)[:500]
    return counts


def _joined_with_last(
    db: sqlite3.Connection,
    organisation: OrganisationId,
    direction: str,
    counts: dict[str, Any],
    *,
    quiet: bool,
    now: int,
) -> dict[str, Any]:
    """Take the last exchange of that kind away if this one belongs to it, and return the counts of both."""
    row = db.execute(
        "SELECT number, time, counts FROM local_exchange WHERE organisation = ? AND direction = ?"
        " ORDER BY number DESC LIMIT 1",
        [organisation, direction],
    ).fetchone()
    if row is None:
        return counts
    before: dict[str, Any] = json.loads(row["counts"])
    was_quiet = not any(before.get(name) for name in NEWS)
    stranger = not organisation  # strangers get one line, however often they knock
    one_exchange = direction == ANSWERED and (stranger or 0 <= now - row["time"] < SAME_SECONDS)
    failed_again = "error" in before and "error" in counts
    if not (one_exchange or failed_again or (quiet and was_quiet and "error" not in before)):
        return counts
    db.execute("DELETE FROM local_exchange WHERE number = ?", [row["number"]])
    return _sum(before, counts) if one_exchange else counts


def _sum(before: Mapping[str, Any], counts: dict[str, Any]) -> dict[str, Any]:
    total = {**counts, **{name: before.get(name, 0) + counts.get(name, 0) for name in COUNTED if name in before}}
    by, earlier = counts.get("by", {}), before.get("by", {})
    if by or earlier:
        total["by"] = {name: earlier.get(name, 0) + by.get(name, 0) for name in {**earlier, **by}}
    return total


def sentence(name: str, happened: Mapping[str, Any]) -> str:
    """One line for the terminal or a log, on either side.

    >>> sentence("Caafi Health", {"received": 3, "sent": 0, "refused": 1})
    'Caafi Health: 3 came, 0 went, 1 turned away because we do not know who wrote it (cop join INVITATION).'
    """
    text = f"{name}: {happened.get('received', 0):,} came, {happened.get('sent', 0):,} went"
    if refused := happened.get("refused", 0):
        them = "it" if refused == 1 else "them"
        text += f", {refused:,} turned away because we do not know who wrote {them} (cop join INVITATION)"
    files = happened.get("attachments") or {}
    if files.get("received") or files.get("sent"):
        text += f", files: {files['received']:,} came, {files['sent']:,} went"
    if lacks := happened.get("partner_lacks", 0):
        text += f", {lacks:,} turned away there (cop invite)"
    if apart := happened.get("apart", 0):
        text += f", {apart:,} by those who left, were removed, or whose computer was ended (kept apart, not shown)"
    if texts := happened.get("texts", 0):
        text += f", {texts:,} {'text' if texts == 1 else 'texts'} of earlier changes came"
    if why := happened.get("not_written"):
        text += f". Not all that we hold could be left there: {str(why).rstrip('.')}"
    lost = RESTORED if happened.get("renewed") else NOT_RENEWED
    return f"{text}. {lost}" if happened.get("restored", 0) else f"{text}."


def recent(db: sqlite3.Connection) -> list[Exchange]:
    """The last exchanges, newest first, with the names that partners have now."""
    names = {p.organisation: p.name for p in partners.current(db)}
    rows = db.execute(
        "SELECT time, organisation, name, direction, counts FROM local_exchange ORDER BY number DESC"
    ).fetchall()
    return [
        Exchange(row["time"], row["organisation"], names.get(row["organisation"], row["name"]), row["direction"],
                 json.loads(row["counts"]))
        for row in rows
    ]  # fmt: skip
