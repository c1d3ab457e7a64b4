"""The simulated people: group, site, phenotype, head motion and which regions are tight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from neurodecode.datasets.resting.phenotypes import MISSING_CODE

if TYPE_CHECKING:
    from neurodecode.datasets.simulate.resting_settings import RestingSettings

MEAN_LOG_MM, SPREAD_LOG = np.log(0.15), 0.5
"""Log of the mean framewise displacement (mm) of controls: its mean and standard deviation."""
MEAN_IQ, SPREAD_IQ, SPREAD_SCALE = 110.0, 14.0, 6.0
"""Full IQ of controls: mean and standard deviation; and of a scale about the person's full IQ."""
AGES = (7.0, 21.0)
COMBINED, INATTENTIVE = 1, 3
P_INATTENTIVE, P_LEFT_HANDED = 0.4, 0.1
_FIRST_ID = 10001


def male_probability(settings: RestingSettings) -> tuple[float, float]:
    """Return the probability of being male: of controls and of cases."""
    half = settings.phenotype_effect / 2
    return float(ndtr(-half)), float(ndtr(half))


def subject_labels(n_subjects: int) -> list[str]:
    """Return the labels of the simulated people, seven digits."""
    return [f"{_FIRST_ID + number:07d}" for number in range(n_subjects)]


def draw_people(settings: RestingSettings) -> pd.DataFrame:
    """Return one row per person, sites one after the other.

    Returns
    -------
    DataFrame
        ``subject`` (seven digits), ``site`` (from 0), ``group``, ``dx``, ``age``, ``male``,
        ``handedness``, ``full_iq``, ``verbal_iq``, ``performance_iq`` (-999 where unknown),
        ``mean_mm`` (framewise displacement) and ``tight_1`` ... of the regions.
    """
    rng = np.random.default_rng([settings.random_state, 1])
    n = settings.n_subjects
    site = np.sort(np.arange(n) % settings.n_sites)
    group = np.concatenate([
        _groups(int((site == place).sum()), settings.prevalence_of(place), rng)
        for place in range(settings.n_sites)
    ])  # fmt: skip
    people = pd.DataFrame({"subject": subject_labels(n), "site": site, "group": group})
    subtype = np.where(rng.random(n) < P_INATTENTIVE, INATTENTIVE, COMBINED)
    people["dx"] = np.where(group == 1, subtype, 0)
    people["age"] = rng.uniform(*AGES, n).round(2)
    people["male"] = (rng.random(n) < np.array(male_probability(settings))[group]).astype(int)
    people["handedness"] = (rng.random(n) >= P_LEFT_HANDED).astype(int)
    _draw_iq(people, settings, rng)
    log_mm = MEAN_LOG_MM + SPREAD_LOG * (settings.motion_confound * group + rng.standard_normal(n))
    people["mean_mm"] = np.exp(log_mm)
    tight = rng.random((n, settings.n_regions)) < np.array(settings.tight)[group][:, None]
    for region in range(settings.n_regions):
        people[f"tight_{region + 1}"] = tight[:, region].astype(int)
    return people


def tight_regions(person: pd.Series[Any]) -> NDArray[np.bool_]:
    """Return which regions of a row of :func:`draw_people` are tight."""
    return np.array([person[name] == 1 for name in person.index if name.startswith("tight_")])


def _draw_iq(people: pd.DataFrame, settings: RestingSettings, rng: np.random.Generator) -> None:
    n = len(people)
    shift = -settings.phenotype_effect * people["group"].to_numpy()
    full = MEAN_IQ + SPREAD_IQ * (shift + rng.standard_normal(n))
    unknown = rng.random(n) < settings.missing_iq
    for name, spread in (("full", 0.0), ("verbal", SPREAD_SCALE), ("performance", SPREAD_SCALE)):
        score = np.round(full + spread * rng.standard_normal(n))
        people[f"{name}_iq"] = np.where(unknown, MISSING_CODE, score)


def _groups(n: int, prevalence: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the groups of a site in random order: its share of cases, and both groups."""
    n_cases = int(np.clip(round(n * prevalence), 1, n - 1))
    return rng.permutation((np.arange(n) < n_cases).astype(np.int64))
