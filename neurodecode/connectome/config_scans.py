"""Settings of how scans are read and which network maps are made of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import RecordingsSection, Section
from neurodecode.faults import unknown

FEATURES = ("degree", "distance_degree", "three_cycles", "weight", "clustering",
            "weighted_triangles")  # fmt: skip
"""As in :data:`neurodecode.connectome.subject_maps.FEATURES`; naming them loads no library."""


class RestingSimulation(Section):
    """The simulated cohort (see ``neurodecode.datasets.simulate.resting``)."""

    n_subjects: int = Field(default=60, ge=6, le=9999, description="Simulated people")
    n_sites: int = Field(default=3, ge=1, le=6, description="Sites differ in series length")
    voxel_mm: int = Field(default=10, ge=3, le=15, description="10 mm: 1,876 voxels of the brain")
    n_regions: int = Field(default=6, ge=1, le=8, description="Regions that may be tightly knit")
    region_ml: float = Field(default=60.0, gt=0, description="Volume of a region")
    n_networks: int = Field(default=12, ge=0, description="Networks that tell nothing")
    effect: float = Field(
        default=0.6, ge=0, le=1, description="How much likelier a region is tight in cases"
    )
    prevalence: float = Field(default=0.5, ge=0.1, le=0.9, description="Share of cases")
    site_confound: float = Field(
        default=0.3, ge=0, description="Share of cases at the first site minus that at the last"
    )
    motion: float = Field(default=1.0, ge=0, description="What a displacement of 1 mm adds")
    motion_confound: float = Field(default=0.5, ge=0, description="How much more cases move")
    phenotype_effect: float = Field(default=0.3, ge=0, description="Groups differ in IQ and sex")
    missing_iq: float = Field(default=0.05, ge=0, le=1, description="Share of unknown IQs")
    filtered: bool = Field(default=True, description="Images are band-passed")


class RestingData(RecordingsSection):
    """A cohort at rest: a data set by name, BIDS derivatives, the simulation."""

    options: dict[str, Any] = Field(default={}, description="Options of the data set's loader")
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    missing_dx: Literal["stop", "drop"] = Field(
        default="stop", description="People without a diagnosis: stop, or leave them out by name"
    )
    people_per_store: int = Field(
        default=25, ge=1, description="One job of prepare reads so many people"
    )
    simulation: RestingSimulation = RestingSimulation()


class ScanSection(Section):
    """How a scan becomes courses of voxels or regions."""

    runs: Literal["stop", "first", "average"] = Field(
        default="stop",
        description="Several runs of a person: stop, take the first, average the maps of all",
    )
    min_volumes: int = Field(default=60, ge=3, description="Fewer stop the run, by name")
    bad_voxels: Literal["raise", "isolate"] = Field(
        default="raise",
        description="Constant or NaN voxels: stop, or keep them without any edge",
    )
    voxel_mm: float | None = Field(
        default=None,
        gt=0,
        le=20,
        description="Images and masks are resampled to cubes of so many mm first, as 4 for 2 mm "
        "images of fMRIPrep, whose graphs are too large; null: as it is",
    )
    smoothing_fwhm: float | None = Field(default=None, gt=0, description="mm; null: as it is")
    detrend: bool = Field(default=False, description="Take linear trends out")
    low_pass: float | None = Field(default=None, gt=0, description="Hz; null: as it is")
    high_pass: float | None = Field(default=None, gt=0, description="Hz; null: as it is")
    parcels: int = Field(
        default=0,
        ge=0,
        description="Parcels of neighbouring voxels, for connectivity baselines of images; 0: none",
    )

    @model_validator(mode="after")
    def _band(self) -> ScanSection:
        if self.low_pass and self.high_pass and self.low_pass <= self.high_pass:
            raise ValueError(f"low_pass {self.low_pass:g} is not above high_pass")
        return self


class MapSection(Section):
    """Network maps, all thresholds of which come from one pass over the correlations."""

    features: tuple[str, ...] = Field(
        default=("degree", "three_cycles"), description="What is computed of each voxel"
    )
    thetas: tuple[float, ...] = Field(
        default=(0.3, 0.5, 0.7), description="Edges: correlations above a threshold"
    )
    densities: tuple[float, ...] = Field(
        default=(), description="Edges: the strongest so many of all pairs"
    )
    edges: tuple[float, ...] = Field(
        default=(0, 20, 40, 60, 80, 100, 120, 140, 160, 1000),
        description="Bins of distance degrees, mm",
    )

    @field_validator("features")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in FEATURES:
                raise ValueError(unknown("feature", name, FEATURES))
        return value

    @property
    def thresholds(self) -> list[str]:
        """Names of the graphs, as in the names of maps: "theta 0.5", "density 0.01"."""
        names = [f"theta {theta:g}" for theta in self.thetas]
        return names + [f"density {density:g}" for density in self.densities]
