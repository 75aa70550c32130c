"""Who may work at the desk in a browser: links that work once, and the sessions that they begin.

The store holds hashes of both secrets, so that whoever reads it cannot use them. See docs/decisions/desk.md.
"""

import hashlib
import secrets
import sqlite3
from contextlib import suppress
from dataclasses import dataclass

from cop.database import writing

DAY = 86_400  # seconds
LINK_SECONDS = DAY  # a link that nobody used in that time is gone
IDLE_SECONDS = 7 * DAY  # and so is a session
MOST_SECONDS = 30 * DAY
TOUCHED_SECONDS = (
    600  # how exactly we remember when a session was last used: a write to the disk for each page is too much
)
_SECRET_BYTES = 32
_COLUMNS = "number, person, token IS NULL AS is_link, made, begun, used"


@dataclass(frozen=True)
class Session:
    """Somebody who may work at the desk, or a link that nobody has used yet."""

    number: int
    person: str  # as they wish to be named; "" if only the organisation shall be
    is_link: bool
    made: int  # seconds UTC, of the link
    begun: int  # when it was used; 0 for a link
    used: int  # when something was last asked for, within TOUCHED_SECONDS; 0 for a link

    @property
    def ends(self) -> int:
        """Seconds UTC, if nobody uses it any more."""
        return self.made + LINK_SECONDS if self.is_link else min(self.used + IDLE_SECONDS, self.begun + MOST_SECONDS)


def invite(db: sqlite3.Connection, person: str, now: int) -> tuple[int, str]:
    """Make a link that works once. Returns its number and its secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with writing(db):
        _forget_ended(db, now)
        sql = "INSERT INTO local_session (person, link, made) VALUES (?, ?, ?)"
        number = db.execute(sql, [person, _hash(secret), now]).lastrowid
    assert number is not None
    return number, secret


def of_link(db: sqlite3.Connection, secret: str, now: int) -> Session | None:
    """Whom a link is for; None if it was used, has ended or never was. Looking does not use it up."""
    return _one(db, "link", secret, now)


def begin(db: sqlite3.Connection, secret: str, person: str, now: int) -> str | None:
    """Use a link. Returns the token of the session, which is kept nowhere; None if the link does not work."""
    token = secrets.token_urlsafe(_SECRET_BYTES)
    with writing(db):
        found = of_link(db, secret, now)
        if found is None:
            return None
        db.execute(
            "UPDATE local_session SET person = ?, link = NULL, token = ?, begun = ?, used = ? WHERE number = ?",
            [person, _hash(token), now, now, found.number],
        )
    return token


def of_token(db: sqlite3.Connection, token: str, now: int) -> Session | None:
    """Whose session it is; None if it has ended. Remembers that it was used."""
    found = _one(db, "token", token, now)
    if found and abs(now - found.used) >= TOUCHED_SECONDS:
        with suppress(sqlite3.OperationalError), writing(db):  # busy: then the next page remembers it
            db.execute("UPDATE local_session SET used = ? WHERE number = ?", [now, found.number])
    return found


def all_open(db: sqlite3.Connection, now: int) -> list[Session]:
    """Sessions and links that work, by name."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM local_session ORDER BY person COLLATE NOCASE, number").fetchall()
    return [one for one in map(_session, rows) if one.ends > now]


def rename(db: sqlite3.Connection, number: int, person: str) -> None:
    """Name somebody as they wish from now on; what they did before keeps the name of then."""
    with writing(db):
        db.execute("UPDATE local_session SET person = ? WHERE number = ?", [person, number])


def end(db: sqlite3.Connection, number: int) -> bool:
    """End a session, or a link. Returns whether there was one."""
    with writing(db):
        return db.execute("DELETE FROM local_session WHERE number = ?", [number]).rowcount > 0


def end_link(db: sqlite3.Connection, number: int) -> None:
    """Let a link work no longer, unless somebody has used it."""
    with writing(db):
        db.execute("DELETE FROM local_session WHERE number = ? AND token IS NULL", [number])


def _one(db: sqlite3.Connection, column: str, secret: str, now: int) -> Session | None:
    sql = f"SELECT {_COLUMNS} FROM local_session WHERE {column} = ?"
    row = db.execute(sql, [_hash(secret)]).fetchone()
    found = _session(row) if row else None
    return found if found and found.ends > now else None


def _session(row: sqlite3.Row) -> Session:
    number, person, is_link, made, begun, used = row
    return Session(number, person, bool(is_link), made, begun, used)


def _forget_ended(db: sqlite3.Connection, now: int) -> None:
    ended = [_session(row) for row in db.execute(f"SELECT {_COLUMNS} FROM local_session").fetchall()]
    db.executemany("DELETE FROM local_session WHERE number = ?", [(one.number,) for one in ended if one.ends <= now])


def _hash(secret: str) -> bytes:
    # no salt, no slow hash: these are 32 random bytes, not passwords that people chose
    return hashlib.sha256(b"cop/v1/session\0" + secret.encode("utf-8", "replace")).digest()
