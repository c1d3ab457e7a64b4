"""What the simulated viewers' recordings are made of, written beside them and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.forward_model import ForwardModel

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class RatedViewer(ForwardModel):
    """Head, rhythms and session of one simulated viewer.

    Attributes
    ----------
    gains : ndarray, shape (n_channels, n_sources)
        What each rhythm at rest, of unit variance, adds to the channels, uV; without ``offsets``.
    offsets : ndarray, shape (n_sources,)
        The person's own log power of each rhythm.
    felt : ndarray, shape (n_trials, 2)
        Valence and arousal that were felt, of which the ratings are the fifths.
    log_power : ndarray, shape (n_trials, n_sources)
        While the clip plays, drift apart: own, felt and the clip's signature.
    drift : ndarray, shape (n_seconds, n_sources)
        Log power that drifts over the session, at every second from its start.
    clips : tuple of str
        Clip of each trial.
    effect : float
        Factor of the loadings of what is felt.
    identity : float
        Standard deviation of the clips' signatures.
    """

    ARRAYS: ClassVar = (*ForwardModel.ARRAYS, "offsets", "felt", "log_power", "drift")

    offsets: Array
    felt: Array
    log_power: Array
    drift: Array
    clips: tuple[str, ...]
    effect: float
    identity: float
