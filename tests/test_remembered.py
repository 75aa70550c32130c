"""What was read from a whole copy is read again once the copy has changed, and by nobody else's memory."""

from pathlib import Path

from web_site import build, serve

from cop.remembered import once, remembering


def test_it_is_read_once_with_a_memory_and_each_time_without() -> None:
    reads: list[int] = []

    def read() -> int:
        reads.append(1)
        return len(reads)

    assert [once(read, "a"), once(read, "a")] == [1, 2]
    with remembering({}):
        assert [once(read, "a"), once(read, "a"), once(read, "b")] == [3, 3, 4]
    with remembering({}):
        assert once(read, "a") == 5


async def test_lists_and_their_numbers_follow_every_change(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    datasette = serve(site.path)
    await datasette.invoke_startup()
    for number in range(1, 4):
        site.add("resource", f"work-{number}", title=f"Work {number}", topics=["power"], year=2000 + number)
        for address in ("/resources", "/resources?topic=power", "/resources?sort=oldest", "/search?q=work"):
            page = (await datasette.client.get(address)).text
            assert all(
                f"Work {one}" in page.replace("<mark>", "").replace("</mark>", "") for one in range(1, number + 1)
            )
        assert f'<bdi>Power</bdi> <span class="n">{number}</span>' in (await datasette.client.get("/resources")).text
