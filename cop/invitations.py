"""Invitations: what one organisation hands to another so that they can meet, and the phrase that both compare."""

import base64
import binascii
import sqlite3
from dataclasses import dataclass, replace
from functools import lru_cache

from cop import cbor, read_back, settings, signing
from cop.config import check_organisation
from cop.errors import CopError, Refused
from cop.model import OrganisationId, WriterId
from cop.signing import is_certified

PREFIX = "cop1:"
PHRASE_WORDS = 6  # of 2,048 each: 66 bits
MAX_INVITATION = 2000  # characters


@dataclass(frozen=True)
class Invitation:
    """What one organisation hands to another so that they can find and know each other."""

    organisation: OrganisationId
    name: str
    kind: str
    address: str
    writer: WriterId
    certificate: bytes  # the organisation's signature under its writer

    def text(self) -> str:
        """One line, `cop1:…`."""
        content = [self.organisation, self.name, self.kind, self.address, self.writer, self.certificate]
        return PREFIX + base64.urlsafe_b64encode(cbor.encode(content)).decode().rstrip("=")

    def phrase(self) -> str:
        """Six words that both sides compare, by voice or face to face. Another key or name gives other words."""
        told = cbor.encode([self.organisation, self.name, self.kind])
        number = int.from_bytes(signing.sha256(b"cop/v1/phrase\0" + told), "big")
        words = _words()
        return " ".join(words[number >> (11 * at) & 2047] for at in range(PHRASE_WORDS))


@lru_cache(maxsize=1)
def _words() -> list[str]:
    from mnemonic import Mnemonic  # late: only needed when partners meet

    return list(Mnemonic("english").wordlist)


def parse_invitation(text: str) -> Invitation:
    """Read an invitation that anyone may have made. Raises: Refused."""
    text = "".join(text.split())
    damaged = Refused("This invitation is damaged or not whole.", hint="Copy the whole line that begins with cop1:")
    if not text.startswith(PREFIX) or len(text) > MAX_INVITATION:
        raise damaged
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX) + "===", altchars=b"-_")
    except (binascii.Error, ValueError) as error:
        raise damaged from error
    try:
        content = cbor.decode(raw, "This invitation")
    except Refused as error:
        raise damaged from error
    if not isinstance(content, list) or len(content) < 6:
        raise damaged
    organisation, name, kind, address, writer, certificate = content[:6]
    texts, keys = (name, kind, address), (organisation, writer, certificate)
    if not all(isinstance(t, str) for t in texts) or not all(isinstance(k, bytes) for k in keys):
        raise damaged
    check_organisation(name, kind, "This invitation")
    if not is_certified(organisation, writer, certificate):
        raise Refused("This invitation was changed on its way.", hint="Ask for it again, over another channel.")
    if not _may_be_told(address):
        address = ""
    return Invitation(organisation, name, kind, address, writer, certificate)


def _may_be_told(address: str) -> bool:
    """True for a plain web address: nobody else decides which folders or stores we write to with our rights."""
    plain = address.isprintable() and not set(address) & set("?#@ ")
    return address.startswith(("http://", "https://")) and plain


def own_invitation(db: sqlite3.Connection, name: str, kind: str, address: str) -> Invitation:
    """Our invitation to others."""
    writer, organisation = settings.own_writer(db), settings.read(db, "organisation")
    for entry in read_back.statements(db):
        certificate = entry.extra.get("certificate")
        if entry.extra.get("writer") == writer and isinstance(certificate, bytes) and isinstance(organisation, bytes):
            return Invitation(organisation, name, kind, address, writer, certificate)
    raise CopError("This installation has no certificate of its organisation.", hint="cop verify")


def at_address(invitation: Invitation, address: str) -> Invitation:
    """The invitation of a partner that we reach at another address than it says."""
    return replace(invitation, address=address)
