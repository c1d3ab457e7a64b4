r"""The robust scaler of one recording, and the way from stored signals to network input.

.. math:: z = \operatorname{clip}\left(\frac{x - b - m}{q_{75} - q_{25}}, -c, c\right)

with :math:`b` the window's own baseline, :math:`m` the median and :math:`q` the quartiles of the
recording's training windows, channel by channel.

References
----------
Défossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class RobustScaler:
    """Median and interquartile range of each channel.

    Attributes
    ----------
    median, iqr : ndarray of float32, shape (n_channels,)
        In the unit of the signals; an IQR of 0 (a constant channel) is set to 1.
    n_windows : int
        Windows it was fitted on.
    """

    median: NDArray[np.float32]
    iqr: NDArray[np.float32]
    n_windows: int

    @classmethod
    def fit(cls, windows: NDArray[Any]) -> RobustScaler:
        """Fit on baseline-corrected training windows.

        Parameters
        ----------
        windows : ndarray, shape (n_windows, n_channels, n_samples)

        Raises
        ------
        DataFault
            If there is no window.
        """
        if not len(windows):
            raise DataFault("no training window to fit the scaler of the recording on")
        values = np.moveaxis(np.asarray(windows, dtype=np.float32), 1, 0)
        ordered = np.sort(values.reshape(len(values), -1), axis=1)
        low, median, high = (floor_quantile(ordered, q) for q in (0.25, 0.5, 0.75))
        spread = high - low
        spread[spread == 0] = 1.0
        return cls(median, spread, len(windows))

    def transform(self, windows: NDArray[Any], clamp: float | None = 20.0) -> NDArray[np.float32]:
        """Scale windows (..., n_channels, n_samples), and clamp them to ``clamp`` IQRs."""
        scaled = (np.asarray(windows, dtype=np.float32) - self.median[:, None]) / self.iqr[:, None]
        if clamp is not None:
            np.clip(scaled, -clamp, clamp, out=scaled)
        return scaled

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``store.json``."""
        return {
            "median": self.median.tolist(),
            "iqr": self.iqr.tolist(),
            "n_windows": self.n_windows,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> RobustScaler:
        """Read what :meth:`to_dict` returned."""
        median, iqr = (np.asarray(content[name], dtype=np.float32) for name in ("median", "iqr"))
        return cls(median, iqr, int(content["n_windows"]))


def floor_quantile(ordered: NDArray[Any], q: float) -> NDArray[np.float32]:
    """Return the sorted value at index floor(q n) of the last axis; nothing is interpolated."""
    n = ordered.shape[-1]
    found: NDArray[np.float32] = ordered[..., min(int(q * n), n - 1)].astype(np.float32)
    return found


def subtract_baseline(windows: NDArray[Any], n_baseline: int) -> NDArray[np.float32]:
    """Subtract from each window and channel the mean of its first ``n_baseline`` samples.

    Parameters
    ----------
    windows : ndarray, shape (..., n_samples)
    n_baseline : int
        0 leaves the windows as they are.
    """
    windows = np.asarray(windows, dtype=np.float32)
    if not n_baseline:
        return windows
    return windows - windows[..., :n_baseline].mean(
        axis=-1, keepdims=True, dtype=np.float64
    ).astype(np.float32)
