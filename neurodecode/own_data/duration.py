"""How long a run may take, and what that estimate stands on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.own_data.survey import Duration, size_text

JOB_S = 6.0
"""Assumed start of a job: its process and imports."""
REPEATS = 5


def decomposition_seconds(n: int) -> float:
    """Return the seconds that the eigendecomposition of a symmetric n x n matrix takes here."""
    a = np.random.default_rng(0).standard_normal((n, n))
    matrix = a @ a.T
    return _shortest(lambda: np.linalg.eigh(matrix))


def product_rate() -> float:
    """Return multiplications and additions a second of a float32 matrix product here."""
    n = 512
    a = np.random.default_rng(0).standard_normal((n, n)).astype(np.float32)
    return 2 * n**3 / _shortest(lambda: a @ a)


def time_text(seconds: float) -> str:
    """Word a time coarsely, as befits an estimate: "40 s", "5 min", "3 h"."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86400:.0f} days"


def _shortest(work: Callable[[], object]) -> float:
    """Return processor seconds, which other programs hardly change; at least the clock's tick."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return max(min(times), time.get_clock_info("process_time").resolution)


def past_duration(pipeline: str, n_bytes: int, reports: Path = Path("reports")) -> Duration:
    """Scale an earlier complete run of the pipeline by the size of its stores.

    Parameters
    ----------
    pipeline : str
    n_bytes : int
        Of the stores of the run to come.
    reports : Path, default "reports"
        Where earlier runs are.

    Returns
    -------
    Duration
        ``seconds`` is None where there is no complete run.
    """
    found = []
    for path in sorted((reports / pipeline).glob("*/run.json")):
        record = read_json(path)
        files = filter(Path.is_file, path.parent.glob("stores/**/*"))
        size = sum(file.stat().st_size for file in files)
        if record.get("status") == "complete" and record.get("wall_s") and size:
            found.append((abs(np.log(max(n_bytes, 1) / size)), path.parent.name, size, record))
    if not found:
        advice = f"a first run, as `neurodecode run {pipeline} smoke`, gives a measure"
        return Duration(None, f"no earlier run of {pipeline} here to scale from; {advice}")
    _, name, size, record = min(found, key=lambda entry: entry[0])
    seconds = float(record["wall_s"]) * n_bytes / size
    basis = (
        f"scaled from the run {name} ({record['wall_s']:.0f} s for {size_text(size)} of stores); "
        "other settings of models and epochs change it in proportion"
    )
    return Duration(seconds, basis)
