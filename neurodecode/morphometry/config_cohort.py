"""Settings of which tables are read and who takes part."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from neurodecode.config import DataSection, Section

SIMULATED = "simulated-morphometry"


class MorphometrySimulation(Section):
    """The simulated cohort (see ``neurodecode.datasets.simulate.morphometry``)."""

    n_people: int = Field(default=320, ge=4, description="Stable controls and converters")
    converter_share: float = Field(
        default=0.3, gt=0, lt=1, description="Share of people who become impaired"
    )
    n_excluded: int = Field(default=30, ge=0, description="People whom the cohort leaves out")
    n_sites: int = Field(default=3, ge=1, description="Scanners, which shift the measures")
    n_scans: int = Field(default=2, ge=1, le=3, description="Of a person, every second year")
    effect: float = Field(default=1.0, ge=0, description="Factor of the planted effect")
    ageing: float = Field(default=1.0, ge=0, description="Factor of the effect of age")
    age_gap: float = Field(default=3.0, description="Years that converters are older")
    site_effect: float = Field(
        default=0.5, ge=0, description="SD of a scanner's shift, in those of the measures"
    )


class MorphometryData(DataSection):
    """Tables of measures: a data set by name, own tables, the simulation."""

    folder_per_subject: ClassVar[bool] = False

    options: dict[str, Any] = Field(
        default={},
        description="Options of the loader: policies (missing, units), columns and codes of a CSV",
    )
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    simulation: MorphometrySimulation = MorphometrySimulation()


class CohortSection(Section):
    """Who is compared; the first five concern tables of visits."""

    years: float = Field(
        default=5.0, gt=0, description="A converter is found impaired within so many years"
    )
    minimum_follow_up: float | None = Field(
        default=None, ge=0, description="Of stable controls, years; null: as many as 'years'"
    )
    reverters: Literal["exclude", "converter", "stable"] = Field(
        default="exclude", description="Impaired, then healthy again"
    )
    field_strength: float | None = Field(
        default=3.0, gt=0, description="Of the scan, T; null: of any"
    )
    label: Literal["group", "sex"] = Field(
        default="group", description="What is told apart; 'sex' is then no covariate"
    )
    missing_covariates: Literal["stop", "drop"] = Field(
        default="stop", description="People without age, sex or eTIV, where these are used"
    )
    least_of_site: int = Field(
        default=1, ge=1, description="Sites with fewer people of a group are left out"
    )
    kinds: tuple[Literal["volume", "thickness", "area", "density"], ...] = Field(
        default=("volume", "thickness"), min_length=1, description="Measures that are used"
    )
    every_structure: bool = Field(
        default=False, description="Vessels, lesions and sums over the brain as well"
    )
    average_sides: bool = Field(default=False, description="Mean of left and right")

    @field_validator("kinds")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a kind stands twice")
        return value
