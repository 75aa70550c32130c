"""What forms say beside a field: what to write, and what to do if it cannot be kept."""

from cop.web.language import N_

LABELS = {  # where a page says what to do with it, or keeps it to itself
    "url": N_("Web address"),
    "copy_url": N_("Web address of a copy"),
    "consent": N_("Who agreed to be listed, and when?"),
    "consent_until": N_("Until when did they agree?"),
}
ONE_A_LINE = N_("One on each line.")
HINTS = {
    "list": ONE_A_LINE,
    "set": ONE_A_LINE,
    "dates": N_("One date on each line, such as 2026-07-01."),
    "date": N_("Such as 2026-07-01. A month or a year is enough: 2026-07, 2026."),
    "people": N_("One person on each line, with semicolons between: name; what they did; organisation."),
    "moves": N_("One on each line, with semicolons between: the old date; the new date; the new place."),
    "entries": N_("Each part on a line of its own, with a colon behind its name. An empty line between two entries. The parts are:"),
    "record": N_("The end of its address on this site, such as resources/powercube."),
}  # fmt: skip
OTHER_LANGUAGES = N_("Other languages, with commas between: French, Punjabi")
PEOPLE_BY_DATE = N_("One person on each line, with semicolons between: name; what they do; date.")
WRONG = {
    "url": N_("Write the whole address. It starts with https:// or http://."),
    "number": N_("Write a whole number, in digits only."),
    "date": N_("Write a date such as 2026-07-01, or 2026-07 or 2026 if that is all you know."),
    "dates": N_("Write one date on each line, such as 2026-07-01."),
    "money": N_("Say which money it is: £5, or 5 and a code such as PKR."),
    "repeats": N_("Write it such as: every week on Tuesday, or: every month on the first Monday until 2027-06-30."),
    "moves": N_("Write the old date and the new one with a semicolon between them: 2026-12-24; 2026-12-17."),
    "record": N_("Write the end of an address of this site, such as resources/powercube."),
    "choice": N_("Choose one from the list."),
    "people": N_("Begin each line with a name."),
}
CANNOT_BE_KEPT = N_("This cannot be kept as it is. Write it in another way.")
DATES_DO_NOT_FIT = N_("This does not fit the other dates and times. Look at them together.")
WRONG_TOGETHER = {
    "status": WRONG["choice"],
    "publishing": WRONG["choice"],
    "kinds": WRONG["choice"],
    "how_many": WRONG["number"],
    "timezone": N_("There is no such time zone. Write it such as Europe/London."),
}
TOO_LONG = N_("This is too long. Write it in fewer words.")
WHAT_IS_IT = N_("Please write a few words here, so that others can find it.")
