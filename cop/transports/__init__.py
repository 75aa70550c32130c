"""Ways to reach a partner. Each carries messages and knows nothing of what they mean."""

from cop.errors import WrongUsage
from cop.transports.http import HttpTransport


def open_transport(address: str) -> HttpTransport:
    """The carrier for an address. Raises: WrongUsage."""
    if not address:
        raise WrongUsage(
            "No address of this partner is known.",
            hint='cop partner add "NAME" http://…, or a stick: cop bundle create FILE',
        )
    if address.startswith(("http://", "https://")):
        return HttpTransport(address)
    raise WrongUsage(
        f"“{address}” is no address that cop can reach.",
        hint="An address begins with http:// or https://. For a stick: cop bundle create FILE",
    )
