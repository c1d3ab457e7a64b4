"""Times a training step: ours, the straightforward one, and that one with one part of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from neurodecode.benchmarks.speech.plain import PlainBrainModule, plain_loss
from neurodecode.benchmarks.speech.programs import OURS, PROGRAMS
from neurodecode.contrastive.attention import SpatialAttention
from neurodecode.contrastive.brain_module import BrainModule
from neurodecode.contrastive.convolutions import ConvStack
from neurodecode.contrastive.losses import clip_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from neurodecode.benchmarks.speech.config import StepSection

LEARNING_RATE = 3e-4
N_CHECKED = 2
"""Steps whose losses are compared before anything is timed; they warm up too."""


@dataclass
class Program:
    """A network, its loss and its optimiser, and the positions in the form it takes."""

    network: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]
    positions: Tensor

    def __post_init__(self) -> None:
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)

    def step(self, seed: int, signals: Tensor, subjects: Tensor, targets: Tensor) -> Any:
        """Take one step; return its loss, its wall seconds and its CPU seconds."""
        torch.manual_seed(seed)  # the disc of spatial dropout
        began, cpu = time.perf_counter(), time.process_time()
        self.optimiser.zero_grad()
        loss = self.loss(self.network(signals, self.positions, subjects), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.item(), time.perf_counter() - began, time.process_time() - cpu


def time_steps(
    sizes: StepSection, shape: tuple[int, int], *, threads: int, seed: int
) -> dict[str, Any]:
    """Take the same steps with every program, in turn.

    Parameters
    ----------
    shape : tuple of int
        Sensors and samples of a window.
    threads : int
        Of PyTorch.

    Returns
    -------
    dict
        ``losses`` of the first two steps; ``seconds`` and ``cpu_seconds`` of the others, by
        program.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng():
            return _time_steps(sizes, shape, seed)
    finally:
        torch.set_num_threads(before)


def _time_steps(sizes: StepSection, shape: tuple[int, int], seed: int) -> dict[str, Any]:
    torch.manual_seed(seed)
    batch = (
        torch.randn(sizes.batch_size, *shape),
        torch.randint(sizes.n_participants, (sizes.batch_size,)),
        torch.randn(sizes.batch_size, sizes.n_features, shape[1]),
    )
    programs = make_programs(sizes, torch.rand(shape[0], 2))
    steps = range(seed, seed + N_CHECKED + sizes.rounds)
    taken = [{name: p.step(k, *batch) for name, p in programs.items()} for k in steps]
    checked, timed = taken[:N_CHECKED], taken[N_CHECKED:]
    return {
        "losses": {name: [row[name][0] for row in checked] for name in programs},
        "seconds": {name: [row[name][1] for row in timed] for name in programs},
        "cpu_seconds": {name: [row[name][2] for row in timed] for name in programs},
    }


def make_programs(sizes: StepSection, positions: Tensor) -> dict[str, Program]:
    """Return all programs, from the same parameters.

    Ours computes the attention once for all trials of a sensor layout, and the convolutions in
    half the multiplications.
    """
    ours = BrainModule(
        sizes.n_features, sizes.n_participants, n_virtual_channels=sizes.n_virtual_channels,
        hidden=sizes.hidden, n_blocks=sizes.n_blocks,
    )  # fmt: skip
    per_trial = positions.expand(sizes.batch_size, -1, -1)
    peers = {name: PlainBrainModule(sizes) for name in PROGRAMS if name != OURS}
    peers["our attention"].attention = SpatialAttention(sizes.n_virtual_channels)
    widths = [sizes.n_virtual_channels] + [sizes.hidden] * (2 * sizes.n_blocks)
    peers["our convolutions"].convolutions = ConvStack(widths)
    for peer in peers.values():
        peer.load_state_dict(ours.state_dict())
    found = {OURS: Program(ours, clip_loss, positions)}
    for name, peer in peers.items():
        found[name] = Program(peer, plain_loss, positions if "attention" in name else per_trial)
    return found
