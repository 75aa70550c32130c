"""Every kind of record and its fields, in one table. A new kind or field is a few lines here.

Loader, merge, pages, facets and the published database all read this table. A field that is not in the table
is kept and passed on as it is.
"""

from dataclasses import dataclass
from functools import cache

# How the value of a field is read, checked and merged:
#   text, markdown   text                          choice    one word of `choices`
#   url              an http(s) address            number    a whole number
#   date             2019, 2019-07, 2019-07-01, or a time such as 2019-07-01T18:00+01:00
#   flag             true or false                 set       words without order, merged by what was added or removed
#   list             texts in order, one value     people    list of {name, role, organisation}, one value
#   entries          list of small tables, one value
#   file             an attachment or a text          files     list of these, one value
Kind = str

RESOURCE_KINDS = (
    "guidance", "toolkit", "training", "report", "paper", "book", "website", "network", "video", "blog", "template", "standard",
)  # fmt: skip
AUDIENCES = ("community-researchers", "university-researchers", "practitioners", "public-contributors", "young-people")
ORGANISATION_KINDS = ("community", "university", "nhs", "charity", "funder", "network")
EVENT_KINDS = (
    "workshop", "workshop-series", "training-course", "webinar", "awareness-week", "call", "meeting", "meeting-series",
    "project", "publication", "review", "organisation-change",
)  # fmt: skip
SHARES = ("public", "partners", "own")


@dataclass(frozen=True)
class Field:
    """One field of a kind of record."""

    name: str
    kind: Kind
    label: str  # what a reader sees in front of the value
    help: str = ""  # one sentence for the person who fills it in
    group: str = ""  # heading under which the page shows it; "" is not shown in the table of facts
    choices: tuple[str, ...] = ()
    share: str = "public"  # the widest audience it ever goes to, whatever its record says
    ask: bool = False  # a blank is shown as "not stated, please ask"
    facet: bool = False  # readers can narrow a list by it


@dataclass(frozen=True)
class RecordType:
    """One kind of record."""

    name: str  # as in patches: "resource"
    folder: str  # under content/, and the first part of its address: "resources"
    label: str
    plural: str
    fields: tuple[Field, ...]
    sort: str = "title"  # field by which its list is ordered

    def field(self, name: str) -> Field | None:
        """The field of that name, or None if the table does not know it."""
        return _BY_TYPE[self.name].get(name)


# Fields that belong together: changed on two sides at once, they merge and are shown as "please check".
TOGETHER: tuple[frozenset[str], ...] = (
    frozenset({"start", "end", "timezone", "place"}),
    frozenset({"licence", "rights_holders"}),
    frozenset({"url", "file"}),
)

COMMON: tuple[Field, ...] = (
    Field("title", "text", "Title"),
    Field("slug", "text", "Short address"),
    Field("summary", "text", "Summary", "One or two plain sentences."),
    Field("topics", "set", "Topics", "Short addresses of topics.", "About", facet=True),
    Field("languages", "set", "Language", "Language codes, such as en or so.", "About", facet=True),
    Field("credits", "people", "Who did what", "Name, role and organisation, as each person wishes.", "Credits"),
    Field("licence", "text", "May I pass it on?", "For example CC BY 4.0.", "About", ask=True),
    Field("rights_holders", "list", "Who owns it", "", "About"),
    Field("source", "text", "Where this entry comes from", "", "Where it comes from"),
    Field("section", "text", "Where in that source", "", "Where it comes from"),
    Field("also_in", "list", "Also mentioned in", "", "Where it comes from"),
    Field("note", "text", "Good to know", "What is uncertain or odd, in plain words.", "Where it comes from"),
    Field("files", "files", "Files", "Paths beside this file, such as photos/hall.jpg.", "Files"),
    Field("body", "markdown", "Text"),
    Field("withdrawn", "text", "Withdrawn because"),
)

POST = (
    Field("date", "date", "Date", "", "About"),
    Field("authors", "list", "By", "Names as each person wishes, in the order they chose.", "About"),
)
RESOURCE = (
    Field("label", "text", "Name in our words", "When the title is not known.", "About"),
    Field("authors", "list", "Authors", "", "About"),
    Field("publisher", "text", "Published by", "", "About"),
    Field("year", "number", "Year", "", "About", facet=True),
    Field("kind", "choice", "Kind", "", "About", RESOURCE_KINDS, facet=True),
    Field("audience", "set", "Written for", "Who it was written for.", "About", facet=True),
    Field("url", "url", "Read it", "", "Find it"),
    Field("other_urls", "list", "Other addresses", "", "Find it"),
    Field("file", "file", "File", "A path beside this file, such as leaflets/rights.pdf.", "Find it"),
    Field("open_access", "choice", "Cost to read", "", "Find it", ("free", "paywalled"), ask=True),
    Field("cited_as", "text", "Cited as", "", "Find it"),
    Field("part_of", "text", "Part of", "Short address of the larger work.", "Editions"),
    Field("supersedes", "text", "Older edition", "Short address of the older edition.", "Editions"),
    Field("superseded_by", "text", "Newer edition", "Short address of the newer edition.", "Editions"),
)


def _event_text(name: str, label: str, group: str, help_text: str = "") -> Field:
    return Field(name, "text", label, help_text, group, ask=True)


EVENT = (
    Field("kind", "choice", "Kind", "", "About", EVENT_KINDS, facet=True),
    Field("start", "date", "Starts", "", "When and where"),
    Field("end", "date", "Ends", "", "When and where"),
    Field("timezone", "text", "Time zone", "Such as Europe/London.", "When and where"),
    Field("date_basis", "choice", "How the date is known", "", "When and where", ("stated", "inferred")),
    Field("date_note", "text", "About the date", "Such as: the week of.", "When and where"),
    Field("status", "choice", "State", "", "When and where", ("planned", "moved", "cancelled")),
    Field("place", "text", "Place", "", "When and where"),
    Field(
        "format",
        "choice",
        "How people meet",
        "",
        "When and where",
        ("in-person", "online", "phone", "hybrid"),
        facet=True,
    ),
    Field("organisers", "set", "Run by", "", "About", facet=True),
    Field("participants", "text", "For", "", "About"),
    Field("theme", "text", "Theme", "", "About"),
    Field("url", "url", "More about it", "", "About"),
    Field("booking", "text", "How to say you are coming", "", "About"),
    Field(
        "access_needs_asked",
        "flag",
        "Do you ask everyone what they need?",
        "",
        "Getting there and getting in",
        ask=True,
    ),
    Field("access_provided", "list", "What is provided", "", "Getting there and getting in", ask=True),
    _event_text("venue_access", "Access", "Getting there and getting in"),
    _event_text("transport_links", "Buses and trains", "Getting there and getting in"),
    _event_text("transport_help", "Help with travel", "Getting there and getting in"),
    _event_text("childcare", "Childcare", "Getting there and getting in"),
    _event_text("food", "Food", "Getting there and getting in"),
    _event_text("breaks", "Breaks", "Getting there and getting in"),
    Field("date_flexible", "flag", "Can the date still move?", "", "Getting there and getting in"),
    Field("venue_chosen_with", "text", "Who chose the place", "", "Getting there and getting in"),
    Field("join_methods", "list", "Ways to join", "", "Joining by phone or video", ask=True),
    Field("platform", "text", "Platform", "", "Joining by phone or video"),
    Field("platform_access", "text", "Is the platform accessible?", "", "Joining by phone or video"),
    Field("opens_at", "text", "Opens at", "", "Joining by phone or video"),
    _event_text("low_data_option", "Using less data", "Joining by phone or video"),
    Field("freephone", "flag", "Free phone line", "", "Joining by phone or video", ask=True),
    _event_text("number_privacy", "Do others see my number?", "Joining by phone or video"),
    Field("shows_personal_details", "flag", "Do others see my details?", "", "Joining by phone or video"),
    Field("data_held_where", "text", "Where data is held", "", "Joining by phone or video"),
    _event_text("tech_help", "When technology fails", "Joining by phone or video"),
    Field("practice_session", "text", "Practice session", "", "Joining by phone or video"),
    Field(
        "meeting_link", "url", "Link to join", "Goes to partners only.", "Joining by phone or video", share="partners"
    ),
    _event_text("expenses_and_payment", "Fares, expenses and payment", "Costs and payment"),
    _event_text("data_and_call_costs", "Calls and data", "Costs and payment"),
    _event_text("what_to_expect", "What to expect", "Care and safety"),
    Field("expected_size", "number", "How many people", "", "Care and safety"),
    Field("who_is_coming", "text", "Who is coming", "", "Care and safety"),
    Field("duration", "text", "How long", "", "Care and safety"),
    Field("social_time", "flag", "Time to chat", "", "Care and safety"),
    _event_text("leaving_plan", "If it gets too much", "Care and safety"),
    _event_text("follow_up_plan", "If you drop out", "Care and safety"),
    _event_text("support_offered", "Support", "Care and safety"),
    Field("note_taker_and_recording", "text", "Notes and recording", "", "Care and safety"),
    Field(
        "contact_role", "text", "Whom to tell", "A role or a form, not a private number.", "Care and safety", ask=True
    ),
    Field("contact", "text", "Private contact", "Stays with your organisation.", share="own"),
    Field("papers", "files", "Papers to read", "Paths beside this file, such as papers/agenda.pdf.", "Papers"),
    Field("papers_easy_read", "list", "Papers", "", "Papers"),
    Field("plain_english_summary", "text", "In plain words", "", "Papers"),
    Field("decisions", "list", "How decisions are made", "", "Papers"),
    Field("ways_to_contribute", "list", "Ways to take part", "", "Papers"),
    Field("agenda_open", "flag", "Can people add to the agenda?", "", "Papers"),
    Field("chair", "people", "Chairs", "", "Credits"),
    Field("cyp_guidelines_agreed", "flag", "Guidelines agreed with young people and parents", "", "Under 18s"),
    Field("cyp_dbs", "flag", "An adult holds an enhanced DBS certificate", "", "Under 18s"),
    Field("cyp_two_adults", "flag", "Two adults from the start", "", "Under 18s"),
    Field("cyp_under_16_parent", "flag", "Parent present for under 16s at first", "", "Under 18s"),
    Field("cyp_second_adult", "flag", "Second adult follows up", "", "Under 18s"),
    Field("cyp_no_show_plan", "text", "If someone expected is not there", "", "Under 18s"),
)
ORGANISATION = (
    Field("kind", "choice", "Kind", "", "About", ORGANISATION_KINDS, facet=True),
    Field("kind_basis", "choice", "How the kind is known", "", "About", ("stated", "inferred")),
    Field("aliases", "set", "Also called", "", "About"),
    Field("url", "url", "Website", "", "Find it"),
    Field("sources", "list", "Named in", "", "Where it comes from"),
)
PERSON = (
    Field("organisation", "text", "Organisation", "", "About"),
    Field("offers", "list", "Can help with", "", "About"),
    Field("consent", "text", "Consent", "Who agreed, when, for what and until when."),
    Field("contact", "text", "Private contact", "Stays with your organisation.", share="own"),
)
PROJECT = (
    Field("start", "date", "Starts", "", "About"),
    Field("end", "date", "Ends", "", "About"),
    Field("organisers", "set", "Partners", "", "About", facet=True),
    Field("funders", "set", "Thanks to", "Who paid for it.", "About"),
    Field("url", "url", "Website", "", "Find it"),
    Field("stages_co_produced", "list", "Stages done together", "", "Working together"),
    Field("decisions_open", "list", "Decisions still open", "", "Working together"),
    Field("paid_time", "text", "Paid time", "", "Working together"),
    Field("group_balance", "text", "Balance of the group", "Counts only.", "Working together"),
    Field("rights", "text", "Who owns what is made", "", "Working together"),
    Field("ground_rules", "text", "Ground rules", "", "Working together"),
    Field("feedback", "text", "Feedback to those who took part", "", "Working together"),
)
WORD = (Field("variants", "entries", "Meanings", "A list of {text, source, year, url}; none is the main one."),)
PRINCIPLE = (
    Field("tradition", "text", "Tradition", "Where this principle comes from.", "About", facet=True),
    Field("variants", "entries", "Other wordings", "A list of {label, difference, source}."),
    Field("differs_from", "text", "Differs from", "", "About"),
    Field("how", "text", "How to do it", "", "About"),
)
CHECKLIST = (
    Field("applies_to", "text", "Use it for", "", "About"),
    Field("items", "entries", "Questions", "A list of {text}."),
)
TECHNIQUE = (
    Field("purpose", "text", "What for", "", "About"),
    Field("group_size", "text", "Group size", "", "About"),
    Field("time_needed", "text", "Time needed", "", "About"),
    Field("materials", "list", "What you need", "", "About"),
    Field("remote", "flag", "Works at a distance", "", "About", ask=True),
    Field("access_notes", "text", "Access", "", "About", ask=True),
    Field("tried_by", "people", "Tried by", "", "Credits"),
)
OPPORTUNITY = (
    Field("closes", "date", "Closes", "", "About"),
    Field("pay", "text", "Pay", "", "About", ask=True),
    Field("checks_needed", "text", "Checks needed", "", "About", ask=True),
    Field("no_degree_needed", "flag", "No degree needed", "", "About", ask=True),
    Field("url", "url", "More about it", "", "Find it"),
)
TRAINING = (
    Field("audience", "set", "For", "", "About", facet=True),
    Field("level", "text", "Level", "", "About"),
    Field("cost", "text", "Cost", "", "About", ask=True),
    Field("next_date", "text", "Next date", "A date, or: on request.", "About", ask=True),
    Field("url", "url", "More about it", "", "Find it"),
)
TOPIC = (Field("parent", "text", "Part of", "Short address of the wider topic."),)

TYPES: dict[str, RecordType] = {
    record_type.name: record_type
    for record_type in (
        RecordType("post", "posts", "Post", "Posts", POST + COMMON, sort="date"),
        RecordType("event", "events", "Event", "Events", EVENT + COMMON, sort="start"),
        RecordType("resource", "resources", "Resource", "Resources", RESOURCE + COMMON, sort="year"),
        RecordType("person", "people", "Person", "People", PERSON + COMMON),
        RecordType("organisation", "organisations", "Organisation", "Organisations", ORGANISATION + COMMON),
        RecordType("project", "projects", "Project", "Projects", PROJECT + COMMON),
        RecordType("page", "pages", "Page", "Pages", POST + COMMON),
        RecordType("word", "glossary", "Word", "Words", WORD + COMMON),
        RecordType("principle", "principles", "Principle", "Principles", PRINCIPLE + COMMON),
        RecordType("checklist", "checklists", "Checklist", "Checklists", CHECKLIST + COMMON),
        RecordType("technique", "techniques", "Technique", "Techniques", TECHNIQUE + COMMON),
        RecordType("opportunity", "opportunities", "Opportunity", "Opportunities", OPPORTUNITY + COMMON, sort="closes"),
        RecordType("training", "training", "Training", "Training", TRAINING + COMMON),
        RecordType("topic", "topics", "Topic", "Topics", TOPIC + COMMON),
    )
}
FOLDERS: dict[str, RecordType] = {record_type.folder: record_type for record_type in TYPES.values()}
_BY_TYPE = {name: {field.name: field for field in record_type.fields} for name, record_type in TYPES.items()}

_KINDS = {name: {field.name: field.kind for field in record_type.fields} for name, record_type in TYPES.items()}

# Keys of a content file that steer `cop` itself and are no fields of the record.
STEERING = frozenset({"id", "share", "share_fields", "draft"})


def kind_of(type_name: str, field_name: str) -> Kind:
    """The kind of a field, or "any" for one that the table does not know."""
    return _KINDS.get(type_name, {}).get(field_name, "any")


def label(type_name: str, field_name: str) -> str:
    """What people call a field; its own name if the table does not know it."""
    field = _BY_TYPE.get(type_name, {}).get(field_name)
    return field.label if field else field_name


def is_set(type_name: str, field_name: str) -> bool:
    """True for fields that merge by what was added and removed."""
    return kind_of(type_name, field_name) == "set"


def grouped(record_type: RecordType) -> dict[str, list[Field]]:
    """Fields a page shows, by the heading they stand under, in the order of the table."""
    groups: dict[str, list[Field]] = {}
    for field in record_type.fields:
        if field.group:
            groups.setdefault(field.group, []).append(field)
    return groups


@cache
def facets() -> dict[str, tuple[Field, ...]]:
    """Per kind of record, the fields readers can narrow its list by."""
    return {name: tuple(field for field in one.fields if field.facet) for name, one in TYPES.items()}
