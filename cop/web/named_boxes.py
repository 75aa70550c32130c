"""Datasette's own pages under /site, with what they lack for people who use a screen reader or see little.

Their boxes get names, their pages a language, and their buttons and crosses stand out. This is done to the text of
Datasette's templates, once, as they are loaded: its pages stay its own, of whichever version.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import BaseLoader

_Source = tuple[str, str | None, Callable[[], bool] | None]
_REMOVE = "a[aria-label='Remove this filter']"
_STYLE = f"""<style>
input[type=submit], button[type] {{ background: #12406b !important; border-color: #12406b !important; color: #fff !important }}
a.cross, p a {{ text-decoration: underline !important }}
a.cross, {_REMOVE} {{ display: inline-block; min-width: 24px; min-height: 24px; text-align: center }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
</style>"""
MENDS: dict[str, tuple[tuple[str, str], ...]] = {  # per template: what stands there, and what stands in its place
    "base.html": (("<html>", '<html lang="en">'), ("</head>", f"{_STYLE}</head>")),
    "table.html": (
        ('<select name="_filter_column', '<select aria-label="Column" name="_filter_column'),
        ('<select name="_filter_op', '<select aria-label="How it is compared" name="_filter_op'),
        ('<input type="text" name="_filter_value', '<input type="text" aria-label="Value" name="_filter_value'),
        ('<select name="_sort" ', '<select name="_sort" aria-label="Order" '),
    ),
    "_facet_results.html": (('class="cross">', 'class="cross" aria-label="Take it out">'),),
}


class Mended(BaseLoader):
    """The loader of a Datasette, whose own templates come out with these names."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def get_source(self, environment: Any, template: str) -> _Source:
        """The text of a template, where it lies, and whether that is still so."""
        source, path, is_current = self._loader.get_source(environment, template)
        for old, new in MENDS.get(template.removeprefix("default:"), ()):
            source = source.replace(old, new)
        return source, path, is_current

    def list_templates(self) -> list[str]:
        """Their names."""
        found: list[str] = self._loader.list_templates()
        return found
