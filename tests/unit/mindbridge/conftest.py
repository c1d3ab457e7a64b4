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
