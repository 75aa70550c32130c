"""The desk's pages on what waits to be looked at, and on one record: its newest text beside the one that counts, to stand behind.

The form brings along which text its writer saw. If that has changed, nothing is said.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cop import agreement, identity, looking, patch, terms
from cop.errors import ChangedMeanwhile, CopError
from cop.fields import AGREEMENT, BY_COMMAND, TYPES
from cop.looking import ToRead, Waiting
from cop.model import Value
from cop.terms import Need
from cop.web import at_desk, exchanging, history, labels
from cop.web.agreement import rule_in_words
from cop.web.at_desk import See, Visit
from cop.web.history import Change
from cop.web.language import N_, _, apart, lookup, ngettext
from cop.web.links import record_address
from cop.web.marking import SAME
from cop.web.words import listed, spaced

TARGET = "/desk/endorse"
MOST = 100  # records that the list names
_DONE = {
    "said": N_("Your organisation now stands behind this text. Partners get to know it with the next exchange."),
    "back": N_("Your organisation no longer stands behind any text of it."),
}


@dataclass(frozen=True)
class Line:
    """A record in the list."""

    title: str
    target: str
    kind: str
    told: str  # what readers see, who looked, and who is still needed


@dataclass(frozen=True)
class ListPage:
    """What the template of /desk/endorse shows."""

    heading: str
    lead: str
    rules: tuple[str, ...]  # what the agreement asks for
    lines: tuple[Line, ...]
    more: int
    template: ClassVar[str] = "cop_desk_endorse.html"


@dataclass(frozen=True)
class ReadPage:
    """What the template of one record shows."""

    heading: str
    title: str
    lang: str
    target: str  # its page, "" if readers do not see it
    told: str
    done: str
    changed: bool  # somebody changed it while the page was open
    problem: str
    is_new: bool  # no text of it counts yet: all of it is to be read
    changes: tuple[Change, ...]
    heads: str  # of the text that is shown
    why_not: str  # why nobody can stand behind it now
    by_us: bool
    is_agreement: bool
    why: str
    name: str  # for a command
    status: int = 200
    template: ClassVar[str] = "cop_desk_endorse_one.html"


# -- /desk/endorse


def to_look_at(visit: Visit) -> ListPage:
    """Everything that waits; the agreement first."""
    found = looking.waiting(visit.served.site, visit.db)
    in_force = agreement.told(visit.db, looking.origin_of(visit.served.site, visit.db)).in_force
    return ListPage(
        heading=_("What waits to be looked at"),
        lead=ngettext(
            "%(num)s entry waits until enough organisations have looked at it.",
            "%(num)s entries wait until enough organisations have looked at them.",
            len(found),
        )
        if found
        else _("Nothing waits."),
        rules=tuple(dict.fromkeys(rule_in_words(one.terms) for one in in_force)) or (rule_in_words(terms.Terms()),),
        lines=tuple(
            Line(one.title, f"{TARGET}/{one.record_id}", labels.type_label(one.type), _told(one))
            for one in found[:MOST]
        ),
        more=max(0, len(found) - MOST),
    )


def _told(one: Waiting) -> str:
    return spaced(*_sentences(one))


def _sentences(one: Waiting) -> Iterator[str]:
    if one.type == AGREEMENT:
        yield _("An earlier version is in force.") if one.is_shown else _("It is not in force yet.")
    else:
        yield _("Readers see an earlier text.") if one.is_shown else _("Readers do not see it yet.")
    if one.unsettled:
        yield _("It has more than one answer to something. Settle that first.")
    if one.looked_at:
        yield _("Looked at by %(who)s.", who=listed([apart(name) for name in one.looked_at]))
    if one.needs:
        yield _("Still needed: %(who)s.", who=listed([_need(need) for need in one.needs]))


def _need(need: Need) -> str:
    if need.name:
        return apart(need.name)
    if need.kind:
        return _("%(num)s of the kind “%(kind)s”", num=need.count, kind=labels.choice(need.kind))
    return ngettext("%(num)s more organisation", "%(num)s more organisations", need.count)


# -- /desk/endorse/<record id>


def to_read(visit: Visit) -> ReadPage | None:
    """One record, to be read by somebody who may stand behind it."""
    return _page(visit)


def say(visit: Visit) -> at_desk.Answer:
    """Stand behind the text that was shown, or take back what was said."""
    record_id, form, site = visit.parts["record"], visit.form, visit.served.site
    back = form.pressed("look", "back") == "back"
    seen = frozenset(bytes.fromhex(one) for one in form.text("heads").split() if _is_hash(one))
    try:
        signer = identity.ensure(site, visit.db, visit.now)
        told = {"why": form.text("why"), "person": visit.person, "now": visit.now}
        if back:
            looking.take_back(site, visit.db, signer, record_id, **told)  # type: ignore[arg-type]
        else:
            looking.look_at(site, visit.db, signer, [record_id], seen=seen, **told)  # type: ignore[arg-type]
    except ChangedMeanwhile:
        return _page(visit, changed=True)
    except CopError as error:
        return _page(visit, problem=at_desk.told(error))
    return See(f"{TARGET}/{record_id}", {"done": "back" if back else "said"})


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _page(visit: Visit, *, changed: bool = False, problem: str = "") -> ReadPage | None:
    found = looking.to_read(visit.served.site, visit.db, visit.parts["record"])
    if found is None:
        return None
    one, languages = found.waiting, found.newest.fields.get("languages")
    return ReadPage(
        heading=_("Read it, and say whether you stand behind it"),
        title=one.title or _("Without a title"),
        lang=str(languages[0]) if isinstance(languages, list) and languages else "",
        target=_target(visit.db, one),
        told=_told(one) if one.needs or one.unsettled else spaced(*_looked(one)),
        done=lookup(_DONE.get(visit.args.get("done", ""), "")),
        changed=changed,
        problem=problem,
        is_new=found.counts is None,
        changes=tuple(_changes(found)),
        heads=" ".join(head.hex() for head in found.newest.heads),
        why_not=exchanging.told(found.why_not) if found.why_not else "",
        by_us=one.by_us,
        is_agreement=one.type == AGREEMENT,
        why=visit.form.text("why"),
        name=one.record_id,
        status=409 if changed else 422 if problem else 200,
    )


def _looked(one: Waiting) -> Sequence[str]:
    return [_("Looked at by %(who)s.", who=listed([apart(name) for name in one.looked_at]))] if one.looked_at else []


def _target(db: sqlite3.Connection, one: Waiting) -> str:
    row = db.execute("SELECT state FROM view_record WHERE record_id = ?", [one.record_id]).fetchone()
    return record_address(one.type, one.slug) if row and row["state"] == "" else ""


def _changes(found: ToRead) -> Iterator[Change]:
    """The newest text field by field, against the one that counts."""
    old = dict(found.counts.fields) if found.counts else {}
    made = patch.difference(found.newest.type, old, found.newest.fields)
    first = ("title", "summary", "body", *(field.name for field in TYPES[found.newest.type].fields))
    order = {name: at for at, name in reversed(list(enumerate(first)))}
    for name in sorted(set(made.names()) - BY_COMMAND - {"slug"}, key=lambda one: (order.get(one, len(first)), one)):
        was = [old[name]] if name in old and name in made.fields else []
        words: Value = {"added": list(made.added.get(name, ())), "removed": list(made.removed.get(name, ()))}
        change = history.change(found.newest.type, name, was, made.fields.get(name, words))
        yield (
            change if found.counts else replace(change, pieces=tuple(replace(one, kind=SAME) for one in change.pieces))
        )
