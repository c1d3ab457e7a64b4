"""How alike the sets of measures are that were selected in different folds and replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray


def selection_matrix(
    selections: Iterable[Sequence[str]], measures: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which measures each selection holds, shape (n_selections, n_measures)."""
    return np.array([np.isin(measures, list(chosen)) for chosen in selections])


def selection_stability(selected: ArrayLike) -> float:
    r"""Return the stability of feature selection, corrected for chance.

    .. math::

        \hat\Phi = 1 - \frac{\frac1d \sum_f \frac{M}{M-1} \hat p_f (1 - \hat p_f)}
        {\frac{\bar k}{d} \bigl(1 - \frac{\bar k}{d}\bigr)}

    with :math:`\hat p_f` the share of the M selections that hold feature f and :math:`\bar k` the
    mean number of features: 1 for equal sets, 0 on average for sets drawn at random. Selections of
    overlapping training sets are alike for that reason too.

    Parameters
    ----------
    selected : array-like of bool, shape (n_selections, n_features)

    Raises
    ------
    DataFault
        If there are fewer than two selections, or all hold everything or nothing.

    References
    ----------
    Nogueira, Sechidis and Brown (2018), Journal of Machine Learning Research 18:174.
    """
    chosen = np.asarray(selected, dtype=float)
    if chosen.ndim != 2 or len(chosen) < 2:
        raise DataFault("stability needs two selections or more", fix="run more replicates")
    share = chosen.mean(axis=0)
    kept = float(share.mean())
    if kept in (0.0, 1.0):
        raise DataFault("every selection holds all features or none: stability is undefined")
    variance = len(chosen) / (len(chosen) - 1) * float(np.mean(share * (1 - share)))
    return 1 - variance / (kept * (1 - kept))


def selection_counts(selections: Iterable[Sequence[str]], measures: Sequence[str]) -> pd.DataFrame:
    """Count how often each measure was selected.

    Returns
    -------
    DataFrame
        Columns ``measure``, ``count``, ``share`` (of the selections) and ``expected`` (the share
        of sets of these sizes drawn at random), most frequent first.
    """
    selected = selection_matrix(selections, measures)
    share = selected.mean(axis=0)
    table = pd.DataFrame({
        "measure": list(measures), "count": selected.sum(axis=0), "share": share,
        "expected": share.mean(),
    })  # fmt: skip
    return table.sort_values("count", ascending=False, kind="stable", ignore_index=True)
