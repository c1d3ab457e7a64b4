"""Fourier features of two-dimensional sensor positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def fourier_features(positions: Tensor, *, n_frequencies: int = 32, margin: float = 0.2) -> Tensor:
    r"""Cosines and sines of plane waves over the sensor layout.

    .. math:: \varphi_{kl}(x, y) = 2\pi \,
              \frac{k (x + m) + l (y + m)}{1 + 2m}, \qquad k, l = 0, \dots, K - 1

    The margin m makes the period longer than the layout, so that opposite edges differ.

    Parameters
    ----------
    positions : Tensor, shape (..., 2)
        Layout coordinates x and y, each in [0, 1]; none may be NaN.
    n_frequencies : int, default=32
        K, the number of frequencies along each axis.
    margin : float, default=0.2
        m, added on each side; the article's text has 0.1 and period 1.

    Returns
    -------
    Tensor, shape (..., 2 * K * K)
        K * K cosines, then as many sines; entry k * K + l belongs to k along x and l along y.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """
    # Phases reach hundreds of radians, where single precision is off by 1e-5.
    exact = torch.float32 if positions.device.type == "mps" else torch.float64
    phases = (positions.to(exact) + margin) * (2 * math.pi / (1 + 2 * margin))
    waves = torch.arange(n_frequencies, device=positions.device, dtype=exact)
    x, y = (phases[..., None] * waves).unbind(dim=-2)
    # Sums of angles: 4 K evaluations per sensor instead of 2 K * K.
    cos_x, sin_x = x.cos()[..., :, None], x.sin()[..., :, None]
    cos_y, sin_y = y.cos()[..., None, :], y.sin()[..., None, :]
    cosines = (cos_x * cos_y - sin_x * sin_y).flatten(-2)
    sines = (sin_x * cos_y + cos_x * sin_y).flatten(-2)
    return torch.cat([cosines, sines], dim=-1).to(positions.dtype)
