"""Two made-up organisations on this machine: in step, but for one disagreement. Everything lies in demo/.

Each has its own site folder and its own keys, and runs the same commands that people type. Ctrl+C ends both.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DEMO = PROJECT / "demo"
RECORD = "resources/powercube-analyse-power"


class Place:
    """One organisation: a site folder, keys beside it, and a port."""

    def __init__(self, folder: str, name: str, kind: str, port: int) -> None:
        self.site, self.port = DEMO / folder, port
        self.environment = {**os.environ, "COP_KEYS": str(DEMO / f"{folder}-keys"), "COP_SITE": str(self.site)}
        self.cop("init", str(self.site), "--name", name, "--kind", kind, "--url", self.address)

    @property
    def address(self) -> str:
        """Where its site is."""
        return f"http://127.0.0.1:{self.port}"

    def cop(self, *arguments: str) -> str:
        """Run one command. 5 means that something waits for a person, which is the point here."""
        command = [sys.executable, "-m", "cop.cli", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 5):
            sys.exit(f"cop {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def serve(self) -> "subprocess.Popen[str]":
        """Serve the site; returns once it answers."""
        command = [sys.executable, "-m", "cop.cli", "serve", "--port", str(self.port)]
        server = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        if not server.stdout.readline().startswith("Serving"):
            server.wait()
            sys.exit(f"The site at {self.address} could not be served.")
        return server

    def edit(self, record: str, old: str, new: str) -> None:
        """Change a content file as a person would."""
        path = self.site / "content" / f"{record}.md"
        text = path.read_text("utf-8")
        if old not in text:
            sys.exit(f"{path} does not say “{old}” any more; the demo needs another sentence.")
        path.write_text(text.replace(old, new), "utf-8")


def meet(one: Place, other: Place) -> None:
    """Accept each other. The phrases need no comparing: both are us."""
    for host, guest in ((one, other), (other, one)):
        invitation = json.loads(host.cop("invite", "--json"))["invitation"]
        guest.cop("join", invitation, "--yes")


def main() -> None:
    """Make both, let them disagree, and serve them."""
    shutil.rmtree(DEMO, ignore_errors=True)
    community = Place("riverside", "Riverside Group (demo)", "community", 8011)
    university = Place("northfield", "Northfield University (demo)", "university", 8012)
    shutil.copytree(PROJECT / "content", community.site / "content", dirs_exist_ok=True)
    servers = [community.serve()]
    try:
        meet(community, university)
        university.cop("sync")
        university.cop("checkout")
        summary = next(
            line
            for line in (community.site / f"content/{RECORD}.md").read_text("utf-8").split("\n")
            if line.startswith("summary:")
        )
        community.edit(RECORD, summary, "summary: Handouts and drawings that help a group to talk about power.")
        university.edit(RECORD, summary, "summary: Theory of power made practical, for seminars and workshops.")
        university.edit(RECORD, "publisher:", "cited_as: Powercube, Analyse power\npublisher:")
        for place in (community, university):
            place.cop("load")
        print(university.cop("sync"))
        servers.append(university.serve())
        print(f"Two sites hold the same. They disagree about one line, the summary of “Analyse power”:\n"
              f"  {community.address}/{RECORD}\n  {university.address}/{RECORD}\n"
              f"See it on the command line: COP_SITE=demo/riverside COP_KEYS=demo/riverside-keys .venv/bin/cop conflicts\n"
              "Ctrl+C ends both.", flush=True)  # fmt: skip
        servers[0].wait()
    except KeyboardInterrupt:
        pass
    finally:
        for server in servers:
            server.terminate()


if __name__ == "__main__":
    main()
