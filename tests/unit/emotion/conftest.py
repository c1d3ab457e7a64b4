"""Windows of noise, and networks drawn from a seed."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def windows():
    """Return a maker of windows: ``windows(n, n_channels, n_samples)``."""

    def make(n=3, n_channels=14, n_samples=128, *, seed=0):
        return torch.randn(n, n_channels, n_samples, generator=torch.Generator().manual_seed(seed))

    return make


@pytest.fixture
def network():
    """Return a maker of networks by name: ``network("HiSTN G0", seed=0, **options)``."""
    from neurodecode.emotion import make_network

    def make(name="HiSTN G0", *args, seed=0, **options):
        torch.manual_seed(seed)
        return make_network(name, *args, **options)

    return make


SMALL = {
    "description": "",
    "data": {"dataset": "simulated-rated", "simulation": {
        "n_subjects": 3, "n_clips": 10, "seconds": 4, "baseline_seconds": 2}},
    "labels": ["valence"],
    "signals": {"seconds": 4, "baseline_seconds": 2},
    "protocols": ["leave_clips_out"],
    "split": {"n_folds": 3, "n_pieces": 4, "calibration_seconds": 2, "missing": "warn"},
    "models": ["HiSTN G0"],
    "network": {"momentum": 0.8},
    "within": {"batch_size": 16, "n_batches": 2, "n_valid": 20, "trainer": {"max_epochs": 2}},
    "sources": {"batch_size": 20, "trainer": {"max_epochs": 1}},
    "calibration": {"batch_size": 20, "trainer": {"max_epochs": 2}},
    "jobs": "subject",
    "evaluation": {"n_crops": 30, "n_resamples": 100, "n_permutations": 20, "n_optimal": 50},
}  # fmt: skip


def emotion_config(**sections):
    """Return a small experiment on simulated viewers, with changed sections."""
    from neurodecode.config import validate
    from neurodecode.emotion.config import EmotionConfig

    changed = {
        name: {**SMALL[name], **value} if isinstance(SMALL.get(name), dict) else value
        for name, value in sections.items()
    }
    return validate(EmotionConfig, {**SMALL, **changed})


@pytest.fixture(scope="session")
def viewers(tmp_path_factory):
    """Return the folder of three simulated viewers, and their stores; do not change it."""
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.fetch import fetch_study
    from neurodecode.emotion.preparation import prepare_subject
    from neurodecode.emotion.study import read_subject

    folder, config = tmp_path_factory.mktemp("viewers"), emotion_config()
    card, subjects = find_card("simulated-rated"), config.simulated_subjects()
    fetch_study(config, card, subjects, folder)
    for subject in subjects:
        sessions = read_subject(config, card, subject, folder)
        prepare_subject(folder / "stores" / subject, sessions, config.signals)
    return folder


@pytest.fixture(scope="session")
def watched(viewers):
    """Return a maker of studies of them: ``watched(models=["flat"])``, by sections.

    Sections that decide data and signals have no effect here.
    """
    from neurodecode.emotion.study import Study

    def make(subjects=("01", "02", "03"), **sections):
        folders = {subject: viewers / "stores" / subject for subject in subjects}
        return Study(emotion_config(**sections), folders, "key")

    return make
