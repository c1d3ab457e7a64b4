"""What signals are decoded into: embeddings of the stimuli, for the image and the text head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.responses.embeddings import read_embeddings
from neurodecode.faults import DataFault
from neurodecode.stimuli.pictures.cache import PictureCache
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.mindbridge.study import Study

LATENTS = "latents.parquet"


@dataclass(frozen=True)
class Target:
    """Embeddings of all stimuli for one head.

    Attributes
    ----------
    name : str
    places : dict
        Row of each stimulus.
    embeddings : ndarray, shape (n_stimuli, *shape)
    offset : ndarray, shape shape, or 0
        What was subtracted from them.
    """

    name: str
    places: dict[str, int]
    embeddings: NDArray[np.float32]
    offset: NDArray[np.float32] | float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one embedding."""
        return tuple(self.embeddings.shape[1:])

    def of(self, stimuli: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings (n, *shape) of some stimuli."""
        found: NDArray[np.float32] = self.embeddings[[self.places[name] for name in stimuli]]
        return found


@dataclass(frozen=True)
class Targets:
    """Targets of both heads; the second may be missing."""

    first: Target
    second: Target | None

    def image(self, stimuli: Sequence[str]) -> NDArray[np.float32]:
        """Return the image head's targets (n, *shape) of some stimuli."""
        return self.first.of(stimuli)

    def text(self, stimuli: Sequence[str]) -> NDArray[np.float32] | None:
        """Return the text head's targets (n, *shape) of some stimuli; None without that head."""
        return None if self.second is None else self.second.of(stimuli)

    @property
    def shapes(self) -> dict[str, tuple[int, ...] | None]:
        """Keyword arguments of :meth:`BridgeSection.build`."""
        second = None if self.second is None else self.second.shape
        return {"image_shape": self.first.shape, "text_shape": second}


def read_targets(study: Study) -> Targets:
    """Return the targets of a study, encoded where they are not yet.

    Raises
    ------
    DataFault
        If the data set comes without what a target needs.
    """
    wanted = study.config.target
    first = _centred(study, _target(study, wanted.image, "image"))
    if wanted.text is None:
        return Targets(first, None)
    return Targets(first, _centred(study, _target(study, wanted.text, "text")))


def _target(study: Study, name: str, head: str) -> Target:
    stimuli = study.trials.drop_duplicates("stimulus").sort_values("stimulus")
    names = stimuli["stimulus"].tolist()
    if name == "category":
        values = _one_hot(stimuli)
    elif name == "latent":
        values = _latents(study, stimuli)
    elif name == "shipped":
        values = _shipped(study, names, head)
    else:
        values = _encoded(study, name, stimuli)
    return Target(name, {stimulus: i for i, stimulus in enumerate(names)}, values)


def _one_hot(stimuli: pd.DataFrame) -> NDArray[np.float32]:
    if (stimuli["category"] == "").any():
        lacking = stimuli.loc[stimuli["category"] == "", "stimulus"].iloc[0]
        raise DataFault(f"stimulus '{lacking}' has no category", fix="add the column 'category'")
    codes, names = pd.factorize(stimuli["category"], sort=True)
    found: NDArray[np.float32] = np.eye(len(names), dtype=np.float32)[codes]
    return found


def _latents(study: Study, stimuli: pd.DataFrame) -> NDArray[np.float32]:
    path = None if study.pictures is None else study.pictures / LATENTS
    if path is None or not path.is_file():
        raise DataFault("the latents that the pictures were made from are unknown",
                        where=str(study.pictures or ""),
                        fix="they are for simulated pictures; take another target")  # fmt: skip
    table = pd.read_parquet(path).set_index("image")["latent"]
    return np.stack(table.loc[stimuli["image"]].to_list()).astype(np.float32)


def _shipped(study: Study, names: list[str], head: str) -> NDArray[np.float32]:
    if study.shipped is None:
        raise DataFault("the data set comes without embeddings", fix="another target.image")
    return read_embeddings(study.shipped).rows(head, names)


def _encoded(study: Study, name: str, stimuli: pd.DataFrame) -> NDArray[np.float32]:
    """Encode pictures; where only a set is known of which one was shown, average over the set."""
    encoder = make_picture_encoder(name, **study.config.target.options.get(name, {}))
    if study.pictures is None:
        raise DataFault(f"target '{name}' needs picture files, this data set comes without them",
                        fix="target.image=category, or give the pictures")  # fmt: skip
    shown = zip(stimuli["stimulus"].astype(str), stimuli["image"].astype(str), strict=True)
    files = [study.exemplars.get(stimulus, [image]) for stimulus, image in shown]
    lacking = [s for s, f in zip(stimuli["stimulus"], files, strict=True) if not f or not f[0]]
    if lacking:
        raise DataFault(f"stimulus '{lacking[0]}' has no picture",
                        fix="target.image=category, or give the pictures")  # fmt: skip
    flat = list(dict.fromkeys(name for group in files for name in group))
    captions: Any = dict(zip(stimuli["image"], stimuli["caption"], strict=True))
    categories = dict(zip(stimuli["image"], stimuli["category"], strict=True))
    labels = [captions.get(name) or categories.get(name, "") for name in flat]
    found = PictureCache(study.embeddings, encoder).get(study.pictures, flat, labels)
    place = {name: i for i, name in enumerate(flat)}
    if all(len(group) == 1 for group in files):
        return np.asarray(found[[place[group[0]] for group in files]], dtype=np.float32)
    means = [found[[place[name] for name in group]].mean(axis=0) for group in files]
    return np.stack(means).astype(np.float32)


def _centred(study: Study, target: Target) -> Target:
    """Subtract the mean over the stimuli that are trained on, if so chosen."""
    if not study.config.target.centre:
        return target
    trained = study.trials.loc[study.trials["part"] == "train", "stimulus"].unique().tolist()
    mean = target.of(trained).mean(axis=0)
    return Target(target.name, target.places, target.embeddings - mean, mean)
