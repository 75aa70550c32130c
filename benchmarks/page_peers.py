"""Starts the servers that are measured, and asks them with wrk."""

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from page_sites import Place

HERE = Path(__file__).resolve().parent
START_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    address: str
    process: int  # its id

    def cpu(self) -> float:
        """Processor seconds that it has used; those of nginx's worker too."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process)], capture_output=True, text=True)
        return sum(_cpu(int(one)) for one in [str(self.process), *listed.stdout.split()])


@dataclass(frozen=True)
class Sample:
    """What one run of wrk took."""

    requests: int
    seconds: float
    bytes: int
    failed: int
    p50: float  # milliseconds
    p99: float
    max: float
    cpu: float = 0.0  # processor seconds of the server

    @property
    def cpu_each(self) -> float:
        """Processor milliseconds of the server for each answer: what other work on the machine changes least."""
        return 1000 * self.cpu / self.requests if self.requests else math.inf  # nothing came in time

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def wrk(server: Server, paths: Sequence[str], *, readers: int, seconds: float) -> Sample:
    """Ask for these paths in turn, as many readers at once as said. Raises: SystemExit if an answer fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{path}\n" for path in paths))
        file.flush()
        command = ["wrk", "-t1", f"-c{readers}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(HERE / "pages.lua")]
        before = server.cpu()
        done = subprocess.run([*command, server.address, "--", file.name], capture_output=True, text=True, check=True)
        cpu = server.cpu() - before
    sample = Sample(**json.loads(done.stdout.splitlines()[-1]), cpu=cpu)
    if sample.failed:
        raise SystemExit(
            f"{sample.failed} of {sample.requests} answers of {server.address} failed, such as {paths[0]}."
        )
    return sample


def _cpu(process: int) -> float:
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ours(place: Place, name: str) -> Iterator[Server]:
    """One of `page_servers.py`."""
    port = free_port()
    command = [sys.executable, str(HERE / "page_servers.py"), name, str(place.site), str(port)]
    with _running(command, port, place.environment) as server:
        yield server


@contextmanager
def stock(place: Place, *setting: str) -> Iterator[Server]:
    """`datasette serve site.db` with no plugin at all."""
    port = free_port()
    environment = {**place.environment, "DATASETTE_LOAD_PLUGINS": ""}
    chosen = ["--setting", *setting] if setting else []
    command = [sys.executable, "-m", "datasette", "serve", str(place.site_db), "--port", str(port), *chosen]
    with _running(command, port, environment) as server:
        yield server


@contextmanager
def nginx(place: Place, page: str) -> Iterator[Server]:
    """nginx with one finished page as a file, one worker like the others."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cop-nginx-") as folder:
        Path(folder).chmod(0o755)  # its worker is somebody else if root starts it
        (Path(folder) / "page.html").write_text(page, "utf-8")
        logs = f"pid {folder}/pid; error_log {folder}/error.log;"
        temporary = "".join(
            f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        server = f"server {{ listen 127.0.0.1:{port}; root {folder}; }}"
        config = f"daemon off; worker_processes 1; {logs} events {{}} http {{ access_log off; types {{text/html html;}} {temporary} {server} }}"
        (Path(folder) / "nginx.conf").write_text(config)
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
        with _running([program, "-c", f"{folder}/nginx.conf"], port, place.environment, "/page.html") as started:
            yield started


@contextmanager
def _running(command: Sequence[str], port: int, environment: Mapping[str, str], path: str = "/") -> Iterator[Server]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        try:
            server = Server(f"http://127.0.0.1:{port}", process.pid)
            until = time.monotonic() + START_SECONDS
            while not answers(server, path):
                if process.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise SystemExit(f"{' '.join(command)} does not answer:\n{said.read().decode()}")
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            process.wait()


def answers(server: Server, path: str) -> bool:
    """True once it answers at all."""
    try:
        urllib.request.urlopen(server.address + path, timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
