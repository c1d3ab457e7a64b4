"""Models that an imaging score must exceed, by name; each starts from one kind of input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Reads = Literal["anything", "table", "courses"]


@dataclass(frozen=True)
class Baseline:
    """A baseline of the registry.

    Attributes
    ----------
    reads : {"anything", "table", "courses"}
        What ``fit(X, y)`` expects as X: whatever has a row per subject; a DataFrame with the
        columns below; or a list of region courses (n_times, n_regions), one per subject.
    build : callable
        Makes the unfitted estimator, from ``C`` and the seed.
    categories, numbers : tuple of str
        Columns of the table; missing values are imputed from the training subjects.
    """

    reads: Reads
    build: Callable[[float, int], BaseEstimator]
    categories: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def make_baseline(name: str, *, C: float = 1.0, random_state: int = 0) -> BaseEstimator:
    """Build an unfitted baseline by its name.

    Parameters
    ----------
    name : str
        One of :data:`BASELINES`.
    C : float, default=1.0
        Inverse strength of the logistic regression's L2 penalty.
    random_state : int, default=0

    Returns
    -------
    estimator
        ``fit(X, y)`` and ``predict(X)``.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.

    References
    ----------
    Phenotype: Brown et al. (2012), ADHD-200 Global Competition: diagnosing ADHD using personal
    characteristic data can outperform resting state fMRI measurements, Frontiers in Systems
    Neuroscience 6:69. Connectivity: Varoquaux et al. (2010), MICCAI, for "tangent".
    """
    if name not in BASELINES:
        raise ConfigFault(unknown("baseline", name, BASELINES))
    return BASELINES[name].build(C, random_state)


def _all_control(_C: float, seed: int) -> BaseEstimator:
    return DummyClassifier(strategy="constant", constant=0, random_state=seed)


def _columns(categories: Sequence[str], numbers: Sequence[str]) -> Baseline:
    """Return a logistic regression on columns of the phenotype table."""

    def build(C: float, seed: int) -> BaseEstimator:
        dummies = make_pipeline(
            SimpleImputer(strategy="constant", fill_value="missing"),
            OneHotEncoder(handle_unknown="ignore"),
        )
        scaled = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
        )
        parts = [("categories", dummies, list(categories)), ("numbers", scaled, list(numbers))]
        chosen = ColumnTransformer([part for part in parts if part[2]])
        return make_pipeline(chosen, _logistic(C, seed))

    return Baseline("table", build, tuple(categories), tuple(numbers))


def _connectivity(kind: str) -> Baseline:
    """Return nilearn's connectivity of that kind, then a logistic regression."""

    def build(C: float, seed: int) -> BaseEstimator:
        from nilearn.connectome import ConnectivityMeasure

        measure = ConnectivityMeasure(kind=kind, vectorize=True, discard_diagonal=True)
        return make_pipeline(measure, StandardScaler(), _logistic(C, seed))

    return Baseline("courses", build)


def _logistic(C: float, seed: int) -> Any:
    return LogisticRegression(C=C, max_iter=5000, random_state=seed)


BASELINES: dict[str, Baseline] = {
    "all control": Baseline("anything", _all_control),
    "phenotype": _columns(
        ("site", "sex", "handedness"), ("age", "verbal_iq", "performance_iq", "full_iq")
    ),
    "motion": _columns((), ("mean_fd", "max_fd", "n_volumes")),
    "site": _columns(("site",), ()),
    "correlation": _connectivity("correlation"),
    "partial correlation": _connectivity("partial correlation"),
    "tangent": _connectivity("tangent"),
}
"""Baselines by name. Phenotype: what was known before any scan; motion: framewise displacement
in mm and the number of volumes."""
