"""`cop`, for `sync.py`: two organisations that have accepted each other. Only commands are used."""

import importlib.metadata
import json
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from peers import KB, Peer, Sample
from proxy import Proxy


class Cop(Peer):
    """Two site folders with their keys. The host serves."""

    name = "cop"

    def __init__(self, root: Path, proxy: Proxy, environment: Mapping[str, str]) -> None:
        super().__init__(root, proxy, {**environment, "PYTHONDONTWRITEBYTECODE": ""})
        self._host, self._guest = root / "live" / "host", root / "live" / "guest"

    @property
    def host_tree(self) -> Path:
        """The host's content files."""
        return self._host / "content"

    @property
    def guest_tree(self) -> Path:
        """The guest's content files."""
        return self._guest / "content"

    def set_up(self, tree: Path) -> None:
        """The host has loaded the tree; both have accepted each other; kept as it is for each first copy."""
        self._init(self._host, "Host organisation")
        shutil.rmtree(self.host_tree, ignore_errors=True)
        shutil.copytree(tree, self.host_tree)
        self._cop(self._host, "load")
        self._init(self._guest, "Guest organisation")
        shutil.rmtree(self.guest_tree, ignore_errors=True)
        self.guest_tree.mkdir()
        for one, other in ((self._host, self._guest), (self._guest, self._host)):
            said = json.loads(self._cop(one, "invite", "--address", self.address, "--json"))
            self._cop(other, "join", said["invitation"], "--yes")
        shutil.copytree(self.root / "live", self.root / "kept", symlinks=True)

    def _init(self, site: Path, name: str) -> None:
        site.parent.mkdir(exist_ok=True)
        self._cop(site, "init", str(site), "--name", name, "--kind", "community")

    def _command(self, site: Path, *arguments: str) -> list[str]:
        keys = f"COP_KEYS={site}-keys"
        return ["env", keys, sys.executable, "-m", "cop.cli", "--site", str(site), *arguments]

    def _cop(self, site: Path, *arguments: str) -> str:
        return self.do(*self._command(site, *arguments))

    def first(self) -> Sample:
        """The first exchange of two that have just met."""
        self.stop()
        shutil.rmtree(self.root / "live")
        shutil.copytree(self.root / "kept", self.root / "live", symlinks=True)
        said = self.serve(self._command(self._host, "serve", "--port", "0"), says_when="Serving")
        self.port = int(said.strip().rpartition(":")[2])
        return self.sync()

    def record(self, tree: Path) -> None:
        """Load."""
        self._cop(tree.parent, "load")

    def sync(self) -> Sample:
        """Exchange, both ways as always."""
        return self.measure(*self._command(self._guest, "sync"))

    def sync_both(self) -> Sample:
        """The same."""
        return self.sync()

    def catch_up(self) -> float:
        """Content files come with a command of their own."""
        self._cop(self._host, "checkout")
        started = time.perf_counter()
        self._cop(self._guest, "checkout")
        return time.perf_counter() - started

    def versions(self) -> dict[str, str]:
        """Its version and that of Python."""
        return {"cop": importlib.metadata.version("cop"), "Python": sys.version.split()[0]}

    def _server_memory(self) -> float:
        """`env` became the server itself, which starts no other process."""
        lines = Path(f"/proc/{self.server.pid}/status").read_text().splitlines() if self.server else []
        return max((int(line.split()[1]) * KB / 1e6 for line in lines if line.startswith("VmHWM:")), default=0.0)
