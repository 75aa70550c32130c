"""The computers of one organisation: each has a writer of its own, and the organisation vouches for it.

A folder that was copied to another computer brings no key along. That computer makes one, and asks the first, which
holds the organisation's key, to vouch for it. Until then what it saves is kept and shown there only.
"""

import base64
import binascii
import sqlite3
from dataclasses import dataclass
from typing import Any

from cop import cbor, cutoffs, identity, keys, log, read_back, settings, signing, trust, vouching
from cop.config import Site
from cop.database import writing
from cop.errors import CopError, Refused, WrongUsage
from cop.model import EntryId, Members, OrganisationId, WriterId, iso_time
from cop.schema import open_store
from cop.signing import Signer

PREFIX = "copdevice1:"
MAX_REQUEST = 1000  # characters
MIN_START = 6  # characters of a key that people have to type
_DAMAGED = "This line is damaged or not whole."
_COPY_IT = "Copy the whole line that begins with copdevice1:"


@dataclass(frozen=True)
class Device:
    """One installation of our organisation."""

    writer: WriterId
    here: bool  # it is this one
    entries: int
    last_claimed: int  # seconds UTC, of its last entry, by its own clock
    ended: bool = False  # it was lost, or is used no more: what it writes since then does not count
    apart: int = 0  # of these entries, those that came after its end

    def summary(self) -> dict[str, Any]:
        """For `cop device list --json`."""
        return {
            "writer": self.writer.hex(), "here": self.here, "entries": self.entries,
            "last_claimed": iso_time(self.last_claimed), "ended": self.ended, "apart": self.apart,
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
            settings.keep(db, "writer", signer.public)
        return request(signer, identity.own_organisation(db))
    finally:
        db.close()


def request(signer: Signer, organisation: OrganisationId) -> str:
    """The line that asks our first computer to vouch for this one."""
    content = [organisation, signer.public, signer.sign(signing.DEVICE, organisation)]
    return PREFIX + base64.urlsafe_b64encode(cbor.encode(content)).decode().rstrip("=")


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
    if asked.writer not in vouching.certified(read_back.statements(db)):
        certificate = vouching.certificate(keys.load(site.keys, asked.organisation), asked.writer)
        extra = {**certificate, "consent": asked.consent}
        log.write(db, signer, "writer", [], claimed_time=now, extra=extra)
    return asked.writer


def devices(db: sqlite3.Connection) -> list[Device]:
    """Our organisation's installations, this one first."""
    organisation, here = identity.own_organisation(db), settings.own_writer(db)
    network = trust.members(db)
    owners = vouching.certified(read_back.statements(db)) | {here: organisation}
    rows = db.execute("SELECT writer, count(*), max(claimed_time) FROM log_entry GROUP BY writer").fetchall()
    told = {row[0]: (row[1], row[2]) for row in rows}
    found = [
        Device(w, w == here, *told.get(w, (0, 0)), w in network.cutoffs, _behind(db, network, w))
        for w, owner in owners.items()
        if owner == organisation
    ]
    return sorted(found, key=lambda one: (not one.here, one.ended, -one.last_claimed, one.writer))


def _behind(db: sqlite3.Connection, network: Members, writer: WriterId) -> int:
    return len(cutoffs.apart(db, {writer: network.cutoffs.get(writer, frozenset())}))


def find(db: sqlite3.Connection, start: str) -> Device:
    """The one installation of ours whose key begins so. Raises: WrongUsage."""
    if len(start) < MIN_START:
        raise WrongUsage(
            f"“{start}” is too short: write at least {MIN_START} signs of the key.", hint="cop device list"
        )
    alike = [one for one in devices(db) if one.writer.hex().startswith(start.lower())]
    if len(alike) != 1:
        raise WrongUsage(f"“{start}” is the start of no one of your computers’ keys.", hint="cop device list")
    return alike[0]


def end(site: Site, db: sqlite3.Connection, signer: Signer, device: Device, now: int, *, take_in: bool = False) -> None:
    """End a computer of ours that was lost: what it wrote and we hold counts, what comes of it from now on does not.

    `take_in`: it has ended before, and what came of it since then shall count, too. Raises: CopError, WrongUsage.
    """
    if device.here:
        raise WrongUsage("This is the computer you are at.", hint="End it from another one of yours: cop device list")
    if device.ended and not take_in:
        raise WrongUsage("This computer has ended already.", hint="To let count what came of it since: add --take-in")
    organisation = identity.own_organisation(db)
    if not keys.has(site.keys, organisation):
        raise CopError(
            "The key of your organisation is not on this computer, and only with it a computer can be ended.",
            hint="Bring it back from your backup of the keys. Is there none? Ask your partners: cop partner replace",
        )
    last = cutoffs.held(db, [device.writer])[device.writer]
    extra = vouching.end(
        keys.load(site.keys, organisation), signer.public, device.writer, last, _earlier_ends(db, device)
    )
    log.write(db, signer, vouching.WRITER_END, [], claimed_time=now, extra=extra)


def _earlier_ends(db: sqlite3.Connection, device: Device) -> list[EntryId]:
    statements = list(read_back.statements(db))
    return list(vouching.ends(statements, vouching.certified(statements)).get(device.writer, {}))
