"""Local binary patterns: how often each pattern of lighter and darker neighbours occurs."""

from __future__ import annotations

from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from skimage.feature import local_binary_pattern

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.engineered import EngineeredEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LocalBinaryPattern(EngineeredEncoder):
    r"""Shares of the uniform local binary patterns, whatever their rotation.

    Each of P neighbours on a circle of radius R is compared with the pixel in the middle:

    .. math:: \mathrm{LBP} = \begin{cases} \sum_{p=1}^{P} [g_p \ge g_c] & \text{if at most two
              of the steps round the circle change} \\ P + 1 & \text{otherwise} \end{cases}

    The embedding is the share of pixels with each of the P + 2 values, on luminance
    0.299 R + 0.587 G + 0.114 B. A point darker than all around it has value P, one lighter 0.
    Pixels whose circle leaves the picture are not counted: what lies outside is not texture.

    Parameters
    ----------
    n_points : int, default=8
        P, 4 to 32.
    radius : float, default=1.0
        R in pixels, 1 to a quarter of ``size``.
    size : int, default=224
        Pixels of the square the picture is brought to first.

    Raises
    ------
    ConfigFault
        If a setting is outside its range.

    References
    ----------
    .. [1] Ojala, Pietikainen and Maenpaa 2002, IEEE TPAMI 24, 971-987, equation 9.
    .. [2] Benchetrit et al. 2024, ICLR, section 2.3: "uniform", P = 8, R = 1.
    """

    name = "lbp"

    def __init__(self, n_points: int = 8, radius: float = 1.0, size: int = 224) -> None:
        super().__init__(size)
        if not (4 <= n_points <= 32 and 1 <= radius <= size / 4):
            what = f"{n_points} points on a circle of {radius:g} pixels"
            raise ConfigFault(what, fix=f"give 4 to 32 points and a radius of 1 to {size / 4:g}")
        self.n_points, self.radius = int(n_points), float(radius)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (n_points + 2,)."""
        return (self.n_points + 2,)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {**super().settings(), "scikit-image": version("scikit-image")}

    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the shares of patterns of one picture."""
        grey = np.asarray(Image.fromarray(picture).convert("L"))
        patterns = local_binary_pattern(  # type: ignore[no-untyped-call]
            grey, self.n_points, self.radius, method="uniform"
        )
        edge = ceil(self.radius)
        inner = patterns[edge:-edge, edge:-edge].astype(np.int64).ravel()
        return np.bincount(inner, minlength=self.n_points + 2) / inner.size
