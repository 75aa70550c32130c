"""Ed25519 signatures (RFC 8032). What is signed starts with its purpose, so that no signature fits twice."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from cop.errors import BadSignature

ENTRY = b"cop/v1/entry\0"
CERTIFICATE = b"cop/v1/writer\0"
POINTS = b"cop/v1/points\0"
DEVICE = b"cop/v1/device\0"
END = b"cop/v1/writer-end\0"


@dataclass(frozen=True)
class Signer:
    """A private key that can sign; `public` is what others know it by."""

    seed: bytes  # 32 bytes, secret
    former: tuple[bytes, ...] = ()  # seeds of keys it had before: what was sealed to them can still be read

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return bytes(SigningKey(self.seed).verify_key)

    def sign(self, purpose: bytes, data: bytes) -> bytes:
        """A signature, 64 bytes."""
        return SigningKey(self.seed).sign(purpose + data).signature

    def __repr__(self) -> str:
        return f"Signer({self.public.hex()[:8]}…)"  # the seed must not reach a log or a traceback


def verify(purpose: bytes, public: bytes, data: bytes, signature: bytes) -> None:
    """Check one signature. Raises: BadSignature."""
    try:
        VerifyKey(public).verify(purpose + data, signature)
    except (BadSignatureError, ValueError, TypeError) as error:
        raise BadSignature("A signature does not match. Nothing of it was stored.") from error


def certify(organisation: Signer, writer: bytes) -> bytes:
    """The organisation's word that this writer is one of its installations."""
    return organisation.sign(CERTIFICATE, writer)


@lru_cache(maxsize=10_000)  # each exchange asks several times
def is_certified(organisation: bytes, writer: bytes, signature: bytes) -> bool:
    """True if the organisation signed for this writer."""
    try:
        verify(CERTIFICATE, organisation, writer, signature)
    except BadSignature:
        return False
    return True


@lru_cache(maxsize=10_000)
def is_ended(organisation: bytes, ends: bytes, signature: bytes) -> bool:
    """True if the organisation signed that one of its writers ends there: see `vouching.end`."""
    try:
        verify(END, organisation, ends, signature)
    except BadSignature:
        return False
    return True


@lru_cache(maxsize=10_000)
def is_asked(organisation: bytes, writer: bytes, signature: bytes) -> bool:
    """True if a writer asked an organisation to sign for it."""
    try:
        verify(DEVICE, writer, organisation, signature)
    except BadSignature:
        return False
    return True


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()
