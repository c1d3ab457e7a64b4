"""How long a run may take, and what that estimate stands on."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

JOB_S = 6.0
"""Start of a job: its process and imports."""
REPEATS = 3


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
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
