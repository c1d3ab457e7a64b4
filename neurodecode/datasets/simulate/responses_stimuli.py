"""What the simulated subjects of an fMRI study see: stimuli of their own, and shared ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.responses.embeddings import Embeddings

Array = NDArray[np.floating[Any]]

SHARED = "shared"
TOKENS: dict[str, int] = {"image": 5, "text": 3}
"""Tokens of the embeddings; CLIP has 257 and 77."""
WIDTH = 32
"""Numbers in a token; CLIP has 768."""
_LATENTS, _CATEGORIES, _EMBEDDINGS = 5, 6, 7  # streams of random numbers; subjects have others


@dataclass(frozen=True)
class StimulusPlan:
    """Who sees what; options of ``simulate_responses``, stated there."""

    n_subjects: int
    n_train: int
    n_shared_test: int
    n_categories: int
    category_share: float
    random_state: int

    @property
    def subjects(self) -> tuple[str, ...]:
        """Labels, "01" and on."""
        return tuple(f"{number:02d}" for number in range(1, self.n_subjects + 1))

    def table(self) -> pd.DataFrame:
        """Return one row per stimulus: the shared ones first, then those of each subject.

        Returns
        -------
        DataFrame
            ``stimulus``, ``image`` (file below ``stimuli/``), ``category``, ``caption`` and
            ``owner``, the subject who is trained on it or "shared".
        """
        rows = []
        for number, (owner, n_stimuli) in enumerate(self._owners()):
            rng = np.random.default_rng([self.random_state, _CATEGORIES, number])
            for place, kind in enumerate(rng.integers(self.n_categories, size=n_stimuli), start=1):
                stimulus = f"{owner}-{place:04d}"
                category = f"category-{kind + 1:03d}"
                caption = f"a picture of category {kind + 1}"
                image = f"{category}/{stimulus}.png"
                rows.append((stimulus, image, category, caption, owner))
        return pd.DataFrame(rows, columns=["stimulus", "image", "category", "caption", "owner"])

    def latents(self, n_numbers: int) -> NDArray[np.float32]:
        r"""Draw the latent of every stimulus, in the order of :meth:`table`.

        .. math:: z = \sqrt{\rho}\, c_k + \sqrt{1 - \rho}\, e, \qquad c_k, e \sim N(0, I),

        with :math:`\rho` the ``category_share``. More subjects leave those before as they are.

        Returns
        -------
        ndarray of float32, shape (n_stimuli, n_numbers)
        """
        kinds = self.table()["category"].str.removeprefix("category-").astype(int).to_numpy() - 1
        centres = np.random.default_rng([self.random_state, _LATENTS]).standard_normal(
            (self.n_categories, n_numbers)
        )
        own = [
            np.random.default_rng([self.random_state, _LATENTS, number]).standard_normal(
                (n_stimuli, n_numbers)
            )
            for number, (_, n_stimuli) in enumerate(self._owners(), start=1)
        ]
        share = self.category_share
        latents = np.sqrt(share) * centres[kinds] + np.sqrt(1 - share) * np.concatenate(own)
        return latents.astype(np.float32)

    def _owners(self) -> list[tuple[str, int]]:
        own = [(f"s{label}", self.n_train) for label in self.subjects]
        return [(SHARED, self.n_shared_test), *own]


def clip_like(features: Array, table: pd.DataFrame, random_state: int) -> Embeddings:
    r"""Return embeddings in the form of CLIP's: tokens, divided by the norm of the first one.

    .. math:: t_j = \tanh(u B_j / \sqrt{k}), \qquad e = t / \lVert t_1 \rVert,

    with :math:`B_j` drawn from N(0, 1) and :math:`u` the stimulus' features for "image", the mean
    of those of its category for "text", as a caption tells the kind of thing only.

    Parameters
    ----------
    features : ndarray, shape (n_stimuli, k)
        Whitened.
    table : DataFrame
        Of :meth:`StimulusPlan.table`.
    random_state : int
        Seed of the maps.

    Returns
    -------
    Embeddings
        "image" (n_stimuli, 5, 32) and "text" (n_stimuli, 3, 32).
    """
    of_category = pd.DataFrame(features).groupby(table["category"].to_numpy()).transform("mean")
    seen = {"image": features, "text": of_category.to_numpy()}
    arrays = {}
    for place, (name, n_tokens) in enumerate(TOKENS.items()):
        rng = np.random.default_rng([random_state, _EMBEDDINGS, place])
        maps = rng.standard_normal((n_tokens, features.shape[1], WIDTH))
        tokens = np.tanh(np.einsum("nk,jkw->njw", seen[name], maps) / np.sqrt(features.shape[1]))
        norms = np.linalg.norm(tokens[:, :1], axis=-1, keepdims=True)
        arrays[name] = (tokens / norms).astype(np.float32)
    return Embeddings(tuple(table["stimulus"]), arrays)
