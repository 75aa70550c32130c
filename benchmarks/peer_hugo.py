"""Hugo with the same content files: pages of the same kind as ours, and no more than its own templates give.

Each record has a page with its facts, its text and the records on its first topic; each kind and each topic has lists of 20;
and there are feeds. There is no search, no history, no citations, and nobody checks anything.
"""

import os
import shutil
from pathlib import Path

from measure import Took, run

CONFIG = """baseURL = "https://example.org/"
title = "Bench"
paginate = 20
disableKinds = ["sitemap", "robotsTXT"]
[taxonomies]
topic = "topics"
[markup.goldmark.renderer]
unsafe = false
"""
BASE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ .Title }}</title><link rel="stylesheet" href="/style.css"></head>
<body><header><a href="/">{{ .Site.Title }}</a>
<nav>{{ range .Site.Sections }}<a href="{{ .RelPermalink }}">{{ .Title }}</a> {{ end }}</nav></header>
<main>{{ block "main" . }}{{ end }}</main>
<footer>Take it along, and pass it on.</footer></body></html>
"""
SINGLE = """{{ define "main" }}<h1>{{ .Title }}</h1><p>{{ .Params.summary }}</p>
<dl>{{ range $name, $value := .Params }}<dt>{{ $name }}</dt><dd>{{ $value }}</dd>{{ end }}</dl>
{{ .Content }}
<ul>{{ range .Params.topics }}<li><a href="/topics/{{ . }}/">{{ . }}</a></li>{{ end }}</ul>
{{ with index .Params.topics 0 }}<ul>{{ range first 5 (index $.Site.Taxonomies.topics .) }}
<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul>{{ end }}{{ end }}
"""
LIST = """{{ define "main" }}<h1>{{ .Title }}</h1>
{{ range .Paginator.Pages }}<article><h3><a href="{{ .RelPermalink }}">{{ .Title }}</a></h3>
<p>{{ .Params.summary }}</p></article>{{ end }}{{ template "_internal/pagination.html" . }}{{ end }}
"""


def fresh(site: Path, tree: Path) -> None:
    """A Hugo site with its own copy of the content files."""
    shutil.rmtree(site, ignore_errors=True)
    layouts = site / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (site / "config.toml").write_text(CONFIG, "utf-8")
    for name, text in (("baseof", BASE), ("single", SINGLE), ("list", LIST)):
        (layouts / f"{name}.html").write_text(text, "utf-8")
    (site / "layouts" / "index.html").write_text(LIST, "utf-8")
    shutil.copytree(tree, site / "content", copy_function=add)


def add(post: str | Path, there: str | Path) -> None:
    """A content file as Hugo wants it: to it, `url:` is where a page of its own stands."""
    text = Path(post).read_text("utf-8")
    Path(there).write_text(text.replace("\nurl: ", "\nlink: "), "utf-8")


def build(site: Path, *, memory: bool = False) -> Took:
    """All pages, into `public`. It has no way to make only what changed in a new process."""
    return run(["hugo", "--quiet"], env=os.environ, cwd=site, memory=memory)


def pages(site: Path) -> int:
    """How many pages there are."""
    return sum(1 for _ in (site / "public").rglob("index.html"))
