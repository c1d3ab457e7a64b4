"""Times what every pipeline stands on: start of the command, no-op rerun, dry run, report.

    python benchmarks/floor.py [RUN]

RUN is a finished run folder; without one, `acm smoke` is run first in a temporary folder.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 5
LIMITS = {"--help, CPU": 0.5, "no-op rerun": 3.0, "report build": 2.0}


def call(*arguments: str) -> tuple[float, float]:
    """Run the command; return wall and CPU seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "neurodecode", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def build_report(folder: Path) -> float:
    """Build a report inside this process; return wall seconds without the imports."""
    from neurodecode.workflow.step import load_job

    job, steps = load_job(folder, "report", "all")
    steps.report(job)
    began = time.perf_counter()
    steps.report(job)
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each figure beside its limit."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch).resolve()
        plan = folder / "plan.json"
        experiment = json.loads(plan.read_text())["experiment"] if plan.exists() else "smoke"
        run = ("run", "acm", experiment, "--out", str(folder))
        call(*run)
        figures = {
            "--help, CPU": [call("--help")[1] for _ in range(REPEATS)],
            "list": [call("list")[0] for _ in range(REPEATS)],
            "no-op rerun": [call(*run)[0] for _ in range(REPEATS)],
            "dry run": [call(*run, "-n")[0] for _ in range(REPEATS)],
            "report build": [build_report(folder) for _ in range(REPEATS)],
            "report command": [call("report", str(folder))[0] for _ in range(REPEATS)],
        }
    for name, seconds in figures.items():
        limit = f"limit {LIMITS[name]:g} s" if name in LIMITS else ""
        print(f"{name:<16} {statistics.median(seconds):6.2f} s   {limit}")
    print(f"{os.cpu_count()} cores, median of {REPEATS}")


if __name__ == "__main__":
    main()
