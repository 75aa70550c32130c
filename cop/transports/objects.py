"""An object store that partners share: s3://, gs:// or az://, through `obstore` (the extra `cop[objects]`).

Keys and endpoint come from the usual environment variables (AWS_ENDPOINT, AWS_ACCESS_KEY_ID, …), as with other tools.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cop.errors import CopError, NotReachable, NotThere, TooLarge, install

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

ROOT = "cop1"
CONNECT_SECONDS = 5
REQUEST_SECONDS = 25
RETRY_SECONDS = 20  # no new attempt after this: a dead store is told in well under a minute
NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")  # as S3 and Google, and Azure, say it
ALLOW_HTTP = ("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "AZURE_ALLOW_HTTP")  # our own options would undo them
_KEYS = {
    "s3": "They are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "gs": "GOOGLE_SERVICE_ACCOUNT names the file with the key.",
    "az": "They are AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY.",
}
_Result = TypeVar("_Result")


class ObjectCarrier:
    """Objects below one prefix of a bucket."""

    read_only = False
    can_list = True

    def __init__(self, address: str, store: "ObjectStore | None" = None) -> None:
        self.address = address
        self.bytes_in = self.bytes_out = self.requests = 0
        self._store = store if store is not None else _open(address)

    def list(self) -> dict[str, int]:
        """Names below `cop1/` with their sizes. Raises: NotReachable."""
        import obstore

        def all_pages() -> dict[str, int]:
            found: dict[str, int] = {}
            for page in obstore.list(self._store, ROOT):
                self.requests += 1
                found.update({one["path"]: one["size"] for one in page})
            return found

        return self._do(all_pages)

    def read(self, name: str, most: int) -> bytes:
        """One object. Raises: NotThere, NotReachable, TooLarge."""
        import obstore

        def get() -> bytes:
            result = obstore.get(self._store, name)
            found = bytearray(most + 1 if result.meta["size"] > most else 0)
            for part in result.stream() if not found else ():
                found += bytes(part)
                if len(found) > most:  # an announced size may be wrong
                    break
            return bytes(found)

        self.requests += 1
        try:
            data = self._do(get)
        except FileNotFoundError as error:
            raise NotThere(f"{self.address}/{name} is not there.") from error
        if len(data) > most:
            raise TooLarge(f"{self.address}/{name} has more than {most:,} bytes.")
        self.bytes_in += len(data)
        return data

    def write(self, name: str, data: bytes) -> None:
        """Put an object there, whole or not at all. Raises: NotReachable."""
        import obstore

        self.requests += 1
        self._do(lambda: obstore.put(self._store, name, data, use_multipart=False))
        self.bytes_out += len(data)

    def publish(self, name: str, body: bytes | Path, headers: dict[str, str]) -> None:
        """Put an object there for readers' browsers, whole or not at all. Several threads may. Raises: NotReachable."""
        import obstore

        self._do(lambda: obstore.put(self._store, name, body, attributes=headers))

    def holds_anything(self) -> bool:
        """True if there is an object below the prefix. Raises: NotReachable."""
        import obstore

        return self._do(lambda: any(page for page in obstore.list(self._store, chunk_size=1)))

    def delete(self, name: str) -> None:
        """Take an object away. Raises: NotReachable."""
        import obstore

        self.requests += 1
        try:
            self._do(lambda: obstore.delete(self._store, name))
        except FileNotFoundError:  # local stores only
            return

    def _do(self, act: Callable[[], _Result]) -> _Result:
        """Wraps what the library raises, but for a missing object. Raises: NotReachable, FileNotFoundError."""
        from obstore.exceptions import BaseError

        try:
            return act()
        except (BaseError, OSError) as error:
            said = str(error)
            if isinstance(error, FileNotFoundError) and not _lacks_bucket(said):
                raise
            raise _not_reachable(self.address, error, said) from error


def _lacks_bucket(said: str) -> bool:
    return any(word in said for word in NO_BUCKET)


def _not_reachable(address: str, error: Exception, said: str) -> NotReachable:
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    if _lacks_bucket(said):
        return NotReachable(f"{address}: there is no such bucket.", hint="Is the address right?")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or "403 Forbidden" in said:
        return NotReachable(
            f"{address} does not let us in.",
            hint=f"Are the keys set, and right? {_KEYS.get(address[:2], '')}",
        )
    return NotReachable(
        f"{address} cannot be reached ({_reason(error)}). What came and went before is kept.",
        hint="Is the endpoint right (for s3://: AWS_ENDPOINT)? It is safe to run again.",
    )


def _reason(error: Exception) -> str:
    """The end of the first line: before it, the library tells what it did."""
    return (str(error).splitlines() or ["no reason given"])[0].split(" - ")[-1][:200]


def _open(address: str) -> "ObjectStore":
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError as error:
        raise CopError(f"To exchange at {address}, cop needs one more library.", hint=install("obstore")) from error
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
        "allow_http": any(os.environ.get(name, "").lower() in ("true", "1") for name in ALLOW_HTTP),
    }
    retry: RetryConfig = {
        "max_retries": 3,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=2), "base": 2},
    }
    try:
        return from_url(address, client_options=client, retry_config=retry)
    except (BaseError, ValueError) as error:
        raise NotReachable(
            f"{address} cannot be opened ({_reason(error)}).",
            hint="An address looks like s3://bucket/folder. Are the keys set, such as AWS_ACCESS_KEY_ID?",
        ) from error
