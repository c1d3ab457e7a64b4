"""Times the writing of windows: with kept keys and values, and with a pass for each token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurodecode.benchmarks.spikes.plain import write_plainly
from neurodecode.benchmarks.spikes.population import draw_model, draw_windows
from neurodecode.benchmarks.spikes.programs import BATCHED, PREFIX, SINGLE, WHOLE
from neurodecode.spikes.batches import SpikeWindows
from neurodecode.spikes.config_training import SamplingSection
from neurodecode.spikes.generation import generate
from neurodecode.training import evaluating

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.benchmarks.spikes.config import SpikesBenchmark
    from neurodecode.spikes.model import Neuroformer

Floats = NDArray[np.float64]


def time_writing(bench: SpikesBenchmark, *, seed: int) -> dict[str, Any]:
    """Write windows greedily with every program, by turns, and compare what they wrote.

    The output that was timed is compared, of the first window: a pass for each token is too long to
    be repeated for a look alone.

    Returns
    -------
    dict
        ``n_tokens``; ``windows``, ``seconds`` (a list over rounds) and ``differing`` by program:
        tokens, neuron or time, that the program in any round wrote otherwise than the whole pass
        in the same round, or not at all; ``distinct``: IDs among those of the whole pass.
    """
    sizes = bench.writing
    with torch.random.fork_rng():
        config = bench.network_of(block=sizes.n_tokens + 1)
        model = draw_model(config, seed)
        windows = draw_windows(bench.population, config, sizes.batch_size, seed)
        programs = make_programs(model, windows, sizes.n_tokens)
        programs[SINGLE]()  # warms up
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        differing = dict.fromkeys(programs, 0)
        for number in range(sizes.rounds):
            written = {}
            for name in list(programs)[:: -1 if (number + seed) % 2 else 1]:
                began = time.perf_counter()
                written[name] = programs[name]()
                seconds[name].append(time.perf_counter() - began)
            for name, tokens in written.items():
                found = count_differing(tokens, written[WHOLE])
                differing[name] = max(differing[name], found)
    return {
        "n_tokens": sizes.n_tokens, "seconds": seconds, "differing": differing,
        "windows": {name: len(windows) if name == BATCHED else 1 for name in programs},
        "distinct": len(np.unique(written[WHOLE][:, 0])),
    }  # fmt: skip


def make_programs(
    model: Neuroformer, windows: SpikeWindows, n_tokens: int
) -> dict[str, Callable[[], Floats]]:
    """Return all programs; each returns the tokens (n_tokens, 2) of the first window.

    Columns are neuron and time (s); a token that was not written is NaN. Of several windows, one
    that ends early leaves NaN too: its cost would not be that of all tokens.
    """
    first = _first(windows)
    greedy = SamplingSection(greedy=True, top_p=1.0, dt_top_p=1.0)

    def ours(some: SpikeWindows, *, cached: bool = True) -> Floats:
        found = generate(model, some, sampling=greedy, batch_size=len(some), cached=cached)
        if found.ended.any():
            return np.full((n_tokens, 2), np.nan)
        mine = found.window == 0
        return _padded(found.unit[mine], found.time[mine], n_tokens)

    def plainly() -> Floats:
        with evaluating(model):
            ids, times = write_plainly(model, first.batch([0]), n_tokens)
        units, offsets = first.tokenizer.decode(ids.numpy(), times.numpy())
        return _padded(units, first.tokenizer.start(first.stops[0]) + offsets, n_tokens)

    return {
        SINGLE: lambda: ours(first), BATCHED: lambda: ours(windows), PREFIX: plainly,
        WHOLE: lambda: ours(first, cached=False),
    }  # fmt: skip


def count_differing(tokens: Floats, peer: Floats) -> int:
    """Return how many tokens (n, 2) differ; one that was not written differs from any."""
    return int((tokens != peer).any(axis=1).sum())


def _first(windows: SpikeWindows) -> SpikeWindows:
    return SpikeWindows(windows.config, windows.times, windows.units, windows.stops[:1],
                        frames=windows.frames)  # fmt: skip


def _padded(units: NDArray[np.int64], times: Floats, n_tokens: int) -> Floats:
    tokens = np.full((n_tokens, 2), np.nan)
    tokens[: len(units)] = np.stack([units, times], axis=1)
    return tokens
