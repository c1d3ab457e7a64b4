"""Settings of PCA-LDA, and what is chosen inside the training part."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from neurodecode.config import Section
from neurodecode.faults import unknown

RECIPES = ("mean_difference", "t_test", "stability", "one_site", "without_site")
"""As in :data:`neurodecode.connectome.group_mask.RECIPES`; naming them loads no library."""
SCALINGS = ("raw", "log1p", "zscore", "max")


class MaskSection(Section):
    """One way of choosing voxels (see ``neurodecode.connectome.GroupDifferenceMask``)."""

    recipe: str = Field(
        default="mean_difference", description="Rule by which voxels are ranked or tested"
    )
    quantile: float = Field(default=0.9, ge=0, lt=1, description="Share of voxels left out")
    alpha: float = Field(default=0.05, gt=0, le=1, description="t_test: level")
    n_subsamples: int = Field(default=50, ge=2, description="stability: half samples")
    frequency: float = Field(default=0.5, gt=0, le=1, description="stability: share of them")
    site: str | None = Field(default=None, description="one_site, without_site: which")

    @field_validator("recipe")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in RECIPES:
            raise ValueError(unknown("recipe", value, RECIPES))
        return value

    @property
    def name(self) -> str:
        """Rule and what it depends on."""
        if self.recipe == "t_test":
            return f"t_test p < {self.alpha:g}"
        site = f" {self.site}" if self.site else ""
        return f"{self.recipe}{site} above quantile {self.quantile:g}"


class SearchSection(Section):
    """Candidates; thresholds of :class:`MapSection` are chosen along with them."""

    masks: tuple[MaskSection, ...] = Field(
        default=(MaskSection(quantile=0.8), MaskSection(quantile=0.95),
                 MaskSection(recipe="t_test", alpha=0.01)),
        min_length=1,
        description="Of models with a mask",
    )  # fmt: skip
    n_components: tuple[int | float, ...] = Field(
        default=(10, 30, 0.9), min_length=1, description="Number, or share of the variance"
    )
    scaling: str = Field(default="log1p", description="Of a person's map: raw, log1p, zscore, max")
    shrinkage: Literal["auto"] | float | None = Field(
        default="auto", description="Of LDA's covariance; null: none"
    )
    priors: Literal["equal", "empirical"] = Field(
        default="equal",
        description="Groups as likely as each other, or as in training; holds for all models",
    )
    inner_folds: int = Field(default=3, ge=2, description="Of the training part, to choose by")

    @field_validator("scaling")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in SCALINGS:
            raise ValueError(unknown("scaling", value, SCALINGS))
        return value
