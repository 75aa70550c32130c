"""The computers of one organisation: each has a writer of its own, and the organisation vouches for it.

A folder that was copied to another computer brings no key along. That computer makes one, and asks the first, which
holds the organisation's key, to vouch for it. Until then what it saves is kept and shown there only.
"""

import base64
import binascii
import sqlite3
from dataclasses import dataclass
from typing import Any

from cop import cbor, identity, keys, log, signing, trust
from cop.config import Site
from cop.errors import CopError, Refused, WrongUsage
from cop.model import OrganisationId, WriterId, iso_time
from cop.schema import open_store, writing
from cop.signing import Signer

PREFIX = "copdevice1:"
MAX_REQUEST = 1000  # characters
_DAMAGED = "This line is damaged or not whole."
_COPY_IT = "Copy the whole line that begins with copdevice1:"


@dataclass(frozen=True)
class Device:
    """One installation of our organisation."""

    writer: WriterId
    here: bool  # it is this one
    entries: int
    last_claimed: int  # seconds UTC, of its last entry, by its own clock

    def summary(self) -> dict[str, Any]:
        """For `cop device list --json`."""
        return {
            "writer": self.writer.hex(), "here": self.here, "entries": self.entries, "last_claimed": iso_time(self.last_claimed)
        }  # fmt: skip


def new(site: Site, now: int) -> str:
    """Give this copy of a site folder a key of its own.

    Returns the line with which the first computer vouches for it, or "" if the organisation's key is here to do it.
    """
    db = open_store(site.store_db)
    try:
        if identity.renew_writer(site, db, now) is not None:
            return ""
        signer = keys.create(site.keys, f"writer of {site.config.name}, site {site.root}")
        with writing(db):
            identity.retire_writer(db)
            log.set_setting(db, "writer", signer.public)
        return request(signer, identity.own_organisation(db))
    finally:
        db.close()


def request(signer: Signer, organisation: OrganisationId) -> str:
    """The line that asks our first computer to vouch for this one."""
    content = [organisation, signer.public, signer.sign(signing.DEVICE, organisation)]
    return PREFIX + base64.urlsafe_b64encode(cbor.encode(content)).decode().rstrip("=")


def is_vouched_for(db: sqlite3.Connection) -> bool:
    """True if our organisation has signed for this installation."""
    return trust.certified(log.statements(db)).get(log.own_writer(db)) == identity.own_organisation(db)


@dataclass(frozen=True)
class Request:
    """What such a line says."""

    organisation: OrganisationId
    writer: WriterId
    consent: bytes  # the writer's signature: it wants to write for that organisation


def read_request(text: str) -> Request:
    """Read a line that anyone may have made. Raises: Refused."""
    text = "".join(text.split())
    try:
        if not text.startswith(PREFIX) or len(text) > MAX_REQUEST:
            raise ValueError("not a request")
        raw = base64.b64decode(text.removeprefix(PREFIX) + "===", altchars=b"-_")
        organisation, writer, signature = cbor.decode(raw, "This line")
        if not all(isinstance(part, bytes) for part in (organisation, writer, signature)):
            raise ValueError("not keys")
    except (binascii.Error, ValueError, TypeError, Refused) as error:
        raise Refused(_DAMAGED, hint=_COPY_IT) from error
    signing.verify(signing.DEVICE, writer, organisation, signature)
    return Request(organisation, writer, signature)


def phrase(writer: WriterId) -> str:
    """What both computers show of that key, to compare: 16 digits in groups."""
    digits = signing.sha256(signing.DEVICE + writer).hex()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def add(site: Site, db: sqlite3.Connection, signer: Signer, text: str, now: int) -> WriterId:
    """Vouch for another computer of our organisation. Raises: Refused, WrongUsage, CopError."""
    asked = read_request(text)
    if asked.organisation != identity.own_organisation(db):
        raise WrongUsage(
            "This line is from another organisation.", hint="Partners are accepted with: cop join INVITATION"
        )
    if not keys.has(site.keys, asked.organisation):
        raise CopError(
            "The key of your organisation is not on this computer.",
            hint="Run this on the computer where cop init was run.",
        )
    if asked.writer not in trust.certified(log.statements(db)):
        certificate = trust.certificate(keys.load(site.keys, asked.organisation), asked.writer)
        extra = {**certificate, "consent": asked.consent}
        log.write(db, signer, "writer", [], claimed_time=now, extra=extra)
    return asked.writer


def devices(db: sqlite3.Connection) -> list[Device]:
    """Our organisation's installations, this one first."""
    organisation, here = identity.own_organisation(db), log.own_writer(db)
    owners = trust.certified(log.statements(db)) | {here: organisation}
    rows = db.execute("SELECT writer, count(*), max(claimed_time) FROM log_entry GROUP BY writer").fetchall()
    told = {row[0]: (row[1], row[2]) for row in rows}
    found = [Device(w, w == here, *told.get(w, (0, 0))) for w, owner in owners.items() if owner == organisation]
    return sorted(found, key=lambda one: (not one.here, -one.last_claimed, one.writer))
