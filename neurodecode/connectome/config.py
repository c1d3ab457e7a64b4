"""Settings of the ``adhd`` pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import Experiment, Section
from neurodecode.connectome.config_scans import MapSection, RestingData, ScanSection
from neurodecode.connectome.config_search import SearchSection
from neurodecode.connectome.decoders import Decoder, decoder_of
from neurodecode.evaluation.cohort_splits import COHORT_PROTOCOLS
from neurodecode.faults import DataFault, unknown

SIMULATED, FIRST_ID = "simulated-resting", 10001


class CohortSplit(Section):
    """How people are divided; each protocol reads what concerns it."""

    n_folds: int = Field(default=5, ge=2, description="stratified, per_site: folds")
    test_size: float = Field(
        default=0.2, gt=0, lt=1, description="train_test: share that is drawn without a test_file"
    )
    test_file: Path | None = Field(
        default=None, description="train_test: file with the label of a test person per line"
    )


class DiagnosisEvaluation(Section):
    """How answers are scored."""

    n_resamples: int = Field(default=2000, ge=100, description="Of people, for intervals")
    n_permutations: int = Field(default=1000, ge=0, description="Shuffles of groups, for p")


class ADHDConfig(Experiment):
    """One experiment of the ``adhd`` pipeline."""

    data: RestingData
    scans: ScanSection = ScanSection()
    maps: MapSection = MapSection()
    models: tuple[str, ...] = Field(
        default=("3-cycles+mask", "degree+mask", "all control", "phenotype", "motion", "site"),
        min_length=1,
        description="First: the one the report is about",
    )
    groups: tuple[str, str] = Field(
        default=("control", "ADHD"), description="What the two groups are called"
    )
    search: SearchSection = SearchSection()
    protocols: tuple[str, ...] = Field(
        default=("stratified",), min_length=1, description="First: the one the report is about"
    )
    split: CohortSplit = CohortSplit()
    jobs: Literal["model", "protocol"] = Field(
        default="protocol", description="A job of train is a protocol, or a protocol and a model"
    )
    evaluation: DiagnosisEvaluation = DiagnosisEvaluation()

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "scans.voxel_mm", "seed"),
        "prepare": ("data.options", "scans", "maps", "seed"),
        "train": ("models", "search", "split", "groups", "seed"),
        "evaluate": ("evaluation", "models", "search.priors", "split", "seed"),
        "report": ("description", "groups", "models", "protocols", "evaluation", "split"),
    }

    @field_validator("protocols")
    @classmethod
    def _known_protocols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in COHORT_PROTOCOLS:
                raise ValueError(unknown("protocol", name, COHORT_PROTOCOLS))
        return value

    @field_validator("models")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            decoder_of(name)
        return value

    @field_validator("models", "protocols")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = [name for name in value if value.count(name) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice")
        return value

    @model_validator(mode="after")
    def _maps_are_made(self) -> ADHDConfig:
        needed = [decoder.map for decoder in self.decoders if decoder.map is not None]
        absent = [name for name in needed if name not in self.maps.features]
        if absent:
            raise ValueError(f"the models need {absent[0]}, which maps.features does not name")
        if needed and not self.maps.thresholds:
            raise ValueError("network maps need a threshold: give maps.thetas or maps.densities")
        return self

    @property
    def decoders(self) -> tuple[Decoder, ...]:
        """The models, in order."""
        return tuple(decoder_of(name) for name in self.models)

    @property
    def makes_maps(self) -> bool:
        """Whether any model reads network maps."""
        return any(decoder.map is not None for decoder in self.decoders)

    def stores(self, subjects: list[str]) -> dict[str, list[str]]:
        """Several people per store, since a process for each would cost more than their maps."""
        size = self.data.people_per_store
        parts = [subjects[start : start + size] for start in range(0, len(subjects), size)]
        width = len(str(len(parts)))
        return {f"people-{k + 1:0{width}d}": part for k, part in enumerate(parts or [[]])}

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per protocol, and per model with ``jobs: model``; each reads all stores."""
        stores = list(self.stores(subjects))
        slugs = [f".{d.slug}" for d in self.decoders] if self.jobs == "model" else [""]
        return {f"{protocol}{slug}": stores for protocol in self.protocols for slug in slugs}

    def modules(self, rule: str) -> tuple[str, ...]:
        """Name the loader's module, which is found by the name of the data set."""
        if rule not in ("fetch", "prepare"):
            return ()
        from neurodecode.datasets.resting import RESTING

        name = "local" if self.data.path is not None else self.data.dataset
        return (f"neurodecode.datasets.resting.{RESTING[name]}",) if name in RESTING else ()

    def listed_subjects(self, dataset: str) -> list[str]:
        """Return the people of the phenotype table, if it is here."""
        from neurodecode.datasets.paths import data_root
        from neurodecode.datasets.resting import RESTING, phenotype_loader

        if self.data.path is not None or dataset not in RESTING:
            return []
        try:
            table = phenotype_loader(dataset)(data_root() / dataset, **self.data.options)
        except DataFault:
            return []  # the data are not here or broken: fetch says so
        return [str(subject) for subject in table.index]

    def simulated_subjects(self) -> list[str]:
        """Labels of the simulated people."""
        if self.data.path is not None or self.data.dataset != SIMULATED:
            return []
        return [f"{FIRST_ID + k:07d}" for k in range(self.data.simulation.n_subjects)]
