"""Scores of a decoded quantity over time: Pearson's r and R2, with intervals over blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.bootstrap import bootstrap_ci
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from neurodecode.evaluation.bootstrap import Interval, Seed

Floats = npt.NDArray[np.float64]


def pearson_r(true: npt.ArrayLike, decoded: npt.ArrayLike) -> float:
    """Return Pearson's correlation; 0 for a decoder that answers a constant.

    Raises
    ------
    DataFault
        If lengths differ, a value is not finite, or the truth does not vary.
    """
    one, other = _checked(true, decoded)
    spread = float(np.sqrt(np.sum(other**2)))
    if spread < 1e-12:
        return 0.0
    return float(np.sum(one * other) / (np.sqrt(np.sum(one**2)) * spread))


def r_squared(true: npt.ArrayLike, decoded: npt.ArrayLike, *, mean: float | None = None) -> float:
    r"""Return :math:`1 - \sum (y - \hat y)^2 / \sum (y - m)^2`, negative for a bad decoder.

    Parameters
    ----------
    true, decoded : array-like, shape (n,)
    mean : float, optional
        m, the mean of the training part, which a decoder without information answers; by default
        that of ``true``.

    Raises
    ------
    DataFault
        As :func:`pearson_r`.
    """
    _checked(true, decoded)
    values, answers = np.asarray(true, dtype=float), np.asarray(decoded, dtype=float)
    middle = values.mean() if mean is None else mean
    return float(1 - np.sum((values - answers) ** 2) / np.sum((values - middle) ** 2))


def behaviour_scores(
    true: npt.ArrayLike,
    decoded: npt.ArrayLike,
    blocks: npt.ArrayLike,
    *,
    mean: float | None = None,
    level: float = 0.95,
    random_state: Seed = None,
    unit: str = "block",
) -> dict[str, Interval]:
    """Return r, R2 and the median absolute error with intervals over blocks of time or trials.

    Neighbouring windows resemble each other, so whole blocks are drawn.

    Parameters
    ----------
    true, decoded : array-like, shape (n,)
    blocks : array-like, shape (n,)
        Block or trial of each value.
    mean : float, optional
        See :func:`r_squared`.
    level : float, default=0.95
    random_state : int, Generator or None, default=None
    unit : str, default="block"

    Returns
    -------
    dict of str to Interval
        "r", "r2" and "median_error"; chance is 0 for the first two, and for the last what
        shuffled answers get.
    """
    values, answers = np.asarray(true, dtype=float), np.asarray(decoded, dtype=float)
    statistics = {
        "r": pearson_r,
        "r2": lambda y, x: r_squared(y, x, mean=mean),
        "median_error": lambda y, x: float(np.median(np.abs(y - x))),
    }
    return {
        name: bootstrap_ci(
            statistic, values, answers, clusters=blocks, level=level, n_resamples=1000,
            random_state=random_state, unit="window", cluster_unit=unit,
        )
        for name, statistic in statistics.items()
    }  # fmt: skip


def _checked(true: npt.ArrayLike, decoded: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both, centred."""
    values, answers = np.asarray(true, dtype=float), np.asarray(decoded, dtype=float)
    if values.shape != answers.shape or values.ndim != 1 or values.size < 2:
        raise DataFault(f"{values.shape} true and {answers.shape} decoded values")
    if not (np.isfinite(values).all() and np.isfinite(answers).all()):
        raise DataFault("a true or decoded value is not finite", fix="check the decoder for NaN")
    if np.ptp(values) < 1e-12:
        raise DataFault("the true values do not vary: nothing to decode")
    return values - values.mean(), answers - answers.mean()
