"""Addresses that partners can be reached at: a site, a folder, an object store."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from cop.errors import WrongUsage

_REMOTE = ("http://", "https://", "s3://", "gs://", "az://")


def check_address(address: str) -> str:
    """An address that partners can be reached at; of a folder its full path. Raises: WrongUsage."""
    wrong = WrongUsage(
        f"“{address}” is no address of a site, a folder or an object store.",
        hint="An address looks like https://example.org, /media/stick/shared or s3://bucket/folder",
    )
    if not address.isprintable():
        raise wrong
    if address.startswith(_REMOTE):
        if " " in address or not address.partition("://")[2].strip("/"):
            raise wrong
        return address.rstrip("/")
    if not is_folder(address):
        raise wrong
    return full_path(address)


def is_folder(address: str) -> bool:
    """True for what names a folder: a path with a slash, or file://…"""
    local = address.startswith("file://") or "://" not in address
    return local and (address in (".", "..") or any(slash in address for slash in "/\\"))


def full_path(address: str) -> str:
    """The whole path that a path or file://… names."""
    from urllib.request import url2pathname  # late: it is slow to start, and most addresses are no files

    path = url2pathname(urlsplit(address).path) if address.startswith("file://") else address
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100 - `resolve` would follow a link that may be gone later
