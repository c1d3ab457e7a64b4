r"""Simulated cohorts of brain anatomy: FreeSurfer's tables of people of whom some become impaired.

Generative model
    The measure :math:`m` of a scan of person :math:`i` at age :math:`a` is

    .. math::

        y_m / \mu_m = 1 + \sigma_m\big(\alpha_m t + \beta_m t^2 + \gamma_m s_i + \eta_m h_i
            + c_{m,j(i)} + g_i\, \delta_m + e_{im}\big), \qquad t = (a - 70) / 10,

    and of ventricles and CSF, which have long tails, the bracket is that of
    :math:`\log(y_m / \mu_m)`;
    with sex :math:`s`, head size :math:`h` (eTIV, standardised), scanner :math:`j`, group
    :math:`g` (1 if the person becomes impaired) and :math:`e \sim N(0, R)`. Means
    :math:`\mu` and spreads :math:`\sigma` are plausible magnitudes of FreeSurfer measures of
    elderly adults (:mod:`neurodecode.datasets.morphometry.magnitudes`), not those of a study.

    *Covariance* :math:`R`: all measures share a little, those of one tissue (thickness, volume,
    fluid) more, of one lobe more again; both sides of a part have a correlation of 0.75, its
    volume and thickness 0.25; fluid runs against tissue.

    *Ageing* speeds up with age, ventricles grow; hippocampus and entorhinal cortex age faster.

    *Planted effect* :math:`\delta`: entorhinal cortex, hippocampus, lateral orbitofrontal cortex
    are smaller and lateral ventricles larger in people who become impaired
    (:data:`neurodecode.datasets.simulate.morphometry_truth.EFFECTS_SD`, times ``effect``), at all
    of their scans; nowhere else.

    *Confounds*: who becomes impaired is older (``age_gap``); each scanner shifts every measure
    (``site_effect``), half of it together. Sex, head size and scanner do not go with the group.

    *Visits* are yearly, with a diagnosis; every second one has a scan. Besides the people to
    compare there are some whom a cohort has to leave out
    (:data:`neurodecode.datasets.simulate.morphometry_people.EXCLUDED`).
Ceiling
    :mod:`neurodecode.datasets.simulate.morphometry_optimal`: all is Gaussian with one covariance,
    so linear discriminant analysis with the true parameters is optimal and its scores are exact.
Truth
    ``derivatives/truth/`` holds the model
    (:class:`neurodecode.datasets.simulate.morphometry_truth.MorphometryTruth`) and ``people.csv``.
"""

from __future__ import annotations

from pathlib import Path

from neurodecode.datasets.simulate.morphometry_files import write_people, write_tables
from neurodecode.datasets.simulate.morphometry_people import draw_people
from neurodecode.datasets.simulate.morphometry_settings import Settings, check_settings
from neurodecode.datasets.simulate.morphometry_truth import MorphometryTruth


def simulate_morphometry(
    folder: Path,
    *,
    n_people: int = 320,
    converter_share: float = 0.3,
    n_excluded: int = 30,
    n_sites: int = 3,
    n_scans: int = 2,
    effect: float = 1.0,
    ageing: float = 1.0,
    age_gap: float = 3.0,
    site_effect: float = 0.5,
    random_state: int = 42,
) -> list[Path]:
    """Write group tables of FreeSurfer, ``visits.csv`` and the truth.

    Parameters
    ----------
    n_people : int, default=320
        Stable controls and converters; more of them leave the first as they are.
    converter_share : float, default=0.3
        Share of converters, spread evenly over the people.
    n_excluded : int, default=30
        People whom the cohort rules leave out, five kinds in turn.
    n_sites : int, default=3
        Scanners.
    n_scans : int, default=2
        Scans of a person, at most 3, every second year as far as they are followed.
    effect : float, default=1.0
        Factor of the planted effect.
    ageing : float, default=1.0
        Factor of the effect of age.
    age_gap : float, default=3.0
        Years that converters are older.
    site_effect : float, default=0.5
        Standard deviation of a scanner's shift, in those of the measures.
    random_state : int, default=42
        Seed of the model and the people.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range.
    """
    settings = Settings(
        n_people=n_people, converter_share=converter_share, n_excluded=n_excluded,
        n_sites=n_sites, n_scans=n_scans, effect=effect, ageing=ageing, age_gap=age_gap,
        site_effect=site_effect, random_state=random_state,
    )  # fmt: skip
    check_settings(settings)
    folder = Path(folder)
    truth = MorphometryTruth.draw(settings)
    people = draw_people(truth, settings)
    truth.write(folder)
    write_people(folder, people)
    write_tables(folder, people)
    own = (file for file in folder.rglob("*") if file.is_file() and file.name != "manifest.json")
    return sorted(file.resolve() for file in own)
