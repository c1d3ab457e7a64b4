"""What the simulated viewers' recordings are made of, written beside them and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.forward_model import ForwardModel
from neurodecode.datasets.simulate.viewing_features import Features

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Viewer(ForwardModel):
    """Forward model of one viewer, and what was shown when.

    Attributes
    ----------
    kernels : ndarray, shape (n_sources, n_features, n_lags)
        What one unit of each feature evokes from the picture's onset on, uV; features as
        :meth:`~neurodecode.datasets.simulate.viewing_features.Features.rows` has them.
    alpha : ndarray, shape (n_channels, n_alpha)
        Gains of the alpha rhythm's sources, uV.
    alpha_coefficients : ndarray, shape (3,)
        Its AR polynomial.
    onsets : tuple of int
        First sample of each trial, rising.
    images : tuple of str
        Picture of each trial.
    """

    ARRAYS: ClassVar = (*ForwardModel.ARRAYS, "kernels", "alpha", "alpha_coefficients")

    kernels: Array
    alpha: Array
    alpha_coefficients: Array
    onsets: tuple[int, ...]
    images: tuple[str, ...]

    def rhythm(self) -> tuple[Array, Array]:
        """Return the gains (n_channels, n_alpha) of the alpha rhythm, and its AR polynomial."""
        return self.alpha, self.alpha_coefficients

    def sources(self, rows: Array) -> Array:
        """Return what pictures evoke: rows (n, n_features) to (n, n_sources, n_lags), uV."""
        evoked: Array = np.einsum("nf,sfl->nsl", rows, self.kernels, optimize=True)
        return evoked

    def activity(self, features: Features, n_samples: int) -> Array:
        """Return what the sources do (n_sources, n_samples) during the whole recording."""
        evoked = self.sources(features.rows(self.images))
        activity = np.zeros((evoked.shape[1], n_samples))
        for onset, response in zip(self.onsets, evoked, strict=True):
            activity[:, onset : onset + response.shape[1]] += response[:, : n_samples - onset]
        return activity
