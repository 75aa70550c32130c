"""Fossil, for `sync.py`: its own server, a check-out for the host and one for the guest."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from peers import Peer, Sample, free_port
from proxy import Proxy


class Fossil(Peer):
    """Fossil as it is, but that anybody may read and write, and that it only talks to the host when told to."""

    name = "fossil"

    def __init__(self, root: Path, proxy: Proxy, environment: Mapping[str, str]) -> None:
        super().__init__(root, proxy, {**environment, "FOSSIL_HOME": str(root), "HOME": str(root), "USER": "bench"})
        self._host, self._guest = root / "host.fossil", root / "guest.fossil"

    def set_up(self, tree: Path) -> None:
        """A repository, and a server on it."""
        self.do("fossil", "init", "-A", "bench", str(self._host))
        self.do("fossil", "settings", "autosync", "off", "--global")
        self.do("fossil", "user", "capabilities", "nobody", "cghijorz", "-R", str(self._host))
        self._open(self._host, self.host_tree)
        shutil.copytree(tree, self.host_tree, dirs_exist_ok=True)
        self.do("fossil", "add", ".", cwd=self.host_tree)
        self.record(self.host_tree)
        self.port = free_port()
        self.serve(["fossil", "server", "--localhost", "--port", str(self.port), str(self._host)])

    def _open(self, repository: Path, tree: Path) -> None:
        tree.mkdir()
        self.do("fossil", "open", str(repository), cwd=tree)

    def first(self) -> Sample:
        """A clone, and its files."""
        shutil.rmtree(self.guest_tree, ignore_errors=True)
        self._guest.unlink(missing_ok=True)
        self.guest_tree.mkdir()
        clone = f"fossil clone --no-open {self.address} {self._guest}"
        return self.measure("sh", "-c", f"{clone} && fossil open {self._guest}", cwd=self.guest_tree)

    def record(self, tree: Path) -> None:
        """One commit."""
        self.do("fossil", "commit", "--no-warnings", "--allow-fork", "-m", "Edits", cwd=tree)

    def sync(self) -> Sample:
        """Pull, then bring the files up to date."""
        return self.measure("sh", "-c", "fossil pull && fossil update", cwd=self.guest_tree)

    def sync_both(self) -> Sample:
        """Pull, merge, push."""
        merge = "fossil merge && fossil commit --no-warnings -m Merge"
        return self.measure("sh", "-c", f"fossil pull && {merge} && fossil push", cwd=self.guest_tree)

    def catch_up(self) -> float:
        """The host's files come from its repository."""
        self.do("fossil", "update", cwd=self.host_tree)
        return 0.0

    def versions(self) -> dict[str, str]:
        """Its version."""
        return {"fossil": self.do("fossil", "version").split()[4]}
