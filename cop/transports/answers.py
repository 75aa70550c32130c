"""What an answer over HTTP means before anybody reads it: of a cop, whole, or something else on the way."""

import http.client
import re

from cop.errors import NotKnown, Refused
from cop.transports.base import AnswersOtherwise, LineCut, SiteBusy

CONTENT_TYPE = "application/x-cop"
AGAIN = "Nothing was lost. Safe to run again."
_WHOLE = re.compile(r"\w+=:[^:]{88}:")  # a signature of Ed25519 in a header (RFC 8941 section 3.3.5)
NOT_KNOWN = (
    "Is this a new computer of yours? Then say cop sync on your first one, and here again. Else ask them: they may have"
    " left the network, or ended with you."
)
IF_IT_STAYS = "Run it again. If it stays, tell your partner: something on the way may change what you send each other."


def check(address: str, response: http.client.HTTPResponse, answer: bytes, *, must_be_signed: bool) -> None:
    """Let an answer of a cop pass. Raises: LineCut, SiteBusy, AnswersOtherwise, Refused."""
    if response.status == http.HTTPStatus.NO_CONTENT and not answer:
        _check_empty(address, response, must_be_signed=must_be_signed)
        return
    ours = (response.getheader("Content-Type") or "").startswith(CONTENT_TYPE)
    if _is_cut(response, answer, ours=ours):
        raise LineCut(f"The line to {address} was cut.", hint=AGAIN)
    if ours:
        _check_status(address, response.status, answer)
    if not ours or response.status != http.HTTPStatus.OK:
        raise _otherwise(address, response)


def _check_empty(address: str, response: http.client.HTTPResponse, *, must_be_signed: bool) -> None:
    """It says that nothing is new, so a partner signs it. That of a guest network has no signature at all."""
    told, signature = response.getheader("Signature-Input", ""), response.getheader("Signature", "")
    if not must_be_signed or (told and _WHOLE.fullmatch(signature)):
        return
    raise LineCut(f"The line to {address} was cut.", hint=AGAIN) if told or signature else _otherwise(address, response)


def _is_cut(response: http.client.HTTPResponse, answer: bytes, *, ours: bool) -> bool:
    """True for a line that was cut, within the headers too: whoever sends no content says so in a header.

    Chunks (RFC 9112 section 7.1) tell their end themselves.
    """
    announced, chunked = response.getheader("Content-Length"), response.getheader("Transfer-Encoding") == "chunked"
    if ours:
        return not chunked and announced != str(len(answer))
    return response.status == http.HTTPStatus.OK and not (answer or announced or chunked)


def _check_status(address: str, status: int, answer: bytes) -> None:
    if status == http.HTTPStatus.BAD_REQUEST:
        said = "".join(c for c in answer.decode("utf-8", "replace")[:300] if c.isprintable())
        raise Refused(f"{address} refused our message: {said}", hint=IF_IT_STAYS)
    if status == http.HTTPStatus.FORBIDDEN:
        raise NotKnown(f"{address} does not know this computer. Nothing was exchanged.", hint=NOT_KNOWN)
    if status == http.HTTPStatus.MISDIRECTED_REQUEST:
        raise Refused(
            f"{address} answers as another organisation than the one we want to reach. Nothing was stored.",
            hint="Ask your partner for a new invitation, then: cop join INVITATION",
        )
    if status == http.HTTPStatus.CONFLICT:  # something on the way sent it twice
        raise LineCut(f"{address} was sent the same message twice.", hint=AGAIN)
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        raise SiteBusy(f"{address} is busy.", hint=AGAIN)


def _otherwise(address: str, response: http.client.HTTPResponse) -> AnswersOtherwise:
    return AnswersOtherwise(
        f"{address} answers, but not as cop does (status {response.status}).",
        hint="Is the address right? On a guest network, log in with a browser first. Then run it again.",
    )
