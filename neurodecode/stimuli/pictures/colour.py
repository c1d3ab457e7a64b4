"""Colour histogram: how often each colour occurs, wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.pictures.engineered import EngineeredEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = ("joint", "marginal")


class ColourHistogram(EngineeredEncoder):
    r"""Counts of RGB colours in equal bins.

    .. math:: b_c = \lfloor B x_c / 256 \rfloor, \qquad
              h_{rgb} = \#\{\text{pixels with } (b_R, b_G, b_B) = (r, g, b)\}

    "joint" keeps the :math:`B^3` counts (512 for 8 bins, red slowest), divided by their Euclidean
    norm; "marginal" counts each channel by itself (3B: red, green, blue), divided by the number of
    pixels. The article says "8 bins per channel"; its authors' later open code counts jointly and
    divides by the norm, which is the default.

    Parameters
    ----------
    n_bins : int, default=8
        Bins per channel, 2 to 32.
    kind : {"joint", "marginal"}, default="joint"
    size : int, default=224
        Pixels of the square the picture is brought to first.

    Raises
    ------
    ConfigFault
        If a setting is not one of these.

    References
    ----------
    .. [1] Swain and Ballard 1991, International Journal of Computer Vision 7, 11-32.
    .. [2] Benchetrit et al. 2024, ICLR, section 2.3.
    """

    name = "colour_histogram"

    def __init__(self, n_bins: int = 8, kind: str = "joint", size: int = 224) -> None:
        super().__init__(size)
        if kind not in _KINDS:
            raise ConfigFault(unknown("kind of colour histogram", kind, _KINDS))
        if not 2 <= n_bins <= 32:
            raise ConfigFault(f"{n_bins} bins per channel", fix="give 2 to 32")
        self.n_bins, self.kind = int(n_bins), kind

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (n_bins ** 3,) or (3 * n_bins,)."""
        return (self.n_bins**3 if self.kind == "joint" else 3 * self.n_bins,)

    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the histogram of one picture."""
        bins = picture.reshape(-1, 3).astype(np.int64) * self.n_bins // 256
        if self.kind == "joint":
            places = bins @ (self.n_bins ** np.array([2, 1, 0]))
            counts = np.bincount(places, minlength=self.n_bins**3)
            return counts / np.linalg.norm(counts)
        places = (bins + self.n_bins * np.arange(3)).ravel()
        return np.bincount(places, minlength=3 * self.n_bins) / len(bins)
