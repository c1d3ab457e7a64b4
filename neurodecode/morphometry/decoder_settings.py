"""What an ``mci`` decoder's folder says of the decoder, beside the fitted model."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from neurodecode.config import Section
from neurodecode.decoder_folder import HeldOut

UNITS = {
    "volume": "mm3", "thickness": "mm", "area": "mm2", "density": "share", "etiv": "mm3",
    "age": "years", "sex": "0 female, 1 male",
}  # fmt: skip
"""By the end of a measure's name, or the name of a covariate."""


class Column(Section):
    """A measure or covariate that the decoder reads."""

    name: str
    unit: str
    low: float = Field(description="Least value of the training people")
    high: float = Field(description="Largest value of the training people")

    def worded(self) -> str:
        """Return name, unit and range."""
        return f"{self.name} ({self.unit}), {self.low:g} to {self.high:g}"


class DecoderSettings(Section):
    """Content of ``model.json``."""

    classifier: str = Field(description="As 'gaussian nb'")
    harmonisation: str = Field(description="As 'z-score'")
    ranking: str = Field(description="By which the measures were chosen")
    parameters: str = Field(description="Hyper-parameters that were chosen, JSON")
    dataset: str = Field(description="It was trained on")
    options: dict[str, Any] = Field(
        default={}, description="Of the training's reader: names and codes of columns"
    )
    form: str = Field(description="Of the cohort, as 'balanced'")
    fold: str = Field(description="Whose training people it saw, as 'replicate 0, fold 1'")
    groups: tuple[str, str] = Field(description="What groups 0 and 1 are called")
    counts: tuple[int, int] = Field(description="Training people of each group")
    threshold: str = Field(description="Rule of the call: posterior or prevalence")
    cut: float = Field(description="Score above which somebody is called group 1")
    measures: tuple[Column, ...] = Field(min_length=1, description="That the classifier reads")
    covariates: tuple[Column, ...] = Field(description="That the harmonisation reads")
    site: bool = Field(description="Whether the harmonisation reads the site")
    sites: tuple[str, ...] = Field(description="Of the training people")
    average_sides: bool = Field(description="Whether left and right are averaged first")
    scans: tuple[str, ...] = Field(
        description="Hashes of the training people's measures, to recognise them again"
    )
    holds_people: bool = Field(description="Whether the model holds rows of training people")
    held_out: HeldOut

    @property
    def name(self) -> str:
        """Return classifier and harmonisation."""
        return f"{self.classifier}, {self.harmonisation}"

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that a table must have."""
        named = [column.name for column in (*self.measures, *self.covariates)]
        return (*named, *(["site"] if self.site else []))
