"""Pictures that the simulated viewers see: categories of latents, made into files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import write_parquet
from neurodecode.stimuli.generation.generator import PictureGenerator
from neurodecode.stimuli.generation.latents import LATENT

Picture = NDArray[np.uint8]

STIMULI = "stimuli"
LATENTS = "latents.parquet"
_STREAM = 3  # of random numbers; weights and participants have others


class Drawable(Protocol):
    """Pictures that can be generated: their names, and a latent of each."""

    def table(self) -> pd.DataFrame:
        """Return one row per picture, with ``image``, its file below ``stimuli/``."""
        ...

    def latents(self, n_numbers: int) -> NDArray[np.float32]:
        """Return latents (n_pictures, n_numbers), in the order of the table."""
        ...


@dataclass(frozen=True)
class Gallery:
    """What there is to see; options of ``simulate_viewing``, stated there."""

    n_categories: int
    images_per_category: int
    n_test_categories: int
    category_share: float
    n_dimensions: int
    random_state: int

    def table(self) -> pd.DataFrame:
        """Return one row per picture, category by category.

        Returns
        -------
        DataFrame
            ``image`` (file below ``stimuli/``), ``category``, ``part``: "test" for the first
            picture of each of the last ``n_test_categories``, else "train".
        """
        rows = []
        for category in range(1, self.n_categories + 1):
            name = f"category-{category:03d}"
            tested = category > self.n_categories - self.n_test_categories
            for image in range(1, self.images_per_category + 1):
                part = "test" if tested and image == 1 else "train"
                rows.append((f"{name}/{name}_{image:02d}.png", name, part))
        return pd.DataFrame(rows, columns=["image", "category", "part"])

    def latents(self, n_numbers: int) -> NDArray[np.float32]:
        r"""Draw the latent of every picture, in the order of :meth:`table`.

        .. math:: z = \sqrt{n / d}\, Q\, (\sqrt{\rho}\, c_k + \sqrt{1 - \rho}\, e),
                  \qquad c_k, e \sim N(0, I_d), \quad Q^\top Q = I_d,

        with :math:`\rho` the ``category_share`` and d the ``n_dimensions`` in which pictures
        differ: what a brain of few features can tell. The factor gives latents the length that
        the generator expects. More categories leave those before as they are.

        Returns
        -------
        ndarray of float32, shape (n_categories * images_per_category, n_numbers)
        """
        between, within = np.sqrt(self.category_share), np.sqrt(1 - self.category_share)
        n_dimensions = min(self.n_dimensions, n_numbers)
        basis = self._basis(n_numbers, n_dimensions)
        latents = []
        for category in range(self.n_categories):
            rng = np.random.default_rng([self.random_state, _STREAM, category])
            centre = rng.standard_normal(n_dimensions)
            own = rng.standard_normal((self.images_per_category, n_dimensions))
            latents.append((between * centre + within * own) @ basis)
        return np.concatenate(latents).astype(np.float32)

    def _basis(self, n_numbers: int, n_dimensions: int) -> NDArray[np.float64]:
        """Return the directions in which pictures differ, (n_dimensions, n_numbers)."""
        if n_dimensions == n_numbers:
            return np.eye(n_numbers)
        rng = np.random.default_rng([self.random_state, _STREAM])
        basis, _ = np.linalg.qr(rng.standard_normal((n_numbers, n_dimensions)))
        scaled: NDArray[np.float64] = np.sqrt(n_numbers / n_dimensions) * basis.T
        return scaled


def make_pictures(folder: Path, gallery: Drawable, generator: PictureGenerator) -> list[Picture]:
    """Generate all pictures, write them as PNG, and their latents beside them.

    Parameters
    ----------
    folder : Path
        Root of the data set; files go below ``stimuli/``, the latents to ``latents.parquet``
        there, with the columns ``image`` and ``latent`` (list of float32).
    generator : PictureGenerator
        Of one vector per picture, the latent "latent".

    Returns
    -------
    list of ndarray of uint8, each of shape (height, width, 3)
    """
    from PIL import Image

    images = gallery.table()["image"]
    latents = gallery.latents(*generator.latents[LATENT])
    pictures = list(generator.generate({LATENT: latents}))
    for name, picture in zip(images, pictures, strict=True):
        path = folder / STIMULI / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    write_parquet(
        folder / STIMULI / LATENTS, pd.DataFrame({"image": images, "latent": list(latents)})
    )
    return pictures
