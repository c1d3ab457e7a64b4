"""Objects with pynapple's manners become sessions, real ones as well where it is installed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.spiking.pynapple import session_from_pynapple
from neurodecode.faults import DataFault


class Timed:
    def __init__(self, times, values=None):
        self._times, self.values = np.asarray(times, float), values

    def times(self):
        return self._times


class Intervals:
    def __init__(self, start, end, **facts):
        self.start, self.end = np.asarray(start, float), np.asarray(end, float)
        self.metadata = pd.DataFrame(facts)


class Group(dict):
    time_support = Intervals([0.0, 50.0], [40.0, 100.0])
    metadata = pd.DataFrame({"rate": [0.1, 0.2], "area": ["CA1", "CA3"]})


def group():
    rng = np.random.default_rng(0)
    return Group({3: Timed(np.sort(rng.uniform(0, 100, 40))), 8: Timed([1.0, 2.0])})


def test_keys_metadata_support_and_trials_are_taken_over():
    values = np.arange(1000.0)
    values[5] = np.nan
    made = session_from_pynapple(
        group(), subject="rat", behaviour={"speed": Timed(np.arange(1000) / 10, values)},
        trials=Intervals([0, 50], [40, 90], odour=["a", "b"]),
    )  # fmt: skip
    assert made.unit_table.to_dict("list") == {"unit": ["3", "8"], "area": ["CA1", "CA3"]}
    assert made.limits == (0, 100)
    assert len(made.series("speed").times) == 999
    assert made.trials["odour"].tolist() == ["a", "b"]


def test_a_frame_of_several_columns_is_refused():
    frame = Timed(np.arange(10), np.ones((10, 2)))
    with pytest.raises(DataFault, match="one column of a TsdFrame"):
        session_from_pynapple(group(), behaviour={"x": frame})


def test_real_pynapple_objects_are_read():
    nap = pytest.importorskip("pynapple", reason="pynapple is not installed")
    spikes = nap.TsGroup({1: nap.Ts([1.0, 2.0, 7.0]), 2: nap.Ts([0.5, 9.0])})
    speed = nap.Tsd(t=np.arange(0, 9, 0.1), d=np.arange(90.0))
    made = session_from_pynapple(
        spikes, behaviour={"speed": speed}, trials=nap.IntervalSet([1.0, 5.0], [4.0, 8.0])
    )
    assert made.units.tolist() == [1, 0, 0, 0, 1]
    assert made.limits == (0.5, 9.0)
    assert len(made.trials) == 2
