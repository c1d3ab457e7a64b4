"""Times training steps and inference: ours, the straightforward form, and EEGNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

from neurodecode.benchmarks.emotion.plain import PlainHiSTN
from neurodecode.benchmarks.emotion.programs import OURS, PLAIN, RIVAL
from neurodecode.emotion.eegnet import EEGNet
from neurodecode.emotion.histn import HiSTN
from neurodecode.emotion.throughput import measure_throughput

if TYPE_CHECKING:
    from neurodecode.benchmarks.emotion.config import EmotionBenchmark

N_SAMPLES = 128


def time_programs(bench: EmotionBenchmark, *, seed: int) -> dict[str, Any]:
    """Compare outputs and gradients at equal parameters, then take turns.

    Returns
    -------
    dict
        ``gaps``: the largest difference of outputs, in training mode with equal dropout and in
        evaluation mode, relative to the largest output; and of gradients, relative to the largest
        one of all parameters. ``throughput``: rows of :func:`measure_throughput`, ratios to ours.
    """
    step = bench.step
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        ours, plain, rival = HiSTN(bench.graph), PlainHiSTN(bench.graph), EEGNet()
        plain.load_state_dict(ours.state_dict())
        gaps = compare(ours, plain, step.batch_size, seed)
    networks = {OURS: ours, PLAIN: plain, RIVAL: rival}
    table = measure_throughput(
        networks, ours.n_channels, N_SAMPLES, batch_size=step.batch_size, rounds=step.rounds,
        seconds_per_round=step.seconds_per_round, reference=OURS, seed=seed,
    )  # fmt: skip
    return {"gaps": gaps, "throughput": table.to_dict("records")}


def compare(ours: HiSTN, plain: HiSTN, batch_size: int, seed: int) -> dict[str, float]:
    """Return the differences of outputs and gradients; see :func:`time_programs`."""
    windows = torch.randn(batch_size, ours.n_channels, N_SAMPLES)
    levels = torch.randint(ours.n_classes, (batch_size,))
    outputs, gradients = [], []
    for network in (ours, plain):
        torch.manual_seed(seed)  # of dropout
        trained = network.train()(windows)
        loss = cross_entropy(trained, levels)
        found = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            outputs.append(torch.cat([trained, network.eval()(windows)]))
        gradients.append(torch.cat([gradient.flatten() for gradient in found]))
    return {"outputs": _gap(*outputs), "gradient": _gap(*gradients)}


def _gap(ours: torch.Tensor, plain: torch.Tensor) -> float:
    return float((ours - plain).abs().max() / plain.abs().max())
