"""Small populations, and small models of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
    """Return a maker of windows of random spikes, 3 s: ``recording(config, rate=8)``.

    ``change(times, units)`` returns other units for the spikes.
    """
    from neurodecode.spikes import SpikeWindows

    def make(config, *, rate=8.0, stops=None, chains=None, seed=0, change=None):
        rng = np.random.default_rng(seed)
        n_spikes = rng.poisson(config.n_neurons * rate * 3)
        times = np.sort(rng.uniform(0, 3, n_spikes))
        units = rng.integers(0, config.n_neurons, n_spikes)
        units = units if change is None else change(times, units)
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


EXPERIMENT = {
    "description": "",
    "data": {"dataset": "local"},
    "windows": {"dt": 0.02, "current": 0.1, "past": 0.1, "block": 16, "past_block": 16},
    "targets": ["speed"],
    "split": {"n_blocks": 10, "gap_seconds": 0.2},
    "models": ["state+past", "Poisson GLM"],
    "network": {"width": 8, "n_heads": 2, "n_state_layers": 1, "n_past_layers": 1,
                "n_frame_layers": 1, "n_behaviour_layers": 1, "dropout": 0.0},
    "training": {"trainer": {"max_epochs": 1}},
    "few_shot": {"training": {"trainer": {"max_epochs": 2}}},
    "evaluation": {"n_draws": 2, "n_windows": 20, "n_resamples": 100},
}  # fmt: skip


@pytest.fixture(scope="session")
def experiment():
    """Return a maker of small experiments of the pipeline: ``experiment(targets=["side"])``."""
    from neurodecode.config import validate
    from neurodecode.spikes.config import SpikesConfig

    def make(**sections):
        return validate(SpikesConfig, {**EXPERIMENT, **sections})

    return make


@pytest.fixture(scope="session")
def session():
    """Return a maker of sessions whose units fire with the speed: ``session(begin=7.3)``."""
    from neurodecode.datasets.spiking.recording import Series, SpikeSession

    def make(*, n_units=4, seconds=24.0, begin=0.0, seed=0, labels=None, **parts):
        rng = np.random.default_rng(seed)
        clock = begin + np.arange(round(seconds / 0.05)) * 0.05
        speed = np.sin(2 * np.pi * (clock - begin) / 3) + 0.1 * rng.standard_normal(clock.size)
        rates = 10 * np.clip(1 + np.outer(np.resize([0.9, -0.9], n_units), speed), 0.05, None)
        unit, place = np.nonzero(rng.random(rates.shape) < 0.05 * rates)
        times = clock[place] + rng.uniform(0, 0.05, place.size)
        order = np.argsort(times)
        labels = [f"u{k}" for k in range(n_units)] if labels is None else labels
        whole = {
            "subject": "01", "session": "a", "times": times[order], "units": unit[order],
            "unit_table": pd.DataFrame({"unit": labels}), "limits": (begin, begin + seconds),
            "behaviour": {
                "speed": Series(clock, speed), "side": Series(clock, (speed > 0).astype(np.int64)),
            },
        }  # fmt: skip
        return SpikeSession(**{**whole, **parts})

    return make


@pytest.fixture
def trials():
    """Return a maker of trials of 2 s every 3 s with two odours: ``trials(begin=0, n=8)``."""

    def make(*, begin=0.0, n=8):
        start = begin + 3.0 * np.arange(n)
        odours = ["mint"] * (n // 2) + ["rose"] * (n - n // 2)
        return pd.DataFrame({"trial": np.arange(1, n + 1), "start": start, "stop": start + 2.0,
                             "odour": odours, "valve": start + 0.5})  # fmt: skip

    return make


@pytest.fixture
def study(tmp_path, experiment, session):
    """Return a maker of studies with their stores: ``study(session(), targets=["side"])``."""
    from neurodecode.spikes.preparation import prepare_subject
    from neurodecode.spikes.study import Study

    def make(*sessions, **sections):
        sessions = sessions or (session(),)
        folders = {one.subject: tmp_path / "stores" / one.subject for one in sessions}
        for subject, folder in folders.items():
            prepare_subject(folder, [one for one in sessions if one.subject == subject])
        return Study(experiment(**sections), folders)

    return make
