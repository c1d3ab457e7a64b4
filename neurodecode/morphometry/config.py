"""Settings of the ``mci`` pipeline."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import Experiment, Section
from neurodecode.morphometry.choices import (
    BASELINE_NAMES,
    CLASSIFIER_NAMES,
    HARMONISATIONS,
    RANKING_NAMES,
    require_known,
)
from neurodecode.morphometry.config_cohort import SIMULATED, CohortSection, MorphometryData
from neurodecode.morphometry.forms import FORMS, form_of

STORE = "cohort"
"""The one store of a run: everybody has a row."""
NULL = "null"
BASELINES_UNIT = "baselines"


class ReplicateSection(Section):
    """Nested cross-validation inside Monte Carlo replicates."""

    rankings: tuple[str, ...] = Field(
        default=("relieff",), min_length=1, description="Several are searched over"
    )
    n_features: tuple[int, int] = Field(
        default=(5, 30), description="Fewest and most measures kept"
    )
    preset_features: int = Field(default=20, ge=1, description="How many the preset keeps")
    replicates: int = Field(default=100, ge=1, description="Of the form 'sites' there is one")
    outer_folds: int = Field(default=5, ge=2, description="Folds that are tested")
    inner_folds: int = Field(
        default=5, ge=2, description="Folds of each training part, to choose by"
    )
    method: Literal["preset", "random", "bayes"] = Field(
        default="random", description="The app's hyper-parameters; and random draws; or Optuna's"
    )
    candidates: int = Field(default=20, ge=1, description="Settings tried, the preset included")
    criterion: Literal["auto", "roc_auc", "mcc_prime"] = Field(
        default="auto", description="auto: AROC of groups of equal size, else MCC'"
    )
    threshold: Literal["posterior", "prevalence"] = Field(
        default="posterior",
        description="A converter: posterior above 1/2 (SVMs: decision value above 0), or as many "
        "as there are in training",
    )
    degree: Literal[1, 2, 3] = Field(default=2, description="Of the harmonising polynomial")
    covariates: tuple[Literal["age", "sex", "etiv"], ...] = Field(
        default=("age", "sex", "etiv"), min_length=1, description="That are regressed out"
    )
    fit_on: Literal["controls", "everyone"] = Field(
        default="controls", description="Training people that the polynomial is fitted on"
    )
    site_term: bool = Field(default=False, description="A constant per site in the polynomial")
    spread: Literal["constant", "age"] = Field(
        default="constant",
        description="SD of z-scores; constant: they are residuals in another unit",
    )

    @field_validator("rankings")
    @classmethod
    def _known_rankings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        require_known("ranking", value, RANKING_NAMES)
        return value

    @model_validator(mode="after")
    def _range(self) -> ReplicateSection:
        if not 1 <= self.n_features[0] <= self.n_features[1]:
            raise ValueError(f"n_features {list(self.n_features)} is not [fewest, most]")
        if self.spread == "age" and "age" not in self.covariates:
            raise ValueError("spread 'age' needs age among the covariates")
        return self


class NullSection(Section):
    """The null test: noise, and the cohort with its groups shuffled, must score at chance."""

    draws: int = Field(default=20, ge=0, description="Of each; 0: no null test")
    n_people: int = Field(default=160, ge=20, description="People of each draw")
    n_measures: int = Field(default=180, ge=2, description="Measures of each, all noise")
    ranking: Literal["relieff", "mrmr", "anova", "kruskal-wallis", "chi-square"] = Field(
        default="relieff", description="Of the measures"
    )
    preset_features: int = Field(default=20, ge=1, description="Measures kept")
    outer_folds: int = Field(default=5, ge=2, description="Folds that are tested")


class MCIEvaluation(Section):
    """How answers are scored."""

    n_resamples: int = Field(default=1000, ge=100, description="Of people, for intervals")
    fdr: float = Field(default=0.05, gt=0, lt=1, description="Of differences between the groups")


class MCIConfig(Experiment):
    """One experiment of the ``mci`` pipeline."""

    data: MorphometryData
    cohort: CohortSection = CohortSection()
    groups: tuple[str, str] = Field(
        default=("stable", "converter"), description="What groups 0 and 1 are called"
    )
    forms: tuple[str, ...] = Field(
        default=("balanced", "imbalanced"), min_length=1,
        description="Of the cohort; first: the one the report is about",
    )  # fmt: skip
    harmonisations: tuple[str, ...] = Field(
        default=("z-score", "residual", "raw"), min_length=1,
        description="First: that of the report's main model",
    )  # fmt: skip
    classifiers: tuple[str, ...] = Field(
        default=("gaussian nb", "kernel nb", "linear svm", "logistic", "lda", "rusboost"),
        min_length=1, description="First: the one the report is about",
    )  # fmt: skip
    baselines: tuple[str, ...] = Field(
        default=BASELINE_NAMES,
        description="Scores to beat: age, sex and head size; hippocampus; everybody a control",
    )
    search: ReplicateSection = ReplicateSection()
    null_test: NullSection = NullSection()
    jobs: Literal["form", "harmonisation", "classifier"] = Field(
        default="harmonisation",
        description="A job of train is a form, or a form and harmonisation, or these and a "
        "classifier",
    )
    evaluation: MCIEvaluation = MCIEvaluation()

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "seed"),
        "prepare": ("data.options", "data.subjects", "cohort", "search.covariates",
                    "harmonisations", "forms"),
        "train": ("search", "harmonisations", "classifiers", "baselines", "null_test", "groups",
                  "seed"),
        "evaluate": ("evaluation.n_resamples", "seed"),
        "report": ("description", "groups", "forms", "harmonisations", "classifiers",
                   "baselines", "search", "null_test", "evaluation", "cohort"),
    }  # fmt: skip

    @field_validator("forms", "harmonisations", "classifiers", "baselines")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: object) -> tuple[str, ...]:
        kind = str(getattr(info, "field_name", ""))
        valid = {"forms": FORMS, "harmonisations": HARMONISATIONS,
                 "classifiers": CLASSIFIER_NAMES, "baselines": BASELINE_NAMES}[kind]  # fmt: skip
        require_known(kind[:-1], value, valid)
        return value

    @model_validator(mode="after")
    def _agree(self) -> MCIConfig:
        if "sites" in self.forms and "combat" in self.harmonisations:
            raise ValueError("ComBat knows no site that it was not fitted on: leave out the form "
                             "'sites' or the harmonisation 'combat'")  # fmt: skip
        if self.cohort.label == "sex" and "sex" in self.search.covariates:
            raise ValueError("sex is told apart, so it cannot be regressed out -> give "
                             "search.covariates without it")  # fmt: skip
        return self

    @property
    def main(self) -> tuple[str, str]:
        """Classifier and harmonisation that the report is about."""
        return self.classifiers[0], self.harmonisations[0]

    @property
    def simulated(self) -> bool:
        """Whether the data are simulated."""
        return self.data.path is None and self.data.dataset == SIMULATED

    def criterion(self, form: str) -> Literal["roc_auc", "mcc_prime"]:
        """Return the inner score that is maximised in a form."""
        if self.search.criterion != "auto":
            return self.search.criterion
        return "roc_auc" if form_of(form).balanced else "mcc_prime"

    def stores(self, subjects: list[str]) -> dict[str, list[str]]:
        """One store: tables are read at once, and a row is small."""
        return {STORE: subjects}

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """Name the jobs; each reads the cohort (see :func:`neurodecode.morphometry.units`)."""
        from neurodecode.morphometry.units import units_of

        return {unit.name: [STORE] for unit in units_of(self)}

    def modules(self, rule: str) -> tuple[str, ...]:
        """Name the loader's module, which is found by the name of the data set."""
        if rule != "prepare":
            return ()
        from neurodecode.datasets.morphometry import loader_module

        return (loader_module(self.data.dataset),)
