r"""The exact likelihood of a window of a simulated recording, and ranks by it.

For a window :math:`X` and what the sources do under candidate :math:`c`, :math:`S_c`,

.. math::

    \log p(X \mid c) = \mathrm{tr}\big(G^\top \Sigma^{-1} X\, V\, S_c^\top\big)
        - \tfrac{1}{2} \mathrm{tr}\big(G^\top \Sigma^{-1} G\; S_c V S_c^\top\big) + \text{const},

with :math:`V = W^\top P W`, :math:`W` the whitener of the background in time and :math:`P` the
projection away from the mains line. Everything runs through the few sources, not the channels.

A rhythm with gains :math:`A` is noise whose course in time is another. In the basis in which
:math:`A^\top \Sigma^{-1} A` is diagonal, each of its few rows is background of unit variance plus
rhythm of a known power, independent of all that is left: there, and only there, the whitener is
that of the sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neurodecode.datasets.simulate.background import time_whitener, without_line
from neurodecode.datasets.simulate.forward_model import ForwardModel
from neurodecode.faults import DataFault

Array = NDArray[np.floating[Any]]

_INAUDIBLE = 1e-9  # power of a rhythm relative to the background, best channels


def window_log_likelihood(model: ForwardModel, windows: Array, segments: Array) -> Array:
    """Return the log-likelihood of windows under candidates, up to a constant per window.

    Parameters
    ----------
    windows : ndarray, shape (n_windows, n_sources + n_rhythms, n_samples)
        What :func:`seen_by_sources` makes of the windows.
    segments : ndarray, shape (n_candidates, n_sources, n_samples)
        What the sources do under each candidate, uV.

    Returns
    -------
    ndarray, shape (n_windows, n_candidates)
    """
    n_sources, n_samples = segments.shape[1:]
    rhythm, coefficients = model.rhythm()
    plain = without_line(time_whitener(model.coefficients, n_samples), model.sfreq)
    gram = seen_by_sources(model, model.gains)
    total = _log_likelihood(windows[:, :n_sources], segments, gram[:n_sources], plain)
    powers, rotation = np.linalg.eigh(seen_by_sources(model, rhythm)[n_sources:])
    audible = powers > _INAUDIBLE
    for power, axis in zip(powers[audible], rotation.T[audible], strict=True):
        seen = (axis / np.sqrt(power))[None]
        row = seen @ windows[:, n_sources:], seen @ gram[n_sources:] @ segments, np.eye(1)
        whitener = time_whitener(
            model.coefficients, n_samples, rhythm=coefficients, power=float(power)
        )
        total += _log_likelihood(*row, without_line(whitener, model.sfreq))
        total -= _log_likelihood(*row, plain)
    return total


def seen_by_sources(model: ForwardModel, signals: Array) -> Array:
    r"""Return :math:`[G, A]^\top \Sigma^{-1} X` of signals (n_channels, n_samples)."""
    fields = np.hstack([model.gains, model.rhythm()[0]])
    seen: Array = np.linalg.solve(model.covariance, fields).T @ signals
    return seen


def _log_likelihood(windows: Array, segments: Array, gram: Array, whitener: Array) -> Array:
    """Return the match of windows and segments less half the energy of the segments."""
    windows, segments = windows @ whitener.T, segments @ whitener.T
    match: Array = windows.reshape(len(windows), -1) @ segments.reshape(len(segments), -1).T
    energy = np.einsum("cst,su,cut->c", segments, gram, segments, optimize=True)
    return match - energy / 2


def cut_windows(model: ForwardModel, signals: Array, starts: Array, n_samples: int) -> Array:
    """Cut windows (n_windows, n_rows, n_samples) that begin at ``starts``, s.

    Raises
    ------
    DataFault
        If a window leaves the signals.
    """
    total = signals.shape[1]
    first = nearest_sample(starts, model.sfreq)
    outside = (first < 0) | (first + n_samples > total)
    if outside.any():
        raise DataFault(
            f"window at {starts[outside][0]:.3f} s leaves the recording of "
            f"{total / model.sfreq:.3f} s",
            where=f"subject {model.subject}",
        )
    return cut(signals, first, n_samples)


def nearest_sample(seconds: Array, sfreq: float) -> NDArray[np.int64]:
    """Return the sample nearest to each time; halves always go up.

    A window and its segment must be cut at the same distance, so that rounding to even is wrong.
    """
    return np.floor(seconds * sfreq + 0.5).astype(np.int64)


def cut(signals: Array, first: NDArray[np.int64], n_samples: int) -> Array:
    """Return windows (n_windows, n_rows, n_samples) of signals (n_rows, n_times)."""
    windows: Array = sliding_window_view(signals, n_samples, axis=-1)[:, first]
    return np.moveaxis(windows, 1, 0)


def ranks_of(scores: Array, answers: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Rank each row's answer by descending score; ties count as their average, rounded up.

    Parameters
    ----------
    scores : ndarray, shape (n_queries, n_candidates)
    answers : ndarray of int, shape (n_queries,)
        Column of the true candidate.

    Returns
    -------
    ndarray of int, shape (n_queries,)
        1 is best.
    """
    own = scores[np.arange(len(scores)), answers][:, None]
    better, equal = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    return (1 + better + equal // 2).astype(np.int64)
