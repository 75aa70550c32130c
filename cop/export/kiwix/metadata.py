"""What a ZIM file says about itself. Pure. The names, and how long a text may be: https://wiki.openzim.org/wiki/Metadata"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from slugify import slugify

from cop import __version__, plain
from cop.languages import ISO_639_3
from cop.plain import shortened
from cop.web import dates
from cop.web.language import _
from cop.web.words import listed

TITLE, DESCRIPTION, LONG_DESCRIPTION = 30, 80, 4000  # characters


@dataclass(frozen=True)
class Kept:
    """Who keeps the collection that is in the file, and in what language its pages are."""

    meta: Mapping[str, str]  # what the copy says about itself
    members: Sequence[str]  # their names, from A to Z
    language: str
    web: str  # address of the site, "" if it has none


def metadata(kept: Kept, today: date) -> dict[str, str]:
    """Names and texts; call it inside `speaking`."""
    organisation = kept.meta.get("organisation", "")
    found = {
        "Name": name(kept),
        "Title": shortened(kept.meta.get("title") or organisation, TITLE),
        "Creator": ", ".join(map(plain.allowed, kept.members)) or organisation,
        "Publisher": organisation,
        "Date": today.isoformat(),
        "Description": shortened(_("Shared by communities and universities who do research as equals."), DESCRIPTION),
        "LongDescription": shortened("\n".join(_told(kept)), LONG_DESCRIPTION),
        "Language": ISO_639_3[kept.language],  # one: of a list, libzim makes an empty index and says nothing
        "Tags": "_ftindex:yes;_category:other",
        "Scraper": f"cop {__version__}",
        "Flavour": "all",
        "Source": kept.web,
    }
    return {key: plain.allowed(text) for key, text in found.items() if text}


def name(kept: Kept) -> str:
    """The same for every later file of the same site, so that Kiwix knows a newer one for what it is."""
    whose = urlsplit(kept.web).hostname or slugify(kept.meta.get("organisation", ""), max_length=60) or "cop"
    return f"{whose}_{kept.language}_all"


def _told(kept: Kept) -> list[str]:
    lead = _(
        "A shared shelf for people who do research in communities and in universities. You can read all of it without"
        " internet, and add to it without an account."
    )
    day = dates.words(kept.meta.get("as_of", "")[:10])
    copy = _("%(organisation)s’s copy, as it stood on %(day)s", organisation=kept.meta.get("organisation", ""), day=day)
    together = _(
        "Kept together by %(members)s, named from A to Z. Nobody is in charge: each holds the whole collection.",
        members=listed(kept.members),
    )
    return [lead, copy, *([together] if len(kept.members) > 1 else [])]
