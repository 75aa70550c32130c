"""Commands as people run them: in a process of their own, with nobody at the keyboard."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.network import Place

COP = [sys.executable, "-m", "cop.cli"]
WAIT_SECONDS = 60


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def started(place: Place, *arguments: str) -> "subprocess.Popen[str]":
    """A command that is still running; what it prints comes at once."""
    return subprocess.Popen(
        [*COP, "--site", str(place.site.root), *arguments],
        env={**os.environ, "COP_KEYS": str(place.site.keys), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def ran(place: Place, *arguments: str, seconds: float = WAIT_SECONDS) -> "subprocess.CompletedProcess[str]":
    """A command that has ended, well or with an error that people can read."""
    process = started(place, *arguments)
    try:
        out, told = process.communicate(timeout=seconds)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in told, told
    return subprocess.CompletedProcess(process.args, process.returncode, out, told)


def cop(place: Place, *arguments: str, code: int = 0) -> str:
    """What a command printed on stdout; if it failed, as it should, also on stderr."""
    done = ran(place, *arguments)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + (done.stderr if code not in (0, 5) else "")


def report(place: Place, *arguments: str, code: int = 0) -> dict[str, Any]:
    out = cop(place, "sync", "--json", *arguments, code=code)
    return json.loads(out[: out.rindex("]") + 1])[0]  # type: ignore[no-any-return]


@contextmanager
def serving(place: Place) -> Iterator[str]:
    """A running `cop serve` on a free port; gives its address."""
    with serving_with_link(place) as (address, _link):
        yield address


@contextmanager
def serving_with_link(place: Place) -> Iterator[tuple[str, str]]:
    """Likewise, and the link to sign in at its desk."""
    process = started(place, "serve", "--port", "0")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"Serving .* at (http://\S+)", line)
        assert found, line + (process.stderr.read() if process.stderr else "")
        link = process.stdout.readline().split()[-1]
        assert "/desk/enter/" in link
        yield found.group(1), link
    finally:
        process.terminate()
        _, told = process.communicate(timeout=WAIT_SECONDS)
        assert "Traceback" not in told, told


def at(place: Place, other: Place, address: str) -> None:
    """Remember where a partner is reached."""
    place.db.execute("UPDATE local_partner SET address = ? WHERE organisation = ?", [address, other.organisation])
