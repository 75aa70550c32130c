"""The examples in docs/formats.md are what the code writes and reads."""

import re
from pathlib import Path

from cop import entry, invitations, patch, signing
from cop.model import PUBLIC, Item, Patch

PAGE = (Path(__file__).parent.parent / "docs" / "formats.md").read_text("utf-8")
WRITER = signing.Signer(bytes([2]) * 32)
EXAMPLE = Patch("resource", {"title": "Power and tea", "year": 2024}, {"topics": ("sharing-power",)})


def shown(name: str) -> str:
    """What the page shows behind a name in an indented example."""
    found = re.search(rf"^    {name} +(.+)$", PAGE, re.MULTILINE)
    assert found, f"docs/formats.md has no example of {name}"
    return found.group(1)


def test_a_text_behind_id_stands_for_the_record_id_on_the_page():
    assert patch.record_id_of(shown("text"), bytes.fromhex(shown("organisation"))) == shown("record id")


def test_the_payload_on_the_page_is_what_its_patch_gives():
    payload = bytes.fromhex(shown("payload"))
    assert patch.encode(EXAMPLE, bytes(range(16))) == payload
    assert patch.decode(payload) == EXAMPLE
    assert signing.sha256(payload).hex() == shown("sha-256")


def test_the_entry_on_the_page_is_verified_and_written_alike():
    read = entry.parse(bytes.fromhex(shown("data")), bytes.fromhex(shown("signature")))
    assert read.entry_id.hex() == shown("entry id")
    item = Item("aaaaaaaaaaaaaaaaaaaaaaaaae", (), bytes.fromhex(shown("sha-256")), 96, PUBLIC)
    assert read.items == (item,)
    again = entry.sign(
        WRITER, sequence=1, previous=b"", kind="change", items=[item], claimed_time=read.claimed_time, extra={}
    )
    assert again == read


def test_the_invitation_on_the_page_is_read_and_gives_its_phrase():
    invitation = invitations.parse_invitation(shown("invitation"))
    assert (invitation.name, invitation.kind, invitation.address) == (
        "Caafi Health",
        "community",
        "http://127.0.0.1:8001",
    )
    assert invitation.phrase() == shown("phrase")
    assert invitation.text() == shown("invitation")
