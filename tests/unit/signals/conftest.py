"""Small recordings of noise, and MOABB data sets of them."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from neurodecode.signals import SignalsSection

CHANNELS = ("C3", "Cz", "C4", "Pz")


def make_raw(names=CHANNELS, *, sfreq=100.0, seconds=20, scale=1e-5, seed=0):
    """Return white noise of ``scale`` volts."""
    data = np.random.default_rng(seed).standard_normal((len(names), int(sfreq * seconds)))
    return mne.io.RawArray(data * scale, mne.create_info(list(names), sfreq, "eeg"), verbose=0)


@pytest.fixture
def raw():
    """Return the maker of recordings."""
    return make_raw


@pytest.fixture
def settings():
    """Return settings with a band below the Nyquist frequency of the recordings."""
    return SignalsSection()


@pytest.fixture
def fake():
    """Return a maker of MOABB's fake data set with left and right hand."""
    from moabb.datasets.fake import FakeDataset

    def make(**options):
        defaults = {"n_sessions": 2, "n_runs": 1, "n_subjects": 1, "duration": 30, "n_events": 6}
        hands = ("left_hand", "right_hand")
        return FakeDataset(event_list=hands, seed=3, **{**defaults, **options})

    return make
