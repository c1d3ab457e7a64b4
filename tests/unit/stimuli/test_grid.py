"""Frames reach the brain's grid by the stated rule, and only where there is sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import DataFault
from neurodecode.stimuli import to_grid
from neurodecode.stimuli.grid import n_grid_samples


def frames(n, n_features=1):
    return np.tile(np.arange(n, dtype=np.float32), (n_features, 1))


def grid(n, rate, start, stop, sfreq, default=-1):
    return to_grid(frames(n), rate, start, stop, sfreq, default)[0].tolist()


def test_the_published_window_has_361_samples():
    assert to_grid(frames(500, 3), 50, 1.5, 4.5, 120).shape == (3, 361)
    assert n_grid_samples(-0.5, 2.5, 120) == 361


def test_the_same_rate_copies_the_frames():
    assert grid(10, 10, 0.2, 0.6, 10) == [2, 3, 4, 5, 6]


def test_twice_the_rate_repeats_each_frame():
    assert grid(5, 10, 0.1, 0.45, 20) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_half_the_rate_takes_every_other_frame():
    assert grid(8, 10, 0.0, 0.6, 5) == [0, 2, 4, 6]


def test_five_samples_over_three_frames_follow_the_floor_rule():
    # 0.4 s to 1.0 s: frames 2, 3 and 4 of 5 Hz; j * 3 // 5 is 0, 0, 1, 1, 2
    assert grid(6, 5, 0.4, 0.4 + 4 * 0.12, 1 / 0.12) == [2, 2, 3, 3, 4]


def test_before_the_sound_is_the_default():
    assert grid(10, 10, -0.3, 0.2, 10) == [-1, -1, -1, 0, 1, 2]


def test_after_the_sound_is_the_default():
    assert grid(4, 10, 0.2, 0.6, 10, default=-5) == [2, 3, -5, -5, -5]


@pytest.mark.parametrize(("start", "stop"), [(-3.0, -1.0), (1.0, 3.0), (-1.0, -0.1)])
def test_a_window_without_sound_is_all_default(start, stop):
    assert set(grid(10, 10, start, stop, 10)) == {-1}


def test_a_short_sound_inside_the_window_lies_at_its_own_time():
    assert grid(2, 10, -0.2, 0.4, 10) == [-1, -1, 0, 1, -1, -1, -1]


def test_a_sliver_of_sound_still_gets_one_frame():
    assert grid(10, 10, 0.98, 1.2, 50) == [9] + [-1] * 11


@given(
    n=st.integers(1, 300),
    rate=st.floats(10, 130),
    start=st.floats(-4, 8),
    length=st.floats(0, 4),
    sfreq=st.sampled_from([100.0, 120.0, 128.0]),
)
def test_every_sample_gets_a_frame_within_one_of_its_own_and_order_is_kept(
    n, rate, start, length, sfreq
):
    values = to_grid(frames(n), rate, start, start + length, sfreq, -1)[0]
    times = start + np.arange(len(values)) / sfreq
    inside = (times >= 1e-6) & (times < n / rate - 1e-6)
    outside = (times < -1e-6) | (times > n / rate + 1e-6)
    assert (values[outside] == -1).all()
    kept = values[inside]
    slack = 1.0 + rate / sfreq  # a frame, and one sample period of the window's end
    assert (np.abs(kept - times[inside] * rate + 0.5) <= 0.5 + slack).all()
    assert (np.diff(kept) >= 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 2.0, "stop": 1.0}, "ends before it starts"),
        ({"frame_rate": 0.0}, "frames at 0 Hz"),
        ({"features": np.zeros((3, 0))}, "shape"),
        ({"features": np.zeros(3)}, "shape"),
    ],
)
def test_impossible_requests_are_refused(options, message):
    given = {"features": frames(4), "frame_rate": 10.0, "start": 0.0, "stop": 1.0, "sfreq": 10.0}
    with pytest.raises(DataFault, match=message):
        to_grid(**{**given, **options})
