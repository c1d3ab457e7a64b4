"""The growth of cost is read between the largest populations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.spikes.config_network import NetworkSection
from neurodecode.spikes.cost import growth_exponent, measure_cost

SMALL = NetworkSection(width=8, n_heads=2, n_state_layers=1, n_past_layers=1, dropout=0.0)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_is_found(exponent):
    sizes = np.array([1024, 256, 4096])
    table = pd.DataFrame({"n_units": sizes, "seconds": 2.0 * sizes**exponent})
    assert growth_exponent(table) == pytest.approx(exponent)


def test_what_does_not_grow_with_the_population_does_not_flatter():
    """A constant part dominates small sizes, which are left out."""
    sizes = np.array([1, 10, 1000, 4000])
    table = pd.DataFrame({"n_units": sizes, "seconds": 1.0 + 1e-3 * sizes**2})
    assert growth_exponent(table) > 1.9


def test_populations_are_timed_with_a_past_that_grows_with_them():
    table = measure_cost(SMALL, n_units=(16, 64), batch_size=2, rounds=3)
    assert table["n_units"].tolist() == [16, 64]
    assert table["past_tokens"].tolist() == [4, 16]
    assert (table["parameters"].diff().dropna() > 0).all()
    assert ((table["low"] <= table["seconds"]) & (table["seconds"] <= table["high"])).all()
    assert (table["seconds"] > 0).all()
