"""Targets: the embedding of every picture of a run, scaled by those that are trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.contrastive.image.decoders import OWN_TARGETS
from neurodecode.evaluation.restandardisation import moments
from neurodecode.faults import DataFault
from neurodecode.signals.memory import require_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ONE_HOT_LIMIT_GIB = 2.0
LATENTS = "latents.parquet"
"""Beside simulated pictures: columns ``image`` and ``latent``, what each was made from."""


@dataclass(frozen=True)
class FeatureScaler:
    r"""Mean and standard deviation of every feature, over pictures that are trained on.

    Attributes
    ----------
    mean, std : ndarray of float32, shape (n_features,)
        A feature that never varies has deviation 1.
    limit : float, default=inf
        Deviations from the mean at which other pictures are cut: :math:`\sqrt{n - 1}`, the
        farthest that one of the :math:`n` fitted ones can lie. Without it a colour that covers a
        pixel of one training picture and half of a test picture would be all that counts.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    limit: float = np.inf

    @classmethod
    def fit(cls, features: NDArray[Any]) -> FeatureScaler:
        """Fit on pictures (n, n_features), read in blocks."""
        mean, std = moments(features)
        std[std <= 1e-7 * max(1.0, float(np.abs(mean).max()))] = 1.0
        limit = max(1.0, float(np.sqrt(len(features) - 1)))
        return cls(mean.astype(np.float32), std.astype(np.float32), limit)

    @classmethod
    def identity(cls, n_features: int) -> FeatureScaler:
        """Return the scaler that changes nothing."""
        return cls(np.zeros(n_features, np.float32), np.ones(n_features, np.float32))

    def scaled(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled features, shape (n, n_features)."""
        found: NDArray[np.float32] = (features - self.mean) / self.std
        return np.clip(found, -self.limit, self.limit, out=found)


class PictureBank:
    """Embeddings of all pictures of a run, by name.

    Parameters
    ----------
    target : str
        Name of the encoder, or one of ``OWN_TARGETS``.
    images : sequence of str
        Names of the pictures, each once.
    features : ndarray, shape (n_images, *shape)
        May be memory-mapped.

    Attributes
    ----------
    shape : tuple of int
        Of one embedding.
    n_features : int
        Its size; batches are flat.
    scaler : FeatureScaler
        The identity until one is fitted.
    """

    def __init__(self, target: str, images: Sequence[str], features: NDArray[Any]) -> None:
        self.target, self.images = target, list(images)
        self.shape = tuple(features.shape[1:])
        self.features = features.reshape(len(features), -1)
        self.n_features = int(self.features.shape[1])
        self.scaler = FeatureScaler.identity(self.n_features)
        self._place = {name: i for i, name in enumerate(self.images)}

    def index(self, images: Sequence[str]) -> NDArray[np.int64]:
        """Return the row of each picture.

        Raises
        ------
        DataFault
            If a picture is not in the bank.
        """
        try:
            return np.array([self._place[name] for name in images], dtype=np.int64)
        except KeyError as error:
            raise DataFault(f"picture {error} has no embedding", where=self.target) from error

    def fit_scaler(self, images: Sequence[str]) -> None:
        """Fit and keep the scaler on some pictures; one-hot targets stay as they are."""
        if self.target not in ("identity", "category"):
            rows = np.unique(self.index(images))
            self.scaler = FeatureScaler.fit(self.features[rows])

    def gather(self, rows: NDArray[Any]) -> torch.Tensor:
        """Return scaled embeddings (n, n_features) of some rows."""
        found = np.asarray(self.features[rows], dtype=np.float32)
        return torch.from_numpy(self.scaler.scaled(found))

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        """Return the smaller target that the contrastive loss takes while generating.

        The first token of vision, the mean over the tokens of text, the mean over the channels
        of an autoencoder's latent; other embeddings as they are.
        """
        if len(self.shape) < 2:
            return features
        shaped = features.reshape(len(features), *self.shape)
        first = self.target in ("clip_vision", "dinov2")
        return (shaped[:, 0] if first else shaped.mean(dim=1)).flatten(1)

    @property
    def n_pooled(self) -> int:
        """Size of a pooled target."""
        return int(self.pooled(torch.zeros(1, self.n_features)).shape[1])


def own_bank(target: str, trials: pd.DataFrame, pictures: Path | None) -> PictureBank:
    """Return the bank of a target that needs no encoder.

    Parameters
    ----------
    target : {"identity", "category", "latent"}
        Which picture it is, which category it shows, or the latent it was made from.
    trials : DataFrame
        With ``image`` and ``category``.
    pictures : Path or None
        Folder with ``latents.parquet``, for "latent".

    Raises
    ------
    DataFault
        Too many pictures or categories for one-hot targets, no category, no latents.
    """
    assert target in OWN_TARGETS
    shown = trials.drop_duplicates("image")
    images = shown["image"].tolist()
    if target == "latent":
        return PictureBank(target, images, _latents(images, pictures))
    if target == "category" and (shown["category"] == "").any():
        nameless = shown.loc[shown["category"] == "", "image"].iloc[0]
        raise DataFault(f"picture {nameless} has no category", fix="add the column 'category'")
    labels = shown["image" if target == "identity" else "category"]
    factors, names = pd.factorize(labels, sort=True)
    codes = factors.tolist()
    require_memory(
        (len(images), len(names)), limit_gib=ONE_HOT_LIMIT_GIB, what=f"target '{target}'",
        fix="take an encoder of pictures as embedding.target",
    )  # fmt: skip
    features = np.eye(len(names), dtype=np.float32)
    if target == "category":  # what was seen is then asked for by its category
        apart = [i for i, name in enumerate(names) if name not in set(images)]
        images, codes = [*images, *names[apart]], [*codes, *apart]
    return PictureBank(target, images, features[np.asarray(codes)])


def _latents(images: list[str], pictures: Path | None) -> NDArray[np.float32]:
    path = None if pictures is None else pictures / LATENTS
    if path is None or not path.is_file():
        raise DataFault(
            "the latents that the pictures were made from are unknown",
            where=str(pictures or ""),
            fix="they are for simulated pictures; take another generator or target",
        )
    table = pd.read_parquet(path).set_index("image")["latent"]
    if missing := sorted(set(images) - set(table.index)):
        raise DataFault(f"no latent of picture {missing[0]}", where=str(path))
    return np.stack(table.loc[images].to_list()).astype(np.float32)
