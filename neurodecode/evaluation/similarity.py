r"""Similarity of pictures by their pixels: correlation (PixCorr) and structure (SSIM).

A generated picture is brought to the size of the true one first.

References
----------
.. [1] Ozcelik & VanRullen 2023, Scientific Reports 13, 15666, Methods.
.. [2] Wang et al. 2004, IEEE Trans. Image Process. 13, 600-612.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

SIGMA, RADIUS = 1.5, 5
"""Gaussian window of SSIM in pixels: standard deviation, and its reach to either side."""
K1, K2 = 0.01, 0.03
LUMINANCE = np.array([0.2125, 0.7154, 0.0721])
"""Weights of red, green and blue in grey (ITU-R BT.709, as scikit-image)."""


def pix_corr(true: Sequence[Picture], generated: Sequence[Picture]) -> Floats:
    r"""Return Pearson's correlation over all RGB values of each pair of pictures.

    A picture of a single value correlates with nothing: 0.

    Parameters
    ----------
    true, generated : sequence of ndarray of uint8, each of shape (height, width, 3)
        Pairs in the same order; sizes may differ, also within a pair.

    Returns
    -------
    ndarray, shape (n,)
        -1 to 1.

    Raises
    ------
    DataFault
        If numbers differ, there is none, or a picture is not RGB of 8 bits.
    """
    pairs = zip(*check_pairs(true, generated), strict=True)
    return np.array([pixel_correlation(t, resize_like(g, t)) for t, g in pairs])


def ssim(true: Sequence[Picture], generated: Sequence[Picture]) -> Floats:
    r"""Return the structural similarity of each pair of pictures in grey.

    .. math:: \mathrm{SSIM} = \operatorname{mean}
              \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
                   {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)},
              \quad c_1 = 0.01^2,\ c_2 = 0.03^2

    with local moments under a Gaussian window of 1.5 px (11 x 11, population covariance) and grey
    from 0 to 1; the mean leaves out the 5 px at the border whose window is incomplete.

    Parameters
    ----------
    true, generated : sequence of ndarray of uint8, each of shape (height, width, 3)
        Pairs in the same order; sizes may differ, also within a pair.

    Returns
    -------
    ndarray, shape (n,)
        At most 1.

    Raises
    ------
    DataFault
        As :func:`pix_corr`, and if a true picture is smaller than the window, 11 px.
    """
    pairs = zip(*check_pairs(true, generated), strict=True)
    return np.array([structural_similarity(t, resize_like(g, t)) for t, g in pairs])


def pixel_correlation(true: Picture, generated: Picture) -> float:
    """Return the correlation of two pictures of the same size; see :func:`pix_corr`."""
    x, y = (picture.astype(np.float64).ravel() for picture in (true, generated))
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale else 0.0


def structural_similarity(true: Picture, generated: Picture) -> float:
    """Return the similarity of two pictures of the same size; see :func:`ssim`."""
    if min(true.shape[:2]) <= 2 * RADIUS:
        height, width = true.shape[:2]
        raise DataFault(
            f"SSIM needs 11 x 11 pixels or more, the picture has {height} x {width}",
            fix="give larger pictures",
        )
    x, y = true @ LUMINANCE / 255, generated @ LUMINANCE / 255
    mean_x, mean_y, xx, yy, xy = map(_local_mean, (x, y, x * x, y * y, x * y))
    both = mean_x * mean_y
    squares = mean_x**2 + mean_y**2
    c1, c2 = K1**2, K2**2
    upper = (2 * both + c1) * (2 * (xy - both) + c2)
    lower = (squares + c1) * (xx + yy - squares + c2)
    return float((upper / lower)[RADIUS:-RADIUS, RADIUS:-RADIUS].mean())


def resize_like(picture: Picture, like: Picture) -> Picture:
    """Return the picture in the height and width of another, bilinear with antialiasing."""
    if picture.shape == like.shape:
        return picture
    from PIL import Image

    size = (like.shape[1], like.shape[0])
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


def _local_mean(values: Floats) -> Floats:
    found: Floats = gaussian_filter(values, SIGMA, radius=RADIUS)
    return found


def check_pairs(
    true: Sequence[Picture], generated: Sequence[Picture]
) -> tuple[Sequence[Picture], Sequence[Picture]]:
    """Return both sets if they are pairs of 8-bit RGB pictures."""
    if len(true) != len(generated) or not len(true):
        raise DataFault(f"{len(true)} true pictures, {len(generated)} generated ones")
    for which, pictures in (("true", true), ("generated", generated)):
        for i, picture in enumerate(pictures):
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise DataFault(
                    f"a {which} picture is {picture.dtype} of shape {picture.shape}",
                    where=f"picture {i}",
                    fix="give uint8 (height, width, 3)",
                )
    return true, generated
