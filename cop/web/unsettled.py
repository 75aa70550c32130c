"""The desk's pages on differences: which there are, and one record with its answers side by side, to be settled.

Nobody's answer is chosen beforehand. The form brings along what its writer saw; if that has changed, nothing is settled,
what they typed stays, and they see what it says now.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cop import checkout, identity, settling, stale
from cop.differences import Difference, Differing
from cop.errors import ChangedMeanwhile, CopError
from cop.fields import TYPES
from cop.model import PUBLIC, PayloadHash
from cop.publish import title_of
from cop.settling import Answer, Both, Fits, Take, Write
from cop.shared_words import Unfit
from cop.web import answers, at_desk, form_reading, labels, posting
from cop.web.answers import BOTH, OPEN, WRITE, ToSettle
from cop.web.at_desk import See, Visit
from cop.web.language import N_, _, apart, lookup, ngettext
from cop.web.links import history_address, record_address
from cop.web.posting import Form
from cop.web.words import listed

MOST = 200  # records that the list names
TARGET = "/desk/conflicts"
FITS = "fits"  # what a button says of itself
TWO_ANSWERS = N_(
    "It is saved. Somebody else changed the same thing meanwhile, so there are two answers now. Both are kept."
)
_DONE = {"1": N_("What you chose is settled. The rest is still open."), "two": TWO_ANSWERS}


@dataclass(frozen=True)
class Unsettled:
    """A record with differences, in the list."""

    title: str
    target: str
    fields: str
    note: str


@dataclass(frozen=True)
class ListPage:
    """What the template of /desk/conflicts shows."""

    heading: str
    lead: str
    done: str  # what was just settled
    done_target: str
    records: tuple[Unsettled, ...]
    more: int
    joined: tuple[Unsettled, ...]  # of which all answers agree, but a machine put them together
    template: ClassVar[str] = "cop_desk_conflicts.html"


@dataclass(frozen=True)
class ConflictPage:
    """What the template of one record shows."""

    heading: str
    title: str
    lang: str
    target: str  # its page, "" if readers do not see it
    history: str
    fields: tuple[ToSettle, ...]
    record_id: str
    joined: tuple[tuple[str, str], ...]  # label and text of what was merged by machine
    joined_field: str  # one of them, for a command
    heads: str
    why: str
    took_part: str
    person: str
    problems: tuple[tuple[str, str, str], ...]  # id of the field in the page, its label, what is wrong
    changed: bool  # somebody changed it while the page was open
    typed: tuple[tuple[str, str], ...]  # what was typed and has no place in the page any more
    done: str
    can_act: bool
    status: int = 200
    template: ClassVar[str] = "cop_desk_conflict.html"


# -- /desk/conflicts


def unsettled(visit: Visit) -> ListPage:
    """Every record with a difference."""
    rows = visit.db.execute(f"{_UNSETTLED.format('conflicts')} WHERE conflicts <> '[]' {_BY_TITLE}").fetchall()
    joined = visit.db.execute(f"{_UNSETTLED.format('checks')} WHERE checks <> '[]' {_BY_TITLE}").fetchmany(MOST)
    title, target = _just_settled(visit)
    return ListPage(
        heading=_("Differences to settle"),
        lead=ngettext(
            "%(num)s entry has more than one answer.", "%(num)s entries have more than one answer.", len(rows)
        )
        if rows
        else _("There are none: all answers agree."),
        done=_("“%(title)s” is settled.", title=apart(title)) if title else "",
        done_target=target,
        records=tuple(_listed(row) for row in rows[:MOST]),
        more=max(0, len(rows) - MOST),
        joined=tuple(_listed(row) for row in joined),
    )


_UNSETTLED = "SELECT record_id, type, slug, title, state, {} AS names FROM view_record"
_BY_TITLE = "ORDER BY title COLLATE NOCASE, record_id"


def _listed(row: sqlite3.Row) -> Unsettled:
    names = [labels.field_label(TYPES.get(row["type"]), name) for name in json.loads(row["names"])]
    note = "" if row["state"] == "" else _("Readers do not see it.")
    return Unsettled(row["title"] or _("Without a title"), f"{TARGET}/{row['record_id']}", listed(names), note)


def _just_settled(visit: Visit) -> tuple[str, str]:
    sql = "SELECT title, type, slug, state FROM view_record WHERE record_id = ?"
    row = visit.db.execute(sql, [visit.args.get("done", "")]).fetchone()
    if row is None:
        return "", ""
    return row["title"] or _("Without a title"), history_address(row["type"], row["slug"]) if row["state"] == "" else ""


# -- /desk/conflicts/<record id>


def conflict(visit: Visit) -> ConflictPage | None:
    """One record with its answers side by side."""
    return _page(visit, Form())


def settle(visit: Visit) -> at_desk.Answer:
    """Settle what was chosen."""
    known, form = settling.of_record(visit.db, visit.parts["record"]), visit.form
    if known is None:
        return None
    chosen, problems = _chosen(known, form, visit.served.site.config.timezone)
    seen = frozenset(bytes.fromhex(one) for one in form.text("heads").split() if _is_hash(one))
    if seen != frozenset(known.view.heads):
        return _page(visit, form, changed=True)
    if problems or not chosen:
        return _page(visit, form, problems)
    try:
        _save(visit, chosen, seen)
    except ChangedMeanwhile:
        return _page(visit, form, changed=True)
    except Unfit as error:
        return _page(visit, form, {one.name: at_desk.told_problem(one) for one in error.problems})
    except CopError as error:
        return _page(visit, form, {"": at_desk.told(error)})
    left = settling.of_record(visit.db, visit.parts["record"])
    if left and left.fields:
        return See(f"{TARGET}/{visit.parts['record']}", {"done": "1"})
    return See(TARGET, {"done": visit.parts["record"]})


def _save(visit: Visit, chosen: Mapping[str, Answer], seen: frozenset[PayloadHash]) -> None:
    site, form = visit.served.site, visit.form
    signer = identity.ensure(site, visit.db, visit.now)
    told = {"why": form.text("why"), "took_part": form.text("took_part"), "person": visit.person}
    settling.settle(site, visit.db, signer, visit.parts["record"], chosen, now=visit.now, seen=seen, **told)
    checkout.check_out(site, visit.db, [visit.parts["record"]])


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _chosen(known: Differing, form: Form, zone: str) -> tuple[dict[str, Answer], dict[str, str]]:
    """What was chosen, by field; and what is wrong with it."""
    if form.text(posting.DO) == FITS:
        return {name: Fits() for name in known.joined}, {}
    found: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    for name, difference in known.fields.items():
        chosen = form.text(f"answer-{name}") or OPEN
        filled = _written(known, difference, form, zone)
        if chosen == WRITE and filled and name in filled.problems:
            problems[name] = filled.problems[name]
        elif chosen == WRITE and filled:
            found[name] = Write(filled.fields.get(name))
        elif chosen == OPEN and filled and name in filled.touched:
            problems[name] = _("You wrote something. Choose “another answer” to use it, or one of the answers above.")
        elif chosen not in (OPEN, WRITE):
            found[name] = Both() if chosen == BOTH else Take(chosen)
    return found, problems


def _written(known: Differing, difference: Difference, form: Form, zone: str) -> form_reading.Filled | None:
    """The other answer as it was typed; None for what cannot be typed."""
    record_type = TYPES.get(known.view.type)
    if record_type is None or record_type.field(difference.field) is None:
        return None
    today = stale.today() if difference.audience == PUBLIC else None
    names = [difference.field]
    return form_reading.read(record_type, form, known.view.fields, names=names, zone=zone, today=today)


def _page(
    visit: Visit, form: Form, problems: Mapping[str, str] | None = None, *, changed: bool = False
) -> ConflictPage | None:
    record_id = visit.parts["record"]
    known = settling.of_record(visit.db, record_id)
    row = visit.db.execute("SELECT type, slug, state FROM view_record WHERE record_id = ?", [record_id]).fetchone()
    if known is None or row is None:
        return None
    problems = problems or {}
    title = title_of(known.view.fields) or _("Without a title")
    who = answers.who(visit.db)
    fields = tuple(
        answers.to_settle(known, one, form, who, problems.get(one.field, "")) for one in known.fields.values()
    )
    said = {"why", "person", "took_part"}
    shown_problems = tuple(
        (_anchor(fields, name), _name_of(known, name), text) for name, text in problems.items() if text
    )
    nothing = bool(form.pairs) and not problems and not changed
    if nothing:
        shown_problems = (("answer-1", _("What shall it say?"), _("Choose an answer, then press the button again.")),)
    languages = known.view.fields.get("languages")
    return ConflictPage(
        heading=_heading(known),
        title=title,
        lang=str(languages[0]) if isinstance(languages, list) and languages else "",
        target=record_address(row["type"], row["slug"]) if row["state"] == "" else "",
        history=history_address(row["type"], row["slug"]) if row["state"] == "" else "",
        fields=fields,
        record_id=record_id,
        joined=tuple(_joined(known)),
        joined_field=next(iter(known.joined), ""),
        heads=" ".join(head.hex() for head in known.view.heads),
        why=form.text("why"),
        took_part=form.text("took_part"),
        person=visit.person,
        problems=shown_problems,
        changed=changed,
        typed=tuple(_left_over(known, form, said)) if changed else (),
        done=lookup(_DONE.get(visit.args.get("done", ""), "")),
        can_act=visit.session is not None,
        status=409 if changed else 422 if shown_problems else 200,
    )


def _heading(known: Differing) -> str:
    if known.fields:
        return _("What shall it say?")
    return _("Does it fit together?") if known.joined else _("There is nothing to settle here")


def _joined(known: Differing) -> Iterator[tuple[str, str]]:
    """What was merged by machine, as it stands now."""
    kind = TYPES.get(known.view.type)
    for name, one in known.joined.items():
        yield labels.field_label(kind, name), answers.in_words(known.view.type, name, one.value)


def _left_over(known: Differing, form: Form, said: set[str]) -> Iterator[tuple[str, str]]:
    """What was typed for fields that are settled by now; and what was told, if nothing is left to tell it of."""
    for name, text in form.pairs:
        is_told = name in said and not known.fields
        was_field = form.has(f"answer-{name}") and name not in known.fields
        if text.strip() and (is_told or was_field):
            yield _name_of(known, name), text


def _anchor(fields: Sequence[ToSettle], name: str) -> str:
    at = next((at for at, one in enumerate(fields, 1) if one.name == name), 0)
    return f"answer-{at}" if at else name or "settle"


def _name_of(known: Differing, name: str) -> str:
    named = {
        "why": _("Why this?"),
        "took_part": _("Who took part?"),
        "person": _("Your name"),
        "": _("It was not settled"),
    }
    return named.get(name) or labels.field_label(TYPES.get(known.view.type), name)
