"""The desk's pages to change an entry, write a new one, see it first, and withdraw it. `entries` finds one.

The form (`entry_form`) brings along the heads that its writer saw. What is saved is made from these, so two people who
write at once lose nothing: see `cop/editing.py`.
"""

from cop import editing, identity, patch, terms, withdrawal
from cop.editing import Edit, Opened
from cop.errors import CopError
from cop.fields import AGREEMENT, FOLDERS, SHARES, TYPES, RecordType
from cop.model import PUBLIC, PayloadHash
from cop.publish import title_of
from cop.web import at_desk, entry_form, labels
from cop.web.at_desk import Answer, See, Visit
from cop.web.entries import STATES
from cop.web.entry_form import BUTTONS, GO_ON, HEADS, WHY, Again, EditPage
from cop.web.forms import Input, Option
from cop.web.language import N_, _, lookup
from cop.web.links import history_address, record_address
from cop.web.posting import Form
from cop.web.words import listed

WHO_SEES, ID = "who-sees", "id"  # inputs of a new entry that are no fields of a record
_WHO_SEES = (
    N_("Everybody"),
    N_("The partners in our network, not the public"),
    N_("Only our own organisation: a draft"),
)


# -- /desk/new/<kind>


def new_one(visit: Visit) -> Answer:
    """An empty form; of what there is one only, the form of that one."""
    record_type = TYPES.get(visit.parts["kind"])
    if record_type and record_type.name == AGREEMENT and editing.opened(visit.db, terms.RECORD_ID):
        return See(f"/desk/edit/{terms.RECORD_ID}")
    return _new_page(visit, record_type, None) if record_type else None


def take_new(visit: Visit) -> Answer:
    """Save a new entry, or show it first."""
    record_type = TYPES.get(visit.parts["kind"])
    if record_type is None:
        return None
    form = visit.form
    typed_id, share = form.text(ID), form.text(WHO_SEES)
    if not _may_be_new(record_type, typed_id):
        return _new_page(
            visit, record_type, Again(form, {}, _("This form is not whole. Please look at it, and save again."))
        )
    audience = SHARES.index(share) if share in SHARES else PUBLIC
    filled, problems = entry_form.read(visit, record_type, {}, audience)
    edit = Edit(typed_id, record_type.name, entry_form.values(filled), (), audience)
    if form.pressed(*BUTTONS) == GO_ON or problems:
        return _new_page(visit, record_type, Again(form, problems, status=422 if problems else 200))
    return entry_form.take(visit, edit, lambda again: _new_page(visit, record_type, again))


def _new_page(visit: Visit, record_type: RecordType, again: Again | None) -> EditPage:
    label = lookup(record_type.label)
    main, more = entry_form.questions(visit, record_type, {}, again, frozenset())
    made = again.form.text(ID) if again else ""
    chosen = (again.form.text(WHO_SEES) if again else "") or SHARES[0]
    options = tuple(
        Option(share, lookup(words), share == chosen) for share, words in zip(SHARES, _WHO_SEES, strict=True)
    )
    who_sees = Input(WHO_SEES, _("Who may see it?"), "radios", "", "", "", options)
    return EditPage(
        heading=_("Write something new: %(kind)s", kind=label),
        kind=label,
        title="",
        action=f"/desk/new/{record_type.name}",
        hidden=((ID, made if _may_be_new(record_type, made) else _new_id(record_type)),),
        main=main,
        more=more,
        own=(who_sees, entry_form.why_input(again)),
        problems=entry_form.problems_of(main, more, again),
        notice=again.notice if again else "",
        done="",
        beside="",
        settle="",
        unsaved="",
        target="",
        history="",
        state="",
        is_withdrawn=False,
        withdraw="",
        status=again.status if again else 200,
    )


def _new_id(record_type: RecordType) -> str:
    return terms.RECORD_ID if record_type.name == AGREEMENT else patch.new_record_id()


def _may_be_new(record_type: RecordType, record_id: str) -> bool:
    """True for an id that a new record of that kind may have: the agreement has its own."""
    return patch.is_record_id(record_id) and (record_id == terms.RECORD_ID) == (record_type.name == AGREEMENT)


# -- /desk/edit/<record id>


def by_address(visit: Visit) -> Answer:
    """/desk/edit/<folder>/<slug>: lead to the form of the entry at that address."""
    record_type = FOLDERS.get(visit.parts["folder"])
    sql = "SELECT record_id FROM view_record WHERE type = ? AND slug = ? ORDER BY state, record_id LIMIT 1"
    row = visit.db.execute(sql, [record_type.name, visit.parts["slug"]]).fetchone() if record_type else None
    return See(f"/desk/edit/{row['record_id']}") if row else None


def edit(visit: Visit) -> EditPage | None:
    """The form of one entry, as it is now."""
    known = editing.opened(visit.db, visit.parts["record"])
    return _edit_page(visit, known, None) if known and known.view.type in TYPES else None


def take_edit(visit: Visit) -> Answer:
    """Save what was changed, or show it first."""
    form = visit.form
    known = editing.opened(visit.db, visit.parts["record"], _heads(form))
    if known is None or known.view.type not in TYPES:
        return _opened_anew(visit)
    record_type = TYPES[known.view.type]
    share = min(revision.audience for revision in known.revisions if revision.patch)
    filled, problems = entry_form.read(visit, record_type, known.view.fields, share, editing.narrow(known))
    if form.pressed(*BUTTONS) == GO_ON or problems:
        return _edit_page(visit, known, Again(form, problems, status=422 if problems else 200))
    made = Edit(known.record_id, record_type.name, entry_form.values(filled), known.seen)
    return entry_form.take(visit, made, lambda again: _edit_page(visit, known, again))


def _opened_anew(visit: Visit) -> EditPage | None:
    """A form that does not say what its writer saw: what they typed stays, on what it says now."""
    known = editing.opened(visit.db, visit.parts["record"])
    if known is None or known.view.type not in TYPES:
        return None
    notice = _("This form is not whole. Please look at it, and save again.")
    return _edit_page(visit, known, Again(visit.form, {}, notice, 409))


def _heads(form: Form) -> tuple[PayloadHash, ...]:
    words = form.text(HEADS).split()
    return tuple(bytes.fromhex(one) for one in words if len(one) == 64 and set(one) <= set("0123456789abcdef"))


def _edit_page(visit: Visit, known: Opened, again: Again | None) -> EditPage:
    view, site = known.view, visit.served.site
    record_type = TYPES[view.type]
    differing = frozenset(view.conflicts)
    main, more = entry_form.questions(visit, record_type, view.fields, again, differing)
    row = visit.db.execute("SELECT slug, state FROM view_record WHERE record_id = ?", [known.record_id]).fetchone()
    state, slug = (row["state"], row["slug"]) if row else ("", "")
    title = title_of(view.fields) or _("Without a title")
    return EditPage(
        heading=_("Change: %(title)s", title=title),
        kind=lookup(record_type.label),
        title=title,
        action=f"/desk/edit/{known.record_id}",
        hidden=((HEADS, " ".join(head.hex() for head in known.seen)),),
        main=main,
        more=more,
        own=(entry_form.why_input(again),),
        problems=entry_form.problems_of(main, more, again),
        notice=again.notice if again else "",
        done="" if again else _done(visit),
        beside=listed([labels.field_label(record_type, name) for name in sorted(differing)]),
        settle=f"/desk/conflicts/{known.record_id}",
        unsaved=editing.unsaved_file(site, visit.db, known.record_id),
        target=record_address(view.type, slug) if row and state == "" else "",
        history=history_address(view.type, slug) if row and state == "" else "",
        state=lookup(STATES.get(state, "")),
        is_withdrawn=view.fields.get("withdrawn") is not None,
        withdraw=f"/desk/withdraw/{known.record_id}",
        status=again.status if again else 200,
    )


def _done(visit: Visit) -> str:
    return {
        "saved": _("It is saved."),
        "both": _("It is saved. Somebody else changed the same entry meanwhile, and both changes are in it."),
        "same": _("Nothing was saved, because nothing is different."),
        "withdrawn": _("It is withdrawn: readers do not see it any more. Its history stays."),
        "shown": _("Readers see it again."),
    }.get(visit.args.get("done", ""), "")


# -- /desk/withdraw/<record id>


def to_edit(visit: Visit) -> Answer:
    """Nothing stands here; the form does."""
    return See(f"/desk/edit/{visit.parts['record']}")


def withdraw(visit: Visit) -> Answer:
    """Hide an entry, or show it again."""
    record_id, site = visit.parts["record"], visit.served.site
    undo = visit.form.pressed("show", "withdraw") == "show"
    signer = identity.ensure(site, visit.db, visit.now)
    try:
        withdrawal.withdraw(
            site, visit.db, signer, record_id, why=visit.form.text(WHY), undo=undo, now=visit.now, person=visit.person
        )
    except CopError as error:
        known = editing.opened(visit.db, record_id)
        if known is None or known.view.type not in TYPES:
            return None
        return _edit_page(visit, known, Again(visit.form, {}, at_desk.told(error)))
    return See(f"/desk/edit/{record_id}", {"done": "shown" if undo else "withdrawn"})
