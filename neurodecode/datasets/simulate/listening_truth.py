"""What the simulated listeners' recordings are made of, written beside them and read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.forward_model import (
    TRUTH,
    ForwardModel,
    read_arrays,
    write_arrays,
)
from neurodecode.datasets.simulate.listening_sources import convolve

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Latents:
    """Acoustic (6, n) and lexical (6, n) latents of one sound at the recordings' rate."""

    acoustic: Array
    lexical: Array


@dataclass(frozen=True, kw_only=True)
class Listener(ForwardModel):
    """Forward model of one listener.

    Attributes
    ----------
    acoustic, lexical : ndarray, shape (n_sources, n_latents, n_lags)
        Kernels, their amplitude included.
    onsets : dict of str to int
        First sample of each sound.
    """

    ARRAYS: ClassVar = (*ForwardModel.ARRAYS, "acoustic", "lexical")

    acoustic: Array
    lexical: Array
    onsets: dict[str, int]

    def sources(self, latents: Latents) -> Array:
        """Return the activity (n_sources, n_samples + n_lags - 1) that a sound evokes."""
        return convolve(latents.acoustic, self.acoustic) + convolve(latents.lexical, self.lexical)

    def response(self, story: dict[str, Latents], n_samples: int) -> Array:
        """Return the noise-free recording (n_channels, n_samples) of the whole story."""
        activity = np.zeros((self.gains.shape[1], n_samples))
        for sound, latents in story.items():
            driven = self.sources(latents)
            start = self.onsets[sound]
            activity[:, start : start + driven.shape[1]] += driven[:, : n_samples - start]
        response: Array = self.gains @ activity
        return response


def write_story(folder: Path, story: dict[str, Latents]) -> None:
    """Write the latents of every sound as ``story.npz``."""
    arrays = {f"{sound}/acoustic": latents.acoustic for sound, latents in story.items()}
    arrays |= {f"{sound}/lexical": latents.lexical for sound, latents in story.items()}
    write_arrays(folder / TRUTH / "story.npz", arrays)


def read_story(folder: Path) -> dict[str, Latents]:
    """Read the latents of every sound of a simulated data set, in the story's order."""
    arrays = read_arrays(folder / TRUTH / "story.npz")
    sounds = [name.removesuffix("/acoustic") for name in arrays if name.endswith("/acoustic")]
    return {s: Latents(arrays[f"{s}/acoustic"], arrays[f"{s}/lexical"]) for s in sounds}
