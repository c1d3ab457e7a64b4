"""Settings of the ``acm`` pipeline."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import Experiment, RecordingsSection, Section
from neurodecode.faults import unknown
from neurodecode.signals.config import SignalsSection

Protocol = Literal["within_session", "cross_run", "cross_session", "cross_subject"]
Estimator = Literal[
    "scm", "oas", "lwf", "sch", "corr", "cov", "hub", "mcd", "stu", "tyl", "lag_lwf"
]
Structure = Literal["full", "toeplitz"]
SHUFFLED_TIME = "ACM+TS+SVM, time shuffled"
SHUFFLED_LABELS = "ACM+TS+SVM, labels shuffled"
SHRUNK: dict[str, tuple[str, Estimator]] = {
    "ACM+TS+SVM, OAS": ("ACM+TS+SVM", "oas"),
    "ACM+TS+SVM, lag-aware": ("ACM+TS+SVM", "lag_lwf"),
    "TS+SVM, OAS": ("TS+SVM", "oas"),
}
"""Decoders with a covariance estimator of their own: whose they are, and which."""
DESCRIPTIONS: dict[str, str] = {
    "ACM+TS+SVM": "augmented covariance, tangent space, SVM (the paper's method)",
    "ACM+MDM": "augmented covariance, minimum distance to Riemannian mean",
    "FB-ACM+TS+SVM": "one augmented covariance per band of signals.bands (beyond the paper)",
    "TS+SVM": "spatial covariance, tangent space, SVM",
    "TS+EN": "spatial covariance, tangent space, elastic-net logistic regression",
    "MDM": "spatial covariance, minimum distance to Riemannian mean",
    "FgMDM": "spatial covariance, geodesic filtering, minimum distance to mean",
    "CSP+LDA": "common spatial patterns, shrinkage LDA",
    "ACM+TS+SVM, OAS": "the same with covariances shrunk by OAS (beyond the paper)",
    "ACM+TS+SVM, lag-aware": "the same, shrinkage aware of correlation in time (beyond the paper)",
    "TS+SVM, OAS": "spatial covariance shrunk by OAS, tangent space, SVM",
    SHUFFLED_TIME: "control: samples of each trial in random order",
    SHUFFLED_LABELS: "control: trained on permuted labels, must land at chance",
    "ACM+TS+SVM, grid": "order, lag, C and kernel by inner cross-validation (the paper's search)",
    "ACM+MDM, grid": "order and lag by inner cross-validation",
    "TS+SVM, grid": "C and kernel by inner cross-validation",
    "ACM+TS+SVM, Takens": "order and lag from the training trials' dynamics, SVM not tuned",
    "ACM+MDM, Takens": "order and lag from the training trials' dynamics",
}
DECODER_NAMES = tuple(DESCRIPTIONS)
FIXED = tuple(name for name in DECODER_NAMES if not name.endswith((", grid", ", Takens")))
"""Decoders whose order and lag are those of the settings."""


class SimulationSection(Section):
    """The simulated motor imagery data set (see ``neurodecode.datasets.simulate``)."""

    n_subjects: int = Field(default=10, ge=1, le=99, description="Simulated people")
    n_sessions: int = Field(default=2, ge=1, le=9, description="Sessions of each")
    n_trials: int = Field(default=80, ge=4, description="Trials per session, both classes together")
    desynchronisation: float = Field(
        default=0.25, ge=0, lt=1, description="Share of mu and beta power lost contralaterally"
    )
    peak_shift: float = Field(
        default=1.0, ge=0, description="Hz between the classes' mu peaks at equal power"
    )
    snr: float = Field(default=0.8, gt=0, description="Motor rhythm to background, amplitude")
    n_channels: Literal[13, 64] = Field(
        default=13, description="Electrodes: 13 of the 10-20 system, or 64 of the 10-10 system"
    )
    lapses: float = Field(
        default=0.08, ge=0, lt=0.5, description="Share of trials with the other hand imagined"
    )


class ACMData(RecordingsSection):
    """Recordings: a MOABB data set by name, a local BIDS folder, or the simulation."""

    events: tuple[str, ...] | None = Field(
        default=None, description="Classes to tell apart; default: all of the data set"
    )
    interval: tuple[float, float] | None = Field(
        default=None, description="Task window after the cue in s, for a local BIDS folder"
    )
    allow_missing: bool = Field(
        default=False, description="Go on with the runs that are here when some are missing"
    )
    options: dict[str, Any] = Field(
        default={}, description="Keyword arguments of the MOABB data set class"
    )
    simulation: SimulationSection = SimulationSection()

    @model_validator(mode="after")
    def _local_folder(self) -> ACMData:
        if self.path is not None and (self.events is None or self.interval is None):
            raise ValueError(
                "a local BIDS folder also needs data.events and data.interval, "
                'as --set "data.events=[left, right]" --set "data.interval=[0, 4]"'
            )
        return self


class ModelSection(Section):
    """Hyper-parameters of the decoders."""

    order: int = Field(default=4, ge=1, description="Embedding dimension p")
    lag: int = Field(default=4, ge=1, description="Delay between copies, in samples")
    estimator: Estimator = Field(
        default="scm", description="Covariance estimator; oas, lwf and lag_lwf shrink"
    )
    structure: Structure = Field(
        default="full",
        description="toeplitz: blocks of augmented covariances averaged along diagonals",
    )
    C: float = Field(default=1.0, gt=0, description="Inverse regularisation of the SVM")
    kernel: Literal["linear", "rbf"] = Field(
        default="linear", description="Kernel of the SVM; rbf needs more trials than dimensions"
    )
    l1_ratio: float = Field(default=0.15, ge=0, le=1, description="Elastic net mixing of TS+EN")
    n_filters: int = Field(default=6, ge=1, description="Spatial filters of CSP+LDA")
    n_bands: int = Field(
        default=1, ge=1, description="Stacked bands, for FB-ACM; set from signals.bands in a run"
    )


class SearchSection(Section):
    """What the decoders called "grid" and "Takens" choose from, on training trials only."""

    orders: tuple[int, ...] = Field(
        default=tuple(range(1, 11)), min_length=1, description="Embedding dimensions that are tried"
    )
    lags: tuple[int, ...] = Field(
        default=tuple(range(1, 11)), min_length=1, description="Delays that are tried, in samples"
    )
    C: tuple[float, ...] = Field(
        default=(0.5, 1.0, 1.5),
        min_length=1,
        description="Inverse regularisations of the SVM that are tried",
    )
    kernels: tuple[Literal["linear", "rbf"], ...] = Field(
        default=("linear", "rbf"), min_length=1, description="Kernels of the SVM that are tried"
    )
    n_splits: int = Field(default=3, ge=2, description="Inner folds")
    mode: Literal["exact", "shared"] = Field(
        default="exact",
        description="shared: means of inner folds to first order, within 1e-3 AUC, quicker",
    )
    reference: Literal["riemann", "logeuclid"] = Field(
        default="riemann", description="Mean of the tangent space; logeuclid is beyond the paper"
    )
    estimator: Estimator = Field(
        default="scm", description="Covariance estimator of the searched and Takens-based decoders"
    )
    structure: Structure = Field(
        default="full",
        description="toeplitz: blocks averaged along diagonals, in the searched decoders",
    )
    embedding: Literal["mdop", "ami_fnn", "ami_cao"] = Field(
        default="mdop", description="Takens-based choice of order and lag"
    )
    max_delay: int | None = Field(
        default=None,
        ge=1,
        description="Longest delay that the Takens-based choice tries, in samples; default: 50 for "
        "mdop (200 ms at the paper's 250 Hz), 30 for the others",
    )
    backend: Literal["numpy", "torch"] = Field(
        default="numpy", description="Eigendecompositions of the means; torch uses a GPU"
    )
    n_jobs: int = Field(default=1, ge=1, description="Worker processes of one subject's search")


class EvaluationSection(Section):
    """Protocols, metric and statistics."""

    protocols: tuple[Protocol, ...] = Field(
        default=("within_session",),
        min_length=1,
        description="Splits; first: the one the report is about",
    )
    n_splits: int = Field(default=5, ge=2, description="Outer folds within a session")
    metric: Literal["auto", "roc_auc", "accuracy", "balanced_accuracy"] = Field(
        default="auto", description="auto: ROC-AUC with two classes, else accuracy (as MOABB)"
    )
    n_bootstrap: int = Field(default=2000, ge=100, description="Bootstrap samples, for intervals")
    n_permutations: int = Field(default=1000, ge=100, description="Shuffles of labels, for p")


class ACMConfig(Experiment):
    """One experiment of the ``acm`` pipeline."""

    data: ACMData
    signals: SignalsSection = SignalsSection()
    model: ModelSection = ModelSection()
    search: SearchSection = SearchSection()
    decoders: tuple[str, ...] = Field(
        default=tuple(name for name in FIXED if not name.startswith("FB-") and name not in SHRUNK),
        min_length=1,
        description="First: the one the report is about",
    )
    evaluation: EvaluationSection = EvaluationSection()
    references: dict[str, float] = Field(
        default={}, description="Published or quick figures to compare with, by what they are"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "seed"),
        "prepare": ("data", "signals"),
        "train": (
            "model",
            "search",
            "decoders",
            "evaluation.protocols",
            "evaluation.n_splits",
            "seed",
        ),
        "evaluate": ("evaluation", "seed"),
        "report": ("description", "evaluation", "references", "seed"),
    }

    @field_validator("decoders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in DECODER_NAMES:
                raise ValueError(unknown("decoder", name, DECODER_NAMES))
        return value

    @property
    def decoder_model(self) -> ModelSection:
        """The decoders' settings, with the number of stacked bands."""
        return self.model.model_copy(update={"n_bands": len(self.signals.bands)})

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per test subject; it reads every store when decoders cross subjects."""
        needs_all = "cross_subject" in self.evaluation.protocols
        return {subject: subjects if needs_all else [subject] for subject in subjects}

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of the simulated subjects."""
        if self.data.path is not None or self.data.dataset != "simulated-motor-imagery":
            return []
        return [f"{i + 1:02d}" for i in range(self.data.simulation.n_subjects)]
