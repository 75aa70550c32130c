"""Encryption for chosen receivers, so that what is for partners only can travel over any carrier.

A fresh key seals the content (XSalsa20-Poly1305); that key is sealed to each receiver's Ed25519 key as X25519.
Source: libsodium's `crypto_secretbox`, `crypto_box_seal` and `crypto_sign_ed25519_pk_to_curve25519`.
"""

from collections.abc import Iterable, Iterator
from itertools import product

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox
from nacl.secret import SecretBox
from nacl.signing import SigningKey, VerifyKey
from nacl.utils import random

from cop import cbor
from cop.errors import Refused
from cop.signing import Signer

MAX_KEYS = 10_000  # receivers of one sealed part


def seal(receivers: Iterable[bytes], content: bytes) -> bytes:
    """Content that only the holders of these Ed25519 public keys can open."""
    key = random(SecretBox.KEY_SIZE)
    keys = [box.encrypt(key) for box in _boxes(receivers)]
    return cbor.encode({"keys": keys, "box": bytes(SecretBox(key).encrypt(content))})


def _boxes(receivers: Iterable[bytes]) -> Iterator[SealedBox[PublicKey]]:
    for receiver in receivers:
        try:
            yield SealedBox(VerifyKey(receiver).to_curve25519_public_key())
        except (CryptoError, ValueError, TypeError):  # a partner may vouch for 32 bytes that are nobody's key
            continue


def unseal(signer: Signer, sealed: bytes) -> bytes | None:
    """The content, or None if it was not sealed for us. Raises: Refused if it was, and is damaged."""
    parts = cbor.decode(sealed, "A sealed part")
    if (
        not isinstance(parts, dict)
        or not isinstance(parts.get("keys"), list)
        or not isinstance(parts.get("box"), bytes)
    ):
        raise Refused("A sealed part is damaged and cannot be read.")
    boxes = [SealedBox(SigningKey(seed).to_curve25519_private_key()) for seed in (signer.seed, *signer.former)]
    for own, sealed_key in product(boxes, parts["keys"][:MAX_KEYS]):
        try:
            key = own.decrypt(sealed_key)
        except (CryptoError, ValueError, TypeError):
            continue
        try:
            return SecretBox(key).decrypt(parts["box"])
        except (CryptoError, ValueError, TypeError) as error:
            raise Refused("A part that was sealed for us is damaged.") from error
    return None
