"""Trials whose classes differ in channel power, so that every decoder can tell them apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

CLASSES = np.array(["feet", "left_hand", "right_hand"])


def make_trials(n_classes=2, n_trials=30, n_samples=200, *, subjects=("1",), sessions=("0",)):
    """Return signals (trials, 4, samples), and the trial table."""
    rng = np.random.default_rng(0)
    parts, tables = [], []
    mixing = rng.standard_normal((4, 4))
    for subject in subjects:
        for session in sessions:
            codes = rng.permutation(np.resize(np.arange(n_classes), n_trials))
            gains = np.ones((n_trials, 4, 1))
            gains[np.arange(n_trials), codes] = 2.0
            parts.append(mixing @ (gains * rng.standard_normal((n_trials, 4, n_samples))))
            tables.append(
                pd.DataFrame({"subject": subject, "session": session, "label": CLASSES[codes]})
            )
    table = pd.concat(tables, ignore_index=True)
    table["trial"] = table.groupby("subject").cumcount()
    return np.concatenate(parts), table


@pytest.fixture
def trials():
    """Return the maker of trials."""
    return make_trials


@pytest.fixture
def store(tmp_path):
    """Return a maker of a subject's store with signals of two hands."""
    from neurodecode.signals import write_store

    def make(subject, *, sessions=("0", "1"), channels=("C3", "Cz", "C4", "Pz"), sfreq=100.0):
        X, table = make_trials(sessions=sessions, subjects=(subject,))
        folder = tmp_path / "stores" / subject
        write_store(folder, X, table, {"channels": list(channels), "sfreq": sfreq})
        return folder

    return make
