"""The collection in pictures: topics, time, and who contributes. Each picture has its table."""

from dataclasses import dataclass
from typing import ClassVar

from cop.web import contributors, timeline, topic_map
from cop.web.asked import Asked
from cop.web.language import _


@dataclass(frozen=True)
class PicturesPage:
    """What the template of the pictures shows."""

    heading: str
    topics: topic_map.TopicMap
    charts: tuple[timeline.Chart, ...]
    works: tuple[timeline.Work, ...]
    contributors: contributors.Contributors
    template: ClassVar[str] = "cop_pictures.html"


def pictures(asked: Asked) -> PicturesPage:
    """/pictures"""
    by_year, by_month = timeline.held(asked.db, asked.today)
    charts = (timeline.made(asked.db, asked.today), by_year, by_month)
    return PicturesPage(
        heading=_("The collection in pictures"),
        topics=topic_map.topic_map(asked.db),
        charts=tuple(chart for chart in charts if chart is not None and (chart.rows or chart.unknown)),
        works=timeline.editions(asked),
        contributors=contributors.contributors(asked.db),
    )
