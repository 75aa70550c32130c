"""Runs a command and tells what it took: seconds, processor seconds and memory of it and its workers.

Memory of a process and its workers is read from Linux's /proc while they run; elsewhere it is told as 0.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

LOOK_SECONDS = 0.05  # between looks at memory
SHARES_SECONDS = 0.5  # between looks at how much of it is shared, which cost more
MB = 1_000_000


@dataclass(frozen=True)
class Took:
    """What one run of a command took."""

    wall: float  # seconds
    cpu: float  # seconds, of the process and of all its workers
    main_mb: float  # highest memory of the process itself, resident
    tree_mb: float  # highest sum over the process and its workers; pages they share count for each
    tree_own_mb: float  # the same, pages they share divided among them (PSS); what the machine must really have
    largest_mb: (
        float  # ru_maxrss: highest memory of whichever of them took most; at least what this process took itself
    )
    seen: float = 0.0  # seconds until `until` was true, 0 if not asked
    output: str = ""


def run(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, until: Callable[[], bool] | None = None, memory: bool
) -> Took:
    """Run a command to its end. `until` is asked all the time while it runs. Raises: RuntimeError if it fails.

    Without `memory` nothing looks at it meanwhile, so that short runs are not held up.
    """
    os.sync()  # nobody else's writes shall be waited for in what follows
    said = tempfile.TemporaryFile()  # noqa: SIM115 (closed below); a pipe would fill up
    started = time.perf_counter()
    process = subprocess.Popen(command, env=dict(env), cwd=cwd, stdout=said, stderr=subprocess.STDOUT)
    peaks, seen, shares_at = [0.0, 0.0, 0.0], 0.0, 0.0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        now = time.perf_counter()
        if until and not seen and until():
            seen = time.perf_counter() - started
        if ended:
            break
        if memory:
            shares = now - shares_at > SHARES_SECONDS
            shares_at = now if shares else shares_at
            peaks = [max(pair) for pair in zip(peaks, _memory(process.pid, shares), strict=True)]
        time.sleep(LOOK_SECONDS if memory else 0.002)
    process.returncode = os.waitstatus_to_exitcode(status)
    said.seek(0)
    output = said.read().decode(errors="replace")
    said.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    cpu = usage.ru_utime + usage.ru_stime
    largest = usage.ru_maxrss * (1024 if os.uname().sysname == "Linux" else 1) / MB
    return Took(now - started, cpu, peaks[0], peaks[1], peaks[2], largest, seen, output)


def middle(runs: Sequence[Took]) -> Took:
    """The median of each number."""
    first = runs[0]
    numbers = {
        name: median(getattr(one, name) for one in runs) for name, value in vars(first).items() if name != "output"
    }
    return replace(first, **numbers)


def _memory(pid: int, shares: bool) -> tuple[float, float, float]:
    """Highest memory of the process itself so far, and now of it and its workers: resident, and its own share."""
    pids = [pid, *_below(pid)]
    main = _field(Path(f"/proc/{pid}/status"), "VmHWM:")
    tree = sum(_field(Path(f"/proc/{one}/status"), "VmRSS:") for one in pids)
    own = sum(_field(Path(f"/proc/{one}/smaps_rollup"), "Pss:") for one in pids) if shares else 0.0
    return main, tree, own


def _below(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return found
    return found + [inner for child in found for inner in _below(child)]


def _field(file: Path, name: str) -> float:
    """A line of a file under /proc, in megabytes."""
    try:
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024 / MB
    except OSError:  # it has ended meanwhile, or this is not Linux
        pass
    return 0.0
