"""A small brain module and a batch for it."""

from __future__ import annotations

import pytest
import torch

SMALL = {"n_virtual_channels": 12, "n_frequencies": 4, "hidden": 16, "n_blocks": 5}


@pytest.fixture
def small():
    """Return a maker of narrow models of full depth: ``small(**options)``."""
    from neurodecode.contrastive import BrainModule

    def make(n_outputs=7, n_participants=3, *, seed=0, **options):
        torch.manual_seed(seed)
        return BrainModule(n_outputs, n_participants, **{**SMALL, **options})

    return make


@pytest.fixture
def batch():
    """Return signals (4, 10, 50), positions (10, 2) and participants of four trials."""
    generator = torch.Generator().manual_seed(1)
    signals = torch.randn(4, 10, 50, generator=generator)
    positions = torch.rand(10, 2, generator=generator)
    return signals, positions, torch.tensor([0, 2, 1, 0])
