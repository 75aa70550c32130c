"""An object store that partners share: s3://, gs:// or az://, through `obstore` (the extra `cop[objects]`).

Keys and endpoint come from the usual environment variables (AWS_ENDPOINT, AWS_ACCESS_KEY_ID, …), as with other tools.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from cop.errors import CopError, NotReachable, NotThere, TooLarge

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

ROOT = "cop1"
CONNECT_SECONDS = 5
REQUEST_SECONDS = 25
RETRY_SECONDS = 20  # no new attempt after this: a dead store is told in well under a minute
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
            size = result.meta["size"]
            return _up_to(result.stream(), most) if size <= most else bytes(most + 1)

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

    def delete(self, name: str) -> None:
        """Take an object away. Raises: NotReachable."""
        import obstore

        self.requests += 1
        try:
            self._do(lambda: obstore.delete(self._store, name))
        except FileNotFoundError:  # local stores only
            return

    def _do(self, act: "Callable[[], _Result]") -> "_Result":
        """Wraps what the library raises, but for a missing object. Raises: NotReachable, FileNotFoundError."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            return act()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise NotReachable(f"{self.address}: there is no such bucket.", hint="Is the address right?") from error
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise NotReachable(
                f"{self.address} does not let us in.",
                hint="Are the keys set? For s3://: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            ) from error
        except (BaseError, OSError) as error:
            raise NotReachable(
                f"{self.address} cannot be reached ({_first_line(error)}). What came and went before is kept.",
                hint="Is the endpoint right (for s3://: AWS_ENDPOINT)? It is safe to run again.",
            ) from error


def _up_to(parts: "object", most: int) -> bytes:
    """All parts, or a little more than `most` bytes of them: an announced size may be wrong."""
    found, size = [], 0
    for part in parts:  # type: ignore[attr-defined]
        found.append(bytes(part))
        size += len(found[-1])
        if size > most:
            break
    return b"".join(found)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:200]


def _open(address: str) -> "ObjectStore":
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError as error:
        raise CopError(
            f"To exchange at {address}, cop needs one more library.", hint='pip install "cop[objects]"'
        ) from error
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
        "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1"),  # else our options would undo it
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
            f"{address} cannot be opened ({_first_line(error)}).",
            hint="An address looks like s3://bucket/folder. Are the keys set, such as AWS_ACCESS_KEY_ID?",
        ) from error
