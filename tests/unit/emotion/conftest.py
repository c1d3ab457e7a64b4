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
