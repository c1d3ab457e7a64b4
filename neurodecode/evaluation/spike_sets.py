"""Which units fired in a window: generated against real, as sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from neurodecode.evaluation.bootstrap import Interval, Seed

Floats = npt.NDArray[np.float64]
Rule = Literal["plain", "released"]
RULES = ("plain", "released")


@dataclass(frozen=True, eq=False)
class SetScores:
    """Scores of every window that counts.

    Attributes
    ----------
    precision, recall, f1 : ndarray, shape (n_scored,)
    rows : ndarray of int, shape (n_scored,)
        Windows that they belong to.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    rows: npt.NDArray[np.intp]


def set_scores(generated: npt.ArrayLike, real: npt.ArrayLike, *, rule: Rule = "plain") -> SetScores:
    r"""Compare the sets of units that fired in each window.

    With the units G that were generated and R that fired,

    .. math::

        P = \frac{|G \cap R|}{|G|}, \quad R = \frac{|G \cap R|}{|R|}, \quad
        F_1 = \frac{2 |G \cap R|}{|G| + |R|}.

    "plain": a side that is empty scores 0, windows in which both are empty are left out.
    "released" is what Neuroformer's published code does: no overlap scores 0, also where both are
    empty; an overlap without false positive *or* without miss scores 1 in all three.

    Parameters
    ----------
    generated, real : array-like, shape (n_windows, n_units)
        Counts, or whether a unit fired.
    rule : {"plain", "released"}, default="plain"

    Raises
    ------
    ConfigFault
        If the rule is unknown.
    DataFault
        If shapes differ, or no window can be scored.
    """
    if rule not in RULES:
        raise ConfigFault(unknown("rule of set scores", rule, RULES))
    made, fired = np.asarray(generated) > 0, np.asarray(real) > 0
    if made.shape != fired.shape or made.ndim != 2:
        raise DataFault(f"generated sets of shape {made.shape}, real ones of shape {fired.shape}")
    hits, n_made, n_fired = ((part).sum(axis=1) for part in (made & fired, made, fired))
    precision, recall = _ratio(hits, n_made), _ratio(hits, n_fired)
    f1 = _ratio(2 * hits, n_made + n_fired)
    rows = np.arange(len(made))
    if rule == "released":
        generous = (hits > 0) & ((hits == n_made) | (hits == n_fired))
        precision, recall, f1 = (np.where(generous, 1.0, x) for x in (precision, recall, f1))
    else:
        rows = np.flatnonzero(n_made + n_fired > 0)
    if not rows.size:
        raise DataFault("no window with a spike to score")
    return SetScores(precision[rows], recall[rows], f1[rows], rows)


def set_scores_ci(
    scores: SetScores,
    blocks: npt.ArrayLike,
    *,
    level: float = 0.95,
    random_state: Seed = None,
    unit: str = "block",
) -> dict[str, Interval]:
    """Return the means over windows with intervals over blocks of time or trials.

    Parameters
    ----------
    scores : SetScores
    blocks : array-like, shape (n_windows,)
        Block or trial of every window, also of those that are left out.

    Returns
    -------
    dict of str to Interval
        "precision", "recall" and "f1".
    """
    labels = np.asarray(blocks)[scores.rows]
    values = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return {
        name: mean_ci(
            value, labels, level=level, random_state=random_state, unit="window", cluster_unit=unit
        )
        for name, value in values.items()
    }


def chance_sets(
    real: npt.ArrayLike, rates: npt.ArrayLike, *, random_state: Seed = None
) -> npt.NDArray[np.bool_]:
    """Draw sets from constant probabilities of firing: a generator that knows only rates.

    Parameters
    ----------
    real : array-like, shape (n_windows, n_units)
        For the shape.
    rates : array-like, shape (n_units,)
        Share of training windows in which each unit fired.
    random_state : int, Generator or None, default=None
    """
    drawn = np.random.default_rng(random_state).random(np.shape(real))
    return drawn < np.asarray(rates, dtype=float)


def _ratio(top: npt.NDArray[np.intp], bottom: npt.NDArray[np.intp]) -> Floats:
    """Divide; 0 where the denominator is 0."""
    return np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)
