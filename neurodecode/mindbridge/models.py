"""The models of the ``mindbridge`` pipeline by name: what is trained, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from neurodecode.artefacts import slug

Kind = Literal["bridge", "single", "ridge", "pca"]
SHUFFLED = "bridge, pictures shuffled"


@dataclass(frozen=True)
class Variant:
    """One model.

    Attributes
    ----------
    description : str
    kind : {"bridge", "single", "ridge", "pca"}
        One network for all subjects; one per subject, without builder; ridge regression per
        subject; principal components matched to the targets' per subject.
    bridge, losses : dict
        Settings that differ from the experiment's.
    shuffled : bool
        Trained on pictures in random order: a control.
    """

    description: str
    kind: Kind = "bridge"
    bridge: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, Any] = field(default_factory=dict)
    shuffled: bool = False

    @property
    def linear(self) -> bool:
        """Whether it is a linear map per subject, which no seed changes."""
        return self.kind in ("ridge", "pca")


BRIDGE, SINGLE, RIDGE, PCA = "bridge", "single", "ridge", "PCA"
NO_CYCLE, NO_REBUILDING, NEITHER = "no cycle", "no reconstruction", "no cycle, no reconstruction"
MEAN, LINEAR = "mean pooling", "linear pooling"
VARIANTS: dict[str, Variant] = {
    BRIDGE: Variant("one network for all subjects (the paper's method)"),
    SINGLE: Variant("the same network for each subject by itself, without builder", "single"),
    RIDGE: Variant("linear: ridge regression from pooled voxels, for each subject", "ridge"),
    PCA: Variant(
        "linear, no regression: principal components of each subject matched to the targets' by "
        "order and sign",
        "pca",
    ),
    NO_CYCLE: Variant("ablation: no cycle through another subject", losses={"cycle": 0.0}),
    NO_REBUILDING: Variant("ablation: signals are not rebuilt", losses={"reconstruction": 0.0}),
    NEITHER: Variant(
        "ablation: neither cycle nor rebuilt signals",
        losses={"cycle": 0.0, "reconstruction": 0.0},
    ),
    MEAN: Variant("voxels pooled by their mean", bridge={"aggregation": "mean"}),
    LINEAR: Variant("voxels resized by linear interpolation", bridge={"aggregation": "linear"}),
    SHUFFLED: Variant(
        "control: trained on pictures in random order, must land at chance", shuffled=True
    ),
}


BY_SLUG = {slug(name): name for name in VARIANTS}
