"""Ways to reach a partner. Each carries messages or files and knows nothing of what they mean."""

import sqlite3

from cop.errors import WrongUsage
from cop.model import WriterId
from cop.partners import owners
from cop.transports.base import FileCarrier
from cop.transports.http import HttpTransport, Proof
from cop.transports.signatures import Lookup

WEB = ("http://", "https://")
STORES = ("s3://", "gs://", "az://")


def open_transport(address: str, proof: Proof | None = None) -> HttpTransport:
    """The carrier of messages for an address. Raises: WrongUsage."""
    if not address:
        raise WrongUsage(
            "No address of this partner is known.",
            hint='cop partner add "NAME" ADDRESS, or a stick: cop bundle create FILE',
        )
    if address.startswith(WEB):
        return HttpTransport(address, proof)
    raise WrongUsage(f"“{address}” is no address of a site.", hint="An address begins with http:// or https://.")


def partly_known(db: sqlite3.Connection) -> Lookup:
    """Finds the one writer of a member, or of a partner that invited us, whose key begins so."""

    def find(start: bytes) -> WriterId | None:
        alike = [writer for writer in owners(db) if writer.startswith(start)]
        return alike[0] if len(alike) == 1 else None

    return find


def holds_files(address: str) -> bool:
    """True if partners meet at this address by leaving files there."""
    return bool(address) and not address.startswith(WEB)


def open_place(address: str) -> FileCarrier:
    """The carrier of files for an address. Raises: NotReachable, CopError."""
    if address.startswith(WEB):
        from cop.transports.static import StaticCarrier

        return StaticCarrier(address)
    if address.startswith(STORES):
        from cop.transports.objects import ObjectCarrier

        return ObjectCarrier(address)
    from cop.transports.folder import FolderCarrier

    return FolderCarrier(address)
