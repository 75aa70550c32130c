"""Partners meet in Azure's object store, or rather in Azurite, Microsoft's own stand-in for it on this machine."""

import base64
import hashlib
import hmac
import subprocess
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from cop.errors import NotReachable
from tests.carriers import visit
from tests.commands import free_port
from tests.network import assert_same_views, network
from tests.test_carriers import ONE, WritableCarrierTests

pytest.importorskip("obstore")
pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / ".ci" / "azurite"
ACCOUNT = "devstoreaccount1"  # Azurite has this one account with this one key; both are printed in its documentation
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def make_container(endpoint: str, name: str) -> None:
    """Signed as told in learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""
    told = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    head = "".join(f"{key}:{value}\n" for key, value in sorted(told.items()))
    signed = "PUT" + 12 * "\n" + f"{head}/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    proof = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)).decode()
    told["Authorization"] = f"SharedKey {ACCOUNT}:{proof}"
    asked = urllib.request.Request(f"{endpoint}/{name}?restype=container", method="PUT", headers=told)
    urllib.request.urlopen(asked, timeout=5).close()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Azurite, with a container `cop`."""
    program = subprocess.run([SCRIPT], capture_output=True, text=True, check=True, timeout=300).stdout.strip()
    port = free_port()
    command = [program, "--inMemoryPersistence", "--skipApiVersionCheck", "--blobPort", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and any("successfully listens" in line for line in process.stdout)
        make_container(address := f"http://127.0.0.1:{port}/{ACCOUNT}", "cop")
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(autouse=True)
def _keys(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", endpoint)
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")


class TestAzure(WritableCarrierTests):
    @pytest.fixture
    def carrier(self, tmp_path: Path) -> object:
        from cop.transports.objects import ObjectCarrier

        return ObjectCarrier(f"az://cop/{tmp_path.name}")


def test_three_partners_end_equal(tmp_path: Path) -> None:
    from cop.transports.objects import ObjectCarrier

    found = network(tmp_path, 3)
    for place in found:
        place.change(None, {"title": f"By {place.name}"})
    for place in found * 2:
        visit(place, ObjectCarrier("az://cop/our/network"))
    assert_same_views(found)
    assert {row["title"] for row in found[0].public()["records"]} >= {f"By {place.name}" for place in found}


def test_a_container_that_is_not_there_is_said_so_in_words() -> None:
    from cop.transports.objects import ObjectCarrier

    carrier = ObjectCarrier("az://nothing/our/network")
    for use in (carrier.list, lambda: carrier.write(ONE, b"x"), lambda: carrier.read(ONE, 10)):
        with pytest.raises(NotReachable, match="there is no such bucket"):
            use()


def test_a_wrong_key_is_said_so_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from cop.transports.objects import ObjectCarrier

    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"wrong" * 12).decode())
    with pytest.raises(NotReachable, match="does not let us in") as failed:
        ObjectCarrier("az://cop/our/network").list()
    assert "AZURE_STORAGE_ACCOUNT_KEY" in failed.value.hint
