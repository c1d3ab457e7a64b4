"""A small session of three units, whole, and its parts to be broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.spiking.recording import Series, SpikeSession, Stimulus


def session_parts():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 60, 300))
    return {
        "subject": "a",
        "session": "1",
        "times": times,
        "units": np.arange(300) % 3,
        "unit_table": pd.DataFrame({"unit": ["u1", "u2", "u3"], "area": ["V1", "V1", "AL"]}),
        "limits": (0.0, 60.0),
        "stimulus": Stimulus(
            rng.random((120, 4, 5)).astype(np.float32), np.arange(120, dtype=float) / 2
        ),
        "behaviour": {
            "speed": Series(np.arange(600) / 10, rng.standard_normal(600)),
            "choice": Series(np.arange(6) * 10.0, np.array([0, 1, 0, 1, 1, 0])),
        },
        "trials": pd.DataFrame({
            "trial": [1, 2, 3], "start": [0.0, 20.0, 40.0], "stop": [18.0, 38.0, 58.0],
            "odour": ["x", "y", "x"],
        }),
    }  # fmt: skip


@pytest.fixture
def parts():
    """Return a maker of the arguments of a whole session."""
    return session_parts


@pytest.fixture
def session():
    """Return a whole session."""
    return SpikeSession(**session_parts())
