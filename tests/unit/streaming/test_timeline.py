"""Times and sample numbers agree across gaps and drifting clocks."""

from __future__ import annotations

import pytest

from neurodecode.streaming.chain import Chain
from neurodecode.streaming.timeline import Timeline

CHAIN = Chain(100.0, -0.1, 50)


def test_without_a_gap_a_window_is_where_the_training_cut_it():
    timeline = Timeline(CHAIN, 1000.0)
    for k in range(20):
        assert timeline.observe(k * 0.1, 100, k * 10) is (k == 0)
    segment, first = timeline.window(1.234)
    assert first == round((1.234 - 0.1) * 100)
    assert segment.stop is None
    assert timeline.gaps == []


def test_a_gap_is_found_and_numbers_go_on_after_it():
    timeline = Timeline(CHAIN, 1000.0)
    timeline.observe(5.0, 1000, 0)
    assert timeline.observe(7.5, 1000, 95)
    assert timeline.gaps == [(6.0, 7.5)]
    segment, first = timeline.window(5.5)
    assert (first, segment.stop) == (40, 95)
    segment, first = timeline.window(8.0)
    assert (first, segment.stop) == (95 + 40, None)


def test_a_window_before_the_stream_is_nowhere():
    timeline = Timeline(CHAIN, 1000.0)
    timeline.observe(5.0, 1000, 0)
    assert timeline.window(5.05) is None


def test_a_window_that_begins_in_a_gap_belongs_to_what_ended_there():
    timeline = Timeline(CHAIN, 1000.0)
    timeline.observe(0.0, 1000, 0)
    timeline.observe(3.0, 1000, 95)
    segment, first = timeline.window(2.0)
    assert first + CHAIN.n_samples > segment.stop


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_drifting_clock_is_followed_without_gaps(ppm):
    timeline, stretch = Timeline(CHAIN, 1000.0), 1 + ppm * 1e-6
    for k in range(20_000):
        timeline.observe(k * 0.1 * stretch, 100, k * 10)
    assert timeline.gaps == []
    _, first = timeline.window(1999.5 * stretch)
    assert abs(first - (1999.5 - 0.1) * 100) <= 1


def test_a_clock_that_jumps_back_begins_anew():
    timeline = Timeline(CHAIN, 1000.0)
    timeline.observe(100.0, 1000, 0)
    assert timeline.observe(3.0, 1000, 95)
    assert timeline.window(3.5)[1] == 95 + 40
