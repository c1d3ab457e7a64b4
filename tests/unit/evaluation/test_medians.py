"""The interval of a median covers it as often as it says."""

from __future__ import annotations

import numpy as np

from neurodecode.evaluation.medians import median_interval


def test_the_interval_covers_the_median_with_95_percent():
    assert median_interval(np.arange(7.0)) == (0, 6)
    assert median_interval(np.arange(9.0)[::-1]) == (1, 7)
    rng = np.random.default_rng(0)
    drawn = [median_interval(rng.exponential(size=11)) for _ in range(4000)]
    covered = np.mean([low <= np.log(2) <= high for low, high in drawn])
    assert 0.95 <= covered <= 0.99
