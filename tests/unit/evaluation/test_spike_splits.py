"""Splits of spike windows keep blocks, trials and moments apart; the released one is marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import (
    SPIKE_PROTOCOLS,
    SpikeSplitSettings,
    assert_no_leak,
    audit_spikes,
    split_spikes,
    window_table,
)
from neurodecode.evaluation.spike_splits import MOMENT
from neurodecode.evaluation.spike_windows import WINDOWS, shared_moments
from neurodecode.faults import ConfigFault, DataFault, LeakFault

TRIALS = pd.DataFrame({
    "trial": np.arange(1, 31), "start": np.arange(30) * 5.0, "stop": np.arange(30) * 5.0 + 4,
    "odour": np.resize(["a", "b", "c"], 30),
})  # fmt: skip
CUT = {"current_s": 0.05, "past_s": 0.15, "ahead_s": 0.05}


@pytest.fixture(scope="module")
def windows():
    sessions = [window_table("s", str(k), (0.0, 150.0), TRIALS, labels=["odour"], **CUT)
                for k in range(2)]  # fmt: skip
    return pd.concat(sessions, ignore_index=True)


def test_windows_lie_with_all_they_see_inside_the_recording():
    table = window_table("s", "0", (10.0, 20.0), current_s=0.5, past_s=1.0, ahead_s=0.5)
    assert tuple(table.columns) == WINDOWS
    assert (table["start"].iloc[0], table["stop"].iloc[-1]) == (11.0, 19.5)
    assert table["seen_start"].min() == 10
    assert table["seen_stop"].max() == 20
    np.testing.assert_allclose(np.diff(table["start"]), 0.5)


def test_windows_of_trials_see_nothing_outside_their_trial(windows):
    mine = windows[windows["session"] == "0"]
    stops = mine["trial"].map(TRIALS.set_index("trial")["stop"])
    starts = mine["trial"].map(TRIALS.set_index("trial")["start"])
    assert (mine["seen_stop"] <= stops + 1e-9).all()
    assert (mine["seen_start"] >= starts - 1e-9).all()
    assert mine.groupby("trial").size().unique().tolist() == [76]


def test_a_window_longer_than_the_recording_is_told_with_both_lengths():
    with pytest.raises(DataFault, match=r"a window of 31 s .* is longer than the recording, 30 s"):
        window_table("s", "0", (0, 30), current_s=1.0, past_s=30.0)
    with pytest.raises(DataFault, match="longer than the trials, 4 s"):
        window_table("s", "0", (0, 150), TRIALS, current_s=5.0)


@pytest.mark.parametrize("protocol", ["blocked_time", "trial_wise"])
def test_honest_protocols_pass_their_audit_and_test_every_window_once(windows, protocol):
    folds = split_spikes(windows, protocol)
    assert len(folds) == 5
    rows = audit_spikes(windows, folds, protocol)
    assert_no_leak(rows)
    assert {row.unit for row in rows} >= {MOMENT}
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    np.testing.assert_array_equal(tested, np.arange(len(windows)))
    for fold in folds:
        assert not shared_moments(windows.iloc[fold.train], windows.iloc[fold.test]).any()
        assert len(fold.blocks) == len(windows)


def test_blocks_keep_the_asked_gap():
    table = window_table("s", "0", (0.0, 100.0), **CUT)
    (fold, *_) = split_spikes(table, "blocked_time", SpikeSplitSettings(gap_s=2.0))
    train, test = table.iloc[fold.train], table.iloc[fold.test]
    nearest = min(
        min(abs(row.seen_start - test["seen_stop"]).min(), abs(row.seen_stop
            - test["seen_start"]).min()) for row in train.itertuples()
    )  # fmt: skip
    assert nearest >= 2.0 - 1e-9


def test_trials_are_spread_over_the_folds_by_label(windows):
    settings = SpikeSplitSettings(stratify="odour")
    for fold in split_spikes(windows, "trial_wise", settings):
        tested = windows.iloc[fold.test].drop_duplicates(["session", "trial"])
        assert tested.groupby(["session", "odour"]).size().tolist() == [2] * 6
    again = split_spikes(windows, "trial_wise", settings)
    other = split_spikes(windows, "trial_wise", SpikeSplitSettings(stratify="odour", seed=1))
    assert not np.array_equal(again[0].test, other[0].test)


def test_the_released_draw_leaks_and_says_so(windows):
    (fold,) = split_spikes(windows, "random_windows")
    assert fold.train.size == round(0.8 * len(windows))
    assert not fold.valid.size
    rows = audit_spikes(windows, [fold], "random_windows")
    moments = next(row for row in rows if row.unit == MOMENT)
    assert moments.overlap > 0.9 * fold.test.size
    assert "neighbouring windows" in moments.leaks
    assert_no_leak(rows)
    disguised = audit_spikes(windows, [fold], "blocked_time")
    with pytest.raises(LeakFault, match="in both training and test"):
        assert_no_leak(disguised)


def test_splits_that_are_not_possible_are_told(windows):
    with pytest.raises(ConfigFault, match="did you mean 'blocked_time'"):
        split_spikes(windows, "blocked_tim")
    with pytest.raises(DataFault, match="split by blocked_time"):
        split_spikes(windows.drop(columns="trial"), "trial_wise")
    with pytest.raises(DataFault, match="10 windows for 20 time blocks"):
        split_spikes(windows.iloc[:10], "blocked_time")
    with pytest.raises(DataFault, match=r"0 training .* shorter gaps"):
        split_spikes(windows, "blocked_time", SpikeSplitSettings(gap_s=500.0))
    with pytest.raises(ConfigFault, match="3 or more"):
        SpikeSplitSettings(n_folds=2)
    assert set(SPIKE_PROTOCOLS) == {"blocked_time", "trial_wise", "random_windows"}
