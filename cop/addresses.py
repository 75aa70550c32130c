"""Addresses that partners can be reached at: a site, a folder, an object store."""

import os
from ipaddress import ip_address
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


def only_here(host: str) -> bool:
    """True for the name or number of a host that means this computer, on each computer.

    >>> [only_here(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org", "192.168.1.7")]
    [True, True, True, True, False, False]
    """
    try:
        ip = ip_address(host)
    except ValueError:
        return host == "localhost"
    return ip.is_loopback or ip.is_unspecified


def is_of_this_computer(address: str) -> bool:
    """True for a web address that leads everybody to their own computer."""
    try:
        return address.startswith(("http://", "https://")) and only_here(urlsplit(address).hostname or "")
    except ValueError:
        return False


def is_folder(address: str) -> bool:
    """True for what names a folder: a path with a slash, or file://…"""
    local = address.startswith("file://") or "://" not in address
    return local and (address in (".", "..") or any(slash in address for slash in "/\\"))


def full_path(address: str) -> str:
    """The whole path that a path or file://… names."""
    from urllib.request import url2pathname  # late: it is slow to start, and most addresses are no files

    path = url2pathname(urlsplit(address).path) if address.startswith("file://") else address
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100 - `resolve` would follow a link that may be gone later
