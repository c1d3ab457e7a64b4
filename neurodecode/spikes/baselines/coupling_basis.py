"""Filters of past spikes: raised cosines on a logarithmic axis of time (Pillow et al. 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


def raised_cosines(n_lags: int, n_basis: int) -> NDArray[np.float64]:
    r"""Return basis functions of the lags 1 to ``n_lags`` bins, (n_basis, n_lags), each of sum 1.

    .. math::

        b_k(l) = \tfrac12 + \tfrac12 \cos\big(\mathrm{clip}(
        \tfrac{\pi}{2 \Delta} (\log(l) - c_k), -\pi, \pi)\big)

    with the :math:`c_k` spaced by :math:`\Delta` from the first to the last lag: fine right after
    a spike, coarse later.

    Raises
    ------
    ConfigFault
        If there are more functions than lags, or none.
    """
    if not 1 <= n_basis <= n_lags:
        raise ConfigFault(f"{n_basis} basis functions of {n_lags} lags", fix="give 1 to the lags")
    axis = np.log(np.arange(1, n_lags + 1, dtype=np.float64))
    if n_basis == 1:
        return np.full((1, n_lags), 1 / n_lags)
    centres = np.linspace(axis[0], axis[-1], n_basis)
    phase = (axis[None] - centres[:, None]) * np.pi / (2 * (centres[1] - centres[0]))
    basis: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.clip(phase, -np.pi, np.pi))
    return basis / basis.sum(axis=1, keepdims=True)


def filtered_past(counts: NDArray[Any], basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve counts with the basis, strictly causally.

    Parameters
    ----------
    counts : ndarray, shape (n_bins, n_units)
    basis : ndarray, shape (n_basis, n_lags)

    Returns
    -------
    ndarray, shape (n_bins, n_units, n_basis)
        At bin t the weighted sum of the counts in bins t - 1 to t - n_lags.
    """
    fired = np.asarray(counts, dtype=np.float64)
    past = np.zeros((*fired.shape, len(basis)))
    for lag in range(1, min(basis.shape[1], len(fired) - 1) + 1):
        past[lag:] += fired[:-lag, :, None] * basis[:, lag - 1]
    return past
