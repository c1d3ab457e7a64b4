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


def time_growth(
    network: NetworkSection, *, n_units: Sequence[int] = N_UNITS, batch_size: int = 4,
    rounds: int = 5, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Time training steps of a spike model on populations of growing size, by turns.

    The past window has a token for every four units, the current window 32 whatever the
    population: attention then reads a memory that grows, as with any added feature. In each round
    every population has its turn, in an order that is turned round from one round to the next, so
    that other loads of the machine fall on all of them alike. Torch's generator is left as it was.

    Parameters
    ----------
    network : NetworkSection
    n_units : sequence of int
    batch_size : int, default=4
        Windows of a step.
    rounds : int, default=5
        Timed ones; one more before them warms up.
    seed : int, default=0
        Of weights, spikes and dropout.

    Returns
    -------
    DataFrame
        A row per round (from 1 on) and population: ``round, n_units, past_tokens, parameters,
        seconds``, of a step (forward, loss, backward, AdamW).
    """
    rows = []
    with torch.random.fork_rng():
        steps = {n: _Step(network, n, batch_size, seed) for n in n_units}
        for number in range(rounds + 1):
            rows += [
                {"round": number, "n_units": n, "past_tokens": steps[n].past_tokens,
                 "parameters": steps[n].parameters, "seconds": steps[n].run()}
                for n in list(n_units)[:: 1 if number % 2 else -1]
            ]  # fmt: skip
    table = pd.DataFrame(rows)
    return table[table["round"] > 0].sort_values(["round", "n_units"], ignore_index=True)


def measure_cost(
    network: NetworkSection, *, n_units: Sequence[int] = N_UNITS, batch_size: int = 4,
    rounds: int = 5, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Sum up :func:`time_growth` over its rounds.

    Returns
    -------
    DataFrame
        ``n_units, past_tokens, parameters, seconds, low, high``: medians over rounds of a step, and
        the second smallest and largest.
    """
    timed = time_growth(
        network, n_units=n_units, batch_size=batch_size, rounds=rounds, seed=seed
    )  # fmt: skip
    rows = []
    for (n, tokens, parameters), part in timed.groupby(["n_units", "past_tokens", "parameters"]):
        ordered = np.sort(part["seconds"])
        inner = min(1, (rounds - 1) // 2)
        rows.append({
            "n_units": n, "past_tokens": tokens, "parameters": parameters,
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
