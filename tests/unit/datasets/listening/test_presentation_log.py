"""Triggers and log rows are matched by edit distance, and the clock follows the triggers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.datasets.listening.presentation_log import match_sequences, set_clock
from neurodecode.faults import DataFault

CODES = st.lists(st.sampled_from([10, 20]), max_size=12)


def distance(first, second):
    """Levenshtein distance, by its recursive definition over prefixes."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        row, before = [i], row
        for j, b in enumerate(second, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
    return row[-1]


@given(CODES, CODES)
def test_matched_places_are_equal_ordered_and_of_a_shortest_edit(first, second):
    a, b = match_sequences(first, second)
    assert [first[i] for i in a] == [second[j] for j in b]
    assert a == sorted(set(a))
    assert b == sorted(set(b))
    # Between kept pairs, the longer gap says how many edits are needed.
    ends = [(-1, -1), *zip(a, b, strict=True), (len(first), len(second))]
    edits = sum(max(i - h, j - k) - 1 for (h, k), (i, j) in pairwise(ends))
    assert edits == distance(first, second)


def test_rows_between_anchors_keep_the_intervals_of_the_log():
    log = np.array([0.0, 1.0, 1.5, 4.0, 4.5])
    times, drift = set_clock(
        log, np.array([1, 3]), [10, 20], np.array([6.0, 9.25]), [10, 20], where="here"
    )
    np.testing.assert_allclose(times, [5.0, 6.0, 6.5, 9.25, 9.75])
    assert drift == pytest.approx(0.25)


def test_a_clock_that_runs_backwards_is_refused():
    with pytest.raises(DataFault, match=r"rank correlation -?[0-9.]+ \[here\]"):
        set_clock(
            np.array([0.0, 5.0, 1.0]), np.arange(3), [10, 20, 20], np.array([1.0, 2.0, 3.0]),
            [10, 20, 20], where="here",
        )  # fmt: skip
