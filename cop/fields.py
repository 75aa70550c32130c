"""Every kind of record and its fields, in one table. A new kind or field is a few lines here.

Loader, merge, pages, facets and the published database all read this table. A field that is not in the table
is kept and passed on as it is.
"""

from dataclasses import dataclass

# How the value of a field is read, checked and merged:
#   text, markdown   text                          choice    one word of `choices`
#   url              an http(s) address            number    a whole number
#   date             2019, 2019-07, 2019-07-01, or a time such as 2019-07-01T18:00+01:00
#   flag             true or false                 set       words without order, merged by what was added or removed
#   list             texts in order, one value     people    list of {name, role, organisation}, one value
#   entries          list of small tables, one value
#   file             an attachment or a text          files     list of these, one value
#   repeats          words, see recurring.py            dates     dates without order, merged like a set
#   moves            list of {date, to, place}, one value
#   record           the address of a record of any kind, such as resources/powercube
#   money            text; not a bare number, because nobody would know which money
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
EVENT_STATES = ("planned", "moved", "cancelled")
POST_KINDS = ("case-study", "how-to", "news", "opinion")
OPPORTUNITY_KINDS = ("paid-role", "course", "call", "volunteering")
FORMS = ("easy-read", "audio", "large-print", "sign-language", "translation")
# Words that readers can narrow the list of events by. What is not among them is shown as it was written.
PROVIDED = (
    "step-free", "accessible-toilet", "hearing-loop", "sign-language", "captions", "interpreter", "easy-read",
    "quiet-room", "parking", "childcare", "food",
)  # fmt: skip
JOINING = ("in-person", "phone", "video", "writing")
COVERED = ("fares", "food", "childcare", "care-for-others", "calls-and-data", "accommodation", "your-time")
ROLES = ("chair", "co-chair", "notes", "quiet-voices")
SETTINGS = ("at-a-place", "at-a-distance", "under-18s")
SHARES = ("public", "partners", "own")
AGREEMENT = "agreement"
MOST_ASKED = 1000  # organisations that an agreement may ask for
# What the network's agreement may ask for before a record counts as published
NO_RULE, ANY, EACH_KIND, STEWARDS = PUBLISHING = ("none", "any", "each-kind", "stewards")
SAME_AS = "same_as"
BY_COMMAND = frozenset({"withdrawn", SAME_AS})  # set by commands, so content files keep quiet about them
TITLE, LINK, DESCRIPTION = GAPS = ("title-not-known", "no-link-known", "nobody-has-described-it")


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
    to: str = ""  # it names records of this kind by their short addresses
    every: bool = False  # who narrows a list by several of its values wants all of them
    first: bool = False  # whoever plans an event is asked for it before the rest
    when: str = ""  # one of SETTINGS: what an event must be like for this to matter


@dataclass(frozen=True)
class RecordType:
    """One kind of record."""

    name: str  # as in patches: "resource"
    folder: str  # under content/, and the first part of its address: "resources"
    label: str
    plural: str
    fields: tuple[Field, ...]
    sort: str = "title"  # field by which its list is ordered
    lead: str = ""  # one or two sentences at the top of its list
    empty: str = ""  # what belongs there, for readers of a list that is still empty
    asks: bool = False  # its page says aloud which fields that `ask` are blank

    def field(self, name: str) -> Field | None:
        """The field of that name, or None if the table does not know it."""
        return _BY_TYPE[self.name].get(name)


# Fields that belong together: changed on two sides at once, they merge and are shown as "please check".
TOGETHER: tuple[frozenset[str], ...] = (
    frozenset(
        {"start", "end", "timezone", "timezone_basis", "place", "repeats", "also_on", "not_on", "moved", "moved_from"}
    ),
    frozenset({"licence", "rights_holders"}),
    frozenset({"url", "file"}),
)

_ABOUT = "About this"
COMMON: tuple[Field, ...] = (
    Field("title", "text", "Title"),
    Field("slug", "text", "Short address"),
    Field("summary", "text", "Summary", "One or two plain sentences."),
    Field("topics", "set", "Topics", "Short addresses of topics.", _ABOUT, facet=True, to="topic"),
    Field("languages", "set", "Language", "Language codes, such as en or so.", _ABOUT, facet=True),
    Field("form", "choice", "Form", "If it is the same as another entry in another form.", _ABOUT, FORMS, facet=True),
    Field("same_as_in", "set", "The same in another form", "Short addresses of entries of this kind."),
    Field("credits", "people", "Who did what", "Name, role and organisation, as each person wishes.", "Credits"),
    Field("stewards", "set", "Looked after by", "Names of organisations of this network.", _ABOUT),
    Field("licence", "text", "May I pass it on?", "For example CC BY 4.0.", _ABOUT, ask=True),
    Field("rights_holders", "list", "Who owns it", "", _ABOUT),
    Field("source", "text", "Where this entry comes from", "", "Where it comes from"),
    Field("section", "text", "Where in that source", "", "Where it comes from"),
    Field("passed_on_by", "text", "Passed on by", "Who wrote it down for somebody else.", "Where it comes from"),
    Field("also_in", "list", "Also mentioned in", "", "Where it comes from"),
    Field("note", "text", "Good to know", "What is uncertain or odd, in plain words.", "Where it comes from"),
    Field(
        "consents",
        "entries",
        "Consent to show contact details",
        "Who agreed that a phone number or e-mail address is shown: {who, detail, when, for, until}. Goes to partners only.",
        share="partners",  # it names the detail, which need not stand in anything public
    ),
    Field("files", "files", "Files", "Paths beside this file, such as photos/hall.jpg.", "Files"),
    Field("body", "markdown", "Text"),
    Field("withdrawn", "text", "Withdrawn because"),
    Field(SAME_AS, "set", "The same as", "Ids of other entries about the same thing. Only `cop same-as` sets it."),
)

OF_PROJECT = Field(
    "project", "set", "Part of the project", "Short addresses of projects.", _ABOUT, facet=True, to="project"
)
PAGE = (
    Field("date", "date", "Date", "", _ABOUT),
    Field("authors", "list", "By", "Names as each person wishes, in the order they chose.", _ABOUT),
)
_CASE = "What happened"
POST = (
    Field("kind", "choice", "Kind", "", _ABOUT, POST_KINDS, facet=True),
    *PAGE,
    OF_PROJECT,
    Field("stages", "entries", "Who was in at which stage", "A list of {stage, who}.", _CASE),
    Field("what_changed", "text", "What changed", "", _CASE),
    Field("what_went_wrong", "text", "What went wrong", "Failures help others most.", _CASE),
    Field("agreed_by", "text", "Agreed by those described", "Who agreed, and when, before it was shared.", _CASE),
)
RESOURCE = (
    Field("label", "text", "Name in our words", "When the title is not known.", _ABOUT),
    OF_PROJECT,
    Field("authors", "list", "Authors", "", _ABOUT),
    Field("publisher", "text", "Published by", "", _ABOUT),
    Field("year", "number", "Year", "", _ABOUT, facet=True),
    Field("kind", "choice", "Kind", "", _ABOUT, RESOURCE_KINDS, facet=True),
    Field("audience", "set", "Written for", "Who it was written for.", _ABOUT, facet=True),
    Field("url", "url", "Read it", "", "Find it"),
    Field("other_urls", "list", "Other addresses", "", "Find it"),
    Field("copy_url", "url", "A copy of it", "Such as in a web archive, for when the link no longer works.", "Find it"),
    Field(
        "link_reports",
        "set",
        "What people found at the link",
        "The day, what happened, and who: 2027-03-03 gone, Caafi Health.",
        "Find it",
    ),
    Field("file", "file", "File", "A path beside this file, such as leaflets/rights.pdf.", "Find it"),
    Field("open_access", "choice", "Cost to read", "", "Find it", ("free", "paywalled"), ask=True, facet=True),
    Field("cited_as", "text", "Cited as", "", "Find it"),
    Field("part_of", "text", "Part of", "Short address of the larger work.", "Editions", to="resource"),
    Field("supersedes", "text", "Older edition", "Short address of the older edition.", "Editions", to="resource"),
    Field("superseded_by", "text", "Newer edition", "Short address of the newer edition.", "Editions", to="resource"),
)


_WHERE, _IN, _REMOTE = "When and where", "Getting there and getting in", "Joining by phone or video"
_COSTS, _CARE, _PAPERS, _YOUNG = "Costs and payment", "Care and safety", "Papers", "Under 18s"
_PLACE, _DISTANCE, _UNDER_18 = SETTINGS


def _asked(
    name: str, label: str, group: str, help_text: str = "", *, kind: Kind = "text", first: bool = False, when: str = ""
) -> Field:
    """A field of an event whose blank is said aloud."""
    return Field(name, kind, label, help_text, group, ask=True, first=first, when=when)


def _chosen(
    name: str, label: str, group: str, help_text: str, choices: tuple[str, ...], *, every: bool, first: bool = True
) -> Field:
    """One that readers narrow the list of events by; they can also ask for those that do not state it."""
    return Field(name, "set", label, help_text, group, choices, ask=True, facet=True, every=every, first=first)


EVENT = (
    Field("kind", "choice", "Kind", "", _ABOUT, EVENT_KINDS, facet=True),
    Field("start", "date", "Starts", "With a time, if you know it: 2026-12-01 18:00.", _WHERE),
    Field("end", "date", "Ends", "With a time, if you know it: 2026-12-01 20:00.", _WHERE),
    Field("timezone", "text", "Time zone", "Such as Europe/London.", _WHERE),
    Field("timezone_basis", "choice", "How the time zone is known", "", _WHERE, ("stated", "of-the-site")),
    Field("repeats", "repeats", "Repeats", "Such as: every 2 weeks on Tuesday until 2027-06-30.", _WHERE),
    Field("also_on", "dates", "Also on", "More dates.", _WHERE),
    Field("not_on", "dates", "Not on", "Days of the series on which it does not take place.", _WHERE),
    Field("moved", "moves", "Moved", "A list of {date, to, place}: one date of the series that moves.", _WHERE),
    Field("moved_from", "date", "It was on", "The date before the event moved.", _WHERE),
    Field("date_basis", "choice", "How the date is known", "", _WHERE, ("stated", "inferred")),
    Field("date_note", "text", "About the date", "Such as: the week of.", _WHERE),
    Field("status", "choice", "State", "", _WHERE, EVENT_STATES),
    Field("status_note", "text", "Why it moved or is cancelled", "", _WHERE),
    Field("place", "text", "Place", "", _WHERE),
    Field(
        "format",
        "choice",
        "How people meet",
        "",
        _WHERE,
        ("in-person", "online", "phone", "hybrid"),
        ask=True,
        facet=True,
        first=True,
    ),
    Field("organisers", "set", "Run by", "", _ABOUT, facet=True),
    OF_PROJECT,
    Field("participants", "text", "For", "", _ABOUT),
    Field("theme", "text", "Theme", "", _ABOUT),
    Field("url", "url", "More about it", "", _ABOUT),
    Field("booking", "text", "How to say you are coming", "", _ABOUT),
    _chosen(
        "access_provided", "What is provided", _IN, "Words from the list, so that people find it.", PROVIDED, every=True
    ),
    _asked("access_needs_asked", "Do you ask everyone what they need?", _IN, kind="flag", first=True),
    _asked("venue_access", "Access", _IN, first=True, when=_PLACE),
    _asked("transport_links", "Buses and trains", _IN, first=True, when=_PLACE),
    _asked("transport_help", "Help with travel", _IN, when=_PLACE),
    _asked("childcare", "Childcare", _IN),
    _asked("food", "Food", _IN, when=_PLACE),
    _asked("breaks", "Breaks", _IN),
    Field("date_flexible", "flag", "Can the date still move?", "", _IN),
    Field("venue_chosen_with", "text", "Who chose the place", "", _IN),
    _chosen(
        "join_methods", "Ways to join", _REMOTE, "Words from the list, so that people find it.", JOINING, every=False
    ),
    Field("platform", "text", "Platform", "", _REMOTE),
    _asked("platform_access", "Is the platform accessible?", _REMOTE, when=_DISTANCE),
    Field("opens_at", "text", "Opens at", "", _REMOTE),
    _asked("low_data_option", "Using less data", _REMOTE, when=_DISTANCE),
    _asked("freephone", "Free phone line", _REMOTE, kind="flag", first=True, when=_DISTANCE),
    _asked("number_privacy", "Do others see my number?", _REMOTE, first=True, when=_DISTANCE),
    _asked("shows_personal_details", "Do others see my details?", _REMOTE, kind="flag", when=_DISTANCE),
    Field("data_held_where", "text", "Where data is held", "", _REMOTE),
    _asked("tech_help", "When technology fails", _REMOTE, when=_DISTANCE),
    _asked("practice_session", "Practice session", _REMOTE, when=_DISTANCE),
    Field("meeting_link", "url", "Link to join", "Goes to partners only.", _REMOTE, share="partners"),
    _asked("cost", "To take part", _COSTS, "Free, or an amount with its money, such as £5.", kind="money"),
    _chosen(
        "costs_covered",
        "What is paid for you",
        _COSTS,
        "Words from the list, so that people find it.",
        COVERED,
        every=True,
        first=False,
    ),
    _asked(
        "expenses_and_payment",
        "Fares, expenses and payment",
        _COSTS,
        "How and when it is paid.",
        kind="money",
        first=True,
    ),
    _asked("bring", "What to bring to be paid", _COSTS, "Such as tickets. Never bank or benefit details."),
    _asked("data_and_call_costs", "Calls and data", _COSTS, kind="money", first=True, when=_DISTANCE),
    _asked("what_to_expect", "What to expect", _CARE, first=True),
    Field("may_upset", "text", "This may upset you", "What the event is about, if that may upset people.", _CARE),
    _asked("expected_size", "How many people", _CARE, kind="number"),
    _asked("who_is_coming", "Who is coming", _CARE, "Kinds of people, no names."),
    Field("duration", "text", "How long", "", _CARE),
    Field("social_time", "flag", "Time to chat", "", _CARE),
    _asked("leaving_plan", "If it gets too much", _CARE),
    _asked("follow_up_plan", "If you drop out", _CARE),
    _asked("support_offered", "Support", _CARE),
    _asked("note_taker_and_recording", "Notes and recording", _CARE),
    _asked("contact_role", "Whom to ask", _CARE, "A role or a form, not a private number.", first=True),
    Field("contact", "text", "Private contact", "Stays with your organisation.", share="own"),
    Field("agenda", "file", "Agenda", "A path beside this file, such as papers/agenda.pdf.", _PAPERS),
    Field("minutes", "file", "Minutes", "A path beside this file.", _PAPERS),
    Field("papers_easy_read", "files", "Papers in Easy Read", "Paths beside this file.", _PAPERS, ask=True, first=True),
    Field("papers", "files", "Papers to read", "Paths beside this file.", _PAPERS),
    Field("papers_out", "date", "Out since", "The day from which people could read the papers.", _PAPERS),
    Field("plain_english_summary", "text", "In plain words", "", _PAPERS),
    Field("decisions", "list", "How decisions are made", "", _PAPERS),
    Field("ways_to_contribute", "list", "Ways to take part", "", _PAPERS),
    Field("agenda_open", "flag", "Can people add to the agenda?", "", _PAPERS),
    Field("chair", "people", "Chairs", "", "Credits"),
    Field(
        "roles",
        "people",
        "Who does what",
        "A list of {name, role, date}: chair, co-chair, notes, quiet-voices.",
        "Credits",
    ),
    Field(
        "under_18s", "flag", "May people under 18 come?", "If true, what follows must be answered.", _YOUNG, ask=True
    ),
    _asked(
        "cyp_guidelines_agreed", "Guidelines agreed with young people and parents", _YOUNG, kind="flag", when=_UNDER_18
    ),
    _asked("cyp_dbs", "An adult holds an enhanced DBS certificate", _YOUNG, kind="flag", when=_UNDER_18),
    _asked("cyp_two_adults", "Two adults from the start", _YOUNG, kind="flag", when=_UNDER_18),
    _asked("cyp_under_16_parent", "Parent present for under 16s at first", _YOUNG, kind="flag", when=_UNDER_18),
    _asked("cyp_second_adult", "Second adult follows up", _YOUNG, kind="flag", when=_UNDER_18),
    _asked(
        "cyp_no_show_plan",
        "If someone expected is not there",
        _YOUNG,
        "The plan and who by role; no names, no numbers.",
        when=_UNDER_18,
    ),
)
ORGANISATION = (
    Field("kind", "choice", "Kind", "", _ABOUT, ORGANISATION_KINDS, facet=True),
    Field("kind_basis", "choice", "How the kind is known", "", _ABOUT, ("stated", "inferred")),
    Field("aliases", "set", "Also called", "", _ABOUT),
    Field("other_names", "entries", "Other names, and where they stand", "A list of {name, source, period}.", _ABOUT),
    Field("url", "url", "Website", "", "Find it"),
    Field("sources", "list", "Named in", "", "Where it comes from"),
)
PERSON = (
    Field("organisation", "text", "Organisation", "", _ABOUT),
    Field("offers", "list", "Can help with", "", _ABOUT),
    Field("buddy_offer", "text", "Would be a buddy", "For whom and for what, in their own words.", _ABOUT),
    Field("buddy_wish", "text", "Would like a buddy", "For what, in their own words.", _ABOUT),
    Field("consent", "text", "Consent", "Who agreed, when and for what."),
    Field("consent_until", "date", "Consent ends", "After this day nobody sees the page."),
    Field("contact", "text", "Private contact", "Stays with your organisation.", share="own"),
)
PROJECT = (
    Field("start", "date", "Starts", "", _ABOUT),
    Field("end", "date", "Ends", "", _ABOUT),
    Field("organisers", "set", "Partners", "", _ABOUT, facet=True),
    Field("funders", "set", "Thanks to", "Who paid for it.", _ABOUT),
    Field("url", "url", "Website", "", "Find it"),
    Field("stages_co_produced", "list", "Stages done together", "", "Working together"),
    Field("decisions_open", "list", "Decisions still open", "", "Working together"),
    Field("paid_time", "text", "Paid time", "", "Working together"),
    Field("group_balance", "text", "Balance of the group", "Counts only.", "Working together"),
    Field("rights", "text", "Who owns what is made", "", "Working together"),
    Field("ground_rules", "text", "Ground rules", "", "Working together"),
    Field("feedback", "text", "Feedback to those who took part", "", "Working together"),
    Field(
        "log",
        "entries",
        "What happened and what changed",
        "A list of {date, took_part, who, what, changed, about}; who took part by role, not by name.",
    ),
)
WORD = (
    Field(
        "variants",
        "entries",
        "Meanings",
        "A list of {text, tradition, source, year, url, language, differs_from}; none is the main one.",
    ),
)
PRINCIPLE = (
    Field("tradition", "text", "Tradition", "Where this principle comes from.", _ABOUT, facet=True),
    Field(
        "variants",
        "entries",
        "Other wordings",
        "A list of {label, difference, tradition, source, year, url, language}; none is the main one.",
    ),
    Field(
        "differs_from",
        "text",
        "Differs from",
        "Short address of another principle, or in words.",
        _ABOUT,
        to="principle",
    ),
    Field("how", "text", "How to do it", "", _ABOUT),
)
CHECKLIST = (
    Field("applies_to", "text", "Use it for", "", _ABOUT),
    OF_PROJECT,
    Field("items", "entries", "Questions", "A list of {text}."),
)
TECHNIQUE = (
    Field("purpose", "text", "What for", "", _ABOUT),
    OF_PROJECT,
    Field("group_size", "text", "Group size", "", _ABOUT),
    Field("time_needed", "text", "Time needed", "", _ABOUT),
    Field("materials", "list", "What you need", "", _ABOUT),
    Field("remote", "flag", "Works at a distance", "", _ABOUT, ask=True, facet=True),
    Field("access_notes", "text", "Access", "", _ABOUT, ask=True),
    Field(
        "power",
        "set",
        "Kind of power it works on",
        "Short addresses of words, such as power-over.",
        _ABOUT,
        facet=True,
        to="word",
    ),
    Field("tried", "entries", "Who tried it, and how it went", "A list of {who, when, how_it_went}.", "Tried out"),
    Field("tried_by", "people", "Tried by", "", "Credits"),
)
OPPORTUNITY = (
    Field("kind", "choice", "Kind", "", _ABOUT, OPPORTUNITY_KINDS, facet=True),
    Field("organisers", "set", "Offered by", "", _ABOUT, facet=True),
    OF_PROJECT,
    Field("closes", "date", "Closes", "Afterwards it leaves the list. Its page stays.", _ABOUT, ask=True),
    Field("pay", "money", "Pay", "", _ABOUT, ask=True),
    Field("checks_needed", "text", "Checks needed", "", _ABOUT, ask=True),
    Field("no_degree_needed", "flag", "No degree needed", "", _ABOUT, ask=True, facet=True),
    Field("url", "url", "More about it", "", "Find it"),
)
_FROM_EVENTS = {
    "format", "place", "venue_access", "transport_help", "childcare", "join_methods", "low_data_option", "tech_help",
    "expenses_and_payment", "support_offered", "booking", "contact_role",
}  # fmt: skip
TRAINING = (
    Field("organisers", "set", "Run by", "", _ABOUT, facet=True),
    OF_PROJECT,
    Field("audience", "set", "For", "", _ABOUT, facet=True),
    Field("level", "text", "Level", "", _ABOUT),
    Field("cost", "money", "Cost", "", _ABOUT, ask=True),
    Field("next_date", "text", "Next date", "A date, or: on request.", _ABOUT, ask=True),
    Field("wanted", "flag", "Wanted: nobody offers it yet", "For a wish that partners can see.", _ABOUT, facet=True),
    Field("url", "url", "More about it", "", "Find it"),
    *(field for field in EVENT if field.name in _FROM_EVENTS),
)
NOTE = (
    Field(
        "about",
        "record",
        "What it is about",
        "Its address on the site, such as resources/powercube.",
        _ABOUT,
        facet=True,
    ),
    *PAGE,
)
_RULES, _DECIDING = "What counts as published", "Who decides what"
AGREEMENT_FIELDS = (
    Field(
        "publishing", "choice", "Before an entry counts as published", "Who must have looked at it.", _RULES, PUBLISHING
    ),
    Field("how_many", "number", "How many organisations", "Of each kind, if you ask for kinds.", _RULES),
    Field("kinds", "set", "Kinds of organisations", "If you ask for some of each kind.", _RULES, ORGANISATION_KINDS),
    Field("together", "list", "What we decide together", "", _DECIDING),
    Field("alone", "list", "What each decides alone", "", _DECIDING),
    Field("roles", "entries", "Who does what, in turn", "A list of {role, who, since, until}.", "Roles"),
    Field("parties", "entries", "Who takes part", "A list of {name, kind, key}. Blank: all members.", "Who takes part"),
)
TOPIC = (Field("parent", "text", "Part of", "Short address of the wider topic.", to="topic"),)

KINDS_OF_RECORDS = (
    RecordType(
        "post", "posts", "Post", "Posts", POST + COMMON, sort="date",
        lead="Longer pieces to read, by people in communities and universities.",
        empty="Here belong stories of doing research together, what you learned, and what went wrong.",
    ),
    RecordType(
        "event", "events", "Event", "Events", EVENT + COMMON, sort="start", asks=True,
        empty="Here belong meetings, courses and calls that others may want to know of.",
    ),
    RecordType(
        "resource", "resources", "Resource", "Resources", RESOURCE + COMMON, sort="year", asks=True,
        lead="Guidance, toolkits, reports and more about doing research together. Each has a short summary in plain words.",
        empty="Here belong guides, reports, films and websites that helped you. A link and a sentence are enough.",
    ),
    RecordType(
        "person", "people", "Person", "People", PERSON + COMMON,
        empty="Nobody yet, and that is fine. People are listed here only if they ask for it, and are taken off when they wish.",
    ),
    RecordType(
        "organisation", "organisations", "Organisation", "Organisations", ORGANISATION + COMMON,
        lead="Everybody who is named in this collection, from A to Z. Being named does not mean that they stand behind it.",
        empty="Here belong the groups, services and universities that the other pages name.",
    ),
    RecordType(
        "project", "projects", "Project", "Projects", PROJECT + COMMON, lead="What people are doing together.",
        empty="Here belongs what you do together: who takes part, what is still open, and what changed.",
    ),
    RecordType(
        "page", "pages", "Page", "Pages", PAGE + COMMON, lead="Pages about this collection.",
        empty="Here belong pages about the collection itself, such as how you look after it.",
    ),
    RecordType(
        "word", "glossary", "Word", "Words", WORD + COMMON,
        lead="What words mean, according to whom. Where meanings differ they stand side by side, and none is the main one.",
        empty="Here belong words that not everybody knows, and what they mean to you.",
    ),
    RecordType(
        "principle", "principles", "Principle", "Principles", PRINCIPLE + COMMON,
        lead="Principles of working together, from different traditions. They do not always agree, and we have not made them agree.",
        empty="Here belong the principles that your group works by, and where they come from.",
    ),
    RecordType(
        "checklist", "checklists", "Checklist", "Checklists", CHECKLIST + COMMON,
        lead="Questions to ask. Answer them here or on paper. What you tick and write stays on your device.",
        empty="Here belong lists of questions that you ask before, during or after working together.",
    ),
    RecordType(
        "technique", "techniques", "Technique", "Techniques", TECHNIQUE + COMMON, asks=True,
        lead="Ways to decide, to listen and to share power, with who tried them and how it went.",
        empty="Here belong exercises and ways of meeting that you tried, also those that did not work.",
    ),
    RecordType(
        "opportunity", "opportunities", "Opportunity", "Opportunities", OPPORTUNITY + COMMON, sort="closes", asks=True,
        lead="Paid roles, courses and calls.",
        empty="Here belong paid roles, courses and calls that community researchers may want.",
    ),
    RecordType(
        "training", "training", "Training", "Training", TRAINING + COMMON, asks=True,
        lead="Courses, for all who do research together.",
        empty="Here belong courses that you give, and those that you wish somebody gave.",
    ),
    RecordType(
        "note", "notes", "Note", "Notes", NOTE + COMMON, sort="date",
        lead="What organisations add to an entry from where they are. The entry itself stays as it is for everybody.",
        empty="Here belongs what others should know of an entry when they use it where you are.",
    ),
    RecordType(
        "topic", "topics", "Topic", "Topics", TOPIC + COMMON,
        empty="Here belong the subjects by which people find their way in.",
    ),
    RecordType(
        AGREEMENT, "agreement", "Agreement", "Agreement", AGREEMENT_FIELDS + COMMON,
        lead="What the organisations of this network agreed on. Each version counts once enough of them have signed it.",
        empty="The organisations that keep this collection have not written down an agreement yet.",
    ),
)  # fmt: skip

# What readers can narrow lists by and nobody writes down: `filing` works it out.
NEW = Field("new", "number", "New here", facet=True)  # days since it was added
LOOKED, CHANGED_SINCE, NOT_YET = _LOOKS = ("looked-at", "changed-since", "not-yet-looked-at")
LOOKED_AT = Field("looked_at", "choice", "Looked at", choices=_LOOKS, facet=True)  # by an organisation of the network
NAMED = Field("named", "set", "Organisation", facet=True)  # names it anywhere; only links from its page choose it
WORKED_OUT: tuple[Field, ...] = (
    Field("help", "choice", "Needs help", choices=GAPS, facet=True),
    Field("added_by", "choice", "Added by", choices=ORGANISATION_KINDS, facet=True),
    LOOKED_AT,
    NEW,
    NAMED,
)

TYPES: dict[str, RecordType] = {}
FOLDERS: dict[str, RecordType] = {}
_BY_TYPE: dict[str, dict[str, Field]] = {}
_KINDS: dict[str, dict[str, Kind]] = {}


def register(record_type: RecordType) -> None:
    """Make a kind of record known to everything that reads this table."""
    TYPES[record_type.name] = FOLDERS[record_type.folder] = record_type
    _BY_TYPE[record_type.name] = {field.name: field for field in record_type.fields}
    _KINDS[record_type.name] = {field.name: field.kind for field in record_type.fields}


for _record_type in KINDS_OF_RECORDS:
    register(_record_type)

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
    return kind_of(type_name, field_name) in ("set", "dates")


def widest(type_name: str, field_name: str) -> int:
    """The widest audience of a field, as a number: see `model.PUBLIC`."""
    field = _BY_TYPE.get(type_name, {}).get(field_name)
    return SHARES.index(field.share) if field else 0


def may_be_public(type_name: str, field_name: str) -> bool:
    """True for a field that readers may see, and for one that the table does not know."""
    field = TYPES[type_name].field(field_name)
    return field is None or field.share == SHARES[0]


def grouped(record_type: RecordType) -> dict[str, list[Field]]:
    """Fields a page shows, by the heading they stand under, in the order of the table."""
    groups: dict[str, list[Field]] = {}
    for field in record_type.fields:
        if field.group:
            groups.setdefault(field.group, []).append(field)
    return groups


def facets() -> dict[str, tuple[Field, ...]]:
    """Per kind of record, the fields readers can narrow its list by."""
    return {
        name: (*(field for field in record_type.fields if field.facet), *WORKED_OUT)
        for name, record_type in TYPES.items()
    }
