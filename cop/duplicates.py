"""Which records may be about the same thing: same link, DOI or ISBN, or nearly the same title. Pure; it only proposes.

Never all pairs: records are compared that share an identifier, one of their three rarest words, or a neighbour in the
order of titles.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz, process

from cop import words
from cop.model import RecordId

DOI, ISBN, LINK = "doi", "isbn", "link"
TITLE, NEAR_TITLE, DATE = "title", "near-title", "date"  # DATE: both say when, and the same
STRENGTH = (DOI, ISBN, LINK, TITLE, NEAR_TITLE)  # the surest first
NEAR = 90  # of 100 for two titles that are the same
LEAST_LETTERS = 16  # of a title: two short ones are alike by chance
RAREST = 3  # words of a title that it is looked up by
MANY = 40  # records with one word: then only those with one date
SIDE_BY_SIDE = 4  # neighbours of a title that it is compared with
FEW = 8  # records with one link: then every pair of them, else those next to each other
NEVER = frozenset({"person"})  # two people may share a name: nobody but they can tell
# What happens again and again under one name and link is another thing on another day
_BY_DAY = frozenset({"event", "post", "opportunity"})
_FILLING = frozenset({"a", "an", "and", "the"})
_NUMBERS = frozenset({
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "first", "second", "third", "fourth",
    "fifth", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x",
})  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """What is compared of one record."""

    record_id: RecordId
    type: str
    slug: str
    title: str
    date: str  # year, month, day or time, or ""
    ids: frozenset[tuple[str, str]]  # (DOI, ISBN or LINK, value)
    related: frozenset[str] = frozenset()  # short addresses that it names as another edition, part or form

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The plain words of the title, without those that only join others."""
        found = [one for run in words.RUN.findall(self.title[:300]) for one in words.parts(run)]
        return tuple(one for one in found if one not in _FILLING)

    @cached_property
    def squeezed(self) -> str:
        """The title as one word: "power cube" and "PowerCube" are the same."""
        return "".join(self.words)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """What no two titles of one work differ in: part 1 is not part 2."""
        return tuple(sorted(one for one in self.words if one in _NUMBERS or any(map(str.isdigit, one))))


@dataclass(frozen=True)
class Proposal:
    """Two records that a person may look at."""

    one: Candidate
    other: Candidate
    reasons: tuple[str, ...]  # the surest first

    @property
    def ids(self) -> frozenset[RecordId]:
        """Of the two records."""
        return frozenset((self.one.record_id, self.other.record_id))


def propose(candidates: Iterable[Candidate]) -> list[Proposal]:
    """Pairs that may be the same, the surest first; the same list for the same records in any order."""
    found: dict[tuple[RecordId, RecordId], set[str]] = defaultdict(set)
    known: dict[RecordId, Candidate] = {}
    by_type: dict[str, list[Candidate]] = defaultdict(list)
    for one in sorted(candidates, key=lambda one: one.record_id):
        if one.type not in NEVER:
            by_type[one.type].append(one)
            known[one.record_id] = one
    for same_type in by_type.values():
        for reason, one, other in _alike(same_type):
            if not _ruled_out(one, other, reason):
                found[min(one.record_id, other.record_id), max(one.record_id, other.record_id)].add(reason)
    proposals = [_proposal(known[one], known[other], reasons) for (one, other), reasons in found.items()]
    return sorted(proposals, key=_order)


def _alike(same_type: Sequence[Candidate]) -> Iterator[tuple[str, Candidate, Candidate]]:
    for (kind, _value), group in _grouped(same_type, lambda one: one.ids).items():
        yield from ((kind, one, other) for one, other in _pairs(group))
    for _title, group in _grouped(same_type, lambda one: [one.squeezed] if one.squeezed else []).items():
        yield from ((TITLE, one, other) for one, other in _pairs(group))
    yield from ((NEAR_TITLE, one, other) for one, other in _near(same_type))


def _grouped(
    candidates: Iterable[Candidate], keys: Callable[[Candidate], Iterable[Hashable]]
) -> dict[tuple[str, str], list[Candidate]]:
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        for key in keys(one):
            groups[key].append(one)  # type: ignore[index]
    return {key: group for key, group in groups.items() if len(group) > 1}


def _pairs(group: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    ordered = sorted(group, key=lambda one: (one.date, one.squeezed, one.record_id))
    reach = len(ordered) if len(ordered) <= FEW else 1
    for at, one in enumerate(ordered):
        yield from ((one, other) for other in ordered[at + 1 : at + 1 + reach])


def _near(same_type: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """Titles that differ by a slip or a small word."""
    long = [one for one in same_type if len(one.squeezed) >= LEAST_LETTERS]
    often = Counter(key for one in long for key in _keys(one))
    blocks: dict[str, list[Candidate]] = defaultdict(list)
    for one in long:
        for key in sorted(_keys(one), key=lambda key: (often[key], key))[:RAREST]:
            blocks[key].append(one)
    for block in blocks.values():
        for part in _of_one_date(block) if len(block) > MANY else [block]:
            yield from _compared(part)
    ordered = sorted(long, key=lambda one: (one.squeezed, one.record_id))
    for at in range(len(ordered) - 1):
        yield from _compared(ordered[at : at + 1 + SIDE_BY_SIDE], only_first=True)


def _keys(one: Candidate) -> set[str]:
    return {words.key(word) for word in one.words}


def _of_one_date(block: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """A large block by year; where that is still large, only the neighbours of each title will be compared."""
    years: dict[str, list[Candidate]] = defaultdict(list)
    for one in block:
        years[one.date[:4]].append(one)
    yield from (part for part in years.values() if 1 < len(part) <= MANY)


def _compared(block: Sequence[Candidate], *, only_first: bool = False) -> Iterator[tuple[Candidate, Candidate]]:
    titles = [" ".join(one.words) for one in block]
    for at, title in enumerate(titles[:1] if only_first else titles[:-1]):
        behind = titles[at + 1 :]
        for _title, _score, place in process.extract(title, behind, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None):
            one, other = block[at], block[at + 1 + place]
            if one.squeezed != other.squeezed and one.numbers == other.numbers:
                yield one, other


def _ruled_out(one: Candidate, other: Candidate, reason: str) -> bool:
    """True where people said already how two records stand to each other, or where their dates say it."""
    if one.slug in other.related or other.slug in one.related:
        return True
    by_date = reason in (TITLE, NEAR_TITLE) or one.type in _BY_DAY
    return by_date and not _one_date(one.date, other.date)


def _one_date(one: str, other: str) -> bool:
    """True if two dates may be the same: one says less than the other, or nothing.

    >>> _one_date("2018", "2018-03"), _one_date("2018", ""), _one_date("2018", "2019")
    (True, True, False)
    """
    return one.startswith(other) or other.startswith(one)


def _proposal(one: Candidate, other: Candidate, reasons: Collection[str]) -> Proposal:
    told = [reason for reason in STRENGTH if reason in reasons]
    dated = [DATE] if one.date and other.date and _one_date(one.date, other.date) else []
    first, second = sorted((one, other), key=lambda one: (one.title, one.record_id))
    return Proposal(first, second, (*told, *dated))


def _order(proposal: Proposal) -> tuple[list[int], str, str, str]:
    ranks = [STRENGTH.index(reason) if reason in STRENGTH else len(STRENGTH) for reason in proposal.reasons]
    return ranks, proposal.one.squeezed, proposal.one.record_id, proposal.other.record_id
