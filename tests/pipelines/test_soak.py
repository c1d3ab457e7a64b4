"""Memory does not grow with the number of people in a run.

``NEURODECODE_SOAK=50 pytest -s tests/pipelines/test_soak.py`` takes 50 simulated people, and fewer
beside them, through ``acm`` and ``adhd``, and prints what was measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]
SOAK = int(os.environ.get("NEURODECODE_SOAK", "0"))
FEW = {"acm": 10, "adhd": 20}
"""People of the smaller run: as many as the inner folds of ``adhd`` need."""
FLAT = 0.05
"""Largest growth of what should stay as it is, as a share."""
SETTLED = 3
"""Jobs after which the driver has imported all that it needs."""
BOOKED_MB = 0.1
"""Snakemake keeps what it knows of each finished job: so much at most."""
ONE_PERSON = {"acm": ("prepare", "train", "evaluate"), "adhd": ("prepare",)}
"""Rules that have a job per person."""
OPTIONS = {"acm": (), "adhd": ("--set", "data.people_per_store=1")}

soak = pytest.mark.skipif(SOAK == 0, reason="set NEURODECODE_SOAK")
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def peaks(folder, rule):
    """Return the peak memory of a rule's jobs, MB, in the order in which they ended."""
    files = (folder / "timings" / rule).glob("*.json")
    records = sorted((json.loads(path.read_text()) for path in files), key=lambda r: r["finished"])
    return np.array([record["peak_memory_mb"] for record in records])


def growth(values):
    """Return by how much a straight line through values in order rises, as a share of their mean.

    And the same of the mean of the last ten (half, of fewer than 20) against that of the first.
    """
    slope = np.polyfit(np.arange(len(values)), values, 1)[0]
    n = min(10, len(values) // 2)
    return slope * (len(values) - 1) / values.mean(), values[-n:].mean() / values[:n].mean() - 1


def megabytes(folder):
    """Return the size of what the jobs of a run leave for one another, MB."""
    files = [
        path for part in ("stores", "model", "evaluate") for path in (folder / part).rglob("*")
    ]
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


@dataclass(frozen=True)
class Run:
    """A finished run, and the resident memory of its driver, MB, each half second."""

    pipeline: str
    folder: Path
    driver: np.ndarray
    seconds: float


def watched(pipeline, n_people, folder):
    """Run an experiment of some simulated people as a user does, and watch the driver."""
    words = ["run", pipeline, "smoke", "--out", str(folder), "--cores", "2",
             "--set", f"data.simulation.n_subjects={n_people}", *OPTIONS[pipeline]]  # fmt: skip
    began, found = time.monotonic(), []
    log = folder.with_suffix(".log")
    with log.open("w") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "neurodecode", *words], cwd=REPOSITORY, stdout=said, stderr=said
        )
        while run.poll() is None:
            if len(list((folder / "timings").rglob("*.json"))) >= SETTLED:
                found += resident(run.pid)
            time.sleep(0.5)
    assert run.returncode == 0, log.read_text()
    return Run(pipeline, folder, np.array(found), time.monotonic() - began)


def resident(pid):
    """Return the resident memory of a process, MB; nothing once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return [int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS")]


@pytest.mark.parametrize("rule", ONE_PERSON["acm"])
def test_the_second_subject_needs_no_more_memory_than_the_first(finished, rule):
    found = peaks(finished, rule)
    assert len(found) == 2
    assert abs(found[1] / found[0] - 1) < FLAT


def test_a_megabyte_kept_of_every_subject_would_be_seen():
    noise = np.random.default_rng(0).normal(0, 1, 50)
    assert np.abs(growth(600 + noise)).max() < FLAT
    assert min(growth(600 + noise + np.arange(50))) > FLAT


@pytest.fixture(scope="module", params=list(ONE_PERSON))
def runs(request, tmp_path_factory):
    """Return a run of few people and one of as many as asked for."""
    pipeline, folder = request.param, tmp_path_factory.mktemp(request.param)
    return [watched(pipeline, n, folder / f"people-{n}") for n in (FEW[pipeline], SOAK)]


@soak
@linux
def test_jobs_of_one_person_stay_as_large_as_they_were(runs):
    many = runs[1]
    for rule in ONE_PERSON[many.pipeline]:
        found = peaks(many.folder, rule)
        assert len(found) == SOAK
        print(f"{many.pipeline} {rule}: first ten {found[:10].mean():.1f} MB, "
              f"last ten {found[-10:].mean():.1f} MB, largest {found.max():.1f} MB")  # fmt: skip
        assert max(growth(found)) < FLAT


@soak
@linux
def test_the_process_that_starts_the_jobs_keeps_no_more_than_its_books(runs):
    for run in runs:
        n_jobs = len(list((run.folder / "timings").rglob("*.json")))
        first, last = run.driver[0], run.driver[-1]
        print(f"{run.pipeline}: driver {first:.1f} MB after {SETTLED} jobs, {last:.1f} MB after "
              f"{n_jobs}, {run.seconds:.0f} s")  # fmt: skip
        assert run.driver.max() < first + BOOKED_MB * n_jobs


@soak
@linux
def test_jobs_of_everybody_grow_no_faster_than_their_data(runs):
    few, many = runs
    n_few = FEW[many.pipeline]
    data = megabytes(many.folder) - megabytes(few.folder)
    for rule in {"fetch", "train", "evaluate", "report"} - {*ONE_PERSON[many.pipeline]}:
        before, after = (peaks(run.folder, rule).max() for run in runs)
        print(f"{many.pipeline} {rule}: {before:.1f} MB of {n_few} people, {after:.1f} MB of "
              f"{SOAK}, whose data have {data:.1f} MB more")  # fmt: skip
        assert after - before < data + FLAT * before
