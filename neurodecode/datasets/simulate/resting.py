r"""Simulated resting-state study in which the groups differ in clustering, and in nothing else.

Generative model
    Courses have variance 1 before motion. Voxel :math:`v` of person :math:`p` has

    .. math::

        x_v(t) = \sum_k l_{pkv}\, c_k(t) + \sqrt{b_v}\, f_v(t) + \sqrt{w_v}\, n_v(t)
                 + m\, d_p(t)\, g_v(t),

    white in time, then band-passed (0.009 to 0.08 Hz): networks :math:`c_k`, blobs in the brain
    whose strength differs between people; a background :math:`f` smooth over 12 mm; white noise
    :math:`n`; and what motion adds, a field :math:`g` smooth over 40 mm, as strong as the framewise
    displacement :math:`d_p` (mm) of that moment.

    *Effect.* A region of the effect (up to eight, known places) has blocks of 60 voxels instead of
    networks. In a *loose* block a voxel is connected with 14 others as in the rows and columns of
    a 6 x 10 array, so that it takes part in 46 triangles; in a *tight* one the blocks are four
    cliques, 14 neighbours and 91 triangles. Connected pairs have the correlation 0.45 in both, all
    others none, and which voxel has which place is drawn anew for every person: each pair of voxels
    has the same distribution of correlation in both states. So every sum of a function of
    correlations over a voxel's pairs (degree, degree by distance, weight) has the same expectation
    in both states; 3-cycle counts have not. A region of a person is tight with probability
    :math:`(1 + \text{effect})/2` in cases and :math:`(1 - \text{effect})/2` in controls.

    *Confounds.* Sites differ in repetition time and in volumes, hence in the noise of correlations
    and in all counts, and in the share of cases; cases move more, and motion raises correlations
    over short distances; IQ and sex differ a little between groups.
Ceiling
    :func:`neurodecode.datasets.simulate.resting_optimal.optimal_accuracy`, exact.
Files
    The names of the Athena release of ADHD-200, read by :mod:`neurodecode.datasets.resting.athena`:
    per site and person the image (16-bit, 1000 is one standard deviation) and its motion, the
    table of phenotypes, the mask. ``derivatives/truth`` holds ``people.tsv`` (who is tight where),
    ``effect_regions.nii.gz`` (numbers of the regions, 0 elsewhere) and ``model.json``.
"""

from __future__ import annotations

import gzip
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, write_json
from neurodecode.datasets.resting.athena import MASK_NAME, PHENOTYPE_TABLE, motion_name, run_stem
from neurodecode.datasets.resting.recording import framewise_displacement
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.responses_subject import write_table
from neurodecode.datasets.simulate.resting_brain import RestingBrain, make_brain
from neurodecode.datasets.simulate.resting_people import draw_people, tight_regions
from neurodecode.datasets.simulate.resting_scan import (
    band_pass,
    draw_courses,
    draw_motion,
    motion_signal,
)
from neurodecode.datasets.simulate.resting_settings import SITES, RestingSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEOPLE, MODEL, REGIONS = "people.tsv", "model.json", "effect_regions.nii.gz"
UNIT = 1000
"""Stored number of one standard deviation."""
_LARGEST = np.iinfo(np.int16).max


def simulate_resting(
    folder: Path,
    *,
    n_subjects: int = 60,
    n_sites: int = 3,
    voxel_mm: int = 10,
    n_regions: int = 6,
    region_ml: float = 60.0,
    n_networks: int = 12,
    effect: float = 0.6,
    prevalence: float = 0.5,
    site_confound: float = 0.3,
    motion: float = 1.0,
    motion_confound: float = 0.5,
    phenotype_effect: float = 0.3,
    missing_iq: float = 0.05,
    filtered: bool = True,
    random_state: int = 42,
) -> list[Path]:
    """Write a study in the form of the Athena release, and its truth.

    Parameters
    ----------
    n_subjects : int, default=60
    n_sites : int, default=3
        Up to 6; their repetition times and volumes are in
        :data:`~neurodecode.datasets.simulate.resting_settings.SITES`.
    voxel_mm : int, default=10
        Size of the voxels; of 10 mm there are 1,876 in the brain, of 8 mm 3,666.
    n_regions : int, default=6
        Regions of the effect, up to 8.
    region_ml : float, default=60.0
        Volume of a region, rounded to blocks of 60 voxels, one at least.
    n_networks : int, default=12
        Networks outside the regions.
    effect : float, default=0.6
        Difference between cases and controls in the probability that a region is tight, 0 to 1.
    prevalence : float, default=0.5
        Share of cases.
    site_confound : float, default=0.3
        Difference in that share between the first and the last site.
    motion : float, default=1.0
        Standard deviations that a displacement of 1 mm adds; 0 leaves motion out of the images.
    motion_confound : float, default=0.5
        Difference between groups in the log of the mean displacement, standard deviations.
    phenotype_effect : float, default=0.3
        Difference between groups in IQ (lower in cases) and in the latent of sex (more males),
        standard deviations.
    missing_iq : float, default=0.05
        Probability that a person's IQs are unknown, -999 in the table.
    filtered : bool, default=True
        Band-pass the images (``sfnwmrda`` names), or leave them white (``snwmrda``).
    random_state : int, default=42

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range, or the regions fill half of the brain.
    """
    settings = RestingSettings(
        n_subjects, n_sites, voxel_mm, n_regions, region_ml, n_networks, effect, prevalence,
        site_confound, motion, motion_confound, phenotype_effect, missing_iq, filtered,
        random_state,
    )  # fmt: skip
    folder, brain, people = Path(folder), make_brain(settings), draw_people(settings)
    _write_image(folder / MASK_NAME, brain.mask)
    _write_image(folder / TRUTH / REGIONS, brain.image(brain.regions.astype(np.int16)))
    write_json(folder / TRUTH / MODEL, asdict(settings))
    write_table(folder / TRUTH / PEOPLE, people)
    write_table(folder / PHENOTYPE_TABLE, _phenotypes(people))
    for number, (_, person) in enumerate(people.iterrows()):
        rng = np.random.default_rng([random_state, 2, number])
        _write_person(folder, person, brain, settings, rng)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def site_name(number: int) -> str:
    """Return the name of a simulated site, which is none of ADHD-200's."""
    return f"simulated-{number + 1}"


def _write_person(
    folder: Path,
    person: pd.Series[Any],
    brain: RestingBrain,
    settings: RestingSettings,
    rng: np.random.Generator,
) -> None:
    t_r, n_times = SITES[person["site"]]
    motion = draw_motion(person["mean_mm"], n_times, rng)
    courses = draw_courses(brain, tight_regions(person), n_times, rng)
    courses += motion_signal(brain, framewise_displacement(motion), settings.motion, rng)
    if settings.filtered:
        courses = band_pass(courses, t_r)
    stored = np.clip(np.rint(UNIT * courses), -_LARGEST, _LARGEST).astype(np.int16)
    image = brain.image(stored)
    image.header.set_zooms((*image.header.get_zooms()[:3], t_r))
    image.header.set_xyzt_units("mm", "sec")
    home = folder / site_name(person["site"]) / person["subject"]
    stem = run_stem(person["subject"], filtered=settings.filtered)
    _write_image(home / f"{stem}.nii.gz", image)
    _write_motion(home / motion_name(person["subject"]), motion)


def _phenotypes(people: pd.DataFrame) -> pd.DataFrame:
    """Return the table as the release words it; ids without leading zeros."""
    return pd.DataFrame({
        "ScanDir ID": people["subject"].astype(int),
        "Site": [site_name(number) for number in people["site"]],
        "Gender": people["male"],
        "Age": people["age"],
        "Handedness": people["handedness"],
        "DX": people["dx"],
        "Verbal IQ": people["verbal_iq"],
        "Performance IQ": people["performance_iq"],
        "Full4 IQ": people["full_iq"],
        "QC_Athena": 1,
    })  # fmt: skip


def _write_motion(path: Path, motion: NDArray[np.floating[Any]]) -> None:
    """Write motion as AFNI does: roll, pitch, yaw in degrees, then three translations in mm."""
    columns = np.column_stack([np.degrees(motion[:, 3:]), motion[:, :3]])
    with atomic_path(path) as temporary:
        np.savetxt(temporary, columns, fmt="%.5f")


def _write_image(path: Path, image: Any) -> None:
    stored = gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(stored)
