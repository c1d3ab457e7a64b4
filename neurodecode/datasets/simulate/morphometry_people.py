"""Simulated people: who they are, when they are seen, and what is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.morphometry.magnitudes import ETIV_MM3
from neurodecode.datasets.morphometry.visits import DAYS_PER_YEAR
from neurodecode.datasets.simulate.morphometry_settings import Settings
from neurodecode.datasets.simulate.morphometry_truth import (
    AGE_MEAN,
    AGE_SD,
    ETIV_SD_MM3,
    ETIV_SEX_MM3,
    SITE,
    MorphometryTruth,
)

Array = NDArray[np.floating[Any]]

STABLE, CONVERTER = "stable", "converter"
EXCLUDED = ("reverter", "late", "short", "1.5 T", "impaired")
"""Kinds of people whom a cohort leaves out: impaired for a year, impaired after seven years,
followed for two, scanned at another field strength, impaired at the first visit."""

YEARS_BETWEEN_SCANS = 2
PERSISTENT = 0.9
"""Share of the variance of deviations that stays the same from scan to scan."""

_STREAM = 2  # of random numbers; the model has another
_LATE_ONSET, _SHORT_YEARS = 7, 2


@dataclass(frozen=True)
class Person:
    """One simulated person.

    Attributes
    ----------
    subject, site : str
    kind : str
        "stable", "converter" or one of :data:`EXCLUDED`.
    age : float
        At the first visit, years.
    sex : int
        0 female, 1 male.
    etiv : float
        mm3.
    last : int
        Year of the last visit.
    impaired : tuple of int
        Years in which impairment is found.
    measures : ndarray, shape (n_scans, n_measures)
        At the years 0, 2, ...; mm and mm3.
    """

    subject: str
    site: str
    kind: str
    age: float
    sex: int
    etiv: float
    last: int
    impaired: tuple[int, ...]
    measures: Array

    @property
    def field_strength(self) -> float:
        """Field strength of the person's scans, T."""
        return 1.5 if self.kind == "1.5 T" else 3.0

    def day(self, year: int) -> int:
        """Day of the visit of a year, which is not before the year is over."""
        return int(np.ceil(year * DAYS_PER_YEAR))


def draw_people(truth: MorphometryTruth, settings: Settings) -> list[Person]:
    """Draw all people; those to compare come first, and more of them leave the first as they are.

    Converters are spread evenly: person i is one where ``i * converter_share`` passes a whole
    number.
    """
    steps = np.floor(np.arange(settings.n_people + 1) * settings.converter_share + 1e-9)
    kinds = [CONVERTER if passed else STABLE for passed in np.diff(steps) > 0]
    people = [_person(f"{k + 1:04d}", kind, k, truth, settings) for k, kind in enumerate(kinds)]
    for k in range(settings.n_excluded):
        kind = EXCLUDED[k % len(EXCLUDED)]
        people.append(_person(f"9{k + 1:03d}", kind, 10**6 + k, truth, settings))
    return people


def _person(
    subject: str, kind: str, number: int, truth: MorphometryTruth, settings: Settings
) -> Person:
    rng = np.random.default_rng([settings.random_state, _STREAM, number])
    ill = kind in (CONVERTER, "late", "impaired")
    age = AGE_MEAN + AGE_SD * rng.standard_normal() + truth.age_gap * (kind == CONVERTER)
    sex = int(rng.integers(2))
    etiv = ETIV_MM3 + ETIV_SEX_MM3 * (2 * sex - 1) + ETIV_SD_MM3 * rng.standard_normal()
    site = int(rng.integers(len(truth.sites)))
    last, impaired = _course(kind, rng)
    person = Person(
        f"sub-{subject}", f"{SITE}{site + 1}", kind, float(age), sex, float(etiv), last, impaired,
        np.empty(0),
    )  # fmt: skip
    n_scans = min(settings.n_scans, last // YEARS_BETWEEN_SCANS + 1)
    return replace(person, measures=_measures(person, site, n_scans, ill, truth, rng))


def _measures(
    person: Person, site: int, n_scans: int, ill: bool, truth: MorphometryTruth,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """Return the measures of all scans; each scan alone has the model's covariance."""
    ages = person.age + np.arange(n_scans) * YEARS_BETWEEN_SCANS
    same = np.ones(n_scans)
    expected = truth.expected(
        ages, person.sex * same, person.etiv * same, np.full(n_scans, site, dtype=np.int64)
    )
    lasting = rng.standard_normal(len(truth.mean))
    fresh = rng.standard_normal((n_scans, len(truth.mean)))
    own = (np.sqrt(PERSISTENT) * lasting + np.sqrt(1 - PERSISTENT) * fresh) @ truth.root.T
    scores = expected + own + ill * truth.shift
    return truth.measures(scores)


def _course(kind: str, rng: np.random.Generator) -> tuple[int, tuple[int, ...]]:
    """Return the year of the last visit, and the years in which impairment is found."""
    last = int(rng.integers(6, 10))
    onset = int(rng.integers(1, 5))
    if kind == CONVERTER:
        return max(last, onset), tuple(range(onset, last + 1))
    if kind == "reverter":
        return last, (onset,)
    if kind == "late":
        return _LATE_ONSET + 1, (_LATE_ONSET, _LATE_ONSET + 1)
    if kind == "impaired":
        return last, tuple(range(last + 1))
    return (_SHORT_YEARS if kind == "short" else last), ()
