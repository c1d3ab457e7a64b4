"""Small BIDS folders of EEG whose recordings can be spoilt before they are written."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mne
import numpy as np
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.trials import read_subject

CHANNELS = ("Fz", "C3", "Cz", "C4", "Pz", "Oz")
LABELS = ("left_hand", "right_hand")
COMMAND = Path(__file__).parents[1] / "pipelines" / "conftest.py"


@pytest.fixture(scope="session")
def command():
    """Return the function that calls ``neurodecode`` as a user does."""
    spec = importlib.util.spec_from_file_location("pipelines_conftest", COMMAND)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.call


def make_recording(names=CHANNELS, *, sfreq=100.0, seconds=50, labels=LABELS, seed=0):
    """Return noise of 10 uV with a cue every 4 s from 1 s on."""
    info = mne.create_info(list(names), sfreq, "eeg")
    data = np.random.default_rng(seed).standard_normal((len(names), int(seconds * sfreq)))
    raw = mne.io.RawArray(data * 1e-5, info, verbose="error")
    raw.info["line_freq"] = 50
    known = mne.channels.get_builtin_montages()  # MNE 1.13 renamed the template
    montage = "colin27_1020" if "colin27_1020" in known else "standard_1020"
    raw.set_montage(montage, on_missing="ignore")
    onsets = np.arange(1, seconds - 4, 4.0)
    cues = np.resize(list(labels), len(onsets))
    return raw.set_annotations(mne.Annotations(onsets, 3.0, cues))


@pytest.fixture
def recording():
    """Return the maker of recordings."""
    return make_recording


@pytest.fixture
def study(tmp_path):
    """Return a writer of recordings into a BIDS folder: ``study({("01", "0"): raw})``."""
    import mne_bids

    def write(recordings, folder="study"):
        root = tmp_path / folder
        for (subject, session), raw in recordings.items():
            path = mne_bids.BIDSPath(
                root=root, subject=subject, session=session, task="imagery", datatype="eeg"
            )
            mne_bids.write_raw_bids(
                raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
            )
        return root

    return write


@pytest.fixture
def experiment():
    """Return a maker of experiments on a BIDS folder, with settings by section."""

    def make(folder, *, data=None, **sections):
        here = {"dataset": "local", "path": folder, "events": LABELS, "interval": (0, 3)}
        small = {"evaluation": {"n_splits": 2}, "model": {"order": 2}, **sections}
        return validate(ACMConfig, {"description": "", "data": {**here, **(data or {})}, **small})

    return make


@pytest.fixture
def read(tmp_path):
    """Return ``read(config, subject)``: the trials, as the prepare step reads them."""

    def of(config, subject="01"):
        return read_subject(config, card_of(config.data), subject, tmp_path)

    return of
