"""Files on a plain web server, for reading only: a shared folder or a public bucket that somebody puts on the web."""

import time

import requests

from cop.errors import NotReachable, NotThere, Refused, TooLarge

CONNECT_SECONDS = 10
SILENCE_SECONDS = 30
DEADLINE_SECONDS = 300  # for one file
_AGAIN = "Nothing was lost. Safe to run again."


class StaticCarrier:
    """Files below an http(s) address. A web server shows no list that one could rely on; see `place.reading`."""

    read_only = True
    can_list = False

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.bytes_in = self.bytes_out = self.requests = 0
        self._session = requests.Session()
        self._session.trust_env = False  # as in http.py

    def list(self) -> dict[str, int]:
        """Not here. Raises: NotReachable."""
        raise NotReachable(f"{self.address} shows no list of its files.")

    def read(self, name: str, most: int) -> bytes:
        """One file. Raises: NotThere, NotReachable, TooLarge."""
        self.requests += 1
        try:
            with self._session.get(
                f"{self.address}/{name}",
                headers={"Accept-Encoding": "identity"},
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._check(response, name, most)
                return self._content(response, name, most)
        except requests.RequestException as error:
            raise NotReachable(f"{self.address} cannot be reached, or stopped answering.", hint=_AGAIN) from error

    def _check(self, response: requests.Response, name: str, most: int) -> None:
        if response.status_code in (403, 404, 410):  # a public bucket says 403 of what it does not hold
            raise NotThere(f"{self.address}/{name} is not there.")
        if response.status_code != 200:
            raise NotReachable(f"{self.address} answers with status {response.status_code}.", hint=_AGAIN)
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > most:
            raise TooLarge(f"{self.address}/{name} has more than {most:,} bytes.")

    def _content(self, response: requests.Response, name: str, most: int) -> bytes:
        deadline, parts, size = time.monotonic() + DEADLINE_SECONDS, [], 0
        for part in response.iter_content(65536):
            size += len(part)
            self.bytes_in += len(part)
            if size > most:
                raise TooLarge(f"{self.address}/{name} has more than {most:,} bytes.")
            if time.monotonic() > deadline:
                raise NotReachable(f"{self.address} is too slow.", hint=_AGAIN)
            parts.append(part)
        return b"".join(parts)

    def write(self, name: str, data: bytes) -> None:
        """Not here. Raises: Refused."""
        raise Refused(f"{self.address} can only be read.")

    def delete(self, name: str) -> None:
        """Not here. Raises: Refused."""
        raise Refused(f"{self.address} can only be read.")
