"""A site folder with the project's own content and a few records in other languages, made with the commands."""

import shutil
from pathlib import Path

from tests.conftest import Cop
from tests.test_judged_search import CONTENT, OTHERS


def real_site(folder: Path, *leave_out: str) -> Cop:
    """The command on that site, loaded, without some folders of the content."""
    cop = Cop(folder / "site", folder / "keys")
    assert cop("init", "--name", "Caafi Health", "--kind", "community").exit_code == 0
    shutil.copytree(CONTENT, cop.root / "content", dirs_exist_ok=True, ignore=shutil.ignore_patterns(*leave_out))
    for name, text in OTHERS.items():
        cop.write(f"posts/{name}.md", text)
    assert cop("load").exit_code == 0
    return cop
