"""A loader of the usual kind, to compare with: content files into SQLite, as a site with Datasette is often made.

One process; python-frontmatter, markdown-it-py, nh3, sqlite-utils with full-text search. It keeps no history, signs and
checks nothing, and builds the whole database beside the old one each time, which is the quickest way it has.

    python benchmarks/usual_loader.py CONTENT DATABASE
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frontmatter
import nh3
from markdown_it import MarkdownIt
from sqlite_utils import Database

BATCH = 1000  # rows in one transaction


def rows(folder: Path, markdown: MarkdownIt) -> Iterator[dict[str, Any]]:
    """One row a file: what its front matter says, the text, and the text as HTML."""
    for path in sorted(folder.rglob("*.md")):
        document = frontmatter.load(path)
        yield {
            **document.metadata,
            "path": path.relative_to(folder).as_posix(),
            "slug": path.stem,
            "text": document.content,
            "html": nh3.clean(markdown.render(document.content)),
        }


def load(content: Path, database: Path) -> int:
    """Load every folder of `content` into a table of its name. Returns how many files there were."""
    part = database.with_name(f"{database.name}.part")
    part.unlink(missing_ok=True)
    db, count = Database(part), 0
    markdown = MarkdownIt("commonmark").enable("table")
    for folder in sorted(path for path in content.iterdir() if path.is_dir()):
        table = db.table(folder.name)
        table.upsert_all(rows(folder, markdown), pk="path", alter=True, batch_size=BATCH)
        table.create_index(["slug"])
        table.enable_fts(["title", "summary", "text"], fts_version="FTS5")
        count += table.count
    db.close()
    part.replace(database)
    return count


if __name__ == "__main__":
    print(load(Path(sys.argv[1]), Path(sys.argv[2])))
