"""Windows per second of several networks, measured by turns in one process."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.emotion.constraints import project
from neurodecode.emotion.keras_conventions import count_parameters
from neurodecode.emotion.module import EmotionModule
from neurodecode.emotion.targets import CategoricalTarget
from neurodecode.evaluation.medians import median_interval
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target

PHASES = ("training", "inference")
LEAST_ROUNDS = 6
"""Fewer have no interval that covers the median with 95 %."""


@dataclass
class Runner:
    """A copy of a network, and what it does in a round.

    Attributes
    ----------
    module : EmotionModule
        The copy and its target; every parameter is trained, also those that are frozen in the
        network, so that all networks do the same.
    batch : tuple of Tensor
        Windows and levels, the same ones of every runner.
    """

    module: EmotionModule
    batch: tuple[Tensor, Tensor]

    def __post_init__(self) -> None:
        self.optimiser = self.module.configure_optimizers()["optimizer"]

    def training(self) -> None:
        """Take a training step: forward, loss, backward, Adam, limits on weights."""
        self.module.train()
        self.optimiser.zero_grad()
        self.module.training_step(self.batch, 0).backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        project(self.module.network)

    @torch.no_grad()
    def inference(self) -> Tensor:
        """Return the probabilities of the windows."""
        self.module.eval()
        return self.module.predict_step(self.batch)

    def seconds(self, phase: str, n_steps: int) -> float:
        """Return the wall seconds of so many steps of a phase."""
        step = self.training if phase == "training" else self.inference
        _wait(self.batch[0])
        began = time.perf_counter()
        for _ in range(n_steps):
            step()
        _wait(self.batch[0])
        return time.perf_counter() - began


def measure_throughput(
    networks: Mapping[str, EmotionNetwork],
    n_channels: int,
    n_samples: int,
    *,
    batch_size: int = 256,
    rounds: int = 7,
    seconds_per_round: float = 0.05,
    reference: str = "EEGNet",
    target: Target | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Count the windows per second that each network trains on and decodes.

    All networks get the same windows and levels, drawn at random. A training step is the one of
    :class:`EmotionModule` with Adam and the limits on weights. After a warm-up, networks take
    turns in every round, in an order that is turned round from one round to the next, so that
    other loads of the machine fall on all of them alike. The ratio to the reference is taken within
    each round:

    .. math:: r = \mathrm{median}_i\; v_{network,i} / v_{reference,i}

    with an interval for the median between two of its order statistics (no distribution assumed,
    coverage 95 % at least: of 7 rounds from the smallest to the largest, 98 %).

    Copies are measured: networks keep weights, statistics, gradients and mode. Torch's generator is
    left as it was.

    Parameters
    ----------
    networks : mapping of str to EmotionNetwork
        By name, the reference among them; with the target's ``n_outputs``, on one device.
    n_channels, n_samples : int
        Of a window.
    batch_size : int, default=256
        Windows of a step.
    rounds : int, default=7
        At least 6.
    seconds_per_round : float, default=0.05
        About as long each network trains, and decodes, in a round; one step at least.
    reference : str, default="EEGNet"
    target : Target, optional
        Default: smoothed labels of five levels.
    seed : int, default=0
        Of windows, levels and dropout.

    Returns
    -------
    DataFrame
        A row per network and phase ("training", "inference"): ``network``, ``parameters`` (as
        Keras counts them), ``phase``, ``windows_per_second`` (median over rounds), ``low``,
        ``high`` (its interval), ``ratio``, ``ratio_low``, ``ratio_high``, ``rounds``,
        ``batch_size``, ``threads`` (torch's, as they are set), ``device``.

    Raises
    ------
    ConfigFault
        If the reference is none of the networks, with the nearest; if rounds are too few.
    DataFault
        If windows do not fit a network, or its outputs are not finite.
    """
    if reference not in networks:
        raise ConfigFault(unknown("network", reference, networks))
    if rounds < LEAST_ROUNDS:
        raise ConfigFault(f"{rounds} rounds", fix=f"{LEAST_ROUNDS} at least, for an interval")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        runners = _runners(networks, (batch_size, n_channels, n_samples), target)
        seconds = _by_turns(runners, rounds, seconds_per_round)
    speeds = {key: batch_size / np.array(values) for key, values in seconds.items()}
    about = {"rounds": rounds, "batch_size": batch_size, "threads": torch.get_num_threads()}
    rows = [
        _row(speeds[name, phase], speeds[reference, phase])
        | {"network": name, "phase": phase, "device": str(_device(network))}
        | {"parameters": count_parameters(runners[name].module.network).total}
        for name, network in networks.items()
        for phase in PHASES
    ]
    table = pd.DataFrame(rows).assign(**about)
    first = ["network", "parameters", "phase"]
    return table[[*first, *(column for column in table if column not in first)]]


def _runners(
    networks: Mapping[str, EmotionNetwork], shape: tuple[int, int, int], target: Target | None
) -> dict[str, Runner]:
    """Return a runner per network, warm, after a look at what it gives."""
    wanted = CategoricalTarget() if target is None else target
    windows, levels = torch.randn(shape), torch.randint(wanted.n_classes, shape[:1])
    runners = {}
    for name, network in networks.items():
        copied = copy.deepcopy(network).requires_grad_(True)
        device = _device(network)
        runner = Runner(EmotionModule(copied, wanted), (windows.to(device), levels.to(device)))
        runner.training()
        if not torch.isfinite(runner.inference()).all():
            raise DataFault("outputs that are not finite", where=f"network {name}")
        runners[name] = runner
    return runners


def _by_turns(
    runners: Mapping[str, Runner], rounds: int, seconds_per_round: float
) -> dict[tuple[str, str], list[float]]:
    """Return the seconds per step of every network and phase, one number per round."""
    turns = [(name, phase) for name in runners for phase in PHASES]
    once = {(name, phase): runners[name].seconds(phase, 1) for name, phase in turns}
    n_steps = {key: max(1, round(seconds_per_round / once[key])) for key in turns}
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key in turns}
    for number in range(rounds):
        for key in turns if number % 2 else turns[::-1]:
            name, phase = key
            seconds[key].append(runners[name].seconds(phase, n_steps[key]) / n_steps[key])
    return seconds


def _row(speeds: NDArray[np.float64], reference: NDArray[np.float64]) -> dict[str, float]:
    (low, high), (ratio_low, ratio_high) = map(median_interval, (speeds, speeds / reference))
    return {
        "windows_per_second": float(np.median(speeds)), "low": low, "high": high,
        "ratio": float(np.median(speeds / reference)),
        "ratio_low": ratio_low, "ratio_high": ratio_high,
    }  # fmt: skip


def _device(network: EmotionNetwork) -> torch.device:
    return next(network.parameters()).device


def _wait(tensor: Tensor) -> None:
    """Wait for what a graphics card still has to do."""
    if tensor.is_cuda:
        torch.cuda.synchronize(tensor.device)
