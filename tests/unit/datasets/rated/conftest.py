"""Small data sets of rated clips, written by the tests in their true layouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.datasets.rated.recording import Rated

BASELINE_SAMPLES = 7808


def cells(arrays):
    """Return a MATLAB cell array of n x 1."""
    column = np.empty((len(arrays), 1), dtype=object)
    for place, array in enumerate(arrays):
        column[place, 0] = array
    return column


def draw_person(rng, lengths, n_channels=14):
    """Return the struct of one person, as DREAMER has it."""

    def recorded(samples, channels):
        return [4200 + 10 * rng.standard_normal((n, channels)) for n in samples]

    n_trials = len(lengths)
    rests = [BASELINE_SAMPLES] * n_trials
    return {
        "Age": "22",
        "Gender": "male",
        "EEG": {
            "baseline": cells(recorded(rests, n_channels)),
            "stimuli": cells(recorded(lengths, n_channels)),
        },
        "ECG": {
            "baseline": cells(recorded([2 * n for n in rests], 2)),
            "stimuli": cells(recorded([2 * n for n in lengths], 2)),
        },
        **{
            f"Score{name}": rng.integers(1, 6, (n_trials, 1)).astype(float)
            for name in ("Valence", "Arousal", "Dominance")
        },
    }


def write_dreamer(path, people, *, compressed=False):
    """Write ``DREAMER.mat``: nested structs, cells of n x 1, people in a cell of 1 x n."""
    from scipy.io import savemat

    content = {
        "Data": cells(people).T,
        "EEG_SamplingRate": 128.0,
        "ECG_SamplingRate": 256.0,
        "EEG_Electrodes": cells(list(CHANNELS)).T,
        "noOfSubjects": float(len(people)),
        "noOfVideoSequences": float(len(people[0]["ScoreValence"])),
        "Disclaimer": "text",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"DREAMER": content}, do_compression=compressed)
    return path


@pytest.fixture
def dreamer():
    """Return ``(draw_person, write_dreamer)``."""
    return draw_person, write_dreamer


def rated_parts(n_trials=4, n_samples=256, n_baseline=128, seed=0, **changes):
    """Return the parts of a session of noise; ratings go through the scale."""
    rng = np.random.default_rng(seed)
    trials = np.arange(1, n_trials + 1)
    table = {
        "trial": trials,
        "clip": [f"clip-{k:02d}" for k in trials],
        "valence": 1.0 + (trials - 1) % 5,
        "arousal": 5.0 - (trials - 1) % 5,
    }
    parts = {
        "subject": "01",
        "session": "0",
        "channel_names": list(CHANNELS),
        "sampling_rate": 128.0,
        "signals": [rng.normal(4200, 10, (14, n_samples)) for _ in trials],
        "baselines": [rng.normal(4200, 10, (14, n_baseline)) for _ in trials],
        "table": pd.DataFrame(table),
        "ratings": {"valence": (1, 5), "arousal": (1, 5)},
    }
    return {**parts, **changes}


@pytest.fixture
def parts():
    """Return a maker of the parts of a session: ``parts(**changes)``."""
    return rated_parts


@pytest.fixture
def rated():
    """Return a maker of sessions: ``rated(**changes)``."""
    return lambda **changes: Rated(**rated_parts(**changes))
