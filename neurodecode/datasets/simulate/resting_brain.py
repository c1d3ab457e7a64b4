"""Where things lie in the simulated brains: mask, regions of the effect, networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.resting_settings import N_COLUMNS, N_ROWS
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from neurodecode.datasets.simulate.resting_settings import RestingSettings

Array = NDArray[np.floating[Any]]

CENTRES = {
    "left dorsolateral prefrontal": (-40, 36, 26),
    "right dorsolateral prefrontal": (40, 36, 26),
    "left inferior parietal": (-46, -50, 40),
    "right inferior parietal": (46, -50, 40),
    "anterior cingulate": (0, 28, 30),
    "precuneus": (0, -62, 40),
    "left cerebellum": (-28, -66, -34),
    "right cerebellum": (28, -66, -34),
}
"""Regions of the effect: centre in MNI space, mm."""
BLOCK = N_ROWS * N_COLUMNS
N_BLOBS, BLOB_MM, PEAK = 3, 14.0, 0.8
"""Blobs of a network, their standard deviation, and the loading at their centre."""


@dataclass(frozen=True, eq=False)
class RestingBrain:
    """Anatomy that all simulated people share.

    Attributes
    ----------
    mask : nibabel.Nifti1Image
        uint8, 1 in the brain.
    regions : ndarray of int64, shape (n_voxels,)
        1 to ``n_regions`` where the voxel is in a region of the effect, else 0.
    networks : ndarray, shape (n_voxels, n_networks)
        Loadings from 0 to 0.8; 0 in the regions of the effect.
    """

    mask: Any
    regions: NDArray[np.int64]
    networks: Array

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Grid that is true in the brain."""
        grid: NDArray[np.bool_] = np.asarray(self.mask.dataobj) > 0
        return grid

    def image(self, values: NDArray[Any]) -> Any:
        """Return an image of one value per voxel of the brain, or (n_times, n_voxels) of them."""
        import nibabel

        make_image: Any = nibabel.Nifti1Image
        grid = np.zeros((*self.mask.shape, *values.shape[:-1]), values.dtype)
        grid[self.inside] = values.T
        return make_image(grid, self.mask.affine)


def make_brain(settings: RestingSettings) -> RestingBrain:
    """Return the anatomy: nilearn's MNI152 mask at the wanted size of voxels.

    A region is the voxels nearest to its centre, in blocks of 60; a voxel belongs to one region.

    Raises
    ------
    ConfigFault
        If the regions leave no brain for the networks.
    """
    from nilearn.datasets import load_mni152_brain_mask

    mask = load_mni152_brain_mask(resolution=settings.voxel_mm)
    places = np.argwhere(np.asarray(mask.dataobj) > 0) @ mask.affine[:3, :3].T + mask.affine[:3, 3]
    n_blocks = max(1, round(settings.region_ml * 1000 / settings.voxel_mm**3 / BLOCK))
    if 2 * n_blocks * BLOCK * settings.n_regions > len(places):
        what = f"{settings.n_regions} regions of {n_blocks * BLOCK} voxels in {len(places)}"
        raise ConfigFault(what, fix="give fewer n_regions, or smaller region_ml or voxel_mm")
    regions = np.zeros(len(places), np.int64)
    for number, centre in enumerate(list(CENTRES.values())[: settings.n_regions], start=1):
        distance = np.linalg.norm(places - centre, axis=1)
        distance[regions > 0] = np.inf
        regions[np.argsort(distance, kind="stable")[: n_blocks * BLOCK]] = number
    return RestingBrain(mask, regions, _networks(places, regions, settings))


def _networks(places: Array, regions: NDArray[np.int64], settings: RestingSettings) -> Array:
    rng = np.random.default_rng([settings.random_state, 0])
    free = np.flatnonzero(regions == 0)
    loadings = np.zeros((len(places), settings.n_networks))
    for network in loadings.T:
        for centre in places[rng.choice(free, N_BLOBS, replace=False)]:
            distance = np.linalg.norm(places - centre, axis=1)
            np.maximum(network, PEAK * np.exp(-((distance / BLOB_MM) ** 2) / 2), out=network)
    loadings[regions > 0] = 0
    # A voxel of several networks keeps to a variance that leaves room for noise.
    total = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    bounded: Array = loadings * np.minimum(1, PEAK / np.maximum(total, 1e-12))
    return bounded
