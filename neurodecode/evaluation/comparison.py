"""Several decoders against one reference, over subjects or on the same trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.evaluation.bootstrap import Interval, bootstrap_ci, mean_ci
from neurodecode.evaluation.paired import cohens_dz, paired_test, rank_biserial
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.evaluation.permutation import Alternative

COLUMNS = [
    "model", "reference", "n", "mean", "mean_reference", "difference", "ci_low", "ci_high",
    "cohens_dz", "rank_biserial", "method", "p", "p_holm", "note",
]  # fmt: skip
"""Columns of the comparison table."""

Seed = int | np.random.Generator | None


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    r"""Adjust p-values for their number by Holm's step-down method.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1)\, p_{(j)})

    Parameters
    ----------
    p_values : array-like of shape (m,)
        Raw p-values. NaN (no test) stays NaN and does not count.

    Returns
    -------
    ndarray of shape (m,)
        Adjusted p-values, never below the raw ones, in the order given.

    Raises
    ------
    DataFault
        If a value is outside 0 to 1.

    References
    ----------
    Holm (1979), Scand. J. Stat. 6, 65-70.
    """
    raw = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(raw))
    if np.any((raw[tested] < 0) | (raw[tested] > 1)):
        raise DataFault("p-values must lie between 0 and 1")
    adjusted = np.full(raw.shape, np.nan)
    order = tested[np.argsort(raw[tested], kind="stable")]
    scaled = raw[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def compare_decoders(
    scores: pd.DataFrame,
    reference: str,
    *,
    alternative: Alternative = "two-sided",
    method: Literal["auto", "wilcoxon", "sign_flip", "t"] = "auto",
    value: str = "value",
    level: float = 0.95,
    n_resamples: int = 2000,
    random_state: int | None = None,
) -> pd.DataFrame:
    """Compare every decoder with ``reference`` over the subjects that both scored.

    Parameters
    ----------
    scores : DataFrame
        One row per decoder and subject, with columns ``model``, ``subject`` and ``value``.
    reference : str
        The decoder that the others are compared with.
    alternative : {"two-sided", "greater", "less"}, default="two-sided"
        "greater": the decoder scores higher than the reference.
    method : {"auto", "wilcoxon", "sign_flip", "t"}, default="auto"
        See :func:`paired_test`.
    value : str, default="value"
        Name of the score column.
    level : float, default=0.95
        Nominal coverage of the interval.
    n_resamples : int, default=2000
        Bootstrap samples of subjects (BCa, expanded for few subjects).
    random_state : int or None, default=None
        Seed.

    Returns
    -------
    DataFrame
        One row per decoder: ``model, reference, n, mean, mean_reference, difference, ci_low,
        ci_high, cohens_dz, rank_biserial, method, p, p_holm, note``. ``p_holm`` is adjusted
        over the rows. With one subject ``p`` is NaN, and ``note`` says why.

    Raises
    ------
    ConfigFault
        If ``reference`` is not among the decoders.
    DataFault
        If a column is missing, a decoder has two scores for a subject, or no subject in common.
    """
    wide = _by_subject(scores, value)
    if reference not in wide:
        raise ConfigFault(unknown("reference decoder", reference, list(map(str, wide))))
    rows = []
    for model in wide.columns.drop(reference):
        pair = wide[[model, reference]].rename(columns={model: "model", reference: "reference"})
        test = {"method": method, "alternative": alternative, "random_state": random_state}
        ci = {"level": level, "n_resamples": n_resamples, "random_state": random_state}
        rows.append({"model": model, "reference": reference, **_compare(pair, test, ci)})
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_holm"] = holm(table["p"].to_numpy(float))
    return table


def compare_reference(
    scores: pd.DataFrame, reference: str, *, random_state: int | None = None, unit: str = "subject"
) -> pd.DataFrame:
    """Compare ``reference`` with every other decoder: :func:`compare_decoders` seen from it.

    Returns
    -------
    DataFrame
        Columns of :func:`compare_decoders` and ``unit``, in the order of the decoders;
        ``difference``, its interval and the effect sizes are the reference's minus the other's.
    """
    table = compare_decoders(scores, reference, random_state=random_state)
    flipped = table.assign(
        difference=-table["difference"],
        ci_low=-table["ci_high"],
        ci_high=-table["ci_low"],
        cohens_dz=-table["cohens_dz"],
        rank_biserial=-table["rank_biserial"],
        unit=unit,
    )
    order = list(dict.fromkeys(scores["model"]))
    return flipped.sort_values("model", key=lambda m: m.map(order.index)).reset_index(drop=True)


def paired_bootstrap(
    metric: Callable[[Any, Any], float],
    y_true: npt.ArrayLike,
    predictions_a: npt.ArrayLike,
    predictions_b: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 2000,
    random_state: Seed = None,
) -> Interval:
    r"""Return the interval of a metric's difference between two decoders on the same trials.

    .. math:: \Delta = m(y, \hat y_a) - m(y, \hat y_b)

    Each bootstrap sample draws trials (whole clusters, if given) once for both decoders, so
    the difficulty of the trials cancels.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, predictions)``.
    y_true : array-like of shape (n_trials,)
        Labels.
    predictions_a, predictions_b : array-like of shape (n_trials, ...)
        Labels or scores, as the metric needs.
    clusters : array-like of shape (n_trials,) or None, default=None
        Subject of each trial.
    level, n_resamples, random_state
        See :func:`bootstrap_ci`, also for what is raised.
    """

    def difference(labels: Any, first: Any, second: Any) -> float:
        return float(metric(labels, first)) - float(metric(labels, second))

    return bootstrap_ci(
        difference,
        y_true,
        predictions_a,
        predictions_b,
        clusters=clusters,
        level=level,
        n_resamples=n_resamples,
        random_state=random_state,
    )


def _compare(pair: pd.DataFrame, test: dict[str, Any], ci: dict[str, Any]) -> dict[str, Any]:
    """Compare the column ``model`` with ``reference`` over the subjects that have both."""
    both = pair.dropna()
    if both.empty:
        raise DataFault("a decoder and the reference have no subject in common")
    a, b = both["model"].to_numpy(float), both["reference"].to_numpy(float)
    result = paired_test(a, b, **test)
    interval = mean_ci(a - b, unit="subject", expand=True, **ci)
    left_out = ", ".join(str(subject) for subject in pair.index.difference(both.index))
    notes = [result.note, f"not scored by both: {left_out}" if left_out else ""]
    return {
        "n": result.n,
        "mean": a.mean(),
        "mean_reference": b.mean(),
        "difference": result.mean_difference,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "cohens_dz": cohens_dz(a, b),
        "rank_biserial": rank_biserial(a, b),
        "method": result.method,
        "p": result.p_value,
        "note": "; ".join(filter(None, notes)),
    }


def _by_subject(scores: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return scores as subject x decoder."""
    missing = [name for name in ("model", "subject", value) if name not in scores]
    if missing:
        raise DataFault(f"scores have no column {', '.join(missing)}")
    twice = scores.duplicated(["model", "subject"])
    if twice.any():
        first = scores[twice].iloc[0]
        raise DataFault(
            f"two scores of '{first['model']}'",
            where=f"subject {first['subject']}",
            fix="average the sessions of each subject first",
        )
    wide = scores.pivot(index="subject", columns="model", values=value)  # noqa: PD010 (no mean)
    return wide[list(pd.unique(scores["model"]))]
