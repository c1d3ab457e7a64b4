"""The robust scaler of a recording, from its training windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.contrastive.data import gather
from neurodecode.faults import DataFault
from neurodecode.signals.robust import RobustScaler, subtract_baseline

if TYPE_CHECKING:
    import pandas as pd

    from neurodecode.signals.continuous import ContinuousSection


def fit_scaler(
    signals: np.ndarray[Any, Any],
    windows: pd.DataFrame,
    settings: ContinuousSection,
    *,
    seed: int,
    where: str,
) -> RobustScaler:
    """Fit the recording's scaler on randomly drawn, baseline-corrected training windows."""
    starts = windows.loc[windows["part"] == "train", "start"].to_numpy()
    if not len(starts):
        raise DataFault("no training window", where=where, fix="leave this recording out")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(starts)[: settings.scaler_windows]
    cut = gather(signals, chosen, settings.n_samples)
    return RobustScaler.fit(subtract_baseline(cut, settings.n_baseline))
