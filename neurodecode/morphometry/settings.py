"""Settings of the nested search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neurodecode.faults import ConfigFault, unknown
from neurodecode.morphometry.choices import HARMONISATIONS
from neurodecode.morphometry.classifiers import classifier_of
from neurodecode.morphometry.rankings import ranking_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCHES = ("preset", "random", "bayes")
CRITERIA = ("roc_auc", "mcc_prime")
BALANCES = ("none", "undersample")
THRESHOLDS = ("posterior", "prevalence")
OUTER = ("people", "sites")
SPREADS = ("constant", "age")


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What is searched, how often and by which rule.

    Attributes
    ----------
    harmonisations, classifiers : tuple of str
        Every pair is one model; names of :data:`HARMONISATIONS` and of
        :data:`~neurodecode.morphometry.classifiers.CLASSIFIERS`.
    rankings : tuple of str
        Of :data:`~neurodecode.morphometry.rankings.RANKINGS`; several are searched over.
    n_features : tuple of (int, int)
        Fewest and most measures kept, both searched.
    preset_features : int
        How many the preset keeps.
    n_replicates, n_outer, n_inner : int
        Monte Carlo replicates, outer folds and inner folds.
    outer : {"people", "sites"}
        Outer folds of people, stratified by group; or each site (column ``site``) once, with
        ``n_outer`` not used. Inner folds are always of people.
    search : {"preset", "random", "bayes"}
        "preset": the app's hyper-parameters, nothing is chosen. "random": the preset and random
        draws. "bayes": the preset, then Optuna's tree-structured Parzen estimator.
    n_candidates : int
        Settings tried per outer fold, the preset included.
    criterion : {"roc_auc", "mcc_prime"}
        Mean inner score that is maximised: AROC for balanced groups, MCC' for imbalanced ones.
    balance : {"none", "undersample"}
        "undersample": in each replicate as many controls as converters are drawn anew.
    threshold : {"posterior", "prevalence"}
        When a person is called a converter. "posterior": posterior above 0.5 (for SVMs, decision
        value above 0). "prevalence": score above the quantile of the inner held-out scores that
        calls as many converters as there are among the training people.
    degree : int
        Of the harmonising polynomial.
    covariates : tuple of str
    fit_on : {"controls", "everyone"}
        Training people that the polynomial is fitted on.
    site_term : bool
        A constant per site in the polynomial; sites without training people take the average.
    spread : {"constant", "age"}
        SD of the z-score: one per measure, or a straight line of age. With a constant one z-scores
        are the residuals in another unit, which hardly any classifier here can tell apart.
    leaky_selection : bool
        Measures are ranked on all people of the replicate, test people too. Leaks; kept to show
        by how much.
    seed : int
    n_jobs : int
        Worker processes over outer folds. Results do not depend on it.
    """

    harmonisations: tuple[str, ...] = ("raw", "z-score")
    classifiers: tuple[str, ...] = ("gaussian nb", "kernel nb", "linear svm", "rusboost")
    rankings: tuple[str, ...] = ("relieff",)
    n_features: tuple[int, int] = (5, 30)
    preset_features: int = 20
    n_replicates: int = 100
    n_outer: int = 5
    n_inner: int = 5
    outer: Literal["people", "sites"] = "people"
    search: Literal["preset", "random", "bayes"] = "random"
    n_candidates: int = 20
    criterion: Literal["roc_auc", "mcc_prime"] = "roc_auc"
    balance: Literal["none", "undersample"] = "none"
    threshold: Literal["posterior", "prevalence"] = "posterior"
    degree: int = 2
    covariates: tuple[str, ...] = ("age", "sex", "etiv")
    fit_on: Literal["controls", "everyone"] = "controls"
    site_term: bool = False
    spread: Literal["constant", "age"] = "constant"
    leaky_selection: bool = False
    seed: int = 42
    n_jobs: int = 1

    def __post_init__(self) -> None:
        for name, valid in (("search", SEARCHES), ("criterion", CRITERIA),
                            ("balance", BALANCES), ("threshold", THRESHOLDS),
                            ("outer", OUTER), ("spread", SPREADS)):  # fmt: skip
            check_choice(name, getattr(self, name), valid)
        for harmonisation in self.harmonisations:
            check_choice("harmonisation", harmonisation, HARMONISATIONS)
        for classifier in self.classifiers:
            classifier_of(classifier)
        for ranking in self.rankings:
            ranking_of(ranking)
        least = {"n_replicates": 1, "n_outer": 2, "n_inner": 2, "n_candidates": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ConfigFault(f"{name} {getattr(self, name)} is below {low}", where=name)
        for name in ("harmonisations", "classifiers", "rankings"):
            if not getattr(self, name):
                raise ConfigFault(f"{name} is empty", where=name, fix="name one or more")
        if not 1 <= self.n_features[0] <= self.n_features[1]:
            raise ConfigFault(f"n_features {self.n_features} is not (fewest, most)",
                              where="n_features")  # fmt: skip

    @property
    def marks(self) -> str:
        """Return what a report must say beside the scores: "" or what leaks."""
        return "leaks: measures ranked on test people too" if self.leaky_selection else ""


def check_choice(name: str, value: str, valid: Sequence[str]) -> None:
    """Raise ConfigFault, with the nearest name, unless the value is valid."""
    if value not in valid:
        raise ConfigFault(unknown(name, str(value), valid), where=name)
