"""The synthetic person whose network is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.simulate.resting_brain import make_brain
from neurodecode.datasets.simulate.resting_scan import band_pass, draw_courses
from neurodecode.datasets.simulate.resting_settings import RestingSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.benchmarks.adhd.config import BrainSection


def draw_person(brain: BrainSection, *, seed: int) -> NDArray[np.float32]:
    """Return band-passed courses of the voxels of a brain, shape (n_voxels, n_volumes).

    As a person of ``simulate_resting`` without motion: networks, noise smooth in space, white
    noise, and one block of voxels in a region of the effect.
    """
    anatomy = make_brain(
        RestingSettings(
            n_subjects=2, n_sites=1, voxel_mm=brain.voxel_mm, n_regions=1, region_ml=0.0,
            n_networks=brain.n_networks, effect=0.0, prevalence=0.5, site_confound=0.0, motion=0.0,
            motion_confound=0.0, phenotype_effect=0.0, missing_iq=0.0, filtered=True,
            random_state=seed,
        )
    )  # fmt: skip
    rng = np.random.default_rng([seed, 1])
    courses = draw_courses(anatomy, np.array([True]), brain.n_volumes, rng)
    return np.ascontiguousarray(band_pass(courses, brain.t_r).T, dtype=np.float32)
