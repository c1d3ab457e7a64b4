"""What an ``adhd`` decoder's folder says of the decoder, beside the fitted model."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from neurodecode.config import Section
from neurodecode.connectome.config_scans import MapSection, ScanSection
from neurodecode.decoder_folder import HeldOut


class Grid(Section):
    """Of images, after ``scans.voxel_mm``: nothing else is resampled, so that maps align."""

    shape: tuple[int, int, int]
    affine: tuple[tuple[float, float, float, float], ...] = Field(
        min_length=4, max_length=4, description="From voxels to mm"
    )

    def worded(self) -> str:
        """Return shape and size of the voxels."""
        sizes = [sum(row[k] ** 2 for row in self.affine[:3]) ** 0.5 for k in range(3)]
        shape = " x ".join(map(str, self.shape))
        return f"{shape} voxels of {' x '.join(f'{size:.3g}' for size in sizes)} mm"


class DecoderSettings(Section):
    """Content of ``model.json``."""

    name: str = Field(description="Of the model, as '3-cycles+mask'")
    dataset: str = Field(description="It was trained on")
    loader: str = Field(description="Whose form of folders is read")
    options: dict[str, Any] = Field(description="Of the loader, in training")
    protocol: str = Field(description="Split of the run")
    fold: str = Field(description="Whose training people it saw")
    groups: tuple[str, str] = Field(description="What groups 0 and 1 are called")
    counts: tuple[int, int] = Field(description="Training people of each group")
    sites: tuple[str, ...] = Field(description="Of the training people")
    covariates: tuple[str, ...] = Field(description="What the adjustment reads of a person")
    threshold: str = Field(description="Of the graph, as 'theta 0.5'; 'ready': none")
    mask: str = Field(description="Rule by which voxels were chosen")
    n_components: float = Field(description="Number, or share of the variance")
    scans: ScanSection = Field(description="How scans become courses")
    maps: MapSection = Field(description="The one map that is computed")
    scaling: str = Field(description="Of a person's map")
    n_values: int = Field(ge=1, description="Voxels or regions of the map")
    grid: Grid | None = Field(description="Of images; null: regions or ready vectors")
    regions: tuple[str, ...] = Field(description="Names of the regions, in order")
    known: tuple[str, ...] = Field(
        description="Hashes of the training people's scans, to recognise them again"
    )
    held_out: HeldOut

    @property
    def reads(self) -> str:
        """Return what a file holds: "images", "courses" or "vectors"."""
        if self.grid is not None:
            return "images"
        return "courses" if self.regions else "vectors"
