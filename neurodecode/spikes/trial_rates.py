"""Peristimulus rates of written trials against real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.evaluation.spike_rates import psth_correlation
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.recorded import Recorded

NONE = (float("nan"), float("nan"))


def psth(
    config: SpikesConfig, recorded: Recorded, rows: NDArray[Any], counts: NDArray[Any],
    real: NDArray[Any],
) -> tuple[float, float]:  # fmt: skip
    """Return the correlation of written with real peristimulus rates, and its ceiling.

    Means over stimuli, the values of the trial label ``split.stratify``, of those with two test
    trials or more; NaN without such trials.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Windows that were written.
    counts : ndarray, shape (n, n_draws, n_units)
        The first draw is taken, which is as noisy as a real trial.
    real : ndarray, shape (n, n_units)
    """
    label = config.split.stratify
    if config.protocol != "trial_wise" or label is None:
        return NONE
    windows = recorded.windows.iloc[rows].reset_index(drop=True)
    begins = windows.groupby("trial")["start"].transform("min")
    place = np.floor((windows["start"] - begins) / config.evaluation.rate_bin + 1e-6)
    windows = windows.assign(place=place.astype(int))
    found = []
    for _, mine in windows.groupby(label, sort=True):
        try:
            part = psth_correlation(
                _rates(mine, counts[:, 0]), _rates(mine, real), random_state=config.seed
            )
            found.append(part.mean)
        except DataFault:
            continue  # one trial of this stimulus, or rates that do not vary
    if not found:
        return NONE
    own, ceiling = np.mean(found, axis=0)
    return float(own), float(ceiling)


def _rates(windows: pd.DataFrame, counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return counts in wide bins, (n_trials, n_bins, n_units), as long as the shortest trial."""
    trials, trial = np.unique(windows["trial"], return_inverse=True)
    place = windows["place"].to_numpy()
    n_bins = int(windows.groupby("trial")["place"].max().min()) + 1
    rates = np.zeros((len(trials), n_bins, counts.shape[1]))
    inside = place < n_bins
    np.add.at(rates, (trial[inside], place[inside]), counts[windows.index[inside]])
    return rates
