"""A run killed at any moment, even more than once, ends with the numbers of an undisturbed one.

``NEURODECODE_KILLS=20 pytest tests/faults/test_kill.py`` kills twenty more runs.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
KILLS = int(os.environ.get("NEURODECODE_KILLS", "0"))

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")


def arguments(folder):
    return ["run", "acm", "smoke", "--out", str(folder), "--set", "data.subjects=['01']",
            "--cores", "2"]  # fmt: skip


def numbers(folder):
    """Return the bytes of every metric and prediction of a run, by file."""
    names = ("metrics.json", "predictions.parquet")
    found = {p.relative_to(folder): p.read_bytes() for p in (folder / "evaluate").rglob("*")
             if p.name in names}  # fmt: skip
    return found | {Path("report.json"): (folder / "report.json").read_bytes()}


def processes_in(folder):
    """Return the numbers of the processes that work in a run folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, command):
    """Return the numbers of a run that nothing interrupts, and how long it took, s."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    began = time.monotonic()
    result = command(*arguments(folder))
    assert result.returncode == 0, result.stdout + result.stderr
    return numbers(folder), time.monotonic() - began


def start(folder):
    """Start a run of which nothing is awaited."""
    return subprocess.Popen(
        [sys.executable, "-m", "neurodecode", *arguments(folder)],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def kill(run, folder):
    """Kill a run and wait until its jobs have ended by themselves."""
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert wait_until(lambda: not processes_in(folder), 20), "a job outlived its run"


@pytest.mark.fault(22, "acm")
def test_a_run_killed_again_and_again_leaves_no_orphan_and_the_same_command_resumes(
    undisturbed, tmp_path, command
):
    expected, seconds = undisturbed
    folder = (tmp_path / "run").resolve()
    run = start(folder)
    assert wait_until(lambda: (folder / "logs" / "train" / "01.log").exists(), 120)
    second = command(*arguments(folder))
    assert second.returncode == 2
    assert "another run is at work in this folder" in second.stderr
    assert f"process {run.pid} on " in second.stderr
    assert "Traceback" not in second.stderr
    kill(run, folder)
    assert not (folder / "report.html").exists()
    prepared = (folder / "stores" / "01" / "store.json").stat().st_mtime_ns

    moments = random.Random(0)
    for _ in range(2):
        run = start(folder)
        time.sleep(moments.uniform(0.02, 0.4) * seconds)
        kill(run, folder)

    resumed = command(*arguments(folder))
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (folder / "stores" / "01" / "store.json").stat().st_mtime_ns == prepared
    assert numbers(folder) == expected


@pytest.mark.skipif(KILLS == 0, reason="set NEURODECODE_KILLS")
@pytest.mark.parametrize("seed", range(max(KILLS, 1)))
def test_a_run_killed_at_a_random_moment_resumes_to_the_same_bytes(
    seed, undisturbed, tmp_path, command
):
    expected, seconds = undisturbed
    folder = (tmp_path / "run").resolve()
    run = start(folder)
    time.sleep(random.Random(seed).uniform(0.02, 1.0) * seconds)
    kill(run, folder)
    resumed = command(*arguments(folder))
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert numbers(folder) == expected
