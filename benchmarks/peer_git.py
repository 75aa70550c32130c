"""git over smart HTTP, for `sync.py`: a clone for the host, a bare repository that is served, a clone for the guest."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from peers import Peer, Sample
from proxy import Proxy

HERE = Path(__file__).resolve().parent
SETTINGS = {
    "user.name": "Bench", "user.email": "bench@example.org", "init.defaultBranch": "main", "advice.detachedHead": "false",
}  # fmt: skip


class Git(Peer):
    """git as it is, without settings of ours but a name."""

    name = "git"

    def __init__(self, root: Path, proxy: Proxy, environment: Mapping[str, str]) -> None:
        settings = {"GIT_CONFIG_COUNT": str(len(SETTINGS)), "GIT_TERMINAL_PROMPT": "0"}
        for at, (key, value) in enumerate(SETTINGS.items()):
            settings |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
        nobody = {"HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        super().__init__(root, proxy, {**environment, **nobody, **settings})

    def set_up(self, tree: Path) -> None:
        """A repository that is packed well, as on a server that has been there for a while.

        Without bitmaps (`git gc` makes them in bare repositories): with them this git sends pulls without deltas
        against what the guest holds, many times larger.
        """
        served, host = self.root / "served", str(self.host_tree)
        bare = str(served / "tree.git")
        self.do("git", "init", "-q", "--bare", bare)
        for setting in (("http.receivepack", "true"), ("repack.writeBitmaps", "false")):
            self.do("git", "-C", bare, "config", *setting)
        self.do("git", "init", "-q", host)
        shutil.copytree(tree, host, dirs_exist_ok=True)
        self.do("git", "-C", host, "remote", "add", "origin", bare)
        self._commit(self.host_tree)
        self.do("git", "-C", host, "push", "-q", "-u", "origin", "main")
        for one in (bare, host):
            self.do("git", "-C", one, "gc", "-q", "--force")  # a commit may have begun one by itself
        said = self.serve([sys.executable, str(HERE / "git_server.py"), str(served)], says_when="Serving")
        self.port = int(said.split()[-1])

    def first(self) -> Sample:
        """A clone."""
        shutil.rmtree(self.guest_tree, ignore_errors=True)
        return self.measure("git", "clone", "-q", f"{self.address}/tree.git", str(self.guest_tree))

    def record(self, tree: Path) -> None:
        """One commit. The host's goes to the served repository."""
        self._commit(tree)
        if tree == self.host_tree:
            self.do("git", "push", "-q", cwd=tree)

    def _commit(self, tree: Path) -> None:
        self.do("git", "add", "-A", cwd=tree)
        self.do("git", "commit", "-q", "-m", "Edits", cwd=tree)

    def sync(self) -> Sample:
        """A pull."""
        return self.measure("git", "pull", "-q", cwd=self.guest_tree)

    def sync_both(self) -> Sample:
        """A pull that merges, and a push."""
        both = "git pull -q --no-rebase --no-edit && git push -q"
        return self.measure("sh", "-c", both, cwd=self.guest_tree)

    def catch_up(self) -> float:
        """The host's files come from the served repository."""
        self.do("git", "pull", "-q", cwd=self.host_tree)
        return 0.0

    def versions(self) -> dict[str, str]:
        """Its version."""
        return {"git": self.do("git", "--version").split()[2]}
