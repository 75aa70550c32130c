"""Modules import from their own line of docs/architecture.md or a line above it, so that nothing goes round in circles."""

import ast
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "cop"


def layers() -> dict[str, int]:
    """Per module, the line of the picture that it stands in."""
    picture = (PROJECT / "docs" / "architecture.md").read_text("utf-8").split("## Modules")[1].split("```")[1]
    lines = [line.partition("   ")[0] for line in picture.strip().split("\n")]
    return {name: level for level, names in enumerate(lines) for name in re.findall(r"[a-z_]+", names)}


def imports(path: Path) -> set[str]:
    """Top-level modules of ours that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cop":
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return names


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_module_stands_in_the_picture():
    modules = {name_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert modules == set(layers())


def test_no_module_imports_from_a_layer_below_its_own():
    level = layers()
    wrong = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imports(path)
        if name in level and name_of(path) in level and level[name] > level[name_of(path)]
    ]
    assert not wrong


def test_to_exchange_cop_loads_nothing_that_lays_out_pages_or_visits_places():
    """Starting is most of a short exchange: what few of them need is loaded when it is needed."""
    late = {"cop.views", "cop.markdown", "cop.publish", "cop.place", "cop.nearby", "filelock", "requests", "datasette"}
    code = "import sys, cop.cli.exchange; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout
    assert "cop.sync" in loaded.split() and not late & set(loaded.split())
