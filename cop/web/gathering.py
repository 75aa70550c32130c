"""What a reader looks for first in an event: what is provided, what is paid, what nobody has stated, what changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from cop.asking import is_blank, is_gathering
from cop.fields import PROVIDED
from cop.web import labels
from cop.web.language import _
from cop.web.words import listed

_ACCESS = ("access_provided", "venue_access", "join_methods")
_COSTS = ("cost", "costs_covered", "expenses_and_payment")
_SUPPORT = ("what_to_expect", "leaving_plan", "support_offered", "contact_role")


def offers(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """In a few words each: what is provided, how to join from afar, and that costs are paid."""
    return tuple(_offers(fields))


def _offers(fields: Mapping[str, Any]) -> Iterator[str]:
    provided, ways = fields.get("access_provided"), fields.get("join_methods")
    for one in provided if isinstance(provided, list) else ():
        if one in PROVIDED:
            yield labels.choice(one)
    if isinstance(ways, list) and "phone" in ways:
        yield _("Join by phone")
    if isinstance(ways, list) and "video" in ways:
        yield _("Join by video")
    if not is_blank(fields.get("costs_covered")):
        yield _("Costs are paid")


def unstated(fields: Mapping[str, Any]) -> str:
    """Which kinds of things nobody has stated, as one sentence; "" if something is said about each."""
    if not is_gathering(fields) or fields.get("status") == "cancelled":
        return ""
    things = [(_("access"), _ACCESS), (_("costs"), _COSTS), (_("support"), _SUPPORT)]
    blank = [name for name, members in things if all(is_blank(fields.get(member)) for member in members)]
    return _("Not stated, please ask: %(what)s.", what=listed(blank)) if blank else ""
