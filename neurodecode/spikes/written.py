"""Test windows written by a generative model, and how much of what fired they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import bootstrap_ci, mean_ci
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.spike_likelihood import log_likelihood
from neurodecode.evaluation.spike_pulses import pulse_score
from neurodecode.evaluation.spike_rates import unit_correlations
from neurodecode.evaluation.spike_sets import chance_sets, set_scores
from neurodecode.spikes.baselines.windows import window_counts
from neurodecode.spikes.loading import load_network, network_of
from neurodecode.spikes.rates import FLOOR, RateCalibration
from neurodecode.spikes.rivals import draw_glm
from neurodecode.spikes.study import valid_rows
from neurodecode.spikes.trial_rates import psth
from neurodecode.spikes.variants import generator_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.units import Part

F1, BITS, RATE_R, PULSES = "F1", "bits per spike", "rate correlation", "pulse F1"
PSTH = "PSTH correlation"
METRICS = (F1, "precision", "recall", "F1, released rule")
"""Scores of the sets of units that fired; by window."""


def write_windows(
    config: SpikesConfig, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path,
    simulated: Path | None,
) -> pd.DataFrame:  # fmt: skip
    """Write test windows several times and score each.

    Returns
    -------
    DataFrame
        A row per window: ``start``, ``block``; the scores of :data:`METRICS`, means over draws,
        NaN where nothing fired and nothing was written, and ``chance NAME``, ``best NAME`` of the
        same windows; ``gain`` (nats over constant rates) and ``spikes``, and ``best gain``; and of
        the session ``rate correlation``, ``pulse F1`` with its chance, and, where whole trials of
        a stimulus are repeated, ``PSTH correlation`` and its ``ceiling``, that of disjoint real trials.
    """
    asked = config.evaluation
    rows = chosen_rows(fold, fold.test, asked.n_windows)
    held = chosen_rows(fold, valid_rows(fold), asked.n_windows)
    counts, expected, times = _written(config, part, recorded, folder, rows, held)
    real = counts_in(recorded, rows)
    base = counts_in(recorded, fold.train).mean(axis=0)
    calibration = RateCalibration.fit(expected[1], counts_in(recorded, held))
    table = pd.DataFrame({
        "start": recorded.windows["start"].to_numpy()[rows],
        "block": fold.blocks[rows],
        "spikes": real.sum(axis=1),
        "written": counts.sum(axis=2).mean(axis=1),
        "gain": _gain(real, calibration.mean(expected[0]), base),
        "raw_gain": _gain(real, np.maximum(expected[0], FLOOR), base),
        "dispersion": calibration.dispersion,
        "covered": np.mean(_inside(calibration, expected[0], real), axis=1),
    })  # fmt: skip
    for name, values in _set_scores(counts, real).items():
        table[name] = values
    rates = (counts_in(recorded, fold.train) > 0).mean(axis=0)
    blind = np.stack([chance_sets(real, rates, random_state=part.seed + k) for k in range(8)], 1)
    for name, values in _set_scores(blind, real).items():
        table[f"chance {name}"] = values
    if simulated is not None:
        from neurodecode.spikes.possible import best_writing

        best, gain = best_writing(config, recorded, rows, base, simulated, seed=part.seed)
        table["best gain"] = gain
        if best is not None:
            for name, values in _set_scores(best, real).items():
                table[f"best {name}"] = values
    table[RATE_R] = _rate_correlation(counts, real, table["start"].to_numpy(), asked.rate_bin)
    table[PULSES] = _pulses(recorded, times, rows, asked.pulse_width)
    table[PSTH], table[f"ceiling {PSTH}"] = psth(config, recorded, rows, counts, real)
    blind_times = _constant_times(recorded, rows, base, seed=part.seed)
    table[f"chance {PULSES}"] = _pulses(recorded, blind_times, rows, asked.pulse_width)
    return table


def writing_rows(predictions: pd.DataFrame, config: SpikesConfig) -> list[MetricRow]:
    """Return the scores of a generative model, intervals over blocks of time or trials."""
    asked, first = config.evaluation, predictions.iloc[0]
    unit = "trial" if config.protocol == "trial_wise" else "block"
    whole = whole_of(first, unit)
    clusters = block_labels(predictions)
    rows = []
    for name in METRICS:
        known = predictions[name].notna()
        part = predictions[known]
        ci = mean_ci(part[name], clusters[known], n_resamples=asked.n_resamples,
                     random_state=config.seed, unit="window", cluster_unit=unit)  # fmt: skip
        best = part.get(f"best {name}")
        rows.append(MetricRow(
            metric=name, value=ci.estimate, chance=float(part[f"chance {name}"].mean()),
            n=len(np.unique(clusters[known])), ci_low=finite_or_none(ci.low),
            ci_high=finite_or_none(ci.high),
            ceiling=None if best is None else finite_or_none(best.mean()), **whole,
        ))  # fmt: skip
    rows.append(_bits(predictions, clusters, config, whole))
    whole_sessions = predictions.groupby(["session", "fold"])
    for name in (RATE_R, PULSES, PSTH):
        value = whole_sessions[name].first().mean()
        if np.isfinite(value):
            ceiling, chance = (predictions.get(f"{what} {name}") for what in ("ceiling", "chance"))
            rows.append(MetricRow(
                metric=name, value=float(value), n=len(np.unique(clusters)),
                chance=0.0 if chance is None else float(chance.mean()),
                ceiling=None if ceiling is None else finite_or_none(ceiling.mean()), **whole,
            ))  # fmt: skip
    return rows


def whole_of(first: pd.Series[Any], unit: str) -> dict[str, Any]:
    """Return what all metric rows of one model and subject have in common."""
    return {"split": str(first["split"]), "model": str(first["model"]), "level": "subject",
            "subject": str(first["subject"]), "seed": int(first["seed"]), "unit": unit}  # fmt: skip


def block_labels(predictions: pd.DataFrame) -> NDArray[np.int64]:
    """Return a number per session, fold and block of time of each row."""
    keys = predictions[["session", "fold", "block"]].astype(str).agg(" ".join, axis=1)
    return np.asarray(pd.factorize(keys)[0], dtype=np.int64)


def chosen_rows(fold: SpikeFold, rows: NDArray[Any], n_windows: int | None) -> NDArray[Any]:
    """Return at most so many windows: the first of every block, so that they follow one another."""
    if n_windows is None or len(rows) <= n_windows:
        return rows
    blocks = fold.blocks[rows]
    labels = np.unique(blocks)
    each = max(1, n_windows // len(labels))
    first = np.concatenate([np.flatnonzero(blocks == label)[:each] for label in labels])
    return rows[np.sort(first)]


def counts_in(recorded: Recorded, rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return the spikes of every unit in windows, (n_windows, n_units)."""
    starts = recorded.windows["start"].to_numpy()[rows]
    counts = window_counts(recorded.session, starts, recorded.config.windows.current)
    return counts[:, 0].astype(np.int64)


def _written(
    config: SpikesConfig, part: Part, recorded: Recorded, folder: Path,
    rows: NDArray[Any], held: NDArray[Any],
) -> tuple[NDArray[np.int64], list[NDArray[np.float64]], pd.DataFrame | None]:  # fmt: skip
    """Return counts (n, n_draws, n_units), and the times of the first draw.

    Between them: expected counts of the test windows and of the held ones.
    """
    asked = config.evaluation
    if not generator_of(part.model).network:
        drawn = [draw_glm(recorded, places, folder, n_draws=asked.n_draws, seed=part.seed)
                 for places in (rows, held)]  # fmt: skip
        return drawn[0].counts, [one.expected for one in drawn], None
    from neurodecode.spikes.generation import generate
    from neurodecode.spikes.rates import expected_counts

    network = network_of(config, recorded, part.model)
    model, windows = load_network(network, recorded, folder, rows)
    found = generate(
        model, windows, past=asked.past, n_draws=asked.n_draws, sampling=asked.sampling,
        batch_size=asked.batch_size, seed=part.seed,
    )  # fmt: skip
    _, others = load_network(network, recorded, folder, held)
    expected = [
        expected_counts(model, each, n_draws=asked.n_draws, past=asked.past,
                        batch_size=asked.batch_size, seed=part.seed).astype(np.float64)
        for each in (windows, others)
    ]  # fmt: skip
    first = found.draw == 0
    times = pd.DataFrame({"unit": found.unit[first],
                          "time": found.time[first] + recorded.session.limits[0]})  # fmt: skip
    return found.counts(), expected, times


def _set_scores(counts: NDArray[Any], real: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Return the mean over draws of each window's scores, (n_windows,)."""
    n_windows, n_draws, n_units = counts.shape
    flat, fired = counts.reshape(-1, n_units), real.repeat(n_draws, axis=0)
    plain, released = (set_scores(flat, fired, rule=rule) for rule in ("plain", "released"))
    found = {F1: plain.f1, "precision": plain.precision, "recall": plain.recall}
    values = {name: (plain.rows, part) for name, part in found.items()}
    values["F1, released rule"] = (released.rows, released.f1)
    return {
        name: _by_window(rows // n_draws, part, n_windows) for name, (rows, part) in values.items()
    }


def _by_window(
    window: NDArray[Any], values: NDArray[np.float64], n_windows: int
) -> NDArray[np.float64]:
    total = np.bincount(window, values, minlength=n_windows)
    number = np.bincount(window, minlength=n_windows)
    return np.divide(total, number, out=np.full(n_windows, np.nan), where=number > 0)


def _gain(
    real: NDArray[Any], expected: NDArray[np.float64], base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return nats gained over constant rates in each window."""
    constant = np.maximum(np.broadcast_to(base, real.shape), FLOOR)  # as low as any model goes
    gained = log_likelihood(real, expected) - log_likelihood(real, constant)
    return np.asarray(gained.sum(axis=1))


def _bits(
    predictions: pd.DataFrame, clusters: NDArray[Any], config: SpikesConfig, whole: dict[str, Any]
) -> MetricRow:
    gains = np.bincount(clusters, predictions["gain"])
    spikes = np.bincount(clusters, predictions["spikes"])
    ci = bootstrap_ci(
        lambda gain, number: float(gain.sum() / (number.sum() * np.log(2))), gains, spikes,
        n_resamples=config.evaluation.n_resamples, random_state=config.seed, unit=whole["unit"],
    )  # fmt: skip
    best = None
    if "best gain" in predictions:
        best = float(predictions["best gain"].sum() / (spikes.sum() * np.log(2)))
    return MetricRow(
        metric=BITS, value=ci.estimate, chance=0.0, n=len(gains), ceiling=best,
        ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high), **whole,
    )  # fmt: skip


def _inside(
    calibration: RateCalibration, expected: NDArray[np.float64], real: NDArray[Any]
) -> NDArray[np.bool_]:
    low, high = calibration.interval(expected, 0.9)
    return np.asarray((real >= low) & (real <= high))


def _rate_correlation(
    counts: NDArray[Any], real: NDArray[Any], starts: NDArray[np.float64], width: float
) -> float:
    """Return the mean over units of r between written and real counts in wide bins."""
    place = np.unique(np.floor(starts / width), return_inverse=True)[1]
    if place.max() < 2:
        return float("nan")
    made, fired = (np.zeros((place.max() + 1, real.shape[1])) for _ in range(2))
    np.add.at(made, place, counts.mean(axis=1))
    np.add.at(fired, place, real)
    r = unit_correlations(made, fired)
    return float(np.nanmean(r)) if np.isfinite(r).any() else float("nan")


def _constant_times(
    recorded: Recorded, rows: NDArray[Any], base: NDArray[np.float64], *, seed: int
) -> pd.DataFrame:
    """Return spikes drawn with constant rates, ``base`` per window, at any time of the windows."""
    rng, starts = np.random.default_rng(seed), recorded.windows["start"].to_numpy()[rows]
    counts = rng.poisson(base, (len(rows), len(base)))
    window, unit = (np.repeat(place, counts[counts > 0]) for place in np.nonzero(counts))
    times = starts[window] + rng.uniform(0, recorded.config.windows.current, len(window))
    return pd.DataFrame({"unit": unit, "time": times})


def _pulses(
    recorded: Recorded, times: pd.DataFrame | None, rows: NDArray[Any], width: float
) -> float:
    """Return the mean over units that fired of the pulse score of the first draw.

    NaN without times, or where windows overlap: a spike would be written more than once.
    """
    starts = recorded.windows["start"].to_numpy()[rows]
    overlap = (np.diff(starts) < recorded.config.windows.current - 1e-9).any()
    if times is None or overlap:
        return float("nan")
    session = recorded.session
    after = np.searchsorted(starts, session.times + 1e-9) - 1
    inside = (after >= 0) & (session.times < starts[after] + recorded.config.windows.current - 1e-9)
    real = pd.DataFrame({"unit": session.units[inside], "time": session.times[inside]})
    trains = {unit: part["time"].to_numpy() for unit, part in times.groupby("unit")}
    scores = [
        pulse_score(np.sort(trains.get(unit, np.empty(0))), part["time"].to_numpy(), width).score
        for unit, part in real.groupby("unit")
    ]
    return float(np.mean(scores))
