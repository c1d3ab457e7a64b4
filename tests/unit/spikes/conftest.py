"""Small populations, and small models of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

SIZES = {
    "n_neurons": 9, "width": 24, "n_heads": 4, "n_state_layers": 2, "n_past_layers": 2,
    "n_frame_layers": 1, "windows": {"current": 0.05, "past": 0.1, "block": 14, "past_block": 20},
}  # fmt: skip
FRAMES = {"window": 0.15, "kernel": (3, 4, 5)}
BEHAVIOURS = {
    "pose": {"n_layers": 1, "variables": {
        "speed": {"role": "target"}, "side": {"role": "target", "n_classes": 2},
        "phi": {"role": "input"}}}
}  # fmt: skip


@pytest.fixture
def config():
    """Return a maker of small settings: ``config(full=True, corrections="released")``.

    ``full`` adds frames, behaviours and the contrastive loss.
    """
    from neurodecode.config import validate
    from neurodecode.spikes import NeuroformerConfig

    def make(*, full=False, **changed):
        modalities = {
            "frames": FRAMES, "behaviours": BEHAVIOURS,
            "contrastive": {"features": ["spikes", "frames", "phi"]},
        } if full else {}  # fmt: skip
        return validate(NeuroformerConfig, {**SIZES, **modalities, **changed})

    return make


@pytest.fixture
def recording():
    """Return a maker of windows of random spikes, 3 s: ``recording(config, rate=8)``."""
    from neurodecode.spikes import SpikeWindows

    def make(config, *, rate=8.0, stops=None, chains=None, seed=0):
        rng = np.random.default_rng(seed)
        n_spikes = rng.poisson(config.n_neurons * rate * 3)
        times = np.sort(rng.uniform(0, 3, n_spikes))
        units = rng.integers(0, config.n_neurons, n_spikes)
        clock = np.arange(60) * 0.05
        behaviours = {
            "speed": (clock, rng.standard_normal(60)), "phi": (clock, rng.standard_normal(60)),
            "side": (clock, rng.integers(0, 2, 60)),
        }  # fmt: skip
        stops = np.arange(4, 24) * 0.05 if stops is None else stops
        frames = rng.standard_normal((60, 8, 10)).astype(np.float32)
        return SpikeWindows(
            config, times, units, stops, chains=chains, frames=frames, behaviours=behaviours
        )

    return make


@pytest.fixture
def model():
    """Return a maker of models in evaluation mode, their weights large: ``model(config)``.

    Fresh weights are so small that all tokens look alike.
    """

    def make(config, *, seed=0, spread=0.15):
        torch.manual_seed(seed)
        built = config.build().eval()
        with torch.no_grad():
            for parameter in built.parameters():
                parameter.add_(spread * torch.randn_like(parameter))
        return built

    return make
