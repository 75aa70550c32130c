"""Ending with a partner, leaving the network, and going on with a partner whose key was lost.

In each case we name the last entries of theirs that we hold: what came before counts, keeps its place and its credit.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from cop import belonging, cutoffs, partners, read_back, settings, stances, trust, vouching
from cop.database import writing
from cop.errors import CopError, WrongUsage
from cop.invitations import Invitation
from cop.model import Cutoff, OrganisationId, WriterId
from cop.partners import Partner
from cop.signing import Signer


def remove(db: sqlite3.Connection, signer: Signer, partner: Partner, now: int, *, hide: bool = False) -> None:
    """End with a partner, and with those whom we know through it alone.

    What they wrote until now stays, with their names; `hide`: is no longer shown here, either.
    """
    with writing(db):
        if partner.organisation != settings.read(db, "organisation"):  # else another computer of ours
            last = _last_of(db, partner.organisation, *_known_through(db, partner.organisation))
            here, elsewhere = (None, last) if hide else (last, None)
            partners.say(db, signer, partner.organisation, stances.REMOVE, now, last=here, elsewhere=elsewhere)
        _forget_meeting(db, partner.organisation)


def _forget_meeting(db: sqlite3.Connection, organisation: OrganisationId) -> None:
    for table in ("local_partner", "local_parted"):
        db.execute(f"DELETE FROM {table} WHERE organisation = ?", [organisation])


def _last_of(db: sqlite3.Connection, *organisations: OrganisationId) -> Mapping[WriterId, Cutoff]:
    """The last entries that count of each writer of these organisations."""
    present = trust.members(db).present
    return cutoffs.held(db, [writer for writer, owner in present.items() if owner in organisations])


def _known_through(db: sqlite3.Connection, organisation: OrganisationId) -> set[OrganisationId]:
    ours = settings.read(db, "organisation")
    return (
        belonging.only_through(list(read_back.statements(db)), ours, organisation) if isinstance(ours, bytes) else set()
    )


def leave(db: sqlite3.Connection, signer: Signer, now: int) -> list[str]:
    """Leave the network. Everything that was shared stays here, and what we wrote stays with the others.

    Returns the names of those we leave. What they write from now on no longer comes here. Raises: WrongUsage.
    """
    network = trust.members(db)
    ours = settings.read(db, "organisation")
    others = [key for key in network.organisations if key != ours]
    if not others or not isinstance(ours, bytes):
        raise WrongUsage("You have no partners to leave.", hint="cop partner list")
    names, accepted = trust.names(db, network), _accepted(db, ours)
    with writing(db):
        reached = db.execute("SELECT * FROM local_partner").fetchall()
        beyond = [key for key in others if key not in accepted]  # known through others: they come back with these
        last = {key: _last_of(db, key, *beyond) for key in accepted & set(others)}  # of all, before any is removed
        for key in sorted(last):
            partners.say(db, signer, key, stances.REMOVE, now, last=last[key])
        for key in others:
            _forget_meeting(db, key)
        for row in reached:  # until they were told; some may wait for that since we left before
            db.execute(f"INSERT OR IGNORE INTO local_partner VALUES ({', '.join('?' * len(row))})", list(row))
            db.execute("INSERT OR IGNORE INTO local_parted VALUES (?)", [row[0]])
        own = [writer for writer, owner in network.present.items() if owner == ours and writer != signer.public]
        partners.say(db, signer, ours, stances.LEAVE, now, last=cutoffs.held(db, own))
    return sorted((names[key].name for key in others), key=str.casefold)


def _accepted(db: sqlite3.Connection, ours: OrganisationId) -> set[OrganisationId]:
    """Whom we accepted ourselves."""
    statements = list(read_back.statements(db))
    said = stances.current_stances(statements, vouching.certified(statements)).get(ours, {})
    return {about for about, entries in said.items() if stances.is_with_us(entries)}


@dataclass(frozen=True)
class Votes:
    """How many of the other members say that a key stands for a partner's lost one."""

    given: int
    others: int

    @property
    def enough(self) -> bool:
        """True once it is more than half."""
        return self.given * 2 > self.others


def replace_key(db: sqlite3.Connection, signer: Signer, partner: Partner, invitation: Invitation, now: int) -> None:
    """Say that a partner has lost its key, and that the one of this invitation stands for it from now on.

    It does once more than half of the other members say so. Raises: WrongUsage, CopError.
    """
    if invitation.organisation in (partner.organisation, settings.read(db, "organisation")):  # of a partner of one name
        raise WrongUsage(
            f"This invitation is of the key that {partner.name} has had all along.",
            hint="They make a new one with: cop init, in a new folder; and then: cop invite",
        )
    if not trust.members(db).organisations & {partner.organisation}:
        raise CopError(f"{partner.name} is no member any more.", hint="cop partner list")
    with writing(db):
        last = _last_of(db, partner.organisation)
        successor = invitation.organisation
        partners.say(db, signer, partner.organisation, stances.SUCCEEDED, now, last=last, successor=successor)
        partners.accept(db, signer, invitation, now)
        db.execute("DELETE FROM local_partner WHERE organisation = ?", [partner.organisation])


def votes(db: sqlite3.Connection, lost: OrganisationId, successor: OrganisationId) -> Votes:
    """How far it is with a key that stands for a lost one."""
    root = settings.read(db, "organisation")
    if not isinstance(root, bytes):
        return Votes(0, 0)
    return Votes(*belonging.count_votes(list(read_back.statements(db)), root, lost, successor))
