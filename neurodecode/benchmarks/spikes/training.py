"""Times training steps with fused attention and with attention maps, on the same parameters."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from neurodecode.benchmarks.spikes.population import draw_model, draw_windows
from neurodecode.benchmarks.spikes.programs import FUSED, MAPS
from neurodecode.spikes.config_training import OptimiserSection
from neurodecode.spikes.losses import spike_terms, weighted_sum
from neurodecode.spikes.module import decay_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from neurodecode.benchmarks.spikes.config import SpikesBenchmark
    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.model import Neuroformer

    Programs = Mapping[str, Callable[[], Tensor]]


def time_training(bench: SpikesBenchmark, *, seed: int) -> list[dict[str, Any]]:
    """Compare losses and gradients at equal parameters, then take steps by turns.

    Returns
    -------
    list of dict
        For each dropout: ``dropout``; ``kernel``, whether PyTorch has a fused one for it here;
        ``tokens``, places of the current windows of a step; by program ``losses``, ``seconds`` (of
        forward, loss, backward, AdamW, a list over rounds) and ``held_mb`` for the backward pass;
        ``gradient_gap``, the largest difference relative to the largest gradient.
    """
    found, block = [], bench.population.windows.block
    for dropout in bench.training.dropouts:
        with torch.random.fork_rng():
            config = bench.network_of(block=block, dropout=dropout)
            model = draw_model(config, seed).train()
            windows = draw_windows(bench.population, config, bench.training.batch_size, seed)
            programs = make_programs(model, windows.batch(range(len(windows))))
            compared = compare(model, programs, seed)
            held = {name: held_megabytes(model, loss) for name, loss in programs.items()}
            seconds = _by_turns(model, programs, bench.training.rounds, seed)
        found.append({
            "dropout": dropout, "kernel": has_fused_kernel(dropout), "held_mb": held,
            "tokens": len(windows) * block, "seconds": seconds, **compared,
        })  # fmt: skip
    return found


def make_programs(model: Neuroformer, batch: SpikeBatch) -> Programs:
    """Return the loss of a batch, with fused attention and with maps."""

    def loss(maps: dict[str, list[Tensor]] | None) -> Tensor:
        return weighted_sum(spike_terms(model, model(batch, maps), batch), model.config)

    return {FUSED: lambda: loss(None), MAPS: lambda: loss({})}


def compare(model: Neuroformer, programs: Programs, seed: int) -> dict[str, Any]:
    """Return losses and the largest difference of gradients, dropout masks being equal."""
    losses, gradients = {}, {}
    for name, program in programs.items():
        torch.manual_seed(seed)
        loss = program()
        losses[name] = loss.item()
        found = torch.autograd.grad(loss, list(model.parameters()), materialize_grads=True)
        gradients[name] = torch.cat([gradient.flatten() for gradient in found])
    gap = (gradients[FUSED] - gradients[MAPS]).abs().max() / gradients[MAPS].abs().max()
    return {"losses": losses, "gradient_gap": float(gap)}


def held_megabytes(model: Neuroformer, program: Callable[[], Tensor]) -> float:
    """Return the MB (10^6 bytes) that a loss keeps for its gradient, parameters left out."""
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        loss = program()
    kept = sum(size for place, size in sizes.items() if place not in own)
    del loss  # until here it kept what was counted: a place that is free is given out again
    return kept / 1e6


def has_fused_kernel(dropout: float) -> bool:
    """Return whether PyTorch has a fused kernel here for a dropout; without one it makes maps."""
    tokens = torch.zeros(1, 1, 2, 8)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # reasons are warnings, the answer is an error
        try:
            scaled_dot_product_attention(tokens, tokens, tokens, dropout_p=dropout)
        except RuntimeError:
            return False
    return True


def _by_turns(
    model: Neuroformer, programs: Programs, rounds: int, seed: int
) -> dict[str, list[float]]:
    settings = OptimiserSection()
    optimiser = torch.optim.AdamW(
        decay_groups(model, settings.weight_decay), lr=settings.learning_rate, betas=settings.betas
    )
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name in list(programs)[:: 1 if number % 2 else -1]:
            torch.manual_seed(seed + number)
            began = time.perf_counter()
            optimiser.zero_grad()
            programs[name]().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if number:  # the first round makes the optimiser's states
                seconds[name].append(time.perf_counter() - began)
    return seconds
