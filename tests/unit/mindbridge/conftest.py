"""Small models, and small subjects whose responses share latents."""

from __future__ import annotations

import numpy as np
import pytest
import torch

SIZES = {"pooled_size": 16, "width": 12, "n_blocks": 2, "adapter_size": 3}
SHAPES = {"image_shape": (3, 4), "text_shape": (2, 5)}


@pytest.fixture
def bridge():
    """Return a maker of narrow models of full depth: ``bridge(subjects, **options)``."""
    from neurodecode.mindbridge import MindBridge

    def make(subjects=("1", "2", "5"), *, seed=0, **options):
        torch.manual_seed(seed)
        return MindBridge(subjects, **{**SIZES, **SHAPES, **options})

    return make


@pytest.fixture
def study():
    """Return a maker of subjects who saw images: ``study({"1": 40}, n_repetitions=3)``.

    Images have six latents; targets and, with noise, all subjects' voxels are linear in them.
    """
    from neurodecode.mindbridge import SubjectData

    def make(n_stimuli, *, n_repetitions=3, noise=0.1, seed=0, shared=False, smooth=2.0):
        world = np.random.default_rng(seed)
        to_image, to_text = world.standard_normal((6, 12)), world.standard_normal((6, 20))
        data = {}
        for place, (subject, n) in enumerate(n_stimuli.items()):
            brain = np.random.default_rng([seed, place, 1])
            seen = np.random.default_rng([seed, 0 if shared else place, 2])
            latents = seen.standard_normal((n, 6))
            n_voxels = 37 + 5 * place
            kernel = np.exp(-0.5 * (np.arange(-6, 7) / smooth) ** 2)
            mixing = np.apply_along_axis(
                np.convolve, 1, brain.standard_normal((6, n_voxels)), kernel / kernel.sum(), "same"
            )
            clean = (latents @ mixing)[:, None]
            responses = clean + noise * brain.standard_normal((n, n_repetitions, n_voxels))
            data[subject] = SubjectData(
                responses.astype(np.float32),
                (latents @ to_image).reshape(n, 3, 4).astype(np.float32),
                [f"{i:04d}" for i in range(n)],
                (latents @ to_text).reshape(n, 2, 2, 5).astype(np.float32),
            )
        return data

    return make


def batch_of(subject, n, *, seed=0, text=True):
    """Return random pooled signals and targets of one subject."""
    generator = torch.Generator().manual_seed(seed)
    return {
        "subject": subject,
        "pooled": torch.randn(n, 16, generator=generator),
        "image": torch.randn(n, 3, 4, generator=generator),
        "text": torch.randn(n, 2, 5, generator=generator) if text else None,
    }


@pytest.fixture
def new_batch():
    """Return the maker of batches: ``new_batch(subject, n, seed=0)``."""
    return batch_of


@pytest.fixture(scope="session")
def responses(tmp_path_factory):
    """Return the folder of three simulated subjects, split and stored; do not change it."""
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.fetch import fetch_study
    from neurodecode.mindbridge.study import fetch_trials, prepare_subject, read_subject

    folder, config = tmp_path_factory.mktemp("responses"), bridge_config()
    card, subjects = find_card("simulated-responses"), config.simulated_subjects()
    fetch_study(config, card, subjects, folder)
    trials = fetch_trials(config, card, subjects, folder, folder / "seen")
    for subject in subjects:
        found = read_subject(config, card, subject, folder)
        prepare_subject(folder / subject, found, trials[trials["participant"] == subject])
    return folder


@pytest.fixture(scope="session")
def simulated_in(responses):
    """Return a maker of studies of them: ``simulated_in(cache, models=["ridge"])``, by sections.

    Sections that decide data and split have no effect here.
    """
    from neurodecode.mindbridge.study import Study, read_trials, shipped_embeddings

    def make(cache, **sections):
        config = bridge_config(**sections)
        folders = {subject: responses / subject for subject in config.simulated_subjects()}
        seen = responses / "seen"
        return Study(config, folders, *read_trials(seen), cache, "key", shipped_embeddings(seen))

    return make


@pytest.fixture
def simulated(simulated_in, tmp_path):
    """Return ``simulated_in`` with a cache of the test's own."""
    from functools import partial

    return partial(simulated_in, tmp_path / "cache")


def bridge_config(**sections):
    """Return a small experiment on simulated subjects without pictures, with changed sections."""
    from neurodecode.config import validate
    from neurodecode.mindbridge.config import MindBridgeConfig

    small = {
        "description": "",
        "data": {"dataset": "simulated-responses", "simulation": {
            "n_subjects": 3, "n_voxels": [60, 50, 40], "n_train": 30, "n_shared_test": 15,
            "n_repetitions": 2, "n_latent": 6, "ncsnr": 0.5, "pictures": "none",
            "embedding": "latent"}},
        "target": {"image": "shipped"},
        "bridge": {"pooled_size": 40, "width": 16, "n_blocks": 1, "adapter_size": 4},
        "losses": {"mse": 10.0}, "batches": {"batch_size": 9}, "trainer": {"max_epochs": 2},
        "evaluation": {"set_size": 8, "n_sets": 6, "n_bootstrap": 100},
    }  # fmt: skip
    return validate(MindBridgeConfig, {**small, **sections})


@pytest.fixture
def run_table():
    """Return trials of one person: four runs, in each four stimuli once."""
    import pandas as pd

    rows = [(name, f"{run}") for run in range(1, 5) for name in "abcd"]
    table = pd.DataFrame(rows, columns=["stimulus", "run"])
    return table.assign(participant="1", image="", part="", repetition=1)
