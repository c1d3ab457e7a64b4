"""What the programs share: a model, and windows of a simulated recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from neurodecode.spikes.attention import Attention
from neurodecode.spikes.batches import SpikeWindows

if TYPE_CHECKING:
    from neurodecode.benchmarks.spikes.config import PopulationSection
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.model import Neuroformer


def draw_model(config: NeuroformerConfig, seed: int) -> Neuroformer:
    """Return a model whose output depends on everything, and that never writes EOS.

    Weights as drawn before a training are small, and positions zero: tokens attend to all others
    almost alike, and what they read hardly matters, so that a wrong memory would write the same.
    Embeddings and positions are therefore drawn with deviation 1, weights of attention with one
    over the root of the width, which keeps it. The row of EOS is zero, so that its logit, 0, is
    never the largest of many.
    """
    torch.manual_seed(seed)
    model = config.build()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, Attention):
                for linear in (module.query, module.key, module.value, module.output):
                    linear.weight.normal_(std=config.width**-0.5)
        for drawn in (model.tokens.weight, model.position, model.past_position):
            if drawn is not None:
                drawn.normal_()
        model.id_head.weight[model.tokenizer.eos] = 0
    return model


def draw_windows(
    population: PopulationSection, config: NeuroformerConfig, n_windows: int, seed: int
) -> SpikeWindows:
    """Return windows that follow one another, of units that fire at random, and frames of noise."""
    rng = np.random.default_rng(seed)
    windows = config.windows
    stops = windows.past + windows.current * (1 + np.arange(n_windows))
    seconds = float(stops[-1]) + population.frames.window
    n_spikes = round(population.n_units * population.rate_hz * seconds)
    times = np.sort(rng.uniform(0, seconds, n_spikes))
    units = rng.integers(population.n_units, size=n_spikes)
    n_frames = population.frames.n_frames + round(seconds * population.frames.rate)
    frames = rng.standard_normal((n_frames, *population.frame_shape)).astype(np.float32)
    return SpikeWindows(config, times, units, stops, frames=frames)
