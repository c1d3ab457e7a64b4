r"""The best possible scores on simulated anatomy, exact.

Given the covariates, measures (of fluid their logarithms) are Gaussian with one covariance in both
groups, so the optimal
decoder is linear (LDA with the true parameters). With the deviations :math:`z`
(:meth:`~neurodecode.datasets.simulate.morphometry_truth.MorphometryTruth.deviations`) and the age,
which is Gaussian with one variance as well, the log odds are

.. math::

    \log\frac{\pi}{1 - \pi} + \delta^\top R^{-1} (z - \delta / 2)
        + \frac{\Delta}{\tau^2} \Big(a - \bar a - \frac{\Delta}{2}\Big),

normal in both groups with means :math:`\pm D^2 / 2` and variance :math:`D^2`, where
:math:`D^2 = \delta^\top R^{-1} \delta + \Delta^2 / \tau^2`. So the AUC is :math:`\Phi(D / \sqrt 2)`
and sensitivity and specificity are :math:`\Phi(D / 2 \pm \log\frac{\pi}{1 - \pi} / D)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from neurodecode.datasets.simulate.morphometry_truth import AGE_MEAN, AGE_SD, MorphometryTruth
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    import pandas as pd

Known = Literal["everything", "deviations", "covariates"]
KNOWN: tuple[str, ...] = ("everything", "deviations", "covariates")
"""What a decoder goes by: measures and covariates; what is left of the measures without what age,
sex, head and scanner explain, as after a perfect harmonisation; or the age alone."""


@dataclass(frozen=True)
class OptimalScores:
    """Expected scores of the optimal decoder on new people.

    Attributes
    ----------
    separation : float
        D, distance of the groups in standard deviations.
    auc : float
        Area under the ROC curve.
    sensitivity, specificity, accuracy, balanced_accuracy, f1 : float
        At the threshold of most hits, a probability of 1/2; converters are the positive class.
    mcc_prime : float
        (MCC + 1) / 2, which is 1/2 for one answer to everybody.
    """

    separation: float
    auc: float
    sensitivity: float
    specificity: float
    accuracy: float
    balanced_accuracy: float
    f1: float
    mcc_prime: float


def optimal_scores(
    folder: Path, *, known: Known = "everything", share: float | None = None
) -> OptimalScores:
    """Return the ceiling of a simulated data set.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    known : {"everything", "deviations", "covariates"}, default "everything"
        See :data:`KNOWN`.
    share : float, default None
        Share of converters among the people; None takes that of the data set, 0.5 is a balanced
        cohort.

    Raises
    ------
    ConfigFault
        If ``known`` is unknown or the share is not between 0 and 1.
    DataFault
        If the data set has no truth.
    """
    truth = MorphometryTruth.read(folder)
    share = truth.converter_share if share is None else share
    if not 0 < share < 1:
        raise ConfigFault(f"share {share:g}", fix="give a number between 0 and 1")
    squared = sum(_squared(truth)[part] for part in _parts(known))
    return _scores(float(np.sqrt(squared)), share)


def optimal_probabilities(
    folder: Path, table: pd.DataFrame, *, known: Known = "everything", share: float | None = None
) -> NDArray[np.float64]:
    """Return the probability of each person to be a converter, as the optimal decoder says.

    Parameters
    ----------
    table : DataFrame
        Subject table of first scans of the data set, as
        :func:`~neurodecode.datasets.morphometry.cohort.build_cohort` makes it.
    known, share
        See :func:`optimal_scores`.

    Returns
    -------
    ndarray, shape (n_people,)
    """
    truth = MorphometryTruth.read(folder)
    share = truth.converter_share if share is None else share
    parts = _parts(known)
    odds = np.full(len(table), np.log(share / (1 - share)))
    if "deviations" in parts:
        weights = np.linalg.solve(truth.covariance, truth.shift)
        odds += (truth.deviations(table) - truth.shift / 2) @ weights
    if "covariates" in parts:
        years = table["age"].to_numpy(float) - AGE_MEAN - truth.age_gap / 2
        odds += truth.age_gap / AGE_SD**2 * years
    probabilities: NDArray[np.float64] = expit(odds)
    return probabilities


def _parts(known: str) -> tuple[str, ...]:
    if known not in KNOWN:
        raise ConfigFault(unknown("part of the data", known, KNOWN))
    return ("deviations", "covariates") if known == "everything" else (known,)


def _squared(truth: MorphometryTruth) -> dict[str, float]:
    distance = truth.shift @ np.linalg.solve(truth.covariance, truth.shift)
    return {"deviations": float(distance), "covariates": (truth.age_gap / AGE_SD) ** 2}


def _scores(separation: float, share: float) -> OptimalScores:
    odds = np.log(share / (1 - share))
    if separation == 0:  # one answer to everybody, the more frequent one
        sensitivity, specificity = (1.0, 0.0) if odds > 0 else (0.0, 1.0)
    else:
        sensitivity = float(ndtr(separation / 2 + odds / separation))
        specificity = float(ndtr(separation / 2 - odds / separation))
    rates = _confusion(sensitivity, specificity, share)
    return OptimalScores(
        separation=separation,
        auc=float(ndtr(separation / np.sqrt(2))),
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=(sensitivity + specificity) / 2,
        **rates,
    )


def _confusion(sensitivity: float, specificity: float, share: float) -> dict[str, Any]:
    hit, missed = share * sensitivity, share * (1 - sensitivity)
    right, alarm = (1 - share) * specificity, (1 - share) * (1 - specificity)
    product = (hit + alarm) * (hit + missed) * (right + alarm) * (right + missed)
    mcc = (hit * right - alarm * missed) / np.sqrt(product) if product > 0 else 0.0
    return {
        "accuracy": hit + right,
        "f1": 2 * hit / (2 * hit + alarm + missed),
        "mcc_prime": float(mcc + 1) / 2,
    }
