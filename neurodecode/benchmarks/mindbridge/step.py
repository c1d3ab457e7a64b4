"""Times a training step: ours and the straightforward one, on the same parameters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

from neurodecode.benchmarks.machine import peak_memory_gb
from neurodecode.benchmarks.mindbridge.plain import plain_loss
from neurodecode.benchmarks.mindbridge.programs import OURS, PEER
from neurodecode.mindbridge.config_model import LossSection, OptimiserSection
from neurodecode.mindbridge.losses import Rows, bridge_terms, weighted_sum
from neurodecode.mindbridge.module import decay_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from neurodecode.benchmarks.mindbridge.config import BridgeStepSection, MindBridgeBenchmark
    from neurodecode.mindbridge.model import MindBridge

PAIR = ("1", "2")
"""Whose embeddings pass through whom, in every step alike."""


def time_steps(bench: MindBridgeBenchmark, *, seed: int) -> dict[str, Any]:
    """Compare losses and gradients at equal parameters, then take steps in turn.

    Returns
    -------
    dict
        ``losses`` by program; ``gradient_gap``, the largest difference of any gradient relative to
        its parameter's largest; ``seconds`` and ``cpu_seconds`` by program, forward, backward and
        AdamW; ``memory`` in GB: weights, gradients, optimiser states (computed), peak (measured).
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        subjects = [str(k + 1) for k in range(bench.step.n_subjects)]
        model = bench.bridge.build(subjects, bench.step.image_shape, bench.step.text_shape)
        rows, losses = draw(bench.step, model), LossSection()
        programs: dict[str, Callable[[], Tensor]] = {
            OURS: lambda: weighted_sum(bridge_terms(model, rows, pair=PAIR)[0], losses),
            PEER: lambda: plain_loss(model, rows, PAIR),
        }
        found = compare(model, programs, seed)
        return found | _timed(model, programs, bench.step.rounds, seed) | {"memory": memory(model)}


def draw(sizes: BridgeStepSection, model: MindBridge) -> Rows:
    """Return a batch of random signals and targets, subject by subject."""
    n = sizes.n_subjects * sizes.batch_size
    places = torch.arange(sizes.n_subjects).repeat_interleave(sizes.batch_size)
    return Rows(torch.randn(n, model.pooled_size), places, torch.randn(n, *sizes.image_shape),
                torch.randn(n, *sizes.text_shape))  # fmt: skip


def compare(
    model: MindBridge, programs: dict[str, Callable[[], Tensor]], seed: int
) -> dict[str, Any]:
    """Return losses and the largest difference of gradients, dropout masks being equal."""
    losses, gradients = {}, {}
    for name, loss in programs.items():
        model.zero_grad()
        torch.manual_seed(seed)
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        losses[name] = value.item()
        gradients[name] = [p.grad for p in model.parameters()]
    gap = max(
        float((ours - plain).abs().max() / plain.abs().max().clamp(min=1e-12))
        for ours, plain in zip(gradients[OURS], gradients[PEER], strict=True)
        if ours is not None and plain is not None
    )
    return {"losses": losses, "gradient_gap": gap}


def _timed(
    model: MindBridge, programs: dict[str, Callable[[], Tensor]], rounds: int, seed: int
) -> dict[str, Any]:
    settings = OptimiserSection()
    optimiser = torch.optim.AdamW(
        decay_groups(model, settings.weight_decay, settings.decay), lr=settings.learning_rate
    )
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    cpu: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        order = list(programs) if number % 2 else list(programs)[::-1]
        for name in order:
            torch.manual_seed(seed + number)
            began, spent = time.perf_counter(), time.process_time()
            optimiser.zero_grad()
            programs[name]().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if number:  # the first round makes the optimiser's states
                seconds[name].append(time.perf_counter() - began)
                cpu[name].append(time.process_time() - spent)
    return {"seconds": seconds, "cpu_seconds": cpu}


def memory(model: MindBridge) -> dict[str, float]:
    """Return GB of weights, gradients and both moments of AdamW, and the peak of this process."""
    weights = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e9
    return {"weights": weights, "gradients": weights, "optimiser": 2 * weights,
            "peak": peak_memory_gb()}  # fmt: skip
