"""Power of the classical EEG bands in short windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.signal.windows import hann
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BANDS: tuple[tuple[str, float, float], ...] = (
    ("delta", 1.0, 4.0),
    ("theta", 4.0, 8.0),
    ("alpha", 8.0, 14.0),
    ("beta", 14.0, 31.0),
    ("gamma", 31.0, 50.0),
)
"""Name, first frequency and end (excluded) of each band, in Hz."""

KINDS = ("entropy", "power")
FLOOR = 1e-12
"""Share of the strongest band below which a band counts as empty: its logarithm stays finite."""


class BandFeatures(TransformerMixin, BaseEstimator):
    r"""Band power, or differential entropy, of each channel.

    With the Hann window w and the one-sided periodogram of a window without its mean, the variance
    in a band is

    .. math:: \sigma_b^2 = \frac{2}{T \sum_t w_t^2} \sum_{f \in b}
              \Bigl| \sum_t w_t (x_t - \bar x) e^{-2 \pi i f t} \Bigr|^2

    "power" is :math:`\sigma_b^2`; "entropy" is that of a Gaussian of this variance,
    :math:`\tfrac12 \ln(2 \pi e\, \sigma_b^2)`. The logarithm of power is the same up to scale and
    shift. Frequencies are multiples of ``sampling_rate / T``: 1 Hz for windows of 1 s.

    Parameters
    ----------
    sampling_rate : float
        Hz.
    kind : {"entropy", "power"}, default="entropy"
    bands : sequence of (str, float, float), default: :data:`BANDS`
        Name, first frequency and end (excluded), Hz.

    References
    ----------
    Duan, Zhu & Lu (2013), Differential entropy feature for EEG-based emotion classification, IEEE
    EMBS Conference on Neural Engineering.
    """

    def __init__(
        self,
        sampling_rate: float,
        kind: str = "entropy",
        bands: tuple[tuple[str, float, float], ...] = BANDS,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.kind = kind
        self.bands = bands

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Check the bands against the windows; nothing is learnt.

        Parameters
        ----------
        X : array-like, shape (n_windows, n_channels, n_samples)
        y : ignored

        Raises
        ------
        ConfigFault
            If the kind is unknown, or a band ends above half the sampling rate or holds no
            frequency of the window.
        DataFault
            If X has another number of axes.
        """
        if self.kind not in KINDS:
            raise ConfigFault(unknown("band feature", self.kind, KINDS))
        windows = checked_windows(X)
        self._masks(windows.shape[2])
        self.n_channels_in_ = windows.shape[1]
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the features, (n_windows, n_channels * n_bands), channel by channel.

        Raises
        ------
        DataFault
            If the channels are not those of the fit, or a value is not finite.
        """
        windows = checked_windows(X)
        if windows.shape[1] != self.n_channels_in_:
            raise DataFault(f"fitted on {self.n_channels_in_} channels, got {windows.shape[1]}")
        n_samples = windows.shape[2]
        taper = hann(n_samples, sym=False)
        centred = windows - windows.mean(axis=2, keepdims=True)
        power = np.abs(np.fft.rfft(centred * taper, axis=2)) ** 2
        scale = 2 / (n_samples * np.sum(taper**2))
        in_band = power @ self._masks(n_samples).T * scale
        if self.kind == "entropy":
            least = np.maximum(FLOOR * in_band.max(axis=2, keepdims=True), np.finfo(float).tiny)
            in_band = 0.5 * np.log(2 * np.pi * np.e * np.maximum(in_band, least))
        return np.asarray(in_band.reshape(len(windows), -1))

    def _masks(self, n_samples: int) -> NDArray[np.float64]:
        """Return which frequencies each band has, (n_bands, n_frequencies)."""
        frequencies = np.fft.rfftfreq(n_samples, 1 / self.sampling_rate)
        masks = [(frequencies >= low) & (frequencies < high) for _, low, high in self.bands]
        for (name, low, high), mask in zip(self.bands, masks, strict=True):
            if high > self.sampling_rate / 2 or not mask.any():
                raise ConfigFault(
                    f"band {name}, {low:g} to {high:g} Hz, cannot be seen in {n_samples} samples "
                    f"at {self.sampling_rate:g} Hz",
                    fix="choose lower bands or longer windows",
                )
        return np.array(masks, dtype=float)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def checked_windows(X: ArrayLike) -> NDArray[np.float64]:
    """Return windows as float64; DataFault if they have not three axes or a value is not finite."""
    windows = np.asarray(X, dtype=float)
    if windows.ndim != 3 or not windows.size:
        raise DataFault(f"windows of shape {windows.shape}",
                        fix="give windows x channels x samples")  # fmt: skip
    if not np.isfinite(windows).all():
        raise DataFault("a window has NaN or infinite values", fix="check the preparation")
    return windows
