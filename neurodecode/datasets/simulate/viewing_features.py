"""What the simulated brain sees in a picture: leading components of two levels of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import write_parquet
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.faults import DataFault, unknown
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

Array = NDArray[np.floating[Any]]

FEATURES = "features.parquet"
_FLAT = 1e-6  # of the largest variance; what is below is rounding
LEVELS = ("low", "high")


@dataclass(frozen=True)
class Features:
    """Components of every picture; each has mean 0 and variance 1 over the pictures.

    Attributes
    ----------
    images : tuple of str
        Files below ``stimuli/``.
    low, high : ndarray, shape (n_pictures, n_components)
        Of the low-level and of the high-level encoders.
    """

    images: tuple[str, ...]
    low: Array
    high: Array

    def level(self, name: str) -> Array:
        """Return the components of a level, "low" or "high"."""
        return self.low if name == "low" else self.high

    def rows(self, images: Sequence[str]) -> Array:
        """Return a constant 1 and all components (n, 1 + n_low + n_high) of some pictures.

        Raises
        ------
        DataFault
            If a picture is unknown, with the nearest one.
        """
        places = {image: place for place, image in enumerate(self.images)}
        for image in images:
            if image not in places:
                raise DataFault(unknown("picture", image, self.images))
        every = np.hstack([np.ones((len(self.images), 1)), self.low, self.high])
        return every[[places[image] for image in images]]

    def write(self, folder: Path) -> None:
        """Write ``derivatives/truth/features.parquet`` of a simulated data set."""
        table = {"image": self.images, **{name: list(self.level(name)) for name in LEVELS}}
        write_parquet(folder / TRUTH / FEATURES, pd.DataFrame(table))

    @classmethod
    def read(cls, folder: Path) -> Features:
        """Read what :meth:`write` wrote.

        Raises
        ------
        DataFault
            If the file is missing.
        """
        path = folder / TRUTH / FEATURES
        if not path.is_file():
            raise DataFault("file not found", where=str(path), fix="simulate the data set again")
        table = pd.read_parquet(path)
        return cls(tuple(table["image"]), *(np.stack(table[name].tolist()) for name in LEVELS))


def encode_pictures(
    encoders: Mapping[str, Mapping[str, Any]],
    pictures: Sequence[NDArray[np.uint8]],
    labels: Sequence[str],
    n_components: int,
) -> Array:
    """Return the leading whitened principal components of what some encoders say.

    Every encoder's features are centred and divided by one number, so that all have the same
    total variance; components of all together are scaled to variance 1. Their signs are fixed by
    the picture that deviates most, which deviates upwards.

    Parameters
    ----------
    encoders : mapping of str to mapping
        Options by name of the picture encoder.
    pictures : sequence of ndarray of uint8
    labels : sequence of str
        What each picture shows.
    n_components : int
        At most; features that span fewer dimensions have fewer components.

    Returns
    -------
    ndarray, shape (n_pictures, n_components)

    Raises
    ------
    ConfigFault
        If an encoder or an option is unknown.
    DataFault
        If an encoder says the same of all pictures.
    """
    blocks = []
    for name, options in encoders.items():
        features = make_picture_encoder(name, **options).encode(pictures, labels)
        block = features.reshape(len(pictures), -1).astype(np.float64)
        block = block - block.mean(axis=0)
        spread = np.sqrt((block**2).sum(axis=1).mean())
        if not spread > 0:
            raise DataFault(f"the picture encoder {name} says the same of all pictures")
        blocks.append(block / spread)
    return whitened_components(np.hstack(blocks), n_components)


def whitened_components(features: Array, n_components: int) -> Array:
    """Return the leading principal components (n, k) of centred features, each of variance 1."""
    values, vectors = np.linalg.eigh(features @ features.T)
    leading = np.flatnonzero(values > _FLAT * values[-1])[::-1][:n_components]
    components = vectors[:, leading] * np.sqrt(len(features))
    extreme = np.abs(components).argmax(axis=0)
    signs: Array = np.sign(components[extreme, np.arange(len(leading))])
    return components * signs
