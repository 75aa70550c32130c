"""Exchanging over HTTP with a running `cop serve`: one POST a turn."""

import time

import requests

from cop.errors import NotReachable, Refused, WrongUsage
from cop.wire import MAX_BODY_BYTES

PATH = "/-/cop/sync"
INVITATION_PATH = "/-/cop/invitation"
CONTENT_TYPE = "application/x-cop"
CONNECT_SECONDS = 10
SILENCE_SECONDS = 60  # without a byte from the partner
DEADLINE_SECONDS = 300  # for one turn
_AGAIN = "Nothing was lost. Safe to run again."


class HttpTransport:
    """A partner at an http(s) address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.bytes_in = self.bytes_out = self.requests = 0
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy or password file decides where our partners' changes go

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer. Raises: NotReachable, Refused."""
        return self._ask("POST", PATH, message)

    def invitation(self) -> str:
        """The invitation that the site at this address hands out. Raises: NotReachable."""
        return self._ask("GET", INVITATION_PATH, b"").decode("ascii", "replace")

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        self.requests += 1
        self.bytes_out += len(body)
        try:
            with self._session.request(
                method,
                self.address + path,
                data=body or None,
                headers={"Content-Type": CONTENT_TYPE, "Accept-Encoding": "identity"},
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = self._read(response)
                self._check(response, answer)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise WrongUsage(
                f"“{self.address}” is no address of a site.", hint='cop partner add "NAME" http://…'
            ) from error
        except (requests.exceptions.ConnectTimeout, requests.ConnectionError) as error:
            happened = "stopped answering" if self.bytes_in else "cannot be reached"
            raise NotReachable(f"{self.address} {happened}.", hint=_AGAIN) from error
        except requests.RequestException as error:
            raise NotReachable(f"{self.address} did not answer to the end.", hint=_AGAIN) from error
        return answer

    def _read(self, response: requests.Response) -> bytes:
        """The whole answer, within a size and a time."""
        deadline, parts, size = time.monotonic() + DEADLINE_SECONDS, [], 0
        for part in response.iter_content(65536):
            size += len(part)
            self.bytes_in += len(part)
            if size > MAX_BODY_BYTES:
                raise Refused(f"{self.address} sends more than {MAX_BODY_BYTES:,} bytes at a time.")
            if time.monotonic() > deadline:
                raise NotReachable(f"{self.address} is too slow.", hint=_AGAIN)
            parts.append(part)
        return b"".join(parts)

    def _check(self, response: requests.Response, answer: bytes) -> None:
        ours = response.headers.get("Content-Type", "").startswith(CONTENT_TYPE)
        if ours and not _is_whole(response, answer):
            raise NotReachable(f"The line to {self.address} was cut.", hint=_AGAIN)
        if ours and response.status_code == 400:
            raise Refused(f"{self.address} refused our message: {answer.decode('utf-8', 'replace')[:300]}")
        if not ours or response.status_code != 200:
            raise NotReachable(
                f"{self.address} answers, but not as cop does (status {response.status_code}).",
                hint="Is the address right? On a guest network, log in with a browser first. Then run it again.",
            )


def _is_whole(response: requests.Response, answer: bytes) -> bool:
    """False for a line that was cut, within the headers too. Chunks (RFC 9112 section 7.1) tell their end themselves."""
    announced = response.headers.get("Content-Length", "")
    return response.headers.get("Transfer-Encoding") == "chunked" or announced == str(len(answer))
