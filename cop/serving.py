"""Where `cop serve` shows a site just now, for the other commands on this computer.

The address stands in a file, and a lock beside it is held as long as the site is served. A file that was left behind, or
came along with a copied folder, so misleads nobody: the lock ends with the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cop import files
from cop.config import Site

FILE = "serving"
_LOCK_SECONDS = 1  # somebody may be looking just now


@contextmanager
def told(site: Site, address: str) -> Iterator[None]:
    """Let others know where the site is served, until this ends. The first of several that serve it is known."""
    lock, path = _lock(site), _path(site)
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
        files.replace(path, address.encode())
    except (Timeout, OSError, NotImplementedError):  # the site works all the same
        pass
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            lock.release()


def address(site: Site) -> str:
    """Where the site is served on this computer, such as http://127.0.0.1:8001; "" if it is not, or nobody knows."""
    lock = _lock(site)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with suppress(OSError, UnicodeDecodeError):
            return _path(site).read_text("utf-8")
        return ""
    except (OSError, NotImplementedError):
        return ""
    lock.release()
    return ""


def _path(site: Site) -> Path:
    return site.store_db.with_name(FILE)


def _lock(site: Site) -> FileLock:
    return FileLock(site.store_db.with_name(f"{FILE}.lock"))
