"""The first page of the desk: what waits for somebody, and where to go from here."""

from dataclasses import dataclass
from typing import ClassVar

from cop.web import boxes
from cop.web.at_desk import Visit
from cop.web.boxes import Waits
from cop.web.language import _, ngettext


@dataclass(frozen=True)
class StartPage:
    """What the template of /desk shows."""

    heading: str
    lead: str
    waiting: tuple[Waits, ...]
    work: tuple[Waits, ...]
    together: tuple[Waits, ...]
    can_act: bool
    template: ClassVar[str] = "cop_desk.html"


def start(visit: Visit) -> StartPage:
    """/desk."""
    waiting = boxes.counted(boxes.WAITING, visit.served, visit.db, visit.now)
    count = sum(one.count or 0 for one in waiting)
    return StartPage(
        heading=_("The desk"),
        lead=ngettext("%(num)s thing waits for somebody.", "%(num)s things wait for somebody.", count)
        if count
        else _("Nothing waits."),
        waiting=waiting,
        work=boxes.counted(boxes.WORK, visit.served, visit.db, visit.now),
        together=boxes.counted(boxes.TOGETHER, visit.served, visit.db, visit.now),
        can_act=visit.session is not None,
    )
