"""Run by test_fields.py in a process of its own: a kind and a field that are in the table and nowhere else in the code."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

from cop import fields
from cop.fields import COMMON, TYPES, Field, RecordType

OVEN = Field("oven", "choice", "Oven", "How it is heated.", "Baking", ("wood", "gas"), facet=True, ask=True)
MOOD = Field("mood", "choice", "Mood", "How it reads.", "About this", ("calm", "cross"), facet=True)
HOURS = Field("hours", "number", "Hours in the oven", "", "Baking")

fields.register(
    RecordType("recipe", "recipes", "Recipe", "Recipes", (OVEN, HOURS, *COMMON), lead="Bread to break.", asks=True)
)
fields.register(replace(TYPES["post"], fields=(MOOD, *TYPES["post"].fields)))

BREAD = "---\ntitle: Bread\noven: wood\nhours: {}\ntopics: [meetings]\n---\n\nFlour and water.\n"
POST = "---\ntitle: A calm post\nmood: calm\n---\n"
PATHS = {
    "list": "/recipes", "narrowed": "/recipes?oven=wood", "page": "/recipes/bread", "history": "/recipes/bread/history",
    "feed": "/recipes/feed.atom", "search": "/search?q=flour", "table": "/site/recipes.json?_shape=objects",
    "blank": "/recipes/unknown", "post": "/posts/calm", "posts": "/posts", "posts table": "/site/posts.json?_shape=objects",
}  # fmt: skip


def run(*arguments: str) -> list[object]:
    """A command of cop: its exit code, and what it said."""
    from click.testing import CliRunner

    from cop.cli import cli

    result = CliRunner().invoke(cli, arguments)
    return [result.exit_code, result.output]


async def pages(site_db: Path) -> dict[str, str]:
    from datasette.app import Datasette

    datasette = Datasette([str(site_db)])
    await datasette.invoke_startup()
    return {name: (await datasette.client.get(path)).text for name, path in PATHS.items()}


def main(folder: Path) -> dict[str, object]:
    from tools import translations
    from tools.fields import page

    content = folder / "content"
    init = run("init", str(folder), "--name", "Bakers", "--kind", "community")
    for name, text in {
        "recipes/bread.md": BREAD.format(3), "recipes/stone.md": BREAD.format("long"), "posts/calm.md": POST,
        "recipes/unknown.md": "---\ntitle: Unknown\n---\n",
    }.items():  # fmt: skip
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text)
    at = ("--site", str(folder))
    told = {"init": init, "load": run(*at, "load"), "list": run(*at, "list", "recipe")}
    made = run(*at, "new", "recipe", "Flat", "bread")
    told |= {"new": made, "template": (content / "recipes/flat-bread.md").read_text()}
    words = [str(message.id) for message in translations.template()]
    return {"told": told, "docs": page(), "words": words, "pages": asyncio.run(pages(folder / "data" / "site.db"))}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
