"""The list of thanks: what came of what people sent in, and whom to thank, named as they wish."""

from datetime import date
from typing import Any

import pytest

from cop.cli.common import find_site
from tests.conftest import Cop

POST = (
    "---\ntitle: {title}\ncredits:\n  - {{name: {name}, role: {role}}}\n  - {{name: Ada, role: wrote}}\n---\n\nText.\n"
)


async def shown(cop: Cop, path: str = "/thanks") -> Any:
    from datasette.app import Datasette

    return await Datasette([str(find_site(cop.root).site_db)]).client.get(path)


@pytest.mark.web
@pytest.mark.asyncio
async def test_whoever_suggested_or_told_something_is_thanked(cop: Cop) -> None:
    cop.write("posts/a.md", POST.format(title="Tea", name="Yasmin", role="suggested"))
    cop.write("posts/b.md", POST.format(title="Coffee", name='"Tom, <b>youth</b>"', role="told us"))
    cop.write("posts/c.md", POST.format(title="Milk", name="Mo", role="edited"))
    assert cop("load").exit_code == 0
    page = (await shown(cop)).text
    assert "Thanks to <bdi>Yasmin</bdi>." in page and 'href="posts/a"' in page
    assert "Tom, &lt;b&gt;youth&lt;/b&gt;" in page and "Coffee" in page
    assert "Milk" not in page and "Thanks to <bdi>Ada</bdi>" not in page


@pytest.mark.web
@pytest.mark.asyncio
async def test_many_thanks_stand_on_several_pages(cop: Cop) -> None:
    for at in range(60):
        cop.write(f"posts/p{at}.md", POST.format(title=f"Post {at}", name=f"Helper {at}", role="suggested"))
    assert cop("load").exit_code == 0
    first, second = [(await shown(cop, f"/thanks?page={at}")).text for at in (1, 2)]
    found = [sum(f"Helper {at}<" in page for at in range(60)) for page in (first, second)]
    assert found == [50, 10]


@pytest.mark.web
@pytest.mark.asyncio
async def test_nobody_is_thanked_yet(cop: Cop) -> None:
    cop.write("posts/a.md", f"---\ntitle: Tea\ndate: {date.today()}\n---\n")
    assert cop("load").exit_code == 0
    assert "Nobody has sent anything in yet" in (await shown(cop)).text
