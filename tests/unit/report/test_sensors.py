"""Sensors are drawn wherever they lie, and the largest ones are named in words."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.report.sensors import sensor_figure

NAMES = [f"E{i}" for i in range(12)]


def places(kind):
    rng = np.random.default_rng(0)
    found = rng.uniform(0, 1, (12, 2))
    if kind == "diagonal":
        found[:, 1] = found[:, 0]
    if kind == "column":
        found[:, 0] = 0.5
    if kind == "some unknown":
        found[3:6] = np.nan
    return found


@pytest.mark.parametrize("kind", ["everywhere", "diagonal", "column", "some unknown"])
def test_any_layout_can_be_drawn(kind):
    figure = sensor_figure(places(kind), np.arange(12.0), NAMES, label="weight", name="x")
    assert figure.svg.startswith("<svg")
    assert figure.alt.startswith("weight by sensor, largest: E11 11, E10 10")


def test_three_sensors_are_enough_and_unknown_ones_are_not_named():
    positions = np.array([[0, 0], [1, 0], [np.nan, np.nan], [0, 1.0]])
    figure = sensor_figure(positions, np.arange(4.0), NAMES[:4], label="weight", name="x")
    assert "E3 3" in figure.alt
    assert "E2" not in figure.alt
