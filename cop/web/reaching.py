"""Where a work can be read, and what people found when they went there: reports side by side, never a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cop.web.links import outside

MOST = 3  # reports at the top of the page; all of them stand among the facts


@dataclass(frozen=True)
class Reaching:
    """The ways to a work."""

    at: str = ""  # its own address
    copy: str = ""  # of a copy
    reports: tuple[str, ...] = ()  # newest first, as they begin with the day


def reaching(fields: Mapping[str, Any]) -> Reaching:
    """The ways to a work, as far as they are known."""
    told = fields.get("link_reports")
    reports = sorted((one for one in told if isinstance(one, str)), reverse=True) if isinstance(told, list) else []
    return Reaching(outside(fields.get("url")), outside(fields.get("copy_url")), tuple(reports[:MOST]))
