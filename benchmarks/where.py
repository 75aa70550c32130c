"""Runs `cop` and tells in which of its functions time passes, in the main process and in each worker.

A timer interrupts every few milliseconds; the time since the last interruption goes to the innermost function of `cop`
that is running, with all it called in libraries. No names of functions are written down here, so it stays right when
they change. It costs about 1% of the time. Linux and macOS.

    python benchmarks/where.py REPORT.json load        (as `cop load`; the report is a dict per process)
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY_SECONDS = 0.004
KEEP_SECONDS = 0.25  # workers are stopped without warning, so each writes down now and then what it has


class Sampler:
    """Counts seconds per function and per module of one process."""

    def __init__(self, report: Path, package: Path) -> None:
        self._report, self._package = report, f"{package}{os.sep}"
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        signal.signal(signal.SIGALRM, self._look)
        signal.siginterrupt(signal.SIGALRM, False)

    def _begin(self) -> None:
        self._seconds: Counter[str] = Counter()  # wall
        self._cpu: Counter[str] = Counter()
        self._last = self._kept = time.perf_counter()
        self._last_cpu = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)

    def _look(self, number: int, frame: FrameType | None) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        where = self._innermost(frame)
        self._seconds[where] += now - self._last
        self._cpu[where] += cpu - self._last_cpu
        self._last, self._last_cpu = now, cpu
        if now - self._kept > KEEP_SECONDS:
            self._kept = now
            self.keep()

    def _innermost(self, frame: FrameType | None) -> str:
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._package):
                return f"{name.removeprefix(self._package)}:{frame.f_code.co_qualname}"
            frame = frame.f_back
        return "start and libraries"

    def keep(self) -> None:
        """Write down what was found so far."""
        file = self._report.with_name(f"{self._report.name}.{os.getpid()}")
        file.write_text(json.dumps({"wall": self._seconds, "cpu": self._cpu}))


def main() -> None:
    """Run `cop` with the arguments behind the first one."""
    report = Path(sys.argv[1])
    import cop  # the package's own folder tells its functions from libraries

    sampler = Sampler(report, Path(cop.__file__).parent)
    from cop.cli import main as run_cop

    try:
        run_cop(sys.argv[2:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sampler.keep()
        processes = {}
        for file in sorted(report.parent.glob(f"{report.name}.*")):
            name = "main" if file.suffix == f".{os.getpid()}" else f"worker {file.suffix[1:]}"
            processes[name] = json.loads(file.read_text())
            file.unlink()
        report.write_text(json.dumps(processes))


if __name__ == "__main__":
    main()
