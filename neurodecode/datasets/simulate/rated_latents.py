"""What simulated clips are like, what each person feels about them, and the ratings they give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from neurodecode.artefacts import write_parquet
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.rated_sources import LEVELS, RATINGS, SOURCES

Array = NDArray[np.floating[Any]]

CLIPS = "clips.parquet"
N_LEVELS = LEVELS[1] - LEVELS[0] + 1
_STREAM = 1  # of random numbers; participants have another


@dataclass(frozen=True)
class Clips:
    """Clips that everybody watches.

    Attributes
    ----------
    names : tuple of str
        ``clip-01`` ...
    latents : ndarray, shape (n_clips, 2)
        Valence and arousal, each the same quantiles of a standard normal in a random order.
    signatures : ndarray, shape (n_clips, n_sources)
        What the clip adds to the log power of each source, whatever is felt.
    """

    names: tuple[str, ...]
    latents: Array
    signatures: Array

    @classmethod
    def draw(cls, n_clips: int, identity: float, random_state: int) -> Clips:
        """Draw clips; the standard deviation of the signatures is ``identity``."""
        rng = np.random.default_rng([random_state, _STREAM])
        spread = norm.ppf((np.arange(n_clips) + 0.5) / n_clips)
        latents = np.column_stack([rng.permutation(spread) for _ in RATINGS])
        signatures = identity * rng.standard_normal((n_clips, len(SOURCES)))
        return cls(tuple(f"clip-{k + 1:02d}" for k in range(n_clips)), latents, signatures)

    def write(self, folder: Path) -> None:
        """Write ``derivatives/truth/clips.parquet``: latents, and the signature by source."""
        named = {name: self.latents[:, k] for k, name in enumerate(RATINGS)}
        named |= {source.name: self.signatures[:, k] for k, source in enumerate(SOURCES)}
        write_parquet(folder / TRUTH / CLIPS, pd.DataFrame({"clip": self.names, **named}))


def draw_felt(latents: Array, deviation: float, rng: np.random.Generator) -> Array:
    r"""Draw what one person feels: :math:`\sqrt{1 - d}` clip :math:`+ \sqrt{d}` own, (n_clips, 2).

    Parameters
    ----------
    deviation : float
        :math:`d`, the share of the variance that is the person's own.
    """
    own = rng.standard_normal(latents.shape)
    felt: Array = np.sqrt(1 - deviation) * latents + np.sqrt(deviation) * own
    return felt


def rate(felt: Array) -> NDArray[np.int64]:
    """Return the ratings 1 to 5 of what is felt: its fifth of a standard normal distribution."""
    edges = norm.ppf(np.arange(1, N_LEVELS) / N_LEVELS)
    return LEVELS[0] + np.searchsorted(edges, felt)
