"""What people send with the forms of the site, until a person has decided. `accepting` does what was decided.

It lies in a table of `store.db` that never travels and is never published: no entry is written before a person of this
organisation says yes. See docs/decisions/contributions.md.
"""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cop.database import writing
from cop.errors import CopError, DecidedMeanwhile, WrongUsage
from cop.model import PayloadHash, RecordId, Value
from cop.patch import reason
from cop.publish import title_of
from cop.read_back import split_hashes

ADD, CORRECT, REMOVE, SAY = WHATS = ("add", "correct", "remove", "say")
WAITING, ACCEPTED, CHANGED, DECLINED = "waiting", "accepted", "changed", "declined"
GONE = "gone"  # nobody decided: what it was about was removed for good while it waited
MAX_WAITING = 500
KEPT_DAYS = 90  # after that only what became of it is left
REASONS = ("about-me", "mine", "harm", "other")  # why somebody asks for removal
_DAY = 86_400


class Full(CopError):
    """More waits than anybody can look at."""


@dataclass(frozen=True)
class Sent:
    """What somebody sent."""

    what: str  # one of WHATS
    type: str = ""  # of the record, "" if there is none
    fields: Mapping[str, Value] = field(
        default_factory=dict
    )  # new ones; of a correction those that change, None is gone
    why: str = ""  # in their words; of a correction everybody can read it once it is used
    credit: str = ""  # how they wish to be named, "" for nobody
    relayed: bool = False  # somebody wrote it down for another
    reason: str = ""  # of a removal: one of REASONS
    record_id: RecordId = ""  # that it is about
    base: tuple[PayloadHash, ...] = ()  # heads of that record when it was sent

    @property
    def title(self) -> str:
        """What it calls the thing, "" if it does not say."""
        return title_of(self.fields)


@dataclass(frozen=True)
class Contribution:
    """One of them, and what became of it."""

    number: int
    token: str  # part of the address where its sender sees what became of it
    received_time: int  # seconds UTC
    sent: Sent  # once it is forgotten only what it was and which record it was about
    state: str
    answer: str  # to the sender, from whoever decided
    decided_time: int  # seconds UTC, 0 while it waits
    decided_by: str  # as that person wishes to be named, or ""
    record_id: RecordId  # that came of it, or that it was about
    is_forgotten: bool  # its words are gone

    @property
    def waits(self) -> bool:
        """True until somebody has decided."""
        return self.state == WAITING


_COLUMNS = (
    "number, token, received_time, what, type, about, base, content, state, answer, decided_time, decided_by, record_id"
)
_IN_CONTENT = ("fields", "why", "credit", "relayed", "reason")


def take(db: sqlite3.Connection, sent: Sent, now: int, *, sending: str = "") -> str:
    """Let something wait for a person. Returns its token; the same again is kept once. Raises: Full.

    `sending` is what its sender calls this sending: if it came before, the answer is that of before, whatever became of it.
    """
    content = json.dumps({name: part for name, part in asdict(sent).items() if name in _IN_CONTENT}, ensure_ascii=False)
    digest = hashlib.sha256("\0".join((sent.what, sent.type, sent.record_id, content)).encode()).digest()
    with writing(db):
        forget_old(db, now)
        if token := came_before(db, sending):
            return token
        known = db.execute("SELECT token FROM local_contribution WHERE digest = ? AND state = ?", [digest, WAITING])
        token = str(row[0]) if (row := known.fetchone()) else _keep(db, sent, now, content, digest)
        if sending:
            db.execute("INSERT INTO local_sending VALUES (?, ?)", [_digest(sending), token])
    return token


def came_before(db: sqlite3.Connection, sending: str) -> str:
    """The token of what a phone sends once more, "" if it comes for the first time."""
    row = db.execute("SELECT token FROM local_sending WHERE digest = ?", [_digest(sending)]).fetchone()
    return str(row[0]) if sending and row else ""


def _digest(sending: str) -> bytes:
    return hashlib.sha256(sending.encode()).digest()


def _keep(db: sqlite3.Connection, sent: Sent, now: int, content: str, digest: bytes) -> str:
    if count(db) >= MAX_WAITING:
        raise Full(f"{MAX_WAITING} things wait already.", hint="cop inbox")
    token = secrets.token_urlsafe(16)
    db.execute(
        "INSERT INTO local_contribution (token, received_time, what, type, about, base, content, digest, record_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [token, now, sent.what, sent.type, sent.record_id, b"".join(sent.base), content, digest, sent.record_id],
    )
    return token


def count(db: sqlite3.Connection) -> int:
    """How many wait."""
    return int(db.execute("SELECT count(*) FROM local_contribution WHERE state = ?", [WAITING]).fetchone()[0])


def waiting(db: sqlite3.Connection) -> list[Contribution]:
    """Those that wait, requests for removal before all others, then the oldest first."""
    query = f"SELECT {_COLUMNS} FROM local_contribution WHERE state = ? ORDER BY what <> ?, number"
    return [_read(row) for row in db.execute(query, [WAITING, REMOVE])]


def by_number(db: sqlite3.Connection, number: int) -> Contribution:
    """One of them. Raises: WrongUsage."""
    row = db.execute(f"SELECT {_COLUMNS} FROM local_contribution WHERE number = ?", [number]).fetchone()
    if row is None:
        raise WrongUsage(f"There is no item {number} in the inbox.", hint="cop inbox")
    return _read(row)


def by_token(db: sqlite3.Connection, token: str) -> Contribution | None:
    """The one whose sender has this token."""
    row = db.execute(f"SELECT {_COLUMNS} FROM local_contribution WHERE token = ?", [token]).fetchone()
    return _read(row) if row else None


def open_one(db: sqlite3.Connection, number: int) -> Contribution:
    """One that waits. Raises: WrongUsage; DecidedMeanwhile if it waits no more."""
    found = by_number(db, number)
    if not found.waits:
        raise DecidedMeanwhile(f"Somebody has decided on item {number} already: {found.state}.", hint="cop inbox")
    return found


def decline(db: sqlite3.Connection, number: int, *, why: str, now: int, by: str = "") -> None:
    """Say no, and why: the sender can read that. Raises: WrongUsage, DecidedMeanwhile."""
    open_one(db, number)
    answer = reason(why)
    if not answer:
        raise WrongUsage("Say why it is not used: its sender can read that.", hint='--why "It is here already"')
    with writing(db):
        settle(db, open_one(db, number), DECLINED, answer=answer, now=now, by=by)


def drop(db: sqlite3.Connection, number: int) -> None:
    """Forget one that waits, because whoever sent it is still writing."""
    db.execute("DELETE FROM local_contribution WHERE number = ? AND state = ?", [number, WAITING])


def settle(
    db: sqlite3.Connection, item: Contribution, state: str, *, answer: str, now: int, by: str, record_id: RecordId = ""
) -> None:
    """Remember what became of it."""
    db.execute(
        "UPDATE local_contribution SET state = ?, answer = ?, decided_time = ?, decided_by = ?, record_id = ?"
        " WHERE number = ?",
        [state, answer, now, by[:200], record_id or item.record_id, item.number],
    )


def forget_old(db: sqlite3.Connection, now: int) -> None:
    """Take away the words of what was decided long ago. What became of it stays."""
    db.execute(
        "UPDATE local_contribution SET content = '', digest = x'', answer = '', decided_by = ''"
        " WHERE state <> ? AND decided_time < ? AND content <> ''",
        [WAITING, now - KEPT_DAYS * _DAY],
    )


def forget_about(db: sqlite3.Connection, record_id: RecordId, *, whole: bool, now: int) -> None:
    """Take away the words of what was sent about a record of which something was erased.

    If it was erased as a whole, also of what waits: that is decided by it.
    """
    about = "(about = ?1 OR record_id = ?1)"
    if whole:
        db.execute(
            "UPDATE local_contribution SET state = CASE what WHEN ?2 THEN ?3 ELSE ?4 END, decided_time = ?6"
            f" WHERE {about} AND state = ?5",
            [record_id, REMOVE, ACCEPTED, GONE, WAITING, now],
        )
    db.execute(
        "UPDATE local_contribution SET content = '', digest = x'', answer = '', decided_by = ''"
        f" WHERE {about} AND state <> ?2",
        [record_id, WAITING],
    )


def _read(row: sqlite3.Row) -> Contribution:
    told: dict[str, Any] = json.loads(row["content"]) if row["content"] else {}
    sent = Sent(what=row["what"], type=row["type"], record_id=row["about"], base=split_hashes(row["base"]), **told)
    return Contribution(
        row["number"], row["token"], row["received_time"], sent, row["state"], row["answer"], row["decided_time"],
        row["decided_by"], row["record_id"], not row["content"],
    )  # fmt: skip
