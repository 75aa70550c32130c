"""Which text of a record readers get, and who looked at it. Pure: no database, no clock, no order of arrival.

A vote is for one exact text: what a record says to those who saw certain changes of it and no others. What is enough for a
text to count as published, a `Judge` says. See docs/decisions/endorsing.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cop import cbor, merge, signing, votes
from cop.fields import BY_COMMAND
from cop.merge import History
from cop.model import Members, OrganisationId, PayloadHash, RecordView, Revision, Version
from cop.votes import KIND

MOST_TEXTS = 25  # of one record that are weighed, by how new they are, and again by how many looked at them
MOST_AT_ONCE = 5  # texts that one organisation can stand behind as its newest word: it may have several computers
Seen = frozenset[PayloadHash]  # the changes that a text is made of


@dataclass(frozen=True)
class Text:
    """What a record says to those who saw certain changes of it."""

    seen: Seen
    view: RecordView
    words: bytes  # hash of what it says
    organisations: frozenset[OrganisationId] = frozenset()  # who stand behind it


Judge = Callable[[Text, Sequence[Text]], bool]  # is it enough, given the texts that counted just before?


@dataclass(frozen=True)
class Look:
    """One vote, as it is shown."""

    organisation: OrganisationId
    revision: Revision
    seen: Seen
    of_shown: bool  # of the very text that readers get, not of an earlier one


@dataclass(frozen=True)
class Standing:
    """What has become of a record."""

    view: RecordView | None  # what readers get; None as long as nothing counts as published
    seen: Seen | None = None  # the changes it is made of; None for all
    looks: tuple[Look, ...] = ()
    waits: bool = False  # there is a newer text, or nothing that counts yet
    counted: tuple[Text, ...] = ()  # all texts that count and that no later one took the place of, the shown one first
    newest: Text | None = None  # with who looked at it; None where nobody looked at anything and nothing is asked for
    since: int = 0  # when the votes that this took had reached us, seconds UTC; 0 if it took none


def standing(
    newest: RecordView,
    revisions: Sequence[Revision],
    network: Members,
    judge: Judge | None = None,
    *,
    binding: bool = False,
) -> Standing:
    """What readers get of a record whose public history is given. `newest` is what all of it adds up to.

    Without a judge everything counts as published at once. `binding`: votes cannot be taken back.
    """
    if judge is None and not any(one.kind == KIND for one in revisions):
        return Standing(newest)  # nearly always
    weighing = _Weighing(newest, revisions, network, binding)
    last = weighing.newest_text()
    if judge is None:
        return Standing(newest, None, tuple(weighing.looks(last)), newest=last)
    counted = _last(_counting(weighing.texts(), judge))
    if not counted:
        return Standing(None, frozenset(), tuple(weighing.looks(last)), waits=True, newest=last)
    counted.sort(key=lambda text: (-len(text.organisations), text.words))
    shown = counted[0]
    looks = tuple(weighing.looks(shown))
    return Standing(
        _as_shown(shown, counted[1:], newest, weighing.history),
        shown.seen,
        looks,
        last.words != shown.words or bool(_unsettled(newest)),
        tuple(counted),
        last,
        _since(shown, looks, lambda text: _judged(text, counted, judge)),
    )


def words_of(view: RecordView) -> bytes:
    """A hash of what a text says. What only commands set, such as a link to another record, is no part of it."""
    said = {name: value for name, value in view.fields.items() if name not in BY_COMMAND}
    return signing.sha256(cbor.encode([view.type, said]))


def _unsettled(view: RecordView) -> set[str]:
    return view.conflicts.keys() - BY_COMMAND


class _Weighing:
    """The votes on one record, and the texts they are for."""

    def __init__(
        self,
        newest: RecordView,
        revisions: Sequence[Revision],
        network: Members,
        binding: bool,
    ) -> None:
        self.history = History(one for one in revisions if one.kind != KIND)
        everything = frozenset(one.payload_hash for one in self.history.revisions if one.counts)
        self._newest = Text(everything, newest, words_of(newest))
        self._read: dict[Seen, Text | None] = {everything: None if _unsettled(newest) else self._newest}
        self._links: dict[Seen, Sequence[Revision]] = {}
        self._votes = [(vote, self._seen(vote.heads)) for vote in votes.cast(revisions, network, binding=binding)]
        self._exact: dict[Seen, set[OrganisationId]] = {}
        for vote, seen in self._votes:
            self._exact.setdefault(seen, set()).add(vote.organisation)
        self._alike = self._by_words()

    def _seen(self, heads: Sequence[PayloadHash]) -> Seen:
        known = self.history.up_to(heads)
        seen = frozenset(one.payload_hash for one in known if one.counts)
        self._links.setdefault(seen, known)
        return seen

    def _text(self, seen: Seen) -> Text | None:
        """None where people had not settled what it says: nobody can have agreed to that."""
        if seen not in self._read:
            view = merge.merge(self._links[seen])
            self._read[seen] = Text(seen, view, words_of(view)) if view and not _unsettled(view) else None
        return self._read[seen]

    def _by_words(self) -> dict[bytes, set[OrganisationId]]:
        """Who stands behind a text now, whoever wrote it: two may have written the same without knowing it."""
        found: dict[bytes, set[OrganisationId]] = {}
        room: dict[OrganisationId, int] = {}
        for vote, seen in self._votes:
            room[vote.organisation] = room.get(vote.organisation, MOST_AT_ONCE) - vote.current
            text = self._text(seen) if vote.current and room[vote.organisation] >= 0 else None
            if text:
                found.setdefault(text.words, set()).add(vote.organisation)
        return found

    def newest_text(self) -> Text:
        """What all that was written adds up to, with who stands behind it."""
        behind = frozenset[OrganisationId]() if _unsettled(self._newest.view) else self._behind(self._newest)
        return replace(self._newest, organisations=behind)

    def texts(self) -> list[Text]:
        """Every text that somebody looked at, and the newest; each behind those it was made from."""
        newest = sorted(self._exact, key=lambda seen: (-len(seen), sorted(seen)))
        most = sorted(newest, key=lambda seen: -len(self._exact[seen]))
        chosen = {self._newest.seen, *newest[:MOST_TEXTS], *most[:MOST_TEXTS]}
        found = [text for seen in chosen if (text := self._text(seen))]
        found.sort(key=lambda text: (len(text.seen), sorted(text.seen)))
        return [replace(text, organisations=self._behind(text)) for text in found]

    def _behind(self, text: Text) -> frozenset[OrganisationId]:
        return frozenset(self._exact.get(text.seen, set()) | self._alike.get(text.words, set()))

    def looks(self, shown: Text) -> Iterable[Look]:
        """The votes on the shown text and on what it was made from; nothing is told of later ones."""
        for vote, seen in self._votes:
            exact = seen == shown.seen
            alike = vote.current and vote.organisation in self._alike.get(shown.words, set())
            of_shown = exact or (alike and (text := self._text(seen)) is not None and text.words == shown.words)
            if of_shown or seen < shown.seen:
                yield Look(vote.organisation, vote.revision, seen & shown.seen, of_shown)


def _counting(texts: Iterable[Text], judge: Judge) -> list[Text]:
    """The texts that count, those they were made from first."""
    found: list[Text] = []
    for text in texts:
        if _judged(text, found, judge):
            found.append(text)
    return found


def _judged(text: Text, found: Iterable[Text], judge: Judge) -> bool:
    return judge(text, _last([one for one in found if one.seen < text.seen]))


def _last(texts: Sequence[Text]) -> list[Text]:
    """Those that no other was made from."""
    return [text for text in texts if not any(text.seen < other.seen for other in texts)]


def _since(shown: Text, looks: Iterable[Look], is_enough: Callable[[Text], bool]) -> int:
    """When the last vote had come that it took."""
    there: set[OrganisationId] = set()
    for look in sorted((one for one in looks if one.of_shown), key=lambda one: one.revision.received_time):
        there.add(look.organisation)
        if is_enough(replace(shown, organisations=frozenset(there))):
            return look.revision.received_time
    return 0


def _as_shown(shown: Text, others: Iterable[Text], newest: RecordView, history: History) -> RecordView:
    """The shown text with what commands say of the record; fields in which another text that counts differs have two answers."""
    fields = {name: value for name, value in shown.view.fields.items() if name not in BY_COMMAND}
    fields |= {name: value for name, value in newest.fields.items() if name in BY_COMMAND}
    answers: dict[str, list[Version]] = {}
    for other in (one for one in others if one.words != shown.words):
        for name in sorted({*shown.view.fields, *other.view.fields} - BY_COMMAND):
            if shown.view.fields.get(name) != other.view.fields.get(name):
                answers.setdefault(name, [_answer(name, shown, history)]).append(_answer(name, other, history))
    conflicts = {name: tuple(versions) for name, versions in answers.items()}
    return replace(shown.view, fields=fields, conflicts=conflicts)


def _answer(name: str, text: Text, history: History) -> Version:
    """What a text says in one field, with the change that said so."""
    seen = [one for one in history.revisions if one.payload_hash in text.seen]
    touching = [one for one in seen if one.patch and name in one.patch.names()]
    last = min(history.last(touching or seen), key=lambda one: one.payload_hash)
    return Version(text.view.fields.get(name), last)
