"""Ways to reach a partner. Each carries messages and knows nothing of what they mean."""

import sqlite3

from cop import trust
from cop.errors import WrongUsage
from cop.model import WriterId
from cop.partners import inviting_writers
from cop.transports.http import HttpTransport, Proof
from cop.transports.signatures import Lookup


def open_transport(address: str, proof: Proof | None = None) -> HttpTransport:
    """The carrier for an address. Raises: WrongUsage."""
    if not address:
        raise WrongUsage(
            "No address of this partner is known.",
            hint='cop partner add "NAME" http://…, or a stick: cop bundle create FILE',
        )
    if address.startswith(("http://", "https://")):
        return HttpTransport(address, proof)
    raise WrongUsage(
        f"“{address}” is no address that cop can reach.",
        hint="An address begins with http:// or https://. For a stick: cop bundle create FILE",
    )


def partly_known(db: sqlite3.Connection) -> Lookup:
    """Finds the one writer of a member, or of a partner that invited us, whose key begins so."""

    def find(start: bytes) -> WriterId | None:
        known = {*trust.members(db).writers, *inviting_writers(db)}
        alike = [writer for writer in known if writer.startswith(start)]
        return alike[0] if len(alike) == 1 else None

    return find
