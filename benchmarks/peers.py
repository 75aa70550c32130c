"""What `sync.py` measures: each program keeps a collection at two places and brings news from one to the other.

The host serves, the guest asks; all lines go through the proxy. Here is what they share, and rsync.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from edits import Edit
from measure import run
from proxy import Proxy

KB = 1024
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 300


@dataclass(frozen=True)
class Sample:
    """What one exchange took."""

    wall: float  # seconds of the guest's command, its start included
    cpu: float  # processor seconds of the guest's command and what it ran
    memory_mb: float  # highest memory of whichever of the guest's processes took most
    up: int  # bytes from guest to host
    down: int
    requests: int  # of HTTP
    connections: int
    turns: int  # how often the guest spoke after the host had
    server_cpu: float  # processor seconds of the host's server and what it ran
    server_mb: float  # highest memory of the host's server so far; 0 if it starts a process for each request
    files: float = 0.0  # seconds that the guest's content files need afterwards, by a command of their own

    @property
    def bytes(self) -> int:
        """Both ways."""
        return self.up + self.down


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each number."""
    numbers = {name: median(getattr(one, name) for one in samples) for name in vars(samples[0])}
    return replace(samples[0], **numbers)


class Peer:
    """One program with a host and a guest. Subclasses say how it does each step."""

    name = ""

    def __init__(self, root: Path, proxy: Proxy, environment: Mapping[str, str]) -> None:
        self.root, self.proxy, self.environment = root, proxy, dict(environment)
        self.server: subprocess.Popen[str] | None = None
        self.port = 0  # of the server
        root.mkdir(parents=True)

    @property
    def address(self) -> str:
        """Where the guest finds the host: the proxy."""
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def host_tree(self) -> Path:
        """The host's content files."""
        return self.root / "host"

    @property
    def guest_tree(self) -> Path:
        """The guest's content files."""
        return self.root / "guest"

    def set_up(self, tree: Path) -> None:
        """The host takes in a tree and serves it; the guest has nothing."""
        raise NotImplementedError

    def first(self) -> Sample:
        """The guest gets everything, whatever it had before."""
        raise NotImplementedError

    def record(self, tree: Path) -> None:
        """The edits in a tree are saved as changes; not counted, as everybody does it without a line."""
        raise NotImplementedError

    def sync(self) -> Sample:
        """The guest gets what is new at the host."""
        raise NotImplementedError

    def sync_both(self) -> Sample:
        """Guest and host get what is new at the other."""
        raise NotImplementedError

    def catch_up(self) -> float:
        """Bring content files up to date with what was exchanged, where that did not. Returns the guest's seconds."""
        return 0.0

    def versions(self) -> dict[str, str]:
        """What is measured here."""
        raise NotImplementedError

    def edit(self, edits: Sequence[Edit], tree: Path) -> None:
        """Make edits in a tree of ours and save them."""
        for edit in edits:
            edit.apply(tree)
        self.record(tree)

    def check(self, edits: Sequence[Edit]) -> None:
        """Stop unless both have all edits in their content files."""
        for tree in (self.host_tree, self.guest_tree):
            missing = [edit.path for edit in edits if not edit.is_in(tree)]
            if missing:
                raise SystemExit(f"{self.name}: {len(missing):,} of {len(edits):,} edits are not in {tree}")

    def check_all(self, tree: Path) -> None:
        """Stop unless the guest has every text of the tree."""
        wanted = {path.relative_to(tree) for path in tree.rglob("*.md")}
        missing = wanted - {path.relative_to(self.guest_tree) for path in self.guest_tree.rglob("*.md")}
        if missing:
            raise SystemExit(f"{self.name}: {len(missing):,} of {len(wanted):,} texts are not at the guest")

    def do(self, *command: str, cwd: Path | None = None) -> str:
        """Run a command that is not measured. Returns what it said."""
        done = subprocess.run(
            command, env=self.environment, cwd=cwd or self.root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def measure(self, *command: str, cwd: Path | None = None) -> Sample:
        """Run a command of the guest and see what passes meanwhile."""
        self.proxy.target = self.port
        self.proxy.take()
        before, memory = self._server_cpu(), self.root / "memory"
        # GNU time starts it from a small process: `ru_maxrss` counts the memory of whoever started one, too
        timed = ["/usr/bin/time", "-o", str(memory), "-f", "%M", *command]
        took = run(timed, env=self.environment, cwd=cwd or self.root, memory=False)
        counts = self.proxy.take()
        return Sample(
            took.wall, took.cpu, int(memory.read_text().split()[-1]) * KB / 1e6,
            counts.up, counts.down, counts.requests, counts.connections, counts.turns,
            self._server_cpu() - before, self._server_memory(),
        )  # fmt: skip

    def serve(self, command: Sequence[str], *, says_when: str = "") -> str:
        """Start the server. Returns the line it says once it answers; without one, asks until it does."""
        self.stop()
        log = (self.root / "server.log").open("a")
        out = subprocess.PIPE if says_when else log
        self.server = subprocess.Popen(command, env=self.environment, cwd=self.root, stdout=out, stderr=log, text=True)
        log.close()
        if not says_when:
            _wait_for(self.port)
            return ""
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        if not line.startswith(says_when):
            raise SystemExit(f"{' '.join(command)} did not start:\n{line}{(self.root / 'server.log').read_text()}")
        return line

    def stop(self) -> None:
        """Stop the server."""
        if self.server:
            self.server.terminate()
            self.server.wait()
            if self.server.stdout:
                self.server.stdout.close()
            self.server = None

    def _server_cpu(self) -> float:
        """Processor seconds of the server and of processes it has waited for."""
        if not self.server:
            return 0.0
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(") ")[2].split()
        return sum(map(int, fields[11:15])) / TICKS  # utime, stime, cutime, cstime: man proc

    def _server_memory(self) -> float:
        return 0.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"Nothing answers on port {port}.")


class Rsync(Peer):
    """rsync with a daemon. It has no history: both ways, the newer file wins."""

    name = "rsync"

    def set_up(self, tree: Path) -> None:
        """A daemon that serves a copy of the tree."""
        shutil.copytree(tree, self.host_tree)
        self.port = free_port()
        config = self.root / "rsyncd.conf"
        config.write_text(
            f"use chroot = no\nuid = {os.getuid()}\ngid = {os.getgid()}\nlog file = {self.root / 'rsyncd.log'}\n"
            f"[tree]\npath = {self.host_tree}\nread only = no\n"
        )
        self.serve(["rsync", "--daemon", "--no-detach", "--address=127.0.0.1", f"--port={self.port}",
                    f"--config={config}"])  # fmt: skip

    @property
    def address(self) -> str:
        """Where the guest finds the host."""
        return f"rsync://127.0.0.1:{self.proxy.port}/tree/"

    def first(self) -> Sample:
        """A copy."""
        shutil.rmtree(self.guest_tree, ignore_errors=True)
        return self.sync()

    def record(self, tree: Path) -> None:
        """Nothing to do: the files are all there is."""

    def sync(self) -> Sample:
        """Fetch."""
        return self.measure("rsync", "-az", self.address, f"{self.guest_tree}/")

    def sync_both(self) -> Sample:
        """Fetch, then send."""
        fetch = f"rsync -azu {self.address} {self.guest_tree}/"
        return self.measure("sh", "-c", f"{fetch} && rsync -azu {self.guest_tree}/ {self.address}")

    def versions(self) -> dict[str, str]:
        """Its version."""
        return {"rsync": self.do("rsync", "--version").split()[2]}
