"""How the cost of a training step grows with the number of units."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.spikes.batches import SpikeWindows
from neurodecode.spikes.config_model import WindowSection
from neurodecode.spikes.module import SpikeModule
from neurodecode.spikes.variants import generator_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_network import NetworkSection

N_UNITS = (256, 512, 1024, 2048, 4096)
CURRENT_TOKENS = 32
UNITS_PER_TOKEN = 4
"""Of the past window: its tokens grow with the population, those of the current window do not."""
RATE_HZ, SECONDS = 5.0, 2.0


def measure_cost(
    network: NetworkSection, *, n_units: Sequence[int] = N_UNITS, batch_size: int = 4,
    rounds: int = 5, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Time training steps of a spike model on populations of growing size, by turns.

    The past window has a token for every four units, the current window 32 whatever the
    population: attention then reads a memory that grows, as with any added feature.

    Returns
    -------
    DataFrame
        ``n_units, past_tokens, parameters, seconds, low, high``: medians over rounds of a step
        (forward, loss, backward, AdamW), and the second smallest and largest.
    """
    steps = {n: _Step(network, n, batch_size, seed) for n in n_units}
    for step in steps.values():
        step.run()
    taken = {n: [step.run() for _ in range(rounds)] for n, step in steps.items()}
    rows = []
    for n, step in steps.items():
        ordered = np.sort(taken[n])
        inner = min(1, (rounds - 1) // 2)
        rows.append({
            "n_units": n, "past_tokens": step.past_tokens, "parameters": step.parameters,
            "seconds": float(np.median(ordered)), "low": float(ordered[inner]),
            "high": float(ordered[-1 - inner]),
        })  # fmt: skip
    return pd.DataFrame(rows)


def growth_exponent(table: pd.DataFrame) -> float:
    """Return the slope of log cost against log size between the two largest populations.

    1: linear; 2: quadratic. Smaller sizes are dominated by what does not grow.
    """
    last = table.sort_values("n_units").tail(2)
    size, cost = (np.log(last[name].to_numpy(float)) for name in ("n_units", "seconds"))
    return float(np.diff(cost)[0] / np.diff(size)[0])


class _Step:
    """A training step on a batch of one population."""

    def __init__(self, network: NetworkSection, n_units: int, batch_size: int, seed: int) -> None:
        self.past_tokens = n_units // UNITS_PER_TOKEN
        windows = WindowSection(
            dt=0.01, current=0.05, past=0.15, block=CURRENT_TOKENS, past_block=self.past_tokens
        )
        config = network.of(generator_of("state+past"), n_units, windows=windows, frames=None,
                            inputs=(), targets={})  # fmt: skip
        torch.manual_seed(seed)
        model = config.build()
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self.module = SpikeModule(model)
        self.optimiser = torch.optim.AdamW(model.parameters())
        rng = np.random.default_rng(seed)
        times = np.sort(rng.uniform(0, SECONDS, int(n_units * RATE_HZ * SECONDS)))
        units = rng.integers(0, n_units, len(times))
        stops = 0.2 + 0.05 * np.arange(batch_size)
        self.batch: SpikeBatch = SpikeWindows(config, times, units, stops).batch(range(batch_size))

    def run(self) -> float:
        """Run a step and return its seconds."""
        begin = time.perf_counter()
        self.optimiser.zero_grad()
        loss = self.module.training_step(self.batch, 0)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return time.perf_counter() - begin
