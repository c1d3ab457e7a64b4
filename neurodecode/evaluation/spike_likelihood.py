"""How well predicted intensities describe spikes: bits per spike over constant rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from neurodecode.evaluation.bootstrap import bootstrap_ci
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from neurodecode.evaluation.bootstrap import Interval, Seed

Floats = npt.NDArray[np.float64]


def log_likelihood(counts: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    r"""Return the Poisson log-likelihood of every count, without the factorial.

    .. math:: y \log \mu - \mu

    Parameters
    ----------
    counts, expected : array-like, same shape
        Spikes y in bins, and the predicted number :math:`\mu`.

    Raises
    ------
    DataFault
        If shapes differ, a prediction is negative or not finite, or a spike fired where none
        could.
    """
    fired, mean = np.asarray(counts, dtype=float), np.asarray(expected, dtype=float)
    if fired.shape != mean.shape:
        raise DataFault(f"counts of shape {fired.shape}, predictions of shape {mean.shape}")
    if not np.isfinite(mean).all() or (mean < 0).any():
        raise DataFault("a predicted rate is negative or not finite", fix="check the model for NaN")
    impossible = (mean == 0) & (fired > 0)
    if impossible.any():
        raise DataFault(
            f"{int(impossible.sum())} spikes where the prediction is 0: minus infinity bits",
            fix="predict rates, not samples, or mix them with the constant rate",
        )
    return np.asarray(xlogy(fired, mean) - mean)


def bits_per_spike(
    counts: npt.ArrayLike, expected: npt.ArrayLike, constant: npt.ArrayLike
) -> float:
    r"""Return how many bits a spike gains over a homogeneous Poisson process.

    .. math::

        \frac{1}{n \log 2} \sum_{i, t} \Big(y_{it} \log \frac{\mu_{it}}{\bar\mu_i}
        - \mu_{it} + \bar\mu_i\Big), \qquad n = \sum_{i, t} y_{it}

    0 for a model that knows only rates, negative for one that is worse (Pei et al. 2021, Neural
    Latents Benchmark).

    Parameters
    ----------
    counts, expected : array-like, shape (..., n_units)
        Spikes in bins, and their predicted number.
    constant : array-like, shape (n_units,)
        Mean count of each unit in a bin, :math:`\bar\mu_i`, of the training part.

    Raises
    ------
    DataFault
        If there is no spike, or as :func:`log_likelihood`.
    """
    gain, spikes = _gains(counts, expected, constant)
    return float(gain.sum() / (spikes.sum() * np.log(2)))


def bits_per_spike_ci(
    counts: npt.ArrayLike,
    expected: npt.ArrayLike,
    constant: npt.ArrayLike,
    blocks: npt.ArrayLike,
    *,
    level: float = 0.95,
    random_state: Seed = None,
    unit: str = "block",
) -> Interval:
    """Return bits per spike with an interval over blocks of time or trials.

    Parameters
    ----------
    counts, expected, constant
        As for :func:`bits_per_spike`; the first axis are bins or windows.
    blocks : array-like, shape (n_bins,)
        Block or trial of each; blocks are drawn whole.
    level : float, default=0.95
    random_state : int, Generator or None, default=None
    unit : str, default="block"
        What the blocks are called.
    """
    gain, spikes = _gains(counts, expected, constant)
    _, codes = np.unique(np.asarray(blocks), return_inverse=True)
    if codes.shape != gain.shape:
        raise DataFault(f"{codes.size} block labels for {gain.size} bins")
    gains, totals = np.bincount(codes, gain), np.bincount(codes, spikes)
    return bootstrap_ci(
        lambda part, number: float(part.sum() / (number.sum() * np.log(2))),
        gains, totals, level=level, random_state=random_state, unit=unit,
    )  # fmt: skip


def _gains(
    counts: npt.ArrayLike, expected: npt.ArrayLike, constant: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return the gain in nats and the spikes of each entry of the first axis."""
    fired = np.asarray(counts, dtype=float)
    base = np.broadcast_to(np.asarray(constant, dtype=float), fired.shape)
    gain = log_likelihood(fired, expected) - log_likelihood(fired, base)
    if not fired.sum():
        raise DataFault("no spike to score", fix="score a longer part")
    rest = tuple(range(1, fired.ndim))
    return gain.sum(axis=rest), fired.sum(axis=rest)
