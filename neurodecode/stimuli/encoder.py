"""What every encoder of speech offers, and the encoders by name."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

ENCODERS: Mapping[str, tuple[str, str]] = {
    "envelope": ("neurodecode.stimuli.envelope", "Envelope"),
    "mel": ("neurodecode.stimuli.mel", "MelSpectrogram"),
    "moonshine": ("neurodecode.stimuli.moonshine", "Moonshine"),
    "wav2vec2": ("neurodecode.stimuli.wav2vec", "Wav2Vec2"),
}
"""Module and class of each encoder; a module is loaded when its encoder is made."""


class SpeechEncoder(Protocol):
    """Sound to a sequence of feature vectors, without training."""

    @property
    def n_features(self) -> int:
        """Width of a feature vector."""
        ...

    @property
    def frame_rate(self) -> float:
        """Nominal frames per second."""
        ...

    @property
    def default(self) -> float:
        """Value of every feature where there is no sound."""
        ...

    def settings(self) -> dict[str, Any]:
        """Return everything that changes the output, as plain values for a cache key."""
        ...

    def encode(
        self, samples: NDArray[Any], sfreq: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Encode one chunk of sound.

        Parameters
        ----------
        samples : ndarray, shape (n_samples,)
        sfreq : float
            Sampling rate in Hz; the encoder resamples to its own.

        Returns
        -------
        features : ndarray of float32, shape (n_features, n_frames)
        times : ndarray of float64, shape (n_frames,)
            Centre of each frame, in seconds from the first sample.
        """
        ...


def make_encoder(name: str, **options: Any) -> SpeechEncoder:
    """Make an encoder by name.

    Parameters
    ----------
    name : {"envelope", "mel", "moonshine", "wav2vec2"}
    **options
        Arguments of its class.

    Raises
    ------
    ConfigFault
        If the name or an option is unknown, with the nearest valid one.

    Examples
    --------
    >>> make_encoder("mel", n_mels=40).n_features
    40
    """
    if name not in ENCODERS:
        raise ConfigFault(unknown("speech encoder", name, ENCODERS))
    module, attribute = ENCODERS[name]
    encoder = getattr(import_module(module), attribute)
    valid = list(inspect.signature(encoder).parameters)
    for option in options:
        if option not in valid:
            raise ConfigFault(unknown(f"option of the encoder {name}", option, valid))
    made: SpeechEncoder = encoder(**options)
    return made
