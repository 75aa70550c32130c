"""The templates of books, beside those of the site: with the same words and the same care for texts of records."""

import re
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from cop.paper.markup import uri
from cop.web.templating import TEMPLATES

# Control characters have no place in XML, and those that turn the direction of what follows none in a text for people.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufdd0-\ufdef\ufffe\uffff]")
_LOADER = ChoiceLoader([PackageLoader("cop.paper"), PackageLoader("cop.web")])
BOOKS = TEMPLATES.overlay(loader=_LOADER)
BOOKS.globals = {**TEMPLATES.globals, "uri": uri}


def made(name: str, **given: Any) -> str:
    """A template of `cop/paper/templates` with what it gets."""
    return _UNWANTED.sub("", BOOKS.get_template(name).render(given))


def style(name: str) -> Markup:
    """A style sheet of `cop/paper/static`, as it is."""
    return Markup((files("cop.paper") / "static" / name).read_text("utf-8"))
