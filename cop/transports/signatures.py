"""Who sent an HTTP message: signatures as in RFC 9421 (Ed25519), made and checked with `http-message-signatures`.

A question covers its query, a message its content, an answer its status, its content and the
signature of what it answers, so that no answer fits another question. A request says whom it is for
(`tag`) and is unlike any other (`nonce`). The keys are those of writers.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HTTPSignatureAlgorithm
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from cop import signing
from cop.errors import ForAnother, NotKnown, Refused
from cop.model import OrganisationId, WriterId
from cop.signing import Signer
from cop.transports.answers import IF_IT_STAYS

LABEL = "c"
PURPOSE = b""  # RFC 9421 says itself what is signed: field names and values
SHORT_ID = 8  # characters that name a key the other side knows: its first 6 bytes
LONG_ID = 43  # characters of a whole key
NONCE_BYTES = 6
MAX_NONCE = 64  # characters
NO_PROOF = "What came does not prove who sent it. Nothing of it was stored."
RECEIVER_BYTES = 16  # of an organisation's key, to say that a message is for it
SHORT_RECEIVER_BYTES = 3  # likewise of a question, which brings nothing and gets only what is public
QUESTION = ("@query",)  # only a GET has one, and only a POST has content: neither fits the other
MESSAGE = ("content-digest",)
PIECE = ("@method", "@query", "content-digest")  # of an attachment; the query says of which, and where it belongs
EMPTY_ANSWER = ("@status", '"signature";req')
ANSWER = ("@status", "content-digest", '"signature";req')
Lookup = Callable[[bytes], WriterId | None]  # the writer whose key begins so


@dataclass
class Request:
    """The parts of a request that signatures cover."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sender:
    """Who has proved to have sent a request."""

    writer: WriterId = b""  # b"": nobody did
    nonce: str = ""  # what makes it unlike any other request of this writer


@dataclass
class Response:
    """The parts of an answer that signatures cover."""

    status_code: int
    request: Request
    headers: dict[str, str] = field(default_factory=dict)


class _Ed25519(HTTPSignatureAlgorithm):
    """With PyNaCl, which refuses keys that would accept any signature."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: WriterId | None = None, private_key: Signer | None = None) -> None:
        self._public, self._signer = public_key, private_key

    def sign(self, message: bytes) -> bytes:
        if self._signer is None:
            raise HTTPMessageSignaturesException("no key to sign with")
        return self._signer.sign(PURPOSE, message)

    def verify(self, signature: bytes, message: bytes) -> None:
        signing.verify(PURPOSE, self._public or b"", message, signature)


class _Keys(HTTPSignatureKeyResolver):
    """One signer to sign with, or a lookup to verify with."""

    def __init__(self, signer: Signer | None = None, lookup: Lookup = lambda start: None) -> None:
        self._signer, self._lookup = signer, lookup
        self.is_strange = False  # a signature named a key that the lookup does not find

    def resolve_private_key(self, key_id: str) -> Signer | None:
        return self._signer

    def resolve_public_key(self, key_id: str) -> WriterId | None:
        found = key_of(key_id, self._lookup)
        self.is_strange = found is None
        return found


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Clocks decide nothing: a laptop that wakes up in 1970 must still reach its partners."""


def key_of(key_id: str, lookup: Lookup) -> WriterId | None:
    """The key that a signature names: in full, or the beginning of one that we know."""
    try:
        named = base64.b64decode(key_id + "=" * (-len(key_id) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return named if len(key_id) == LONG_ID else lookup(named) if len(key_id) == SHORT_ID else None


def key_id(writer: WriterId, *, short: bool) -> str:
    """How a signature names a key."""
    return base64.urlsafe_b64encode(writer[:6] if short else writer).decode().rstrip("=")


def _covered(request: Request, body: bytes) -> tuple[str, ...]:
    return PIECE if request.method == "PUT" else MESSAGE if body else QUESTION


def receiver_id(receiver: OrganisationId, *, short: bool) -> str:
    """How a signature says whom a request is for."""
    start = receiver[: SHORT_RECEIVER_BYTES if short else RECEIVER_BYTES]
    return base64.urlsafe_b64encode(start).decode().rstrip("=")


def sign_request(request: Request, signer: Signer, body: bytes, receiver: OrganisationId) -> None:
    """Add the headers that prove who sends this, and to whom. Each call makes another nonce."""
    if body:
        request.headers["Content-Digest"] = digest(body)
    tag, nonce = receiver_id(receiver, short=not body), secrets.token_urlsafe(NONCE_BYTES)
    _sign(request, signer, _covered(request, body), short=not body, nonce=nonce, tag=tag)


def sign_response(response: Response, signer: Signer, body: bytes) -> None:
    """Add the headers that prove who answers, and what."""
    if body:
        response.headers["Content-Digest"] = digest(body)
    asked = "Signature" in {name.title() for name in response.request.headers}
    covered = [name for name in (ANSWER if body else EMPTY_ANSWER) if asked or not name.endswith(";req")]
    _sign(response, signer, covered, short=not body)


def _sign(
    message: Request | Response,
    signer: Signer,
    covered: tuple[str, ...] | list[str],
    *,
    short: bool,
    nonce: str | None = None,
    tag: str | None = None,
) -> None:
    HTTPMessageSigner(signature_algorithm=_Ed25519, key_resolver=_Keys(signer)).sign(
        message,
        key_id=key_id(signer.public, short=short),
        created=datetime.fromtimestamp(0, UTC),
        nonce=nonce,
        label=LABEL,
        tag=tag,
        include_alg=False,
        covered_component_ids=covered,
        use_existing_digest="Content-Digest" in message.headers,
    )


def sender_of(request: Request, body: bytes, lookup: Lookup, receiver: OrganisationId) -> Sender:
    """Who signed a request to us, `receiver`. Raises: ForAnother; Refused if the signature is not true."""
    if not any(name.lower() == "signature" for name in request.headers):
        return Sender()
    told = _verified(request, _covered(request, body), body, lookup)
    if told.get("tag") != receiver_id(receiver, short=not body):
        raise ForAnother("This message was meant for somebody else. Nothing of it was stored.")
    nonce = str(told.get("nonce", ""))
    if not 0 < len(nonce) <= MAX_NONCE:
        raise Refused("This message could be sent again by anybody. Nothing of it was stored.")
    return Sender(key_of(str(told["keyid"]), lookup) or b"", nonce)


def answerer_of(response: Response, body: bytes, lookup: Lookup) -> WriterId:
    """Who signed an answer. Raises: Refused."""
    try:
        told = _verified(response, ANSWER if body else EMPTY_ANSWER, body, lookup)
    except NotKnown as error:
        raise Refused(NO_PROOF, hint=IF_IT_STAYS) from error
    return key_of(str(told["keyid"]), lookup) or b""


def _verified(
    message: Request | Response, covered: tuple[str, ...], body: bytes, lookup: Lookup
) -> Mapping[str, int | str]:
    """What a true signature says of itself. Raises: Refused."""
    told = _header(message.headers, "content-digest")
    if (body or told) and told != digest(body):  # a body that was taken away would read as “nothing new”
        raise Refused("What came is not what was signed. Nothing of it was stored.", hint=IF_IT_STAYS)
    keys = _Keys(lookup=lookup)
    try:
        found = _Verifier(signature_algorithm=_Ed25519, key_resolver=keys).verify(
            message, max_age=None, require_components=covered
        )
    except HTTPMessageSignaturesException as error:
        if keys.is_strange:
            raise NotKnown("We do not know who sent this. Nothing of it was stored.") from error
        raise Refused(NO_PROOF, hint=IF_IT_STAYS) from error
    return found[0].parameters


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def digest(body: bytes) -> str:
    """The value of Content-Digest (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
