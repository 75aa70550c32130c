"""Whether the web addresses in content files still work. The only part of cop that asks websites of others."""

from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Any

from cop import link_mentions, link_outcomes
from cop.config import Site
from cop.errors import NotReachable
from cop.link_outcomes import Answer
from cop.link_visits import Manner, Visitor
from cop.progress import Progress, no_progress

AT_A_TIME = 4


@dataclass(frozen=True)
class CheckedLink:
    """A web address in a content file, and what is known of it. The keys of `--json`; they do not change."""

    address: str
    path: str  # below the site folder
    line: int
    outcome: str  # works, moved, gone, silent, no-name, refused or not-asked
    status: int  # of HTTP, the last that came, 0 if none; of what has moved, the first
    reason: str  # the end of a sentence that begins with the address; "" if it works
    hint: str

    @property
    def waits(self) -> bool:
        """Somebody must look after it."""
        return self.outcome in link_outcomes.WAITING


def check_links(site: Site, manner: Manner, progress: Progress = no_progress) -> tuple[CheckedLink, ...]:
    """Ask each address once, however often it stands there. Raises: NotReachable if there is no internet."""
    mentions = list(link_mentions.of_folder(site.content))
    trails = visit_all({_page(one.address) for one in mentions}, Visitor(manner), progress)
    checked = [(one, link_outcomes.judge(one.address, trails[_page(one.address)])) for one in mentions]
    if link_outcomes.is_offline([outcome for _, outcome in checked]):
        raise NotReachable(
            "None of the web addresses answers, so this computer seems to be without internet.",
            hint="Connect it, then run this again. Without --links, nothing is asked.",
        )
    return tuple(
        CheckedLink(one.address, one.path, one.line, found.name, found.status, found.reason, found.hint)
        for one, found in checked
    )


def visit_all(pages: Collection[str], visitor: Visitor, progress: Progress = no_progress) -> dict[str, list[Answer]]:
    """The answers of each page, by its address."""
    from pebble import ThreadPool  # late, as in workers.py

    pool: Any = ThreadPool(max_workers=AT_A_TIME)
    try:
        coming: dict[Any, str] = {pool.schedule(visitor.visit, args=[page]): page for page in in_turn(pages)}
        trails: dict[str, list[Answer]] = {}
        for future in as_completed(coming):
            trails[coming[future]] = future.result()
            progress(len(trails), len(pages))
        return trails
    finally:
        pool.stop()  # without waiting for those that hang, also when somebody presses Ctrl-C


def in_turn(pages: Iterable[str]) -> list[str]:
    """The first page of each host, then the second of each: else all threads would wait for one host.

    >>> in_turn(["http://a/1", "http://a/2", "http://b/1"])
    ['http://a/1', 'http://b/1', 'http://a/2']
    """
    before: Counter[str] = Counter()
    turns: list[tuple[int, str]] = []
    for page in sorted(pages):
        host = page.split("/")[2]  # good enough to share out work; `link_hosts.Turns` keeps the promise
        turns.append((before[host], page))
        before[host] += 1
    return [page for _, page in sorted(turns)]


def _page(address: str) -> str:
    """What is asked for: an address without what stands behind #."""
    return address.partition("#")[0]
