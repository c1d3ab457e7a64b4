"""The network from one window to the embedding of one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from neurodecode.contrastive.aggregation import make_aggregation
from neurodecode.contrastive.projector import Projector
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from neurodecode.contrastive.config_model import BrainSection, HeadSection
    from neurodecode.contrastive.data import Batch


class ImageNetwork(nn.Module):
    """Brain module, aggregation over time, and one head for each objective.

    With the published sizes (2 blocks, width 2048, affine aggregation over 181 samples, one
    head of 768, 4 participants) it has 6,424,472 parameters.

    Parameters
    ----------
    brain : BrainSection
        Its head gives ``head.width`` features per time step.
    head : HeadSection
    n_times : int
        Samples of a window.
    n_participants : int
    n_contrastive, n_regression : int or None
        Features that each head gives; None: no such head.
    n_channels : int or None, default=None
        Sensors; needed only without spatial attention.

    Raises
    ------
    ConfigFault
        If there is no head.

    References
    ----------
    Benchetrit et al. (2024), Brain decoding: toward real-time reconstruction of visual
    perception, section 2 and table S1.
    """

    def __init__(
        self,
        brain: BrainSection,
        head: HeadSection,
        *,
        n_times: int,
        n_participants: int,
        n_contrastive: int | None = None,
        n_regression: int | None = None,
        n_channels: int | None = None,
    ) -> None:
        super().__init__()
        if n_contrastive is None and n_regression is None:
            raise ConfigFault("an image network without a head")
        self.brain = brain.build(head.width, n_participants, n_channels)
        self.aggregation = make_aggregation(
            head.aggregation, head.width, n_times, n_hidden=head.attention_hidden
        )
        self.contrastive, self.regression = (
            None if size is None else Projector(head.width, size, blocks, head.norm)
            for size, blocks in (
                (n_contrastive, head.contrastive_blocks),
                (n_regression, head.regression_blocks),
            )
        )

    def summarise(self, batch: Batch) -> Tensor:
        """Return a vector per window (B, width) from ``signals, positions, layouts, subjects``."""
        features = self.brain(
            batch["signals"], batch["positions"], batch["subjects"], layouts=batch["layouts"]
        )
        found: Tensor = self.aggregation(features)
        return found

    def heads(self, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
        """Return what both heads say of the same vectors; None where there is no such head."""
        summary = self.summarise(batch)
        first, second = (
            None if head is None else head(summary) for head in (self.contrastive, self.regression)
        )
        return first, second

    def forward(self, batch: Batch) -> Tensor:
        """Return the retrieval head's estimates (B, F), or the only head's."""
        head = self.regression if self.contrastive is None else self.contrastive
        assert head is not None
        found: Tensor = head(self.summarise(batch))
        return found

    def add_participant(self) -> int:
        """Append a participant that is the mean of all and return the index; 0 without any."""
        return 0 if self.brain.participants is None else self.brain.add_participant("average")

    def targets(self, features: Tensor) -> Tensor:
        """Return what estimates are compared with: the embeddings as they are."""
        return features
