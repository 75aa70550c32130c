"""The accessibility statement that public bodies in the United Kingdom must publish: its model, and what is still missing.

The wording follows the model statement for the Public Sector Bodies (Websites and Mobile Applications) (No. 2)
Accessibility Regulations 2018 (SI 2018/952), regulation 8, as the sample on GOV.UK has it. Pure: text in, findings out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SLUG = "accessibility-statement"  # of the page record that holds it

MODEL = """
This accessibility statement applies to [address of this site].

This website is run by [name of your organisation]. We want as many people as possible to be able to use this website.
For example, that means you should be able to:

- change colours, contrast levels and fonts using browser or device settings
- make the text twice as large without it spilling off the screen
- use the website with the keyboard alone
- listen to the website with a screen reader

We’ve also made the website text as simple as possible to understand.

[AbilityNet](https://mcmw.abilitynet.org.uk/) has advice on making your device easier to use if you have a disability.

## How accessible this website is

We know some parts of this website are not fully accessible:

- [what people cannot do, or say that you know of none]

## Feedback and contact information

If you find any problems not listed on this page or think we’re not meeting accessibility requirements, or if you need
information on this website in a different format, contact: [a role and how to reach it, such as a form; no private number].

We’ll consider your request and get back to you in [number] days.

## Enforcement procedure

The Equality and Human Rights Commission (EHRC) is responsible for enforcing the Public Sector Bodies (Websites and Mobile
Applications) (No. 2) Accessibility Regulations 2018 (the ‘accessibility regulations’). If you’re not happy with how we
respond to your complaint, contact the
[Equality Advisory and Support Service (EASS)](https://www.equalityadvisoryservice.com/).

[in Northern Ireland name the Equality Commission for Northern Ireland (ECNI) instead of EHRC and EASS; take this line out]

## Technical information about this website’s accessibility

[name of your organisation] is committed to making its website accessible, in accordance with the Public Sector Bodies
(Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018.

### Compliance status

This website is [fully, partially or not] compliant with the
[Web Content Accessibility Guidelines version 2.2](https://www.w3.org/TR/WCAG22/) AA standard[, due to the
non-compliances listed below; take this out if it is fully compliant].

## Non-accessible content

The content listed below is non-accessible for the following reasons.

### Non-compliance with the accessibility regulations

- [what it is, which success criterion it fails, and when you will mend it]

### Disproportionate burden

[what it is and why, or say that you claim none]

### Content that’s not within the scope of the accessibility regulations

[what it is, or say that there is none]

## What we’re doing to improve accessibility

[what you do, and by when]

## Preparation of this accessibility statement

This statement was prepared on [day, such as 3 March 2027]. It was last reviewed on [day].

This website was last tested on [day] against the WCAG 2.2 AA standard. The test was carried out by [who tested].
[how you chose the pages, and how they were tested]
"""

_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_BLANK = re.compile(r"\[[^\[\]]*\]")
_DAY = r"\d{1,2} [A-Z][a-z]+ \d{4}"
_LAW = "Public Sector Bodies (Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018"
_EHRC = "The Equality and Human Rights Commission (EHRC)", "Equality Advisory and Support Service (EASS)"
_ECNI = "The Equality Commission for Northern Ireland (ECNI)", "Equality Commission for Northern Ireland (ECNI)"


def _enforced(by: str, contact: str) -> str:
    return re.escape(
        f"{by} is responsible for enforcing the {_LAW} (the 'accessibility regulations'). If you're not happy with how we "
        f"respond to your complaint, contact the {contact}"
    )


# what must stand in it, in the words that the law asks for: (what to call it, how it is found)
_REQUIRED = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("This accessibility statement applies to …", r"This accessibility statement applies to \S"),
        ("… is responsible for enforcing …", f"{_enforced(*_EHRC)}|{_enforced(*_ECNI)}"),
        ("… is committed to making its website accessible …",
         rf"\S is committed to making its website accessible, in accordance with the {re.escape(_LAW)}"),
        ("This website is fully (or partially, or not) compliant with …",
         r"This website is (?:fully|partially|not) compliant with the Web Content Accessibility Guidelines version 2\.2 AA standard"),
        ("This statement was prepared on …", rf"This statement was prepared on {_DAY}"),
        ("It was last reviewed on …", rf"It was last reviewed on {_DAY}"),
        ("This website was last tested on …", rf"This website was last tested on {_DAY}"),
        ("The test was carried out by …", r"The test was carried out by \S"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """What keeps a statement from being published."""

    line: int  # of the text, from 1
    reason: str
    hint: str


def missing(text: str) -> Missing | None:
    """The first thing that is missing from a statement, as it was written or as plain text; None if it is complete."""
    return next(_missing(_LINK.sub(r"\1", text)), None)


def _missing(text: str) -> Iterator[Missing]:
    for blank in _BLANK.finditer(text):
        what = " ".join(blank[0].split())
        yield Missing(
            text.count("\n", 0, blank.start()) + 1,
            f"the accessibility statement still has a blank: {what}",
            "Write what is true in the place of the words between [ and ]. Until then readers are told that there is no statement yet.",
        )
    words = " ".join(re.sub(r"[‘’]", "'", text).split())
    for name, pattern in _REQUIRED:
        if not pattern.search(words):
            yield Missing(
                1,
                f"the accessibility statement lacks words that the law asks for: {name}",
                "Write it as the model has it (docs/accessibility.md says where that is). Days are written like 3 March 2027.",
            )
