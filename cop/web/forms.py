"""A form for a kind of record, made from the table of fields. `form_reading` goes back, to the fields of a record.

What a form cannot show in full stays as it was. `typed` has the text of each kind of value.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from cop import attachments
from cop.fields import AUDIENCES, BY_COMMAND, Field, RecordType
from cop.languages import OWN_NAMES
from cop.model import Value
from cop.web import form_words, labels, typed
from cop.web.language import _, lookup
from cop.web.posting import Form, plain
from cop.web.words import spaced

MORE = "-more"  # behind the name of a field: the box beside its ticks
SHOWN = "shown"  # the name under which a form brings along what it showed
FEW_TICKS = 60
FEW_RADIOS = 6
FEW_OPEN = 12
LONG_LINE = 40  # characters; a longer text gets a larger box
NOT_SHOWN = BY_COMMAND | {"slug"}
_LONG_TEXTS = frozenset(
    {"summary", "note", "what_changed", "what_went_wrong", "plain_english_summary", "how", "may_upset"}
)
_MODES = {"number": "numeric", "url": "url"}


@dataclass(frozen=True)
class Option:
    """One of several things to choose from."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Input:
    """One question of a form. `_cop_input.html` shows it."""

    name: str
    label: str
    widget: str  # line, area, radios, ticks, select, or kept: shown and not to be changed here
    value: str = ""
    hint: str = ""
    problem: str = ""
    options: tuple[Option, ...] = ()
    rows: int = 3
    mode: str = ""  # what a phone's keyboard should offer
    required: bool = False
    autocomplete: str = "off"
    more_label: str = ""  # of a box beside the ticks, for what is not among them
    more: str = ""  # what was typed into it

    @property
    def few(self) -> tuple[Option, ...]:
        """What stands in the open: of many options those that are chosen."""
        return self.options if len(self.options) <= FEW_OPEN else tuple(one for one in self.options if one.chosen)

    @property
    def rest(self) -> tuple[Option, ...]:
        """What is folded."""
        return tuple(one for one in self.options if one not in self.few)

    @property
    def told_by(self) -> str:
        """Ids of what is said about it, for `aria-describedby`."""
        told = (("hint", self.hint), ("oops", self.problem))
        return " ".join(f"f-{self.name}-{part}" for part, text in told if text)


@dataclass(frozen=True)
class Group:
    """Questions under one heading."""

    heading: str
    inputs: tuple[Input, ...]

    @property
    def has_problem(self) -> bool:
        """True if a question of it must be looked at again."""
        return any(one.problem for one in self.inputs)


Known = Mapping[str, Sequence[tuple[str, str]]]  # by name of a field: values that are known, and what they are called


def groups(record_type: RecordType, inputs: Iterable[Input]) -> tuple[Group, ...]:
    """Inputs under the headings that their page has."""
    found: dict[str, list[Input]] = {}
    for one in inputs:
        field = record_type.field(one.name)
        found.setdefault(field.group if field else "", []).append(one)
    return tuple(Group(lookup(heading) or _("More"), tuple(members)) for heading, members in found.items())


def inputs(
    record_type: RecordType,
    fields: Mapping[str, Value],
    *,
    names: Collection[str] | None = None,
    form: Form | None = None,
    problems: Mapping[str, str] | None = None,
    known: Known | None = None,
    required: Collection[str] = (),
) -> Iterator[Input]:
    """A question for each field, in the order of the table. What was typed into `form` stands before what `fields` say."""
    chosen = [one for one in record_type.fields if one.name not in NOT_SHOWN and (names is None or one.name in names)]
    for field in chosen:
        options = _options(field, fields.get(field.name), (known or {}).get(field.name, ()))
        told = (problems or {}).get(field.name, "")
        one = _input(field, fields.get(field.name), options, form, told, required=field.name in required)
        if one.widget != "kept" or one.value:
            yield one


def _input(
    field: Field,
    value: Value,
    options: Sequence[tuple[str, str]],
    form: Form | None,
    problem: str,
    *,
    required: bool,
) -> Input:
    name, label = field.name, lookup(form_words.LABELS.get(field.name, field.label))
    if field.kind in attachments.KINDS or not typed.comes_back(field, value):
        return Input(name, label, "kept", typed.text(field, value), _kept(field))
    hint = spaced(*_hint(field, options))
    again = form is not None and form.has(name)
    if field.kind in ("set", "list") and options:
        now = set(form.texts(name)) if form and again else set(typed.words(value))
        ticks = Input(name, label, "ticks", "", hint, problem, _made(options, now))
        return _with_others(ticks, form) if name == "languages" else ticks
    now_text = typed_text(field, form) if form and again else plain(typed.text(field, value))
    if options:
        widget = "radios" if len(options) <= FEW_RADIOS else "select"
        every = [("", lookup(labels.NOT_STATED)), *options]
        return Input(name, label, widget, "", hint, problem, _made(every, {now_text}), required=required)
    rows = _rows(field, now_text)
    return Input(
        name, label, "area" if rows else "line", now_text, hint, problem, (), rows, _MODES.get(field.kind, ""), required
    )


def _with_others(ticks: Input, form: Form | None) -> Input:
    """Languages are many: those of the pages can be ticked, all others are written."""
    typed_in = form.text(ticks.name + MORE) if form else ""
    return replace(ticks, more_label=lookup(form_words.OTHER_LANGUAGES), more=typed_in)


def _made(options: Iterable[tuple[str, str]], chosen: Collection[str]) -> tuple[Option, ...]:
    return tuple(Option(value, label, value in chosen) for value, label in options)


def _kept(field: Field) -> str:
    if field.kind in attachments.KINDS:
        return _("Files are put beside the file of the entry, on the computer that has the collection.")
    return _("This can only be changed in the file of the entry. It stays as it is.")


def _options(field: Field, value: Value, known: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What can be chosen, with the words that the field already has; [] if people write what they like."""
    if field.kind == "flag":
        return [("yes", _("Yes")), ("no", _("No"))]
    found = [*known] if len(known) <= FEW_TICKS else []
    if not found and field.choices:
        found = [(one, labels.choice(one)) for one in field.choices]
    if not found and field.name == "audience":
        found = [(one, labels.choice(one)) for one in AUDIENCES]
    if not found and field.name == "languages":
        found = [*OWN_NAMES.items()]
    already = [one for one in typed.words(value) if one not in {value for value, _label in found}]
    called = labels.language if field.name == "languages" else str
    return [*found, *((one, called(one)) for one in already)] if found else []


def _hint(field: Field, options: Sequence[tuple[str, str]]) -> Iterator[str]:
    if typed.is_lines(field):
        yield lookup(form_words.ONE_A_LINE)
    elif field.kind == "entries":
        yield lookup(form_words.HINTS["entries"])
        yield Markup('<code dir="ltr">{}</code>').format(", ".join(typed.parts(field)))
    elif field.kind == "people" and "date" in typed.parts(field):
        yield lookup(form_words.PEOPLE_BY_DATE)
    elif field.kind in ("people", "moves"):
        yield lookup(form_words.HINTS[field.kind])
    elif not options:
        yield from (lookup(text) for text in (field.help, form_words.HINTS.get(field.kind, "")) if text)
    elif field.kind != "set" and field.help:
        yield lookup(field.help)


def _rows(field: Field, text: str) -> int:
    """Lines of its box; 0 for one line only."""
    if field.kind == "markdown":
        return 14
    if field.kind in ("entries", "people"):
        return 6
    if field.kind in ("set", "list", "dates", "moves") or field.name in _LONG_TEXTS:
        return 4
    return 3 if "\n" in text or len(text) > LONG_LINE else 0


def fingerprints(record_type: RecordType, fields: Mapping[str, Value], names: Iterable[str] | None = None) -> str:
    """What a page shows, field by field, in a few letters that travel with its form (under SHOWN).

    So what a reader did not touch never counts as a wish, though somebody else changed it meanwhile.
    """
    wanted = [one for one in record_type.fields if names is None or one.name in names]
    return " ".join(f"{one.name}={fingerprint(one, typed.text(one, fields.get(one.name)))}" for one in wanted)


def fingerprint(field: Field, text: str) -> str:
    """What a text for a field says, in a few letters; a set says the same in any order."""
    lines = typed.normal(text).split("\n")
    told = "\n".join(sorted(lines) if field.kind in ("set", "dates") else lines)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def typed_text(field: Field, form: Form) -> str:
    """What was typed or ticked for a field."""
    if field.kind in ("set", "list", "dates"):
        return "\n".join([*form.texts(field.name), *_others(field, form)])
    return form.text(field.name)


def _others(field: Field, form: Form) -> Iterator[str]:
    """Languages that somebody wrote beside the ticks, as their codes."""
    if field.name == "languages":
        named = re.split(r"[,;،\n]", form.text(field.name + MORE))
        yield from (labels.language_code(one.strip()) for one in named if one.strip())
