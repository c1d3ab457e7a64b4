"""What decoders without information reach on the ordinal metrics, all in closed form.

A decoder that ignores the signal answers independently of the truth, so its expected table of
(true, first, second) is the product of its margins. All metrics of the registry are linear in that
table once the margins are fixed (F1 and kappa divide by margins alone): their expectation over
shuffles of the windows' levels is their value on the product, exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.ordinal import OrdinalMetric, ordinal_metric

if TYPE_CHECKING:
    from neurodecode.evaluation.metrics import Floats

KINDS = {
    "shuffled": "the same answers with the levels of the windows shuffled",
    "uniform": "guesses, every ordered pair of levels alike",
    "constant": "the constant answer that scores best on this test",
    "prior": "the two most frequent levels of the training, always",
}
"""Decoders without information, by name."""


def ordinal_chance(name: str, table: Floats) -> float:
    """Return the chance level reported beside a score: the better of two blind decoders.

    The greater of the shuffled and the constant one, so that a score above it needs the signal:
    a constant middle level earns much Tri-P, and two constant neighbours earn full adjacency
    (whose chance level is 1: by itself it says nothing).

    Parameters
    ----------
    name : str
        One of :data:`~neurodecode.evaluation.ordinal.ORDINAL_METRICS`.
    table : ndarray, shape (n_classes, n_classes, n_classes)
        From :func:`~neurodecode.evaluation.ordinal.answer_table`.

    Raises
    ------
    ConfigFault
        If the metric is unknown.
    """
    metric = ordinal_metric(name)
    return max(shuffled_chance(metric, table), constant_chance(metric, table))


def chance_levels(
    name: str, table: Floats, train_levels: npt.ArrayLike | None = None
) -> dict[str, float]:
    """Return the score of every decoder of :data:`KINDS`.

    Parameters
    ----------
    name : str
        Metric.
    table : ndarray, shape (n_classes, n_classes, n_classes)
    train_levels : array-like of int or None, default=None
        Levels of the training windows; without them there is no "prior".
    """
    metric = ordinal_metric(name)
    found = {
        "shuffled": shuffled_chance(metric, table),
        "uniform": uniform_chance(metric, table),
        "constant": constant_chance(metric, table),
    }
    if train_levels is not None:
        found["prior"] = prior_chance(metric, table, train_levels)
    return found


def shuffled_chance(metric: OrdinalMetric, table: Floats) -> float:
    r"""Return the expected score of shuffled levels, :math:`m(p \otimes q)` with both margins."""
    return float(metric.from_table(_product(table, table.sum(axis=0))))


def uniform_chance(metric: OrdinalMetric, table: Floats) -> float:
    """Return the score of guesses over ordered pairs of two levels (those that may be answered).

    The expected table is scored, which is exact for shares and approximate for F1, whose
    denominator varies with the guesses.
    """
    answers = np.zeros(table.shape[1:])
    allowed = _allowed(metric, table)
    answers[np.ix_(allowed, allowed)] = 1.0
    if allowed.size > 1:
        np.fill_diagonal(answers, 0.0)
    return float(metric.from_table(_product(table, answers / answers.sum() * table.sum())))


def constant_chance(metric: OrdinalMetric, table: Floats) -> float:
    """Return the highest score of a constant pair of levels; for accuracy, the majority share."""
    allowed = _allowed(metric, table)
    pairs = [(a, b) for a in allowed for b in allowed if a != b or allowed.size == 1]
    return max(float(metric.from_table(_constant(table, a, b))) for a, b in pairs)


def prior_chance(metric: OrdinalMetric, table: Floats, train_levels: npt.ArrayLike) -> float:
    """Return the score of always answering the two most frequent training levels.

    Of equally frequent levels the higher one comes first, as in the metrics.
    """
    counts = np.bincount(np.asarray(train_levels, dtype=np.int64), minlength=len(table))
    allowed = _allowed(metric, table)
    ranked = allowed[np.argsort(counts[allowed], kind="stable")[::-1]]
    return float(metric.from_table(_constant(table, ranked[0], ranked[min(1, ranked.size - 1)])))


def _allowed(metric: OrdinalMetric, table: Floats) -> npt.NDArray[np.intp]:
    """Return the levels that the metric lets a decoder answer."""
    if metric.present_only:
        return np.flatnonzero(table.sum(axis=(1, 2)))
    return np.arange(len(table))


def _product(table: Floats, answers: Floats) -> Floats:
    """Return the expected table of answers that do not depend on the truth."""
    return np.asarray(table.sum(axis=(1, 2))[:, None, None] * answers / table.sum())


def _constant(table: Floats, first: int, second: int) -> Floats:
    answers = np.zeros(table.shape[1:])
    answers[first, second] = table.sum()
    return _product(table, answers)
